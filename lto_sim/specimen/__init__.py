"""The particle: outline, thickness, contacts, grain boundaries, and the finite-volume mesh made of them.

``Rectangle``, ``Polygon``, ``circle`` and their like are outlines; a ``Specimen`` adds thickness and
resolution, a ``Contact`` says where and how lithium comes in; ``build_mesh`` makes cells, cut at a free
outline, of them.

Examples
--------
>>> import math
>>> from lto_sim.specimen import Contact, Specimen, Stretch, build_mesh, circle
>>> particle = Specimen(circle((0.5e-6, 0.5e-6), 0.5e-6), thickness=150e-9, cell=50e-9)
>>> mesh = build_mesh(particle, (Contact("lps", Stretch("all")),))
>>> round(float(mesh.volume.sum()) / (math.pi * 0.5e-6**2 * 150e-9), 4)
1.0
"""

from lto_sim.specimen.boundaries import GrainBoundary
from lto_sim.specimen.build import build_mesh
from lto_sim.specimen.contacts import (
    ArcStretch,
    Contact,
    LabelStretch,
    ReactionKinetics,
    RegionStretch,
    Stretch,
)
from lto_sim.specimen.geometry import (
    Outline,
    Polygon,
    Radial,
    Rectangle,
    Ring,
    Slab,
    Specimen,
    circle,
    ellipse,
    outline_rings,
)
from lto_sim.specimen.mesh import BarrierFaces, ContactFaces, Mesh, SurfaceEdges, SurfaceElements
from lto_sim.specimen.stretches import check_contacts, resolve_stretch
from lto_sim.specimen.thickness import ThicknessMap, Wedge, thickness_at

__all__ = [
    "ArcStretch",
    "BarrierFaces",
    "Contact",
    "ContactFaces",
    "GrainBoundary",
    "LabelStretch",
    "Mesh",
    "Outline",
    "Polygon",
    "Radial",
    "ReactionKinetics",
    "Rectangle",
    "RegionStretch",
    "Ring",
    "Slab",
    "Specimen",
    "Stretch",
    "SurfaceEdges",
    "SurfaceElements",
    "ThicknessMap",
    "Wedge",
    "build_mesh",
    "check_contacts",
    "circle",
    "ellipse",
    "outline_rings",
    "resolve_stretch",
    "thickness_at",
]
