"""What must hold in every kind of drive: lithium is charge, and a restart changes nothing."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import xarray as xr

from lto_sim.constants import FARADAY
from lto_sim.scenario import Scenario
from lto_sim.transport import simulate

__all__ = ["CIRCUITS", "DRIVES", "drive_errors", "ledger_error", "restart_error"]

DRIVES: Final[dict[str, list[dict[str, Any]]]] = {
    "hold": [{"hold": 1.6, "until": {"time": 2.0}}],
    "current": [{"current": 2e-12, "until": {"potential": 1.9}}],
    "current, rest": [{"current": 2e-12, "until": {"time": 8.0}}, {"rest": True, "until": {"time": 10.0}}],
    "sweeps": [{"sweep": {"from": 1.6, "to": 0.4, "rate": 0.2}}, {"sweep": {"to": 1.6, "rate": 0.2}}],
    "constant current, constant voltage": [
        {"current": 4e-12, "until": {"potential": 1.3}}, {"hold": 1.3, "until": {"current": 1e-12}},
    ],
    "GITT": [{"gitt": {"current": 2e-12, "pulse": 1.0, "rest": 2.0, "pulses": 3}}],
    "PITT": [{"pitt": {"from": 0.98, "to": 1.0, "step": 0.01, "until": {"time": 2.0}}}],
}  # fmt: skip
"""Drives [V, A, s] of a small particle at 75 degC that begins as Li7Ti5O12."""

CIRCUITS: Final[dict[str, dict[str, Any]]] = {
    "two contacts": {},
    "two contacts with resistance and double layer": {"resistance": 1e-2, "capacitance": 0.05},
}
"""What the contacts have in series and in parallel [ohm m2, F m-2]."""

_REACTION: Final = {"law": "butler_volmer", "k0": {"at": 1e-9, "reference": 298.15, "Ea": 48242.0}}


def _particle(drive: list[dict[str, Any]], extra: dict[str, Any]) -> Scenario:
    """A disc with a conducting wall, cut cells and a contact on either side, one of them sluggish."""
    slow = _REACTION | {"k0": {"at": 5e-11, "reference": 298.15, "Ea": 57891.0}}
    return Scenario.from_dict({
        "material": "lto", "temperature": 348.15, "initial": 0.99, "drive": drive,
        "specimen": {
            "outline": {"shape": "circle", "centre": [0.25e-6, 0.25e-6], "radius": 0.24e-6},
            "thickness": 1e-7, "cell": 2.5e-8,
        },
        "surface": {"perimeter": {"at": 1e-21, "reference": 303.15, "Ea": 40000.0}},
        "contacts": {
            "active": {"where": {"arc": [0.0, 0.3e-6]}} | _REACTION | extra,
            "sluggish": {"where": {"arc": [0.7e-6, 1.0e-6]}} | slow | extra,
        },
    })  # fmt: skip


def ledger_error(run: xr.Dataset) -> float:
    """Largest mismatch of lithium (inventory) and charge over F (contact fluxes), as part of the charge."""
    charge = run["charge_of_contact"].values.sum(axis=0)
    lithium = run["lithium"].values
    mismatch = (lithium - lithium[0]) * FARADAY + charge
    return float(np.abs(mismatch).max() / np.abs(run["charge_of_contact"].values).max())


def restart_error(scenario: Scenario, run: xr.Dataset, time: float) -> float:
    """Largest difference at the end of a run that is continued: li fraction, [V], part of charge."""
    again = simulate(scenario, restart=run, restart_time=time)
    x = np.abs(again["restart_x"].values[-1] - run["restart_x"].values[-1]).max()
    size = again.sizes["time_fine"]
    late = run["time_fine"].values > again["time_fine"].values[0]
    common = min(int(late.sum()), size - 1)
    potential = np.abs(again["potential"].values[-common:] - run["potential"].values[-common:]).max()
    charge = (
        np.abs(again["charge"].values[-1] - run["charge"].values[-1]) / np.abs(run["charge"].values).max()
    )
    return float(max(x, potential, charge))


def drive_errors(drive: str, circuit: str) -> tuple[float, float]:
    """Ledger and restart error of one of the drives, on contacts with one of the circuits."""
    scenario = _particle(DRIVES[drive], CIRCUITS[circuit])
    run = simulate(scenario)
    middle = float(run["time"].values[(run.sizes["time"] - 1) // 2])
    return ledger_error(run), restart_error(scenario, run, middle)
