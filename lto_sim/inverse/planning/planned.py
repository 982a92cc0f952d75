"""Recordings that could be made next: what each would be, and how well each of its pixels would be known.

The dose is honest. The deviation of a pixel goes with the square root of the electrons it gets in a frame:
pixels of half the size at the same dose per area have twice the deviation, frames of half the time at the
same beam 1.41 times. Where the dose of a pixel stays, its deviation is taken to stay, in lamellae of half
and of double thickness too: more lithium and more plural scattering about balance between 75 and 150 nm at
300 kV; above, a thick lamella does worse than is assumed here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.constants import ZERO_CELSIUS
from lto_sim.errors import InputError
from lto_sim.inverse.experiment import MapExperiment
from lto_sim.inverse.result import MapFit
from lto_sim.kinetics.corrections import true_rate
from lto_sim.kinetics.corrections.true_rate import front_direction
from lto_sim.scenario import Scenario

__all__ = ["Candidate", "planned_recording", "usual_candidates"]

Floats = NDArray[np.float64]

_HOLD: Final = {"extraction": 1.6, "insertion": 0.4}
"""Potentials well outside the plateau on either side [V], those of the published experiment."""
_OTHER: Final = {"extraction": "insertion", "insertion": "extraction"}
_THICKNESSES: Final = (0.5, 2.0)


@dataclass(frozen=True, eq=False)
class Candidate:
    """A recording that could be made.

    Parameters
    ----------
    words : What it is, to stand in a sentence: "a second lamella of 75 nm".
    recording : Its scenario, pixels, times and deviations; its values play no part.
    like : Number of the recording of the fit that it resembles: nuisances are free in it as they are there.
    assumes : What its deviations assume.
    thickness : Ratio of its lamella's thickness to that of the recording it resembles.
    """

    words: str
    recording: MapExperiment
    like: int = 0
    assumes: str = ""
    thickness: float = 1.0


def planned_recording(
    like: MapExperiment, scenario: Scenario, time: Floats, noise: Floats, finer: int = 1, dwell: float = 1.0
) -> MapExperiment:
    """Recording without values.

    Parameters
    ----------
    like : The recording that it resembles.
    scenario : What is recorded.
    time : Start of every frame [s].
    noise : Standard deviation of every pixel, in the rows and columns of `like`; NaN where there is none.
    finer : Pixels of it along one pixel of `like`.
    dwell : Time for a pixel over that of `like`.
    """
    deviation = _spread(noise, finer)
    shape = (time.size, *deviation.shape)
    return MapExperiment(
        scenario, np.zeros(shape), np.broadcast_to(deviation, shape).copy(), time,
        dwell * _spread(like.delay, finer), _finer(like.x, finer), _finer(like.y, finer), like.probe_fwhm,
    )  # fmt: skip


def _spread(image: Floats, finer: int) -> Floats:
    return np.asarray(np.repeat(np.repeat(image, finer, axis=0), finer, axis=1))


def _finer(centres: Floats, finer: int) -> Floats:
    step = centres[1] - centres[0]
    first = centres[0] - 0.5 * step
    return np.asarray(first + step / finer * (np.arange(centres.size * finer) + 0.5))


def usual_candidates(fit: MapFit, like: int = 0) -> list[Candidate]:
    """Recordings that are usually possible, those that make no sense for the scenario left out.

    Parameters
    ----------
    fit : What is known so far.
    like : Number of the recording that they resemble.

    Returns
    -------
    list of Candidate
        With deviations as that recording has them.

    Raises
    ------
    InputError
        No such recording.
    """
    experiments = fit.objective.experiments
    if not 0 <= like < len(experiments):
        raise InputError("like", like, f"0 to {len(experiments) - 1}", "recordings are counted from 0")
    base = experiments[like]
    noise = _noise(fit, like)
    again = planned_recording(base, base.scenario, base.time, noise)
    found = [Candidate("the same recording again", again, like, "deviation of a pixel as recorded")]
    found += _lamellae(base, noise, like)
    found += _other_direction(fit, base, noise, like)
    fine = planned_recording(base, base.scenario, base.time, 2.0 * noise, finer=2)
    found.append(
        Candidate(
            "a recording with pixels of half the size", fine, like,
            "same dose per area: twice the deviation of a pixel",
        )
    )  # fmt: skip
    if base.time.size > 1:
        often = _between(base.time)
        fast = planned_recording(base, base.scenario, often, math.sqrt(2.0) * noise, dwell=0.5)
        found.append(
            Candidate(
                "a recording with frames twice as fast", fast, like,
                "same beam: 1.41 times the deviation of a pixel",
            )
        )  # fmt: skip
        found += _from_the_start(fit, base, noise, like)
    return found


def _noise(fit: MapFit, like: int) -> Floats:
    """Usual deviation of every pixel; NaN where no frame is compared."""
    noise = np.where(fit.objective.use[like], fit.objective.noise[like], np.nan)
    seen = np.isfinite(noise).any(axis=0)
    middle = np.full(seen.shape, np.nan)
    middle[seen] = np.nanmedian(noise[:, seen], axis=0)
    return middle


def _between(time: Floats) -> Floats:
    """Twice as many frames over the same time."""
    half = 0.5 * np.append(np.diff(time), time[-1] - time[-2])
    return np.asarray(np.column_stack([time, time + half]).ravel())


def _lamellae(base: MapExperiment, noise: Floats, like: int) -> list[Candidate]:
    thickness = base.scenario.specimen.thickness
    if not isinstance(thickness, int | float):
        return []
    found = []
    for factor in _THICKNESSES:
        values = {"specimen.thickness": factor * thickness}
        try:
            other = base.scenario.with_values(values)
        except InputError:
            continue
        found.append(
            Candidate(
                f"a second lamella of {1e9 * factor * thickness:.4g} nm",
                planned_recording(base, other, base.time, noise), like,
                "deviation of a pixel as recorded; contact and transport the same in both lamellae", factor,
            )
        )  # fmt: skip
    return found


def _other_direction(fit: MapFit, base: MapExperiment, noise: Floats, like: int) -> list[Candidate]:
    here = Scenario.from_dict(fit.objective.runs[like].scenario(fit.minimum.theta))
    if len(here.steps) != 1 or not isinstance(here.initial, int | float):
        return []
    try:
        direction = _OTHER[front_direction(here)]
        values: dict[str, Any] = {"drive.0.hold": _HOLD[direction], "initial": 1.0 - float(here.initial)}
        pace = true_rate(here).k / true_rate(here.with_values(values)).k
        other = base.scenario.with_values(values)
    except (InputError, ArithmeticError):
        return []
    degrees = here.temperature - ZERO_CELSIUS
    return [
        Candidate(
            f"{direction} at {_HOLD[direction]:g} V and {degrees:.0f} degC over {base.time[-1] * pace:.3g} s",
            planned_recording(base, other, base.time * pace, noise), like,
            "as many frames, over the time that its front takes; deviation of a pixel as recorded",
        )
    ]  # fmt: skip


def _from_the_start(fit: MapFit, base: MapExperiment, noise: Floats, like: int) -> list[Candidate]:
    """Frames from the start of the drive, where the maps begin later than one frame after it."""
    start = fit.objective.runs[like].nuisances(fit.minimum.theta)["maps.start_time"]
    late = float(base.time[0]) + start
    if late <= float(np.diff(base.time).min()):
        return []
    early = planned_recording(base, base.scenario, base.time - late, noise)
    words = "a recording that begins with the drive"
    return [Candidate(words, early, like, f"as many frames, earlier by {late:.3g} s; deviation as recorded")]
