"""Particle populations: sizes and contacts from distributions, simulated one by one, summed in parallel."""

from lto_sim.study.population.avrami import AvramiFit, fit_avrami, local_exponent
from lto_sim.study.population.distributions import Discrete, Distribution, LogNormal, Normal, Uniform
from lto_sim.study.population.draw import draw_population
from lto_sim.study.population.ensemble import ensemble_current
from lto_sim.study.population.members import Population
from lto_sim.study.population.simulate import simulate_population

__all__ = [
    "AvramiFit",
    "Discrete",
    "Distribution",
    "LogNormal",
    "Normal",
    "Population",
    "Uniform",
    "draw_population",
    "ensemble_current",
    "fit_avrami",
    "local_exponent",
    "simulate_population",
]
