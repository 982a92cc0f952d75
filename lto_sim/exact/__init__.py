"""Exact and asymptotic answers against which everything else is checked.

Each module owns one problem: the equation, its symbols and its source stand in its docstring, and the
problem itself is a frozen object whose ``exact(time)`` is the front (position, radius or thickness) [m].

Two numbers run through all of them: ``excess`` A = (x_contact - x_growing_edge)/gap and
``undersaturation`` B = (x_parent_edge - x_start)/gap, with gap = x_growing_edge - x_parent_edge. Both are
ratios of li fractions, positive on insertion and on extraction alike.
"""

from __future__ import annotations

from lto_sim.exact import (
    line_source,
    linear_parabolic,
    ripple,
    shrinking_core,
    surface_shell,
    thin_lamella,
    wagner,
)

__all__ = [
    "line_source",
    "linear_parabolic",
    "ripple",
    "shrinking_core",
    "surface_shell",
    "thin_lamella",
    "wagner",
]
