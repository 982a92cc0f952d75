"""Several models against the same maps: information criteria, likelihood ratios, frames left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.errors import InputError, LtoSimError
from lto_sim.inverse.maps import MapProgress, fit_maps
from lto_sim.inverse.models.candidates import Model, model_scenario
from lto_sim.inverse.models.deviance import nested_p_value
from lto_sim.inverse.models.left_out import frame_blocks, left_out_deviances
from lto_sim.inverse.models.rows import ModelRow, NestedTest
from lto_sim.inverse.models.same_steps import on_steps_of
from lto_sim.inverse.models.verdict import choose
from lto_sim.inverse.result import MapFit
from lto_sim.inverse.search import Loss, bent_squares
from lto_sim.scenario import Scenario

__all__ = ["ModelComparison", "compare_models"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ModelComparison:
    """Models side by side.

    Parameters
    ----------
    rows : Models in the order given.
    tests : Likelihood ratios.
    scale : Factor of the variances: 1 where deviations are stated and the best model agrees with them.
    chosen : The model that the maps ask for.
    alike : Others that are not told apart from it.
    lines : The verdict in words.
    """

    rows: tuple[ModelRow, ...]
    tests: tuple[NestedTest, ...]
    scale: float
    chosen: str
    alike: tuple[str, ...]
    lines: tuple[str, ...]

    def row(self, name: str) -> ModelRow:
        """Row of the model `name`.

        Raises
        ------
        InputError
            No such model.
        """
        for row in self.rows:
            if row.name == name:
                return row
        raise InputError("name", name, ", ".join(row.name for row in self.rows), "name a model")

    def test(self, smaller: str, larger: str) -> NestedTest:
        """Likelihood ratio of two models, of which `larger` contains `smaller`, by name.

        Raises
        ------
        InputError
            Models that do not contain one another, or of which one could not be fitted.
        """
        for test in self.tests:
            if (test.smaller, test.larger) == (smaller, larger):
                return test
        known = ", ".join(f"{test.smaller} in {test.larger}" for test in self.tests)
        raise InputError("test", f"{smaller} in {larger}", known or "none", "name a pair that was tested")

    def summary(self) -> dict[str, Any]:
        """Return the comparison for JSON; None where a value is not known."""
        fitted = [row for row in self.rows if not row.failure]
        least = min(row.aic for row in fitted)
        return {
            "comparison": "models",
            "chosen": self.chosen,
            "not_told_apart": list(self.alike),
            "variance_scale": self.scale,
            "models": {
                row.name: {
                    "free": list(row.free),
                    "values": row.values,
                    "deviance": _known(row.deviance),
                    "aic": _known(row.aic),
                    "delta_aic": _known(row.aic - least),
                    "bic": _known(row.bic),
                    "left_out_deviance": _known(row.left_out_deviance),
                    "status": "failed" if row.fit is None else row.fit.status,
                    "failure": row.failure or None,
                    "estimates": None if row.fit is None else row.fit.values,
                }
                for row in self.rows
            },
            "likelihood_ratios": [
                {
                    "smaller": test.smaller, "larger": test.larger, "further_parameters": test.further,
                    "ratio": test.ratio, "p_value": test.p_value, "at_boundary": test.boundary,
                }
                for test in self.tests
            ],
            "words": list(self.lines),
        }  # fmt: skip


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None


def compare_models(
    maps: xr.Dataset | Sequence[xr.Dataset],
    scenario: Scenario | Sequence[Scenario],
    models: Mapping[str, Model],
    *,
    loss: Loss = "linear",
    starts: int = 1,
    cells: bool = False,
    blocks: int = 5,
    processes: int | None = None,
    out: Path | str | None = None,
    seed: int = 0,
    progress: Callable[[MapProgress], None] | None = None,
) -> ModelComparison:
    """Fit several models to the same maps and say which the maps ask for.

    All models are compared on the scenario's cells, along the steps in time of the one that fits best, by the
    values that all of them show. Cells that are too
    coarse for the front's first steps look like another contact or another surface: where a difference
    matters, repeat it on finer ones.

    Parameters
    ----------
    maps, scenario, loss, starts, processes, seed : As of `fit_maps`.
    models : What each changes, by name; from `usual_models` or one's own.
    cells : Whether the estimates of every model are extrapolated to vanishing cells; criteria are not.
    blocks : Blocks of consecutive frames of a recording that are left out in turn; 0: none.
    out : Directory for the results of runs, one for all models.
    progress : Told where the fits stand; the stage begins with the model's name.

    Returns
    -------
    Rows, tests and the verdict. A model that cannot be fitted is a row with the reason.

    Raises
    ------
    InputError
        No models, a model within one that is not there, blocks that are not 0 or >= 2, or no model that can
        be fitted.
    """
    if not models:
        raise InputError("models", 0, "at least one", "take usual_models(scenario, free)")
    if blocks < 0 or blocks == 1:
        raise InputError("blocks", blocks, "0 or >= 2", "leave out a fifth of the frames in turn: blocks=5")
    for name, model in models.items():
        for other in model.within:
            if other not in models or other == name:
                raise InputError(f"models.{name}.within", other, ", ".join(models), "name a larger model")
    scenarios = [scenario] if isinstance(scenario, Scenario) else list(scenario)
    rows = []
    for name, model in models.items():
        try:
            changed = [model_scenario(s, model) for s in scenarios]
            fit = fit_maps(
                maps, changed, model.free, ties=model.ties, loss=loss, starts=starts, cells=cells,
                processes=processes, out=out, seed=seed, progress=_named(name, progress),
            )  # fmt: skip
        except (LtoSimError, ArithmeticError) as error:
            rows.append(ModelRow(name, tuple(model.free), failure=str(error)))
        else:
            rows.append(ModelRow(name, tuple(fit.names), fit=fit))
    if all(row.failure for row in rows):
        raise InputError(
            "models", "none could be fitted", "at least one that can", f"{rows[0].name}: {rows[0].failure}"
        )
    fits = [row.fit for row in rows if row.fit is not None]
    best = _best(fits, loss)
    aligned = iter(on_steps_of(best, fits, processes=processes, out=out))
    rows = [row if row.fit is None else replace(row, fit=next(aligned)) for row in rows]
    return _compared(rows, models, loss, blocks)


def _best(fits: Sequence[MapFit], loss: Loss) -> MapFit:
    """The fit with the least deviance over the values that all compare."""
    found = [_deviance(fit, mask, loss) for fit, mask in zip(fits, _common_values(fits), strict=True)]
    return fits[int(np.argmin(found))]


def _named(name: str, progress: Callable[[MapProgress], None] | None) -> Callable[[MapProgress], None] | None:
    if progress is None:
        return None
    return lambda where: progress(replace(where, stage=f"{name}: {where.stage}"))


def _compared(
    rows: Sequence[ModelRow], models: Mapping[str, Model], loss: Loss, blocks: int
) -> ModelComparison:
    """Fill in the criteria."""
    fits = [row.fit for row in rows if row.fit is not None]
    common = _common_values(fits)
    squares = {id(fit): _deviance(fit, mask, loss) for fit, mask in zip(fits, common, strict=True)}
    best = _best(fits, loss)
    scale, masks = best.scale, dict(zip(map(id, fits), common, strict=True))
    filled = []
    for row in rows:
        if row.fit is None:
            filled.append(row)
            continue
        mask = masks[id(row.fit)]
        count, deviance = int(mask.sum()), squares[id(row.fit)] / scale
        left_out = np.empty(0)
        if blocks:
            left_out = left_out_deviances(row.fit, frame_blocks(row.fit.objective, blocks), mask) / scale
        filled.append(
            replace(
                row, values=count, deviance=deviance, aic=deviance + 2.0 * len(row.free),
                bic=deviance + len(row.free) * float(np.log(count)), left_out=left_out,
            )
        )  # fmt: skip
    freedom = None if scale == 1.0 else best.freedom
    tests = _tests(filled, models, freedom)
    choice = choose(filled, tests, scale)
    return ModelComparison(tuple(filled), tests, scale, choice.name, choice.alike, choice.lines)


def _common_values(fits: Sequence[MapFit]) -> list[Mask]:
    """Of every fit, which of its residuals are of values that all fits compare."""
    shared = [np.logical_and.reduce(uses) for uses in zip(*(fit.objective.use for fit in fits), strict=True)]
    return [
        np.concatenate([both[use] for both, use in zip(shared, fit.objective.use, strict=True)])
        for fit in fits
    ]


def _deviance(fit: MapFit, mask: Mask, loss: Loss) -> float:
    return float(bent_squares(fit.minimum.residuals[: mask.size][mask], loss).sum())


def _tests(
    rows: Sequence[ModelRow], models: Mapping[str, Model], freedom: int | None
) -> tuple[NestedTest, ...]:
    known = {row.name: row for row in rows if not row.failure}
    found = []
    for name, model in models.items():
        for other in model.within:
            if name not in known or other not in known:
                continue
            further = len(known[other].free) - len(known[name].free)
            if further < 1:
                raise InputError(
                    f"models.{name}.within", other,
                    f"a model with more free parameters than {len(known[name].free)}",
                    "free in the larger model what the smaller one lacks",
                )  # fmt: skip
            ratio = max(known[name].deviance - known[other].deviance, 0.0)
            p_value = nested_p_value(ratio, further, boundary=model.boundary, freedom=freedom)
            found.append(NestedTest(name, other, further, ratio, p_value, model.boundary))
    return tuple(found)
