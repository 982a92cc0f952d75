"""The numbers of a reproduction: published and simulated activation energies, rate constants, times.

A fit that did not resolve k, or that was refused, takes no part in the Arrhenius line; its temperature is
listed and its reason is given.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lto_sim import provenance
from lto_sim.constants import ZERO_CELSIUS
from lto_sim.kinetics import (
    ArrheniusFit,
    fit_arrhenius,
    full_extraction_times,
    published_Ea,
    published_table,
)
from lto_sim.reproduce.case import CaseResult, apparent_rate, full_extraction_time
from lto_sim.reproduce.experiment import DIRECTIONS, Direction
from lto_sim.reproduce.grid import GridPoint, grid_values
from lto_sim.reproduce.pair import core_shell_numbers, surface_numbers, wide_fronts
from lto_sim.reproduce.plan import SERIES, Series

__all__ = [
    "TABLE_HEADER",
    "build_summary",
    "comparison_rows",
    "direction_of",
    "of_series",
    "published_fits",
    "simulated_fit",
    "table_cells",
    "weighted_line",
]

TABLE_HEADER = (
    "direction",
    "temperature [degC]",
    "k published [cm2/s]",
    "k_std published [cm2/s]",
    "k simulated [cm2/s]",
    "k_std simulated [cm2/s]",
    "k low 95 % [cm2/s]",
    "k high 95 % [cm2/s]",
    "k true [cm2/s]",
    "simulated / true",
    "verdict",
)
_PER_CM2 = 1e4

Floats = NDArray[np.float64]


def published_fits(direction: Direction) -> dict[str, ArrheniusFit]:
    """Arrhenius fits of Table 1: unweighted, bars at their word, bars up to a common factor."""
    table = published_table(direction)
    return {
        "unweighted": fit_arrhenius(table.temperature, table.k),
        "weighted": fit_arrhenius(table.temperature, table.k, table.k_std, absolute_sigma=True),
        "weighted_scaled": fit_arrhenius(table.temperature, table.k, table.k_std, absolute_sigma=False),
    }


def of_series(results: Sequence[CaseResult], series: Series) -> list[CaseResult]:
    """Results of one series, hottest first."""
    chosen = [r for r in results if r.case.series == series]
    return sorted(chosen, key=lambda r: -r.case.temperature_degC)


def direction_of(series: Series) -> Direction:
    """Direction of a series."""
    return "extraction" if series.startswith("extraction") else "insertion"


def weighted_line(temperature: Floats, k: Floats, k_std: Floats) -> ArrheniusFit:
    """Arrhenius line whose deviations are never smaller than the scatter about it.

    A rate constant's deviation holds for the law of its verdict; where a verdict is wrong, the scatter about
    the line tells (reduced chi-square above 1) and the deviations are scaled by it.
    """
    fit = fit_arrhenius(temperature, k, k_std, absolute_sigma=True)
    if fit.reduced_chi_square <= 1.0:
        return fit
    return fit_arrhenius(temperature, k, k_std, absolute_sigma=False)


def _rate(result: CaseResult) -> tuple[float, float]:
    """K and its deviation; NaN where the fit was refused."""
    return (math.nan, math.nan) if result.fit is None else (result.fit.k, result.fit.k_std)


def _resolved(result: CaseResult) -> bool:
    return all(math.isfinite(value) for value in _rate(result))


def simulated_fit(results: Sequence[CaseResult]) -> ArrheniusFit | None:
    """Arrhenius fit of the rate constants that were resolved; None where these are fewer than three."""
    results = [r for r in results if _resolved(r)]
    if len(results) < 3:
        return None
    temperature = np.array([r.case.temperature_degC + ZERO_CELSIUS for r in results])
    k, k_std = np.array([_rate(r) for r in results]).T
    return weighted_line(temperature, k, k_std)


def true_fit(results: Sequence[CaseResult]) -> ArrheniusFit:
    """Arrhenius fit of the rate constants that were put in."""
    temperature = np.array([r.case.temperature_degC + ZERO_CELSIUS for r in results])
    return fit_arrhenius(temperature, np.array([r.k_true for r in results]))


def _simulated(results: Sequence[CaseResult]) -> dict[str, Any]:
    fit = simulated_fit(results)
    return {
        "Ea_eV": None if fit is None else fit.Ea_eV,
        "Ea_eV_std": None if fit is None else fit.Ea_eV_std,
        "Ea_interval_eV": None if fit is None else list(fit.interval()),
        "Ea_true_eV": true_fit(results).Ea_eV,
        "left_out_degC": [r.case.temperature_degC for r in results if not _resolved(r)],
        "k": [_entry(r) for r in results],
    }


def _entry(result: CaseResult) -> dict[str, Any]:
    fit, (k, k_std) = result.fit, _rate(result)
    return {
        "temperature_degC": result.case.temperature_degC,
        "true_m2_s": result.k_true,
        "true_bulk_m2_s": result.true.k_bulk,
        "fitted_m2_s": k,
        "std_m2_s": k_std,
        "interval_m2_s": [math.nan, math.nan] if fit is None else list(fit.interval),
        "fitted_over_true": k / result.k_true,
        "points": 0 if fit is None else fit.window.points,
        "verdict": "refused" if fit is None else fit.verdict,
        "refusal": result.refusal or None,
    }


def _published() -> dict[str, Any]:
    published: dict[str, Any] = {}
    for direction in DIRECTIONS:
        fits = published_fits(direction)
        published[direction] = {
            "Ea_eV": fits["unweighted"].Ea_eV,
            "Ea_eV_std": fits["unweighted"].Ea_eV_std,
            "Ea_weighted_eV": fits["weighted"].Ea_eV,
            "Ea_weighted_eV_std": fits["weighted"].Ea_eV_std,
            "Ea_weighted_scaled_eV_std": fits["weighted_scaled"].Ea_eV_std,
            "Ea_in_paper_eV": published_Ea[direction],
        }
    return published


def _full_extraction(results: Sequence[CaseResult]) -> dict[str, Any]:
    quoted = full_extraction_times()
    fit = fit_arrhenius(quoted.temperature, 1.0 / quoted.time)
    chosen = [r for r in results if math.isfinite(full_extraction_time(r.run))]
    block: dict[str, Any] = {
        "Ea_eV": fit.Ea_eV,
        "Ea_eV_std": fit.Ea_eV_std,
        "temperature_degC": (quoted.temperature - ZERO_CELSIUS).round(6).tolist(),
        "times_s": quoted.time.tolist(),
    }
    if len(chosen) >= 3:
        temperature = np.array([r.case.temperature_degC + ZERO_CELSIUS for r in chosen])
        times = np.array([full_extraction_time(r.run) for r in chosen])
        simulated = fit_arrhenius(temperature, 1.0 / times)
        block["simulated_Ea_eV"] = simulated.Ea_eV
        block["simulated_Ea_eV_std"] = simulated.Ea_eV_std
        block["simulated_temperature_degC"] = [r.case.temperature_degC for r in chosen]
        block["simulated_times_s"] = times.tolist()
    return block


def _partial(result: CaseResult) -> dict[str, float]:
    k, k_std = apparent_rate(result)
    return {
        "coverage": result.case.coverage,
        "temperature_degC": result.case.temperature_degC,
        "k_over_planar": k / result.k_true,
        "k_over_planar_std": k_std / result.k_true,
    }


def build_summary(
    results: Sequence[CaseResult],
    grid: Sequence[GridPoint],
    wall_time: float,
    seed: int,
    overrides: Mapping[str, Any],
) -> dict[str, Any]:
    """Everything that ``summary.json`` holds."""
    partial = sorted((r for r in results if r.case.coverage < 1.0), key=lambda r: -r.case.coverage)
    inserted = of_series(results, "insertion")
    return {
        "published": _published(),
        "simulated": {series: _simulated(of_series(results, series)) for series in SERIES},
        "full_extraction": _full_extraction(of_series(results, "extraction")),
        "partial_contact": [_partial(r) for r in partial],
        "surfaces": surface_numbers(inserted[0]),
        "insertion_front": wide_fronts(inserted),
        "core_shell": core_shell_numbers(results),
        "conductance_grid": grid_values(grid),
        "k_definition": provenance.K_DEFINITIONS["2kt"],
        "notes": _notes(of_series(results, "extraction"), inserted),
        "seed": seed,
        "overrides": dict(overrides),
        "configuration_sha256": {r.case.name: r.run.attrs["configuration_sha256"] for r in results},
        "created": results[0].run.attrs["created"],
        "citation": provenance.CITATION,
        "wall_time_s": wall_time,
        "version": provenance.package_version(),
    }


def _notes(extracted: Sequence[CaseResult], inserted: Sequence[CaseResult]) -> list[str]:
    notes = [
        "extraction and insertion have the same conducting surfaces; insertion_no_surface and "
        "partial_contact have none",
        "true k with surfaces: Wagner's of the bulk times 1 + 2 l/H, the mean front's beyond 2 sqrt(3 l H); "
        "the perimeter has no part in it",
        "faces and perimeter take the activation energy of D_Li7, so that the apparent one stays that of "
        "Table 1; no surface transport is measured, and any other energy would mix into Ea(k)",
    ]
    drained, found = _span(extracted), _span(inserted)
    if drained:
        cause = "the perimeter drains the parent too"
        notes.append(f"extraction with surfaces: fitted over true k is {drained}, as {cause}")
    points = [0 if r.fit is None else r.fit.window.points for r in inserted]
    tip = 1e9 * inserted[0].true.tip_length
    lacking = [f"{r.case.temperature_degC:g}" for r in inserted if not _resolved(r)]
    notes.append(
        f"insertion with surfaces: the fit of the tracked fronts has {min(points)} to {max(points)} points; "
        f"fitted over true k is {found or 'nowhere resolved'}"
        + (f", not resolved at {', '.join(lacking)} degC" if lacking and found else "")
        + f"; the projected front is as wide as the tip, {tip:.0f} nm, and the true k is that of its mean "
        f"beyond {2.0 * tip:.0f} nm, where the shell has nearly closed"
    )
    return notes


def _span(results: Sequence[CaseResult]) -> str:
    """Range of fitted over true k where it was resolved; empty where it was nowhere."""
    ratios = [_rate(r)[0] / r.k_true for r in results if _resolved(r)]
    return f"{min(ratios):.2f} to {max(ratios):.2f}" if ratios else ""


def comparison_rows(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the table of `summary` by rows: series, temperature, published, simulated, true k [m2 s-1].

    Published values are NaN at temperatures that are not in Table 1.
    """
    rows: list[dict[str, Any]] = []
    for series in SERIES:
        table = published_table(direction_of(series))
        for entry in summary["simulated"][series]["k"]:
            near = np.isclose(table.temperature, entry["temperature_degC"] + ZERO_CELSIUS)
            published = [float(v[near][0]) if near.any() else math.nan for v in (table.k, table.k_std)]
            names = dict(zip(("published_m2_s", "published_std_m2_s"), published, strict=True))
            rows.append({"direction": series, **entry, **names})
    return rows


def _rates(row: Mapping[str, Any]) -> list[float]:
    keys = ("published_m2_s", "published_std_m2_s", "fitted_m2_s", "std_m2_s")
    return [*(row[key] for key in keys), *row["interval_m2_s"], row["true_m2_s"]]


def table_cells(summary: Mapping[str, Any]) -> list[list[str]]:
    """Cells under :data:`TABLE_HEADER`, k in cm2/s."""
    return [
        [
            row["direction"],
            f"{row['temperature_degC']:g}",
            *(f"{value * _PER_CM2:.6g}" for value in _rates(row)),
            f"{row['fitted_over_true']:.6g}",
            row["verdict"],
        ]
        for row in comparison_rows(summary)
    ]
