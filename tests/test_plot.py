"""Figures: every axis says what it shows and in which unit, and colours belong to directions."""

from __future__ import annotations

import io

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from lto_sim.kinetics import RateData, fit_arrhenius, fit_rate_constant, published_table
from lto_sim.plot import (
    ArrheniusSeries,
    FrontSeries,
    MapSeries,
    PartialContact,
    plot_arrhenius,
    plot_current,
    plot_full_extraction,
    plot_map_series,
    plot_partial_contact,
    plot_squared_position,
)
from lto_sim.plot.style import styled, with_deviation

TIME = np.arange(1.0, 41.0)
K = 5e-15


def front() -> xr.Dataset:
    rng = np.random.default_rng(4)
    xi = np.sqrt(2.0 * K * TIME)[:, None] + rng.normal(0.0, 3e-9, (TIME.size, 2))
    ends = {
        f"profile_{end}_{axis}": ("profile", np.full(2, value))
        for end, axis, value in (
            ("start", "x", 0.0),
            ("start", "y", 1e-7),
            ("end", "x", 1e-6),
            ("end", "y", 1e-7),
        )
    }
    both = ("time", "profile")
    return xr.Dataset(
        {
            "front_position": (both, xi),
            "front_position_std": (both, np.full_like(xi, 3e-9)),
            "front_time": (both, np.repeat(TIME[:, None], 2, axis=1)),
        },
        {"time": TIME, "profile": [0, 1], **ends},
    )


def maps() -> xr.Dataset:
    x, y = (np.arange(20) + 0.5) * 5e-8, (np.arange(8) + 0.5) * 5e-8
    values = (x[None, None, :] > np.sqrt(2.0 * K * TIME)[:, None, None]) * np.ones((1, 8, 1))
    return xr.Dataset({"li_fraction": (("time", "y", "x"), values)}, {"time": TIME, "y": y, "x": x})


def run() -> xr.Dataset:
    time = np.linspace(0.0, 40.0, 400)
    charge = 1e-10 * np.sqrt(time)
    return xr.Dataset({"charge": ("time_fine", charge)}, {"time_fine": time})


def written(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def texts(figure: Figure) -> str:
    parts = [t.get_text() for t in figure.findobj(lambda o: hasattr(o, "get_text"))]
    return "\n".join(str(p) for p in parts)


def test_squared_position_states_units_convention_and_ratio() -> None:
    data = front()
    fit = fit_rate_constant(data)
    figure = plot_squared_position(
        [[FrontSeries("30 °C", data, fit, K, "#0072B2")]], ["extraction"], "ξ² = 2 k t"
    )
    shown = texts(figure)
    for piece in ("ξ² [µm²]", "time t [s]", "cm²/s", f"k / true k = {fit.k / K:.3f}", "ξ² = 2 k t"):
        assert piece in shown
    assert written(figure)[:4] == b"\x89PNG"


def test_an_unresolved_rate_constant_does_not_stop_the_figure() -> None:
    straight = RateData(TIME, 2e-8 * TIME, np.full(TIME.size, 2e-9))
    fit = fit_rate_constant(straight)
    assert fit.verdict == "reaction-limited"
    figure = plot_squared_position([[FrontSeries("30 °C", front(), fit, K, "#0072B2")]], ["extraction"], "")
    assert "not resolved" in texts(figure)


def test_arrhenius_shows_every_activation_energy_and_celsius() -> None:
    table = published_table("insertion")
    fit = fit_arrhenius(table.temperature, table.k)
    series = ArrheniusSeries("insertion", table.temperature, table.k, table.k_std, fit, "#D55E00", False)
    figure = plot_arrhenius([series], "ξ² = 2 k t")
    written(figure)
    shown = texts(figure)
    for piece in ("0.5888 ± 0.0099 eV", "[cm²/s]", "1000 / T [1/K]", "temperature [°C]", "105"):
        assert piece in shown


def test_times_of_full_extraction() -> None:
    temperature = np.array([303.15, 333.15, 378.15])
    time = np.array([400.0, 90.0, 15.0])
    fit = fit_arrhenius(temperature, 1.0 / time)
    figure = plot_full_extraction((temperature, time, fit), (temperature, 0.9 * time, fit))
    written(figure)
    assert "time of full extraction [s]" in texts(figure)


def test_maps_are_taken_where_the_front_is_nearest() -> None:
    figure = plot_map_series([MapSeries("30 °C", maps(), front())], (0.2e-6, 0.5e-6), "title")
    written(figure)
    shown = texts(figure)
    for position in (0.2e-6, 0.5e-6):
        frame = round(position**2 / (2.0 * K))
        assert any(f"{t} s" in shown for t in (frame - 1, frame, frame + 1))
    assert "Li fraction x" in shown
    assert "0.5 µm" in shown


def test_current_has_units() -> None:
    figure = plot_current([[("30 °C", run())]], ["extraction"])
    written(figure)
    assert "[pA]" in texts(figure)
    line = figure.axes[0].get_lines()[0]
    time, current = (np.asarray(v, dtype=float) for v in line.get_data())
    np.testing.assert_allclose(current, 0.5e-10 / np.sqrt(time) * 1e12, rtol=0.03)


def test_partial_contact() -> None:
    entries = [PartialContact(c, r, 0.01, maps(), (1e-7, 3e-7)) for c, r in ((1.0, 1.0), (0.5, 0.8))]
    figure = plot_partial_contact(entries, "title")
    written(figure)
    assert "part of the side" in texts(figure)


@pytest.mark.parametrize(
    ("value", "deviation", "text"),
    [
        (0.4922, 0.0176, "0.492 ± 0.018"),
        (0.58868, 0.00022, "0.5887 ± 0.0002"),
        (12.3, 4.5, "12.3 ± 4.5"),
        (0.49354, 1.3e-5, "0.4935 ± <0.0001"),
    ],
)
def test_deviations_are_written_to_two_digits(value: float, deviation: float, text: str) -> None:
    assert with_deviation(value, deviation) == text


def test_the_look_is_not_left_behind() -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    with styled():
        assert mpl.rcParams["legend.frameon"] is False
    assert dict(mpl.rcParams) == before
