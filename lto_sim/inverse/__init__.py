"""Parameters of a scenario from whole maps: search, intervals, what the data know, what would tell more.

``fit_maps`` fits a scenario to whole maps; a ``MapFit`` says what they know. ``profile_likelihood`` and
``sample_posterior`` look further around its minimum, ``compare_models`` asks which physics the maps need,
``suggest_measurements`` what to record next. ``fit_late_rates`` does with rate constants alone.

Examples
--------
>>> import lto_sim as lto
>>> from lto_sim.scenario.ready import ready_scenario
>>> coarse = {"specimen.cell": "100 nm", "scan.pixels": [20, 8], "scan.frame_time": "1 s"}
>>> scenario = ready_scenario("planar_extraction").with_values(coarse)
>>> maps = lto.render_maps(lto.simulate(scenario), noise=0.1, rng=1)
>>> fit = lto.fit_maps(maps, scenario, free=["material.D_Li4.at"], processes=1)
>>> fit.status, round(fit.values["material.D_Li4.at"] / scenario.material.D_Li4.at, 1)
('converged', 1.0)
"""

import lto_sim.files.settings_directory  # noqa: F401 - before lmfit imports matplotlib
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
