"""Exact and asymptotic answers against which everything else is checked.

Each module owns one problem: the equation, its symbols and its source stand in its docstring, and the
problem itself is a frozen object whose ``exact(time)`` is the front (position, radius or thickness) [m]. The
electrochemistry of one particle (``potential_step``, ``surface_law``, ``warburg``, ``well_mixed``) knows no
front; its answers are fluxes, uptakes, impedances and potentials.

Two numbers run through those with a front: ``excess`` A = (x_contact - x_growing_edge)/gap and
``undersaturation`` B = (x_parent_edge - x_start)/gap, with gap = x_growing_edge - x_parent_edge. Both are
ratios of li fractions, positive on insertion and on extraction alike.

Examples
--------
>>> from lto_sim.exact import wagner
>>> print(f"{wagner.growth_parameter(0.5, 0.1, 1.0):.8f}")
0.42877773
"""

from __future__ import annotations

from lto_sim.exact import (
    line_source,
    linear_parabolic,
    potential_step,
    ripple,
    shrinking_core,
    surface_law,
    surface_shell,
    thin_lamella,
    wagner,
    warburg,
    well_mixed,
)

__all__ = [
    "line_source",
    "linear_parabolic",
    "potential_step",
    "ripple",
    "shrinking_core",
    "surface_law",
    "surface_shell",
    "thin_lamella",
    "wagner",
    "warburg",
    "well_mixed",
]
