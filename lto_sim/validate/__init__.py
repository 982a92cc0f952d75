"""Cases with an exact answer, run with the package's own solver; shared by tests and validation scripts."""

from lto_sim.validate.cases import line_source_track, linear_parabolic_track, planar_track, radial_track
from lto_sim.validate.checks import linear_parabolic_rows, planar_front, planar_rows, radial_rows
from lto_sim.validate.electro_checks import electrochemistry_rows
from lto_sim.validate.programme import programme_rows
from lto_sim.validate.recovery import SEEDS, recovery_rows
from lto_sim.validate.surface_checks import shape_rows, surface_rows
from lto_sim.validate.table import Row, format_table, passed
from lto_sim.validate.track import Track, observed_orders

__all__ = [
    "SEEDS",
    "Row",
    "Track",
    "electrochemistry_rows",
    "format_table",
    "line_source_track",
    "linear_parabolic_rows",
    "linear_parabolic_track",
    "observed_orders",
    "passed",
    "planar_front",
    "planar_rows",
    "planar_track",
    "programme_rows",
    "radial_rows",
    "radial_track",
    "recovery_rows",
    "shape_rows",
    "surface_rows",
]
