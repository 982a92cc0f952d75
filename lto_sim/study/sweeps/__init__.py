"""Sweeps: a scenario over many values, into one store, by workers of any kind, without losing a run."""

from lto_sim.study.sweeps.axes import DESIGNS, Axis
from lto_sim.study.sweeps.coordinator import Tally
from lto_sim.study.sweeps.engines import ENGINES
from lto_sim.study.sweeps.estimate import Estimate, estimate_sweep
from lto_sim.study.sweeps.outputs import CustomOutput, Variable, output_names
from lto_sim.study.sweeps.progress import SweepStatus, sweep_status
from lto_sim.study.sweeps.result import RunResult
from lto_sim.study.sweeps.run import Workforce, resume_sweep, run_sweep, sweep
from lto_sim.study.sweeps.specification import Sweep, describe
from lto_sim.study.sweeps.store import open_sweep, stored_sweep
from lto_sim.study.sweeps.sweep_file import read_sweep, sweep_of_scenario

__all__ = [
    "DESIGNS",
    "ENGINES",
    "Axis",
    "CustomOutput",
    "Estimate",
    "RunResult",
    "Sweep",
    "SweepStatus",
    "Tally",
    "Variable",
    "Workforce",
    "describe",
    "estimate_sweep",
    "open_sweep",
    "output_names",
    "read_sweep",
    "resume_sweep",
    "run_sweep",
    "stored_sweep",
    "sweep",
    "sweep_of_scenario",
    "sweep_status",
]
