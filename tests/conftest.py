"""Shared test set-up: floating-point errors raise (underflow is normal in exp and stays silent)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from lto_sim.transport.compiled import start_threads


@pytest.fixture(autouse=True, scope="session")
def threads_of_kernels() -> None:
    """For tests that call kernels without a stepper."""
    start_threads()


@pytest.fixture(autouse=True)
def floating_point_errors_raise() -> Iterator[None]:
    with np.errstate(divide="raise", invalid="raise", over="raise"):
        yield
