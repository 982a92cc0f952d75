"""Two-phase transport in the particle: fluxes, contacts, steps, the time loop, the labelled solution.

``simulate`` runs a scenario and returns the labelled run: ``li_fraction(time, z, y, x)``, current, charge,
potential. ``plan_run`` checks and counts beforehand, ``build_model`` gives the objects behind it. The
impedance about a saved state is in `lto_sim.transport.impedance`.

Examples
--------
>>> from lto_sim.scenario.ready import ready_scenario
>>> from lto_sim.transport import simulate
>>> run = simulate(ready_scenario("planar_extraction").with_values({"specimen.cell": "50 nm"}))
>>> run.attrs["status_meaning"], run["li_fraction"].dims
('finished', ('time', 'z', 'y', 'x'))
>>> bool(run["charge"][-1] > 0.0)  # lithium has left
True
"""

from lto_sim.transport.impedance import impedance
from lto_sim.transport.model import Model, build_model
from lto_sim.transport.simulate import RunPlan, plan_run, simulate

__all__ = ["Model", "RunPlan", "build_model", "impedance", "plan_run", "simulate"]
