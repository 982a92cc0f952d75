"""Contacts: named stretches of the outline where the host touches the solid electrolyte.

A stretch is a side and an interval along it, counted from the top (left, right) or from the left (top,
bottom). Stretches of one side must not overlap.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from lto_sim.errors import InputError
from lto_sim.materials import Arrhenius
from lto_sim.specimen.geometry import Outline

__all__ = ["Contact", "Stretch", "check_contacts"]


@dataclass(frozen=True)
class Stretch:
    """Interval on a side of the outline.

    Parameters
    ----------
    side : ``left``, ``right``, ``top``, ``bottom``; ``outer`` of a radial body.
    start, end : Interval [m] along the side; None is the side's own end.
    """

    side: str
    start: float | None = None
    end: float | None = None

    def resolve(self, outline: Outline, field: str) -> tuple[float, float]:
        """Return (start, end) [m] on `outline`.

        Raises
        ------
        InputError
            A side that the outline does not have, or an interval that leaves it.
        """
        if self.side not in outline.sides:
            raise InputError(
                f"{field}.side", self.side, " or ".join(outline.sides), "name a side of this outline"
            )
        length = outline.side_length(self.side)
        start = 0.0 if self.start is None else self.start
        end = length if self.end is None else self.end
        slack = 1e-9 * length
        if start < -slack or start >= length:
            raise InputError(
                f"{field}.from", start, f"0 to {length:g} m", "the contact must lie on the outline"
            )
        if end > length + slack or end <= start:
            raise InputError(
                f"{field}.to",
                end,
                f"above {start:g} m, at most {length:g} m",
                "the contact must lie on the outline",
            )
        return max(start, 0.0), min(end, length)


@dataclass(frozen=True)
class Contact:
    """A named contact and its law.

    Parameters
    ----------
    name : Name, as in the scenario.
    stretch : Where it is.
    transfer : None for `equilibrium` (the surface is held at the potential's composition); else the rate
        constant k_c [m s-1] of the `linear` law, flux = k_c dc (w_contact - w_surface).
    """

    name: str
    stretch: Stretch
    transfer: Arrhenius | None = None


def check_contacts(outline: Outline, contacts: tuple[Contact, ...]) -> None:
    """Raise InputError where a contact leaves the outline or two overlap."""
    resolved = [(c, *c.stretch.resolve(outline, f"contacts.{c.name}.where")) for c in contacts]
    for (a, start_a, end_a), (b, start_b, end_b) in itertools.combinations(resolved, 2):
        if a.stretch.side == b.stretch.side and min(end_a, end_b) - max(start_a, start_b) > 1e-12:
            raise InputError(
                f"contacts.{b.name}.where",
                f"{start_b:g} to {end_b:g} m",
                f"no overlap with contacts.{a.name} ({start_a:g} to {end_a:g} m on the {a.stretch.side})",
                "shorten or move one of them",
            )
