"""Two-phase transport in the particle: fluxes, contacts, steps, the time loop, the labelled solution."""

from lto_sim.transport.simulate import RunPlan, plan_run, simulate

__all__ = ["RunPlan", "plan_run", "simulate"]
