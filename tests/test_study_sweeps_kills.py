"""Sweeps whose processes are killed, stopped, or in each other's way: real processes, real signals.

Nothing is timed: runs wait for files to go (module ``sweep_functions``), tests for lines of the log.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from sweep_processes import (
    RUNS,
    alive,
    assert_same,
    axes,
    begun,
    end_processes,
    environment,
    log,
    lto_sim,
    options,
    reference,
    scenario,
    statuses,
    used,
    wait_for,
    wait_for_end,
    workers,
    write_file,
)

from lto_sim.errors import InputError
from lto_sim.study import resume_sweep, sweep
from lto_sim.study.sweeps import progress, sweep_status
from lto_sim.study.sweeps.store import DONE, FAILED, PENDING

if os.name != "posix":
    pytest.skip("needs signals", allow_module_level=True)


@pytest.fixture(autouse=True)
def processes_end() -> Iterator[None]:
    yield
    end_processes()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    return reference(tmp_path_factory.mktemp("undisturbed"))


def in_processes(folder: Path, workers: int = 2, **more: Any) -> xr.Dataset:
    given = {**options(), "axes": axes(), **more}
    return sweep(scenario(folder), out=folder / "sweep.zarr", workers=workers, **given)


def started(folder: Path, *words: object, held: int = 6, least: int = 3) -> subprocess.Popen[str]:
    """A sweep in a process of its own, at work on a run that is held, with some others done."""
    (folder / f"hold-{held}").touch()
    process = lto_sim("sweep", write_file(folder), "--workers", 2, *words, cwd=folder)
    wait_for(
        lambda: begun(folder)[held] and statuses(folder / "sweep.zarr").count(DONE) >= least,
        "a run that is held", process,
    )  # fmt: skip
    return process


def one_line(text: str) -> str:
    assert text.count("\n") == 1, text
    return text


def resumed(folder: Path) -> subprocess.Popen[str]:
    """`lto-sim resume`, when it has ended."""
    process = lto_sim("resume", "sweep.zarr", "--engine", "serial", "--json", cwd=folder)
    said, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors
    assert errors == ""
    assert json.loads(said)["done"] == RUNS
    return process


def assert_nothing_lost_or_run_again(folder: Path, before: list[int], in_flight: int) -> None:
    """Runs that were done before have been begun once, those in flight at most twice, others once."""
    counts = begun(folder)
    twice = [number for number, count in counts.items() if count > 1]
    assert set(counts) == set(range(RUNS))
    assert max(counts.values()) <= 2
    assert [number for number in twice if before[number] != PENDING] == []
    assert len(twice) <= in_flight
    assert statuses(folder / "sweep.zarr") == [DONE] * RUNS


def leftovers(store: Path) -> list[str]:
    """Files of a store that nothing should have left there."""
    found = [path.name for path in store.rglob("*") if path.is_file() and path.suffix == ".partial"]
    return found + [path.name for path in (store / "status" / ".tries").iterdir()]


class TestWorkers:
    def test_two_processes_give_what_one_gives(self, tmp_path: Path, undisturbed: xr.Dataset) -> None:
        assert_same(in_processes(tmp_path), undisturbed)
        assert begun(tmp_path) == dict.fromkeys(range(RUNS), 1)
        assert len(workers(tmp_path)) == 2
        wait_for_end(tmp_path)

    def test_workers_that_are_killed_while_they_write_are_replaced(
        self, tmp_path: Path, undisturbed: xr.Dataset
    ) -> None:
        for told in ("chunks-2-once", "chunk-5-once", "status-8-once"):
            (tmp_path / told).touch()
        assert_same(in_processes(tmp_path), undisturbed)
        counts = begun(tmp_path)
        assert {number for number, count in counts.items() if count == 2} == {2, 5, 8}
        assert sum(counts.values()) == RUNS + 3
        resume_sweep(tmp_path / "sweep.zarr", engine="serial")
        assert sum(begun(tmp_path).values()) == RUNS + 3
        assert leftovers(tmp_path / "sweep.zarr") == []

    def test_runs_that_end_their_worker_or_raise_fail_alone(
        self, tmp_path: Path, undisturbed: xr.Dataset
    ) -> None:
        told = {
            2: ("raise", "RuntimeError: of no use: two lines, ?"),
            3: ("names", "got \\['another'\\]; allowed: a mapping of mark"),
            4: ("shape", "mark: got (3,); allowed: at most ()"),
            5: ("exit", "its worker process ended abruptly, 3 times over"),
            6: ("memory", "MemoryError: no message"),
            7: ("text", "ValueError"),
            8: ("leave", "SystemExit: no more"),
            9: ("nothing", "got []; allowed: a mapping of mark"),
        }
        for number, (word, _) in told.items():
            (tmp_path / f"{word}-{number}").touch()
        with pytest.warns(UserWarning, match="8 of 10 runs failed"):
            found = in_processes(tmp_path).load()
        assert found["status"].values.tolist() == [DONE, DONE, *[FAILED] * 8]
        for number, (_, reason) in told.items():
            said = str(found["error"].values[number])
            assert reason.replace("\\", "") in said
            assert "\n" not in said
        assert_same(found, undisturbed, but=tuple(told))
        for name in ("mark", "k", "li_fraction", "current"):
            assert np.isnan(found[name].values[2:]).all(), name
        assert begun(tmp_path) == dict.fromkeys(range(RUNS), 1) | {5: 3}
        self.retry(tmp_path, undisturbed, sorted(told))

    @staticmethod
    def retry(folder: Path, undisturbed: xr.Dataset, failed: list[int]) -> None:
        """What failed runs again once its cause is gone, and nothing else."""
        before = begun(folder)
        for file in folder.glob("*-[0-9]"):
            file.unlink()
        assert_same(resume_sweep(folder / "sweep.zarr", engine="serial", retry_failed=True), undisturbed)
        assert begun(folder) - before == dict.fromkeys(failed, 1)

    def test_a_script_without_its_guard_is_one_line(self, tmp_path: Path) -> None:
        write_file(tmp_path)
        (tmp_path / "study.py").write_text(
            "from pathlib import Path\n"
            "if Path('sweep.zarr').exists(): raise SystemExit('a worker imports the script')\n"
            "from lto_sim.errors import LtoSimError\n"
            "from lto_sim.study.sweeps import Workforce, read_sweep, run_sweep\n"
            "try: run_sweep(read_sweep(Path('sweep.toml')), 'sweep.zarr', Workforce('processes', 1))\n"
            "except LtoSimError as error: Path('said').write_text(str(error))\n"
        )
        subprocess.run([sys.executable, "study.py"], cwd=tmp_path, env=environment(), timeout=600,
                       check=True, capture_output=True)  # fmt: skip
        said = (tmp_path / "said").read_text()
        assert "worker processes end before they begin a run" in said
        assert '__name__ == "__main__"' in said
        assert f"0 of {RUNS} runs are kept" in said
        assert statuses(tmp_path / "sweep.zarr") == [PENDING] * RUNS


STOPPING = """
import os, signal, sys
from pathlib import Path
from lto_sim.study.sweeps import Workforce, read_sweep, run_sweep

def stop(tally):
    if tally.done >= 4:
        os.kill(os.getpid(), signal.SIGKILL)

run_sweep(read_sweep(Path("sweep.toml")), "sweep.zarr", Workforce("serial"), progress=stop)
"""


class TestCoordinator:
    def test_killed_among_runs_that_are_done_its_workers_end_and_the_rest_is_resumed(
        self, tmp_path: Path, undisturbed: xr.Dataset
    ) -> None:
        process = started(tmp_path)
        process.kill()
        process.communicate()
        wait_for_end(tmp_path)
        before = statuses(tmp_path / "sweep.zarr")
        assert before[6] == PENDING
        status = sweep_status(tmp_path / "sweep.zarr")
        assert (status.done, status.working) == (before.count(DONE), False)
        (tmp_path / "hold-6").unlink()
        resumed(tmp_path)
        assert_same(resume_sweep(tmp_path / "sweep.zarr", engine="serial"), undisturbed)
        assert_nothing_lost_or_run_again(tmp_path, before, in_flight=2)
        assert begun(tmp_path)[6] == 2
        assert leftovers(tmp_path / "sweep.zarr") == []

    @pytest.mark.parametrize(("told", "twice"), [(None, []), ("chunk-2-once", [2])])
    def test_killed_between_batches_or_while_it_writes(
        self, tmp_path: Path, undisturbed: xr.Dataset, told: str | None, twice: list[int]
    ) -> None:
        write_file(tmp_path)
        if told is not None:
            (tmp_path / told).touch()
        done = subprocess.run([sys.executable, "-c", STOPPING], cwd=tmp_path, env=environment(), check=False,
                              timeout=600, capture_output=True, text=True)  # fmt: skip
        assert done.returncode == -signal.SIGKILL, done.stderr
        before = statuses(tmp_path / "sweep.zarr")
        assert before == [DONE] * (before.count(DONE)) + [PENDING] * (RUNS - before.count(DONE))
        assert before.count(DONE) == twice[0] if twice else before.count(DONE) >= 4
        assert bool(leftovers(tmp_path / "sweep.zarr")) == (told is not None)
        assert_same(resume_sweep(tmp_path / "sweep.zarr", engine="serial"), undisturbed)
        assert begun(tmp_path) == dict.fromkeys(range(RUNS), 1) | dict.fromkeys(twice, 2)
        assert leftovers(tmp_path / "sweep.zarr") == []

    def test_after_ctrl_c_its_workers_end_and_one_line_says_how_to_go_on(
        self, tmp_path: Path, undisturbed: xr.Dataset
    ) -> None:
        process = started(tmp_path)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the workers are sent it too
        said, errors = process.communicate(timeout=600)
        assert (process.returncode, said) == (130, "")
        self.assert_stopped_and_resumed(tmp_path, undisturbed, errors, "interrupted")

    @staticmethod
    def assert_stopped_and_resumed(folder: Path, undisturbed: xr.Dataset, errors: str, word: str) -> None:
        assert one_line(errors).startswith(f"lto-sim: error: {word}; ")
        before = statuses(folder / "sweep.zarr")
        assert f"{before.count(DONE)} of {RUNS} runs are kept: `lto-sim resume sweep.zarr` runs" in errors
        assert not any(alive(worker) for worker in workers(folder))
        assert not sweep_status(folder / "sweep.zarr").working
        (folder / "hold-6").unlink()
        assert_same(resume_sweep(folder / "sweep.zarr", engine="serial"), undisturbed)
        assert_nothing_lost_or_run_again(folder, before, in_flight=2)

    def test_while_it_is_at_work_others_look_and_do_not_touch_and_it_ends_when_told_to(
        self, tmp_path: Path, undisturbed: xr.Dataset, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        process = started(tmp_path)
        store = tmp_path / "sweep.zarr"
        done = statuses(store).count(DONE)
        asked = lto_sim("status", "sweep.zarr", "--json", cwd=tmp_path)
        said = json.loads(asked.communicate(timeout=600)[0])
        assert done <= said["done"] <= RUNS - 1
        assert said["done"] + said["pending"] == said["runs"] == RUNS
        assert (said["failed"], said["working"], said["failures"]) == (0, True, [])
        monkeypatch.setattr(progress.zarr, "open_group", None)  # it is cheap: no array is opened
        status = sweep_status(store)
        assert status.working
        assert status.rate > 0.0
        assert status.time_left == pytest.approx(status.pending / status.rate)
        monkeypatch.undo()
        for shard in ((1, 2), (1, 1)):
            with pytest.raises(InputError, match="no other coordinator"):
                resume_sweep(store, engine="serial", shard=shard)
        with pytest.raises(InputError, match="no other coordinator"):
            sweep(scenario(tmp_path), axes(), out=store, force=True, engine="serial", **options())
        process.terminate()
        said, errors = process.communicate(timeout=600)
        assert (process.returncode, said) == (143, "")
        self.assert_stopped_and_resumed(tmp_path, undisturbed, errors, "terminated")


class TestShards:
    def test_two_at_once_are_complementary_and_other_divisions_are_refused(
        self, tmp_path: Path, undisturbed: xr.Dataset
    ) -> None:
        store, file = tmp_path / "sweep.zarr", write_file(tmp_path)
        halves = [[0, 1, 4, 5, 8, 9], [2, 3, 6, 7]]  # runs of one simulation stay together
        for held in (4, 3):
            (tmp_path / f"hold-{held}").touch()
        processes = [
            lto_sim("sweep", file, "--engine", "serial", "--shard", f"{part}/2", cwd=tmp_path)
            for part in (1, 2)
        ]
        wait_for(lambda: begun(tmp_path)[4] and begun(tmp_path)[3], "both shards")
        for shard in ((1, 3), (1, 1), (2, 2)):
            with pytest.raises(InputError, match="no other coordinator"):
                resume_sweep(store, engine="serial", shard=shard)
        (tmp_path / "hold-4").unlink()
        assert processes[0].wait(timeout=600) == 0
        found = statuses(store)
        assert [found[number] for number in halves[0]] == [DONE] * 6
        assert [found[number] for number in halves[1]] == [DONE, *[PENDING] * 3]
        (tmp_path / "hold-3").unlink()
        for process in processes:
            said, errors = process.communicate(timeout=600)
            assert (process.returncode, errors) == (0, ""), said
        assert begun(tmp_path) == dict.fromkeys(range(RUNS), 1)
        assert_same(resume_sweep(store, engine="serial"), undisturbed)


MANY_RUNS = """
import json
from pathlib import Path
import sweep_processes as tests
from lto_sim.study import CustomOutput, Variable
from lto_sim.study.sweeps import Workforce, describe, estimate_sweep, run_sweep
from sweep_functions import MANY

if __name__ == "__main__":
    many = CustomOutput("sweep_functions:many_numbers", {"many": Variable("1", "numbers", MANY)})
    made = describe(tests.scenario(Path.cwd()), {"seed": list(range(500))}, outputs=[many])
    said = estimate_sweep(made, workers=2)
    Path("log").unlink()
    resident = []

    def measure(tally):
        text = Path("/proc/self/status").read_text()
        values = {line.split(":")[0]: line.split()[1] for line in text.splitlines() if "kB" in line}
        resident.append((tally.done, int(values["VmRSS"]), int(values["VmHWM"])))

    run_sweep(made, "sweep.zarr", Workforce("processes", 2), progress=measure)
    Path("found").write_text(json.dumps([resident, said.summary()]))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_the_coordinator_s_memory_stays_and_all_memory_is_as_predicted(tmp_path: Path) -> None:
    """500 runs leave 80 MB of arrays; none of it comes to the coordinator."""
    (tmp_path / "study.py").write_text(MANY_RUNS)
    subprocess.run([sys.executable, "study.py"], cwd=tmp_path, env=environment(), timeout=900, check=True)
    resident, said = json.loads((tmp_path / "found").read_text())
    done, memory, peak = np.array(resident, dtype=float).T
    assert done[-1] == 500
    late = done > 100
    growth = np.polyfit(done[late], memory[late], 1)[0] * 400
    assert growth < 2000, f"{growth} KiB in 400 runs"
    assert begun(tmp_path) == dict.fromkeys(range(500), 1)
    peaks = {process: size for _, process, size in log(tmp_path)}
    measured = 1024 * (peak[-1] + sum(peaks.values()))
    assert measured / 2 < said["memory_bytes"] < measured * 2
    disk = used(tmp_path / "sweep.zarr")
    assert disk / 2 < said["disk_bytes"] < disk * 2
    assert (said["runs"], said["simulations"], said["cells"]) == (500, 1, [40, 40])
    shutil.rmtree(tmp_path / "sweep.zarr")
