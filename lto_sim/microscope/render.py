"""Lithium maps as a microscope would deliver them: projection, probe blur, noise of stated deviation.

The maps hold what quantification of a spectrum image would give, without the spectra: the mean li fraction
through the thickness at each pixel's own time, blurred by the probe, plus independent Gaussian noise per
pixel. Values are not clipped: a measured fraction may lie outside [0, 1].
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from lto_sim import provenance
from lto_sim.errors import InputError
from lto_sim.provenance import named
from lto_sim.specimen.raster import overlap_weights, pixel_offsets

__all__ = ["render_maps"]

Floats = NDArray[np.float64]

_FWHM_PER_SIGMA = 2.0 * np.sqrt(2.0 * np.log(2.0))
_NARROW = 0.05  # of a pixel: a narrower probe changes nothing


@dataclass(frozen=True)
class _Frames:
    """Noise-free frames: li_fraction (time, y, x), their times and axes, and the drive step of each."""

    values: Floats
    time: Floats
    pixel_time: Floats
    y: Floats
    x: Floats
    drive_step: NDArray[np.int32] | None = None


def render_maps(
    solution: xr.Dataset,
    *,
    noise: float = 0.2,
    probe_fwhm: float = 1e-9,
    rng: np.random.Generator | int | None = None,
    frame_time: float | None = None,
    pixels: tuple[int, int] | None = None,
) -> xr.Dataset:
    """Render lithium maps of a run.

    The scan recorded during the run is used where there is one. Else saved states are interpolated at each
    pixel's time, with a warning when a front moves more than half a pixel between two of them.

    Parameters
    ----------
    solution : Run of a slab or rectangle, as `simulate` returns it.
    noise : Standard deviation of one pixel [li fraction] (>= 0).
    probe_fwhm : Full width at half maximum of the probe [m] (>= 0).
    rng : Generator or seed of the noise; None takes the run's own seed.
    frame_time : Without a recorded scan: time for one frame [s]; default the interval of saved states.
    pixels : Without a recorded scan: pixels (x, y); default the cells.

    Returns
    -------
    Dataset ``li_fraction(time, y, x)``, ``li_fraction_std(time, y, x)``, ``thickness(y, x)`` [m],
    ``pixel_time(y, x)`` [s], with a recorded scan ``drive_step_of_frame(time)``; ``time`` is the start of a
    frame [s]. The attribute ``drive_steps`` is the run's.

    Raises
    ------
    InputError
        Negative noise or probe, a radial run, or fewer than two saved states and no scan.
    """
    for field, value in (("noise", noise), ("probe_fwhm", probe_fwhm)):
        if not (np.isfinite(value) and value >= 0.0):
            raise InputError(f"maps.{field}", value, ">= 0 and finite", "0 switches it off")
    if solution.attrs.get("geometry") == "radial":
        raise InputError("solution", "a radial run", "a slab or a rectangle", "maps need an image plane")
    recorded = "scan_li_fraction" in solution
    frames = _recorded(solution) if recorded else _interpolated(solution, frame_time, pixels)
    if rng is None:
        rng = int(solution.attrs.get("seed", 0))
    generator = np.random.default_rng(rng)
    blurred = _blur(frames, probe_fwhm)
    values = blurred + generator.normal(0.0, noise, blurred.shape) if noise > 0.0 else blurred
    seed = rng if isinstance(rng, int) else None
    return _label(solution, frames, values, noise, probe_fwhm, seed)


def _recorded(solution: xr.Dataset) -> _Frames:
    return _Frames(
        solution["scan_li_fraction"].values.astype(np.float64),
        solution["frame_time"].values,
        solution["pixel_time"].values,
        solution["pixel_y"].values,
        solution["pixel_x"].values,
        solution["drive_step_of_frame"].values if "drive_step_of_frame" in solution else None,
    )


def _faces(centres: Floats) -> Floats:
    """Cell boundaries of evenly spaced centres; a single cell begins at 0."""
    step = 2.0 * centres[0] if centres.size == 1 else centres[1] - centres[0]
    return np.asarray(centres[0] - 0.5 * step + np.arange(centres.size + 1) * step, dtype=np.float64)


def _projected(solution: xr.Dataset, pixels: tuple[int, int]) -> tuple[Floats, Floats, Floats]:
    """Saved states as the mean through the thickness over pixels, and the pixel axes."""
    volume = solution["cell_volume"]
    lithium = (solution["li_fraction"].astype(np.float64) * volume).sum("z")
    y_face, x_face = _faces(solution["y"].values), _faces(solution["x"].values)
    columns, rows = pixels
    y_pixel = np.linspace(y_face[0], y_face[-1], rows + 1)
    x_pixel = np.linspace(x_face[0], x_face[-1], columns + 1)
    weight_x, weight_y = overlap_weights(x_face, x_pixel), overlap_weights(y_face, y_pixel)
    content = weight_y @ volume.sum("z").values @ weight_x.T
    inside = content > 1e-9 * content.max()
    images = weight_y @ lithium.transpose("time", "y", "x").values @ weight_x.T
    images = np.where(inside, images / np.where(inside, content, 1.0), np.nan)
    return images, 0.5 * (y_pixel[1:] + y_pixel[:-1]), 0.5 * (x_pixel[1:] + x_pixel[:-1])


def _interpolated(solution: xr.Dataset, frame_time: float | None, pixels: tuple[int, int] | None) -> _Frames:
    states = solution["time"].values
    if states.size < 2:
        raise InputError("solution", f"{states.size} saved state", "two or more, or a scan", "add [scan]")
    pixels = pixels or (solution.sizes["x"], solution.sizes["y"])
    images, y, x = _projected(solution, pixels)
    frame_time = float(states[1] - states[0]) if frame_time is None else frame_time
    if not (np.isfinite(frame_time) and frame_time > 0.0):
        raise InputError("frame_time", frame_time, "> 0 s", 'give for example "1.5 s"')
    _warn_if_smeared(images)
    offsets = pixel_offsets(pixels, frame_time, 0.0, "rows")
    frames = max(1, int(np.floor((states[-1] - states[0]) / frame_time * (1.0 + 1e-9))))
    start = states[0] + np.arange(frames) * frame_time
    when = np.minimum(start[:, None, None] + offsets, states[-1])
    index = np.clip(np.searchsorted(states, when, side="right") - 1, 0, states.size - 2)
    weight = (when - states[index]) / (states[index + 1] - states[index])
    rows, columns = np.indices(offsets.shape)
    before, after = images[index, rows, columns], images[index + 1, rows, columns]
    return _Frames(before + weight * (after - before), start, offsets, y, x)


def _warn_if_smeared(images: Floats) -> None:
    """Warn when a row's lithium changes by more than half a pixel between two saved states."""
    moved = np.abs(np.diff(np.nansum(images, axis=2), axis=0)).max(initial=0.0)
    if moved > 0.5:
        warnings.warn(
            f"a front moves about {moved:.1f} pixels between saved states and is smeared: record a scan "
            "([scan] in the scenario) or save more states (output.every)",
            UserWarning,
            stacklevel=4,
        )


def _blur(frames: _Frames, probe_fwhm: float) -> Floats:
    """Gaussian probe; pixels outside the particle (NaN) take no part."""
    sigma = []
    for axis in (frames.y, frames.x):
        step = axis[1] - axis[0] if axis.size > 1 else np.inf
        sigma.append(probe_fwhm / _FWHM_PER_SIGMA / step)
    if max(sigma) < _NARROW:
        return frames.values
    inside = np.isfinite(frames.values)
    filled = np.where(inside, frames.values, 0.0)
    spread = (0.0, *sigma)
    weight = gaussian_filter(inside.astype(np.float64), spread, mode="nearest")
    blurred = gaussian_filter(filled, spread, mode="nearest")
    return np.where(inside, blurred / np.where(weight > 0.0, weight, 1.0), np.nan)


def _label(
    solution: xr.Dataset, frames: _Frames, values: Floats, noise: float, probe_fwhm: float, seed: int | None
) -> xr.Dataset:
    image = ("time", "y", "x")
    deviation = np.full(values.shape, noise, dtype=np.float32)
    thickness = solution["thickness"].sel(y=frames.y, x=frames.x, method="nearest")
    dataset = xr.Dataset(
        {
            "li_fraction": (image, values.astype(np.float32), named("1", "projected Li fraction")),
            "li_fraction_std": (image, deviation, named("1", "standard deviation of Li fraction")),
            "pixel_time": (("y", "x"), frames.pixel_time, named("s", "time of a pixel within its frame")),
            "thickness": (("y", "x"), thickness.values, named("m", "specimen thickness")),
        },
        {
            "time": ("time", frames.time, named("s", "start of the frame")),
            "y": ("y", frames.y, named("m", "pixel centre, down the image")),
            "x": ("x", frames.x, named("m", "pixel centre, along the image")),
        },
    )  # fmt: skip
    if frames.drive_step is not None:
        dataset["drive_step_of_frame"] = ("time", frames.drive_step, named("1", "drive step"))
    step = f"render_maps noise={noise:g} probe_fwhm={probe_fwhm:g} m"
    dataset.attrs = {
        **provenance.attributes("lithium maps", step, seed=seed, previous=solution.attrs),
        "map_noise": noise,
        "probe_fwhm_m": probe_fwhm,
        **{key: solution.attrs[key] for key in ("image_sha256", "drive_steps") if key in solution.attrs},
    }
    return dataset
