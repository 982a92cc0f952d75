"""Where a particle of a population touches the electrolyte: how much of a side, and where on it.

    coverage c    part of the side, or of the whole perimeter, that the contact covers
    position p    where: on a side of length L the stretch begins at p (1 - c) L, so that 0 is the beginning
                  of the side, 0.5 its middle and 1 its end; on a closed line (`arc`) it begins at p L

Without a position a stretch of a side lies in its middle, and an arc keeps the middle that it has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lto_sim.errors import InputError
from lto_sim.scenario import Scenario, build_specimen
from lto_sim.scenario.outline import RadialSpec

__all__ = ["Touch", "find_contact", "touch_of"]

_MIDDLE: Final = 0.5


@dataclass(frozen=True)
class Touch:
    """The contact that is drawn, on the particle of the scenario.

    Parameters
    ----------
    name : Name of the contact.
    length : Length of its side, or of the perimeter [m].
    start, end : The scenario's own stretch [m] along it.
    closed : Whether it is counted along the closed outline.
    """

    name: str
    length: float
    start: float
    end: float
    closed: bool

    @property
    def coverage(self) -> float:
        """Part of the side that the scenario's own contact covers [1]."""
        return (self.end - self.start) / self.length

    def paths(self, factor: float, coverage: float, position: float | None) -> dict[str, float]:
        """Values of the stretch of a particle, by path [m].

        Parameters
        ----------
        factor : Size over that of the scenario [1].
        coverage : Part of the side that is covered [1].
        position : Where, 0 to 1; None: in the middle.
        """
        where = f"contacts.{self.name}.where"
        whole = factor * self.length
        covered = coverage * whole
        if self.closed:
            middle = 0.5 * factor * (self.start + self.end)
            start = (middle - 0.5 * covered if position is None else position * whole) % whole
            return {f"{where}.arc.0": start, f"{where}.arc.1": start + covered}
        start = (_MIDDLE if position is None else position) * (whole - covered)
        return {f"{where}.from": start, f"{where}.to": start + covered}


def find_contact(scenario: Scenario, name: str | None) -> str:
    """Name of the contact that is meant.

    Raises
    ------
    InputError
        No such contact, or several and none named.
    """
    names = list(scenario.contacts)
    if name is None and len(names) == 1:
        return names[0]
    if name not in names:
        raise InputError("contact", name, " or ".join(names), "name the contact that is drawn")
    return name


def touch_of(scenario: Scenario, name: str) -> Touch:
    """Return the contact as it can be drawn.

    Raises
    ------
    InputError
        A cylinder or sphere, fed over all of its surface; a contact given by a region or an image.
    """
    field = f"contacts.{name}.where"
    spec = scenario.contacts[name].where
    if isinstance(scenario.specimen.outline, RadialSpec):
        raise InputError(
            "coverage", scenario.specimen.outline.shape, "a body with sides or an outline",
            "a cylinder or sphere is fed over its whole surface: leave coverage and position out",
        )  # fmt: skip
    outline = build_specimen(scenario).outline
    if spec.arc is not None:
        return Touch(name, float(outline.side_length("all")), spec.arc[0], spec.arc[1], closed=True)
    if spec.side is None:
        raise InputError(field, spec.way, "side or arc", "coverage and position need a line to count along")
    if spec.side not in outline.sides:
        sides = " or ".join(outline.sides)
        raise InputError(f"{field}.side", spec.side, sides, "name a side of this outline")
    length = float(outline.side_length(spec.side))
    start, end = 0.0 if spec.start is None else spec.start, length if spec.end is None else spec.end
    return Touch(name, length, start, end, closed=False)
