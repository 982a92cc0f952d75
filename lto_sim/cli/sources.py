"""What commands read: scenarios with ``--set`` and ``--seed``, stored configurations, names of results."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lto_sim.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

    from lto_sim.scenario import Scenario

__all__ = [
    "OF_MAPS",
    "assignments",
    "check_picture",
    "choose_target",
    "load_scenario",
    "load_spectra",
    "naming_options",
    "read_time",
    "stored_scenario",
]

OF_MAPS: Final = {
    "frame_time": "--frame-time", "pixel": "--pixel", "start": "--start", "scan": "--scan",
}  # fmt: skip
"""Argument of `read_maps` -> option of the command line."""


@contextmanager
def naming_options(options: Mapping[str, str]) -> Iterator[None]:
    """Let errors of arguments name the options that gave them; `options` maps argument to option."""
    try:
        yield
    except InputError as error:
        field = options.get(error.field, error.field)
        raise InputError(field, error.value, error.allowed, error.remedy) from None


def assignments(texts: Sequence[str] | None) -> dict[str, Any]:
    """Read ``--set path=value`` options.

    Raises
    ------
    InputError
        No ``=``, or a path given twice.
    """
    from lto_sim.scenario import parse_assignment

    values: dict[str, Any] = {}
    for text in texts or ():
        path, value = parse_assignment(text)
        if path in values:
            raise InputError("--set", text, "every path once", "remove one of them")
        values[path] = value
    return values


def load_scenario(path: Path, set_values: Sequence[str] | None, seed: int | None) -> Scenario:
    """Read a scenario file, with values and seed of the command line."""
    from lto_sim.scenario import Scenario, read_toml, set_paths

    values = assignments(set_values)
    if seed is not None:
        values["seed"] = seed
    return Scenario.from_dict(set_paths(read_toml(path), values))


def load_spectra(path: Path) -> xr.Dataset:
    """Open spectra and what lies beside them; what is known of the experiment becomes attributes.

    Raises
    ------
    InputError
        See `read_recording`.
    """
    import xarray as xr

    from lto_sim.files import is_store, open_dataset, read_recording

    if is_store(path):
        return open_dataset(path)
    recording = read_recording(path)
    beside = {name: values for name, values in recording.companions.items() if name != "counts"}
    return xr.Dataset({"counts": recording.data, **beside}, attrs=dict(recording.metadata))


def stored_scenario(dataset: xr.Dataset) -> Scenario | None:
    """Return the scenario that a result was made from; None for a recorded map.

    Raises
    ------
    InputError
        The stored text is no scenario of this version.
    """
    from lto_sim.scenario import Scenario

    text = str(dataset.attrs.get("configuration", ""))
    if not text:
        return None
    try:
        return Scenario.from_dict(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InputError("configuration", text, "TOML in the attributes of the result", str(error)) from None


def read_time(text: str, option: str) -> float:
    """Read a time [s] of the command line; a bare number is in seconds.

    Raises
    ------
    InputError
        No time, or below 0.
    """
    from lto_sim.units import to_si

    value = to_si(text, "time", option)
    if value < 0.0:
        raise InputError(option, text, ">= 0 s", 'times count from the start of the run: for example "12 s"')
    return value


def choose_target(
    out: Path | None,
    source: Path,
    ending: str,
    force: bool,
    *,
    strip: str = "",
    other: Path | None = None,
) -> Path:
    """Name the result after its source unless ``--out`` does, and check that it may be written.

    Parameters
    ----------
    out : What ``--out`` gives.
    source : The input, which the result is named after.
    ending : What the name of the input gets.
    force : Replace an existing result.
    strip : Ending that the name of the input loses.
    other : A second input.

    Raises
    ------
    InputError
        The target is an input itself, exists without ``--force``, or has no directory to go to.
    """
    from lto_sim.files import prepare_target

    target = Path(source.resolve().stem.removesuffix(strip) + ending) if out is None else out
    inputs = {path.resolve() for path in (source, other) if path is not None}
    if target.resolve() in inputs:
        raise InputError("--out", str(target), "another path than the input's", "choose another path")
    return prepare_target(target, force)


def check_picture(path: Path, force: bool) -> None:
    """Check before any work that a picture may be written.

    Raises
    ------
    InputError
        Another suffix than .png, a directory, or an existing file without ``--force``.
    """
    from lto_sim.files import prepare_target

    if path.suffix.lower() != ".png":
        raise InputError("--picture", str(path), "a name that ends with .png", "change the ending")
    try:
        target = prepare_target(path, force)
    except InputError as error:
        raise InputError("--picture", error.value, error.allowed, error.remedy) from None
    if target.is_dir():
        raise InputError("--picture", str(path), "a file", "choose another path: this is a directory")
