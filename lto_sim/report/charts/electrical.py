"""Potential and current of a run against time."""

from __future__ import annotations

import numpy as np
import xarray as xr

from lto_sim.plot.electrical import plateau_line
from lto_sim.plot.prefix import prefixed, time_unit
from lto_sim.plot.style import styled
from lto_sim.report.charts.base import COLOURS, INK, canvas, evenly
from lto_sim.report.page import Chart, Table
from lto_sim.report.words import clock, number

__all__ = ["electrical_chart"]

_PEAK = 5.0
_USUAL = 0.9


def electrical_chart(name: str, run: xr.Dataset) -> Chart:
    """Draw potential and current of a run; the first peak of a hold is cut off, and the axis says so.

    Parameters
    ----------
    name : Of the run.
    run : With ``time_fine``, ``current`` and ``potential``, two samples at least.
    """
    time, current, potential = (
        np.asarray(run[name].values, dtype=np.float64) for name in ("time_fine", "current", "potential")
    )
    scale, unit = time_unit(float(time[-1]))
    top, cut = _top(current)
    factor, amperes = prefixed(np.array([top]), "A")
    with styled():
        page = canvas(6.4, 4.4)
        above, below = np.ravel(page.subplots(2, 1, sharex=True, height_ratios=(1.0, 1.3)))
        above.plot(time * scale, potential, color=COLOURS[1], lw=1.4)
        low, high = float(np.nanmin(potential)), float(np.nanmax(potential))
        above.set_ylim(low - 0.1 - 0.05 * (high - low), high + 0.1 + 0.05 * (high - low))
        plateau_line(above, run)
        electrode = str(run.attrs.get("reference_electrode", "In-Li"))
        above.set_ylabel(f"potential [V]\nagainst {electrode}")
        below.plot(time * scale, current * factor, color=COLOURS[0], lw=1.4, drawstyle="steps-pre")
        below.axhline(0.0, color=INK, lw=0.7)
        shown = np.clip(current[np.isfinite(current)], -top, top) * factor
        below.set_ylim(1.08 * min(shown.min(), 0.0), 1.08 * max(shown.max(), 0.0) or 1.0)
        if cut:
            words = f"peak of {_amperes(_largest(current))} cut off"
            place = (0.98, "top") if shown.max() > -shown.min() else (0.03, "bottom")
            below.text(
                0.99, place[0], words, transform=below.transAxes, ha="right", va=place[1], fontsize=8.5
            )
        below.set_ylabel(f"current, extraction > 0\n[{amperes}]")
        below.set_xlabel(f"time t [{unit}]")
        page.align_ylabels()
    times = ((0, 1.0 / scale), (1, 1.0 / scale))
    alt = (
        f"Current of the particle over {clock(float(time[-1]))}: {_amperes(float(current[-1]))} at the end, "
        f"{_amperes(_largest(current))} at most; potential from {number(low)} to {number(high)} V."
    )
    return Chart(f"Potential and current, {name}", page, alt, _table(run, time), times)


def _amperes(current: float) -> str:
    factor, unit = prefixed(np.array([current]), "A")
    return f"{number(current * factor, 3)} {unit}"


def _largest(current: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    return float(current[np.nanargmax(np.abs(current))])


def _top(current: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[float, bool]:
    """Largest current that is shown [A], and whether a short peak beyond it is cut off."""
    sizes = np.abs(current[np.isfinite(current)])
    largest = float(sizes.max(initial=0.0)) or 1e-12
    usual = _PEAK * float(np.quantile(sizes, _USUAL))
    return (usual, True) if 0.0 < usual < largest else (largest, False)


def _table(run: xr.Dataset, time: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Table:
    rows = evenly(time.size, 120)
    names = ("potential", "current", "charge")
    columns = [np.asarray(run[name].values, dtype=np.float64)[rows] for name in names]
    thinned = "" if rows.size == time.size else f", {rows.size} of {time.size} samples"
    return Table(
        f"Electrical series{thinned}",
        ("time [s]", "potential [V]", "current [A]", "charge [C]"),
        [
            (f"{t:.5g}", f"{v:.4f}", f"{i:.4e}", f"{q:.4e}")
            for t, v, i, q in zip(time[rows], *columns, strict=True)
        ],
    )
