"""Checks of arguments that the exact solutions share.

Each check returns the value as float or float array and raises :class:`lto_sim.errors.InputError` when the
value is not a number or lies outside its range.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lto_sim.errors import InputError

__all__ = ["ROUNDING_UP", "FloatArray", "elementwise", "not_negative", "positive", "values", "within_unit"]

FloatArray = NDArray[np.float64]

ROUNDING_UP: Final[float] = 1.0 + 1e-14
"""Puts a position that was computed as the front's own on the front's side [1]."""

_REMEDY = "give a number in SI units"


def _number(field: str, value: object, allowed: str) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise InputError(field, value, allowed, _REMEDY) from None


def positive(
    field: str, value: object, unit: str = "1", remedy: str = _REMEDY, *, infinite: bool = False
) -> float:
    """Return `value` [`unit`] if it is greater than zero (and finite, unless `infinite`)."""
    allowed = f"greater than 0 [{unit}]" + (", infinity included" if infinite else "")
    number = _number(field, value, allowed)
    if not number > 0.0 or (math.isinf(number) and not infinite):
        raise InputError(field, value, allowed, remedy)
    return number


def not_negative(field: str, value: object, unit: str = "1", remedy: str = _REMEDY) -> float:
    """Return `value` [`unit`] if it is zero or greater and finite."""
    allowed = f"0 or greater [{unit}]"
    number = _number(field, value, allowed)
    if not (number >= 0.0 and math.isfinite(number)):
        raise InputError(field, value, allowed, remedy)
    return number


def within_unit(field: str, value: object) -> float:
    """Return the li fraction `value` [1] if it lies from 0 to 1."""
    number = _number(field, value, "0 to 1 [1]")
    if not 0.0 <= number <= 1.0:
        raise InputError(field, value, "0 to 1 [1]", "give the li fraction x of Li(4+3x)Ti5O12")
    return number


def values(
    field: str, value: ArrayLike, unit: str, *, above: float | None = 0.0, strict: bool = False
) -> FloatArray:
    """Return `value` [`unit`] as float array if every element is finite and not below `above`.

    Parameters
    ----------
    field : Name that the error shows.
    value : One value or an array [`unit`].
    unit : Unit that the error shows.
    above : Lower limit [`unit`]; none when ``None``.
    strict : Whether the lower limit itself is refused.
    """
    limit = "finite" if above is None else f"{'greater than' if strict else 'not below'} {above:g}, finite"
    allowed = f"{limit} [{unit}]"
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(field, value, allowed, _REMEDY) from None
    good = np.isfinite(array)
    if above is not None:
        good = good & ((array > above) if strict else (array >= above))
    if not bool(np.all(good)):
        raise InputError(field, float(array[~good].flat[0]), allowed, _REMEDY)
    return array


def elementwise(function: Callable[..., float], *arguments: float | FloatArray) -> float | FloatArray:
    """Apply a scalar function to broadcast arguments; a float comes back when all are scalars."""
    if all(np.ndim(argument) == 0 for argument in arguments):
        return function(*arguments)
    columns = np.broadcast_arrays(*arguments)
    rows = zip(*(column.flat for column in columns), strict=True)
    results: FloatArray = np.array([function(*row) for row in rows], dtype=np.float64)
    return results.reshape(columns[0].shape)
