"""What can be told of a drive before it runs: endless steps, currents that cannot flow, odd potentials.

The mean li fraction is followed through the steps as an interval: a current moves it by a known amount, a
hold at most to the composition of its potential, a rest not at all.
"""

from __future__ import annotations

import math
import warnings
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.scenario import Scenario
from lto_sim.transport.circuit import HIGHEST_POTENTIAL
from lto_sim.transport.drive import StepPlan, contact_areas
from lto_sim.transport.model import Model

__all__ = ["check_drive", "warn_of_potentials"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]
Interval = tuple[float, float]

_SLACK: Final = 1e-9


def check_drive(scenario: Scenario, model: Model, plans: tuple[StepPlan, ...], x_start: Floats) -> None:
    """Raise InputError for what no run could do; warn of potentials where there are more than two phases.

    Parameters
    ----------
    scenario, model : What is run.
    plans : The steps of its drive.
    x_start : Composition (nz, ny, nx) at the start [li fraction].

    Raises
    ------
    InputError
        A current beyond the room in the particle, or through contacts that are blocked or too resistive; a
        li fraction that a step has passed already or cannot reach.
    """
    mean = float(np.average(x_start, weights=model.mesh.volume))
    interval = (mean, mean)
    for plan in plans:
        current = plan.current
        if current is None:
            interval = _held(plan, model, interval)
        elif current == 0.0:
            _check_contacts(plan, model)
        else:
            _check_contacts(plan, model)
            _check_resistance(plan, model, current)
            interval = _driven(plan, interval, current)
    potentials = [(plan.step.path, plan.step.value) for plan in plans if plan.current is None]
    potentials += [(p.step.path, p.step.sweep_start) for p in plans if p.step.sweep_start is not None]
    _warn_outside(model, [entry for entry in potentials if entry[1] is not None])


def _check_contacts(plan: StepPlan, model: Model) -> None:
    temperature = plan.laws.temperature
    for contact in model.contacts:
        if contact.kinetics is None or contact.kinetics.rate(temperature) > 0.0:
            return
    name = model.contacts[0].name
    raise InputError(
        f"contacts.{name}.k0", 0.0, "> 0 m/s at one contact at least",
        f"{plan.step.path} needs a contact that reacts; all of them are blocked",
    )  # fmt: skip


def _check_resistance(plan: StepPlan, model: Model, current: float) -> None:
    resistance = plan.laws.circuit.resistance
    if np.any(resistance == 0.0):
        return
    drop = abs(current) / float((1.0 / resistance).sum())
    if drop > HIGHEST_POTENTIAL:
        number = int(resistance.argmin())
        area = contact_areas(model)[number]
        limit = HIGHEST_POTENTIAL / abs(current) * area
        raise InputError(
            f"contacts.{model.contacts[number].name}.resistance", float(resistance[number] * area),
            f"below {limit:.3g} ohm m2 for {abs(current):.3g} A",
            f"{plan.step.path} would drop {drop:.3g} V across the contacts: a smaller current or resistance",
        )  # fmt: skip


def _driven(plan: StepPlan, interval: Interval, current: float) -> Interval:
    """Interval after a current; refuses one that lasts longer than there is room."""
    until, path, capacity = plan.step.until, plan.step.path, plan.laws.circuit.capacity
    rate = -current / capacity  # of the li fraction, 1/s
    low, high = interval
    target = until.li_fraction
    if target is not None:
        nearest = min(interval, key=lambda x: (x - target) * math.copysign(1.0, rate))
        if (target - nearest) * rate <= 0.0:
            way = f"above {nearest:.6g}" if rate > 0.0 else f"below {nearest:.6g}"
            raise InputError(
                f"{path}.until.li_fraction", target, f"{way}, where the step begins",
                "the end condition is met already: change it, or the sign of the current",
            )  # fmt: skip
    room = (1.0 - low if rate > 0.0 else high) / abs(rate)
    if until.time is not None and until.potential is None and target is None and until.time > room:
        what = "full" if rate > 0.0 else "empty"
        raise InputError(
            f"{path}.{'pulse' if path.endswith('.gitt') else 'until.time'}", until.time,
            f"below {room:.6g} s, when the particle is {what}",
            f"{abs(current):.3g} A is too much for so long: end it sooner, or by until.potential",
        )  # fmt: skip
    moved = rate * (room if until.time is None else min(until.time, room))
    ends_early = until.potential is not None or target is not None
    after = (min(max(low + moved, 0.0), 1.0), min(max(high + moved, 0.0), 1.0))
    return (min(low, after[0]), max(high, after[1])) if ends_early else after


def _held(plan: StepPlan, model: Model, interval: Interval) -> Interval:
    """Interval after a hold or a sweep; refuses a li fraction that it cannot reach, where no time ends it."""
    step, temperature = plan.step, plan.laws.temperature
    values = [step.value] if step.sweep_start is None else [step.value, step.sweep_start]
    ends = [model.material.equilibrium_composition(value, temperature) for value in values]
    low, high = min(*interval, *ends), max(*interval, *ends)
    target = step.until.li_fraction
    endless = step.kind == "hold" and step.until.time is None and step.until.current is None
    if endless and target is not None and not low - _SLACK <= target <= high + _SLACK:
        raise InputError(
            f"{step.path}.until.li_fraction", target, f"{low:.6g} to {high:.6g} at {step.value:g} V",
            "the step would never end: give it until.time too, or another potential",
        )  # fmt: skip
    return low, high


def warn_of_potentials(model: Model, plans: tuple[StepPlan, ...], legs: Integers, potentials: Floats) -> None:
    """Warn where the potentials [V] that currents drove the particle to leave the window.

    Parameters
    ----------
    model, plans : What was run.
    legs, potentials : Step of the drive and potential [V] of every sample.
    """
    driven = [plan.current is not None for plan in plans]
    found = potentials[np.array(driven)[legs]]
    if found.size:
        ends = (float(found.min()), float(found.max()))
        _warn_outside(model, [("the potential of a current or a rest", value) for value in ends])


def _warn_outside(model: Model, potentials: list[tuple[str, float]]) -> None:
    low, high = model.material.potential_window
    outside = sorted({(value, path) for path, value in potentials if not low <= value <= high})
    if outside:
        value, path = max(outside, key=lambda entry: max(low - entry[0], entry[0] - high))
        warnings.warn(
            f"{path} is {value:g} V vs {model.material.reference_electrode}, not in {low:g} to {high:g} V,"
            " where the host has two phases and no other: further insertion, or loss of oxygen, is not "
            "described (material.potential_window)",
            UserWarning,
            stacklevel=4,
        )
