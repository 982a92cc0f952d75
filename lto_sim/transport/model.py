"""What a scenario describes, as objects, and its laws at one temperature."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.materials import TwoPhaseMaterial
from lto_sim.scenario import (
    Scenario,
    Surface,
    build_boundaries,
    build_contacts,
    build_material,
    build_specimen,
    build_surface,
    hash_images,
)
from lto_sim.specimen import Contact, GrainBoundary, Mesh, Radial, Specimen, build_mesh

__all__ = ["Model", "boundary_resistances", "build_model", "surface_conductances"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Model:
    """Everything that a scenario describes.

    Parameters
    ----------
    material, specimen, contacts, boundaries, surface : What the run is made of.
    mesh : The specimen divided into cells.
    image_sha256 : Hash of every image file that it was made from, by path.
    """

    material: TwoPhaseMaterial
    specimen: Specimen
    contacts: tuple[Contact, ...]
    boundaries: tuple[GrainBoundary, ...]
    surface: Surface
    mesh: Mesh
    image_sha256: dict[str, str] = field(default_factory=dict)


def build_model(scenario: Scenario) -> Model:
    """Build the objects that `scenario` describes, its mesh included.

    Raises
    ------
    InputError
        A contact off the outline, an image that cannot be used, a mesh that is too coarse, and what else the
        specimen refuses.
    """
    specimen, contacts = build_specimen(scenario), build_contacts(scenario)
    if scenario.scan is not None and isinstance(specimen.outline, Radial):
        raise InputError("scan", "a scan over a radial body", "rectangle or slab", "remove [scan]")
    boundaries, surface = build_boundaries(scenario), build_surface(scenario)
    mesh = build_mesh(
        specimen, contacts, boundaries,
        perimeter=surface.perimeter is not None, faces=surface.faces is not None,
    )  # fmt: skip
    _warn_of_short_contacts(specimen, mesh)
    material, images = build_material(scenario), hash_images(scenario)
    return Model(material, specimen, contacts, boundaries, surface, mesh, images)


def _warn_of_short_contacts(specimen: Specimen, mesh: Mesh) -> None:
    """Warn of contacts whose spreading resistance the cells do not resolve."""
    if mesh.shape[1] == 1:
        return
    for faces in mesh.contacts:
        top = faces.cell[:, 0] == 0
        height = mesh.active_thickness[faces.cell[top, 1], faces.cell[top, 2]] / mesh.multiplicity
        length = float((faces.area[top] * mesh.shape[0] / height).sum())
        if length < 2.0 * specimen.cell * (1.0 - 1e-9):
            warnings.warn(
                f"contacts.{faces.name} is {length:.3g} m long, less than two cells of "
                f"{specimen.cell:.3g} m: the current depends on the cell; use a smaller specimen.cell",
                UserWarning,
                stacklevel=4,
            )


def surface_conductances(model: Model, temperature: float) -> Floats:
    """Conductance delta D_s [m3 s-1] of perimeter, faces and every grain boundary at `temperature` [K]."""
    laws = (model.surface.perimeter, model.surface.faces, *(b.along for b in model.boundaries))
    return np.array([0.0 if law is None else law(temperature) for law in laws])


def boundary_resistances(model: Model, temperature: float) -> Floats:
    """Resistance across [s m-1] of every grain boundary at `temperature` [K]."""
    laws = (b.permeability for b in model.boundaries)
    return np.array([0.0 if law is None else 1.0 / law(temperature) for law in laws])
