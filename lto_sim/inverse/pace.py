"""A first guess from one run of each scenario: how much faster or slower everything would have to be.

All rates of a scenario times one number is the same run in another unit of time. One run, long enough and
read at scaled times, therefore shows what the maps would be at any pace, and the pace that fits best, spread
over the free rates, is where the search begins.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.inverse.experiment import timed
from lto_sim.inverse.forward import ForwardJob
from lto_sim.inverse.inputs import RunInputs
from lto_sim.inverse.objective import MapObjective

__all__ = ["guess_by_pace"]

Floats = NDArray[np.float64]

_PACES: Final = np.exp2(np.arange(-5.0, 5.01, 0.25))
_FRAMES: Final = 16


def guess_by_pace(objective: MapObjective, theta: Floats) -> Floats:
    """Start of the search, on the objective's cells; `theta` itself where no pace fits better.

    Parameters
    ----------
    objective : Any, frozen or not.
    theta : Start values.
    """
    runs = [run for run in objective.runs if len(run.experiment.scenario.steps) == 1]
    rates = {run.number: [k for k in run.local(theta) if run.logarithmic(k)] for run in runs}
    runs = [run for run in runs if rates[run.number]]
    if not runs:
        return theta
    results = objective.runner.results([_job(objective, run, theta) for run in runs])
    rows, targets = [], []
    for run, result in zip(runs, results, strict=True):
        if result.failure:
            continue
        wanted = _best(objective, run, result.values, theta)
        chain = run.chain(theta)
        for key in rates[run.number]:
            rows.append(chain[key])
            targets.append(wanted)
    if not rows:
        return theta
    moved, *_ = np.linalg.lstsq(np.array(rows), np.array(targets), rcond=1e-6)
    return objective.parameters.inside(theta + moved)


def _chosen(run: RunInputs) -> NDArray[np.int64]:
    frames = run.experiment.time.size
    return np.unique(np.linspace(0, frames - 1, min(_FRAMES, frames)).astype(np.int64))


def _job(objective: MapObjective, run: RunInputs, theta: Floats) -> ForwardJob:
    when = run.experiment.when[_chosen(run)] + run.nuisances(theta)["maps.start_time"]
    longer = timed(run.experiment.scenario, float(run.experiment.when.max()) * float(_PACES[-1]))
    mapping: dict[str, Any] = run.scenario(theta)
    mapping["drive"] = longer.to_dict()["drive"]
    return ForwardJob(mapping, run.experiment.grid, when * _PACES[:, None, None, None], stamp=run.stamp)


def _best(objective: MapObjective, run: RunInputs, values: NDArray[np.float32], theta: Floats) -> float:
    """Logarithm of the pace at which the maps fit best."""
    e, nuisance = run.experiment, run.nuisances(theta)
    chosen = _chosen(run)
    recorded, noise = e.values[chosen], objective.noise[run.number][chosen]
    misfits = []
    for image in values:
        shown = nuisance["maps.offset"] + nuisance["maps.contrast"] * image.astype(np.float64)
        rest = (shown - recorded) / noise
        use = np.isfinite(rest)
        misfits.append(float(np.mean(rest[use] ** 2)) if use.any() else math.inf)
    n = int(np.argmin(misfits))
    if 0 < n < len(misfits) - 1:  # the middle of a parabola through the three lowest
        low, middle, high = misfits[n - 1 : n + 2]
        bend = low - 2.0 * middle + high
        part = 0.5 * (low - high) / bend if bend > 0.0 else 0.0
        return float(np.log(_PACES[n]) + part * np.log(_PACES[1] / _PACES[0]))
    return float(np.log(_PACES[n]))
