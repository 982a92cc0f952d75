"""Recordings for tests: a store as `lto-sim acquire` writes it, and signals as RosettaSciIO has them."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

ENERGY = -20.0 + 0.5 * np.arange(200)
SHAPE = (3, 4, 5, ENERGY.size)
METADATA: dict[str, Any] = {
    "title": "counts of a test",
    "beam_energy_keV": 300.0,
    "convergence_angle_mrad": 10.0,
    "collection_angle_mrad": 20.0,
    "dwell_time_s": 3e-4,
    "probe_current_A": 1e-10,
    "dose_per_frame_e_per_A2": 4.7,
    "dose_total_e_per_A2": 14.1,
    "acquisition_mode": "stem",
    "detector": "counting",
    "detector_gain": 1.0,
}


def named(units: str, long_name: str) -> dict[str, str]:
    return {"units": units, "long_name": long_name}


def spectra(shape: tuple[int, ...] = SHAPE, seed: int = 1) -> np.ndarray:
    """Zero loss and a plasmon, counted."""
    energy = -20.0 + 0.5 * np.arange(shape[-1])
    expected = 400.0 * np.exp(-0.5 * (energy / 0.6) ** 2) + 15.0 * np.exp(-0.5 * ((energy - 25.0) / 4.0) ** 2)
    return np.random.default_rng(seed).poisson(expected, shape).astype(np.uint32)


def counts_store(values: np.ndarray | None = None, **attrs: Any) -> xr.Dataset:
    values = spectra() if values is None else values
    time, y, x, energy = values.shape
    scan = np.arange(y * x, dtype=float).reshape(y, x)
    detector = np.ones((time, y, x), np.float32) * scan.astype(np.float32)
    return xr.Dataset(
        {
            "counts": (("time", "y", "x", "energy_loss"), values, named("electrons", "counts")),
            "adf": (("time", "y", "x"), detector, named("electrons", "dark field")),
            "abf": (("time", "y", "x"), detector, named("electrons", "bright field")),
            "pixel_time": (("y", "x"), 3e-4 * scan, named("s", "time of a pixel in its frame")),
            "thickness": (("y", "x"), np.full((y, x), 1e-7), named("m", "thickness")),
        },
        {
            "time": ("time", 1.5 * np.arange(time), named("s", "time")),
            "y": ("y", 2e-8 * (np.arange(y) + 0.5), named("m", "y")),
            "x": ("x", 2e-8 * (np.arange(x) + 0.5), named("m", "x")),
            "energy_loss": ("energy_loss", -20.0 + 0.5 * np.arange(energy), named("eV", "energy loss")),
        },
        {**METADATA, "instrument": "[probe]\nfwhm = 1e-10\n", "configuration": "seed = 1\n", **attrs},
    )


def signal(
    data: np.ndarray, *axes: tuple[str, float, float, str | None], signal_type: str = "", **more: Any
) -> dict[str, Any]:
    """What RosettaSciIO writes; of every axis the name, scale, offset and unit."""
    return {
        "data": data,
        "axes": [
            {
                "name": name, "size": size, "scale": scale, "offset": offset, "units": units,
                "navigate": n < data.ndim - 1, "index_in_array": n, "is_binned": False,
                "_type": "UniformDataAxis",
            }
            for n, (size, (name, scale, offset, units)) in enumerate(zip(data.shape, axes, strict=True))
        ],
        "metadata": {"General": {"title": "test"}, "Signal": {"signal_type": signal_type}, **more},
        "original_metadata": {},
        "attributes": {"_lazy": False, "ragged": False},
        "learning_results": {},
        "package_info": {},
        "tmp_parameters": {},
        "models": {},
    }  # fmt: skip
