"""From rate constants over temperature to activation energies.

``fit_arrhenius`` is the way in: a plain line, a line with the scatter of particles, profiles and temperatures
as parameters, or a line through means over particles. ``fit_directions`` fits two directions together,
``activation_energies`` tells Ea(k) from Ea(D), ``leave_one_out`` shows what hangs on one temperature and
``compare_repeats`` whether k changed when it was measured again.
"""

from lto_sim.kinetics.arrhenius.directions import (
    DirectionsFit,
    EnergyDifference,
    difference_of_Ea,
    fit_directions,
)
from lto_sim.kinetics.arrhenius.entry import fit_arrhenius
from lto_sim.kinetics.arrhenius.hierarchy import Component, HierarchicalFit
from lto_sim.kinetics.arrhenius.leave_out import LeaveOneOut, leave_one_out
from lto_sim.kinetics.arrhenius.line import ArrheniusFit
from lto_sim.kinetics.arrhenius.means import MeansFit
from lto_sim.kinetics.arrhenius.repeats import Change, Repeat, Repeats, compare_repeats
from lto_sim.kinetics.arrhenius.solubility import ActivationEnergies, FrontSolubility, activation_energies

__all__ = [
    "ActivationEnergies",
    "ArrheniusFit",
    "Change",
    "Component",
    "DirectionsFit",
    "EnergyDifference",
    "FrontSolubility",
    "HierarchicalFit",
    "LeaveOneOut",
    "MeansFit",
    "Repeat",
    "Repeats",
    "activation_energies",
    "compare_repeats",
    "difference_of_Ea",
    "fit_arrhenius",
    "fit_directions",
    "leave_one_out",
]
