"""Experiments planned before they are made: what dose, pixels and frames tell of k, Ea and the surfaces."""

from lto_sim.study.design.choices import best_setting
from lto_sim.study.design.expected import expected_maps
from lto_sim.study.design.experiment import design_experiment
from lto_sim.study.design.wording import design_lines

__all__ = ["best_setting", "design_experiment", "design_lines", "expected_maps"]
