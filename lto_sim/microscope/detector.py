"""Detectors: what a spectrum of electrons becomes, expected and drawn.

``counting`` detects single electrons: the counts of a channel are Poisson. With a limit r on the rate of a
channel, electrons that come while it is dead are missed, m = n / (1 + n/(r T)) of n in the dwell time T (a
non-paralysable counter; G. F. Knoll, Radiation Detection and Measurement, 4th ed. 2010, ch. 4), and the
counts are drawn as Poisson of m (a counter's variance is smaller, m (1 - m/(rT))^2).

``ccd`` integrates light: electrons are Poisson, each gives `gain` counts, the read-out adds Gaussian noise.
The dark signal is subtracted, as programs of microscopes do, and leaves its noise; counts may be negative.
Above `full_scale` counts the detector is full.
"""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lto_sim.errors import InputError
from lto_sim.execution import available_threads
from lto_sim.microscope.quantities import NoiseCounts, PerSecond, PositiveNumber, TailWidth
from lto_sim.scenario.quantities import Fraction, Share
from lto_sim.scenario.section import Section

__all__ = ["CcdSpec", "CountingSpec", "checked_seed", "draw_counts"]

Floats = NDArray[np.float64]

_BLOCKS: Final = 8
"""Parts of a frame that are drawn by generators of their own, whatever the number of threads."""


class CountingSpec(Section):
    """Detector that counts single electrons."""

    kind: Literal["counting"] = Field(default="counting", description="Single electrons are counted")
    efficiency: Share = Field(default=1.0, description="Part of the electrons that are counted")
    saturation: PositiveNumber | None = Field(
        default=None,
        description="Limit of a channel's count rate [electrons/s]; none: unlimited",
        examples=[1e6],
    )
    dark: PerSecond = Field(default=0.0, description="Counts without beam [1/s per channel]")
    tail_fraction: Fraction = Field(default=0.0, description="Part of the electrons in the tails")
    tail_width: TailWidth = Field(default=1.0, description="Half width at half maximum of the tails [eV]")

    @property
    def dtype(self) -> type[np.generic]:
        """Type of drawn counts."""
        return np.uint32

    def signal(self, electrons: Floats, dwell: float) -> Floats:
        """Mean counts of expected electrons in `dwell` [s]: what is drawn from."""
        counts = electrons * self.efficiency if self.efficiency != 1.0 else electrons
        if self.saturation is not None:
            counts = counts / (1.0 + counts / (self.saturation * dwell))
        return np.asarray(counts + self.dark * dwell) if self.dark else counts

    def limited(self, signal: Floats) -> Floats:
        """Expected counts of a mean signal: the same."""
        return signal

    def draw(self, expected: Floats, rng: np.random.Generator, dwell: float) -> NDArray[Any]:
        """Draw counts."""
        drawn: NDArray[Any] = rng.poisson(expected).astype(np.uint32)
        return drawn


class CcdSpec(Section):
    """Detector that integrates light."""

    kind: Literal["ccd"] = Field(description="Light is integrated, and read out with noise")
    gain: PositiveNumber = Field(default=1.0, description="Counts per electron")
    read_noise: NoiseCounts = Field(
        default=0.0, description="Standard deviation of a channel [counts], binned rows and all"
    )
    dark: PerSecond = Field(
        default=0.0, description="Dark signal [electrons/s per channel]; it is subtracted"
    )
    full_scale: PositiveNumber | None = Field(
        default=None, description="Most counts of a channel; none: unlimited", examples=[65535]
    )
    tail_fraction: Fraction = Field(default=0.0, description="Part of the electrons in the tails")
    tail_width: TailWidth = Field(default=1.0, description="Half width at half maximum of the tails [eV]")

    @property
    def dtype(self) -> type[np.generic]:
        """Type of drawn counts."""
        return np.int32

    def signal(self, electrons: Floats, dwell: float) -> Floats:
        """Mean counts of expected electrons, as of a detector that is never full: what is drawn from."""
        return np.asarray(electrons * self.gain)

    def limited(self, signal: Floats) -> Floats:
        """Expected counts of a mean signal: at most the full scale."""
        counts = signal
        return counts if self.full_scale is None else np.asarray(np.minimum(counts, self.full_scale))

    def draw(self, expected: Floats, rng: np.random.Generator, dwell: float) -> NDArray[Any]:
        """Draw counts; where the detector is full, it stays full."""
        dark = self.dark * dwell
        electrons = rng.poisson(expected / self.gain + dark) - dark
        counts = electrons * self.gain
        if self.read_noise > 0.0:
            counts = counts + rng.normal(0.0, self.read_noise, counts.shape)
        counts = np.rint(counts)
        if self.full_scale is not None:
            counts = np.minimum(counts, np.floor(self.full_scale))
        whole: NDArray[Any] = counts.astype(np.int32)
        return whole


def draw_counts(
    expected: Floats,
    rng: np.random.Generator | np.random.SeedSequence | int,
    detector: CountingSpec | CcdSpec | None = None,
    dwell: float = 0.0,
) -> NDArray[Any]:
    """Draw what a detector records from what is expected.

    Parameters
    ----------
    expected : Expected counts [1], any shape; of a CCD as if it were never full.
    rng : Generator, seed sequence or seed. The draw does not depend on the number of threads.
    detector : Default: counting.
    dwell : Time in which it was collected [s]; only dark signal depends on it.

    Returns
    -------
    uint32 of a counting detector, int32 of a CCD, shape of `expected`.

    Raises
    ------
    InputError
        Expected counts that are negative (counting) or not finite.
    """
    detector = detector or CountingSpec()
    expected = np.asarray(expected)
    if not np.all(np.isfinite(expected)) or (expected.size and float(expected.min()) < 0.0):
        raise InputError("expected", "negative or not finite", ">= 0 and finite", "pass expected counts")
    if expected.size and float(expected.max()) > 2.0e9:
        raise InputError(
            "expected", float(expected.max()), "< 2e9 counts a channel", "shorten the dwell time"
        )
    flat = expected.reshape(-1)
    bounds = np.linspace(0, flat.size, _BLOCKS + 1).astype(np.int64)
    generators = _children(rng, _BLOCKS)
    drawn = np.empty(flat.size, dtype=detector.dtype)

    def draw(block: int) -> None:
        start, end = bounds[block], bounds[block + 1]
        drawn[start:end] = detector.draw(flat[start:end], generators[block], dwell)

    threads = min(available_threads(), _BLOCKS)
    if threads == 1 or flat.size < 100_000:
        for block in range(_BLOCKS):
            draw(block)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(draw, range(_BLOCKS)))
    return drawn.reshape(expected.shape)


def checked_seed(seed: object) -> int:
    """Return a seed as int.

    Raises
    ------
    InputError
        No whole number, or below 0.
    """
    number = int(seed) if isinstance(seed, numbers.Integral) else -1
    if number < 0:
        raise InputError("seed", seed, "a whole number >= 0, or a generator", "give for example rng=1")
    return number


def _children(
    rng: np.random.Generator | np.random.SeedSequence | int, count: int
) -> Sequence[np.random.Generator]:
    if isinstance(rng, np.random.Generator):
        return rng.spawn(count)
    seeds = rng if isinstance(rng, np.random.SeedSequence) else np.random.SeedSequence(checked_seed(rng))
    return [np.random.Generator(np.random.PCG64(child)) for child in seeds.spawn(count)]
