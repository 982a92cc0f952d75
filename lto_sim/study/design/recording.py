"""What a recording costs: how long it lasts, its frames, the dose of each, and what a budget leaves of them.

    dose of a frame = I t_dwell / (e pixel^2),    frames = floor((duration - t_frame)/period) + 1

A recording above its budget has fewer frames, evenly over the same time, the beam blanked between them; or it
is refused. A budget that all temperatures share is dealt out evenly: what one does not need goes to the rest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from lto_sim.constants import ELEMENTARY_CHARGE
from lto_sim.exact.linear_parabolic import LinearParabolic
from lto_sim.kinetics.corrections.true_rate import TrueRate
from lto_sim.scenario import Scenario, build_contacts

__all__ = [
    "MOST_FRAMES",
    "BudgetFor",
    "OverBudget",
    "Recording",
    "allowed_frames",
    "crossing_time",
    "plan_recording",
    "sampled_frames",
]

Floats = NDArray[np.float64]
BudgetFor = Literal["recording", "series"]
OverBudget = Literal["fewer_frames", "refuse"]

MOST_FRAMES: Final = 120
"""Frames of a recording that are looked at; information between them is taken to be even."""

_MARGIN: Final[float] = 1e-9
_ON_ITS_WAY: Final[float] = 4.0
"""Crossing times of a planar front after which frames are looked at less closely: the front is through."""


@dataclass(frozen=True)
class Recording:
    """Frames of one recording.

    Parameters
    ----------
    frame_time : Time of one frame [s].
    period : Start to start of frames [s].
    duration : Time from the start of the drive to the end of the last frame that would fit [s].
    frames : How many there are.
    frame_dose : Dose of one frame [electrons m-2].
    fitting : Frames that the time holds at the period asked for.
    crossing : Time in which a planar front has crossed the longest profile [s].
    """

    frame_time: float
    period: float
    duration: float
    frames: int
    frame_dose: float
    fitting: int
    crossing: float = math.inf

    @property
    def dose(self) -> float:
        """Dose of all frames [electrons m-2]."""
        return self.frames * self.frame_dose

    @property
    def sample(self) -> tuple[NDArray[np.int64], Floats]:
        """Numbers of the frames that are looked at, and how many frames each of them stands for."""
        return self.sampled(MOST_FRAMES)

    def sampled(self, most: int) -> tuple[NDArray[np.int64], Floats]:
        """The same of at most so many frames while the front is on its way, and as many afterwards."""
        return sampled_frames(self.frames, most, _ON_ITS_WAY * self.crossing / self.period)

    @property
    def fewer(self) -> bool:
        """Whether a budget has taken frames away."""
        return self.frames < self.fitting

    def with_frames(self, most: int) -> Recording:
        """At most so many frames, evenly over the same time."""
        if self.frames <= most:
            return self
        last = (self.fitting - 1) * self.period
        return replace(self, frames=most, period=last / (most - 1) if most > 1 else self.duration)


def crossing_time(scenario: Scenario, rate: TrueRate, length: float) -> float:
    """Time in which a planar front from the contact has gone `length` [s].

    An interface of the ``linear`` law is counted; of several contacts, the slowest.

    Parameters
    ----------
    scenario : The particle.
    rate : Its rate constant.
    length : Way of the front [m].
    """
    laws = [contact.transfer for contact in build_contacts(scenario)]
    slow = [law(scenario.temperature) for law in laws if law is not None]
    linear = rate.excess * min(slow) if slow else math.inf
    return float(LinearParabolic(rate.k, linear).time_at(length))


def plan_recording(
    frame_time: float, period: float | None, duration: float, current: float, dwell: float, pixel_area: float
) -> Recording:
    """Frames that a time holds, and the dose of each.

    Parameters
    ----------
    frame_time : Time of one frame [s].
    period : Start to start of frames [s]; None: one after another.
    duration : Time that is recorded [s].
    current : Probe current [A].
    dwell : Time for one pixel [s].
    pixel_area : Area of one pixel [m2].
    """
    every = frame_time if period is None else period
    fitting = max(math.floor((duration - frame_time) / every * (1.0 + _MARGIN) + _MARGIN) + 1, 0)
    dose = current * dwell / ELEMENTARY_CHARGE / pixel_area
    return Recording(frame_time, every, duration, fitting, dose, fitting)


def allowed_frames(recordings: Sequence[Recording], budget: float, budget_for: BudgetFor) -> list[int]:
    """Frames that a budget allows each recording of a setting.

    Parameters
    ----------
    recordings : One a temperature, all of the same dose per frame.
    budget : Dose [electrons m-2].
    budget_for : ``recording``: each has it, on an area of its own; ``series``: all share it, on one area.
    """
    each = math.floor(budget / recordings[0].frame_dose * (1.0 + _MARGIN))
    if budget_for == "recording":
        return [each] * len(recordings)
    allowed = [0] * len(recordings)
    left, order = each, sorted(range(len(recordings)), key=lambda n: recordings[n].fitting)
    for place, n in enumerate(order):
        allowed[n] = min(recordings[n].fitting, left // (len(order) - place))
        left -= allowed[n]
    return allowed


def sampled_frames(frames: int, most: int, early: float = math.inf) -> tuple[NDArray[np.int64], Floats]:
    """Numbers of the frames that are looked at, and how many frames each of them stands for.

    Information adds up over frames and changes slowly with the front's place: of very many a sample will do.

    Parameters
    ----------
    frames : Frames of the recording.
    most : Most that are looked at, of the early and of the later frames each.
    early : Frames in which the front is on its way: a long rest of the recording does not thin them out.
    """
    first = frames if early >= frames else max(math.ceil(early), 1)
    numbers, each = _even(0, first, most)
    if first < frames:
        later, of_later = _even(first, frames, most)
        return np.concatenate([numbers, later]), np.concatenate([each, of_later])
    return numbers, each


def _even(first: int, end: int, most: int) -> tuple[NDArray[np.int64], Floats]:
    count = max(min(end - first, most), 1)
    numbers = np.unique(np.round(np.linspace(first, max(end - 1, first), count)).astype(np.int64))
    return numbers, np.full(numbers.size, (end - first) / numbers.size)
