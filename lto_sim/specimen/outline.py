"""What an outline is, and its rings: the closed lines along which arc length is counted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lto_sim.specimen.bodies import Radial, Rectangle, Slab
from lto_sim.specimen.polygon import Polygon

__all__ = ["Outline", "Ring", "outline_rings"]

Outline = Slab | Radial | Rectangle | Polygon
"""What a body can be in the image plane; lengths in metres."""

Ring = NDArray[np.float64]
"""Vertices (n, 2) of a closed line [m], not closed."""


def outline_rings(outline: Outline) -> tuple[Ring, ...]:
    """Rings of `outline`: its exterior, then its holes; a slab and a radial body have none.

    Returns
    -------
    tuple of ndarray
        Vertices (x, y) [m], shape (n, 2) each.
    """
    if isinstance(outline, Polygon):
        return (outline.exterior, *outline.holes)
    if isinstance(outline, Rectangle):
        w, h = outline.width, outline.height
        return (np.array([[0.0, 0.0], [w, 0.0], [w, h], [0.0, h]]),)
    return ()
