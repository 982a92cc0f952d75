"""The verdict of a rate-constant fit in words, and k with one choice changed at a time."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure

from lto_sim.kinetics import RateConstantFit
from lto_sim.kinetics.corrections import CorrectedRate
from lto_sim.plot.style import with_deviation
from lto_sim.provenance import K_DEFINITIONS

__all__ = ["draw_sensitivity", "write_verdict"]

_PER_CM2: Final = 1e4
_RAISED: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_BAND: Final = "#56B4E9"
_CORRECTED: Final = "#D55E00"
_NARROWEST: Final = 0.02
_LEAST: Final = 0.5
_MOST: Final = 1.8
"""Ratios beyond which a k is drawn as an arrow at the edge."""
_WIDTH: Final = 42
"""Letters on a line of the verdict."""


@dataclass(frozen=True)
class _Dot:
    """A k over that of the fit, in a row of the table."""

    row: str
    ratio: float
    colour: Any


def draw_sensitivity(
    ax: Axes, fit: RateConstantFit, corrected: CorrectedRate | None, colours: Mapping[int, Any]
) -> None:
    """Draw k of every choice over k of the fit, its intervals as bands, the corrected k as a diamond.

    Parameters
    ----------
    ax : Where.
    fit : With its table; the convention's factor of two is left to the text.
    corrected : The corrected k; None for none.
    colours : Colour of each profile.
    """
    ax.set_title("(d) k with one choice changed", loc="left", fontsize=10)
    if not math.isfinite(fit.k):
        ax.set_axis_off()
        text = "k is not resolved: the law of the verdict\nis ξ = k_L (t − t₀), and has no k to compare"
        ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", fontsize=9)
        return
    dots = _dots(fit, colours)
    rows = list(dict.fromkeys(dot.row for dot in dots))
    limits = _limits([*fit.interval, *([*corrected.interval(fit.level)] if corrected else [])], dots, fit.k)
    if corrected:
        rows.insert(0, "corrected by simulation")
        _draw_corrected(ax, corrected, fit, limits)
    for (low, high), alpha, name in (
        (fit.interval_any_law, 0.22, "_any law"),
        (fit.interval, 0.45, "_this law"),
    ):
        ends = np.clip([low / fit.k, high / fit.k], *limits)
        ax.axvspan(*ends, color=_BAND, alpha=alpha, lw=0.0, zorder=0, label=name)
    ax.axvline(1.0, color="black", lw=1.0, zorder=1)
    for dot in dots:
        _draw_dot(ax, dot, rows.index(dot.row), limits)
    ax.set_yticks(range(len(rows)), rows, fontsize=8.5)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlim(*limits)
    ax.locator_params(axis="x", nbins=5)
    ax.set_xlabel("k / k of the fit [1]\n(dark: interval in this law, light: over any law)")


def _dots(fit: RateConstantFit, colours: Mapping[int, Any]) -> list[_Dot]:
    """Rows of the table, moved contacts and single profiles in one row each."""
    found = []
    for entry in fit.sensitivity:
        colour: Any = "black"
        if entry.choice == "convention":
            continue
        row = {
            "law": f"{entry.changed_to} law",
            "start time": f"start at {entry.changed_to}",
            "origin": f"contact {entry.changed_to.removeprefix('contact moved by ').replace('+', '±')}",
            "profile": "each profile alone",
        }.get(entry.choice, entry.changed_to)
        if entry.choice == "origin":
            row = row.replace("-", "±")
        if entry.choice == "profile":
            colour = colours.get(int(entry.changed_to.split()[0]), "black")
        found.append(_Dot(row, entry.k / fit.k, colour))
    return found


def _limits(intervals: Sequence[float], dots: Sequence[_Dot], k: float) -> tuple[float, float]:
    values = np.array([*(value / k for value in intervals), *(dot.ratio for dot in dots), 1.0])
    values = np.clip(values, _LEAST, _MOST)
    low, high = min(float(values.min()), 1.0 - _NARROWEST), max(float(values.max()), 1.0 + _NARROWEST)
    return low - 0.08 * (high - low), high + 0.08 * (high - low)


def _draw_dot(ax: Axes, dot: _Dot, place: int, limits: tuple[float, float]) -> None:
    if limits[0] < dot.ratio < limits[1]:
        ax.plot(dot.ratio, place, "o", ms=5, color=dot.colour, mew=0.0, zorder=3, label="_choice")
        return
    right = dot.ratio >= limits[1]
    ends = limits if right else limits[::-1]
    edge = ends[1] - 0.03 * (ends[1] - ends[0])
    ax.plot(edge, place, ">" if right else "<", ms=6, color=dot.colour, mew=0.0, zorder=3, label="_beyond")
    text = f"{dot.ratio:.2g}" if math.isfinite(dot.ratio) else "not resolved"
    ax.text(
        ends[1] - 0.06 * (ends[1] - ends[0]), place, text, fontsize=8, va="center",
        ha="right" if right else "left", color=dot.colour,
    )  # fmt: skip


def _draw_corrected(
    ax: Axes, corrected: CorrectedRate, fit: RateConstantFit, limits: tuple[float, float]
) -> None:
    low, high = np.clip(np.array(corrected.interval(fit.level)) / fit.k, *limits)
    ax.plot([low, high], [0.0, 0.0], color=_CORRECTED, lw=1.4, zorder=3, label="_corrected interval")
    ratio = corrected.k / fit.k
    if limits[0] < ratio < limits[1]:
        ax.plot(ratio, 0.0, "D", ms=6, color=_CORRECTED, mew=0.0, zorder=4, label="_corrected")
    else:
        _draw_dot(ax, _Dot("", ratio, _CORRECTED), 0, limits)


def write_verdict(page: SubFigure, fit: RateConstantFit, corrected: CorrectedRate | None) -> None:
    """Write what was found: the verdict in large letters, below it a name and a value each.

    Parameters
    ----------
    page : Empty part of a figure.
    fit : Result.
    corrected : The corrected k; None for none.
    """
    entries = _entries(fit, corrected)
    page.text(0.02, 0.955, fit.verdict, fontsize=15, weight="bold", va="top").set_in_layout(False)
    lines = [(name, textwrap.wrap(value, _WIDTH)) for name, value in entries]
    height = 0.875 / sum(1.25 + 1.25 * len(value) + 0.5 for _, value in lines)
    height = min(height, 0.026)
    y = 0.885
    for name, value in lines:
        page.text(0.02, y, name, fontsize=8, color="0.35", va="top").set_in_layout(False)
        y -= 1.2 * height
        page.text(0.02, y, "\n".join(value), fontsize=8.8, va="top", linespacing=1.25).set_in_layout(False)
        y -= (1.25 * len(value) + 0.55) * height


def _entries(fit: RateConstantFit, corrected: CorrectedRate | None) -> list[tuple[str, str]]:
    percent = f"{100.0 * fit.level:.4g} %"
    two = {"2kt": "2 k", "kt": "k"}[fit.k_convention]
    law = {
        "parabolic": f"ξ² = {two} (t − t₀)",
        "linear": "ξ = k_L (t − t₀)",
        "mixed": f"t − t₀ = ξ/k_L + ξ²/({two})",
    }[fit.law]
    entries = [("law that k is read from", f"{fit.law}: {law}")]
    if math.isfinite(fit.k):
        entries.append((f"k  ({_definition(fit)})", _k(fit.k, fit.k_std)))
        if fit.verdict != "undecided":
            entries.append((f"{percent} interval, in this law", _interval(fit.interval)))
        entries.append((f"{percent} interval, over any law", _interval(fit.interval_any_law)))
    else:
        entries.append((f"k  ({_definition(fit)})", f"not resolved; {percent}: {_interval(fit.interval)}"))
    if corrected:
        of = {"planar": "of a planar front", "bulk": "of the bulk"}[corrected.target]
        entries.append((f"k corrected by simulation, {of}", _k(corrected.k, corrected.k_std)))
        factor = with_deviation(corrected.factor, corrected.factor_std)
        entries.append((f"its {percent} interval", _interval(corrected.interval(fit.level))))
        entries.append(("apparent over true k in the simulation", factor))
    if math.isfinite(fit.k_L):
        entries.append(("interface constant k_L", _value(fit.k_L, fit.k_L_std, "m/s")))
    entries += [
        ("start time t₀", _seconds(fit.start_time, fit.start_time_std)),
        ("time of the interface over that of diffusion", f"B = {_ratio(fit.time_ratio)}"),
        ("simple law against the mixed one", f"p = {_short(fit.p_value, 2)}"),
    ]
    if fit.alternative:
        entries.append(("explains the later points as well", fit.alternative))
    entries.append(("window", _window(fit)))
    entries.append(("errors of neighbouring frames", _correlation(fit)))
    chi = f"{fit.reduced_chi_square:.3g} ({fit.dof} degrees of freedom)"
    entries.append(("reduced χ²", chi + (f"; {fit.outliers} outliers left out" if fit.outliers else "")))
    return entries


def _definition(fit: RateConstantFit) -> str:
    other, change = ("kt", "twice") if fit.k_convention == "2kt" else ("2kt", "half")
    own, others = (K_DEFINITIONS[name].replace("xi^2", "ξ²") for name in (fit.k_convention, other))
    return f"{own}; by {others} {change} this"


def _window(fit: RateConstantFit) -> str:
    window = fit.window
    start = _seconds(window.start, window.start_std) if window.start_std > 0.0 else f"{window.start:.4g} s"
    return f"{start} to {window.end:.4g} s, {window.points} points"


def _seconds(value: float, deviation: float) -> str:
    text = with_deviation(value, deviation) if deviation > 0.0 else f"{value:.4g}"
    return f"{text} s".replace("-", "−")


def _correlation(fit: RateConstantFit) -> str:
    if fit.correlation is None:
        return "independent"
    length, unit = (
        (fit.correlation.length, "s")
        if fit.correlation.kind == "time"
        else (1e9 * fit.correlation.length, "nm")
    )
    return f"{fit.correlation.fraction:.0%} of the variance shared over {length:.3g} {unit}"


def _value(value: float, deviation: float, unit: str) -> str:
    """Value and deviation with a common power of ten."""
    power = math.floor(math.log10(value))
    scale = 10.0**-power
    return f"({with_deviation(value * scale, deviation * scale)}) × {_ten(power)} {unit}"


def _k(k: float, k_std: float) -> str:
    return _value(k * _PER_CM2, k_std * _PER_CM2, "cm²/s")


def _interval(limits: tuple[float, float]) -> str:
    """Limits [m2/s] in cm2/s, to two digits of their distance."""
    low, high = (limit * _PER_CM2 for limit in limits)
    if not math.isfinite(high):
        return f"{_short(low)} cm²/s or more" if math.isfinite(low) else "none"
    if not 0.1 * high < low < high:
        return f"{_short(low)} to {_short(high)} cm²/s"
    power = math.floor(math.log10(high))
    scale = 10.0**-power
    decimals = min(max(1 - math.floor(math.log10((high - low) * scale)), 2), 5)
    return f"({low * scale:.{decimals}f} to {high * scale:.{decimals}f}) × {_ten(power)} cm²/s"


def _ten(power: int) -> str:
    return "10" + str(power).translate(_RAISED)


def _ratio(value: float) -> str:
    return f"{value:.2g}" if math.isfinite(value) else "∞: no diffusion seen"


def _short(value: float, digits: int = 3) -> str:
    """Write a number plainly from 0.001 to 1000, else with a power of ten."""
    if value == 0.0 or 1e-3 <= abs(value) < 1e3 or not math.isfinite(value):
        return f"{value:.{digits}g}"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa}×{_ten(int(exponent))}"
