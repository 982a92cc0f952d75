"""From front positions to a rate constant: laws, windows, errors, and a verdict on what limits the front."""

from lto_sim.kinetics.rates.data import RateData
from lto_sim.kinetics.rates.fit import fit_rate_constant
from lto_sim.kinetics.rates.result import ModelFit, RateConstantFit, RateWindow

__all__ = ["ModelFit", "RateConstantFit", "RateData", "RateWindow", "fit_rate_constant"]
