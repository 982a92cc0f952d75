"""Maps of a case: exact, with noise of a stated deviation, or from drawn spectra at the dose of a current."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import xarray as xr

from lto_sim.microscope import Instrument, acquire, render_maps
from lto_sim.quantify import quantify_lithium
from lto_sim.study.lamella.case import Case

__all__ = ["drawn_maps", "exact_maps", "pixel_deviation"]

_PRESET: Final = "jem_arm300f2_continuum_k3"
_COARSE: Final[dict[str, Any]] = {"spectrometer.dispersion": 0.5, "spectrometer.channels": 200}
"""Channels of 0.5 eV instead of 0.1 eV: a fifth of the work, and they are put into bins of 1 eV anyway."""


def exact_maps(run: xr.Dataset, case: Case) -> xr.Dataset:
    """Maps without noise, whose pixels are weighted as if they had that of the case."""
    maps = render_maps(run, noise=0.0, rng=0)
    return maps.assign(li_fraction_std=xr.full_like(maps["li_fraction"], case.noise))


def drawn_maps(run: xr.Dataset, case: Case, draw: int) -> xr.Dataset:
    """Maps with noise, by the deviation of the case or, with a current, from spectra.

    Parameters
    ----------
    run : Run with a recorded scan.
    case : What was run.
    draw : Number of the draw.
    """
    seed = case.seed + draw
    if case.current is None:
        return render_maps(run, noise=case.noise, rng=seed)
    instrument = Instrument.preset(_PRESET).with_values(_COARSE | {"beam.current": case.current})
    return quantify_lithium(acquire(run, instrument, seed, lazy=True), normalise="series")


def pixel_deviation(maps: xr.Dataset) -> float:
    """Median deviation of one pixel [li fraction]."""
    return float(np.nanmedian(maps["li_fraction_std"].values))
