"""Residuals of several fits along one sequence of steps in time.

Every fit chooses its own steps, and what they leave of the solution's error differs between fits by
several units of chi-square: as much as a likelihood ratio is about. Along common steps the small model is
the limit of the large one, as it should be. One run a fit, then one Gauss-Newton step with the derivatives
that are there.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from lto_sim.execution import Workers
from lto_sim.files import RunCache
from lto_sim.inverse.forward import Runner
from lto_sim.inverse.models.left_out import bounded_step
from lto_sim.inverse.objective import MapObjective
from lto_sim.inverse.result import MapFit
from lto_sim.inverse.search import Loss, robust_weights

__all__ = ["on_steps_of"]

Floats = NDArray[np.float64]


def on_steps_of(
    reference: MapFit, fits: list[MapFit], *, processes: int | None = None, out: Path | str | None = None
) -> list[MapFit]:
    """Fits with the residuals of their minima along the steps of one of them; unchanged where a run fails.

    Parameters
    ----------
    reference : Whose steps are taken.
    fits : What is evaluated along them, of the same recordings.
    processes : Worker processes; None takes the available cores.
    out : Directory for the results of runs.
    """
    cache = None if out is None else RunCache(Path(out) / "forward_runs")
    with Workers(processes) as workers:
        runner = Runner(workers, cache)
        return [fit if fit is reference else _along(reference, fit, runner) for fit in fits]


def _along(reference: MapFit, fit: MapFit, runner: Runner) -> MapFit:
    own, minimum = fit.objective, fit.minimum
    objective = MapObjective(own.experiments, own.parameters, runner, own.cell_factor)
    objective.take_pixels_of(own)
    objective.noise = list(own.noise)
    objective.steps = list(reference.objective.steps)
    residuals = objective.residuals(minimum.theta)
    if not np.isfinite(residuals).all():
        return fit
    weights = robust_weights(residuals, cast(Loss, fit.loss))
    root = minimum.jacobian * np.sqrt(weights)[:, None]
    change = minimum.jacobian.T @ (weights * (residuals - minimum.residuals))
    step = bounded_step(fit, root, change)
    moved = residuals + minimum.jacobian @ step
    return replace(fit, minimum=replace(minimum, theta=minimum.theta + step, residuals=moved))
