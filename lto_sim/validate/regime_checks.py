"""Measures of regime maps beside exact answers: closure of a lamella, k beyond the crossover, exponents.

A lamella is a strip of one row of cells, from the saturated parent where nothing else is said, so that only D
of the growing phase and l = delta*D/D of a face count. Closure is that of a contact that feeds faces only.
Beside it (at H/4, where the corrections of both ends cancel) and, up to h0/l = 0.005, at H closure is laid
beside the shell alone; from H on beside the shell with fronts that meet: `lto_sim.study.regimes.closure`.
At 1.5 H it comes sooner on a finer mesh: at h0/l = 0.1 by 0.028 with 16 layers, by 0.039 with 32.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Final, Literal

from lto_sim.exact import thin_lamella
from lto_sim.kinetics.corrections import true_rate
from lto_sim.scenario import Scenario
from lto_sim.study import RunResult
from lto_sim.study.regimes import closure, closure_time, expected, front_view, regime_measures
from lto_sim.study.regimes.expected import NEAR, THICKNESSES
from lto_sim.transport import simulate
from lto_sim.validate.section import Check
from lto_sim.validate.table import Row

__all__ = ["fed_lamella", "regime_checks", "surface_fed_lamella"]

_D: Final = 1e-16
_TEMPERATURE: Final = 348.15
_X4: Final = 0.05
_STATES: Final = 190
_FURTHER: Final = (1.5, 3.0)
"""Where closure is read beside H/4 and H, in thicknesses."""

_SHELL_ALONE: Final = 0.005
"""Largest h0/l up to which the shell alone is compared at H."""

_USUAL_EXCESS: Final = 0.05 / 0.9
_CLOSURE_LIMIT: Final = 0.05
_RATE_LIMIT: Final = 0.02
_EXPONENT_LIMIT: Final = 0.02


def _strip(
    excess: float, thickness: float, surface_length: float, length: float, layers: int,
    feeds: Literal["both", "surface"],
) -> Scenario:  # fmt: skip
    """Return a strip one cell high, that is held for a second."""
    faces = {"at": surface_length * _D, "reference": _TEMPERATURE, "Ea": 0.0}
    cell = 2.0 * thickness / layers
    return Scenario.from_dict({
        "material": {
            "name": "lto", "windows": {"x4": _X4, "x7": (1.0 + excess * _X4) / (1.0 + excess)},
            "D_Li7": {"at": _D, "reference": _TEMPERATURE, "Ea": 0.0},
            "D_Li4": {"at": 100.0 * _D, "reference": _TEMPERATURE, "Ea": 0.0},
        },
        "temperature": _TEMPERATURE, "initial": _X4,
        "specimen": {
            "outline": {"shape": "rectangle", "width": cell * math.ceil(length / cell), "height": cell},
            "thickness": thickness, "cell": cell, "layers": layers, "symmetry": True,
        },
        "surface": {"faces": faces} if surface_length > 0.0 else {},
        "contacts": {"lps": {"where": {"side": "left"}, "feeds": feeds}},
        "drive": [{"hold": 0.4, "until": {"time": 1.0}}],
        "output": {"restart": "none"},
    })  # fmt: skip


def surface_fed_lamella(
    ratio: float, *, excess: float = _USUAL_EXCESS, layers: int = 8, thickness: float = 100e-9,
    until: float | None = None,
) -> Scenario:  # fmt: skip
    """Lamella whose contact feeds its two faces only, until the mid-plane has closed at 3 H.

    Parameters
    ----------
    ratio : h0/l when it closes beside the contact, (H/2)/l.
    excess : A.
    layers : Cells through the thickness; those along the face are twice as long as thick.
    thickness : H [m].
    until : Time of the run over that at which h0 = H/2; None: see above.
    """
    half = 0.5 * thickness
    length = half / ratio
    reach = math.sqrt(6.0 * length * half) + _FURTHER[-1] * thickness
    scenario = _strip(excess, thickness, length, 1.3 * reach, layers, "surface")
    k = true_rate(scenario).k_bulk
    beside = half**2 / (2.0 * k)
    last = (
        1.05 * closure_time(_FURTHER[-1] * thickness, k, length, thickness)
        if until is None
        else until * beside
    )
    return scenario.with_values(
        {
            "drive.0.until.time": last,
            "output.every": last / _STATES,
            "numerics.front_fraction": 0.1,
        }
    )


def fed_lamella(
    ratio: float, *, initial: float = _X4, layers: int = 6, thickness: float = 150e-9
) -> Scenario:
    """Lamella whose contact feeds bulk and faces, until its mean front is at twice the crossover, or at 10 H.

    Parameters
    ----------
    ratio : l/H of a face.
    initial : Li fraction of the parent at the start; saturated: 0.05.
    layers : Cells through the thickness.
    thickness : H [m].
    """
    surface = ratio * thickness
    end = 2.0 * max(thin_lamella.crossover_length(surface, thickness), 5.0 * thickness)
    length = end + 1.5 * thin_lamella.tip_length(surface, thickness)
    scenario = _strip(_USUAL_EXCESS, thickness, surface, max(length, 1.3 * end), layers, "both")
    last = end**2 / (2.0 * true_rate(scenario).k)
    return scenario.with_values(
        {"initial": initial, "drive.0.until.time": last, "output.every": last / _STATES}
    )


def regime_checks(quick: bool) -> Sequence[Check]:
    """Closure over h0/l and A, k over l/H from a saturated and an empty parent, exponents of a shell."""
    ratios = (0.005, 0.01, 0.05, 0.1) if quick else (0.005, 0.01, 0.02, 0.05, 0.1)
    layers = 8 if quick else 16
    cases = [(ratio, _USUAL_EXCESS, layers) for ratio in ratios]
    lamellae = [(ratio, _X4) for ratio in (0.0, 0.5, 2.0)]
    if not quick:
        cases += [(0.05, 0.01, layers), (0.05, 0.12, layers), (0.05, _USUAL_EXCESS, 8)]
        lamellae += [(0.25, _X4), (1.0, _X4), (3.0, _X4), (0.0, 0.0), (1.0, 0.0)]
    return [
        *(partial(_closure_rows, *case) for case in cases),
        *(partial(_rate_rows, *case) for case in lamellae),
        partial(_exponent_rows, 16),
    ]


def _closure_rows(ratio: float, excess: float, layers: int) -> list[Row]:
    scenario = surface_fed_lamella(ratio, excess=excess, layers=layers)
    run, answers = simulate(scenario), expected(scenario)
    view = front_view(run, scenario)
    case = f"h0/l {ratio:g}, A {excess:.3g}, {layers} layers"
    lamella = (answers.k_bulk, answers.surface_length, view.thickness)
    rows = []
    places = [(NEAR, False), (THICKNESSES, True), *((far, True) for far in _FURTHER)]
    for part, meeting in [*places, (THICKNESSES, False)] if ratio <= _SHELL_ALONE else places:
        place = part * view.thickness
        exact, found = closure_time(place, *lamella, meeting=meeting), closure(view, place)
        name = f"closure at {part:g} H, {'fronts meeting, ' if meeting else ''}{case} [s]"
        rows.append(Row(name, exact, found, found / exact - 1.0, _CLOSURE_LIMIT))
    return rows


def _rate_rows(ratio: float, initial: float) -> list[Row]:
    scenario = fed_lamella(ratio, initial=initial)
    found = regime_measures(RunResult(scenario, simulate(scenario)))
    exact = 1.0 + 2.0 * ratio
    value = found["k_over_bulk"] if found["beyond_crossover"] == 1.0 else math.nan
    name = f"k over that of the bulk, l/H {ratio:g}, from x = {initial:g}"
    return [Row(name, exact, value, value / exact - 1.0, _RATE_LIMIT)]


def _exponent_rows(layers: int) -> list[Row]:
    scenario = surface_fed_lamella(0.05, layers=layers, until=1.0)
    found = regime_measures(RunResult(scenario, simulate(scenario)))
    return [
        Row(f"exponent of the {name} until the mid-plane closes, {layers} layers", exact, found[key],
            found[key] - exact, _EXPONENT_LIMIT)
        for name, key, exact in (("tip", "tip_exponent", 0.25), ("mean front", "front_exponent", 0.75))
    ]  # fmt: skip
