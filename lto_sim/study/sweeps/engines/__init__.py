"""Where runs are run: in this process, in worker processes, or on the workers of a dask scheduler."""

from lto_sim.study.sweeps.engines.choose import ENGINES, make_engine
from lto_sim.study.sweeps.engines.engine import Answer, Engine

__all__ = ["ENGINES", "Answer", "Engine", "make_engine"]
