"""The particle: outline, thickness, contacts, and the finite-volume mesh made of them."""

from lto_sim.specimen.contacts import Contact, Stretch, check_contacts
from lto_sim.specimen.geometry import Outline, Radial, Rectangle, Slab, Specimen
from lto_sim.specimen.mesh import ContactFaces, Mesh, build_mesh

__all__ = [
    "Contact",
    "ContactFaces",
    "Mesh",
    "Outline",
    "Radial",
    "Rectangle",
    "Slab",
    "Specimen",
    "Stretch",
    "build_mesh",
    "check_contacts",
]
