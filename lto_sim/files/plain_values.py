"""What goes into a store: arrays of numbers, attributes of plain numbers, text and lists of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import xarray as xr

from lto_sim.errors import InputError

__all__ = ["plain_attribute", "require_numbers"]


def require_numbers(dataset: xr.Dataset) -> None:
    """Check that every variable holds numbers.

    Raises
    ------
    InputError
        A variable holds text, objects or complex numbers.
    """
    for name, variable in dataset.variables.items():
        if variable.dtype.kind not in "biuf":
            raise InputError(
                str(name), str(variable.dtype), "an array of numbers", "put text into the attributes"
            )


def plain_attribute(key: str, value: Any) -> Any:
    """Return an attribute without numpy's types.

    Raises
    ------
    InputError
        A number that is not finite.
    """
    plain = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
    if isinstance(plain, float) and not math.isfinite(plain):
        raise InputError(f"attribute {key}", plain, "a finite number", "leave the attribute out")
    return plain
