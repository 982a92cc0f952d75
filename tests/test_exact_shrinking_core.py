"""Shrinking core: published table, quasi-steady and planar limits, the integrator on the slab, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lto_sim.errors import InputError
from lto_sim.exact import wagner
from lto_sim.exact._collapse import integrate_collapse
from lto_sim.exact.shrinking_core import ShrinkingCore, quasi_steady_time, sphere_time_next_order

RADII = np.array([0.75, 0.5, 0.25, 0.1])
TABLE = [
    ("sphere", 1.0, [0.035210, 0.118648, 0.214777, 0.260404]),
    ("sphere", 10.0, [0.270658, 0.873982, 1.495924, 1.744513]),
    ("cylinder", 1.0, [0.037753, 0.137487, 0.271592, 0.348580]),
    ("cylinder", 10.0, [0.294920, 1.049778, 2.004286, 2.497052]),
]
ROUNDING = 5.1e-7  # half of the table's last digit


def unit(geometry: str, beta: float) -> ShrinkingCore:
    return ShrinkingCore(geometry, radius=1.0, diffusivity=1.0, excess=1.0 / beta)


@pytest.mark.parametrize(("geometry", "beta", "times"), TABLE)
def test_table_and_its_inverse(geometry, beta, times):
    core = unit(geometry, beta)
    assert core.time_at(RADII) == pytest.approx(times, abs=ROUNDING)
    assert core.exact(core.time_at(RADII)) == pytest.approx(RADII, abs=1e-12)


@pytest.mark.parametrize("excess", [0.1, 1.0, 10.0])
def test_integrator_reproduces_the_planar_front_in_a_slab(excess):
    radius = np.linspace(2e-3, 0.9998, 40)
    planar = np.square((1.0 - radius) / (2.0 * wagner.growth_parameter(excess)))
    assert integrate_collapse("slab", excess).time_at(radius) == pytest.approx(planar, rel=1e-9)


@pytest.mark.parametrize("geometry", ["cylinder", "sphere"])
def test_result_does_not_depend_on_the_collocation(geometry):
    coarse, fine = (integrate_collapse(geometry, 1.0, order) for order in (24, 40))
    radius = np.linspace(0.0, 1.0, 60)
    assert coarse.time_at(radius) == pytest.approx(fine.time_at(radius), rel=2e-6, abs=1e-12)


def test_slab_is_wagner_front_in_metres():
    core = ShrinkingCore("slab", radius=2e-7, diffusivity=3e-16, excess=0.5)
    gamma = wagner.growth_parameter(0.5)
    times = np.array([0.0, 1.0, 10.0])
    assert core.exact(times) == pytest.approx(2e-7 - 2.0 * gamma * np.sqrt(3e-16 * times), rel=1e-13)
    assert core.collapse_time == pytest.approx(4e-14 / (4.0 * gamma**2 * 3e-16), rel=1e-13)
    assert float(core.exact(2.0 * core.collapse_time)) == 0.0
    assert core.time_at(core.exact(times)) == pytest.approx(times, rel=1e-12, abs=1e-12)


def test_large_beta_reaches_the_next_order_of_the_sphere():
    radius = np.array([0.9, 0.75, 0.5, 0.25])
    exact = unit("sphere", 1000.0).time_at(radius)
    assert exact == pytest.approx(sphere_time_next_order(radius, 1000.0), rel=1e-6)
    # the next order itself is seen: without it the deviation is (1 - R)^2/6
    assert exact - quasi_steady_time(radius, 1000.0, "sphere") == pytest.approx(
        (1.0 - radius) ** 2 / 6.0, rel=3e-3
    )


def test_large_beta_reaches_the_quasi_steady_cylinder():
    deviations = []
    for beta in (1e3, 1e4):
        steady = quasi_steady_time(RADII, beta, "cylinder")
        deviations.append(unit("cylinder", beta).time_at(RADII) / steady - 1.0)
    assert np.all((deviations[0] > 0.0) & (deviations[0] < 1e-3))
    assert deviations[0] / deviations[1] == pytest.approx(10.0, rel=0.01)


@pytest.mark.parametrize("geometry", ["cylinder", "sphere"])
@pytest.mark.parametrize("excess", [1e-3, 1.0, 1e3])
def test_start_is_planar_and_collapse_is_monotone(geometry, excess):
    core = ShrinkingCore(geometry, radius=1.0, diffusivity=1.0, excess=excess)
    gamma = wagner.growth_parameter(excess)
    depth = 1e-3
    assert float(core.time_at(1.0 - depth)) == pytest.approx((depth / (2.0 * gamma)) ** 2, rel=2.0 * depth)
    times = core.time_at(np.array([1.0, 0.99995, 0.9999, 0.9998, 0.5, 0.01, 2e-3, 1e-3, 5e-4, 0.0]))
    assert times[0] == 0.0
    assert np.all(np.diff(times) > 0.0)
    assert float(core.exact(times[-1])) == 0.0


def test_centre_of_a_nearly_steady_sphere():
    # all lithium of the sphere enters: tau -> beta/6, the next order fails only within R of about 1/beta
    assert unit("sphere", 1e4).collapse_time == pytest.approx(1e4 / 6.0 + 1.0 / 6.0, rel=1e-6)
    assert unit("cylinder", 1e5).collapse_time == pytest.approx(1e5 / 4.0, rel=2e-5)


def test_times_and_radii_scale_with_the_size():
    core = ShrinkingCore("sphere", radius=5e-7, diffusivity=2e-16, excess=0.1)
    assert float(core.time_at(2.5e-7)) == pytest.approx(0.873982 * 25e-14 / 2e-16, rel=6e-7)
    assert float(core.exact(0.873982 * 25e-14 / 2e-16)) == pytest.approx(2.5e-7, rel=1e-6)


def test_quasi_steady_values_at_the_centre():
    assert float(quasi_steady_time(0.0, 12.0, "slab")) == 6.0
    assert float(quasi_steady_time(0.0, 12.0, "cylinder")) == 3.0
    assert float(quasi_steady_time(0.0, 12.0, "sphere")) == pytest.approx(2.0, rel=1e-15)
    assert float(quasi_steady_time(0.5, 1.0, "cylinder")) == pytest.approx(0.1875 - 0.125 * math.log(2.0))
    assert float(sphere_time_next_order(0.5, 12.0)) == pytest.approx(1.0 + 0.25 / 6.0)


def test_bad_input_is_one_line():
    cases = [
        ("geometry", lambda: ShrinkingCore("cube", 1.0, 1.0, 1.0)),
        ("radius", lambda: ShrinkingCore("sphere", 0.0, 1.0, 1.0)),
        ("diffusivity", lambda: ShrinkingCore("sphere", 1.0, -1.0, 1.0)),
        ("excess", lambda: ShrinkingCore("sphere", 1.0, 1.0, math.inf)),
        ("time", lambda: unit("slab", 1.0).exact(-1.0)),
        ("radius_front", lambda: unit("slab", 1.0).time_at(1.1)),
        ("relative_radius", lambda: quasi_steady_time(1.1, 1.0, "slab")),
        ("beta", lambda: quasi_steady_time(0.5, 0.0, "slab")),
        ("geometry", lambda: quasi_steady_time(0.5, 1.0, "ring")),
    ]
    for field, call in cases:
        with pytest.raises(InputError) as error:
            call()
        assert error.value.field == field
        assert "\n" not in str(error.value)
