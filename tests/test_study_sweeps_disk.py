"""Sweeps whose disk is full, read-only, removed or not shared; and the disk that a dry run predicts."""

from __future__ import annotations

import errno
import json
import math
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from sweep_processes import (
    NOTED,
    RUNS,
    assert_same,
    axes,
    begun,
    end_processes,
    environment,
    meanwhile,
    options,
    reference,
    scenario,
    statuses,
    wait_for,
    write_file,
)

from lto_sim.errors import LtoSimError, SolverError
from lto_sim.study import open_sweep, resume_sweep, sweep
from lto_sim.study.sweeps import describe, estimate, estimate_sweep
from lto_sim.study.sweeps.store import DONE, PENDING, StoreError
from lto_sim.study.sweeps.worker import Batch, run_batch

NO_SPACE, READ_ONLY, DENIED = errno.ENOSPC, errno.EROFS, errno.EACCES


@pytest.fixture(autouse=True)
def processes_end() -> Iterator[None]:
    yield
    end_processes()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    return reference(tmp_path_factory.mktemp("undisturbed"))


def serial(folder: Path, **more: Any) -> xr.Dataset:
    return sweep(scenario(folder), axes(), out=folder / "sweep.zarr", engine="serial", **options(), **more)


@pytest.mark.parametrize(
    ("place", "number"),
    [("write", NO_SPACE), ("flush", NO_SPACE), ("write", READ_ONLY), ("write", DENIED), ("flush", errno.EIO)],
)
def test_a_disk_that_refuses_is_one_line_and_the_rest_is_resumed(
    tmp_path: Path, undisturbed: xr.Dataset, place: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "open", Path.open)  # what the function of the test changes is put back
    monkeypatch.setattr(os, "fsync", os.fsync)
    (tmp_path / f"{place}-3").touch()
    (tmp_path / "errno").write_text(str(number))
    with pytest.raises(SolverError) as caught:
        serial(tmp_path)
    assert str(caught.value) == (
        f"{os.strerror(number)} (writing {tmp_path / 'sweep.zarr'}); 3 of {RUNS} runs are kept: "
        f"`lto-sim resume {tmp_path / 'sweep.zarr'}` runs the rest"
    )
    assert statuses(tmp_path / "sweep.zarr") == [DONE] * 3 + [PENDING] * 7
    (tmp_path / "errno").unlink()
    assert_same(resume_sweep(tmp_path / "sweep.zarr", engine="serial"), undisturbed)
    assert begun(tmp_path) == dict.fromkeys(range(RUNS), 1) | {3: 2}


def test_a_disk_that_is_full_for_workers_is_one_line(tmp_path: Path, undisturbed: xr.Dataset) -> None:
    (tmp_path / "write-5").touch()
    (tmp_path / "errno").write_text(str(NO_SPACE))
    store = tmp_path / "sweep.zarr"
    with pytest.raises(SolverError) as caught:
        sweep(scenario(tmp_path), axes(), out=store, workers=2, **options())
    before = statuses(store)
    assert before[5] == PENDING
    assert str(caught.value) == (
        f"No space left on device (writing {store}); {before.count(DONE)} of {RUNS} runs are kept: "
        f"`lto-sim resume {store}` runs the rest"
    )
    (tmp_path / "errno").unlink()
    assert_same(resume_sweep(store, engine="serial"), undisturbed)
    assert all(begun(tmp_path)[n] == 1 for n in range(RUNS) if before[n] == DONE)


def test_no_space_for_the_store_itself_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(NO_SPACE, os.strerror(NO_SPACE))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LtoSimError, match="No space left on device"):
        serial(tmp_path)
    assert list(tmp_path.iterdir()) == []


SMALL_DISK = """
import json, shutil, subprocess, sys
from pathlib import Path
from lto_sim.errors import SolverError
from lto_sim.study.sweeps import Workforce, read_sweep, run_sweep

def remounted(options, **more):
    subprocess.run(["mount", "-o", f"remount,{options}", "none", "disk"], check=True)
    try:
        run_sweep(read_sweep(Path("sweep.toml")), "disk/sweep.zarr", Workforce("serial"), **more)
    except SolverError as error:
        return str(error)

said = [remounted(f"size={sys.argv[1]}"), remounted("ro", resume=True), remounted("rw,size=64m", resume=True)]
shutil.copytree("disk/sweep.zarr", "kept.zarr")
Path("said").write_text(json.dumps(said))
"""


def test_a_small_disk_fills_and_is_made_larger(tmp_path: Path, undisturbed: xr.Dataset) -> None:
    """A real one, which nobody else sees and which goes with its process."""
    private = ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs none disk && exec "$0" "$@"']
    (tmp_path / "disk").mkdir()
    if subprocess.run([*private, "true"], cwd=tmp_path, check=False, capture_output=True).returncode:
        pytest.skip("no private disk can be mounted here")
    write_file(tmp_path)
    size = int(0.6 * undisturbed.attrs["disk_bytes"]) // 4096 * 4096
    subprocess.run(
        [*private, sys.executable, "-c", SMALL_DISK, str(size)], cwd=tmp_path,
        env=environment(), check=True, timeout=600,
    )  # fmt: skip
    full, read_only, resumed = json.loads((tmp_path / "said").read_text())
    assert full.startswith("No space left on device (writing ")
    assert read_only.startswith("Read-only file system (")
    assert resumed is None
    for said in (full, read_only):
        assert said.endswith("`lto-sim resume disk/sweep.zarr` runs the rest")
        assert "\n" not in said
    assert_same(open_sweep(tmp_path / "kept.zarr"), undisturbed)
    counts = begun(tmp_path)
    assert set(counts) == set(range(RUNS))
    assert sum(counts.values()) == RUNS + 1  # the one that did not fit


def test_a_store_that_nobody_may_write_is_one_line(tmp_path: Path) -> None:
    if os.name != "posix" or os.geteuid() == 0:
        return  # root may write everywhere; the errors are injected above
    serial(tmp_path, shard=(1, 2))
    store = tmp_path / "sweep.zarr"
    for folder in (store / "status", store / "k" / "c", store / "k"):
        folder.chmod(0o500)
    with pytest.raises(LtoSimError, match="Permission denied") as caught:
        resume_sweep(store, engine="serial")
    assert "\n" not in str(caught.value)
    for folder in (store / "k", store / "k" / "c", store / "status"):
        folder.chmod(0o700)
    resume_sweep(store, engine="serial")


def test_a_store_that_is_removed_ends_the_sweep_and_is_not_made_again(tmp_path: Path) -> None:
    (tmp_path / "hold-4").touch()
    store = tmp_path / "sweep.zarr"

    def remove() -> None:
        wait_for(lambda: begun(tmp_path)[4], "a run that is held")
        shutil.rmtree(store)
        (tmp_path / "hold-4").unlink()

    with meanwhile(remove), pytest.raises(SolverError) as caught:
        serial(tmp_path)
    said = str(caught.value)
    assert said.startswith(f"{store} is not there, seen from {socket.gethostname()}")
    assert said.endswith(f"there is nothing at {store}")
    assert not store.exists()


def test_a_worker_without_the_store_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not there, seen from"):
        run_batch(Batch(str(tmp_path / "no.zarr"), "1", (0,), (0,)))
    assert list(tmp_path.iterdir()) == []


class TestDryRun:
    """What is predicted is within a factor of two of what comes; times are not asked."""

    @pytest.fixture(autouse=True)
    def all_trials_are_made(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(estimate, "_LONGEST", math.inf)  # on a slow machine too

    def test_runs_cells_and_disk_of_runs_that_are_not_alike(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
        (tmp_path / "temporary").mkdir()
        values = {
            "specimen.cell": ["80 nm", "40 nm", "20 nm"],
            "seed": [0, 1],
            "maps.noise": [0.01, 0.02, -1.0],
        }
        outputs = ("maps", "rate", "front", "current", NOTED)
        made = describe(scenario(tmp_path), values, outputs=outputs)
        said = estimate_sweep(made, workers=1)
        assert list((tmp_path / "temporary").iterdir()) == []
        assert (said.runs, said.refused, said.simulations) == (18, 6, 3)
        assert said.cells == (10, 160)
        assert said.failures == ()
        with pytest.warns(UserWarning, match="6 of 18"):
            found = sweep(
                scenario(tmp_path), values, out=tmp_path / "sweep.zarr", engine="serial", outputs=outputs
            )
        assert np.count_nonzero(found["status"] == DONE) == 12
        used = [p.stat().st_blocks * 512 for p in (tmp_path / "sweep.zarr").rglob("*") if p.is_file()]
        assert sum(used) / 2 < said.disk_bytes < sum(used) * 2
        assert len(used) / 2 < said.files < len(used) * 2

    def test_runs_that_fail_or_end_their_worker_are_told(self, tmp_path: Path) -> None:
        made = describe(scenario(tmp_path), axes(), **options())
        (tmp_path / "raise-0").touch()
        (tmp_path / "die-9").touch()
        said = estimate_sweep(made, workers=2)
        assert said.tried >= 4
        assert len(said.failures) == 2
        assert any("RuntimeError: of no use" in failure for failure in said.failures)
        assert any("ended abruptly: out of memory?" in failure for failure in said.failures)
        assert said.runs == RUNS
