"""Where a contact lies, in arc length: every kind of stretch resolved to intervals on rings, and overlaps."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.specimen.bodies import Radial, Rectangle, Slab, positive
from lto_sim.specimen.contacts import AnyStretch, ArcStretch, Contact, LabelStretch, RegionStretch, Stretch
from lto_sim.specimen.labels import beside_label
from lto_sim.specimen.mesh import Floats
from lto_sim.specimen.outline import Outline, outline_rings
from lto_sim.specimen.rings import Line, make_line, segment_crossings

__all__ = ["Interval", "check_contacts", "resolve_stretch"]

Interval = tuple[int, float, float]
"""Ring, start and end [m] of arc length; the end of a stretch through the ring's start is past its length."""

_TOUCH = 1e-12
"""Overlap [m] that is none."""


def resolve_stretch(stretch: AnyStretch, outline: Outline, field: str) -> tuple[Interval, ...]:
    """Intervals (ring, start, end) [m] that a stretch covers.

    Of a slab and a radial body, which have no rings, the first number is that of the side.

    Parameters
    ----------
    stretch : Where the contact is.
    outline : The outline.
    field : Path of the stretch in the scenario, for errors.

    Raises
    ------
    InputError
        The stretch is not on the perimeter, or this outline does not know its kind.
    """
    if isinstance(stretch, Stretch):
        return (_side(stretch, outline, field),)
    if isinstance(outline, Slab | Radial):
        raise InputError(field, type(stretch).__name__, "a side of a slab or radial body", "name its side")
    if isinstance(stretch, ArcStretch):
        return (_arc(stretch, outline.perimeter, field),)
    lines = [make_line(ring, closed=True) for ring in outline_rings(outline)]
    if isinstance(stretch, RegionStretch):
        found = _region(stretch, lines, field)
    else:
        found = _label(stretch, outline, lines, field)
    if not found:
        raise InputError(
            field,
            "not on the perimeter",
            "a stretch of the outline or of a hole",
            "move the contact to the edge of the particle",
        )
    return found


def _side(stretch: Stretch, outline: Outline, field: str) -> Interval:
    start, end = stretch.resolve(outline, field)
    if isinstance(outline, Slab | Radial):
        return outline.sides.index(stretch.side), start, end
    if stretch.side == "all" or not isinstance(outline, Rectangle):
        return 0, start, end
    w, h = outline.width, outline.height
    if stretch.side == "top":
        return 0, start, end
    if stretch.side == "right":
        return 0, w + start, w + end
    if stretch.side == "bottom":
        return 0, 2.0 * w + h - end, 2.0 * w + h - start
    return 0, 2.0 * (w + h) - end, 2.0 * (w + h) - start


def _arc(stretch: ArcStretch, perimeter: float, field: str) -> Interval:
    slack = 1e-9 * perimeter
    if not 0.0 <= stretch.start < perimeter:
        raise InputError(
            f"{field}.from", stretch.start, f"0 to {perimeter:g} m", "the contact must lie on the outline"
        )
    length = stretch.end - stretch.start
    if not 0.0 < length <= perimeter + slack:
        raise InputError(
            f"{field}.to",
            stretch.end,
            f"above {stretch.start:g} m, at most the perimeter of {perimeter:g} m further",
            "the contact must lie on the outline",
        )
    return 0, stretch.start, stretch.start + min(length, perimeter)


def _region(stretch: RegionStretch, lines: list[Line], field: str) -> tuple[Interval, ...]:
    points = np.asarray(stretch.polygon, dtype=np.float64)
    good = points.ndim == 2 and points.shape[1] == 2 and len(points) >= 3 and np.isfinite(points).all()
    region = shapely.Polygon(points) if good else None
    if region is None or not shapely.is_valid(region) or region.area <= 0.0:
        raise InputError(
            f"{field}.polygon",
            f"shape {points.shape}",
            "at least 3 points [m] of a line that does not cross itself",
            "correct the polygon",
        )
    border = make_line(points, closed=True)
    shapely.prepare(region)
    found: list[Interval] = []
    for number, line in enumerate(lines):
        cuts = np.unique(np.append(segment_crossings(line, border), line.arc[:-1]))
        end = np.append(cuts[1:], line.length)
        middle = shapely.points(line.at(0.5 * (cuts + end)))
        inside = shapely.dwithin(middle, region, 1e-9 * line.length)
        found += _join(number, cuts, end, inside, line.length)
    return tuple(found)


def _label(stretch: LabelStretch, outline: Outline, lines: list[Line], field: str) -> tuple[Interval, ...]:
    positive(f"{field}.pixel_size", stretch.pixel_size)
    labels = np.asarray(stretch.labels)
    if labels.ndim != 2 or not (labels == stretch.value).any():
        raise InputError(
            f"{field}.value", stretch.value, "a label of the image", "name one of the labels in it"
        )
    covers = beside_label(stretch, outline_rings(outline))
    found: list[Interval] = []
    for number, line in enumerate(lines):
        steps = max(16, int(np.ceil(line.length / (0.25 * stretch.pixel_size))))
        place: Floats = np.arange(steps, dtype=np.float64) * (line.length / steps)
        on = covers(line.at(place))
        if on.all():
            found.append((number, 0.0, line.length))
            continue
        change = np.flatnonzero(on != np.roll(on, -1))
        ends = _bisect(line, covers, place[change], place[change] + line.length / steps, on[change])
        # ends come in pairs off-on, on-off; the ring may begin inside a pair
        starts, stops = ends[~on[change]], ends[on[change]]
        if stops.size and starts.size and stops[0] < starts[0]:
            stops = np.append(stops[1:], stops[0] + line.length)
        found += [(number, float(a), float(b)) for a, b in zip(starts, stops, strict=True)]
    return tuple(found)


def _bisect(
    line: Line,
    covers: Callable[[Floats], NDArray[np.bool_]],
    low: Floats,
    high: Floats,
    at_low: NDArray[np.bool_],
) -> Floats:
    """Arc lengths [m] at which coverage changes between `low` and `high`, to rounding."""
    for _ in range(40):
        middle = 0.5 * (low + high)
        same = covers(line.at(middle)) == at_low
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return np.asarray(0.5 * (low + high), dtype=np.float64)


def _join(ring: int, start: Floats, end: Floats, inside: NDArray[np.bool_], length: float) -> list[Interval]:
    """Join consecutive pieces that are inside; a stretch through the ring's start stays one."""
    if inside.all():
        return [(ring, 0.0, length)]
    first = np.flatnonzero(inside & ~np.roll(inside, 1))
    last = np.flatnonzero(inside & ~np.roll(inside, -1))
    if first.size and last[0] < first[0]:
        last = np.roll(last, -1)
    spans = [(float(start[a]), float(end[b])) for a, b in zip(first, last, strict=True)]
    joined = [(ring, a, b if b > a else b + length) for a, b in spans]
    return [span for span in joined if span[2] - span[1] > 1e-9 * length]


def check_contacts(outline: Outline, contacts: tuple[Contact, ...]) -> tuple[tuple[Interval, ...], ...]:
    """Intervals that every contact covers.

    Parameters
    ----------
    outline : The outline.
    contacts : Its contacts.

    Returns
    -------
    tuple of tuple of Interval
        For each contact the stretches of arc length [m].

    Raises
    ------
    InputError
        A contact that leaves the outline, or two that overlap.
    """
    rings = [make_line(ring, closed=True).length for ring in outline_rings(outline)]
    resolved = tuple(resolve_stretch(c.stretch, outline, f"contacts.{c.name}.where") for c in contacts)
    for (a, spans_a), (b, spans_b) in itertools.combinations(zip(contacts, resolved, strict=True), 2):
        for (ring_a, *span_a), (ring_b, *span_b) in itertools.product(spans_a, spans_b):
            if ring_a != ring_b:
                continue
            lap = rings[ring_a] if rings else np.inf
            laps = (-lap, 0.0, lap) if rings else (0.0,)
            if any(min(span_a[1], span_b[1] + s) - max(span_a[0], span_b[0] + s) > _TOUCH for s in laps):
                raise InputError(
                    f"contacts.{b.name}.where",
                    f"{span_b[0]:g} to {span_b[1]:g} m of arc length",
                    f"no overlap with contacts.{a.name} ({span_a[0]:g} to {span_a[1]:g} m)",
                    "shorten or move one of them",
                )
    return resolved
