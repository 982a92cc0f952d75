"""Fine structure: Ti-L2,3 (valence, splitting) and O-K (O-O distance), by fits of lines to all pixels."""

from lto_sim.quantify.lines.edge_maps import quantify_oxygen, quantify_titanium
from lto_sim.quantify.lines.oxygen import OODistance, o_o_distance_map
from lto_sim.quantify.lines.titanium import TiValence, titanium_valence

__all__ = [
    "OODistance",
    "TiValence",
    "o_o_distance_map",
    "quantify_oxygen",
    "quantify_titanium",
    "titanium_valence",
]
