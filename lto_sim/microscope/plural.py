"""Plural scattering by Fourier synthesis, and back (Egerton 2011, section 4.1).

Scatterings are independent: their number is a Poisson variable with mean s(0), and with s(nu) the transform
of the single-scattering distribution S(E), in units of the incident beam,

    spectrum(nu) = Z(nu) exp[s(nu) - s(0)],    s(nu) = log[spectrum(nu) / Z(nu)] + s(0).

Losses live on the lattice n h, n = 0 ... N-1. The Fourier transform is periodic: what is scattered beyond
its end would come back at its beginning. Here S reaches to at least four times the recorded range and to
1600 eV, and the lattice is twice as long: at t/lambda = 2 less than 1e-5 of the spectrum still comes back.
Scattering beyond S's own end counts as lost (s(0) includes it).

Points hold integrals over their cells of width h. With c(nu) = sinc(h nu), the transform of a cell, s(nu) is
that of the points over c, and the spectrum that of the density times c.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from lto_sim.errors import InputError
from lto_sim.microscope.zero_loss import Response

__all__ = ["Lattice", "fourier_log", "fourier_ratio"]

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]

_PADDING = 4.0
"""Reach of single scattering over the highest recorded loss."""
_LEAST_REACH_EV = 1600.0
_SAMPLES_PER_FWHM = 4.0
"""A Gaussian with this many points in its width has 1e-6 of itself beyond the highest frequency."""


@dataclass(frozen=True)
class Lattice:
    """Lattice of losses that channels are sums of.

    Parameters
    ----------
    step : h [eV].
    size : Points N of the transform.
    reach_points : Points of the single-scattering distribution.
    per_channel : Points that make one channel.
    first : Lattice index of the first point of the first channel (may be negative).
    shift : What is left between lattice and channels [eV], within half a step.
    channels : Number of channels.
    """

    step: float
    size: int
    reach_points: int
    per_channel: int
    first: int
    shift: float
    channels: int

    @classmethod
    def for_channels(cls, offset: float, dispersion: float, channels: int, fwhm_eV: float) -> Lattice:
        """Lattice for channels whose centres are ``offset + i dispersion`` [eV].

        Parameters
        ----------
        offset : Centre of the first channel [eV].
        dispersion : Width of a channel [eV] (> 0).
        channels : Number of channels.
        fwhm_eV : Narrowest Gaussian [eV].

        Raises
        ------
        InputError
            No loss is recorded (the last channel is below zero), or there would be 2^24 points or more.
        """
        last = offset + (channels - 1) * dispersion
        if last <= 0.0:
            raise InputError(
                "instrument.spectrometer.offset",
                offset,
                f"> {-(channels - 1) * dispersion:g} eV",
                "record some loss",
            )
        per_channel = max(1, int(np.ceil(_SAMPLES_PER_FWHM * dispersion / fwhm_eV)))
        step = dispersion / per_channel
        reach = max(_PADDING * last, _LEAST_REACH_EV)
        reach_points = int(np.ceil(reach / step)) + 1
        before = int(np.ceil(max(0.0, -offset) / step)) + 2 * per_channel
        size = int(fft.next_fast_len(2 * reach_points + before, real=True))
        if size >= 2**24:
            raise InputError(
                "instrument.beam.energy_spread", f"{fwhm_eV:g} eV over {last:g} eV",
                "at most 16 million points", "widen the spread or record a shorter range",
            )  # fmt: skip
        lowest = offset - 0.5 * dispersion + 0.5 * step  # middle of the first point of the first channel
        first = int(np.round(lowest / step))
        return cls(step, size, reach_points, per_channel, first, lowest - first * step, channels)

    @property
    def frequency(self) -> Floats:
        """Frequencies of the real transform [1/eV]."""
        return np.asarray(fft.rfftfreq(self.size, self.step), dtype=np.float64)

    @property
    def cell(self) -> Floats:
        """Fourier transform of a cell, at the frequencies."""
        return np.asarray(np.sinc(self.frequency * self.step), dtype=np.float64)

    @property
    def faces(self) -> Floats:
        """Boundaries [eV] of the points of single scattering; the first is 0, as no loss is negative."""
        return np.asarray(np.maximum((np.arange(self.reach_points + 1) - 0.5) * self.step, 0.0))

    @property
    def losses(self) -> Floats:
        """Losses [eV] of all points in the order of the transform."""
        return np.asarray(np.arange(self.size) * self.step, dtype=np.float64)

    def zero_loss(self, response: Response) -> Floats:
        """Fourier transform of the zero loss, integrated over the cells of the points."""
        return np.asarray(response.transform(self.frequency) * self.cell, dtype=np.float64)

    def transform(self, scattering: Floats) -> Complex:
        """s(nu) of probabilities per point, (..., reach_points)."""
        return np.asarray(fft.rfft(scattering, self.size, axis=-1) / self.cell)

    def synthesis(self, strength: Complex, mean: Floats | float, response: Response) -> Floats:
        """Spectrum on the lattice, (..., N), of a beam of one electron.

        Parameters
        ----------
        strength : s(nu), (..., N/2 + 1).
        mean : s(0) with all that is beyond the lattice too, (...,): mean number of scatterings.
        response : Of source and detector.
        """
        exponent = strength - np.asarray(mean)[..., None]
        spectrum = self.zero_loss(response) * np.exp(exponent)
        return np.asarray(fft.irfft(spectrum, self.size, axis=-1))

    def recorded(self, strength: Complex, mean: Floats | float, response: Response) -> Floats:
        """What the channels record, (..., channels), of a beam of one electron."""
        # a channel sees energies a little above lattice points: the spectrum moves the other way
        phase = np.exp(2j * np.pi * self.frequency * self.shift)
        exponent = strength - np.asarray(mean)[..., None]
        transformed = self.zero_loss(response) * phase * np.exp(exponent)
        whole = np.asarray(fft.irfft(transformed, self.size, axis=-1))
        index = (self.first + np.arange(self.channels * self.per_channel)) % self.size
        points = whole[..., index].reshape(*whole.shape[:-1], self.channels, self.per_channel)
        return np.asarray(points.sum(axis=-1))


def fourier_log(spectrum: Floats, lattice: Lattice, response: Response) -> tuple[Floats, float]:
    """Single-scattering distribution of a spectrum on a lattice (its inverse, without noise).

    Parameters
    ----------
    spectrum : On the whole lattice, (N,), with its zero loss, of one electron.
    lattice : The lattice.
    response : What made its zero loss; its transform must not vanish, so a narrow one.

    Returns
    -------
    S per point (N,), and t/lambda. Scatterings beyond the lattice are not in them.
    """
    transformed = fft.rfft(spectrum)
    known = lattice.zero_loss(response)
    logarithm = np.log(np.abs(transformed / known)) + 1j * np.unwrap(np.angle(transformed / known))
    single = np.asarray(fft.irfft(logarithm * lattice.cell, lattice.size))
    # the constant ln I - s(0) has become that many cells; nothing scatters to the lattice's second half
    constant = np.asarray(fft.irfft(lattice.cell, lattice.size))
    beyond = slice(lattice.reach_points, None)
    share = float(single[beyond] @ constant[beyond]) / float(constant[beyond] @ constant[beyond])
    return single - share * constant, float(np.log(spectrum.sum())) - share


def fourier_ratio(core: Floats, low_loss: Floats, step: float, fwhm_eV: float) -> Floats:
    """Core-loss edge without plural scattering: divided by its low loss, blurred by a Gaussian.

    Parameters
    ----------
    core : Edge without background, (n,), on channels of `step`.
    low_loss : Low loss with zero loss on the same channels, (n,), beginning with its zero loss at channel 0
        (losses below zero wrapped to the end).
    step : Channel [eV].
    fwhm_eV : Width of the Gaussian that replaces the zero loss [eV].

    Returns
    -------
    (n,), single scattering per electron that `low_loss` counts.
    """
    size = int(fft.next_fast_len(4 * max(core.size, low_loss.size), real=True))
    low = np.zeros(size)
    half = low_loss.size // 2
    low[:half], low[half - low_loss.size :] = low_loss[:half], low_loss[half:]
    frequency = fft.rfftfreq(size, step)
    smooth = Response(fwhm_eV).transform(frequency)
    ratio = fft.rfft(core, size) * smooth / fft.rfft(low)
    return np.asarray(fft.irfft(ratio, size)[: core.size])
