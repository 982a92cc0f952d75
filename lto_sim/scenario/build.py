"""From the description to the objects it describes: material, specimen, contacts."""

from __future__ import annotations

from lto_sim.materials import Arrhenius, ConstantWindows, TwoPhaseMaterial, load_material
from lto_sim.scenario.models import Scenario
from lto_sim.scenario.particle import (
    ConstantWindowsSpec,
    ContactSpec,
    DiffusivitySpec,
    RadialSpec,
    RectangleSpec,
    VelocitySpec,
)
from lto_sim.specimen import Contact, Outline, Radial, Rectangle, Slab, Specimen, Stretch

__all__ = ["build_contacts", "build_material", "build_specimen"]


def build_material(scenario: Scenario) -> TwoPhaseMaterial:
    """Return the scenario's material."""
    spec = scenario.material
    windows = spec.windows
    model = (
        ConstantWindows(windows.x4, windows.x7) if isinstance(windows, ConstantWindowsSpec) else windows.model
    )
    return load_material(
        spec.name,
        windows=model,
        diffusivity_poor=_arrhenius(spec.D_Li4),
        diffusivity_rich=_arrhenius(spec.D_Li7),
        plateau_potential=spec.plateau,
    )


def build_specimen(scenario: Scenario) -> Specimen:
    """Return the scenario's specimen."""
    spec = scenario.specimen
    shape = spec.outline
    outline: Outline
    if isinstance(shape, RectangleSpec):
        outline = Rectangle(shape.width, shape.height)
    elif isinstance(shape, RadialSpec):
        outline = Radial(shape.shape, shape.radius)
    else:
        outline = Slab(shape.length, shape.height)
    return Specimen(outline, spec.thickness, spec.cell, spec.layers, spec.symmetry)


def build_contacts(scenario: Scenario) -> tuple[Contact, ...]:
    """Return the scenario's contacts, in the order of the file."""
    return tuple(_contact(name, spec) for name, spec in scenario.contacts.items())


def _contact(name: str, spec: ContactSpec) -> Contact:
    transfer: Arrhenius | None = None
    if isinstance(spec.k_c, VelocitySpec):
        transfer = _arrhenius(spec.k_c)
    elif spec.k_c is not None:
        transfer = Arrhenius(spec.k_c, 298.15, 0.0)
    return Contact(name, Stretch(spec.where.side, spec.where.start, spec.where.end), transfer)


def _arrhenius(spec: DiffusivitySpec | VelocitySpec) -> Arrhenius:
    return Arrhenius(spec.at, spec.reference, spec.Ea)
