"""A front that moves as sqrt(2 k t) through a scanned image, and the files in which such maps are kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import tifffile
import xarray as xr
from scipy.special import ndtr

from lto_sim.files import write_hspy

PIXEL, FRAME_TIME, K = 31e-9, 1.5, 6e-15
FRAMES, ROWS, COLUMNS = 120, 8, 56
BLUR, NOISE = 12e-9, 20.0
DARK, BRIGHT = 500.0, 800.0
PROFILE = "0 nm,124 nm:1736 nm,124 nm:248 nm"


def visits(rows: int = ROWS, columns: int = COLUMNS) -> np.ndarray:
    """Time of every pixel within its frame [s], row by row, in the middle of its dwell."""
    return FRAME_TIME * (np.arange(rows * columns).reshape(rows, columns) + 0.5) / (rows * columns)


def moving_step(seed: int, *, down: bool = False) -> np.ndarray:
    """Intensities (time, y, x) as float32; the contact is on the left, or at the top."""
    shape = (COLUMNS, ROWS) if down else (ROWS, COLUMNS)
    time = FRAME_TIME * np.arange(FRAMES)[:, None, None] + visits(*shape)
    front = np.sqrt(2.0 * K * time)
    centre = PIXEL * (np.arange(COLUMNS) + 0.5)
    u = (centre[:, None] if down else centre[None, :]) - front
    share = (_ramp(u + 0.5 * PIXEL) - _ramp(u - 0.5 * PIXEL)) / PIXEL
    noise = np.random.default_rng(seed).normal(0.0, NOISE, share.shape)
    return (DARK + (BRIGHT - DARK) * share + noise).astype(np.float32)


def _ramp(u: np.ndarray) -> np.ndarray:
    z = np.clip(u / BLUR, -12.0, 12.0)
    return u * ndtr(z) + BLUR * np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)


def labelled(values: np.ndarray, name: str | None = None, **attrs: str) -> xr.DataArray:
    frames, rows, columns = values.shape
    return xr.DataArray(
        values,
        {
            "time": ("time", FRAME_TIME * np.arange(frames), {"units": "s"}),
            "y": ("y", PIXEL * (np.arange(rows) + 0.5), {"units": "m"}),
            "x": ("x", PIXEL * (np.arange(columns) + 0.5), {"units": "m"}),
        },
        ("time", "y", "x"),
        name=name,
        attrs=attrs,
    )


def write_imagej(values: np.ndarray, path: Path, **metadata: object) -> None:
    calibration = {"axes": "TYX", "unit": "nm", "finterval": FRAME_TIME, **metadata}
    tifffile.imwrite(path, values, imagej=True, resolution=(1 / 31, 1 / 31), metadata=calibration)


WRITERS: dict[str, Callable[[np.ndarray, Path], object]] = {
    "tif": write_imagej,
    "hspy": lambda values, path: write_hspy(labelled(values), {}, path),
    "npy": lambda values, path: np.save(path, values),
}
"""Suffix -> writer; .npy alone says nothing of time and size."""
