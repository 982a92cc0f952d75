"""Linear-parabolic law, surface-fed shell, thin lamella and ripple against their own balances and limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate

import lto_sim.exact
from lto_sim.errors import InputError
from lto_sim.exact import thin_lamella
from lto_sim.exact.linear_parabolic import LinearParabolic, linear_rate
from lto_sim.exact.ripple import amplitude
from lto_sim.exact.surface_shell import SurfaceFedShell

INFINITE = math.inf


def test_public_modules_are_listed():
    assert lto_sim.exact.__all__ == sorted(lto_sim.exact.__all__)
    assert all(hasattr(lto_sim.exact, name) for name in lto_sim.exact.__all__)


class TestLinearParabolic:
    law = LinearParabolic(rate_constant=1e-15, linear_rate=2e-9, start_time=3.0)

    def test_satisfies_the_quadratic_and_its_inverse(self):
        times = 3.0 + np.geomspace(1e-12, 1e6, 50)
        xi = self.law.exact(times)
        assert xi**2 / 2e-15 + xi / 2e-9 == pytest.approx(times - 3.0, rel=1e-12)
        assert self.law.time_at(xi) == pytest.approx(times, rel=1e-13)

    def test_hand_computed_value(self):
        # xi^2/2 + xi = 4: xi = 2
        law = LinearParabolic(1.0, 1.0)
        assert float(law.exact(4.0)) == pytest.approx(2.0, rel=1e-15)
        assert float(law.speed(4.0)) == pytest.approx(1.0 / 3.0, rel=1e-15)

    def test_early_linear_and_late_parabolic(self):
        assert float(self.law.exact(3.0 + 1e-6)) == pytest.approx(2e-15, rel=1e-8)
        assert float(self.law.exact(1e12)) == pytest.approx(math.sqrt(2e-15 * 1e12), rel=1e-4)

    def test_speed_is_the_derivative_of_the_position(self):
        times = 3.0 + np.array([0.1, 10.0, 1000.0])
        step = 1e-4 * (times - 3.0)
        rate = (self.law.exact(times + step) - self.law.exact(times - step)) / (2.0 * step)
        assert self.law.speed(times) == pytest.approx(rate, rel=1e-7)
        assert float(self.law.speed(3.0)) == pytest.approx(2e-9, rel=1e-15)

    def test_front_stands_before_the_start(self):
        assert self.law.exact([0.0, 3.0]).tolist() == [0.0, 0.0]
        assert self.law.speed([0.0, 2.9]).tolist() == [0.0, 0.0]

    def test_pure_laws(self):
        parabolic, linear = LinearParabolic(2e-16, INFINITE), LinearParabolic(INFINITE, 3e-9)
        times = np.array([0.0, 1.0, 100.0])
        assert parabolic.exact(times) == pytest.approx(np.sqrt(4e-16 * times), rel=1e-14)
        assert linear.exact(times) == pytest.approx(3e-9 * times, rel=1e-14)
        assert linear.speed(times) == pytest.approx(3e-9, rel=1e-14)
        assert float(parabolic.time_at(2e-8)) == pytest.approx(1.0, rel=1e-14)
        with pytest.raises(InputError, match=r"^time: "):
            parabolic.speed(times)

    def test_linear_rate(self):
        assert linear_rate(1e-8, 0.05) == pytest.approx(5e-10)

    @pytest.mark.parametrize(
        ("arguments", "field"),
        [
            ((0.0, 1.0), "rate_constant"),
            ((1.0, -1.0), "linear_rate"),
            ((INFINITE, INFINITE), "linear_rate"),
            ((1.0, 1.0, INFINITE), "start_time"),
            ((math.nan, 1.0), "rate_constant"),
        ],
    )
    def test_bad_input(self, arguments, field):
        with pytest.raises(InputError) as error:
            LinearParabolic(*arguments)
        assert error.value.field == field


class TestSurfaceFedShell:
    shell = SurfaceFedShell(diffusivity=2e-16, excess=0.05, surface_length=1e-6)
    time = 40.0

    def test_front_balance_h_dh_dt_is_K_u(self):
        x = np.array([0.0, 0.2, 0.4, 0.7]) * float(self.shell.length(self.time))
        step = 1e-4 * self.time
        rate = (self.shell.thickness(x, self.time + step) - self.shell.thickness(x, self.time - step)) / (
            2.0 * step
        )
        supply = 1e-17 * self.shell.surface_concentration(x, self.time)
        assert self.shell.thickness(x, self.time) * rate == pytest.approx(supply, rel=1e-6)

    def test_surface_balance_l_curvature_is_u_over_h(self):
        reach = float(self.shell.length(self.time))
        x, h = np.array([0.1, 0.4, 0.7]) * reach, 1e-3 * reach
        u = self.shell.surface_concentration(x + np.array([-1.0, 0.0, 1.0])[:, None] * h, self.time)
        curvature = np.array([1.0, -2.0, 1.0]) @ u / h**2
        assert 1e-6 * curvature == pytest.approx(u[1] / self.shell.thickness(x, self.time), rel=1e-7)

    def test_reach_thickness_and_validity(self):
        thickness = math.sqrt(2.0 * 1e-17 * self.time)
        assert float(self.shell.exact(self.time)) == pytest.approx(thickness, rel=1e-14)
        assert float(self.shell.validity(self.time)) == pytest.approx(thickness / 1e-6, rel=1e-14)
        ratio = float(self.shell.length(self.time)) / thickness
        assert ratio == pytest.approx(math.sqrt(6.0 * 1e-6 / thickness), rel=1e-14)

    def test_ends_of_the_shell(self):
        reach = float(self.shell.length(self.time))
        assert float(self.shell.surface_concentration(0.0, self.time)) == 1.0
        assert self.shell.thickness([reach, 2.0 * reach], self.time).tolist() == [0.0, 0.0]
        assert float(self.shell.thickness(0.5 * reach, self.time)) == pytest.approx(
            0.25 * float(self.shell.exact(self.time)), rel=1e-14
        )
        assert self.shell.thickness([0.0, 1e-9], 0.0).tolist() == [0.0, 0.0]

    def test_bad_input(self):
        with pytest.raises(InputError, match=r"^surface_length: got 0"):
            SurfaceFedShell(1e-16, 0.1, 0.0)
        with pytest.raises(InputError, match=r"^position: "):
            self.shell.thickness(-1e-9, 1.0)
        with pytest.raises(InputError, match=r"^time: "):
            self.shell.length(-1.0)


class TestThinLamella:
    @pytest.mark.parametrize(
        ("ratio", "factor"), [(0.0, 1.0), (0.25, 1.5), (0.5, 2.0), (1.5, 4.0), (2.0, 5.0)]
    )
    def test_apparent_rate_constant(self, ratio, factor):
        found = thin_lamella.apparent_rate_constant(3e-17, ratio * 1.5e-7, 1.5e-7)
        assert found == pytest.approx(3e-17 * factor, rel=1e-14)

    @pytest.mark.parametrize(("share", "ratio"), [(0.0, 0.0), (0.5, 0.5), (0.75, 1.5), (0.8, 2.0)])
    def test_share_and_surface_length(self, share, ratio):
        length = thin_lamella.surface_length_from_share(share, 1.5e-7)
        assert length == pytest.approx(ratio * 1.5e-7, rel=1e-14)
        assert thin_lamella.surface_share(length, 1.5e-7) == pytest.approx(share, rel=1e-14)

    def test_lengths(self):
        assert thin_lamella.tip_length(3e-7, 1e-7) == pytest.approx(3e-7, rel=1e-14)
        assert thin_lamella.crossover_length(3e-7, 1e-7) == pytest.approx(6e-7, rel=1e-14)

    def test_tip_follows_from_its_balance(self):
        # the face feeds the depth h below it, l u'' = u/h: u = u0 (z/tip)^3, h = (H/2) (z/tip)^2
        length, thickness = 2e-7, 1.5e-7
        tip = thin_lamella.tip_length(length, thickness)
        for z in (0.2 * tip, tip):
            assert length * 6.0 * z / tip**3 == pytest.approx(
                (z / tip) ** 3 / (0.5 * thickness * (z / tip) ** 2)
            )

    def test_bad_input(self):
        with pytest.raises(InputError, match=r"^share: got 1"):
            thin_lamella.surface_length_from_share(1.0, 1e-7)
        with pytest.raises(InputError, match=r"^thickness: got 0"):
            thin_lamella.tip_length(1e-7, 0.0)
        with pytest.raises(InputError, match=r"^surface_length: got -1"):
            thin_lamella.apparent_rate_constant(1e-16, -1.0, 1e-7)


class TestRipple:
    def test_textbook_form(self):
        xi = np.array([1e-7, 1.5e-7, 4e-7])
        expected = 1e-9 * math.sinh(2.0) / np.sinh(2e7 * xi)
        assert amplitude(1e-9, 2e7, 1e-7, xi) == pytest.approx(expected, rel=1e-13)

    def test_decay_law_of_the_quasi_steady_field(self):
        # d(d)/d(xi) = -q d coth(q xi)
        q = 1.3e7
        result = integrate.solve_ivp(
            lambda s, d: -(q * 1e-7) * d / np.tanh(q * 1e-7 * s), (1.0, 3.0), [1.0], rtol=1e-10, atol=1e-12
        )
        assert float(amplitude(1.0, q, 1e-7, 3e-7)) == pytest.approx(float(result.y[0, -1]), rel=1e-8)

    def test_long_waves_shift_the_front_and_short_waves_die_without_overflow(self):
        assert float(amplitude(-2e-9, 0.0, 1e-7, 4e-7)) == pytest.approx(-0.5e-9, rel=1e-14)
        assert float(amplitude(2e-9, 1.0, 1e-7, 4e-7)) == pytest.approx(0.5e-9, rel=1e-7)
        assert float(amplitude(1.0, 1e10, 1e-7, 1.01e-7)) == pytest.approx(math.exp(-10.0), rel=1e-10)
        assert float(amplitude(1.0, 1e12, 1e-7, 1e-6)) == 0.0

    def test_bad_input(self):
        with pytest.raises(InputError, match=r"^position: "):
            amplitude(1e-9, 1e7, 1e-7, 0.5e-7)
        with pytest.raises(InputError, match=r"^wavenumber: got -1"):
            amplitude(1e-9, -1.0, 1e-7, 2e-7)
        with pytest.raises(InputError, match=r"^start_position: "):
            amplitude(1e-9, 1.0, 0.0, 2e-7)
