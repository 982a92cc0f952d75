"""A sweep: its axes, how far it is, its numbers as a table and as pictures, and how to look further."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.plot import plot_sweep
from lto_sim.plot.sweep_choice import plottable, swept_paths
from lto_sim.plot.sweep_units import Shown, shown_path, shown_variable
from lto_sim.report.gather import SweepStore
from lto_sim.report.page import Block, Chart, Code, Facts, Notice, Section, Table, Text
from lto_sim.report.words import counted, law, number

__all__ = ["lead", "section"]

_MOST_ROWS: Final = 400
_MOST_CHARTS: Final = 4
_FIRST: Final = ("k", "Ea", "verdict", "k_true", "k_L")
"""Variables that are drawn before others."""
_BESIDE: Final = ("_std", "_low", "_high", "_of_run")
_HIDDEN: Final = ("wall_time", "seed")


def lead(sweep: SweepStore) -> str:
    """Say what was swept, how far it is, and between which values its first number lies."""
    text = _words(sweep, swept_paths(sweep.data))
    for name in _ordered(plottable(sweep.data))[:1]:
        values = np.asarray(sweep.data[name].values, dtype=np.float64)
        known = values[np.isfinite(values)]
        if name in _FIRST and known.size:
            shown = shown_variable(name, sweep.data[name], values)
            ends = f"{shown.text(float(known.min()))} to {shown.text(float(known.max()))}"
            text += f" {name} goes from {ends}."
    return text


def section(sweep: SweepStore, place: int = 0) -> Section:
    """Return the section of a sweep.

    Parameters
    ----------
    sweep : The sweep, open.
    place : Its number on the page.
    """
    status, paths = sweep.status, swept_paths(sweep.data)
    blocks: list[Block] = [Text(_words(sweep, paths)), Facts(_facts(sweep))]
    if status.failed:
        reasons = "; ".join(f"{why} ({counted(count, 'run')})" for why, count in status.reasons)
        blocks.append(Notice(f"{counted(status.failed, 'run')} failed: {reasons}"))
    if status.pending:
        text = f"{counted(status.pending, 'run')} pending: `lto-sim resume {sweep.name}` runs the rest."
        blocks.append(Notice(text, "note"))
    blocks.append(_axes_table(sweep.data, paths))
    blocks += _charts(sweep, paths)
    blocks.append(_scalars(sweep.data, paths))
    blocks.append(
        Text(
            f"`lto-sim explore {sweep.name}` makes a page on which every run can be picked, and `lto-sim "
            f"plot {sweep.name} --of NAME` draws one variable."
        )
    )
    text = str(sweep.data.attrs.get("configuration", ""))
    if text:
        sha = str(sweep.data.attrs.get("configuration_sha256", ""))
        blocks.append(Code(f"The sweep as it was asked for, SHA-256 {sha}", text, f"{sweep.path.stem}.toml"))
    heading = str(sweep.data.attrs.get("title") or "") or "Sweep"
    heading = heading if heading.lower() != "parameter sweep" else "Sweep"
    return Section(f"sweep-{place + 1}", f"{heading} ({sweep.name})", blocks)


def _words(sweep: SweepStore, paths: Sequence[str]) -> str:
    status = sweep.status
    design = str(sweep.data.attrs.get("design", "grid")).replace("_", " ")
    return (
        f"A sweep of {counted(status.total, 'run')} over {', '.join(paths) or 'a list of runs'} (design: "
        f"{design}); {status.done} done, {status.failed} failed, {status.pending} pending."
    )


def _facts(sweep: SweepStore) -> list[tuple[str, ...]]:
    status, data = sweep.status, sweep.data
    rows: list[tuple[str, ...]] = [
        ("runs", f"{status.total}"), ("done", f"{status.done}"), ("failed", f"{status.failed}"),
        ("pending", f"{status.pending}"), ("variables", ", ".join(_ordered(plottable(data))) or "none"),
    ]  # fmt: skip
    times = data["wall_time"].values if "wall_time" in data else np.array([np.nan])
    if np.isfinite(times).any():
        rows.append(("time of a run", f"{number(float(np.nanmedian(times)), 3)} s (median)"))
    return rows


def _axes_table(data: xr.Dataset, paths: Sequence[str]) -> Table:
    scales = {str(a["path"]): str(a.get("scale", "")) for a in json.loads(str(data.attrs.get("axes", "[]")))}
    rows = []
    for path in paths:
        values = np.unique(np.asarray(data[path].values, dtype=np.float64))
        shown = shown_path(path, data[path])
        known = values[np.isfinite(values)]
        span = "–" if not known.size else f"{shown.text(float(known[0]))} to {shown.text(float(known[-1]))}"
        rows.append((path, str(known.size), span, scales.get(path, "") or "–"))
    return Table("Axes", ("path", "values", "from, to", "scale"), rows)


def _charts(sweep: SweepStore, paths: Sequence[str]) -> list[Block]:
    """Pictures of the variables with one number a run, and of one curve a run."""
    varied = [path for path in paths if np.unique(sweep.data[path].values).size > 1]
    names = _ordered([n for n in plottable(sweep.data) if not n.endswith(_BESIDE) and n not in _HIDDEN])
    blocks: list[Block] = []
    for name in names:
        if len(blocks) >= _MOST_CHARTS:
            break
        chart = _chart(sweep, name, varied)
        if chart is not None:
            blocks.append(chart)
    return blocks


def _ordered(names: Sequence[str]) -> list[str]:
    """What is asked for first, first."""
    return sorted(names, key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST))


def _chart(sweep: SweepStore, name: str, varied: Sequence[str]) -> Chart | None:
    """Picture of one variable; None where it cannot be drawn, or holds nothing."""
    data = sweep.data
    values = np.asarray(data[name].values, dtype=np.float64)
    known = values[np.isfinite(values)]
    if not known.size or float(np.ptp(known)) == 0.0:
        return None
    options: dict[str, Any] = {}
    extra = [str(dim) for dim in data[name].dims[1:]]
    if "time" in extra or "time_fine" in extra or set(extra) & {"y", "x", "energy_loss"}:
        if len([dim for dim in extra if data.sizes[dim] > 1]) > 1:
            return None
    elif len(varied) >= 2:
        options |= {"x": varied[0], "y": varied[1]}
        grid = str(data.attrs.get("design")) == "grid"
        options["select"] = {path: _middle(data, path) for path in varied[2:]} if grid else {}
    select = dict(options.pop("select", {}))
    select |= {dim: 0 for dim in extra if dim == "profile" and data.sizes[dim] > 1}
    try:
        figure = plot_sweep(data, name, **options, select=select)
    except (InputError, ValueError):
        return None
    return Chart(_caption(sweep, name), figure, _alt(data, name, values), _table(data, name, varied))


def _table(data: xr.Dataset, name: str, varied: Sequence[str]) -> Table | None:
    """Axes and values of every run, of the first profile; None of curves."""
    variable = data[name].isel(profile=0) if data[name].dims == ("run", "profile") else data[name]
    if variable.dims != ("run",):
        return None
    columns = [(shown_path(p, data[p]), np.asarray(data[p].values, dtype=np.float64)) for p in varied]
    values = np.asarray(variable.values, dtype=np.float64)
    columns.append((shown_variable(name, variable, values), values))
    rows = range(min(data.sizes["run"], _MOST_ROWS))
    return Table(
        name, [shown.short_label for shown, _ in columns],
        [[_cell(shown, column[row]) for shown, column in columns] for row in rows],
    )  # fmt: skip


def _middle(data: xr.Dataset, path: str) -> float:
    values = np.unique(np.asarray(data[path].values, dtype=np.float64))
    return float(values[values.size // 2])


def _caption(sweep: SweepStore, name: str) -> str:
    long_name = law(str(sweep.data[name].attrs.get("long_name", name)))
    return f"{name}: {long_name}" if long_name.lower() != name.lower() else name


def _alt(data: xr.Dataset, name: str, values: NDArray[np.float64]) -> str:
    shown, known = shown_variable(name, data[name], values), values[np.isfinite(values)]
    low, high = shown.text(float(known.min())), shown.text(float(known.max()))
    return f"{name} over the axes of the sweep, from {low} to {high}."


def _scalars(data: xr.Dataset, paths: Sequence[str]) -> Table:
    """Numbers of every run: what was swept, the status, and what came out (of the first profile)."""
    columns: list[tuple[Shown, NDArray[np.float64]]] = [
        (shown_path(path, data[path]), np.asarray(data[path].values, dtype=np.float64)) for path in paths
    ]
    for name in _ordered(plottable(data)):
        variable = data[name]
        if variable.dims == ("run", "profile"):
            variable = variable.isel(profile=0)
        if variable.dims != ("run",):
            continue
        values = np.asarray(variable.values, dtype=np.float64)
        columns.append((shown_variable(name, variable, values), values))
    status = np.asarray(data["status"].values)
    words = {0: "pending", 1: "done", 2: "failed"}
    count = min(data.sizes["run"], _MOST_ROWS)
    rows = [
        (
            str(run),
            words.get(int(status[run]), "?"),
            *(_cell(shown, values[run]) for shown, values in columns),
        )
        for run in range(count)
    ]
    left = f", the first {count} of {data.sizes['run']} runs" if count < data.sizes["run"] else ""
    return Table(f"Numbers of every run{left}", ("run", "status", *(s.short_label for s, _ in columns)), rows)


def _cell(shown: Shown, value: float) -> str:
    if not np.isfinite(value):
        return "–"
    return shown.text(float(value)) if shown.texts else number(float(shown(value)), 5)
