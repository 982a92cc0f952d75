"""Host materials: activated diffusivities, phases, the miscibility gap, and sourced data files."""

from lto_sim.materials.arrhenius import Arrhenius
from lto_sim.materials.library import MATERIALS, SourcedNumber, load_material, sourced_numbers
from lto_sim.materials.two_phase import Phase, TwoPhaseMaterial
from lto_sim.materials.windows import ConstantWindows, RegularSolutionWindows, Windows

__all__ = [
    "MATERIALS",
    "Arrhenius",
    "ConstantWindows",
    "Phase",
    "RegularSolutionWindows",
    "SourcedNumber",
    "TwoPhaseMaterial",
    "Windows",
    "load_material",
    "sourced_numbers",
]
