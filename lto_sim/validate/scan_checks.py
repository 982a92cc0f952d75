"""Synthetic recordings beside exact answers: shear by the scan, drift, interpolation, streams, the slit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.microscope import Instrument, acquire, expected_counts, plan_acquisition
from lto_sim.provenance import named
from lto_sim.quantify import o_o_distance_map
from lto_sim.specimen.raster import pixel_offsets
from lto_sim.validate.section import Check, worst_row
from lto_sim.validate.table import Row

__all__ = ["front_maps", "front_positions", "o_o_of_spectrum", "scan_checks", "step_run"]

Floats = NDArray[np.float64]

_PIXEL: Final = 20e-9
_THICKNESS: Final = 150e-9
_BORDER: Final = 8
_FINE_PROBE: Final[dict[str, Any]] = {
    "beam": {"probe_fwhm": 0.0, "broadening": False},
    "spectrometer": {"offset": -5.0, "dispersion": 0.25, "channels": 420},
}
_SEEDS: Final = (1, 2, 3, 4, 5)


def scan_checks(quick: bool) -> Sequence[Check]:
    """Everything in its one form: it takes seconds."""
    return (_shear_rows, _drift_rows, _basis_rows, _slit_rows)


def front_maps(
    start: float, velocity: float, frame_time: float, frames: int, pixels: tuple[int, int]
) -> xr.Dataset:
    """Maps of a straight front at ``start + velocity t`` [m], Li4 behind it, each pixel at its own time.

    Parameters
    ----------
    start, velocity : Of the front along x [m], [m/s].
    frame_time : [s]
    frames : Number of frames.
    pixels : Pixels (x, y) of 20 nm.
    """
    columns, rows = pixels
    offsets = pixel_offsets(pixels, frame_time, 0.0, "rows")
    time = np.asarray(np.arange(frames) * frame_time, dtype=np.float64)
    front = start + velocity * (time[:, None, None] + offsets)
    left = np.arange(columns) * _PIXEL
    poor = np.clip((front - left) / _PIXEL, 0.0, 1.0)
    return _labelled(1.0 - poor, time, offsets, rows, columns)


def _labelled(values: Floats, time: Floats, offsets: Floats, rows: int, columns: int) -> xr.Dataset:
    return xr.Dataset(
        {
            "li_fraction": (("time", "y", "x"), values, named("1", "projected Li fraction")),
            "thickness": (("y", "x"), np.full((rows, columns), _THICKNESS), named("m", "thickness")),
            "pixel_time": (("y", "x"), offsets, named("s", "time of a pixel within its frame")),
        },
        {
            "time": ("time", time, named("s", "start of the frame")),
            "y": ("y", (np.arange(rows) + 0.5) * _PIXEL, named("m", "pixel centre")),
            "x": ("x", (np.arange(columns) + 0.5) * _PIXEL, named("m", "pixel centre")),
        },
    )


def front_positions(counts: xr.Dataset, instrument: Instrument, maps: xr.Dataset) -> Floats:
    """Front along every row [m], (time, y), from expected spectra alone; not within 8 pixels of a border.

    The li fraction of a pixel is that whose exact spectrum has the same projection on Li7 - Li4.
    """
    plan = plan_acquisition(maps, instrument)
    grid = np.linspace(-0.02, 1.02, 521)
    known = plan.model.recorded(_THICKNESS, grid) * plan.dose.electrons
    direction = known[-1] - known[0]
    spectra = counts["counts"].values.astype(np.float64)
    found = np.interp(spectra @ direction, known @ direction, grid)
    inner = found[..., _BORDER:-_BORDER]  # where no vacuum drifts in
    return np.asarray(((1.0 - inner).sum(axis=2) + _BORDER) * _PIXEL)


def _shear_rows() -> list[Row]:
    """A front that crosses during a frame is sheared by its velocity times the time of a row."""
    velocity, frame_time = 100e-9, 1.5
    instrument = Instrument.from_dict(_FINE_PROBE)
    maps = front_maps(205e-9, velocity, frame_time, 4, (64, 32))
    front = front_positions(expected_counts(maps, instrument), instrument, maps)
    times = maps["time"].values[:, None, None] + maps["pixel_time"].values
    exact = 205e-9 + velocity * times
    column = (exact // _PIXEL).astype(int)  # the front that a pixel sees lies in it, or not
    sees = column == np.arange(64)
    true = np.where(sees, exact, 0.0).sum(axis=2) / np.maximum(sees.sum(axis=2), 1)
    unique = sees.sum(axis=2) == 1
    errors = (front - true)[unique] / _PIXEL
    rows = [worst_row("front of a row, from spectra, against its pixel's time [pixels]", errors, 5e-4)]
    same = unique[:, 1:] & unique[:, :-1]
    same &= np.argmax(sees, axis=2)[:, 1:] == np.argmax(sees, axis=2)[:, :-1]
    shear = np.diff(front, axis=1)[same]
    wanted = velocity * frame_time / 32
    rows.append(
        worst_row("shear from row to row over velocity times row time", shear / wanted - 1.0, 2e-4, wanted)
    )
    return rows


def _drift_rows() -> list[Row]:
    """A structure at rest is displaced by the drift, to a part of a pixel and at each pixel's time."""
    rows = []
    maps = front_maps(407e-9, 0.0, 1.5, 3, (64, 32))
    still = Instrument.from_dict(_FINE_PROBE)
    before = front_positions(expected_counts(maps, still), still, maps)
    for name, start, velocity in (
        ("3 pixels", 60e-9, 0.0), ("2.37 pixels", 47.4e-9, 0.0), ("-1.9 pixels", -38e-9, 0.0),
        ("16 nm/s", 0.0, 16e-9),
    ):  # fmt: skip
        moving = still.with_values({"drift.start": [start, 0.0], "drift.velocity": [velocity, 0.0]})
        after = front_positions(expected_counts(maps, moving), moving, maps)
        when = maps["time"].values[:, None] + maps["pixel_time"].values[:, 20]
        for _ in range(3):  # the time of the pixel that the front has come to
            column = ((before + start + velocity * when) // _PIXEL).astype(int)
            when = maps["time"].values[:, None] + maps["pixel_time"].values[np.arange(32), column]
        moved = (after - before - start - velocity * when) / _PIXEL
        rows.append(worst_row(f"displacement by a drift of {name} [pixels]", moved.ravel(), 2e-3))
    return rows


def _basis_rows() -> list[Row]:
    """Rendered pixels against the exact spectrum of each, over a wedge with lithium loss."""
    rng = np.random.default_rng(7)
    maps = front_maps(300e-9, 50e-9, 1.5, 3, (24, 16))
    maps["li_fraction"][:] = rng.uniform(0.0, 1.0, maps["li_fraction"].shape)
    maps["thickness"][:] = rng.uniform(100e-9, 200e-9, (16, 24))
    changes = {"lithium_loss": {"dose": "5 e/A^2"}}
    instrument = Instrument.from_dict(_FINE_PROBE).with_values(changes)
    plan = plan_acquisition(maps, instrument)
    errors = []
    for frame in range(3):
        kept = plan.dose.lithium_kept(instrument.lithium_loss, frame)
        exact = plan.model.recorded(maps["thickness"].values, maps["li_fraction"].values[frame], kept)
        exact = exact * plan.dose.electrons
        errors.append(np.abs(plan.expected(frame) - exact).max() / exact.max())
    return [worst_row("rendered pixels against exact spectra, wedge, lithium loss", np.array(errors), 1e-9)]


def step_run(step: float, length: float = 1.9e-6, thickness: float = 100e-9) -> xr.Dataset:
    """Run at rest: Li7 up to `step` [m] along x, Li4 beyond it, 5 nm cells."""
    cells = round(length / 5e-9)
    x = (np.arange(cells) + 0.5) * 5e-9
    rich = np.clip((step - (x - 2.5e-9)) / 5e-9, 0.0, 1.0)
    volume = np.full((1, 2, cells), 5e-9 * 50e-9 * thickness)
    state = np.broadcast_to(rich, (2, 1, 2, cells))
    dims = ("time", "z", "y", "x")
    return xr.Dataset(
        {
            "li_fraction": (dims, np.array(state), named("1", "Li fraction x")),
            "cell_volume": (dims[1:], volume, named("m3", "cell volume")),
            "thickness": (dims[2:], np.full((2, cells), thickness), named("m", "specimen thickness")),
        },
        {
            "time": ("time", np.array([0.0, 30.0]), named("s", "time")),
            "z": ("z", np.array([0.5 * thickness]), named("m", "position through the thickness")),
            "y": ("y", np.array([25e-9, 75e-9]), named("m", "position down the image")),
            "x": ("x", x, named("m", "position along the image")),
        },
    )


def _slit_rows() -> list[Row]:
    """A step through the slit: where it is, the shift of Ti-L3, the O-O distances; drawn, five seeds."""
    step = 952.1e-9
    run = step_run(step)
    instrument = Instrument.preset("hf3300_gif_quantum")
    low = instrument.with_values({"spectrometer.offset": -20.0})
    below = expected_counts(run, low)
    low_energy, low_loss = below["energy_loss"].values, below["counts"].values[0, 0].astype(np.float64)
    energy = np.array(instrument.energy_loss)
    shifts, poor, rich, places = [], [], [], []
    for seed in _SEEDS:
        counts = acquire(run, instrument, seed)["counts"].values[0, 0].astype(np.float64)
        parts = {"rich": slice(10, 150), "poor": slice(185, 320)}
        spectra = {name: counts[part].mean(axis=0) for name, part in parts.items()}
        peaks = {name: _maximum(energy, s, 455.0, 462.0) for name, s in spectra.items()}
        shifts.append(peaks["poor"] - peaks["rich"])
        distances = {
            name: o_o_of_spectrum(energy, spectra[name], low_energy, low_loss[part].mean(axis=0))
            for name, part in parts.items()
        }
        rich.append(distances["rich"])
        poor.append(distances["poor"])
        places.append(_place(counts, energy, instrument))
    return [
        worst_row("Ti-L3, Ti4+ over Ti3+ [eV]", np.array(shifts) / 1.7 - 1.0, 0.03, 1.7),
        worst_row("O-O distance of the parent [nm]", np.array(poor) / 0.280 - 1.0, 0.01, 0.280),
        worst_row("O-O distance of the electrode [nm]", np.array(rich) / 0.310 - 1.0, 0.01, 0.310),
        worst_row("place of the step, rows of 5.7 nm [rows]", (np.array(places) - step) / 5.7e-9, 0.2),
    ]


def _maximum(energy: Floats, spectrum: Floats, low: float, high: float) -> float:
    """Energy of the maximum [eV] by a parabola through what is within 0.5 eV of the highest channel."""
    inside = (energy > low) & (energy < high)
    top = energy[inside][np.argmax(spectrum[inside])]
    near = np.abs(energy - top) < 0.5
    curve = np.polynomial.Polynomial.fit(energy[near], spectrum[near], 2)
    return float(curve.deriv().roots()[0].real)


def o_o_of_spectrum(energy: Floats, spectrum: Floats, low_energy: Floats, low_loss: Floats) -> float:
    """O-O distance [nm] from peak b of O-K, plural scattering by the low loss."""
    return 1e9 * float(o_o_distance_map(energy, spectrum, low_loss=(low_energy, low_loss)).distance)


def _place(counts: Floats, energy: Floats, instrument: Instrument) -> float:
    """Place [m] at which the shift of Ti-L3 is half done, by the share of either spectrum in every row."""
    inside = (energy > 452.0) & (energy < 470.0)
    rich, poor = counts[10:150, inside].mean(axis=0), counts[185:320, inside].mean(axis=0)
    difference = rich - poor
    share = (counts[:, inside] - poor) @ difference / (difference @ difference)
    slit = instrument.slit
    row = 5.7e-9 if slit is None else slit.row
    return float((share[10:320].sum() + 10.0) * row)
