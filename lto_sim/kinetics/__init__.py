"""From lithium maps to fronts, rate constants and activation energies.

``track_front`` follows the phase boundary through a series of maps, ``fit_rate_constant`` reads the
linear-parabolic law ``t - t0 = xi/k_L + xi^2/(2k)`` from it and says what limits the front,
``fit_arrhenius`` turns rate constants over temperature into an activation energy. ``published_table`` holds
the experiment to compare with.
"""

from lto_sim.kinetics.arrhenius import ArrheniusFit, fit_arrhenius
from lto_sim.kinetics.fronts import Profile, numbered_profiles, track_front
from lto_sim.kinetics.published import (
    FullExtraction,
    PublishedRates,
    full_extraction_times,
    published_Ea,
    published_table,
)
from lto_sim.kinetics.rates import ModelFit, RateConstantFit, RateData, RateWindow, fit_rate_constant

__all__ = [
    "ArrheniusFit",
    "FullExtraction",
    "ModelFit",
    "Profile",
    "PublishedRates",
    "RateConstantFit",
    "RateData",
    "RateWindow",
    "fit_arrhenius",
    "fit_rate_constant",
    "full_extraction_times",
    "numbered_profiles",
    "published_Ea",
    "published_table",
    "track_front",
]
