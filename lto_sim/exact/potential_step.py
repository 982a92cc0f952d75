"""Diffusion in one phase after a step of the surface or of the flux.

The li fraction obeys dx/dt = D laplace(x) and starts uniform; the slab is blocked at its far end. With L the
thickness or radius, y the distance from the surface over L and tau = D t/L^2,

    semi-infinite (Cottrell)  i = F dc Dx sqrt[D/(pi t)],    charge = 2 i t,
    surface held, slab        x = 1 - 2 sum sin(l y) exp(-l^2 tau)/l,    l = (n + 1/2) pi,
    constant flux, slab       x = (j L/D) [tau + (1-y)^2/2 - 1/6 - 2 sum cos(m y) exp(-m^2 tau)/m^2], m=n pi.

Early profiles are summed over images instead; flux and uptake of all geometries: :mod:`lto_sim.exact._modes`.

======  ========================  ============================================================
symbol  argument                  meaning
======  ========================  ============================================================
D       diffusivity               chemical diffusivity [m2 s-1]
L       length                    thickness of the slab, radius of cylinder and sphere [m]
dc      insertable_concentration  lithium that x from 0 to 1 stands for [mol m-3]
Dx      step                      step of the li fraction at the surface [1]
j       flux                      flux density over dc, positive into the particle [m s-1]
======  ========================  ============================================================

Everything here is positive when lithium enters; the current of a run, positive on oxidation, is the negative.
A step of a contact behind a surface law is in :mod:`lto_sim.exact.surface_law`.

Source: F. G. Cottrell, Z. Phys. Chem. 42 (1903) 385; J. Crank, The Mathematics of Diffusion (Oxford, 1975),
chapters 4 (slab), 5 (cylinder) and 6 (sphere).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from lto_sim.constants import FARADAY
from lto_sim.errors import InputError
from lto_sim.exact import _modes
from lto_sim.exact._checks import FloatArray, positive, values
from lto_sim.exact._collapse import Geometry
from lto_sim.exact.surface_law import LinearSurfaceLaw

__all__ = [
    "ConstantFlux",
    "FiniteDiffusion",
    "LinearSurfaceLaw",
    "cottrell_charge",
    "cottrell_current_density",
]

_IMAGES_UNTIL: Final[float] = 0.1
"""Time tau [1] up to which profiles are summed over images; four of them, or 12 modes, leave no error."""

_IMAGES: Final[FloatArray] = np.arange(4.0)
_COUNT: Final[FloatArray] = np.arange(12.0)


def cottrell_current_density(
    time: ArrayLike, step: float, diffusivity: float, insertable_concentration: float
) -> FloatArray:
    """Current density F dc Dx sqrt[D/(pi t)] [A m-2] into a semi-infinite particle, elementwise.

    Parameters
    ----------
    time : Time since the step [s].
    step : Step Dx of the li fraction at the surface [1].
    diffusivity : Diffusivity D [m2 s-1].
    insertable_concentration : Lithium dc that x from 0 to 1 stands for [mol m-3].

    Raises
    ------
    InputError
        A step that is not finite, or another argument that is not positive.
    """
    seconds = values("time", time, "s", strict=True)
    return 0.5 * cottrell_charge(seconds, step, diffusivity, insertable_concentration) / seconds


def cottrell_charge(
    time: ArrayLike, step: float, diffusivity: float, insertable_concentration: float
) -> FloatArray:
    """Charge 2 F dc Dx sqrt(D t/pi) [C m-2] since the step, elementwise.

    Parameters
    ----------
    time : Time since the step [s].
    step : Step Dx of the li fraction at the surface [1].
    diffusivity : Diffusivity D [m2 s-1].
    insertable_concentration : Lithium dc that x from 0 to 1 stands for [mol m-3].

    Raises
    ------
    InputError
        A negative time, a step that is not finite, or another argument that is not positive.
    """
    depth = np.sqrt(positive("diffusivity", diffusivity, "m2 s-1") * values("time", time, "s") / math.pi)
    density = FARADAY * positive("insertable_concentration", insertable_concentration, "mol m-3")
    return 2.0 * density * values("step", step, "1", above=None) * depth


def _relative_depth(position: ArrayLike, length: float) -> FloatArray:
    metres = values("position", position, "m")
    if bool(np.any(metres > length)):
        raise InputError("position", float(metres.max()), f"0 to {length:g} [m]", "count from the surface")
    return metres / length


@dataclass(frozen=True)
class FiniteDiffusion:
    """Particle whose surface is stepped at time 0 and held; a slab is blocked on its other side.

    Methods are elementwise: a result has the shape of what it is asked for.

    Parameters
    ----------
    geometry : ``slab``, ``cylinder`` or ``sphere``.
    length : Thickness of the slab (half of it where both faces are stepped), or radius L [m].
    diffusivity : Diffusivity D [m2 s-1].

    Raises
    ------
    InputError
        An unknown geometry, or another argument that is not positive.
    """

    geometry: Geometry
    length: float
    diffusivity: float

    def __post_init__(self) -> None:
        _modes.dimension(self.geometry)
        _modes.check_layer(self.length, self.diffusivity)

    def uptake(self, time: ArrayLike) -> FloatArray:
        """Lithium taken up by `time` [s] over its final amount [1], 0 to 1."""
        tau = _modes.relative_time(time, self.length, self.diffusivity)
        return _modes.step_uptake(tau, _modes.dimension(self.geometry))[()]

    def flux(self, time: ArrayLike) -> FloatArray:
        """Flux density over dc Dx [m s-1] at `time` [s]: times F dc Dx it is the current density inward.

        Raises
        ------
        InputError
            A time that is not positive: the flux diverges as time^(-1/2).
        """
        tau = _modes.relative_time(time, self.length, self.diffusivity, strict=True)
        flux = _modes.step_flux(tau, _modes.dimension(self.geometry))[()]
        return flux * (self.diffusivity / self.length)

    def composition(self, position: ArrayLike, time: ArrayLike) -> FloatArray:
        """Change of the li fraction over the step [1] of a slab, `position` [m] from its surface, `time` [s].

        Raises
        ------
        InputError
            A cylinder or a sphere, a position outside the slab, or a time that is not positive.
        """
        if self.geometry != "slab":
            raise InputError(
                "geometry", self.geometry, "slab", "use uptake and flux, which hold for all three"
            )
        y = _relative_depth(position, self.length)[..., None]
        tau = _modes.relative_time(time, self.length, self.diffusivity, strict=True)[..., None]
        wide = 2.0 * np.sqrt(np.minimum(tau, _IMAGES_UNTIL))
        there, back = (2.0 * _IMAGES + y) / wide, (2.0 * _IMAGES + 2.0 - y) / wide
        early = ((-1.0) ** _IMAGES * (special.erfc(there) + special.erfc(back))).sum(axis=-1)
        modes = (_COUNT + 0.5) * math.pi
        decay = np.exp(-np.square(modes) * np.maximum(tau, _IMAGES_UNTIL))
        late: FloatArray = 1.0 - 2.0 * (np.sin(modes * y) / modes * decay).sum(axis=-1)
        return np.where(tau[..., 0] < _IMAGES_UNTIL, early, late)[()]


def _ierfc(z: FloatArray) -> FloatArray:
    """Integral of erfc from `z` to infinity [1]."""
    return np.exp(-np.square(z)) * (1.0 / math.sqrt(math.pi) - z * special.erfcx(z))


@dataclass(frozen=True)
class ConstantFlux:
    """Slab that takes up lithium at a constant rate from time 0, such as in one pulse of a titration (GITT).

    Methods are elementwise: a result has the shape of what it is asked for.

    Parameters
    ----------
    length : Thickness L [m].
    diffusivity : Diffusivity D [m2 s-1].
    flux : Flux density over dc through the surface, positive into the slab [m s-1].

    Raises
    ------
    InputError
        A length or a diffusivity that is not positive, or a flux that is not finite.
    """

    length: float
    diffusivity: float
    flux: float

    def __post_init__(self) -> None:
        _modes.check_layer(self.length, self.diffusivity)
        values("flux", self.flux, "m s-1", above=None)

    def mean(self, time: ArrayLike) -> FloatArray:
        """Change of the mean li fraction [1] by `time` [s]."""
        return self.flux / self.length * values("time", time, "s")

    def surface(self, time: ArrayLike) -> FloatArray:
        """Change of the li fraction at the surface [1] by `time` [s]; 2 flux sqrt[t/(pi D)] at first."""
        return self.composition(0.0, time)

    def composition(self, position: ArrayLike, time: ArrayLike) -> FloatArray:
        """Change of the li fraction [1] at `position` [m] from the surface by `time` [s], broadcast.

        Raises
        ------
        InputError
            A position outside the slab, or a negative time.
        """
        y = _relative_depth(position, self.length)[..., None]
        tau = _modes.relative_time(time, self.length, self.diffusivity)[..., None]
        wide = 2.0 * np.sqrt(np.clip(tau, 1e-300, _IMAGES_UNTIL))
        there, back = (2.0 * _IMAGES + y) / wide, (2.0 * _IMAGES + 2.0 - y) / wide
        early = (wide * (_ierfc(there) + _ierfc(back))).sum(axis=-1)
        modes = (_COUNT + 1.0) * math.pi
        waves = np.cos(modes * y) * np.exp(-np.square(modes) * np.maximum(tau, _IMAGES_UNTIL))
        late = tau[..., 0] + 0.5 * np.square(1.0 - y[..., 0]) - 1.0 / 6.0
        late = late - 2.0 * (waves / np.square(modes)).sum(axis=-1)
        series = np.where(tau[..., 0] < _IMAGES_UNTIL, early, late)
        return (self.flux * self.length / self.diffusivity * np.where(tau[..., 0] > 0.0, series, 0.0))[()]
