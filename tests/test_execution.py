"""Worker pools: order, errors, seeds."""

from __future__ import annotations

import math
import os
import signal

import pytest

from lto_sim.errors import InputError, SolverError
from lto_sim.execution import child_seeds, run_jobs
from lto_sim.units import to_si


def test_results_carry_their_index_whoever_made_them() -> None:
    jobs = [float(n) for n in range(7)]
    serial = dict(run_jobs(math.sqrt, jobs, processes=1))
    pooled = dict(run_jobs(math.sqrt, jobs, processes=2))
    assert serial == pooled == {i: math.sqrt(v) for i, v in enumerate(jobs)}


def _fails(text: str) -> float:
    return to_si(text, "length", "field")


@pytest.mark.parametrize("processes", [1, 2])
def test_an_error_of_a_job_reaches_the_caller_with_its_field(processes: int) -> None:
    before = os.environ.get("NUMBA_NUM_THREADS")
    with pytest.raises(InputError) as caught:
        list(run_jobs(_fails, ["1 nm", "3 eV"], processes=processes))
    assert caught.value.field == "field"
    assert os.environ.get("NUMBA_NUM_THREADS") == before


def test_child_seeds_differ_and_repeat() -> None:
    seeds = child_seeds(5, 40)
    assert len(set(seeds)) == 40
    assert seeds[:3] == child_seeds(5, 3)
    assert set(seeds).isdisjoint(child_seeds(6, 40))


def _dies(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_worker_is_one_line_with_advice() -> None:
    with pytest.raises(SolverError, match="fewer processes") as caught:
        list(run_jobs(_dies, [1, 2], processes=2))
    assert "\n" not in str(caught.value)
