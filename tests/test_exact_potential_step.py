"""Steps of surface and flux: against a spectral solution, images, limits and their own balances."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, linalg, special

from lto_sim.constants import FARADAY
from lto_sim.errors import InputError
from lto_sim.exact.potential_step import (
    ConstantFlux,
    FiniteDiffusion,
    cottrell_charge,
    cottrell_current_density,
)

LENGTH, D = 2e-7, 3e-16
UNIT_TIME = LENGTH**2 / D
UNIT_FLUX = D / LENGTH
GEOMETRIES = {"slab": 1, "cylinder": 2, "sphere": 3}
FIRST_MODE = {"slab": math.pi / 2.0, "cylinder": 2.404825557695773, "sphere": math.pi}
EARLY_TO_LATE = np.concatenate([np.geomspace(1e-8, 10.0, 60), [0.0099, 0.0101, 0.0199, 0.0201, 0.099, 0.101]])

per_geometry = pytest.mark.parametrize(("geometry", "d"), GEOMETRIES.items())


def spectral_excess(tau, d, degree=60):
    """Mean and rate of the mean of v = x - 1, v(tau = 0) = -1, by a Galerkin method and a matrix exponential.

    v is a polynomial of r, 1 - r times a Legendre series, so that it vanishes at the surface r = 1.
    """
    nodes, weights = np.polynomial.legendre.leggauss(degree + 4)
    r, unit = 0.5 * (nodes + 1.0), np.eye(degree + 1)
    series = np.polynomial.legendre.legvander(nodes, degree)
    slopes = [2.0 * np.polynomial.legendre.legval(nodes, np.polynomial.legendre.legder(u)) for u in unit]
    basis = series * (1.0 - r)[:, None]
    slope = np.stack(slopes, axis=1) * (1.0 - r)[:, None] - series
    volume = 0.5 * weights * r ** (d - 1)
    mass, stiffness = basis.T @ (volume[:, None] * basis), slope.T @ (volume[:, None] * slope)
    rates, modes = linalg.eigh(stiffness, mass)
    terms = -d * np.square(modes.T @ (basis.T @ volume)) * np.exp(-np.multiply.outer(tau, rates))
    return terms.sum(axis=-1), -(rates * terms).sum(axis=-1)


class TestCottrell:
    def test_hand_computed_values(self):
        # D t/pi = 1 m2 with F dc Dx = 5 F: charge 2 * 5 F, current half of it over t
        t = math.pi / 1e-16
        assert float(cottrell_charge(t, 1e-4, 1e-16, 5e4)) == pytest.approx(10.0 * FARADAY, rel=1e-14)
        assert float(cottrell_current_density(t, 1e-4, 1e-16, 5e4)) == pytest.approx(
            5.0 * FARADAY / t, rel=1e-14
        )

    def test_current_is_the_rate_of_the_charge(self):
        t = np.geomspace(1e-3, 1e4, 8)
        charge = [cottrell_charge(t * (1.0 + h), -0.02, D, 2e4) for h in (-1e-4, 1e-4)]
        rate = (charge[1] - charge[0]) / (2e-4 * t)
        assert cottrell_current_density(t, -0.02, D, 2e4) == pytest.approx(rate, rel=1e-8)
        assert float(cottrell_charge(0.0, 0.1, D, 2e4)) == 0.0

    def test_bad_input(self):
        for arguments, field in (
            ((0.0, 0.1, D, 2e4), "time"),
            ((1.0, math.nan, D, 2e4), "step"),
            ((1.0, 0.1, 0.0, 2e4), "diffusivity"),
            ((1.0, 0.1, D, -1.0), "insertable_concentration"),
        ):
            with pytest.raises(InputError) as error:
                cottrell_current_density(*arguments)
            assert error.value.field == field


class TestFiniteDiffusion:
    @per_geometry
    def test_agrees_with_a_spectral_solution(self, geometry, d):
        tau = np.array([0.004, 0.009999, 0.010001, 0.03, 0.3, 1.0])
        mean, rate = spectral_excess(tau, d)
        particle = FiniteDiffusion(geometry, LENGTH, D)
        assert particle.uptake(tau * UNIT_TIME) == pytest.approx(1.0 + mean, rel=1e-9)
        assert particle.flux(tau * UNIT_TIME) == pytest.approx(UNIT_FLUX * rate / d, rel=1e-7)

    def test_slab_and_sphere_agree_with_images_at_all_times(self):
        tau = EARLY_TO_LATE
        images, root = np.arange(1.0, 25.0)[:, None], np.sqrt(tau)
        sphere = 1.0 / math.sqrt(math.pi) + 2.0 * _ierfc(images / root).sum(axis=0)
        slab = 1.0 / math.sqrt(math.pi) + 2.0 * ((-1.0) ** images * _ierfc(images / root)).sum(axis=0)
        found = FiniteDiffusion("sphere", LENGTH, D).uptake(tau * UNIT_TIME)
        assert found == pytest.approx(6.0 * root * sphere - 3.0 * tau, rel=1e-11)
        found = FiniteDiffusion("slab", LENGTH, D).uptake(tau * UNIT_TIME)
        assert found == pytest.approx(2.0 * root * slab, rel=1e-11)

    def test_cylinder_agrees_with_many_modes(self):
        tau, squares = np.geomspace(1e-4, 10.0, 30), np.square(special.jn_zeros(0, 250))
        decay = np.exp(-np.multiply.outer(tau, squares))
        particle = FiniteDiffusion("cylinder", LENGTH, D)
        assert particle.flux(tau * UNIT_TIME) == pytest.approx(2.0 * UNIT_FLUX * decay.sum(1), rel=1e-11)
        uptake = 1.0 - 4.0 * (decay / squares).sum(1)
        assert particle.uptake(tau * UNIT_TIME) == pytest.approx(uptake, rel=1e-11)

    def test_cylinder_starts_with_the_three_terms_of_the_textbook(self):
        # 4 sqrt(tau/pi) - tau - tau^(3/2)/(3 sqrt(pi)); the next term is -tau^2/8
        tau = np.geomspace(1e-8, 1e-5, 10)
        expected = 4.0 * np.sqrt(tau / math.pi) - tau - tau**1.5 / (3.0 * math.sqrt(math.pi)) - tau**2 / 8.0
        found = FiniteDiffusion("cylinder", LENGTH, D).uptake(tau * UNIT_TIME)
        assert found == pytest.approx(expected, rel=1e-10)

    def test_slab_is_cottrell_at_first(self):
        t = np.geomspace(1e-8, 0.03, 40) * UNIT_TIME
        slab = FiniteDiffusion("slab", LENGTH, D)
        current = FARADAY * 2e4 * 0.02 * slab.flux(t)
        assert current == pytest.approx(cottrell_current_density(t, 0.02, D, 2e4), rel=1e-12)
        charge = FARADAY * 2e4 * 0.02 * LENGTH * slab.uptake(t)
        assert charge == pytest.approx(cottrell_charge(t, 0.02, D, 2e4), rel=1e-12)

    @per_geometry
    def test_ends_in_one_exponential(self, geometry, d):
        particle, tau, mode = FiniteDiffusion(geometry, LENGTH, D), np.array([2.0, 3.0]), FIRST_MODE[geometry]
        decay = np.exp(-(mode**2) * tau)
        assert particle.flux(tau * UNIT_TIME) == pytest.approx(2.0 * UNIT_FLUX * decay, rel=1e-12)
        left = 1.0 - particle.uptake(tau * UNIT_TIME)
        assert left == pytest.approx(2.0 * d * decay / mode**2, rel=1e-3, abs=1e-15)

    @per_geometry
    def test_flux_is_the_rate_of_the_uptake(self, geometry, d):
        particle, t, h = FiniteDiffusion(geometry, LENGTH, D), np.geomspace(1e-6, 0.5, 20) * UNIT_TIME, 1e-4
        rate = (particle.uptake(t * (1.0 + h)) - particle.uptake(t * (1.0 - h))) / (2.0 * h * t)
        assert particle.flux(t) == pytest.approx(LENGTH / d * rate, rel=1e-7)
        assert float(particle.uptake(0.0)) == 0.0

    def test_composition_is_that_of_images_and_modes(self):
        slab, y = FiniteDiffusion("slab", LENGTH, D), np.array([0.0, 0.3, 0.8, 1.0])[:, None]
        tau = np.array([0.01, 0.05, 0.0999, 0.1001, 0.3, 2.0])
        modes = ((np.arange(60.0) + 0.5) * math.pi)[:, None, None]
        expected = 1.0 - 2.0 * (np.sin(modes * y) / modes * np.exp(-(modes**2) * tau)).sum(axis=0)
        found = slab.composition(y * LENGTH, tau * UNIT_TIME)
        assert found.shape == (4, 6)
        assert found == pytest.approx(expected, abs=1e-14)
        early = slab.composition(0.5 * LENGTH, 1e-3 * UNIT_TIME)
        assert float(early) == pytest.approx(special.erfc(0.25 / math.sqrt(1e-3)), rel=1e-12)

    @pytest.mark.parametrize("tau", [0.02, 0.15, 0.8])
    def test_uptake_is_the_mean_of_the_composition(self, tau):
        slab, t = FiniteDiffusion("slab", LENGTH, D), tau * UNIT_TIME
        mean = integrate.quad(lambda y: float(slab.composition(y * LENGTH, t)), 0.0, 1.0, epsabs=1e-13)[0]
        assert float(slab.uptake(t)) == pytest.approx(mean, rel=1e-11)

    def test_bad_input(self):
        slab = FiniteDiffusion("slab", LENGTH, D)
        for call, field in (
            (lambda: FiniteDiffusion("cube", LENGTH, D), "geometry"),
            (lambda: FiniteDiffusion("slab", 0.0, D), "length"),
            (lambda: FiniteDiffusion("slab", LENGTH, math.inf), "diffusivity"),
            (lambda: slab.uptake(-1.0), "time"),
            (lambda: slab.flux(0.0), "time"),
            (lambda: slab.composition(0.0, 0.0), "time"),
            (lambda: slab.composition(1.01 * LENGTH, 1.0), "position"),
            (lambda: FiniteDiffusion("sphere", LENGTH, D).composition(0.0, 1.0), "geometry"),
        ):
            with pytest.raises(InputError) as error:
                call()
            assert error.value.field == field


def _ierfc(z):
    return np.exp(-z * z) / math.sqrt(math.pi) - z * special.erfc(z)


class TestConstantFlux:
    pulse = ConstantFlux(LENGTH, D, 1e-11)
    scale = 1e-11 / UNIT_FLUX

    def test_surface_follows_the_square_root_at_first(self):
        t = np.geomspace(1e-8, 0.03, 30) * UNIT_TIME
        assert self.pulse.surface(t) == pytest.approx(2e-11 * np.sqrt(t / (math.pi * D)), rel=1e-12)
        assert float(self.pulse.surface(0.0)) == 0.0

    def test_surface_runs_ahead_of_the_mean_by_a_third_at_last(self):
        t = np.array([3.0, 30.0]) * UNIT_TIME
        assert self.pulse.surface(t) - self.pulse.mean(t) == pytest.approx(self.scale / 3.0, rel=1e-11)
        behind = self.pulse.mean(t) - self.pulse.composition(LENGTH, t)
        assert behind == pytest.approx(self.scale / 6.0, rel=1e-11)

    def test_agrees_with_many_modes(self):
        y, tau = np.array([0.0, 0.25, 1.0])[:, None], np.array([0.01, 0.0999, 0.1001, 0.4])
        modes = (np.arange(1.0, 80.0) * math.pi)[:, None, None]
        waves = (np.cos(modes * y) * np.exp(-(modes**2) * tau) / modes**2).sum(axis=0)
        expected = tau + 0.5 * (1.0 - y) ** 2 - 1.0 / 6.0 - 2.0 * waves
        found = self.pulse.composition(y * LENGTH, tau * UNIT_TIME)
        assert found == pytest.approx(self.scale * expected, abs=1e-14 * self.scale)

    def test_its_rate_is_the_flux_that_a_held_surface_draws(self):
        # Duhamel: the response to a unit flux, convolved with the flux of a unit step, is the unit step
        slab, t = FiniteDiffusion("slab", LENGTH, D), 0.3 * UNIT_TIME

        def product(root: float) -> float:
            return float(self.pulse.surface(t - root**2)) * float(slab.flux(root**2)) * 2.0 * root

        convolved = integrate.quad(product, 1e-9, math.sqrt(t), epsrel=1e-10, limit=200)[0]
        assert convolved == pytest.approx(1e-11 * t, rel=1e-6)

    @pytest.mark.parametrize("tau", [0.004, 0.06, 0.5])
    def test_mean_is_the_mean_of_the_composition(self, tau):
        t = tau * UNIT_TIME
        profile = integrate.quad(
            lambda y: float(self.pulse.composition(y * LENGTH, t)), 0.0, 1.0, epsabs=1e-15, epsrel=1e-12
        )[0]
        assert profile == pytest.approx(float(self.pulse.mean(t)), rel=1e-10)

    def test_extraction_is_the_mirror_image(self):
        mirror = ConstantFlux(LENGTH, D, -1e-11)
        assert mirror.surface([1.0, 100.0]).tolist() == (-self.pulse.surface([1.0, 100.0])).tolist()

    def test_bad_input(self):
        for call, field in (
            (lambda: ConstantFlux(-1.0, D, 1e-11), "length"),
            (lambda: ConstantFlux(LENGTH, 0.0, 1e-11), "diffusivity"),
            (lambda: ConstantFlux(LENGTH, D, math.nan), "flux"),
            (lambda: self.pulse.surface(-1.0), "time"),
            (lambda: self.pulse.composition(2.0 * LENGTH, 1.0), "position"),
        ):
            with pytest.raises(InputError) as error:
                call()
            assert error.value.field == field
