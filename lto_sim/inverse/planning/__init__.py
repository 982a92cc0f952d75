"""Which further recording would tell what this one does not."""

from lto_sim.inverse.planning.planned import Candidate, usual_candidates
from lto_sim.inverse.planning.suggest import Suggestion, suggest_measurements

__all__ = ["Candidate", "Suggestion", "suggest_measurements", "usual_candidates"]
