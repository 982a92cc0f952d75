"""Studies over many runs: sweeps, and what a thin lamella and its recording do to k and Ea of insertion.

``sweep`` runs a scenario over axes (``Axis``) into one store, ``resume_sweep`` goes on, ``sweep_status``
tells how far it is, ``open_sweep`` reads it. On top of it ``regime_map`` (core-shell regimes),
``draw_population`` and ``simulate_population`` (many particles in parallel), ``apparent_rates`` (what the
lamella does). Without runs of its own ``design_experiment`` says what a recording would tell of k and Ea.

Examples
--------
>>> from lto_sim.scenario.ready import ready_scenario
>>> from lto_sim.study import LogNormal, draw_population
>>> particle = ready_scenario("planar_extraction")
>>> population = draw_population(particle, size=LogNormal("1 um", 0.3), count=4, seed=1)
>>> [f"{1e6 * size:.2f} um" for size in population.size]
['0.84 um', '1.48 um', '1.02 um', '0.74 um']
"""

from lto_sim.study.design import best_setting, design_experiment, design_lines, expected_maps
from lto_sim.study.lamella.apparent import apparent_rates
from lto_sim.study.lamella.case import PARTICLE, REFERENCE, Case, table_diffusivity
from lto_sim.study.lamella.consistency import FACE_SHARES, PERIMETERS, consistent_surfaces, published_rate
from lto_sim.study.lamella.energies import (
    BulkBehind,
    apparent_energy,
    bulk_behind_table,
    parallel_rates,
    simulated_energies,
)
from lto_sim.study.lamella.separation import share_deviation, share_from_rates, thickness_ratio
from lto_sim.study.lamella.tables import (
    dose_cases,
    energy_cases,
    frame_cases,
    mesh_cases,
    perimeter_energy_cases,
    pixel_cases,
    thickness_cases,
)
from lto_sim.study.lamella.wording import study_lines
from lto_sim.study.population import (
    Discrete,
    LogNormal,
    Normal,
    Population,
    Uniform,
    draw_population,
    ensemble_current,
    simulate_population,
)
from lto_sim.study.regimes import COVERAGE, REGIME_OUTPUT, regime_map, regime_measures
from lto_sim.study.sweeps import (
    Axis,
    CustomOutput,
    RunResult,
    Variable,
    as_grid,
    open_sweep,
    resume_sweep,
    sweep,
)

__all__ = [
    "COVERAGE",
    "FACE_SHARES",
    "PARTICLE",
    "PERIMETERS",
    "REFERENCE",
    "REGIME_OUTPUT",
    "Axis",
    "BulkBehind",
    "Case",
    "CustomOutput",
    "Discrete",
    "LogNormal",
    "Normal",
    "Population",
    "RunResult",
    "Uniform",
    "Variable",
    "apparent_energy",
    "apparent_rates",
    "as_grid",
    "best_setting",
    "bulk_behind_table",
    "consistent_surfaces",
    "design_experiment",
    "design_lines",
    "dose_cases",
    "draw_population",
    "energy_cases",
    "ensemble_current",
    "expected_maps",
    "frame_cases",
    "mesh_cases",
    "open_sweep",
    "parallel_rates",
    "perimeter_energy_cases",
    "pixel_cases",
    "published_rate",
    "regime_map",
    "regime_measures",
    "resume_sweep",
    "share_deviation",
    "share_from_rates",
    "simulate_population",
    "simulated_energies",
    "study_lines",
    "sweep",
    "table_diffusivity",
    "thickness_cases",
    "thickness_ratio",
]
