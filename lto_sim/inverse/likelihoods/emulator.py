"""An emulator of chi-square: a few dozen runs give a polynomial that takes microseconds.

The residual vector, not chi-square, is made a polynomial of the parameters: it is far smoother, and its noise
is part of it. The runs fill an ellipsoid that follows the posterior, by a sequence without gaps. How well the
emulator does is measured at fresh points of the posterior itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.stats import qmc

from lto_sim.errors import InputError
from lto_sim.inverse.likelihoods.likelihood import Likelihood
from lto_sim.inverse.likelihoods.polynomial import Products, QuadraticForm, Region, exponents, fitted_form

__all__ = ["LARGEST_ERROR", "Emulator", "make_emulator", "region_of_fit"]

Floats = NDArray[np.float64]

LARGEST_ERROR: Final[float] = 0.3
"""Deviation of chi-square in the bulk of the posterior beyond which an emulator is refused."""
_DEGREES: Final = (2, 3, 4)
_MOST_TERMS: Final = 60
"""Terms beyond which no higher degree than 2 is planned for."""
_PER_TERM: Final[float] = 2.0
_TAIL: Final[float] = 5e-4
"""Part of a Gaussian posterior outside the region."""
_WITHIN: Final[float] = 1.3
"""Reaches from the centre within which earlier runs are used."""
_EDGE: Final[float] = 1.1
"""Reaches from the centre up to which the emulator answers."""
_FRESH: Final = 10
_ROUNDS: Final = 6
_CHAINS: Final = 128
_WALK: Final = 400
_NEAR_EDGE: Final[float] = 0.006
_MOVED: Final[float] = 0.7
_WIDEST: Final[float] = 1.5
_NARROWEST: Final[float] = 0.45
_ACROSS: Final[float] = 0.3
"""Largest deviation along an axis as part of the way from bound to bound."""


@dataclass(frozen=True, eq=False)
class Emulator:
    """Chi-square over the scale, less that at the minimum, as a polynomial.

    Parameters
    ----------
    form : The quadratic form of the residuals' polynomials.
    degree : Of those.
    error : Deviation of chi-square at fresh points of the posterior.
    fresh : Number of those points.
    runs : Evaluations of the objective that it was made of, fresh points included.
    low, high : Bounds of what is fitted.
    """

    form: QuadraticForm
    degree: int
    error: float
    fresh: int
    runs: int
    low: Floats
    high: Floats

    def __call__(self, theta: Floats) -> Floats:
        """Chi-square differences, (points,); infinite outside the bounds and far outside the region.

        Parameters
        ----------
        theta : What is fitted, (points, parameters).
        """
        return _bounded(self.form, np.atleast_2d(theta), self.low, self.high)


def _bounded(form: QuadraticForm, theta: Floats, low: Floats, high: Floats) -> Floats:
    inside = ((theta > low) & (theta < high)).all(axis=1)
    coordinates = form.region.coordinates(theta)
    inside &= np.sqrt(np.sum(coordinates**2, axis=1)) <= _EDGE * form.region.reach
    found = np.full(theta.shape[0], np.inf)
    if inside.any():
        found[inside] = form.at_coordinates(coordinates[inside])
    return found


def make_emulator(
    likelihood: Likelihood, *, seed: int = 0, progress: Callable[[int, float], None] | None = None
) -> Emulator:
    """Make an emulator, its runs where the posterior is, and check it at fresh points.

    Parameters
    ----------
    likelihood : Of a finished fit.
    seed : Of the places of the runs and of the fresh points.
    progress : Told the number of evaluations so far and the error, NaN before it is known.

    Raises
    ------
    InputError
        Runs that fail nearly everywhere, or an error in the posterior's bulk above 0.3 of chi-square.
    """
    work = _Work(likelihood, seed, progress)
    region = region_of_fit(likelihood)
    error = float("inf")
    for _ in range(_ROUNDS):
        work.fill(region)
        form, degree = work.best_form(region)
        sample = work.walk(form)
        moved = work.region_of(sample, region)
        if moved is not None:
            region = moved
            continue
        error = work.error_at_fresh(form, sample)
        if error <= LARGEST_ERROR:
            low, high = likelihood.parameters.bounds
            return Emulator(form, degree, error, _FRESH, work.runs, low, high)
        work.more += _PER_TERM
    raise InputError(
        "emulate", f"chi-square off by {error:.2g} (standard deviation) in the bulk of the posterior after "
        f"{work.runs} runs" if np.isfinite(error) else "a posterior that no region of the runs holds",
        f"an error up to {LARGEST_ERROR:g}",
        "sample with emulate=False, or fit on finer cells (specimen.cell), whose kinks are smaller; fix what "
        "the maps cannot tell",
    )  # fmt: skip


def region_of_fit(likelihood: Likelihood) -> Region:
    """Ellipsoid of the fit's covariance, no wider than the bounds.

    Parameters
    ----------
    likelihood : Of a finished fit.
    """
    return _region(likelihood, likelihood.theta, likelihood.covariance)


def _region(likelihood: Likelihood, centre: Floats, covariance: Floats) -> Region:
    low, high = likelihood.parameters.bounds
    size = np.sqrt(np.diag(covariance))
    values, vectors = np.linalg.eigh(covariance / np.outer(size, size))
    axes = size[:, None] * vectors * np.sqrt(np.maximum(values, 1e-12))
    across = np.min((high - low)[:, None] / np.maximum(np.abs(axes), 1e-300), axis=0)
    axes = axes * np.minimum(1.0, _ACROSS * across)
    reach = float(np.sqrt(stats.chi2.ppf(1.0 - _TAIL, centre.size)))
    return Region(centre, axes, reach)


class _Work:
    """Runs made so far and where they were."""

    def __init__(
        self, likelihood: Likelihood, seed: int, progress: Callable[[int, float], None] | None
    ) -> None:
        self.likelihood, self.progress = likelihood, progress
        self.count = likelihood.theta.size
        self.root = float(np.sqrt(likelihood.scale))
        self.products = Products(likelihood.residuals / self.root)
        self.products.add(likelihood.theta, likelihood.residuals / self.root)
        self.low, self.high = likelihood.parameters.bounds
        self.sequence = qmc.Sobol(self.count + 1, rng=np.random.default_rng([seed, 1]))
        self.rng = np.random.default_rng([seed, 2])
        self.runs, self.more = 0, 0.0
        self.known = float("nan")
        self.degrees = [d for d in _DEGREES if d == 2 or exponents(self.count, d).shape[0] <= _MOST_TERMS]

    def fill(self, region: Region) -> None:
        """Make runs until the region holds as many as its terms ask for."""
        terms = exponents(self.count, min(3, self.degrees[-1])).shape[0]
        wanted = int(np.ceil((_PER_TERM + self.more) * terms)) + 4
        distance = np.linalg.norm(region.coordinates(np.array(self.products.theta)), axis=1)
        missing = wanted - int(np.count_nonzero(distance <= region.reach))
        if missing > 0:
            self._take(self._places(region, missing))
        if len(self.products.theta) < exponents(self.count, 2).shape[0] + 2:
            raise InputError(
                "emulate", f"{self.runs - len(self.products.theta) + 1} of {self.runs} runs failed",
                "runs that get to their end", "narrow the bounds",
            )  # fmt: skip

    def _places(self, region: Region, number: int) -> Floats:
        """Points of the sequence in the region and within the bounds."""
        found: list[Floats] = []
        for _ in range(200):
            lot = np.clip(self.sequence.random(64), 1e-9, 1.0 - 1e-9)
            direction = stats.norm.ppf(lot[:, :-1])
            length = np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-12)
            u = direction / length * region.reach * np.sqrt(lot[:, -1:])
            theta = region.theta(u)
            found += list(theta[((theta > self.low) & (theta < self.high)).all(axis=1)])
            if len(found) >= number:
                break
        return np.array(found[:number]).reshape(-1, self.count)

    def _take(self, places: Floats) -> Floats:
        """Evaluate the objective; sums of squares less that at the minimum."""
        squares = []
        for theta, residuals in zip(places, self.likelihood.residuals_at(list(places)), strict=True):
            self.products.add(theta, residuals / self.root)
            squares.append(self.likelihood.square(residuals))
            self.runs += 1
        if self.progress is not None:
            self.progress(self.runs, self.known)
        return np.array(squares)

    def best_form(self, region: Region) -> tuple[QuadraticForm, int]:
        """Form of the degree that foretells runs left out best."""
        found = [(fitted_form(self.products, region, d, _WITHIN * region.reach), d) for d in self.degrees]
        (form, _), degree = min(found, key=lambda entry: entry[0][1])
        return form, degree

    def walk(self, form: QuadraticForm) -> Floats:
        """Points of the posterior by a short random walk, (points, parameters)."""
        region = form.region
        here = region.theta(0.5 * self.rng.standard_normal((_CHAINS, self.count)))
        outside = ((here <= self.low) | (here >= self.high)).any(axis=1)
        here[outside] = self.likelihood.parameters.inside(region.centre)
        square = _bounded(form, here, self.low, self.high)
        kept = []
        length = 1.7 / np.sqrt(self.count)
        for number in range(_WALK):
            step = region.theta(length * self.rng.standard_normal(here.shape)) - region.centre
            trial = here + step
            there = _bounded(form, trial, self.low, self.high)
            with np.errstate(over="ignore", invalid="ignore", under="ignore"):
                taken = -2.0 * np.log(self.rng.random(_CHAINS)) > there - square
            here = np.where(taken[:, None], trial, here)
            square = np.where(taken, there, square)
            if number >= _WALK // 2 and number % 20 == 0:
                kept.append(here)
        return np.concatenate(kept)

    def region_of(self, sample: Floats, region: Region) -> Region | None:
        """Region of the sample where the present one does not hold it well; None where it does."""
        u = region.coordinates(sample)
        edge = float(np.mean(np.linalg.norm(u, axis=1) > 0.93 * region.reach))
        spread = np.sqrt(np.maximum(np.linalg.eigvalsh(np.atleast_2d(np.cov(u.T))), 1e-12))
        centred = float(np.abs(u.mean(axis=0)).max()) < _MOVED
        if edge < _NEAR_EDGE and centred and _NARROWEST < spread.max() < _WIDEST:
            return None
        wider = 1.1 if edge < _NEAR_EDGE else 1.4
        return _region(self.likelihood, sample.mean(axis=0), wider**2 * np.atleast_2d(np.cov(sample.T)))

    def error_at_fresh(self, form: QuadraticForm, sample: Floats) -> float:
        """Deviation of chi-square at fresh points, those of a run that failed left out."""
        chosen = sample[self.rng.choice(sample.shape[0], _FRESH, replace=False)]
        foretold = form(chosen)
        found = self._take(chosen)
        good = np.isfinite(found)
        if np.count_nonzero(good) < _FRESH // 2:
            return float("inf")
        self.known = float(np.std((foretold - found)[good], ddof=1))
        return self.known
