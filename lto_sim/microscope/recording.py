"""Synthetic STEM-EELS of a run: expected counts and drawn ones, as a labelled Dataset.

What is modelled
----------------
Composition and thickness of every pixel at its own time, active and inactive layers alike; zero loss with
energy spread and tails; a Drude (or measured) plasmon with the mean free path of Iakoubovskii or Malis;
Ti-M2,3, Ti-M1, Li-K, on request Ti-L2,3 and O-K, with fine structure of both end members mixed by their
local content; plural scattering exactly; probe width, scan, drift, dose, lithium lost to the beam; counting
and integrating detectors; annular dark and bright field as incoherent scattering.

What is not
-----------
Electrons scattered elastically out of the aperture (every electron whose direction is within it reaches the
spectrometer, so that all counts are the dose, unless the probe's cone is wider); diffraction, channelling,
orientation; surface plasmons, Cerenkov losses, the gap; overlap of other phases around the particle (beside
it is vacuum); drift of the energy axis; absolute cross-sections better than their sources (Li-K within 10
eV of its edge: a factor 1.5; see :mod:`lto_sim.microscope.hydrogenic`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import dask.array as da
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.files import open_dataset, write_frames
from lto_sim.microscope.acquisition import Acquisition, plan_acquisition
from lto_sim.microscope.detector import checked_seed
from lto_sim.microscope.instrument import Instrument
from lto_sim.microscope.labels import frame_layouts, recording_labels
from lto_sim.provenance import package_version

__all__ = ["acquire", "expected_counts", "record_to_store"]

_LOG: Final = logging.getLogger(__name__)
_MOST_BYTES: Final = 2 * 2**30
"""Larger recordings are not made in memory."""


def expected_counts(
    solution: xr.Dataset,
    instrument: Instrument | str = "jem_arm300f2_continuum_k3",
    *,
    frames: slice | int | None = None,
) -> xr.Dataset:
    """Expected counts of a recording.

    Parameters
    ----------
    solution : Run (`simulate`) or lithium maps (`render_maps` with ``noise=0``).
    instrument : Instrument, name of a preset, or path of a TOML file.
    frames : Which frames, or which one; default all.

    Returns
    -------
    Dataset ``counts(time, y, x, energy_loss)`` float32, ``adf``, ``abf(time, y, x)`` [electrons],
    ``pixel_time(y, x)`` [s], ``thickness(y, x)`` [m]; coordinates ``time`` [s], ``y``, ``x`` [m],
    ``energy_loss`` [eV]; the instrument and its dose in the attributes. Pixels that the run ended before
    hold 0.

    Raises
    ------
    InputError
        A value of the instrument, a run that cannot be recorded, or a recording above 2 GiB.
    """
    return _in_memory(plan_acquisition(solution, instrument), solution, None, frames)


def acquire(
    solution: xr.Dataset,
    instrument: Instrument | str = "jem_arm300f2_continuum_k3",
    rng: np.random.Generator | int | None = None,
    *,
    out: Path | str | None = None,
    force: bool = False,
    lazy: bool = False,
    progress: Callable[[float], None] | None = None,
) -> xr.Dataset:
    """Record a run: counts as the detector draws them.

    Parameters
    ----------
    solution : Run (`simulate`) or lithium maps.
    instrument : Instrument, name of a preset, or path of a TOML file.
    rng : Seed, or a generator that gives one; None takes the run's own seed. Every frame has noise of its own
        that depends on the seed and its number alone.
    out : Zarr store to stream the frames to, one in memory at a time; an interrupted recording goes on from
        where it was when it is asked for again. None: in memory, up to 2 GiB.
    force : Replace an existing store.
    lazy : Without `out`: draw a frame when it is computed, the same each time; nothing is held.
    progress : Told the part done, 0 to 1.

    Returns
    -------
    As :func:`expected_counts`, with ``counts`` uint32 (counting) or int32 (CCD, dark signal
    subtracted); with dask arrays where `out` is given or `lazy` is true.

    Raises
    ------
    InputError
        As :func:`expected_counts`; an existing target.
    """
    plan = plan_acquisition(solution, instrument)
    if rng is None:
        seed = int(solution.attrs.get("seed", 0))
    else:
        seed = int(rng.integers(2**63)) if isinstance(rng, np.random.Generator) else checked_seed(rng)
    if out is None:
        return _by_frames(plan, solution, seed) if lazy else _in_memory(plan, solution, seed, None)
    if Path(out).suffix == ".hspy":
        raise InputError("out", str(out), "a Zarr store", "`lto-sim acquire` writes .hspy")
    record_to_store(plan, solution, Path(out), seed, force=force, progress=progress)
    return open_dataset(Path(out))


def record_to_store(
    plan: Acquisition,
    solution: xr.Dataset,
    path: Path,
    seed: int | None,
    *,
    force: bool = False,
    progress: Callable[[float], None] | None = None,
) -> int:
    """Stream a recording to a Zarr store, one frame in memory at a time.

    Parameters
    ----------
    plan : From :func:`plan_acquisition`.
    solution : Run or maps that it was laid over.
    path : The store.
    seed : Of the noise; None: expected counts.
    force : Replace an existing store.
    progress : Told the part done.

    Returns
    -------
    Frames that an interrupted attempt had finished.

    Raises
    ------
    InputError
        See :func:`write_frames`.
    """
    plan.dose.warn_above(plan.instrument.dose_budget)
    template = recording_labels(plan, solution, seed)
    _LOG.info(
        "recording %s (time, y, x, energy loss), %.4g electrons a pixel, seed %s",
        plan.shape, plan.dose.electrons, seed,
    )  # fmt: skip

    def frame(number: int) -> dict[str, NDArray[Any]]:
        counts = plan.expected(number) if seed is None else plan.drawn(number, seed)
        adf, abf = plan.images(number, seed)
        return {"counts": counts, "adf": adf, "abf": abf}

    identity = f"{plan.source_hash()} {plan.instrument_hash()} {seed} {package_version()}"
    return write_frames(
        path, template, frame_layouts(plan, seed), frame, identity, force=force, progress=progress
    )


def _by_frames(plan: Acquisition, solution: xr.Dataset, seed: int) -> xr.Dataset:
    """Dataset whose frames are drawn when they are computed."""
    plan.dose.warn_above(plan.instrument.dose_budget)
    dataset = recording_labels(plan, solution, seed)

    def counts(block_id: tuple[int, ...]) -> NDArray[Any]:
        return plan.drawn(block_id[0], seed)[None]

    def images(block_id: tuple[int, ...], which: int) -> NDArray[Any]:
        return plan.images(block_id[0], seed)[which][None]

    for name, layout in frame_layouts(plan, seed).items():
        chunks = ((1,) * layout.shape[0], *((size,) for size in layout.shape[1:]))
        draw = counts if name == "counts" else partial(images, which=("adf", "abf").index(name))
        values = da.map_blocks(  # type: ignore[no-untyped-call]
            draw, chunks=chunks, dtype=layout.dtype, meta=np.empty(0, layout.dtype)
        )
        dataset[name] = (layout.dims, values, dict(layout.attrs))
    return dataset


def _in_memory(
    plan: Acquisition, solution: xr.Dataset, seed: int | None, frames: slice | int | None
) -> xr.Dataset:
    chosen = slice(frames, frames + 1) if isinstance(frames, int) else frames
    numbers = range(plan.time.size)[chosen] if chosen is not None else range(plan.time.size)
    if not numbers:
        raise InputError("frames", str(frames), f"some of 0 to {plan.time.size - 1}", "choose others")
    size = len(numbers) * int(np.prod(plan.shape[1:])) * 4
    if size > _MOST_BYTES:
        raise InputError(
            "frames", f"{size / 2**30:.1f} GiB", "at most 2 GiB in memory",
            "stream it to a store with out=, or take fewer frames",
        )  # fmt: skip
    plan.dose.warn_above(plan.instrument.dose_budget)
    dataset = recording_labels(plan, solution, seed).isel(time=list(numbers))
    layouts = frame_layouts(plan, seed)
    values = {
        name: np.empty((len(numbers), *layout.shape[1:]), layout.dtype) for name, layout in layouts.items()
    }
    for index, number in enumerate(numbers):
        values["counts"][index] = plan.expected(number) if seed is None else plan.drawn(number, seed)
        values["adf"][index], values["abf"][index] = plan.images(number, seed)
    return dataset.assign(
        {name: (layout.dims, values[name], dict(layout.attrs)) for name, layout in layouts.items()}
    )
