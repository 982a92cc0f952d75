"""Maps that a recording would show, without noise, with the deviations that counting leaves in them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim import provenance
from lto_sim.errors import InputError
from lto_sim.kinetics.corrections.twin import at_pace, require_recording
from lto_sim.microscope import Instrument
from lto_sim.provenance import named
from lto_sim.quantify import Normalisation
from lto_sim.scenario import Scenario
from lto_sim.study.design.options import given_budget, given_durations
from lto_sim.study.design.pixels import require_probe
from lto_sim.study.design.plan import Budget, Planner
from lto_sim.study.design.recording import OverBudget
from lto_sim.study.design.settings import Setting
from lto_sim.study.design.shown import shown_maps
from lto_sim.study.design.work import Task

__all__ = ["expected_maps"]

Floats = NDArray[np.float64]

_MOST_VALUES: Final = 200_000_000
_LONGER: Final[float] = 1.001


def expected_maps(
    scenario: Scenario,
    instrument: Instrument | str,
    *,
    dose_budget: str | float | None = None,
    over_budget: OverBudget = "fewer_frames",
    duration: str | float | None = None,
    normalise: Normalisation = "pixel",
    profiles_only: bool = False,
) -> xr.Dataset:
    """Maps of one recording, as `design_experiment` takes them, to be looked at or to draw noise over.

    Parameters
    ----------
    scenario : The particle, its temperature, first potential, scan and profiles.
    instrument : Instrument, preset or TOML file.
    dose_budget : Largest dose [electrons m-2], or text in e/A^2; as of `design_experiment`.
    duration : How long is recorded [s], or text with a unit.
    over_budget, normalise : As of `design_experiment`.
    profiles_only : Only the pixels of the profiles and those beside them.

    Returns
    -------
    Dataset
        ``li_fraction(time, y, x)`` without noise, ``li_fraction_std`` of the same shape, ``pixel_time(y, x)``
        [s] and ``thickness(y, x)`` [m]; dose and period in the attributes.

    Raises
    ------
    InputError
        As `design_experiment`; a recording without a frame, or one too large for the memory.
    """
    instrument = Instrument.load(instrument)
    require_probe(instrument)
    require_recording(scenario)
    budget = Budget(given_budget(dose_budget, instrument), "recording", over_budget)
    setting = Setting(scenario, instrument, ())
    planner = Planner(
        [setting], np.array([scenario.temperature]), given_durations(duration, 1), budget, normalise,
        whole=not profiles_only,
    )  # fmt: skip
    planned = planner.plan(setting)[0]
    task, recording = planner.task(0, 0, planned), planned.recording
    field = task.field
    if recording.frames == 0:
        raise InputError(
            "duration", recording.duration, "time and dose for a frame", "record longer, or dose more"
        )
    offsets = field.offsets(scenario)
    if recording.frames * offsets.size > _MOST_VALUES:
        raise InputError(
            "frames", recording.frames, f"at most {_MOST_VALUES // offsets.size}", "take profiles_only=True"
        )
    time = np.asarray(recording.period * np.arange(recording.frames), dtype=np.float64)
    times = time[:, None, None] + offsets
    simulated = at_pace(planned.scenario, 1.0, _LONGER * float(times.max()))
    values = shown_maps(simulated, field, times, [(time.size, task.blur)])
    step = f"expected_maps {recording.frames} frames of {recording.frame_time:g} s"
    attributes = {
        **provenance.attributes("expected lithium maps", step, planned.scenario.to_toml()),
        "instrument": instrument.to_toml(),
        "dose_m2": recording.dose,
        "period_s": recording.period,
        "scan_dwell_s": planner.particle(setting).dwell,
        "electrons": task.noise.electrons,
        "probe_fwhm_m": task.blur,
        "normalised_by": normalise,
    }
    return _labelled(task, values, time, offsets).assign_attrs(attributes)


def _labelled(task: Task, values: Floats, time: Floats, offsets: Floats) -> xr.Dataset:
    field, known = task.field, np.isfinite(values)
    std = np.where(known, task.noise.at(np.where(known, values, 0.5), field.thickness), np.nan)
    image = ("time", "y", "x")
    variables: dict[str, Any] = {
        "li_fraction": (image, values, named("1", "projected Li fraction, without noise")),
        "li_fraction_std": (image, std, named("1", "standard deviation of Li fraction by counting")),
        "pixel_time": (("y", "x"), offsets, named("s", "time of a pixel within its frame")),
        "thickness": (("y", "x"), field.thickness, named("m", "specimen thickness")),
    }
    coordinates: dict[str, Any] = {
        "time": ("time", time, named("s", "start of the frame")),
        "y": ("y", field.y, named("m", "pixel centre, down the image")),
        "x": ("x", field.x, named("m", "pixel centre, along the image")),
    }
    return xr.Dataset(variables, coordinates)
