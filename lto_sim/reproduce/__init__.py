"""The published experiment in, k(T) and Ea out, end to end.

``reproduce`` does all of it, as ``lto-sim reproduce`` does; ``plan_reproduction`` counts beforehand;
``experiment_scenario`` is a single run of it, ``run_case`` simulates and measures one.

Examples
--------
>>> from lto_sim.reproduce import experiment_scenario, plan_reproduction
>>> plan_reproduction()["runs"]
40
>>> experiment_scenario("insertion", 75.0).drive[0].hold
0.4
"""

from lto_sim.reproduce.case import Case, CaseResult, run_case
from lto_sim.reproduce.experiment import experiment_scenario
from lto_sim.reproduce.grid import GridCase, run_grid_case
from lto_sim.reproduce.plan import Study, grid_cases, plan_reproduction, study_cases
from lto_sim.reproduce.study import reproduce
from lto_sim.reproduce.summary import comparison_rows
from lto_sim.reproduce.surfaces import REFERENCE_SURFACES, Surfaces

__all__ = [
    "REFERENCE_SURFACES",
    "Case",
    "CaseResult",
    "GridCase",
    "Study",
    "Surfaces",
    "comparison_rows",
    "experiment_scenario",
    "grid_cases",
    "plan_reproduction",
    "reproduce",
    "run_case",
    "run_grid_case",
    "study_cases",
]
