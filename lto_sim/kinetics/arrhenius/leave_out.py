"""Ea without each temperature in turn: how much of it hangs on one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.kinetics.arrhenius.line import ArrheniusFit
from lto_sim.kinetics.arrhenius.observations import temperature_groups

__all__ = ["LeaveOneOut", "leave_one_out"]


@dataclass(frozen=True, eq=False)
class LeaveOneOut:
    """Activation energies without one temperature each.

    Parameters
    ----------
    temperature : The temperature left out, rising [K], shape (n,).
    Ea_eV, Ea_eV_std : Without it, shape (n,) [eV]; NaN where the rest does not make a line.
    change : (Ea without - Ea with all)/(deviation of Ea with all) [1], shape (n,).
    """

    temperature: NDArray[np.float64]
    Ea_eV: NDArray[np.float64]
    Ea_eV_std: NDArray[np.float64]
    change: NDArray[np.float64]

    @property
    def largest(self) -> tuple[float, float]:
        """Temperature [K] whose absence changes Ea most, and the change in deviations of Ea; NaN for none."""
        known = np.flatnonzero(np.isfinite(self.change))
        if not known.size:
            return float("nan"), float("nan")
        worst = known[int(np.abs(self.change[known]).argmax())]
        return float(self.temperature[worst]), float(self.change[worst])


def leave_one_out(fit: ArrheniusFit) -> LeaveOneOut:
    """Repeat `fit` without each temperature in turn.

    Temperatures within 0.5 K of their neighbour are one; where two directions were fitted together it is
    left out of both.
    """
    groups = temperature_groups(fit.temperature)
    rows = []
    for number in range(int(groups.max()) + 1):
        kelvin = fit.temperature[groups == number]
        try:
            rest = fit.without(float(kelvin.min()), float(kelvin.max()))
            rows.append((float(kelvin.mean()), rest.Ea_eV, rest.Ea_eV_std))
        except InputError:
            rows.append((float(kelvin.mean()), np.nan, np.nan))
    temperature, Ea, Ea_std = np.array(rows).T
    scale = max(fit.Ea_eV_std, 1e-12)
    return LeaveOneOut(temperature, Ea, Ea_std, (Ea - fit.Ea_eV) / scale)
