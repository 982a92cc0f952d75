"""Step behind a linear surface law: against a spectral solution, its limits and its own balance."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import integrate, linalg, special

from lto_sim.errors import InputError
from lto_sim.exact.potential_step import FiniteDiffusion, LinearSurfaceLaw

LENGTH, D = 2e-7, 3e-16
UNIT_TIME = LENGTH**2 / D
UNIT_FLUX = D / LENGTH

per_biot = pytest.mark.parametrize("biot", [1e-9, 1e-3, 0.4, 7.0, 1e3, 1e9])


def law(biot: float) -> LinearSurfaceLaw:
    return LinearSurfaceLaw(LENGTH, D, biot * UNIT_FLUX)


def spectral_excess(tau, biot, degree=60):
    """Mean and rate of the mean of v = x - 1, v(tau = 0) = -1, by a Galerkin method and a matrix exponential.

    v is a Legendre series in 2 r - 1 with dv/dr = -biot v at r = 1; its mean is the first coefficient.
    """
    nodes, weights = np.polynomial.legendre.leggauss(degree + 2)
    unit = np.eye(degree + 1)
    slopes = [2.0 * np.polynomial.legendre.legval(nodes, np.polynomial.legendre.legder(u)) for u in unit]
    slope = np.stack(slopes, axis=1)
    stiffness = slope.T @ (0.5 * weights[:, None] * slope) + biot  # every polynomial is 1 at the surface
    mass = np.diag(1.0 / (2.0 * np.arange(degree + 1) + 1.0))
    rates, modes = linalg.eigh(stiffness, mass)
    terms = -np.square(modes[0]) * np.exp(-np.multiply.outer(tau, rates))
    return terms.sum(axis=-1), -(rates * terms).sum(axis=-1)


@pytest.mark.parametrize("biot", [1e-3, 0.4, 7.0, 1e3])
def test_agrees_with_a_spectral_solution(biot):
    tau = np.array([0.003, 0.01999, 0.02001, 0.1, 1.0])
    mean, rate = spectral_excess(tau, biot)
    assert law(biot).uptake(tau * UNIT_TIME) == pytest.approx(1.0 + mean, rel=1e-8, abs=1e-12)
    assert law(biot).flux(tau * UNIT_TIME) == pytest.approx(UNIT_FLUX * rate, rel=1e-7)


@per_biot
def test_uptake_is_the_integral_of_the_flux_at_all_times(biot):
    slab = law(biot)
    t = np.concatenate([np.geomspace(1e-8, 0.02, 7), [0.021, 0.1, 1.0]]) * UNIT_TIME
    for start, end in itertools.pairwise(t):
        # in sqrt(t), in which the flux of large Biot numbers is smooth
        grown = integrate.quad(
            lambda s: float(slab.flux(s * s)) * 2.0 * s,
            math.sqrt(start),
            math.sqrt(end),
            epsrel=1e-12,
            epsabs=0.0,
        )[0]
        change = float(slab.uptake(end)) - float(slab.uptake(start))
        assert change == pytest.approx(grown / LENGTH, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("biot", [1e-12, 1e-9])
def test_a_small_rate_is_a_well_mixed_slab(biot):
    t = np.array([0.001, 0.019, 0.021, 1.0, 10.0]) * UNIT_TIME
    assert law(biot).uptake(t) == pytest.approx(biot * t / UNIT_TIME, rel=1e-7)
    assert law(biot).flux(t) == pytest.approx(biot * UNIT_FLUX, rel=1e-7)
    late = np.array([0.5, 3.0]) / biot * UNIT_TIME
    assert law(biot).uptake(late) == pytest.approx(-np.expm1([-0.5, -3.0]), rel=1e-8)


def test_a_large_rate_is_a_surface_held_at_once():
    t = np.array([0.001, 0.019, 0.021, 0.3, 2.0]) * UNIT_TIME
    held = FiniteDiffusion("slab", LENGTH, D)
    assert law(1e12).uptake(t) == pytest.approx(held.uptake(t), rel=1e-10)
    assert law(1e12).flux(t) == pytest.approx(held.flux(t), rel=1e-10)


@per_biot
def test_starts_as_a_semi_infinite_particle(biot):
    t = np.geomspace(1e-8, 0.01, 9) * UNIT_TIME
    expected = biot * UNIT_FLUX * special.erfcx(biot * np.sqrt(t / UNIT_TIME))
    assert law(biot).flux(t) == pytest.approx(expected, rel=1e-12)
    assert float(law(biot).flux(0.0)) == pytest.approx(biot * UNIT_FLUX, rel=1e-14)
    assert float(law(biot).uptake(0.0)) == 0.0


def test_ends_in_one_exponential():
    # b tan b = Bi with b = 1
    slab, tau = law(math.tan(1.0)), np.array([2.0, 3.0])
    share = 2.0 * slab.biot / (1.0 + slab.biot**2 + slab.biot)
    expected = slab.contact_coefficient * share * np.exp(-tau)
    assert slab.flux(tau * UNIT_TIME) == pytest.approx(expected, rel=1e-8)
    left = 1.0 - slab.uptake(tau * UNIT_TIME)
    assert left == pytest.approx(slab.biot * share * np.exp(-tau), rel=1e-8)


def test_bad_input():
    for arguments, field in (
        ((0.0, D, 1e-9), "length"),
        ((LENGTH, -D, 1e-9), "diffusivity"),
        ((LENGTH, D, math.inf), "contact_coefficient"),
    ):
        with pytest.raises(InputError) as error:
            LinearSurfaceLaw(*arguments)
        assert error.value.field == field
    with pytest.raises(InputError, match=r"^time: "):
        law(1.0).flux(-1.0)
