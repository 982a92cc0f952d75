"""Where a particle touches the electrolyte, as lines in the image, and how far from it every pixel lies.

Arc length counts along the lines, one line after the other. The distance of a point is the Euclidean one to
the nearest point of any line; the local normal points from there to it. Points that have no normal on the
lines, because they lie beside an end of them, are none of the contact's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely

from lto_sim.errors import InputError
from lto_sim.specimen.rings import make_line

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lto_sim.specimen.rings import Line

    Floats = NDArray[np.float64]

__all__ = ["ContactLine", "Nearest"]

_NEAR: Final[float] = 1e-9
"""Share of the contact's length below which two places are one."""


@dataclass(frozen=True, eq=False)
class Nearest:
    """Points beside a contact; arrays have the shape of the points.

    Parameters
    ----------
    distance : Distance to the contact [m].
    arc : Arc length of the nearest point [m].
    normal : Unit vector (x, y) from there to the point, shape (..., 2).
    side : +1 to the right of the lines as they run (on an image: below a line that runs to the right), -1 to
        the left, 0 on them.
    beside : Whether the point has its normal on the contact.
    """

    distance: Floats
    arc: Floats
    normal: Floats
    side: NDArray[np.int8]
    beside: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ContactLine:
    """The contact of a particle.

    Parameters
    ----------
    lines : Open or closed lines (n, 2) [m]; a closed one ends where it began.
    outline : Exterior and holes of the particle, (n, 2) [m]; without it the particle is a side of the lines.
    inside : A point (x, y) [m] on the particle's side; None: with `outline` inside it, else the side of the
        lines on which more pixels have values.
    name : Name, for tables and errors.

    Raises
    ------
    InputError
        A line of fewer than two different points, or a value that is not finite.
    """

    lines: tuple[Floats, ...]
    outline: tuple[Floats, ...] = ()
    inside: tuple[float, float] | None = None
    name: str = "contact"

    def __post_init__(self) -> None:
        allowed = "two or more different points (x, y) [m]"
        if not self.lines:
            raise InputError(f"contact.{self.name}", "no line", allowed, "give the points of the contact")
        clean = []
        for line in self.lines:
            points = np.asarray(line, dtype=np.float64)
            if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
                raise InputError(f"contact.{self.name}", points.shape, allowed, "give finite x and y")
            apart = np.append(True, np.hypot(*np.diff(points, axis=0).T) > 0.0)
            if apart.sum() < 2:
                raise InputError(f"contact.{self.name}", points.tolist(), allowed, "give one more point")
            clean.append(points[apart])
        if self.inside is not None and not np.isfinite(self.inside).all():
            raise InputError(f"contact.{self.name}.inside", self.inside, "finite (x, y) [m]", "correct it")
        object.__setattr__(self, "lines", tuple(clean))

    @cached_property
    def parts(self) -> tuple[Line, ...]:
        """The lines with their arc length, each from 0."""
        return tuple(make_line(line, closed=False) for line in self.lines)

    @cached_property
    def starts(self) -> Floats:
        """Arc length at which every line begins, and the end of the last, shape (lines + 1,) [m]."""
        return np.concatenate([[0.0], np.cumsum([part.length for part in self.parts])])

    @property
    def length(self) -> float:
        """Length of all lines [m]."""
        return float(self.starts[-1])

    def part_at(self, arc: float) -> int:
        """Return the number of the line on which arc length `arc` [m] lies."""
        return int(np.clip(np.searchsorted(self.starts, arc, side="right") - 1, 0, len(self.parts) - 1))

    def is_closed(self, part: int) -> bool:
        """Whether line `part` ends where it began."""
        line = self.parts[part]
        return bool(np.hypot(*(line.points[-1] - line.points[0])) <= _NEAR * line.length)

    def point(self, arc: float) -> Floats:
        """Return the point (x, y) [m] at arc length `arc` [m]; on a closed line the length goes round."""
        return self._place(arc)[0]

    def normal(self, arc: float) -> Floats:
        """Return the unit normal (x, y) into the particle at arc length `arc` [m]; `inside` must be known."""
        point, tangent = self._place(arc)
        right = np.array([-tangent[1], tangent[0]])
        return right * self._side_of_particle(point, right)

    def nearest(self, x: Floats, y: Floats) -> Nearest:
        """Return distance, arc length, normal and side of points.

        Parameters
        ----------
        x, y : Points [m], both of one shape.

        Returns
        -------
        Nearest
            Each in the shape of `x`, lengths [m].
        """
        x, y = np.broadcast_arrays(x, y)
        points = np.stack([x.ravel(), y.ravel()], axis=-1).astype(np.float64)
        geometry = shapely.points(points)
        best, arc = np.full(x.size, np.inf), np.zeros(x.size)
        side, beside = np.zeros(x.size, dtype=np.int8), np.zeros(x.size, dtype=bool)
        normal = np.zeros(points.shape)
        for number, part in enumerate(self.parts):
            line = shapely.LineString(part.points)
            distance = shapely.distance(line, geometry)
            closer = distance < best
            local = np.asarray(shapely.line_locate_point(line, geometry[closer]))
            found = self._beside(number, points[closer], local, distance[closer])
            normal[closer], side[closer], beside[closer] = found
            best[closer], arc[closer] = distance[closer], self.starts[number] + local
        shape = x.shape
        return Nearest(
            best.reshape(shape),
            arc.reshape(shape),
            normal.reshape(*shape, 2),
            side.reshape(shape),
            beside.reshape(shape),
        )

    def in_particle(self, x: Floats, y: Floats, near: Nearest) -> NDArray[np.bool_]:
        """Whether points lie in the particle and see their nearest point of the contact from there.

        Parameters
        ----------
        x, y : Points [m], all of one shape.
        near : What :meth:`nearest` says of them; without an outline `inside` must be known.

        Returns
        -------
        ndarray of bool
            In the shape of `x`.
        """
        if not self.outline:
            return near.beside & (near.side * self._wanted_side >= 0)
        usable = near.beside.copy()
        links = np.stack([np.stack([x, y], axis=-1), np.stack([x, y], axis=-1)], axis=-2)[usable]
        links[:, 1] -= near.normal[usable] * near.distance[usable][:, None]
        usable[usable] = shapely.covers(self._body, shapely.linestrings(links))
        return usable

    @cached_property
    def _wanted_side(self) -> int:
        if self.inside is None:
            raise InputError(
                f"contact.{self.name}", "a line alone", "a line with a point inside the particle",
                "give the point",
            )  # fmt: skip
        side = int(self.nearest(np.array(self.inside[0]), np.array(self.inside[1])).side)
        if side == 0:
            raise InputError(
                f"contact.{self.name}.inside",
                self.inside,
                "a point beside the contact",
                "move it off the line",
            )
        return side

    @cached_property
    def _body(self) -> Any:
        body = shapely.Polygon(self.outline[0], self.outline[1:]).buffer(_NEAR * self.length)
        shapely.prepare(body)
        return body

    def _side_of_particle(self, point: Floats, right: Floats) -> int:
        if not self.outline:
            return self._wanted_side
        step = 1e-4 * self.length * right
        inside = shapely.contains_xy(self._body, *(point + step))
        return 1 if inside else -1

    def _place(self, arc: float) -> tuple[Floats, Floats]:
        """Return point and tangent at arc length `arc` [m]."""
        number = self.part_at(arc)
        part, local = self.parts[number], arc - self.starts[number]
        if self.is_closed(number):
            local = local % part.length
        at = np.array([local])
        return part.at(at)[0], part.tangent[part.edge_at(at)[0]]

    def _beside(
        self, number: int, points: Floats, local: Floats, distance: Floats
    ) -> tuple[Floats, NDArray[np.int8], NDArray[np.bool_]]:
        """Return normal, side and whether the normal stands on it, for points nearest to line `number`."""
        part = self.parts[number]
        away = points - part.at(local)
        tiny = _NEAR * part.length
        closed = self.is_closed(number)
        ends, begins = closed & (local >= part.length - tiny), closed & (local <= tiny)
        after = part.tangent[part.edge_at(np.where(ends, 0.0, local))]
        before = part.tangent[part.edge_at(np.where(begins, part.length, np.maximum(local - tiny, 0.0)))]
        tangent = after + before
        cross = tangent[:, 0] * away[:, 1] - tangent[:, 1] * away[:, 0]
        side = np.where(np.abs(cross) <= tiny, 0, np.sign(cross)).astype(np.int8)
        on = distance <= tiny
        across = np.stack([-after[:, 1], after[:, 0]], axis=1)
        normal = np.where(on[:, None], across, away / np.where(on, 1.0, distance)[:, None])
        along = (away * after).sum(axis=1)
        past = (local <= tiny) & (along < -tiny) | (local >= part.length - tiny) & (along > tiny)
        return normal, side, ~past | closed
