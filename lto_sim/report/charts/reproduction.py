"""Charts of a reproduction: core and shell, the grid of conductances, full extraction, partial contacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from lto_sim.constants import ZERO_CELSIUS
from lto_sim.kinetics import fit_arrhenius
from lto_sim.plot.arrhenius import celsius_axis
from lto_sim.plot.core_shell import CONTACT_COLOUR, Panel, draw_panel, power
from lto_sim.plot.style import MAP_COLOURS, styled
from lto_sim.report.charts.base import COLOURS, INK, canvas, powers
from lto_sim.report.page import Chart, Table
from lto_sim.report.words import clock, energy, number

__all__ = [
    "ShellStates",
    "conductance_chart",
    "contact_chart",
    "core_shell_chart",
    "full_extraction_chart",
    "mean_front_chart",
    "state_text",
]

Floats = NDArray[np.float64]

_MICRO = 1e6
_NANO = 1e9


@dataclass(frozen=True, eq=False)
class ShellStates:
    """Saved states of one run at stated times.

    Parameters
    ----------
    label : Of the row.
    maps : Projected li fractions (states, y, x).
    sections : Li fractions through the thickness at mid-height (states, z, x).
    size : Width and height of the particle, and its thickness [m].
    texts : What stands above each map.
    """

    label: str
    maps: Floats
    sections: Floats
    size: tuple[float, float, float]
    texts: Sequence[str]


def core_shell_chart(title: str, rows: Sequence[ShellStates], alt: str, data: Table) -> Chart:
    """Draw projected maps of both directions with their sections through the thickness below.

    Parameters
    ----------
    title : Caption.
    rows : One for each direction.
    alt, data : Words and numbers of it.
    """
    columns = max(len(row.texts) for row in rows)
    with styled():
        page = canvas(1.5 * columns + 0.9, 1.78 * len(rows) + 0.1)
        grid = page.subplots(2 * len(rows), columns, height_ratios=[1.0, 0.3] * len(rows), squeeze=False)
        image = None
        for place, row in enumerate(rows):
            for column in range(columns):
                above, below = grid[2 * place, column], grid[2 * place + 1, column]
                if column >= len(row.texts):
                    above.axis("off")
                    below.axis("off")
                    continue
                panel = Panel(row.maps[column], row.size[:2], row.texts[column])
                image = draw_panel(above, panel, bar=False)
                _section(below, row.sections[column], row.size)
            width, height = (_MICRO * side for side in row.size[:2])
            grid[2 * place, 0].set_ylabel(f"{row.label}\n{width:g} × {height:g} µm", labelpad=6, fontsize=9)
            grid[2 * place + 1, 0].set_ylabel(f"{_NANO * row.size[2]:.0f}\nnm", fontsize=8, labelpad=6)
        if image is not None:
            page.colorbar(image, ax=grid, shrink=0.6, pad=0.015).set_label("Li fraction x")
    return Chart(title, page, alt, data)


def _section(ax: Axes, section: Floats, size: tuple[float, float, float]) -> None:
    """Section through the thickness, faces at top and bottom, heights stretched."""
    width, height = _MICRO * size[0], _NANO * size[2]
    ax.imshow(
        section, cmap=MAP_COLOURS, vmin=0.0, vmax=1.0, extent=(0.0, width, height, 0.0), aspect="auto",
        interpolation="nearest",
    )  # fmt: skip
    ax.spines["left"].set_visible(False)
    ax.plot([0.0, 0.0], [0.0, height], color=CONTACT_COLOUR, lw=5, solid_capstyle="butt", clip_on=False)
    ax.set(xlim=(0.0, width), ylim=(height, 0.0), xticks=[], yticks=[])


def conductance_chart(grid: Sequence[Mapping[str, Any]], reference: tuple[float, float] | None) -> Chart:
    """Draw reach over thickness of the shell for every pair of conductances.

    Parameters
    ----------
    grid : Entries of ``conductance_grid``.
    reference : Face share and perimeter of the reference set, which is framed.
    """
    shares = sorted({float(p["face_share"]) for p in grid})
    walls = sorted({float(p["perimeter_m3_s"]) for p in grid})
    at = {(float(p["perimeter_m3_s"]), float(p["face_share"])): p for p in grid}
    ratio = np.array([[_ratio(at.get((w, s))) for s in shares] for w in walls])
    with styled():
        page = canvas(6.4, 0.62 * len(walls) + 1.5)
        ax = page.subplots()
        known = ratio[np.isfinite(ratio)]
        top = float(known.max()) if known.size else 1.0
        image = ax.imshow(ratio, cmap=MAP_COLOURS, vmin=0.0, vmax=top, origin="lower", aspect="auto")
        for row, wall in enumerate(walls):
            for column, share in enumerate(shares):
                point = at.get((wall, share))
                if point is not None:
                    dark = np.isfinite(ratio[row, column]) and ratio[row, column] > 0.55 * top
                    _cell_text(ax, (column, row), point, "#1a1a1a" if dark else "#fdfdfd")
        if reference is not None:
            _frame(ax, shares, walls, reference)
        ax.set_xticks(range(len(shares)), [f"{share:g}" for share in shares])
        ax.set_yticks(range(len(walls)), [power(wall) for wall in walls])
        ax.set_xlabel("share of the insertion k on the faces")
        ax.set_ylabel("perimeter δDₛ [m³/s]")
        page.colorbar(image, ax=ax, pad=0.02).set_label("shell: reach / thickness")
    return Chart(
        "Which pair of conductances makes a shell: reach over thickness (above), and share of intermediate "
        "pixels (below)", page, _grid_words(grid), _grid_table(grid),
    )  # fmt: skip


def _ratio(point: Mapping[str, Any] | None) -> float:
    value = None if point is None else point["shell"].get("tip_over_thickness")
    return float("nan") if value is None else float(value)


def _cell_text(ax: Axes, place: tuple[int, int], point: Mapping[str, Any], colour: str) -> None:
    ratio = point["shell"].get("tip_over_thickness")
    first = "–" if ratio is None else f"{float(ratio):.1f}"
    text = f"{first}\n{100.0 * float(point['intermediate_share']):.0f} %"
    ax.text(*place, text, ha="center", va="center", fontsize=9, color=colour)


def _frame(ax: Axes, shares: Sequence[float], walls: Sequence[float], reference: tuple[float, float]) -> None:
    share = int(np.argmin(np.abs(np.array(shares) - reference[0])))
    wall = int(np.argmin(np.abs(np.array(walls) - reference[1])))
    if not np.isclose(shares[share], reference[0]) or not np.isclose(walls[wall], reference[1]):
        return
    x, y = np.array([-0.47, 0.47, 0.47, -0.47, -0.47]), np.array([-0.46, -0.46, 0.46, 0.46, -0.46])
    ax.plot(share + x, wall + y, color=CONTACT_COLOUR, lw=2.5)


def _grid_words(grid: Sequence[Mapping[str, Any]]) -> str:
    ratios = [(_ratio(point), point) for point in grid if np.isfinite(_ratio(point))]
    if not ratios:
        return "No pair of conductances makes a shell."
    most, point = max(ratios, key=lambda entry: entry[0])
    return (
        f"Reach over thickness of the shell along the walls for {len(grid)} pairs of conductances; largest, "
        f"{most:.1f}, where the faces carry {float(point['face_share']):g} of k and the perimeter conducts "
        f"{power(float(point['perimeter_m3_s']))} m³/s."
    )


def _grid_table(grid: Sequence[Mapping[str, Any]]) -> Table:
    header = (
        "share on faces", "faces δD [m³/s]", "perimeter δD [m³/s]", "D(Li7) of the bulk [m²/s]",
        "shell L/h₀", "shell h₀ [nm]", "intermediate pixels [%]",
    )  # fmt: skip
    rows = [
        (
            f"{float(p['face_share']):g}", number(float(p["faces_m3_s"]), 3),
            number(float(p["perimeter_m3_s"]), 3), number(float(p["D_Li7_m2_s"]), 3), f"{_ratio(p):.1f}",
            number(_NANO * float(p["shell"].get("shell_thickness_m") or 0.0), 3),
            f"{100.0 * float(p['intermediate_share']):.0f}",
        )
        for p in grid
    ]  # fmt: skip
    return Table("Pairs of conductances", header, rows)


def full_extraction_chart(times: Mapping[str, Any]) -> Chart:
    """Draw times of full extraction against 1/T, quoted and simulated.

    Parameters
    ----------
    times : The block ``full_extraction`` of the summary.
    """
    series = [("quoted in the paper", times["temperature_degC"], times["times_s"], INK, "s")]
    if "simulated_times_s" in times:
        simulated = (times["simulated_temperature_degC"], times["simulated_times_s"])
        series.append(("simulated, 95 % of the lithium out", *simulated, COLOURS[0], "o"))
    rows, words = [], []
    with styled():
        page = canvas(6.4, 3.9)
        ax = page.subplots()
        for label, degrees, seconds, colour, marker in series:
            kelvin = np.array(degrees, dtype=np.float64) + ZERO_CELSIUS
            values = np.array(seconds, dtype=np.float64)
            fit = fit_arrhenius(kelvin, 1.0 / values)
            text = f"{label}: {energy(fit.Ea_eV, fit.Ea_eV_std)}"
            ax.plot(1000.0 / kelvin, values, marker, color=colour, ms=5, label=text)
            line = np.linspace(kelvin.min(), kelvin.max(), 40)
            ax.plot(1000.0 / line, 1.0 / fit.predict(line), color=colour, lw=1.1)
            words.append(text)
            rows += [(label, f"{t:g}", f"{s:.1f}") for t, s in zip(degrees, values, strict=True)]
        ax.set_yscale("log")
        powers(ax.yaxis)
        ax.set_xlabel("1000 / T [1/K]")
        ax.set_ylabel("time of full extraction [s]")
        ax.legend(loc="upper left", title="activation energy of 1/time")
        ends = [np.array(entry[1], dtype=np.float64) + ZERO_CELSIUS for entry in series]
        celsius_axis(ax, np.concatenate(ends))
    table = Table("Times of full extraction", ("series", "temperature [°C]", "time [s]"), rows)
    return Chart("Time of full extraction against temperature", page, "; ".join(words) + ".", table)


def contact_chart(contacts: Sequence[Mapping[str, Any]]) -> Chart:
    """Draw apparent k over the planar one against the part of the side that touches the electrolyte."""
    rows = sorted(contacts, key=lambda entry: float(entry["coverage"]))
    part = np.array([float(entry["coverage"]) for entry in rows])
    ratio = np.array([_known(entry["k_over_planar"]) for entry in rows])
    std = np.array([_known(entry["k_over_planar_std"]) for entry in rows])
    with styled():
        page = canvas(6.4, 3.2)
        ax = page.subplots()
        ax.errorbar(100.0 * part, ratio, np.nan_to_num(std), fmt="o-", color=COLOURS[0], ms=5, capsize=2.5)
        ax.axhline(1.0, color=INK, lw=0.8, ls=":")
        ax.set_xlabel("part of the side in contact [%]")
        ax.set_ylabel("apparent k / planar k")
        ax.set_ylim(0.0, 1.1)
    temperature = float(rows[0]["temperature_degC"])
    alt = "Apparent over planar k: " + ", ".join(
        f"{r:.2f} at {100.0 * p:.0f} %" for p, r in zip(part, ratio, strict=True)
    )
    table = Table(
        "Partial contacts", ("part in contact [%]", "apparent k / planar k", "its deviation"),
        [(f"{100.0 * p:.0f}", f"{r:.3f}", f"{s:.3f}") for p, r, s in zip(part, ratio, std, strict=True)],
    )  # fmt: skip
    return Chart(f"A partial contact lowers the apparent k, {temperature:g} °C", page, f"{alt}.", table)


def _known(value: Any) -> float:
    return float("nan") if value is None else float(value)


def mean_front_chart(fronts: Sequence[Mapping[str, Any]]) -> Chart:
    """Draw how the apparent k of the mean insertion front approaches the true one with its position."""
    with styled():
        page = canvas(6.4, 3.4)
        ax = page.subplots()
        rows = []
        for place, entry in enumerate(fronts):
            xi = np.array(entry["mean_front_m"], dtype=np.float64) * _NANO
            ratio = np.array([_known(value) for value in entry["mean_front_over_true"]])
            label = f"{float(entry['temperature_degC']):g} °C"
            ax.plot(xi, ratio, "o-", ms=4, lw=1.2, color=COLOURS[place % len(COLOURS)], label=label)
            rows += [(label, f"{x:.0f}", f"{r:.3f}") for x, r in zip(xi, ratio, strict=True)]
        ax.axhline(1.0, color=INK, lw=0.8, ls=":")
        ax.set_ylim(0.0, max(1.1, ax.get_ylim()[1]))
        ax.set_xlabel("position of the mean front ξ [nm]")
        ax.set_ylabel("ξ² / (2 t) over true k")
        ax.legend(loc="lower right", ncols=3)
    last = [_known(entry["mean_front_over_true"][-1]) for entry in fronts]
    alt = (
        f"Apparent over true k of the mean front: {np.nanmin(last):.2f} to {np.nanmax(last):.2f} at the "
        "farthest position."
    )
    header = ("temperature", "mean front [nm]", "apparent k / true k")
    return Chart(
        "Mean front of insertion with conducting surfaces", page, alt, Table("Mean front", header, rows)
    )


def state_text(content: float, seconds: float) -> str:
    """Write what stands above a map: per cent transformed and when."""
    return f"{100.0 * content:.0f} %, {clock(seconds)}"
