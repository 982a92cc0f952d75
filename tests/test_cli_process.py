"""Commands as processes: exit statuses, one line, nothing left behind; and what start-up costs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

LONG_RUN = """
material = "lto"
temperature = "30 degC"
initial = 0.0
[specimen]
outline = { shape = "rectangle", width = "4 um", height = "3 um" }
cell = "5 nm"
[contacts.lps]
where = { side = "left", from = "1 um", to = "2 um" }
[[drive]]
hold = "0.4 V"
until = { time = "2 h" }
"""

HEAVY = {"numba", "xarray", "numpy", "scipy", "pint", "matplotlib", "zarr"}


def lto(*words: object, cwd: Path, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lto_sim", *map(str, words)]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=50, check=False, **options
    )  # type: ignore[call-overload,no-any-return]


def start(tmp_path: Path) -> subprocess.Popen[str]:
    (tmp_path / "long.toml").write_text(LONG_RUN)
    command = [sys.executable, "-m", "lto_sim", "run", "long.toml", "--force"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    time.sleep(2.5)
    assert process.poll() is None
    return process


def test_an_input_error_is_one_line_and_status_2(tmp_path: Path) -> None:
    result = lto("run", "missing.toml", cwd=tmp_path)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("lto-sim: error: ")
    assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_run_leaves_nothing(tmp_path: Path, number: signal.Signals, status: int) -> None:
    (tmp_path / "long.zarr").mkdir()
    (tmp_path / "long.zarr" / "zarr.json").write_text("the old result")
    process = start(tmp_path)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == status
    assert stdout == ""
    assert "Traceback" not in stderr
    assert stderr == (
        "lto-sim: error: interrupted; nothing unfinished was left behind\n" if status == 130 else ""
    )
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["long.toml", "long.zarr"]
    assert (tmp_path / "long.zarr" / "zarr.json").read_text() == "the old result"


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "lto_sim", "schema"]
    result = subprocess.run(
        command, cwd=tmp_path, stdout=write, stderr=subprocess.PIPE, text=True, timeout=50, check=False
    )
    os.close(write)
    assert result.stderr == ""


@pytest.mark.skipif(os.name != "posix" or not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_line_and_status_1(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [sys.executable, "-m", "lto_sim", "schema"],
            cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, timeout=50, check=False,
        )  # fmt: skip
    assert result.returncode == 1
    assert result.stderr == "lto-sim: error: No space left on device\n"


def test_importing_the_package_is_cheap() -> None:
    code = f"import sys; import lto_sim; print(sorted({HEAVY} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from lto_sim.cli import main; sys.argv = ['lto-sim', 'run', '--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print(sorted({HEAVY} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"


def test_public_names_are_found_on_first_use() -> None:
    code = (
        "import lto_sim as lto\n"
        "assert dir(lto) == sorted(lto.__all__)\n"
        "for name in lto.__all__: assert getattr(lto, name) is not None, name\n"
        "from lto_sim import *\n"
        "assert Scenario is lto.Scenario\n"
        "assert lto.exact.wagner.growth_parameter(0.05) > 0\n"
        "try: lto.nonsense\n"
        "except AttributeError as error: assert 'nonsense' in str(error)\n"
        "else: raise SystemExit('no AttributeError')\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
