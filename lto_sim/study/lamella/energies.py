"""Activation energies of bulk and faces in parallel: the Ea of k they give, and what Table 1 leaves to D_Li7.

    k(T) = k_ref [(1 - f) exp(-E_b u) + f exp(-E_s u)],    u = 1/(k_B T) - 1/(k_B T_ref)

with f the share of the faces at the middle temperature T_ref, E_b and E_s the activation energies of D_Li7
and of the faces. At T_ref the slope is Ea = (1 - f) E_b + f E_s; over the six temperatures the line bends
towards the larger of the two on the hot side. Holds for the mean front (`lto_sim.exact.thin_lamella`) with
windows that do not change with temperature.

Source: derived for this package from `lto_sim.exact.thin_lamella`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.optimize import least_squares

from lto_sim.constants import BOLTZMANN, ELEMENTARY_CHARGE, ZERO_CELSIUS
from lto_sim.errors import InputError
from lto_sim.kinetics import fit_arrhenius, published_table
from lto_sim.kinetics.corrections import true_rate
from lto_sim.study.lamella.case import REFERENCE, Case, table_diffusivity
from lto_sim.study.lamella.scenarios import case_scenario

__all__ = ["BulkBehind", "apparent_energy", "bulk_behind_table", "parallel_rates", "simulated_energies"]

Floats = NDArray[np.float64]

_KELVIN_PER_EV: Final = ELEMENTARY_CHARGE / BOLTZMANN


@dataclass(frozen=True)
class BulkBehind:
    """What Table 1 of insertion leaves to the bulk, if the faces carry a share of it.

    Parameters
    ----------
    share : Share of the faces at the middle temperature.
    faces_Ea_eV : Their activation energy [eV].
    bulk_Ea_eV, bulk_Ea_eV_std : Activation energy of D_Li7 that fits the table best, and its deviation [eV].
    D_Li7 : D_Li7 at the middle temperature [m2 s-1].
    faces : delta*D of one face there, at the thickness given [m3 s-1].
    scatter : Root of the mean squared residual of ln k, four degrees of freedom.
    p_value : Probability [1], of an F test of that against the scatter about a straight line, as if the two
        were independent: small where the sum of two activated terms bends more than the points do.
    """

    share: float
    faces_Ea_eV: float
    bulk_Ea_eV: float
    bulk_Ea_eV_std: float
    D_Li7: float
    faces: float
    scatter: float
    p_value: float


def parallel_rates(temperature: ArrayLike, share: float, bulk_Ea_eV: float, faces_Ea_eV: float) -> Floats:
    """K over that at the middle temperature, of bulk and faces in parallel.

    Parameters
    ----------
    temperature : Temperatures [K], of any shape.
    share : Share of the faces at the middle temperature, 0 to 1.
    bulk_Ea_eV, faces_Ea_eV : Activation energies [eV].

    Returns
    -------
    ndarray
        The ratio [1], in the shape of `temperature`.

    Raises
    ------
    InputError
        A share outside 0 to 1.
    """
    if not 0.0 <= share <= 1.0:
        raise InputError("share", share, "0 to 1", "share of k that the faces carry at 75 degC")
    u = _KELVIN_PER_EV * (1.0 / np.asarray(temperature, dtype=np.float64) - 1.0 / REFERENCE)
    return np.asarray((1.0 - share) * np.exp(-bulk_Ea_eV * u) + share * np.exp(-faces_Ea_eV * u))


def apparent_energy(share: float, bulk_Ea_eV: float, faces_Ea_eV: float) -> float:
    """Ea [eV] of ln k over the six temperatures of Table 1.

    Parameters
    ----------
    share : Share of the faces at the middle temperature, 0 to 1.
    bulk_Ea_eV, faces_Ea_eV : Activation energies [eV].

    Returns
    -------
    ndarray
        The ratio [1], in the shape of `temperature`.

    Raises
    ------
    InputError
        A share outside 0 to 1.
    """
    temperature = published_table("insertion").temperature
    return fit_arrhenius(temperature, parallel_rates(temperature, share, bulk_Ea_eV, faces_Ea_eV)).Ea_eV


@cache
def _rate_over_diffusivity() -> float:
    """Wagner's k over D_Li7 on insertion, for the windows of the material."""
    return true_rate(case_scenario(Case())).k_bulk / table_diffusivity()


def bulk_behind_table(share: float, faces_Ea_eV: float, thickness: float = 150e-9) -> BulkBehind:
    """Fit bulk and faces in parallel to Table 1 of insertion, points of ln k with equal weight as published.

    Parameters
    ----------
    share : Share of the faces at the middle temperature, 0 to below 1; it is assumed, not fitted.
    faces_Ea_eV : Their activation energy [eV]; assumed too.
    thickness : Active thickness of the lamella [m].

    Returns
    -------
    BulkBehind
        Activation energy and D_Li7 that are left to the bulk.

    Raises
    ------
    InputError
        A share outside 0 to below 1, an energy below 0, a thickness that is not positive.
    """
    if not 0.0 <= share < 1.0:
        raise InputError("share", share, "0 to below 1", "the bulk carries some lithium")
    if not (math.isfinite(faces_Ea_eV) and faces_Ea_eV >= 0.0):
        raise InputError("faces_Ea_eV", faces_Ea_eV, ">= 0 eV", "give electronvolts")
    if not (math.isfinite(thickness) and thickness > 0.0):
        raise InputError("thickness", thickness, "> 0 m", "150 nm is 150e-9")
    table = published_table("insertion")
    line = fit_arrhenius(table.temperature, table.k)

    def misfit(p: Floats) -> Floats:
        shape = parallel_rates(table.temperature, share, float(p[1]), faces_Ea_eV)
        return np.asarray(np.log(table.k / shape) - p[0])

    middle = float(line.predict([REFERENCE])[0])
    found = least_squares(misfit, np.array([math.log(middle), line.Ea_eV]))
    freedom = table.k.size - 2
    variance = 2.0 * float(found.cost) / freedom
    slopes = np.asarray(found.jac, dtype=np.float64)
    covariance = variance * np.linalg.inv(slopes.T @ slopes)
    straight = float((line.residuals**2).sum()) / freedom
    k_bulk = (1.0 - share) * math.exp(float(found.x[0]))
    diffusivity = k_bulk / _rate_over_diffusivity()
    return BulkBehind(
        share, faces_Ea_eV, float(found.x[1]), math.sqrt(float(covariance[1, 1])), diffusivity,
        0.5 * thickness * share / (1.0 - share) * diffusivity, math.sqrt(variance),
        float(stats.f.sf(variance / straight, freedom, freedom)) if share > 0.0 else 0.5,
    )  # fmt: skip


def simulated_energies(table: xr.Dataset) -> dict[tuple[float, float], dict[str, float]]:
    """Ea [eV] of the readings of simulated insertions, by share at 75 degC and Ea of the faces [eV].

    Parameters
    ----------
    table : From `apparent_rates` of `energy_cases`.
    """
    pairs = sorted({*zip(table["surface_length"].values, table["faces_Ea_eV"].values, strict=True)})
    found: dict[tuple[float, float], dict[str, float]] = {}
    for length, energy in pairs:
        chosen = (table["surface_length"] == length) & (table["faces_Ea_eV"] == energy)
        own = table.sel(case=chosen)
        kelvin = own["temperature_degC"].values + ZERO_CELSIUS
        share = 2.0 * length / (2.0 * length + float(own["thickness"][0]))
        found[round(float(share), 6), float(energy)] = {
            name: fit_arrhenius(kelvin, own[name].values).Ea_eV for name in ("k_mean", "k_step", "k_expected")
        }
    return found
