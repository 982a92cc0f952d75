"""The scenario file: models, TOML, paths, and the objects built from them."""

from lto_sim.scenario.build import (
    Surface,
    build_boundaries,
    build_contacts,
    build_material,
    build_specimen,
    build_surface,
)
from lto_sim.scenario.experiment import NumericsSpec
from lto_sim.scenario.images import hash_images
from lto_sim.scenario.models import Scenario
from lto_sim.scenario.parse import parse_assignment, read_toml, set_paths

__all__ = [
    "NumericsSpec",
    "Scenario",
    "Surface",
    "build_boundaries",
    "build_contacts",
    "build_material",
    "build_specimen",
    "build_surface",
    "hash_images",
    "parse_assignment",
    "read_toml",
    "set_paths",
]
