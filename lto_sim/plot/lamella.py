"""What a thin lamella and its recording do to k of insertion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lto_sim.plot.style import figure, styled, temperature_colours

__all__ = ["plot_lamella_recording", "plot_lamella_thickness"]

Floats = NDArray[np.float64]

_NANOMETRE = 1e9
_LAMELLAE = (100.0, 200.0)
_OKABE: Final = ("#000000", "#0072B2", "#009E73", "#D55E00", "#CC79A7", "#56B4E9")
_READINGS: Final = {
    "k_mean": ("mean front, no maps", "o", "#000000"),
    "k_shell": ("maps: shell model", "s", "#0072B2"),
    "k_step": ("maps: blurred step", "D", "#D55E00"),
    "k_contour": ("maps: contour x = 0.5", "v", "#009E73"),
    "k_edge": ("maps: contour x = 0.2", "^", "#CC79A7"),
}


def plot_lamella_thickness(tables: Sequence[xr.Dataset]) -> Figure:
    """Apparent over bulk k against thickness, how it is read, and when the late front is reached.

    Parameters
    ----------
    tables : From `apparent_rates`: the first is drawn over thickness; all of them, fields of view of other
        sizes too, over the length of the tip.
    """
    with styled():
        page = figure(15.0, 5.0)
        left, middle, right = page.subplots(1, 3)
        _over_thickness(left, tables[0])
        _readings(middle, tables)
        _local(right, tables)
        page.suptitle(
            "Insertion: what the faces of a lamella add to k, and what is left of it in a reading "
            "(latter half of the way, no noise)"
        )
        return page


def _over_thickness(ax: Axes, table: xr.Dataset) -> None:
    thickness = _NANOMETRE * table["thickness"].values
    every = np.linspace(0.8 * thickness.min(), 1.07 * thickness.max(), 200)
    lengths = np.unique(table["surface_length"].values)
    for colour, length in zip(_OKABE, lengths, strict=False):
        ax.plot(every, 1.0 + 2.0 * _NANOMETRE * length / every, "-", color=colour, lw=1.3)
        own = table["surface_length"].values == length
        bulk = table["k_bulk"].values[own]
        label = f"l = {_NANOMETRE * length:.0f} nm"
        ax.plot(thickness[own], table["k_mean"].values[own] / bulk, "o", color=colour, ms=5.5, label=label)
        ax.plot(thickness[own], table["k_step"].values[own] / bulk, "D", color=colour, ms=8, mfc="none")
    ax.axvspan(*_LAMELLAE, color="0.92", zorder=0)
    ax.set(yscale="log", xlabel="active thickness H [nm]", ylabel="apparent k / Wagner's k of the bulk")
    ax.set_xlim(every[0], every[-1])
    ax.set_yticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
    ax.minorticks_off()
    ax.legend(loc="upper right", title="faces of l = δD$_{faces}$/D(Li7)", title_fontsize=9)
    ax.set_title(
        "lines: 1 + 2 l/H; dots: mean front; open: step in maps\n(grey: published thicknesses)", fontsize=9.5
    )


def _readings(ax: Axes, tables: Sequence[xr.Dataset]) -> None:
    for name, (label, marker, colour) in _READINGS.items():
        ratio = np.concatenate([(t["tip_length"] / t["field"]).values for t in tables])
        bias = np.concatenate([(t[name] / t["k_expected"]).values for t in tables])
        ax.plot(ratio, 100.0 * (bias - 1.0), marker, color=colour, ms=5, mfc="none", label=label)
    ax.axhline(0.0, color="0.6", lw=0.8, zorder=0)
    ax.set(xlabel="length of the tip √(3 l H) / field of view", ylabel="read k / k (1 + 2 l/H) − 1 [%]")
    ax.set_yscale("symlog", linthresh=10.0)
    ticks = [-50, -20, -10, -5, 0, 5, 10, 20, 50, 100]
    ax.set_yticks(ticks, [f"{tick}" for tick in ticks])
    ax.minorticks_off()
    fields = ", ".join(f"{1e6 * float(t['field'][0]):g}" for t in tables)
    ax.set_title(
        f"how it is read matters when the tip is long\n(fields of view of {fields} µm)", fontsize=9.5
    )
    ax.legend(loc="lower left", fontsize=8.5)


def _local(ax: Axes, tables: Sequence[xr.Dataset]) -> None:
    lengths = [length for length in np.unique(tables[0]["surface_length"].values) if length > 0.0]
    for colour, length in zip(_OKABE[1:], lengths, strict=False):
        x, y = [], []
        for table in tables:
            own = table["surface_length"].values == length
            tip = table["tip_length"].values[own][:, None]
            way = table["part"].values[None, :] * table["field"].values[own][:, None]
            x.append(way / tip)
            y.append(table["local_k"].values[own] / table["k_expected"].values[own][:, None])
        ratio, local = np.concatenate(x), np.concatenate(y)
        label = f"l = {_NANOMETRE * length:.0f} nm"
        ax.plot(
            ratio[:, 1:].ravel(), local[:, 1:].ravel(), "o", color=colour, ms=4.5, mfc="none", label=label
        )
        ax.plot(ratio[:, 0], local[:, 0], "x", color=colour, ms=4)
    ax.axhline(1.0, color="0.6", lw=0.8, zorder=0)
    ax.axvline(2.0, color="0.6", lw=0.8, ls="--", zorder=0)
    ax.text(2.1, 0.72, "ξ = 2√(3 l H)", fontsize=9, color="0.35")
    ax.set(xscale="log", xlabel="mean front ξ / √(3 l H)", ylabel="local k of the mean front / k (1 + 2 l/H)")
    ax.set_xticks([0.1, 0.2, 0.5, 1, 2, 5, 10], ["0.1", "0.2", "0.5", "1", "2", "5", "10"])
    ax.minorticks_off()
    ax.set_title(
        "from where on it holds\n(crosses: first fifth of the way, where the parent fills too)", fontsize=9.5
    )
    ax.legend(loc="lower right")


def plot_lamella_recording(frame: xr.Dataset, pixel: xr.Dataset, dose: xr.Dataset) -> Figure:
    """Bias of k by frame time, pixel and dose, for each temperature.

    Parameters
    ----------
    frame : From `apparent_rates` of `frame_cases`.
    pixel : Of `pixel_cases`.
    dose : Of `dose_cases`.
    """
    degC = np.unique(np.concatenate([t["temperature_degC"].values for t in (frame, pixel, dose)]))[::-1]
    colours = dict(zip(degC, temperature_colours(degC.size), strict=True))
    with styled():
        page = figure(15.0, 4.8)
        left, middle, right = page.subplots(1, 3)
        for temperature, colour in colours.items():
            label = f"{temperature:g} °C"
            _frames(left, frame.sel(case=frame["temperature_degC"] == temperature), colour, label)
            own = pixel.sel(case=pixel["temperature_degC"] == temperature)
            nudge = 1.0 + 0.02 * list(colours).index(temperature)
            _drawn(middle, own, _NANOMETRE * own["pixel"].values * nudge, colour, "o", label)
            _doses(right, dose.sel(case=dose["temperature_degC"] == temperature), colour, nudge)
        for ax in (left, middle, right):
            ax.axhline(0.0, color="0.6", lw=0.8, zorder=0)
            ax.set_xscale("log")
            ax.set_ylabel("read k / k (1 + 2 l/H) − 1 [%]")
        left.set_xlabel("time of a frame [s]")
        times = np.unique(frame["frame_time"].values)
        _plain_ticks(left, times)
        left.set_title(
            "frames: filled: rows, each pixel at its own time; open: columns,\nread as snapshots; "
            "crosses: fewer than four frames with a front", fontsize=9.5,
        )  # fmt: skip
        left.legend(loc="upper left")
        middle.set_xlabel("side of a pixel [nm]")
        _plain_ticks(middle, _NANOMETRE * np.unique(pixel["pixel"].values))
        middle.set_title("pixels: spectra at 71 pA, same frame time\n(bars: scatter of draws)", fontsize=9.5)
        right.set_xlabel("probe current [pA]")
        _plain_ticks(right, 1e12 * np.unique(dose["current"].values))
        right.set_xlim(50.0, 760.0)
        right.set_title(
            "dose, from spectra: share of the faces 0 (dots),\n0.5 (squares), 0.9 (triangles)", fontsize=9.5
        )
        page.suptitle(
            "What the recording does to k of insertion, read by a blurred step (faces carry half, or as said)"
        )
        return page


def _plain_ticks(ax: Axes, values: Floats) -> None:
    ax.set_xscale("log")
    ax.set_xticks(values, [f"{value:.3g}" for value in values])
    ax.minorticks_off()


def _frames(ax: Axes, table: xr.Dataset, colour: tuple[float, ...], label: str) -> None:
    for columns in (0, 1):
        own = table.sel(case=table["columns"].astype(int) == columns)
        bias = 100.0 * (own["k_step"] / own["k_expected"] - 1.0).values
        times, read = own["frame_time"].values, np.isfinite(bias)
        style = {"mfc": "none", "ls": "--"} if columns else {"ls": "-", "label": label}
        ax.plot(times[read], bias[read], marker="D" if columns else "o", ms=6, color=colour, **style)  # type: ignore[arg-type]
        ax.plot(times[~read], np.zeros((~read).sum()), "x", color=colour, ms=8, mew=1.8)


def _drawn(
    ax: Axes, table: xr.Dataset, x: Floats, colour: tuple[float, ...], marker: str, label: str | None
) -> None:
    expected = table["k_expected"].values
    bias, bar = table["k_map"].values / expected - 1.0, table["k_map_scatter"].values / expected
    ax.errorbar(
        x, 100.0 * bias, yerr=100.0 * bar, fmt=marker, ms=6, lw=1.2, capsize=3, color=colour, mfc="none",
        label=label,
    )  # fmt: skip


def _doses(ax: Axes, table: xr.Dataset, colour: tuple[float, ...], nudge: float) -> None:
    lengths = np.unique(table["surface_length"].values)
    for number, (length, marker) in enumerate(zip(lengths, ("o", "s", "^"), strict=False)):
        own = table.sel(case=table["surface_length"] == length)
        x = 1e12 * own["current"].values * nudge * (0.88 + 0.12 * number)
        _drawn(ax, own, x, colour, marker, None)
