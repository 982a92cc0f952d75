"""Corrections of a rate constant by a simulation of the same specimen, and the k that one should give."""

from lto_sim.kinetics.corrections.correct import correct_rate_constant
from lto_sim.kinetics.corrections.result import CorrectedRate
from lto_sim.kinetics.corrections.true_rate import TrueRate, active_thickness, true_rate

__all__ = ["CorrectedRate", "TrueRate", "active_thickness", "correct_rate_constant", "true_rate"]
