"""What start-up imports: the help of every command, and the list of scenarios, need nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lto_sim.cli import app

HEAVY = {
    "numba", "xarray", "numpy", "scipy", "pint", "matplotlib", "zarr", "dask", "distributed", "pandas",
    "lmfit", "shapely", "skimage", "rsciio", "h5py", "fipy", "rich.progress",
}  # fmt: skip
COMMANDS = sorted(str(command.name) for command in app.registered_commands)


def imported(*words: str) -> tuple[str, str]:
    """Heavy modules after a command line, and what it printed."""
    code = (
        "import sys; from lto_sim.cli import main\n"
        f"sys.argv = {['lto-sim', *words]!r}\n"
        "try: main()\n"
        "except SystemExit as end: assert end.code in (0, None), end.code\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=True
    )
    *printed, last = result.stdout.splitlines()
    return last, "\n".join(printed)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_imports_nothing_heavy(command: str) -> None:
    heavy, printed = imported(command, "--help")
    assert heavy == "[]"
    assert f"Usage: lto-sim {command}" in printed


@pytest.mark.parametrize(
    "words",
    [["--help"], ["--version"], ["scenarios"], ["scenarios", "show", "gitt"]],
)
def test_lists_and_texts_import_nothing_heavy(words: list[str]) -> None:
    heavy, printed = imported(*words)
    assert heavy == "[]"
    assert printed
