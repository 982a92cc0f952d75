"""Whether a run may be continued under a scenario: all that its state depends on must be the same."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any, Final

import xarray as xr

from lto_sim.errors import InputError
from lto_sim.scenario import Scenario
from lto_sim.scenario.drive import ElementaryStep
from lto_sim.transport.checkpoint import Checkpoint

__all__ = ["check_same_past"]

_FREE: Final = ("title", "output", "profile", "maps", "scan", "drive", "seed", "schema_version")
"""Sections that a state does not depend on, and the drive, which is compared step by step."""
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
    difference = _first_difference(_past(before), _past(scenario), "") or _different_step(
        before.steps, scenario.steps, point.leg + (1 if point.leg_steps else 0)
    )
    if difference is not None:
        path, value = difference
        raise InputError(
            path, value, "as in the run that is continued",
            "a state belongs to its scenario: only later drive steps, output, profile and maps may change",
        )  # fmt: skip


def _past(scenario: Scenario) -> dict[str, Any]:
    """Plain values that every state depends on."""
    values = {key: value for key, value in scenario.to_dict().items() if key not in _FREE}
    values["numerics"] = {k: v for k, v in values["numerics"].items() if k not in _FREE_NUMERICS}
    return values


def _different_step(
    before: Sequence[ElementaryStep], after: Sequence[ElementaryStep], begun: int
) -> tuple[str, Any] | None:
    """First of the drive steps that were begun that is another one now: its path, and what it is."""
    for number, one in enumerate(before[:begun]):
        if number >= len(after):
            return one.path, "no such step"
        other = after[number]
        if other.temperature != one.temperature:
            return f"{other.path}.temperature", other.temperature
        ends = other.until.model_dump()
        for name, value in one.until.model_dump().items():
            if ends[name] != value:
                return f"{other.path}.until.{name}", ends[name]
        if _imposed(one) != _imposed(other):
            return f"{other.path}.{other.kind}", other.value
    return None


def _imposed(step: ElementaryStep) -> tuple[object, ...]:
    return step.kind, step.value, step.sweep_start, step.sweep_rate


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
