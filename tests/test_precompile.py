"""Compiled code: what is compiled ahead is all that is used; it is kept, dropped and lent as it should be."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest

import lto_sim

SOURCE = Path(lto_sim.__file__).parent
KEPT = SOURCE / "transport" / "__pycache__"


def run(code: str, **environment: str) -> str:
    lent = {key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True, text=True, env=lent | environment, check=False, timeout=900,
        cwd=tempfile.gettempdir(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


AFTER = """
    from numba.core import event
    from lto_sim.precompile import precompile
    precompile()
    seen = event.RecordingListener()
    event.register("numba:compile", seen)
    from lto_sim.scenario.ready import ready_scenario
    from lto_sim.transport import simulate
    for name, values in {
        "wedge": {"drive.0.until.time": "6 s"},
        "partial_contact": {"specimen.cell": "50 nm", "drive.0.until.time": "5 s"},
        "two_contacts_cv": {"specimen.cell": "100 nm", "drive.0.until.time": "1 s"},
        "constant_current_constant_voltage": {"specimen.cell": "50 nm"},
        "shrinking_cylinder": {"specimen.cell": "50 nm", "drive.0.until.time": "5 s"},
    }.items():
        simulate(ready_scenario(name).with_values(values))
    print([entry.data["dispatcher"].__name__ for _, entry in seen.buffer])
"""


def test_other_scenarios_find_everything_compiled() -> None:
    assert run(AFTER).strip().endswith("[]")


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A package with one kernel, and the module that compiles it as it is."""
    room = tmp_path / "lto_sim" / "transport"
    room.mkdir(parents=True)
    for package in (room, room.parent):
        (package / "__init__.py").touch()
    (room / "compiled.py").write_bytes((SOURCE / "transport" / "compiled.py").read_bytes())
    (room / "half.py").write_text(
        "from lto_sim.transport.compiled import kernel\n\n\n@kernel\ndef half(x):\n    return x / 2.0\n",
        encoding="utf-8",
    )
    return tmp_path


HALVE = "import lto_sim.transport.half as m; print(m.half(3.0), sum(m.half.stats.cache_hits.values()))"


def test_code_is_kept_beside_the_source(copied: Path) -> None:
    assert run(HALVE, PYTHONPATH=str(copied)).split() == ["1.5", "0"]
    assert run(HALVE, PYTHONPATH=str(copied)).split() == ["1.5", "1"]


def test_code_of_another_source_is_dropped(copied: Path) -> None:
    """The kernel's own file is as it was: numba alone would go on with what it compiled."""
    run(HALVE, PYTHONPATH=str(copied))
    (copied / "lto_sim" / "transport" / "called.py").write_text("# with an @kernel\n", encoding="utf-8")
    assert run(HALVE, PYTHONPATH=str(copied)).split() == ["1.5", "0"]
    assert run(HALVE, PYTHONPATH=str(copied)).split() == ["1.5", "1"]


LOCKED = """
    import os
    real = os.access
    def access(path, mode):
        return not (mode == os.W_OK and str(path).endswith("__pycache__")) and real(path, mode)
    os.access = access
"""


def test_a_read_only_installation_lends_its_code(copied: Path) -> None:
    """Without a home as well; what is lent lies in a temporary directory that is gone afterwards."""
    run(HALVE, PYTHONPATH=str(copied))
    before = sorted((copied / "lto_sim" / "transport" / "__pycache__").iterdir())
    (copied / "tmp").mkdir()
    bare = {"PYTHONPATH": str(copied), "HOME": str(copied / "none"), "TMPDIR": str(copied / "tmp")}
    assert run(textwrap.dedent(LOCKED) + HALVE, **bare).split() == ["1.5", "1"]
    assert sorted((copied / "lto_sim" / "transport" / "__pycache__").iterdir()) == before
    assert list((copied / "tmp").iterdir()) == []
    assert not (copied / "none").exists()
