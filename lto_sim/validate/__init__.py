"""Cases with an exact answer, run with the package's own solver; what ``lto-sim validate`` shows.

``choose_sections``, ``run_sections`` and ``format_table`` are that command; ``planar_track`` and the other
tracks are the solver beside one exact front. The tests use the same cases.

Examples
--------
>>> from lto_sim.validate import planar_front, planar_track
>>> track = planar_track(planar_front(0.1, 0.0, 1.0, insertion=True), cells=40)
>>> bool(abs(track.error).max() < 0.01)
True
"""

from lto_sim.validate.cases import line_source_track, linear_parabolic_track, planar_track, radial_track
from lto_sim.validate.front_checks import planar_front
from lto_sim.validate.recovery import SEEDS
from lto_sim.validate.section import Section
from lto_sim.validate.sections import SECTIONS, choose_sections, run_sections
from lto_sim.validate.table import HEADINGS, Row, format_row, format_table, passed
from lto_sim.validate.track import Track, observed_orders

__all__ = [
    "HEADINGS",
    "SECTIONS",
    "SEEDS",
    "Row",
    "Section",
    "Track",
    "choose_sections",
    "format_row",
    "format_table",
    "line_source_track",
    "linear_parabolic_track",
    "observed_orders",
    "passed",
    "planar_front",
    "planar_track",
    "radial_track",
    "run_sections",
]
