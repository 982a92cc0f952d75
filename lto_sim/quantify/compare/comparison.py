"""A run laid beside recorded maps: what the maps would show if the run were the truth, and what differs.

The recorded li fraction of a pixel visited at t (the frame's start and the pixel's offset in it) is taken as

    m = offset + contrast x(t + start_time),

x the run's composition there, averaged over the part of the pixel that is particle and blurred by the probe.
Offset and contrast are solved for at every start time, which is searched. Frames that the run has recorded on
the same pixels at the same times are taken as they are; else saved states are interpolated.
"""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage, optimize

from lto_sim import provenance
from lto_sim.constants import FWHM_PER_SIGMA
from lto_sim.errors import InputError
from lto_sim.microscope.frames import frames_of
from lto_sim.provenance import named
from lto_sim.quantify.compare.pose import Pose, area_weights, box_text, particle_of_run
from lto_sim.quantify.compare.statistics import comparison_statistics

__all__ = ["Choice", "Comparison", "Nuisance", "compare_maps"]

Floats = NDArray[np.float64]
Choice = Literal["fixed", "free"]
Choices = tuple[Choice, Choice, Choice]

_SAME: Final = 1e-6  # part of a pixel or of a frame within which places and times are the same
_MORE_STATES: Final = "save more states (output.every), or record [scan] with the maps' pixels and times"
_OVERLAP: Final = 0.25  # of the shorter of run and maps, that they have in common at any start time
_STARTS, _FRAMES = 61, 20  # start times of the coarse search, frames that it looks at
_EVEN: Final = 0.01  # li fractions that differ by less tell no contrast
_NARROW: Final = 0.05  # of a pixel: a narrower probe changes nothing
_RECORDED, _STATES = "frames that the run has recorded", "saved states, interpolated"
_UNSEEN: Final = 1e-9  # of the largest content: a pixel with less holds nothing


class Nuisance(NamedTuple):
    """A number of the maps that the run does not know.

    Parameters
    ----------
    value : Contrast or offset [1], or start time [s].
    deviation : Its standard deviation, in that unit; None where it was not free.
    """

    value: float
    deviation: float | None = None


@dataclass(frozen=True, eq=False)
class Comparison:
    """Recorded maps against a run.

    Parameters
    ----------
    data : (time, y, x): ``recorded``, ``simulated_li_fraction``, ``simulated`` with contrast and offset,
        ``residual`` = recorded - simulated and, where deviations are stated, ``normalised_residual``. (time):
        ``misfit``, chi-square per value (mean square without stated deviations), ``rms``, and
        ``lithium_difference`` with ``_std``, the mean residual weighted by volume. NaN where nothing can be
        compared. Attributes: all of the following.
    pose : Position of the recorded frame in the run's.
    contrast, offset, start_time : Nuisances; start_time is the run's time [s] when that of the maps is 0.
    chi_square : Per degree of freedom [1]; None where no deviations are stated.
    freedom : Degrees of freedom.
    statistics : In units of the li fraction [1] ``rms``; the mean residual ``bias`` and ``bias_std``;
        ``correlation_x`` and ``_y`` of neighbours' residuals, 0 within ``correlation_std`` for noise;
        ``front_share`` of chi-square and ``front_pixels`` of values within 2 pixels of the simulated front,
        equal for noise.
    source : Where the run's composition comes from, in words.
    """

    data: xr.Dataset
    pose: Pose
    contrast: Nuisance
    offset: Nuisance
    start_time: Nuisance
    chi_square: float | None
    freedom: int
    statistics: dict[str, float]
    source: str


@dataclass(frozen=True, eq=False)
class _Recorded:
    """Maps as arrays; `weight` is 1 / std^2, 1 without stated deviations, 0 where there is no value."""

    values: Floats
    weight: Floats
    stated: bool
    time: Floats
    delay: Floats
    when: Floats
    x: Floats
    y: Floats
    pixel: list[float]


@dataclass(frozen=True, eq=False)
class _Movie:
    """Lithium in recorded pixels at the times of a run.

    `amount` (states, y, x) is `content` (y, x), volume per area [m], times li fraction; a state shows a pixel
    at `time` + `delay` (y, x) [s]; `sigma` is the probe's standard deviation along y and x [pixels].
    """

    amount: NDArray[np.floating]
    content: Floats
    time: Floats
    delay: Floats
    sigma: tuple[float, float]
    source: str

    def runs(self, when: Floats, begun: bool = True) -> NDArray[np.bool_]:
        """Whether the run has not ended and, if asked, has begun."""
        at, slack = when - self.delay, _SAME * np.ptp(self.time)
        return np.asarray((at <= self.time[-1] + slack) & ((at >= self.time[0] - slack) | (not begun)))

    def at(self, when: Floats) -> Floats:
        """Li fraction at times (frames, y, x), held beyond both ends; NaN where there is no particle."""
        at = np.clip(when - self.delay, self.time[0], self.time[-1])
        index = np.clip(np.searchsorted(self.time, at, side="right") - 1, 0, self.time.size - 2)
        part = (at - self.time[index]) / (self.time[index + 1] - self.time[index])
        part = np.where(np.abs(part - np.round(part)) < _SAME, np.round(part), part)
        row, column = np.indices(self.content.shape)
        before, after = self.amount[index, row, column], self.amount[index + 1, row, column]
        amount = np.where(part == 0.0, before, np.where(part == 1.0, after, before + part * (after - before)))
        inside = (self.content > _UNSEEN * self.content.max()) & np.isfinite(amount)
        images = [np.where(inside, image, 0.0) for image in (amount, self.content)]
        if max(self.sigma) >= _NARROW:
            images = [ndimage.gaussian_filter(i, (0.0, *self.sigma), mode="nearest") for i in images]
        return np.asarray(np.where(inside, images[0] / np.where(inside, images[1], 1.0), np.nan))


def compare_maps(
    run: xr.Dataset,
    maps: xr.Dataset,
    *,
    pose: Pose | None = None,
    contrast: Choice = "fixed",
    offset: Choice = "fixed",
    start_time: Choice = "fixed",
) -> Comparison:
    """Compare a run with recorded or simulated maps.

    Parameters
    ----------
    run : Run of a slab or rectangle, with saved states or a scan on the pixels of the maps; states between
        which a front moves more than half a pixel are interpolated with a warning.
    maps : ``li_fraction(time, y, x)``, NaN where there is none; optionally ``li_fraction_std`` and
        ``pixel_time(y, x)`` [s], without which a frame counts as recorded at its start. The attribute
        ``probe_fwhm_m`` is the full width at half maximum of the probe, 0 if missing.
    pose : Position of the recorded frame in the run's; None: both are the same.
    contrast, offset, start_time : Whether the maps' contrast (1), offset (0) and start time (0 s) are free.

    Returns
    -------
    Comparison
        Residuals with their statistics, and the nuisances.

    Raises
    ------
    InputError
        Axes missing, no states, no overlap in place or time, or nuisances that the maps do not determine.
    """
    recorded, free = _recorded(maps), (contrast, offset, start_time)
    pose = pose or Pose(centre=(float(recorded.x.mean()), float(recorded.y.mean())))
    movie = _movie(run, recorded, pose, float(maps.attrs.get("probe_fwhm_m", 0.0)), start_time == "free")
    start = _best_start(movie, recorded, free) if start_time == "free" else 0.0
    when = recorded.when + start
    fraction = movie.at(when)
    use = movie.runs(when) & (recorded.weight > 0.0) & np.isfinite(fraction)
    if not movie.runs(when).any():
        own, other = (f"{t.min():.4g} to {t.max():.4g} s" for t in (movie.time, when))
        raise InputError("maps.time", other, f"times within those of the run, {own}", "set start_time free")
    if not use.any():
        raise InputError("maps", "no value on the particle of the run", "some", "give another pose")
    values = _scaled(fraction[use], recorded.values[use], recorded.weight[use], free)[:2]
    shown = np.where(use, values[1] + values[0] * fraction, np.nan)
    freedom = max(int(np.count_nonzero(use)) - free.count("free"), 1)
    per_freedom = float(recorded.weight[use] @ (recorded.values - shown)[use] ** 2) / freedom
    chi_square, scale = (per_freedom, 1.0) if recorded.stated else (None, per_freedom)
    found = zip((*values, start), _deviations(movie, recorded, use, (*values, start), free), strict=True)
    nuisances = [Nuisance(v, None if d is None else float(d * np.sqrt(scale))) for v, d in found]
    data = _dataset(recorded, movie.content, fraction, shown, scale)
    statistics = comparison_statistics(recorded.values - shown, fraction, recorded.weight, scale)
    numbers = {f"pose_{key}": value for key, value in asdict(pose).items()}
    for key, nuisance in zip(("contrast", "offset", "start_time"), nuisances, strict=True):
        numbers |= {f"maps_{key}": nuisance.value, f"maps_{key}_std": nuisance.deviation}
    numbers |= {"chi_square_per_freedom": chi_square, "degrees_of_freedom": freedom, **statistics}
    data.attrs = provenance.attributes("maps against a run", "compare_maps", previous=run.attrs)
    data.attrs |= {key: value for key, value in numbers.items() if value is not None}
    a, b, c = nuisances
    return Comparison(data, pose, a, b, c, chi_square, freedom, statistics, movie.source)


def _recorded(maps: xr.Dataset) -> _Recorded:
    fraction, dims = maps.get("li_fraction"), {"time", "y", "x"}
    if fraction is None or set(fraction.dims) != dims or not dims <= set(maps.variables):
        given = sorted(map(str, maps.variables))
        raise InputError("maps", given, "li_fraction(time, y, x) with time [s], y and x [m]", "add them")
    axes = {name: np.asarray(maps[name].values, dtype=np.float64) for name in ("time", "y", "x")}
    for name, axis in axes.items():
        steps = np.diff(axis)
        single = axis.size == 1 and axis[0] > 0.0
        even = name == "time" or single or (axis.size > 1 and np.ptp(steps) <= 2e-3 * abs(steps.mean()))
        if not (np.all(np.isfinite(axis)) and np.all(steps > 0.0) and even):
            allowed = "increasing [s]" if name == "time" else "evenly spaced, increasing [m]"
            raise InputError(f"maps.{name}", axis, f"finite and {allowed}", "correct the axis")
    values = np.asarray(fraction.transpose("time", "y", "x").values, dtype=np.float64)
    deviation = maps.get("li_fraction_std", xr.zeros_like(fraction)).broadcast_like(fraction)
    std = np.asarray(deviation.transpose("time", "y", "x").values, dtype=np.float64)
    known = np.isfinite(std) & (std > 0.0)
    weight = known / np.where(known, std, 1.0) ** 2 if known.any() else np.ones_like(std)
    weight = np.where(np.isfinite(values), weight, 0.0)
    delay = np.zeros(values.shape[1:])
    if "pixel_time" in maps.variables:
        delay = np.asarray(maps["pixel_time"].transpose("y", "x").values, dtype=np.float64)
    time, y, x = axes.values()
    pixel = [float(np.ptp(a)) / (a.size - 1) if a.size > 1 else 2.0 * float(a[0]) for a in (x, y)]
    return _Recorded(values, weight, bool(known.any()), time, delay, time[:, None, None] + delay, x, y, pixel)


def _movie(run: xr.Dataset, recorded: _Recorded, pose: Pose, probe_fwhm: float, moving: bool) -> _Movie:
    content, _, x_face, y_face = particle_of_run(run)
    spread, states = probe_fwhm / FWHM_PER_SIGMA / pose.scale, run["time"].values.astype(np.float64)
    sigma = spread / recorded.pixel[1], spread / recorded.pixel[0]
    pixels, times = _same(run, recorded) if pose.identity else (False, False)
    if pixels and ((times and not moving) or states.size < 2):
        frames = frames_of(run)
        volume = frames.thickness * frames.coverage
        found = _Movie(frames.values * volume, volume, frames.time, frames.pixel_time, sigma, _RECORDED)
        return found if times and not moving else _smeared(found, recorded, moving)
    if states.size < 2:
        raise InputError("run", "one saved state", "two or more, or frames like the maps'", _MORE_STATES)
    xx, yy = (axis.ravel() for axis in np.meshgrid(recorded.x, recorded.y))
    weights = area_weights(pose, xx, yy, recorded.pixel, x_face, y_face)
    volume = np.asarray(weights @ content.ravel()).reshape(recorded.delay.shape)
    if not np.any(volume > _UNSEEN * content.max()):
        here, there = box_text(*pose.to_run(xx, yy)), box_text(x_face, y_face)
        raise InputError("maps", here, f"a frame that overlaps the particle, {there}", "give another pose")
    cell = np.diff(y_face)[:, None] * np.diff(x_face)[None, :]
    lithium = (run["li_fraction"].astype(np.float64) * run["cell_volume"]).sum("z")
    stock = weights @ (lithium.transpose("time", "y", "x").values / cell).reshape(states.size, -1).T
    amount = np.asarray(stock.T, dtype=np.float32).reshape(-1, *volume.shape)
    return _smeared(_Movie(amount, volume, states, np.zeros_like(volume), sigma, _STATES), recorded, moving)


def _same(run: xr.Dataset, recorded: _Recorded) -> tuple[bool, bool]:
    """Whether the run has recorded frames on the same pixels, and every one at the same times."""
    if "scan_li_fraction" not in run or run.sizes["frame"] < 2:
        return False, False
    for axis, name, side in zip("xy", ("pixel_x", "pixel_y"), recorded.pixel, strict=True):
        own, other = run[name].values, getattr(recorded, axis)
        if own.size != other.size or np.abs(own - other).max() > _SAME * side:
            return False, False
    own = run["frame_time"].values
    slack = _SAME * float(np.diff(own).min())
    nearest = np.clip(np.searchsorted(own, recorded.time - slack), 0, own.size - 1)
    late = np.abs(run["pixel_time"].values - recorded.delay).max()
    return True, bool(late <= slack and np.abs(own[nearest] - recorded.time).max() <= slack)


def _smeared(movie: _Movie, recorded: _Recorded, moving: bool) -> _Movie:
    """Warn when more than half a pixel turns along rows, and along columns, between two states in use."""
    inside = movie.content > _UNSEEN * movie.content.max()
    ends = (-np.inf, np.inf) if moving else (recorded.when.min(), recorded.when.max())
    first, last = np.searchsorted(movie.time, ends)
    used = movie.amount[max(first - 1, 0) : last + 1]
    change = np.diff(np.where(inside, used / np.where(inside, movie.content, 1.0), 0.0), axis=0)
    moved = min(float(np.abs(np.nansum(change, axis=axis)).max(initial=0.0)) for axis in (1, 2))
    if moved > 0.5:
        text = f"a front moves about {moved:.1f} pixels between saved states and is smeared: {_MORE_STATES}"
        warnings.warn(text, UserWarning, stacklevel=4)
    return movie


def _scaled(simulated: Floats, values: Floats, weight: Floats, free: Choices) -> tuple[float, float, float]:
    """Best contrast and offset of values, and chi-square with them."""
    contrast, offset, root = 1.0, 0.0, np.sqrt(weight)
    columns = [c for c, f in zip((simulated, np.ones_like(values)), free, strict=False) if f == "free"]
    if free[0] == "free" and simulated.max(initial=0.0) - simulated.min(initial=1.0) < _EVEN:
        columns[0] = np.zeros_like(values)
    if columns:
        target = values if free[0] == "free" else values - simulated
        design = np.stack(columns, axis=1) * root[:, None]
        found = (_inverse(design) @ (design.T @ (target * root))).tolist()
        contrast = found[0] if free[0] == "free" else contrast
        offset = found[-1] if free[1] == "free" else offset
    return contrast, offset, float(weight @ (values - offset - contrast * simulated) ** 2)


def _inverse(design: Floats) -> Floats:
    """Covariance of unknowns, from their weighted slopes."""
    scale = np.linalg.norm(design, axis=0)
    if not np.all(scale > 0.0) or np.linalg.cond(design / scale) > 1e5:
        remedy = "contrast, offset and start_time need a front in view: leave one of them fixed"
        raise InputError("maps", "nuisances that are free", "those that the maps determine", remedy)
    return np.asarray(np.linalg.inv(design.T @ design))


def _best_start(movie: _Movie, recorded: _Recorded, free: Choices) -> float:
    """Start time of the least chi-square; before its beginning the run is held at its first state."""

    def misfit(start: float, frames: slice | NDArray[np.int64], last: float) -> float:
        """Chi-square per value that the run still has at the start time `last`."""
        when = recorded.when[frames]
        simulated, weight = movie.at(when + start), recorded.weight[frames]
        use = movie.runs(when + last, begun=False) & (weight > 0.0) & np.isfinite(simulated)
        try:
            fit = _scaled(simulated[use], recorded.values[frames][use], weight[use], free)
        except InputError:  # nothing, or nothing but even maps, at this start
            return np.inf
        return fit[2] / float(np.count_nonzero(use)) if use.any() else np.inf

    first, last = float(recorded.when.min()), float(recorded.when.max())
    short, long = sorted((last - first, float(np.ptp(movie.time))))
    more = min(1.0 + long / max(short, 1e-300), 8.0)  # more places in a longer one
    ends = movie.time[0] - last + _OVERLAP * short, movie.time[-1] - first - _OVERLAP * short
    starts = np.linspace(*ends, int(more * _STARTS))
    few = np.unique(np.linspace(0, recorded.time.size - 1, int(more * _FRAMES)).astype(np.int64))
    best = float(starts[int(np.argmin([misfit(float(start), few, float(start)) for start in starts]))])
    low, high = best - float(starts[1] - starts[0]), best + float(starts[1] - starts[0])
    closest = 1e-4 * float(np.diff(movie.time).min())
    return float(optimize.fminbound(lambda t: misfit(t, slice(None), high), low, high, xtol=closest))


def _deviations(
    movie: _Movie, recorded: _Recorded, use: NDArray[np.bool_], values: tuple[float, ...], free: Choices
) -> list[float | None]:
    """Standard deviations of contrast, offset and start time, each with the others free; None where fixed."""
    if "free" not in free:
        return [None, None, None]
    half = 0.5 * float(np.median(np.diff(movie.time)))
    earlier, now, later = (movie.at(recorded.when + values[2] + h)[use] for h in (-half, 0.0, half))
    slopes = (now, np.ones_like(now), values[0] * (later - earlier) / (2.0 * half))
    design = np.stack([s for s, f in zip(slopes, free, strict=True) if f == "free"], axis=1)
    covariance = _inverse(design * np.sqrt(recorded.weight[use])[:, None])
    found = iter(np.sqrt(np.diag(covariance)).tolist())
    return [next(found) if choice == "free" else None for choice in free]


def _dataset(maps: _Recorded, content: Floats, fraction: Floats, shown: Floats, scale: float) -> xr.Dataset:
    """Maps, and the numbers of every frame."""
    use = np.isfinite(shown)
    residual, weight = maps.values - shown, np.where(use, maps.weight, 0.0)
    rest, volume = np.where(use, residual, 0.0), np.where(use, content, 0.0)
    spread, some = scale * volume**2 / np.where(use, weight, 1.0), use.any(axis=(1, 2))

    total = np.where(some, volume.sum(axis=(1, 2)), 1.0)

    def mean(values: Floats, over: Floats) -> Floats:
        return np.where(some, values.sum(axis=(1, 2)) / np.where(some, over.sum(axis=(1, 2)), 1.0), np.nan)

    images = {
        "recorded": (maps.values, "recorded Li fraction"),
        "simulated_li_fraction": (fraction, "Li fraction of the run"),
        "simulated": (shown, "Li fraction of the run with contrast and offset, where compared"),
        "residual": (residual, "recorded - simulated Li fraction"),
        "normalised_residual": (residual * np.sqrt(maps.weight), "residual over its standard deviation"),
    }
    frames = {
        "misfit": (mean(weight * rest**2, use), "chi-square per value" if maps.stated else "mean square"),
        "rms": (np.sqrt(mean(rest**2, use)), "rms residual"),
        "lithium_difference": (mean(volume * rest, volume), "mean residual weighted by volume"),
        "lithium_difference_std": (np.sqrt(mean(spread, volume) / total), "standard deviation of this mean"),
    }
    if not maps.stated:
        del images["normalised_residual"]
    dims = ("time", "y", "x")
    variables = {name: (dims, v.astype(np.float32), named("1", text)) for name, (v, text) in images.items()}
    return xr.Dataset(
        variables | {name: ("time", v, named("1", text)) for name, (v, text) in frames.items()},
        {
            "time": ("time", maps.time, named("s", "start of the frame, as recorded")),
            "y": ("y", maps.y, named("m", "pixel centre, down the recorded image")),
            "x": ("x", maps.x, named("m", "pixel centre, along the recorded image")),
        },
    )
