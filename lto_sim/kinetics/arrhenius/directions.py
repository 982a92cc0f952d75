"""Both directions in one fit: a line each, variances shared, and the difference of their Ea."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from lto_sim.errors import InputError
from lto_sim.kinetics.arrhenius.hierarchy import HierarchicalFit, lines_of
from lto_sim.kinetics.arrhenius.line import ArrheniusFit, quantile
from lto_sim.kinetics.arrhenius.observations import codes, observations

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["DirectionsFit", "EnergyDifference", "difference_of_Ea", "fit_directions"]


@dataclass(frozen=True)
class EnergyDifference:
    """Difference of two activation energies.

    Parameters
    ----------
    value_eV, std_eV : The difference and its standard deviation [eV].
    dof : Degrees of freedom of the deviation [1].
    """

    value_eV: float
    std_eV: float
    dof: float

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the Student confidence interval [eV], with probability `level`, 0 to 1."""
        half_width = quantile(level, self.dof) * self.std_eV
        return self.value_eV - half_width, self.value_eV + half_width


@dataclass(frozen=True, eq=False)
class DirectionsFit:
    """A line for each direction, with shared variances.

    Parameters
    ----------
    fits : Direction -> its line, in alphabetical order.
    difference : Ea of the second less Ea of the first.
    """

    fits: Mapping[str, HierarchicalFit]
    difference: EnergyDifference


def fit_directions(
    temperature: ArrayLike,
    k: ArrayLike,
    k_std: ArrayLike | None = None,
    *,
    direction: Sequence[str] | NDArray[np.generic],
    particle: Sequence[object] | NDArray[np.generic] | None = None,
    profile: Sequence[object] | NDArray[np.generic] | None = None,
    absolute_sigma: bool = True,
    setpoint: bool | None = None,
    own_Ea: bool = False,
    robust: bool = False,
) -> DirectionsFit:
    """Fit two directions together.

    Every effect (of a particle, a profile, a temperature) is drawn for each direction on its own, with one
    variance for both: a particle that is fast on extraction need not be so on insertion, and each direction
    has its own error of the set point.

    Parameters
    ----------
    temperature : Temperatures [K], shape (n,).
    k, k_std : Rate constants and their deviations in any one unit, shape (n,).
    direction : One of two names for every point, shape (n,), for example ``extraction`` and ``insertion``.
    particle, profile : Name or number of each point's particle and profile, shape (n,).
    absolute_sigma, setpoint, own_Ea, robust : As in :func:`lto_sim.kinetics.arrhenius.fit_arrhenius`.

    Returns
    -------
    DirectionsFit
        The two lines and the difference of their activation energies.

    Raises
    ------
    InputError
        Not two directions, or what :func:`fit_arrhenius` refuses.
    """
    names, line = codes("direction", direction, np.asarray(temperature, dtype=np.float64).size)
    if len(names) != 2:
        raise InputError("direction", names, "two different names", "use fit_arrhenius for one direction")
    data = observations(temperature, k, k_std, particle=particle, profile=profile, line=line)
    first, second = lines_of(
        data, absolute_sigma=absolute_sigma, setpoint=setpoint, own_Ea=own_Ea, robust=robust
    )
    contrast = second.contrast(0.0, 1.0) - first.contrast(0.0, 1.0)
    reml = first.reml
    difference = EnergyDifference(
        second.Ea_eV - first.Ea_eV, float(np.sqrt(reml.variance(contrast))), reml.dof(contrast)
    )
    return DirectionsFit(MappingProxyType(dict(zip(names, (first, second), strict=True))), difference)


def difference_of_Ea(first: ArrheniusFit, second: ArrheniusFit) -> EnergyDifference:
    """Return Ea of `second` less Ea of `first`, fitted apart; degrees of freedom by Welch."""
    a, b = first.Ea_eV_std**2, second.Ea_eV_std**2
    spread = a**2 / first.dof + b**2 / second.dof
    dof = (a + b) ** 2 / spread if spread > 0.0 else float("inf")
    return EnergyDifference(second.Ea_eV - first.Ea_eV, float(np.sqrt(a + b)), dof)
