"""Maps of every run, packed alike: one rule of thinning for all runs, so that they can be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.plot.style import MAP_COLOURS
from lto_sim.plot.sweep_choice import positions
from lto_sim.report.html.packing import Floats, colour_table
from lto_sim.report.html.thinning import keep
from lto_sim.report.html.wording import length_unit, round_length, steps_of_time

__all__ = ["BUDGET", "images"]

BUDGET: Final = 6_000_000
"""Characters of all maps."""
_ONE_PIXEL: Final = 1e-9
"""Size of a pixel where an image has one only, and nothing tells [m]."""


@dataclass(frozen=True, eq=False)
class _RunImages:
    """Maps of a run, read when they are asked for."""

    sweep: xr.Dataset
    run: int
    frames: int
    shape: tuple[int, int]
    low: float = 0.0
    high: float = 1.0

    @property
    def values(self) -> Floats:
        """Li fraction (frames, y, x)."""
        height, width = self.shape
        image = self.sweep["li_fraction"].isel(run=self.run)
        return np.asarray(image.values[: self.frames, :height, :width], dtype=np.float32)


def images(sweep: xr.Dataset, budget: int = BUDGET) -> tuple[dict[str, Any] | None, str]:
    """Return maps of all runs as the script needs them, and what was left out in words.

    Parameters
    ----------
    sweep : The sweep, opened.
    budget : Characters at most.

    Returns
    -------
    None where no run has maps.
    """
    if "li_fraction" not in sweep or sweep["li_fraction"].dims != ("run", "time", "y", "x"):
        return None, ""
    axes = {dim: _places(sweep, dim) for dim in ("time", "y", "x")}
    chosen = []
    for run in np.flatnonzero(sweep["status"].values == 1):
        counts = {dim: int(np.isfinite(places[run]).sum()) for dim, places in axes.items()}
        if all(counts.values()):
            chosen.append(_RunImages(sweep, int(run), counts["time"], (counts["y"], counts["x"])))
    if not chosen:
        return None, ""
    largest = (
        max(o.frames for o in chosen),
        max(o.shape[0] for o in chosen),
        max(o.shape[1] for o in chosen),
    )
    kept, packed = keep(chosen, largest, budget)
    runs: list[dict[str, Any] | None] = [None] * sweep.sizes["run"]
    for one, image in zip(chosen, packed, strict=True):
        runs[one.run] = _run_data(one, axes, kept.stride, kept.block) | {
            "filter": image.filter,
            "data": image.data,
        }
    known = axes["time"][[one.run for one in chosen]]
    field = max(float(np.nanmax(axes["x"])), float(np.nanmax(axes["y"])))
    return {
        "runs": runs, "unit": steps_of_time(known), "length": length_unit(field),
        "low": 0.0, "high": 1.0, "below": True, "above": True, "label": "Li fraction",
        "colours": "".join(colour_table(MAP_COLOURS)),
    }, kept.words  # fmt: skip


def _places(sweep: xr.Dataset, dim: str) -> NDArray[np.float64]:
    _, places = positions(sweep, dim)
    return np.broadcast_to(places, (sweep.sizes["run"], places.shape[-1]))


def _run_data(
    one: _RunImages, axes: dict[str, NDArray[np.float64]], stride: int, block: int
) -> dict[str, Any]:
    """Times, pixels and where they lie: `origin` is the upper left corner of the image [m]."""
    time = axes["time"][one.run, : one.frames][::stride]
    height, width = one.shape
    steps, origin = [], []
    for places, count in ((axes["x"][one.run], width), (axes["y"][one.run], height)):
        step = float(places[1] - places[0]) if count > 1 else _ONE_PIXEL
        steps.append(step)
        origin.append(float(places[0]) - 0.5 * step)
    pixels = [-(-width // block), -(-height // block)]
    bar, text = round_length(pixels[0] * block * steps[0])
    return {
        "time": [float(f"{t:.7g}") for t in time], "pixels": pixels,
        "pixel": [float(f"{step * block:.7g}") for step in steps],
        "origin": [float(f"{value:.7g}") for value in origin],
        "bar": [100.0 * bar / (pixels[0] * block * steps[0]), text],
    }  # fmt: skip
