"""From the electrical series of a run, or of a recorded potentiostat, to numbers.

``drive_steps`` and ``select_step`` take a drive apart, ``electrical_table`` speaks of C-rates and specific
capacities, ``fit_gitt`` and ``fit_pitt`` titrate for a diffusivity and say where there is none to be had,
``cottrell_comparison`` reads the decay of a hold. All of it reads labelled datasets only.

Examples
--------
>>> from lto_sim.electrochemistry import drive_steps, electrical_table
>>> from lto_sim.scenario.ready import ready_scenario
>>> from lto_sim.transport import simulate
>>> run = simulate(ready_scenario("planar_extraction").with_values({"specimen.cell": "50 nm"}))
>>> [(step.kind, step.value) for step in drive_steps(run)]
[('hold', 1.6)]
>>> list(electrical_table(run))[:4]
['time [s]', 'drive_step', 'potential [V]', 'current [A]']
"""

from lto_sim.electrochemistry.capacity import (
    electrical_table,
    one_c_current,
    specific_capacity,
    theoretical_capacity,
)
from lto_sim.electrochemistry.comparison import CottrellComparison, cottrell_comparison
from lto_sim.electrochemistry.gitt import fit_gitt
from lto_sim.electrochemistry.pitt import fit_pitt
from lto_sim.electrochemistry.steps import DriveStepRecord, drive_steps, select_step
from lto_sim.electrochemistry.titration_result import GittPulse, GittResult, PittHold, PittResult

__all__ = [
    "CottrellComparison",
    "DriveStepRecord",
    "GittPulse",
    "GittResult",
    "PittHold",
    "PittResult",
    "cottrell_comparison",
    "drive_steps",
    "electrical_table",
    "fit_gitt",
    "fit_pitt",
    "one_c_current",
    "select_step",
    "specific_capacity",
    "theoretical_capacity",
]
