"""Maps less what the forward model shows, over their deviations, and derivatives of that.

The steps of a run are chosen once, at the point where the objective is frozen, and kept: what is minimised is
then one continuous function. Derivatives are central differences along those steps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.inverse.experiment import MapExperiment, timed
from lto_sim.inverse.forward import ForwardJob, Runner
from lto_sim.inverse.inputs import RunInputs
from lto_sim.inverse.parameters import ParameterSet
from lto_sim.kinetics.corrections.twin import on_cells
from lto_sim.microscope.render import blurred_by_probe
from lto_sim.scenario import Scenario

__all__ = ["MapObjective", "Objective", "noise_of_maps", "on_other_cells", "signed_root"]

Floats = NDArray[np.float64]

_SHAPED: Final[float] = 4.0
_LEAST_SLOPE: Final[float] = 0.2
_MAD: Final[float] = 1.482602218505602


class Objective(Protocol):
    """All that a search, a profile or a posterior has to know of a problem."""

    parameters: ParameterSet

    def residuals(self, theta: Floats) -> Floats:
        """Residuals in standard deviations, priors last; NaN where the model cannot be evaluated."""
        ...

    def jacobian(self, theta: Floats) -> Floats:
        """Their derivatives, (residuals, parameters)."""
        ...


def noise_of_maps(values: Floats) -> float:
    """Standard deviation of a pixel from the differences of frames that follow one another, robustly."""
    differences = np.diff(values, axis=0)
    inside = differences[np.isfinite(differences)]
    if inside.size == 0:
        raise InputError(
            "maps", "one frame without li_fraction_std", "two frames or more, or stated deviations",
            "add li_fraction_std: nothing else tells how well a pixel is known",
        )  # fmt: skip
    return max(_MAD * float(np.median(np.abs(inside))) / math.sqrt(2.0), 1e-3)


def signed_root(u: Floats, root: tuple[Floats, Floats] | None) -> tuple[Floats, Floats]:
    """Signed root of the likelihood of a spectrum, and its derivative.

    Parameters
    ----------
    u : Li fraction less its estimate, in deviations.
    root : a and b of z = u (1 + a u + b u^2), used within four deviations and straight beyond; None: z = u.
    """
    if root is None:
        return u, np.ones_like(u)
    a, b = root
    near = np.clip(u, -_SHAPED, _SHAPED)
    slope = np.maximum(1.0 + 2.0 * a * near + 3.0 * b * near**2, _LEAST_SLOPE)
    return near * (1.0 + a * near + b * near**2) + slope * (u - near), slope


class MapObjective:
    """Joint objective of several recordings.

    Parameters
    ----------
    experiments : Maps with their scenarios.
    parameters : What is free.
    runner : Makes the runs.
    cell_factor : Cells over those of the scenarios.
    """

    def __init__(
        self,
        experiments: Sequence[MapExperiment],
        parameters: ParameterSet,
        runner: Runner,
        cell_factor: float = 1.0,
    ) -> None:
        self.experiments, self.parameters, self.runner = list(experiments), parameters, runner
        self.cell_factor = cell_factor
        self.runs = [
            RunInputs(n, e, parameters, _mapping(e, parameters, n, cell_factor), e.stamp)
            for n, e in enumerate(experiments)
        ]
        self.steps: list[Floats | None] = [None] * len(self.runs)
        self.noise = [
            np.full(e.values.shape, noise_of_maps(e.values)) if e.deviation is None else e.deviation
            for e in experiments
        ]
        self._use: list[NDArray[np.bool_]] | None = None

    def at_cells(self, factor: float) -> MapObjective:
        """The same on other cells, steps not chosen yet."""
        other = MapObjective(self.experiments, self.parameters, self.runner, factor)
        other.noise = list(self.noise)
        return other

    def freeze(self, theta: Floats) -> None:
        """Choose the steps of every run at this point, and the pixels that are compared.

        Raises
        ------
        InputError
            A run that fails there.
        """
        self.steps = [None] * len(self.runs)
        results = self.runner.results([self._job(run, theta) for run in self.runs])
        for result, run in zip(results, self.runs, strict=True):
            if result.failure:
                raise InputError(
                    f"simulation of run {run.number}", result.failure, "a run that gets to its end",
                    "change the start values or the bounds, or try the scenario by itself: lto-sim run",
                )  # fmt: skip
        self.steps = [result.steps for result in results]
        if self._use is None:
            self._use = [
                np.isfinite(r.values[0]) & np.isfinite(e.values) & np.isfinite(noise)
                for r, e, noise in zip(results, self.experiments, self.noise, strict=True)
            ]

    def take_pixels_of(self, other: MapObjective) -> None:
        """Compare the pixels that another objective compares."""
        self._use = other.use

    @property
    def use(self) -> list[NDArray[np.bool_]]:
        """Values that are compared, (frames, rows, columns) a run."""
        if self._use is None:
            raise RuntimeError("freeze the objective first")
        return self._use

    @property
    def size(self) -> int:
        """Number of values that are compared."""
        return sum(int(use.sum()) for use in self.use)

    def _job(
        self,
        run: RunInputs,
        theta: Floats,
        changed: tuple[str, float] | None = None,
        *,
        with_time: bool = False,
    ) -> ForwardJob:
        when = run.experiment.when + run.nuisances(theta)["maps.start_time"]
        times = when[None]
        if changed is None and (with_time or self._needs_time(run)):
            apart = run.experiment.apart(when)
            times = np.stack([when, when + apart, when - apart])
        return ForwardJob(
            run.scenario(theta, changed), run.experiment.grid, times, self.steps[run.number], run.stamp
        )

    def _needs_time(self, run: RunInputs) -> bool:
        names = self.parameters.names
        return "maps.start_time" in names or f"maps.start_time[{run.number}]" in names

    def _blurred(self, run: RunInputs, values: NDArray[np.floating]) -> Floats:
        e = run.experiment
        return blurred_by_probe(np.asarray(values, dtype=np.float64), e.y, e.x, e.probe_fwhm)

    def prepare(self, points: Sequence[Floats]) -> None:
        """Make the runs of several points at once, so that worker processes share them."""
        self.runner.results([self._job(run, theta) for theta in points for run in self.runs])

    def fitted(self, theta: Floats) -> list[Floats] | None:
        """Maps that the model shows, (frames, rows, columns) a run; None where a run failed."""
        results = self.runner.results([self._job(run, theta) for run in self.runs])
        if any(result.failure for result in results):
            return None
        shown = []
        for run, result in zip(self.runs, results, strict=True):
            nuisance = run.nuisances(theta)
            shown.append(
                nuisance["maps.offset"] + nuisance["maps.contrast"] * self._blurred(run, result.values[0])
            )
        return shown

    def residuals(self, theta: Floats) -> Floats:
        """(fitted - recorded)/deviation of every value compared, then the priors."""
        shown = self.fitted(theta)
        prior, _ = self.parameters.prior_residuals(theta)
        if shown is None:
            return np.full(self.size + prior.size, np.nan)
        parts = [
            signed_root((s - e.values) / noise, e.root)[0][use]
            for s, e, noise, use in zip(shown, self.experiments, self.noise, self.use, strict=True)
        ]
        return np.concatenate([*parts, prior])

    def displacement(self, theta: Floats) -> tuple[Floats, NDArray[np.int64], Floats]:
        """What a change of the time would do to the residuals of the maps.

        Returns
        -------
        Derivatives in time (residuals,) [1/s], the frame of every residual counted over all runs, and the
        time of every frame as part of its recording.
        """
        results = self.runner.results([self._job(run, theta, with_time=True) for run in self.runs])
        slopes, frames, times = [], [], []
        count = 0
        for run, result, noise, use in zip(self.runs, results, self.noise, self.use, strict=True):
            rate = self._rate(run, theta, result.values) / noise
            slopes.append(rate[use])
            number = np.broadcast_to(np.arange(use.shape[0])[:, None, None], use.shape)
            frames.append(number[use] + count)
            span = float(np.ptp(run.experiment.time)) or 1.0
            times.append((run.experiment.time - run.experiment.time[0]) / span)
            count += use.shape[0]
        return np.concatenate(slopes), np.concatenate(frames), np.concatenate(times)

    def _rate(self, run: RunInputs, theta: Floats, values: NDArray[np.float32]) -> Floats:
        """Change of the maps in time [1/s]."""
        nuisance = run.nuisances(theta)
        when = run.experiment.when + nuisance["maps.start_time"]
        apart = run.experiment.apart(when)
        change = values[1].astype(np.float64) - values[2]
        rate = np.where(apart > 0.0, change / np.where(apart > 0.0, 2.0 * apart, 1.0), 0.0)
        return nuisance["maps.contrast"] * self._blurred(run, rate)

    def jacobian(self, theta: Floats) -> Floats:
        """Derivatives of the residuals, (residuals, parameters).

        Raises
        ------
        InputError
            Runs that fail on both sides of the point.
        """
        jobs: list[ForwardJob] = [self._job(run, theta) for run in self.runs]
        plan: list[tuple[RunInputs, str, float, int]] = []
        for run in self.runs:
            chain = run.chain(theta)
            for key, value in run.local(theta).items():
                if not chain[key].any():
                    continue
                shift = run.shift(key, value)
                plan.append((run, key, shift, len(jobs)))
                ends = (np.exp(shift), np.exp(-shift)) if run.logarithmic(key) else (shift, -shift)
                jobs += [self._job(run, theta, (key, float(end))) for end in ends]
        results = self.runner.results(jobs)
        if any(results[n].failure for n in range(len(self.runs))):
            raise InputError(
                "simulation", results[0].failure, "a run that gets to its end", "change the start values"
            )
        rows = [np.zeros((int(use.sum()), theta.size)) for use in self.use]
        for run, key, shift, at in plan:
            middle, above, below = (results[n] for n in (run.number, at, at + 1))
            contrast = run.nuisances(theta)["maps.contrast"]
            if above.failure and below.failure:
                raise InputError(
                    f"simulation with {key} changed", above.failure, "a run that gets to its end",
                    "narrow the bounds, or give another start",
                )  # fmt: skip
            high, low = (middle if r.failure else r for r in (above, below))
            width = shift * (2.0 if not (above.failure or below.failure) else 1.0)
            slope = self._blurred(run, (high.values[0].astype(np.float64) - low.values[0]) / width)
            weighted = (contrast * slope / self.noise[run.number])[self.use[run.number]]
            rows[run.number] += weighted[:, None] * run.chain(theta)[key]
        for run in self.runs:
            values = results[run.number].values
            rows[run.number] += self._of_nuisances(run, theta, values)
            if run.experiment.root is not None:
                rows[run.number] *= self._stretch(run, theta, values)[:, None]
        return np.concatenate([*rows, self.parameters.prior_residuals(theta)[1]])

    def _stretch(self, run: RunInputs, theta: Floats, values: NDArray[np.float32]) -> Floats:
        """Derivatives of the residuals of spectra by those of li fractions."""
        nuisance, e = run.nuisances(theta), run.experiment
        shown = nuisance["maps.offset"] + nuisance["maps.contrast"] * self._blurred(run, values[0])
        slopes = signed_root((shown - e.values) / self.noise[run.number], e.root)[1]
        return np.asarray(slopes[self.use[run.number]])

    def _of_nuisances(self, run: RunInputs, theta: Floats, values: NDArray[np.float32]) -> Floats:
        chain = run.chain(theta)
        noise, use = self.noise[run.number], self.use[run.number]
        total = np.zeros((int(use.sum()), theta.size))
        if chain["maps.contrast"].any():
            total += (self._blurred(run, values[0]) / noise)[use][:, None] * chain["maps.contrast"]
        if chain["maps.offset"].any():
            total += (1.0 / noise)[use][:, None] * chain["maps.offset"]
        if chain["maps.start_time"].any():
            total += (self._rate(run, theta, values) / noise)[use][:, None] * chain["maps.start_time"]
        return total


def _mapping(
    experiment: MapExperiment, parameters: ParameterSet, number: int, factor: float
) -> dict[str, object]:
    """Plain scenario that lasts as long as any start time within the bounds asks for."""
    later = max(
        (p.high for p in parameters.free if p.path == "maps.start_time" and p.run in {None, number}),
        default=0.0,
    )
    scenario = timed(experiment.scenario, float(experiment.when.max()) + max(later, 0.0))
    return on_other_cells(scenario, factor).to_dict()


def on_other_cells(scenario: Scenario, factor: float) -> Scenario:
    """Scenario on cells of another size, in as many more or fewer layers."""
    layers = scenario.specimen.layers
    if factor == 1.0:
        return scenario
    if factor > 1.0 or layers == 1:
        return on_cells(scenario, factor)
    return on_cells(scenario, factor).with_values({"specimen.layers": 2 * round(0.5 * layers / factor)})
