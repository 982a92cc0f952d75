"""Worker pools: order, errors, seeds."""

from __future__ import annotations

import math
import os

import numpy as np
import pytest

from lto_sim.errors import InputError
from lto_sim.execution import available_processes, child_generators, run_jobs
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


def test_child_generators_differ_from_each_other_and_repeat() -> None:
    first, second = (g.random(4) for g in child_generators(5, 2))
    assert not np.allclose(first, second)
    np.testing.assert_array_equal(first, child_generators(5, 3)[0].random(4))


def test_at_least_one_process_is_available() -> None:
    assert available_processes() >= 1
