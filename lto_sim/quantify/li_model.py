"""Expected counts of a pixel in bins, and their derivatives with everything that a joint fit leaves free.

The forward model of :mod:`lto_sim.microscope.spectra`, plural scattering included, with a length of its own
for what valence electrons scatter and for the edges:

    plasmon of Li4 over p (1 - y) and of Li7 over p y,    edges of Li4 over q p (1 - x) and of Li7 over q p x.

N electrons, p [m], the ratio q of Ti-M2,3 to plasmon (1 where the mean free path is right and nothing lies on
the specimen), the mix y of the two plasmons and the li fraction x. So x is told by Li-K, height and shape,
beside the Ti-M2,3 of the same atoms; the mean free path has no part in it, the plasmon's energy little (0.02
for 4 valence electrons of 97). Its width has one: beneath Li-K lies what follows two plasmons, and 1 eV of 12
moves x by 0.03.

Source of the bound: C. R. Rao, Bull. Calcutta Math. Soc. 37 (1945) 81.
"""

from __future__ import annotations

from copy import copy
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.microscope import SpectrumBasis, SpectrumModel
from lto_sim.quantify.energy_bins import EnergyBins
from lto_sim.quantify.scoring import CountVariance

__all__ = ["PARAMETERS", "LithiumModel", "cramer_rao", "pixel_components", "pixel_spectra", "scatterings"]

Floats = NDArray[np.float64]

PARAMETERS: Final = ("electrons", "length", "ratio", "plasmon_mix", "li_fraction")
"""N, p [m], q, y and x, in this order."""

_TOLERANCE: Final = 2e-7


def pixel_spectra(spectra: SpectrumModel, p: Floats, q: Floats, y: Floats, x: Floats) -> Floats:
    """Spectra of one electron, (n, channels), of the variables that the module names, (n,) each."""
    return spectra.recorded_over(_lengths(spectra, p, q, y, x))


def scatterings(spectra: SpectrumModel, parameters: Floats) -> tuple[Floats, Floats]:
    """t/lambda of pixels (n,), and its derivatives with their parameters (n, 5)."""
    _, p, q, y, x = parameters.T
    one = np.ones_like(p)
    value = spectra.mean_over(_lengths(spectra, p, q, y, x))
    edges = value - spectra.mean_over(_lengths(spectra, p, 0.0 * q, y, x))
    by_mix, by_lithium = (
        spectra.mean_over(_lengths(spectra, p, q, *high)) - spectra.mean_over(_lengths(spectra, p, q, *low))
        for high, low in (((one, x), (0.0 * one, x)), ((y, one), (y, 0.0 * one)))
    )
    slopes = np.stack([0.0 * one, value / p, edges / q, by_mix, by_lithium], axis=1)
    return value, slopes


def _lengths(
    spectra: SpectrumModel, p: Floats, q: Floats, y: Floats, x: Floats
) -> dict[tuple[str, str], Floats]:
    lengths = {}
    for phase, valence, inner in (("Li4", p * (1.0 - y), q * p * (1.0 - x)), ("Li7", p * y, q * p * x)):
        for part in spectra.parts[phase]:
            lengths[phase, part] = valence if part == "plasmon" else inner
    return lengths


def pixel_components(spectra: SpectrumModel, parameters: Floats) -> dict[str, Floats]:
    """Parts of the spectrum of a pixel that sum up to it, (channels,) each [counts].

    ``zero loss and plasmons``, then what Ti-M2,3 with Ti-M1, then what Li-K adds to what came before it,
    plural scattering included.

    Parameters
    ----------
    spectra : Spectra of the instrument.
    parameters : In the order of :data:`PARAMETERS`, (5,).
    """
    electrons, *rest = (np.atleast_1d(value) for value in parameters)
    lengths = _lengths(spectra, *rest)
    whole = spectra.mean_over(lengths)
    groups = {
        "zero loss and plasmons": {"plasmon"},
        "Ti-M2,3 and Ti-M1": set(spectra.edges) - {"Li-K"},
        "Li-K": {"Li-K"},
    }
    kept: set[str] = set()
    before: Floats = np.zeros(spectra.lattice.channels)
    components = {}
    for name, parts in groups.items():
        kept |= parts
        some = {key: length for key, length in lengths.items() if key[1] in kept}
        lost = np.exp(spectra.mean_over(some) - whole)
        total = (electrons * lost)[:, None] * spectra.recorded_over(some)
        components[name] = total[0] - before
        before = total[0]
    return components


class LithiumModel:
    """Counts in bins over ranges of the parameters, interpolated far within the noise (2e-7 of the beam).

    Parameters
    ----------
    spectra : Spectra of the instrument, on the channels of the recording.
    bins : Bins of these channels.
    ranges : (low, high) of p [m], q, y and x; equal ends hold a parameter where it is.
    """

    def __init__(
        self, spectra: SpectrumModel, bins: EnergyBins, ranges: tuple[tuple[float, float], ...]
    ) -> None:
        self.ranges = ranges

        def exact(*values: Floats) -> Floats:
            return bins.total(pixel_spectra(spectra, *values))

        self._basis = SpectrumBasis(exact, ranges, _TOLERANCE, sparse=True)
        self.free = np.array([True, *(low < high for low, high in ranges)])
        """Which of the parameters are free."""

    def with_ratio(self, ratio: float) -> LithiumModel:
        """Model with q held at a value within its range."""
        made = copy(self)
        made.ranges = (self.ranges[0], (ratio, ratio), *self.ranges[2:])
        made._basis = self._basis.held(1, ratio)
        made.free = self.free & (np.array(PARAMETERS) != "ratio")
        return made

    def bounds(self, electrons: Floats) -> tuple[Floats, Floats]:
        """Lowest and highest parameters (5,), with electrons within three decades of those given."""
        low, high = np.array(self.ranges).T
        few, many = 1e-3 * float(electrons.min()), 1e3 * float(electrons.max())
        return np.concatenate([[few], low]), np.concatenate([[many], high])

    def expected(self, parameters: Floats) -> Floats:
        """Counts (n, bins) of parameters (n, 5)."""
        weights = self._basis.weights(*parameters[:, 1:].T)
        return np.asarray(parameters[:, :1] * (weights @ self._basis.spectra))

    def with_slopes(self, parameters: Floats) -> tuple[Floats, Floats]:
        """Counts (n, bins), and their derivatives with every parameter that is free, (free, n, bins)."""
        electrons = parameters[:, :1]
        weights, slopes = self._basis.weights_and_slopes(*parameters[:, 1:].T)
        per_electron = weights @ self._basis.spectra
        derivatives = np.empty((np.count_nonzero(self.free), *per_electron.shape))
        derivatives[0] = per_electron
        chosen = [slope for slope, free in zip(slopes, self.free[1:], strict=True) if free]
        for place, slope in enumerate(chosen, 1):
            np.matmul(slope * electrons, self._basis.spectra, out=derivatives[place])
        return electrons * per_electron, derivatives


def cramer_rao(
    spectra: SpectrumModel,
    bins: EnergyBins,
    parameters: Floats,
    free: tuple[str, ...] = PARAMETERS,
    variance: CountVariance | None = None,
) -> dict[str, float]:
    """Smallest standard deviation that an unbiased estimate of every free parameter can have.

    From exact spectra and central differences, apart from what the fit itself uses.

    Parameters
    ----------
    spectra : Spectra of the instrument.
    bins : What is compared.
    parameters : The truth, in the order and units of :data:`PARAMETERS`, (5,).
    free : Which of them are not known.
    variance : Of the counts; default Poisson.

    Returns
    -------
    dict
        Parameter -> deviation, in its unit.
    """
    step = np.array([1e-3 * parameters[0], 1e-3 * parameters[1], 1e-3, 1e-3, 1e-3])
    points = np.array([parameters, *(parameters + sign * row for row in np.diag(step) for sign in (1, -1))])
    counts = points[:, :1] * bins.total(pixel_spectra(spectra, *points[:, 1:].T))
    slopes = (counts[1::2] - counts[2::2]) / (2.0 * step[:, None])
    chosen = slopes[[PARAMETERS.index(name) for name in free]]
    information = (chosen / (variance or CountVariance()).of(counts[0])) @ chosen.T
    scale = np.sqrt(np.diag(information))
    bound = np.sqrt(np.diag(np.linalg.inv(information / np.outer(scale, scale)))) / scale
    return dict(zip(free, map(float, bound), strict=True))
