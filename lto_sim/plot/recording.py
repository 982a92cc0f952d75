"""A quick look at a recording: its spectrum, its image, its course in time, and the dark field beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lto_sim.files import Recording, RecordingSums, load_companion, sum_recording
from lto_sim.plot.prefix import time_unit
from lto_sim.plot.style import MAP_COLOURS, figure, scale_bar, styled

__all__ = ["EDGES", "plot_recording"]

EDGES: Final[dict[str, float]] = {
    "Ti-M2,3": 35.0,
    "Li-K": 55.0,
    "Ti-L3": 456.0,
    "Ti-L2": 462.0,
    "O-K": 532.0,
}
"""Onset energies [eV] of the edges of lithium titanate."""

_DETECTORS: Final = {"adf": "annular dark field", "abf": "annular bright field"}
_LINE: Final = "#0072B2"
_MARK: Final = "#D55E00"
_CLOSE: Final = 0.025
"""Edges closer than this part of the range share a label."""
_HEADROOM: Final = 0.28


def plot_recording(recording: Recording, sums: RecordingSums | None = None) -> Figure:
    """Plot what a recording holds: those of spectrum, image, dark field and course in time that it has.

    Parameters
    ----------
    recording : From `read_recording`.
    sums : Its sums, where they are known already.

    Raises
    ------
    InputError
        A part of the file that cannot be read.
    """
    sums = sum_recording(recording) if sums is None else sums
    detectors = {
        name: image.mean("time") if "time" in image.dims else image
        for name in _DETECTORS
        if name in recording.companions
        for image in [load_companion(recording, name)]
        if set(image.dims) <= {"time", "y", "x"}
    }
    with styled():
        page, panels = _page(_panels(sums, detectors))
        if "spectrum" in panels and sums.spectrum is not None:
            _draw_spectrum(panels["spectrum"], sums.spectrum)
        if "image" in panels and sums.image is not None:
            _draw_image(page, panels["image"], sums.image, MAP_COLOURS, _title(recording), _unit(sums.image))
        if "rows" in panels and sums.rows is not None:
            _draw_rows(page, panels["rows"], sums.rows)
        if "frames" in panels and sums.frames is not None:
            _draw_frames(panels["frames"], sums.frames)
        for name in detectors.keys() & panels.keys():
            image = detectors[name]
            _draw_image(page, panels[name], image, "gray", _DETECTORS[name], f"signal{_unit_of(image)}")
        page.suptitle(Path(recording.source).name)
        return page


def _panels(sums: RecordingSums, detectors: Mapping[str, xr.DataArray]) -> tuple[bool, list[str]]:
    """Whether there is a spectrum, and what stands below it."""
    below = []
    if sums.image is not None and min(sums.image.shape) > 1 and sums.image.ndim == 2:
        below.append("image")
    elif sums.rows is not None and min(sums.rows.shape) > 1:
        below.append("rows")
    below += [name for name, image in detectors.items() if image.ndim == 2 and min(image.shape) > 1][:1]
    if sums.frames is not None and sums.frames.size > 1:
        below.append("frames")
    spectrum = sums.spectrum is not None and sums.spectrum.size > 1
    return spectrum, below


def _page(parts: tuple[bool, list[str]]) -> tuple[Figure, dict[str, Axes]]:
    spectrum, below = parts
    rows: list[Any] = [["spectrum"] * max(len(below), 1)] if spectrum else []
    if below:
        rows.append(below)
    width = max(3.7 * len(below), 7.5 if spectrum else 5.0)
    page = figure(width, 3.3 * max(len(rows), 1) + 0.4)
    return page, page.subplot_mosaic(rows) if rows else {}


def _title(recording: Recording) -> str:
    parts = ["energies"] if "energy_loss" in recording.data.dims else []
    parts += ["frames"] if recording.data.sizes.get("time", 1) > 1 else []
    return f"sum of all {' and '.join(parts)}" if parts else "as recorded"


def _unit_of(values: xr.DataArray) -> str:
    unit = str(values.attrs.get("units", "1"))
    return "" if unit == "1" else f" [{unit}]"


def _unit(values: xr.DataArray) -> str:
    unit = str(values.attrs.get("units", "1"))
    return "value" if unit == "1" else unit


def _draw_spectrum(ax: Axes, spectrum: xr.DataArray) -> None:
    """Logarithmic where a zero loss towers over the rest."""
    energy, counts = spectrum["energy_loss"].values, spectrum.values
    calibrated = spectrum["energy_loss"].attrs.get("units") == "eV"
    ax.plot(energy, counts, color=_LINE, lw=1.2)
    ax.set_xlim(energy.min(), energy.max())
    positive = counts[counts > 0.0]
    zero_loss = calibrated and energy.min() < 0.0 < energy.max() and abs(energy[np.argmax(counts)]) < 10.0
    marks = _marks(energy) if calibrated else {}
    head = _HEADROOM if marks else 0.05
    if zero_loss and positive.size:
        low, high = math.log10(_floor(positive)), math.log10(positive.max())
        ax.set_yscale("log")
        ax.set_ylim(10.0**low, 10.0 ** (high + max(high - low, 0.5) * head / (1.0 - head)))
    else:
        low, high = float(min(counts.min(), 0.0)), float(counts.max())
        span = max(high - low, 1e-12)
        ax.set_ylim(low - (0.03 * span if low < 0.0 else 0.0), high + span * head / (1.0 - head))
    for label, at in marks.items():
        ax.axvline(at, color=_MARK, lw=0.9, ls=":")
        ax.annotate(
            label, (at, 1.0), (2, -3), xycoords=("data", "axes fraction"), textcoords="offset points",
            rotation=90, ha="left", va="top", fontsize=8, color=_MARK,
        )  # fmt: skip
    ax.set_xlabel("energy loss [eV]" if calibrated else "energy channel (not calibrated)")
    ax.set_ylabel(f"sum of all spectra{_unit_of(spectrum)}")


def _floor(positive: NDArray[np.float64]) -> float:
    """Lowest value worth showing: single noisy channels do not stretch the axis."""
    return float(max(np.quantile(positive, 0.01) * 0.7, positive.max() * 1e-9))


def _marks(energy: NDArray[np.float64]) -> dict[str, float]:
    """Label and energy of the edges in range; neighbours share a label."""
    low, high = float(energy.min()), float(energy.max())
    marks: list[tuple[str, float]] = []
    for label, at in EDGES.items():
        if not low <= at <= high - 0.02 * (high - low):
            continue
        if marks and at - marks[-1][1] < _CLOSE * (high - low):
            marks[-1] = (f"{marks[-1][0]}, {label}", marks[-1][1])
        else:
            marks.append((label, at))
    return dict(marks)


def _draw_image(page: Figure, ax: Axes, image: xr.DataArray, colours: str, title: str, label: str) -> None:
    image = image.transpose("y", "x")
    metres = all(image[dim].attrs.get("units") == "m" for dim in ("y", "x"))
    extent, unit = _extent(image, metres)
    shown = ax.imshow(image.values, cmap=colours, extent=extent, interpolation="nearest", aspect="equal")
    page.colorbar(shown, ax=ax, label=label, shrink=0.9)
    ax.set_title(title)
    if metres:
        length = _nice(0.3 * abs(extent[1] - extent[0]))
        scale_bar(ax, extent, length, f"{length:g} {unit}")
        ax.set(xticks=[], yticks=[])
    else:
        ax.set(xlabel="x [pixel]", ylabel="y [pixel]")
    ax.set(xlim=extent[:2], ylim=extent[2:])


def _extent(image: xr.DataArray, metres: bool) -> tuple[tuple[float, float, float, float], str]:
    """Left, right, bottom and top of the image, and the unit of its scale bar."""
    ends = []
    for dim in ("x", "y"):
        values = image[dim].values
        half = 0.5 * abs(values[-1] - values[0]) / max(values.size - 1, 1)
        ends += [float(values.min() - half), float(values.max() + half)]
    width = ends[1] - ends[0]
    factor, unit = (1.0, "") if not metres else (1e9, "nm") if width < 2e-6 else (1e6, "µm")
    left, right, top, bottom = (end * factor for end in ends)
    return (left, right, bottom, top), unit


def _nice(length: float) -> float:
    """Largest of 1, 2, 5 times a power of ten that is not above `length`."""
    power = 10.0 ** math.floor(math.log10(length))
    return float(max(step for step in (1.0, 2.0, 5.0) if step * power <= length * 1.000001) * power)


def _seconds(values: xr.DataArray) -> tuple[NDArray[np.float64], str]:
    time = values["time"]
    if time.attrs.get("units") != "s":
        return time.values, "frame"
    factor, unit = time_unit(float(time.values[-1] - time.values[0]))
    return time.values * factor, f"time [{unit}]"


def _draw_rows(page: Figure, ax: Axes, rows: xr.DataArray) -> None:
    """Rows of a slit against time."""
    time, label = _seconds(rows)
    metres = rows["y"].attrs.get("units") == "m"
    y = rows["y"].values * (1e9 if metres else 1.0)
    shown = ax.pcolormesh(time, y, rows.transpose("y", "time").values, cmap=MAP_COLOURS, shading="nearest")
    page.colorbar(shown, ax=ax, label=_unit(rows))
    ax.invert_yaxis()
    ax.set(xlabel=label, ylabel="y [nm]" if metres else "y [pixel]", title="rows of the slit")


def _draw_frames(ax: Axes, frames: xr.DataArray) -> None:
    time, label = _seconds(frames)
    few = time.size <= 60
    ax.plot(time, frames.values, color=_LINE, marker="o" if few else None, ms=3.5, lw=1.2)
    ax.set(xlabel=label, ylabel=f"sum of a frame{_unit_of(frames)}")
    ax.margins(y=0.15)
    ax.set_title("course in time")
