"""The figures of a reproduction, after the paper's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

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
    plot_quantified,
    plot_squared_position,
)
from lto_sim.provenance import K_DEFINITIONS
from lto_sim.reproduce.case import CaseResult, apparent_rate, full_extraction_time
from lto_sim.reproduce.experiment import DIRECTIONS
from lto_sim.reproduce.grid import GridPoint
from lto_sim.reproduce.plan import SERIES, Series
from lto_sim.reproduce.recording import explained
from lto_sim.reproduce.summary import direction_of, of_series, published_fits, simulated_fit
from lto_sim.reproduce.surface_figures import conductances, core_shell, insertion_maps, surface_effect

__all__ = ["build_figures"]

_COLUMNS = {
    "extraction": (0.3e-6, 0.6e-6, 0.9e-6, 1.15e-6),
    "insertion_no_surface": (0.2e-6, 0.35e-6, 0.5e-6, 0.7e-6),
}
_EXPLAINED_AT: Final = 0.7e-6
_COLOURS: Final = DIRECTION_COLOURS | {"insertion_no_surface": "#CC79A7"}
_NAMES: Final = {
    "extraction": "extraction",
    "insertion": "insertion",
    "insertion_no_surface": "insertion without surfaces",
}
_K_LABEL = K_DEFINITIONS["2kt"].replace("xi^2", "ξ²")


def build_figures(results: Sequence[CaseResult], grid: Sequence[GridPoint]) -> dict[str, Figure]:
    """Return every figure by file name (without suffix); those without data are left out."""
    made = {f"maps_{series}": _maps(results, series) for series in _COLUMNS}
    made["spectrum_to_front"] = _spectrum_to_front(results)
    made["maps_insertion"] = insertion_maps(of_series(results, "insertion"))
    made["core_shell"] = core_shell(results)
    made["surface_effect"] = surface_effect(results)
    made["squared_position"] = _squared(results)
    figures = {name: figure for name, figure in made.items() if figure is not None}
    figures["arrhenius"] = _arrhenius(results)
    figures["current"] = _current(results)
    extracted = [r for r in of_series(results, "extraction") if np.isfinite(full_extraction_time(r.run))]
    if len(extracted) >= 3:
        figures["full_extraction"] = _full_extraction(extracted)
    if any(r.case.coverage < 1.0 for r in results):
        figures["partial_contact"] = _partial(results)
    if grid:
        figures["conductances"] = conductances(grid)
    return figures


def _label(result: CaseResult) -> str:
    return f"{result.case.temperature_degC:g} °C"


def _maps(results: Sequence[CaseResult], series: Series) -> Figure | None:
    rows = [MapSeries(_label(r), r.maps, r.front) for r in of_series(results, series) if r.front is not None]
    if not rows:
        return None
    potential = "1.6 V" if direction_of(series) == "extraction" else "0.4 V"
    legend = "time: start of a frame, scanned row by row in 1.5 s: hot fronts slant; dots: tracked front"
    title = f"Li {_NAMES[series]} at {potential}: maps at similar front positions\n({legend})"
    return plot_map_series(rows, _COLUMNS[series], title)


def _spectrum_to_front(results: Sequence[CaseResult]) -> Figure | None:
    """From spectra to the front, in the middle of the extraction at the middle temperature."""
    chosen = [r for r in of_series(results, "extraction") if r.front is not None]
    if not chosen:
        return None
    result = chosen[len(chosen) // 2]
    if result.front is None:
        return None
    position = result.front["front_position"].mean("profile").values
    frame = int(np.nanargmin(np.abs(position - _EXPLAINED_AT)))
    x = result.maps["x"].values
    column = min(int(np.searchsorted(x, position[frame])) + 9, x.size - 1)
    pixel = (result.maps.sizes["y"] // 2, column)
    if result.maps["failed"].values[frame][pixel]:
        return None
    one, around = explained(result.run, result.case.instrument(), result.run.attrs["seed"], frame, pixel)
    place = (float(x[column]), float(result.maps["y"].values[pixel[0]]))
    page = plot_quantified(one, around, result.maps, frame, result.front, place)
    page.suptitle(f"Li extraction at {_label(result)}, {1e12 * result.case.instrument().beam.current:.0f} pA")
    return page


def _squared(results: Sequence[CaseResult]) -> Figure | None:
    rows = [
        [
            FrontSeries(_label(r), r.front, r.fit, r.k_true, _COLOURS[series])
            for r in of_series(results, series)
            if r.front is not None and r.fit is not None
        ]
        for series in SERIES
    ]
    if not any(rows):
        return None
    title = f"Front position squared against time; {_K_LABEL}, k fitted in the window found"
    return plot_squared_position(rows, [_NAMES[series] for series in SERIES], title)


def _arrhenius(results: Sequence[CaseResult]) -> Figure:
    series = []
    for direction in DIRECTIONS:
        table = published_table(direction)
        series.append(
            ArrheniusSeries(
                f"{direction}, published (unweighted)", table.temperature, table.k, table.k_std,
                published_fits(direction)["unweighted"], _COLOURS[direction], False,
            )
        )  # fmt: skip
    for name in SERIES:
        fit = simulated_fit(of_series(results, name))
        if fit is not None:
            label, colour = f"{_NAMES[name]}, simulated maps", _COLOURS[name]
            series.append(ArrheniusSeries(label, fit.temperature, fit.k, fit.k_std, fit, colour, True))
    return plot_arrhenius(series, _K_LABEL)


def _current(results: Sequence[CaseResult]) -> Figure:
    rows = [[(_label(r), r.run) for r in of_series(results, series)] for series in SERIES]
    titles = ["Li extraction at 1.6 V (I > 0)", "Li insertion at 0.4 V (I < 0)", "insertion without surfaces"]
    return plot_current(rows, titles)


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
    full = [r for r in results if r.case.series == "extraction_no_surface"]
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
