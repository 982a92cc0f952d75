"""Models side by side: what each costs against the one that is chosen, by AIC and by frames left out."""

from __future__ import annotations

import textwrap
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lto_sim.inverse.models.compare import ModelComparison
from lto_sim.inverse.models.rows import ModelRow
from lto_sim.plot.style import figure, styled

__all__ = ["plot_model_comparison"]

_CHOSEN: Final = "#0072B2"
_ALIKE: Final = "#56B4E9"
_OTHER: Final = "#B0B0B0"
_LINEAR: Final[float] = 2.0
"""Differences up to which the axis is linear; beyond, it is logarithmic."""
_CLEAR: Final[float] = 6.0
_WORDS: Final = 30
_LINE: Final = 135


def plot_model_comparison(comparison: ModelComparison) -> Figure:
    """Plot differences of AIC, and of the deviance of frames left out, from the chosen model.

    Parameters
    ----------
    comparison : From `compare_models`; models that failed are listed without bars.
    """
    chosen = comparison.row(comparison.chosen)
    rows = [row for row in comparison.rows if not row.failure]
    rows = sorted(rows, key=lambda row: row.aic, reverse=True)
    rows = [row for row in comparison.rows if row.failure] + rows
    left_out = any(row.left_out.size for row in rows)
    words = "\n".join(textwrap.fill(line, _LINE, subsequent_indent="   ") for line in comparison.lines)
    height, lines = 0.62 * len(rows) + 1.0, words.count("\n") + 1
    with styled():
        page = figure(10.5, height + 0.17 * lines + 0.3)
        upper, lower = np.ravel(np.asarray(page.subfigures(2, 1, height_ratios=[height, 0.17 * lines + 0.1])))
        axes = np.ravel(np.asarray(upper.subplots(1, 2 if left_out else 1, sharey=True)))
        place = np.arange(len(rows))
        _bars(axes[0], comparison, rows, [row.aic - chosen.aic for row in rows], None)
        axes[0].axvline(_CLEAR, color="0.5", lw=0.8, ls="--")
        axes[0].set_xlabel("AIC less that of the chosen model\n(dashed: evidence 20 : 1)")
        axes[0].set_yticks(place, [_label(row) for row in rows])
        if left_out:
            differences = [_left_out(row, chosen) for row in rows]
            _bars(axes[1], comparison, rows, [d[0] for d in differences], [d[1] for d in differences])
            axes[1].set_xlabel("deviance of frames left out\nless that of the chosen model")
            axes[1].tick_params(axis="y", length=0)
        lower.text(0.02, 0.98, words, va="top", fontsize=8.5)
        return page


def _label(row: ModelRow) -> str:
    count = len(row.free)
    shown = "could not be fitted" if row.failure else f"{count} parameter{'s' if count > 1 else ''}"
    return f"{textwrap.fill(row.name, _WORDS)}\n({shown})"


def _left_out(row: ModelRow, chosen: ModelRow) -> tuple[float, float]:
    """Difference and its standard deviation over the blocks."""
    if row.left_out.size < 2 or row.left_out.size != chosen.left_out.size:
        return float("nan"), float("nan")
    each = row.left_out - chosen.left_out
    return float(each.sum()), float(np.sqrt(each.size * np.var(each, ddof=1)))


def _bars(
    ax: Axes, comparison: ModelComparison, rows: list[ModelRow], values: list[float],
    errors: list[float] | None,
) -> None:  # fmt: skip
    known = np.array(values)
    shown = np.where(np.isfinite(known), known, 0.0)
    colours = [_colour(row.name, comparison) for row in rows]
    ax.barh(np.arange(len(rows)), shown, height=0.55, color=colours)
    if errors is not None:
        bars = np.where(np.isfinite(errors), errors, 0.0)
        ax.errorbar(shown, np.arange(len(rows)), xerr=bars, fmt="none", ecolor="black", capsize=3, lw=1.0)
    ax.axvline(0.0, color="black", lw=0.8)
    ax.set_xscale("symlog", linthresh=_LINEAR)
    ax.xaxis.set_major_formatter("{x:g}")
    reach = np.abs(shown) + (0.0 if errors is None else np.where(np.isfinite(errors), errors, 0.0))
    most, least = float(reach.max(initial=_CLEAR)), float(min(shown.min(initial=0.0), 0.0))
    if errors is not None:
        least = min(least, float((shown - bars).min()))
    ax.set_xlim(3.0 * least if least < 0.0 else -0.4, 8.0 * most)
    ends = shown if errors is None else np.maximum(shown + bars, 0.0)
    for place, (row, value) in enumerate(zip(rows, known, strict=True)):
        text = "chosen" if row.name == comparison.chosen else f"{value:+.1f}"
        if np.isfinite(value) and not (errors is not None and row.name == comparison.chosen):
            ax.annotate(text, (max(float(ends[place]), 0.0), place), (5, 0), textcoords="offset points",
                        va="center", fontsize=9)  # fmt: skip
    ax.set_ylim(-0.6, len(rows) - 0.4)


def _colour(name: str, comparison: ModelComparison) -> str:
    if name == comparison.chosen:
        return _CHOSEN
    return _ALIKE if name in comparison.alike else _OTHER
