"""Sweeps: a scenario over many values, into one store, by workers of any kind, without losing a run.

On one machine, in worker processes::

    lto-sim sweep study.toml --dry-run && lto-sim sweep study.toml

On a cluster, as a job array: parts of the runs into one store on the shared disk::

    #!/bin/bash
    #SBATCH --array=1-20 --cpus-per-task=8
    lto-sim sweep study.toml --out $SCRATCH/study.zarr --workers 8 --shard $SLURM_ARRAY_TASK_ID/20

On a dask cluster, started by its own commands or by dask-jobqueue (extra ``[cluster]``; or ``PBSCluster``)::

    from dask_jobqueue import SLURMCluster
    from lto_sim.study import resume_sweep
    from lto_sim.study.sweeps import Workforce, read_sweep, run_sweep

    cluster = SLURMCluster(cores=8, processes=8, memory="16 GB", walltime="04:00:00")
    cluster.scale(jobs=20)
    workers = Workforce("dask", scheduler=cluster)        # or the address of a scheduler, or a client
    run_sweep(read_sweep("study.toml"), "study.zarr", workers)
    # later: resume_sweep("study.zarr", engine="dask", scheduler=cluster)

From anywhere: ``lto-sim status study.zarr``; after whatever ended it: ``lto-sim resume study.zarr``.
"""

from lto_sim.study.sweeps.axes import DESIGNS, Axis
from lto_sim.study.sweeps.coordinator import Tally
from lto_sim.study.sweeps.engines import ENGINES
from lto_sim.study.sweeps.estimate import Estimate, estimate_sweep
from lto_sim.study.sweeps.grid import as_grid
from lto_sim.study.sweeps.outputs import CustomOutput, Variable, output_names
from lto_sim.study.sweeps.progress import SweepStatus, sweep_status
from lto_sim.study.sweeps.ready import ready_sweep, ready_sweep_text, ready_sweep_title, ready_sweeps
from lto_sim.study.sweeps.result import RunResult
from lto_sim.study.sweeps.run import Workforce, how_to_go_on, resume_sweep, run_sweep, sweep
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
    "as_grid",
    "describe",
    "estimate_sweep",
    "how_to_go_on",
    "open_sweep",
    "output_names",
    "read_sweep",
    "ready_sweep",
    "ready_sweep_text",
    "ready_sweep_title",
    "ready_sweeps",
    "resume_sweep",
    "run_sweep",
    "stored_sweep",
    "sweep",
    "sweep_of_scenario",
    "sweep_status",
]
