"""Why a pixel has no value: one code a pixel, with its meaning in the attributes of the mask."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

import numpy as np
import xarray as xr

__all__ = ["REASONS", "Reason", "counted", "reason_attributes"]


class Reason(IntEnum):
    """Why a pixel has no value."""

    NONE = 0
    NOT_RECORDED = 1
    SATURATED = 2
    NO_ZERO_LOSS = 3
    VACUUM = 4
    NOT_CONVERGED = 5
    POOR_FIT = 6
    NO_EDGE = 7
    OUT_OF_RANGE = 8
    SINGULAR = 9
    SHIFTED_OUT = 10
    PARTLY_VACUUM = 11
    NO_COUNTS = 12


REASONS: Final[dict[Reason, str]] = {
    Reason.NONE: "none",
    Reason.NOT_RECORDED: "no counts, NaN, infinite, or negative in all",
    Reason.SATURATED: "a channel is saturated",
    Reason.NO_ZERO_LOSS: "no zero loss where it should be",
    Reason.VACUUM: "beside the specimen: too thin to be quantified",
    Reason.NOT_CONVERGED: "the fit ends on a bound of the model, or not at all",
    Reason.POOR_FIT: "the spectrum is not one of the model",
    Reason.NO_EDGE: "the edge does not rise out of the noise",
    Reason.OUT_OF_RANGE: "a line ends where none may lie",
    Reason.SINGULAR: "the parts of the model cannot be told apart",
    Reason.SHIFTED_OUT: "the zero loss is shifted so far that the range does not hold Li-K or itself",
    Reason.PARTLY_VACUUM: "too much Ti-M2,3 for its plasmon: a part of the pixel is vacuum, or much thinner",
    Reason.NO_COUNTS: "no counts where they are needed",
}
"""Meaning of every code."""


def reason_attributes() -> dict[str, Any]:
    """Attributes of a mask (CF conventions: flag_values and flag_meanings)."""
    return {
        "units": "1",
        "long_name": "why a pixel has no value",
        "flag_values": [int(code) for code in REASONS],
        "flag_meanings": " ".join(code.name.lower() for code in REASONS),
        "comment": "; ".join(f"{int(code)}: {text}" for code, text in REASONS.items()),
    }


def counted(mask: xr.DataArray) -> dict[str, int]:
    """Number of pixels with each reason, by its meaning; reasons that do not occur are left out.

    Parameters
    ----------
    mask : ``failed`` of a dataset, of any shape, with its attributes; its first code stands for none.

    Returns
    -------
    dict
        Meaning of a reason -> number of pixels.
    """
    values = [int(value) for value in mask.attrs["flag_values"]]
    texts = str(mask.attrs["comment"]).split("; ")
    meanings = dict(zip(values, (text.partition(": ")[2] for text in texts), strict=True))
    codes, counts = np.unique(mask.values, return_counts=True)
    return {
        meanings[int(code)]: int(count)
        for code, count in zip(codes, counts, strict=True)
        if int(code) != values[0]
    }
