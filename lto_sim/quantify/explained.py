"""One spectrum beside its fit and the parts of it: what a pixel's li fraction rests on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim import provenance
from lto_sim.errors import InputError
from lto_sim.microscope import Instrument
from lto_sim.provenance import named
from lto_sim.quantify.alignment import common_offset
from lto_sim.quantify.dead_channels import find_dead_channels
from lto_sim.quantify.energy_bins import LI_WINDOW, EnergyBins
from lto_sim.quantify.li_fit import Fitter
from lto_sim.quantify.li_model import PARAMETERS, pixel_components
from lto_sim.quantify.reasons import REASONS, Reason
from lto_sim.quantify.recorded import prepared, recorded_spectra, recording_instrument, recording_noise

__all__ = ["explain_spectrum"]

Floats = NDArray[np.float64]


def explain_spectrum(
    recording: xr.Dataset | xr.DataArray,
    where: Mapping[str, int | slice] | None = None,
    instrument: Instrument | str | None = None,
    *,
    window: tuple[float, float] = LI_WINDOW,
    ratio: float | None = None,
) -> xr.Dataset:
    """Fit one spectrum, or the sum of several, and take the fit apart.

    Parameters
    ----------
    recording : Spectra with axes from (time, y, x) and ``energy_loss`` [eV], as for `quantify_lithium`.
    instrument : Instrument, preset or TOML file; None takes that of the recording.
    window : Losses that are fitted jointly [eV].
    ratio : Ratio of Ti-M2,3 to plasmon, where it is known; None leaves it free.
    where : Axis (time, y, x) -> index or slice; what it selects is summed, so it should be alike.

    Returns
    -------
    Dataset
        Over ``bin``, 1 eV each (the fit itself has the low loss in one bin): ``counts``, ``expected``,
        ``zero_loss_and_plasmons``, ``titanium``, ``lithium`` (these three sum up to ``expected``), all per
        eV; ``energy_loss`` [eV] (middle) and ``bin_width`` [eV]. Estimates and deviations are attributes.

    Raises
    ------
    InputError
        As `quantify_lithium`; a selection that is empty, or that has no fit (the reason is given).
    """
    spectra = recorded_spectra(recording)
    counts = spectra.counts.isel(dict(where or {}))
    if counts.size == 0:
        raise InputError("where", dict(where or {}), "some spectra", "select pixels that exist")
    axes = [dim for dim in counts.dims if dim != "energy_loss"]
    summed = counts.sum(axes, dtype=np.float64) if axes else counts.astype(np.float64)
    spectra = spectra.moved(common_offset(spectra.energy_loss, summed.values[None]))
    chosen = recording_instrument(spectra, instrument)
    model, bins = prepared(chosen, window)
    noise = recording_noise(spectra, chosen)
    if float(counts.max()) >= noise.full:
        raise InputError("where", dict(where or {}), "spectra without a saturated channel", "select others")
    number = counts.size // summed.size
    dead = find_dead_channels(spectra.energy_loss, summed.values[None])
    fitter = Fitter(model, spectra.energy_loss, bins, noise.of_sum(number), ratio, dead)
    fit = fitter.fit(summed.values[None])
    if fit.failed[0] != Reason.NONE:
        raise InputError(
            "where", dict(where or {}), "a spectrum of the specimen", REASONS[Reason(fit.failed[0])]
        )
    step = spectra.energy_loss[1] - spectra.energy_loss[0]
    shift = round(float(fit.shift[0]) / step)
    dataset = _columns(summed.values, pixel_components(model, fit.parameters[0]), bins.even(), shift)
    estimates = {name: float(value) for name, value in zip(PARAMETERS, fit.parameters[0], strict=True)} | {
        f"{name}_std": float(value) for name, value in zip(PARAMETERS, fit.deviations[0], strict=True)
    }
    for name in ("electrons", "electrons_std"):
        estimates[name] /= noise.gain  # those of the fit are counts
    dataset.attrs = {
        **provenance.attributes("a spectrum and its fit", "explain_spectrum", previous=spectra.attrs),
        **estimates,
        "t_over_lambda": float(fit.scatterings[0]),
        "chi_square": float(fit.chi_square[0]),
        "degrees_of_freedom": fitter.degrees_of_freedom,
        "spectra": number,
    }
    return dataset


def _columns(counts: Floats, components: Mapping[str, Floats], bins: EnergyBins, shift: int) -> xr.Dataset:
    """Counts that lie `shift` channels too high, and the parts of their fit, per eV in bins."""
    parts = {name: bins.total(part[None])[0] for name, part in components.items()}
    names = dict(zip(parts, ("zero_loss_and_plasmons", "titanium", "lithium"), strict=True))
    columns = {
        "counts": (bins.total(counts[None], np.array([shift]))[0], "recorded"),
        "expected": (np.sum(list(parts.values()), axis=0), "fitted"),
        **{names[name]: (values, name) for name, values in parts.items()},
    }
    width, middle = np.diff(bins.energies), 0.5 * (bins.energies[1:] + bins.energies[:-1])
    return xr.Dataset(
        {
            name: ("bin", values / width, named("1/eV", f"{text} counts per eV"))
            for name, (values, text) in columns.items()
        },
        {
            "energy_loss": ("bin", middle, named("eV", "middle of the bin")),
            "bin_width": ("bin", width, named("eV", "width of the bin")),
        },
    )
