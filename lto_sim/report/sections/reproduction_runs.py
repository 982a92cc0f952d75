"""What the runs of a reproduction show: maps, fronts, core and shell. What is missing is flagged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import xarray as xr

from lto_sim.errors import InputError, LtoSimError
from lto_sim.kinetics import RateData
from lto_sim.plot.core_shell import power
from lto_sim.report import kinds
from lto_sim.report.charts import reproduction as charts
from lto_sim.report.charts.rates import rate_chart
from lto_sim.report.experiments import Experiment
from lto_sim.report.gather import ReproductionFiles, Store
from lto_sim.report.page import Block, Facts, Frames, Section, Table, Text
from lto_sim.report.rates import Rate, configuration_of, scenario_of
from lto_sim.report.sections.maps import compared_here, movie_of_maps
from lto_sim.report.words import celsius, clock, number

__all__ = ["SERIES", "case_of", "core_shell_section", "experiments_of", "front_section", "map_section"]

SERIES: Final = {
    "extraction": "extraction",
    "insertion": "insertion",
    "insertion_no_surface": "insertion without surfaces",
}
"""Series of temperatures -> its name in words."""

_REFERENCE: Final = (0.9, 1.8e-20)
"""Face share and perimeter of the reference set, framed in the grid."""


def case_of(files: ReproductionFiles, series: str) -> str:
    """Name of the run of a series at the temperature of the core-shell figure, else at the middle one."""
    core = files.summary.get("core_shell") or {}
    entries = (files.summary["simulated"].get(series) or {}).get("k") or ()
    degrees = core.get("temperature_degC")
    if degrees is None and entries:
        degrees = entries[len(entries) // 2]["temperature_degC"]
    if degrees is None:
        return ""
    direction, bare = series.partition("_")[0], "_no_surface" if series.endswith("no_surface") else ""
    return f"{direction}{bare}_{float(degrees):g}C"


def _store(files: ReproductionFiles, case: str, name: str, flags: list[str]) -> Store | None:
    """A store of a run; None, and flagged where it is damaged, if it cannot be read."""
    path = files.path / "runs" / case / name
    if not case or not path.exists():
        flags.append(f"runs/{case}/{name} is not in the directory: what it would show is left out")
        return None
    try:
        return Store(case, path, kinds.open_any(path)[1])
    except (LtoSimError, OSError) as error:
        flags.append(f"runs/{case}/{name}: {error}")
        return None


def experiments_of(files: ReproductionFiles, flags: list[str]) -> list[Experiment]:
    """Return the runs of one temperature and either direction as experiments, for the sections of these."""
    made = []
    for series in ("extraction", "insertion"):
        case = case_of(files, series)
        run = _store(files, case, "run.zarr", flags)
        if run is not None:
            made.append(Experiment(case, scenario_of(run.data), configuration_of(run.data), runs=[run]))
    return made


def map_section(files: ReproductionFiles, flags: list[str]) -> Section | None:
    """Return the section of maps, of one temperature and either direction, beside what the runs show."""
    blocks: list[Block] = []
    for series in ("extraction", "insertion"):
        case = case_of(files, series)
        run, maps = (_store(files, case, name, flags) for name in ("run.zarr", "maps.zarr"))
        if maps is None:
            continue
        found = [] if run is None else compared_here(run, maps, True, [])
        shown = [block for block in found if isinstance(block, Frames | Facts)]
        degrees = case.rpartition("_")[2].removesuffix("C")
        blocks.append(Text(_map_words(series, degrees, maps.data, bool(shown))))
        blocks += shown or [movie_of_maps(f"Lithium maps, {case}", maps.data)]
    return Section("maps", "Recorded and simulated maps", blocks) if blocks else None


def _map_words(series: str, degrees: str, maps: xr.Dataset, compared: bool) -> str:
    sizes, time = maps.sizes, maps["time"].values
    text = (
        f"Li {series} at {degrees} °C: {sizes['time']} maps of {sizes['x']} × {sizes['y']} pixels over "
        f"{clock(float(time[-1] - time[0]))}, quantified from spectra of the stated dose"
    )
    return f"{text}, beside what the run shows without noise." if compared else f"{text}."


def front_section(files: ReproductionFiles, flags: list[str]) -> Section | None:
    """The square of the position over time, at one temperature of each series, from stored fits."""
    blocks: list[Block] = []
    for series in SERIES:
        case = case_of(files, series)
        path = files.path / "runs" / case / "fit.json"
        if not path.is_file():
            continue
        front = _store(files, case, "front.zarr", flags)
        try:
            summary = kinds.json_object(path)
            data = None if front is None else RateData.from_front(front.data)
        except InputError as error:
            flags.append(f"runs/{case}/fit.json: {error}")
            continue
        if data is not None and data.size:
            name = f"{SERIES[series]} at {case.rpartition('_')[2].removesuffix('C')} °C"
            blocks.append(
                rate_chart(Rate(name, summary, "fit.json", front, None, series.partition("_")[0]), data)
            )
    return Section("fronts", "Front over time", blocks) if blocks else None


def core_shell_section(files: ReproductionFiles, flags: list[str]) -> Section | None:
    """Return the section of core and shell: both directions with one set of parameters, and other sets."""
    numbers = files.summary.get("core_shell")
    grid = files.summary.get("conductance_grid") or ()
    blocks: list[Block] = []
    if numbers:
        blocks.append(Text(_shell_words(files, numbers)))
        rows = _shell_rows(files, numbers, flags)
        if rows:
            degrees = float(numbers["temperature_degC"])
            title = (
                f"One set of parameters at {degrees:g} °C: extraction stays planar, insertion grows a shell "
                "(projected maps, orange: contact; below each the section through the thickness, mid-height)"
            )
            blocks.append(charts.core_shell_chart(title, rows, _shell_alt(numbers), _shell_table(numbers)))
    if len(grid) > 1:
        blocks.append(charts.conductance_chart(grid, _REFERENCE))
    return Section("core-shell", "Core and shell", blocks) if blocks else None


def _shell_words(files: ReproductionFiles, numbers: Mapping[str, Any]) -> str:
    surfaces, shell = files.summary.get("surfaces") or {}, numbers["shell"]
    text = ""
    if surfaces:
        text = (
            f"Both directions have one set of surfaces at {celsius(float(surfaces['reference_K']))}: faces "
            f"δD = {power(float(surfaces['faces_m3_s']))} m³/s, perimeter δD = "
            f"{power(float(surfaces['perimeter_m3_s']))} m³/s, bulk D(Li7) = "
            f"{power(float(surfaces['D_Li7_m2_s']))} m²/s, D(Li4) = {power(float(surfaces['D_Li4_m2_s']))} "
            "m²/s. No surface transport is measured: they are chosen by what they do. "
        )
    if shell.get("tip_over_thickness") is None:
        return f"{text}No shell was found."
    return (
        f"{text}During insertion lithium runs along the walls: at {clock(float(shell['time_s']))} the shell "
        f"reaches {1e9 * float(shell['shell_reach_m']):.0f} nm beyond the front and is "
        f"{1e9 * float(shell['shell_thickness_m']):.0f} nm thick, a ratio of "
        f"{float(shell['tip_over_thickness']):.0f}."
    )


def _shell_rows(
    files: ReproductionFiles, numbers: Mapping[str, Any], flags: list[str]
) -> list[charts.ShellStates]:
    degrees = f"{float(numbers['temperature_degC']):g}C"
    cases = {"extraction": f"extraction_{degrees}_through_thickness", "insertion": f"insertion_{degrees}"}
    rows = []
    for direction, case in cases.items():
        run = _store(files, case, "run.zarr", flags)
        if run is not None:
            rows.append(_states(f"Li {direction}", run.data, numbers[direction]))
    return rows


def _states(label: str, run: xr.Dataset, states: Sequence[Mapping[str, Any]]) -> charts.ShellStates:
    time = run["time"].values
    chosen = [int(np.argmin(np.abs(time - float(state["time_s"])))) for state in states]
    x = run["li_fraction"].transpose("time", "z", "y", "x").values[chosen].astype(np.float64)
    size = (2.0 * float(run["x"][0]) * run.sizes["x"], 2.0 * float(run["y"][0]) * run.sizes["y"])
    thickness = float(run["thickness"].max())
    texts = [charts.state_text(float(s["content"]), float(s["time_s"])) for s in states]
    return charts.ShellStates(label, x.mean(axis=1), x[:, :, x.shape[2] // 2], (*size, thickness), texts)


def _shell_alt(numbers: Mapping[str, Any]) -> str:
    spread = ", ".join(f"{100 * float(s['front_std_over_mean']):.1f} %" for s in numbers["extraction"])
    between = ", ".join(f"{100 * float(s['intermediate_share']):.0f} %" for s in numbers["insertion"])
    return (
        f"Extraction front: standard deviation over mean {spread}; insertion: pixels with intermediate "
        f"projected values {between}, from the beginning to the end."
    )


def _shell_table(numbers: Mapping[str, Any]) -> Table:
    rows = [
        ("extraction", f"{float(s['time_s']):.1f}", f"{100 * float(s['content']):.0f}",
         f"{100 * float(s['front_std_over_mean']):.1f}", "–", "–")
        for s in numbers["extraction"]
    ]  # fmt: skip
    rows += [
        ("insertion", f"{float(s['time_s']):.1f}", f"{100 * float(s['content']):.0f}", "–",
         number(s.get("tip_over_thickness"), 3), f"{100 * float(s['intermediate_share']):.0f}")
        for s in numbers["insertion"]
    ]  # fmt: skip
    header = (
        "direction", "time [s]", "transformed [%]", "front, std / mean [%]", "shell, reach / thickness",
        "intermediate pixels [%]",
    )  # fmt: skip
    return Table("Core and shell in numbers", header, rows)
