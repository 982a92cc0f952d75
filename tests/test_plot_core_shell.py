"""Figures of core and shell, of the effect of surfaces, and of the grid of conductances."""

from __future__ import annotations

import io

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from lto_sim.kinetics import RateData, fit_rate_constant
from lto_sim.plot import (
    ConductanceGrid,
    InsertionRun,
    Panel,
    RateLine,
    ShellRow,
    plot_conductances,
    plot_core_shell,
    plot_panel_rows,
    plot_surface_effect,
    power,
)
from lto_sim.plot.core_shell import CONTACT_COLOUR

SIZE = (2e-6, 1.5e-6)
TIME = np.arange(1.0, 41.0)
K = 5e-15


def panel(text: str = "10 % · 2.0 s") -> Panel:
    return Panel(np.linspace(0.0, 1.0, 300).reshape(15, 20), SIZE, text)


def front() -> xr.Dataset:
    xi = np.sqrt(2.0 * K * TIME)[:, None]
    both = ("time", "profile")
    values = {"front_position": xi, "front_position_std": np.full_like(xi, 3e-9), "front_time": TIME[:, None]}
    return xr.Dataset({name: (both, value) for name, value in values.items()})


def shown(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    assert buffer.getvalue()[:4] == b"\x89PNG"
    parts = [t.get_text() for t in figure.findobj(lambda o: hasattr(o, "get_text"))]
    return "\n".join(str(p) for p in parts)


def inside(figure: Figure) -> None:
    """No text leaves the page."""
    figure.canvas.draw()
    box = figure.bbox
    for text in figure.findobj(lambda o: hasattr(o, "get_text")):
        if text.get_text().strip() and text.get_visible():
            extent = text.get_window_extent()  # type: ignore[attr-defined]
            assert extent.x0 >= box.x0 - 1.0, text
            assert extent.x1 <= box.x1 + 1.0, text


@pytest.mark.parametrize(
    ("value", "text"),
    [(3.7e-20, "3.7×10⁻²⁰"), (0.0, "0"), (8.23e-22, "8.2×10⁻²²"), (1.0, "1.0×10⁰"), (9.96e-3, "1.0×10⁻²")],
)
def test_powers_of_ten(value: float, text: str) -> None:
    assert power(value) == text


def test_core_and_shell_show_both_directions_and_their_sections() -> None:
    section = np.zeros((6, 20))
    rows = [
        ShellRow(name, [panel(), panel("50 % · 9.0 s")], [section, section], 150e-9)
        for name in ("extraction", "insertion")
    ]
    figure = plot_core_shell(rows, "one set", "L/h₀ = 22")
    text = shown(figure)
    for piece in (
        "extraction",
        "insertion",
        "10 % · 2.0 s",
        "50 % · 9.0 s",
        "z, 150 nm",
        "0.5 µm",
        "L/h₀ = 22",
    ):
        assert piece in text
    assert "Li fraction x" in text
    images = [image for ax in figure.axes[:-1] for image in ax.get_images()]
    assert len(images) == 8
    assert {image.get_clim() for image in images} == {(0.0, 1.0)}
    contacts = [
        line
        for ax in figure.axes[:-1]
        for line in ax.get_lines()
        if to_hex(line.get_color()) == CONTACT_COLOUR.lower()
    ]
    assert len(contacts) == 8
    inside(figure)


def test_rows_may_be_of_different_length() -> None:
    figure = plot_panel_rows([("105 °C", [panel()] * 3), ("30 °C", [panel()])], "maps")
    text = shown(figure)
    assert "105 °C" in text
    assert "30 °C" in text
    assert sum(len(ax.get_images()) for ax in figure.axes[:-1]) == 4
    inside(figure)


def test_the_effect_of_surfaces_shows_both_runs_and_the_rates() -> None:
    data = front()
    fit = fit_rate_constant(data)
    mean = (TIME, np.sqrt(2.0 * K * TIME))
    runs = [
        InsertionRun("with surfaces", [panel("1.0 s"), panel("40.0 s")], None, None, mean, "#D55E00"),
        InsertionRun("without", [panel("1.0 s"), panel("40.0 s")], data, fit, None, "#CC79A7"),
    ]
    lines = [RateLine("Wagner", K, "--"), RateLine("bulk", 0.1 * K, ":")]
    figure = plot_surface_effect(runs, lines, 40.0, "title")
    text = shown(figure)
    for piece in ("time t [s]", "ξ² [µm²]", "Wagner: k = 5.0×10⁻¹¹ cm²/s", "bulk: k = 5.0×10⁻¹² cm²/s"):
        assert piece in text
    assert "without: 40 fronts tracked, k = 5.000×10⁻¹¹ cm²/s (95 %: 4.97 to 5.03)" in text
    inside(figure)


def test_fits_that_say_nothing_are_told() -> None:
    straight = fit_rate_constant(RateData(TIME, 2e-8 * TIME, np.full(TIME.size, 2e-9)))
    runs = [
        InsertionRun("slow", [panel()], front(), straight, None, "#D55E00"),
        InsertionRun("none", [panel()], front(), None, None, "#CC79A7"),
    ]
    text = shown(plot_surface_effect(runs, [RateLine("Wagner", K, "--")], 40.0, "title"))
    assert "k not resolved (reaction-limited)" in text
    assert "none: 40 fronts tracked, fit refused" in text


def test_the_grid_begins_at_the_bottom_and_frames_the_marked_panel() -> None:
    rows = [[panel(f"{i}{j}") for j in range(3)] for i in range(2)]
    grid = ConductanceGrid(["f = 0", "f = 0.5", "f = 0.9"], ["low", "high"], rows, (1, 2))
    figure = plot_conductances(grid, "columns", "rows [m³/s]", "title", "caption")
    text = shown(figure)
    for piece in ("f = 0.5", "low", "high", "rows [m³/s]", "columns", "caption", "Li fraction x"):
        assert piece in text
    by_text = {ax.get_xlabel(): ax for ax in figure.axes if ax.get_xlabel()}
    assert by_text["00"].get_position().y0 < by_text["10"].get_position().y0
    assert by_text["12"].spines["top"].get_visible()
    assert not by_text["11"].spines["top"].get_visible()
    inside(figure)
