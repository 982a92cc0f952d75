"""Wagner's growth parameter: published table, own residual over a wide range, limits, inverses, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import special

from lto_sim.errors import InputError
from lto_sim.exact import wagner

TABLE = [
    (0.10, 0.0, 1.0, 0.2200162727),
    (0.50, 0.0, 1.0, 0.4647859206),
    (1.00, 0.0, 1.0, 0.6200626333),
    (0.10, 0.1, 0.01, 0.0770721842),
    (0.10, 0.1, 1.0, 0.1891336321),
    (0.50, 0.1, 0.01, 0.2766334734),
    (0.50, 0.1, 1.0, 0.4287777326),
    (0.50, 0.1, 100.0, 0.4453595314),
]
EXCESS = st.floats(-6.0, 3.0).map(lambda exponent: 10.0**exponent)
UNDERSATURATION = st.floats(0.0, 10.0)
RATIO = st.floats(-6.0, 6.0).map(lambda exponent: 10.0**exponent)


def plain_balance(gamma: float, A: float, B: float, phi: float) -> tuple[float, float]:
    """Both sides of the textbook equation, drain on the side of the moving front."""
    drain = B / (math.sqrt(phi) * special.erfcx(gamma * math.sqrt(phi)))
    return A * math.exp(-gamma * gamma) / math.erf(gamma), math.sqrt(math.pi) * gamma + drain


def assert_root_within(gamma: float, A: float, B: float, phi: float, relative: float) -> None:
    """The balance falls with gamma, so a change of sign within the interval proves the accuracy."""
    assert wagner.residual(gamma * (1.0 - relative), A, B, phi) > 0.0
    assert wagner.residual(gamma * (1.0 + relative), A, B, phi) < 0.0


@pytest.mark.parametrize(("A", "B", "phi", "gamma"), TABLE)
def test_table(A, B, phi, gamma):
    assert wagner.growth_parameter(A, B, phi) == pytest.approx(gamma, abs=1e-10)


@given(A=EXCESS, B=UNDERSATURATION, phi=RATIO)
@example(A=1e-6, B=10.0, phi=1e-6)
@example(A=1e3, B=10.0, phi=1e6)
@example(A=1e3, B=0.0, phi=1.0)
@settings(max_examples=200, deadline=None, derandomize=True, database=None)
def test_solves_the_textbook_equation(A, B, phi):
    gamma = wagner.growth_parameter(A, B, phi)
    arrives, used = plain_balance(gamma, A, B, phi)
    assert arrives == pytest.approx(used, rel=2e-11)
    assert_root_within(gamma, A, B, phi, 1e-12)


@pytest.mark.parametrize("A", [1e-12, 1e-6, 1.0, 1e3, 1e200])
@pytest.mark.parametrize("B", [0.0, 1e-12, 1e3, 1e60, 1e200])
@pytest.mark.parametrize("phi", [1e-6, 1.0, 1e6])
def test_root_far_outside_the_usual_range(A, B, phi):
    assert_root_within(wagner.growth_parameter(A, B, phi), A, B, phi, 1e-12)


def test_small_excess_gives_half_of_it_with_its_next_order():
    for A in (1e-6, 1e-4, 1e-3):
        # sqrt(pi) g exp(g^2) erf(g) = 2 g^2 (1 + 2 g^2/3 + ...) = A
        assert wagner.growth_parameter(A) ** 2 == pytest.approx(0.5 * A * (1.0 - A / 3.0), rel=A * A)
        assert wagner.rate_constant(3e-16, A) == pytest.approx(3e-16 * A, rel=A)


def test_huge_undersaturation_leaves_a_drained_front():
    A, B, phi = 0.1, 1e8, 0.01
    assert wagner.growth_parameter(A, B, phi) == pytest.approx(
        0.5 * A * math.sqrt(math.pi * phi) / B, rel=1e-7
    )


def test_fast_growing_phase_sees_a_wider_gap():
    # phi -> infinity: erfcx(z) -> 1/(sqrt(pi) z), and B only widens the gap: A/(1 + B)
    assert wagner.growth_parameter(0.5, 0.25, 1e12) == pytest.approx(
        wagner.growth_parameter(0.5 / 1.25), rel=1e-11
    )


def test_undersaturation_drains_eightfold_on_insertion():
    drained = wagner.rate_constant(1e-16, 0.1, 0.1, 0.01)
    assert wagner.rate_constant(1e-16, 0.1) / drained == pytest.approx(8.149, abs=1e-3)


@given(A=EXCESS, B=UNDERSATURATION, phi=RATIO, exponent=st.floats(-22.0, -10.0))
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
def test_both_inverses_return_the_diffusivity(A, B, phi, exponent):
    D = 10.0**exponent
    k = wagner.rate_constant(D, A, B, phi)
    assert wagner.diffusivity(k, A, B, phi) == pytest.approx(D, rel=1e-13)
    assert wagner.diffusivity_given_parent(k, A, B, D / phi) == pytest.approx(D, rel=1e-10)


def test_arrays_follow_scalars():
    D = np.array([1e-17, 1e-16, 1e-15])
    A = np.array([0.05, 0.1, 0.2])
    k = wagner.rate_constant(D, A, 0.1, 100.0)
    assert k == pytest.approx([wagner.rate_constant(*row, 0.1, 100.0) for row in zip(D, A, strict=True)])
    assert wagner.diffusivity(k, A, 0.1, 100.0) == pytest.approx(D, rel=1e-13)
    assert wagner.diffusivity_given_parent(k, A, 0.1, D / 100.0) == pytest.approx(D, rel=1e-12)
    assert wagner.growth_parameter(A[:, None], np.array([0.0, 0.1])).shape == (3, 2)
    assert type(wagner.rate_constant(1e-16, 0.1)) is float


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ((0.0,), "excess"),
        ((-0.1,), "excess"),
        ((math.nan,), "excess"),
        ((math.inf,), "excess"),
        (("much",), "excess"),
        ((0.1, -0.1), "undersaturation"),
        ((0.1, math.inf), "undersaturation"),
        ((0.1, 0.1, 0.0), "diffusivity_ratio"),
        ((1e-200, 1e200), "excess"),
    ],
)
def test_bad_input_is_one_line(arguments, field):
    with pytest.raises(InputError) as error:
        wagner.growth_parameter(*arguments)
    assert error.value.field == field
    assert "\n" not in str(error.value)


def test_bad_rates_are_named():
    with pytest.raises(InputError, match=r"^rate_constant: got -1"):
        wagner.diffusivity(-1.0, 0.1)
    with pytest.raises(InputError, match=r"^parent_diffusivity: got 0"):
        wagner.diffusivity_given_parent(1e-16, 0.1, 0.1, 0.0)
    with pytest.raises(InputError, match=r"^diffusivity: got nan"):
        wagner.rate_constant(math.nan, 0.1)
