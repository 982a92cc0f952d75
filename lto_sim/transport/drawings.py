"""Outline, contacts and grain boundaries as lines of points (x, y), for pictures and for reading a run later.

Lines of one kind lie behind one another in one array; a second array says to which line a point belongs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lto_sim.provenance import named
from lto_sim.specimen import Contact, GrainBoundary, Outline, Radial, Slab, outline_rings, resolve_stretch

__all__ = ["contact_lines", "drawings", "outline_lines"]

Floats = NDArray[np.float64]

_ROUND = 361
"""Points of the circle that draws a radial body: its length is right to 2e-5."""


def outline_lines(outline: Outline) -> list[Floats]:
    """Closed lines (n, 2) [m] of an outline: exterior, then holes."""
    if isinstance(outline, Radial):
        angle = np.linspace(0.0, 2.0 * np.pi, _ROUND)
        return [outline.radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)]
    if isinstance(outline, Slab):
        w, h = outline.width, outline.height
        return [np.array([[0.0, 0.0], [w, 0.0], [w, h], [0.0, h], [0.0, 0.0]])]
    return [np.concatenate([ring, ring[:1]]) for ring in outline_rings(outline)]


def contact_lines(outline: Outline, contact: Contact) -> list[Floats]:
    """Lines (n, 2) [m] along which a contact touches the outline."""
    lines = outline_lines(outline)
    if isinstance(outline, Radial):
        return lines
    if isinstance(outline, Slab):
        left = getattr(contact.stretch, "side", "left") == "left"
        return [lines[0][[0, 3]] if left else lines[0][[1, 2]]]
    intervals = resolve_stretch(contact.stretch, outline, f"contacts.{contact.name}.where")
    return [_part(lines[ring], start, end) for ring, start, end in intervals]


def _part(line: Floats, start: float, end: float) -> Floats:
    """Points of a closed line from arc length `start` to `end` [m]; the end may lie one round further."""
    step = np.hypot(*np.diff(line, axis=0).T)
    arc = np.concatenate([[0.0], np.cumsum(step)])
    around = float(arc[-1])
    twice = np.concatenate([arc, arc[1:] + around])
    x, y = (np.concatenate([line[:, axis], line[1:, axis]]) for axis in (0, 1))
    inside = twice[(twice > start) & (twice < end)]
    at = np.concatenate([[start], inside, [end]])
    return np.stack([np.interp(at, twice, x), np.interp(at, twice, y)], axis=1)


def drawings(
    outline: Outline, contacts: Sequence[Contact], boundaries: Sequence[GrainBoundary]
) -> dict[str, object]:
    """Variables of a run that draw its specimen."""
    by_contact = [contact_lines(outline, contact) for contact in contacts]
    by_boundary = [list(boundary.lines) for boundary in boundaries]
    data = _lines("outline", "vertex", [outline_lines(outline)], "outline, (x, y)")
    data |= _lines("contact_line", "contact_vertex", by_contact, "contacts, (x, y)")
    if boundaries:
        data |= _lines("boundary_line", "boundary_vertex", by_boundary, "grain boundaries, (x, y)")
    return data


def _lines(name: str, dim: str, groups: Sequence[Sequence[Floats]], what: str) -> dict[str, object]:
    """Points, the line each belongs to, and the group (contact, boundary) that this line belongs to."""
    lines = [line for group in groups for line in group]
    owner = [number for number, group in enumerate(groups) for _ in group]
    sizes = [len(line) for line in lines]
    points = np.concatenate(lines) if lines else np.empty((0, 2))
    number = np.repeat(np.arange(len(lines)), sizes).astype(np.int32)
    group = np.repeat(owner, sizes).astype(np.int32)
    return {
        name: ((dim, "axis"), points, named("m", what)),
        f"{name}_number": ((dim,), number, named("1", f"line that a point belongs to: {what}")),
        f"{name}_owner": ((dim,), group, named("1", f"its contact, boundary or particle: {what}")),
    }
