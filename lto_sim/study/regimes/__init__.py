"""Core-shell regimes: what a particle's surfaces make of its front, measured in runs and expected."""

from lto_sim.study.regimes.closure import closure_time, surface_mean_front
from lto_sim.study.regimes.expected import REGIMES, Expected, expected
from lto_sim.study.regimes.measures import (
    ApparentRate,
    PowerLaw,
    apparent_rate,
    closure,
    front_law,
    power_law,
    shell_index,
    tip_law,
    tip_positions,
)
from lto_sim.study.regimes.output import REGIME_OUTPUT, regime_measures
from lto_sim.study.regimes.points import COVERAGE
from lto_sim.study.regimes.regime_map import regime_map
from lto_sim.study.regimes.view import FrontView, front_view

__all__ = [
    "COVERAGE",
    "REGIMES",
    "REGIME_OUTPUT",
    "ApparentRate",
    "Expected",
    "FrontView",
    "PowerLaw",
    "apparent_rate",
    "closure",
    "closure_time",
    "expected",
    "front_law",
    "front_view",
    "power_law",
    "regime_map",
    "regime_measures",
    "shell_index",
    "surface_mean_front",
    "tip_law",
    "tip_positions",
]
