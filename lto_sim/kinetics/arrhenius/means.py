"""A table of means over particles, whose bars are the standard deviation over these particles.

Of n particles, each with its own factor at all temperatures, the mean of ln k scatters about the line by what
the particles do not share only; their own factors move the whole line:

    bar^2 = shared + own,      variance of a mean about the line = own/n (+ what all particles share there)

So the deviation of Ea follows from the scatter of the means about the line (their restricted maximum
likelihood, n_T - 2 degrees of freedom), not from the bars: taken at their word they count the scatter
between particles at every temperature anew, and that of one particle instead of a mean. ``shared`` is what
the bars hold beyond n times the scatter of the means. As few means tell the two apart badly, the level of the
line (k0, bands) is given the larger variance, bar^2/n, which is right where all of the bar is shared; it has
n - 1 degrees of freedom.

Assumed: the same n particles at every temperature; factors that do not depend on temperature (the same Ea in
all particles); one scatter at all temperatures, so that the relative bars are so many estimates of one number
and are pooled (``pooled=False``: the relative bars weight the points instead). A mean of k instead of ln k
moves k0 by half of bar^2, and Ea not at all.

Source: derived for this package.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from lto_sim.errors import InputError
from lto_sim.kinetics.arrhenius.line import ArrheniusFit, fit_line, quantile
from lto_sim.kinetics.arrhenius.observations import BOLTZMANN_EV

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lto_sim.kinetics.arrhenius.observations import Observations

__all__ = ["MeansFit", "fit_means"]


@dataclass(frozen=True, eq=False, kw_only=True)
class MeansFit(ArrheniusFit):
    """A line through means over particles.

    It has all that an :class:`ArrheniusFit` has, and the parameters below.

    Parameters
    ----------
    particles : Number n of particles behind every mean.
    bar_std : Root mean square of the relative bars: scatter of ln k between particles at one temperature
        [1].
    shared_std : The part of it that a particle has at all temperatures alike [1]; 0 where the bars hold no
        more than the scatter of the means.
    own_std : The part of it that it does not [1]: sqrt(n) times the scatter of the means.
    centre : 1/(k_B T) [1/eV] at which level and Ea are independent.
    """

    particles: int
    bar_std: float
    shared_std: float
    own_std: float
    centre: float

    @property
    def notes(self) -> tuple[str, ...]:
        """What is assumed, in words."""
        notes = [
            f"the bars are the scatter of {self.particles} particles, the same at all temperatures and with "
            "one Ea: what a particle has at all temperatures alike moves k0, not Ea",
        ]
        if self.shared_std == 0.0:
            notes.append(
                "the means scatter about the line by as much as the bars allow, or more: something common to "
                "all particles at one temperature may be in it"
            )
        return tuple(notes)

    def _half_width(self, kelvin: NDArray[np.float64], level: float) -> NDArray[np.float64]:
        return self._widths(kelvin, level, 0.0)

    def _prediction_half_width(self, kelvin: NDArray[np.float64], level: float) -> NDArray[np.float64]:
        return self._widths(kelvin, level, self.scatter)

    def _widths(self, kelvin: NDArray[np.float64], level: float, new: float) -> NDArray[np.float64]:
        """Half width with the variance of a new particle; degrees of freedom of the sum by Satterthwaite."""
        offset = 1.0 / (BOLTZMANN_EV * kelvin) - self.centre
        of_slope = (offset * self.Ea_eV_std) ** 2
        of_level = np.full_like(offset, self.scatter / self.particles + new)
        total = of_slope + of_level
        dof = total**2 / (of_slope**2 / self.dof + of_level**2 / (self.particles - 1))
        factors = np.array([quantile(level, float(value)) for value in dof.ravel()]).reshape(dof.shape)
        return np.asarray(factors * np.sqrt(total))


def fit_means(data: Observations, *, particles: int, pooled: bool = True) -> MeansFit:
    """Fit a line to means over particles.

    Parameters
    ----------
    data : Means with bars, of one line.
    particles : Number n of particles behind every mean, two or more.
    pooled : Weight all temperatures alike; else by the bars.

    Raises
    ------
    InputError
        No bars, or fewer than two particles.
    """
    relative = data.relative_std
    if relative is None:
        raise InputError("k_std", None, "the standard deviation over particles", "give the bars")
    if isinstance(particles, bool) or not isinstance(particles, int) or particles < 2:
        raise InputError(
            "bars_over_particles", particles, "a whole number, 2 or more", "give the number of particles"
        )
    square = float(np.mean(relative**2))
    rate_std = None if pooled else data.rate_std
    line = fit_line(data.with_deviations(rate_std), absolute_sigma=False)
    own = particles * line.reduced_chi_square * (1.0 if pooled else square)
    weight = np.ones_like(data.rate) if pooled else relative**-2
    centre = float(np.average(data.inverse, weights=weight))
    scatter = max(square, own)
    of_Ea = line.Ea_eV_std**2
    covariance = of_Ea * np.array([[centre**2, centre], [centre, 1.0]])
    covariance[0, 0] += scatter / particles
    return MeansFit(
        Ea_eV=line.Ea_eV,
        Ea_eV_std=line.Ea_eV_std,
        k0=line.k0,
        ln_k0_std=math.sqrt(covariance[0, 0]),
        covariance=covariance,
        dof=line.dof,
        reduced_chi_square=own / square,
        residuals=line.residuals,
        temperature=data.kelvin,
        k=data.rate,
        k_std=data.rate_std,
        scatter=scatter,
        weights=None,
        data=data,
        recipe=partial(fit_means, particles=particles, pooled=pooled),
        particles=particles,
        bar_std=math.sqrt(square),
        shared_std=math.sqrt(max(square - own, 0.0)),
        own_std=math.sqrt(own),
        centre=centre,
    )
