"""Linear-parabolic growth: an interface reaction at the contact first, diffusion through the product later.

    xi^2/(2 k) + xi/k_L = t - t0,    xi = 2 T/[1/k_L + sqrt(1/k_L^2 + 2 T/k)],    T = t - t0,

with k = 2 gamma^2 D [m2 s-1] and k_L = A k_c [m s-1], A the excess at the contact over the gap and k_c the
contact's coefficient in flux = k_c (w_contact - w_surface). Early xi = k_L T, late xi^2 = 2 k T.
Exact only in the quasi-steady limit (A <= 0.01).

Source: B. E. Deal and A. S. Grove, J. Appl. Phys. 36 (1965) 3770, equations 12 to 16.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lto_sim.errors import InputError
from lto_sim.exact._checks import FloatArray, positive, values

__all__ = ["LinearParabolic", "linear_rate"]


def linear_rate(contact_coefficient: float, excess: float) -> float:
    """Early speed of the front k_L = A k_c [m s-1].

    Parameters
    ----------
    contact_coefficient : Coefficient k_c of the contact's linear law [m s-1].
    excess : Excess A at the contact over the gap [1].

    Raises
    ------
    InputError
        An argument that is not positive.
    """
    return positive("excess", excess) * positive("contact_coefficient", contact_coefficient, "m s-1")


@dataclass(frozen=True)
class LinearParabolic:
    """Front that starts with a constant speed and ends parabolic; it stands at zero before `start_time`.

    Methods are elementwise: a result has the shape of what it is asked for.

    Parameters
    ----------
    rate_constant : Parabolic rate constant k of xi^2 = 2 k t [m2 s-1]; infinite for a purely linear law.
    linear_rate : Early speed k_L [m s-1]; infinite for a purely parabolic law.
    start_time : Time t0 at which the front leaves the contact [s].

    Raises
    ------
    InputError
        A rate that is not positive, two infinite rates, or a start time that is not finite.
    """

    rate_constant: float
    linear_rate: float
    start_time: float = 0.0

    def __post_init__(self) -> None:
        positive("rate_constant", self.rate_constant, "m2 s-1", infinite=True)
        positive("linear_rate", self.linear_rate, "m s-1", infinite=True)
        values("start_time", self.start_time, "s", above=None)
        if math.isinf(self.rate_constant) and math.isinf(self.linear_rate):
            raise InputError("linear_rate", self.linear_rate, "at most one infinite rate", "give k or k_L")

    @property
    def _slowness(self) -> float:
        return 1.0 / self.linear_rate

    def _elapsed(self, time: ArrayLike) -> FloatArray:
        return np.maximum(values("time", time, "s", above=None) - self.start_time, 0.0)

    def _inverse_speed(self, elapsed: FloatArray) -> FloatArray:
        """1/speed [s m-1] = sqrt(1/k_L^2 + 2 T/k)."""
        return np.hypot(self._slowness, np.sqrt(2.0 * elapsed / self.rate_constant))

    def exact(self, time: ArrayLike) -> FloatArray:
        """Front position [m] at `time` [s]."""
        elapsed = self._elapsed(time)
        denominator = self._slowness + self._inverse_speed(elapsed)
        moving = (elapsed > 0.0) & (denominator > 0.0)
        return np.where(moving, 2.0 * elapsed / np.where(moving, denominator, 1.0), 0.0)[()]

    def time_at(self, position: ArrayLike) -> FloatArray:
        """Time [s] at which the front passes `position` [m]."""
        metres = values("position", position, "m")
        return self.start_time + metres * (0.5 * metres / self.rate_constant + self._slowness)

    def speed(self, time: ArrayLike) -> FloatArray:
        """Speed of the front [m s-1] at `time` [s]; zero before the start.

        Raises
        ------
        InputError
            A purely parabolic front at its start, where the speed is infinite.
        """
        seconds = values("time", time, "s", above=None)
        inverse = self._inverse_speed(self._elapsed(time))
        moving = seconds >= self.start_time
        if bool(np.any(moving & (inverse == 0.0))):
            raise InputError(
                "time", self.start_time, f"above {self.start_time:g} [s]", "ask for a later time"
            )
        return np.where(moving, 1.0 / np.where(moving, inverse, 1.0), 0.0)[()]
