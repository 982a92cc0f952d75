"""A sweep as a TOML file.

scenario = "particle.toml"                    # beside this file, or a ready scenario by name, or a table
instrument = "jem_arm300f2_continuum_k3"      # preset or file; leave out for maps with the noise of [maps]
outputs = ["rate", "current"]                 # maps, front, rate, current, Ea
design = "grid"                               # grid, zip, list, latin_hypercube, sobol

[axes]
temperature = ["30 degC", "75 degC"]
"surface.faces.at" = { from = "1e-24 m^3/s", to = "1e-21 m^3/s", count = 4, scale = "log" }
seed = [0, 1, 2]

[custom."my_study:tip"]                       # a function of one's own, found beside this file
tip_length = { units = "m", long_name = "length of the tip" }
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lto_sim.errors import InputError
from lto_sim.microscope import PRESETS, Instrument
from lto_sim.scenario import read_toml, ready, set_paths
from lto_sim.scenario.parse import plain
from lto_sim.study.sweeps.specification import Sweep

__all__ = ["read_sweep", "sweep_from_text", "sweep_of_scenario"]


def read_sweep(path: Path | str, values: Mapping[str, Any] | None = None, seed: int | None = None) -> Sweep:
    """Read a sweep file; the files that it names are found beside it.

    Parameters
    ----------
    path : The file.
    values : Values of the base scenario by path.
    seed : Of the sweep, in place of the file's.

    Returns
    -------
    Sweep
        Checked; nothing is run yet.

    Raises
    ------
    InputError
        No such file, no TOML, or a sweep that cannot be run.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(
            "sweep", str(path), "a readable TOML file", f"check the path ({error.strerror})"
        ) from None
    except UnicodeDecodeError as error:
        raise InputError("sweep", str(path), "text in UTF-8", str(error)) from None
    return sweep_from_text(text, path.resolve().parent, values, seed, str(path))


def sweep_from_text(
    text: str,
    folder: Path,
    values: Mapping[str, Any] | None = None,
    seed: int | None = None,
    name: str = "text",
) -> Sweep:
    """Read the text of a sweep file; arguments and errors as those of :func:`read_sweep`.

    Parameters
    ----------
    text : What is in the file.
    folder : Where the files that it names are.
    values, seed : See :func:`read_sweep`.
    name : What errors call it.
    """
    try:
        mapping = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError("sweep", name, "valid TOML", str(error)) from None
    if "specimen" in mapping:
        raise InputError(
            "sweep", name, "a sweep file", "this is a scenario: add --axis, or name it under scenario"
        )
    if isinstance(mapping.get("scenario"), str):
        mapping["scenario"] = _scenario(str(mapping["scenario"]), folder)
    if values and isinstance(mapping.get("scenario"), dict):
        mapping["scenario"] = set_paths(mapping["scenario"], dict(values))
    if isinstance(mapping.get("instrument"), str):
        mapping["instrument"] = _instrument(str(mapping["instrument"]), folder)
    if seed is not None:
        mapping["seed"] = seed
    return Sweep.from_dict(mapping)


def _scenario(name: str, folder: Path) -> dict[str, Any]:
    file = folder / name
    if file.is_file() or name.endswith(".toml"):
        return read_toml(file)
    try:
        return dict(tomllib.loads(ready.ready_text(name)))
    except InputError as error:
        raise InputError(
            "scenario", name, "a scenario file beside this one, or a ready scenario", error.remedy
        ) from None


def _instrument(name: str, folder: Path) -> dict[str, Any]:
    file = folder / name
    chosen = Instrument.preset(name) if name in PRESETS else Instrument.from_toml(file)
    return dict(plain(chosen.model_dump()))


def sweep_of_scenario(
    mapping: dict[str, Any], axes: Mapping[str, list[Any]], outputs: list[str], seed: int | None
) -> Sweep:
    """Make the sweep of a scenario over a grid.

    Parameters
    ----------
    mapping : The scenario.
    axes : Values by path.
    outputs : Names of outputs; none: the rate where the scenario has a profile, else the current.
    seed : Of the sweep.

    Returns
    -------
    Sweep
        Checked; nothing is run yet.

    Raises
    ------
    InputError
        See ``describe``.
    """
    chosen = outputs or (["rate"] if mapping.get("profile") else ["current"])
    return Sweep.from_dict({
        "scenario": mapping, "axes": dict(axes), "outputs": chosen, "seed": 0 if seed is None else seed
    })  # fmt: skip
