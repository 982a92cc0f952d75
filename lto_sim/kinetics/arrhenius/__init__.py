"""From rate constants over temperature to activation energies."""

from lto_sim.kinetics.arrhenius.line import ArrheniusFit, fit_arrhenius

__all__ = ["ArrheniusFit", "fit_arrhenius"]
