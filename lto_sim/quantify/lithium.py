"""Lithium maps from EELS spectrum images: the li fraction of every pixel with its deviation.

Every spectrum is compared, from its zero loss to beyond Li-K, with the forward model that renders synthetic
ones (:mod:`lto_sim.quantify.li_model`), by maximum likelihood. That is a background of Ti-M2,3, double
plasmon and Ti-M1 with their plural scattering instead of a power law, which fails below 55 eV, and two
references for Li-K whose shapes differ. Estimates are not clipped: noise carries them below 0 and above 1.

What the lithium is measured by is `normalise`:

``pixel``
    Ti-M2,3 of the same pixel: what else scatters (contamination, another mean free path) has no part in it.
``series``
    Ti-M2,3 too, but its ratio to the plasmon is taken from the whole series: a tenth less noise, where the
    specimen is the same everywhere. What the end members differ by in mean free path is then the model's: an
    error of 1 % in that is 0.02 in x.
``mean_free_path``
    The plasmon, by the mean free path of the instrument: an error of 2 % in that is 0.03 to 0.05 in x.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import stats

from lto_sim import provenance
from lto_sim.errors import InputError
from lto_sim.microscope import Instrument, SpectrumModel
from lto_sim.provenance import named
from lto_sim.quantify.energy_bins import LI_WINDOW
from lto_sim.quantify.li_fit import FittedPixels, Fitter
from lto_sim.quantify.li_model import PARAMETERS
from lto_sim.quantify.reasons import Reason, reason_attributes
from lto_sim.quantify.recorded import (
    Spectra,
    prepared,
    recorded_spectra,
    recording_instrument,
    recording_noise,
)

__all__ = ["Normalisation", "quantify_lithium"]

Floats = NDArray[np.float64]
Normalisation = Literal["pixel", "series", "mean_free_path"]

_NORMALISATIONS: Final = {
    "pixel": "Ti-M2,3 of the same pixel",
    "series": "Ti-M2,3 of the series",
    "mean_free_path": "the mean free path of the instrument",
}
_SAMPLE: Final = 6000
_IMPROBABLE: Final = 1e-7
"""Probability of a chi-square above which a spectrum is none of the model."""
_SCALED: Final = 1.05
"""Median of the reduced chi-square above which all deviations are raised by its root."""


def quantify_lithium(
    recording: xr.Dataset | xr.DataArray,
    instrument: Instrument | str | None = None,
    *,
    normalise: Normalisation = "pixel",
    window: tuple[float, float] = LI_WINDOW,
    progress: Callable[[float], None] | None = None,
) -> xr.Dataset:
    """Lithium maps of a recording.

    Parameters
    ----------
    recording : Spectra, as `acquire` returns or a file holds them: ``counts`` with axes from (time, y, x) and
        ``energy_loss`` [eV], zero loss and Li-K in one range; read block by block where they lie on the disk.
    instrument : Instrument, preset or TOML file; default that in the attributes. Beam energy and angles of a
        recorded file replace those of a preset.
    normalise : ``pixel``, ``series`` or ``mean_free_path``; see the module.
    window : Losses around Li-K that are fitted in bins of 1 eV [eV]; zero loss and low loss always are.
    progress : Told the part done, 0 to 1.

    Returns
    -------
    Dataset with those of (time, y, x) that exist: ``li_fraction`` and ``li_fraction_std``, ``t_over_lambda``
    and its deviation, ``ti_over_plasmon`` (1 where the instrument's mean free path is right), ``chi_square``
    per degree of freedom, ``zero_loss_shift`` [eV], ``failed`` (why a pixel is NaN, meanings in its
    attributes); ``thickness(y, x)`` [m] by Ti-M2,3, ``pixel_time`` of the recording.

    Raises
    ------
    InputError
        Spectra without calibrated energies, zero loss or Li-K, no instrument, an unknown normalisation.

    Notes
    -----
    Deviations are those of the Fisher information at the estimate (the Cramer-Rao bound with electrons,
    thickness, Ti-M2,3 and plasmon free). Where the median of chi-square per degree of freedom is above 1.05,
    the model is not that of the specimen, and they are raised by its root; ``deviation_scale`` says by what.
    """
    if normalise not in _NORMALISATIONS:
        raise InputError("normalise", normalise, ", ".join(_NORMALISATIONS), "choose one")
    spectra = recorded_spectra(recording)
    chosen = recording_instrument(spectra, instrument)
    model, bins = prepared(chosen, window)
    fitter = Fitter(model, spectra.energy_loss, bins, recording_noise(spectra, chosen))
    ratio: tuple[float, float] | None = None
    if normalise == "mean_free_path":
        fitter = fitter.with_ratio(1.0)
    elif normalise == "series":
        ratio = _series_ratio(fitter, spectra)
        fitter = fitter.with_ratio(ratio[0])
    fitted = _all_blocks(fitter, spectra, progress)
    scale = _judged(fitted, fitter.degrees_of_freedom)
    attrs = {
        **provenance.attributes(
            "lithium maps by EELS", f"quantify_lithium normalise={normalise}", previous=spectra.attrs
        ),
        "normalised_by": _NORMALISATIONS[normalise],
        "window_eV": [float(bound) for bound in window],
        "bins": bins.size,
        "free_parameters": ", ".join(fitter.free),
        "deviation_scale": scale,
        "quantified_with": chosen.to_toml(),
    }
    if ratio is not None and np.isfinite(ratio[1]):
        attrs |= {"ti_over_plasmon": ratio[0], "ti_over_plasmon_std": ratio[1]}
    for key in ("scan_dwell_s", "drive_steps", "image_sha256", "seed"):
        if key in spectra.attrs:
            attrs[key] = spectra.attrs[key]
    return _labelled(recording, spectra, fitted, model, fitter.degrees_of_freedom, scale).assign_attrs(attrs)


def _series_ratio(fitter: Fitter, spectra: Spectra) -> tuple[float, float]:
    """Ratio of Ti-M2,3 to plasmon of the series, with its deviation, from a sample of its pixels."""
    sample = fitter.fit(spectra.sample(_SAMPLE))
    good = sample.failed == Reason.NONE
    if not good.any():
        return 1.0, np.nan  # then no pixel has a value, and `failed` says why
    length, ratio = sample.parameters[good, 1], sample.parameters[good, 2]
    deviation = sample.deviations[good, 2]
    total = float(length.sum())
    return float(ratio @ length) / total, float(np.linalg.norm(deviation * length)) / total


def _all_blocks(fitter: Fitter, spectra: Spectra, progress: Callable[[float], None] | None) -> FittedPixels:
    size = spectra.size
    whole = FittedPixels(
        np.empty((size, len(PARAMETERS))), np.empty((size, len(PARAMETERS))), np.empty(size),
        np.empty(size, dtype=np.uint8), np.empty(size),
    )  # fmt: skip
    for place, counts in spectra.blocks():
        part = fitter.fit(counts)
        whole.parameters[place], whole.deviations[place] = part.parameters, part.deviations
        whole.chi_square[place], whole.failed[place] = part.chi_square, part.failed
        whole.shift[place] = part.shift
        if progress is not None:
            progress(place.stop / size)
    return whole


def _judged(fitted: FittedPixels, freedom: int) -> float:
    """Mark spectra that are none of the model; return the factor of all deviations."""
    good = fitted.failed == Reason.NONE
    if not good.any():
        return 1.0
    reduced = float(np.median(fitted.chi_square[good])) / freedom
    variance = reduced if reduced > _SCALED else 1.0
    limit = variance * float(stats.chi2.isf(_IMPROBABLE, freedom))
    poor = good & (fitted.chi_square > limit)
    fitted.failed[poor] = Reason.POOR_FIT
    fitted.parameters[poor], fitted.deviations[poor] = np.nan, np.nan
    return float(np.sqrt(variance))


def _labelled(
    recording: xr.Dataset | xr.DataArray,
    spectra: Spectra,
    fitted: FittedPixels,
    model: SpectrumModel,
    freedom: int,
    scale: float,
) -> xr.Dataset:
    dims = tuple(map(str, spectra.counts.dims[:-1]))

    def image(
        values: Floats, units: str, name: str
    ) -> tuple[tuple[str, ...], NDArray[np.float32], dict[str, str]]:
        return dims, values.reshape(spectra.shape).astype(np.float32), named(units, name)

    _, length, ratio, mix, li_fraction = fitted.parameters.T
    deviations = fitted.deviations * scale
    per_length = model.mean_scatterings(1.0, mix)
    result = xr.Dataset(
        {
            "li_fraction": image(li_fraction, "1", "Li fraction, mean through the thickness"),
            "li_fraction_std": image(deviations[:, 4], "1", "standard deviation of Li fraction"),
            "t_over_lambda": image(length * per_length, "1", "thickness in inelastic mean free paths"),
            "t_over_lambda_std": image(deviations[:, 1] * per_length, "1", "standard deviation of t/lambda"),
            "ti_over_plasmon": image(ratio, "1", "Ti-M2,3 over plasmon, relative to the model"),
            "chi_square": image(fitted.chi_square / freedom, "1", "chi-square per degree of freedom"),
            "zero_loss_shift": image(fitted.shift, "eV", "energy of the zero loss"),
            "failed": (dims, fitted.failed.reshape(spectra.shape), reason_attributes()),
        },
        {dim: spectra.counts[dim] for dim in dims if dim in spectra.counts.coords},
    )
    if {"y", "x"} <= set(dims):
        thickness = (length * ratio).reshape(spectra.shape)
        result["thickness"] = (("y", "x"), _mean_over_time(thickness), named("m", "thickness by Ti-M2,3"))
        if isinstance(recording, xr.Dataset) and "pixel_time" in recording:
            result["pixel_time"] = recording["pixel_time"].load()
    if isinstance(recording, xr.Dataset) and "drive_step_of_frame" in recording:
        result["drive_step_of_frame"] = recording["drive_step_of_frame"].load()
    return result


def _mean_over_time(values: Floats) -> Floats:
    """Mean over the first of three axes without NaN; 0 where there is nothing."""
    if values.ndim == 2:
        return np.nan_to_num(values)
    count = np.isfinite(values).sum(axis=0)
    return np.asarray(np.nansum(values, axis=0) / np.maximum(count, 1))
