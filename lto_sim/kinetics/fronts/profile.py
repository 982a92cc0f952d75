"""A line in the image along which a front is followed.

Image coordinates: x to the right, y down, origin at the top left, in metres. A profile starts at the contact;
distance ``s`` runs along it, ``offset`` across it: ``s = (r - r0) . e``, ``offset = (r - r0) x e``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from lto_sim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["Line", "Profile", "check_start_std", "numbered_profiles"]


class Line(Protocol):
    """Anything with the geometry of a profile, such as a ``[[profile]]`` entry of a scenario; all in [m]."""

    @property
    def start(self) -> tuple[float, float]:
        """Start (x, y)."""
        ...

    @property
    def end(self) -> tuple[float, float]:
        """End (x, y)."""
        ...

    @property
    def width(self) -> float:
        """Width of the strip."""
        ...


@dataclass(frozen=True)
class Profile:
    """A straight line with a width, from the contact into the particle.

    Parameters
    ----------
    start : Start (x, y), at the contact [m].
    end : End (x, y) [m].
    width : Full width of the strip over which pixels are used [m].
    name : Name shown in tables and plots.
    start_std : Standard deviation of where the contact truly is, along the profile [m]; 0: known exactly.

    Raises
    ------
    InputError
        A coordinate is not finite, start and end coincide, the width is not positive, the deviation negative.
    """

    start: tuple[float, float]
    end: tuple[float, float]
    width: float
    name: str = "profile"
    start_std: float = 0.0

    def __post_init__(self) -> None:
        for field in ("start", "end"):
            point = getattr(self, field)
            if len(point) != 2 or not all(math.isfinite(v) for v in point):
                raise InputError(
                    f"profile.{field}", point, "two finite numbers (x, y) [m]", "give x and y in metres"
                )
            object.__setattr__(self, field, (float(point[0]), float(point[1])))
        if self.length <= 0.0:
            raise InputError(
                "profile.end", self.end, "a point other than start", "move the end away from the start"
            )
        if not (math.isfinite(self.width) and self.width > 0.0):
            raise InputError("profile.width", self.width, "finite, > 0 m", "use several pixels, such as 2e-7")
        check_start_std(self.start_std)

    @property
    def length(self) -> float:
        """Distance from start to end [m]."""
        return math.hypot(self.end[0] - self.start[0], self.end[1] - self.start[1])

    @property
    def unit_vector(self) -> tuple[float, float]:
        """Direction (x, y) from start to end, of length one [1]."""
        length = self.length
        return (self.end[0] - self.start[0]) / length, (self.end[1] - self.start[1]) / length

    def coordinates(
        self, x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return distance along and offset across the profile [m] of points `x` [m], `y` [m], elementwise."""
        along_x, along_y = self.unit_vector
        dx, dy = np.asarray(x) - self.start[0], np.asarray(y) - self.start[1]
        return dx * along_x + dy * along_y, dy * along_x - dx * along_y


def numbered_profiles(lines: Iterable[Line], *, start_std: float = 0.0) -> list[Profile]:
    """Profiles along `lines`, named by number from 0 like the coordinate of a tracked front.

    Parameters
    ----------
    lines : Anything with start, end and width [m].
    start_std : Standard deviation of where the contact truly is [m].

    Returns
    -------
    list of Profile
        One for each line.
    """
    return [
        Profile(line.start, line.end, line.width, f"profile {number}", start_std)
        for number, line in enumerate(lines)
    ]


def check_start_std(start_std: float) -> None:
    """Raise InputError unless the deviation of the contact's position [m] is finite and not negative."""
    if not (math.isfinite(start_std) and start_std >= 0.0):
        raise InputError(
            "profile.start_std", start_std, "finite, >= 0 m", "give 0 where the contact is known exactly"
        )
