"""A synthetic recording, frame by frame: what is expected, and what is drawn.

Nothing of the size of the recording is held: a frame is made when it is asked for, from the same few
spectra (:mod:`lto_sim.microscope.basis`), and its noise comes from the seed and its number alone, so that
frames can be made in any order, again, or after an interruption, with the same result.
"""

from __future__ import annotations

import hashlib
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.microscope.basis import SpectrumBasis
from lto_sim.microscope.build import annular_signals, spectrum_model
from lto_sim.microscope.detector import draw_counts
from lto_sim.microscope.dose import Dose
from lto_sim.microscope.frames import Frames, Raster, frames_of
from lto_sim.microscope.images import AnnularSignals
from lto_sim.microscope.instrument import Instrument, SlitSpec
from lto_sim.microscope.passage import Content, blurred, contents_of_frame
from lto_sim.microscope.probe import probe_fwhm
from lto_sim.microscope.references import EDGES, load_reference
from lto_sim.microscope.slit import Exposures, exposures_of
from lto_sim.microscope.spectra import SpectrumModel

__all__ = ["Acquisition", "plan_acquisition"]

Floats = NDArray[np.float64]


class Acquisition(ABC):
    """Recording of a run by an instrument.

    Parameters
    ----------
    instrument : The instrument.
    time : Start of every frame [s], (time,).
    y, x : Pixel centres [m], (y,) and (x,).
    pixel_time : Time of a pixel within its frame [s], (y, x).
    thickness : Mean thickness of a pixel's particle [m], (y, x).
    dose : Electrons and dose.
    source : Where its frames come from, in words.
    """

    def __init__(
        self,
        instrument: Instrument,
        time: Floats,
        y: Floats,
        x: Floats,
        pixel_time: Floats,
        thickness: Floats,
        dose: Dose,
        source: str,
    ) -> None:
        self.instrument, self.dose, self.source = instrument, dose, source
        self.time, self.y, self.x = time, y, x
        self.pixel_time, self.thickness = pixel_time, thickness
        self.energy_loss = np.array(instrument.energy_loss)

    @property
    def collected(self) -> float:
        """Fraction of the electrons that pass the aperture: all, unless their cone is wider than it."""
        convergence = self.instrument.beam.convergence
        collection = self.instrument.spectrometer.collection
        return 1.0 if convergence <= collection else (collection / convergence) ** 2

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Sizes (time, y, x, energy_loss)."""
        return self.time.size, self.y.size, self.x.size, self.energy_loss.size

    @abstractmethod
    def ranges(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Least and largest thickness [m] and li fraction of anything that the beam passes."""

    @abstractmethod
    def mixed(self, frame: int, of_contents: Callable[[Content], Floats], vacuum: Floats) -> Floats:
        """What contents give per electron, summed over every pixel of a frame.

        Parameters
        ----------
        frame : Index of the frame.
        of_contents : Contents of (...) places -> what they give per electron [1], (..., n).
        vacuum : What stands where there is nothing [1], (n,).

        Returns
        -------
        ndarray
            Of the units of `vacuum`, (y, x, n).
        """

    @abstractmethod
    def source_hash(self) -> str:
        """SHA-256 of what was recorded from."""

    def instrument_hash(self) -> str:
        """SHA-256 of the instrument and of the spectra that it names."""
        files = sorted(self.instrument.spectrum.files.items())
        contents = [hashlib.sha256(Path(path).read_bytes()).hexdigest() for _, path in files]
        return hashlib.sha256("\n".join([self.instrument.to_toml(), *contents]).encode()).hexdigest()

    @cached_property
    def model(self) -> SpectrumModel:
        """Exact spectra of a pixel."""
        return spectrum_model(self.instrument)

    @cached_property
    def _signals(self) -> AnnularSignals:
        return annular_signals(self.instrument)

    @cached_property
    def _basis(self) -> tuple[SpectrumBasis, Floats]:
        """Basis of the spectra, and its spectra with that of vacuum as the last, (terms + 1, channels)."""
        last = self.dose.lithium_kept(self.instrument.lithium_loss, self.time.size - 1)
        first = self.dose.lithium_kept(self.instrument.lithium_loss, 0)
        basis = SpectrumBasis(self.model.recorded, [*self.ranges(), (last, first)])
        vacuum = self.model.recorded(0.0, 0.0)
        return basis, np.vstack([basis.spectra, vacuum])

    def expected(self, frame: int) -> Floats:
        """Expected counts [1] of `frame`, (y, x, energy_loss)."""
        return self.instrument.detector.limited(self._signal(frame))

    def _signal(self, frame: int) -> Floats:
        """Mean counts of a frame in a detector that is never full."""
        basis, spectra = self._basis
        kept = np.asarray(self.dose.lithium_kept(self.instrument.lithium_loss, frame))

        def weights(content: Content) -> Floats:
            values = basis.weights(
                content.thickness, content.li_fraction, np.broadcast_to(kept, content.thickness.shape)
            )
            return np.concatenate([values, np.zeros((*values.shape[:-1], 1))], axis=-1)

        nothing = np.zeros(spectra.shape[0])
        nothing[-1] = 1.0
        mixed = self.mixed(frame, weights, nothing) * (self.dose.electrons * self.collected)
        electrons = mixed @ spectra
        np.maximum(electrons, 0.0, out=electrons)
        return self.instrument.detector.signal(electrons, self.dose.dwell)

    def drawn(self, frame: int, seed: int) -> NDArray[Any]:
        """Counts of `frame` as the detector draws them from `seed`, (y, x, energy_loss)."""
        children = np.random.SeedSequence(seed, spawn_key=(frame, 0))
        return draw_counts(self._signal(frame), children, self.instrument.detector, self.dose.dwell)

    def images(self, frame: int, seed: int | None = None) -> tuple[NDArray[Any], NDArray[Any]]:
        """Dark and bright field of `frame` [electrons], (y, x) each: expected, or drawn from `seed`."""
        signals = self._signals
        kept = self.dose.lithium_kept(self.instrument.lithium_loss, frame)

        def both(content: Content) -> Floats:
            parts = [f(content.thickness, content.li_fraction, kept) for f in (signals.adf, signals.abf)]
            return np.stack(parts, axis=-1)

        nothing = np.zeros(1)
        vacuum = np.array([signals.adf(nothing, nothing)[0], signals.abf(nothing, nothing)[0]])
        electrons = np.maximum(self.mixed(frame, both, vacuum) * self.dose.electrons, 0.0)
        if seed is None:
            return electrons[..., 0], electrons[..., 1]
        children = np.random.SeedSequence(seed, spawn_key=(frame, 1))
        drawn = draw_counts(electrons, children)
        return drawn[..., 0], drawn[..., 1]


class _Scanned(Acquisition):
    """Scanned probe."""

    def __init__(self, instrument: Instrument, frames: Frames) -> None:
        self._frames = frames
        size_y, size_x = frames.pixel_size
        dose = Dose(instrument.beam.current, frames.dwell, size_y * size_x, frames.time.size)
        super().__init__(
            instrument,
            frames.time,
            frames.y,
            frames.x,
            frames.pixel_time,
            frames.thickness,
            dose,
            frames.source,
        )
        self._width = self._probe_pixels(size_y, size_x)

    def _probe_pixels(self, size_y: float, size_x: float) -> tuple[float, float]:
        beam = self.instrument.beam
        thickness = self._frames.thickness
        mean = float(thickness[thickness > 0.0].mean()) if np.any(thickness > 0.0) else 0.0
        width = beam.probe_fwhm
        if beam.broadening:
            reference = load_reference(self.instrument.spectrum.reference)
            width = probe_fwhm(reference, beam.voltage, beam.convergence, mean, width)
        return width / size_y, width / size_x

    def ranges(self) -> tuple[tuple[float, float], tuple[float, float]]:
        frames = self._frames
        covered = frames.coverage > 0.0
        return _range(frames.thickness[covered]), _range(frames.values[np.isfinite(frames.values)])

    def mixed(self, frame: int, of_contents: Callable[[Content], Floats], vacuum: Floats) -> Floats:
        """Contents of a scanned frame, blurred by the probe; 0 where the run has ended before a pixel."""
        contents = contents_of_frame(self._frames, frame, self._displacement())
        total = np.zeros((*self._frames.coverage.shape, vacuum.size))
        share = np.zeros(self._frames.coverage.shape)
        for content in contents:
            total += content.share[..., None] * of_contents(content)
            share += content.share
        total += (1.0 - share)[..., None] * vacuum
        seen = blurred(total, self._width)
        seen[~self._frames.visited(frame)] = 0.0
        return seen

    def _displacement(self) -> Callable[[Floats], tuple[Floats, Floats]] | None:
        drift = self.instrument.drift
        if not any((*drift.velocity, *drift.start)):
            return None
        (velocity_x, velocity_y), (start_x, start_y) = drift.velocity, drift.start
        return lambda when: (start_x + velocity_x * when, start_y + velocity_y * when)

    def source_hash(self) -> str:
        frames = self._frames
        arrays = (frames.values, frames.time, frames.pixel_time, frames.thickness, frames.coverage)
        return _digest(*arrays, frames.y, frames.x, np.array([frames.dwell]))


class _ThroughSlit(Acquisition):
    """Slit."""

    def __init__(self, instrument: Instrument, exposures: Exposures) -> None:
        self._exposures = exposures
        slit = exposures.slit
        area = slit.rows * slit.row * exposures.width
        dose = Dose(instrument.beam.current, slit.exposure, area, exposures.time.size, 1.0 / slit.rows)
        thickness = exposures.summed((exposures.coverage * exposures.thickness)[..., None])
        covered = exposures.summed(exposures.coverage[..., None])
        some = covered > 1e-9
        mean = np.where(some, thickness / np.where(some, covered, 1.0), 0.0)
        along, across = exposures.position, np.array([exposures.across])
        y, x = (across, along) if slit.axis == "x" else (along, across)
        middle = np.full((y.size, x.size), 0.5 * slit.exposure)
        super().__init__(
            instrument, exposures.time, y, x, middle, mean.reshape(middle.shape), dose, "exposures"
        )

    def ranges(self) -> tuple[tuple[float, float], tuple[float, float]]:
        part = self._exposures
        covered = part.coverage > 0.0
        values = part.lithium[:, covered]
        return _range(part.thickness[covered]), _range(values[np.isfinite(values)])

    def mixed(self, frame: int, of_contents: Callable[[Content], Floats], vacuum: Floats) -> Floats:
        """Contents of an exposure, summed across the slit and blurred along it."""
        part = self._exposures
        total = np.zeros((*part.coverage.shape, vacuum.size))
        for content in part.contents(frame):
            total += content.share[..., None] * of_contents(content)
        covered = part.summed(part.coverage[..., None])
        rows = part.summed(total) + (1.0 - covered) * vacuum
        width = part.slit.blur / part.slit.row
        smooth = blurred(rows[:, None, :], (width, 0.0))
        return smooth.swapaxes(0, 1) if part.slit.axis == "x" else smooth

    def source_hash(self) -> str:
        part = self._exposures
        arrays = (part.lithium, part.states, part.time, part.thickness, part.coverage)
        return _digest(*arrays, part.rows, part.share, part.position)


def _range(values: Floats) -> tuple[float, float]:
    """Least and largest; one value where they differ by round-off; (0, 0) of nothing."""
    if values.size == 0:
        return 0.0, 0.0
    low, high = float(values.min()), float(values.max())
    if high - low <= 1e-9 * abs(high):
        return 0.5 * (low + high), 0.5 * (low + high)
    return low, high


def _digest(*arrays: Floats) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def plan_acquisition(solution: xr.Dataset, instrument: Instrument | str) -> Acquisition:
    """Lay an instrument over a run: nothing is rendered yet.

    Parameters
    ----------
    solution : Run (`simulate`) or, with a scanned probe, lithium maps.
    instrument : Instrument, name of a preset, or path of a TOML file.

    Returns
    -------
    Acquisition
        Gives the frames one by one.

    Raises
    ------
    InputError
        See :func:`frames_of`, :func:`exposures_of` and :class:`Instrument`.
    """
    if not isinstance(solution, xr.Dataset):
        raise InputError("solution", solution, "a Dataset", "open a store with lto_sim.open_dataset(path)")
    deviation = solution.get("li_fraction_std")
    if deviation is not None and float(deviation.max()) > 0.0:
        raise InputError(
            "solution", "maps with noise", "a run, or maps without noise", "render them with maps.noise=0"
        )
    instrument = Instrument.load(instrument)
    _warn_of_missing_edges(instrument)
    if instrument.mode == "sr_tem":
        return _ThroughSlit(instrument, exposures_of(solution, instrument.slit or SlitSpec()))
    scan = instrument.scan
    recorded = "scan_li_fraction" in solution
    raster = Raster() if recorded else Raster(scan.frame_time, scan.pixels, scan.order, scan.flyback)
    return _Scanned(instrument, frames_of(solution, raster))


def _warn_of_missing_edges(instrument: Instrument) -> None:
    """Warn of edges within the range, or before a core-loss range, that are not modelled."""
    edges, last = instrument.spectrum.edges, instrument.last_loss
    reference = load_reference(instrument.spectrum.reference)
    missing = [e for e in EDGES if e not in edges and reference.edges[e]["threshold"] <= last]
    if missing:
        warnings.warn(
            f"{', '.join(missing)}: below {last:.4g} eV, where the range ends, but not in "
            "instrument.spectrum.edges: neither edge nor its part of the background is recorded",
            UserWarning,
            stacklevel=3,
        )
