"""A regime map: a scenario over surfaces, thickness, contact or temperature, measured and expected."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr

from lto_sim import provenance
from lto_sim.errors import InputError
from lto_sim.provenance import named
from lto_sim.scenario import Scenario
from lto_sim.study.regimes.expected import REGIMES, Expected, expected
from lto_sim.study.regimes.output import MISSING, REGIME_OUTPUT
from lto_sim.study.regimes.points import MapAxis, map_axes, map_points, one_hold, part_of_way
from lto_sim.study.sweeps import CustomOutput, Tally, sweep

__all__ = ["regime_map"]

_TEXTS: Final = {
    "surface_length": ("m", "length l = delta*D/D of one face"),
    "perimeter_length": ("m", "length l = delta*D/D of the perimeter"),
    "face_share": ("1", "share of the lithium that the faces carry, beyond the crossover"),
    "perimeter_share": ("1", "share of the lithium that the walls carry, beyond their crossover"),
    "tip_length": ("m", "tip sqrt(3 l H) under the faces"),
    "crossover_length": ("m", "crossover 2 sqrt(3 l H) of the faces"),
    "perimeter_crossover": ("m", "crossover 2 sqrt(3 l B) of the walls, l beside bulk and faces"),
    "k_bulk": ("m2 s-1", "Wagner's k of the bulk"),
    "k_parallel": ("m2 s-1", "expected k (1 + 2 l/H)"),
    "closure_ratio": ("1", "h0/l when the mid-plane closes beside the contact"),
    "closure_near": ("s", "expected closure of the mid-plane at H/4, faces fed alone"),
    "closure_far": ("s", "expected closure of the mid-plane at H, faces fed alone, meeting fronts"),
    "closure_far_plain": ("s", "the same without the meeting of the fronts"),
    "way": ("m", "way of the front to which the regime belongs"),
    "regime": ("1", "regime by the analytic crossovers"),
    "k_valid": ("1", "whether k (1 + 2 l/H) holds there beyond the crossover"),
    "closure_valid": ("1", "whether the expected closure holds there"),
}
_OF_MAPS: Final = frozenset({"maps", "front", "rate", "Ea"})
"""Outputs of a sweep that the scenario's scan is for; those of one's own may be, too."""

_SUFFIX: Final = {"closure_near": "closure_near_expected", "closure_far": "closure_far_expected"}
"""Expected quantities that have a measure of the same name."""


def regime_map(
    scenario: Scenario,
    axes: Mapping[str, Any],
    *,
    out: Path | str,
    outputs: Sequence[str | CustomOutput] = (),
    way: float | None = 0.6,
    seed: int = 0,
    engine: str = "processes",
    workers: int | None = None,
    scheduler: Any = None,
    resume: bool = False,
    force: bool = False,
    progress: Callable[[Tally], None] | None = None,
) -> xr.Dataset:
    """Run a scenario over a grid, and lay its measures beside what is expected.

    Parameters
    ----------
    scenario : A rectangle of one thickness with one contact on a side; its first potential is held.
    axes : Values by path (``surface.faces.at``, ``surface.perimeter.at``, ``material.D_Li7.at``,
        ``specimen.thickness``, ``temperature``, ...), numbers in SI, text with units, or ranges (`Axis`); and
        ``coverage``, the part of the side that the contact touches.
    out : Store of the sweep behind the map.
    outputs : Further outputs of the sweep, see ``sweep``.
    way : Fraction of the particle's length that the mean front goes in every run, which sets how long it
        lasts (see ``points``), and to which the regime belongs; None: runs last as the scenario says, the
        regime belongs to the whole length.
    seed : Of the sweep.
    engine, workers, scheduler, resume, force, progress : As those of ``sweep``.

    Returns
    -------
    Dataset
        The axes as dimensions; over them the measures (see ``measures``) with what NaN means in the attribute
        ``missing``, the expected quantities (see ``expected``), ``status`` and ``error`` of the runs, and the
        further outputs.

    Raises
    ------
    InputError
        A scenario, axes or outputs that cannot be used, or see ``sweep``.

    Notes
    -----
    Workers are spawned: a script that calls this keeps its own work under ``if __name__ == "__main__":``.
    """
    if not isinstance(scenario, Scenario):
        raise InputError("scenario", scenario, "a Scenario", "read it with Scenario.from_toml(path)")
    if isinstance(outputs, str) or not isinstance(outputs, Sequence):
        raise InputError("outputs", outputs, "a list of names", 'for example outputs=("current",)')
    part = None if way is None else part_of_way(way)
    expected(scenario)
    scans = any(isinstance(output, CustomOutput) or output in _OF_MAPS for output in outputs)
    base = one_hold(scenario, keeps_end=way is None, keeps_scan=scans)
    grid = map_axes(base, axes, sets_end=way is not None)
    points = map_points(base, grid, part)
    swept = sweep(
        base, [values for values, _ in points], out=out, design="list", outputs=(*outputs, REGIME_OUTPUT),
        seed=seed, title=scenario.title or "regime map", engine=engine, workers=workers, scheduler=scheduler,
        resume=resume, force=force, progress=progress,
    )  # fmt: skip
    dataset = _gridded(swept, grid).assign(_expected([found for _, found in points], grid, part))
    title = f"regime map over {', '.join(axis.name for axis in grid)}"
    dataset.attrs = {
        **provenance.attributes(title, f"regime_map {len(points)} runs", base.to_toml(), seed),
        "sweep": str(Path(out)),
        "axes": json.dumps([axis.name for axis in grid]),
    }
    return dataset


def _gridded(swept: xr.Dataset, grid: Sequence[MapAxis]) -> xr.Dataset:
    """Variables of a sweep over the axes instead of runs."""
    shape, names = tuple(axis.values.size for axis in grid), tuple(axis.name for axis in grid)
    data: dict[str, Any] = {}
    for name, variable in swept.data_vars.items():
        if variable.dims[:1] == ("run",):
            values = variable.data.reshape((*shape, *variable.shape[1:]))
            data[str(name)] = ((*names, *variable.dims[1:]), values, dict(variable.attrs))
    kept = {d for dims, *_ in data.values() for d in dims} - set(names)
    coords = {d: swept.coords[d].variable for d in kept if d in swept.coords}
    dataset = xr.Dataset(data, coords | _coordinates(grid))
    measures = [*REGIME_OUTPUT.variables, "status", "error", "wall_time"]
    dataset = dataset.assign({name: dataset[name].load() for name in measures})
    for name, text in MISSING.items():
        dataset[name].attrs["missing"] = text
    dataset["k_over_bulk"].attrs["missing"] = MISSING["k_apparent"]
    return dataset


def _coordinates(grid: Sequence[MapAxis]) -> dict[str, Any]:
    return {axis.name: (axis.name, axis.values, axis.attributes) for axis in grid}


def _expected(
    scenarios: Sequence[Scenario | None], grid: Sequence[MapAxis], way: float | None
) -> dict[str, Any]:
    """Expected quantities over the axes; NaN, no regime (-1) and not valid where a scenario is refused."""
    shape, names = tuple(axis.values.size for axis in grid), tuple(axis.name for axis in grid)
    found = [None if s is None else _answers(s, way) for s in scenarios]
    variables: dict[str, Any] = {}
    for name in (field.name for field in fields(Expected)):
        missing: Any = {"regime": -1, "k_valid": False, "closure_valid": False}.get(name, math.nan)
        values = np.array([missing if e is None else getattr(e, name) for e in found]).reshape(shape)
        attributes: dict[str, Any] = named(*_TEXTS[name])
        if name == "regime":
            values = values.astype(np.int8)
            meanings = [f"{i} {text}" for i, text in enumerate(REGIMES)]
            attributes["meaning"] = ", ".join([*meanings, "-1 refused"])
        variables[_SUFFIX.get(name, name)] = (names, values, attributes)
    ratio = variables["k_parallel"][1] / variables["k_bulk"][1]
    variables["k_over_bulk_expected"] = (names, ratio, named("1", "expected 1 + 2 l/H"))
    return variables


def _answers(scenario: Scenario, way: float | None) -> Expected | None:
    try:
        whole = expected(scenario)
        return whole if way is None else expected(scenario, way * whole.way)
    except InputError:
        return None
