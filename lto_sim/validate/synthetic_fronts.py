"""Fronts with a known rate constant and errors like those of the published experiment, drawn by seed.

Positions follow the law; what is added is what maps add to them: a deviation of their own, errors that
neighbouring frames share, a contact that lies elsewhere than drawn, an early delay, an interface reaction.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.kinetics import Correlation, RateData, published_table

__all__ = ["FRAME_TIME", "FrontDraw", "published_draws"]

Floats = NDArray[np.float64]

FRAME_TIME: Final = 1.5
"""Time of a frame [s]."""

_REACH: Final = {"extraction": 1.8e-6, "insertion": 0.9e-6}
_MOST_FRAMES: Final = 120
_STANDS_AT: Final = 40e-9


@dataclass(frozen=True)
class FrontDraw:
    """What is drawn.

    Parameters
    ----------
    k : Rate constant [m2 s-1], xi^2 = 2 k t.
    reach : Last position [m].
    frames : Frames until then.
    profiles : Lines along which the front is followed.
    std : Deviation of a position [m].
    start_std : Deviation of where a contact is [m].
    shared : Part of the variance that neighbouring frames share, over three frames [1].
    delay : Part of the time for which the front first stands still at 40 nm [1].
    time_ratio : 2 k/(k_L reach): the interface's time over that of diffusion [1].
    """

    k: float
    reach: float = 1.2e-6
    frames: int = 120
    profiles: int = 2
    std: float = 6e-9
    start_std: float = 9e-9
    shared: float = 0.0
    delay: float = 0.0
    time_ratio: float = 0.0

    def true_front(self) -> tuple[Floats, Floats]:
        """Times of the frames [s] and positions without errors [m]."""
        end = self.reach**2 / (2.0 * self.k)
        if self.delay:
            times = np.linspace(0.0, end, self.frames)
            return times, self._delayed(times, end)
        r, q = 0.5 / self.k, self.time_ratio * self.reach / (2.0 * self.k)
        end += q * self.reach
        times = np.linspace(end / (2.0 * self.frames), end, self.frames)
        return times, 2.0 * times / (q + np.sqrt(q * q + 4.0 * r * times))

    def _delayed(self, times: Floats, end: float) -> Floats:
        fine = np.linspace(0.0, end, 20_001)
        rate = 2.0 * self.k * -np.expm1(-((fine / (self.delay * end)) ** 2))
        square = np.concatenate([[0.0], np.cumsum(0.5 * (rate[1:] + rate[:-1]) * np.diff(fine))])
        return np.asarray(np.sqrt(_STANDS_AT**2 + np.interp(times, fine, square)))

    def draw(self, rng: np.random.Generator) -> RateData:
        """One particle's fronts; errors that frames share are in them, not stated."""
        times, true = self.true_front()
        shared = Correlation("time", self.shared, 3.0 * float(times[1] - times[0])).matrix(times, true)
        errors = self.std * np.linalg.cholesky(shared) @ rng.standard_normal((self.frames, self.profiles))
        offsets = self.start_std * rng.standard_normal(self.profiles)
        positions = true[:, None] + errors + offsets
        return RateData(
            np.tile(times, self.profiles),
            positions.T.ravel(),
            np.full(positions.size, self.std),
            np.repeat(np.arange(self.profiles), self.frames),
            self.start_std,
        )


def published_draws(direction: str) -> list[FrontDraw]:
    """Fronts at the six temperatures of Table 1, hottest last, in frames of 1.5 s (120 at most).

    Parameters
    ----------
    direction : ``extraction`` or ``insertion``; the latter with an early delay of 2 % of the time.
    """
    reach = _REACH[direction]
    draws = []
    for k in published_table(direction).k:
        frames = min(math.ceil(reach**2 / (2.0 * float(k)) / FRAME_TIME), _MOST_FRAMES)
        draws.append(
            FrontDraw(
                k=float(k),
                reach=reach,
                frames=frames,
                shared=0.4 if frames > 20 else 0.0,
                delay=0.02 if direction == "insertion" else 0.0,
            )
        )
    return draws
