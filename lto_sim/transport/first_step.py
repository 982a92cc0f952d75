"""Size of the first step of a leg: what the contacts alone would do to the cells behind them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from lto_sim.transport.grid import Grid
from lto_sim.transport.leg import Leg
from lto_sim.transport.outcome import Electrical
from lto_sim.transport.stepper import Conditions

__all__ = ["first_step"]

Floats = NDArray[np.float64]

_OF_LEG, _OF_CURRENT = 0.01, 1e-4
"""Longest first step as part of the leg: where a potential is held, and where one answers to a current."""


def first_step(
    grid: Grid, x: Floats, leg: Leg, time: float, electrical: Electrical, last_step: float
) -> float:
    """Time [s] in which the contact faces alone would move their cells by the part allowed.

    Parameters
    ----------
    grid, x : The cells and their padded composition.
    leg : The drive step.
    time : Its start [s].
    electrical : State of the circuit before it.
    last_step : Size of the step before it [s]; 0: there is none.
    """
    conditions = leg.conditions(time)
    driven = leg.supply is not None and leg.supply.potential is None
    limit = (_OF_CURRENT if driven else _OF_LEG) * leg.duration
    if math.isinf(limit):
        limit = grid.time_unit(conditions.fastest)
    limit = min(limit, leg.longest_step)
    share = grid.fraction[grid.contact_cell] / (grid.volume[grid.contact_cell] * grid.volume_scale)
    if leg.supply is None or leg.supply.potential is not None:
        rate = float(np.max(_held_flux(grid, x, conditions) * share))
        allowed = leg.controller.front_fraction * conditions.gap
    else:
        # a rest begins with what the current before it left behind
        given = max(abs(leg.supply.given_current), float(np.abs(electrical.current).sum()))
        uptake = given / abs(leg.supply.circuit.to_ampere)
        rate = uptake * float(np.max(grid.contact_area / grid.contact_area.sum() * share))
        scale = leg.controller.change_fraction * leg.controller.excess_scale
        allowed = min(leg.controller.front_fraction * conditions.gap, scale or math.inf)
        if last_step > 0.0 and leg.supply.given_current == 0.0:
            limit = min(limit, last_step)
    return min(limit, allowed / rate) if rate > 0.0 else limit


def _held_flux(grid: Grid, x: Floats, conditions: Conditions) -> Floats:
    """Flux [m3 s-1] into every contact face, its cell as it is."""
    both = (2, grid.contact_cell.size)
    transfer, w_contact = (
        np.broadcast_to(values, both) for values in (conditions.contact_transfer, conditions.contact_excess)
    )
    side = np.where(w_contact[0] < 0.0, 0, 1), np.arange(both[1])
    through = transfer[side] * grid.contact_area
    half = conditions.fastest * grid.contact_conductance * grid.conductance_scale
    series = half / (1.0 + np.where(np.isinf(through), 0.0, half / np.where(through > 0, through, 1.0)))
    series = np.where(through > 0.0, series, 0.0)
    behind = x[grid.contact_cell]
    w = np.minimum(behind - conditions.x_poor, 0.0) + np.maximum(behind - conditions.x_rich, 0.0)
    return np.asarray(series * np.abs(w_contact[side] - w) + np.abs(conditions.imposed_flux))
