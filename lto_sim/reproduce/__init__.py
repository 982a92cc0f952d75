"""The published experiment in, k(T) and Ea out, end to end."""

from lto_sim.reproduce.case import Case, CaseResult, run_case
from lto_sim.reproduce.experiment import experiment_scenario, true_rate
from lto_sim.reproduce.study import plan_reproduction, reproduce, study_cases
from lto_sim.reproduce.summary import comparison_rows

__all__ = [
    "Case",
    "CaseResult",
    "comparison_rows",
    "experiment_scenario",
    "plan_reproduction",
    "reproduce",
    "run_case",
    "study_cases",
    "true_rate",
]
