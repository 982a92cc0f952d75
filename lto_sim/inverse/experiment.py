"""Recorded maps and the scenario of the particle in them, checked to belong together."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.quantify.li_likelihood import ROOT_VARIABLES
from lto_sim.scenario import Scenario, hash_images
from lto_sim.scenario.parse import node_at
from lto_sim.specimen.raster import pixel_offsets
from lto_sim.transport.model import build_model
from lto_sim.transport.visits import PixelGrid

__all__ = ["MapExperiment", "arrhenius_table", "read_experiment", "timed"]

Floats = NDArray[np.float64]

_EVEN: Final[float] = 0.02
"""Difference of pixel sizes, as part of a pixel, that is none."""
_PIXEL: Final[float] = 0.003
"""The same against the scenario's scan: D goes with its square."""
_OFF: Final[float] = 0.1
"""Part of a pixel by which a grid may lie off that of the scenario's scan."""
_PLACED: Final[float] = 0.25
"""Pixels by which the particle may reach beyond the recorded frame's edge beside rounding, or be moved."""
_APART: Final[float] = 0.01
_LONGER: Final[float] = 1.03
"""Simulated time over that of the last pixel, for the derivative in time."""


@dataclass(frozen=True, eq=False)
class MapExperiment:
    """Maps as arrays, and their scenario.

    Parameters
    ----------
    scenario : The particle, its contacts, its drive.
    values : Li fraction (frames, rows, columns), NaN where there is none.
    deviation : Its standard deviations; None where none are stated.
    time, delay : Start of every frame and offset of every pixel in it [s].
    x, y : Pixel centres [m].
    probe_fwhm : Full width at half maximum of the probe [m].
    root : Coefficients a and b of the signed root of each spectrum's likelihood, of the shape of `values`;
        None where li fractions are compared, not spectra.
    """

    scenario: Scenario
    values: Floats
    deviation: Floats | None
    time: Floats
    delay: Floats
    x: Floats
    y: Floats
    probe_fwhm: float
    root: tuple[Floats, Floats] | None = None

    @property
    def when(self) -> Floats:
        """Time of every value on the clock of the maps [s], (frames, rows, columns)."""
        return np.asarray(self.time[:, None, None] + self.delay)

    @property
    def grid(self) -> PixelGrid:
        """The pixels."""
        return PixelGrid(_edges(self.x), _edges(self.y))

    @cached_property
    def stamp(self) -> str:
        """Hash of the files that the scenario names: images, a start."""
        hashes = dict(hash_images(self.scenario))
        if isinstance(self.scenario.initial, str):
            with Path(self.scenario.initial).open("rb") as file:
                hashes[self.scenario.initial] = hashlib.file_digest(file, "sha256").hexdigest()
        return hashlib.sha256(repr(sorted(hashes.items())).encode()).hexdigest() if hashes else ""

    def apart(self, when: Floats) -> Floats:
        """Distance of times for a derivative [s]: a part of the time since the drive's step began, >= 0.

        Parameters
        ----------
        when : Times of the run [s].
        """
        begun = np.cumsum([0.0, *(float(s.until.time or np.inf) for s in self.scenario.steps[:-1])])
        begun = begun[np.isfinite(begun)]
        step = np.clip(np.searchsorted(begun, when, side="right") - 1, 0, begun.size - 1)
        return np.asarray(_APART * np.maximum(when - begun[step], 0.0))

    @property
    def temperature(self) -> float | None:
        """The one temperature of the run [K]; None where its steps differ in it."""
        steps = {
            self.scenario.temperature if s.temperature is None else s.temperature for s in self.scenario.steps
        }
        return float(steps.pop()) if len(steps) == 1 else None


def _edges(centres: Floats) -> Floats:
    step = centres[1] - centres[0]
    return np.asarray(centres[0] + step * (np.arange(centres.size + 1) - 0.5))


def read_experiment(
    maps: xr.Dataset, scenario: Scenario, name: str = "maps", *, spectra: bool = False
) -> MapExperiment:
    """Check maps and scenario against each other.

    Parameters
    ----------
    maps : ``li_fraction(time, y, x)`` with ``time`` [s], ``x`` and ``y`` [m] in the particle's frame; if
        known ``li_fraction_std`` and ``pixel_time(y, x)`` [s]. Attribute ``probe_fwhm_m``, else the
        scenario's.
    scenario : What was recorded.
    name : What messages call the maps.
    spectra : Compare spectra: the maps carry the shape of each pixel's likelihood.

    Raises
    ------
    InputError
        Axes missing, uneven or falling, no values, another pixel size than the scenario's scan, another
        orientation or place than the particle's, a drive whose steps end by anything but time.
    """
    if not isinstance(maps, xr.Dataset):
        raise InputError(
            name, type(maps).__name__, "an xarray.Dataset with li_fraction(time, y, x)", "open the maps"
        )
    fraction = maps.get("li_fraction")
    if fraction is None or set(fraction.dims) != {"time", "y", "x"}:
        raise InputError(
            name, sorted(map(str, maps.variables)), "li_fraction(time, y, x)",
            "give maps from `lto-sim render`, `quantify`, or a stack of images with its pixel size",
        )  # fmt: skip
    if maps.sizes["x"] < 2 or maps.sizes["y"] < 2:
        raise InputError(name, dict(maps.sizes), "2 pixels or more a side", "give maps, not profiles")
    fraction = fraction.transpose("time", "y", "x")
    values = np.asarray(fraction.values, dtype=np.float64)
    if not np.isfinite(values).any():
        raise InputError(f"{name}.li_fraction", "no finite value", "some", "check how it was quantified")
    time, x, y = (np.asarray(maps[axis].values, dtype=np.float64) for axis in ("time", "x", "y"))
    for axis, centres in (("x", x), ("y", y)):
        steps = np.diff(centres)
        if not (steps > 0.0).all() or np.ptp(steps) > _EVEN * steps[0]:
            raise InputError(
                f"{name}.{axis}", f"steps of {steps.min():.4g} to {steps.max():.4g} m",
                "evenly rising pixel centres", "images have x to the right and y down: turn or flip the maps",
            )  # fmt: skip
    if not (np.diff(time) > 0.0).all():
        raise InputError(f"{name}.time", "frames out of order", "rising times", "sort the frames")
    _require_geometry(scenario, x, y, name)
    deviation = None
    if "li_fraction_std" in maps:
        deviation = np.array(maps["li_fraction_std"].transpose("time", "y", "x").values, dtype=np.float64)
        good = np.isfinite(deviation) & (deviation > 0.0)
        bad = np.isfinite(values) & np.isfinite(deviation) & ~good
        if bad.any() and (good.any() or (deviation[bad] < 0.0).any()):
            raise InputError(
                f"{name}.li_fraction_std", f"{int(bad.sum())} values of 0 or less",
                "> 0, or NaN where unknown", "leave it out to weigh by the scatter of the frames",
            )  # fmt: skip
        deviation = np.where(good, deviation, np.nan) if good.any() else None
    delay = np.zeros((y.size, x.size))
    scan = scenario.scan
    if "pixel_time" not in maps and scan is not None and scan.pixels == (x.size, y.size):
        delay = pixel_offsets(scan.pixels, scan.frame_time, scan.flyback, scan.order)
    if "pixel_time" in maps:
        delay = np.nan_to_num(np.asarray(maps["pixel_time"].transpose("y", "x").values, dtype=np.float64))
    probe = float(maps.attrs.get("probe_fwhm_m", scenario.maps.probe_fwhm))
    root = _root(maps, name, deviation) if spectra else None
    experiment = MapExperiment(scenario, values, deviation, time, delay, x, y, probe, root)
    timed(scenario, float(experiment.when.max()))
    return experiment


def _root(maps: xr.Dataset, name: str, deviation: Floats | None) -> tuple[Floats, Floats]:
    """Shape of the likelihood of every value, as `quantify_lithium(likelihood=True)` gives it."""
    if deviation is None or any(variable not in maps for variable in ROOT_VARIABLES):
        raise InputError(
            "residuals", "spectra", "maps with the likelihood of each spectrum, or the spectra themselves",
            f"quantify with --likelihood (likelihood=True): {name} lacks {ROOT_VARIABLES[0]}",
        )  # fmt: skip
    first, second = (
        np.nan_to_num(np.asarray(maps[v].transpose("time", "y", "x").values, dtype=np.float64))
        for v in ROOT_VARIABLES
    )
    return first, second


def _require_geometry(scenario: Scenario, x: Floats, y: Floats, name: str) -> None:
    pixel = x[1] - x[0], y[1] - y[0]
    mesh = build_model(scenario).mesh
    left, right, top, bottom = (float(v) for v in (*mesh.x_face[[0, -1]], *mesh.y_face[[0, -1]]))
    size = right - left, bottom - top
    if scenario.scan is not None:
        wanted = tuple(length / count for length, count in zip(size, scenario.scan.pixels, strict=True))
        if any(abs(a / b - 1.0) > _PIXEL for a, b in zip(pixel, wanted, strict=True)):
            turned = all(abs(a / b - 1.0) <= _PIXEL for a, b in zip(pixel, reversed(wanted), strict=True))
            raise InputError(
                f"{name}.x", "pixels of {:.4g} x {:.4g} nm".format(*(1e9 * p for p in pixel)),
                "those of the scenario's scan, {:.4g} x {:.4g} nm".format(*(1e9 * p for p in wanted)),
                "exchange x and y: the maps are turned" if turned
                else "correct scan.pixels, the outline, or the maps",
            )  # fmt: skip
        off = [
            abs(offset - round(offset))
            for offset in ((x[0] - left) / pixel[0] - 0.5, (y[0] - top) / pixel[1] - 0.5)
        ]
        if max(off) > _OFF:
            raise InputError(
                f"{name}.x", f"pixels {off[0]:.2f} and {off[1]:.2f} of one off along x and y",
                "the pixels of the scenario's scan",
                "move the axes of the maps, or leave scan out of the scenario",
            )  # fmt: skip
    frame = (x[0] - 0.5 * pixel[0], y[0] - 0.5 * pixel[1], x[-1] + 0.5 * pixel[0], y[-1] + 0.5 * pixel[1])
    common = [
        max(0.0, min(frame[2 + n], (right, bottom)[n]) - max(frame[n], (left, top)[n])) / size[n]
        for n in (0, 1)
    ]
    beyond = [frame[2 + n] - frame[n] - size[n] for n in (0, 1)]
    if min(common) <= 0.0 or (common[0] * common[1] < 0.5 and max(beyond) > _PLACED * max(pixel)):
        raise InputError(
            name, "a frame from ({:.0f}, {:.0f}) to ({:.0f}, {:.0f}) nm".format(*(1e9 * v for v in frame)),
            "one on the particle, ({:.0f}, {:.0f}) to ({:.0f}, {:.0f}) nm".format(
                *(1e9 * v for v in (left, top, right, bottom))
            ),
            "turn, flip or move the maps (`lto-sim compare` finds the pose), or correct the outline",
        )  # fmt: skip


def timed(scenario: Scenario, last: float) -> Scenario:
    """Scenario whose drive ends by time alone, after `last` [s] or later, with nothing kept of the run.

    Raises
    ------
    InputError
        A step before the last that another condition than time ends: a fit would change when.
    """
    mapping, steps = scenario.to_dict(), scenario.steps
    for step in steps:
        last_hold = step is steps[-1] and step.kind == "hold"
        if not last_hold and tuple(step.until.given) != ("time",) and step.kind != "sweep":
            raise InputError(
                f"{step.path}.until", list(step.until.given), "time alone, but for a hold at the end",
                "say how long the step lasted: a fit would change when another condition is met",
            )  # fmt: skip
    before = math.fsum(step.longest for step in steps[:-1])
    wanted, entry, end = _LONGER * max(last, 1e-9) - before, mapping["drive"][-1], steps[-1]
    if any(key in entry for key in ("repeat", "gitt", "pitt", "sweep")):
        if math.isfinite(end.longest) and wanted > end.longest:
            kind = {"hold": end.value} if end.kind in {"hold", "sweep"} else {"rest": True}
            mapping["drive"].append(kind | {"until": {"time": wanted - end.longest}})
    else:
        entry["until"] = {"time": max(end.until.time or 0.0, wanted, 1e-9)}
    for key in ("scan", "profile"):
        mapping.pop(key, None)
    for entry in mapping["drive"]:
        entry.pop("frame_period", None)
    mapping["output"] = {"restart": "none", "max_states": 2}
    return Scenario.from_dict(mapping)


def arrhenius_table(mapping: dict[str, Any], path: str) -> str | None:
    """Path of the table with an activation energy that a parameter belongs to; None if it does not."""
    prefix, _, last = path.rpartition(".")
    table = node_at(mapping, prefix) if prefix else None
    return prefix if last in {"at", "Ea"} and isinstance(table, dict) and "reference" in table else None
