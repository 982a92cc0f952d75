"""Pictures of sweeps and populations: what is drawn, in which units, on which scale, and what is missing."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.colors import LogNorm, to_hex
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from numpy.typing import ArrayLike

import lto_sim as lto
from lto_sim.errors import InputError
from lto_sim.plot.population import plot_population
from lto_sim.plot.sweep_grid import cell_edges
from lto_sim.plot.sweep_table import Column
from lto_sim.plot.sweep_units import Shown, meanings, shown_path, with_power, write_unit, written
from lto_sim.plot.sweeps import plot_sweep
from lto_sim.provenance import named
from lto_sim.study.population import Discrete, draw_population, ensemble_current
from lto_sim.study.sweeps import Axis, open_sweep, sweep

KELVIN: Final = 273.15
CELSIUS: Final = np.array([30.0, 45.0, 60.0, 75.0])
FACES: Final = np.array([1e-24, 1e-23, 1e-22])
LONG_NAME: Final = "rate constant, xi^2 = 2 k t"


def near(value: Any, rel: float = 1e-6) -> Any:
    """Within a part of the value: the absolute tolerance of `approx` is larger than most values here."""
    return pytest.approx(value, rel=rel, abs=0.0)


def coordinate(units: str, path: str, scale: str = "linear", **more: str) -> dict[str, str]:
    return {**named(units, path), "scale": scale, **more}


T_ATTRS: Final = coordinate("K", "temperature")
F_ATTRS: Final = coordinate("m3/s", "surface.faces.at", "log")


def swept(
    axes: Mapping[str, tuple[ArrayLike, Mapping[str, str]]],
    variables: Mapping[str, tuple[Sequence[str], Any, str, str]],
    *,
    design: str = "grid",
    status: ArrayLike | None = None,
    coords: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """A sweep as `open_sweep` returns it: columns by path, variables with ``run`` first."""
    columns = {path: np.asarray(values) for path, (values, _) in axes.items()}
    runs = len(next(iter(columns.values())))
    state = np.ones(runs, dtype=np.int8) if status is None else np.asarray(status, dtype=np.int8)
    data: dict[str, Any] = {
        "status": ("run", state, named("1", "status of the run")),
        "error": ("run", np.zeros(runs), named("1", "why a run failed")),
        "wall_time": ("run", np.where(state == 1, 1.5, np.nan), named("s", "time that the run took")),
    }
    for name, (dims, values, units, text) in variables.items():
        filled = np.array(values, dtype=np.float64)
        filled[state != 1] = np.nan
        data[name] = (("run", *dims), filled, named(units, text))
    own = {path: ("run", columns[path], dict(attrs)) for path, (_, attrs) in axes.items()}
    number = {"run": ("run", np.arange(runs), named("1", "number of the run"))}
    listed = json.dumps([{"path": path, "scale": attrs["scale"]} for path, (_, attrs) in axes.items()])
    attrs = {"design": design, "axes": listed, "title": "parameter sweep"}
    return xr.Dataset(data, {**own, **number, **(coords or {})}, attrs)


def rates(status: ArrayLike | None = None, design: str = "grid") -> xr.Dataset:
    """k [m2/s] = 1e-16 times (number of the temperature) times (faces/1e-24), over temperatures and faces."""
    points = np.array(list(itertools.product(CELSIUS + KELVIN, FACES)))
    number = np.searchsorted(CELSIUS + KELVIN, points[:, 0]) + 1.0
    k = 1e-16 * number * points[:, 1] / 1e-24
    return swept(
        {"temperature": (points[:, 0], T_ATTRS), "surface.faces.at": (points[:, 1], F_ATTRS)},
        {
            "k": (("profile",), k[:, None], "m2 s-1", LONG_NAME),
            "k_std": (("profile",), 0.1 * k[:, None], "m2 s-1", "standard deviation of the rate constant"),
        },
        status=status, design=design,
    )  # fmt: skip


def currents(lines: int = 4, status: ArrayLike | None = None) -> xr.Dataset:
    time = np.linspace(0.5, 60.0, 120)
    D = np.geomspace(1e-16, 1e-14, lines)
    current = 1e-10 * np.sqrt(D[:, None] / 1e-15) / np.sqrt(time)
    return swept(
        {"material.D_Li4.at": (D, coordinate("m2/s", "material.D_Li4.at", "log"))},
        {"current": (("time_fine",), current, "A", "current, mean since the time before; extraction > 0")},
        status=status, coords={"time_fine": ("time_fine", time, named("s", "time of current and charge"))},
    )  # fmt: skip


def main_axes(page: Figure) -> Axes:
    return page.axes[0]


def legend_texts(page: Figure) -> list[str]:
    legend = main_axes(page).get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


def notes(page: Figure) -> list[str]:
    return [text.get_text() for legend in page.legends for text in legend.get_texts()]


def line(page: Figure, label: str) -> tuple[list[float], list[float]]:
    for drawn in main_axes(page).get_lines():
        if drawn.get_label() == label:
            return list(np.asarray(drawn.get_xdata())), list(np.asarray(drawn.get_ydata()))
    raise AssertionError([drawn.get_label() for drawn in main_axes(page).get_lines()])


def bars(page: Figure) -> dict[str, ErrorbarContainer]:
    return {c.get_label(): c for c in main_axes(page).containers if isinstance(c, ErrorbarContainer)}


def drawn(page: Figure) -> Figure:
    """Render the page; a second time nothing may have moved."""
    page.savefig(io.BytesIO(), format="png")
    before = [ax.get_position().bounds for ax in page.axes]
    page.savefig(io.BytesIO(), format="png")
    np.testing.assert_allclose([ax.get_position().bounds for ax in page.axes], before, atol=2e-3)
    inside = page.bbox.padded(1.0)
    for ax in page.axes:
        for text in (ax.xaxis.label, ax.yaxis.label, ax.title):
            if text.get_text():
                assert inside.containsx(text.get_window_extent().x1), text
                assert inside.containsy(text.get_window_extent().y0), text
    return page


def test_a_family_of_lines() -> None:
    page = drawn(plot_sweep(rates(), "k", x="temperature", lines="surface.faces.at"))
    ax = main_axes(page)
    assert ax.get_xlabel() == "temperature [°C]"
    assert ax.get_ylabel() == "k: rate constant, xi² = 2 k t [cm²/s]"
    assert ax.get_xscale() == "linear"
    assert ax.get_yscale() == "log"
    assert legend_texts(page) == ["1×10⁻²⁴ m³/s", "1×10⁻²³ m³/s", "1×10⁻²² m³/s"]
    assert ax.get_legend().get_title().get_text() == "surface.faces.at [m³/s]"
    x, y = line(page, "_1×10⁻²³ m³/s")
    assert x == near(CELSIUS)
    assert y == near([1e-11, 2e-11, 3e-11, 4e-11])
    bar = bars(page)["1×10⁻²³ m³/s"].lines[2][0]
    low, high = np.array(bar.get_segments())[3, :, 1]
    assert (low, high) == near((3.6e-11, 4.4e-11))
    assert notes(page) == []
    assert len({to_hex(each.get_color()) for each in ax.get_lines() if each.get_ls() == "-"}) == 3


def test_the_other_axis_is_logarithmic_as_it_was_swept() -> None:
    page = drawn(plot_sweep(rates(), "k", x="surface.faces.at", lines="temperature"))
    assert main_axes(page).get_xscale() == "log"
    assert legend_texts(page) == ["30 °C", "45 °C", "60 °C", "75 °C"]
    x, y = line(page, "_45 °C")
    assert x == near(FACES)
    assert y == near([2e-12, 2e-11, 2e-10])


def test_what_is_left_of_a_grid_is_drawn_by_itself() -> None:
    page = plot_sweep(rates(), "k")
    assert main_axes(page).get_xlabel() == "temperature [°C]"
    assert len(legend_texts(page)) == 3
    one = drawn(plot_sweep(rates(), "k", select={"temperature": "45 degC"}))
    assert main_axes(one).get_xlabel() == "surface.faces.at [m³/s]"
    assert main_axes(one).get_title() == "temperature = 45 °C"
    assert main_axes(one).get_legend() is None


def test_small_numbers_on_a_linear_scale_have_their_power_in_the_unit() -> None:
    page = drawn(plot_sweep(rates(), "k", x="temperature", select={"surface.faces.at": 1e-23}))
    assert main_axes(page).get_ylabel() == "k: rate constant, xi² = 2 k t [10⁻¹¹ cm²/s]"
    assert line(page, "__runs")[1] == near([1.0, 2.0, 3.0, 4.0])


STATUS: Final = [1, 2, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1]


def test_failed_and_pending_runs_are_marked_and_counted_beneath_lines() -> None:
    data = rates(STATUS)
    data["k"].values[8] = np.nan
    page = drawn(plot_sweep(data, "k", x="temperature", lines="surface.faces.at"))
    assert notes(page) == ["failed: 1", "not done yet: 2", "without a value: 1"]
    assert line(page, "_failed")[0] == near([30.0])
    assert line(page, "_not done yet")[0] == near([45.0, 75.0])
    assert line(page, "_without a value")[0] == near([60.0])
    heights = [line(page, f"_{name}")[1][0] for name in ("failed", "not done yet", "without a value")]
    assert len(set(heights)) == 3
    ax = main_axes(page)
    low, high = np.log10(ax.get_ylim())
    lowest = min(np.min(c.lines[0].get_ydata()) for c in bars(page).values())
    assert (np.log10(lowest) - low) / (high - low) > 0.15  # no point lies in the strip of the marks
    assert np.isnan(line(page, "_1×10⁻²³ m³/s")[1][0])
    gap = line(page, "_gap 1×10⁻²² m³/s")
    assert gap[0] == near([30.0, 75.0])


def test_an_infinite_k_is_marked_as_none_beneath_lines() -> None:
    data = rates()
    data["k"].values[8] = np.inf
    page = drawn(plot_sweep(data, "k", x="temperature", lines="surface.faces.at"))
    assert notes(page) == ["without a value: 1"]
    assert line(page, "_without a value")[0] == near([60.0])


def test_a_name_is_not_written_twice() -> None:
    assert (
        Shown("front_position", "nm", long_name="front position along it").label
        == "front position along it [nm]"
    )


def test_a_map_of_a_grid() -> None:
    data = rates(STATUS)
    data["k"].values[8] = np.nan
    page = drawn(plot_sweep(data, "k", x="temperature", y="surface.faces.at"))
    ax = main_axes(page)
    (mesh,) = [c for c in ax.collections if isinstance(c, QuadMesh)]
    values = np.ma.filled(mesh.get_array(), np.nan)
    expected = 1e-12 * np.outer([1.0, 10.0, 100.0], [1.0, 2.0, 3.0, 4.0])
    expected[1, 0] = expected[2, 1] = expected[0, 3] = expected[2, 2] = np.nan
    np.testing.assert_allclose(values, expected)
    assert isinstance(mesh.norm, LogNorm)
    assert (ax.get_xscale(), ax.get_yscale()) == ("linear", "log")
    assert ax.get_xlim() == near((22.5, 82.5))
    assert np.log10(ax.get_ylim()) == near([-24.5, -21.5])
    assert [t.get_text() for t in ax.get_xticklabels()] == ["30", "45", "60", "75"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["1×10⁻²⁴", "1×10⁻²³", "1×10⁻²²"]
    assert page.axes[1].get_ylabel() == "k: rate constant, xi² = 2 k t [cm²/s]"
    assert notes(page) == ["failed: 1", "not done yet: 2", "without a value: 1"]
    cells = {}
    for patch in ax.patches:
        assert isinstance(patch, Rectangle)
        column = int(np.searchsorted(CELSIUS, patch.get_x() + 0.5 * patch.get_width()))
        cells.setdefault(patch.get_hatch() or "plain", []).append((column, patch.get_y()))
    assert [c for c, _ in cells["xxx"]] == [0]
    assert sorted(c for c, _ in cells["plain"]) == [1, 3]
    assert [c for c, _ in cells["..."]] == [2]


def test_edges_of_cells_lie_half_way_on_the_scale_of_the_axis() -> None:
    np.testing.assert_allclose(
        cell_edges(Column(Shown("a"), np.array([1.0, 2.0, 4.0]))), [0.5, 1.5, 3.0, 5.0]
    )
    logarithmic = cell_edges(Column(Shown("a", scale="log"), np.array([1.0, 100.0])))
    np.testing.assert_allclose(logarithmic, [0.1, 10.0, 1000.0])
    words = cell_edges(Column(Shown("a", texts=("x", "y")), np.array([0.0, 1.0])))
    np.testing.assert_allclose(words, [-0.5, 0.5, 1.5])
    assert np.all(np.diff(cell_edges(Column(Shown("a"), np.array([0.0])))) > 0.0)


def samples(status: ArrayLike | None = None) -> xr.Dataset:
    rng = np.random.default_rng(1)
    kelvin, faces = rng.uniform(303.0, 378.0, 20), 10.0 ** rng.uniform(-24.0, -21.0, 20)
    k = 1e-16 * faces / 1e-24
    return swept(
        {"temperature": (kelvin, T_ATTRS), "surface.faces.at": (faces, F_ATTRS)},
        {"k": ((), k, "m2 s-1", LONG_NAME)}, design="sobol", status=status,
    )  # fmt: skip


def test_samples_are_points_in_the_plane_of_two_axes() -> None:
    status = np.ones(20)
    status[[3, 7]], status[5] = 2, 0
    data = samples(status)
    page = drawn(plot_sweep(data, "k", x="temperature", y="surface.faces.at"))
    ax = main_axes(page)
    (points,) = [c for c in ax.collections if isinstance(c, PathCollection)]
    good = status == 1
    np.testing.assert_allclose(points.get_offsets()[:, 0], data["temperature"].values[good] - KELVIN)
    np.testing.assert_allclose(points.get_array(), data["k"].values[good] * 1e4)
    assert (ax.get_xscale(), ax.get_yscale()) == ("linear", "log")
    assert line(page, "_failed")[1] == near(data["surface.faces.at"].values[[3, 7]])
    assert notes(page) == ["failed: 2", "not done yet: 1"]


def test_samples_along_one_axis_are_coloured_by_another_and_not_joined() -> None:
    data = samples()
    page = drawn(plot_sweep(data, "k", x="temperature", lines="surface.faces.at"))
    assert page.axes[1].get_ylabel() == "surface.faces.at [m³/s]"
    assert page.axes[1].get_yscale() == "log"
    assert len(bars(page)) == 20
    assert not [ln for ln in main_axes(page).get_lines() if ln.get_ls() == "-" and len(ln.get_xdata()) > 1]
    plain = drawn(plot_sweep(data, "k"))
    (only,) = bars(plain).values()
    assert sorted(only.lines[0].get_xdata()) == near(sorted(data["temperature"].values - KELVIN))


def test_a_zip_is_a_line() -> None:
    data = swept(
        {
            "temperature": (CELSIUS + KELVIN, T_ATTRS),
            "specimen.thickness": ([1e-7, 2e-7, 3e-7, 4e-7], coordinate("m", "specimen.thickness")),
        },
        {"Ea": ((), [0.4, 0.5, 0.6, 0.7], "eV", "activation energy")}, design="zip",
    )  # fmt: skip
    page = drawn(plot_sweep(data, "Ea", x="specimen.thickness"))
    assert main_axes(page).get_xlabel() == "specimen.thickness [nm]"
    x, y = line(page, "__runs")
    assert x == near([100.0, 200.0, 300.0, 400.0])
    assert y == near([0.4, 0.5, 0.6, 0.7])


def test_curves_against_time_are_coloured_by_an_axis() -> None:
    page = drawn(plot_sweep(currents(status=[1, 2, 1, 0]), "current"))
    ax = main_axes(page)
    assert ax.get_xlabel() == "time of current and charge [s]"
    assert ax.get_ylabel() == "current, mean since the time before;\nextraction > 0 [pA]"
    assert legend_texts(page) == ["1×10⁻¹⁶ m²/s", "2.154×10⁻¹⁵ m²/s"]
    x, y = line(page, "2.154×10⁻¹⁵ m²/s")
    assert x[0] == 0.5
    assert y[1] == near(100.0 * np.sqrt(2.1544347) / 1.0, rel=1e-4)
    assert notes(page) == ["failed: 1", "not done yet: 1"]


def test_many_curves_have_a_colour_bar_and_currents_that_run_out_a_linear_scale() -> None:
    data = currents(16)
    page = drawn(plot_sweep(data, "current"))
    assert page.axes[1].get_ylabel() == "material.D_Li4.at [m²/s]"
    assert page.axes[1].get_yscale() == "log"
    assert len(main_axes(page).get_lines()) == 16
    assert main_axes(page).get_yscale() == "log"
    data["current"].values[:, -10:] *= 1e-12
    assert main_axes(plot_sweep(data, "current")).get_yscale() == "linear"


def test_a_moment_of_a_curve_is_chosen_by_its_time() -> None:
    page = drawn(plot_sweep(currents(), "current", x="material.D_Li4.at", select={"time_fine": "0.25 min"}))
    assert main_axes(page).get_title() == "time_fine = 15 s"
    y = line(page, "__runs")[1]
    assert y == near(1e12 * 1e-10 * np.sqrt(np.geomspace(0.1, 10.0, 4)) / np.sqrt(15.0), rel=1e-9)


def test_times_that_differ_between_runs_are_each_curve_s_own() -> None:
    time = np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]])
    data = swept(
        {"temperature": (CELSIUS[:2] + KELVIN, T_ATTRS)},
        {
            "front_position": (("time", "profile"), 1e-7 * time[:, :, None], "m", "front position"),
            "time_of_run": (("time",), time, "s", "start of the frame"),
        },
    )  # fmt: skip
    page = drawn(plot_sweep(data, "front_position"))
    assert main_axes(page).get_xlabel() == "start of the frame [s]"
    assert not main_axes(page).collections
    assert main_axes(page).get_ylabel() == "front position [µm]"
    assert line(page, "45 °C") == ([10.0, 20.0, 30.0], near([1.0, 2.0, 3.0]))
    at = plot_sweep(data, "front_position", x="temperature", select={"time": 3.0})
    assert line(at, "__runs")[1] == near([0.3, 1.0])


def test_deviations_of_curves_are_bands() -> None:
    data = currents(3)
    data["current_std"] = (data["current"].dims, 0.1 * data["current"].values, named("A", "its deviation"))
    data["current_std"].values[:, 5] = np.nan
    page = drawn(plot_sweep(data, "current"))
    assert len(main_axes(page).collections) == 3
    corners = main_axes(page).collections[0].get_paths()[-1].vertices
    x, y = line(page, "1×10⁻¹⁶ m²/s")
    at = np.isclose(corners[:, 0], x[10])
    assert sorted(corners[at, 1])[:: at.sum() - 1] == near([0.9 * y[10], 1.1 * y[10]])


def test_a_profile_tells_lines_apart_or_is_chosen() -> None:
    data = swept(
        {"temperature": (CELSIUS + KELVIN, T_ATTRS)},
        {"k": (("profile",), np.outer([1.0, 2.0, 3.0, 4.0], [1e-16, 3e-16]), "m2 s-1", LONG_NAME)},
    )
    page = drawn(plot_sweep(data, "k", x="temperature", lines="profile"))
    assert legend_texts(page) == ["0", "1"]
    assert main_axes(page).get_legend().get_title().get_text() == "profile"
    assert main_axes(page).get_ylabel().endswith("[10⁻¹¹ cm²/s]")
    assert line(page, "_1")[1] == near([0.3, 0.6, 0.9, 1.2])
    chosen = plot_sweep(data, "k", select={"profile": "1"})
    assert main_axes(chosen).get_title() == "profile 1"
    with pytest.raises(InputError, match=r"select.profile: got None; allowed: 0 to 1; k has the dimension"):
        plot_sweep(data, "k")


def test_repeats_are_points_about_their_mean() -> None:
    points = np.array(list(itertools.product(CELSIUS[:2] + KELVIN, [0, 1, 2])))
    values = np.array([1.0, 2.0, 3.0, 4.0, 6.0, 8.0])
    data = swept(
        {"temperature": (points[:, 0], T_ATTRS), "seed": (points[:, 1], coordinate("1", "seed"))},
        {"Ea": ((), values, "eV", "activation energy")},
    )
    page = drawn(plot_sweep(data, "Ea"))
    assert line(page, "__runs")[1] == near([2.0, 6.0])
    (points_drawn,) = bars(page).values()
    assert sorted(points_drawn.lines[0].get_ydata()) == near(sorted(values))
    assert notes(page) == ["line: mean of repeats"]
    by_seed = plot_sweep(data, "Ea", x="temperature", lines="seed")
    assert legend_texts(by_seed) == ["0", "1", "2"]
    assert plot_sweep(data, "Ea", x="temperature", select={"seed": 1}).axes[0].get_title() == "seed = 1"


def laws(status: ArrayLike | None = None) -> xr.Dataset:
    points = np.array(list(itertools.product([0, 1], [0.0, 1e-24, 1e-22])))
    data = swept(
        {
            "contacts.lps.law": (points[:, 0].astype(np.int16), coordinate(
                "1", "contacts.lps.law", meaning="0 equilibrium, 1 butler_volmer")),
            "surface.faces.at": (points[:, 1], coordinate("m3/s", "surface.faces.at")),
        },
        {"verdict": ((), [0, 0, 1, 2, 2, 1], "1", "what limits the front"),
         "Ea": ((), np.linspace(0.4, 0.5, 6), "eV", "activation energy")},
        status=status,
    )  # fmt: skip
    data["verdict"].attrs["meaning"] = "0 diffusion-limited, 1 reaction-limited, 2 mixed, 3 undecided"
    return data


def test_words_are_categories_and_a_zero_has_its_place_on_a_logarithmic_axis() -> None:
    page = drawn(plot_sweep(laws([1, 1, 2, 1, 0, 1]), "verdict", x="surface.faces.at", y="contacts.lps.law"))
    ax = main_axes(page)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["equilibrium", "butler_volmer"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["0", "1×10⁻²⁴", "1×10⁻²²"]
    assert legend_texts(page) == ["diffusion-limited", "reaction-limited", "mixed", "undecided"]
    assert notes(page) == ["failed: 1", "not done yet: 1"]
    lines = drawn(plot_sweep(laws(), "Ea", x="surface.faces.at", lines="contacts.lps.law"))
    assert main_axes(lines).get_xscale() == "symlog"
    assert legend_texts(lines) == ["equilibrium", "butler_volmer"]
    words = drawn(plot_sweep(laws(), "verdict", x="contacts.lps.law", lines="surface.faces.at"))
    assert [t.get_text() for t in main_axes(words).get_xticklabels()] == ["equilibrium", "butler_volmer"]
    assert next(t.get_text() for t in main_axes(words).get_yticklabels()) == "diffusion-limited"
    chosen = plot_sweep(laws(), "Ea", select={"contacts.lps.law": "butler_volmer"})
    assert main_axes(chosen).get_title() == "contacts.lps.law = butler_volmer"


@pytest.mark.parametrize("y", [None, "surface.faces.at"])
@pytest.mark.parametrize("code", [0, 2])
def test_a_sweep_without_anything_done_is_drawn_as_such(y: str | None, code: int) -> None:
    page = drawn(plot_sweep(rates(np.full(12, code)), "k", x="temperature", y=y))
    assert notes(page) == [f"{'failed' if code else 'not done yet'}: 12"]
    drawn(plot_sweep(currents(status=np.full(4, code)), "current"))
    drawn(plot_sweep(samples(np.full(20, code)), "k", x="temperature", y=y))


def test_a_sweep_of_one_run_and_of_equal_values() -> None:
    single = swept({"temperature": ([303.15], T_ATTRS)}, {"Ea": ((), [0.5], "eV", "activation energy")})
    drawn(plot_sweep(single, "Ea"))
    points = np.array(list(itertools.product(CELSIUS + KELVIN, FACES)))
    flat = swept(
        {"temperature": (points[:, 0], T_ATTRS), "surface.faces.at": (points[:, 1], F_ATTRS)},
        {"Ea": ((), np.full(12, 0.5), "eV", "activation energy")},
    )
    drawn(plot_sweep(flat, "Ea", x="temperature", y="surface.faces.at"))


def test_a_title_of_one_s_own_and_that_of_the_sweep() -> None:
    data = rates()
    assert main_axes(plot_sweep(data, "k")).get_title() == ""
    data.attrs["title"] = "faces and temperatures"
    assert main_axes(plot_sweep(data, "k")).get_title() == "faces and temperatures"
    assert main_axes(plot_sweep(data, "k", title="mine")).get_title() == "mine"


@pytest.mark.parametrize(
    ("arguments", "field", "text"),
    [
        ({"of": "j"}, "of", "wall_time, k, k_std"),
        ({"of": "status"}, "of", "wall_time"),
        ({"x": "temprature"}, "x", "temperature, surface.faces.at, profile, wall_time"),
        ({"x": "temperature", "y": "thickness"}, "y", "surface.faces.at"),
        ({"x": "temperature", "lines": "temperature"}, "x", "all different"),
        ({"x": "temperature", "y": "surface.faces.at", "lines": "wall_time"}, "lines", "absent with y"),
        ({"select": {"faces": 1.0}}, "select.faces", "temperature, surface.faces.at, profile"),
        ({"select": {"temperature": "31 degC"}}, "select.temperature", "30 °C, 45 °C, 60 °C, 75 °C"),
        ({"select": {"temperature": "1 m"}}, "select.temperature", "temperature [K]"),
        ({"select": {"profile": 3}}, "select.profile", "0 to 0"),
        ({"select": {"profile": True}}, "select.profile", "0 to 0"),
        ({"x": "temperature", "select": {"temperature": 303.15}}, "select.temperature", "not drawn"),
        ({"x": "wall_time"}, "lines", "temperature and surface.faces.at vary too"),
    ],
)
def test_what_cannot_be_drawn_is_said_with_what_can(arguments: dict[str, Any], field: str, text: str) -> None:
    of = arguments.pop("of", "k")
    with pytest.raises(InputError) as caught:
        plot_sweep(rates(), of, **arguments)
    assert caught.value.field == field
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


def test_other_things_that_cannot_be_drawn() -> None:
    with pytest.raises(InputError, match="a sweep"):
        plot_sweep(xr.Dataset({"k": ("x", [1.0])}), "k")
    with pytest.raises(InputError, match=r"select.time_fine.*500 ms|select.time_fine.*0.5 s"):
        plot_sweep(currents(), "current", x="material.D_Li4.at")
    with pytest.raises(InputError, match=r"select.time_fine: got '2 h'.*0.5 s to 60 s"):
        plot_sweep(currents(), "current", x="material.D_Li4.at", select={"time_fine": "2 h"})
    with pytest.raises(InputError, match=r"y: got 'material.D_Li4.at'; allowed: absent where x is time_fine"):
        plot_sweep(currents(), "current", x="time_fine", y="material.D_Li4.at")
    three = rates()
    three = three.assign_coords(initial=("run", np.arange(12) % 2, coordinate("1", "initial")))
    three.attrs["axes"] = json.dumps([{"path": p} for p in ("temperature", "surface.faces.at", "initial")])
    with pytest.raises(InputError, match=r"select.initial: got None; allowed: 0, 1; initial varies too"):
        plot_sweep(three, "k", x="temperature", lines="surface.faces.at")


def test_how_numbers_units_and_meanings_are_written() -> None:
    assert written(3.0e-24) == "3×10⁻²⁴"
    assert written(1.2345e6) == "1.234×10⁶"
    assert written(-12.3456) == "−12.35"
    assert written(0.0) == "0"
    assert written(np.nan) == "no value"
    assert write_unit("m3 s-1") == "m³ s⁻¹"
    assert write_unit("m3/s") == "m³/s"
    assert write_unit("degC") == "°C"
    assert meanings({"meaning": "0 a, b, 1 c 2, 2 d"}) == ("a, b", "c 2", "d")
    assert meanings({}) == ()
    energies = xr.DataArray([4.8e4, 5.2e4], dims="run", attrs=coordinate("J/mol", "material.D_Li4.Ea"))
    shown = shown_path("material.D_Li4.Ea", energies)
    assert shown.label == "material.D_Li4.Ea [eV]"
    assert shown(48242.666) == near(0.5, rel=1e-6)
    probe = xr.DataArray([71e-12, 529e-12], dims="run", attrs=coordinate("A", "instrument.beam.current"))
    assert shown_path("instrument.beam.current", probe).text(71e-12) == "71 pA"
    assert with_power(Shown("a", "m"), [2e-9]).unit == "10⁻⁹ m"
    assert with_power(Shown("a", "m"), [0.5]).unit == "m"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Currents of a real sweep; runs that may take three steps only fail."""
    scenario = lto.Scenario.from_dict({
        "material": "lto", "temperature": "75 degC", "initial": 1.0,
        "specimen": {"outline": {"shape": "rectangle", "width": "0.4 um", "height": "0.1 um"},
                     "thickness": "150 nm", "cell": "20 nm"},
        "contacts": {"lps": {"where": {"side": "left"}}},
        "drive": [{"hold": "1.6 V", "until": {"time": "1 s"}}],
    })  # fmt: skip
    out = tmp_path_factory.mktemp("sweep") / "s.zarr"
    axes = {"temperature": ["60 degC", "75 degC"], "numerics.max_steps": [1_000_000, 900_000, 3]}
    with pytest.warns(UserWarning, match="2 of 6 runs failed"):
        sweep(scenario, axes, out=out, outputs=("current",), engine="serial")
    return out


def test_a_real_store_by_its_path(store: Path) -> None:
    page = drawn(plot_sweep(store, "charge", select={"numerics.max_steps": 1_000_000}))
    assert legend_texts(page) == ["60 °C", "75 °C"]
    data = open_sweep(store)
    row = np.flatnonzero((data["temperature"] > 340.0) & (data["numerics.max_steps"] > 950_000))[0]
    x, y = line(page, "75 °C")
    assert x == near(data["time_fine"].values)
    assert y == near(data["charge"].values[row] * 1e12)
    last = {"time_fine": "1 s"}
    grid = drawn(plot_sweep(str(store), "charge", x="temperature", y="numerics.max_steps", select=last))
    assert notes(grid) == ["failed: 2"]
    lines = drawn(plot_sweep(data, "charge", x="numerics.max_steps", lines="temperature", select=last))
    assert line(lines, "_failed")[0] == near([3.0, 3.0])


def test_ranges_that_were_swept_logarithmically(store: Path, tmp_path: Path) -> None:
    scenario = lto.Scenario.from_dict(open_scenario(store))
    out = tmp_path / "log.zarr"
    axis = Axis("1e-15 m^2/s", "2e-15 m^2/s", 3, "log")
    sweep(scenario, {"material.D_Li4.at": axis}, out=out, outputs=("current",), engine="serial")
    page = drawn(plot_sweep(out, "current", x="material.D_Li4.at", select={"time_fine": 1.0}))
    assert main_axes(page).get_xscale() == "log"


def open_scenario(path: Path) -> dict[str, Any]:
    from lto_sim.study.sweeps import stored_sweep

    return dict(stored_sweep(path)[0].scenario)


@pytest.fixture(scope="module")
def ensemble() -> xr.Dataset:
    scenario = lto.Scenario.from_dict({
        "material": "lto", "temperature": "75 degC", "initial": 1.0,
        "specimen": {"outline": {"shape": "slab", "length": "0.4 um"}, "cell": "20 nm"},
        "contacts": {"lps": {"where": {"side": "left"}}},
        "drive": [{"hold": "1.6 V", "until": {"time": "4 s"}}, {"hold": "0.4 V", "until": {"time": "4 s"}}],
    })  # fmt: skip
    particles = draw_population(scenario, size=Discrete(["0.2 um", "0.3 um", "0.4 um"]), count=6, seed=1)
    runs: list[xr.Dataset | None] = [lto.simulate(made) for made in particles.scenarios()]
    runs[2] = None
    with pytest.warns(UserWarning, match="1 of 6"):
        return ensemble_current(runs, particles)


def texts(page: Figure) -> list[str]:
    return [text.get_text() for ax in page.axes for text in ax.findobj(Text)]  # type: ignore[attr-defined]


def test_a_population_with_its_spread_and_its_sizes(ensemble: xr.Dataset) -> None:
    page = drawn(plot_population(ensemble, title="Slabs"))
    assert page.get_suptitle() == "Slabs: 5 of 6 particles (1 failed)"
    above, below, sizes = page.axes
    assert above.get_ylabel().startswith("current of all [")
    assert below.get_xlabel() == "time t [s]"
    assert below.get_ylabel() == "Li fraction x"
    labels = [t.get_text() for t in below.get_legend().get_texts()]
    assert labels == ["90 % of the particles", "50 % of the particles", "all together"]
    middle = below.get_lines()[0]
    np.testing.assert_allclose(middle.get_ydata(), ensemble["li_fraction"])
    number, lithium = sizes.get_lines()[:2]
    assert np.asarray(number.get_ydata())[-1] == near(1.0)
    part = ensemble["particle_capacity"] * ensemble["particle_weight"]
    smallest = ensemble["particle_size"] < 0.25e-6
    assert np.max(np.asarray(lithium.get_ydata())[np.asarray(lithium.get_xdata()) < 250.0]) == near(
        float(part[smallest].sum() / part.sum())
    )
    assert sizes.get_xlabel() == "size [nm]"
    with pytest.raises(InputError, match="ensemble_current"):
        plot_population(ensemble.drop_vars("li_fraction"))
    with pytest.raises(InputError, match=r"^ensemble: got 'str'"):
        plot_population("p.zarr")  # type: ignore[arg-type]
