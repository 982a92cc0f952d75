"""What recorded spectra say of the specimen; arrays in, numbers with their deviation out."""

from lto_sim.quantify.compare import Comparison, Nuisance, Pose, compare_maps, find_pose
from lto_sim.quantify.energy_bins import EnergyBins
from lto_sim.quantify.explained import explain_spectrum
from lto_sim.quantify.li_model import cramer_rao
from lto_sim.quantify.lines import (
    OODistance,
    TiValence,
    o_o_distance_map,
    quantify_oxygen,
    quantify_titanium,
    titanium_valence,
)
from lto_sim.quantify.lithium import Normalisation, quantify_lithium
from lto_sim.quantify.reasons import REASONS, Reason, counted
from lto_sim.quantify.recorded import recorded_spectra, recording_instrument
from lto_sim.quantify.references import (
    Background,
    MllsFit,
    WindowResult,
    atomic_ratio,
    fit_background,
    fit_references,
    window_quantification,
)
from lto_sim.quantify.series import (
    Drift,
    KnownFraction,
    Plateaus,
    Spikes,
    TimeZero,
    align_series,
    apply_drift,
    find_drift,
    find_plateaus,
    find_spikes,
    find_steps,
    find_time_zero,
    normalise_by_plateaus,
    normalise_maps,
    regular_series,
    without_spikes,
)
from lto_sim.quantify.thickness import ThicknessRatio, thickness_ratio
from lto_sim.quantify.zero_loss import ZeroLoss, find_zero_loss

__all__ = [
    "REASONS",
    "Background",
    "Comparison",
    "Drift",
    "EnergyBins",
    "KnownFraction",
    "MllsFit",
    "Normalisation",
    "Nuisance",
    "OODistance",
    "Plateaus",
    "Pose",
    "Reason",
    "Spikes",
    "ThicknessRatio",
    "TiValence",
    "TimeZero",
    "WindowResult",
    "ZeroLoss",
    "align_series",
    "apply_drift",
    "atomic_ratio",
    "compare_maps",
    "counted",
    "cramer_rao",
    "explain_spectrum",
    "find_drift",
    "find_plateaus",
    "find_pose",
    "find_spikes",
    "find_steps",
    "find_time_zero",
    "find_zero_loss",
    "fit_background",
    "fit_references",
    "normalise_by_plateaus",
    "normalise_maps",
    "o_o_distance_map",
    "quantify_lithium",
    "quantify_oxygen",
    "quantify_titanium",
    "recorded_spectra",
    "recording_instrument",
    "regular_series",
    "thickness_ratio",
    "titanium_valence",
    "window_quantification",
    "without_spikes",
]
