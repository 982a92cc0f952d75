"""The figures that conducting surfaces add: core and shell, with and without, the grid of conductances."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.figure import Figure

from lto_sim.constants import ZERO_CELSIUS
from lto_sim.plot import (
    DIRECTION_COLOURS,
    ConductanceGrid,
    InsertionRun,
    Panel,
    RateLine,
    ShellRow,
    plot_conductances,
    plot_core_shell,
    plot_panel_rows,
    plot_surface_effect,
    power,
)
from lto_sim.reproduce.case import CaseResult
from lto_sim.reproduce.core_shell import CONTENTS, Transformed, covered_shares, states_at
from lto_sim.reproduce.grid import GridPoint
from lto_sim.reproduce.pair import Pair, core_shell_pair, mean_front_points, surface_numbers
from lto_sim.reproduce.surfaces import REFERENCE_SURFACES

__all__ = ["conductances", "core_shell", "insertion_maps", "surface_effect"]

_NO_SURFACE_COLOUR: Final = "#CC79A7"
_RECORDED: Final = 0.9
"""Part of the pixels of a frame that have a value, where it is shown."""
_PARTS: Final = (0.05, 0.25, 0.55, 1.0)
_SHELL: Final = (
    "h₀: lithium beyond that at mid-height, as a thickness normal to the wall, where the planar front ends; "
    "L: from there to where that is a tenth of h₀; at 20 % transformed, or before that is at the corner."
)


def _size(result: CaseResult) -> tuple[float, float]:
    run = result.run
    return 2.0 * float(run["x"][0]) * run.sizes["x"], 2.0 * float(run["y"][0]) * run.sizes["y"]


def _clock(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 100.0 else f"{seconds:.0f} s"


def core_shell(results: Sequence[CaseResult]) -> Figure | None:
    """Both directions with one set of parameters; None where the pair was not run."""
    pair = core_shell_pair(results)
    if pair is None:
        return None
    temperature = pair.insertion.case.temperature_degC
    rows = [
        _shell_row("Li extraction, 1.6 V", pair.extraction, pair.extracted),
        _shell_row("Li insertion, 0.4 V", pair.insertion, pair.inserted),
    ]
    title = (
        f"One set of parameters, {temperature:g} °C: extraction stays planar, insertion grows a shell\n"
        "projected maps without noise (percent transformed · time; orange: contact); below each its section\n"
        "through the thickness at mid-height, stretched, the faces at top and bottom"
    )
    return plot_core_shell(rows, title, _shell_caption(pair))


def _shell_row(label: str, result: CaseResult, data: Transformed) -> ShellRow:
    run = result.run["li_fraction"].transpose("time", "z", "y", "x")
    states = states_at(data, CONTENTS)
    texts = [f"{100 * data.content[i]:.0f} % · {_clock(float(data.time[i]))}" for i in states]
    panels = [Panel(data.lithium[i], _size(result), text) for i, text in zip(states, texts, strict=True)]
    middle = run.sizes["y"] // 2
    sections = [run.isel(time=i, y=middle).values for i in states]
    return ShellRow(label, panels, sections, float(result.run["thickness"].max()))


def _shell_caption(pair: Pair) -> str:
    numbers, shell = surface_numbers(pair.insertion), pair.shell
    spreads = ", ".join(f"{100 * pair.spread(c):.1f} %" for c in CONTENTS)
    shares = [covered_shares(pair.inserted, i) for i in states_at(pair.inserted, CONTENTS)]
    between = ", ".join(f"{100 * s['intermediate_share']:.0f} %" for s in shares)
    more = "at least " if shell.at_end else ""
    return _wrapped(
        f"Faces δD = {power(numbers['faces_m3_s'])} m³/s, perimeter δDₛ = "
        f"{power(numbers['perimeter_m3_s'])} m³/s, bulk D(Li7) = {power(numbers['D_Li7_m2_s'])} m²/s, "
        f"D(Li4) = {power(numbers['D_Li4_m2_s'])} m²/s at {numbers['reference_K'] - ZERO_CELSIUS:g} °C.",
        f"Extraction, standard deviation of the front over rows and layers / its mean: {spreads}.",
        f"Insertion, shell along the walls at {_clock(shell.time)} ({100 * shell.content:.0f} %): "
        f"L/h₀ = {1e9 * shell.reach:.0f} nm / {1e9 * shell.thickness:.0f} nm = {more}{shell.ratio:.0f}. "
        f"{_SHELL}",
        f"Insertion, pixels with projected x from 0.2 to 0.8: {between}.",
        width=185,
    )


def _wrapped(*paragraphs: str, width: int) -> str:
    return "\n".join(textwrap.fill(text, width) for text in paragraphs)


def insertion_maps(results: Sequence[CaseResult]) -> Figure | None:
    """Rendered maps of insertion with surfaces, a row for each temperature, at common mean li fractions."""
    rows = []
    for result in results:
        values = result.maps["li_fraction"].values
        whole = np.flatnonzero(np.isfinite(values).mean(axis=(1, 2)) > _RECORDED)
        if not whole.size:
            continue
        mean, time = np.nanmean(values[whole], axis=(1, 2)), result.maps["time"].values
        frames = [int(whole[np.argmin(np.abs(mean - content))]) for content in CONTENTS]
        panels = [Panel(values[i], _size(result), _clock(float(time[i]))) for i in frames]
        rows.append((f"{result.case.temperature_degC:g} °C", panels))
    means = ", ".join(f"{c:g}" for c in CONTENTS)
    title = (
        f"Li insertion at 0.4 V with conducting surfaces: maps at a mean Li fraction of {means}\n"
        "(time: start of a frame; orange: contact)"
    )
    return plot_panel_rows(rows, title) if rows else None


def surface_effect(results: Sequence[CaseResult]) -> Figure | None:
    """Insertion with surfaces beside insertion without, at the temperature of the pair."""
    pair = core_shell_pair(results)
    if pair is None:
        return None
    covered, temperature = pair.insertion, pair.insertion.case.temperature_degC
    bare = next(
        (r for r in results
         if r.case.series == "insertion_no_surface" and r.case.temperature_degC == temperature), None,
    )  # fmt: skip
    if bare is None:
        return None
    end = float(bare.maps["time"].values[-1])
    runs = [
        InsertionRun(
            "with surfaces", _panels(covered, end), covered.front, covered.fit, mean_front_points(covered),
            DIRECTION_COLOURS["insertion"],
        ),
        InsertionRun("without", _panels(bare, end), bare.front, bare.fit, None, _NO_SURFACE_COLOUR),
    ]  # fmt: skip
    lines = [
        RateLine("Wagner × (1 + 2 l/H), and Wagner without surfaces", covered.k_true, "--"),
        RateLine("Wagner of the bulk under the surfaces alone", covered.true.k_bulk, ":"),
    ]
    title = f"Insertion at {temperature:g} °C with conducting surfaces and without: the same k put in"
    return plot_surface_effect(runs, lines, end, title)


def _panels(result: CaseResult, end: float) -> list[Panel]:
    values, time = result.maps["li_fraction"].values, result.maps["time"].values
    frames = [int(np.argmin(np.abs(time - part * end))) for part in _PARTS]
    return [Panel(values[i], _size(result), _clock(float(time[i]))) for i in frames]


def conductances(points: Sequence[GridPoint]) -> Figure:
    """Maps over the grid of conductances, at one content."""
    shares = sorted({p.case.face_share for p in points})
    perimeters = sorted({p.case.perimeter for p in points})
    at = {(p.case.perimeter, p.case.face_share): p for p in points}
    columns = [_column(at[perimeters[0], share]) for share in shares]
    rows = [_row(at[value, shares[-1]]) for value in perimeters]
    panels = [[_grid_panel(at[value, share]) for share in shares] for value in perimeters]
    reference = (REFERENCE_SURFACES.perimeter, REFERENCE_SURFACES.face_share)
    marked = (perimeters.index(reference[0]), shares.index(reference[1])) if reference in at else None
    first = points[0]
    temperature, content = first.case.temperature_degC, 100 * first.content
    title = f"Insertion at {temperature:g} °C, {content:.0f} % transformed: which pair makes the shell?"
    caption = _wrapped(
        f"L/h₀: reach over thickness of the shell along the walls (percent: transformed then). {_SHELL} "
        "Intermediate: projected x from 0.2 to 0.8, as shown. Orange: contact; framed: the reference.",
        width=135,
    )
    columns_are = "columns: share f of k on the faces, conductance of one, bulk D(Li7) of Table 1 then"
    rows_are = "conductance of the perimeter, δDₛ [m³/s]"
    return plot_conductances(
        ConductanceGrid(columns, rows, panels, marked), columns_are, rows_are, title, caption
    )


def _column(point: GridPoint) -> str:
    faces = f"δD = {power(point.faces)} m³/s" if point.faces > 0.0 else "faces do not conduct"
    return f"f = {point.case.face_share:g}: {faces}\nD(Li7) = {power(point.diffusivity)} m²/s"


def _row(point: GridPoint) -> str:
    if point.faces == 0.0:
        return power(point.perimeter)
    ratio = point.perimeter / point.faces
    times = f"{ratio:.0f}" if ratio > 9.5 else f"{ratio:.1f}"
    return f"{power(point.perimeter)}\n({times} × a face at f = {point.case.face_share:g})"


def _grid_panel(point: GridPoint) -> Panel:
    shell = point.shell
    text = (
        f"L/h₀ = {shell.ratio:.1f}, h₀ = {1e9 * shell.thickness:.0f} nm ({100 * shell.content:.0f} %)\n"
        f"intermediate: {100 * point.intermediate:.0f} % of pixels"
    )
    return Panel(point.image, point.size, text)
