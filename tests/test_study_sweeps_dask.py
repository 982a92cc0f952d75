"""Sweeps on dask: a scheduler and workers started as processes of their own, and killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import distributed
import pytest
import xarray as xr
from sweep_processes import (
    RUNS,
    assert_same,
    axes,
    begun,
    end_processes,
    log,
    lto_sim,
    meanwhile,
    options,
    python,
    reference,
    scenario,
    statuses,
    wait_for,
    workers,
    write_file,
)

from lto_sim.errors import InputError, SolverError
from lto_sim.study import resume_sweep, sweep
from lto_sim.study.sweeps.engines import dask_engine
from lto_sim.study.sweeps.store import DONE, PENDING

if os.name != "posix":
    pytest.skip("needs signals", allow_module_level=True)


@pytest.fixture(autouse=True)
def processes_end() -> Iterator[None]:
    yield
    end_processes()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    return reference(tmp_path_factory.mktemp("undisturbed"))


class Cluster:
    """A scheduler and its workers, all of them processes started from the command line."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.folder, self.address = folder, f"tcp://127.0.0.1:{port}"
        self.scheduler = python(
            "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard",
            cwd=folder,
        )  # fmt: skip
        self.workers: list[subprocess.Popen[str]] = []

    def add_worker(self, *before: str) -> None:
        words = ("--nthreads", 1, "--no-nanny", "--no-dashboard")
        scratch = self.folder / f"scratch{len(self.workers)}"
        self.workers.append(
            python("-m", "distributed.cli.dask_worker", self.address, *words, "--local-directory", scratch,
                   cwd=self.folder, before=before)
        )  # fmt: skip

    def wait_for_workers(self) -> None:
        with distributed.Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(len(self.workers), timeout=120)


def on_dask(folder: Path, scheduler: Any, **more: Any) -> xr.Dataset:
    return sweep(
        scenario(folder), axes(), out=folder / "sweep.zarr", engine="dask", scheduler=scheduler, **options(),
        **more,
    )  # fmt: skip


def test_workers_come_late_and_one_is_killed_and_the_sweep_completes(
    tmp_path: Path, undisturbed: xr.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_engine, "_LONELY", 0.0)
    (tmp_path / "hold-4").touch()
    cluster = Cluster(tmp_path)

    def act() -> None:
        wait_for(lambda: len(said) > 0, "a warning of no workers")
        cluster.add_worker()
        cluster.add_worker()
        wait_for(lambda: begun(tmp_path)[4] and len(workers(tmp_path)) == 2, "both at work")
        held = next(process for number, process, _ in log(tmp_path) if number == 4)
        assert held in {worker.pid for worker in cluster.workers}
        os.kill(held, signal.SIGKILL)
        (tmp_path / "hold-4").unlink()

    with pytest.warns(UserWarning, match="has no workers: waiting") as said, meanwhile(act):
        found = on_dask(tmp_path, cluster.address)
    assert len(said) == 1
    assert_same(found, undisturbed)
    assert begun(tmp_path) == dict.fromkeys(range(RUNS), 1) | {4: 2}


def test_a_scheduler_is_killed_and_the_rest_is_resumed_elsewhere(
    tmp_path: Path, undisturbed: xr.Dataset
) -> None:
    cluster = Cluster(tmp_path)
    cluster.add_worker()
    cluster.add_worker()
    (tmp_path / "hold-4").touch()
    process = lto_sim(
        "sweep", write_file(tmp_path), "--engine", "dask", "--scheduler", cluster.address, cwd=tmp_path
    )
    store = tmp_path / "sweep.zarr"
    wait_for(lambda: begun(tmp_path)[4] and statuses(store).count(DONE) >= 3, "a run that is held", process)
    cluster.scheduler.kill()
    said, errors = process.communicate(timeout=600)
    assert (process.returncode, said) == (1, "")
    assert errors.count("\n") == 1, errors
    assert errors.startswith("lto-sim: error: the dask scheduler is gone; ")
    assert f"of {RUNS} runs are kept: `lto-sim resume sweep.zarr` runs the rest" in errors
    end_processes()
    before = statuses(store)
    (tmp_path / "hold-4").unlink()
    assert_same(resume_sweep(store, engine="serial"), undisturbed)
    counts = begun(tmp_path)
    assert [n for n, count in counts.items() if count > 1 and before[n] != PENDING] == []
    assert set(counts) == set(range(RUNS))
    assert counts[4] == 2


def test_a_worker_that_does_not_see_the_store_is_one_line(tmp_path: Path) -> None:
    """On a disk that it does not share: an empty one hides the folder from it."""
    hidden = ("unshare", "-rm", "sh", "-c", f'mount -t tmpfs none "{tmp_path / "shared"}" && exec "$0" "$@"')
    (tmp_path / "shared").mkdir()
    if subprocess.run([*hidden, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no private disk can be mounted here")
    made = Cluster(tmp_path)
    made.add_worker(*hidden)
    made.wait_for_workers()
    with pytest.raises(SolverError) as caught:
        sweep(
            scenario(tmp_path), axes(), out=tmp_path / "shared" / "sweep.zarr", engine="dask",
            scheduler=made.address, **options(),
        )  # fmt: skip
    said = str(caught.value)
    assert f"shared/sweep.zarr is not there, seen from {socket.gethostname()}" in said
    assert f"0 of {RUNS} runs are kept" in said
    assert statuses(tmp_path / "shared" / "sweep.zarr") == [PENDING] * RUNS


def test_local_workers_give_what_one_process_gives_and_one_run_that_kills_them_fails_alone(
    tmp_path: Path, undisturbed: xr.Dataset
) -> None:
    """A client of one's own is used, and left open; and batches that wait behind a bad run are not blamed."""
    (tmp_path / "die-3").touch()
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50)
        as local, distributed.Client(local, set_as_default=False) as client
    ):  # fmt: skip
        with pytest.warns(UserWarning, match="1 of 10 runs failed, the first: its worker process ended"):
            found = on_dask(tmp_path, client)
        assert client.status == "running"
    assert_same(found, undisturbed, but=(3,))
    assert "3 times over" in str(found["error"].values[3])
    assert begun(tmp_path) == dict.fromkeys(range(RUNS), 1) | {3: 3}


def test_ctrl_c_ends_local_workers_with_one_line(tmp_path: Path, undisturbed: xr.Dataset) -> None:
    (tmp_path / "hold-4").touch()
    process = lto_sim("sweep", write_file(tmp_path), "--engine", "dask", "--workers", 2, cwd=tmp_path)
    wait_for(lambda: begun(tmp_path)[4], "a run that is held", process)
    os.killpg(process.pid, signal.SIGINT)
    said, errors = process.communicate(timeout=600)
    assert (process.returncode, said) == (130, "")
    assert errors.count("\n") == 1, errors
    assert errors.startswith("lto-sim: error: interrupted; ")
    assert "`lto-sim resume sweep.zarr` runs the rest" in errors
    (tmp_path / "hold-4").unlink()
    assert_same(resume_sweep(tmp_path / "sweep.zarr", engine="serial"), undisturbed)
    assert max(begun(tmp_path).values()) <= 2


def test_no_scheduler_at_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_engine, "_CONNECT", 1)
    with pytest.raises(InputError, match="dask scheduler that answers") as caught:
        on_dask(tmp_path, "tcp://127.0.0.1:9")
    assert "\n" not in str(caught.value)
    assert statuses(tmp_path / "sweep.zarr") == [PENDING] * RUNS
