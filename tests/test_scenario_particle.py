"""Keys of the particle: outline, thickness, dead layers, grid point; what they default to, refuse, build."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lto_sim.errors import InputError
from lto_sim.scenario import Scenario, build_contacts, build_specimen, set_paths
from lto_sim.specimen import Polygon, Rectangle, ThicknessMap, Wedge

NM = 1e-9
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


def outline_of(spec: dict[str, Any]) -> Polygon:
    outline = build_specimen(scenario(outline=spec)).outline
    assert isinstance(outline, Polygon)
    return outline


@pytest.fixture
def mask(tmp_path: Path) -> Path:
    """A bright disc of 30 pixels radius about (50, 40), on a dark ground, and a dim smaller one."""
    y, x = np.mgrid[:90, :120] + 0.5
    values = np.where(np.hypot(x - 50.0, y - 40.0) < 30.0, 200.0, 10.0)
    values[np.hypot(x - 105.0, y - 75.0) < 8.0] = 90.0
    np.save(tmp_path / "mask.npy", values)
    return tmp_path / "mask.npy"


# ---- outlines ----


def test_polygon():
    outline = outline_of(POLYGON)
    np.testing.assert_allclose(outline.exterior, np.array([[0, 0], [3, 0], [0, 4]]) * 1e-6, rtol=1e-12)
    assert outline.area == pytest.approx(6e-12)
    assert outline.perimeter == pytest.approx(12e-6)
    assert not outline.smooth
    hole = [["0.5 um", "0.5 um"], ["1 um", "0.5 um"], ["0.5 um", "1 um"]]
    pierced = outline_of(POLYGON | {"holes": [hole]})
    assert pierced.area == pytest.approx(6e-12 - 0.125e-12)
    np.testing.assert_allclose(pierced.holes[0], np.array([[5, 5], [10, 5], [5, 10]]) * 1e-7, rtol=1e-12)
    numbers = np.array([[0.0, 0.0], [3e-6, 0.0], [0.0, 4e-6]])
    np.testing.assert_array_equal(outline_of({"shape": "polygon", "points": numbers}).exterior, numbers)


def test_circle_starts_at_the_origin_unless_told_otherwise():
    outline = outline_of({"shape": "circle", "radius": "1 um"})
    np.testing.assert_allclose(outline.bounds, (0.0, 0.0, 2e-6, 2e-6), rtol=1e-5, atol=1e-12)
    assert outline.area == pytest.approx(math.pi * 1e-12, rel=1e-5)
    moved = outline_of({"shape": "circle", "radius": "1 um", "centre": ["0 um", "3 um"]})
    np.testing.assert_allclose(moved.bounds, (-1e-6, 2e-6, 1e-6, 4e-6), rtol=1e-5)


@pytest.mark.parametrize("degrees", [0.0, 30.0, 90.0, -75.0])
def test_turned_ellipse_starts_at_the_origin(degrees):
    spec = ELLIPSE | {"angle": f"{degrees} deg"}
    outline = outline_of(spec)
    x0, y0, x1, y1 = outline.bounds
    assert (x0, y0) == pytest.approx((0.0, 0.0), abs=1e-11)
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    assert x1 == pytest.approx(2e-6 * math.hypot(2.0 * cos, sin), rel=1e-5)
    assert y1 == pytest.approx(2e-6 * math.hypot(2.0 * sin, cos), rel=1e-5)
    np.testing.assert_allclose(
        scenario(outline=spec).specimen.outline.box, outline.bounds, rtol=1e-5, atol=1e-11
    )
    middle = np.array([x1 / 2.0, y1 / 2.0])
    tip = 2e-6 * np.array([cos, sin])  # towards +y: clockwise on the image
    assert np.abs(outline.exterior - (middle + tip)).sum(axis=1).min() < 1e-8
    assert outline_of(ELLIPSE | {"angle": math.radians(degrees)}).bounds == pytest.approx(outline.bounds)


def test_outline_from_an_image(mask):
    spec = {"shape": "image", "image": str(mask), "pixel": "2 nm", "particle": "largest"}
    outline = outline_of(spec)
    assert outline.smooth
    assert outline.area == pytest.approx(math.pi * (60 * NM) ** 2, rel=0.01)
    np.testing.assert_allclose(outline.bounds, np.array([20, 10, 80, 70]) * 2 * NM, atol=2 * NM)
    outline = outline_of({**spec, "pixel": "4 nm", "threshold": 150, "particle": "only", "smoothing": 0})
    assert outline.area == pytest.approx(math.pi * (120 * NM) ** 2, rel=0.01)
    with pytest.raises(InputError, match=r"^specimen\.outline\.image: got '2 particles'"):
        outline_of({**spec, "particle": "only"})
    np.save(mask, -np.load(mask))
    with pytest.raises(InputError, match=r"^specimen\.outline\.image"):
        outline_of(spec)
    outline = outline_of({**spec, "bright": False})
    assert outline.area == pytest.approx(math.pi * (60 * NM) ** 2, rel=0.01)


def test_an_image_is_traced_again_only_when_it_has_changed(mask):
    chosen = scenario(outline={"shape": "image", "image": str(mask), "pixel": "2 nm", "threshold": 150})
    first = build_specimen(chosen).outline
    assert build_specimen(chosen).outline is first
    values = np.load(mask)
    np.save(mask, np.roll(values, 3, axis=1))
    again = build_specimen(chosen).outline
    assert again.bounds[0] - first.bounds[0] == pytest.approx(6 * NM, rel=1e-6)


def test_defaults():
    specimen = scenario().specimen
    assert specimen.thickness == 150e-9
    assert (specimen.dead_layer.thickness, specimen.dead_layer.li_fraction) == (0.0, 0.0)
    assert specimen.grid_point is None
    image = scenario(outline={"shape": "image", "image": "mask.png"}).specimen.outline
    assert (image.pixel, image.threshold, image.bright) == (None, "otsu", True)
    assert (image.smoothing, image.particle) == (1.0, "only")
    thickness = scenario(thickness={"image": "t.npy"}).specimen.thickness
    assert (thickness.pixel, thickness.scale, thickness.offset, thickness.smoothing) == (None, 1e-9, 0.0, 0.0)
    assert scenario(thickness={"wedge": [1e-7, 2e-7]}).specimen.thickness.axis == "x"
    assert scenario(outline=ELLIPSE).specimen.outline.angle == 0.0
    assert scenario(outline=POLYGON).specimen.outline.holes == ()


# ---- thickness, dead layers, grid ----


def test_thickness(tmp_path):
    assert build_specimen(scenario(thickness="120 nm")).thickness == pytest.approx(120 * NM)
    wedge = build_specimen(scenario(thickness={"wedge": ["100 nm", "200 nm"], "axis": "y"})).thickness
    assert isinstance(wedge, Wedge)
    assert (wedge.start, wedge.end, wedge.axis) == (pytest.approx(1e-7), pytest.approx(2e-7), "y")
    file = tmp_path / "t.npy"
    np.save(file, np.array([[40.0, 50.0, np.nan], [60.0, 70.0, 80.0]]))
    table = {"image": str(file), "pixel": "0.5 um", "scale": "2 nm", "offset": "10 nm"}
    found = build_specimen(scenario(thickness=table)).thickness
    assert isinstance(found, ThicknessMap)
    np.testing.assert_allclose(found.values, np.array([[90, 110, np.nan], [130, 150, 170]]) * NM, rtol=1e-12)
    assert found.pixel_size == pytest.approx(0.5e-6)
    smoothed = build_specimen(scenario(thickness=table | {"smoothing": 1.0})).thickness
    assert np.nanstd(smoothed.values) < 0.8 * np.nanstd(found.values)
    inverted = build_specimen(scenario(thickness=table | {"scale": "-1 nm", "offset": "200 nm"})).thickness
    assert inverted.values[1, 2] == pytest.approx(120 * NM)


def test_dead_layers():
    for given in ("10 nm", 1e-8, {"thickness": "10 nm"}):
        chosen = scenario(dead_layer=given)
        assert build_specimen(chosen).dead_layer == pytest.approx(10 * NM)
        assert chosen.specimen.dead_layer.li_fraction == 0.0
    chosen = scenario(dead_layer={"thickness": "5 nm", "li_fraction": 0.4})
    assert chosen.specimen.dead_layer.li_fraction == 0.4
    with pytest.raises(InputError, match=r"^specimen\.dead_layer: .*half the thinnest") as error:
        build_specimen(scenario(dead_layer="80 nm"))
    assert "\n" not in str(error.value)


def test_grid_point():
    built = build_specimen(scenario(grid_point=["3 nm", "-7 nm"]))
    assert built.grid_point == pytest.approx((3 * NM, -7 * NM))
    assert build_specimen(scenario()).grid_point is None


# ---- files, paths ----

KINDS = [
    {"outline": POLYGON},
    {"outline": POLYGON | {"holes": [[[1e-6, 1e-6], [1.1e-6, 1e-6], [1e-6, 1.1e-6]]]}},
    {"outline": {"shape": "circle", "radius": "1 um", "centre": ["2 um", "3 um"]}},
    {"outline": ELLIPSE | {"angle": "30 deg"}},
    {
        "outline": {
            "shape": "image",
            "image": "masks/a.png",
            "pixel": "2 nm",
            "threshold": 0.5,
            "bright": False,
        }
    },
    {"thickness": {"wedge": ["100 nm", "200 nm"], "axis": "y"}},
    {"thickness": {"image": "maps/t.npy", "pixel": "2 nm", "scale": "1 um"}},
    {"dead_layer": {"thickness": "5 nm", "li_fraction": 0.3}, "grid_point": ["0 nm", "1 nm"]},
]


@pytest.mark.parametrize("keys", KINDS)
def test_round_trip(keys, tmp_path):
    chosen = scenario(**keys)
    file = tmp_path / "case.toml"
    file.write_text(chosen.to_toml(), encoding="utf-8")
    again = Scenario.from_toml(file)
    assert again == chosen
    assert again.to_toml() == chosen.to_toml()
    assert Scenario.from_dict(chosen.to_dict()) == chosen


TOML = """
material = "lto"
temperature = "75 degC"
initial = 1.0

[specimen]
outline = { shape = "image", image = "images/mask.npy", pixel = "2 nm", threshold = 150 }
thickness = { image = "t.npy", pixel = "2 nm" }
cell = "5 nm"

[contacts.lps]
where = { image = "images/labels.npy", value = 2, pixel = "2 nm" }

[grain_boundaries.gb1]
image = "images/labels.npy"

[[drive]]
hold = "1.6 V"
until = { time = "6 s" }
"""


def test_images_are_found_beside_the_scenario_file(mask, tmp_path, monkeypatch):
    there = tmp_path / "there"
    (there / "images").mkdir(parents=True)
    mask.rename(there / "images" / "mask.npy")
    np.save(there / "t.npy", np.full((90, 120), 150.0))
    np.save(there / "images" / "labels.npy", np.full((90, 120), 2))
    (there / "case.toml").write_text(TOML, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    chosen = Scenario.from_toml("there/case.toml")
    values = chosen.to_dict()
    assert values["specimen"]["outline"]["image"] == str(there / "images" / "mask.npy")
    assert values["specimen"]["thickness"]["image"] == str(there / "t.npy")
    assert values["contacts"]["lps"]["where"]["image"] == str(there / "images" / "labels.npy")
    assert values["grain_boundaries"]["gb1"]["image"] == str(there / "images" / "labels.npy")
    monkeypatch.chdir("/")
    again = Scenario.from_dict(values)
    assert build_specimen(again).outline.area == pytest.approx(math.pi * (60 * NM) ** 2, rel=0.01)
    assert build_specimen(again).thickness.values[0, 0] == pytest.approx(150 * NM)
    assert build_contacts(again)[0].stretch.value == 2


def test_a_path_from_elsewhere_belongs_to_the_current_directory(mask, monkeypatch):
    monkeypatch.chdir(mask.parent)
    chosen = scenario(outline={"shape": "image", "image": "mask.npy", "pixel": "2 nm"})
    assert chosen.to_dict()["specimen"]["outline"]["image"] == str(mask)


@pytest.mark.parametrize(
    ("keys", "path", "value", "read"),
    [
        ({}, "specimen.outline.radius", "2 um", lambda s: s.outline.bounds[2] == pytest.approx(4e-6)),
        ({}, "specimen.thickness", "90 nm", lambda s: s.thickness == pytest.approx(90 * NM)),
        ({}, "specimen.thickness", {"wedge": [1e-7, 2e-7]}, lambda s: s.thickness == Wedge(1e-7, 2e-7)),
        ({"thickness": {"wedge": [1e-7, 2e-7]}}, "specimen.thickness.wedge.1", "300 nm",
         lambda s: s.thickness.end == pytest.approx(3e-7)),
        ({"thickness": {"wedge": [1e-7, 2e-7]}}, "specimen.thickness", "90 nm",
         lambda s: s.thickness == pytest.approx(90 * NM)),
        ({"outline": POLYGON}, "specimen.outline.points.1.0", "6 um",
         lambda s: s.outline.area == pytest.approx(12e-12)),
        ({"outline": ELLIPSE}, "specimen.outline.angle", "90 deg",
         lambda s: s.outline.bounds[3] == pytest.approx(4e-6)),
        ({}, "specimen.outline", {"shape": "rectangle", "width": 1e-6, "height": 2e-6},
         lambda s: isinstance(s.outline, Rectangle)),
        ({"dead_layer": "5 nm"}, "specimen.dead_layer", "8 nm",
         lambda s: s.dead_layer == pytest.approx(8e-9)),
        ({"dead_layer": "5 nm"}, "specimen.dead_layer.thickness", "8 nm",
         lambda s: s.dead_layer == pytest.approx(8e-9)),
        ({}, "specimen.grid_point", ["1 nm", "1 nm"], lambda s: s.grid_point == pytest.approx((NM, NM))),
    ],
)  # fmt: skip
def test_values_are_set_by_path(keys, path, value, read):
    chosen = scenario(**keys)
    assert not read(build_specimen(chosen))
    assert read(build_specimen(chosen.with_values({path: value})))


def test_a_short_form_can_be_extended_by_path():
    mapping = copy.deepcopy(BASE)
    mapping["specimen"]["dead_layer"] = "5 nm"
    chosen = Scenario.from_dict(set_paths(mapping, {"specimen.dead_layer.li_fraction": 0.25}))
    assert chosen.specimen.dead_layer.thickness == pytest.approx(5 * NM)
    assert chosen.specimen.dead_layer.li_fraction == 0.25
    assert mapping["specimen"]["dead_layer"] == "5 nm"


# ---- profiles ----


@pytest.mark.parametrize(
    ("outline", "inside", "outside"),
    [
        (POLYGON, ("3 um", "4 um"), ("3.1 um", "1 um")),
        (
            {"shape": "circle", "radius": "1 um", "centre": ["5 um", "5 um"]},
            ("6 um", "4 um"),
            ("3 um", "5 um"),
        ),
        (ELLIPSE | {"angle": "90 deg"}, ("2 um", "4 um"), ("3 um", "1 um")),
    ],
)
def test_profiles_lie_in_the_bounding_box(outline, inside, outside):
    mapping = copy.deepcopy(BASE)
    mapping["specimen"]["outline"] = outline
    x0, y0, x1, y1 = Scenario.from_dict(mapping).specimen.outline.box
    middle = [(x0 + x1) / 2.0, (y0 + y1) / 2.0]
    mapping["profile"] = [{"start": middle, "end": list(inside), "width": "50 nm"}]
    assert len(Scenario.from_dict(mapping).profile) == 1
    mapping["profile"][0]["end"] = list(outside)
    with pytest.raises(InputError, match=r"^profile\.0\.end: .*keep the profile on the outline"):
        Scenario.from_dict(mapping)


def test_profiles_on_an_image_are_left_alone():
    mapping = copy.deepcopy(BASE)
    mapping["specimen"]["outline"] = {"shape": "image", "image": "none.png"}
    mapping["profile"] = [{"start": [0, 0], "end": ["9 um", "0 um"], "width": "50 nm"}]
    assert len(Scenario.from_dict(mapping).profile) == 1


def test_every_key_says_what_it_is_in_the_schema():
    schema = Scenario.model_json_schema()
    shapes = schema["$defs"]["SpecimenSpec"]["properties"]["outline"]["discriminator"]["mapping"]
    assert set(shapes) == {
        "rectangle", "slab", "cylinder", "sphere", "polygon", "circle", "ellipse", "image"
    }  # fmt: skip
    assert schema["$defs"]["PolygonSpec"]["properties"]["points"]["minItems"] == 3
    assert len(schema["$defs"]["SpecimenSpec"]["properties"]["dead_layer"]["anyOf"]) == 2
    for name, section in {**schema["$defs"], "Scenario": schema}.items():
        for key, entry in section["properties"].items():
            known = "description" in entry or key in {"shape", "model"}
            assert known, f"{name}.{key}"
