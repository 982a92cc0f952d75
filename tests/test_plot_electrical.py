"""Figures of electrical series: labels and units, and what the lines show."""

from __future__ import annotations

import io

import numpy as np
import pytest
import xarray as xr
from electrical_series import CAPACITY, LENGTH, PLATEAU, TEMPERATURE, Series, gitt, staircase
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lto_sim.electrochemistry import fit_gitt, select_step
from lto_sim.errors import InputError
from lto_sim.materials import load_material
from lto_sim.plot import (
    plot_capacity_curve,
    plot_chronoamperogram,
    plot_gitt,
    plot_impedance,
    plot_impedance_series,
    plot_potential,
    plot_voltammogram,
)
from lto_sim.plot.prefix import prefixed, time_unit

K = 5e-15
ONE_C = CAPACITY / 3600.0


def front(k: float = K) -> xr.Dataset:
    """A hold whose current is that of xi^2 = 2 k t."""
    series = Series()
    series.add("hold", 1.6, 20.0, np.geomspace(1e-2, 20.0, 200))
    time = series.times()
    return series.dataset(0.98 - 0.9 * np.sqrt(2.0 * k * time) / LENGTH, np.full(time.size, 1.6))


def cycle() -> xr.Dataset:
    """Half the capacity in at 1 C, a rest, a hold, and all of it out again at 2 C."""
    series = Series()
    series.add("current", -ONE_C, 1800.0, 20)
    series.add("rest", None, 600.0, 10)
    series.add("hold", 0.4, 600.0, 10)
    series.add("current", 2.0 * ONE_C, 1000.0, 20)
    time = series.times()
    turns = [0.0, 1800.0, 2400.0, 3000.0, 4000.0]
    fraction = np.interp(time, turns, [0.02, 0.52, 0.52, 0.6, 0.6 - 2.0 * 1000.0 / 3600.0])
    return series.dataset(fraction, np.interp(time, turns, [0.94, 0.9, 0.95, 0.4, 1.2]))


def sweeps() -> xr.Dataset:
    """Up from 0.5 to 1.5 V in 100 s with a current that rises evenly, and back with its mirror."""
    series = Series()
    series.add("sweep", 1.5, 100.0, 50)
    series.add("sweep", 0.5, 100.0, 50)
    time = series.times()
    triangle = 1.0 - np.abs(time / 100.0 - 1.0)
    return series.dataset(0.9 - 0.2 * triangle**2, 0.5 + triangle)


def spectrum(resistance: float = 1e11, low: float = 1e-4) -> xr.Dataset:
    """Semicircle of `resistance`, then the finite-space diffusion of a blocked slab."""
    frequency = np.geomspace(low, 1e5, 60)
    omega = 2j * np.pi * frequency
    q = np.sqrt(omega * 100.0)
    z = resistance * (0.2 + 1.0 / (omega * 1e-3 + 1.0 / (1.0 + 0.8 / (np.tanh(q) * q))))
    return xr.Dataset(
        {"impedance_real": ("frequency", z.real), "impedance_imag": ("frequency", z.imag)},
        {"frequency": frequency},
        {"state_time_s": 120.0, "temperature_K": 333.15},
    )


def texts(figure: Figure) -> str:
    figure.savefig(io.BytesIO(), format="png")
    parts = [t.get_text() for t in figure.findobj(lambda o: hasattr(o, "get_text"))]
    return "\n".join(str(part) for part in parts)


def line(ax: Axes, label: str) -> tuple[np.ndarray, np.ndarray]:
    """The data of the first line whose label begins with `label`."""
    found = next(entry for entry in ax.get_lines() if str(entry.get_label()).startswith(label))
    x, y = found.get_data()
    return np.asarray(x, dtype=float), np.asarray(y, dtype=float)


@pytest.mark.parametrize(
    ("values", "unit", "shown"),
    [
        ([2e-12, -3.1e-10], "A", "pA"),
        ([1e-9], "A", "nA"),
        ([9.99e-10], "A", "pA"),
        ([2.5e11], "Ω", "GΩ"),
        ([1e12, np.nan], "Ω", "TΩ"),
        ([0.0], "A", "A"),
        ([5.0], "V", "V"),
        ([1e-30], "A", "aA"),
    ],
)
def test_prefixes(values: list[float], unit: str, shown: str) -> None:
    factor, text = prefixed(values, unit)
    assert text == shown
    largest = np.nanmax(np.abs(values)) * factor
    assert largest < 1000.0
    assert largest >= 1.0 - 1e-9 or shown in {"A", "aA"}


def test_times_have_a_fitting_unit() -> None:
    assert time_unit(599.0) == (1.0, "s")
    assert time_unit(3600.0)[1] == "min"
    assert time_unit(1e5)[1] == "h"


def test_chronoamperogram_shows_the_inverse_square_root() -> None:
    time = np.geomspace(1e-3, 20.0, 300)
    exact = 0.9 * CAPACITY / LENGTH * np.sqrt(K / (2.0 * time))
    figure = plot_chronoamperogram(
        [("105 °C", front()), ("30 °C", front(K / 50.0))], exact=[("Wagner", time, exact)]
    )
    shown = texts(figure)
    for piece in (
        "time t since the start of the step [s]",
        "|I| of the particle [pA]",
        "1/√t",
        "Wagner",
        "30 °C",
    ):
        assert piece in shown
    ax = figure.axes[0]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    drawn, current = line(ax, "105")
    np.testing.assert_allclose(current, 1e12 * np.interp(drawn, time, exact), rtol=1e-3)
    np.testing.assert_allclose(current * np.sqrt(drawn), current[0] * np.sqrt(drawn[0]), rtol=1e-6)
    np.testing.assert_allclose(line(ax, "Wagner")[1], exact * 1e12)
    reference = line(ax, "_slope")
    assert np.isclose(reference[1][1] / reference[1][0], np.sqrt(reference[0][0] / reference[0][1]))


def test_chronoamperogram_wants_single_steps_with_a_current() -> None:
    two = staircase(1e-15, [(1.05, 0.01), (1.0, 0.02)], 100.0, start=0.01)
    with pytest.raises(InputError, match="select_step"):
        plot_chronoamperogram([("both", two)])
    plot_chronoamperogram([("second", select_step(two, 1))])
    with pytest.raises(InputError, match="no current"):
        plot_chronoamperogram([("first", select_step(two, 0))])
    with pytest.raises(InputError, match="one run at least"):
        plot_chronoamperogram([])


def test_potential_and_current_with_their_drive_steps() -> None:
    data = cycle()
    figure = plot_potential(data)
    shown = texts(figure)
    for piece in (
        "potential against In-Li [V]", "current, oxidation > 0 [fA]", "time t [min]", "plateau\n0.95 V",
        "rest", "0.4 V", "−60.9 fA", "122 fA",
    ):  # fmt: skip
        assert piece in shown
    above, below = figure.axes
    time, potential = (np.asarray(v, dtype=float) for v in above.get_lines()[0].get_data())
    np.testing.assert_allclose(time, data["time_fine"].values / 60.0)
    np.testing.assert_allclose(potential, data["potential"].values)
    current = np.asarray(below.get_lines()[0].get_ydata(), dtype=float)
    np.testing.assert_allclose(current[1:], data["current"].values[1:] * 1e15)
    assert below.get_lines()[0].get_drawstyle() == "steps-pre"


def test_a_plateau_far_from_everything_does_not_flatten_it() -> None:
    assert "plateau" not in texts(plot_potential(front()))


def test_peaks_are_cut_off_and_the_figure_says_so_but_pulses_never() -> None:
    assert "peaks up to" in texts(plot_potential(front()))
    law = load_material("lto").open_circuit_potential
    pulses = gitt(
        1e-15, lambda x: law(x, TEMPERATURE), start=0.01, rate=5e-6, pulse=100.0, rest=3000.0, pulses=3
    )
    figure = plot_potential(pulses)
    assert "peaks" not in texts(figure)
    low, high = figure.axes[1].get_ylim()
    assert low < np.nanmin(pulses["current"].values) * 1e15 < high


def test_capacity_counts_from_the_start_of_every_half_cycle() -> None:
    figure = plot_capacity_curve(cycle())
    shown = texts(figure)
    for piece in (
        "specific capacity [mA h/g]",
        "potential against In-Li [V]",
        "0.95 V",
        "theoretical 175.1 mA h/g",
    ):
        assert piece in shown
    ax = figure.axes[0]
    theoretical = 175.1338
    inserted, _ = line(ax, "insertion")
    np.testing.assert_allclose(inserted[[0, -1]], [0.0, 0.58 * theoretical], rtol=1e-3, atol=1e-9)
    assert inserted.size == 41  # with the rest and the hold, and t = 0
    removed, potential = line(ax, "extraction")
    assert np.isclose(removed[-1], 2.0 / 3.6 * theoretical, rtol=1e-3)
    assert removed[0] > 0.0
    assert np.isclose(potential[-1], 1.2)


def test_voltammogram_shows_current_over_potential_and_the_rate() -> None:
    figure = plot_voltammogram(sweeps())
    shown = texts(figure)
    for piece in (
        "up, 10 mV/s, 60 °C",
        "down, 10 mV/s, 60 °C",
        "potential against In-Li [V]",
        "[fA]",
        "plateau",
    ):
        assert piece in shown
    ax = figure.axes[0]
    potential, current = line(ax, "up")
    exact = 0.4 * CAPACITY / 100.0 * (potential - 0.5) * 1e15
    np.testing.assert_allclose(current, exact, rtol=1e-9)
    back, reverse = line(ax, "down")
    np.testing.assert_allclose(reverse, -0.4 * CAPACITY / 100.0 * (back - 0.5) * 1e15, rtol=1e-9)
    with pytest.raises(InputError, match="no sweep"):
        plot_voltammogram(cycle())


def test_titration_shows_where_there_is_no_diffusivity() -> None:
    law = load_material("lto").open_circuit_potential
    data = gitt(
        1e-15, lambda x: law(x, TEMPERATURE), start=0.0462, rate=1e-3 / 100.0, pulse=100.0, rest=2e4, pulses=8
    )
    result = fit_gitt(data)
    found = [entry for entry in result.pulses if entry.D is not None]
    assert 0 < len(found) < 8
    figure = plot_gitt(result)
    shown = texts(figure)
    for piece in (
        "mean Li fraction x",
        "chemical diffusivity D [cm²/s]",
        "against In-Li [V]",
        "no D: two phases",
    ):
        assert piece in shown
    above, below = figure.axes
    content, potential = line(above, "D found")
    np.testing.assert_allclose(content, [entry.li_fraction for entry in found])
    np.testing.assert_allclose(potential, [entry.potential for entry in found])
    marks = np.asarray(below.containers[0].lines[0].get_ydata(), dtype=float)
    np.testing.assert_allclose(marks, [float(entry.D or 0.0) * 1e4 for entry in found])


def test_a_titration_on_the_plateau_says_that_nothing_was_found() -> None:
    data = gitt(1e-15, lambda x: PLATEAU + 0.0 * x, start=0.3, rate=1e-4, pulse=100.0, rest=500.0, pulses=2)
    assert "no pulse gives a D" in texts(plot_gitt(fit_gitt(data)))


def test_nyquist_has_equal_axes_and_capacitive_is_up() -> None:
    data = spectrum()
    z = data["impedance_real"].values + 1j * data["impedance_imag"].values
    figure = plot_impedance(data, (data["frequency"].values, z))
    shown = texts(figure)
    for piece in (
        "Re Z [GΩ]", "−Im Z [GΩ]", "|Z| [TΩ]", "−phase [°]", "frequency [Hz]", "state at t = 120 s",
        "60.0 °C", "45°", "exact", "goes on to −Im Z",
    ):  # fmt: skip
        assert piece in shown
    nyquist, modulus, phase = figure.axes
    assert nyquist.get_aspect() == 1.0
    real, up = line(nyquist, "spectrum")
    np.testing.assert_allclose(real[::-1], z.real * 1e-9)
    np.testing.assert_allclose(up[::-1], -z.imag * 1e-9)
    assert nyquist.get_ylim()[1] < up.max()  # the vertical limb is cut off
    assert nyquist.get_xlim()[1] > real.max()
    degrees = np.asarray(phase.get_lines()[-2].get_ydata(), dtype=float)
    np.testing.assert_allclose(degrees[::-1], -np.angle(z, deg=True))
    assert (modulus.get_xscale(), modulus.get_yscale()) == ("log", "log")


def test_spectra_at_several_temperatures_are_magnified_where_they_differ_much() -> None:
    alike = plot_impedance_series([("75 °C", spectrum(6e10, 1.0)), ("60 °C", spectrum(1e11, 1.0))])
    assert len(alike.axes) == 1
    rows = [("105 °C", spectrum(1e10)), ("60 °C", spectrum(1e11)), ("30 °C", spectrum(8e11))]
    figure = plot_impedance_series(rows)
    shown = texts(figure)
    for piece in ("105 °C", "30 °C", "Re Z [GΩ]", "Re Z [TΩ]", "the corner at the origin", "45°"):
        assert piece in shown
    whole, corner = figure.axes
    assert whole.get_aspect() == corner.get_aspect() == 1.0
    assert 1e3 * whole.get_xlim()[1] > 10.0 * corner.get_xlim()[1]
    hot, _ = line(corner, "105")
    assert corner.get_xlim()[1] > hot.max()


def test_what_is_no_spectrum_is_named() -> None:
    with pytest.raises(InputError, match="impedance_imag"):
        plot_impedance(spectrum().drop_vars("impedance_imag"))
    with pytest.raises(InputError, match="frequency"):
        plot_impedance(spectrum().assign_coords(frequency=-spectrum()["frequency"]))
    with pytest.raises(InputError, match="one spectrum at least"):
        plot_impedance_series([])
