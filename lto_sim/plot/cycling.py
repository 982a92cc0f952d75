"""Figures of an electrical series against charge and potential: capacity curve, voltammogram."""

from __future__ import annotations

from typing import Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lto_sim.constants import ZERO_CELSIUS
from lto_sim.electrochemistry import DriveStepRecord, drive_steps, specific_capacity, theoretical_capacity
from lto_sim.errors import InputError
from lto_sim.plot.electrical import plateau_line
from lto_sim.plot.prefix import prefixed
from lto_sim.plot.style import DIRECTION_COLOURS, figure, styled

__all__ = ["plot_capacity_curve", "plot_voltammogram"]

Floats = NDArray[np.float64]

_NO_CHARGE: Final = 1e-9
"""Part of the capacity below which a drive step passes no charge."""
_SHOWN: Final = 0.1
"""Part of the capacity that is passed at least where the theoretical one is shown beside it."""


def plot_capacity_curve(dataset: xr.Dataset, *, title: str = "Charge and discharge") -> Figure:
    """Plot potential against specific capacity; every charge and discharge counts from its own start.

    Consecutive drive steps that pass charge in one direction, and the rests between them, are one curve.

    Parameters
    ----------
    dataset : A run, or a recorded series labelled like one.
    title : Title of the figure.

    Raises
    ------
    InputError
        ``mass_kg`` or ``capacity_C`` is missing.
    """
    number = dataset["drive_step"].values
    capacity, potential = specific_capacity(dataset), dataset["potential"].values
    whole = theoretical_capacity(dataset)
    branches = _branches(number, capacity, _NO_CHARGE * whole)
    with styled():
        page = figure(6.4, 4.6)
        ax = page.subplots()
        seen: set[str] = set()
        for direction, samples in branches:
            start = capacity[max(samples[0] - 1, 0)]
            sign = 1.0 if direction == "extraction" else -1.0
            label = direction if direction not in seen else f"_{direction}"
            seen.add(direction)
            passed = sign * (capacity[samples] - start)
            ax.plot(passed, potential[samples], color=DIRECTION_COLOURS[direction], label=label)
        plateau_line(ax, dataset)
        if float(np.ptp(capacity)) > _SHOWN * whole:
            ax.axvline(whole, color="0.45", lw=0.9, ls=":", zorder=0)
            ax.annotate(
                f"theoretical {whole:.4g} mA h/g", (whole, 0.98), (-3, 0), xycoords=ax.get_xaxis_transform(),
                textcoords="offset points", fontsize=8, color="0.35", rotation=90, ha="right", va="top",
            )  # fmt: skip
        ax.set_xlim(left=0.0)
        ax.set_xlabel("specific capacity [mA h/g]")
        ax.set_ylabel("potential against In-Li [V]")
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
        page.suptitle(title)
        return page


def _branches(
    number: NDArray[np.int32], capacity: Floats, least: float
) -> list[tuple[str, NDArray[np.intp]]]:
    """Direction and samples of every run of drive steps that pass charge one way."""
    branches: list[tuple[str, NDArray[np.intp]]] = []
    for step in np.unique(number):
        samples = np.flatnonzero(number == step)
        if not samples.size:
            continue
        passed = capacity[samples[-1]] - capacity[max(samples[0] - 1, 0)]
        direction = "extraction" if passed > 0.0 else "insertion"
        if branches and (abs(passed) <= least or direction == branches[-1][0]):
            branches[-1] = (branches[-1][0], np.concatenate([branches[-1][1], samples]))
        elif abs(passed) > least:
            branches.append((direction, samples))
    return branches


def plot_voltammogram(dataset: xr.Dataset, *, title: str = "Voltammogram") -> Figure:
    """Plot current against potential of every sweep.

    Parameters
    ----------
    dataset : A run, or a recorded series labelled like one.
    title : Title of the figure.

    Raises
    ------
    InputError
        No sweep in the drive.
    """
    sweeps = [step for step in drive_steps(dataset) if step.kind == "sweep"]
    if not sweeps:
        raise InputError("dataset", "no sweep", "a drive with a sweep", "add sweep = { from, to, rate }")
    inside = np.isin(dataset["drive_step"].values, [step.number for step in sweeps])
    factor, unit = prefixed(dataset["current"].values[inside], "A")
    with styled():
        page = figure(6.2, 4.6)
        ax = page.subplots()
        seen: set[str] = set()
        for step in sweeps:
            _sweep(ax, dataset, step, factor, seen)
        ax.axhline(0.0, color="0.5", lw=0.8, zorder=0)
        plateau_line(ax, dataset, upright=True)
        ax.set_xlabel("potential against In-Li [V]")
        ax.set_ylabel(f"current, oxidation > 0 [{unit}]")
        if seen:
            ax.legend(loc="best", title="sweep")
        ax.set_title(title)
        return page


def _sweep(ax: Axes, dataset: xr.Dataset, step: DriveStepRecord, factor: float, seen: set[str]) -> None:
    """Draw one sweep, currents at the middle of their intervals; a label that was `seen` only once."""
    mine = (dataset["drive_step"].values == step.number) & np.isfinite(dataset["current"].values)
    potential, time = dataset["potential"].values[mine], dataset["time_fine"].values[mine]
    if time.size < 2:
        return
    up = potential[-1] > potential[0]
    speed = abs(potential[-1] - potential[0]) / (time[-1] - time[0])
    scale, unit = prefixed(speed, "V/s")
    celsius = f"{step.temperature - ZERO_CELSIUS:.0f} °C"
    label = f"{'up' if up else 'down'}, {speed * scale:.3g} {unit}, {celsius}"
    middle = potential - 0.5 * np.diff(potential, prepend=2.0 * potential[0] - potential[1])
    ax.plot(
        middle, dataset["current"].values[mine] * factor, lw=1.4,
        color=DIRECTION_COLOURS["extraction" if up else "insertion"],
        label=label if label not in seen else f"_{label}",
    )  # fmt: skip
    seen.add(label)
