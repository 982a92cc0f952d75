"""Full spectra and back at the paper's dose: bias, scatter, chi-square and deviations of li fractions.

Pixels of 64 x 64 in frames of 1.5 s (366 us each), 71 and 529 pA, drawn in 1024 channels of 0.1 eV, ten
frames of each composition and thickness. The bound is that of Cramer and Rao for the unbinned channels with
the same parameters free: electrons, thickness, plasmon mix, li fraction, and with ``pixel`` the ratio of
Ti-M2,3.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.constants import ELEMENTARY_CHARGE
from lto_sim.microscope import Instrument, SpectrumModel, draw_counts, spectrum_model
from lto_sim.provenance import named
from lto_sim.quantify import EnergyBins, Normalisation, cramer_rao, quantify_lithium
from lto_sim.validate.section import Check
from lto_sim.validate.table import Row

__all__ = ["quantify_checks"]

Floats = NDArray[np.float64]

_PRESET: Final = "jem_arm300f2_continuum_k3"
_CURRENTS: Final = (71e-12, 529e-12)
_THICKNESSES: Final = (100e-9, 150e-9, 200e-9)
_LI_FRACTIONS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
_FRAME_TIME: Final = 1.5
_PIXELS: Final = 64 * 64
_FRAMES: Final = 10
_SEED: Final = 7
_BY_TITANIUM: Final[tuple[Normalisation, ...]] = ("pixel", "series")
_QUICK: Final = ((100e-9, 1.0), (200e-9, 0.0), (200e-9, 1.0))
"""Corners with the largest bias and scatter."""


def quantify_checks(quick: bool) -> Sequence[Check]:
    """One check of every current, thickness and composition; quick: three corners at each current."""
    pairs = _QUICK if quick else [(t, x) for t in _THICKNESSES for x in _LI_FRACTIONS]
    cases = [(current, t, x) for current in _CURRENTS for t, x in pairs]
    return [*(partial(_round_trip_rows, *case) for case in cases), _normalisation_rows]


def _instrument(current: float) -> Instrument:
    return Instrument.preset(_PRESET).with_values({"beam.current": current})


def _electrons(current: float) -> float:
    return current * _FRAME_TIME / _PIXELS / ELEMENTARY_CHARGE


def _recording(counts: NDArray[Any], instrument: Instrument, frames: int) -> xr.Dataset:
    values = counts.reshape(frames, 64, 64, -1)
    energy = ("energy_loss", np.array(instrument.energy_loss), named("eV", "energy loss"))
    return xr.Dataset(
        {"counts": (("time", "y", "x", "energy_loss"), values, named("electrons", "counts"))},
        {"energy_loss": energy},
        {"instrument": instrument.to_toml()},
    )


def _round_trip_rows(current: float, thickness: float, li_fraction: float) -> list[Row]:
    """Bias, scatter, chi-square and pulls of ten frames, by Ti-M2,3 of the pixel and of the series."""
    instrument, electrons = _instrument(current), _electrons(current)
    model = spectrum_model(instrument)
    expected = electrons * model.recorded(thickness, li_fraction)
    counts = draw_counts(np.broadcast_to(expected, (_FRAMES * _PIXELS, expected.size)), _SEED)
    recording = _recording(counts, instrument, _FRAMES)
    truth = np.array([electrons, thickness, 1.0, li_fraction, li_fraction])
    case = f"x = {li_fraction:g}, {thickness * 1e9:.0f} nm, {current * 1e12:.0f} pA"
    rows: list[Row] = []
    for normalise in _BY_TITANIUM:
        maps = quantify_lithium(recording, normalise=normalise)
        rows += _rows(maps, truth, model, f"{case}, Ti of the {normalise}")
    return rows


def _rows(maps: xr.Dataset, truth: Floats, model: SpectrumModel, case: str) -> list[Row]:
    x, deviation = maps["li_fraction"].values.ravel(), maps["li_fraction_std"].values.ravel()
    good = np.isfinite(x)
    x, deviation = x[good].astype(np.float64), deviation[good]
    true = float(truth[-1])
    free = tuple(str(maps.attrs["free_parameters"]).split(", "))
    fine = EnergyBins.for_lithium(model.energy_loss, low_loss_bin=0.0, window_bin=0.0)
    bound = cramer_rao(model, fine, truth, free)["li_fraction"]
    scatter, pulls = float(x.std()), float(((x - true) / deviation).std())
    quality = float(maps["chi_square"].mean())
    lost = good.size - x.size
    return [
        Row(f"mean x of {x.size} pixels, {case}", true, float(x.mean()), float(x.mean()) - true, 0.01),
        Row(f"scatter of x over its bound, {case}", bound, scatter, scatter / bound - 1.0, 0.1),
        Row(f"chi-square per degree of freedom, {case}", 1.0, quality, quality - 1.0, 0.03),
        Row(f"scatter over stated deviation, {case}", 1.0, pulls, pulls - 1.0, 0.05),
        Row(f"pixels without value, {case}", 0.0, float(lost), lost / good.size, 1e-4),
    ]


def _normalisation_rows() -> list[Row]:
    """Bias of x where the mean free path that the instrument states is 5 % short: Ti-M2,3 knows better."""
    instrument = _instrument(529e-12)
    model = spectrum_model(instrument)
    wrong = {"spectrum.mean_free_path": 0.95 * model.mean_free_path["Li4"]}
    electrons, frames = _electrons(529e-12), 2
    rows: list[Row] = []
    for normalise in _BY_TITANIUM:
        biases = []
        for li_fraction in (0.0, 1.0):
            expected = electrons * model.recorded(150e-9, li_fraction)
            counts = draw_counts(np.broadcast_to(expected, (frames * _PIXELS, expected.size)), _SEED)
            recording = _recording(counts, instrument, frames)
            maps = quantify_lithium(recording, instrument.with_values(wrong), normalise=normalise)
            biases.append(float(maps["li_fraction"].mean()) - li_fraction)
        worst = max(biases, key=abs)
        name = f"bias of x, stated mean free path 5 % short, Ti of the {normalise}"
        rows.append(Row(name, 0.0, worst, worst, 0.01))
    return rows
