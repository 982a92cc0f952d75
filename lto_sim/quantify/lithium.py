"""Lithium maps from EELS spectrum images: the li fraction of every pixel with its deviation.

Every spectrum is compared, from its zero loss to beyond Li-K, with the forward model that renders synthetic
ones (:mod:`lto_sim.quantify.li_model`), by maximum likelihood. That is a background of Ti-M2,3, double
plasmon and Ti-M1 with their plural scattering instead of a power law, which fails below 55 eV, and two
references for Li-K whose shapes differ. Estimates are not clipped: noise carries them below 0 and above 1.

What the lithium is measured by is `normalise`:

``pixel``
    Ti-M2,3 of the same pixel: an error of the mean free path has no part in it; 10 nm of carbon on 150 nm
    raise x by 0.02.
``series``
    Ti-M2,3 too, but its ratio to the plasmon is taken from the whole series: a tenth less noise, where the
    specimen is the same everywhere. What the end members differ by in mean free path is then the model's: an
    error of 1 % in that is 0.02 in x.
``mean_free_path``
    The plasmon, by the mean free path of the instrument: an error of 2 % in that is 0.08 to 0.1 in x.

Deviations are those of counting. What no deviation holds, measured on 150 nm: Ti-M2,3 stronger by 10 % than
the reference moves x by 0.1 to 0.3, stray counts of 0.1 % of the beam by 0.01, a plasmon that is 1 eV wider
or narrower than 12 eV by 0.03. References of the series itself (frames that are known to be Li4 and Li7:
`normalise_maps`) take most of that away. At low counts estimates are biased, by about 350/N of N electrons a
pixel: 0.002 in 64 x 64 pixels at 71 pA, 0.07 at 5000 electrons. Add up pixels or frames where that matters.
"""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable
from typing import Any, Final, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import stats

from lto_sim import provenance
from lto_sim.errors import InputError
from lto_sim.microscope import Instrument
from lto_sim.provenance import named
from lto_sim.quantify.alignment import common_offset
from lto_sim.quantify.dead_channels import find_dead_channels
from lto_sim.quantify.energy_bins import LI_WINDOW
from lto_sim.quantify.li_fit import FittedPixels, Fitter
from lto_sim.quantify.li_likelihood import likelihood_images
from lto_sim.quantify.reasons import Reason, reason_attributes
from lto_sim.quantify.recorded import (
    Spectra,
    knows_gain,
    prepared,
    recorded_spectra,
    recording_instrument,
    recording_noise,
)

__all__ = ["Normalisation", "quantify_lithium"]

Floats = NDArray[np.float64]
Normalisation = Literal["pixel", "series", "mean_free_path"]
"""By what Li-K is normalised: Ti-M2,3 of the pixel, of the whole series, or an absolute mean free path."""

_LOG: Final = logging.getLogger(__name__)
_NORMALISATIONS: Final = {
    "pixel": "Ti-M2,3 of the same pixel",
    "series": "Ti-M2,3 of the series",
    "mean_free_path": "the mean free path of the instrument",
}
_SAMPLE: Final = 6000
_EXCESS: Final = 5.0
"""Standard deviations of Ti-M2,3 over plasmon by which a pixel exceeds the others if it is no whole one."""
_MISFIT: Final = 1.5
_NAMED: Final = 4
"""Dead channels that a warning names."""
_NOISELESS: Final = 0.01
"""Median chi-square of expected counts, which have no noise."""
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
    likelihood: bool = False,
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
    likelihood : Whether the shape of each pixel's likelihood is kept: ``li_fraction_root_a`` and ``_b``, with
        which ``fit_maps(residuals="spectra")`` compares spectra rather than li fractions. Twice the time.
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
    the model is not that of the specimen: they are raised by its root (``deviation_scale``), which does not
    make up for a bias that all pixels share; above 1.5 there is a warning. Where the gain of the detector is
    not known, the scatter about the fit sets the deviations.

    The energy axis is moved by what the zero loss of all spectra is off 0; what a pixel is off beyond that is
    corrected by whole channels: half a channel of 0.1 eV is 0.015 in x.
    """
    if normalise not in _NORMALISATIONS:
        raise InputError("normalise", normalise, ", ".join(_NORMALISATIONS), "choose one")
    spectra = recorded_spectra(recording)
    sample = spectra.sample(_SAMPLE)
    offset = common_offset(spectra.energy_loss, sample)
    spectra = spectra.moved(offset)
    chosen = recording_instrument(spectra, instrument)
    model, bins = prepared(chosen, window)
    dead = find_dead_channels(spectra.energy_loss, sample)
    if dead.which.size:
        where = ", ".join(f"{energy:.4g}" for energy in spectra.energy_loss[dead.which][:_NAMED])
        warnings.warn(
            f"{dead.which.size} dead channels, at {where} eV{', ...' if dead.which.size > _NAMED else ''}: "
            "bridged by what is on either side",
            UserWarning,
            stacklevel=2,
        )
    noise = recording_noise(spectra, chosen)
    fitter = Fitter(model, spectra.energy_loss, bins, noise, dead=dead, likelihood=likelihood)
    ratio: tuple[float, float] | None = None
    if normalise == "mean_free_path":
        ratio = (1.0, 0.0)
        fitter = fitter.with_ratio(1.0)
    elif normalise == "series":
        ratio = _series_ratio(fitter, sample)
        fitter = fitter.with_ratio(ratio[0])
    began = time.monotonic()
    fitted = _all_blocks(fitter, spectra, progress)
    _LOG.info("fitted %d spectra of %d bins in %.3g s", spectra.size, bins.size, time.monotonic() - began)
    fitted.shift[:] += offset
    scale = _judged(fitted, fitter.degrees_of_freedom, knows_gain(spectra))
    if ratio is None:
        _mark_partly_vacuum(fitted, scale)
    attrs = {
        **provenance.attributes(
            "lithium maps by EELS", f"quantify_lithium normalise={normalise}", previous=spectra.attrs
        ),
        "normalised_by": _NORMALISATIONS[normalise],
        "window_eV": [float(window[0]), float(bins.energies[-1])],
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
    maps = _labelled(recording, spectra, fitted, fitter.degrees_of_freedom, scale).assign_attrs(attrs)
    return maps.assign(likelihood_images(maps, fitted, scale)) if likelihood else maps


def _series_ratio(fitter: Fitter, sample: NDArray[Any]) -> tuple[float, float]:
    """Ratio of Ti-M2,3 to plasmon of the series, with its deviation: the median of a sample of its pixels."""
    fitted = fitter.fit(sample)
    good = fitted.failed == Reason.NONE
    if not good.any():
        return 1.0, np.nan  # then no pixel has a value, and `failed` says why
    ratio, deviation = fitted.parameters[good, 2], fitted.deviations[good, 2]
    order = np.argsort(ratio)
    weight = np.cumsum(deviation[order] ** -2)
    median = float(np.interp(0.5 * weight[-1], weight - 0.5 * deviation[order] ** -2, ratio[order]))
    return median, float(np.sqrt(0.5 * np.pi / weight[-1]))


def _all_blocks(fitter: Fitter, spectra: Spectra, progress: Callable[[float], None] | None) -> FittedPixels:
    whole = FittedPixels.empty(spectra.size)
    for place, counts in spectra.blocks():
        whole.put(place, fitter.fit(counts))
        if progress is not None:
            progress(place.stop / spectra.size)
    return whole


def _judged(fitted: FittedPixels, freedom: int, gain_known: bool) -> float:
    """Mark spectra that are none of the model; return the factor of all deviations."""
    good = fitted.failed == Reason.NONE
    if not good.any():
        return 1.0
    reduced = float(np.median(fitted.chi_square[good])) / freedom
    uncertain = 1.25 * np.sqrt(2.0 / freedom / np.count_nonzero(good))
    raised = reduced > max(_SCALED, 1.0 + 4.0 * uncertain)
    variance = reduced if raised or not gain_known else 1.0
    if gain_known and reduced < 1.0 - max(0.1, 4.0 * uncertain) and reduced > _NOISELESS:
        warnings.warn(
            f"the spectra scatter less than counts do (chi-square {reduced:.2f} per degree of freedom): "
            "means of frames, or a detector with a gain? deviations are then too large",
            UserWarning,
            stacklevel=3,
        )
    if gain_known and reduced > _MISFIT:
        warnings.warn(
            f"the spectra are not those of the model (chi-square {reduced:.1f} per degree of freedom): li "
            "fractions may all be off by more than their deviations; frames that are known to be Li4 and Li7 "
            "correct them",
            UserWarning,
            stacklevel=3,
        )
    limit = max(variance, 1e-300) * float(stats.chi2.isf(_IMPROBABLE, freedom))
    fitted.fail(good & (fitted.chi_square > limit), Reason.POOR_FIT)
    return float(np.sqrt(variance))


def _mark_partly_vacuum(fitted: FittedPixels, scale: float) -> None:
    """Mark pixels with more Ti-M2,3 for their plasmon than the others.

    Where a part of the beam passes beside the specimen, or a pixel holds a step, the zero loss says less
    thickness than Ti-M2,3 does: x of a pixel with a twentieth of vacuum is too high by a third.
    """
    good = fitted.failed == Reason.NONE
    if good.any():
        excess = fitted.parameters[:, 2] - np.median(fitted.parameters[good, 2])
        fitted.fail(good & (excess > _EXCESS * scale * fitted.deviations[:, 2]), Reason.PARTLY_VACUUM)


def _labelled(
    recording: xr.Dataset | xr.DataArray,
    spectra: Spectra,
    fitted: FittedPixels,
    freedom: int,
    scale: float,
) -> xr.Dataset:
    dims = tuple(map(str, spectra.counts.dims[:-1]))

    def image(
        values: Floats, units: str, name: str
    ) -> tuple[tuple[str, ...], NDArray[np.float32], dict[str, str]]:
        return dims, values.reshape(spectra.shape).astype(np.float32), named(units, name)

    _, length, ratio, _, li_fraction = fitted.parameters.T
    deviations = fitted.deviations * scale
    result = xr.Dataset(
        {
            "li_fraction": image(li_fraction, "1", "Li fraction, mean through the thickness"),
            "li_fraction_std": image(deviations[:, 4], "1", "standard deviation of Li fraction"),
            "t_over_lambda": image(fitted.scatterings, "1", "thickness in inelastic mean free paths"),
            "t_over_lambda_std": image(fitted.scatterings_std * scale, "1", "standard deviation of t/lambda"),
            "ti_over_plasmon": image(ratio, "1", "Ti-M2,3 over plasmon, relative to the model"),
            "chi_square": image(fitted.chi_square / freedom, "1", "chi-square per degree of freedom"),
            "zero_loss_shift": image(fitted.shift, "eV", "energy of the zero loss"),
            "failed": (dims, fitted.failed.reshape(spectra.shape), reason_attributes()),
        },
        {dim: spectra.counts[dim] for dim in dims if dim in spectra.counts.coords},
    )
    if {"y", "x"} <= set(dims):
        thickness = np.where(fitted.failed == Reason.VACUUM, 0.0, length * ratio).reshape(spectra.shape)
        result["thickness"] = (("y", "x"), _mean_over_time(thickness), named("m", "thickness by Ti-M2,3"))
        if isinstance(recording, xr.Dataset) and "pixel_time" in recording:
            result["pixel_time"] = recording["pixel_time"].load()
    if isinstance(recording, xr.Dataset) and "drive_step_of_frame" in recording:
        result["drive_step_of_frame"] = recording["drive_step_of_frame"].load()
    return result


def _mean_over_time(values: Floats) -> Floats:
    """Mean over the first of three axes without NaN; NaN where there is nothing else."""
    if values.ndim == 2:
        return values
    known = np.isfinite(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0.0).sum(axis=0)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))
