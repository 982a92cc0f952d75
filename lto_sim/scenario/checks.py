"""What sections of a scenario must agree on: profiles on the outline, surfaces on bodies that have them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from lto_sim.errors import InputError
from lto_sim.scenario.contact import ContactSpec
from lto_sim.scenario.experiment import ProfileSpec
from lto_sim.scenario.outline import Box, RadialSpec, SlabSpec
from lto_sim.scenario.particle import SpecimenSpec
from lto_sim.scenario.surface import GrainBoundarySpec, SurfaceSpec

__all__ = ["check_feeds", "check_names", "check_one_dimensional", "check_profile"]

_NAME: Final = re.compile(r"[^\s.<>:\"/\\|?*\x00-\x1f][^.<>:\"/\\|?*\x00-\x1f]*(?<!\s)")


def check_names(field: str, names: Iterable[str]) -> None:
    """Raise InputError where a name cannot be a part of a path of a key, or of the name of a file."""
    for name in names:
        if _NAME.fullmatch(name) is None:
            raise InputError(
                field, name, 'a name without . : / \\ < > " | ? * and spaces at its ends', "rename it"
            )


def check_profile(field: str, line: ProfileSpec, box: Box | None) -> None:
    """Raise InputError where a profile has no length, or leaves the bounding box of the outline [m]."""
    if line.start == line.end:
        raise InputError(f"{field}.end", line.end, "a point other than start", "move it into the particle")
    if box is None:
        return
    x0, y0, x1, y1 = box
    slack = 1e-9 * (x1 - x0 + y1 - y0)  # of text converted into metres
    for name, (x, y) in (("start", line.start), ("end", line.end)):
        if not (x0 - slack <= x <= x1 + slack and y0 - slack <= y <= y1 + slack):
            allowed = f"x from {x0:g} to {x1:g} m, y from {y0:g} to {y1:g} m"
            raise InputError(f"{field}.{name}", (x, y), allowed, "keep the profile on the outline")


def check_feeds(
    contacts: dict[str, ContactSpec],
    surface: SurfaceSpec | None,
    boundaries: dict[str, GrainBoundarySpec],
) -> None:
    """Raise InputError where a contact is to feed surfaces alone and neither they nor a boundary conduct."""
    if surface is not None and surface.conducts:
        return
    if any(boundary.along is not None and boundary.along.at > 0.0 for boundary in boundaries.values()):
        return
    for name, contact in contacts.items():
        if contact.feeds == "surface":
            raise InputError(
                f"contacts.{name}.feeds",
                "surface",
                "both or bulk, as no surface conducts",
                "add [surface] with perimeter or faces above 0, or feed the bulk",
            )


def check_one_dimensional(
    specimen: SpecimenSpec,
    contacts: dict[str, ContactSpec],
    surface: SurfaceSpec | None,
    boundaries: dict[str, GrainBoundarySpec],
) -> None:
    """Raise InputError where a slab, cylinder or sphere is given what only a lamella in the plane has."""
    shape = specimen.outline
    if not isinstance(shape, SlabSpec | RadialSpec):
        return
    found: list[tuple[str, object, str]] = []
    if surface is not None:
        for key, spec in (("perimeter", surface.perimeter), ("faces", surface.faces)):
            if spec is not None and spec.at > 0.0:
                found.append((f"surface.{key}.at", spec.at, "0"))
    if boundaries:
        found.append(("grain_boundaries", sorted(boundaries), "none"))
    if specimen.dead_layer.thickness > 0.0:
        found.append(("specimen.dead_layer", specimen.dead_layer.thickness, "0"))
    for name, contact in contacts.items():
        if contact.feeds == "surface":
            found.append((f"contacts.{name}.feeds", contact.feeds, "both or bulk"))
        if contact.where.side is None:
            found.append((f"contacts.{name}.where", contact.where.way, "a side"))
    for field, value, allowed in found:
        raise InputError(
            field,
            value,
            f"{allowed} for a {shape.shape}",
            'use shape = "rectangle" or "polygon", or remove it',
        )
