"""Cylinder around a line source: table, own residual, balances of the profile, bad input."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import integrate, special

from lto_sim.errors import InputError
from lto_sim.exact import line_source
from lto_sim.exact.line_source import LineSource

INSERTION = LineSource(2e-15, 1e-16, 5e-15, 0.95, 0.05, 0.01)
EXTRACTION = LineSource(-4e-15, 5e-15, 1e-16, 0.05, 0.95, 1.0)
SATURATED = LineSource(4.0 * math.pi * 0.1 * 0.5 * 1e-15, 1e-15, 1e-15, 0.75, 0.25, 0.25)
SOURCES = [INSERTION, EXTRACTION, SATURATED]
TIME = 20.0


def assert_root_within(growth: float, q: float, B: float, phi: float, relative: float) -> None:
    """The balance falls with lambda, so a change of sign within the interval proves the accuracy."""
    assert line_source.residual(growth * (1.0 - relative), q, B, phi) > 0.0
    assert line_source.residual(growth * (1.0 + relative), q, B, phi) < 0.0


def test_table():
    assert line_source.growth_parameter(0.1) == pytest.approx(0.30212005, abs=1e-8)
    assert line_source.growth_parameter(0.5, 0.2, 1.0) == pytest.approx(0.49418464, abs=1e-8)


@given(
    q=st.floats(-4.0, 3.0).map(lambda exponent: 10.0**exponent),
    B=st.floats(0.0, 2.0),
    phi=st.floats(-2.0, 6.0).map(lambda exponent: 10.0**exponent),
)
@example(q=1e3, B=2.0, phi=1e6)
@example(q=1e-4, B=0.0, phi=1.0)
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
def test_root_over_a_wide_range(q, B, phi):
    try:
        growth = line_source.growth_parameter(q, B, phi)
    except InputError:
        assert B / (phi * q) > 1000.0  # lambda of about exp(-B/(2 phi q)): the parent drains the source
        return
    assert_root_within(growth, q, B, phi, 2e-12)


@pytest.mark.parametrize("q", [0.05, 0.5, 5.0])
@pytest.mark.parametrize("B", [0.05, 0.5])
@pytest.mark.parametrize("phi", [0.1, 1.0, 30.0])
def test_solves_the_textbook_equation(q, B, phi):
    square = line_source.growth_parameter(q, B, phi) ** 2
    drain = B / phi * math.exp(-square * phi) / special.exp1(square * phi)
    assert square == pytest.approx(q * math.exp(-square) - drain, rel=1e-11, abs=1e-13)


def test_scaled_integral_is_smooth_where_the_series_takes_over():
    # exp(z) E1(z) = continued fraction 1/(z + 1/(1 + 1/(z + 2/(1 + 2/(z + ...)))))
    for z in (49.999, 50.0, 50.001, 300.0, 1e6):
        tail = z
        for order in range(60, 0, -1):
            tail = z + order / (1.0 + order / tail)
        found = line_source._scaled_exponential_integral(np.asarray(z))
        assert float(found) == pytest.approx(1.0 / tail, rel=1e-14)


def test_fast_growing_phase_sees_a_wider_gap():
    # phi -> infinity: exp(-z)/E1(z) -> z, and B only widens the gap: q/(1 + B)
    assert line_source.growth_parameter(0.5, 0.25, 1e13) == pytest.approx(
        line_source.growth_parameter(0.5 / 1.25), rel=1e-11
    )


@pytest.mark.parametrize("source", SOURCES)
def test_composition_obeys_the_radial_diffusion_equation(source):
    R = float(source.exact(TIME))
    reach = np.sqrt(source.diffusivity_parent * TIME)
    inside, outside = R * np.array([0.3, 0.6, 0.9]), R + reach * np.array([0.3, 1.0, 2.0])
    for D, radii, width in (
        (source.diffusivity_growing, inside, R),
        (source.diffusivity_parent, outside, reach),
    ):
        h, tau = 0.005 * min(width, R), 1e-4 * TIME
        c = source.composition(radii + np.arange(-2, 3)[:, None] * h, TIME)
        second = np.array([-1.0, 16.0, -30.0, 16.0, -1.0]) @ c / (12.0 * h**2)
        slope = np.array([1.0, -8.0, 0.0, 8.0, -1.0]) @ c / (12.0 * h)
        first = (source.composition(radii, TIME + tau) - source.composition(radii, TIME - tau)) / (2.0 * tau)
        assert first == pytest.approx(D * (second + slope / radii), rel=2e-5, abs=1e-8)


@pytest.mark.parametrize("source", SOURCES)
def test_lithium_fed_is_lithium_stored(source):
    R = float(source.exact(TIME))
    end = R + 14.0 * np.sqrt(source.diffusivity_parent * TIME)

    def ring(fraction: float, low: float, high: float) -> float:
        radius = low + fraction * (high - low)
        return 2.0 * math.pi * radius * (float(source.composition(radius, TIME)) - source.x_start)

    stored = 0.0
    for low, high in ((0.0, R), (R * (1.0 + 1e-15), end)):
        scale = high * (high - low)
        part = integrate.quad(
            lambda f, low=low, high=high: ring(f, low, high) / high,
            0.0,
            1.0,
            epsabs=1e-13,
            epsrel=1e-12,
            limit=200,
        )[0]
        stored += part * scale
    assert stored == pytest.approx(source.strength * TIME, rel=1e-8)


@pytest.mark.parametrize("source", SOURCES)
def test_edges_of_the_front_and_far_field(source):
    R = float(source.exact(TIME))
    assert float(source.composition(R * (1.0 - 1e-12), TIME)) == pytest.approx(
        source.x_growing_edge, abs=1e-10
    )
    assert float(source.composition(R * (1.0 + 1e-12), TIME)) == pytest.approx(
        source.x_parent_edge, abs=1e-10
    )
    assert float(source.composition(1.0, TIME)) == source.x_start
    assert float(source.composition(R, TIME)) == pytest.approx(source.x_growing_edge, abs=1e-13)


def test_source_strength_of_the_table():
    assert pytest.approx(0.1, rel=1e-14) == SATURATED.source
    assert pytest.approx(0.30212005, abs=1e-8) == SATURATED.growth_parameter
    assert pytest.approx(0.02) == INSERTION.diffusivity_ratio
    assert pytest.approx(0.05 / 0.9) == EXTRACTION.undersaturation


@pytest.mark.parametrize(
    "change",
    [
        {"strength": 0.0},
        {"strength": -1e-16},
        {"strength": float("inf")},
        {"x_growing_edge": 0.05},
        {"x_start": 0.5},
        {"x_parent_edge": -0.1},
        {"diffusivity_growing": 0.0},
        {"diffusivity_parent": float("nan")},
    ],
)
def test_inconsistent_sources_are_refused(change):
    with pytest.raises(InputError) as error:
        dataclasses.replace(INSERTION, **change)
    assert next(iter(change)) in error.value.field
    assert "\n" not in str(error.value)


def test_bad_arguments_are_named():
    with pytest.raises(InputError, match=r"^source: got 0"):
        line_source.growth_parameter(0.0)
    with pytest.raises(InputError, match=r"^source: .*strengthen"):
        line_source.growth_parameter(1e-6, 10.0, 1e-3)
    with pytest.raises(InputError, match=r"^radius: "):
        INSERTION.composition(0.0, 1.0)
    with pytest.raises(InputError, match=r"^time: "):
        INSERTION.composition(1e-9, 0.0)
