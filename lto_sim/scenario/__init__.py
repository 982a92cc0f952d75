"""The scenario file: models, TOML, paths, and the objects built from them."""

from lto_sim.scenario.build import build_contacts, build_material, build_specimen
from lto_sim.scenario.models import Scenario
from lto_sim.scenario.parse import parse_assignment, read_toml, set_paths

__all__ = [
    "Scenario",
    "build_contacts",
    "build_material",
    "build_specimen",
    "parse_assignment",
    "read_toml",
    "set_paths",
]
