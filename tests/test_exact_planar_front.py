"""Planar front: the profile satisfies the diffusion equations, the Stefan balance and the lithium balance."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import integrate, special

from lto_sim.constants import FARADAY
from lto_sim.errors import InputError
from lto_sim.exact.potential_step import cottrell_charge, cottrell_current_density
from lto_sim.exact.wagner import PlanarFront, growth_parameter, rate_constant

INSERTION = PlanarFront(2e-16, 1e-14, 1.0, 0.95, 0.05, 0.01)
EXTRACTION = PlanarFront(1e-14, 1e-16, 0.0, 0.05, 0.95, 1.0)
EQUAL = PlanarFront(1e-15, 1e-15, 0.9, 0.6, 0.2, 0.1)
SATURATED = PlanarFront(1e-15, 1e-15, 1.0, 0.75, 0.25, 0.25)
FRONTS = [INSERTION, EXTRACTION, EQUAL, SATURATED]
TIME = 30.0


def slope(front: PlanarFront, position: float, time: float, step: float) -> float:
    """One-sided derivative of the composition, fourth order; the sign of the step chooses the side."""
    weights = np.array([-25.0, 48.0, -36.0, 16.0, -3.0]) / 12.0
    points = position + step * np.arange(5)
    return float(weights @ front.composition(points, time) / step)


@pytest.mark.parametrize("front", FRONTS)
def test_composition_obeys_the_diffusion_equation(front):
    xi = float(front.front(TIME))
    reach = np.sqrt(front.diffusivity_parent * TIME)
    inside, outside = xi * np.array([0.2, 0.5, 0.8]), xi + reach * np.array([0.3, 1.0, 2.0])
    for D, points, width in (
        (front.diffusivity_growing, inside, xi),
        (front.diffusivity_parent, outside, reach),
    ):
        h, tau = 0.01 * width, 1e-4 * TIME
        offsets = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])[:, None] * h
        curvature = np.array([-1.0, 16.0, -30.0, 16.0, -1.0]) / 12.0
        second = curvature @ front.composition(points + offsets, TIME) / h**2
        first = (front.composition(points, TIME + tau) - front.composition(points, TIME - tau)) / (2.0 * tau)
        assert first == pytest.approx(D * second, rel=1e-5, abs=1e-10)


@pytest.mark.parametrize("front", FRONTS)
def test_front_moves_by_the_difference_of_the_fluxes(front):
    xi = float(front.front(TIME))
    h_parent = 0.005 * np.sqrt(front.diffusivity_parent * TIME)
    just_beyond = xi * (1.0 + 1e-12)
    from_contact = -front.diffusivity_growing * slope(front, xi, TIME, -0.005 * xi)
    into_parent = -front.diffusivity_parent * slope(front, just_beyond, TIME, h_parent)
    speed = 0.5 * xi / TIME
    assert front.gap * speed == pytest.approx(from_contact - into_parent, rel=1e-6)


@pytest.mark.parametrize("front", FRONTS)
def test_uptake_is_the_change_of_the_composition(front):
    xi = float(front.front(TIME))
    end = xi + 14.0 * np.sqrt(front.diffusivity_parent * TIME)

    def change(fraction: float, low: float, high: float) -> float:
        return float(front.composition(low + fraction * (high - low), TIME)) - front.x_start

    stored = 0.0
    for low, high in ((0.0, xi), (xi * (1.0 + 1e-15), end)):
        part = integrate.quad(change, 0.0, 1.0, args=(low, high), epsabs=1e-13, epsrel=1e-12, limit=200)[0]
        stored += part * (high - low)
    assert stored == pytest.approx(float(front.uptake(TIME)), rel=1e-8)


@pytest.mark.parametrize("front", FRONTS)
def test_flux_is_the_slope_at_the_contact_and_the_rate_of_the_uptake(front):
    xi = float(front.front(TIME))
    expected = -front.diffusivity_growing * slope(front, 0.0, TIME, 0.005 * xi)
    assert float(front.flux(TIME)) == pytest.approx(expected, rel=1e-6)
    rate = (front.uptake(TIME * 1.0001) - front.uptake(TIME * 0.9999)) / (0.0002 * TIME)
    assert float(front.flux(TIME)) == pytest.approx(float(rate), rel=1e-8)


@pytest.mark.parametrize("front", FRONTS)
def test_uptake_is_the_integral_of_the_flux(front):
    # in sqrt(t), in which the integrand is constant
    grown = integrate.quad(lambda s: 2.0 * s * float(front.flux(s * s)), 1e-9, np.sqrt(TIME), epsrel=1e-12)[0]
    assert float(front.uptake(TIME)) == pytest.approx(grown, rel=1e-8)


def test_flux_of_a_saturated_parent_is_a_closed_form_of_gamma():
    # A = sqrt(pi) gamma exp(gamma^2) erf(gamma): flux = gap gamma exp(gamma^2) sqrt(D/t)
    gap, gamma = 0.4, 0.5
    excess = np.sqrt(np.pi) * gamma * np.exp(gamma**2) * special.erf(gamma)
    front = PlanarFront(2e-16, 1e-15, 0.2 + gap * (1.0 + excess), 0.2 + gap, 0.2, 0.2)
    expected = gap * gamma * np.exp(gamma**2) * np.sqrt(2e-16 / TIME)
    assert float(front.flux(TIME)) == pytest.approx(expected, rel=1e-12)


def test_flux_across_a_vanishing_gap_is_cottrell():
    front = PlanarFront(2e-16, 2e-16, 0.8, 0.5, 0.5 - 1e-13, 0.3)
    current = FARADAY * 2e4 * front.flux([1.0, TIME])
    assert current == pytest.approx(cottrell_current_density([1.0, TIME], 0.5, 2e-16, 2e4), rel=1e-11)
    charge = FARADAY * 2e4 * front.uptake(TIME)
    assert float(charge) == pytest.approx(float(cottrell_charge(TIME, 0.5, 2e-16, 2e4)), rel=1e-11)


def test_sign_of_the_uptake_tells_the_direction():
    assert float(INSERTION.uptake(TIME)) > 0.0 > float(EXTRACTION.uptake(TIME))


@pytest.mark.parametrize("front", FRONTS)
def test_states_at_contact_edges_and_far_away(front):
    xi = float(front.front(TIME))
    assert float(front.composition(0.0, TIME)) == front.x_contact
    assert float(front.composition(xi, TIME)) == pytest.approx(front.x_growing_edge, abs=1e-13)
    assert float(front.composition(xi * (1.0 - 1e-12), TIME)) == pytest.approx(
        front.x_growing_edge, abs=1e-11
    )
    assert float(front.composition(xi * (1.0 + 1e-12), TIME)) == pytest.approx(front.x_parent_edge, abs=1e-11)
    assert float(front.composition(1.0, TIME)) == front.x_start


def test_parameters_are_the_ratios_of_the_states():
    assert pytest.approx(0.05 / 0.9) == INSERTION.excess
    assert pytest.approx(0.04 / 0.9) == INSERTION.undersaturation
    assert pytest.approx(0.02) == INSERTION.diffusivity_ratio
    assert pytest.approx(0.05 / 0.9) == EXTRACTION.undersaturation
    assert growth_parameter(0.5) == SATURATED.gamma
    assert rate_constant(1e-15, 0.5) == SATURATED.rate_constant


def test_mirrored_states_give_the_mirrored_front():
    mirror = PlanarFront(1e-15, 1e-15, 0.1, 0.4, 0.8, 0.9)
    position = np.linspace(0.0, 1e-6, 50)
    assert mirror.composition(position, TIME) == pytest.approx(
        1.0 - EQUAL.composition(position, TIME), abs=1e-13
    )
    assert float(mirror.exact(TIME)) == pytest.approx(float(EQUAL.exact(TIME)), rel=1e-13)


def test_front_is_parabolic_and_time_at_inverts_it():
    times = np.array([0.0, 1.0, 4.0, 100.0])
    assert np.square(INSERTION.exact(times)) == pytest.approx(
        2.0 * INSERTION.rate_constant * times, rel=1e-13
    )
    assert INSERTION.time_at(INSERTION.front(times)) == pytest.approx(times, rel=1e-13)
    assert float(INSERTION.uptake(0.0)) == 0.0


def test_stiff_ratio_of_diffusivities_stays_finite_everywhere():
    front = PlanarFront(1e-9, 1e-21, 1.0, 0.5, 0.4, 0.1)
    profile = front.composition(np.geomspace(1e-9, 1.0, 200), TIME)
    assert np.all(np.diff(profile) <= 0.0)
    assert profile[-1] == 0.1


@pytest.mark.parametrize(
    "change",
    [
        {"x_contact": 0.95},
        {"x_contact": 0.5},
        {"x_growing_edge": 0.04},
        {"x_parent_edge": 0.95},
        {"x_start": 0.06},
        {"x_start": -0.1},
        {"x_contact": 1.1},
        {"x_contact": float("nan")},
        {"diffusivity_growing": 0.0},
        {"diffusivity_parent": -1e-16},
    ],
)
def test_inconsistent_states_are_refused(change):
    with pytest.raises(InputError) as error:
        dataclasses.replace(INSERTION, **change)
    assert next(iter(change)) in error.value.field
    assert "\n" not in str(error.value)


def test_bad_times_and_positions_are_refused():
    for call in (
        lambda: INSERTION.front(-1.0),
        lambda: INSERTION.flux(0.0),
        lambda: INSERTION.composition(0.0, 0.0),
        lambda: INSERTION.front(float("nan")),
    ):
        with pytest.raises(InputError, match=r"^time: "):
            call()
    with pytest.raises(InputError, match=r"^position: got -1e-09"):
        INSERTION.composition([0.0, -1e-9], 1.0)
    with pytest.raises(InputError, match=r"^position: "):
        INSERTION.time_at("far")
