"""What recorded spectra say of the specimen; arrays in, numbers with their deviation out."""

from lto_sim.quantify.comparison import Comparison, Nuisance, compare_maps
from lto_sim.quantify.edge_maps import quantify_oxygen, quantify_titanium
from lto_sim.quantify.energy_bins import EnergyBins
from lto_sim.quantify.explained import explain_spectrum
from lto_sim.quantify.li_model import cramer_rao
from lto_sim.quantify.lithium import Normalisation, quantify_lithium
from lto_sim.quantify.normalise import KnownFraction, normalise_maps
from lto_sim.quantify.oxygen import OODistance, o_o_distance_map
from lto_sim.quantify.plateaus import Plateaus, find_plateaus, normalise_by_plateaus
from lto_sim.quantify.pose import Pose, find_pose
from lto_sim.quantify.reasons import REASONS, Reason, counted
from lto_sim.quantify.recorded import recorded_spectra, recording_instrument
from lto_sim.quantify.registration import Drift, find_drift
from lto_sim.quantify.series import regular_series
from lto_sim.quantify.shifts import apply_drift
from lto_sim.quantify.spikes import Spikes, find_spikes, without_spikes
from lto_sim.quantify.thickness import ThicknessRatio, thickness_ratio
from lto_sim.quantify.time_zero import TimeZero, align_series, find_steps, find_time_zero
from lto_sim.quantify.titanium import TiValence, titanium_valence
from lto_sim.quantify.zero_loss import ZeroLoss, find_zero_loss

__all__ = [
    "REASONS",
    "Comparison",
    "Drift",
    "EnergyBins",
    "KnownFraction",
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
    "ZeroLoss",
    "align_series",
    "apply_drift",
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
    "without_spikes",
]
