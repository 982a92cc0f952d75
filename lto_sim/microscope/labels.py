"""Names, units and attributes of a recording."""

from __future__ import annotations

import numpy as np
import xarray as xr

from lto_sim import provenance
from lto_sim.files import FrameLayout
from lto_sim.microscope.acquisition import Acquisition
from lto_sim.microscope.dose import PER_SQUARE_ANGSTROM
from lto_sim.provenance import named

__all__ = ["frame_layouts", "recording_labels"]


def recording_labels(plan: Acquisition, solution: xr.Dataset, seed: int | None) -> xr.Dataset:
    """Dataset of a recording without its frames: coordinates, pixel times, thickness, attributes."""
    instrument, dose = plan.instrument, plan.dose
    dataset = xr.Dataset(
        {
            "pixel_time": (("y", "x"), plan.pixel_time, named("s", "time of a pixel within its frame")),
            "thickness": (("y", "x"), plan.thickness, named("m", "mean thickness of a pixel's particle")),
        },
        {
            "time": ("time", plan.time, named("s", "start of the frame")),
            "y": ("y", plan.y, named("m", "pixel centre, down the image")),
            "x": ("x", plan.x, named("m", "pixel centre, along the image")),
            "energy_loss": ("energy_loss", plan.energy_loss, named("eV", "energy loss, channel centre")),
        },
    )
    text = instrument.to_toml()
    kind = "expected counts" if seed is None else "counts"
    step = f"acquire {kind}, {instrument.title or instrument.mode}"
    paths = sorted(plan.model.mean_free_path.items())
    dataset.attrs = {
        **provenance.attributes(
            f"synthetic EELS spectrum images: {kind}", step, seed=seed, previous=solution.attrs
        ),
        "instrument": text,
        "instrument_sha256": provenance.configuration_hash(text),
        "quantity": "expected" if seed is None else "drawn",
        "acquisition_mode": instrument.mode,
        "beam_energy_keV": instrument.beam.voltage * 1e-3,
        "convergence_angle_mrad": instrument.beam.convergence * 1e3,
        "collection_angle_mrad": instrument.spectrometer.collection * 1e3,
        "probe_current_A": instrument.beam.current,
        "dwell_time_s": dose.dwell,
        "electrons_per_pixel": dose.electrons,
        "dose_per_frame_e_per_A2": dose.per_frame / PER_SQUARE_ANGSTROM,
        "dose_total_e_per_A2": dose.total / PER_SQUARE_ANGSTROM,
        "detector": instrument.detector.kind,
        "detector_gain": getattr(instrument.detector, "gain", 1.0),
        **{f"mean_free_path_{phase}_m": value for phase, value in paths},
        **{key: solution.attrs[key] for key in ("image_sha256", "drive_steps") if key in solution.attrs},
    }
    return dataset


def frame_layouts(plan: Acquisition, seed: int | None) -> dict[str, FrameLayout]:
    """Layout of the variables that come by frames; expected ones where `seed` is None."""
    detector = plan.instrument.detector
    unit = "electrons" if detector.kind == "counting" else "counts"
    what = "expected" if seed is None else "recorded"
    dims = ("time", "y", "x", "energy_loss")
    counts = np.dtype(np.float32 if seed is None else detector.dtype)
    image = np.dtype(np.float32 if seed is None else np.uint32)
    fields = {"adf": "dark-field", "abf": "bright-field"}
    return {
        "counts": FrameLayout(dims, plan.shape, counts, named(unit, f"{what} {unit} per channel")),
        **{
            name: FrameLayout(
                dims[:3], plan.shape[:3], image,
                named("electrons", f"{what} electrons on the annular {field} detector"),
            )
            for name, field in fields.items()
        },
    }  # fmt: skip
