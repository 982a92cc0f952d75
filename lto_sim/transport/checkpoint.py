"""What a run is continued from: everything between two steps that the steps after depend on.

A run that is continued takes the same steps as one that was never interrupted, so that both agree to
round-off, not to the accuracy of a step: composition and surface excess are kept in double precision, and
with them the size of the next step, the state of the circuit, the ledger of every contact and what the drive
step in hand remembers of its beginning. Checkpoints are written beside the saved states of a run, in
variables that begin with ``restart_``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.provenance import named

__all__ = ["Checkpoint", "checkpoint_at", "checkpoint_variables"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """State of a run between two steps.

    Parameters
    ----------
    x : Composition of every computed cell, flat.
    excess : Excess of every surface element [li fraction].
    interface : Potential behind the ohmic drop of every contact [V].
    first_interface : The same at the start of the run [V].
    current : Current of lithium through every contact in the last step [A].
    conductance : Estimate of the conductance matrix [ohm-1], flat; 0 where there is none.
    total, lost : Ledger of every contact, sum and compensation [m3 of li fraction].
    signals : Signals of the circuit after the last step.
    time, next_step, last_step : Time [s], proposed size of the next step and size of the last one [s].
    potential : Shared potential [V].
    leg, leg_steps, leg_start, leg_potential, leg_scale : Drive step: number, steps taken in it, start [s],
        the potential before it [V], and the excess that its changes are measured by [li fraction].
    lithium_at_start : Inventory at the start of the run [m3 of li fraction].
    """

    x: Floats
    excess: Floats
    interface: Floats
    first_interface: Floats
    current: Floats
    conductance: Floats
    total: Floats
    lost: Floats
    signals: Floats
    time: float
    next_step: float
    last_step: float
    potential: float
    leg: int
    leg_steps: int
    leg_start: float
    leg_potential: float
    leg_scale: float
    lithium_at_start: float


_DIMS = {
    "x": "computed_cell", "excess": "element", "interface": "contact", "first_interface": "contact",
    "current": "contact", "conductance": "contact_pair", "total": "contact", "lost": "contact",
    "signals": "signal",
}  # fmt: skip
_UNITS = {
    "x": "1", "excess": "1", "interface": "V", "first_interface": "V", "current": "A", "conductance": "ohm-1",
    "total": "m3", "lost": "m3", "signals": "V", "time": "s", "next_step": "s", "last_step": "s",
    "potential": "V", "leg": "1", "leg_steps": "1",
    "leg_start": "s", "leg_potential": "V", "leg_scale": "1", "lithium_at_start": "m3",
}  # fmt: skip
_PREFIX = "restart_"


def checkpoint_variables(checkpoints: list[Checkpoint | None]) -> dict[str, object]:
    """Variables of a run, on the ``restart_state`` dimension, of the checkpoints that were kept."""
    kept = [(number, entry) for number, entry in enumerate(checkpoints) if entry is not None]
    if not kept:
        return {}
    states = np.array([number for number, _ in kept], dtype=np.int32)
    data: dict[str, object] = {
        f"{_PREFIX}state": (("restart_point",), states, named("1", "saved state that it leads to")),
    }
    for name, unit in _UNITS.items():
        values = np.array([np.ravel(getattr(entry, name)) for _, entry in kept])
        label = named(unit, f"for continuing the run: {name.replace('_', ' ')}")
        if name in _DIMS:
            if values.shape[1]:
                data[_PREFIX + name] = (("restart_point", _DIMS[name]), values, label)
        else:
            data[_PREFIX + name] = (("restart_point",), values[:, 0], label)
    return data


def checkpoint_at(run: xr.Dataset, time: float | None) -> Checkpoint:
    """Return the checkpoint of the saved state nearest to `time` [s]; the last one without.

    Raises
    ------
    InputError
        A run without checkpoints, or a time at which none was kept.
    """
    if f"{_PREFIX}state" not in run:
        raise InputError(
            "restart", "a run without restart data", "a run made with output.restart = all or last",
            "run it again with that",
        )  # fmt: skip
    saved = run["time"].values[run[f"{_PREFIX}state"].values]
    slack = 1e-9 * float(saved[-1])
    if time is not None and not saved[0] - slack <= time <= saved[-1] + slack:
        raise InputError(
            "restart time", time, f"a saved state from {saved[0]:g} to {saved[-1]:g} s",
            "output.restart = all keeps every one",
        )  # fmt: skip
    point = saved.size - 1 if time is None else int(np.abs(saved - time).argmin())
    values: dict[str, Any] = {}
    for name in _UNITS:
        if _PREFIX + name not in run:
            values[name] = np.empty(0)
            continue
        entry = run[_PREFIX + name].values[point]
        if name in _DIMS:
            values[name] = np.array(entry, dtype=np.float64)
        else:
            values[name] = int(entry) if name in {"leg", "leg_steps"} else float(entry)
    return Checkpoint(**values)
