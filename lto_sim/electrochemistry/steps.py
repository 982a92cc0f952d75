"""Drive steps of a labelled dataset: what was driven, and the part of a dataset that belongs to one step.

The attribute ``drive_steps`` holds a JSON list, one entry for each elementary step that was begun, in order.
A sample or a state at the very end of a step belongs to that step; the state at its start, which is the end
of the step before, is its initial state and is kept too. A frame belongs to the step in which it begins, and
is left out where it does not end within it: its pixels were visited under two drives.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim import provenance
from lto_sim.errors import InputError

__all__ = ["DriveStepRecord", "drive_steps", "numbered_step", "select_step"]

_SAME: Final = 1e-9
"""Part of the end time within which two times are one."""
_RESTART: Final = "restart_point"
"""Dimension of what a run is restarted from; a part of a run cannot be."""


@dataclass(frozen=True)
class DriveStepRecord:
    """One elementary step of the drive, as it went.

    Parameters
    ----------
    number : Its place in the drive, from 0.
    path : Where it stands in the scenario (``drive.0``).
    kind : ``"hold"``, ``"current"``, ``"rest"`` or ``"sweep"``.
    value : Potential [V] or current [A]; None where there is none.
    temperature : [K].
    start, end : Times [s] of the run.
    ended_by : ``"time"``, ``"li_fraction"``, ``"current"``, ``"potential"`` or ``"limit"``.
    x_poor, x_rich : Edges of the miscibility gap [li fraction] at its temperature.
    """

    number: int
    path: str
    kind: str
    value: float | None
    temperature: float
    start: float
    end: float
    ended_by: str
    x_poor: float
    x_rich: float

    @property
    def duration(self) -> float:
        """How long it lasted [s]."""
        return self.end - self.start


def drive_steps(dataset: xr.Dataset) -> tuple[DriveStepRecord, ...]:
    """Read the drive steps of `dataset`: a run, maps, or a recorded series.

    Raises
    ------
    InputError
        The attribute ``drive_steps`` is missing, is no JSON list, or an entry lacks something.
    """
    return tuple(_record(place, entry) for place, entry in enumerate(_entries(dataset)))


def _entries(dataset: xr.Dataset) -> list[dict[str, Any]]:
    text = dataset.attrs.get("drive_steps")
    if text is None:
        raise InputError("attribute drive_steps", None, "a JSON list of drive steps", "use a newer run")
    try:
        entries = json.loads(str(text))
    except json.JSONDecodeError as error:
        raise InputError("attribute drive_steps", text, "a JSON list of drive steps", str(error)) from None
    if not (isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries)):
        raise InputError("attribute drive_steps", text, "a JSON list of drive steps", "see drive_steps()")
    return entries


def _record(place: int, entry: dict[str, Any]) -> DriveStepRecord:
    """One entry; without a number its place counts. A run that was continued begins with a later number."""
    try:
        value = entry.get("value")
        return DriveStepRecord(
            number=int(entry.get("number", place)),
            path=str(entry.get("path", "")),
            kind=str(entry["kind"]),
            value=None if value is None else float(value),
            temperature=float(entry["temperature_K"]),
            start=float(entry["start_s"]),
            end=float(entry["end_s"]),
            ended_by=str(entry.get("ended_by", "time")),
            x_poor=float(entry["x_poor"]),
            x_rich=float(entry["x_rich"]),
        )
    except KeyError as error:
        name = str(error.args[0])
        raise InputError(f"drive_steps.{place}", entry, f"with {name}", f"add {name}") from None
    except (TypeError, ValueError) as error:
        raise InputError(f"drive_steps.{place}", entry, "numbers where they belong", str(error)) from None


def numbered_step(dataset: xr.Dataset, number: int) -> DriveStepRecord:
    """Find a drive step by its number.

    Raises
    ------
    InputError
        No such drive step, or no record of drive steps.
    """
    known = {step.number: step for step in drive_steps(dataset)}
    if isinstance(number, bool) or not isinstance(number, int | np.integer) or int(number) not in known:
        allowed = f"{min(known)} to {max(known)}" if known else "none: nothing was driven"
        raise InputError("drive step", number, allowed, "drive_steps() lists them")
    return known[int(number)]


def select_step(dataset: xr.Dataset, number: int) -> xr.Dataset:
    """Restrict a run, or maps, to one drive step, with times counted from its start.

    `charge` and `lithium` keep their values: they count from the start of the run. The result is a dataset
    of the same kind with this one step as number 0; the attributes ``drive_step_number`` and
    ``drive_step_start_s`` say where it comes from. It cannot be restarted.

    Parameters
    ----------
    dataset : A run, or maps (``time`` is then the start of a frame) with the attribute ``drive_steps``.
    number : Number of the drive step, from 0.

    Returns
    -------
    Dataset
        Variables of `dataset`, with its `time` and `time_fine` from the start of the drive step [s].

    Raises
    ------
    InputError
        No such drive step, or no record of drive steps.
    """
    step = numbered_step(dataset, number)
    kept = _run_indices(dataset, step) if "time_fine" in dataset.dims else _map_indices(dataset, step)
    part = dataset.isel(kept).drop_dims(_RESTART, errors="ignore")
    for name in ("time", "time_fine", "frame_time"):
        if name in part:
            shifted = (part[name].dims, part[name].values - step.start, part[name].attrs)
            part = (
                part.assign_coords({name: shifted}) if name in part.coords else part.assign({name: shifted})
            )
    for name in ("drive_step", "drive_step_of_state", "drive_step_of_frame"):
        if name in part:
            part[name] = xr.zeros_like(part[name])
    part.attrs = _attributes(dataset, step)
    return part


def _run_indices(dataset: xr.Dataset, step: DriveStepRecord) -> dict[str, NDArray[np.intp]]:
    kept = {}
    if "time" in dataset.dims:
        slack = _SAME * step.end
        time = dataset["time"].values
        kept["time"] = np.flatnonzero((time >= step.start - slack) & (time <= step.end + slack))
    kept["time_fine"] = np.flatnonzero(dataset["drive_step"].values == step.number)
    if "frame" in dataset.dims:
        kept["frame"] = _frames(dataset, "frame_time", step)
    return kept


def _map_indices(dataset: xr.Dataset, step: DriveStepRecord) -> dict[str, NDArray[np.intp]]:
    return {"time": _frames(dataset, "time", step)}


def _frames(dataset: xr.Dataset, name: str, step: DriveStepRecord) -> NDArray[np.intp]:
    """Frames that begin in the step and whose last pixel was visited in it."""
    begin = dataset[name].values
    slack = _SAME * step.end
    if "drive_step_of_frame" in dataset:
        begun = dataset["drive_step_of_frame"].values == step.number
    else:
        begun = (begin >= step.start - slack) & (begin < step.end - slack)
    last = float(dataset["pixel_time"].max()) if "pixel_time" in dataset else 0.0
    return np.flatnonzero(begun & (begin + last <= step.end + slack))


def _attributes(dataset: xr.Dataset, step: DriveStepRecord) -> dict[str, Any]:
    entry = next(
        entry for place, entry in enumerate(_entries(dataset)) if entry.get("number", place) == step.number
    )
    entry = {**entry, "number": 0, "start_s": 0.0, "end_s": step.duration}
    title = f"{dataset.attrs.get('title', 'run')}, drive step {step.number}"
    made = provenance.attributes(title, f"select_step {step.number}", previous=dataset.attrs)
    if "k_definition" in dataset.attrs:
        made["k_definition"] = dataset.attrs["k_definition"]
    return {
        **dataset.attrs,
        **made,
        "drive_steps": json.dumps([entry]),
        "drive_step_number": step.number,
        "drive_step_start_s": step.start,
    }
