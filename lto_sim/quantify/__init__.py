"""What recorded spectra say of the specimen; arrays in, numbers with their deviation out."""

from lto_sim.quantify.energy_bins import EnergyBins
from lto_sim.quantify.explained import explain_spectrum
from lto_sim.quantify.li_model import cramer_rao
from lto_sim.quantify.lithium import Normalisation, quantify_lithium
from lto_sim.quantify.reasons import REASONS, Reason, counted
from lto_sim.quantify.recorded import recorded_spectra, recording_instrument
from lto_sim.quantify.thickness import ThicknessRatio, thickness_ratio
from lto_sim.quantify.zero_loss import ZeroLoss, find_zero_loss

__all__ = [
    "REASONS",
    "EnergyBins",
    "Normalisation",
    "Reason",
    "ThicknessRatio",
    "ZeroLoss",
    "counted",
    "cramer_rao",
    "explain_spectrum",
    "find_zero_loss",
    "quantify_lithium",
    "recorded_spectra",
    "recording_instrument",
    "thickness_ratio",
]
