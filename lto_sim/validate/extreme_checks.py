"""Values far from the usual: all run, keep the balance and the bounds of x, and end where they must.

Only D t/L^2 and the ratio of the diffusivities matter, hence the content at the end is that of the same run
at usual values.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.scenario import Scenario
from lto_sim.transport import simulate
from lto_sim.validate.invariance_checks import quality_rows
from lto_sim.validate.section import Check, worst_row
from lto_sim.validate.table import Row

__all__ = ["extreme_checks"]

Floats = NDArray[np.float64]

_CELLS: Final = (1e-9, 1e-6)
_USUAL_CELL = 1e-8
_DIFFUSIVITIES: Final = (
    ((1e-22, 1e-22), (1e-14, 1e-14)), ((1e-8, 1e-8), (1e-14, 1e-14)), ((1e-10, 1e-20), (1e-13, 1e-19)),
    ((1e-20, 1e-10), (1e-19, 1e-13)),
)  # fmt: skip
"""Of Li4 and of Li7 [m2 s-1], and usual ones of the same answer.

A parent 1e10 times faster is as good as one 1e6 times faster: both are saturated before the front moves.
"""

_BODIES: Final[tuple[tuple[int, int, dict[str, Any]], ...]] = (
    (12, 8, {"side": "left", "from": 1.0, "to": 4.4}), (12, 1, {"side": "left"}), (1, 12, {"side": "left"}),
    (1, 1, {"side": "left"}),
)  # fmt: skip
"""Cells along x and y, and the contact, its ends in cells: a plane, rows along and across, one cell."""

_CONTENT_LIMIT = 1e-3  # the steps follow round-off, and the content to the accuracy of a step
_EXCESS = 0.05 / 0.9
_HOLD: Final = {0.0: 0.4, 1.0: 1.6}


def extreme_checks(quick: bool) -> Sequence[Check]:
    """Every pair of diffusivities with every size of cell, on every body, in both directions."""
    cases = itertools.product(_DIFFUSIVITIES, _CELLS)
    return [*(partial(_rows, *case, cell) for case, cell in cases), _paths_rows]


def _rows(pair: tuple[float, float], usual: tuple[float, float], cell: float) -> list[Row]:
    scenarios, references = _scenarios(pair, cell), _scenarios(usual, _USUAL_CELL)
    runs = [simulate(scenario) for scenario in scenarios]
    name = f"D {pair[0]:g}, {pair[1]:g} m2/s, cell {cell * 1e9:g} nm, 1 to 12 x 8 cells"
    found = np.array([float(run["li_fraction"][-1].mean()) for run in runs])
    wanted = np.array([float(simulate(scenario)["li_fraction"][-1].mean()) for scenario in references])
    return [
        *quality_rows(name, runs),
        worst_row(f"content, {name}", found / wanted - 1.0, _CONTENT_LIMIT, wanted),
    ]


def _scenarios(pair: tuple[float, float], cell: float) -> list[Scenario]:
    return [
        _scenario(*pair, cell, columns, lines, where, start)
        for columns, lines, where in _BODIES
        for start in _HOLD
    ]


def _paths_rows() -> list[Row]:
    """Wall and faces beside the bulk, a nanometre thick and a million times as fast as the bulk."""
    law = {"reference": 348.15, "Ea": 0.0}
    runs = []
    for D in (1e-22, 1e-8):
        surface = {"perimeter": {"at": 1e-3 * D, **law}, "faces": {"at": 1e-9 * D, **law}}
        scenario = _scenario(D, D, 1e-9, 12, 1, {"side": "left"}, 0.0)
        runs.append(simulate(scenario.with_values({"surface": surface})))
    return quality_rows("D 1e-22, 1e-8 m2/s, delta*D_s/D 1 mm along the wall, 1 nm along the faces", runs)


def _scenario(
    D_Li4: float, D_Li7: float, cell: float, columns: int, lines: int, where: dict[str, Any], start: float
) -> Scenario:
    """Return a particle that is about half full, or empty, at the end."""
    growing, parent = (D_Li7, D_Li4) if start == 0.0 else (D_Li4, D_Li7)
    way = 0.5 * columns * cell
    duration = way**2 * (1.0 / (2.0 * _EXCESS * growing) + 1.0 / parent)
    if parent < growing:  # the growing phase is done long before its parent is saturated
        duration = 0.1 * way**2 / growing
    place = {key: value * cell if isinstance(value, float) else value for key, value in where.items()}
    law = {"reference": 348.15, "Ea": 0.0}
    return Scenario.from_dict({
        "material": {"D_Li4": {"at": D_Li4, **law}, "D_Li7": {"at": D_Li7, **law}},
        "temperature": 348.15, "initial": start,
        "drive": [{"hold": _HOLD[start], "until": {"time": duration}}],
        "specimen": {
            "outline": {"shape": "rectangle", "width": columns * cell, "height": lines * cell},
            "thickness": 1e-7, "cell": cell,
        },
        "contacts": {"lps": {"where": place}}, "output": {"max_states": 2},
    })  # fmt: skip
