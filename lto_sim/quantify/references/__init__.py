"""Spectra as sums of references: MLLS, backgrounds, windows with cross-sections."""

from lto_sim.quantify.references.background import Background, fit_background
from lto_sim.quantify.references.mlls import MllsFit, fit_references
from lto_sim.quantify.references.windows import WindowResult, atomic_ratio, window_quantification

__all__ = [
    "Background",
    "MllsFit",
    "WindowResult",
    "atomic_ratio",
    "fit_background",
    "fit_references",
    "window_quantification",
]
