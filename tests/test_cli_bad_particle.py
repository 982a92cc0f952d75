"""Particles that cannot be used: one line that names the key, status 2, and nothing written."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w
from PIL import Image
from typer.testing import CliRunner

from lto_sim.cli import app

UM = 1e-6
CONDUCTS = {"at": "1e-21 m^3/s", "reference": "30 degC", "Ea": "0.3 eV"}
BASE: dict[str, Any] = {
    "material": "lto", "temperature": "75 degC", "initial": 1.0,
    "specimen": {
        "outline": {"shape": "polygon", "points": [[0, 0], [2 * UM, 0], [2 * UM, UM], [0, UM]]},
        "thickness": "150 nm", "cell": "50 nm",
    },
    "contacts": {"lps": {"where": {"arc": ["0 um", "0.5 um"]}}},
    "drive": [{"hold": "1.6 V", "until": {"time": "0.1 s"}}],
}  # fmt: skip
CROSSING = [[0, 0], [2 * UM, UM], [2 * UM, 0], [0, UM]]
THROUGH = [["1 um", "0 um"], ["1 um", "1 um"]]
SQUARE_HOLE = [[0.8 * UM, 0.3 * UM], [1.2 * UM, 0.3 * UM], [1.2 * UM, 0.7 * UM], [0.8 * UM, 0.7 * UM]]


def image(**more: Any) -> dict[str, Any]:
    """Changes that make the outline an image's, all of it in contact."""
    outline = {"shape": "image", "image": "mask.npy", "pixel": "10 nm"} | more
    return {
        "specimen.outline": {key: value for key, value in outline.items() if value is not None},
        "contacts.lps.where": {"side": "all"},
    }


def body(shape: str, **keys: Any) -> dict[str, Any]:
    """Changes that make the particle one-dimensional."""
    size = {"length": "1 um"} if shape == "slab" else {"radius": "1 um"}
    side = "left" if shape == "slab" else "outer"
    return {
        "specimen.outline": {"shape": shape} | size, "contacts.lps.where": {"side": side},
        **{key.replace("__", "."): value for key, value in keys.items()},
    }  # fmt: skip


def labels(**where: Any) -> dict[str, Any]:
    return image() | {"contacts.lps.where": {"image": "labels.png", "pixel": "10 nm"} | where}


def grain(**keys: Any) -> dict[str, Any]:
    return {"grain_boundaries.gb": keys}


def profile(start: list[str], end: list[str]) -> dict[str, Any]:
    return {"profile": [{"start": start, "end": end, "width": "0.1 um"}]}


BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "outline that crosses itself": (
        {"specimen.outline.points": CROSSING}, "specimen.outline.points", "near (1 um, 0.5 um)"),
    "outline that touches itself": (
        {"specimen.outline.points": [[0, 0], [2 * UM, 0], [2 * UM, UM], [UM, 0], [0, UM]]},
        "specimen.outline.points", "neither crosses nor touches itself"),
    "outline thinner than a cell": (
        {"specimen.outline.points": [[0, 0], [0.02 * UM, 0], [UM, 0.3 * UM], [0.98 * UM, 0.3 * UM]],
         "contacts.lps.where": {"side": "all"}, "specimen.cell": "0.2 um"}, "specimen.cell", "smaller cells"),
    "cell above the extent": ({"specimen.cell": "3 um"}, "specimen.cell", "smallest extent"),
    "cell in the wrong unit": ({"specimen.cell": "1e-5 nm"}, "specimen.cell", "use larger cells"),
    "hole outside": (
        {"specimen.outline.holes": [[[3 * UM, 0], [4 * UM, 0], [4 * UM, UM]]]},
        "specimen.outline.holes.0", "inside the outline"),
    "hole on the wall": (
        {"specimen.outline.holes": [[[0, 0.2 * UM], [0.4 * UM, 0.2 * UM], [0.4 * UM, 0.5 * UM]]]},
        "specimen.outline.holes.0", "touching neither"),
    "empty mask": (image(image="empty.npy"), "specimen.outline.image", "change the threshold"),
    "threshold above all": (
        image(image="grey.png", threshold=1e6), "specimen.outline.image", "0 pixels of particle"),
    "mask that touches the frame": (
        image(image="frame.npy"), "specimen.outline.image", "the particle touches the frame"),
    "two particles": (image(image="two.npy"), "specimen.outline.image", 'particle = "largest"'),
    "smoothing that closes the hole": (
        image(smoothing=60), "specimen.outline.smoothing", "smooth less"),
    "no pixel size": (image(pixel=None), "specimen.outline.pixel", 'add pixel = "2 nm"'),
    "no such image": (image(image="none.png"), "specimen.outline.image", "existing image file"),
    "text as image": (image(image="text.png"), "specimen.outline.image", "save or copy it again"),
    "folder as image": (image(image="."), "specimen.outline.image", ".png"),
    "format that is not read": (image(image="mask.jpg"), "specimen.outline.image", ".hspy"),
    "contact inside": (
        {"contacts.lps.where": {"polygon": [["0.5 um", "0.3 um"], ["1 um", "0.3 um"], ["1 um", "0.6 um"]]}},
        "contacts.lps.where", "not on the perimeter"),
    "contact beyond the perimeter": (
        {"contacts.lps.where": {"arc": ["7 um", "8 um"]}}, "contacts.lps.where.from", "0 to 6e-06 m"),
    "side that is none": (
        {"contacts.lps.where": {"side": "left"}}, "contacts.lps.where.side", "name a side of this outline"),
    "contacts that overlap": (
        {"contacts.two": {"where": {"arc": ["0.4 um", "0.6 um"]}}},
        "contacts.two.where", "no overlap with contacts.lps"),
    "two ways to say where": (
        {"contacts.lps.where": {"arc": ["0 um", "1 um"], "side": "all"}},
        "contacts.lps.where", "exactly one"),
    "label that is not there": (labels(value=7), "contacts.lps.where.value", "0, 1, 2"),
    "label far from the wall": (labels(value=2), "contacts.lps.where", "not on the perimeter"),
    "label that is missing": (labels(), "contacts.lps.where.value", "add value = 1"),
    "grey values as labels": (
        labels(value=1, image="grey.npy"), "contacts.lps.where.image", "save labels, not grey values"),
    "labels without a pixel size": (
        image() | {"contacts.lps.where": {"image": "labels.png", "value": 1}},
        "contacts.lps.where.pixel", 'add pixel = "2 nm"'),
    "thickness 0 in one place": (
        image() | {"specimen.thickness": {"image": "pit.npy", "pixel": "10 nm"}},
        "specimen.thickness", "> 0 m everywhere inside"),
    "thickness of another pixel size": (
        image() | {"specimen.thickness": {"image": "thick.npy", "pixel": "2 nm"}},
        "specimen.thickness", "check the pixel size"),
    "thickness unknown inside": (
        {"specimen.thickness": {"image": "hollow.npy", "pixel": "20 nm"}}, "specimen.thickness", "nan m at"),
    "thickness without a pixel size": (
        {"specimen.thickness": {"image": "thick.npy"}}, "specimen.thickness.pixel", 'add pixel = "2 nm"'),
    "wedge down to 0": (
        {"specimen.thickness": {"wedge": ["100 nm", "0 nm"]}}, "specimen.thickness.wedge.1", "> 0 m"),
    "dead layers of half the thickness": (
        {"specimen.dead_layer": "75 nm"}, "specimen.dead_layer", "make the dead layers thinner"),
    "dead layers that meet in a wedge": (
        {"specimen.dead_layer": "30 nm", "specimen.thickness": {"wedge": ["100 nm", "50 nm"]}},
        "specimen.dead_layer", "half the thinnest place"),
    "boundary that leaves the particle": (
        grain(line=[["1 um", "-0.2 um"], ["1 um", "1 um"]], along=CONDUCTS),
        "grain_boundaries.gb.line.0", "end the boundary at the outline"),
    "boundary through a hole": (
        {"specimen.outline.holes": [SQUARE_HOLE]} | grain(line=THROUGH, along=CONDUCTS),
        "grain_boundaries.gb.line.0", "end the boundary at the outline"),
    "boundary of one grain": (
        image() | grain(image="mask.npy", pixel="10 nm", along=CONDUCTS),
        "grain_boundaries.gb.image", "label the grains 1, 2, 3"),
    "line and image": (
        grain(line=THROUGH, image="labels.png"), "grain_boundaries.gb", "exactly one of the keys"),
    "resistance below 0": (
        grain(line=THROUGH, resistance=CONDUCTS | {"at": "-1 s/m"}),
        "grain_boundaries.gb.resistance.at", "give an interface resistance"),
    "surface to feed, and none": (
        {"contacts.lps.feeds": "surface"}, "contacts.lps.feeds", "add [surface]"),
    "surface to feed that does not conduct": (
        {"contacts.lps.feeds": "surface", "surface": {"faces": CONDUCTS | {"at": 0}}},
        "contacts.lps.feeds", "add [surface]"),
    "conductance below 0": (
        {"surface": {"faces": CONDUCTS | {"at": "-1e-21 m^3/s"}}}, "surface.faces.at", ">= 0 m^3/s"),
    "diffusivity as conductance": (
        {"surface": {"faces": CONDUCTS | {"at": "1e-12 m^2/s"}}}, "surface.faces.at", "1e-21 m^3/s"),
    "no activation energy": (
        {"surface": {"faces": {"at": 1e-21, "reference": "30 degC"}}}, "surface.faces.Ea", "required"),
    "surface of a slab": (
        body("slab", surface={"faces": CONDUCTS}), "surface.faces.at", 'use shape = "rectangle"'),
    "boundary in a cylinder": (
        body("cylinder", **grain(line=THROUGH)), "grain_boundaries", 'use shape = "rectangle"'),
    "dead layer of a sphere": (
        body("sphere", specimen__dead_layer="5 nm"), "specimen.dead_layer", 'use shape = "rectangle"'),
    "wedge of a cylinder": (
        body("cylinder", specimen__thickness={"wedge": ["50 nm", "90 nm"]}), "specimen.thickness", "one"),
    "grid point kilometres off": (
        {"specimen.grid_point": ["5 km", "0 um"]}, "specimen.grid_point.0", "<= 0.1 m"),
    "symmetry of an odd number of layers": (
        {"specimen.layers": 3, "specimen.symmetry": True}, "specimen.symmetry", "even number"),
    "profile outside": (profile(["0 um", "0.5 um"], ["3 um", "0.5 um"]), "profile.0.end", "on the outline"),
    "profile outside an image": (
        image() | profile(["0 um", "0.5 um"], ["0.5 um", "0.5 um"]), "profile.0.start", "on the outline"),
    "profile in the hole of an image": (
        image() | profile(["0.57 um", "0.6 um"], ["0.63 um", "0.6 um"]), "profile.0", "--dry-run"),
    "initial array of another mesh": (
        {"initial": [[0.5, 0.5], [0.5, 0.5]]}, "initial", "(z, y, x) = (1, 20, 40)"),
    "initial file that is not there": ({"initial": "none.npy"}, "initial", "check the path"),
}  # fmt: skip


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A particle of 90 pixels in a frame of 120, with a hole, and what can be wrong with such an image."""
    folder = tmp_path_factory.mktemp("images")
    y, x = np.mgrid[:120, :120] + 0.5
    mask = (np.hypot(x - 60.0, y - 60.0) < 45.0) & (np.hypot(x - 60.0, y - 60.0) > 10.0)
    np.save(folder / "mask.npy", mask)
    np.save(folder / "empty.npy", np.zeros_like(mask))
    np.save(folder / "frame.npy", np.hypot(x - 80.0, y - 60.0) < 45.0)
    np.save(folder / "two.npy", mask | ((x < 15.0) & (y < 15.0) & (x > 5.0) & (y > 5.0)))
    grey = np.where(mask, 150.25, 30.0)
    np.save(folder / "grey.npy", grey)
    Image.fromarray(grey.astype(np.uint8)).save(folder / "grey.png")
    Image.fromarray(np.where(mask, 1, np.where(np.minimum(x, y) < 3.0, 2, 0)).astype(np.uint8)).save(
        folder / "labels.png"
    )
    np.save(folder / "thick.npy", np.full(mask.shape, 150.0))
    np.save(folder / "pit.npy", np.where(np.hypot(x - 30.0, y - 60.0) < 2.0, 0.0, 150.0))
    np.save(folder / "hollow.npy", np.where(np.hypot(x - 40.0, y - 20.0) < 10.0, np.nan, 150.0))
    (folder / "text.png").write_text("no image")
    return folder


def scenario(changes: dict[str, Any]) -> str:
    mapping = copy.deepcopy(BASE)
    for path, value in changes.items():
        node = mapping
        *parents, last = path.split(".")
        for part in parents:
            node = node.setdefault(part, {})
        node[last] = value
    return tomli_w.dumps(mapping)


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("options", [("--dry-run",), ()], ids=["dry run", "run"])
def test_bad_input_is_one_line_and_leaves_nothing(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], name: str
) -> None:
    changes, field, says = BAD[name]
    file = images / "bad.toml"
    file.write_text(scenario(changes), encoding="utf-8")
    before = sorted(images.iterdir())
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["run", str(file), *options])
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith(f"lto-sim: error: {field}: got ")
    assert result.stderr.count("\n") == 1
    assert says in result.stderr
    assert "; allowed: " in result.stderr
    assert list(tmp_path.iterdir()) == []
    assert sorted(images.iterdir()) == before


def test_the_largest_of_two_particles_is_taken_when_asked_for(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = images / "good.toml"
    file.write_text(scenario(image(image="two.npy", particle="largest")), encoding="utf-8")
    result = CliRunner().invoke(app, ["run", str(file), "--dry-run", "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["area_m2"] == pytest.approx(np.pi * (0.45**2 - 0.1**2) * UM**2, rel=5e-3)


def test_a_contact_may_feed_a_grain_boundary_alone(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = images / "good.toml"
    line = [["0.3 um", "0 um"], ["0.3 um", "1 um"]]
    changes = {"contacts.lps.feeds": "surface"} | grain(line=line, along=CONDUCTS)
    file.write_text(scenario(changes), encoding="utf-8")
    result = CliRunner().invoke(app, ["run", str(file), "--dry-run"])
    assert result.exit_code == 0, result.output
