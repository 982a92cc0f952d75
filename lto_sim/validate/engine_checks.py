"""The default engine and stepping method beside others on the same grid: front and lithium moved.

FiPy knows nothing of the package's matrices and geometry, super-time-stepping nothing of Newton iterations.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.scenario import Scenario
from lto_sim.transport import simulate
from lto_sim.validate.section import Check, worst_row
from lto_sim.validate.table import Row

__all__ = ["engine_checks", "fronts_in_cells"]

Floats = NDArray[np.float64]

_FRONT_LIMIT = 0.5
_CONTENT_LIMIT = 5e-3

_CASES: Final[dict[str, dict[str, Any]]] = {
    "slab": {
        "specimen": {"outline": {"shape": "slab", "length": 1e-6}, "cell": 2e-8},
        "drive": [{"hold": 1.6, "until": {"time": 4.0}}], "initial": 1.0,
    },
    "cylinder": {
        "specimen": {"outline": {"shape": "cylinder", "radius": 4e-7}, "cell": 1e-8},
        "contacts": {"lps": {"where": {"side": "outer"}}},
        "drive": [{"hold": 0.4, "until": {"time": 60.0}}], "initial": 0.0,
    },
    "sphere": {
        "specimen": {"outline": {"shape": "sphere", "radius": 4e-7}, "cell": 1e-8},
        "contacts": {"lps": {"where": {"side": "outer"}}},
        "drive": [{"hold": 0.4, "until": {"time": 35.0}}], "initial": 0.0,
    },
    "rectangle, partial contact": {
        "specimen": {"outline": {"shape": "rectangle", "width": 6e-7, "height": 4e-7}, "cell": 2e-8},
        "contacts": {"lps": {"where": {"side": "left", "from": 1e-7, "to": 2.5e-7}}},
        "drive": [{"hold": 1.6, "until": {"time": 2.5}}], "initial": 1.0,
    },
}  # fmt: skip
"""Parents that are not saturated, so that both phases conduct; the front is inside to the end."""

_OTHERS: Final[dict[str, dict[str, Any]]] = {
    "FiPy": {"numerics.engine": "fipy"},
    "super-time-stepping": {"numerics.stepper": "super_time_stepping"},
}
"""What the default is laid beside; the columns hold its values as exact ones."""


def engine_checks(quick: bool) -> Sequence[Check]:
    """Every body with FiPy and with super-time-stepping."""
    return [partial(_rows, name, other) for other in _OTHERS for name in _CASES]


def _rows(name: str, other_name: str) -> list[Row]:
    """Front in the row where, and content when, the two are furthest apart; of content, what has moved."""
    scenario = Scenario.from_dict({
        "material": "lto", "temperature": 348.15, "contacts": {"lps": {"where": {"side": "left"}}},
        "output": {"max_states": 11}, **_CASES[name],
    })  # fmt: skip
    native, other = simulate(scenario), simulate(scenario.with_values(_OTHERS[other_name]))
    here, there = fronts_in_cells(native).ravel(), fronts_in_cells(other).ravel()
    at = here.size - 1 - int(np.abs(here - there)[::-1].argmax())
    ours, theirs = (_moved(run) for run in (native, other))
    return [
        Row(
            f"front [cells], {name}, {other_name}", float(there[at]), float(here[at]),
            float(here[at] - there[at]), _FRONT_LIMIT,
        ),
        worst_row(
            f"lithium moved [mol], {name}, {other_name}", ours / theirs - 1.0, _CONTENT_LIMIT, theirs
        ),
    ]  # fmt: skip


def _moved(run: xr.Dataset) -> Floats:
    """Lithium taken up or given off [mol] until each saved state but the first."""
    moved = np.abs(run["lithium"].values - run["lithium"].values[0])
    return np.asarray(np.interp(run["time"].values[1:], run["time_fine"].values, moved))


def fronts_in_cells(run: xr.Dataset) -> Floats:
    """Position of the front in every row at every saved time [cells], (time, y): transformed cells of a row.

    Of a radial body, the distance of the front from its surface.
    """
    step = json.loads(run.attrs["drive_steps"])[-1]
    x = run["li_fraction"].values[:, 0].astype(np.float64)
    part = np.clip((x - step["x_poor"]) / (step["x_rich"] - step["x_poor"]), 0.0, 1.0)
    start = np.round(part[:1])
    transformed = np.abs(part - start)
    if run.attrs["geometry"] == "planar":
        return np.asarray(transformed.sum(axis=2))
    volume = run["cell_volume"].values[0]
    left = ((1.0 - transformed) * volume).sum(axis=2) / volume.sum()
    return np.asarray(run.sizes["x"] * (1.0 - np.cbrt(left)))
