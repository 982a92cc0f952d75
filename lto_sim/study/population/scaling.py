"""What a size factor does to a scenario: every length in the plan times the factor, about the origin.

    outline, holes, centre      x -> s x
    contacts, grain boundaries  their stretches, regions and lines likewise
    profiles                    likewise, and their width
    images                      the width of a pixel
    thickness                   only if asked for, and with it the number of layers

Cells do not scale: a grid point (the outline's top left corner unless the scenario has one) makes the cells
of every size squares of exactly `specimen.cell`, and the outline is cut where it lies. A slab, a cylinder and
a sphere know no cut cell: theirs divide the length or radius evenly, and are narrower than `specimen.cell`
by up to one part in n + 1, n the cells across. Sizes of whole cells make them exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from lto_sim.errors import InputError
from lto_sim.scenario import Scenario, build_specimen
from lto_sim.scenario.outline import ImageOutlineSpec, RadialSpec, SlabSpec
from lto_sim.scenario.particle import ThicknessImageSpec

__all__ = ["cut_at_fixed_cell", "is_one_dimensional", "outline_size", "plan_lengths", "size_path",
           "thickness_lengths"]  # fmt: skip

_OUTLINE: Final = ("width", "height", "length", "radius", "semi_axes", "centre", "points", "holes", "pixel")
_WHERE: Final = ("from", "to", "arc", "polygon", "pixel")
_BOUNDARY: Final = ("line", "lines", "pixel")
_PROFILE: Final = ("start", "end", "width")
_SIZE: Final = {
    "rectangle": "width", "slab": "length", "circle": "radius", "cylinder": "radius", "sphere": "radius",
    "ellipse": "semi_axes.0",
}  # fmt: skip
"""Key of the outline's first length."""


def is_one_dimensional(scenario: Scenario) -> bool:
    """Whether the body is a slab, a cylinder or a sphere."""
    return isinstance(scenario.specimen.outline, SlabSpec | RadialSpec)


def size_path(scenario: Scenario) -> str | None:
    """Path of the length that is called the size; None: the width of a polygon or image."""
    key = _SIZE.get(scenario.specimen.outline.shape)
    return None if key is None else f"specimen.outline.{key}"


def outline_size(scenario: Scenario) -> float:
    """Size [m]: width of a rectangle, polygon or image, length of a slab, radius of a circle, cylinder or
    sphere, first semi-axis of an ellipse.
    """  # noqa: D205
    outline: Any = scenario.specimen.outline
    key = _SIZE.get(outline.shape)
    if key is None:
        return float(build_specimen(scenario).outline.width)
    return float(outline.semi_axes[0] if key == "semi_axes.0" else getattr(outline, key))


def cut_at_fixed_cell(scenario: Scenario) -> Scenario:
    """Return the scenario with cells of exactly `specimen.cell`, where its body has cells that can be cut."""
    if is_one_dimensional(scenario) or scenario.specimen.grid_point is not None:
        return scenario
    x0, y0, _, _ = build_specimen(scenario).outline.bounds
    return scenario.with_values({"specimen.grid_point": [x0, y0]})


def plan_lengths(scenario: Scenario) -> dict[str, float]:
    """Every length in the plan by its path [m]; those that are 0 are left out.

    Raises
    ------
    InputError
        An image whose pixel the scenario does not state.
    """
    _check_pixels(scenario)
    whole = scenario.to_dict()
    specimen = whole["specimen"]
    parts: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
        ("specimen.outline", specimen["outline"], _OUTLINE),
        ("specimen", specimen, ("grid_point",)),
        *((f"contacts.{n}.where", c["where"], _WHERE) for n, c in whole["contacts"].items()),
        *((f"grain_boundaries.{n}", b, _BOUNDARY) for n, b in whole.get("grain_boundaries", {}).items()),
        *((f"profile.{n}", line, _PROFILE) for n, line in enumerate(whole.get("profile", []))),
    ]
    if isinstance(scenario.specimen.thickness, ThicknessImageSpec):
        parts.append(("specimen.thickness", specimen["thickness"], ("pixel",)))
    found: dict[str, float] = {}
    for path, table, keys in parts:
        for key in keys:
            found |= dict(_leaves(f"{path}.{key}", table.get(key)))
    return found


def thickness_lengths(scenario: Scenario) -> dict[str, float]:
    """Lengths through the thickness by their paths [m], dead layers left out: a mill makes those."""
    if scenario.specimen.outline.shape == "sphere":
        return {}
    thickness = scenario.to_dict()["specimen"]["thickness"]
    if not isinstance(thickness, dict):
        return {"specimen.thickness": float(thickness)}
    found: dict[str, float] = {}
    for key in ("wedge", "scale", "offset"):
        found |= dict(_leaves(f"specimen.thickness.{key}", thickness.get(key)))
    return found


def _leaves(path: str, value: Any) -> Iterator[tuple[str, float]]:
    if isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _leaves(f"{path}.{number}", entry)
    elif value is not None and value != 0.0:
        yield path, float(value)


def _check_pixels(scenario: Scenario) -> None:
    """Refuse images that state their own pixel: it is the pixel that scales."""
    specimen = scenario.specimen
    images: list[tuple[str, float | None]] = []
    if isinstance(specimen.outline, ImageOutlineSpec):
        images.append(("specimen.outline.pixel", specimen.outline.pixel))
    if isinstance(specimen.thickness, ThicknessImageSpec):
        images.append(("specimen.thickness.pixel", specimen.thickness.pixel))
    for name, contact in scenario.contacts.items():
        if contact.where.image is not None:
            images.append((f"contacts.{name}.where.pixel", contact.where.pixel))
    for name, boundary in scenario.grain_boundaries.items():
        if boundary.image is not None:
            images.append((f"grain_boundaries.{name}.pixel", boundary.pixel))
    for field, pixel in images:
        if pixel is None:
            raise InputError(field, None, "the width of a pixel", 'sizes scale it: add pixel = "2 nm"')
