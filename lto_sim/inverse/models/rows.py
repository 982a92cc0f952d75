"""One model and its criteria; two models that contain one another."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lto_sim.inverse.result import MapFit

__all__ = ["ModelRow", "NestedTest"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ModelRow:
    """One model and how well it does; NaN where it could not be fitted.

    Parameters
    ----------
    name : Its name.
    free : Names of its free parameters.
    values : Values of the maps that are compared.
    deviance : At the minimum, over the scale of the variances; priors left out.
    aic, bic : Deviance + 2 parameters, deviance + parameters ln(values).
    left_out : Deviance of every block of frames as predicted from the others; empty where none were left out.
    fit : The fit, its minimum along the steps that are common to all; None where there is none.
    failure : Why it could not be fitted; empty where it was.
    """

    name: str
    free: tuple[str, ...]
    values: int = 0
    deviance: float = float("nan")
    aic: float = float("nan")
    bic: float = float("nan")
    left_out: Floats = field(default_factory=lambda: np.empty(0))
    fit: MapFit | None = None
    failure: str = ""

    @property
    def left_out_deviance(self) -> float:
        """Sum over the blocks; NaN where no frames were left out."""
        return float(self.left_out.sum()) if self.left_out.size else float("nan")


@dataclass(frozen=True)
class NestedTest:
    """Likelihood ratio of a model and a larger one that contains it.

    Parameters
    ----------
    smaller, larger : Their names.
    further : Parameters that the larger one has more.
    ratio : Deviance of the smaller less that of the larger, 0 where the larger fits no better.
    p_value : Probability of so large a ratio if the smaller is true.
    boundary : Whether the smaller lies on the boundary of the larger.
    """

    smaller: str
    larger: str
    further: int
    ratio: float
    p_value: float
    boundary: bool
