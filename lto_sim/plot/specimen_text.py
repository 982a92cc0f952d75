"""Words and numbers of a specimen's picture."""

from __future__ import annotations

import textwrap
from typing import Final

from lto_sim.plot.measures import Measures, write_area, write_length
from lto_sim.specimen import Contact, GrainBoundary, Radial, Slab
from lto_sim.transport.model import Model

__all__ = ["boundary_label", "caption", "contact_label", "wrapped"]

_LEGEND_WIDTH: Final = 28
"""Characters in a line of the legend."""

_RAISED: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def wrapped(text: str, width: int = _LEGEND_WIDTH) -> str:
    """Break a text into lines of at most `width` characters."""
    return "\n".join(textwrap.wrap(text, width))


def contact_label(contact: Contact, length: float, temperature: float) -> str:
    """Name and length [m], law, and what it feeds, in lines."""
    law = "equilibrium"
    if contact.kinetics is not None:
        marcus = contact.kinetics.reorganization_energy is not None
        name = "Marcus-Hush-Chidsey" if marcus else "Butler-Volmer"
        law = f"{name}, k0 = {_power(contact.kinetics.rate(temperature))} m/s"
    elif contact.transfer is not None:
        law = f"linear, k_c = {_power(contact.transfer(temperature))} m/s"
    feeds = "" if contact.feeds == "both" else f"\nfeeds {contact.feeds} only"
    return f"{_name(f'{contact.name}, {_together(write_length(length))}')}\n{law}{feeds}"


def boundary_label(boundary: GrainBoundary, temperature: float) -> str:
    """Name and what it does, in lines."""
    does = []
    if boundary.along is not None:
        does.append(f"along: δD = {_power(boundary.along(temperature))} m³/s")
    if boundary.permeability is not None:
        does.append(f"across: R = {_power(1.0 / boundary.permeability(temperature))} s/m")
    return "\n".join([_name(boundary.name), *(does or ["neither conducts nor resists"])])


def _name(text: str) -> str:
    """Text that a legend shows even if it begins with an underscore."""
    return wrapped(text if text[:1] != "_" else f"\N{NO-BREAK SPACE}{text}")


def caption(model: Model, sizes: Measures, temperature: float, grid: str = "") -> dict[str, str]:
    """Name -> text of every line at the bottom.

    Parameters
    ----------
    model, sizes : The specimen.
    temperature : Temperature of the conductances [K].
    grid : What to say of the grid that is drawn.
    """
    lines = {"outline": _outline(model, sizes), "thickness": _thickness(model, sizes)}
    lines |= {"cells": _cells(model) + grid} | _surfaces(model, temperature)
    return {name: text for name, text in lines.items() if text}


def _outline(model: Model, sizes: Measures) -> str:
    outline = model.specimen.outline
    if isinstance(outline, Radial):
        around = "circumference" if outline.shape == "cylinder" else "great circle"
        return (
            f"{outline.shape} of radius {write_length(outline.radius)}, "
            f"cross-section {write_area(sizes.area)}, {around} {write_length(sizes.perimeter)}"
        )
    if isinstance(outline, Slab):
        height = write_length(outline.height)
        return f"slab of length {write_length(outline.length)}; its height, {height}, is a scale only"
    width, height = (write_length(value) for value in sizes.extent)
    text = f"{width} × {height}, area {write_area(sizes.area)}, perimeter {write_length(sizes.perimeter)}"
    count = len(sizes.hole_perimeters)
    if count:
        holes = "1 hole" if count == 1 else f"{count} holes"
        text += f", {holes} with a wall of {write_length(sum(sizes.hole_perimeters))}"
    return text


def _thickness(model: Model, sizes: Measures) -> str:
    if sizes.thickness is None:
        return ""
    low, high = (write_length(value) for value in sizes.thickness)
    text = f"{low} to {high}" if sizes.varied else low
    dead = model.specimen.dead_layer
    if dead > 0.0:
        text += f", of which {write_length(dead)} dead on each face"
    return text


def _cells(model: Model) -> str:
    mesh, specimen = model.mesh, model.specimen
    dx, dy = (write_length(float(face[1] - face[0])) for face in (mesh.x_face, mesh.y_face))
    flat = isinstance(specimen.outline, Slab | Radial)
    size = dx if flat or dx == dy else f"{dx} × {dy}"
    count = int((mesh.volume > 0.0).sum())
    text = f"{count} of {size}"
    if not flat:
        layers = "1 layer" if specimen.layers == 1 else f"{specimen.layers} layers"
        text += f" in {layers}" + (", the upper half computed" if specimen.symmetry else "")
    elements = len(mesh.surface)
    return text + (f"; {elements} surface elements" if elements else "")


def _surfaces(model: Model, temperature: float) -> dict[str, str]:
    if isinstance(model.specimen.outline, Slab | Radial):
        return {}
    laws = {"perimeter": model.surface.perimeter, "faces": model.surface.faces}
    at = f"at {temperature - 273.15:.4g} °C"
    return {
        name: "no conduction along the surface"
        if law is None
        else _together(f"conduction along the surface, δDₛ = {_power(law(temperature))} m³/s {at}")
        for name, law in laws.items()
    }


def _together(text: str) -> str:
    """Keep a formula in one line."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def _power(value: float) -> str:
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{float(mantissa):.3g}×10{str(int(exponent)).translate(_RAISED)}"
