"""Whether a setting can be used at a temperature, and why not."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "FEASIBLE",
    "FEWER_FRAMES",
    "FEW_FRONTS",
    "NOT_SEEN",
    "OVER_BUDGET",
    "REMEDIES",
    "SATURATED",
    "STATUS",
    "usable",
]

FEASIBLE, FEWER_FRAMES, OVER_BUDGET, FEW_FRONTS, NOT_SEEN, SATURATED = range(6)

STATUS: Final = {
    FEASIBLE: "feasible",
    FEWER_FRAMES: "feasible, with fewer frames than the time would hold, to keep within the dose budget",
    OVER_BUDGET: "above the dose budget",
    FEW_FRONTS: "too few frames with a front to read k from",
    NOT_SEEN: "the noise hides the front in more than half of the frames",
    SATURATED: "the detector is saturated",
}
"""Code of ``status`` -> what it means."""


REMEDIES: Final = {
    OVER_BUDGET: "allow more dose, or take less current or larger pixels",
    FEW_FRONTS: "take shorter frames, longer profiles, or record longer",
    NOT_SEEN: "take more current or larger pixels",
    SATURATED: "take less current or a shorter dwell time",
}
"""Code of what cannot be used -> what helps."""


def usable(status: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Whether a setting can be used."""
    return np.asarray(status <= FEWER_FRAMES)
