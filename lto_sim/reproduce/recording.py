"""How the study records its runs: spectra at the paper's dose, and the lithium maps that they become."""

from __future__ import annotations

from typing import Any, Final

import xarray as xr

from lto_sim.errors import InputError
from lto_sim.microscope import Instrument, acquire
from lto_sim.quantify import explain_spectrum, quantify_lithium

__all__ = ["PREFIX", "explained", "record", "study_instrument"]

PREFIX: Final = "instrument."
"""Beginning of the paths of values that belong to the instrument."""

_PRESET: Final = "jem_arm300f2_continuum_k3"
_COARSE: Final[dict[str, Any]] = {"spectrometer.dispersion": 0.5, "spectrometer.channels": 200}
"""Channels of 0.5 eV instead of 0.1 eV: a fifth of the work, and they are put into bins of 1 eV anyway."""


def study_instrument(values: dict[str, Any] | None = None) -> Instrument:
    """Instrument of the paper at 71 pA, the lower end of its currents, where noise matters most.

    Parameters
    ----------
    values : Values by path, with or without ``instrument.``.

    Raises
    ------
    InputError
        A value that the instrument refuses, or that the study sets itself.
    """
    given = {path.removeprefix(PREFIX): value for path, value in (values or {}).items()}
    for path in given:
        if path.startswith("scan."):
            raise InputError(f"{PREFIX}{path}", given[path], "absent: runs record their scan", "set scan.*")
        if path == "mode" or path.startswith("slit"):
            raise InputError(
                f"{PREFIX}{path}", given[path], "absent: the study scans", "use `lto-sim acquire`"
            )
    return Instrument.preset(_PRESET).with_values(_COARSE | given)


def record(run: xr.Dataset, instrument: Instrument, seed: int) -> xr.Dataset:
    """Lithium maps of a run from its spectra, frame by frame; no spectrum is kept.

    Raises
    ------
    InputError
        See `acquire` and `quantify_lithium`.
    """
    return quantify_lithium(acquire(run, instrument, seed, lazy=True), normalise="series")


def explained(
    run: xr.Dataset, instrument: Instrument, seed: int, frame: int, pixel: tuple[int, int]
) -> tuple[xr.Dataset, xr.Dataset]:
    """Spectrum of one pixel (row, column) of a frame with its fit, and of 15 x 15 pixels around it."""
    recording = acquire(run, instrument, seed, lazy=True).isel(time=frame)
    around = {dim: slice(max(at - 7, 0), at + 8) for dim, at in zip(("y", "x"), pixel, strict=True)}
    return (
        explain_spectrum(recording, dict(zip(("y", "x"), pixel, strict=True))),
        explain_spectrum(recording, around),
    )
