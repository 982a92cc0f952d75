"""From the store of a sweep to what a plot draws: one row a run, or a curve a run.

A variable has ``run`` first and may have further dimensions (a profile, a time). One of them may be what the
plot runs along (x), then every run is a curve; one may tell rows apart (lines, y); every other is chosen by
`select`. An axis of the sweep that is none of x, y, lines and still differs between the runs is refused in a
grid, where it would put different things in one place; seeds are repeats and may.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.plot.sweep_choice import (
    chosen,
    list_values,
    one_each_run,
    plottable,
    positions,
    swept_paths,
    what_to_choose,
)
from lto_sim.plot.sweep_units import Shown, meanings, shown_path, shown_variable, with_power
from lto_sim.study.sweeps import open_sweep

__all__ = ["DONE", "FAILED", "PENDING", "Column", "SweepTable", "sweep_table"]

Floats = NDArray[np.float64]

PENDING, DONE, FAILED = 0, 1, 2
_SAMPLED: Final = ("latin_hypercube", "sobol", "list", "zip")
"""Designs in which no two axes make a grid."""
_FEW: Final = 12
"""Values of a second axis that become lines by themselves."""
_TIMES: Final = ("time_fine", "time")
_WIDEST_CURVE: Final = 1e4
"""Ratio of values beyond which curves, which often run out to nothing, are drawn on a linear scale."""


@dataclass(frozen=True, eq=False)
class Column:
    """A quantity of every row.

    Parameters
    ----------
    shown : How it is shown.
    values : As stored: one a row, or one a point of every curve (row, points).
    """

    shown: Shown
    values: Floats


@dataclass(frozen=True, eq=False)
class SweepTable:
    """Rows of a plot.

    Parameters
    ----------
    of : The variable: (row), or (row, points) of curves.
    deviation : Its standard deviation, where it is stored.
    status : Status of every row's run.
    x, y, lines : What the rows are drawn against; None where there is none. Of curves x is (row, points).
    design : Of the sweep.
    title : Of the sweep; empty where it has none of its own.
    chosen : What was selected, in words.
    """

    of: Column
    deviation: Floats | None
    status: NDArray[np.int8]
    x: Column
    y: Column | None
    lines: Column | None
    design: str
    title: str = ""
    chosen: tuple[str, ...] = ()
    counts: Mapping[int, int] = field(default_factory=dict)

    @property
    def curves(self) -> bool:
        """Whether every row is a curve."""
        return self.of.values.ndim == 2

    @property
    def grid(self) -> bool:
        """Whether the runs are all combinations of their axes."""
        return self.design not in _SAMPLED


def sweep_table(
    source: Path | str | xr.Dataset, of: str, roles: Mapping[str, str | None], select: Mapping[str, Any]
) -> SweepTable:
    """Make the rows of a plot.

    Parameters
    ----------
    source : The store of a sweep, or the sweep opened.
    of : Variable.
    roles : What ``x``, ``y``, ``lines`` are: swept paths, numbers of every run, dimensions of the variable.
    select : Values by swept path or dimension.

    Raises
    ------
    InputError
        A name that the sweep does not have, or a dimension or axis that nothing chooses.
    """
    dataset = open_sweep(source) if isinstance(source, str | Path) else source
    if "status" not in dataset or "run" not in dataset.dims:
        raise InputError("store", sorted(map(str, dataset))[:8], "a sweep", "give what sweep returns")
    names = plottable(dataset)
    if of not in names:
        raise InputError("of", of, ", ".join(names), "name a variable of the sweep")
    _check_names(dataset, of, roles)
    data, words = chosen(dataset, of, select, set(roles.values()))
    x, y, lines = _defaults(data, of, roles)
    _check_roles(data, of, x, y, lines)
    rows = _Rows(data, of, x if x in data[of].dims else None)
    status = data["status"].values
    title = str(dataset.attrs.get("title", ""))
    table = SweepTable(
        rows.of(), rows.deviation(), rows.status(), rows.column(x), None if y is None else rows.column(y),
        None if lines is None else rows.column(lines), str(dataset.attrs.get("design", "grid")),
        "" if title == "parameter sweep" else title, tuple(words),
        {number: int(np.count_nonzero(status == number)) for number in (PENDING, DONE, FAILED)},
    )  # fmt: skip
    if table.grid:
        _check_left(data, {x, y, lines})
    return table


def _check_names(dataset: xr.Dataset, of: str, roles: Mapping[str, str | None]) -> None:
    known = [*swept_paths(dataset), *map(str, dataset[of].dims[1:])]
    known += [name for name in one_each_run(dataset) if name != of]
    known += ["seed"] if "seed" in dataset and "seed" not in known else []
    for role, name in roles.items():
        if name is not None and name not in known:
            raise InputError(
                role, name, ", ".join(known), "name an axis, a dimension or a number of every run"
            )
    given = [name for name in roles.values() if name is not None]
    for role, name in roles.items():
        if name is not None and given.count(name) > 1:
            raise InputError(role, name, "x, y and lines all different", "leave one of them out")
    if roles["y"] is not None and roles["lines"] is not None:
        raise InputError("lines", roles["lines"], "absent with y", "a map has no lines: leave y or lines out")


def _varying(data: xr.Dataset, paths: list[str]) -> list[str]:
    """Paths that differ between the runs."""

    def differs(path: str) -> bool:
        values = np.asarray(data[path].values, dtype=np.float64)
        return bool(np.unique(values[np.isfinite(values)]).size + (not np.isfinite(values).all()) > 1)

    return [path for path in paths if differs(path)]


def _defaults(
    data: xr.Dataset, of: str, roles: Mapping[str, str | None]
) -> tuple[str, str | None, str | None]:
    """Take for x a time that is left, else the first axis that varies; for lines a last one of few values."""
    x, y, lines = roles["x"], roles["y"], roles["lines"]
    paths = [path for path in swept_paths(data) if path != "seed"]
    varying = _varying(data, paths)
    if x is None:
        times = [d for d in _TIMES if d in data[of].dims and d not in (y, lines)]
        free = [path for path in [*varying, *paths, *swept_paths(data)] if path not in (y, lines)]
        if not times + free:
            raise InputError("x", None, ", ".join(one_each_run(data)), "name what is along x")
        x = (times + free)[0]
    if lines is None and y is None and str(data.attrs.get("design", "grid")) not in _SAMPLED:
        others = [path for path in varying if path != x]
        if len(others) == 1 and (x in data[of].dims or np.unique(data[others[0]].values).size <= _FEW):
            lines = others[0]
    return x, y, lines


def _check_roles(data: xr.Dataset, of: str, x: str, y: str | None, lines: str | None) -> None:
    if x in data[of].dims and y is not None:
        raise InputError(
            "y", y, f"absent where x is {x}", f"choose a {x} by select, or colour curves by lines"
        )
    for dim in map(str, data[of].dims[1:]):
        if dim not in (x, y, lines):
            raise InputError(
                f"select.{dim}", None, what_to_choose(data, dim),
                f"{of} has the dimension {dim}: choose one, or draw it as x or lines",
            )  # fmt: skip


def _check_left(data: xr.Dataset, drawn: set[str | None]) -> None:
    """Refuse axes of a grid that nothing chooses."""
    left = _varying(data, [p for p in swept_paths(data) if p not in drawn and p != "seed"])
    if len(left) > 1:
        raise InputError(
            "lines", None, ", ".join(left),
            f"{' and '.join(left)} vary too: draw one as lines, choose values of the others by select",
        )  # fmt: skip
    for path in left:
        values = np.asarray(data[path].values, dtype=np.float64)
        raise InputError(
            f"select.{path}", None, list_values(shown_path(path, data[path]), values),
            f"{path} varies too: choose a value, or draw it as y or lines",
        )  # fmt: skip


class _Rows:
    """The variable as rows: runs, and runs times a dimension where that tells rows apart."""

    def __init__(self, data: xr.Dataset, of: str, along: str | None) -> None:
        self.data, self.name, self.along = data, of, along
        self.spread = [str(d) for d in data[of].dims[1:] if d != along]
        self.sizes = [data.sizes[d] for d in self.spread]
        self.times = int(np.prod(self.sizes, dtype=int))

    def _flat(self, variable: xr.DataArray) -> Floats:
        order = ["run", *self.spread, *([] if self.along is None else [self.along])]
        values = np.asarray(variable.transpose(*order).values, dtype=np.float64)
        if meanings(variable.attrs):
            values = np.where(values < 0, np.nan, values)
        return values.reshape((-1,) if self.along is None else (-1, values.shape[-1]))

    def of(self) -> Column:
        """Return the variable."""
        values = self._flat(self.data[self.name])
        done = self.status() == DONE
        widest = np.inf if self.along is None else _WIDEST_CURVE
        shown = shown_variable(self.name, self.data[self.name], values[done], widest)
        return Column(with_power(shown, values[done]), values)

    def deviation(self) -> Floats | None:
        """Its deviation, where that is stored."""
        known = f"{self.name}_std"
        if known not in self.data or self.data[known].dims != self.data[self.name].dims:
            return None
        return self._flat(self.data[known])

    def status(self) -> NDArray[np.int8]:
        """Status of every row's run."""
        return np.repeat(np.asarray(self.data["status"].values, dtype=np.int8), self.times)

    def column(self, name: str) -> Column:
        """Values of a path, a number of every run, or a dimension."""
        if name == self.along or name in self.spread:
            return self._dimension(name)
        variable = self.data[name]
        path = name in swept_paths(self.data) or name == "seed"
        shown = shown_path(name, variable) if path else shown_variable(name, variable, variable.values)
        return Column(shown, np.repeat(np.asarray(variable.values, dtype=np.float64), self.times))

    def _dimension(self, name: str) -> Column:
        label, places = positions(self.data, name)
        runs = self.data.sizes["run"]
        places = np.broadcast_to(places, (runs, places.shape[-1]))
        if name == self.along:
            values = np.repeat(places, self.times, axis=0)
        else:
            index = np.indices(self.sizes).reshape(len(self.sizes), -1)[self.spread.index(name)]
            values = places[:, index].ravel()
        if label is None:
            return Column(Shown(name), values)
        shown = shown_variable(name, label, values)
        return Column(Shown(shown.long_name or name, shown.unit, shown.factor, shown.zero), values)
