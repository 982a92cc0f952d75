"""The figures of a reproduction, after the paper's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from lto_sim.constants import ZERO_CELSIUS
from lto_sim.kinetics import fit_arrhenius, full_extraction_times, published_table
from lto_sim.plot import (
    DIRECTION_COLOURS,
    ArrheniusSeries,
    FrontSeries,
    MapSeries,
    PartialContact,
    plot_arrhenius,
    plot_current,
    plot_full_extraction,
    plot_map_series,
    plot_partial_contact,
    plot_squared_position,
)
from lto_sim.provenance import K_DEFINITIONS
from lto_sim.reproduce.case import CaseResult, apparent_rate, full_extraction_time
from lto_sim.reproduce.experiment import DIRECTIONS, Direction
from lto_sim.reproduce.summary import of_direction, published_fits, simulated_fit

__all__ = ["build_figures"]

_COLUMNS = {"extraction": (0.3e-6, 0.6e-6, 0.9e-6, 1.15e-6), "insertion": (0.2e-6, 0.35e-6, 0.5e-6, 0.7e-6)}
_K_LABEL = K_DEFINITIONS["2kt"].replace("xi^2", "ξ²")


def build_figures(results: Sequence[CaseResult]) -> dict[str, Figure]:
    """Return every figure by file name (without suffix); those without data are left out."""
    figures = {f"maps_{d}": _maps(results, d) for d in DIRECTIONS}
    figures["squared_position"] = _squared(results)
    figures["arrhenius"] = _arrhenius(results)
    figures["current"] = _current(results)
    extracted = [r for r in of_direction(results, "extraction") if np.isfinite(full_extraction_time(r.run))]
    if len(extracted) >= 3:
        figures["full_extraction"] = _full_extraction(extracted)
    if any(r.case.coverage < 1.0 for r in results):
        figures["partial_contact"] = _partial(results)
    return figures


def _label(result: CaseResult) -> str:
    return f"{result.case.temperature_degC:g} °C"


def _maps(results: Sequence[CaseResult], direction: Direction) -> Figure:
    series = [MapSeries(_label(r), r.maps, r.front) for r in of_direction(results, direction)]
    potential = "1.6 V" if direction == "extraction" else "0.4 V"
    legend = "time: start of a frame, scanned row by row in 1.5 s: hot fronts slant; dots: tracked front"
    title = f"Li {direction} at {potential}: maps at similar front positions\n({legend})"
    return plot_map_series(series, _COLUMNS[direction], title)


def _squared(results: Sequence[CaseResult]) -> Figure:
    rows = [
        [
            FrontSeries(_label(r), r.front, r.fit, r.k_true, DIRECTION_COLOURS[direction])
            for r in of_direction(results, direction)
        ]
        for direction in DIRECTIONS
    ]
    title = f"Front position squared against time; {_K_LABEL}, k fitted in the window found"
    return plot_squared_position(rows, DIRECTIONS, title)


def _arrhenius(results: Sequence[CaseResult]) -> Figure:
    series = []
    for direction in DIRECTIONS:
        table, chosen = published_table(direction), of_direction(results, direction)
        colour = DIRECTION_COLOURS[direction]
        series.append(
            ArrheniusSeries(
                f"{direction}, published (unweighted)", table.temperature, table.k, table.k_std,
                published_fits(direction)["unweighted"], colour, False,
            )
        )  # fmt: skip
        fit = simulated_fit(chosen)
        if fit is not None:
            label = f"{direction}, simulated maps"
            series.append(ArrheniusSeries(label, fit.temperature, fit.k, fit.k_std, fit, colour, True))
    return plot_arrhenius(series, _K_LABEL)


def _current(results: Sequence[CaseResult]) -> Figure:
    rows = [[(_label(r), r.run) for r in of_direction(results, d)] for d in DIRECTIONS]
    return plot_current(rows, ["Li extraction at 1.6 V (I > 0)", "Li insertion at 0.4 V (I < 0)"])


def _full_extraction(extracted: Sequence[CaseResult]) -> Figure:
    quoted = full_extraction_times()
    temperature = np.array([r.case.temperature_degC + ZERO_CELSIUS for r in extracted])
    times = np.array([full_extraction_time(r.run) for r in extracted])
    return plot_full_extraction(
        (quoted.temperature, quoted.time, fit_arrhenius(quoted.temperature, 1.0 / quoted.time)),
        (temperature, times, fit_arrhenius(temperature, 1.0 / times)),
    )


def _partial(results: Sequence[CaseResult]) -> Figure:
    partial = [r for r in results if r.case.coverage < 1.0]
    temperature = partial[0].case.temperature_degC
    full = [r for r in of_direction(results, "extraction") if r.case.temperature_degC == temperature]
    chosen = sorted([*partial, *full], key=lambda r: -r.case.coverage)
    entries = []
    for r in chosen:
        along = r.run["contact_line"].values[:, 1]
        k, k_std = apparent_rate(r)
        contact = (float(along.min()), float(along.max()))
        entries.append(PartialContact(r.case.coverage, k / r.k_true, k_std / r.k_true, r.maps, contact))
    run = f"extraction, {temperature:g} °C, half done"
    title = f"A partial contact (orange) curves the front and lowers k ({run})"
    return plot_partial_contact(entries, title)
