"""Extraction and insertion with one set of surfaces side by side, and what became of the insertion front."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.reproduce.case import CaseResult
from lto_sim.reproduce.core_shell import (
    CONTENTS,
    DEFINITIONS,
    PerimeterShell,
    Transformed,
    covered_shares,
    front_spread,
    mean_front,
    perimeter_shell,
    shells,
    states_at,
    transformed,
)
from lto_sim.reproduce.plan import PAIR_LABEL
from lto_sim.scenario import build_material, build_surface

__all__ = [
    "Pair",
    "core_shell_numbers",
    "core_shell_pair",
    "grown",
    "mean_front_points",
    "surface_numbers",
    "wide_fronts",
]

Floats = NDArray[np.float64]

_FRONT_POSITIONS: Final = (0.25e-6, 0.5e-6, 0.75e-6)


@dataclass(frozen=True, eq=False)
class Pair:
    """Both directions at one temperature, on one mesh, with one set of parameters.

    Parameters
    ----------
    extraction, insertion : The runs.
    extracted, inserted : Their transformed fractions.
    shell : Shell of insertion along the walls at its stated time.
    """

    extraction: CaseResult
    insertion: CaseResult
    extracted: Transformed
    inserted: Transformed
    shell: PerimeterShell

    def spread(self, content: float) -> float:
        """Standard deviation over mean of the extraction front in the state nearest to a content."""
        return front_spread(self.extracted, states_at(self.extracted, [content])[0])


def grown(result: CaseResult) -> Transformed:
    """Transformed fraction of one run."""
    scenario = result.case.scenario()
    edges = build_material(scenario).edges(scenario.temperature)
    return transformed(result.run, result.case.direction, edges)


def core_shell_pair(results: Sequence[CaseResult]) -> Pair | None:
    """Return the pair among the results; None where one of the two was not run."""
    extraction = next((r for r in results if r.case.label == PAIR_LABEL), None)
    if extraction is None:
        return None
    temperature = extraction.case.temperature_degC
    insertion = next(
        (r for r in results if r.case.series == "insertion" and r.case.temperature_degC == temperature), None
    )
    if insertion is None:
        return None
    inserted = grown(insertion)
    return Pair(extraction, insertion, grown(extraction), inserted, perimeter_shell(inserted))


def core_shell_numbers(results: Sequence[CaseResult]) -> dict[str, Any] | None:
    """Numbers of the core-shell figure with their definitions; None where it was not run."""
    pair = core_shell_pair(results)
    if pair is None:
        return None
    return {
        "temperature_degC": pair.insertion.case.temperature_degC,
        "definitions": DEFINITIONS,
        "extraction": [_flatness(pair.extracted, i) for i in states_at(pair.extracted, CONTENTS)],
        "insertion": _insertion_states(pair.inserted),
        "shell": pair.shell.numbers(),
    }


def _flatness(data: Transformed, state: int) -> dict[str, float]:
    return {
        "content": float(data.content[state]),
        "time_s": float(data.time[state]),
        "front_m": float(data.content[state] * data.cell[0] * data.fraction.shape[3]),
        "front_std_over_mean": front_spread(data, state),
    }


def _insertion_states(data: Transformed) -> list[dict[str, Any]]:
    every = shells(data)
    return [every[i].numbers() | covered_shares(data, i) for i in states_at(data, CONTENTS)]


def surface_numbers(result: CaseResult) -> dict[str, Any]:
    """What conducts in a run with surfaces, at the reference temperature of its laws."""
    scenario = result.case.scenario()
    material, surface = build_material(scenario), build_surface(scenario)
    law = surface.perimeter or surface.faces
    reference = scenario.temperature if law is None else law.reference
    poor, rich = material.poor.diffusivity(reference), material.rich.diffusivity(reference)
    return {
        "reference_K": reference,
        "perimeter_m3_s": 0.0 if surface.perimeter is None else surface.perimeter(reference),
        "faces_m3_s": 0.0 if surface.faces is None else surface.faces(reference),
        "D_Li7_m2_s": rich,
        "D_Li4_m2_s": poor,
        "Ea_J_mol": None if law is None else law.activation_energy,
        "surface_length_in_Li7_m": 0.0 if surface.faces is None else surface.faces(reference) / rich,
    }


def mean_front_points(result: CaseResult) -> tuple[Floats, Floats]:
    """Times [s] and mean fronts at mid-height [m], without noise, as long as the front advances."""
    data = grown(result)
    front = mean_front(data)
    fallen = np.flatnonzero(np.diff(front) < 0.0)
    part = slice(0, int(fallen[0]) + 1 if fallen.size else front.size)
    return data.time[part], front[part]


def wide_fronts(results: Sequence[CaseResult]) -> list[dict[str, Any]]:
    """How wide the front of insertion is, and how its mean moves: the apparent k, xi^2/(2 t), at given xi."""
    rows = []
    for result in results:
        time, front = mean_front_points(result)
        ratios = [_ratio(time, front, xi, result.k_true) for xi in _FRONT_POSITIONS]
        rows.append({
            "temperature_degC": result.case.temperature_degC,
            "tip_m": result.true.tip_length,
            "crossover_m": 2.0 * result.true.tip_length,
            "mean_front_m": list(_FRONT_POSITIONS),
            "mean_front_over_true": ratios,
            "mean_front_k_m2_s": [ratio * result.k_true for ratio in ratios],
        })  # fmt: skip
    return rows


def _ratio(time: Floats, front: Floats, position: float, k: float) -> float:
    """Apparent k from the origin to `position`, over `k`; NaN where the front does not come that far."""
    if front.max(initial=0.0) < position:
        return math.nan
    return position**2 / (2.0 * k * float(np.interp(position, front, time)))
