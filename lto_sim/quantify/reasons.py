"""Why a pixel has no value: one code a pixel, with its meaning in the attributes of the mask."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

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


REASONS: Final[dict[Reason, str]] = {
    Reason.NONE: "none",
    Reason.NOT_RECORDED: "no counts, NaN or infinite",
    Reason.SATURATED: "a channel is saturated",
    Reason.NO_ZERO_LOSS: "no zero loss where it should be",
    Reason.VACUUM: "beside the specimen: too thin to be quantified",
    Reason.NOT_CONVERGED: "no maximum of the likelihood within the range of the model",
    Reason.POOR_FIT: "the spectrum is not one of the model",
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


def counted(mask: NDArray[np.uint8]) -> dict[str, int]:
    """Number of pixels with each reason, by its meaning; reasons that do not occur are left out."""
    codes, counts = np.unique(mask, return_counts=True)
    return {
        REASONS[Reason(code)]: int(count)
        for code, count in zip(codes, counts, strict=True)
        if code != Reason.NONE
    }
