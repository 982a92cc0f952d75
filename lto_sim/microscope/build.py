"""From an instrument to the functions that it needs: optics, lattice, spectra, annular signals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.files import read_recording
from lto_sim.microscope.images import AnnularSignals
from lto_sim.microscope.instrument import Instrument
from lto_sim.microscope.kinematics import Beam
from lto_sim.microscope.mean_free_path import iakoubovskii, malis
from lto_sim.microscope.plural import Lattice
from lto_sim.microscope.references import PHASES, Reference, load_reference
from lto_sim.microscope.spectra import Measured, Optics, SpectrumModel
from lto_sim.microscope.zero_loss import Response

__all__ = ["annular_signals", "mean_free_paths", "read_spectrum", "spectrum_model"]

Floats = NDArray[np.float64]


def mean_free_paths(instrument: Instrument, reference: Reference) -> dict[str, float]:
    """Inelastic mean free path [m] of each end member."""
    chosen, beam = instrument.spectrum.mean_free_path, instrument.beam
    collection = instrument.spectrometer.collection
    if chosen == "iakoubovskii":
        return {
            phase: iakoubovskii(beam.voltage, reference.density(phase), beam.convergence, collection)
            for phase in PHASES
        }
    if chosen == "malis":
        return {p: malis(beam.voltage, reference.atomic_numbers(p), collection) for p in PHASES}
    return dict.fromkeys(PHASES, float(chosen))


def read_spectrum(path: Path | str, field: str) -> tuple[Floats, Floats]:
    """Energies [eV] and intensities of one recorded spectrum; of a spectrum image their mean.

    Raises
    ------
    InputError
        No energy axis, NaN, or see :func:`read_recording`.
    """
    data = read_recording(Path(path), field).data
    if "energy_loss" not in data.dims or data["energy_loss"].attrs.get("units") != "eV":
        raise InputError(field, str(path), "a spectrum with an energy axis", "calibrate it in eV")
    data = data.mean([dim for dim in data.dims if dim != "energy_loss"])
    energy = np.asarray(data["energy_loss"].values, dtype=np.float64)
    intensity = np.asarray(data.values, dtype=np.float64)
    if not (np.all(np.isfinite(intensity)) and np.all(np.diff(energy) > 0.0)):
        raise InputError(field, str(path), "finite intensities at ascending energies", "save it again")
    return energy, intensity


def _measured(instrument: Instrument) -> Measured:
    edges = {}
    plasmon = None
    for name, path in instrument.spectrum.files.items():
        field = f"instrument.spectrum.files.{name}"
        spectrum = read_spectrum(path, field)
        if name == "plasmon":
            dark = float(spectrum[1].max()) <= 0.0
            if dark or float(spectrum[1].min()) < 0.0 or float(spectrum[0][0]) < 0.0:
                raise InputError(
                    field,
                    path,
                    "single scattering, >= 0 and not all 0, from 0 eV or above",
                    "remove zero loss and noise",
                )
            plasmon = spectrum
        else:
            edge, _, phase = name.rpartition(" ")
            edges[edge, phase] = spectrum
    return Measured(edges, plasmon)


def spectrum_model(instrument: Instrument) -> SpectrumModel:
    """Spectra that `instrument` records.

    Raises
    ------
    InputError
        See :class:`SpectrumModel`, :class:`Lattice` and :func:`read_spectrum`.
    """
    reference = load_reference(instrument.spectrum.reference)
    part, beam, detector = instrument.spectrometer, instrument.beam, instrument.detector
    lattice = Lattice.for_channels(part.offset, part.dispersion, part.channels, beam.energy_spread)
    optics = Optics(Beam(beam.voltage), beam.convergence, part.collection)
    response = Response(beam.energy_spread, detector.tail_fraction, detector.tail_width)
    return SpectrumModel(
        reference,
        optics,
        lattice,
        response,
        instrument.spectrum.edges,
        mean_free_paths(instrument, reference),
        _measured(instrument),
        instrument.spectrum.cross_section_scale,
    )


def annular_signals(instrument: Instrument) -> AnnularSignals:
    """Annular detectors of an instrument."""
    images, beam = instrument.images, instrument.beam
    reference = load_reference(instrument.spectrum.reference)
    return AnnularSignals(reference, Beam(beam.voltage), beam.convergence, images.adf, images.abf)
