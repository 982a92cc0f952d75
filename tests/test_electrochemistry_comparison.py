"""1/sqrt(t): slope, range, and the D or k that it stands for."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr
from electrical_series import CAPACITY, GAP, LENGTH, Series, staircase

from lto_sim.electrochemistry import cottrell_comparison
from lto_sim.errors import InputError

D = 1e-15
K = 5e-15


def front(reaction: float = 0.0) -> xr.Dataset:
    """A front takes up all of the current: xi^2 = 2 k t, or (xi + a)^2 = a^2 + 2 k t, `reaction` a [m]."""
    series = Series()
    series.add("rest", None, 50.0, 10)
    series.add("hold", 1.6, 20.0, np.geomspace(1e-3, 20.0, 400))
    time = series.times()
    xi = np.sqrt(reaction**2 + 2.0 * K * np.maximum(time - 50.0, 0.0)) - reaction
    return series.dataset(0.99 - (GAP[1] - GAP[0]) * xi / LENGTH, np.full(time.size, 1.6))


def test_a_front_gives_its_k() -> None:
    found = cottrell_comparison(front(), 1)
    assert found.front_moves
    assert found.k == pytest.approx(K, rel=1e-6)
    assert found.slope == pytest.approx(CAPACITY / LENGTH * 0.9 * np.sqrt(K / 2.0), rel=1e-6)
    assert found.D is None
    assert found.window is not None
    assert found.window == pytest.approx((0.0, 20.0))


def test_diffusion_in_one_phase_gives_its_d_until_the_far_side_is_felt() -> None:
    data = staircase(
        D, [(1.05, 0.002), (1.0, 0.01)], 3000.0, start=0.002, samples=np.geomspace(0.01, 3e3, 500)
    )
    found = cottrell_comparison(data, 1, composition_step=0.008)
    assert not found.front_moves
    assert found.k is None
    assert pytest.approx(D, rel=0.02) == found.D
    assert found.window is not None
    # I sqrt(t) of the slab has fallen by 10 % where 1 - 2 exp(-1/T) + ... is 0.905: T = D t/L^2 = 0.33
    assert found.window[1] * D / LENGTH**2 == pytest.approx(0.33, rel=0.2)
    without = cottrell_comparison(data, 1)
    assert without.D is None
    assert without.slope == found.slope


def test_a_reaction_that_limits_first_is_left_out() -> None:
    found = cottrell_comparison(front(reaction=1e-8), 1)
    assert found.k == pytest.approx(K, rel=0.05)
    assert found.window is not None
    # I sqrt(t) is 10 % low where 1 + a^2/(2 k t) = 1.22: t = 0.045 s
    assert found.window[0] == pytest.approx(0.045, rel=0.3)
    assert found.window[1] == pytest.approx(20.0)


def test_an_exponential_follows_no_square_root() -> None:
    series = Series()
    series.add("hold", 1.6, 100.0, np.geomspace(0.01, 100.0, 300))
    time = series.times()
    found = cottrell_comparison(series.dataset(0.9 * np.exp(-time / 10.0) + 0.05, np.full(time.size, 1.6)), 0)
    assert found.slope is None
    assert found.k is None
    assert "nowhere" in found.report()[0]


def test_report_and_json() -> None:
    found = cottrell_comparison(front(), 1)
    assert "step 1, 1.6 V, 60.0 degC: |I| = a/sqrt(t) within 5 % from 0 to 20 s" in found.report()[0]
    assert "k = 5e-15" in found.report()[1]
    table = json.loads(json.dumps(found.to_dict()))
    assert table["k_m2_s"] == pytest.approx(K)
    assert table["window_s"] == pytest.approx([0.0, 20.0])


def test_what_is_no_hold_is_named() -> None:
    with pytest.raises(InputError, match="is a rest"):
        cottrell_comparison(front(), 0)
    with pytest.raises(InputError, match="0 to 1"):
        cottrell_comparison(front(), 2)
    with pytest.raises(InputError, match="composition_step"):
        cottrell_comparison(front(), 1, composition_step=0.0)
    with pytest.raises(InputError, match="length"):
        cottrell_comparison(front(), 1, length=0.0)
