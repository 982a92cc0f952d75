"""What recorded spectra say of the specimen; arrays in, numbers with their deviation out."""

from lto_sim.quantify.thickness import ThicknessRatio, thickness_ratio
from lto_sim.quantify.zero_loss import ZeroLoss, find_zero_loss

__all__ = ["ThicknessRatio", "ZeroLoss", "find_zero_loss", "thickness_ratio"]
