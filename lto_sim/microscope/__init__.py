"""The microscope's view of a run; it reads only the labelled Dataset."""

from lto_sim.microscope.render import render_maps

__all__ = ["render_maps"]
