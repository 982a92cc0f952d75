"""The study of what a thin lamella and its recording do to k and Ea of insertion, and what stays open."""

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

__all__ = [
    "FACE_SHARES",
    "PARTICLE",
    "PERIMETERS",
    "REFERENCE",
    "BulkBehind",
    "Case",
    "apparent_energy",
    "apparent_rates",
    "bulk_behind_table",
    "consistent_surfaces",
    "dose_cases",
    "energy_cases",
    "frame_cases",
    "mesh_cases",
    "parallel_rates",
    "perimeter_energy_cases",
    "pixel_cases",
    "published_rate",
    "share_deviation",
    "share_from_rates",
    "simulated_energies",
    "study_lines",
    "table_diffusivity",
    "thickness_cases",
    "thickness_ratio",
]
