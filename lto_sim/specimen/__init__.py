"""The particle: outline, thickness, contacts, grain boundaries, and the finite-volume mesh made of them."""

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
