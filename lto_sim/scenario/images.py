"""What a scenario makes of images: outline, thickness, contacts and grain boundaries.

A file is read, and an outline traced, once for as long as the file stays the same. The pixel size is the one
that the scenario states, else the one in the file.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.files import Image, read_image
from lto_sim.scenario.contact import WhereSpec
from lto_sim.scenario.models import Scenario
from lto_sim.scenario.outline import ImageOutlineSpec
from lto_sim.scenario.particle import ThicknessImageSpec
from lto_sim.scenario.surface import GrainBoundarySpec
from lto_sim.specimen import LabelStretch, Polygon, ThicknessMap
from lto_sim.specimen.mask import boundaries_from_labels, outline_from_mask, thickness_from_image

__all__ = ["hash_images", "label_lines", "label_stretch", "thickness_map", "traced_outline"]

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

_LARGEST = 2**53  # beyond, not every whole number has a float of its own


def hash_images(scenario: Scenario) -> dict[str, str]:
    """SHA-256, hexadecimal, of every image file that `scenario` names, by path.

    Raises
    ------
    InputError
        A file that cannot be read.
    """
    hashes: dict[str, str] = {}
    for field, path in _image_paths(scenario):
        try:
            with Path(path).open("rb") as file:
                hashes[path] = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise InputError(
                field, path, "a readable image file", f"check the path ({error.strerror})"
            ) from None
    return hashes


def _image_paths(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Field and path of every image file."""
    outline, thickness = scenario.specimen.outline, scenario.specimen.thickness
    if isinstance(outline, ImageOutlineSpec):
        yield "specimen.outline.image", outline.image
    if isinstance(thickness, ThicknessImageSpec):
        yield "specimen.thickness.image", thickness.image
    for name, contact in scenario.contacts.items():
        if contact.where.image is not None:
            yield f"contacts.{name}.where.image", contact.where.image
    for name, boundary in scenario.grain_boundaries.items():
        if boundary.image is not None:
            yield f"grain_boundaries.{name}.image", boundary.image


def traced_outline(spec: ImageOutlineSpec) -> Polygon:
    """Outline of the particle in a mask.

    Raises
    ------
    InputError
        A file that is no image, no pixel size, or a mask without one particle inside its frame.
    """
    return _traced(spec, _stamp(spec.image))


@functools.lru_cache(maxsize=8)
def _traced(spec: ImageOutlineSpec, stamp: int) -> Polygon:
    image = _load(spec.image, "specimen.outline.image")
    return outline_from_mask(
        image.values,
        _pixel(image, spec.pixel, "specimen.outline.pixel"),
        threshold=spec.threshold,
        bright=spec.bright,
        smoothing=spec.smoothing,
        particle=spec.particle,
    )


def thickness_map(spec: ThicknessImageSpec) -> ThicknessMap:
    """Thickness from an image; NaN stands for pixels that are not known.

    Raises
    ------
    InputError
        A file that is no image, or no pixel size.
    """
    image = _load(spec.image, "specimen.thickness.image", allow_nan=True)
    pixel = _pixel(image, spec.pixel, "specimen.thickness.pixel")
    return thickness_from_image(
        image.values, pixel, scale=spec.scale, offset=spec.offset, smoothing=spec.smoothing
    )


def label_stretch(where: WhereSpec, field: str) -> LabelStretch:
    """Contact beside one label of an image.

    Raises
    ------
    InputError
        A file that is no image of labels, no pixel size, or a label that is not in it.
    """
    image, labels = _load_labels(str(where.image), f"{field}.image")
    present = np.unique(labels)
    if where.value is None or where.value not in present:
        shown = ", ".join(str(value) for value in present[:8]) + (", ..." if present.size > 8 else "")
        raise InputError(f"{field}.value", where.value, f"a label of the image: {shown}", "name one of them")
    return LabelStretch(labels, _pixel(image, where.pixel, f"{field}.pixel"), where.value)


def label_lines(spec: GrainBoundarySpec, field: str) -> tuple[Floats, ...]:
    """Lines [m] between the labels of an image, of one pair or of all.

    Raises
    ------
    InputError
        A file that is no image of labels, no pixel size, or labels that do not touch.
    """
    image, labels = _load_labels(str(spec.image), f"{field}.image")
    smoothing = 1.0 if spec.smoothing is None else spec.smoothing
    pixel = _pixel(image, spec.pixel, f"{field}.pixel")
    found = boundaries_from_labels(labels, pixel, smoothing=smoothing, field=field)
    if not found:
        raise InputError(
            f"{field}.image", spec.image, "two labels that touch", "save one label for each grain"
        )
    if spec.pair is None:
        return tuple(line for pair in sorted(found) for line in found[pair])
    lines = tuple(line for pair in found if set(pair) == set(spec.pair) for line in found[pair])
    if not lines:
        pairs = ", ".join(f"[{a}, {b}]" for a, b in sorted(found))
        raise InputError(f"{field}.pair", spec.pair, f"one of {pairs}", "name two labels that touch")
    return lines


def _load(path: str, field: str, *, allow_nan: bool = False) -> Image:
    return _read(path, field, allow_nan, _stamp(path))


@functools.lru_cache(maxsize=4)
def _read(path: str, field: str, allow_nan: bool, stamp: int) -> Image:
    image = read_image(Path(path), field, allow_nan=allow_nan)
    image.values.setflags(write=False)
    return image


def _stamp(path: str) -> int:
    """Time of the file's last change [ns], by which what was made of it is known to be up to date."""
    try:
        return Path(path).stat().st_mtime_ns
    except OSError:  # reading it says what is wrong
        return 0


def _load_labels(path: str, field: str) -> tuple[Image, Labels]:
    image = _load(path, field)
    odd = image.values[(np.rint(image.values) != image.values) | (np.abs(image.values) > _LARGEST)]
    if odd.size:
        raise InputError(
            field, path, "an image of whole numbers", f"it holds {odd[0]:g}: save labels, not grey values"
        )
    return image, image.values.astype(np.int64)


def _pixel(image: Image, given: float | None, field: str) -> float:
    if given is not None:
        return given
    if image.pixel_size is None:
        name = Path(image.source).name
        raise InputError(field, None, f"a length, as {name} states none", 'add pixel = "2 nm"')
    return image.pixel_size
