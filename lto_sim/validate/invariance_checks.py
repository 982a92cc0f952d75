"""Balance, bounds, symmetry, size of the steps, restart: what holds in every run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import xarray as xr

from lto_sim.scenario import Scenario
from lto_sim.transport import simulate
from lto_sim.validate.invariance_cases import (
    VIEWS,
    end_state,
    partial_contact,
    quality,
    values_that_differ,
)
from lto_sim.validate.section import Check
from lto_sim.validate.table import Row

__all__ = ["balance_checks", "quality_rows", "restart_checks", "step_checks", "symmetry_checks"]

_BALANCE_LIMIT = 1e-12
_WITHOUT_PATHS, _WITH_PATHS = 1e-10, 1e-8
_HOLD: Final = {0.0: 0.4, 1.0: 1.6}
"""Li fraction at the start, and potential [V], of insertion and of extraction."""

_LAW: Final = {"reference": 348.15, "Ea": 0.0}
_BODIES: Final[dict[str, tuple[dict[str, Any], float]]] = {
    "slab": (
        {"specimen": {"outline": {"shape": "slab", "length": 6e-7}, "cell": 1e-8}}, 600.0,
    ),
    "sphere": (
        {
            "specimen": {"outline": {"shape": "sphere", "radius": 4e-7}, "cell": 1e-8},
            "contacts": {"lps": {"where": {"side": "outer"}}},
        },
        100.0,
    ),
    "circle, 3 layers, wall and faces conduct": (
        {
            "specimen": {
                "outline": {"shape": "circle", "radius": 1.2e-7}, "thickness": 6e-8, "cell": 2e-8,
                "layers": 3,
            },
            "surface": {"perimeter": {"at": 1e-21, **_LAW}, "faces": {"at": 1e-23, **_LAW}},
            "contacts": {"lps": {"where": {"arc": [0.0, 1.5e-7]}}},
        },
        100.0,
    ),
    "wedge with dead layers": (
        {
            "specimen": {
                "outline": {"shape": "rectangle", "width": 3e-7, "height": 2e-7},
                "thickness": {"wedge": [8e-8, 1.6e-7], "axis": "y"}, "dead_layer": 1e-8, "cell": 1e-8,
            },
        },
        100.0,
    ),
}  # fmt: skip
"""Bodies beside the one of the symmetries, and how long each fills or empties [s]."""


def quality_rows(name: str, runs: Sequence[xr.Dataset]) -> list[Row]:
    """Worst lithium balance error of some runs, and how many li fractions lay outside [0, 1]."""
    balance, outside = (float(column) for column in np.array([quality(run) for run in runs]).max(axis=0))
    return [
        Row(f"balance error, {name}", 0.0, balance, balance, _BALANCE_LIMIT),
        Row(f"x outside [0, 1], {name}", 0.0, outside, outside, 0.0),
    ]


def balance_checks(quick: bool) -> Sequence[Check]:
    """Lithium balance and bounds, insertion and extraction, of one body after the other."""
    return [_rectangle_rows, *(partial(_body_rows, name) for name in _BODIES)]


def _rectangle_rows() -> list[Row]:
    runs = [
        simulate(partial_contact([{"hold": held, "until": {"time": 200.0}}], initial=start))
        for start, held in _HOLD.items()
    ]
    return quality_rows("rectangle, part of a side fed, wall and boundary conduct", runs)


def _body_rows(name: str) -> list[Row]:
    sections, duration = _BODIES[name]
    runs = [
        simulate(Scenario.from_dict({
            "material": "lto", "temperature": 348.15, "initial": start,
            "drive": [{"hold": held, "until": {"time": duration}}],
            "contacts": {"lps": {"where": {"side": "left"}}}, "output": {"max_states": 2}, **sections,
        }))
        for start, held in _HOLD.items()
    ]  # fmt: skip
    return quality_rows(name, runs)


def symmetry_checks(quick: bool) -> Sequence[Check]:
    """Reflections and rotations of the mesh, idle layers; without and with paths beside the bulk."""
    return [partial(_symmetry_rows, paths) for paths in (False, True)]


def _symmetry_rows(paths: bool) -> list[Row]:
    reference = end_state(paths=paths)
    limit = _WITH_PATHS if paths else _WITHOUT_PATHS
    body = "wall and boundary conduct" if paths else "bulk only"
    rows = []
    for view in list(VIEWS)[1:]:
        error = float(np.abs(end_state(view, paths=paths) - reference).max())
        rows.append(Row(f"largest change of x, {view}, {body}", 0.0, error, error, limit))
    if not paths:
        error = float(np.abs(end_state(layers=4) - reference).max())
        rows.append(Row("largest change of x, four idle layers for one", 0.0, error, error, limit))
    return rows


def step_checks(quick: bool) -> Sequence[Check]:
    """Content with the default steps beside that with much smaller ones, and with a drive in pieces."""
    durations = (40.0,) if quick else (5.0, 40.0, 400.0)
    return [*(partial(_step_rows, duration) for duration in durations), _cut_rows]


def _step_rows(duration: float) -> list[Row]:
    default, fine = (
        float(end_state(start=0.05, duration=duration, front_fraction=part).mean()) for part in (0.25, 0.02)
    )
    name = f"content after {duration:g} s over that with steps of 1/50 cell"
    return [Row(name, fine, default, default / fine - 1.0, 3e-4)]


def _cut_rows() -> list[Row]:
    whole, cut = (float(end_state(cuts=cuts).mean()) for cuts in (1, 7))
    return [Row("content with the drive in seven pieces", whole, cut, cut / whole - 1.0, 1e-3)]


def restart_checks(quick: bool) -> Sequence[Check]:
    """Runs that are continued from a saved state, bit by bit beside the uninterrupted ones."""
    parts = (0.5,) if quick else (0.0, 0.15, 0.35, 0.5, 0.75, 0.95)
    return [partial(_restart_rows, name, part) for name in _RESTARTED for part in parts]


_RESTARTED: Final[dict[str, tuple[list[dict[str, Any]], dict[str, Any]]]] = {
    "hold": ([{"hold": 0.4, "until": {"time": 100.0}}], {}),
    "holds at two temperatures": (
        [
            {"hold": 1.6, "until": {"time": 0.5}}, {"rest": True, "until": {"time": 0.2}},
            {"hold": 0.4, "temperature": 363.15, "until": {"time": 30.0}},
        ],
        {},
    ),
    "sweep, current, Butler-Volmer": (
        [
            {"sweep": {"from": 1.1, "to": 1.3, "rate": 0.4}}, {"current": 3e-14, "until": {"time": 0.5}},
            {"hold": 1.3, "until": {"time": 0.5}},
        ],
        {
            "contacts": {
                "lps": {
                    "where": {"side": "left"}, "law": "butler_volmer", "k0": 5e-9, "resistance": 1e-3,
                    "capacitance": 0.05,
                }
            }
        },
    ),
}  # fmt: skip


def _restart_rows(name: str, part: float) -> list[Row]:
    drive, sections = _RESTARTED[name]
    initial = 0.0 if name == "hold" else 0.985
    scenario = partial_contact(drive, initial=initial).with_values(sections)
    differ = values_that_differ(scenario, part)
    return [Row(f"numbers that differ, restart at {part:g} of the states, {name}", 0.0, differ, differ, 0.0)]
