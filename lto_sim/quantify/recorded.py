"""A recording as quantification needs it: its spectra, the instrument on their channels, the noise."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.microscope import Instrument, SpectrumModel, spectrum_model
from lto_sim.quantify.energy_bins import EnergyBins
from lto_sim.quantify.li_fit import PixelNoise

__all__ = [
    "Spectra",
    "knows_gain",
    "prepared",
    "recorded_spectra",
    "recording_instrument",
    "recording_noise",
]

Floats = NDArray[np.float64]

_NEEDED: Final = ("Ti-M2,3", "Ti-M1", "Li-K")
_FROM_METADATA: Final = {
    "beam_energy_keV": ("beam.voltage", 1e3),
    "convergence_angle_mrad": ("beam.convergence", 1e-3),
    "collection_angle_mrad": ("spectrometer.collection", 1e-3),
}
_BLOCK_PIXELS: Final = 8192
_DIMS: Final = ("time", "y", "x")


@dataclass(frozen=True, eq=False)
class Spectra:
    """Spectra of a recording, read block by block.

    Parameters
    ----------
    counts : Values with ``energy_loss`` last and those of (time, y, x) that exist before it.
    attrs : Attributes of the recording.
    """

    counts: xr.DataArray
    attrs: Mapping[Any, Any]

    @property
    def energy_loss(self) -> Floats:
        """Channel centres [eV]."""
        return np.asarray(self.counts["energy_loss"].values, dtype=np.float64)

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the image axes."""
        return tuple(self.counts.shape[:-1])

    @property
    def size(self) -> int:
        """Number of spectra."""
        return int(np.prod(self.shape))

    def moved(self, by: float) -> Spectra:
        """The same spectra, their energies less `by` [eV]."""
        energy = self.counts["energy_loss"]
        axis = ("energy_loss", energy.values - by, energy.attrs)
        return Spectra(self.counts.assign_coords(energy_loss=axis), self.attrs)

    def blocks(self) -> Iterator[tuple[slice, NDArray[Any]]]:
        """Place (in the flattened image axes) and values (n, channels) of every block."""
        values, channels = self.counts.data, self.counts.shape[-1]
        if values.ndim == 1:
            yield slice(0, 1), _loaded(values)[None]
            return
        row = int(np.prod(values.shape[1:-1], dtype=np.int64))
        together = max(1, _BLOCK_PIXELS // row)
        for first in range(0, values.shape[0], together):
            block = _loaded(values[first : first + together]).reshape(-1, channels)
            for start in range(0, block.shape[0], _BLOCK_PIXELS):
                part = block[start : start + _BLOCK_PIXELS]
                yield slice(first * row + start, first * row + start + part.shape[0]), part

    def sample(self, most: int) -> NDArray[Any]:
        """About `most` spectra spread over the recording, (n, channels)."""
        values = self.counts.data
        if values.ndim > 1 and "time" in self.counts.dims:
            values = values[:: max(1, values.shape[0] // 5)]
        whole = _loaded(values).reshape(-1, self.counts.shape[-1])
        return whole[:: max(1, whole.shape[0] // most)]


def _loaded(values: Any) -> NDArray[Any]:
    if isinstance(values, np.ndarray):
        return values
    try:
        return np.asarray(values.compute() if hasattr(values, "compute") else values)
    except InputError:
        raise
    except Exception as error:  # damage shows as errors of zarr, HDF5, their codecs or the system
        reason = " ".join(str(error).split())[:120] or type(error).__name__
    raise InputError("recording", "damaged", "spectra that are whole", f"save or copy it again ({reason})")


def recorded_spectra(recording: xr.Dataset | xr.DataArray) -> Spectra:
    """Take the spectra of a recording.

    Parameters
    ----------
    recording : Dataset with ``counts``, or the array itself; axes from (time, y, x) and ``energy_loss`` [eV].

    Returns
    -------
    Spectra
        The spectra, axes in that order.

    Raises
    ------
    InputError
        No counts, other axes, an energy axis that is not calibrated or not even.
    """
    if not isinstance(recording, xr.Dataset | xr.DataArray):
        raise InputError("recording", type(recording).__name__, "a Dataset or DataArray", "open a store")
    if isinstance(recording, xr.Dataset):
        if "counts" not in recording:
            held = ", ".join(sorted(map(str, recording.data_vars))[:4]) or "nothing"
            raise InputError("recording", held, "a dataset with counts", "give a recording of spectra")
        counts = recording["counts"]
    else:
        counts = recording
    extra = set(map(str, counts.dims)) - {*_DIMS, "energy_loss"}
    if counts.size == 0 or counts.dtype.kind not in "buif":
        raise InputError("recording", f"{counts.dtype} {counts.shape}", "some real numbers", "give spectra")
    if "energy_loss" not in counts.dims or extra:
        raise InputError(
            "recording", " x ".join(map(str, counts.dims)), "axes from time, y, x, and energy_loss",
            "give spectra; maps go to track",
        )  # fmt: skip
    energy = counts["energy_loss"]
    unit = str(energy.attrs.get("units", "no unit"))
    if unit != "eV":
        raise InputError(
            "energy_loss", {"1": "not calibrated"}.get(unit, unit), "an energy axis in eV",
            "calibrate it by zero loss and a known edge, and save the recording again",
        )  # fmt: skip
    steps = np.diff(energy.values)
    if energy.size < 8 or steps.min() <= 0.0 or np.ptp(steps) > 1e-3 * steps.mean():
        raise InputError("energy_loss", "uneven or falling", "even steps, ascending", "resample the spectra")
    order = [dim for dim in _DIMS if dim in counts.dims]
    return Spectra(counts.transpose(*order, "energy_loss"), recording.attrs)


def recording_instrument(spectra: Spectra, given: Instrument | str | None = None) -> Instrument:
    """Instrument of a recording, on its channels.

    Parameters
    ----------
    spectra : The recording; its attributes may name beam energy and angles, or hold the whole instrument.
    given : Instrument, preset or TOML file; None takes that of the attributes. Beam energy and angles of a
        recorded file replace those of a preset or a file.

    Returns
    -------
    Instrument
        Its channels are those of the recording.

    Raises
    ------
    InputError
        No instrument in the attributes and none given, or values that it refuses.
    """
    text = spectra.attrs.get("instrument")
    if given is not None:
        instrument = Instrument.load(given)
    elif isinstance(text, str) and "[spectrum]" in text:
        instrument = Instrument.from_dict(tomllib.loads(text))
    else:
        raise InputError(
            "instrument", None, "a preset or a TOML file",
            "the recording does not say: for example --instrument jem_arm300f2_continuum_k3",
        )  # fmt: skip
    energy = spectra.energy_loss
    values: dict[str, Any] = {
        "spectrometer.offset": float(energy[0]),
        "spectrometer.dispersion": float(energy[-1] - energy[0]) / (energy.size - 1),
        "spectrometer.channels": energy.size,
    }
    if not isinstance(given, Instrument):
        for key, (path, unit) in _FROM_METADATA.items():
            if key in spectra.attrs:
                values[path] = _number(spectra.attrs, key, 0.0) * unit
    edges = instrument.spectrum.edges
    missing = [edge for edge in _NEEDED if edge not in edges]
    if missing:
        values["spectrum.edges"] = [*edges, *missing]
    return instrument.with_values(values)


def prepared(instrument: Instrument, window: tuple[float, float]) -> tuple[SpectrumModel, EnergyBins]:
    """Spectra of an instrument and the bins of its channels, the same objects for the same instrument."""
    if instrument.spectrum.files:  # their contents may change
        return _prepared.__wrapped__(instrument, window)
    return _prepared(instrument, window)


@lru_cache(maxsize=4)
def _prepared(instrument: Instrument, window: tuple[float, float]) -> tuple[SpectrumModel, EnergyBins]:
    return spectrum_model(instrument), EnergyBins.for_lithium(np.array(instrument.energy_loss), window)


def recording_noise(spectra: Spectra, instrument: Instrument) -> PixelNoise:
    """What the detector of a recording adds to its counts.

    Raises
    ------
    InputError
        A gain or a dwell time in the attributes that is no number or not above 0.
    """
    detector, dtype = instrument.detector, spectra.counts.dtype
    full = float(np.iinfo(dtype).max) if dtype.kind in "ui" else np.inf
    dwell = _number(spectra.attrs, "dwell_time_s", 0.0)
    if detector.kind == "ccd":
        gain = _number(spectra.attrs, "detector_gain", detector.gain)
        read = float(np.hypot(detector.read_noise, gain * np.sqrt(detector.dark * dwell)))
        limit = np.inf if detector.full_scale is None else np.floor(detector.full_scale)
        return PixelNoise(gain, read, 0.0, min(full, float(limit)))
    gain = _number(spectra.attrs, "detector_gain", 1.0)
    most = np.inf if detector.saturation is None or dwell == 0.0 else detector.saturation * dwell
    return PixelNoise(gain, 0.0, detector.dark * dwell, full, most)


def knows_gain(spectra: Spectra) -> bool:
    """Whether counts of the recording are known in electrons."""
    return "detector_gain" in spectra.attrs or spectra.counts.attrs.get("units") == "electrons"


def _number(attrs: Mapping[Any, Any], name: str, default: float) -> float:
    """Positive number of the attributes."""
    if name not in attrs:
        return default
    try:
        value = float(attrs[name])
    except (TypeError, ValueError):
        value = np.nan
    if not (np.isfinite(value) and value > 0.0):
        raise InputError(name, attrs[name], "a number > 0", "correct the attribute, or remove it")
    return value
