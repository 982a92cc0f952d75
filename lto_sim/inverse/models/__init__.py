"""Models against each other: with and without surfaces, contact law, dead layer."""

from lto_sim.inverse.models.candidates import Model, usual_models
from lto_sim.inverse.models.compare import ModelComparison, compare_models

__all__ = ["Model", "ModelComparison", "compare_models", "usual_models"]
