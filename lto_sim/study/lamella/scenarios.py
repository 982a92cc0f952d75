"""The scenario of a case: specimen, surfaces, scan, and for how long it runs."""

from __future__ import annotations

import math
from typing import Any, Final

from lto_sim.constants import EV_PER_MOLE
from lto_sim.kinetics.corrections import true_rate
from lto_sim.scenario import Scenario
from lto_sim.study.lamella.case import PARTICLE, REFERENCE, Case

__all__ = ["case_scenario"]

_POTENTIAL: Final = {"extraction": 1.6, "insertion": 0.4}
_START: Final = {"extraction": 1.0, "insertion": 0.0}
_LONGER: Final = 1.15
"""Time of a run over that of a planar front: the parent is not saturated at first."""
_STATES: Final = 150
_FULL, _EMPTY = 0.9, 0.04


def case_scenario(case: Case) -> Scenario:
    """Scenario of a case.

    Raises
    ------
    InputError
        A value that the scenario refuses.
    """
    start, end, width = case.profile
    scenario = Scenario.from_dict({
        "title": f"Li {case.direction} at {case.temperature_degC:g} degC",
        "material": "lto",
        "temperature": case.kelvin,
        "initial": _START[case.direction],
        "specimen": {
            "outline": {"shape": "rectangle", "width": PARTICLE[0], "height": case.height},
            "thickness": case.thickness, "cell": case.cell, "layers": case.layers, "symmetry": True,
        },
        "contacts": {"lps": {"where": {"side": "left"}}},
        "drive": [{"hold": _POTENTIAL[case.direction], "until": {"time": 1.0}}],
        "profile": [{"start": start, "end": end, "width": width}],
        "output": {"restart": "none"},
        "seed": case.seed,
    })  # fmt: skip
    energy = scenario.material.D_Li7.Ea if case.bulk_Ea_eV is None else case.bulk_Ea_eV * EV_PER_MOLE
    values: dict[str, Any] = {
        "material.D_Li7": {"at": case.diffusivity, "reference": REFERENCE, "Ea": energy}
    }
    conducts = _surface(case, energy)
    scenario = scenario.with_values(values | ({"surface": conducts} if conducts else {}))
    return scenario.with_values(_timing(case, true_rate(scenario).k))


def _surface(case: Case, bulk_energy: float) -> dict[str, Any]:
    energies = {"faces": case.faces_Ea_eV, "perimeter": case.perimeter_Ea_eV}
    at = {"faces": case.faces, "perimeter": case.perimeter}
    return {
        name: {
            "at": at[name], "reference": REFERENCE, "Ea": bulk_energy if own is None else own * EV_PER_MOLE
        }
        for name, own in energies.items() if at[name] > 0.0
    }  # fmt: skip


def _timing(case: Case, k: float) -> dict[str, Any]:
    """Duration, saved states and scan, from the front's own pace."""
    frames = math.ceil(_LONGER * case.field**2 / (2.0 * k) / case.frame_time)
    duration = frames * case.frame_time
    ends = ("li_fraction", _FULL) if case.direction == "insertion" else ("li_fraction", _EMPTY)
    columns, rows = (max(round(side / case.pixel), 1) for side in (PARTICLE[0], case.height))
    part = case.height / PARTICLE[1]
    scan: dict[str, Any] = {
        "pixels": [columns, rows],
        "period": math.ceil(frames / case.most_frames) * case.frame_time,
        "order": "columns" if case.columns else "rows",
        "frame_time": case.frame_time if case.columns else part * case.frame_time,
    }
    if case.columns:
        scan["flyback"] = (1.0 - part) * case.frame_time / columns
    return {
        "drive.0.until": {"time": duration, ends[0]: ends[1]},
        "output.every": duration / _STATES,
        "scan": scan,
    }
