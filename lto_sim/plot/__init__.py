"""Figures; they need no display."""

from lto_sim.plot.drive import PartialContact, plot_current, plot_partial_contact
from lto_sim.plot.kinetics import (
    ArrheniusSeries,
    FrontSeries,
    plot_arrhenius,
    plot_full_extraction,
    plot_squared_position,
)
from lto_sim.plot.maps import MapSeries, plot_map_series
from lto_sim.plot.measures import Measures, measure
from lto_sim.plot.specimen import plot_specimen
from lto_sim.plot.style import DIRECTION_COLOURS, temperature_colours

__all__ = [
    "DIRECTION_COLOURS",
    "ArrheniusSeries",
    "FrontSeries",
    "MapSeries",
    "Measures",
    "PartialContact",
    "measure",
    "plot_arrhenius",
    "plot_current",
    "plot_full_extraction",
    "plot_map_series",
    "plot_partial_contact",
    "plot_specimen",
    "plot_squared_position",
    "temperature_colours",
]
