"""Whole maps against the whole forward model: the entry, from checks to the result."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, get_args

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.execution import Workers
from lto_sim.files import RunCache
from lto_sim.inverse.cells import CellEffect, effect_of_cells
from lto_sim.inverse.derived import derived_rates
from lto_sim.inverse.estimates import inverse_of_information
from lto_sim.inverse.experiment import MapExperiment, read_experiment
from lto_sim.inverse.forward import Runner
from lto_sim.inverse.free import Free, free_parameters
from lto_sim.inverse.identifiability import Identifiability, identify, natural_units, weakest_feature
from lto_sim.inverse.inputs import NUISANCES
from lto_sim.inverse.objective import MapObjective
from lto_sim.inverse.parameters import ParameterSet
from lto_sim.inverse.result import MapFit, fitted_maps
from lto_sim.inverse.search import (
    Loss,
    Minimum,
    chi_square,
    information,
    minimise,
    robust_weights,
)
from lto_sim.inverse.starts import several_starts
from lto_sim.inverse.uncertainty import sandwich, status_of, variance_scale
from lto_sim.inverse.unseen import require_seen
from lto_sim.scenario import Scenario

__all__ = ["MapProgress", "fit_maps"]

Floats = NDArray[np.float64]

_LOG: Final = logging.getLogger(__name__)
_COARSE: Final[float] = 2.0
_FEWEST_CELLS: Final = 12
"""Cells across the particle below which nothing coarser is searched first."""
_MOVED: Final[float] = 0.05
"""Change of what is fitted, in natural units, after which the steps are chosen anew."""
_ROUNDS: Final = 5
_ROUGH, _FINE = 1.0, 0.02
_LOST: Final[float] = 0.5
"""Deviation of the logarithm of a rate, all else known, from which on the maps are said not to see it."""
_LARGEST_FRACTION: Final[float] = 3.0
_CONFLICT: Final[float] = 3.0
"""Deviations between a prior and an estimate from which on they disagree."""


@dataclass(frozen=True)
class MapProgress:
    """Where a fit stands.

    Parameters
    ----------
    stage : What it is doing, in words.
    misfit : Chi-square per value at the last point [1]; NaN before there is one.
    runs : Forward runs so far.
    values : Parameters at the last point [SI].
    """

    stage: str
    misfit: float
    runs: int
    values: Mapping[str, float]


def fit_maps(
    maps: xr.Dataset | Sequence[xr.Dataset],
    scenario: Scenario | Sequence[Scenario],
    free: Free,
    *,
    ties: Mapping[str, str] | None = None,
    loss: Loss = "linear",
    residuals: Literal["maps", "spectra"] = "maps",
    starts: int = 1,
    cells: bool = True,
    processes: int | None = None,
    out: Path | str | None = None,
    seed: int = 0,
    progress: Callable[[MapProgress], None] | None = None,
) -> MapFit:
    """Fit parameters of scenarios to lithium maps, one recording or several together.

    Every value of the maps is compared, weighted by its stated deviation (or by the scatter from frame to
    frame where none is stated), with what the scenario shows in that pixel at that pixel's own time.

    Parameters
    ----------
    maps : ``li_fraction(time, y, x)``, if known with ``li_fraction_std`` and ``pixel_time(y, x)``; one
        dataset a recording (temperatures, directions, particles).
    scenario : What was recorded, one for each; what is not free is taken from it.
    free : Names of the free parameters: paths of the scenario (``material.D_Li4.at``, ``surface.faces.Ea``,
        ``contacts.lps.k_c``, ``specimen.dead_layer.thickness``), ``maps.contrast``, ``maps.offset``,
        ``maps.start_time`` (the run's time when the maps' is 0; these three one a recording). A number in
        brackets, ``specimen.thickness[1]``, frees it of one recording. As a mapping, each with ``start``,
        ``bounds`` (low, high) and ``prior`` (mean, std). Rates are fitted by their logarithm.
    ties : Expressions for other paths, such as ``{"surface.perimeter.at": "20 * surface.faces.at"}``.
    loss : ``linear``; ``soft_l1`` or ``cauchy`` bend residuals beyond two deviations.
    residuals : ``maps`` compares li fractions with their deviations; ``spectra`` the spectra behind them, by
        the likelihood of x that ``quantify_lithium(likelihood=True)`` keeps of each, all else in it free.
    starts : Starts of the search; more than one are spread over an order of magnitude either way.
    cells : Whether the estimates are extrapolated to vanishing cells by runs on finer ones; what that leaves
        in doubt is in the deviations.
    processes : Worker processes; None takes the available cores. The result does not depend on it.
    out : Directory for the results of runs: a fit that was interrupted takes them up and gives the same
        answer.
    seed : Of the starts beyond the first.
    progress : Told where the fit stands, after every run and every evaluation.

    Returns
    -------
    The estimates, with intervals, covariance, what the maps know in words, fitted and residual maps.

    Raises
    ------
    InputError
        Maps that do not belong to their scenario, names that are no numbers of it, priors outside bounds,
        fewer values than parameters, a parameter that the data cannot see, a start that cannot be simulated.
    """
    if loss not in get_args(Loss):
        raise InputError("loss", loss, " or ".join(get_args(Loss)), "use linear")
    if residuals not in {"maps", "spectra"}:
        raise InputError("residuals", residuals, "maps or spectra", "use maps")
    for field, number, least in (
        ("starts", starts, 1),
        ("seed", seed, 0),
        ("processes", 1 if processes is None else processes, 1),
    ):
        if isinstance(number, bool) or not isinstance(number, int) or number < least:
            raise InputError(field, number, f"a whole number >= {least}", "leave it out")
    experiments = _experiments(maps, scenario, residuals == "spectra")
    parameters = free_parameters(free, experiments, ties)
    _require_fractions(experiments, parameters)
    began = time.monotonic()
    cache = None if out is None else RunCache(Path(out) / "forward_runs")
    with Workers(processes) as workers:
        fit = _Fit(experiments, parameters, Runner(workers, cache), loss, progress)
        found, minima = fit.search(starts, seed)
        effect = fit.of_cells(found) if cells else None
        return fit.result(found, effect, minima, began)


def _experiments(
    maps: xr.Dataset | Sequence[xr.Dataset], scenario: Scenario | Sequence[Scenario], spectra: bool
) -> list[MapExperiment]:
    one = isinstance(maps, xr.Dataset | xr.DataArray | str | Path)
    recordings: list[Any] = [maps] if one else list(maps)
    scenarios = [scenario] if isinstance(scenario, Scenario) else list(scenario)
    if not recordings:
        raise InputError("maps", 0, "at least one recording", "give maps")
    if len(scenarios) != len(recordings):
        raise InputError(
            "scenario",
            f"{len(scenarios)} for {len(recordings)} recordings",
            "one for each",
            "give them in order",
        )
    several = len(recordings) > 1
    return [
        read_experiment(m, s, f"maps[{n}]" if several else "maps", spectra=spectra)
        for n, (m, s) in enumerate(zip(recordings, scenarios, strict=True))
    ]


def _require_fractions(experiments: Sequence[MapExperiment], parameters: ParameterSet) -> None:
    """Refuse intensities and per cent where nothing free could make li fractions of them."""
    for n, experiment in enumerate(experiments):
        if {"maps.contrast", f"maps.contrast[{n}]"} & set(parameters.names):
            continue
        usual = float(np.nanmedian(np.abs(experiment.values)))
        if usual > _LARGEST_FRACTION:
            raise InputError(
                "maps.li_fraction", f"a median of {usual:.3g}", "li fractions, between about 0 and 1",
                "divide by 100 if it is per cent; of intensities free maps.contrast and maps.offset",
            )  # fmt: skip


class _Fit:
    """A fit on its way."""

    def __init__(
        self, experiments: list[MapExperiment], parameters: ParameterSet, runner: Runner, loss: Loss,
        progress: Callable[[MapProgress], None] | None,
    ) -> None:  # fmt: skip
        self.experiments, self.parameters, self.runner, self.loss = experiments, parameters, runner, loss
        self.progress, self.stage = progress, ""
        self._last: tuple[float, Mapping[str, float]] = (math.nan, {})
        if progress is not None:
            runner.on_run = self._say
        self.objective = MapObjective(experiments, parameters, runner)
        frame = min((float(np.diff(e.time).min()) for e in experiments if e.time.size > 1), default=1.0)
        self.units = natural_units(parameters.free, frame)
        self.even = all(isinstance(e.scenario.initial, int | float) for e in experiments)
        self.stated = all(e.deviation is not None for e in experiments)

    def search(self, starts: int, seed: int) -> tuple[Minimum, list[float]]:
        """Best minimum on the scenarios' cells, and the misfits of all starts."""
        coarse = self.objective.at_cells(_COARSE) if self._has_coarse() else self.objective
        self.stage = "first guess"
        first = several_starts(coarse, starts, seed)
        first[0] = self._possible(coarse, first[0])
        self._require_values(coarse, first[0])
        found: list[tuple[float, Floats]] = []
        for number, theta in enumerate(first):
            self.stage = "coarse cells" if starts == 1 else f"start {number + 1} of {starts}"
            try:
                minimum = self._descend(coarse, theta, _ROUGH)
            except InputError as error:
                if starts == 1:
                    raise
                self.runner.failures.append(str(error))
                continue
            if not self.stated:
                self._weigh(coarse, minimum)
                minimum = self._descend(coarse, minimum.theta, _ROUGH)
            minimum = self._off_plateaus(coarse, minimum, theta)
            found.append((2.0 * minimum.cost / max(coarse.size, 1), minimum.theta))
        if not found:
            raise InputError(
                "starts", starts, "one that can be simulated", "give other start values or bounds"
            )
        found.sort(key=lambda entry: entry[0])
        self.stage = "the scenario's cells"
        best = self._descend(self.objective, found[0][1], _FINE)
        return best, [misfit for misfit, _ in found]

    def _has_coarse(self) -> bool:
        """Whether cells of twice the size still divide the particle enough to be searched first."""
        if not self.even:
            return False
        cells = [float(np.ptp(e.grid.x)) / (_COARSE * e.scenario.specimen.cell) for e in self.experiments]
        return bool(min(cells) >= _FEWEST_CELLS)

    def _weigh(self, objective: MapObjective, minimum: Minimum) -> None:
        """Set deviations that are not stated by a first fit: frames scatter by the front too."""
        factor = math.sqrt(max(chi_square(minimum.residuals[: objective.size]) / objective.size, 1e-6))
        noise = [factor * values for values in objective.noise]
        objective.noise, self.objective.noise = noise, noise

    def _possible(self, objective: MapObjective, guess: Floats) -> Floats:
        """The guess, or the start values themselves where the guess cannot be simulated."""
        try:
            objective.freeze(guess)
        except InputError:
            return self.parameters.inside(self.parameters.start)
        return guess

    def _require_values(self, objective: MapObjective, theta: Floats) -> None:
        objective.freeze(theta)
        count = len(self.parameters.free)
        if objective.size < count:
            raise InputError(
                "maps", f"{objective.size} values on the particle", f">= {count}, the free parameters",
                "free fewer, or give more frames",
            )  # fmt: skip
        require_seen(objective, theta)

    def _descend(self, objective: MapObjective, theta: Floats, enough: float) -> Minimum:
        """Minimise, with steps chosen anew until the minimum stays near where they were chosen."""
        for _ in range(_ROUNDS):
            objective.freeze(theta)
            minimum = minimise(objective, theta, loss=self.loss, enough=enough, on_step=self._told(objective))
            near = bool(np.abs((minimum.theta - theta) / self.units).max() < _MOVED)
            theta = minimum.theta
            if near:
                break
        return minimum

    def _off_plateaus(self, objective: MapObjective, minimum: Minimum, start: Floats) -> Minimum:
        """Search again from the start values of rates that ended where the maps no longer see them.

        The rate constant of a contact, once it is large, changes nothing any more: a search that passed the
        minimum on its way there does not come back by itself.
        """
        alone = 1.0 / np.sqrt(np.maximum(np.diag(information(minimum.jacobian)), 1e-300))
        lost = np.array([p.logarithmic for p in self.parameters.free]) & (alone > _LOST)
        lost[list(minimum.at_bound)] = True
        if not lost.any() or lost.all():
            return minimum
        again = self._descend(objective, np.where(lost, start, minimum.theta), _ROUGH)
        return again if again.cost < minimum.cost else minimum

    def _told(self, objective: MapObjective) -> Callable[[Floats, float], None]:
        def tell(theta: Floats, square: float) -> None:
            self._last = square / max(objective.size, 1), self.parameters.values(theta)
            self._say()

        return tell

    def _say(self) -> None:
        _LOG.debug("%s: chi-square per value %.6g after %d runs", self.stage, self._last[0], self.runner.ran)
        if self.progress is not None:
            self.progress(MapProgress(self.stage, self._last[0], self.runner.ran, self._last[1]))

    def of_cells(self, minimum: Minimum) -> CellEffect | None:
        """Effect of the cells; None, and a line among the failures, where finer ones cannot be run."""
        if not self.even:
            self.runner.failures.append("a start that is an array has cells of its own: not extrapolated")
            return None
        self.stage = "finer cells"
        try:
            effect = effect_of_cells(self.objective, minimum, self.units, self.loss)
        except InputError as error:
            self.runner.failures.append(str(error))
            return None
        if effect.cut:
            self.runner.failures.append(
                "the cells matter more than the extrapolation can tell: use finer ones"
            )
        return effect

    def result(
        self, minimum: Minimum, effect: CellEffect | None, minima: list[float], began: float
    ) -> MapFit:
        """Put everything together."""
        objective = self.objective
        of_maps = minimum.residuals[: objective.size]
        freedom = max(of_maps.size - len(self.parameters.free), 1)
        square = chi_square(of_maps)
        stated = self.stated
        scale = variance_scale(square / freedom, freedom, stated, self.loss, of_maps)
        weights = robust_weights(minimum.residuals, self.loss, minimum.residuals.size - of_maps.size)
        weights[: of_maps.size] /= scale  # of priors the scatter of the maps says nothing
        matrix = information(minimum.jacobian, weights)
        covariance = inverse_of_information(matrix, self.units)
        if self.loss != "linear":
            covariance = sandwich(minimum, of_maps, self.loss, self.units)
        parts = {"noise": np.sqrt(np.diag(covariance))}
        theta = minimum.theta
        if effect is not None:
            theta = self.parameters.inside(theta + effect.shift)
            parts["cells"] = np.abs(effect.doubt)
            covariance = covariance + np.outer(effect.doubt, effect.doubt)
        status, advice = status_of(
            minimum, self.parameters, square / freedom, freedom, stated and self.loss == "linear"
        )
        known = self._identified(minimum, matrix, scale, status == "misfit")
        rates = derived_rates(objective.runs, theta, covariance)
        _LOG.info(
            "fitted %s: chi-square per degree of freedom %.4g, %d forward runs, %d found finished, %.3g s",
            ", ".join(self.parameters.names), square / freedom, self.runner.ran, self.runner.reused,
            time.monotonic() - began,
        )  # fmt: skip
        images, runner = tuple(fitted_maps(objective, minimum.theta)), self.runner
        return MapFit(
            self.parameters, theta, covariance, parts, minimum, objective, square, freedom, scale, self.loss,
            stated, status, advice, known, rates, runner.ran, runner.reused, tuple(runner.failures),
            time.monotonic() - began, tuple(minima), images,
        )  # fmt: skip

    def _identified(self, minimum: Minimum, matrix: Floats, scale: float, misfit: bool) -> Identifiability:
        slopes, frame, when = self.objective.displacement(minimum.theta)
        of_scenario = np.array([p.path not in NUISANCES for p in self.parameters.free])
        feature = weakest_feature(
            minimum.jacobian[: slopes.size], slopes, frame, when, self.units, of_scenario
        )
        count = len(self.experiments)
        what = "this recording" if count == 1 else f"these {count} recordings"
        known = identify(self.parameters, matrix, self.units, feature, what=what)
        conflicts = self._conflicts(minimum, scale)
        if not misfit:
            return known.with_lines(conflicts)
        opening = "The scenario does not show these maps (see the misfit): what follows holds only if it did."
        return replace(known, lines=(opening, *known.lines, *conflicts))

    def _conflicts(self, minimum: Minimum, scale: float) -> list[str]:
        """Priors that the maps contradict: how far apart both are by themselves, in their joint width."""
        off, slopes = self.parameters.prior_residuals(minimum.theta)
        if off.size == 0:
            return []
        maps = minimum.jacobian[: self.objective.size]
        weights = robust_weights(minimum.residuals[: self.objective.size], self.loss) / scale
        covariance = inverse_of_information(information(maps, weights), self.units)
        alone = covariance @ (slopes.T @ off)  # from the estimate to that of the maps alone
        lines = []
        for row, pull in enumerate(off):
            n = int(np.flatnonzero(slopes[row])[0])
            width = 1.0 / float(slopes[row, n])
            apart = (pull * width + float(alone[n])) / math.hypot(width, math.sqrt(covariance[n, n]))
            if abs(apart) > _CONFLICT:
                lines.append(
                    f"Of {self.parameters.names[n]} maps and prior contradict one another: "
                    f"{abs(apart):.1f} deviations apart."
                )
        return lines
