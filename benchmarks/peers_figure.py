"""Figure of error against wall time, logarithmic, every curve and point named where it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from lto_sim.plot.style import figure, styled

__all__ = ["draw"]

_NATIVE = ("#56B4E9", "#2A8CC7", "#0072B2", "#00558A", "#003A61")
"""Coarse to fine grids: one hue, darker with the number of cells."""
_PEERS = {"FiPy": ("#D55E00", "s", -4, "top"), "py-pde": ("#117733", "^", 4, "bottom")}
"""Colour, mark, and where the name stands beside it."""
_HALO = [patheffects.withStroke(linewidth=3.0, foreground="white")]


def draw(rows: list[dict[str, Any]], file: Path) -> None:
    """Draw the rows of `peers.json`; a hollow mark is extrapolated. Rows of shortened runs are left out."""
    rows = [row for row in rows if row["errors"] is not None and len(row["outcome"]["times"]) > 1]
    with styled():
        made = figure(8.0, 5.5)
        axes = made.add_subplot()
        native = [row for row in rows if row["engine"] == "native"]
        for number, columns in enumerate(sorted({row["columns"] for row in native})):
            colour = _NATIVE[min(number, len(_NATIVE) - 1)]
            _native(axes, [row for row in native if row["columns"] == columns], colour)
        for row in rows:
            if row["engine"] != "native":
                _peer(axes, row)
        axes.set(xscale="log", yscale="log", xlabel="wall time (s)")
        axes.set_ylabel("error of the front (%), rms over output times")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 3.0, 5.0)))
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axis.set_minor_formatter(NullFormatter())
        axes.set_title("Insertion at 30 °C to 600 s: error against time", loc="left")
        steps = ", ".join(f"{value:g}" for value in sorted({_fraction(row) for row in native}, reverse=True))
        note = f"lines: native, the front crosses {steps} cell a step"
        hollow = any(row["measured"] == "extrapolated" for row in rows)
        note += "\nhollow: cost per step measured × number of steps" if hollow else ""
        axes.text(0.99, 0.99, note, transform=axes.transAxes, ha="right", va="top", fontsize=9, color="0.3")
        axes.margins(x=0.22, y=0.14)
        axes.grid(visible=True, which="major", color="0.92", linewidth=0.6)
        file.parent.mkdir(parents=True, exist_ok=True)
        made.savefig(file)


def _fraction(row: dict[str, Any]) -> float:
    return float(row["setting"].rsplit(" ", 1)[1])


def _native(axes: Axes, rows: list[dict[str, Any]], colour: str) -> None:
    rows = sorted(rows, key=_fraction, reverse=True)
    walls = [row["wall_s"] for row in rows]
    x, y = [wall["median"] for wall in walls], [row["errors"]["front"] for row in rows]
    spread = [[w["median"] - w["lowest"] for w in walls], [w["highest"] - w["median"] for w in walls]]
    axes.errorbar(x, y, xerr=spread, marker="o", markersize=4.5, color=colour, capsize=2)
    best = y.index(min(y))
    axes.annotate(f"native {rows[0]['columns']} × {rows[0]['rows']}", (x[best], y[best]), xytext=(-6, -4),
                  textcoords="offset points", color=colour, va="top", ha="right", fontsize=9,
                  path_effects=_HALO)  # fmt: skip


def _peer(axes: Axes, row: dict[str, Any]) -> None:
    colour, marker, shift, side = _PEERS[row["engine"]]
    hollow = row["measured"] == "extrapolated"
    x, y = row["wall_s"]["median"], row["errors"]["front"]
    axes.plot(x, y, marker, color=colour, markersize=8, markerfacecolor="white" if hollow else colour)
    step = f", {_fraction(row):g} cell a step" if row["setting"].startswith("front_fraction") else ""
    axes.annotate(
        f"{row['engine']} {row['columns']} × {row['rows']}{step}", (x, y), xytext=(-8, shift),
        textcoords="offset points", color=colour, va=side, ha="right", fontsize=9, path_effects=_HALO,
    )  # fmt: skip
