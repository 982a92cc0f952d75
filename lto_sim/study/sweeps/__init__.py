"""Sweeps: a scenario over many values, into one store, by workers of any kind, without losing a run."""

from lto_sim.study.sweep.axes import DESIGNS, Axis
from lto_sim.study.sweep.coordinator import Tally
from lto_sim.study.sweep.engines import ENGINES
from lto_sim.study.sweep.outputs import CustomOutput, Variable, output_names
from lto_sim.study.sweep.result import RunResult
from lto_sim.study.sweep.run import Workforce, resume_sweep, run_sweep, sweep
from lto_sim.study.sweep.specification import Sweep, describe
from lto_sim.study.sweep.store import open_sweep

__all__ = [
    "DESIGNS",
    "ENGINES",
    "Axis",
    "CustomOutput",
    "RunResult",
    "Sweep",
    "Tally",
    "Variable",
    "Workforce",
    "describe",
    "open_sweep",
    "output_names",
    "resume_sweep",
    "run_sweep",
    "sweep",
]
