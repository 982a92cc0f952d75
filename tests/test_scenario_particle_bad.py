"""What the keys of the particle refuse, each in one line that names field, value, range and remedy."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lto_sim.errors import InputError
from lto_sim.scenario import Scenario, build_specimen

BASE: dict[str, Any] = {
    "material": "lto",
    "temperature": "75 degC",
    "initial": 1.0,
    "specimen": {"outline": {"shape": "circle", "radius": "1 um"}, "cell": "50 nm"},
    "contacts": {"lps": {"where": {"side": "all"}}},
    "drive": [{"hold": "1.6 V", "until": {"time": "6 s"}}],
}
TRIANGLE = [["0 um", "0 um"], ["3 um", "0 um"], ["0 um", "4 um"]]
POLYGON = {"shape": "polygon", "points": TRIANGLE}
ELLIPSE = {"shape": "ellipse", "semi_axes": ["2 um", "1 um"]}


def scenario(**specimen: Any) -> Scenario:
    """BASE with some keys of [specimen] set; None removes one."""
    mapping = copy.deepcopy(BASE)
    mapping["specimen"] |= specimen
    mapping["specimen"] = {key: value for key, value in mapping["specimen"].items() if value is not None}
    return Scenario.from_dict(mapping)


IMAGE = {"shape": "image", "image": "none.png"}
BAD = [
    ({"outline": "circle"}, "specimen.outline", "a table with the key shape"),
    ({"outline": {"shape": "cirle"}}, "specimen.outline.shape", "did you mean circle?"),
    ({"outline": {"shape": 3}}, "specimen.outline.shape", "'ellipse'"),
    ({"outline": {"shape": "circle"}}, "specimen.outline.radius", "required"),
    ({"outline": {"shape": "circle", "radius": "1 s"}}, "specimen.outline.radius", "length [m]"),
    ({"outline": {"shape": "circle", "radius": "1 um", "center": [0, 0]}}, "specimen.outline.center",
     "did you mean centre?"),
    ({"outline": {"shape": "circle", "radius": "1 um", "centre": [0]}}, "specimen.outline.centre",
     "two entries"),
    ({"outline": {"shape": "circle", "radius": "1 um", "centre": "1 um"}}, "specimen.outline.centre",
     "two entries"),
    ({"outline": {"shape": "ellipse", "semi_axes": [1e-6, 0]}}, "specimen.outline.semi_axes.1", "> 0 m"),
    ({"outline": {"shape": "ellipse", "semi_axes": "1 um"}}, "specimen.outline.semi_axes", "two entries"),
    ({"outline": ELLIPSE | {"angle": 30}}, "specimen.outline.angle", 'write "30 deg"'),
    ({"outline": ELLIPSE | {"angle": "30 nm"}}, "specimen.outline.angle", "angle [rad]"),
    ({"outline": {"shape": "polygon"}}, "specimen.outline.points", "required"),
    ({"outline": {"shape": "polygon", "points": TRIANGLE[:2]}}, "specimen.outline.points",
     "at least 3 points"),
    ({"outline": {"shape": "polygon", "points": [*TRIANGLE, ["1 um"]]}}, "specimen.outline.points.3",
     "two entries"),
    ({"outline": {"shape": "polygon", "points": [*TRIANGLE, ["1 um", "1 V"]]}}, "specimen.outline.points.3.1",
     "length [m]"),
    ({"outline": {"shape": "polygon", "points": [*TRIANGLE, [1, 1]]}}, "specimen.outline.points.3.0",
     "<= 0.1 m"),
    ({"outline": {"shape": "polygon", "points": [[0, 0], [1e-6, 1e-6], [1e-6, 0], [0, 1e-6]]}},
     "specimen.outline.points", "cross"),
    ({"outline": POLYGON | {"holes": [TRIANGLE[:2]]}}, "specimen.outline.holes.0", "at least 3 points"),
    ({"outline": POLYGON | {"holes": [[[1, 1], [2, 2], [1e-9, 0]]]}}, "specimen.outline.holes.0.0.0",
     "<= 0.1 m"),
    ({"outline": POLYGON | {"holes": [[[-2e-6, 0], [-1e-6, 0], [-1e-6, 1e-6]]]}}, "specimen.outline.holes.0",
     "inside"),
    ({"outline": {"shape": "image"}}, "specimen.outline.image", "required"),
    ({"outline": IMAGE}, "specimen.outline.image", "existing image file"),
    ({"outline": IMAGE | {"image": ""}}, "specimen.outline.image", "a path"),
    ({"outline": IMAGE | {"image": 3}}, "specimen.outline.image", "text"),
    ({"outline": IMAGE | {"image": "a.jpg"}}, "specimen.outline.image", ".png"),
    ({"outline": IMAGE | {"pixel": "0 nm"}}, "specimen.outline.pixel", "> 0 m"),
    ({"outline": IMAGE | {"threshold": "half"}}, "specimen.outline.threshold", "'otsu' or a number"),
    ({"outline": IMAGE | {"threshold": math.nan}}, "specimen.outline.threshold", "'otsu' or a number"),
    ({"outline": IMAGE | {"smoothing": -1}}, "specimen.outline.smoothing", ">= 0"),
    ({"outline": IMAGE | {"smoothing": 101}}, "specimen.outline.smoothing", "<= 100"),
    ({"outline": IMAGE | {"bright": "very"}}, "specimen.outline.bright", "true or false"),
    ({"outline": IMAGE | {"particle": "all"}}, "specimen.outline.particle", "'largest'"),
    ({"outline": IMAGE | {"pixle": "2 nm"}}, "specimen.outline.pixle", "did you mean pixel?"),
    ({"thickness": "5 V"}, "specimen.thickness", "length [m]"),
    ({"thickness": [1e-7, 2e-7]}, "specimen.thickness", "length [m]"),
    ({"thickness": {}}, "specimen.thickness", "wedge, image"),
    ({"thickness": {"wedge": [1e-7, 2e-7], "image": "t.npy"}}, "specimen.thickness", "one of the keys"),
    ({"thickness": {"wedg": [1e-7, 2e-7]}}, "specimen.thickness", "wedge, image"),
    ({"thickness": {"wedge": "100 nm"}}, "specimen.thickness.wedge", "two entries"),
    ({"thickness": {"wedge": ["100 nm", "0 nm"]}}, "specimen.thickness.wedge.1", "> 0 m"),
    ({"thickness": {"wedge": [1e-7, 2e-7], "axis": "z"}}, "specimen.thickness.axis", "'x' or 'y'"),
    ({"thickness": {"wedge": [1e-7, 2e-7], "pixel": "1 nm"}}, "specimen.thickness.pixel", "wedge, axis"),
    ({"thickness": {"image": "none.npy"}}, "specimen.thickness.image", "existing image file"),
    ({"thickness": {"image": "t.npy", "scale": "1 s"}}, "specimen.thickness.scale", "length [m]"),
    ({"thickness": {"image": "t.npy", "scale": 2}}, "specimen.thickness.scale", "<= 1 m"),
    ({"thickness": {"image": "t.npy", "smoothing": 1e3}}, "specimen.thickness.smoothing", "<= 100"),
    ({"dead_layer": "5 s"}, "specimen.dead_layer.thickness", "length [m]"),
    ({"dead_layer": "-5 nm"}, "specimen.dead_layer.thickness", ">= 0 m"),
    ({"dead_layer": {"thickness": "5 nm", "li_fraction": 1.2}}, "specimen.dead_layer.li_fraction", "<= 1"),
    ({"dead_layer": {"depth": "5 nm"}}, "specimen.dead_layer.depth", "thickness, li_fraction"),
    ({"grid_point": "1 nm"}, "specimen.grid_point", "two entries"),
    ({"grid_point": ["1 nm", "1 s"]}, "specimen.grid_point.1", "length [m]"),
    ({"cell": "3 um"}, "specimen.cell", "smallest extent"),
]  # fmt: skip


@pytest.mark.parametrize(("keys", "field", "says"), BAD)
def test_bad_input_is_one_line(keys, field, says):
    with pytest.raises(InputError) as error:
        build_specimen(scenario(**keys))
    text = str(error.value)
    assert error.value.field == field
    assert says in text
    assert text.startswith(f"{field}: got ")
    assert error.value.remedy
    assert "\n" not in text


def test_a_missing_pixel_size_is_asked_for(tmp_path: Path):
    mask = tmp_path / "mask.npy"
    np.save(mask, np.eye(30))
    outline = {"shape": "image", "image": str(mask)}
    for keys, field in (
        ({"outline": outline}, "specimen.outline.pixel"),
        ({"thickness": {"image": str(mask)}}, "specimen.thickness.pixel"),
    ):
        with pytest.raises(InputError) as error:
            build_specimen(scenario(**keys))
        assert (error.value.field, error.value.value) == (field, None)
        assert error.value.remedy == 'add pixel = "2 nm"'


@pytest.mark.parametrize("values", [np.zeros((40, 40)), np.ones((40, 40), dtype=bool)])
def test_empty_and_full_masks_are_refused(tmp_path, values):
    np.save(tmp_path / "m.npy", values)
    with pytest.raises(InputError, match=r"^specimen\.outline\.image: got ") as error:
        build_specimen(scenario(outline=IMAGE | {"image": str(tmp_path / "m.npy"), "pixel": "2 nm"}))
    assert "\n" not in str(error.value)


FLAT = [
    {"shape": "slab", "length": "2 um"},
    *({"shape": s, "radius": "2 um"} for s in ("cylinder", "sphere")),
]


@pytest.mark.parametrize("outline", FLAT)
def test_one_dimensional_bodies_have_no_faces_of_their_own(outline):
    side = "left" if outline["shape"] == "slab" else "outer"
    conducting = {"at": "1e-21 m^3/s", "reference": "30 degC", "Ea": "0.5 eV"}
    for key, value, field in (
        ("surface", {"perimeter": conducting}, "surface.perimeter.at"),
        ("surface", {"faces": conducting}, "surface.faces.at"),
        ("grain_boundaries", {"gb": {"line": [[0, 0], [1e-6, 0]]}}, "grain_boundaries"),
        ("contacts", {"lps": {"where": {"arc": [0, 1e-6]}}}, "contacts.lps.where"),
        ("contacts", {"lps": {"where": {"side": side}, "feeds": "surface"}}, "contacts.lps.feeds"),
        ("dead_layer", "5 nm", "specimen.dead_layer"),
    ):
        mapping = copy.deepcopy(BASE)
        mapping["contacts"]["lps"]["where"] = {"side": side}
        mapping["specimen"]["outline"] = outline
        (mapping["specimen"] if key == "dead_layer" else mapping)[key] = value
        with pytest.raises(InputError) as error:
            Scenario.from_dict(mapping)
        assert error.value.field == field
        assert outline["shape"] in error.value.allowed
        assert "rectangle" in error.value.remedy
        assert "\n" not in str(error.value)
    mapping = copy.deepcopy(BASE)
    mapping["contacts"]["lps"]["where"] = {"side": side}
    mapping["specimen"]["outline"] = outline
    mapping["surface"] = {"faces": conducting | {"at": 0}}
    assert Scenario.from_dict(mapping).surface.faces.at == 0.0
