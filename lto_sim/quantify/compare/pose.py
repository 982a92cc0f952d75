"""Where a recorded particle lies in the frame of a run, from its outline.

A pose takes points of the recorded frame to the run's,

    r_run = c + shift + scale R(rotation) M (r_recorded - c),

c the centre of the recorded frame, R a rotation from x towards y (clockwise on the screen: y points down), M
the identity or the mirror image x -> -x. It is found from how much of every recorded pixel is particle:

1. coarse: for every rotation the squared difference of both images at all shifts at once, by Fourier
   transforms, over the recorded pixels only (a particle that leaves the frame is no error);
2. fine: least squares of the area fractions of the pixels beside the outline. A mask of finite pixels says
   "particle" from an unknown fraction upwards; where it is all there is, the outline may grow evenly.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage, optimize, sparse
from scipy.signal import fftconvolve

from lto_sim.errors import InputError
from lto_sim.microscope.frames import cell_faces, column_stack

__all__ = ["Pose", "area_weights", "box_text", "find_pose", "particle_of_run"]

Floats = NDArray[np.float64]

_FREE: Final = ("shift", "rotation", "scale", "mirror")
_COARSE, _FAR = 64, 5.0  # most pixels along a side of the coarse search; how many times worse is too bad
_ANGLES: Final = np.deg2rad(np.arange(0.0, 360.0, 5.0))
_BAND: Final = 4  # pixels beside the outline that the fine search looks at
_STEP: Final = 0.1  # of a pixel, for finite differences
# Least squared change of the image by a pixel of motion, per pixel of the outline: a circle that turns has
# less, an ellipse with axes 1 : 1.1 twice as much.
_DETERMINED: Final = 0.002
_AS_GOOD: Final = 1.2  # poses with up to this times the best squared difference fit as well
_MASK_VARIANCE: Final = 1.0 / 12.0  # of a fraction that is only known to lie above or below a level
_SUBDIVISIONS: Final = 4  # least parts along the sides of a turned pixel


@dataclass(frozen=True)
class Pose:
    """Position of the recorded frame in the frame of a run.

    Parameters
    ----------
    shift : Along x and y [m].
    rotation : From x towards y [rad].
    scale : Length in the run over length as recorded [1] (1: the pixel size is right).
    mirror : Whether x is turned round before the rotation.
    centre : Point of the recorded frame (x, y) that rotation, scale and mirror leave where it is [m].
    shift_std, rotation_std, scale_std : Standard deviations [m], [rad], [1]; None where the value was given.
    alternative : Another pose that the outline fits as well, in words; empty where there is none.
    """

    shift: tuple[float, float] = (0.0, 0.0)
    rotation: float = 0.0
    scale: float = 1.0
    mirror: bool = False
    centre: tuple[float, float] = (0.0, 0.0)
    shift_std: tuple[float, float] | None = None
    rotation_std: float | None = None
    scale_std: float | None = None
    alternative: str = ""

    @property
    def identity(self) -> bool:
        """Whether both frames are the same."""
        return self.shift == (0.0, 0.0) and self.rotation == 0.0 and self.scale == 1.0 and not self.mirror

    def to_run(self, x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
        """Points `x` [m], `y` [m] of the recorded frame in the frame of the run [m], elementwise."""
        along = self.scale * (np.asarray(x, dtype=np.float64) - self.centre[0])
        down = self.scale * (np.asarray(y, dtype=np.float64) - self.centre[1])
        if self.mirror:
            along = -along
        cos, sin = np.cos(self.rotation), np.sin(self.rotation)
        to_x = self.centre[0] + self.shift[0] + cos * along - sin * down
        to_y = self.centre[1] + self.shift[1] + sin * along + cos * down
        return np.asarray(to_x), np.asarray(to_y)


@dataclass(frozen=True, eq=False)
class _Particle:
    """Area fractions on a regular grid, and how fast they change where the outline moves out [1/m]."""

    coverage: Floats
    edge: Floats
    x_face: Floats
    y_face: Floats


@dataclass(frozen=True, eq=False)
class _View:
    """The recorded frame: particle in every pixel, centres and size of the pixels (x, y) [m]."""

    inside: Floats
    x: Floats
    y: Floats
    pixel: tuple[float, float]
    centre: tuple[float, float]


def area_weights(
    pose: Pose, x: Floats, y: Floats, pixel: Sequence[float], x_face: Floats, y_face: Floats
) -> sparse.csr_array:
    """Share of every cell of a regular grid in recorded pixels.

    A pixel is cut into parts no larger than a cell, whose sides follow the grid: exact where the pose does
    not turn the pixel, and with an area that is exact where it does.

    Parameters
    ----------
    pose : From recorded pixels to the grid.
    x, y : Centres of the pixels [m], shape (n,).
    pixel : Their size (x, y) [m].
    x_face, y_face : Borders of the cells, evenly spaced [m].

    Returns
    -------
    (n, rows * columns of the grid); a row sums to 1, to less where the pixel leaves the grid.
    """
    step = float(x_face[1] - x_face[0]), float(y_face[1] - y_face[0])
    least = _SUBDIVISIONS if abs(np.sin(2.0 * pose.rotation)) > 1e-12 else 1
    parts = [max(least, int(np.ceil(pose.scale * side / min(step) * (1.0 - 1e-9)))) for side in pixel]
    across, down = ((np.arange(n) + 0.5) / n - 0.5 for n in parts)
    at_x = (x[:, None, None] + across[None, None, :] * pixel[0]).repeat(parts[1], axis=1)
    at_y = (y[:, None, None] + down[None, :, None] * pixel[1]).repeat(parts[0], axis=2)
    to_x, to_y = (points.reshape(x.size, -1) for points in pose.to_run(at_x, at_y))
    sides = [pose.scale * side / n for side, n in zip(pixel, parts, strict=True)]
    if abs(np.sin(pose.rotation)) > abs(np.cos(pose.rotation)):
        sides.reverse()
    columns, rows = x_face.size - 1, y_face.size - 1
    number = np.broadcast_to(np.arange(x.size)[:, None], to_x.shape)
    entries = []
    for column, share_x in _cells(to_x, sides[0], float(x_face[0]), step[0]):
        for row, share_y in _cells(to_y, sides[1], float(y_face[0]), step[1]):
            share = share_x * share_y / (parts[0] * parts[1])
            use = (column >= 0) & (column < columns) & (row >= 0) & (row < rows) & (share > 0.0)
            entries.append((share[use], number[use], (row * columns + column)[use]))
    value, to, cell = (np.concatenate([entry[k] for entry in entries]) for k in range(3))
    return sparse.csr_array((value, (to, cell)), shape=(x.size, rows * columns))


def _cells(at: Floats, side: float, first: float, step: float) -> Iterator[tuple[NDArray[np.int64], Floats]]:
    """Cells under an interval no longer than a cell, and its share in each."""
    low = (at - 0.5 * side - first) / step
    cell = np.floor(low).astype(np.int64)
    share = np.minimum((cell + 1 - low) * step / side, 1.0)
    yield cell, share
    yield cell + 1, 1.0 - share


def particle_of_run(run: xr.Dataset) -> tuple[Floats, Floats, Floats, Floats]:
    """Projected volume and area of the particle in the cells of a run, per area of a cell.

    Parameters
    ----------
    run : Run of a slab or rectangle.

    Returns
    -------
    content : Volume per area [m], (y, x).
    coverage : Area fraction, (y, x).
    x_face, y_face : Borders of the cells [m].

    Raises
    ------
    InputError
        A radial run, or no run.
    """
    if run.attrs.get("geometry") == "radial":
        raise InputError("run", "a radial run", "a slab or a rectangle", "maps need an image plane")
    if "li_fraction" not in run or "cell_volume" not in run:
        raise InputError("run", sorted(map(str, run.data_vars)), "a run", "give what `lto-sim run` stored")
    x_face, y_face = cell_faces(run["x"].values), cell_faces(run["y"].values)
    cell = np.diff(y_face)[:, None] * np.diff(x_face)[None, :]
    volume, area = column_stack(run)
    return volume / cell, np.clip(area / cell, 0.0, 1.0), x_face, y_face


def find_pose(
    maps: xr.Dataset,
    run: xr.Dataset,
    *,
    free: Collection[str] = ("shift", "rotation"),
    inside: ArrayLike | None = None,
) -> Pose:
    """Find where the recorded particle lies in the frame of a run.

    Parameters
    ----------
    maps : ``li_fraction(time, y, x)``, NaN outside the particle; where it has ``coverage(y, x)``, the part of
        a pixel that is particle, that is taken instead.
    run : Run of a slab or rectangle.
    free : What is sought: ``"shift"`` (always), ``"rotation"``, ``"scale"``, ``"mirror"``.
    inside : Particle in every pixel, (y, x): a mask, for example of the dark field, or area fractions.

    Returns
    -------
    The pose with standard deviations, those of a mask as if its pixels were independent. Of several that fit
    as well, as those of a rectangle, the one that turns least; it names another.

    Raises
    ------
    InputError
        The particle fills the recorded frame or is not in it, or its outline does not determine what is free.
    """
    if "shift" not in free or set(free) - set(_FREE):
        allowed = f"shift, and any of {', '.join(_FREE[1:])}"
        raise InputError("free", sorted(free), allowed, "correct the list")
    view, particle = _view(maps, inside), _particle(*particle_of_run(run)[1:])
    found = [_refined(view, particle, start, free) for start in _coarse(view, particle, free)]
    least = min(square for _, square in found)
    if not np.isfinite(least):
        raise InputError(
            "free", sorted(free), "what the outline in view determines",
            "leave rotation or scale out, or give the pose",
        )  # fmt: skip
    fits = [pose for pose, square in found if square <= _AS_GOOD * least + 1e-6 * view.inside.size]
    best = min(fits, key=lambda pose: (pose.mirror, round(abs(pose.rotation), 3)))
    turns = [abs((pose.rotation - best.rotation + np.pi) % (2.0 * np.pi) - np.pi) for pose in fits]
    others = [p for p, turn in zip(fits, turns, strict=True) if p.mirror != best.mirror or turn > 0.2]
    return replace(best, alternative=_words(others[0])) if others else best


def box_text(x: Floats, y: Floats) -> str:
    """Ends of places x and y [m], in words."""
    ends = (float(end) * 1e9 for end in (x.min(), x.max(), y.min(), y.max()))
    return "x {:.4g} to {:.4g} nm, y {:.4g} to {:.4g} nm".format(*ends)


def _words(pose: Pose) -> str:
    x, y = (value * 1e9 for value in pose.shift)
    text = f"{x:.4g} nm, {y:.4g} nm, {np.rad2deg(pose.rotation):.4g} deg"
    return f"{text}, mirrored" if pose.mirror else text


def _view(maps: xr.Dataset, inside: ArrayLike | None) -> _View:
    if "li_fraction" not in maps or set(maps["li_fraction"].dims) != {"time", "y", "x"}:
        raise InputError("maps.li_fraction", "missing", "li_fraction(time, y, x)", "give maps of lithium")
    shape = (maps.sizes["y"], maps.sizes["x"])
    if min(shape) < 2:
        raise InputError("maps", shape, "two pixels or more along x and y", "a line has no outline")
    if inside is not None:
        part = np.asarray(inside, dtype=np.float64)
    elif "coverage" in maps:
        part = np.asarray(maps["coverage"].transpose("y", "x").values, dtype=np.float64)
    else:
        known = np.isfinite(maps["li_fraction"].transpose("time", "y", "x").values).mean(axis=0) >= 0.5
        part = ndimage.binary_fill_holes(known).astype(np.float64)
    if part.shape != shape or not np.all(np.isfinite(part)) or part.min() < 0.0 or part.max() > 1.0:
        raise InputError("inside", part.shape, f"numbers from 0 to 1, {shape} of them", "one for every pixel")
    if part.min() > 0.5 or part.max() <= 0.5:
        reason = "fills the recorded frame" if part.min() > 0.5 else "is not in the recorded frame"
        raise InputError(
            "pose", f"a particle that {reason}", "an outline in view",
            "without it the pose cannot be found: give it, or take the frames as they are",
        )  # fmt: skip
    x, y = maps["x"].values.astype(np.float64), maps["y"].values.astype(np.float64)
    pixel = float(x[-1] - x[0]) / (x.size - 1), float(y[-1] - y[0]) / (y.size - 1)
    return _View(part, x, y, pixel, (0.5 * float(x[0] + x[-1]), 0.5 * float(y[0] + y[-1])))


def _particle(coverage: Floats, x_face: Floats, y_face: Floats) -> _Particle:
    """With two empty cells around the box, so that an outline along its border has an edge."""
    step_x, step_y = float(x_face[1] - x_face[0]), float(y_face[1] - y_face[0])
    padded = np.pad(coverage, 2)
    slope_y, slope_x = np.gradient(padded, step_y, step_x)
    faces = (
        np.linspace(face[0] - 2.0 * step, face[-1] + 2.0 * step, face.size + 4)
        for face, step in ((x_face, step_x), (y_face, step_y))
    )
    return _Particle(padded, np.hypot(slope_x, slope_y), *faces)


def _coarse(view: _View, particle: _Particle, free: Collection[str]) -> list[Pose]:
    """Poses at the minima of the squared difference over rotations, each with its best shift."""
    factor = int(np.ceil(max(view.inside.shape) / _COARSE))
    rows, columns = (size // factor for size in view.inside.shape)
    blocks = view.inside[: rows * factor, : columns * factor].reshape(rows, factor, columns, factor)
    image = blocks.mean(axis=(1, 3))
    pitch = view.pixel[0] * factor, view.pixel[1] * factor
    middle = (
        view.x[0] + (0.5 * columns * factor - 0.5) * view.pixel[0] - view.centre[0],
        view.y[0] + (0.5 * rows * factor - 0.5) * view.pixel[1] - view.centre[1],
    )
    angles = _ANGLES if "rotation" in free else np.zeros(1)
    starts = []
    for mirror in (False, True) if "mirror" in free else (False,):
        found = [_best_shift(view, particle, image, pitch, middle, float(a), mirror) for a in angles]
        square = np.array([one for _, one in found])
        lowest = (square <= np.roll(square, 1)) & (square <= np.roll(square, -1))
        order = [k for k in np.argsort(square, kind="stable") if lowest[k]][:4]
        starts += [found[k][0] for k in order if square[k] <= _FAR * abs(square.min()) + 1e-6]
    return starts


def _best_shift(
    view: _View,
    particle: _Particle,
    image: Floats,
    pitch: tuple[float, float],
    middle: tuple[float, float],
    rotation: float,
    mirror: bool,
) -> tuple[Pose, float]:
    """The best shift at a rotation, on the grid of `image`, and its squared difference."""
    step = particle.x_face[1] - particle.x_face[0], particle.y_face[1] - particle.y_face[0]
    centre = float(particle.x_face.mean()), float(particle.y_face.mean())
    width = max(1, round(float(np.sqrt(pitch[0] * pitch[1] / (step[0] * step[1])))))
    smooth = ndimage.uniform_filter(particle.coverage, width, mode="constant")
    reach = float(np.hypot(np.ptp(particle.x_face), np.ptp(particle.y_face)))
    count = [int(np.ceil(reach / pitch[k])) + 2 * image.shape[1 - k] for k in (0, 1)]
    grid_x, grid_y = ((np.arange(n) - 0.5 * (n - 1)) * side for n, side in zip(count, pitch, strict=True))
    about = Pose(centre, rotation, mirror=mirror)
    to_x, to_y = about.to_run(grid_x[None, :], grid_y[:, None])
    at = [(to_y - particle.y_face[0]) / step[1] - 0.5, (to_x - particle.x_face[0]) / step[0] - 0.5]
    drawn = ndimage.map_coordinates(smooth, at, order=1, mode="constant")
    both = fftconvolve(drawn, image[::-1, ::-1], mode="valid")
    square = np.sum(image**2) - 2.0 * both + fftconvolve(drawn**2, np.ones_like(image), mode="valid")
    row, column = np.unravel_index(int(np.argmin(square)), square.shape)
    window = (
        grid_x[0] + (float(column) + 0.5 * (image.shape[1] - 1)) * pitch[0] - middle[0],
        grid_y[0] + (float(row) + 0.5 * (image.shape[0] - 1)) * pitch[1] - middle[1],
    )
    to = about.to_run(*window)
    shift = float(to[0]) - view.centre[0], float(to[1]) - view.centre[1]
    return Pose(shift, rotation, 1.0, mirror, view.centre), float(square[row, column])


def _refined(view: _View, particle: _Particle, start: Pose, free: Collection[str]) -> tuple[Pose, float]:
    """The best pose near `start`, with deviations, and its squared difference."""
    size = float(np.sqrt(view.pixel[0] * view.pixel[1]))
    radius = 0.5 * float(np.hypot(np.ptp(particle.x_face), np.ptp(particle.y_face)))
    fraction = np.any((view.inside > 0.0) & (view.inside < 1.0))
    names = ["x", "y", *(name for name in ("rotation", "scale") if name in free)]
    if not fraction and "scale" not in free:
        names.append("growth")

    def posed(values: Floats) -> Pose:
        move = dict(zip(names, values * size, strict=True))
        shift = start.shift[0] + move["x"], start.shift[1] + move["y"]
        turn = start.rotation + move.get("rotation", 0.0) / radius
        turn = float((turn + np.pi) % (2.0 * np.pi) - np.pi) if "rotation" in move else start.rotation
        return replace(start, shift=shift, rotation=turn, scale=1.0 + move.get("scale", 0.0) / radius)

    band = _band(view, particle, start)
    xx, yy = (axis[band] for axis in np.meshgrid(view.x, view.y))
    target = view.inside[band]

    def difference(values: Floats) -> Floats:
        growth = values[-1] * size if names[-1] == "growth" else 0.0
        weights = area_weights(posed(values), xx, yy, view.pixel, particle.x_face, particle.y_face)
        return np.asarray(weights @ (particle.coverage + growth * particle.edge).ravel() - target)

    def slopes(values: Floats) -> Floats:
        moves = _STEP * np.eye(values.size)
        changes = [difference(values + move) - difference(values - move) for move in moves]
        return np.stack(changes, axis=1) / (2.0 * _STEP)

    fit = optimize.least_squares(difference, np.zeros(len(names)), slopes, xtol=1e-4, ftol=1e-9, max_nfev=25)
    square, jacobian = 2.0 * float(fit.cost), np.asarray(fit.jac)
    edge = int(np.count_nonzero(np.abs(jacobian[:, :2]).sum(axis=1) > 0.05))
    normal = jacobian.T @ jacobian
    best = posed(np.asarray(fit.x))
    if not edge or np.linalg.cond(normal) > 1e12:
        return best, np.inf
    covariance = np.linalg.inv(normal)
    if np.any(np.diag(covariance) * _DETERMINED * edge > 1.0):
        return best, np.inf
    variance = max(square / max(edge - len(names), 1), 0.0 if fraction else _MASK_VARIANCE)
    deviation = np.sqrt(np.diag(covariance) * variance) * size
    known = dict(zip(names, deviation.tolist(), strict=True))
    return replace(
        best,
        shift_std=(known["x"], known["y"]),
        rotation_std=known["rotation"] / radius if "rotation" in known else None,
        scale_std=known["scale"] / radius if "scale" in known else None,
    ), square


def _band(view: _View, particle: _Particle, pose: Pose) -> NDArray[np.bool_]:
    """Pixels beside the outline, as recorded or as the pose has it."""
    xx, yy = (axis.ravel() for axis in np.meshgrid(view.x, view.y))
    weights = area_weights(pose, xx, yy, view.pixel, particle.x_face, particle.y_face)
    drawn = np.asarray(weights @ particle.coverage.ravel()).reshape(view.inside.shape)
    width = 2 * _BAND + 1
    both = np.stack([view.inside, drawn])
    size = (1, width, width)
    spread = ndimage.maximum_filter(both, size) - ndimage.minimum_filter(both, size)
    return np.asarray(spread.max(axis=0) > 0.05)
