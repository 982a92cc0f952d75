"""Parameters of a scenario from whole maps: search, intervals, what the data know, what would tell more."""

from lto_sim.inverse.late_rates import LateRateFit, fit_late_rates
from lto_sim.inverse.likelihoods import (
    Posterior,
    PosteriorProgress,
    Profile,
    Profiles,
    profile_likelihood,
    sample_posterior,
)
from lto_sim.inverse.maps import MapProgress, fit_maps
from lto_sim.inverse.models import Model, ModelComparison, compare_models, usual_models
from lto_sim.inverse.parameters import FreeParameter, ParameterSet, Prior
from lto_sim.inverse.planning import Candidate, Suggestion, suggest_measurements
from lto_sim.inverse.result import MapFit

__all__ = [
    "Candidate",
    "FreeParameter",
    "LateRateFit",
    "MapFit",
    "MapProgress",
    "Model",
    "ModelComparison",
    "ParameterSet",
    "Posterior",
    "PosteriorProgress",
    "Prior",
    "Profile",
    "Profiles",
    "Suggestion",
    "compare_models",
    "fit_late_rates",
    "fit_maps",
    "profile_likelihood",
    "sample_posterior",
    "suggest_measurements",
    "usual_models",
]
