"""Recorded against simulated maps, or maps alone: frames with a slider, and how far both are apart."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.plot.style import MAP_COLOURS
from lto_sim.quantify import compare_maps
from lto_sim.quantify.compare.pose import find_pose
from lto_sim.report.charts.misfit import misfit_chart
from lto_sim.report.experiments import Experiment
from lto_sim.report.gather import MapFitFiles, Store
from lto_sim.report.page import Block, Facts, Frames, Notice, Panel, Section, Text
from lto_sim.report.words import clock, measured, micrometres, number

__all__ = ["compared_here", "movie_of_maps", "section"]

Floats = NDArray[np.floating]

_DIFFERENCE: Final = "PuOr"
"""Orange below, purple above: told apart with every kind of colour vision."""
_MOST_MOVIES: Final = 6
_RANGE: Final = 0.99
_OF_SCAN: Final = {"frame": "time", "pixel_y": "y", "pixel_x": "x", "frame_time": "time"}


def section(
    experiments: Sequence[Experiment], fits: Sequence[MapFitFiles], flags: list[str]
) -> Section | None:
    """Return the section of maps.

    Parameters
    ----------
    experiments : What maps and runs there are.
    fits : Fits of whole maps with their fitted maps.
    flags : Gets what a comparison that is made here warns of.
    """
    blocks: list[Block] = []
    left_out = []
    for experiment in experiments:
        made = _of_experiment(experiment, experiments, flags)
        if _movies(blocks) >= _MOST_MOVIES and made:
            left_out.append(experiment.label)
        else:
            blocks += made
    for fit in fits:
        for store in fit.maps:
            if _movies(blocks) < _MOST_MOVIES:
                blocks += _of_fit(store)
            else:
                left_out.append(store.name)
    if left_out:
        text = f"More maps are there than this page shows; not shown: {', '.join(left_out)}."
        blocks.append(Notice(text, "note"))
    return Section("maps", "Maps", blocks) if blocks else None


def _movies(blocks: Sequence[Block]) -> int:
    return sum(isinstance(block, Frames) for block in blocks)


def _of_experiment(
    experiment: Experiment, all_of_them: Sequence[Experiment], flags: list[str]
) -> list[Block]:
    """Comparisons where there are some; else one that is made here; else maps, or the run, alone."""
    if experiment.comparisons:
        return [block for store in experiment.comparisons for block in _compared(store.name, store.data)]
    run = experiment.run
    if run is None and not experiment.configuration:
        runs = [other.run for other in all_of_them if other.run is not None]
        run = runs[0] if len(runs) == 1 else None
    blocks: list[Block] = []
    for store in experiment.maps:
        made = [] if run is None else compared_here(run, store, bool(experiment.configuration), flags)
        blocks += made or _alone(store.name, store.data)
    if not experiment.maps and run is not None and experiment.run is not None:
        blocks += _of_run(run)
    return blocks


def compared_here(run: Store, maps: Store, same: bool, flags: list[str]) -> list[Block]:
    """Compare maps with the run that they belong to; empty where they cannot be compared.

    Parameters
    ----------
    run, maps : The stores.
    same : Whether both have one configuration, so that their frames are the same; else the recorded frame is
        sought from the outline.
    flags : Gets what the comparison warns of.
    """
    how = "the frame of the maps is taken for that of the run: both have one configuration"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            if same:
                comparison = compare_maps(run.data, maps.data)
            else:
                pose = find_pose(maps.data, run.data)
                how = "where the recorded frame lies in that of the run is found from the outline"
                comparison = compare_maps(run.data, maps.data, pose=pose)
        except (InputError, ValueError, FloatingPointError):
            return []
    flags += [f"{maps.name} against {run.name}: {warning.message}" for warning in caught]
    intro = Text(f"{maps.name} and {run.name} were compared for this page; {how}.")
    titles = ("maps", "the run, without noise") if same else ("recorded", "simulated")
    return [intro, *_compared(f"{maps.name} against {run.name}", comparison.data, titles)]


def _compared(
    name: str, data: xr.Dataset, titles: tuple[str, str] = ("recorded", "simulated")
) -> list[Block]:
    start = float(data.attrs.get("maps_offset", 0.0))
    end = start + float(data.attrs.get("maps_contrast", 1.0))
    label = "Li fraction x" if (start, end) == (0.0, 1.0) else "Li fraction as recorded"
    low, high = min(start, end), max(start, end)
    panels = [
        Panel(title, _images(data[key]), low, high, MAP_COLOURS, label)
        for title, key in zip(titles, ("recorded", "simulated"), strict=True)
    ]
    panels.append(_residual_panel(data["residual"], "difference", f"{titles[0]} − {titles[1].split(',')[0]}"))
    rms = float(data.attrs.get("rms", np.nan))
    alt = f"Maps, what the run would show, and the difference, whose rms is {number(rms, 3)}."
    blocks: list[Block] = [
        _frames(f"{titles[0].capitalize()} against {titles[1].split(',')[0]}: {name}", panels, data, alt)
    ]
    blocks.append(Facts(_comparison_facts(data)))
    chart = misfit_chart(name, data)
    return [*blocks, chart] if chart is not None else blocks


def _comparison_facts(data: xr.Dataset) -> list[tuple[str, ...]]:
    known = data.attrs
    rows: list[tuple[str, ...]] = []
    if "chi_square_per_freedom" in known:
        freedom = int(known.get("degrees_of_freedom", 0))
        value = number(float(known["chi_square_per_freedom"]))
        rows.append(("chi-square per degree of freedom", f"{value} ({freedom} of them)"))
    else:
        rows.append(("chi-square", "unknown: the maps state no deviation"))
    if "rms" in known:
        bias = measured(float(known["bias"]), float(known["bias_std"]))
        rows.append(("residual", f"rms {number(float(known['rms']), 3)}, mean {bias}"))
    if "front_share" in known:
        share, pixels = 100 * float(known["front_share"]), 100 * float(known["front_pixels"])
        rows.append(
            ("at the front", f"{share:.1f} % of the squared residuals in {pixels:.1f} % of the pixels")
        )
    if "correlation_x" in known:
        pair = (f"{float(known[f'correlation_{axis}']):.3f} along {axis}" for axis in "xy")
        along = ", ".join(pair).replace("-", "−")
        rows.append(("neighbouring residuals", f"correlation {along}; noise has 0"))
    for name, unit in (("contrast", ""), ("offset", ""), ("start_time", " s")):
        std = known.get(f"maps_{name}_std")
        if std is not None:
            value = measured(float(known[f"maps_{name}"]), float(std)) + unit
            rows.append((name.replace("_", " ") + " of the maps, fitted", value))
    if any(float(known.get(f"pose_{name}", 0.0)) for name in ("rotation", "mirror")) or any(
        float(v) for v in known.get("pose_shift", ())
    ):
        x, y = (float(v) for v in known["pose_shift"])
        turn = np.degrees(float(known.get("pose_rotation", 0.0)))
        rows.append(
            ("pose", f"shift {x * 1e9:.4g}, {y * 1e9:.4g} nm, rotation {turn:.3g}°".replace("-", "−"))
        )
    return rows


def _of_fit(store: Store) -> list[Block]:
    data = store.data
    panels = [
        Panel(title, _images(data[title]), 0.0, 1.0, MAP_COLOURS, "Li fraction x")
        for title in ("recorded", "fitted")
    ]
    panels.append(_residual_panel(data["normalised_residual"], "residual", "(recorded − fitted) / std", 3.0))
    known = data["misfit"].values[np.isfinite(data["misfit"].values)]
    median = number(float(np.median(known)), 3) if known.size else "unknown"
    alt = f"Recorded and fitted maps, and the residual in deviations; median chi-square per value {median}."
    blocks: list[Block] = [_frames(f"Recorded against fitted maps, {store.name}", panels, data, alt)]
    chart = misfit_chart(store.name, data)
    return [*blocks, chart] if chart is not None else blocks


def _alone(name: str, maps: xr.Dataset) -> list[Block]:
    return [movie_of_maps(f"Lithium maps, {name}", maps)]


def movie_of_maps(title: str, maps: xr.Dataset) -> Frames:
    """Return lithium maps as frames.

    Parameters
    ----------
    title : Caption.
    maps : ``li_fraction(time, y, x)`` with axes in s and m.
    """
    low, high, label = 0.0, 1.0, "Li fraction x"
    values = _images(maps["li_fraction"])
    known = values[np.isfinite(values)]
    if maps.attrs.get("map_quantity") == "intensity" and known.size:
        low, high = (float(v) for v in np.quantile(known, (0.01, 0.99)))
        label = "intensity"
    means = _means(values)
    alt = (
        f"{values.shape[0]} maps of {values.shape[2]} × {values.shape[1]} pixels; the mean {label} goes from "
        f"{number(means[0], 3)} to {number(means[1], 3)}."
    )
    return _frames(title, [Panel("maps", values, low, high, MAP_COLOURS, label)], maps, alt)


def _means(values: Floats) -> tuple[float, float]:
    """Mean of the first and of the last frame that has a value."""
    some = np.flatnonzero(np.isfinite(values).any(axis=(1, 2)))
    if not some.size:
        return float("nan"), float("nan")
    first, last = (float(np.nanmean(values[i])) for i in (some[0], some[-1]))
    return first, last


def _of_run(run: Store) -> list[Block]:
    """Frames that the run recorded, else its saved states, projected."""
    data = run.data
    if "scan_li_fraction" in data and data.sizes["frame"]:
        names = {old: new for old, new in _OF_SCAN.items() if old in data.variables or old in data.dims}
        frames = data[["scan_li_fraction"]].rename({k: v for k, v in names.items() if k != "frame_time"})
        frames = frames.assign_coords(time=("time", data["frame_time"].values))
        frames = frames.rename(scan_li_fraction="li_fraction")
        return [movie_of_maps(f"Frames that the run recorded, without noise, {run.name}", frames)]
    if data.attrs.get("geometry") == "radial" or min(data.sizes.get(axis, 0) for axis in ("y", "x")) < 2:
        text = f"{run.name} is {clock(float(data['time'].values[-1]))} of a body without a projected map."
        return [Text(text)] if data.sizes.get("time", 0) else []
    if data.sizes["time"] < 2:
        return []
    lithium = (data["li_fraction"] * data["cell_volume"]).sum("z", skipna=True)
    volume = data["cell_volume"].sum("z")
    projected = (lithium / volume.where(volume > 0.0)).transpose("time", "y", "x")
    made = projected.to_dataset(name="li_fraction")
    return [movie_of_maps(f"Saved states of the run, projected, without noise, {run.name}", made)]


def _images(values: xr.DataArray) -> Floats:
    return np.asarray(values.transpose("time", "y", "x").values, dtype=np.float32)


def _residual_panel(values: xr.DataArray, title: str, label: str, least: float = 0.0) -> Panel:
    images = _images(values)
    sizes = np.abs(images[np.isfinite(images)])
    most = max(float(np.quantile(sizes, _RANGE)) if sizes.size else 0.0, least) or 1.0
    return Panel(title, images, -most, most, _DIFFERENCE, label)


def _frames(title: str, panels: Sequence[Panel], data: xr.Dataset, alt: str) -> Frames:
    x, y = (np.asarray(data[axis].values, dtype=np.float64) for axis in ("x", "y"))
    size = tuple(float(a[1] - a[0]) if a.size > 1 else 2.0 * float(a[0]) for a in (x, y))
    place = f" A pixel is {micrometres(abs(size[0]))} wide."
    time = np.asarray(data["time"].values, dtype=np.float64)
    return Frames(title, panels, time, (abs(size[0]), abs(size[1])), alt + place)
