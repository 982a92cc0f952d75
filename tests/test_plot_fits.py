"""Figures of fitted rate constants and activation energies: what the lines show, all on the page."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

from lto_sim.errors import InputError
from lto_sim.kinetics import RateConstantFit, RateData, fit_arrhenius, fit_rate_constant, published_table
from lto_sim.kinetics.arrhenius import ArrheniusFit, difference_of_Ea, fit_directions, leave_one_out
from lto_sim.kinetics.corrections import CorrectedRate
from lto_sim.plot import DIRECTION_COLOURS, plot_activation, plot_rate_fit
from lto_sim.validate.synthetic_fronts import FrontDraw

K = 4e-15
DRAWS = {
    "two profiles": FrontDraw(K, frames=60),
    "five profiles": FrontDraw(K, frames=40, profiles=5),
    "late start": FrontDraw(1e-16, reach=0.9e-6, delay=0.05, shared=0.4, frames=80),
    "mixed": FrontDraw(K, time_ratio=1.0, profiles=3, frames=60),
    "interface": FrontDraw(K, time_ratio=20.0, profiles=1, start_std=0.0, frames=60),
    "undecided": FrontDraw(4e-14, frames=9, profiles=1, std=100e-9),
    "four points": FrontDraw(4e-14, frames=4, profiles=1),
    "nine profiles": FrontDraw(K, frames=12, profiles=9),
    "fourteen profiles": FrontDraw(K, frames=12, profiles=14),
}
VERDICTS = {"mixed": "mixed", "interface": "reaction-limited", "undecided": "undecided"}


def drawn(name: str) -> tuple[RateData, RateConstantFit]:
    data = DRAWS[name].draw(np.random.default_rng(5))
    return data, fit_rate_constant(data)


def corrected(fit: RateConstantFit, factor: float = 0.8) -> CorrectedRate:
    return CorrectedRate(
        k=fit.k / factor, k_std=0.02 * fit.k, target="planar", law="parabolic", k_apparent=fit.k,
        k_apparent_std=fit.k_std, factor=factor, factor_std=0.01, parts={}, sensitivity={},
        thirds=(fit.k, fit.k), reduced_chi_square=1.0, shift=0.0, pace=1.0, points=50, outliers=0, dof=48,
        raw=fit,
    )  # fmt: skip


def texts(figure: Figure) -> list[Text]:
    """Texts of the drawn figure that can be seen."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    assert buffer.getvalue()[:4] == b"\x89PNG"
    found: list[Any] = figure.findobj(Text)
    return [text for text in found if text.get_visible() and text.get_text().strip()]


def said(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in texts(figure))


def tidy(figure: Figure) -> None:
    """No text leaves the page, and no two lie on each other."""
    page = figure.bbox
    # a tick beyond the limits of its axis is placed, but not drawn
    shown = [text for text in texts(figure) if not _is_tick_outside(figure, text)]
    boxes = [text.get_window_extent() for text in shown]
    for text, box in zip(shown, boxes, strict=True):
        assert box.x0 >= page.x0 - 1.0, text
        assert box.x1 <= page.x1 + 1.0, text
        assert box.y0 >= page.y0 - 1.0, text
        assert box.y1 <= page.y1 + 1.0, text
    for i, first in enumerate(boxes):
        for second, text in zip(boxes[i + 1 :], shown[i + 1 :], strict=True):
            wide = min(first.x1, second.x1) - max(first.x0, second.x0)
            high = min(first.y1, second.y1) - max(first.y0, second.y0)
            assert wide < 1.5 or high < 1.5, (shown[i], text)


def _is_tick_outside(figure: Figure, text: Text) -> bool:
    every = [axes for axes in figure.findobj(Axes) if isinstance(axes, Axes)]
    every += [child for axes in every for child in axes.child_axes]
    for axes in every:
        for axis in (axes.xaxis, axes.yaxis):
            ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
            if any(text in (tick.label1, tick.label2) for tick in ticks):
                low, high = sorted(axis.get_view_interval())
                own = next(tick for tick in ticks if text in (tick.label1, tick.label2))
                return not low <= own.get_loc() <= high
    return False


def panel(figure: Figure, start: str) -> Axes:
    return next(axes for axes in figure.findobj(Axes) if axes.get_title(loc="left").startswith(start))


def artist(axes: Axes, label: str) -> Any:
    return next(found for found in axes.get_children() if found.get_label() == label)


def bars(axes: Axes, label: str) -> Any:
    return next(found for found in axes.containers if found.get_label() == label)


# --- rate constants -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DRAWS)
def test_every_verdict_and_number_of_profiles_fits_on_the_page(name: str) -> None:
    data, fit = drawn(name)
    if name in VERDICTS:
        assert fit.verdict == VERDICTS[name]
    figure = plot_rate_fit(data, fit, title="30 °C, extraction" + 12 * " and so on")
    tidy(figure)
    words = said(figure)
    for piece in (fit.verdict, "ξ² = 2 k t", "time t [", "ξ² [µm²]", "ξ [µm]", "p = ", "B = ", "cm²/s"):
        assert piece in words
    assert "30 °C, extraction" in words


def test_the_lines_are_the_law_and_its_band() -> None:
    data, fit = drawn("two profiles")
    figure = plot_rate_fit(data, fit)
    for start, power in (("(a)", 1), ("(b)", 2)):
        axes = panel(figure, start)
        time, shown = artist(axes, "_law").get_data()
        assert shown == pytest.approx((1e6 * fit.position(time)) ** power)
        assert (time[0], time[-1]) == pytest.approx((fit.window.start, fit.window.end))
        corners = artist(axes, "_band").get_paths()[0].vertices
        low, high = fit.position_band(fit.window.end)
        at_end = corners[np.isclose(corners[:, 0], fit.window.end), 1]
        assert at_end.min() == pytest.approx((1e6 * float(low)) ** power)
        assert at_end.max() == pytest.approx((1e6 * float(high)) ** power)


def test_points_have_the_colour_of_their_profile_and_grey_outside_the_window() -> None:
    data, fit = drawn("late start")
    assert 0 < fit.window.points < data.size
    axes = panel(plot_rate_fit(data, fit), "(a)")
    inside = (data.time >= fit.window.start) & (data.time <= fit.window.end)
    outside, *profiles = axes.containers
    assert outside[0].get_xdata() * 60.0 == pytest.approx(data.time[~inside])
    assert outside[0].get_color() == "0.72"
    assert len({to_hex(entry[0].get_color()) for entry in profiles}) == 2
    for number, entry in enumerate(profiles):
        own = inside & (np.asarray(data.profile) == number)
        assert entry[0].get_ydata() == pytest.approx(1e6 * data.position[own])
        half = 0.5e-6 * np.diff([segment[:, 1] for segment in entry[2][0].get_segments()]).ravel()
        assert half == pytest.approx(data.position_std[own])


def test_the_square_has_the_deviation_of_a_square() -> None:
    data, fit = drawn("undecided")
    axes = panel(plot_rate_fit(data, fit), "(b)")
    inside = (data.time >= fit.window.start) & (data.time <= fit.window.end)
    segments = bars(axes, "_profile 0")[2][0].get_segments()
    half = 0.5e-12 * np.diff([segment[:, 1] for segment in segments]).ravel()
    assert half == pytest.approx((2.0 * data.position * data.position_std)[inside])


def test_residuals_are_in_deviations_about_the_contacts_found() -> None:
    data, fit = drawn("two profiles")
    axes = panel(plot_rate_fit(data, fit), "(c)")
    inside = (data.time >= fit.window.start) & (data.time <= fit.window.end)
    for entry in fit.offsets:
        own = inside & (np.asarray(data.profile) == entry.profile)
        rest = (data.position - entry.offset - fit.position(data.time)) / data.position_std
        assert bars(axes, f"_profile {entry.profile}")[0].get_ydata() == pytest.approx(rest[own])
    levels = sorted(float(line.get_ydata()[0]) for line in axes.get_lines() if len(line.get_ydata()) == 2)
    assert levels[0] == -2.0
    assert levels[-1] == 2.0


def test_a_point_far_off_stays_in_sight() -> None:
    data, fit = drawn("two profiles")
    position = data.position.copy()
    position[50] += 40.0 * 6e-9
    moved = RateData(data.time, position, data.position_std, data.profile, data.start_std)
    axes = panel(plot_rate_fit(moved, fit), "(c)")
    mark = artist(axes, "_beyond")
    assert mark.get_marker() == "^"
    assert mark.get_xdata() == pytest.approx([data.time[50]])
    assert axes.get_ylim()[0] < mark.get_ydata()[0] < axes.get_ylim()[1]


def test_the_change_point_is_shaded_by_its_deviation() -> None:
    data, fit = drawn("late start")
    assert fit.window.start_std > 0.0
    axes = panel(plot_rate_fit(data, fit), "(a)")
    box = axes.patches[0].get_bbox()
    ends = 60.0 * np.array([box.x0, box.x1])
    start, deviation = fit.window.start, fit.window.start_std
    assert ends == pytest.approx([start - deviation, start + deviation])


@pytest.mark.parametrize("name", ["five profiles", "mixed", "four points"])
def test_the_table_of_choices_is_drawn_over_k(name: str) -> None:
    data, fit = drawn(name)
    axes = panel(plot_rate_fit(data, fit), "(d)")
    dots = [line.get_xdata()[0] for line in axes.get_lines() if line.get_label() == "_choice"]
    expected = [row.k / fit.k for row in fit.sensitivity if row.choice != "convention"]
    assert sorted(dots) == pytest.approx(sorted(expected))
    spans = {entry.get_label(): entry.get_bbox() for entry in axes.patches}
    low, high = axes.get_xlim()
    for label, interval in (("_this law", fit.interval), ("_any law", fit.interval_any_law)):
        ends = np.clip(np.array(interval) / fit.k, low, high)
        assert (spans[label].x0, spans[label].x1) == pytest.approx(tuple(ends))


def test_a_choice_beyond_the_axis_is_an_arrow_with_its_number() -> None:
    data, fit = drawn("interface")
    fit = fit_rate_constant(data, law="mixed")
    ratio = next(row.k for row in fit.sensitivity if row.changed_to == "parabolic") / fit.k
    assert ratio < 0.2
    axes = panel(plot_rate_fit(data, fit), "(d)")
    arrows = [line.get_marker() for line in axes.get_lines() if line.get_label() == "_beyond"]
    assert "<" in arrows
    assert f"{ratio:.2g}" in [text.get_text() for text in axes.texts]


def test_no_k_no_table() -> None:
    data, _ = drawn("interface")
    fit = fit_rate_constant(data, law="linear")
    assert math.isinf(fit.k)
    figure = plot_rate_fit(data, fit)
    tidy(figure)
    assert said(figure).count("not resolved") == 2
    assert "m/s" in said(figure)


@pytest.mark.parametrize("factor", [0.8, 0.3])
def test_a_corrected_k_stands_beside_the_raw_one(factor: float) -> None:
    data, fit = drawn("five profiles")
    figure = plot_rate_fit(data, fit, corrected=corrected(fit, factor))
    tidy(figure)
    words = said(figure)
    assert "k corrected by simulation, of a planar front" in words
    assert f"{factor:.3f} ± 0.010" in words
    axes = panel(figure, "(d)")
    if factor == 0.8:
        assert artist(axes, "_corrected").get_xdata() == pytest.approx([1.25])
    else:
        assert "3.3" in [text.get_text() for text in axes.texts]


def test_the_convention_is_said_and_k_is_that_of_the_summary() -> None:
    data, _ = drawn("two profiles")
    fit = fit_rate_constant(data, k_convention="kt")
    words = said(plot_rate_fit(data, fit))
    assert "ξ² = k t; by ξ² = 2 k t half this" in words
    shown = next(line for line in words.splitlines() if line.endswith("× 10⁻¹¹ cm²/s") and "±" in line)
    assert float(shown.split("±")[0].strip(" (")) == pytest.approx(fit.k * 1e15, rel=5e-3)


# --- activation energies ------------------------------------------------------------------------------------


def published(**options: Any) -> dict[str, ArrheniusFit]:
    tables = {name: published_table(name) for name in ("extraction", "insertion")}
    return {name: fit_arrhenius(t.temperature, t.k, t.k_std, **options) for name, t in tables.items()}


def particles(seed: int, Ea: float) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    kelvin = np.tile(np.array([303.15, 318.15, 333.15, 348.15, 363.15, 378.15]), 4)
    who = np.repeat(np.arange(4), 6)
    own = 0.2 * rng.standard_normal(4)[who] + 0.08 * rng.standard_normal(24)
    k = 1e-15 * np.exp(own - Ea / 8.617333e-5 * (1.0 / kelvin - 1.0 / 333.15))
    return {"temperature": kelvin, "k": k, "particle": who}


def main_panel(figure: Figure) -> Axes:
    return next(axes for axes in figure.findobj(Axes) if axes.get_yscale() == "log")


@pytest.mark.parametrize("options", [{}, {"bars_over_particles": 4}, {"robust": True}])
def test_the_published_table_in_one_figure(options: dict[str, Any]) -> None:
    fits = published(**options)
    figure = plot_activation(fits, title="Table 1")
    tidy(figure)
    words = said(figure)
    for piece in (
        "1000 / T [1/K]", "temperature [°C]", "[cm²/s]", "ξ² = 2 k t", "ln k − line", "Table 1",
        "left out [°C], bars: one deviation", "activation energy Ea [eV]", "extraction: Ea = 0.4",
        "insertion: Ea = 0.5", "95 % of new measurements",
    ):  # fmt: skip
        assert piece in words
    axes = main_panel(figure)
    top = axes.child_axes[0]
    assert [tick.get_text() for tick in top.get_xticklabels()] == ["105", "90", "75", "60", "45", "30"]


def test_lines_fitted_apart_may_bring_their_difference() -> None:
    fits = published()
    found = difference_of_Ea(fits["extraction"], fits["insertion"])
    figure = plot_activation(fits, difference=found)
    tidy(figure)
    assert f"Ea(insertion) − Ea(extraction) = {found.value_eV:.3f}" in said(figure)


def test_line_and_bands_are_those_of_the_fit() -> None:
    fit = published()["insertion"]
    axes = main_panel(plot_activation({"insertion": fit}))
    inverse, shown = artist(axes, "_line").get_data()
    assert shown == pytest.approx(1e4 * fit.predict(1000.0 / inverse))
    assert artist(axes, "_line").get_color() == DIRECTION_COLOURS["insertion"]
    for label, band in (("_band", fit.band), ("_prediction", fit.prediction_band)):
        corners = artist(axes, label).get_paths()[0].vertices
        low, high = band(1000.0 / inverse[0])
        at_end = corners[np.isclose(corners[:, 0], inverse[0]), 1]
        assert (at_end.min(), at_end.max()) == pytest.approx((1e4 * float(low), 1e4 * float(high)))


def test_residuals_and_what_one_temperature_does() -> None:
    fit = published()["extraction"]
    figure = plot_activation(fit)
    below = panel(figure, "scatter of ln k")
    assert bars(below, "_points")[0].get_ydata() == pytest.approx(fit.residuals)
    left_out = next(axes for axes in figure.findobj(Axes) if axes.get_ylabel().startswith("left out [°C]"))
    found = leave_one_out(fit)
    assert bars(left_out, "_left out")[0].get_xdata() == pytest.approx(found.Ea_eV)
    assert [tick.get_text() for tick in left_out.get_yticklabels()] == ["30", "45", "60", "75", "90", "105"]
    box = left_out.patches[0].get_bbox()
    assert (box.x0, box.x1) == pytest.approx(fit.interval())


@pytest.mark.parametrize("names", [None, ["A", "B", "C", "D"]])
def test_particles_have_marks_and_both_directions_a_difference(names: list[str] | None) -> None:
    out, back = particles(1, 0.49), particles(2, 0.59)
    both = {name: np.concatenate([out[name], back[name]]) for name in out}
    fits = fit_directions(**both, direction=["extraction"] * 24 + ["insertion"] * 24)
    figure = plot_activation(fits, particles=names)
    tidy(figure)
    words = said(figure)
    for name in names or ["particle 1", "particle 4"]:
        assert name in words
    difference = fits.difference.value_eV
    shown = next(line for line in words.splitlines() if line.startswith("Ea(insertion) − Ea(extraction) = "))
    assert float(shown.split(" = ")[1].split(" ±")[0]) == pytest.approx(difference, abs=1e-3)
    assert "particle 0." in words
    marks = [entry[0] for entry in main_panel(figure).containers]
    assert len(marks) == 8
    assert len({mark.get_marker() for mark in marks}) == 4
    first = out["particle"] == 0
    assert marks[0].get_ydata() == pytest.approx(1e4 * out["k"][first])


def test_any_temperatures_have_a_scale_in_celsius() -> None:
    kelvin = np.array([250.0, 251.0, 300.0, 310.0, 400.0, 420.0, 421.0, 600.0, 650.0, 655.0, 700.0, 800.0])
    k = 1e-14 * np.exp(-3500.0 * (1.0 / kelvin - 1.0 / 400.0))
    k *= np.exp(0.1 * np.random.default_rng(3).standard_normal(kelvin.size))
    k[4] *= 20.0
    figure = plot_activation(fit_arrhenius(kelvin, k, robust=True), k_convention="kt")
    tidy(figure)
    axes = main_panel(figure)
    labels = [tick.get_text() for tick in axes.child_axes[0].get_xticklabels()]
    assert "−22.15" in labels
    assert 4 <= len(labels) < kelvin.size
    assert kelvin[4] in 1000.0 / artist(axes, "_moved").get_xdata()
    assert "ξ² = k t" in axes.get_ylabel()


def test_a_line_that_hangs_on_one_temperature_says_so() -> None:
    fit = fit_arrhenius([300.0, 300.2, 350.0], [1e-15, 1.1e-15, 5e-15], [1e-15, 9e-15, 40e-15])
    figure = plot_activation(fit)
    tidy(figure)
    assert said(figure).count("no line") == 2


def test_bad_input_of_the_activation_figure() -> None:
    fit = published()["insertion"]
    with pytest.raises(InputError, match="one line at least"):
        plot_activation({})
    with pytest.raises(InputError, match="k_convention"):
        plot_activation(fit, k_convention="3kt")
    with pytest.raises(InputError, match="particles"):
        plot_activation(fit, particles=["A"])
