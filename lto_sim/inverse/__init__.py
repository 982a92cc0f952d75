"""Parameters of a scenario from whole maps: search, intervals, and what the data can know."""

from lto_sim.inverse.late_rates import LateRateFit, fit_late_rates
from lto_sim.inverse.maps import MapProgress, fit_maps
from lto_sim.inverse.parameters import FreeParameter, ParameterSet, Prior
from lto_sim.inverse.result import MapFit

__all__ = [
    "FreeParameter",
    "LateRateFit",
    "MapFit",
    "MapProgress",
    "ParameterSet",
    "Prior",
    "fit_late_rates",
    "fit_maps",
]
