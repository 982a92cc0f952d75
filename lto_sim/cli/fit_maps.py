"""``lto-sim fit MAPS... --free PATHS``: parameters of scenarios from whole maps, resumable."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import typer

from lto_sim.cli.sources import assignments, stored_scenario
from lto_sim.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

    from lto_sim.cli.fit_maps_options import MapOptions
    from lto_sim.inverse import MapFit, MapProgress
    from lto_sim.scenario import Scenario

__all__ = ["fit_map_files", "progress_line"]

_TABLES: Final = frozenset({".csv", ".tsv", ".txt"})


def fit_map_files(
    sources: Sequence[Path],
    free: Sequence[str],
    options: MapOptions,
    *,
    robust: bool = False,
    out: Path | None = None,
    force: bool = False,
    quiet: bool = False,
) -> tuple[MapFit, dict[str, Any]]:
    """Fit maps and store the result in a directory.

    Parameters
    ----------
    sources : Maps, one recording each.
    free : As `--free` gives them.
    options : What else is given.
    robust : Bend residuals that lie far off.
    out : The directory; None: named after the first maps.
    force : Replace an existing result.
    quiet : Keep progress off a stderr that is no terminal.

    Returns
    -------
    The fit, and its summary with what it was made from and where it is.

    Raises
    ------
    InputError
        Whatever cannot be used; finished runs are kept, and the message says where.
    """
    from lto_sim.cli.fit_maps_directory import fit_directory
    from lto_sim.inverse import fit_maps

    names = _names(free)
    chosen = _with_options(names, options)
    ties = dict(_pairs(options.tie, "--tie", "PATH=EXPRESSION"))
    target = Path(f"{sources[0].resolve().stem}_fit") if out is None else out
    maps = [_read(source, options) for source in sources]
    scenarios, origins = _scenarios(sources, maps, options)
    contrasts = {name.partition("[")[0] for name in names}
    for source, dataset in zip(sources, maps, strict=True):
        if dataset.attrs.get("map_quantity") == "intensity" and "maps.contrast" not in contrasts:
            raise InputError(
                str(source), "intensities", "li fractions, or a contrast that is free",
                "add maps.contrast and maps.offset to --free",
            )  # fmt: skip
    loss: Literal["soft_l1", "linear"] = "soft_l1" if robust else "linear"
    cells, residuals = not options.no_cells, _residuals(options)
    settings = {
        "free": chosen, "ties": ties, "loss": loss, "starts": options.starts, "cells": cells,
        "residuals": residuals,
    }  # fmt: skip
    request = _request(sources, maps, scenarios, origins) | _hashed(maps, scenarios, settings)
    with fit_directory(target, request, force) as directory:
        if directory.finished:
            typer.echo(f"taking up {directory.finished} finished runs of {directory.path}", err=True)
        with progress_line(quiet) as progress:
            fit = fit_maps(
                maps, scenarios, chosen, ties=ties or None, loss=loss, residuals=residuals,
                starts=options.starts, cells=cells, processes=options.processes, out=directory.path,
                progress=progress,
            )  # fmt: skip
        summary = fit.summary() | request | {"runs_taken_up": directory.finished, "out": str(target)}
        _write(fit, summary, directory.result(options.keep_runs))
    return fit, summary


def _residuals(options: MapOptions) -> Literal["maps", "spectra"]:
    return "spectra" if options.spectra else "maps"


def _write(fit: MapFit, summary: Mapping[str, Any], result: Any) -> None:
    from lto_sim.files import write_dataset, write_json
    from lto_sim.plot.map_fit import plot_map_fit

    with result as directory:
        several = len(fit.maps) > 1
        for number, dataset in enumerate(fit.maps):
            write_dataset(dataset, directory / (f"maps_{number}.zarr" if several else "maps.zarr"))
        if fit.maps:
            plot_map_fit(fit).savefig(directory / "fit.png", format="png")
        write_json(directory / "summary.json", summary)


def _names(free: Sequence[str]) -> list[str]:
    names = [name.strip() for text in free for name in text.split(",")]
    if not all(names):
        raise InputError(
            "--free", ",".join(free), "paths with commas between", "for example material.D_Li4.at"
        )
    return names


def _pairs(texts: Sequence[str] | None, option: str, form: str) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for text in texts or ():
        path, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not path or not value:
            raise InputError(option, text, form, "give a path, an equals sign, and what belongs to it")
        if path in seen:
            raise InputError(option, text, "every path once", "remove one of them")
        seen.add(path)
        yield path, value


def _with_options(names: Sequence[str], options: MapOptions) -> dict[str, dict[str, Any]]:
    """Start, bounds and prior of every free parameter.

    Raises
    ------
    InputError
        A path twice, one that is not free, or a form that is none.
    """
    import difflib

    found: dict[str, dict[str, Any]] = {}
    for name in names:
        if name in found:
            raise InputError("--free", name, "every path once", "remove the second")
        found[name] = {}
    given = {"start": options.start, "bounds": options.bounds, "prior": options.prior}
    forms = {"start": "PATH=VALUE", "bounds": "PATH=LOW,HIGH", "prior": "PATH=MEAN,STD"}
    for key, texts in given.items():
        for path, text in _pairs(texts, f"--{key}", forms[key]):
            if path not in found:
                near = difflib.get_close_matches(path, found, n=1)
                remedy = f"did you mean {near[0]}?" if near else "add it to --free"
                raise InputError(f"--{key}", path, f"a path that is free: {', '.join(found)}", remedy)
            values = [_number(part.strip(), path, f"--{key}") for part in text.split(",")]
            if len(values) != (1 if key == "start" else 2):
                raise InputError(f"--{key}", f"{path}={text}", forms[key], "check the commas")
            found[path][key] = values[0] if key == "start" else values
    return found


def _number(text: str, path: str, option: str) -> float | str:
    """Number, or text with a unit that the path's own reader knows."""
    if path.startswith("maps."):
        from lto_sim.units import to_si

        return to_si(text, "time" if path.startswith("maps.start_time") else "dimensionless", option)
    try:
        return float(text)
    except ValueError:
        return text


def _read(source: Path, options: MapOptions) -> xr.Dataset:
    """Maps, and nothing else.

    Raises
    ------
    InputError
        A table, a front, a run, or what cannot be read.
    """
    from lto_sim.files import is_store, open_dataset, read_maps

    allowed = "maps from `lto-sim render` or `quantify`, .nc, .hspy, .tif, .npy"
    if source.suffix.lower() in _TABLES:
        raise InputError(str(source), "a table", allowed, "leave --free out to fit k or Ea to a table")
    if is_store(source):
        with open_dataset(source) as stored:
            if "front_position" in stored.variables:
                raise InputError(str(source), "a front", allowed, "leave --free out to fit k to a front")
            if "li_fraction" not in stored.variables:
                raise InputError(str(source), "a store without maps", allowed, "give the maps")
            if "time_fine" in stored.variables:
                raise InputError(
                    str(source), "a run", allowed, f"make maps of it: lto-sim render {source.name}"
                )
        for option, value in (("--frame-time", options.frame_time), ("--pixel", options.pixel)):
            if value is not None:
                raise InputError(option, value, "left out: the maps say it", "it is for images that do not")
    return read_maps(source, options.frame_time, options.pixel, field=str(source))


def _scenarios(
    sources: Sequence[Path], maps: Sequence[xr.Dataset], options: MapOptions
) -> tuple[list[Scenario], list[str]]:
    """Scenario of every recording with `--set`, and where it is from."""
    from lto_sim.cli.sources import load_scenario
    from lto_sim.scenario import Scenario, set_paths

    files = list(options.scenario or ())
    if files:
        if len(files) != len(sources):
            raise InputError(
                "--scenario", len(files), f"{len(sources)}, one for each MAPS in order", "repeat the option"
            )
        return [load_scenario(path, options.set, None) for path in files], [str(path) for path in files]
    found = []
    values = assignments(options.set)
    for source, dataset in zip(sources, maps, strict=True):
        scenario = stored_scenario(dataset)
        if scenario is None:
            raise InputError(
                "--scenario",
                None,
                f"the scenario of {source.name}, which carries none",
                "add --scenario S.toml",
            )
        found.append(Scenario.from_dict(set_paths(scenario.to_dict(), values)) if values else scenario)
    return found, ["stored in the maps"] * len(found)


def _request(
    sources: Sequence[Path], maps: Sequence[xr.Dataset], scenarios: Sequence[Scenario], origins: Sequence[str]
) -> dict[str, Any]:
    """What is being fitted, for people."""
    return {
        "recordings": [
            {
                "maps": str(source),
                "scenario": origin,
                "temperature_K": scenario.temperature,
                "frames": int(dataset.sizes["time"]),
                "pixels": [int(dataset.sizes["x"]), int(dataset.sizes["y"])],
            }
            for source, dataset, scenario, origin in zip(sources, maps, scenarios, origins, strict=True)
        ]
    }


def _hashed(
    maps: Sequence[xr.Dataset], scenarios: Sequence[Scenario], settings: dict[str, Any]
) -> dict[str, Any]:
    """Settings, version, and the hash of all that the answer depends on; names of files do not matter."""
    import hashlib
    import json

    import numpy as np

    from lto_sim.provenance import K_DEFINITIONS, package_version

    request = {"settings": settings, "version": package_version(), "k_definition": K_DEFINITIONS["2kt"]}
    digest = hashlib.sha256(json.dumps(request, sort_keys=True).encode())
    for dataset, scenario in zip(maps, scenarios, strict=True):
        digest.update(scenario.to_toml().encode())
        digest.update(str(dataset.attrs.get("probe_fwhm_m")).encode())
        for name in ("li_fraction", "li_fraction_std", "pixel_time", "time", "y", "x"):
            if name in dataset.variables:
                variable = dataset[name]
                digest.update(f"{name}{variable.dims}{variable.shape}".encode())
                digest.update(np.ascontiguousarray(variable.values, dtype=np.float64).tobytes())
    return request | {"request_sha256": digest.hexdigest()}


@contextmanager
def progress_line(quiet: bool) -> Iterator[Callable[[MapProgress], None] | None]:
    """Give what shows where a fit stands: one line that changes on a terminal, else a line an evaluation."""
    if not sys.stderr.isatty():
        yield None if quiet else lambda state: typer.echo(_shown(state), err=True)
        return
    from rich.console import Console

    with Console(stderr=True).status("first guess", spinner="line") as status:
        yield lambda state: status.update(_shown(state))


def _shown(state: MapProgress) -> str:
    return f"{state.stage}: chi-square per value {state.misfit:.4g}, {state.runs} forward runs"
