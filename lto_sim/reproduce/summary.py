"""The numbers of a reproduction: published and simulated activation energies, rate constants, times.

A fit that did not resolve k takes no part in the Arrhenius line; its temperature is listed.
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

__all__ = [
    "TABLE_HEADER",
    "build_summary",
    "comparison_rows",
    "of_direction",
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


def of_direction(results: Sequence[CaseResult], direction: Direction) -> list[CaseResult]:
    """Results of one direction with the full contact, hottest first."""
    chosen = [r for r in results if r.case.direction == direction and r.case.coverage == 1.0]
    return sorted(chosen, key=lambda r: -r.case.temperature_degC)


def weighted_line(temperature: Floats, k: Floats, k_std: Floats) -> ArrheniusFit:
    """Arrhenius line whose deviations are never smaller than the scatter about it.

    A rate constant's deviation holds for the law of its verdict; where a verdict is wrong, the scatter about
    the line tells (reduced chi-square above 1) and the deviations are scaled by it.
    """
    fit = fit_arrhenius(temperature, k, k_std, absolute_sigma=True)
    if fit.reduced_chi_square <= 1.0:
        return fit
    return fit_arrhenius(temperature, k, k_std, absolute_sigma=False)


def _resolved(result: CaseResult) -> bool:
    return math.isfinite(result.fit.k) and math.isfinite(result.fit.k_std)


def simulated_fit(results: Sequence[CaseResult]) -> ArrheniusFit | None:
    """Arrhenius fit of the rate constants that were resolved; None where these are fewer than three."""
    results = [r for r in results if _resolved(r)]
    if len(results) < 3:
        return None
    temperature = np.array([r.case.temperature_degC + ZERO_CELSIUS for r in results])
    k = np.array([r.fit.k for r in results])
    k_std = np.array([r.fit.k_std for r in results])
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
        "k": [
            {
                "temperature_degC": r.case.temperature_degC,
                "true_m2_s": r.k_true,
                "fitted_m2_s": r.fit.k,
                "std_m2_s": r.fit.k_std,
                "interval_m2_s": list(r.fit.interval),
                "verdict": r.fit.verdict,
            }
            for r in results
        ],
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
    results: Sequence[CaseResult], wall_time: float, seed: int, overrides: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything that ``summary.json`` holds.

    Surfaces do not conduct in this version, so that `insertion` and `insertion_no_surface` are one run.
    """
    insertion = _simulated(of_direction(results, "insertion"))
    partial = sorted((r for r in results if r.case.coverage < 1.0), key=lambda r: -r.case.coverage)
    return {
        "published": _published(),
        "simulated": {
            "extraction": _simulated(of_direction(results, "extraction")),
            "insertion": insertion,
            "insertion_no_surface": insertion,
        },
        "full_extraction": _full_extraction(of_direction(results, "extraction")),
        "partial_contact": [_partial(r) for r in partial],
        "k_definition": provenance.K_DEFINITIONS["2kt"],
        "notes": [
            "surfaces do not conduct in this version: insertion is the same run as insertion_no_surface"
        ],
        "seed": seed,
        "overrides": dict(overrides),
        "configuration_sha256": {r.case.name: r.run.attrs["configuration_sha256"] for r in results},
        "created": results[0].run.attrs["created"],
        "citation": provenance.CITATION,
        "wall_time_s": wall_time,
        "version": provenance.package_version(),
    }


def comparison_rows(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of the table: direction, temperature, published, simulated and true k [m2 s-1].

    Published values are NaN at temperatures that are not in Table 1.
    """
    rows: list[dict[str, Any]] = []
    for direction in DIRECTIONS:
        table = published_table(direction)
        for entry in summary["simulated"][direction]["k"]:
            near = np.isclose(table.temperature, entry["temperature_degC"] + ZERO_CELSIUS)
            published = [float(v[near][0]) if near.any() else math.nan for v in (table.k, table.k_std)]
            names = dict(zip(("published_m2_s", "published_std_m2_s"), published, strict=True))
            rows.append({"direction": direction, **entry, **names})
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
            f"{row['fitted_m2_s'] / row['true_m2_s']:.6g}",
            row["verdict"],
        ]
        for row in comparison_rows(summary)
    ]
