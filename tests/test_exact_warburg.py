"""Impedances: textbook functions where these can be evaluated, limits elsewhere, a circuit by hand."""

from __future__ import annotations

import cmath
import math

import numpy as np
import pytest
from scipy import special

from lto_sim.constants import FARADAY, GAS_CONSTANT
from lto_sim.errors import InputError
from lto_sim.exact.warburg import (
    charge_transfer_resistance,
    diffusion_resistance,
    finite_length,
    finite_space,
    randles,
    semi_infinite,
)
from lto_sim.exact.well_mixed import exchange_current_density, overpotential

R, LENGTH, D = 40.0, 3e-7, 1e-15
RATE = D / LENGTH**2 / (2.0 * math.pi)
"""Frequency at which |q| = 1 [Hz]."""
GEOMETRIES = {"slab": 1, "cylinder": 2, "sphere": 3}
WIDE = np.logspace(-9, 9, 181)

per_geometry = pytest.mark.parametrize(("geometry", "d"), GEOMETRIES.items())


def bessel(q: complex, d: int) -> complex:
    return complex(special.ive(0.5 * d - 1.0, q) / (q * special.ive(0.5 * d, q)))


def q_of(frequency: np.ndarray) -> np.ndarray:
    return np.sqrt(1j * frequency / RATE)


@per_geometry
def test_finite_space_is_the_ratio_of_bessel_functions(geometry, d):
    frequency = RATE * np.square([0.3, 1.0, 4.0, 12.0, 29.9, 30.1, 100.0, 900.0])
    expected = np.array([R * bessel(complex(q), d) for q in q_of(frequency)])
    found = finite_space(frequency, R, LENGTH, D, geometry)
    assert found.real == pytest.approx(expected.real, rel=1e-12)
    assert found.imag == pytest.approx(expected.imag, rel=1e-12)


def test_slab_and_sphere_are_hyperbolic():
    for turn in (0.5, 3.0, 20.0, 200.0):
        q = cmath.sqrt(1j * turn)
        slab, held = finite_space(RATE * turn, R, LENGTH, D), finite_length(RATE * turn, R, LENGTH, D)
        assert complex(slab) == pytest.approx(R / (q * cmath.tanh(q)), rel=1e-13)
        assert complex(held) == pytest.approx(R * cmath.tanh(q) / q, rel=1e-13)
        sphere = finite_space(RATE * turn, R, LENGTH, D, "sphere")
        assert complex(sphere) == pytest.approx(R / (q / cmath.tanh(q) - 1.0), rel=1e-12)


@per_geometry
def test_low_frequency_is_a_resistance_and_the_capacity_of_the_particle(geometry, d):
    # R_W/3, R_W/4, R_W/5 in series with F dc V |dx/dE|
    slope, concentration, area = -0.3, 2.2e4, 5e-14
    volume = area * LENGTH / d
    resistance = diffusion_resistance(slope, LENGTH, D, concentration, area)
    frequency = RATE * np.array([1e-12, 1e-9, 1e-5])
    found = finite_space(frequency, resistance, LENGTH, D, geometry)
    assert found.real == pytest.approx(resistance / (d + 2.0), rel=1e-9)
    capacity = FARADAY * concentration * volume / abs(slope)
    assert -1.0 / (2.0 * math.pi * frequency * found.imag) == pytest.approx(capacity, rel=1e-9)


def test_next_orders_of_the_low_frequency():
    # coth(q)/q = 1/q^2 + 1/3 - q^2/45 + 2 q^4/945, tanh(q)/q = 1 - q^2/3 + 2 q^4/15 with q^2 = i y
    y = 1e-3
    blocked, held = finite_space(RATE * y, R, LENGTH, D), finite_length(RATE * y, R, LENGTH, D)
    assert blocked.real / R == pytest.approx(1.0 / 3.0 - 2.0 * y**2 / 945.0, rel=1e-14)
    assert blocked.imag / R == pytest.approx(-1.0 / y - y / 45.0, rel=1e-14)
    assert held.real / R == pytest.approx(1.0 - 2.0 * y**2 / 15.0, rel=1e-11)
    assert held.imag / R == pytest.approx(-y / 3.0, rel=1e-6)


def test_high_frequency_is_semi_infinite():
    frequency = RATE * np.logspace(3, 14, 12)
    q, endless = q_of(frequency), semi_infinite(frequency, R, LENGTH, D)
    assert endless == pytest.approx(R * (1.0 - 1.0j) / np.sqrt(2.0 * frequency / RATE), rel=1e-13)
    assert finite_space(frequency, R, LENGTH, D) == pytest.approx(endless, rel=1e-13)
    assert finite_length(frequency, R, LENGTH, D) == pytest.approx(endless, rel=1e-13)
    curved = finite_space(frequency, R, LENGTH, D, "sphere")
    assert curved == pytest.approx(endless / (1.0 - 1.0 / q), rel=1e-13)
    curved = finite_space(frequency, R, LENGTH, D, "cylinder")
    series = 1.0 - 1.0 / (2.0 * q) - 1.0 / (8.0 * q**2) - 1.0 / (8.0 * q**3) - 25.0 / (128.0 * q**4)
    assert curved == pytest.approx(endless / series, rel=1e-7)
    assert curved[2:] == pytest.approx((endless / series)[2:], rel=1e-12)


def test_length_drops_out_of_the_semi_infinite():
    one = semi_infinite(WIDE, 1.0, 1.0, D)
    assert semi_infinite(WIDE, 1e-7, 1e-7, D) == pytest.approx(one, rel=1e-13)


@per_geometry
@pytest.mark.parametrize(("length", "diffusivity"), [(1e-9, 1e-5), (1e-7, 1e-16), (1e-4, 1e-22)])
def test_all_frequencies_are_finite_and_passive(geometry, d, length, diffusivity):
    for found in (
        finite_space(WIDE, R, length, diffusivity, geometry),
        finite_length(WIDE, R, length, diffusivity),
        semi_infinite(WIDE, R, length, diffusivity),
    ):
        assert found.shape == WIDE.shape
        assert np.all(np.isfinite(found))
        assert np.all(found.real > 0.0)
        assert np.all(found.imag < 0.0)
        assert np.all(np.diff(found.real) <= 1e-14 * R)


def test_diffusion_resistance_by_hand():
    assert diffusion_resistance(-0.5, 2.0, 4.0, 1.0 / FARADAY, 0.125) == pytest.approx(2.0, rel=1e-14)


def test_charge_transfer_resistance_is_the_slope_of_butler_volmer():
    exchange = float(exchange_current_density(0.3, 1e-9, 2.2e4, 0.4))
    slope = float(overpotential(1e-6 * exchange, exchange, 310.0, 0.4)) / (1e-6 * exchange * 5e-14)
    assert charge_transfer_resistance(exchange, 5e-14, 310.0) == pytest.approx(slope, rel=1e-6)
    assert charge_transfer_resistance(2.0, 0.25, FARADAY / GAS_CONSTANT) == pytest.approx(2.0, rel=1e-14)


class TestRandles:
    def test_by_hand(self):
        found = randles(1.0 / (2.0 * math.pi), 1.0 - 1.0j, 1.0)
        assert complex(found) == pytest.approx(2.0 - 1.0j, rel=1e-14)
        # omega = 1: 1/(0.5j + 1/(1 + 1)) = 1 - 1j
        found = randles(1.0 / (2.0 * math.pi), 1.0 + 0.0j, 1.0, 0.5, 3.0)
        assert complex(found) == pytest.approx(4.0 - 1.0j, rel=1e-14)

    def test_limits(self):
        warburg = finite_space(WIDE, R, LENGTH, D)
        found = randles(WIDE, warburg, 70.0, 1e-6, 5.0)
        assert found[-1] == pytest.approx(5.0 - 1j / (2.0 * math.pi * 1e9 * 1e-6), rel=1e-6)
        slow = randles(WIDE[:3], warburg[:3], 70.0, 0.0, 5.0)
        assert slow.real == pytest.approx(5.0 + 70.0 + R / 3.0, rel=1e-6)

    def test_semicircle_of_charge_transfer(self):
        frequency = np.logspace(-3, 5, 50)
        found = randles(frequency, np.full(50, 1e-12), 70.0, 1e-3, 5.0)
        assert np.abs(found - (5.0 + 35.0)) == pytest.approx(35.0, rel=1e-12)


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: finite_space(0.0, R, LENGTH, D), "frequency"),
        (lambda: finite_space([1.0, math.inf], R, LENGTH, D), "frequency"),
        (lambda: finite_space(1.0, 0.0, LENGTH, D), "resistance"),
        (lambda: finite_space(1.0, R, LENGTH, D, "cube"), "geometry"),
        (lambda: finite_length(1.0, R, -LENGTH, D), "length"),
        (lambda: semi_infinite(1.0, R, LENGTH, 0.0), "diffusivity"),
        (lambda: diffusion_resistance(0.0, LENGTH, D, 2e4, 1e-14), "potential_slope"),
        (lambda: diffusion_resistance(1.0, LENGTH, D, 2e4, 0.0), "area"),
        (lambda: diffusion_resistance(1.0, LENGTH, D, -2e4, 1.0), "insertable_concentration"),
        (lambda: charge_transfer_resistance(0.0, 1.0, 300.0), "exchange_current_density"),
        (lambda: charge_transfer_resistance(1.0, 1.0, -1.0), "temperature"),
        (lambda: randles(1.0, -1.0 + 0.0j, 1.0), "diffusion_impedance"),
        (lambda: randles(1.0, complex(math.nan, 0.0), 1.0), "diffusion_impedance"),
        (lambda: randles([1.0, 2.0], [1.0, 1.0, 1.0], 1.0), "diffusion_impedance"),
        (lambda: randles(1.0, "much", 1.0), "diffusion_impedance"),
        (lambda: randles(1.0, 1.0, -1.0), "charge_transfer_resistance"),
        (lambda: randles(1.0, 1.0, 1.0, -1.0), "double_layer_capacitance"),
        (lambda: randles(1.0, 1.0, 1.0, 0.0, math.inf), "series_resistance"),
    ],
)
def test_bad_input(call, field):
    with pytest.raises(InputError) as error:
        call()
    assert error.value.field == field
    assert "\n" not in str(error.value)
