"""All reading and writing: atomic targets, Zarr stores, tables with units, images, JSON."""

from lto_sim.files.atomic import new_directory, new_file, prepare_target
from lto_sim.files.images import Image, read_image
from lto_sim.files.json_out import to_json, write_json
from lto_sim.files.tables import Table, read_table, write_table
from lto_sim.files.zarr_store import is_store, read_dataset, write_dataset

__all__ = [
    "Image",
    "Table",
    "is_store",
    "new_directory",
    "new_file",
    "prepare_target",
    "read_dataset",
    "read_image",
    "read_table",
    "to_json",
    "write_dataset",
    "write_json",
    "write_table",
]
