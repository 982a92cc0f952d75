"""How far recorded maps are from a run, frame by frame."""

from __future__ import annotations

import numpy as np
import xarray as xr

from lto_sim.plot.prefix import time_unit
from lto_sim.plot.style import styled
from lto_sim.report.charts.base import COLOURS, INK, canvas
from lto_sim.report.page import Chart, Table
from lto_sim.report.words import clock, number

__all__ = ["misfit_chart"]


def misfit_chart(name: str, comparison: xr.Dataset) -> Chart | None:
    """Draw the misfit of every frame, and the mean difference of lithium where it is stored.

    Parameters
    ----------
    name : Of the comparison.
    comparison : With ``misfit(time)``; optionally ``lithium_difference`` and its deviation.
    """
    time = np.asarray(comparison["time"].values, dtype=np.float64)
    misfit = np.asarray(comparison["misfit"].values, dtype=np.float64)
    known = np.isfinite(misfit)
    if np.count_nonzero(known) < 2:
        return None
    scale, unit = time_unit(float(np.abs(time).max()))
    lithium = "lithium_difference" in comparison
    stated = "normalised_residual" in comparison
    label = "chi-square\nper value" if stated else "mean square\ndifference"
    with styled():
        page = canvas(6.4, 4.2 if lithium else 2.8)
        axes = np.ravel(page.subplots(1 + lithium, 1, sharex=True))
        axes[0].plot(time[known] * scale, misfit[known], "o-", ms=2.8, mew=0.0, lw=1.1, color=COLOURS[0])
        axes[0].set_ylim(0.0, 1.15 * float(misfit[known].max()) or 1.0)
        axes[0].set_ylabel(label)
        if stated:
            axes[0].axhline(1.0, color=INK, lw=0.8, ls=":")
        if lithium:
            values, std = (
                np.asarray(comparison[key].values, dtype=np.float64)
                for key in ("lithium_difference", "lithium_difference_std")
            )
            axes[1].errorbar(
                time[known] * scale, values[known], std[known], fmt="o", ms=2.8, mew=0.0, lw=0.0,
                elinewidth=0.8, color=COLOURS[1],
            )  # fmt: skip
            axes[1].axhline(0.0, color=INK, lw=0.8, ls=":")
            axes[1].set_ylabel("mean\ndifference of x")
        axes[-1].set_xlabel(f"time t [{unit}]")
        page.align_ylabels()
    worst = int(np.nanargmax(np.where(known, misfit, -np.inf)))
    kind = "chi-square per value" if stated else "mean square difference"
    alt = (
        f"The {kind} of {np.count_nonzero(known)} frames has a median of "
        f"{number(float(np.median(misfit[known])), 3)}; it is largest, {number(float(misfit[worst]), 3)}, at "
        f"{clock(float(time[worst]))}."
    )
    header = ["time [s]", "misfit [1]"]
    columns = [misfit]
    if lithium:
        header += ["mean difference of x [1]", "its deviation [1]"]
        columns += [values, std]
    rows = [(f"{time[i]:.4f}", *(f"{column[i]:.4g}" for column in columns)) for i in np.flatnonzero(known)]
    return Chart(
        f"Misfit of every frame, {name}", page, alt, Table("Misfit", header, rows),
        tuple((i, 1.0 / scale) for i in range(1 + lithium)),
    )  # fmt: skip
