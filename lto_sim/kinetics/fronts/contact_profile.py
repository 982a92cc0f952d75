"""A profile along the local normal of a contact, however the contact runs.

``s`` of a pixel is its distance to the contact, its place across the profile the arc length of the nearest
contact point. Beside a straight contact this is the straight profile that stands on it.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from lto_sim.errors import InputError
from lto_sim.kinetics.fronts.contact_line import ContactLine
from lto_sim.kinetics.fronts.profile import check_start_std

__all__ = ["ContactProfile", "contact_profiles"]


@dataclass(frozen=True, eq=False)
class ContactProfile:
    """The pixels beside a stretch of a contact, up to a distance from it.

    Parameters
    ----------
    contact : The contact.
    stretch : From and to [m] of arc length along the contact; on a closed line `to` may go round its start.
    length : Largest distance from the contact [m].
    name : Name shown in tables and plots.
    start_std : Standard deviation of where the contact truly is, along the profile [m]; 0: known exactly.

    Raises
    ------
    InputError
        A stretch that leaves the contact or its line, or a length or deviation that is none.
    """

    contact: ContactLine
    stretch: tuple[float, float]
    length: float
    name: str = "profile"
    start_std: float = 0.0

    def __post_init__(self) -> None:
        first, last = self.stretch
        part = self.contact.part_at(first)
        low, high = self.contact.starts[part], self.contact.starts[part + 1]
        slack = 1e-9 * (high - low)
        if self.contact.is_closed(part):
            good = low - slack <= first <= high and 0.0 < last - first <= high - low + slack
        else:
            good = low - slack <= first < last <= high + slack
        if not good:
            raise InputError(
                "profile.stretch", self.stretch,
                f"from and to within {low:.4g} to {high:.4g} m of the contact",
                "keep it on one line of the contact",
            )  # fmt: skip
        if not (math.isfinite(self.length) and self.length > 0.0):
            raise InputError("profile.length", self.length, "finite, > 0 m", "use a length such as 1e-6")
        check_start_std(self.start_std)

    @property
    def width(self) -> float:
        """Length of the contact's stretch [m]."""
        return self.stretch[1] - self.stretch[0]

    @property
    def middle(self) -> float:
        """Arc length of the middle of the stretch [m]."""
        return 0.5 * (self.stretch[0] + self.stretch[1])

    @property
    def start(self) -> tuple[float, float]:
        """Contact point (x, y) [m] in the middle of the stretch."""
        x, y = self.contact.point(self.middle)
        return float(x), float(y)

    @property
    def end(self) -> tuple[float, float]:
        """End (x, y) [m] of the normal on it."""
        x, y = self.contact.point(self.middle) + self.length * self.contact.normal(self.middle)
        return float(x), float(y)


def contact_profiles(
    contact: ContactLine, count: int, length: float, *, start_std: float = 0.0
) -> list[ContactProfile]:
    """Divide a contact into profiles of equal width, named by number from 0.

    A contact of several lines is divided line by line, so that widths are as equal as they can be.

    Parameters
    ----------
    contact : The contact.
    count : Number of profiles, one for each line at least.
    length : Largest distance from the contact [m].
    start_std : Standard deviation of where the contact truly is [m].

    Returns
    -------
    list of ContactProfile
        `count` of them, in the order of the lines.

    Raises
    ------
    InputError
        Fewer profiles than the contact has lines, or what a profile refuses.
    """
    parts = np.array([part.length for part in contact.parts])
    if count < parts.size:
        raise InputError(
            "profile.count", count, f"{parts.size} or more, one for each line of {contact.name}",
            "give more profiles",
        )  # fmt: skip
    shares = np.ones(parts.size, dtype=np.int64)
    for _ in range(count - parts.size):
        shares[np.argmax(parts / shares)] += 1
    stretches = []
    for start, size, share in zip(contact.starts, parts, shares, strict=False):
        edges = start + size * np.arange(share + 1) / share
        stretches += [(float(a), float(b)) for a, b in itertools.pairwise(edges)]
    return [
        ContactProfile(contact, stretch, length, f"profile {number}", start_std)
        for number, stretch in enumerate(stretches)
    ]
