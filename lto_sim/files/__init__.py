"""All reading and writing: atomic targets, Zarr stores, recordings, potentiostats, tables, images, JSON.

``open_dataset`` and ``write_dataset`` are for what this package makes; ``read_recording`` for microscope
files and in-situ series, ``read_maps`` for maps of other programs, ``read_potentiostat`` for cyclers,
``read_table`` for the tables of the command line, ``read_image`` for masks. An existing target is refused
without `force`, and nothing is left half written.

Examples
--------
>>> import tempfile
>>> from pathlib import Path
>>> import xarray as xr
>>> from lto_sim.files import open_dataset, write_dataset
>>> with tempfile.TemporaryDirectory() as folder:
...     write_dataset(xr.Dataset({"current": ("time", [1e-12, 2e-12])}), Path(folder) / "run.nc")
...     float(open_dataset(Path(folder) / "run.nc")["current"].max())
2e-12
"""

from lto_sim.files.atomic import new_directory, new_file, prepare_target
from lto_sim.files.frame_store import FrameLayout, partial_path, write_frames
from lto_sim.files.hspy import write_hspy
from lto_sim.files.images import Image, read_image
from lto_sim.files.json_out import to_json, write_json
from lto_sim.files.map_stack import read_maps
from lto_sim.files.netcdf import read_netcdf, write_netcdf
from lto_sim.files.potentiostat import read_potentiostat
from lto_sim.files.recordings import Recording, read_recording
from lto_sim.files.run_cache import RunCache
from lto_sim.files.sums import RecordingSums, load_companion, sum_recording
from lto_sim.files.tables import Table, read_table, write_table
from lto_sim.files.zarr_store import is_store, open_dataset, read_dataset, write_dataset

__all__ = [
    "FrameLayout",
    "Image",
    "Recording",
    "RecordingSums",
    "RunCache",
    "Table",
    "is_store",
    "load_companion",
    "new_directory",
    "new_file",
    "open_dataset",
    "partial_path",
    "prepare_target",
    "read_dataset",
    "read_image",
    "read_maps",
    "read_netcdf",
    "read_potentiostat",
    "read_recording",
    "read_table",
    "sum_recording",
    "to_json",
    "write_dataset",
    "write_frames",
    "write_hspy",
    "write_json",
    "write_netcdf",
    "write_table",
]
