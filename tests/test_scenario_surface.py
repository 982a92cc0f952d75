"""Keys of surfaces, grain boundaries and contacts on any outline: defaults, what is refused and built."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lto_sim.constants import GAS_CONSTANT
from lto_sim.errors import InputError
from lto_sim.materials import Arrhenius
from lto_sim.scenario import (
    Scenario,
    Surface,
    build_boundaries,
    build_contacts,
    build_specimen,
    build_surface,
)
from lto_sim.specimen import ArcStretch, LabelStretch, RegionStretch, Stretch

NM = 1e-9
BASE: dict[str, Any] = {
    "material": "lto",
    "temperature": "75 degC",
    "initial": 1.0,
    "specimen": {"outline": {"shape": "rectangle", "width": "2 um", "height": "1.5 um"}, "cell": "50 nm"},
    "contacts": {"lps": {"where": {"side": "left"}}},
    "drive": [{"hold": "1.6 V", "until": {"time": "6 s"}}],
}
PERIMETER = {"at": "1e-21 m^3/s", "reference": "30 degC", "Ea": "0.50 eV"}
FACES = {"at": "3e-23 m^3/s", "reference": "30 degC", "Ea": "48 kJ/mol"}
RESISTANCE = {"at": "1e6 s/m", "reference": "30 degC", "Ea": "0.3 eV"}
LINE = [["0.5 um", "0 um"], ["0.7 um", "1.5 um"]]
TRIANGLE = [["-1 um", "0 um"], ["1 um", "0 um"], ["0 um", "1 um"]]


def scenario(**keys: Any) -> Scenario:
    return Scenario.from_dict(copy.deepcopy(BASE) | keys)


def contacts(**keys: Any) -> dict[str, Any]:
    return {"contacts": {"lps": {"where": {"side": "left"}} | keys}}


def where(**keys: Any) -> dict[str, Any]:
    return contacts(where=keys)


def boundary(**keys: Any) -> dict[str, Any]:
    return {"grain_boundaries": {"gb1": keys}}


def build_all(chosen: Scenario) -> None:
    build_specimen(chosen)
    build_contacts(chosen)
    build_boundaries(chosen)
    build_surface(chosen)


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """Two grains, 1 to the left of column 30 and 2 to the right, in 40 rows; a third below; 0 outside."""
    values = np.zeros((60, 80), dtype=np.int64)
    values[10:50, 10:30] = 1
    values[10:50, 30:70] = 2
    values[40:50, 10:70] = 3
    np.save(tmp_path / "labels.npy", values)
    return tmp_path / "labels.npy"


# ---- surfaces ----


def test_surfaces():
    surface = build_surface(scenario(surface={"perimeter": PERIMETER, "faces": FACES}))
    assert surface.perimeter.at == pytest.approx(1e-21)
    assert surface.perimeter.reference == pytest.approx(303.15)
    assert surface.perimeter.Ea_eV == pytest.approx(0.5, rel=1e-9)
    assert surface.faces.at == pytest.approx(3e-23)
    assert surface.faces.activation_energy == pytest.approx(48e3)
    hot = 3e-23 * math.exp(-48e3 / GAS_CONSTANT * (1.0 / 378.15 - 1.0 / 303.15))
    assert surface.faces(378.15) == pytest.approx(hot, rel=1e-9)


def test_without_a_section_or_at_zero_nothing_conducts():
    assert build_surface(scenario()) == Surface(None, None)
    assert build_surface(scenario(surface={})) == Surface(None, None)
    one = build_surface(scenario(surface={"faces": FACES, "perimeter": PERIMETER | {"at": 0}}))
    assert one.perimeter is None
    assert isinstance(one.faces, Arrhenius)
    assert scenario().surface is None
    assert build_boundaries(scenario()) == ()
    assert build_contacts(scenario())[0].feeds == "both"


# ---- grain boundaries ----


def test_grain_boundaries():
    chosen = scenario(
        grain_boundaries={
            "open": {"line": LINE},
            "pipe": {"line": LINE, "along": PERIMETER},
            "wall": {"lines": [LINE, [[0, 0], [1e-6, 0], [1e-6, 1e-6]]], "resistance": RESISTANCE},
            "off": {"line": LINE, "along": PERIMETER | {"at": 0}, "resistance": RESISTANCE | {"at": 0}},
        }
    )
    nothing, pipe, wall, off = build_boundaries(chosen)
    assert [b.name for b in (nothing, pipe, wall, off)] == ["open", "pipe", "wall", "off"]
    np.testing.assert_allclose(nothing.lines[0], [[0.5e-6, 0.0], [0.7e-6, 1.5e-6]], rtol=1e-12)
    assert (nothing.along, nothing.permeability) == (None, None)
    assert (off.along, off.permeability) == (None, None)
    assert pipe.along.at == pytest.approx(1e-21)
    assert pipe.permeability is None
    assert [len(line) for line in wall.lines] == [2, 3]
    assert wall.along is None
    assert wall.permeability.at == pytest.approx(1e-6)
    assert wall.permeability.Ea_eV == pytest.approx(0.3, rel=1e-9)
    assert wall.permeability(400.0) > wall.permeability(303.15)  # the resistance falls with temperature
    plain = scenario(**boundary(line=LINE, resistance={"at": 1e6, "reference": 300.0}))
    assert build_boundaries(plain)[0].permeability == Arrhenius(1e-6, 300.0, 0.0)


def test_grain_boundaries_from_an_image(labels):
    table = {"image": str(labels), "pixel": "2 nm", "along": PERIMETER}
    (all_pairs,) = build_boundaries(scenario(**boundary(**table)))
    assert len(all_pairs.lines) == 3
    for pair in ([1, 2], [2, 1]):
        (one,) = build_boundaries(scenario(**boundary(**table, pair=pair)))
        (line,) = one.lines
        assert np.median(line[:, 0]) == pytest.approx(60 * NM, abs=0.5 * NM)
        np.testing.assert_allclose(sorted(line[[0, -1], 1]), [20 * NM, 80 * NM], atol=4 * NM)
        assert one.along.at == pytest.approx(1e-21)
    assert scenario(**boundary(image="a.png")).grain_boundaries["gb1"].pair is None
    with pytest.raises(InputError, match=r"^grain_boundaries\.gb1\.pair: got \(1, 7\).*\[1, 2\], \[1, 3\]"):
        build_boundaries(scenario(**boundary(**table, pair=[1, 7])))
    with pytest.raises(InputError, match=r"^grain_boundaries\.gb1\.pixel: got None.*labels\.npy.*2 nm"):
        build_boundaries(scenario(**boundary(image=str(labels))))


def test_label_images_hold_whole_numbers(labels):
    np.save(labels, np.load(labels) + 0.5)
    for keys, field in (
        (boundary(image=str(labels), pixel="2 nm"), "grain_boundaries.gb1.image"),
        (where(image=str(labels), value=1, pixel="2 nm"), "contacts.lps.where.image"),
    ):
        with pytest.raises(InputError, match=r"whole numbers; it holds 0\.5") as error:
            build_all(scenario(**keys))
        assert error.value.field == field
    np.save(labels, 1e300 * np.load(labels))
    with pytest.raises(InputError, match="whole numbers"):
        build_all(scenario(**boundary(image=str(labels), pixel="2 nm")))
    np.save(labels, np.ones((20, 20)))
    with pytest.raises(InputError, match=r"^grain_boundaries\.gb1\.image: .*2 grains"):
        build_all(scenario(**boundary(image=str(labels), pixel="2 nm")))


# ---- contacts ----


def test_where_contacts_are(labels):
    def stretch(**keys: Any) -> Any:
        return build_contacts(scenario(**where(**keys)))[0].stretch

    assert stretch(side="all") == Stretch("all", None, None)
    side = stretch(side="right", **{"from": "0.3 um", "to": "1.2 um"})
    assert (side.side, side.start, side.end) == ("right", pytest.approx(3e-7), pytest.approx(1.2e-6))
    arc = stretch(arc=["0.5 um", "1.2 um"])
    assert isinstance(arc, ArcStretch)
    assert (arc.start, arc.end) == pytest.approx((5e-7, 1.2e-6))
    region = stretch(polygon=TRIANGLE)
    assert isinstance(region, RegionStretch)
    np.testing.assert_allclose(region.polygon, np.array([[-1, 0], [1, 0], [0, 1]]) * 1e-6, rtol=1e-12)
    label = stretch(image=str(labels), value=2, pixel="2 nm")
    assert isinstance(label, LabelStretch)
    assert (label.value, label.pixel_size) == (2, pytest.approx(2 * NM))
    np.testing.assert_array_equal(label.labels, np.load(labels))
    with pytest.raises(InputError, match=r"^contacts\.lps\.where\.value: got 7.*0, 1, 2, 3"):
        stretch(image=str(labels), value=7, pixel="2 nm")
    with pytest.raises(InputError, match=r"^contacts\.lps\.where\.pixel: got None.*add pixel"):
        stretch(image=str(labels), value=2)


def test_what_contacts_feed():
    surface = {"surface": {"perimeter": PERIMETER}}
    for feeds in ("both", "bulk", "surface"):
        assert build_contacts(scenario(**contacts(feeds=feeds), **surface))[0].feeds == feeds
    assert (
        build_contacts(scenario(**contacts(feeds="surface"), surface={"faces": FACES}))[0].feeds == "surface"
    )
    assert build_contacts(scenario(**contacts(feeds="bulk")))[0].feeds == "bulk"
    for keys in ({}, {"surface": {}}, {"surface": {"perimeter": PERIMETER | {"at": 0}}}):
        with pytest.raises(InputError, match=r"^contacts\.lps\.feeds: .*no surface conducts.*\[surface\]"):
            scenario(**contacts(feeds="surface"), **keys)


# ---- files, paths ----


@pytest.mark.parametrize(
    "keys",
    [
        {"surface": {"perimeter": PERIMETER}},
        {"surface": {"perimeter": PERIMETER, "faces": FACES}, **contacts(feeds="surface")},
        {"surface": {}},
        boundary(line=LINE),
        boundary(
            lines=[LINE, [[0, 0], [1e-7, 1e-7], [2e-7, 0]]],
            along=PERIMETER,
            resistance=RESISTANCE | {"at": 0},
        ),
        boundary(image="labels.tif", pixel="2 nm", smoothing=2, pair=[1, 2]),
        where(side="top", **{"from": "0.1 um", "to": "0.2 um"}),
        where(side="all"),
        where(arc=["0 um", "1.2 um"]),
        where(polygon=TRIANGLE),
        where(image="labels.png", value=1, pixel="2 nm"),
    ],
)
def test_round_trip(keys, tmp_path):
    chosen = scenario(**keys)
    (tmp_path / "case.toml").write_text(chosen.to_toml(), encoding="utf-8")
    again = Scenario.from_toml(tmp_path / "case.toml")
    assert again == chosen
    assert again.to_toml() == chosen.to_toml()
    assert Scenario.from_dict(chosen.to_dict()) == chosen


FULL = {
    "surface": {"perimeter": PERIMETER, "faces": FACES},
    "grain_boundaries": {
        "gb1": {"line": LINE, "along": PERIMETER},
        "gb2": {"line": LINE, "resistance": RESISTANCE},
    },
}


@pytest.mark.parametrize(
    ("path", "value", "read", "expected"),
    [
        ("surface.faces.at", "1e-20 m^3/s", lambda s: build_surface(s).faces.at, 1e-20),
        ("surface.faces.at", 0, lambda s: build_surface(s).faces, None),
        ("surface.perimeter.Ea", "0.3 eV", lambda s: build_surface(s).perimeter.Ea_eV, 0.3),
        ("surface.perimeter.reference", "50 degC", lambda s: build_surface(s).perimeter.reference, 323.15),
        ("grain_boundaries.gb1.along.at", "2e-21 m^3/s", lambda s: build_boundaries(s)[0].along.at, 2e-21),
        ("grain_boundaries.gb2.resistance.at", 4e6, lambda s: build_boundaries(s)[1].permeability.at, 2.5e-7),
        ("grain_boundaries.gb1.line.1.0", "1 um", lambda s: build_boundaries(s)[0].lines[0][1, 0], 1e-6),
        ("grain_boundaries.two", {"line": LINE}, lambda s: len(build_boundaries(s)), 3),
        ("contacts.lps.feeds", "bulk", lambda s: build_contacts(s)[0].feeds, "bulk"),
        ("contacts.lps.where", {"arc": [0, 1e-7]}, lambda s: build_contacts(s)[0].stretch.end, 1e-7),
    ],
)
def test_values_are_set_by_path(path, value, read, expected):
    chosen = scenario(**FULL)
    changed = chosen.with_values({path: value})
    assert read(changed) == (pytest.approx(expected, rel=1e-9) if isinstance(expected, float) else expected)
    assert {k: v for k, v in changed.to_dict().items() if k != path.split(".")[0]} == {
        k: v for k, v in chosen.to_dict().items() if k != path.split(".")[0]
    }


def test_a_section_can_be_made_by_path():
    made = scenario().with_values({f"surface.faces.{key}": value for key, value in FACES.items()})
    assert build_surface(made) == build_surface(scenario(surface={"faces": FACES}))
    with pytest.raises(InputError, match=r"^surface\.faces\.reference: got None; allowed: .*required"):
        scenario().with_values({"surface.faces.at": 1e-21})


# ---- errors ----

PIPE = boundary(line=LINE, along=PERIMETER)["grain_boundaries"]["gb1"]
BAD = [
    ({"surface": {"edges": PERIMETER}}, "surface.edges", "one of the keys perimeter, faces"),
    ({"surface": {"face": FACES}}, "surface.face", "did you mean faces?"),
    ({"surface": {"faces": 1e-21}}, "surface.faces", "a table of keys"),
    ({"surface": {"faces": FACES | {"at": "1e-21 m^2/s"}}}, "surface.faces.at", "conductance [m^3/s]"),
    ({"surface": {"faces": FACES | {"at": -1e-21}}}, "surface.faces.at", ">= 0 m^3/s"),
    ({"surface": {"faces": FACES | {"at": "1 m^3/s"}}}, "surface.faces.at", "<= 1e-06 m^3/s"),
    ({"surface": {"faces": FACES | {"Ea": "-1 eV"}}}, "surface.faces.Ea", ">= 0 J/mol"),
    ({"surface": {"faces": FACES | {"reference": 30}}}, "surface.faces.reference", "in kelvin"),
    ({"surface": {"faces": {"at": 1e-21, "reference": 300}}}, "surface.faces.Ea", "required"),
    (boundary(), "grain_boundaries.gb1", "exactly one of the keys line, lines, image"),
    (boundary(line=LINE, lines=[LINE]), "grain_boundaries.gb1", "exactly one of the keys"),
    (boundary(line=LINE[:1]), "grain_boundaries.gb1.line", "at least 2 points"),
    (boundary(line=[LINE[0], "1 um"]), "grain_boundaries.gb1.line.1", "two entries"),
    (boundary(line=[LINE[0], LINE[0]]), "grain_boundaries.gb1.line", "2 different points"),
    (boundary(line=[LINE[0], ["1 V", 0]]), "grain_boundaries.gb1.line.1.0", "length [m]"),
    (boundary(lines=[]), "grain_boundaries.gb1.lines", "at least one line"),
    (boundary(lines=LINE), "grain_boundaries.gb1.lines.0.0", "two entries"),
    (boundary(line=LINE, pixel="2 nm"), "grain_boundaries.gb1.pixel", "absent without image"),
    (boundary(line=LINE, smoothing=1), "grain_boundaries.gb1.smoothing", "absent without image"),
    (boundary(lines=[LINE], pair=[1, 2]), "grain_boundaries.gb1.pair", "absent without image"),
    (boundary(image="none.tif"), "grain_boundaries.gb1.image", "existing image file"),
    (boundary(image="none.tif", pair=[1, 1]), "grain_boundaries.gb1.pair", "two different labels"),
    (boundary(image="none.tif", pair=[1]), "grain_boundaries.gb1.pair", "two entries"),
    (boundary(image="none.tif", pair=[1, 1.5]), "grain_boundaries.gb1.pair.1", "whole number"),
    (boundary(image="none.tif", smoothing=-1), "grain_boundaries.gb1.smoothing", ">= 0"),
    (boundary(**PIPE, across=1), "grain_boundaries.gb1.across", "one of the keys line"),
    (boundary(**PIPE | {"along": PERIMETER | {"at": -1}}), "grain_boundaries.gb1.along.at", ">= 0 m^3/s"),
    (boundary(line=LINE, resistance=RESISTANCE | {"at": "1e-6 m/s"}), "grain_boundaries.gb1.resistance.at",
     "interface resistance [s/m]"),
    (boundary(line=LINE, resistance=RESISTANCE | {"at": -1}), "grain_boundaries.gb1.resistance.at",
     ">= 0 s/m"),
    (boundary(line=LINE, resistance={"at": 1e6}), "grain_boundaries.gb1.resistance.reference", "required"),
    (boundary(line=LINE, resistance=RESISTANCE | {"Ea": "-0.1 eV"}), "grain_boundaries.gb1.resistance.Ea",
     ">= 0 J/mol"),
    ({"grain_boundaries": []}, "grain_boundaries", "a table of keys"),
    (where(), "contacts.lps.where", "exactly one of the keys side, arc, polygon, image"),
    (where(side="left", arc=[0, 1e-6]), "contacts.lps.where", "exactly one of the keys"),
    (where(sid="left"), "contacts.lps.where.sid", "did you mean side?"),
    (where(arc=[0, 1e-6], **{"from": "1 um"}), "contacts.lps.where.from", "absent without side"),
    (where(polygon=TRIANGLE, to="1 um"), "contacts.lps.where.to", "absent without side"),
    (where(side="left", value=1), "contacts.lps.where.value", "absent without image"),
    (where(side="left", pixel="1 nm"), "contacts.lps.where.pixel", "absent without image"),
    (where(arc="1 um"), "contacts.lps.where.arc", "two entries"),
    (where(arc=["1 um", "1 um"]), "contacts.lps.where.arc", "an end above the start"),
    (where(arc=["1 um", "1 s"]), "contacts.lps.where.arc.1", "length [m]"),
    (where(polygon=TRIANGLE[:2]), "contacts.lps.where.polygon", "at least 3 points"),
    (where(image="none.png"), "contacts.lps.where.value", "add value = 1"),
    (where(image="none.png", value=1.5), "contacts.lps.where.value", "whole number"),
    (where(image="none.png", value=1), "contacts.lps.where.image", "existing image file"),
    (contacts(feeds="faces"), "contacts.lps.feeds", "'surface'"),
]  # fmt: skip


@pytest.mark.parametrize(("keys", "field", "says"), BAD)
def test_bad_input_is_one_line(keys, field, says):
    with pytest.raises(InputError) as error:
        build_all(scenario(**keys))
    text = str(error.value)
    assert error.value.field == field
    assert says in text
    assert text.startswith(f"{field}: got ")
    assert error.value.remedy
    assert "\n" not in text


def test_names_of_shapes_and_keys_are_good_names():
    """A path keeps a name that is also the name of a shape, or of a way to give one."""
    for name in ("sphere", "polygon", "image", "wedge"):
        with pytest.raises(InputError) as error:
            scenario(contacts={name: {"where": {"side": "left"}, "feed": 1}})
        assert error.value.field == f"contacts.{name}.feed"
        with pytest.raises(InputError) as error:
            scenario(grain_boundaries={name: {"line": LINE, "along": {"at": -1}}})
        assert error.value.field.startswith(f"grain_boundaries.{name}.along.")
