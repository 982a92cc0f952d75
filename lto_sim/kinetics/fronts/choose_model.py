"""Step or shell: the model with the larger likelihood over the clear frames of all profiles.

A step is a shell of no length: all pixels of 40 clear frames (8 a profile at least) are fitted with one of
half a pixel and the likeliest blur, and with the likeliest shell and a blur of half a pixel, both with the
same priors and what each frame has of its own integrated out. The shell is taken only if it lowers -2 ln of
the likelihood by more than 10.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from lto_sim.kinetics.fronts.follow import THRESHOLD_LEVEL, of_unit_range, usable_weights
from lto_sim.kinetics.fronts.models import SHELL, STEP, FrontModel
from lto_sim.kinetics.fronts.pixels import all_pixels, averaged
from lto_sim.kinetics.fronts.search import change_point
from lto_sim.kinetics.fronts.shell_passes import SHARED_FRAMES, common_length, fit_of_length, shared_frames

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lto_sim.kinetics.fronts.strip import Strip

__all__ = ["choose_model"]

_GAIN: Final[float] = 10.0
_FEWEST: Final[int] = 8
_NO_LENGTH: Final[float] = 0.5
_WIDTHS: Final = np.geomspace(0.3, 8.0, 9)


def choose_model(strips: Sequence[Strip], sign: int) -> FrontModel:
    """Return the model that describes the clear frames better.

    Parameters
    ----------
    strips : Pixels of every profile.
    sign : +1 if li_fraction rises across the front, -1 if it falls.
    """
    most = max(_FEWEST, SHARED_FRAMES // len(strips))
    gain = sum(_gain_of_the_shell(strip, sign, most) for strip in strips)
    return SHELL if gain > _GAIN else STEP


def _gain_of_the_shell(strip: Strip, sign: int, most: int) -> float:
    strip, _ = of_unit_range(strip)
    weights, _ = usable_weights(strip)
    start, gain = change_point(strip.s, strip.values, weights, sign)
    rows = np.flatnonzero(gain > THRESHOLD_LEVEL)
    if rows.size == 0:
        return 0.0
    rows = rows[shared_frames(gain[rows], most)]
    pixels, start = averaged(all_pixels(strip, weights, rows)), start[rows]
    _, length = common_length(pixels, start)
    shell = fit_of_length(pixels, start, length, _WIDTHS[1])
    step = min(fit_of_length(pixels, start, _NO_LENGTH, width).evidence.sum() for width in _WIDTHS)
    return float(step - shell.evidence.sum())
