"""Figures of regime maps: scales, units, where the crossovers lie, and which points are marked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import LogNorm
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure

from lto_sim.errors import InputError
from lto_sim.plot.regimes import plot_regime_map
from lto_sim.study.regimes import REGIMES

D = 1e-16
FACES = np.geomspace(1e-25, 1e-21, 5)
THICKNESS = np.array([5e-8, 1e-7, 2e-7])


def regimes(way: float = 1e-6) -> xr.Dataset:
    """Map over faces and thickness as the formulas have it."""
    length = FACES[:, None] / D
    over = 2.0 * length / THICKNESS[None, :]
    crossover = 2.0 * np.sqrt(3.0 * length * THICKNESS[None, :])
    share = over / (1.0 + over)
    regime = np.where(crossover >= way, 2, np.where(share >= 0.1, 1, 0)).astype(np.int8)
    dims = ("surface.faces.at", "specimen.thickness")
    beyond = (crossover < 0.8 * way).astype(float)
    values = {
        "k_over_bulk": 1.0 + over, "k_over_bulk_expected": 1.0 + over, "face_share": share,
        "crossover_length": crossover, "way": np.full_like(over, way), "perimeter_share": np.zeros_like(over),
        "perimeter_crossover": np.zeros_like(over), "k_valid": np.ones_like(over, dtype=bool),
        "beyond_crossover": beyond, "closure_valid": over > 15.0, "closure_near": 1e3 / over,
        "shell_index": share * 0.9, "regime": regime,
    }  # fmt: skip
    named = {name: (dims, value, {"units": "1", "long_name": name}) for name, value in values.items()}
    coords = {
        dims[0]: (dims[0], FACES, {"units": "m3/s", "long_name": dims[0], "scale": "log"}),
        dims[1]: (dims[1], THICKNESS, {"units": "m", "long_name": dims[1], "scale": "log"}),
    }
    return xr.Dataset(named, coords)


def main_axes(page: Figure) -> Axes:
    return page.axes[0]


def legend_of(page: Figure) -> list[str]:
    return [text.get_text() for legend in page.legends for text in legend.get_texts()]


def heat_map(page: Figure) -> QuadMesh:
    return next(c for c in main_axes(page).collections if isinstance(c, QuadMesh))


def lines_of(page: Figure) -> list[np.ndarray]:
    """Points of every crossover in the order drawn."""
    contours = [c for c in main_axes(page).collections if isinstance(c, ContourSet)]
    return [np.concatenate([path.vertices for path in contour.get_paths()]) for contour in contours]


@pytest.mark.parametrize("given", ["map.zarr", None])
def test_a_path_is_no_map(given: Any) -> None:
    with pytest.raises(InputError, match="regime_map"):
        plot_regime_map(given)


def test_axes_have_units_that_people_use_and_the_scale_of_the_sweep(tmp_path: Path) -> None:
    page = plot_regime_map(regimes(), "shell_index", x="surface.faces.at")
    ax = main_axes(page)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("δD of a face [m³/s]", "thickness H [nm]")
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert [text.get_text() for text in ax.get_yticklabels()] == ["50", "100", "200"]
    low, high = ax.get_xlim()
    assert low == pytest.approx(1e-25 / np.sqrt(10.0))
    assert high == pytest.approx(1e-21 * np.sqrt(10.0))
    page.savefig(tmp_path / "map.png")
    assert (tmp_path / "map.png").stat().st_size > 10_000


def test_axes_may_be_swapped_and_default_to_the_order_of_the_map() -> None:
    default = main_axes(plot_regime_map(regimes()))
    assert (default.get_xlabel(), default.get_ylabel()) == ("thickness H [nm]", "δD of a face [m³/s]")
    swapped = main_axes(plot_regime_map(regimes(), y="specimen.thickness"))
    assert swapped.get_ylabel() == "thickness H [nm]"


def test_the_heat_map_has_every_value_at_its_point() -> None:
    data = regimes()
    page = plot_regime_map(data, "k_over_bulk", x="surface.faces.at")
    mesh = heat_map(page)
    np.testing.assert_allclose(np.asarray(mesh.get_array()), data["k_over_bulk"].values.T)
    assert isinstance(mesh.norm, LogNorm)
    assert page.axes[1].get_ylabel() == "apparent k over k of the bulk"
    index = heat_map(plot_regime_map(data, "shell_index")).norm
    assert (index.vmin, index.vmax) == (0.0, 1.0)


def test_crossovers_lie_where_the_formulas_have_them() -> None:
    page = plot_regime_map(regimes(), "k_over_bulk", x="surface.faces.at")
    tenth, half, way = lines_of(page)
    for line, level in ((tenth, 1.0 / 9.0), (half, 1.0)):
        np.testing.assert_allclose(2.0 * line[:, 0] / D / (1e-9 * line[:, 1]), level, rtol=1e-3)
    crossover = 2.0 * np.sqrt(3.0 * way[:, 0] / D * 1e-9 * way[:, 1])
    np.testing.assert_allclose(crossover, 1e-6, rtol=1e-3)
    assert (
        min(line[:, 1].min() for line in (tenth, half, way)) < 40.0
    )  # drawn to the edges of the outer cells
    words = legend_of(page)
    assert words[:3] == ["faces carry a tenth", "faces carry half, 2 l = H", "faces: 2√(3 l H) = way"]


def test_crossovers_outside_the_map_and_of_surfaces_that_do_not_conduct_are_left_out() -> None:
    page = plot_regime_map(regimes(way=1.0).isel({"surface.faces.at": slice(0, 2)}), "shell_index")
    assert legend_of(page) == ["faces carry a tenth", "faces carry half, 2 l = H"]
    walls = regimes()
    walls["perimeter_share"] = 0.3 * walls["face_share"]
    walls["perimeter_crossover"] = walls["crossover_length"]
    assert "walls: their crossover = way" in legend_of(plot_regime_map(walls, "shell_index"))


@pytest.mark.parametrize(
    ("measure", "count", "words"),
    [
        ("k_over_bulk", 5, "k (1 + 2 l/H) does not hold, or crossover not reached"),
        ("closure_near", 10, "analytic closure does not hold"),
    ],
)
def test_points_where_the_answer_does_not_hold_are_marked(measure: str, count: int, words: str) -> None:
    data = regimes()
    page = plot_regime_map(data, measure, x="surface.faces.at")
    (marks,) = [line for line in main_axes(page).get_lines() if line.get_marker() == "X"]
    wrong = (
        ~data["closure_valid"].values if measure != "k_over_bulk" else data["beyond_crossover"].values == 0.0
    )
    rows, columns = np.nonzero(wrong)
    assert len(rows) == count
    np.testing.assert_allclose(np.sort(marks.get_xdata()), np.sort(FACES[rows]))
    np.testing.assert_allclose(np.sort(marks.get_ydata()), np.sort(1e9 * THICKNESS[columns]))
    assert words in legend_of(page)


def test_no_marks_where_the_measure_has_no_analytic_answer_or_all_hold() -> None:
    for page in (
        plot_regime_map(regimes(), "shell_index"),
        plot_regime_map(regimes(way=1.0), "k_over_bulk"),
    ):
        assert not [line for line in main_axes(page).get_lines() if line.get_marker() == "X"]


def test_regimes_are_named_and_what_was_not_read_is_grey() -> None:
    data = regimes()
    page = plot_regime_map(data, "regime")
    assert legend_of(page)[:3] == list(REGIMES[:3])
    assert len(page.axes) == 1
    data["shell_index"].values[0, 0] = np.nan
    gap = plot_regime_map(data, "shell_index")
    assert "not read" in legend_of(gap)
    assert np.ma.is_masked(heat_map(gap).get_array())
    data["shell_index"].values[:] = np.nan
    plot_regime_map(data, "shell_index")
    data["k_over_bulk"].values[:] = np.nan
    plot_regime_map(data, "k_over_bulk")


def test_coverage_and_temperature_are_shown_linear_in_percent_and_degrees() -> None:
    data = regimes().rename({"surface.faces.at": "coverage", "specimen.thickness": "temperature"})
    data = data.assign_coords({
        "coverage": ("coverage", np.linspace(0.2, 1.0, 5), {"units": "1", "scale": "linear"}),
        "temperature": ("temperature", np.array([303.15, 333.15, 363.15]), {"units": "K", "scale": "linear"}),
    })  # fmt: skip
    ax = main_axes(plot_regime_map(data, "shell_index", x="coverage", title="any"))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("part of the side in contact", "temperature [°C]")
    assert ax.get_xscale() == "linear"
    assert [round(float(t), 6) for t in ax.get_yticks()] == [30.0, 60.0, 90.0]
    assert ax.get_title() == "any"


def test_axes_in_any_order_are_shown_in_order() -> None:
    data = regimes()
    mixed = data.isel({"surface.faces.at": [3, 0, 4, 1, 2], "specimen.thickness": [2, 0, 1]})
    pages = [plot_regime_map(d, "k_over_bulk", x="surface.faces.at") for d in (data, mixed)]
    meshes = [heat_map(page) for page in pages]
    np.testing.assert_allclose(np.asarray(meshes[0].get_array()), np.asarray(meshes[1].get_array()))
    np.testing.assert_allclose(meshes[0].get_coordinates(), meshes[1].get_coordinates())
    for one, other in zip(*(lines_of(page) for page in pages), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_crossovers_are_drawn_beside_a_point_that_was_refused() -> None:
    data = regimes()
    for name in ("face_share", "crossover_length", "way"):
        data[name].values[:, 2] = np.nan
    page = plot_regime_map(data, "k_over_bulk", x="surface.faces.at")
    tenth, half = lines_of(page)[:2]
    for line, level in ((tenth, 1.0 / 9.0), (half, 1.0)):
        np.testing.assert_allclose(2.0 * line[:, 0] / D / (1e-9 * line[:, 1]), level, rtol=1e-3)
        assert line[:, 1].max() <= 100.0


def test_one_value_of_an_axis_can_be_shown() -> None:
    page = plot_regime_map(regimes().isel({"specimen.thickness": [1]}), "k_over_bulk")
    assert heat_map(page).get_array().size == 5  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("keys", "field"),
    [
        ({"measure": "shell"}, "measure"),
        ({"measure": "error"}, "measure"),
        ({"x": "temperature"}, "x, y"),
        ({"x": "surface.faces.at", "y": "surface.faces.at"}, "x, y"),
    ],
)
def test_what_the_map_does_not_have_is_refused_in_one_line(keys: dict[str, Any], field: str) -> None:
    data = regimes().assign(error=(("surface.faces.at", "specimen.thickness"), np.full((5, 3), "")))
    with pytest.raises(InputError) as caught:
        plot_regime_map(data, **({"measure": "shell_index"} | keys))
    assert str(caught.value).startswith(f"{field}: got ")
    assert "\n" not in str(caught.value)


def test_a_map_over_more_axes_asks_for_two() -> None:
    data = regimes().expand_dims({"temperature": [300.0, 330.0]})
    with pytest.raises(InputError, match="isel"):
        plot_regime_map(data, "shell_index")
    plot_regime_map(data.isel(temperature=0), "shell_index")
    with pytest.raises(InputError, match="map over two"):
        plot_regime_map(regimes().isel({"specimen.thickness": 0}), "shell_index")
