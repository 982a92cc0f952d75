"""From the description to the objects it describes: material, surfaces, specimen, contacts, grain boundaries.

Images are read here, not when a scenario is: a description may travel without its files.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from lto_sim.errors import InputError
from lto_sim.materials import Arrhenius, ConstantWindows, TwoPhaseMaterial, load_material
from lto_sim.scenario.checks import check_profile
from lto_sim.scenario.contact import ContactSpec, WhereSpec
from lto_sim.scenario.images import label_lines, label_stretch, thickness_map, traced_outline
from lto_sim.scenario.material import (
    ConductanceSpec,
    ConstantWindowsSpec,
    DiffusivitySpec,
    ReactionRateSpec,
    VelocitySpec,
)
from lto_sim.scenario.models import Scenario
from lto_sim.scenario.outline import (
    CircleSpec,
    EllipseSpec,
    ImageOutlineSpec,
    OutlineSpec,
    PolygonSpec,
    RadialSpec,
    RectangleSpec,
)
from lto_sim.scenario.particle import ThicknessImageSpec, ThicknessSpec, WedgeSpec
from lto_sim.scenario.surface import GrainBoundarySpec
from lto_sim.specimen import (
    ArcStretch,
    Contact,
    GrainBoundary,
    Outline,
    Polygon,
    Radial,
    ReactionKinetics,
    Rectangle,
    RegionStretch,
    Slab,
    Specimen,
    Stretch,
    ThicknessMap,
    Wedge,
    circle,
    ellipse,
)
from lto_sim.specimen.contacts import AnyStretch

__all__ = [
    "Surface",
    "build_boundaries",
    "build_contacts",
    "build_material",
    "build_specimen",
    "build_surface",
]


@dataclass(frozen=True)
class Surface:
    """Conductance delta*D_s [m3 s-1] of the surfaces; None where one does not conduct.

    Parameters
    ----------
    perimeter : The wall around the outline.
    faces : The two faces of the lamella.
    """

    perimeter: Arrhenius | None = None
    faces: Arrhenius | None = None


def build_material(scenario: Scenario) -> TwoPhaseMaterial:
    """Return the material of `scenario`."""
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
        potential_window=spec.potential_window,
    )


def build_surface(scenario: Scenario) -> Surface:
    """Return the conductance of the surfaces of `scenario`."""
    spec = scenario.surface
    return Surface() if spec is None else Surface(_conductance(spec.perimeter), _conductance(spec.faces))


def build_specimen(scenario: Scenario) -> Specimen:
    """Return the specimen of `scenario`.

    Raises
    ------
    InputError
        An outline or a thickness that no particle has, an image that does not give one, or a profile beside
        the particle.
    """
    spec = scenario.specimen
    outline = _outline(spec.outline)
    if isinstance(outline, Polygon):
        _check_profiles(scenario, outline)
    return Specimen(
        outline,
        _thickness(spec.thickness),
        spec.cell,
        spec.layers,
        spec.symmetry,
        spec.dead_layer.thickness,
        spec.grid_point,
    )


def build_contacts(scenario: Scenario) -> tuple[Contact, ...]:
    """Return the contacts of `scenario`, in the order of the file.

    Raises
    ------
    InputError
        A label image that cannot be used.
    """
    return tuple(_contact(name, spec) for name, spec in scenario.contacts.items())


def build_boundaries(scenario: Scenario) -> tuple[GrainBoundary, ...]:
    """Return the grain boundaries of `scenario`, in the order of the file.

    Raises
    ------
    InputError
        A line without length, or a label image that cannot be used.
    """
    return tuple(_boundary(name, spec) for name, spec in scenario.grain_boundaries.items())


def _outline(spec: OutlineSpec) -> Outline:
    if isinstance(spec, RectangleSpec):
        return Rectangle(spec.width, spec.height)
    if isinstance(spec, RadialSpec):
        return Radial(spec.shape, spec.radius)
    if isinstance(spec, PolygonSpec):
        return _polygon(spec)
    if isinstance(spec, CircleSpec):
        return circle(spec.middle, spec.radius)
    if isinstance(spec, EllipseSpec):
        return ellipse(spec.middle, spec.semi_axes, spec.angle)
    if isinstance(spec, ImageOutlineSpec):
        return traced_outline(spec)
    return Slab(spec.length, spec.height)


def _check_profiles(scenario: Scenario, outline: Polygon) -> None:
    """Raise InputError where a profile leaves the frame of the particle, or never meets the particle."""
    shape = shapely.Polygon(outline.exterior, outline.holes)
    for number, line in enumerate(scenario.profile):
        field = f"profile.{number}"
        check_profile(field, line, outline.bounds)
        path = shapely.LineString([line.start, line.end])
        if not shapely.dwithin(path, shape, 0.5 * line.width):
            raise InputError(
                field, "a line beside the particle or in a hole", "a line that crosses the particle",
                "move its start or its end; `lto-sim run --dry-run` draws it",
            )  # fmt: skip


def _polygon(spec: PolygonSpec) -> Polygon:
    try:
        return Polygon(np.array(spec.points), tuple(np.array(hole) for hole in spec.holes))
    except InputError as error:  # the key of a scenario is `points`
        field = error.field.replace("outline.exterior", "outline.points")
        raise InputError(field, error.value, error.allowed, error.remedy) from None


def _thickness(spec: ThicknessSpec) -> float | Wedge | ThicknessMap:
    if isinstance(spec, WedgeSpec):
        start, end = spec.wedge
        return Wedge(start, end, spec.axis)
    if isinstance(spec, ThicknessImageSpec):
        return thickness_map(spec)
    return float(spec)


def _contact(name: str, spec: ContactSpec) -> Contact:
    transfer: Arrhenius | None = None
    if isinstance(spec.k_c, VelocitySpec):
        transfer = _arrhenius(spec.k_c)
    elif spec.k_c is not None:
        transfer = Arrhenius(spec.k_c, 298.15, 0.0)
    conductance = None
    if spec.resistance is not None and spec.resistance.at > 0.0:
        conductance = Arrhenius(1.0 / spec.resistance.at, spec.resistance.reference, spec.resistance.Ea)
    stretch = _stretch(spec.where, f"contacts.{name}.where")
    return Contact(name, stretch, transfer, spec.feeds, _kinetics(spec), conductance, spec.capacitance)


def _kinetics(spec: ContactSpec) -> ReactionKinetics | None:
    if spec.k0 is None:
        return None
    constant = None if spec.k0.at == 0.0 else _arrhenius(spec.k0)
    alpha = 0.5 if spec.transfer_coefficient is None else spec.transfer_coefficient
    return ReactionKinetics(constant, alpha, spec.reorganization_energy)


def _stretch(where: WhereSpec, field: str) -> AnyStretch:
    if where.arc is not None:
        return ArcStretch(*where.arc)
    if where.polygon is not None:
        return RegionStretch(np.array(where.polygon))
    if where.image is not None:
        return label_stretch(where, field)
    return Stretch(str(where.side), where.start, where.end)


def _boundary(name: str, spec: GrainBoundarySpec) -> GrainBoundary:
    field = f"grain_boundaries.{name}"
    lines = spec.lines if spec.line is None else (spec.line,)
    polylines = label_lines(spec, field) if lines is None else tuple(np.array(line) for line in lines)
    permeability = None
    if spec.resistance is not None and spec.resistance.at > 0.0:
        reference, energy = spec.resistance.reference, spec.resistance.Ea
        permeability = Arrhenius(1.0 / spec.resistance.at, reference, energy)
    return GrainBoundary(name, polylines, _conductance(spec.along), permeability)


def _conductance(spec: ConductanceSpec | None) -> Arrhenius | None:
    return None if spec is None or spec.at == 0.0 else _arrhenius(spec)


def _arrhenius(spec: DiffusivitySpec | VelocitySpec | ConductanceSpec | ReactionRateSpec) -> Arrhenius:
    return Arrhenius(spec.at, spec.reference, spec.Ea)
