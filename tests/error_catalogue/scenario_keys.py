"""Scenario files: keys that are misspelt, missing or too many, values of the wrong kind, text that is no TOML."""

# ruff: noqa: E501 - one case, one line

from __future__ import annotations

from typing import Final

from error_catalogue.kinds import SCENARIO, BadInput, changed
from error_catalogue.making import npy

__all__ = ["SCENARIO_KEYS"]

_LEFT: Final = 'where = { side = "left" }'
_OUTLINE: Final = 'outline = { shape = "rectangle", width = "400 nm", height = "100 nm" }'
_UNTIL: Final = 'until = { time = "2.5 s" }'

SCENARIO_KEYS: Final = (
    changed("misspelt key", "temperature", "temprature", "temprature: got", "did you mean temperature"),
    changed("misspelt key of a section", "thickness =", "thicknes =", "specimen.thicknes: got"),
    changed("misspelt key of a contact", _LEFT, _LEFT + '\nlaws = "linear"', "contacts.lps.laws"),
    changed("misspelt key of a drive step", 'hold = "1.6 V"', 'hodl = "1.6 V"', "drive.0.hodl"),
    changed("misspelt section", "[scan]", "[scann]", "scann", "did you mean scan"),
    changed("misspelt side", '"left"', '"lft"', "contacts.lps.where.side"),
    changed("misspelt shape", '"rectangle"', '"rectangel"', "specimen.outline.shape", "did you mean"),
    changed("misspelt law", _LEFT, _LEFT + '\nlaw = "linar"', "contacts.lps.law", "linear"),
    changed("unknown material", 'material = "lto"', 'material = "lco"', "material"),
    changed("key of a material", 'material = "lto"', 'material = { name = "lto", D_Li5 = 1e-15 }', "material.D_Li5"),
    changed("dimension of a temperature", "75 degC", "75 nm", "temperature", "75 nm"),
    changed("dimension of a cell", '"10 nm"', '"10 s"', "specimen.cell", "length [m]"),
    changed("unit that does not exist", '"10 nm"', '"10 nanofoo"', "specimen.cell", "nanofoo"),
    changed("dimension of a potential", '"1.6 V"', '"1.6 A"', "drive.0.hold", "potential [V]"),
    changed("dimension of k_c", _LEFT, _LEFT + '\nlaw = "linear"\nk_c = "1e-5 m"', "contacts.lps.k_c", "velocity"),
    changed("text for a number", "initial = 1.0", 'initial = "full"', "initial"),
    changed("boolean for a quantity", 'cell = "10 nm"', "cell = true", "specimen.cell"),
    changed("missing temperature", 'temperature = "75 degC"', "", "temperature", "required"),
    changed("missing outline", _OUTLINE, "", "specimen.outline", "required"),
    changed("no contact", "[contacts.lps]\n" + _LEFT, "[contacts]", "contacts", "at least one contact"),
    changed("contact without a place", _LEFT, "", "contacts.lps.where", "required"),
    changed("missing end of a step", _UNTIL, "", "drive.0.until", "when the step ends"),
    changed("end that never comes", _UNTIL, 'until = { potential = "1 V" }', "drive.0.until.potential"),
    changed("two kinds of step in one", 'hold = "1.6 V"', 'hold = "1.6 V"\ncurrent = "1 pA"', "drive.0"),
    changed("law without its constant", _LEFT, _LEFT + '\nlaw = "linear"', "contacts.lps.k_c", "needs it"),
    changed("constant without its law", _LEFT, _LEFT + '\nk_c = "1e-5 m/s"', "contacts.lps.k_c", "linear"),
    changed("two places of a contact", _LEFT, 'where = { side = "left", arc = ["0 nm", "9 nm"] }', "contacts.lps.where"),
    changed("contact whose name is no part of a path", "[contacts.lps]", '[contacts."l:p/s"]', "contacts: got 'l:p/s'", "rename it"),
    changed("contact off the outline", 'side = "left"', 'side = "left", from = "90 nm", to = "200 nm"', "contacts.lps"),
    changed("contact that ends before it starts", 'side = "left"', 'side = "left", from = "90 nm", to = "20 nm"', "contacts.lps"),
    changed("one pixel number", "[40, 10]", "[40]", "scan.pixels"),
    changed("pixels as text", "[40, 10]", '"40x10"', "scan.pixels"),
    changed("profile outside", 'end = ["400 nm"', 'end = ["900 nm"', "profile.0"),
    changed("profile of no length", 'end = ["400 nm"', 'end = ["0 nm"', "profile.0"),
    changed("table for a list of steps", "[[drive]]", "[drive]", "drive"),
    changed("cell as large as the particle", 'cell = "10 nm"', 'cell = "1 um"', "specimen.cell"),
    changed("cells without number", 'cell = "10 nm"', 'cell = "0.01 pm"', "specimen.cell"),
    changed("version of the keys", "seed = 3", "schema_version = 7", "schema_version"),
    changed("array of the wrong shape", "initial = 1.0", "initial = [0.1, 0.2, 0.3]", "initial", "match the mesh"),
    changed("missing array", "initial = 1.0", 'initial = "missing.npy"', "initial", "missing.npy"),
    changed("polygon of two points", _OUTLINE, 'outline = { shape = "polygon", points = [["0 nm", "0 nm"], ["9 nm", "0 nm"]] }', "specimen.outline.points", "at least 3"),
    changed("polygon that crosses itself", _OUTLINE, 'outline = { shape = "polygon", points = [["0 nm","0 nm"],["400 nm","100 nm"],["400 nm","0 nm"],["0 nm","100 nm"]] }', "specimen.outline"),
    changed("missing image", _OUTLINE, 'outline = { shape = "image", image = "missing.tif", pixel = "5 nm" }', "specimen.outline.image", "missing.tif"),
    changed("dead layers thicker than the lamella", 'thickness = "150 nm"', 'thickness = "150 nm"\ndead_layer = "80 nm"', "specimen.dead_layer"),
    changed("unknown engine", "seed = 3", 'numerics = { engine = "comsol" }', "numerics.engine", "native"),
    changed("surfaces without conductance", "[maps]", "[surface]\nperimeter = { Ea = \"0.4 eV\" }\n[maps]", "surface.perimeter.at", "required"),
    changed("grain boundary through nothing", "[maps]", "[grain_boundaries.a]\nline = [[\"9 um\",\"9 um\"],[\"10 um\",\"10 um\"]]\nresistance = { at = \"1e6 s/m\", reference = \"30 degC\" }\n[maps]", "grain_boundaries.a"),
    changed("no TOML", "[specimen]", "[specimen", "scenario", "valid TOML", "line "),
    changed("key twice", "seed = 3", "seed = 3\nseed = 4", "scenario", "valid TOML"),
    changed("text without quotes", '"75 degC"', "75 degC", "scenario", "valid TOML"),
    BadInput("empty scenario", ("run", "a.toml"), ("required",), {"a.toml": ""}),
    BadInput("scenario that is no text", ("run", "a.toml"), ("scenario", "valid TOML"), {"a.toml": b"\x89PNG\r\n\x1a\n\x00\xff\xfe"}),
    BadInput("scenario in UTF-16", ("run", "a.toml"), ("scenario", "valid TOML"), {"a.toml": SCENARIO.encode("utf-16")}),
    BadInput("array that is none", ("run", "a.toml"), ("initial", ".npy"), {"a.toml": SCENARIO.replace("initial = 1.0", 'initial = "x.npy"'), "x.npy": b"junk"}),
    BadInput("array with values beyond 1", ("run", "a.toml"), ("initial", "0 to 1"), {"a.toml": SCENARIO.replace("initial = 1.0", 'initial = "x.npy"'), "x.npy": npy(2.0)}),
)  # fmt: skip
