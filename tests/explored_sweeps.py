"""Small stores of sweeps from made-up numbers: what a sweep would have written, without running it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.scenario import Scenario
from lto_sim.study.sweeps.counting import plan_sweep
from lto_sim.study.sweeps.specification import Sweep, describe
from lto_sim.study.sweeps.store import create_store, mark_failed, stored_sweep, write_run

__all__ = ["FAILED", "FRAMES", "PENDING", "PIXELS", "REASON", "front_place", "make_store"]

FRAMES: Final = 12
PIXELS: Final = (20, 8)
FAILED: Final = 4
PENDING: Final = 5
REASON: Final = 'the step <b>shrank</b> to nothing; "advice"'
AXES: Final[dict[str, list[Any]]] = {
    "material.D_Li4.at": ["1e-13 m^2/s", "1e-12 m^2/s"],
    "temperature": ["60 degC", "75 degC", "90 degC"],
}


def _scenario(pixels: tuple[int, int]) -> Scenario:
    return Scenario.from_dict({
        "title": "front", "material": "lto", "temperature": "75 degC", "initial": 1.0,
        "specimen": {"outline": {"shape": "rectangle", "width": "2 um", "height": "0.8 um"},
                     "thickness": "150 nm", "cell": "100 nm"},
        "contacts": {"lps": {"where": {"side": "left"}}},
        "drive": [{"hold": "1.6 V", "until": {"time": "24 s"}}],
        "scan": {"frame_time": "2 s", "pixels": list(pixels)},
        "profile": [{"start": ["0 um", "0.4 um"], "end": ["1.2 um", "0.4 um"], "width": "0.4 um"}],
    })  # fmt: skip


def front_place(run: int) -> NDArray[np.float64]:
    """Where the front of a run is at every frame [m]: farther in every run than in the one before."""
    return 0.3e-6 * (1 + run) ** 0.5 * np.sqrt((np.arange(FRAMES) + 1.0) / FRAMES)


def make_store(
    path: Path,
    outputs: Sequence[str] = ("maps", "front", "rate", "current"),
    axes: dict[str, list[Any]] | None = None,
    *,
    whole: bool = False,
    design: str = "grid",
    title: str = "Made up",
    pixels: tuple[int, int] = PIXELS,
) -> Path:
    """Make the store of a sweep.

    Parameters
    ----------
    path : Where.
    outputs : What it keeps.
    axes : What it varies.
    whole : Every run is done; else run 4 failed and run 5 is pending.
    design : As of a sweep.
    title : Of the sweep.
    pixels : Of maps (x, y).
    """
    sweep: Sweep = describe(
        _scenario(pixels), AXES if axes is None else axes, design=design, outputs=outputs, title=title
    )
    create_store(sweep, plan_sweep(sweep), path, force=False)
    stamp = stored_sweep(path)[1]["store_id"]
    rng = np.random.default_rng(1)
    for run in range(sweep.runs):
        if whole or run not in (FAILED, PENDING):
            write_run(path, stamp, run, _values(run, outputs, pixels, rng), 0.5 + run)
        elif run == FAILED:
            mark_failed(path, stamp, run, REASON, 1.0)
    return path


def _values(
    run: int, outputs: Sequence[str], pixels: tuple[int, int], rng: np.random.Generator
) -> dict[str, Any]:
    place, time = front_place(run), 2.0 * np.arange(FRAMES)
    x, y = (
        size * (np.arange(count) + 0.5) / count for size, count in zip((2e-6, 0.8e-6), pixels, strict=True)
    )
    found: dict[str, Any] = {}
    if "maps" in outputs:
        maps = np.clip((x - place[:, None]) / 0.1e-6 + 0.5, 0.0, 1.0)[:, None, :] * np.ones((1, y.size, 1))
        maps += 0.01 * rng.standard_normal(maps.shape)
        found |= {
            "li_fraction": maps, "li_fraction_std": np.full(maps.shape, 0.01),
            "pixel_time": np.zeros((y.size, x.size)), "thickness": np.full((y.size, x.size), 150e-9),
            "time_of_run": time, "y_of_run": y, "x_of_run": x,
        }  # fmt: skip
    if "front" in outputs:
        found |= {
            "front_position": place[:, None], "front_position_std": np.full((FRAMES, 1), 5e-9),
            "front_time": time[:, None] + 1.0, "time_of_run": time,
        }  # fmt: skip
    if "rate" in outputs:
        k = 1e-15 * (1.0 + run)
        found |= {
            "k": [k], "k_std": [0.05 * k], "k_low": [0.9 * k], "k_high": [1.1 * k], "k_L": [np.nan],
            "verdict": np.array([run % 2], dtype=np.int8), "k_true": 1.02 * k,
        }  # fmt: skip
    if "current" in outputs:
        fine = 24.0 * np.arange(1, 201) / 200.0
        current = 1e-11 * (1.0 + run) / np.sqrt(fine)
        found |= {
            "current": current, "charge": np.cumsum(current) * 0.12, "potential": np.full(200, 1.6),
            "time_fine_of_run": fine,
        }  # fmt: skip
    return found
