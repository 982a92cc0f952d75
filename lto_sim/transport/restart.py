"""Whether a run may be continued under a scenario: all that its state depends on must be the same."""

from __future__ import annotations

import tomllib
from typing import Any, Final

import xarray as xr

from lto_sim.errors import InputError
from lto_sim.scenario import Scenario
from lto_sim.transport.checkpoint import Checkpoint

__all__ = ["check_same_past"]

_FREE: Final = ("title", "output", "profile", "maps", "seed", "schema_version")
"""Sections that a state does not depend on."""
_FREE_NUMERICS: Final = ("max_steps",)


def check_same_past(scenario: Scenario, run: xr.Dataset, point: Checkpoint) -> None:
    """Compare a scenario with that of the run that it goes on from.

    Parameters
    ----------
    scenario : What is to be run.
    run : The run to be continued.
    point : The state that it goes on from.

    Raises
    ------
    InputError
        A run without its scenario, or one whose material, specimen, contacts, start, numerics or drive up to
        that state differ; the field is the first path that does.
    """
    try:
        before = Scenario.from_dict(tomllib.loads(str(run.attrs["configuration"])))
    except (KeyError, tomllib.TOMLDecodeError, InputError):
        raise InputError(
            "restart",
            "a run without its scenario",
            "a run of this package",
            "run the scenario from its start",
        ) from None
    begun = point.leg + (1 if point.leg_steps else 0)
    mine, theirs = _past(scenario, begun), _past(before, begun)
    difference = _first_difference(theirs, mine, "")
    if difference is not None:
        path, value = difference
        raise InputError(
            path, value, "as in the run that is continued",
            "a state belongs to its scenario: only later drive steps, output, profile and maps may change",
        )  # fmt: skip


def _past(scenario: Scenario, begun: int) -> dict[str, Any]:
    """Plain values that the state depends on, with the drive written out up to the step in hand."""
    values = {key: value for key, value in scenario.to_dict().items() if key not in _FREE}
    values["numerics"] = {k: v for k, v in values["numerics"].items() if k not in _FREE_NUMERICS}
    values.pop("scan", None)
    values["drive"] = [
        {
            "kind": step.kind, "value": step.value, "until": step.until.model_dump(exclude_none=True),
            "temperature": step.temperature, "sweep_start": step.sweep_start, "sweep_rate": step.sweep_rate,
        }
        for step in scenario.steps[:begun]
    ]  # fmt: skip
    return values


def _first_difference(before: Any, after: Any, path: str) -> tuple[str, Any] | None:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(k for k in after if k not in before)]:
            inner = f"{path}.{key}" if path else str(key)
            if (key in before) != (key in after):
                return inner, after.get(key)
            found = _first_difference(before[key], after[key], inner)
            if found is not None:
                return found
        return None
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            found = _first_difference(one, other, f"{path}.{number}")
            if found is not None:
                return found
        return None
    if isinstance(before, list) or isinstance(after, list):
        return path, after
    return None if before == after else (path, after)
