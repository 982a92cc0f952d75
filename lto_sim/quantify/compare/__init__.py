"""A run beside recorded maps: where the particle lies in them, and what is left of them."""

from lto_sim.quantify.compare.comparison import Comparison, Nuisance, compare_maps
from lto_sim.quantify.compare.pose import Pose, find_pose

__all__ = ["Comparison", "Nuisance", "Pose", "compare_maps", "find_pose"]
