"""The correction itself: simulate the specimen at the pace of the measured front and compare rate constants.

A front that is not planar, as one from a contact on a part of a side, on an arc, or around a whole
perimeter, follows no parabola: what a parabola fitted to it gives depends on the window. So does the
front of a lamella whose faces conduct, before its tip is short beside the way it has gone. The simulation
of the same specimen, recorded, tracked and fitted alike, says what part of the true k such a fit gives.

The law is the parabola by default, also where the verdict on the measured front is "mixed": the bend that the
mixed law takes for an interface reaction is the geometry's, which the simulation has too, and the mixed law
leaves k ten times as uncertain.

Only lengths and ratios of the scenario count. Its rates may be wrong by any common factor, which the
correction finds: `pace`.

The flux at a contact's ends makes the error of the simulated front one of low order in the cell: on a contact
of 0.6 of a side, apparent over true k is 0.8453, 0.8473, 0.8483, 0.8491 on cells of 20, 15, 12.5 and 10 nm,
an order of about 1.25. It is therefore simulated on the scenario's cells and on cells of 0.625 times their
size, and ln k is extrapolated to vanishing ones with that order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, get_args

import numpy as np
import xarray as xr

from lto_sim.errors import InputError
from lto_sim.kinetics.corrections.answer import (
    FEWEST_POINTS,
    Question,
    answer,
    chi_square,
    response,
    thirds,
    window_part,
    without_outliers,
)
from lto_sim.kinetics.corrections.match import Law, linear_chi_square
from lto_sim.kinetics.corrections.result import CorrectedRate, Target
from lto_sim.kinetics.corrections.true_rate import front_direction
from lto_sim.kinetics.corrections.twin import on_cells, require_recording
from lto_sim.kinetics.fronts import Profile, numbered_profiles
from lto_sim.kinetics.rates import RateConstantFit, RateData, fit_rate_constant
from lto_sim.kinetics.rates.points import prepare
from lto_sim.scenario import Scenario

__all__ = ["correct_rate_constant"]

_FIRST_GUESS: Final[float] = 0.85
"""Apparent over true rate constant with which the search for the pace begins."""
_COARSE, _FINE = 2.0, 0.625
"""Cells of the two other meshes over the scenario's own."""
_ORDER: Final[float] = 1.25
"""Order of the error of a front in the cell."""
_LEFT_OF_COARSE: Final[float] = 0.2
"""Part of the step from the coarse mesh that does at least."""
_CLEARLY_WORSE: Final[float] = 10.0
_SPREAD: Final[float] = 1e-9
"""Deviation of the points that stand for a fit [m]; alike for all, its size does not matter."""


def correct_rate_constant(
    measured: xr.Dataset | RateData | RateConstantFit,
    scenario: Scenario,
    profiles: Sequence[Profile] | None = None,
    *,
    target: Target = "planar",
    law: Law = "parabolic",
    window: str | tuple[float, float] = "all",
    start_time: float | None = None,
    uncertain: Mapping[str, float] | None = None,
    k_convention: str = "2kt",
) -> CorrectedRate:
    """Correct the rate constant of a measured front by a simulation of the same specimen.

    Parameters
    ----------
    measured : Front from ``track_front``, points of it, or a fit of it. Of a fit the window and the
        convention count, and its points are taken to be spread evenly over the window.
    scenario : The specimen: outline, contacts, thickness, surfaces, temperature, first potential, scan, noise
        of its maps. A common factor of all its rates does not matter.
    profiles : Where the front was tracked, numbered as in `measured`; None takes the scenario's own.
    target : ``"planar"``: k of a planar front in this lamella, conducting faces included; ``"bulk"``:
        Wagner's k of the bulk alone, the factor then holding 1 + 2 l/H.
    law : ``"parabolic"`` or ``"mixed"``: the law by which both fronts are read.
    window : ``"auto"``, ``"all"``, or first and last time [s], as in ``fit_rate_constant``.
    k_convention : ``"2kt"`` or ``"kt"``.
    start_time : Start of the drive on the clock of the front [s]; None leaves it free.
    uncertain : Standard deviations [SI] of scenario values by path, as ``{"contacts.lps.where.to": 30e-9}``.

    Returns
    -------
    CorrectedRate
        Corrected and apparent rate constant, the factor, and what the deviation is made of.

    Raises
    ------
    InputError
        No k in the front, too few points, a scenario without scan or profile, a profile that begins at no
        contact, another direction, an uncertain value that is no number of the scenario, a simulation that
        fails or whose front does not get into the window.
    """
    _require_options(target, law)
    require_recording(scenario)
    lines = list(profiles) if profiles is not None else numbered_profiles(scenario.profile)
    _require_profiles(measured, scenario, lines)
    if isinstance(measured, RateConstantFit):
        raw, data = measured, _points_of(measured, law, len(lines))
    else:
        raw = fit_rate_constant(measured, window=window, start_time=start_time, k_convention=k_convention)
        every = measured if isinstance(measured, RateData) else RateData.from_front(measured)
        data = prepare(every.between(raw.window.start, raw.window.end), start_time, clear=True).data
    _require_points(data, len(lines))
    question = Question(data, law, start_time, lines, target)
    rough = on_cells(scenario, _COARSE)
    guess = question.estimates[0] / (_FIRST_GUESS * question.true_k(scenario))
    try:
        coarse = answer(rough, question, guess)
    except InputError as error:
        raise (_no_k() if raw.verdict == "reaction-limited" else error) from None
    clean = without_outliers(data, coarse.match.data)
    if clean.size < data.size:
        question = replace(question, data=clean)
        coarse = answer(rough, question, coarse.pace)
    if raw.verdict == "reaction-limited":
        _require_likeness(clean, coarse.match.data)
    middle = answer(scenario, question, coarse.pace)
    fine = answer(on_cells(scenario, _FINE), question, middle.pace)
    to_none = _FINE**_ORDER / (1.0 - _FINE**_ORDER) * math.log(fine.k / middle.k)
    k = fine.k * math.exp(to_none)
    apparent, fit, _ = question.estimates
    reduced = math.nan
    if isinstance(measured, RateConstantFit):
        fit = _relative_deviation(measured, law)
    else:
        reduced = chi_square(clean, fine.match.data) / _dof(clean, start_time)
        fit *= math.sqrt(max(reduced, 1.0))
    sensitivity = {
        path: response(rough, question, coarse, path, deviation)
        for path, deviation in (uncertain or {}).items()
    }
    parts = {
        "fit": fit,
        "cells": max(abs(to_none), _LEFT_OF_COARSE * abs(math.log(middle.k / coarse.k))),
        "window": window_part(question, fine),
        **{path: abs(change) for path, change in sensitivity.items()},
    }
    of_simulation = math.sqrt(math.fsum(part**2 for name, part in parts.items() if name != "fit"))
    in_convention = 1.0 if raw.k_convention == "2kt" else 2.0
    early, late = thirds(question, fine)
    return CorrectedRate(
        k=in_convention * k,
        k_std=in_convention * k * math.hypot(fit, of_simulation),
        target=target,
        law=law,
        k_apparent=in_convention * apparent,
        k_apparent_std=in_convention * apparent * fit,
        factor=apparent / k,
        factor_std=apparent / k * of_simulation,
        parts=parts,
        sensitivity=sensitivity,
        thirds=(in_convention * early * k / fine.k, in_convention * late * k / fine.k),
        reduced_chi_square=reduced,
        shift=fine.match.shift,
        pace=fine.pace,
        points=clean.size,
        outliers=data.size - clean.size,
        dof=_dof(clean, start_time),
        raw=raw,
    )


def _dof(data: RateData, start_time: float | None) -> int:
    return max(int(data.independent_points) - (2 if start_time is None else 1), 1)


def _require_options(target: str, law: str) -> None:
    for name, value, choices in (("target", target, Target), ("law", law, Law)):
        if value not in get_args(choices):
            raise InputError(name, value, " or ".join(get_args(choices)), "choose one of them")


def _require_profiles(
    measured: xr.Dataset | RateData | RateConstantFit, scenario: Scenario, lines: Sequence[Profile]
) -> None:
    if not lines:
        raise InputError("profile", (), "at least one profile", "add [[profile]] with start, end and width")
    if not isinstance(measured, xr.Dataset):
        return
    number = measured.sizes.get("profile", 1)
    if number != len(lines):
        raise InputError(
            "profile", f"{len(lines)} in the scenario, {number} in the front", "the same ones in one order",
            "give the profiles along which the front was tracked",
        )  # fmt: skip
    own, expected = measured.attrs.get("direction"), front_direction(scenario)
    if own is not None and own != expected:
        raise InputError(
            "drive.0.hold", scenario.steps[0].value, f"a potential of {own}, as the front is one",
            "take the scenario of this run",
        )  # fmt: skip


def _require_likeness(data: RateData, simulated: RateData) -> None:
    """Refuse a front that is a straight line where the simulated one is not.

    A front that closes in on a middle, or one seen for a short time, may pass for a straight line too.
    """
    if chi_square(data, simulated) > linear_chi_square(data) + _CLEARLY_WORSE:
        raise _no_k()


def _no_k() -> InputError:
    return InputError(
        "front", "a front that follows xi = k_L t, unlike the simulated one", "one in which k is resolved",
        "a front that a reaction limits does not tell k: follow it further, or give the contact its law",
    )  # fmt: skip


def _require_points(data: RateData, profiles: int) -> None:
    if data.size < FEWEST_POINTS:
        raise InputError(
            "front", f"{data.size} points in the window", f"{FEWEST_POINTS} at least",
            "add frames or widen the window",
        )  # fmt: skip
    if data.profile is not None and int(data.profile.max()) >= profiles:
        raise InputError(
            "profile", f"{profiles} in the scenario", f"number {int(data.profile.max())} of the front too",
            "give the profiles along which the front was tracked",
        )  # fmt: skip


def _points_of(fit: RateConstantFit, law: Law, profiles: int) -> RateData:
    """Points on the law of a fit, spread evenly over its window, alike for all profiles."""
    model = next(m for m in fit.models if m.name == law)
    size = max(-(-fit.window.points // profiles), FEWEST_POINTS)
    time = np.linspace(fit.window.start, fit.window.end, size)
    in_convention = 2.0 if fit.k_convention == "2kt" else 1.0
    half = 0.0 if math.isinf(model.k_L) else 0.5 * in_convention * model.k / model.k_L
    k = in_convention * model.k
    if not math.isfinite(k):
        raise InputError("fit", f"k of the {law} law: {k}", "finite", "take more frames")
    position = np.sqrt(half**2 + k * np.maximum(time - model.start_time, 0.0)) - half
    numbers = np.repeat(np.arange(profiles), size)
    return RateData(np.tile(time, profiles), np.tile(position, profiles), np.array(_SPREAD), numbers)


def _relative_deviation(fit: RateConstantFit, law: Law) -> float:
    model = next(m for m in fit.models if m.name == law)
    return model.k_std / model.k
