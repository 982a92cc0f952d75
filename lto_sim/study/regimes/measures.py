"""What a run says about its regime, from its saved states and without noise.

content
    Transformed part of the particle.
front of a ray
    Transformed fraction along the way of the front, summed from the contact to where it is least, times the
    cell: a shell on the far side does not count. Where it is nowhere below one half, all of it is summed.
shell index
    S = (X_skin - X_core)/max(X_skin, X_core) when half of the particle is transformed. X_core is the front at
    mid-height in the middle half of the thickness; X_skin that in the outer quarter of the thickness under
    either face, at mid-height, or in the outer tenth of the breadth along either wall, in the middle half of
    the thickness: whichever is farther ahead or, where neither leads by 0.01, farther behind. 0 for a planar
    front, towards 1 for a shell that runs far ahead of the core, below 0 where the middle leads (a contact on
    a part of its side). A thinner shell counts by the part of its skin that it fills, so that the index does
    not hang on the cells (with a multiple of four layers to 0.02; six read 0.04 less). NaN where surfaces
    conduct that have no core of its own between them (fewer than three layers, or rows), or where no state is
    within 0.05 of half of the content.
tip
    Lead of the cross-section over the core, g(x) - c(x): g the mean of the transformed fraction over the
    cross-section, c that at mid-plane and mid-height. The tip is where the lead has fallen to a tenth of its
    largest value (0.68 of the reach of an exact shell, at all times), short of where g is least; without a
    lead of 0.002 it is the mean front. Not read once it is within a cell of the far side.
mean front
    The transformed fraction at mid-height, mean through the thickness, as a ray.
exponents
    p of x = const t^p by a straight line through ln x over ln t, at 30 times spread evenly in ln t over the
    last decade before the tip, or the front at 0.8 of the way, arrives; from three cells on. Their quality is
    the root mean square of the residuals in ln x. NaN where less than a factor of three in time is left; that
    of the tip also where surfaces have no core of its own between them.
closure
    Time at which the mid-plane at mid-height is transformed to 0.99 at a distance from the contact, between
    states by a straight line, or by that through the last two states before, where it says sooner. NaN where
    states are farther apart than a tenth of that time.
apparent k
    Half the slope of xi^2 over t of the mean front, from half of the last position or the crossover
    2 sqrt(3 l H) on, whichever is farther, while the tip at mid-height is on its way. Where the crossover is
    beyond 0.8 of the last position, from half of that position on, and `beyond` says no.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.study.lamella.fronts import mean_front
from lto_sim.study.regimes.view import FrontView

__all__ = [
    "INDEX_CONTENT",
    "ApparentRate",
    "PowerLaw",
    "apparent_rate",
    "closure",
    "front_law",
    "power_law",
    "shell_index",
    "tip_law",
    "tip_positions",
]

Floats = NDArray[np.float64]

INDEX_CONTENT: Final = 0.5
"""Content at which the shell index is read."""

_MIDDLE: Final = (0.4, 0.6)
_INNER: Final = (0.25, 0.75)
_FACE_SKIN: Final = 0.25
_WALL_SKIN: Final = 0.1
_NEAREST: Final = 0.05
_FARTHEST_STATES: Final = 0.1
_TIP_PART: Final = 0.1
_AHEAD: Final = 0.01
_LEAST_LEAD: Final = 0.002
_TRANSFORMED: Final = 0.99
_POINTS: Final = 30
_DECADE: Final = 10.0
_LEAST_SPAN: Final = 3.0
_LEAST_CELLS: Final = 3.0
_LAST_WAY: Final = 0.8
_LATTER: Final = 0.5
_HALF: Final = 0.5
_FEWEST: Final = 4


@dataclass(frozen=True)
class PowerLaw:
    """A straight line through ln x over ln t.

    Parameters
    ----------
    exponent : p of x = const t^p [1]; NaN where there is no window.
    rms : Root mean square of its residuals in ln x [1].
    start, end : Window [s].
    """

    exponent: float
    rms: float
    start: float
    end: float


@dataclass(frozen=True)
class ApparentRate:
    """Rate constant of the mean front.

    Parameters
    ----------
    k : Rate constant of xi^2 = 2 k t [m2 s-1]; NaN with fewer than four states.
    start, end : Positions of the front between which it is read [m].
    beyond : Whether all of it is beyond the crossover.
    """

    k: float
    start: float
    end: float
    beyond: bool


def _band(count: int) -> slice:
    return slice(int(_MIDDLE[0] * count), max(math.ceil(_MIDDLE[1] * count), 1))


def _mid_plane(view: FrontView) -> slice:
    layers = view.grown.shape[1]
    return slice((layers - 1) // 2, layers // 2 + 1)


def _core(view: FrontView) -> Floats:
    """Transformed fraction (time, x) at mid-plane and mid-height."""
    rows = _band(view.grown.shape[2])
    return np.asarray(view.grown[:, _mid_plane(view), rows].mean(axis=(1, 2)))


def _ray_front(ray: Floats, cell: float) -> Floats:
    """Front (time,) of a ray (time, x)."""
    return np.asarray((ray * _this_side(ray)).sum(axis=1) * cell)


def _this_side(ray: Floats) -> NDArray[np.bool_]:
    """Cells of rays (time, x) up to where they are least; all of a ray that is transformed throughout."""
    last = np.where(ray.min(axis=1) < _HALF, np.argmin(ray, axis=1), ray.shape[1])
    return np.asarray(np.arange(ray.shape[1])[None, :] <= last[:, None])


def shell_index(view: FrontView, content: float = INDEX_CONTENT) -> float:
    """Shell index [1] at a content, linear between states; NaN where the run does not reach it (see module).

    Parameters
    ----------
    view : The run.
    content : Content at which it is read [1], above 0 and below 1.
    """
    now = np.maximum.accumulate(view.content)
    if not view.resolved or now[-1] < content or now[0] >= content:
        return math.nan
    if np.abs(now - content).min() > _NEAREST:
        return math.nan
    last = int(np.searchsorted(now, content))
    grown = view.grown[last - 1 : last + 1]
    _, layers, rows, _ = grown.shape
    inner, middle = _parts(layers, *_INNER), _parts(rows, *_MIDDLE)
    core, faces, walls = (
        _ray_front(np.einsum("tzyx,z,y->tx", grown, z, y), view.cell)
        for z, y in ((inner, middle), (_skin(layers, _FACE_SKIN), middle), (inner, _skin(rows, _WALL_SKIN)))
    )
    leads = np.stack([_lead(faces, core), _lead(walls, core)])
    index = np.where(leads.max(axis=0) > _AHEAD, leads.max(axis=0), leads.min(axis=0))
    return float(np.interp(content, now[last - 1 : last + 1], index))


def _parts(count: int, start: float, end: float) -> Floats:
    """Parts that cells have in a stretch from start to end of their row, 1 together."""
    edges = np.arange(count + 1) / count
    parts = np.clip(np.minimum(edges[1:], end) - np.maximum(edges[:-1], start), 0.0, None)
    return np.asarray(parts / parts.sum())


def _skin(count: int, part: float) -> Floats:
    """Parts that cells have in the outer part at both ends, 1 together."""
    return 0.5 * (_parts(count, 0.0, part) + _parts(count, 1.0 - part, 1.0))


def _lead(skin: Floats, core: Floats) -> Floats:
    """Lead of fronts over others, as part of the farther."""
    farther = np.maximum(skin, core)
    return np.asarray((skin - core) / np.where(farther > 0.0, farther, 1.0))


def tip_positions(view: FrontView, *, middle: bool = False) -> Floats:
    """Tip [m] of every state, (time,); NaN once it has arrived.

    Parameters
    ----------
    view : The run.
    middle : Of the shells under the faces at mid-height only.
    """
    rows = _band(view.grown.shape[2]) if middle else slice(None)
    section = view.grown[:, :, rows].mean(axis=(1, 2))
    lead = np.where(_this_side(section), section - _core(view), -np.inf)
    position = view.position
    mean = mean_front(view.grown, view.cell)
    tips = np.array([_tip(row, position, view.cell) for row in lead])
    tips = np.fmax(tips, mean)
    arrived = np.logical_or.accumulate(tips >= view.length - view.cell)
    return np.where(arrived, np.nan, tips)


def _tip(lead: Floats, position: Floats, cell: float) -> float:
    """Where a lead has fallen to a tenth of its largest value; NaN without one, beyond the end if nowhere."""
    top = int(np.argmax(lead))
    if lead[top] < _LEAST_LEAD:
        return math.nan
    low = _TIP_PART * lead[top]
    below = np.flatnonzero(lead[top:] <= low)
    if below.size == 0 or lead[top + below[0]] == -np.inf:
        return float(position[-1] + cell)
    i = top + int(below[0])
    if i == top:
        return float(position[top])
    return float(np.interp(-low, -lead[i - 1 : i + 1], position[i - 1 : i + 1]))


def power_law(time: Floats, value: Floats, least: float, last: float = math.inf) -> PowerLaw:
    """Return the exponent over the last decade of time.

    Parameters
    ----------
    time : Times [s], shape (n,).
    value : Positions [m], shape (n,); those from the first NaN on are left out.
    least, last : Positions between which they are used [m].
    """
    nothing = PowerLaw(math.nan, math.nan, math.nan, math.nan)
    ended = np.flatnonzero(~np.isfinite(value) | (value > last))
    part = slice(0, int(ended[0])) if ended.size else slice(None)
    time, value = time[part], value[part]
    used = (time > 0.0) & (value >= least)
    if used.sum() < _FEWEST:
        return nothing
    first, end = float(time[used][0]), float(time[used][-1])
    start = max(first, end / _DECADE)
    if end < _LEAST_SPAN * start:
        return nothing
    at = np.linspace(math.log(start), math.log(end), _POINTS)
    x = np.interp(at, np.log(time[used]), np.log(value[used]))
    slope, offset = np.polyfit(at, x, 1)
    rms = float(np.sqrt(np.mean(np.square(x - slope * at - offset))))
    return PowerLaw(float(slope), rms, start, end)


def tip_law(view: FrontView) -> PowerLaw:
    """Exponent of the tip of `view`; NaN where surfaces conduct that have no core of its own between them."""
    tips = tip_positions(view) if view.resolved else np.full(view.time.size, np.nan)
    return power_law(view.time, tips, _LEAST_CELLS * view.cell)


def front_law(view: FrontView) -> PowerLaw:
    """Exponent of the mean front of `view`, up to 0.8 of the way."""
    front = mean_front(view.grown, view.cell)
    return power_law(view.time, front, _LEAST_CELLS * view.cell, _LAST_WAY * view.length)


def closure(view: FrontView, place: float) -> float:
    """Time [s] at which the mid-plane has closed at a distance from the contact.

    NaN where it does not, where states are too far apart, or where surfaces have no core of its own between
    them.

    Parameters
    ----------
    view : The run.
    place : Distance from the contact [m], from the middle of the first cell to that of the last.

    Raises
    ------
    InputError
        A place beyond the cells' middles.
    """
    position = view.position
    if not position[0] * (1.0 - 1e-9) <= place <= position[-1]:
        raise InputError(
            "place", place, f"{position[0]:.3g} to {position[-1]:.3g} m", "take smaller cells along the way"
        )
    if not view.resolved:
        return math.nan
    ray = _core(view)
    after = min(int(np.searchsorted(position, place)), position.size - 1)
    before = max(after - 1, 0)
    times = [_reached(view.time, ray[:, i]) for i in (before, after)]
    if before == after:
        return times[0]
    return float(np.interp(place, position[[before, after]], times))


def _reached(time: Floats, fraction: Floats) -> float:
    done = np.flatnonzero(fraction >= _TRANSFORMED)
    if done.size == 0:
        return math.nan
    i = int(done[0])
    if i == 0 or time[i] - time[i - 1] > _FARTHEST_STATES * time[i]:
        return math.nan
    found = float(np.interp(_TRANSFORMED, fraction[i - 1 : i + 1], time[i - 1 : i + 1]))
    rise = fraction[i - 1] - fraction[i - 2] if i > 1 else 0.0
    if rise <= 0.0:
        return found
    before = time[i - 1] + (_TRANSFORMED - fraction[i - 1]) / rise * (time[i - 1] - time[i - 2])
    return min(found, float(before))


def apparent_rate(view: FrontView, crossover: float) -> ApparentRate:
    """Return the rate constant of the mean front.

    Parameters
    ----------
    view : The run.
    crossover : Position from which surface and bulk conduct in parallel [m]; 0 without faces that conduct.
    """
    front = mean_front(view.grown, view.cell)
    on_its_way = np.isfinite(tip_positions(view, middle=True)) & (front <= _LAST_WAY * view.length)
    ended = np.flatnonzero(~on_its_way)
    count = int(ended[0]) if ended.size else front.size
    last = float(front[:count].max(initial=0.0))
    beyond = crossover <= _LAST_WAY * last
    start = max(_LATTER * last, crossover) if beyond else _LATTER * last
    used = (front[:count] >= start) & (front[:count] > 0.0)
    if used.sum() < _FEWEST:
        return ApparentRate(math.nan, start, last, False)
    slope = np.polynomial.Polynomial.fit(view.time[:count][used], front[:count][used] ** 2, 1).convert().coef
    return ApparentRate(0.5 * float(slope[1]), start, last, bool(beyond))
