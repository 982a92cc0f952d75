"""What became of every frame: a front, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lto_sim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from numpy.typing import NDArray

__all__ = [
    "BEFORE_START",
    "BEYOND_END",
    "FOUND",
    "NOT_CONVERGED",
    "NO_FRONT",
    "NO_PIXELS",
    "STATUS",
    "TWO_FRONTS",
    "FrameCount",
    "count_frames",
    "no_front_at_all",
    "status_attributes",
    "whole_of_a_phase",
]

FOUND, NO_FRONT, BEYOND_END, BEFORE_START, NO_PIXELS, TWO_FRONTS, NOT_CONVERGED = range(7)


@dataclass(frozen=True)
class _Status:
    """Meaning of a code, in the words of a table, of a count, and what to do if no frame has another."""

    meaning: str
    words: str
    remedy: str


STATUS: Final[dict[int, _Status]] = {
    FOUND: _Status("found", "with a front", ""),
    NO_FRONT: _Status("no_front", "without a front", "check direction, profile and noise"),
    BEYOND_END: _Status("beyond_end", "beyond its end", "make the profile longer"),
    BEFORE_START: _Status("before_start", "before its start", "start the profile at the contact"),
    NO_PIXELS: _Status("no_pixels", "without a value", "move the profile to where the maps have values"),
    TWO_FRONTS: _Status(
        "two_fronts", "with two fronts", "shorten the profile until one front at a time is on it"
    ),
    NOT_CONVERGED: _Status("not_converged", "not converged", "use a wider profile, or average frames"),
}
"""Code of ``front_status`` -> what it means."""


def status_attributes() -> dict[str, Any]:
    """Return attributes of ``front_status`` (CF conventions: flag_values and flag_meanings)."""
    return {
        "units": "1",
        "long_name": "what became of a frame",
        "flag_values": list(STATUS),
        "flag_meanings": " ".join(status.meaning for status in STATUS.values()),
    }


@dataclass(frozen=True)
class FrameCount:
    """Frames of one profile by what became of them.

    Parameters
    ----------
    profile : Number of the profile.
    frames : Frames in all.
    by_status : Code -> frames; codes without a frame are left out.
    """

    profile: int
    frames: int
    by_status: dict[int, int]

    @property
    def found(self) -> int:
        """Frames with a front."""
        return self.by_status.get(FOUND, 0)

    def reasons(self) -> str:
        """Return frames without a front by reason, such as "20 without a front, 4 beyond its end"."""
        return _reasons(self.by_status)

    def summary(self) -> dict[str, int]:
        """Return counts by the meanings of ``front_status``."""
        return {STATUS[code].meaning: count for code, count in self.by_status.items()}


def count_frames(front: xr.Dataset) -> list[FrameCount]:
    """Count the frames of every profile by what became of them.

    Parameters
    ----------
    front : ``front_status(time, profile)``, as made by `track_front`.

    Returns
    -------
    list of FrameCount
        One for each profile.
    """
    status = front["front_status"].transpose("profile", "time").values
    return [FrameCount(number, row.size, _counted(row)) for number, row in enumerate(status)]


def _counted(status: NDArray[np.integer[Any]]) -> dict[int, int]:
    codes, counts = np.unique(status, return_counts=True)
    return {int(code): int(count) for code, count in zip(codes, counts, strict=True)}


def _reasons(by_status: dict[int, int]) -> str:
    return ", ".join(f"{count} {STATUS[code].words}" for code, count in by_status.items() if code != FOUND)


def whole_of_a_phase(
    mean: NDArray[np.float64], mean_std: NDArray[np.float64], growing: float, parent: float
) -> NDArray[np.bool_]:
    """Whether the profile holds nothing but the growing phase: the front has left it.

    Parameters
    ----------
    mean, mean_std : Mean over the profile and its standard deviation, shape (n,).
    growing, parent : Levels of the phases.
    """
    jump = abs(parent - growing)
    return np.asarray((np.abs(mean - growing) < 0.25 * jump) & (mean_std < 0.1 * jump))


def no_front_at_all(status: Sequence[NDArray[np.int8]], direction: str, level: float) -> InputError:
    """Return the error of maps in which no profile has a front.

    Parameters
    ----------
    status : Codes of every profile, each of shape (time,).
    direction : ``"extraction"`` or ``"insertion"``.
    level : Gain in chi-square that a front would have.
    """
    counts = _counted(np.concatenate(list(status)))
    most = max(counts, key=lambda code: counts[code])
    value = f"{_reasons(counts)} ({direction})"
    if most == NO_FRONT:
        allowed = f"a jump with a chi-square above {level:g} in one frame at least"
    else:
        allowed = "one frame at least with one front on a profile"
    return InputError("maps.li_fraction", value, allowed, STATUS[most].remedy)
