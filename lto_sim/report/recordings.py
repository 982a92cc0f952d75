"""Recordings that fronts were tracked in: files beside the front, read on the scale that the front states."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import xarray as xr

from lto_sim.errors import InputError
from lto_sim.files import read_maps

__all__ = ["recording_of"]

_READ: Final = re.compile(r": read maps from (.+)$", re.MULTILINE)
_GIVEN: Final = "given"


def recording_of(front: xr.Dataset, folder: Path, taken: Sequence[str]) -> tuple[str, xr.Dataset] | None:
    """Read the maps that a front was tracked in, where they are a file in the same folder.

    Parameters
    ----------
    front : A tracked front; its history names the file, its attributes say which scale was given.
    folder : Where the front lies.
    taken : Names of files that need not be read.

    Returns
    -------
    Name of the file and its maps, ``li_fraction(time, y, x)``; None where the front is of a store, or the
    file is not there.

    Raises
    ------
    InputError
        A file that is no series of maps, or another than it was.
    """
    found = _READ.search(str(front.attrs.get("history", "")))
    if found is None:
        return None
    name = found.group(1).strip()
    path = folder / name
    if name in taken or Path(name).name != name or not path.exists():
        return None
    frames = int(front.sizes["time"])
    scale = _scale(front, "frame_time", "s"), _scale(front, "pixel", "m")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the track has said what there was to say
        maps = read_maps(path, *scale)
        if maps.sizes["time"] == frames:  # begun when the front says, which the user may have told
            maps = read_maps(path, *scale, start=float(front["time"][0]))
    if maps.sizes["time"] < frames:
        raise InputError(
            "maps", name, f"at least the {frames} frames of its front", "the file has changed: track it again"
        )
    return name, maps


def _scale(front: xr.Dataset, name: str, unit: str) -> float | None:
    """What the user gave for a file that did not say it."""
    value = front.attrs.get(f"{name}_{unit}")
    given = str(front.attrs.get(f"{name}_origin", "")) == _GIVEN
    return float(value) if given and value is not None else None
