"""From rate constants over temperature to an activation energy: the one way in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from lto_sim.errors import InputError
from lto_sim.kinetics.arrhenius.hierarchy import HierarchicalFit, lines_of
from lto_sim.kinetics.arrhenius.line import ArrheniusFit, fit_line
from lto_sim.kinetics.arrhenius.means import fit_means
from lto_sim.kinetics.arrhenius.observations import observations

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from lto_sim.kinetics.arrhenius.means import MeansFit

    Labels = Sequence[object] | NDArray[np.generic]

__all__ = ["fit_arrhenius"]


@overload
def fit_arrhenius(
    temperature: ArrayLike,
    k: ArrayLike,
    k_std: ArrayLike | None = None,
    *,
    absolute_sigma: bool = True,
    robust: bool = False,
) -> ArrheniusFit: ...
@overload
def fit_arrhenius(
    temperature: ArrayLike,
    k: ArrayLike,
    k_std: ArrayLike | None = None,
    *,
    absolute_sigma: bool = True,
    particle: Labels,
    profile: Labels | None = None,
    setpoint: bool | None = None,
    own_Ea: bool = False,
    robust: bool = False,
) -> HierarchicalFit: ...
@overload
def fit_arrhenius(
    temperature: ArrayLike,
    k: ArrayLike,
    k_std: ArrayLike | None = None,
    *,
    absolute_sigma: bool = True,
    profile: Labels,
    setpoint: bool | None = None,
    robust: bool = False,
) -> HierarchicalFit: ...
@overload
def fit_arrhenius(
    temperature: ArrayLike, k: ArrayLike, k_std: ArrayLike, *, bars_over_particles: int, pooled: bool = True
) -> MeansFit: ...
def fit_arrhenius(
    temperature: ArrayLike,
    k: ArrayLike,
    k_std: ArrayLike | None = None,
    *,
    absolute_sigma: bool = True,
    particle: Labels | None = None,
    profile: Labels | None = None,
    setpoint: bool | None = None,
    own_Ea: bool = False,
    robust: bool = False,
    bars_over_particles: int | None = None,
    pooled: bool = True,
) -> ArrheniusFit:
    """Fit Ea and k0 to rate constants over temperature.

    Without labels every point stands for itself. With labels of particles (and profiles) the scatter between
    particles, between profiles of one particle, common to all at one temperature, and of single points are
    parameters (:mod:`lto_sim.kinetics.arrhenius.hierarchy`). With `bars_over_particles` the points are means
    over particles and `k_std` their scatter (:mod:`lto_sim.kinetics.arrhenius.means`).

    Parameters
    ----------
    temperature : Temperatures [K], shape (n,): at least three points and two distinct values.
    k : Rate constants, > 0, in any one unit (k0 comes out in it), shape (n,).
    k_std : Standard deviations in the unit of `k`, > 0, shape (n,); None weights all points alike.
    absolute_sigma : Take `k_std` at its word; False scales by the scatter. No effect without `k_std`.
    particle : Name or number of each point's particle, shape (n,).
    profile : Name or number of each point's profile, shape (n,); profiles of two particles are different
        ones.
    setpoint : With labels: fit an error common to all points of a temperature. None where the data can tell
        it and ask for it, True always, False never.
    own_Ea : With particles: let every particle have its own activation energy; Ea is their mean.
    robust : Bend points that lie far off (Huber); without labels `k_std` are then relative weights.
    bars_over_particles : Number of particles over which `k_std` is the standard deviation and `k` the mean.
    pooled : With `bars_over_particles`: weight all temperatures alike; else by the bars.

    Returns
    -------
    ArrheniusFit
        The fitted line with covariance, residuals and bands; a :class:`HierarchicalFit` with labels, a
        :class:`MeansFit` with `bars_over_particles`.

    Raises
    ------
    InputError
        Fewer than three points or no more than parameters, one temperature only, unequal lengths, values not
        finite or not positive, an effect that was asked for and cannot be told, options that exclude another.
    """
    data = observations(temperature, k, k_std, particle=particle, profile=profile)
    labelled = particle is not None or profile is not None
    if bars_over_particles is not None:
        if labelled or robust:
            raise InputError(
                "bars_over_particles", bars_over_particles, "means without labels, not robust",
                "leave out one of them",
            )  # fmt: skip
        return fit_means(data, particles=bars_over_particles, pooled=pooled)
    if not labelled:
        if own_Ea or setpoint:
            name = "own_Ea" if own_Ea else "setpoint"
            raise InputError(name, True, "only with labels of particles", "give particle=...")
        return fit_line(data, absolute_sigma=absolute_sigma, robust=robust)
    return lines_of(data, absolute_sigma=absolute_sigma, setpoint=setpoint, own_Ea=own_Ea, robust=robust)[0]
