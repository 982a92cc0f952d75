"""Particles whose maps are fitted by the validation, and their true maps on much finer cells.

Fronts in them do not depend on y, so that the truth is computed on a strip of two cells and laid over the
rows of the maps.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import xarray as xr

from lto_sim.kinetics.corrections import true_rate
from lto_sim.microscope import render_maps
from lto_sim.scenario import Scenario
from lto_sim.transport import simulate

__all__ = ["D_LI7", "FACES", "extraction_case", "lamella_case", "noisy", "true_maps"]

D_LI7: Final[float] = 2.5e-16
FACES: Final[float] = 2.8e-23
"""D of Li7Ti5O12 [m2/s] and delta*D_s of each face [m3/s] of the lamellae: l = 112 nm."""

_KELVIN: Final[float] = 348.15
_HEIGHT: Final[float] = 40e-9
_TRUTH: Final = ((4e-9, 1), (8e-9, 12))
"""Cell [m] and layers of the truth, of a lamella without layers and of one with them."""


def extraction_case(**values: Any) -> Scenario:
    """Extraction through an interface reaction, 0.8 um deep, 25 frames of 24 x 8 pixels."""
    return Scenario.from_dict(
        {
            "material": "lto", "temperature": _KELVIN, "initial": 1.0,
            "specimen": {
                "outline": {"shape": "rectangle", "width": 0.8e-6, "height": 0.3e-6}, "thickness": 150e-9,
                "cell": 20e-9,
            },
            "contacts": {"lps": {"where": {"side": "left"}, "law": "linear", "k_c": 2e-5}},
            "drive": [{"hold": 1.6, "until": {"time": 8.0}}],
            "scan": {"frame_time": 0.32, "pixels": [24, 8]}, "output": {"restart": "none"},
        }
    ).with_values(values)  # fmt: skip


def lamella_case(thickness: float, reach: float = 0.75e-6, **values: Any) -> Scenario:
    """Insertion into a lamella whose faces conduct, 30 frames of 36 x 2 pixels on the way to `reach`.

    Parameters
    ----------
    thickness : Of the lamella [m].
    reach : Way of the mean front at its late pace [m].
    values : Other values by path.
    """
    scenario = Scenario.from_dict(
        {
            "material": {"name": "lto", "D_Li7": {"at": D_LI7, "reference": _KELVIN}},
            "temperature": _KELVIN, "initial": 0.0,
            "specimen": {
                "outline": {"shape": "rectangle", "width": 1.2e-6, "height": _HEIGHT}, "thickness": thickness,
                "cell": 20e-9, "layers": 6, "symmetry": True,
            },
            "surface": {"faces": {"at": FACES, "reference": _KELVIN, "Ea": 0.0}},
            "contacts": {"lps": {"where": {"side": "left"}}},
            "drive": [{"hold": 0.4, "until": {"time": 1.0}}],
            "scan": {"frame_time": 0.1, "pixels": [36, 2]}, "output": {"restart": "none"},
        }
    )  # fmt: skip
    duration = reach**2 / (2.0 * true_rate(scenario).k)
    timing = {"drive.0.until.time": duration, "scan.frame_time": duration / 30.0}
    return scenario.with_values(timing | values)


def true_maps(scenario: Scenario) -> xr.Dataset:
    """Maps without noise, simulated on cells of 4 nm; where it has layers, of 8 nm in twelve of them."""
    pixels = scenario.to_dict()["scan"]["pixels"]
    height = float(scenario.to_dict()["specimen"]["outline"]["height"])
    cell, layers = _TRUTH[scenario.specimen.layers > 1]
    strip = scenario.with_values(
        {
            "specimen.cell": cell, "specimen.outline.height": 2.0 * cell, "specimen.layers": layers,
        }
    )  # fmt: skip
    maps = render_maps(simulate(strip), noise=0.0, rng=0)
    rows = (np.arange(pixels[1]) + 0.5) * height / pixels[1]
    return maps.assign_coords(y=("y", rows, maps["y"].attrs))


def noisy(maps: xr.Dataset, noise: float, seed: list[int]) -> xr.Dataset:
    """Maps with noise of stated deviation, drawn by a seed of their own."""
    drawn = maps.copy(deep=True)
    values = maps["li_fraction"].values
    drawn["li_fraction"].values[:] = values + np.random.default_rng(seed).normal(0.0, noise, values.shape)
    drawn["li_fraction_std"].values[:] = noise
    return drawn


def logarithms(*values: float) -> np.ndarray:
    """Truth in what is fitted."""
    return np.array([math.log(value) for value in values])
