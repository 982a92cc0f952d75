"""Two-phase transport in the particle: fluxes, contacts, steps, the time loop, the labelled solution."""

from lto_sim.transport.impedance import impedance
from lto_sim.transport.model import Model, build_model
from lto_sim.transport.simulate import RunPlan, plan_run, simulate

__all__ = ["Model", "RunPlan", "build_model", "impedance", "plan_run", "simulate"]
