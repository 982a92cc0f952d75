"""Names, dimensions, units, signs, attributes and files: what CONTRIBUTING.md promises of every result."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import xarray as xr
import zarr

import lto_sim as lto
from lto_sim.constants import FARADAY, ZERO_CELSIUS
from lto_sim.files import read_dataset, write_dataset
from lto_sim.provenance import K_DEFINITIONS, attributes

DIRECTIONS: Final = ("extraction", "insertion")
WIDTH, HEIGHT, THICKNESS = 400e-9, 100e-9, 150e-9

RUN: Final = {
    "li_fraction": (("time", "z", "y", "x"), "1", "float32"),
    "cell_volume": (("z", "y", "x"), "m3", "float64"),
    "thickness": (("y", "x"), "m", "float64"),
    "current": (("time_fine",), "A", "float64"),
    "charge": (("time_fine",), "C", "float64"),
    "charge_of_contact": (("contact", "time_fine"), "C", "float64"),
    "current_of_contact": (("contact", "time_fine"), "A", "float64"),
    "interface_potential": (("contact", "time_fine"), "V", "float64"),
    "overpotential": (("contact", "time_fine"), "V", "float64"),
    "drive_step": (("time_fine",), "1", "int32"),
    "drive_step_of_state": (("time",), "1", "int32"),
    "drive_step_of_frame": (("frame",), "1", "int32"),
    "potential": (("time_fine",), "V", "float64"),
    "lithium": (("time_fine",), "mol", "float64"),
    "outline": (("vertex", "axis"), "m", "float64"),
    "outline_number": (("vertex",), "1", "int32"),
    "outline_owner": (("vertex",), "1", "int32"),
    "contact_line": (("contact_vertex", "axis"), "m", "float64"),
    "contact_line_number": (("contact_vertex",), "1", "int32"),
    "contact_line_owner": (("contact_vertex",), "1", "int32"),
    "scan_li_fraction": (("frame", "pixel_y", "pixel_x"), "1", "float32"),
    "frame_time": (("frame",), "s", "float64"),
    "pixel_time": (("pixel_y", "pixel_x"), "s", "float64"),
    "time": (("time",), "s", "float64"),
    "time_fine": (("time_fine",), "s", "float64"),
    "z": (("z",), "m", "float64"),
    "y": (("y",), "m", "float64"),
    "x": (("x",), "m", "float64"),
}
MAPS: Final = {
    "li_fraction": (("time", "y", "x"), "1", "float32"),
    "li_fraction_std": (("time", "y", "x"), "1", "float32"),
    "thickness": (("y", "x"), "m", "float64"),
    "pixel_time": (("y", "x"), "s", "float64"),
    "time": (("time",), "s", "float64"),
    "y": (("y",), "m", "float64"),
    "x": (("x",), "m", "float64"),
}
FRONT: Final = {
    "front_position": (("time", "profile"), "m", "float64"),
    "front_position_std": (("time", "profile"), "m", "float64"),
    "front_time": (("time", "profile"), "s", "float64"),
    "time": (("time",), "s", "float64"),
}
COUNTS: Final = {
    "counts": (("time", "y", "x", "energy_loss"), "electrons", "uint32"),
    "adf": (("time", "y", "x"), "electrons", "uint32"),
    "abf": (("time", "y", "x"), "electrons", "uint32"),
    "thickness": (("y", "x"), "m", "float64"),
    "pixel_time": (("y", "x"), "s", "float64"),
    "time": (("time",), "s", "float64"),
    "y": (("y",), "m", "float64"),
    "x": (("x",), "m", "float64"),
    "energy_loss": (("energy_loss",), "eV", "float64"),
}
LAYOUTS: Final = {"run": RUN, "maps": MAPS, "front": FRONT, "counts": COUNTS}
PROVENANCE: Final = {
    "title", "history", "lto_sim_version", "configuration", "configuration_sha256", "created", "citation",
    "k_definition", "seed",
}  # fmt: skip
COUNTERS: Final = {
    "status", "status_meaning", "end_time_s", "contacts", "cells", "steps", "rejected_steps",
    "newton_iterations", "linear_iterations", "worst_balance_error", "capacity_C", "mass_kg",
    "active_volume_m3", "contact_areas_m2", "plateau_V", "reference_electrode", "drive_steps",
}  # fmt: skip


def scenario(direction: str) -> lto.Scenario:
    mapping: dict[str, Any] = {
        "material": "lto",
        "temperature": "75 degC",
        "initial": 1.0 if direction == "extraction" else 0.0,
        "seed": 5,
        "specimen": {
            "outline": {"shape": "rectangle", "width": WIDTH, "height": HEIGHT},
            "thickness": THICKNESS, "cell": "20 nm", "layers": 4, "symmetry": True,
        },
        "contacts": {"lps": {"where": {"side": "left"}}, "side": {"where": {"side": "top", "to": "60 nm"}}},
        "drive": [{
            "hold": "1.6 V" if direction == "extraction" else "0.4 V",
            "until": {"time": "2 s" if direction == "extraction" else "60 s"},
        }],
        "scan": {"frame_time": "0.1 s" if direction == "extraction" else "2 s", "pixels": [40, 10]},
        "profile": [{"start": [0.0, "70 nm"], "end": ["400 nm", "70 nm"], "width": "50 nm"}],
    }  # fmt: skip
    return lto.Scenario.from_dict(mapping)


@pytest.fixture(scope="module", params=DIRECTIONS)
def results(request: pytest.FixtureRequest) -> dict[str, Any]:
    chosen = scenario(request.param)
    run = lto.simulate(chosen)
    maps = lto.render_maps(run, noise=0.02, probe_fwhm=1e-9, rng=5)
    spec = chosen.profile[0]
    front = lto.track_front(maps, lto.Profile(spec.start, spec.end, spec.width, "lps"))
    few = {"spectrometer.channels": 40, "spectrometer.dispersion": 2.5, "beam.current": 5e-12}
    counts = lto.acquire(run, lto.Instrument.preset("jem_arm300f2_continuum_k3").with_values(few))
    return {
        "scenario": chosen, "direction": request.param,
        "run": run, "maps": maps, "front": front, "counts": counts,
    }  # fmt: skip


@pytest.fixture(scope="module")
def stores(results: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("stores")
    for kind in LAYOUTS:
        write_dataset(results[kind], folder / f"{kind}.zarr")
    return {kind: folder / f"{kind}.zarr" for kind in LAYOUTS}


@pytest.mark.parametrize("kind", LAYOUTS)
def test_names_dimensions_units_and_types(results: dict[str, Any], kind: str) -> None:
    dataset: xr.Dataset = results[kind]
    for name, (dims, units, dtype) in LAYOUTS[kind].items():
        variable = dataset[name]
        assert variable.dims == dims, name
        assert variable.attrs["units"] == units, name
        assert variable.dtype == dtype, name


@pytest.mark.parametrize("kind", LAYOUTS)
def test_everything_has_units_and_a_long_name(results: dict[str, Any], kind: str) -> None:
    for name, variable in results[kind].variables.items():
        assert isinstance(variable.attrs.get("units"), str), name
        assert variable.attrs["units"], name
        assert len(variable.attrs.get("long_name", "")) > 3, name


@pytest.mark.parametrize("kind", LAYOUTS)
def test_provenance_is_complete(results: dict[str, Any], kind: str) -> None:
    attrs = results[kind].attrs
    assert set(attrs) >= PROVENANCE
    text = attrs["configuration"]
    assert attrs["configuration_sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert lto.Scenario.from_dict(tomllib.loads(text)) == results["scenario"]
    assert attrs["seed"] == 5
    assert attrs["k_definition"] == "xi^2 = 2 k t"
    assert attrs["lto_sim_version"] == lto.__version__
    assert "T" in attrs["created"]
    assert attrs["created"].endswith("+00:00")
    assert "CITATION.cff" in attrs["citation"]
    assert f"lto_sim {lto.__version__}: " in attrs["history"]


def test_k_is_defined_by_2kt_unless_chosen() -> None:
    assert next(iter(K_DEFINITIONS)) == "2kt"
    assert attributes("t", "s")["k_definition"] == "xi^2 = 2 k t"
    assert attributes("t", "s", k_convention="kt")["k_definition"] == "xi^2 = k t"


@pytest.mark.parametrize("kind", LAYOUTS)
def test_stores_hold_numbers_only_and_come_back(
    results: dict[str, Any], stores: dict[str, Path], kind: str
) -> None:
    group = zarr.open_group(stores[kind], mode="r", use_consolidated=False)
    assert group.metadata.zarr_format == 3
    assert json.loads((stores[kind] / "zarr.json").read_text()).get("consolidated_metadata") is None
    for name, array in group.arrays():
        assert array.dtype.kind in "biuf", name
    back = read_dataset(stores[kind])
    xr.testing.assert_equal(back, results[kind])
    assert back.attrs == results[kind].attrs
    for name, variable in results[kind].variables.items():
        assert back[name].attrs == variable.attrs


def test_signs_of_current_and_charge(results: dict[str, Any]) -> None:
    run: xr.Dataset = results["run"]
    sign = 1.0 if results["direction"] == "extraction" else -1.0
    current, charge = run["current"].values, run["charge"].values
    round_off = 1e-12 * np.abs(charge).max()
    assert np.all(sign * np.diff(charge) >= -round_off)
    assert sign * charge[-1] > 0.0
    assert sign * current[1] > 0.0
    held = results["scenario"].drive[0].hold
    np.testing.assert_array_equal(run["potential"].values[1:], held)


def test_charge_is_the_running_sum_of_current_and_the_lithium_that_left(results: dict[str, Any]) -> None:
    run: xr.Dataset = results["run"]
    charge, time = run["charge"].values, run["time_fine"].values
    capacity = FARADAY * float(run["lithium"].max())
    np.testing.assert_allclose(
        np.cumsum(run["current"].values[1:] * np.diff(time)), charge[1:], atol=1e-12 * capacity
    )
    left = run["lithium"].values[0] - run["lithium"].values
    np.testing.assert_allclose(charge, FARADAY * left, atol=1e-12 * capacity)
    np.testing.assert_allclose(run["charge_of_contact"].sum("contact"), charge, atol=1e-12 * capacity)


def test_axes_of_images_and_thickness(results: dict[str, Any]) -> None:
    run, maps = results["run"], results["maps"]
    for dataset in (run, maps):
        for axis, extent in (("x", WIDTH), ("y", HEIGHT)):
            values = dataset[axis].values
            assert np.all(np.diff(values) > 0.0)
            assert values[0] == pytest.approx(extent - values[-1])
    assert run.sizes["z"] == 4
    np.testing.assert_allclose(run["z"] + run["z"][::-1].values, THICKNESS)
    assert float(run["cell_volume"].sum()) == pytest.approx(WIDTH * HEIGHT * THICKNESS)
    mirrored = run["li_fraction"].values[:, ::-1]
    np.testing.assert_array_equal(run["li_fraction"].values, mirrored)
    # The contact on the top is at y = 0, and the left one at x = 0.
    owner = run["contact_line_owner"].values
    for index, (name, end) in enumerate({"lps": [0.0, HEIGHT], "side": [60e-9, 0.0]}.items()):
        assert json.loads(run.attrs["contacts"])[index] == name
        line = run["contact_line"].values[owner == index]
        np.testing.assert_allclose(np.sort(line, axis=0), [[0.0, 0.0], end], atol=1e-18)


def test_li_fraction_stays_in_range_and_moves_from_the_contact(results: dict[str, Any]) -> None:
    run = results["run"]
    values = run["li_fraction"].values
    assert values.min() >= 0.0
    assert values.max() <= 1.0
    assert run.sizes["time"] <= 200
    middle = run["li_fraction"].isel(time=3, z=0, y=-1).values
    change = np.diff(middle)
    assert np.all(change >= 0.0 if results["direction"] == "extraction" else change <= 0.0)


def test_run_reports_status_and_counters(results: dict[str, Any]) -> None:
    attrs = results["run"].attrs
    assert set(attrs) >= COUNTERS
    assert attrs["status"] == 0
    assert attrs["status_meaning"] == "finished"
    assert attrs["steps"] > 0
    assert attrs["worst_balance_error"] < 1e-13


def test_map_time_is_the_start_of_a_frame_and_pixels_follow(results: dict[str, Any]) -> None:
    maps, scan = results["maps"], results["scenario"].scan
    np.testing.assert_allclose(maps["time"], scan.frame_time * np.arange(maps.sizes["time"]))
    offsets = maps["pixel_time"].values
    assert offsets.min() > 0.0
    assert offsets.max() < scan.frame_time
    assert np.all(np.diff(offsets.ravel()) > 0.0)  # rows, from the top left
    np.testing.assert_allclose(maps["li_fraction_std"], 0.02)


def test_counts_are_of_the_pixels_and_times_of_the_maps(results: dict[str, Any]) -> None:
    counts, maps = results["counts"], results["maps"]
    for name in ("time", "y", "x", "pixel_time"):
        np.testing.assert_array_equal(counts[name], maps[name])
    np.testing.assert_allclose(counts["thickness"], THICKNESS)
    expected = lto.expected_counts(
        results["run"], lto.Instrument.from_dict(tomllib.loads(counts.attrs["instrument"]))
    )
    for name in ("counts", "adf", "abf"):
        assert expected[name].dtype == np.float32
        assert expected[name].attrs["units"] == counts[name].attrs["units"]


def test_front_time_is_when_its_pixel_was_visited(results: dict[str, Any]) -> None:
    front, scan = results["front"], results["scenario"].scan
    found = np.isfinite(front["front_position"].values)
    assert found.sum() >= 3
    delay = (front["front_time"] - front["time"]).values[found]
    assert np.all((delay > 0.0) & (delay < scan.frame_time))
    assert np.all(np.diff(front["front_position"].values[found]) > -20e-9)
    assert np.all(front["front_position_std"].values[found] > 0.0)
    assert front.attrs["direction"] == results["direction"]


def test_fit_results_say_what_k_means(results: dict[str, Any]) -> None:
    xi = np.linspace(50e-9, 300e-9, 40)
    time = xi**2 / (2.0 * 3e-15)
    points = xr.Dataset(
        {
            "front_position": (("time", "profile"), xi[:, None]),
            "front_position_std": (("time", "profile"), np.full((40, 1), 1e-9)),
        },
        {"time": time},
    )
    two = lto.fit_rate_constant(points)
    assert two.k_convention == "2kt"
    assert two.k == pytest.approx(3e-15, rel=1e-3)
    assert lto.fit_rate_constant(points, k_convention="kt").k == pytest.approx(6e-15, rel=1e-3)
    assert {"k_m2_s", "k_std_m2_s", "verdict", "k_convention"} <= two.summary().keys()


def test_parameters_go_by_their_path(results: dict[str, Any]) -> None:
    changed = results["scenario"].with_values(
        {"material.D_Li4.Ea": "0.5 eV", "drive.0.hold": "1.5 V", "temperature": "30 degC", "maps.noise": 0.1}
    )
    assert changed.material.D_Li4.Ea == pytest.approx(0.5 * FARADAY)
    assert changed.drive[0].hold == 1.5
    assert changed.temperature == 30.0 + ZERO_CELSIUS
    assert changed.maps.noise == 0.1
