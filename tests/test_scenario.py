"""Scenario files: round trip, defaults, paths, builders, and one line for everything that can be wrong."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lto_sim.errors import InputError
from lto_sim.materials import load_material
from lto_sim.scenario import (
    Scenario,
    build_contacts,
    build_material,
    build_specimen,
    parse_assignment,
    set_paths,
)
from lto_sim.specimen import Radial, Rectangle, Slab
from lto_sim.transport import plan_run

GOOD: dict[str, Any] = {
    "material": {"name": "lto", "D_Li4": {"at": "1e-9 cm^2/s", "reference": "25 degC", "Ea": "0.45 eV"}},
    "temperature": "75 degC",
    "initial": 1.0,
    "specimen": {
        "outline": {"shape": "rectangle", "width": "600 nm", "height": "450 nm"},
        "thickness": "150 nm",
        "cell": "30 nm",
    },
    "contacts": {
        "lps": {
            "where": {"side": "left", "from": "100 nm", "to": "350 nm"},
            "law": "linear",
            "k_c": {"at": "1e-5 m/s", "reference": "30 degC", "Ea": "20 kJ/mol"},
        }
    },
    "drive": [
        {"hold": "1.6 V", "until": {"time": "6 s"}},
        {"hold": "400 mV", "until": {"time": "1 min", "li_fraction": 0.5}, "temperature": "90 degC"},
    ],
    "scan": {"frame_time": "1.5 s", "pixels": [16, 12], "order": "columns"},
    "profile": [{"start": ["0 nm", "225 nm"], "end": ["600 nm", "225 nm"], "width": "50 nm"}],
}


def with_entry(path: str, value: Any) -> dict[str, Any]:
    """Copy of GOOD with one entry set as a reader of the file would write it."""
    mapping = copy.deepcopy(GOOD)
    node: Any = mapping
    *parents, last = path.split(".")
    for part in parents:
        node = node[int(part)] if isinstance(node, list) else node.setdefault(part, {})
    if isinstance(node, list):
        node[int(last)] = value
    else:
        node[last] = value
    return mapping


def test_units_are_converted_at_the_door():
    scenario = Scenario.from_dict(GOOD)
    assert scenario.temperature == pytest.approx(348.15)
    assert scenario.material.D_Li4.at == pytest.approx(1e-13)
    assert scenario.material.D_Li4.reference == pytest.approx(298.15)
    assert scenario.material.D_Li4.Ea == pytest.approx(0.45 * 96485.33212)
    assert scenario.specimen.outline.width == pytest.approx(600e-9)
    assert scenario.contacts["lps"].where.start == pytest.approx(100e-9)
    assert scenario.contacts["lps"].k_c.Ea == pytest.approx(20e3)
    assert scenario.drive[1].hold == pytest.approx(0.4)
    assert scenario.drive[1].until.time == 60.0
    assert scenario.duration == pytest.approx(66.0)


def test_defaults_come_from_the_material_file():
    scenario = Scenario.from_dict(GOOD | {"material": "lto"})
    lto = load_material()
    assert build_material(scenario) == lto
    partial = Scenario.from_dict(GOOD | {"material": {"D_Li7": {"Ea": "0.4 eV"}}})
    assert partial.material.D_Li7.at == lto.rich.diffusivity.at
    assert partial.material.D_Li7.Ea == pytest.approx(0.4 * 96485.33212)
    assert partial.material.D_Li4.Ea == lto.poor.diffusivity.activation_energy


def test_toml_round_trip(tmp_path: Path):
    scenario = Scenario.from_dict(GOOD)
    file = tmp_path / "scenario.toml"
    file.write_text(scenario.to_toml(), encoding="utf-8")
    again = Scenario.from_toml(file)
    assert again == scenario
    assert again.to_toml() == scenario.to_toml()
    assert Scenario.from_dict(scenario.to_dict()) == scenario


def test_scenario_is_frozen():
    scenario = Scenario.from_dict(GOOD)
    with pytest.raises(ValueError, match="frozen"):
        scenario.temperature = 300.0


@pytest.mark.parametrize(
    ("path", "value", "read"),
    [
        ("material.D_Li4.at", "2e-14 m^2/s", lambda s: s.material.D_Li4.at == 2e-14),
        ("material.D_Li7.Ea", "6 kJ/mol", lambda s: math.isclose(s.material.D_Li7.Ea, 6e3)),
        ("material.windows.x4", 0.1, lambda s: s.material.windows.x4 == 0.1),
        ("material.windows", "regular_solution", lambda s: s.material.windows.model == "regular_solution"),
        ("contacts.lps.k_c", "1e-7 m/s", lambda s: s.contacts["lps"].k_c == 1e-7),
        ("contacts.lps.k_c.at", "1e-7 m/s", lambda s: s.contacts["lps"].k_c.at == 1e-7),
        ("contacts.lps.where.to", "200 nm", lambda s: math.isclose(s.contacts["lps"].where.end, 2e-7)),
        ("specimen.thickness", "100 nm", lambda s: math.isclose(s.specimen.thickness, 1e-7)),
        ("temperature", "30 degC", lambda s: math.isclose(s.temperature, 303.15)),
        ("drive.0.hold", 1.7, lambda s: s.drive[0].hold == 1.7 and s.drive[1].hold == 0.4),
        ("drive.1.until.time", 5.0, lambda s: s.drive[1].until.time == 5.0),
        ("numerics.front_fraction", 0.1, lambda s: s.numerics.front_fraction == 0.1),
        ("scan.pixels", [4, 3], lambda s: s.scan.pixels == (4, 3)),
    ],
)  # fmt: skip
def test_values_are_set_by_path(path, value, read):
    scenario = Scenario.from_dict(GOOD)
    before = scenario.to_toml()
    changed = scenario.with_values({path: value})
    assert read(changed)
    assert not read(scenario)
    assert scenario.to_toml() == before
    # everything else stays
    back = changed.to_dict()
    assert {k: v for k, v in back.items() if k != path.split(".")[0]} == {
        k: v for k, v in scenario.to_dict().items() if k != path.split(".")[0]
    }


@pytest.mark.parametrize(
    "path", ["drive.2.hold", "drive.x.hold", "drive.-1.hold", "temperature.at", "material.D_Li9.at"]
)
def test_paths_that_lead_nowhere(path):
    with pytest.raises(InputError) as error:
        Scenario.from_dict(GOOD).with_values({path: 1.0})
    assert "\n" not in str(error.value)
    assert path.split(".")[0] in str(error.value)


def test_assignments_of_the_command_line():
    assert parse_assignment("temperature=75 degC") == ("temperature", "75 degC")
    assert parse_assignment("drive.0.hold = 1.6") == ("drive.0.hold", 1.6)
    assert parse_assignment("scan.pixels=[4, 3]") == ("scan.pixels", [4, 3])
    assert parse_assignment('title="a = b"') == ("title", "a = b")
    for text in ("temperature", "=3"):
        with pytest.raises(InputError, match=r"^--set: got "):
            parse_assignment(text)
    assert set_paths({"material": "lto"}, {"material.plateau": 0.9}) == {
        "material": {"name": "lto", "plateau": 0.9}
    }


def test_builders():
    scenario = Scenario.from_dict(GOOD)
    outline = build_specimen(scenario).outline
    assert isinstance(outline, Rectangle)
    assert (outline.width, outline.height) == pytest.approx((600e-9, 450e-9))
    (contact,) = build_contacts(scenario)
    assert contact.name == "lps"
    assert contact.transfer is not None
    expected = 1e-5 * math.exp(-20e3 / 8.31446261815324 * (1.0 / 363.15 - 1.0 / 303.15))
    assert contact.transfer(363.15) == pytest.approx(expected, rel=1e-9)
    plain = scenario.with_values({"contacts.lps.k_c": "1e-6 m/s"})
    assert build_contacts(plain)[0].transfer(400.0) == pytest.approx(1e-6, rel=1e-14)
    held = GOOD | {"contacts": {"lps": {"where": {"side": "left"}}}}
    assert build_contacts(Scenario.from_dict(held))[0].transfer is None
    for outline, expected in (
        ({"shape": "slab", "length": "1 um"}, Slab(1e-6)),
        ({"shape": "sphere", "radius": "2 um"}, Radial("sphere", 2e-6)),
    ):
        built = build_specimen(Scenario.from_dict(with_entry("specimen.outline", outline))).outline
        assert type(built) is type(expected)
        assert built.width == pytest.approx(expected.width)
    windows = build_material(scenario.with_values({"material.windows": "regular_solution"})).windows
    assert windows.edges(303.15)[0] == pytest.approx(0.042, abs=6e-4)


def test_initial_compositions(tmp_path: Path):
    shape = (1, 15, 20)
    ramp = np.linspace(0.0, 1.0, 300).reshape(15, 20)
    file = tmp_path / "start.npy"
    np.save(file, ramp)
    scenario = Scenario.from_dict(GOOD | {"initial": str(file)})
    np.testing.assert_array_equal(scenario.initial_composition(shape)[0], ramp)
    scenario = Scenario.from_dict(GOOD | {"initial": ramp.tolist()})
    np.testing.assert_array_equal(scenario.initial_composition(shape)[0], ramp)
    np.testing.assert_array_equal(Scenario.from_dict(GOOD).initial_composition(shape), np.ones(shape))
    np.save(file, 1.1 * ramp)
    with pytest.raises(InputError, match=r"^initial: got 1\.0"):
        Scenario.from_dict(GOOD | {"initial": str(file)}).initial_composition(shape)


BAD = [
    # unknown keys, with a hint where one is near
    ("temperatur", "30 degC", "temperatur", "did you mean temperature?"),
    ("specimen.thicknes", "1 nm", "specimen.thicknes", "did you mean thickness?"),
    ("material.D_Li5", {}, "material.D_Li5", "did you mean D_Li"),
    ("drive.0.until.untill", 2, "drive.0.until.untill", "one of the keys time, li_fraction"),
    ("contacts.lps.colour", "red", "contacts.lps.colour", "remove the key"),
    # wrong dimensions
    ("material.D_Li4.at", "3 eV", "material.D_Li4.at", "diffusivity [m^2/s]"),
    ("material.D_Li4.Ea", "3 V", "material.D_Li4.Ea", "molar energy [J/mol]"),
    ("specimen.thickness", "5 s", "specimen.thickness", "length [m]"),
    ("contacts.lps.k_c", "1e-6 m", "contacts.lps.k_c", "velocity [m/s]"),
    ("drive.0.hold", "1.6 A", "drive.0.hold", "potential [V]"),
    ("temperature", "warm", "temperature", "temperature [K]"),
    ("profile.0.width", "2 V", "profile.0.width", "length [m]"),
    # ranges
    ("material.D_Li4.at", "-1 m^2/s", "material.D_Li4.at", ">= 1e-60 m^2/s"),
    ("material.D_Li4.at", 0, "material.D_Li4.at", ">= 1e-60 m^2/s"),
    ("temperature", "-300 degC", "temperature", ">= 150 K"),
    ("temperature", 0, "temperature", ">= 150 K"),
    ("temperature", 75, "temperature", "a bare number is in kelvin"),
    ("drive.0.until.time", 1e300, "drive.0.until.time", "<= 1e+18 s"),
    ("maps.probe_fwhm", "1 m", "maps.probe_fwhm", "<= 1e-06 m"),
    ("temperature", 10**400, "temperature", "finite"),
    ("specimen.thickness", "0 nm", "specimen.thickness", "> 0 m"),
    ("specimen.thickness", "-5 nm", "specimen.thickness", "> 0 m"),
    ("specimen.outline.width", "-1 um", "specimen.outline.width", "> 0 m"),
    ("specimen.cell", 0, "specimen.cell", "> 0 m"),
    ("specimen.cell", "2 um", "specimen.cell", "smallest extent"),
    ("specimen.cell", "1e-15 m", "specimen.cell", "use larger cells"),
    ("specimen.layers", 0, "specimen.layers", ">= 1"),
    ("specimen.layers", 2.5, "specimen.layers", "whole number"),
    ("specimen.symmetry", True, "specimen.symmetry", "even number of layers"),
    ("initial", 1.2, "initial", "<= 1"),
    ("initial", True, "initial", "a plain number"),
    ("initial", [[0.1, 0.2]], "initial", "match the mesh"),
    ("initial", [[1, "a"]], "initial", "match the mesh"),
    ("initial", [[2.0] * 20] * 15, "initial", "0 to 1 in every cell"),
    ("initial", "none.npy", "initial", "readable .npy"),
    ("drive.0.hold", math.nan, "drive.0.hold", "finite"),
    ("drive.0.until.time", "-1 s", "drive.0.until.time", "> 0 s"),
    ("drive.0.until.time", 0, "drive.0.until.time", "> 0 s"),
    ("drive.0.until.li_fraction", 1.5, "drive.0.until.li_fraction", "<= 1"),
    ("drive.0.temperature", "-1 K", "drive.0.temperature", ">= 150 K"),
    ("numerics.front_fraction", 0, "numerics.front_fraction", "> 0"),
    ("numerics.front_fraction", 2, "numerics.front_fraction", "<= 1"),
    ("numerics.max_steps", 0, "numerics.max_steps", ">= 1"),
    ("output.every", "0 s", "output.every", "> 0 s"),
    ("output.every", "1 ms", "output.every", "or raise output.max_states"),
    ("output.current_every", "1 ns", "output.current_every", "sample more slowly"),
    ("scan.pixels", [0, 4], "scan.pixels", "1 to 4096"),
    ("scan.flyback", "1 s", "scan.flyback", "s a line"),
    ("scan.period", "0.5 s", "scan.period", ">= frame_time"),
    ("scan.frame_time", "1 us", "scan.period", "record fewer frames"),
    ("seed", -1, "seed", ">= 0"),
    ("schema_version", 2, "schema_version", "1"),
    # windows
    ("material.windows", {"x4": 0.6, "x7": 0.5}, "material.windows.x4", "x4 < x7"),
    ("material.windows", {"x4": 0.5, "x7": 0.5}, "material.windows.x4", "x4 < x7"),
    ("material.windows", {"x4": 0.0}, "material.windows.x4", "0 < x4"),
    ("material.windows", {"x7": 1.0}, "material.windows.x7", "below 1"),
    ("material.windows", {"x4": 1.5}, "material.windows.x4", "<= 1"),
    ("material.windows", "curved", "material.windows", "regular_solution"),
    ("material.windows", {"model": "regular_solution", "x4": 0.1}, "material.windows.x4", "keys model"),
    # contacts
    ("contacts", {}, "contacts", "at least one contact"),
    ("contacts.lps.where.side", "front", "contacts.lps.where.side", "'left'"),
    ("contacts.lps.where.side", "outer", "contacts.lps.where.side", "left or right or top or bottom or all"),
    ("contacts.lps.where.to", "5 um", "contacts.lps.where.to", "on the outline"),
    ("contacts.lps.where.from", "-5 nm", "contacts.lps.where.from", "on the outline"),
    ("contacts.two", {"where": {"side": "left", "from": "300 nm"}}, "contacts.two.where", "no overlap"),
    ("contacts.lps.law", "tafel", "contacts.lps.law", "'linear'"),
    ("contacts.lps.law", "equilibrium", "contacts.lps.k_c", "only the linear law has it"),
    ("contacts.lps.k_c", -1, "contacts.lps.k_c", "> 0 m/s"),
    # choices and shapes
    ("material.name", "lfp", "material.name", "lto"),
    ("specimen.outline.shape", "disc", "specimen.outline.shape", "'rectangle'"),
    ("specimen.outline", {"width": 1}, "specimen.outline.shape", "'rectangle'"),
    ("numerics.engine", "comsol", "numerics.engine", "'native'"),
    ("scan.order", "snake", "scan.order", "'columns'"),
    ("drive", [], "drive", "at least one step"),
    ("drive.0.until", {}, "drive.0.until", "a table"),
    ("contacts.lps", {"law": "linear", "where": {"side": "top"}}, "contacts.lps.k_c", "law needs it"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "field", "says"), BAD)
def test_bad_input_is_one_line_that_names_field_value_range_and_remedy(path, value, field, says):
    with pytest.raises(InputError) as error:
        plan_run(Scenario.from_dict(with_entry(path, value)))
    text = str(error.value)
    assert error.value.field == field
    assert says in text
    assert text.startswith(f"{field}: got ")
    assert "; allowed: " in text
    assert error.value.allowed
    assert error.value.remedy
    assert "\n" not in text


@pytest.mark.parametrize("key", ["temperature", "initial", "specimen", "contacts", "drive"])
def test_required_keys(key):
    with pytest.raises(InputError, match=rf"^{key}: got None; allowed: a value \(the key is required\)"):
        Scenario.from_dict({k: v for k, v in GOOD.items() if k != key})


def test_regular_solution_checks_the_temperature_of_every_step():
    scenario = Scenario.from_dict(GOOD).with_values({"material.windows": "regular_solution"})
    assert plan_run(scenario).cells == 300
    for value in ("400 degC", "600 degC"):
        with pytest.raises(InputError, match=r"^temperature: got "):
            plan_run(scenario.with_values({"drive.1.temperature": value}))


def test_files_that_cannot_be_read(tmp_path: Path):
    broken = tmp_path / "broken.toml"
    broken.write_text("temperature = = 3\n", encoding="utf-8")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    for file in (tmp_path / "none.toml", tmp_path, broken, binary):
        with pytest.raises(InputError, match=r"^scenario: got ") as error:
            Scenario.from_toml(file)
        assert "\n" not in str(error.value)


def test_an_initial_array_is_found_beside_its_scenario_file(tmp_path, monkeypatch):
    (tmp_path / "there").mkdir()
    np.save(tmp_path / "there" / "start.npy", np.array([0.2, 0.8]))
    text = Scenario.from_dict(with_entry("initial", "start.npy")).to_toml()
    (tmp_path / "there" / "case.toml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    scenario = Scenario.from_toml("there/case.toml")
    np.testing.assert_array_equal(scenario.initial_composition((1, 1, 2)), [[[0.2, 0.8]]])
    again = Scenario.from_dict(scenario.to_dict())
    np.testing.assert_array_equal(again.initial_composition((1, 1, 2)), [[[0.2, 0.8]]])
