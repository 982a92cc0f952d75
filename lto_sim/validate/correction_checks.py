"""Rate constants corrected by a simulation of the same specimen, beside the ones that were put in.

The "measured" front comes from a finer mesh than the correction's, and the correction's scenario has other
rates by a factor of two: nothing but geometry, ratios and the recording is shared. Noise: 0.25 a pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.kinetics import numbered_profiles, track_front
from lto_sim.kinetics.corrections import CorrectedRate, correct_rate_constant, true_rate
from lto_sim.microscope import render_maps
from lto_sim.reproduce.experiment import Direction, experiment_scenario
from lto_sim.scenario import Scenario
from lto_sim.transport import simulate
from lto_sim.validate.section import Check
from lto_sim.validate.table import Row

__all__ = ["CORRECTION_SEEDS", "CorrectionCase", "correction_cases", "correction_checks", "correction_rows"]

Floats = NDArray[np.float64]

CORRECTION_SEEDS: Final = (1, 2, 3, 4, 5, 6)
"""Seeds of every case; the quick form takes the first two."""

_QUICK: Final = 2
_NOISE = 0.25
_FINE: Final = 12.5e-9
_CELL: Final = 20e-9
_LIMIT = 0.03
_OTHER_RATES: Final = 2.0
_COVERAGES: Final = (0.8, 0.6, 0.4, 0.2)
_WITHIN: Final = (0.64, 0.91)
_FOUND_WITHIN: Final = (0.6, 0.4)
"""Coverages at which the apparent k is to lie within the stated range (extraction)."""
_RADIUS = 0.6e-6
_FACE_LENGTH = 15e-9
"""Conductance of a face over that of the bulk, l [m]; 1 + 2 l/H = 1.2 at 150 nm."""


@dataclass(frozen=True)
class CorrectionCase:
    """A specimen whose apparent k is corrected.

    Parameters
    ----------
    name : What it is.
    measured : Scenario of the recording, on a fine mesh.
    simulated : Scenario of the correction.
    direction : Direction of the front.
    target : Rate constant asked for.
    apparent : Range in which apparent over true is to lie.
    """

    name: str
    measured: Scenario
    simulated: Scenario
    direction: Direction
    target: Any = "planar"
    apparent: tuple[float, float] | None = None


def correction_cases(quick: bool = False) -> list[CorrectionCase]:
    """Partial contacts in both directions, a circle from its perimeter, an arc, conducting faces."""
    coverages = _FOUND_WITHIN if quick else _COVERAGES
    directions: tuple[Direction, ...] = ("extraction",) if quick else ("extraction", "insertion")
    found = [_partial(direction, coverage) for direction in directions for coverage in coverages]
    return [*found, _circle("all"), *([] if quick else [_circle("arc")]), _faces()]


def _case(
    name: str, scenario: Scenario, direction: Direction, cells: tuple[float, float], **more: Any
) -> CorrectionCase:
    """Case on two meshes, the rates of the second one off by a factor."""
    faces = scenario.surface.faces if scenario.surface is not None else None
    rates = {f"material.{d}.at": _OTHER_RATES * getattr(scenario.material, d).at for d in ("D_Li4", "D_Li7")}
    if faces is not None:
        rates["surface.faces.at"] = _OTHER_RATES * faces.at
    measured = scenario.with_values({"specimen.cell": cells[0]})
    simulated = scenario.with_values(rates | {"specimen.cell": cells[1], "maps.noise": _NOISE})
    return CorrectionCase(name, measured, simulated, direction, **more)


def _partial(direction: Direction, coverage: float) -> CorrectionCase:
    within = _WITHIN if direction == "extraction" and coverage in _FOUND_WITHIN else None
    scenario = experiment_scenario(direction, 75.0, coverage=coverage)
    return _case(
        f"{direction}, contact on {coverage:g} of the side",
        scenario,
        direction,
        (_FINE, _CELL),
        apparent=within,
    )


def _circle(where: str) -> CorrectionCase:
    """Circle of 0.6 um: from its whole perimeter, or from a quarter of it around the profile's start."""
    around = 2.0 * np.pi * _RADIUS
    contact = {"side": "all"} if where == "all" else {"arc": [0.375 * around, 0.625 * around]}
    mapping = experiment_scenario("extraction", 75.0).to_dict() | {
        "specimen": {"outline": {"shape": "circle", "radius": _RADIUS}, "thickness": 150e-9},
        "contacts": {"lps": {"where": contact}},
        "profile": [{"start": [0.0, _RADIUS], "end": [0.9 * _RADIUS, _RADIUS], "width": 0.15e-6}],
        "scan": {"frame_time": 0.2, "pixels": [48, 48]},
        "drive": [{"hold": 1.6, "until": {"time": 4.0 if where == "all" else 6.0}}],
    }
    name = "circle from its perimeter" if where == "all" else "circle from a quarter of its perimeter"
    return _case(f"extraction, {name}", Scenario.from_dict(mapping), "extraction", (_FINE, _CELL))


def _faces() -> CorrectionCase:
    """Insertion in a lamella whose faces carry a sixth of k; the bulk's is asked for."""
    mesh = {"specimen.layers": 6, "specimen.symmetry": True}
    scenario = experiment_scenario("insertion", 75.0, overrides=mesh)
    own = scenario.material.D_Li7
    law = {"at": _FACE_LENGTH * own.at, "reference": own.reference, "Ea": own.Ea}
    two = scenario.to_dict()["profile"][1:4:2]
    scenario = scenario.with_values({"surface": {"faces": law}, "profile": two})
    return _case("insertion, faces; k of the bulk", scenario, "insertion", (40e-9, 50e-9), target="bulk")


def correction_checks(quick: bool) -> Sequence[Check]:
    """One check for each specimen."""
    seeds = CORRECTION_SEEDS[:_QUICK] if quick else CORRECTION_SEEDS
    return [partial(correction_rows, case, seeds) for case in correction_cases(quick)]


def correction_rows(case: CorrectionCase, seeds: Sequence[int]) -> list[Row]:
    """Largest error of the corrected k over all seeds, the apparent one, and how many intervals cover."""
    true = true_rate(case.measured, faces=case.target == "planar").k
    run = simulate(case.measured)
    found = [_corrected(case, run, seed) for seed in seeds]
    apparent = np.array([result.k_apparent for result in found]) / true
    errors = np.array([result.k for result in found]) / true - 1.0
    bounds = [result.interval() for result in found]
    missed = sum(not low <= true <= high for low, high in bounds)
    worst = float(errors[np.abs(errors).argmax()])
    width = float(np.median([result.k_std / result.k for result in found]))
    rows = [
        Row(
            f"{case.name}: corrected k [m2/s], std {100 * width:.1f} %",
            true,
            true * (1.0 + worst),
            worst,
            _LIMIT,
        ),
        Row(
            f"{case.name}: 95 % intervals that miss, of {len(found)}",
            0.0,
            missed,
            missed,
            _allowed(len(found)),
        ),
    ]
    middle = float(np.median(apparent))
    if case.apparent is not None:
        low, high = case.apparent
        outside = float(max(low - apparent.min(), apparent.max() - high, 0.0))
        rows.insert(0, Row(f"{case.name}: apparent over true k, {low} to {high}", 1.0, middle, outside, 0.0))
    else:
        rows.insert(0, Row(f"{case.name}: apparent over true k (shown)", 1.0, middle, middle - 1.0, 1.0))
    return rows


def _allowed(fits: int) -> int:
    """Misses that 95 % intervals leave room for: one of six."""
    return 1 if fits >= len(CORRECTION_SEEDS) else 0


def _corrected(case: CorrectionCase, run: Any, seed: int) -> CorrectedRate:
    noise = {"noise": _NOISE, "probe_fwhm": case.measured.maps.probe_fwhm}
    maps = render_maps(run, rng=np.random.default_rng([seed, 8]), **noise)
    front = track_front(maps, numbered_profiles(case.measured.profile), direction=case.direction)
    return correct_rate_constant(front, case.simulated, target=case.target)
