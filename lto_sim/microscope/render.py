"""Lithium maps as a microscope would deliver them: projection, probe blur, noise of stated deviation.

The maps hold what quantification of a spectrum image would give, without the spectra: the mean li fraction
through the thickness at each pixel's own time, blurred by the probe, plus independent Gaussian noise per
pixel. Values are not clipped: a measured fraction may lie outside [0, 1].
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from lto_sim import provenance
from lto_sim.constants import FWHM_PER_SIGMA
from lto_sim.errors import InputError
from lto_sim.microscope.frames import Frames, Raster, frames_of
from lto_sim.provenance import named

__all__ = ["blurred_by_probe", "render_maps"]

Floats = NDArray[np.float64]

_NARROW = 0.05  # of a pixel: a narrower probe changes nothing


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
    raster = Raster() if "scan_li_fraction" in solution else Raster(frame_time, pixels)
    frames = frames_of(solution, raster)
    if rng is None:
        rng = int(solution.attrs.get("seed", 0))
    generator = np.random.default_rng(rng)
    blurred = blurred_by_probe(frames.values, frames.y, frames.x, probe_fwhm)
    values = blurred + generator.normal(0.0, noise, blurred.shape) if noise > 0.0 else blurred
    seed = rng if isinstance(rng, int) else None
    return _label(solution, frames, values, noise, probe_fwhm, seed)


def blurred_by_probe(values: Floats, y: Floats, x: Floats, probe_fwhm: float) -> Floats:
    """Blur frames by a Gaussian probe; pixels outside the particle (NaN) take no part.

    Parameters
    ----------
    values : (..., rows, columns), NaN where there is no particle.
    y, x : Pixel centres [m].
    probe_fwhm : Full width at half maximum [m]; what is far below a pixel changes nothing.
    """
    sigma = []
    for axis in (y, x):
        step = axis[1] - axis[0] if axis.size > 1 else np.inf
        sigma.append(probe_fwhm / FWHM_PER_SIGMA / step)
    if max(sigma) < _NARROW:
        return values
    inside = np.isfinite(values)
    filled = np.where(inside, values, 0.0)
    spread = (*(0.0,) * (values.ndim - 2), *sigma)
    weight = gaussian_filter(inside.astype(np.float64), spread, mode="nearest")
    blurred = gaussian_filter(filled, spread, mode="nearest")
    return np.where(inside, blurred / np.where(weight > 0.0, weight, 1.0), np.nan)


def _label(
    solution: xr.Dataset, frames: Frames, values: Floats, noise: float, probe_fwhm: float, seed: int | None
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
        "scan_dwell_s": frames.dwell,
        **{key: solution.attrs[key] for key in ("image_sha256", "drive_steps") if key in solution.attrs},
    }
    return dataset
