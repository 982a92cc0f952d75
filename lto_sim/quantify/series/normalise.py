"""Intensity maps made li fractions by what is known of them in two places or times.

With the mean intensities L and H of references whose li fractions x_L and x_H are known,

    x = x_L + (x_H - x_L) u,   u = (I - L) / (H - L),
    s_x^2 = ((x_H - x_L) / (H - L))^2 [s_I^2 + (1 - u)^2 s_L^2 + u^2 s_H^2].

An error of L or H is a scale and an offset of all frames alike: it moves no front, and so changes no k.
References per pixel follow thickness and detector, but are noisy: each is drawn to the mean of all by the
share of its variance that is noise (empirical Bayes; C. N. Morris, JASA 78, 47 (1983)).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from lto_sim.errors import InputError
from lto_sim.provenance import named
from lto_sim.quantify.series.labels import continued

__all__ = ["KnownFraction", "intensity_of", "labelled_fractions", "normalise_maps"]

Floats = NDArray[np.float64]

_APART: Final = 5.0
"""Deviations by which two levels differ at least."""


@dataclass(frozen=True, eq=False)
class KnownFraction:
    """Where the li fraction is known.

    Parameters
    ----------
    li_fraction : What it is there [1].
    frames : Frames in which it is known: a slice, or their numbers.
    region : Mask (y, x), without unit, of the pixels in which it is known; None: all.
    """

    li_fraction: float
    frames: slice | Sequence[int]
    region: ArrayLike | None = None


@dataclass(frozen=True, eq=False)
class _Level:
    """Mean intensity of a reference and its deviation, (y, x) or one number; noise of a pixel."""

    value: Floats
    std: Floats
    noise: float
    values: float


def normalise_maps(
    maps: xr.Dataset | xr.DataArray,
    *,
    low: KnownFraction,
    high: KnownFraction,
    per_pixel: bool = False,
    variable: str | None = None,
) -> xr.Dataset:
    """Make li fractions of intensity maps by two references.

    Parameters
    ----------
    maps : Maps of intensity(time, y, x); in a dataset with ``<name>_std`` where it is known, else the scatter
        of the references from frame to frame is taken for it. Lazy arrays stay lazy.
    low, high : Where two different li fractions are known; the intensity may rise or fall between them.
    per_pixel : References for each pixel (drawn to their mean as far as they are noise); False: one for all.
    variable : Name of the intensity in a dataset; None: the only one with time, y, x.

    Returns
    -------
    Dataset
        ``li_fraction``, ``li_fraction_std`` (time, y, x), and what of `maps` has not these dimensions, such
        as ``pixel_time``. The deviation includes that of the references, which pixels have in common (all, or
        all frames of one). Pixels whose own levels are not apart are NaN.

    Raises
    ------
    InputError
        Levels that are not apart, equal fractions, a reference without pixels, no such variable.
    """
    intensity, stated = intensity_of(maps, variable)
    if not abs(high.li_fraction - low.li_fraction) > 0.0:
        allowed = "two different li fractions"
        raise InputError("high.li_fraction", high.li_fraction, allowed, f"low has {low.li_fraction:g} too")
    bottom, top = (
        _level(intensity, stated, known, per_pixel, name) for name, known in (("low", low), ("high", high))
    )
    apart = np.abs(top.value - bottom.value) > _APART * np.hypot(top.std, bottom.std)
    if 2 * np.count_nonzero(apart) <= apart.size:
        raise InputError(
            "high", f"mean {np.nanmean(top.value):.4g}, that of low {np.nanmean(bottom.value):.4g}",
            f"levels apart by {_APART:g} of their deviations", "choose frames or regions of different phases",
        )  # fmt: skip
    scale = np.where(apart, top.value - bottom.value, 1.0)
    shape = dict(zip(("y", "x"), scale.shape, strict=False)) if per_pixel else {}
    known = xr.DataArray(np.where(apart, 1.0, np.nan), dims=tuple(shape))
    base, span = (xr.DataArray(values, dims=tuple(shape)) for values in (bottom.value, scale))
    share = (intensity - base) / span * known
    pooled = np.average([bottom.noise**2, top.noise**2], weights=[bottom.values, top.values])
    noise = stated if stated is not None else float(np.sqrt(pooled))
    low_std, high_std = (xr.DataArray(level.std, dims=tuple(shape)) for level in (bottom, top))
    change = high.li_fraction - low.li_fraction
    fraction = low.li_fraction + change * share
    variance = noise**2 + ((1.0 - share) * low_std) ** 2 + (share * high_std) ** 2
    deviation = abs(change / span) * np.sqrt(variance)
    step = (
        f"normalise_maps two-point {'per pixel' if per_pixel else 'global'}: {low.li_fraction:g} at "
        f"{np.nanmean(bottom.value):.6g}, {high.li_fraction:g} at {np.nanmean(top.value):.6g}"
    )
    attrs = {
        "normalisation": "two-point per pixel" if per_pixel else "two-point",
        "normalisation_low": float(np.nanmean(bottom.value)),
        "normalisation_low_std": float(np.nanmean(bottom.std)),
        "normalisation_high": float(np.nanmean(top.value)),
        "normalisation_high_std": float(np.nanmean(top.std)),
        "normalisation_li_fractions": [float(low.li_fraction), float(high.li_fraction)],
        "pixels_without_levels": int(np.count_nonzero(~apart)),
    }
    return labelled_fractions(maps, fraction, deviation, step, attrs)


def intensity_of(
    maps: xr.Dataset | xr.DataArray, variable: str | None
) -> tuple[xr.DataArray, xr.DataArray | None]:
    """Intensity (time, y, x) as floating-point numbers, and its deviation where one is stated.

    Raises
    ------
    InputError
        No such variable, several of them, or another shape.
    """
    if isinstance(maps, xr.DataArray):
        array, stated = maps, None
    else:
        images = [
            str(name)
            for name, item in maps.data_vars.items()
            if set(item.dims) == {"time", "y", "x"} and not str(name).endswith("_std")
        ]
        name = variable if variable is not None else (images[0] if len(images) == 1 else None)
        if name is None or name not in maps:
            shown = variable if variable is not None else images
            raise InputError("variable", shown, "one intensity(time, y, x)", "name it with variable=")
        array = maps[name]
        stated = maps.get(f"{name}_std")
    if set(array.dims) != {"time", "y", "x"}:
        raise InputError("maps", tuple(array.dims), "dimensions time, y, x", "sum the energies of a window")
    array = array.transpose("time", "y", "x").astype(np.float64)
    if stated is not None:
        stated = stated.broadcast_like(array).transpose("time", "y", "x").astype(np.float64)
    return array, stated


def labelled_fractions(
    maps: xr.Dataset | xr.DataArray,
    fraction: xr.DataArray,
    deviation: xr.DataArray,
    step: str,
    attrs: Mapping[str, object],
) -> xr.Dataset:
    """Dataset of li fractions with what else belongs to `maps`, such as ``pixel_time``."""
    kept = maps if isinstance(maps, xr.Dataset) else xr.Dataset(coords=maps.coords)
    images = [str(name) for name, item in kept.data_vars.items() if {"time", "y", "x"} <= set(item.dims)]
    dropped = {*images, *(f"{name}_std" for name in images)} & set(map(str, kept.data_vars))
    fraction, deviation = (
        item.transpose("time", "y", "x").astype(np.float32) for item in (fraction, deviation)
    )
    fraction.attrs = named("1", "projected Li fraction")
    deviation.attrs = named("1", "standard deviation of Li fraction")
    result = kept.drop_vars(dropped).assign(li_fraction=fraction, li_fraction_std=deviation)
    title = "lithium maps of normalised intensities"
    return result.assign_attrs({**continued(maps.attrs, title, step), **attrs})


def _level(
    intensity: xr.DataArray, stated: xr.DataArray | None, known: KnownFraction, per_pixel: bool, name: str
) -> _Level:
    """Mean of a reference, read once, frame by frame."""
    numbers = np.arange(intensity.sizes["time"])
    chosen = known.frames if isinstance(known.frames, slice) else list(known.frames)
    try:
        numbers = numbers[chosen]
    except IndexError:
        allowed = f"0 to {numbers.size - 1}"
        raise InputError(f"{name}.frames", chosen, allowed, "name others") from None
    region = np.ones(intensity.shape[1:], dtype=bool)
    if known.region is not None:
        region = np.asarray(known.region, dtype=bool)
        if region.shape != intensity.shape[1:]:
            raise InputError(f"{name}.region", region.shape, f"{intensity.shape[1:]}", "give a mask (y, x)")
    count, total, square, noise = (np.zeros(region.shape) for _ in range(4))
    for number in numbers:
        values = np.where(region, intensity[number].values, np.nan)
        there = np.isfinite(values)
        values = np.where(there, values, 0.0)
        count += there
        total += values
        square += values**2
        if stated is not None:
            noise += np.where(there, stated[number].values, 0.0) ** 2
    if not np.any(count):
        shown = f"frames {list(map(int, numbers[:5]))} without a pixel of the region"
        raise InputError(f"{name}", shown, "one pixel in one frame at least", "choose others")
    some = count > 0.0
    mean = np.divide(total, count, out=np.full_like(total, np.nan), where=some)
    if stated is None:
        twice = count > 1.0
        if not np.any(twice):
            remedy = "or give the deviation of the intensity"
            raise InputError(f"{name}.frames", f"{numbers.size} frame", "two frames or more", remedy)
        spread = (square - count * np.where(some, mean, 0.0) ** 2)[twice]
        pooled = float(np.sum(np.maximum(spread, 0.0)) / np.sum(count[twice] - 1.0))
        noise = pooled * count
    of_a_pixel = float(np.sqrt(noise.sum() / count.sum()))
    if not per_pixel:
        value = float(total.sum() / count.sum())
        std = np.asarray(np.sqrt(noise.sum()) / count.sum())
        return _Level(np.asarray(value), std, of_a_pixel, float(count.sum()))
    variance = np.divide(noise, count**2, out=np.full_like(noise, np.nan), where=some)
    return _Level(*_drawn_to_the_mean(mean, variance), of_a_pixel, float(count.sum()))


def _drawn_to_the_mean(mean: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Levels of the pixels, each with the weight of what varies between them beyond its noise; deviations."""
    some = np.isfinite(mean)
    own = np.where(some, variance, 0.0)
    centre, usual = float(mean[some].mean()), float(variance[some].mean())
    between = max(float(mean[some].var()) - usual, 0.0)
    weight = np.divide(between, between + own, out=np.ones_like(own), where=between + own > 0.0)
    value = centre + weight * (mean - centre)
    return value, np.asarray(np.sqrt(weight * np.where(some, own, np.nan) + usual / some.sum()))
