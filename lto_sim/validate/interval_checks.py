"""Whether intervals of k hold, and whether the verdict is right, over experiments drawn by fixed seeds.

An experiment is the published programme at the level of fronts: both directions at six temperatures, two
profiles a particle. The 95 % interval of k must hold in 0.925 to 0.975 of all, and half its width must be
0.9 to 1.15 times what 1.96 empirical deviations of k are, in the median of the twelve runs. The verdict is
asked of 100 fronts each whose interface takes 0.02, 0.5 and 10 times the time of diffusion.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.constants import ZERO_CELSIUS
from lto_sim.execution import run_jobs
from lto_sim.kinetics import fit_rate_constant, published_table
from lto_sim.validate.section import Check
from lto_sim.validate.synthetic_fronts import FrontDraw, published_draws
from lto_sim.validate.table import Row

__all__ = ["EXPERIMENTS", "QUICK_EXPERIMENTS", "interval_checks", "interval_rows", "verdict_checks"]

Floats = NDArray[np.float64]

EXPERIMENTS: Final = 400
"""Experiments of the full comparison, seeds 0 to 399."""

QUICK_EXPERIMENTS: Final = 60
"""Experiments of the quick form, seeds 0 to 59."""

_QUICK_TEMPERATURES: Final = slice(0, 6, 2)
_VERDICTS: Final = ((0.02, "diffusion-limited", 95), (0.5, "mixed", 90), (10.0, "reaction-limited", 95))
_WEAK: Final = (0.02, 0.1)
_FRONTS: Final = 100
_K: Final = 1e-16


def interval_checks(quick: bool) -> Sequence[Check]:
    """One check of all experiments."""
    return [partial(interval_rows, quick=quick)]


def interval_rows(*, quick: bool = False, processes: int | None = None) -> list[Row]:
    """Coverage, width over empirical deviation, and bias, run by run and pooled."""
    jobs: list[tuple[str, FrontDraw, int, int]] = []
    for direction in ("extraction", "insertion"):
        draws = list(zip(published_draws(direction), published_table(direction).temperature, strict=True))
        for draw, kelvin in draws[_QUICK_TEMPERATURES] if quick else draws:
            name = f"{direction} {kelvin - ZERO_CELSIUS:.0f} degC, {draw.frames} frames"
            jobs.append((name, draw, len(jobs), QUICK_EXPERIMENTS if quick else EXPERIMENTS))
    found = dict(run_jobs(_fits, jobs, processes))
    results = [found[number] for number in range(len(jobs))]
    rows = [_one_run(job[0], fits) for job, fits in zip(jobs, results, strict=True)]
    pooled = np.concatenate(results)
    covered, wide = float(_covers(pooled, 2).mean()), float(_covers(pooled, 4).mean())
    ratio = float(np.median([_ratio(fits) for fits in results]))
    slack = 2.0 * math.sqrt(0.95 * 0.05 / pooled.shape[0]) if quick else 0.0
    size = pooled.shape[0]
    return [
        *rows,
        Row(f"95 % intervals of k that hold, {size} fits", 0.95, covered, covered - 0.95, 0.025 + slack),
        Row("median interval over empirical deviation, median of runs", 1.0, ratio, ratio - 1.025, 0.125),
        Row(f"intervals over any law that hold, {size} fits", 0.95, wide, min(wide - 0.95, 0.0), slack),
    ]


def _fits(job: tuple[str, FrontDraw, int, int]) -> Floats:
    """Relative error of k, deviation, limits, limits over any law: a row for each seed."""
    _, draw, number, experiments = job
    rows = []
    for seed in range(experiments):
        fit = fit_rate_constant(draw.draw(np.random.default_rng([seed, number])))
        rows.append([fit.k, fit.k_std, *fit.interval, *fit.interval_any_law])
    return np.array(rows) / draw.k


def _covers(fits: Floats, first: int) -> NDArray[np.bool_]:
    return np.asarray((fits[:, first] <= 1.0) & (fits[:, first + 1] >= 1.0))


def _ratio(fits: Floats) -> float:
    """Half the median width over 1.96 empirical deviations of k."""
    return float(np.median(fits[:, 3] - fits[:, 2]) / (2.0 * 1.96 * fits[:, 0].std(ddof=1)))


def _one_run(name: str, fits: Floats) -> Row:
    part = float(_covers(fits, 2).mean())
    deviation, bias = fits[:, 0].std(ddof=1), (fits[:, 0].mean() - 1.0) / fits[:, 0].std(ddof=1)
    text = f"deviation {100 * deviation:.2f} %, bias {bias:+.2f} of it, width ratio {_ratio(fits):.2f}"
    return Row(f"{name}: {text}; intervals that hold", 0.95, part, part - 0.95, 0.07)


def verdict_checks(quick: bool) -> Sequence[Check]:
    """Three checks of the verdict; in full also what a weak reaction does to the intervals."""
    checks = [partial(_verdict_rows, *case) for case in _VERDICTS]
    return checks if quick else [*checks, *(partial(_weak_rows, ratio) for ratio in _WEAK)]


def _front(ratio: float) -> FrontDraw:
    return FrontDraw(k=_K, frames=60, start_std=0.0, time_ratio=ratio)


def _verdict_rows(ratio: float, verdict: str, least: int) -> list[Row]:
    draw = _front(ratio)
    fits = [fit_rate_constant(draw.draw(np.random.default_rng(seed))) for seed in range(_FRONTS)]
    right = sum(fit.verdict == verdict for fit in fits)
    name = f"2k/(k_L xi) = {ratio:g}: verdict {verdict}, of {_FRONTS}"
    return [Row(name, _FRONTS, right, min(right - least, 0), 0.0)]


def _weak_rows(ratio: float) -> list[Row]:
    draw = _front(ratio)
    fits = [fit_rate_constant(draw.draw(np.random.default_rng(seed))) for seed in range(_FRONTS)]
    own, wide = (
        sum(low <= _K <= high for low, high in limits)
        for limits in ([fit.interval for fit in fits], [fit.interval_any_law for fit in fits])
    )
    name = f"2k/(k_L xi) = {ratio:g}, of {_FRONTS}: intervals over any law that hold ({own} of the law found)"
    return [Row(name, 95, wide, min(wide - 90, 0), 0.0)]
