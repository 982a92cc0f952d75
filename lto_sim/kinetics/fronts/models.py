"""What a front may look like: the blurred step and the projected shell, as the fit needs them.

Both have six parameters: mean front, ln blur, level and tilt of the growing phase, level of the parent, and
one more, the tilt of the parent (step) or ln L1 (shell).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from lto_sim.kinetics.fronts.shell_model import shell_and_gradient, shell_shape
from lto_sim.kinetics.fronts.step_model import N_PARAMETERS, Extent, basis, model_and_gradient

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["MODELS", "N_PARAMETERS", "SHELL", "STEP", "FrontModel"]


@dataclass(frozen=True)
class FrontModel:
    """A model of the front.

    Parameters
    ----------
    name : Its name.
    evaluate : Values and gradient of parameters (n, 6), distances (n, m) and pixel extent.
    parent_share : Share of the parent level in each pixel, of the same arguments.
    last_limits : Limits of the sixth parameter; None for none.
    """

    name: str
    evaluate: Callable[[Floats, Floats, Extent], tuple[Floats, Floats]]
    parent_share: Callable[[Floats, Floats, Extent], Floats]
    last_limits: tuple[float, float] | None = None


def _step_share(parameters: Floats, s: Floats, pixel: Extent) -> Floats:
    return basis(s - parameters[:, :1], np.exp(parameters[:, 1:2]), pixel)[0]


def _shell_share(parameters: Floats, s: Floats, pixel: Extent) -> Floats:
    return 1.0 - shell_shape(parameters[:, :1], parameters[:, 1:2], parameters[:, 5:6], s, pixel)[0]


STEP: Final = FrontModel("step", model_and_gradient, _step_share)
SHELL: Final = FrontModel("shell", shell_and_gradient, _shell_share, (math.log(0.5), math.log(2000.0)))

MODELS: Final[dict[str, FrontModel]] = {model.name: model for model in (STEP, SHELL)}
"""Name -> model."""
