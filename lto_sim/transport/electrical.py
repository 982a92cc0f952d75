"""The electrical side of a run: series of current, charge and potentials, and what was done when.

`current` is the mean since the previous output time (the first: as the second) and `charge` its exact running
sum; positive means oxidation, lithium leaves. `charge_of_contact` is that of lithium alone: its sum over
contacts, over -F, is what the inventory changed by. What double layers took is in `double_layer_charge`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lto_sim.constants import FARADAY
from lto_sim.materials import TwoPhaseMaterial
from lto_sim.provenance import named
from lto_sim.specimen import Mesh
from lto_sim.transport.drive import StepPlan, contact_areas
from lto_sim.transport.loop import LegEnd
from lto_sim.transport.model import Model
from lto_sim.transport.record import FineSeries

__all__ = ["electrical_attributes", "electrical_variables"]

Floats = NDArray[np.float64]


def electrical_variables(series: FineSeries, mesh: Mesh, material: TwoPhaseMaterial) -> dict[str, object]:
    """Series on ``time_fine``, of the particle and of every contact."""
    time = series.times
    to_mol = material.insertable_concentration * mesh.multiplicity
    uptake, contacts = series.uptake, series.uptake.shape[1]
    signals = series.signals
    interface, over, layer = (signals[:, 1 + k * contacts : 1 + (k + 1) * contacts].T for k in range(3))
    faradaic = -FARADAY * to_mol * uptake.T
    lithium_charge = -FARADAY * to_mol * np.array([math.fsum(row) for row in uptake])
    charge = lithium_charge + layer.sum(axis=0)
    both = ("contact", "time_fine")
    fine = ("time_fine",)
    data: dict[str, object] = {
        "time_fine": ("time_fine", time, named("s", "time of the electrical series")),
        "current": (fine, _mean(charge, time), named("A", "mean current since the last time, oxidation > 0")),
        "charge": (fine, charge, named("C", "charge passed, oxidation > 0")),
        "potential": (fine, signals[:, 0], named("V", "potential against In-Li")),
        "lithium": (fine, series.lithium * to_mol, named("mol", "insertable lithium inside")),
        "drive_step": (fine, series.legs, named("1", "step of the drive, groups written out")),
        "charge_of_contact": (both, faradaic, named("C", "charge of lithium through each contact")),
        "current_of_contact": (
            both, _mean(faradaic + layer, time), named("A", "mean current of a contact since the last time")
        ),
        "interface_potential": (both, interface, named("V", "potential without the contact's ohmic drop")),
        "overpotential": (both, over, named("V", "interface minus open-circuit potential of the surface")),
    }  # fmt: skip
    if layer.any():
        data["double_layer_charge"] = (both, layer, named("C", "charge that the double layer has taken"))
    return data


def _mean(charge: Floats, time: Floats) -> Floats:
    """Mean current in the intervals that end at each time; the first interval stands for its start too."""
    if time.size < 2:
        return np.zeros_like(charge)
    current = np.diff(charge, axis=-1) / np.diff(time)
    return np.concatenate([current[..., :1], current], axis=-1)


def electrical_attributes(model: Model, plans: Sequence[StepPlan], ends: Sequence[LegEnd]) -> dict[str, Any]:
    """Capacity, mass and volume of the active part, contact areas, and what every drive step was."""
    volume = math.fsum(model.mesh.volume.ravel()) * model.mesh.multiplicity
    material = model.material
    return {
        "capacity_C": FARADAY * material.insertable_concentration * volume,
        "active_volume_m3": volume,
        "mass_kg": material.density * volume,
        "contact_areas_m2": json.dumps([float(area) for area in contact_areas(model)]),
        "plateau_V": material.plateau_potential,
        "reference_electrode": material.reference_electrode,
        "drive_steps": json.dumps([_what(plans[end.number], model, end) for end in ends]),
    }


def _what(plan: StepPlan, model: Model, end: LegEnd) -> dict[str, Any]:
    x_poor, x_rich = model.material.edges(plan.laws.temperature)
    current = plan.current
    kind = "current" if plan.step.kind == "c_rate" else plan.step.kind
    return {
        "number": end.number,
        "path": plan.step.path,
        "kind": kind,
        "value": None if kind == "rest" else plan.step.value if current is None else current,
        "temperature_K": plan.laws.temperature,
        "start_s": end.start,
        "end_s": end.end,
        "ended_by": end.reason,
        "x_poor": x_poor,
        "x_rich": x_rich,
    }
