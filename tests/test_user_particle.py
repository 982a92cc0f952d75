"""The whole way of a user's own particle, by command line: scenario by hand, dry run, run, maps, front, k.

Every scenario is checked for what a reader of its results relies on: labels, the whole thickness, NaN and 0
outside the outline, the balance, files that come back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import xarray as xr
from PIL import Image
from rsciio.hspy import file_writer as write_hspy
from typer.testing import CliRunner, Result

import lto_sim as lto
from lto_sim.cli import app
from lto_sim.files import read_dataset, read_image
from lto_sim.scenario import build_specimen, read_toml
from lto_sim.specimen import Polygon
from lto_sim.transport import build_model

PIXEL = 20e-9
ROWS, COLUMNS = 110, 120
CENTRE = (60.0, 55.0)
RECORDED = Path(__file__).parents[2] / "shared" / "data" / "perovskite_adf.dm4"

Command = Callable[..., Result]
Bools = np.ndarray[Any, np.dtype[np.bool_]]


def particle() -> Bools:
    """An irregular particle of 2 um, with a hole of 0.3 um."""
    y, x = np.mgrid[:ROWS, :COLUMNS] + 0.5
    x, y = x - CENTRE[0], y - CENTRE[1]
    angle, radius = np.arctan2(y, x), np.hypot(x, y)
    edge = 46.0 * (1.0 + 0.1 * np.cos(3.0 * angle + 0.4) + 0.05 * np.sin(5.0 * angle))
    return np.asarray((radius < edge) & (np.hypot(x - 16.0, y + 8.0) > 7.5))


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images as a user would have them: grey values, labels of contacts and grains, thickness."""
    folder = tmp_path_factory.mktemp("images")
    mask = particle()
    y, x = np.mgrid[:ROWS, :COLUMNS] + 0.5
    grey = np.where(mask, 160.0, 30.0) + np.random.default_rng(1).normal(0.0, 12.0, mask.shape)
    Image.fromarray(np.clip(grey, 0.0, 255.0).astype(np.uint8)).save(folder / "grey.png")
    np.save(folder / "grey.npy", grey)
    metadata = {"unit": "nm"}
    resolution = (1.0 / 20.0, 1.0 / 20.0)
    tifffile.imwrite(
        folder / "grey.tif", grey.astype(np.float32), imagej=True, resolution=resolution, metadata=metadata
    )
    axes = [
        {"name": name, "size": size, "scale": 20.0, "offset": 0.0, "units": "nm", "navigate": False}
        for name, size in (("y", ROWS), ("x", COLUMNS))
    ]
    signal = {
        "data": grey, "axes": axes, "original_metadata": {}, "learning_results": {}, "package_info": {},
        "metadata": {"General": {"title": "a particle"}, "Signal": {"signal_type": ""}},
        "attributes": {"_lazy": False, "ragged": False}, "tmp_parameters": {}, "models": {},
    }  # fmt: skip
    write_hspy(folder / "grey.hspy", signal, show_progressbar=False)
    labels = mask.astype(np.uint8)
    labels[~mask & (x < 40.0)] = 2
    labels[~mask & (x > 90.0) & (y > 55.0)] = 3
    Image.fromarray(labels).save(folder / "labels.png")
    grains = np.where(x + 0.3 * y < 75.0, 1, np.where(y < 60.0, 2, 3))
    np.save(folder / "grains.npy", np.where(mask, grains, 0))
    np.save(folder / "thick.npy", np.where(mask, 140.0 + 20.0 * (x - 60.0) / 46.0, np.nan))
    return folder


COMMON = """
material = "lto"
temperature = "75 degC"
initial = 1.0
seed = 4
[[drive]]
hold = "1.6 V"
until = { time = "4 s" }
[output]
every = "0.4 s"
[scan]
frame_time = "0.2 s"
pixels = [50, 46]
[maps]
noise = 0.03
"""
CONDUCTS = 'at = "1e-21 m^3/s", reference = "30 degC", Ea = "0.3 eV"'

POLYGON = f"""
[specimen]
outline = {{ shape = "polygon", points = [["0.2 um", "0 um"], ["1.7 um", "0.1 um"], ["2 um", "0.9 um"],
  ["1.1 um", "1.6 um"], ["0 um", "1.1 um"]], holes = [[["0.9 um", "0.5 um"], ["1.2 um", "0.5 um"],
  ["1.05 um", "0.8 um"]]] }}
thickness = "150 nm"
cell = "80 nm"
[surface]
perimeter = {{ {CONDUCTS} }}
[contacts.arc]
where = {{ arc = ["5.2 um", "6.2 um"] }}
[contacts.region]
where = {{ polygon = [["1.8 um", "0.5 um"], ["2.2 um", "0.5 um"], ["2.2 um", "0.9 um"], ["1.8 um", "0.8 um"]] }}
law = "linear"
k_c = {{ at = "1e-6 m/s", reference = "30 degC", Ea = "0.4 eV" }}
[contacts.hole]
where = {{ polygon = [["0.85 um", "0.45 um"], ["1.25 um", "0.45 um"], ["1.25 um", "0.6 um"], ["0.85 um", "0.6 um"]] }}
feeds = "surface"
[[profile]]
start = ["0 um", "0.6 um"]
end = ["0.8 um", "0.6 um"]
width = "0.3 um"
"""  # noqa: E501

RECTANGLE = f"""
[specimen]
outline = {{ shape = "rectangle", width = "2 um", height = "1 um" }}
thickness = {{ wedge = ["100 nm", "200 nm"], axis = "x" }}
dead_layer = {{ thickness = "15 nm", li_fraction = 0.2 }}
cell = "50 nm"
layers = 4
symmetry = true
[surface]
faces = {{ {CONDUCTS} }}
[contacts.side]
where = {{ side = "left", from = "0.1 um", to = "0.9 um" }}
feeds = "bulk"
[contacts.arc]
where = {{ arc = ["1 um", "1.3 um"] }}
feeds = "surface"
[contacts.polygon]
where = {{ polygon = [["1.5 um", "0.9 um"], ["1.9 um", "0.9 um"], ["1.7 um", "1.2 um"]] }}
[[profile]]
start = ["0 um", "0.5 um"]
end = ["1.2 um", "0.5 um"]
width = "0.3 um"
"""

MASK = f"""
[specimen]
outline = {{ shape = "image", image = "grey.png", pixel = "20 nm" }}
thickness = {{ image = "thick.npy", pixel = "20 nm" }}
cell = "80 nm"
layers = 2
symmetry = true
[surface]
perimeter = {{ {CONDUCTS} }}
faces = {{ at = "1e-22 m^3/s", reference = "30 degC", Ea = "0.3 eV" }}
[grain_boundaries.pipe]
image = "grains.npy"
pixel = "20 nm"
pair = [1, 2]
along = {{ {CONDUCTS} }}
[grain_boundaries.barrier]
image = "grains.npy"
pixel = "20 nm"
pair = [2, 3]
resistance = {{ at = "1e6 s/m", reference = "30 degC", Ea = "0.1 eV" }}
[contacts.left]
where = {{ image = "labels.png", value = 2, pixel = "20 nm" }}
[contacts.right]
where = {{ image = "labels.png", value = 3, pixel = "20 nm" }}
feeds = "surface"
[[profile]]
start = ["0.36 um", "1.1 um"]
end = ["1.5 um", "1.1 um"]
width = "0.3 um"
"""

CIRCLE = f"""
[specimen]
outline = {{ shape = "circle", radius = "1 um" }}
thickness = "120 nm"
dead_layer = "10 nm"
cell = "80 nm"
layers = 4
grid_point = ["1 um", "1 um"]
[grain_boundaries.through]
line = [["1 um", "0 um"], ["1 um", "2 um"]]
resistance = {{ at = "1e7 s/m", reference = "30 degC", Ea = "0 eV" }}
[grain_boundaries.stub]
line = [["1.02 um", "1 um"], ["2 um", "1 um"]]
along = {{ {CONDUCTS} }}
[contacts.all]
where = {{ side = "all" }}
[[profile]]
start = ["0 um", "1 um"]
end = ["0.8 um", "1 um"]
width = "0.2 um"
"""

ELLIPSE = """
[specimen]
outline = { shape = "ellipse", semi_axes = ["1.1 um", "0.7 um"], angle = "30 deg" }
thickness = "150 nm"
cell = "80 nm"
[grain_boundaries.idle]
line = [["1 um", "0.7 um"], ["1.2 um", "0.9 um"]]
[contacts.lps]
where = { arc = ["2 um", "4.5 um"] }
[[profile]]
start = ["0.02 um", "0.02 um"]
end = ["1 um", "0.8 um"]
width = "0.3 um"
"""
SCENARIOS = {
    "polygon": POLYGON,
    "rectangle": RECTANGLE,
    "mask": MASK,
    "circle": CIRCLE,
    "ellipse": ELLIPSE,
}


@pytest.fixture
def lto_sim(images: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command line beside the images."""
    monkeypatch.chdir(images)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def done(result: Result) -> str:
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    return str(result.stdout)


def write(name: str, text: str) -> str:
    Path(f"{name}.toml").write_text(COMMON + text, encoding="utf-8")
    return f"{name}.toml"


def check_labels(dataset: xr.Dataset) -> None:
    for name, variable in dataset.variables.items():
        assert variable.attrs.get("units"), name
        assert len(variable.attrs.get("long_name", "")) > 3, name


def check_files(dataset: xr.Dataset, store: Path) -> None:
    """What is stored is what xarray reads, from Zarr and after a way through netCDF."""
    with xr.open_zarr(store, consolidated=False, chunks=None) as opened:
        xr.testing.assert_identical(opened.load().drop_attrs(), dataset.drop_attrs())
    dataset.to_netcdf(store.with_suffix(".nc"))
    with xr.open_dataset(store.with_suffix(".nc")) as opened:
        back = opened.load()
    xr.testing.assert_equal(back, dataset)
    assert {key: back.attrs[key] for key in dataset.attrs} == dataset.attrs
    for name, variable in dataset.variables.items():
        assert back[name].attrs["units"] == variable.attrs["units"]


def check_run(run: xr.Dataset, scenario: lto.Scenario) -> None:
    """The whole thickness, what lies outside the outline, and the balance."""
    model = build_model(scenario)
    outline, mesh = model.specimen.outline, model.mesh
    layers = scenario.specimen.layers + (2 if scenario.specimen.dead_layer.thickness else 0)
    assert run.sizes["z"] == layers
    volume, li_fraction = run["cell_volume"].values, run["li_fraction"].values
    inside = mesh.fraction > 0.0
    np.testing.assert_array_equal(np.isfinite(li_fraction), np.broadcast_to(inside, li_fraction.shape))
    np.testing.assert_array_equal(volume > 0.0, np.broadcast_to(inside, volume.shape))
    np.testing.assert_array_equal(run["thickness"].values > 0.0, inside)
    area = outline.area if isinstance(outline, Polygon) else outline.width * outline.height
    mean = float(np.average(run["thickness"].values, weights=mesh.fraction))
    assert volume.sum() == pytest.approx(area * mean, rel=1e-9)
    assert np.nanmin(li_fraction) >= 0.0
    assert np.nanmax(li_fraction) <= 1.0
    dead = scenario.specimen.dead_layer
    if dead.thickness:
        for layer in (0, -1):
            np.testing.assert_allclose(li_fraction[:, layer][:, inside], dead.li_fraction, atol=1e-7)
    if scenario.specimen.symmetry:
        np.testing.assert_array_equal(li_fraction, li_fraction[:, ::-1])
    assert run.attrs["status"] == 0
    assert run.attrs["worst_balance_error"] < 1e-12
    assert run.attrs["out_of_range"] == 0
    assert json.loads(run.attrs["contacts"]) == list(scenario.contacts)
    assert run.sizes["contact"] == len(scenario.contacts)
    assert np.all(run["charge_of_contact"].values[:, -1] > 0.0)  # extraction, through every one


@pytest.mark.parametrize("name", SCENARIOS)
def test_from_the_scenario_to_the_rate_constant(lto_sim: Command, images: Path, name: str) -> None:
    file = write(name, SCENARIOS[name])
    planned = json.loads(done(lto_sim("run", file, "--dry-run", "--mesh", "--json")))
    with Image.open(planned["picture"]) as picture:
        assert min(picture.size) > 300
    ran = json.loads(done(lto_sim("run", file, "--json")))
    assert ran["cells"] == planned["cells"]
    assert ran["frames"] == planned["frames"] == 20
    scenario = lto.Scenario.from_dict(read_toml(images / file))
    run = read_dataset(f"{name}.zarr")
    check_labels(run)
    check_files(run, images / f"{name}.zarr")
    check_run(run, scenario)
    done(lto_sim("render", f"{name}.zarr"))
    maps = read_dataset(f"{name}_maps.zarr")
    check_labels(maps)
    check_files(maps, images / f"{name}_maps.zarr")
    seen = np.isfinite(maps["li_fraction"].values)
    assert np.all(seen == seen[0])
    assert seen[0].all() == (name == "rectangle")
    done(lto_sim("track", f"{name}_maps.zarr"))
    front = read_dataset(f"{name}_front.zarr")
    check_labels(front)
    check_files(front, images / f"{name}_front.zarr")
    xi = front["front_position"].values[:, 0]
    found = np.isfinite(xi)
    assert found.sum() >= 8
    assert np.all(
        np.diff(xi[found]) > -3.0 * front["front_position_std"].values[:, 0].max(where=found, initial=0)
    )
    fitted = json.loads(done(lto_sim("fit", f"{name}_front.zarr", "--json")))
    # dead layers, wedges and curved walls change what a map shows by tens of per cent, not by orders
    assert 1e-14 < fitted["k_m2_s"] < 2e-13


def test_every_format_gives_the_same_outline(images: Path) -> None:
    outlines = []
    for suffix, pixel in (("png", "20 nm"), ("npy", "20 nm"), ("tif", None), ("hspy", None)):
        outline = {"shape": "image", "image": str(images / f"grey.{suffix}")}
        mapping = read_mapping() | {"specimen": {"outline": outline | ({"pixel": pixel} if pixel else {})}}
        outlines.append(build_specimen(lto.Scenario.from_dict(mapping)).outline)
    expected = particle().sum() * PIXEL**2
    for outline in outlines:
        assert isinstance(outline, Polygon)
        assert outline.area == pytest.approx(expected, rel=2e-3)
        assert outline.bounds == pytest.approx(outlines[0].bounds, abs=0.05 * PIXEL)
        assert len(outline.holes) == 1


def read_mapping() -> dict[str, Any]:
    return {
        "material": "lto", "temperature": "75 degC", "initial": 1.0,
        "contacts": {"lps": {"where": {"side": "all"}}},
        "drive": [{"hold": "1.6 V", "until": {"time": "1 s"}}],
    }  # fmt: skip


def test_results_say_which_images_they_come_from(lto_sim: Command, images: Path) -> None:
    files = ("grey.png", "thick.npy", "grains.npy", "labels.png")
    hashes = {str(images / f): hashlib.sha256((images / f).read_bytes()).hexdigest() for f in files}
    file = write("hashed", MASK)
    done(lto_sim("run", file, "--set", "drive.0.until.time=0.4 s"))
    done(lto_sim("render", "hashed.zarr"))
    for store in ("hashed.zarr", "hashed_maps.zarr"):
        assert json.loads(read_dataset(store).attrs["image_sha256"]) == hashes
    plain = lto.Scenario.from_dict(read_mapping() | {"specimen": {"outline": CIRCLE_OF_200_NM}})
    assert build_model(plain).image_sha256 == {}


CIRCLE_OF_200_NM = {"shape": "circle", "radius": "0.2 um"}

RECORDED_FIELD = """
[specimen]
outline = {{ shape = "polygon", points = [["20 nm", "30 nm"], ["190 nm", "20 nm"], ["180 nm", "180 nm"],
  ["60 nm", "190 nm"]] }}
thickness = {{ image = '{path}', scale = "{scale} nm", offset = "{offset} nm", smoothing = 8 }}
cell = "8 nm"
layers = 2
symmetry = true
[surface]
faces = {{ at = "1e-23 m^3/s", reference = "30 degC", Ea = "0.3 eV" }}
[contacts.lps]
where = {{ polygon = [["0 nm", "0 nm"], ["100 nm", "0 nm"], ["60 nm", "200 nm"], ["0 nm", "200 nm"]] }}
"""


def test_the_recorded_dark_field_image_gives_the_thickness_of_a_run(
    lto_sim: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not RECORDED.is_file():
        pytest.skip("recorded files not present")
    monkeypatch.chdir(tmp_path)
    image = read_image(RECORDED)
    scale = 100.0 / (float(image.values.mean()) - 1e4)  # dark level 1e4 counts, 100 nm on the mean
    text = RECORDED_FIELD.format(path=RECORDED, scale=scale, offset=-1e4 * scale)
    common = COMMON.replace('"4 s"', '"0.2 s"').replace('"0.4 s"', '"0.02 s"')
    (tmp_path / "adf.toml").write_text(common.replace('frame_time = "0.2 s"', 'frame_time = "0.02 s"') + text)
    planned = json.loads(done(lto_sim("run", "adf.toml", "--dry-run", "--json")))
    with Image.open(planned["picture"]) as picture:
        assert min(picture.size) > 300
    low, high = planned["thickness_m"]
    assert 50e-9 < low < 95e-9 < 105e-9 < high < 150e-9
    done(lto_sim("run", "adf.toml"))
    run = read_dataset("adf.zarr")
    check_labels(run)
    check_run(run, lto.Scenario.from_toml("adf.toml"))
    digest = hashlib.sha256(RECORDED.read_bytes()).hexdigest()
    assert list(json.loads(run.attrs["image_sha256"]).values()) == [digest]
    done(lto_sim("render", "adf.zarr"))
    maps = read_dataset("adf_maps.zarr")
    seen = maps["li_fraction"].mean("time", skipna=False)
    assert float(maps["thickness"].where(np.isfinite(seen)).mean()) == pytest.approx(100e-9, rel=0.1)
