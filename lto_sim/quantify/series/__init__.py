"""Recorded series: drift, spikes, order and gaps of frames, normalisation of intensities, time zero."""

from lto_sim.quantify.series.frames import regular_series
from lto_sim.quantify.series.normalise import KnownFraction, normalise_maps
from lto_sim.quantify.series.plateaus import Plateaus, find_plateaus, normalise_by_plateaus
from lto_sim.quantify.series.registration import Drift, find_drift
from lto_sim.quantify.series.shifts import apply_drift
from lto_sim.quantify.series.spikes import Spikes, find_spikes, without_spikes
from lto_sim.quantify.series.time_zero import TimeZero, align_series, find_steps, find_time_zero

__all__ = [
    "Drift",
    "KnownFraction",
    "Plateaus",
    "Spikes",
    "TimeZero",
    "align_series",
    "apply_drift",
    "find_drift",
    "find_plateaus",
    "find_spikes",
    "find_steps",
    "find_time_zero",
    "normalise_by_plateaus",
    "normalise_maps",
    "regular_series",
    "without_spikes",
]
