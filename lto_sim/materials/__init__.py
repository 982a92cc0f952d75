"""Host materials: activated diffusivities, phases, the miscibility gap, and sourced data files.

``load_material`` reads a material with every number in SI, ``sourced_numbers`` tells where each number is
from; a ``TwoPhaseMaterial`` knows the edges of its gap, the excess that drives its fluxes and its potential.

Examples
--------
>>> from lto_sim.materials import load_material, sourced_numbers
>>> lto = load_material("lto")
>>> lto.edges(303.15)
(0.05, 0.95)
>>> print(f"{lto.poor.diffusivity(348.15):.2e} m2/s, {lto.poor.diffusivity.Ea_eV:.3f} eV")
8.65e-13 m2/s, 0.493 eV
>>> [number.mark for number in sourced_numbers("lto") if number.path.endswith("plateau_potential")]
['P']
"""

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
