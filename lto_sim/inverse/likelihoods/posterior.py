"""Samples of the posterior of a fit, by emcee: resumable, continued until they are enough.

Source: D. Foreman-Mackey et al., Publ. Astron. Soc. Pac. 125 (2013) 306 (emcee).
"""

from __future__ import annotations

import importlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.inverse.likelihoods.chains import ChainFile, identity
from lto_sim.inverse.likelihoods.emulator import Emulator, make_emulator, region_of_fit
from lto_sim.inverse.likelihoods.likelihood import Likelihood
from lto_sim.inverse.likelihoods.polynomial import Region
from lto_sim.inverse.likelihoods.samples import TIMES_ENOUGH, Posterior, autocorrelation
from lto_sim.inverse.result import MapFit

__all__ = ["PosteriorProgress", "sample_posterior"]

Floats = NDArray[np.float64]

_TIMES_MOST: Final = 20
"""Limit of the steps over `steps` where none is given."""
_SAVE_EVERY: Final[float] = 5.0
_SLICE: Final = 200
_TRIES: Final = 1000
_SPREAD: Final[float] = 0.5
"""Deviations that walkers begin apart."""


@dataclass(frozen=True)
class PosteriorProgress:
    """Where sampling stands.

    Parameters
    ----------
    stage : What it is doing, in words.
    steps, most : Steps so far, and their limit.
    tau : Longest autocorrelation time so far, in steps [1]; NaN before it is known.
    runs : Evaluations of the objective so far.
    """

    stage: str
    steps: int
    most: int
    tau: float
    runs: int


def sample_posterior(
    fit: MapFit,
    *,
    walkers: int = 32,
    steps: int = 1000,
    most: int | None = None,
    seed: int = 0,
    out: Path | str | None = None,
    emulate: bool = True,
    processes: int | None = None,
    progress: Callable[[PosteriorProgress], None] | None = None,
) -> Posterior:
    """Sample the posterior: the likelihood over ``fit.scale``, priors and bounds, flat in what is fitted.

    Sampling goes on in blocks of `steps` until it has lasted 50 autocorrelation times beside the burn-in, or
    to `most`. It is on the cells of ``fit.minimum``, as the profiles of noise alone are.

    Parameters
    ----------
    fit : A finished fit.
    walkers : Walkers of the ensemble, even, at least twice the parameters.
    steps : Steps of a block.
    most : Most steps; None: 20 blocks.
    seed : Of everything random.
    out : HDF5 file of the chain; one that is there is continued, bit for bit as if it had not been stopped.
    emulate : Whether chi-square comes from a polynomial that is checked first; else every sample is a run.
    processes : Worker processes for runs; None takes the available cores. The result does not depend on it.
    progress : Told where it stands.

    Returns
    -------
    Posterior
        The chain, with its autocorrelation times.

    Raises
    ------
    InputError
        emcee is not installed; counts out of range; a file of another fit; an emulator that is too rough.
    """
    emcee = _emcee()
    count = len(fit.names)
    if walkers < 2 * count or walkers % 2:
        raise InputError("walkers", walkers, f"an even number >= {2 * count}", "use 32")
    limit = _TIMES_MOST * steps if most is None else most
    if steps < 10 or limit < steps:
        raise InputError(
            "steps, most", (steps, limit), "steps >= 10, most >= steps", "use steps=1000, most=20000"
        )
    likelihood = Likelihood(fit)
    with likelihood.workers(processes):
        chain = _Chain(emcee, fit, likelihood, walkers, seed, limit, progress)
        if out is not None:
            chain.file = ChainFile(
                Path(out), emcee.backends.HDFBackend, identity(fit, walkers, seed, emulate), walkers, count
            )
        chain.prepare(emulate)
        chain.run(steps)
        return chain.result()


def _emcee() -> Any:
    try:
        return importlib.import_module("emcee")
    except ImportError:
        raise InputError(
            "sample_posterior", "no emcee", "the package emcee", "install it: pip install 'lto_sim[mcmc]'"
        ) from None


class _Chain:
    """A chain on its way."""

    def __init__(
        self, emcee: Any, fit: MapFit, likelihood: Likelihood, walkers: int, seed: int, most: int,
        progress: Callable[[PosteriorProgress], None] | None,
    ) -> None:  # fmt: skip
        self.emcee, self.fit, self.likelihood = emcee, fit, likelihood
        self.walkers, self.seed, self.most, self.progress = walkers, seed, most, progress
        self.file: ChainFile | None = None
        self.emulator: Emulator | None = None
        self.count = likelihood.theta.size
        self.chain = np.empty((0, walkers, self.count))
        self.log_prob = np.empty((0, walkers))
        self.accepted = np.zeros(walkers)
        self.state: Any = None
        self.saved, self.evaluations, self.failed = 0, 0, 0
        self.tau = np.full(self.count, math.nan)

    def prepare(self, emulated: bool) -> None:
        """Take up the file, or make the emulator and the first positions."""
        file = self.file
        if file is not None and file.path.exists():
            self.emulator = file.emulator()
            stored = file.read()
            if stored is not None:
                self.chain, self.log_prob, self.accepted = stored.chain, stored.log_prob, stored.accepted
                self.saved = len(self.chain)
                self.state = self.emcee.State(
                    self.chain[-1], log_prob=self.log_prob[-1], random_state=stored.random_state
                )
        elif emulated:
            self.emulator = make_emulator(self.likelihood, seed=self.seed, progress=self._tell_emulator)
        if file is not None and not file.path.exists():
            file.begin(self.emulator, self.fit.names)
        if self.state is None:
            random = np.random.RandomState(self.seed).get_state()
            self.state = self.emcee.State(self._first_positions(), random_state=random)

    def _tell_emulator(self, runs: int, error: float) -> None:
        self.evaluations = runs
        self._tell("runs for the emulator")

    def _tell(self, stage: str) -> None:
        if self.progress is not None:
            tau = math.nan if np.isnan(self.tau).any() else float(self.tau.max())
            self.progress(PosteriorProgress(stage, len(self.chain), self.most, tau, self.evaluations))

    def _first_positions(self) -> Floats:
        region: Region = (
            region_of_fit(self.likelihood) if self.emulator is None else self.emulator.form.region
        )
        low, high = self.likelihood.parameters.bounds
        rng = np.random.default_rng([self.seed, 3])
        found: list[Floats] = []
        for _ in range(_TRIES):
            theta = region.theta(_SPREAD * rng.standard_normal((self.walkers, self.count)))
            good = ((theta > low) & (theta < high)).all(axis=1)
            found += [t for t in theta[good] if np.isfinite(self.log_probability(t[None, :])).all()]
            if len(found) >= self.walkers:
                return np.array(found[: self.walkers])
        raise InputError(
            "sample_posterior",
            "no place for the walkers",
            "a posterior within the bounds",
            "widen the bounds",
        )

    def log_probability(self, theta: Floats) -> Floats:
        """Logarithm of the posterior, up to a constant, (points,)."""
        if self.emulator is not None:
            square = self.emulator(theta)
        else:
            low, high = self.likelihood.parameters.bounds
            square = np.full(theta.shape[0], np.inf)
            inside = np.flatnonzero(((theta > low) & (theta < high)).all(axis=1))
            self.evaluations += inside.size
            for k, residuals in zip(inside, self.likelihood.residuals_at(list(theta[inside])), strict=True):
                value = self.likelihood.square(residuals)
                if math.isfinite(value):
                    square[k] = value
                else:
                    self.failed += 1
        return np.asarray(-0.5 * square)

    def run(self, block: int) -> None:
        """Go on until the steps are enough or at their limit."""
        while True:
            done = len(self.chain)
            if done >= self.most or (done > 0 and done % block == 0 and self._enough()):
                break
            self._advance(min((done // block + 1) * block, self.most) - done)
        self._enough()

    def _enough(self) -> bool:
        self.tau, burn_in = autocorrelation(self.chain, self.emcee)
        self._tell("sampling")
        return bool((len(self.chain) - burn_in) >= TIMES_ENOUGH * float(self.tau.max()))

    def _advance(self, number: int) -> None:
        """Make steps, saved every few seconds."""
        since = time.monotonic()
        while number > 0:
            slice_ = min(number, _SLICE if self.emulator is not None else 1)
            sampler = self.emcee.EnsembleSampler(
                self.walkers, self.count, self.log_probability, vectorize=True
            )
            self.state = sampler.run_mcmc(self.state, slice_, skip_initial_state_check=True)
            self.chain = np.concatenate([self.chain, sampler.get_chain()])
            self.log_prob = np.concatenate([self.log_prob, sampler.get_log_prob()])
            self.accepted = self.accepted + sampler.backend.accepted
            number -= slice_
            if number == 0 or time.monotonic() - since > _SAVE_EVERY:
                self._save()
                self._tell("sampling")
                since = time.monotonic()

    def _save(self) -> None:
        if self.file is not None and len(self.chain) > self.saved:
            new = slice(self.saved, None)
            self.file.append(self.chain[new], self.log_prob[new], self.accepted, self.state.random_state)
            self.saved = len(self.chain)

    def result(self) -> Posterior:
        """Put everything together."""
        fit = self.fit
        cells = fit.parts.get("cells")
        return Posterior(
            fit.parameters, self.chain, self.log_prob, self.tau, autocorrelation(self.chain, self.emcee)[1],
            float(self.accepted.mean() / max(len(self.chain), 1)), fit.minimum.theta,
            fit.theta - fit.minimum.theta, np.zeros(self.count) if cells is None else np.asarray(cells),
            self.emulator, self.evaluations, self.failed, self.seed,
        )  # fmt: skip
