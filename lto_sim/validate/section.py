"""What a section of the validation is: a name, and checks that can run one beside another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lto_sim.validate.table import Row

__all__ = ["Check", "Section", "worst_row"]

Floats = NDArray[np.float64]
Check = Callable[..., list[Row]]
"""A piece of work of some seconds that returns rows: a function of a module, or a partial of one."""


@dataclass(frozen=True)
class Section:
    """Comparisons that belong together.

    Parameters
    ----------
    name : Name by which it is chosen.
    title : What it compares with what.
    checks : The checks, in the order of their rows; with True those of the quick form.
    on_request : Whether it runs only when it is named: minutes rather than seconds.
    alone : Whether its checks start worker processes themselves, `processes` of them, and run one by one.
    """

    name: str
    title: str
    checks: Callable[[bool], Sequence[Check]]
    on_request: bool = False
    alone: bool = False


def worst_row(name: str, errors: Floats, limit: float, exact: float | Floats = 1.0) -> Row:
    """Row of the largest of several relative errors.

    Parameters
    ----------
    name : What is compared.
    errors : Relative errors, one a time or place [1].
    limit : Largest that passes.
    exact : The exact value, the same everywhere or one for each error.
    """
    worst = int(np.abs(errors).argmax())
    value = float(np.broadcast_to(exact, errors.shape)[worst])
    return Row(name, value, value * (1.0 + float(errors[worst])), float(errors[worst]), limit)
