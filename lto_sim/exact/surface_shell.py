"""Shell of the growing phase that a straight surface feeds by surface diffusion, around a saturated core.

The surface x > 0 is fed at x = 0 only; it feeds the shell beneath it, whose front goes inward:

    h dh/dt = K u,    l u'' = u/h,    u = (c - c*)/(c_s - c*) on the surface,    u(0) = 1,
    h = sqrt(2 K t) (1 - x/L)^2,    u = (1 - x/L)^3,    L = sqrt(6 l) (2 K t)^(1/4),    x < L,

so that L/h0 = sqrt(6 l/h0) with h0 = h(0, t).

======  ==============  ====================================================================
symbol  argument        meaning
======  ==============  ====================================================================
K       excess A times  quasi-steady rate constant A D_II [m2 s-1]
        diffusivity
l       surface_length  delta D_s/D_II, surface over bulk conductance [m]
h, h0   thickness       shell thickness, and at the fed edge [m]
L       length          reach of the shell along the surface [m]
======  ==============  ====================================================================

Valid for h0 << l and small A. The leading correction of h at x/L = 0.2 to 0.4 is 1.7 % at h0/l = 0.05, 3 % at
0.1 and 6 % at 0.2; A = 0.1 adds about 1 %.

Source: derived for this package; both balances are satisfied identically, and the tests substitute them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lto_sim.exact._checks import FloatArray, positive, values

__all__ = ["SurfaceFedShell"]


@dataclass(frozen=True)
class SurfaceFedShell:
    """Shell along a straight surface that is fed at its edge.

    Methods are elementwise: a result has the shape of what it is asked for.

    Parameters
    ----------
    diffusivity : Diffusivity D_II of the growing phase [m2 s-1].
    excess : Excess A at the fed edge over the gap [1].
    surface_length : Length l = delta D_s/D_II [m].

    Raises
    ------
    InputError
        An argument that is not positive.
    """

    diffusivity: float
    excess: float
    surface_length: float

    def __post_init__(self) -> None:
        positive("diffusivity", self.diffusivity, "m2 s-1")
        positive("excess", self.excess)
        positive("surface_length", self.surface_length, "m")

    @property
    def rate_constant(self) -> float:
        """Quasi-steady rate constant K = A D_II [m2 s-1]."""
        return self.excess * self.diffusivity

    def exact(self, time: ArrayLike) -> FloatArray:
        """Thickness h0 [m] of the shell at the fed edge at `time` [s]."""
        return np.sqrt(2.0 * self.rate_constant * values("time", time, "s"))

    def length(self, time: ArrayLike) -> FloatArray:
        """Reach L [m] of the shell along the surface at `time` [s]."""
        return np.sqrt(6.0 * self.surface_length * self.exact(time))

    def validity(self, time: ArrayLike) -> FloatArray:
        """Ratio h0/l [1] at `time` [s]; the error of the thickness is about 0.3 of it."""
        return self.exact(time) / self.surface_length

    def _remaining(self, position: ArrayLike, time: ArrayLike) -> FloatArray:
        """1 - x/L [1], zero beyond the reach."""
        metres = values("position", position, "m")
        reach = self.length(time)
        covered = metres < reach
        return np.where(covered, 1.0 - metres / np.where(covered, reach, 1.0), 0.0)

    def thickness(self, position: ArrayLike, time: ArrayLike) -> FloatArray:
        """Shell thickness [m] at `position` [m] along the surface and `time` [s], broadcast."""
        return (self.exact(time) * np.square(self._remaining(position, time)))[()]

    def surface_concentration(self, position: ArrayLike, time: ArrayLike) -> FloatArray:
        """Excess of the surface over that of the fed edge [1] at `position` [m] and `time` [s], broadcast."""
        return (self._remaining(position, time) ** 3)[()]
