"""Balance and range over random problems: charge equals inventory to round-off, and 0 <= x <= 1 always."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lto_sim.constants import FARADAY
from lto_sim.scenario import Scenario
from lto_sim.transport import simulate

CAPACITY = 22740.0
COMMON = settings(max_examples=40, deadline=None, derandomize=True, database=None)


def powers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high).map(lambda exponent: 10.0**exponent)


@st.composite
def outlines(draw: Any, shape: str) -> tuple[dict[str, Any], float, dict[str, Any]]:
    """Return (specimen table, smallest extent, where) of one shape."""
    size = draw(powers(-8.0, -4.0))
    thickness = draw(powers(-8.0, -5.0))
    if shape == "slab":
        outline, where = {"shape": "slab", "length": size}, {"side": draw(st.sampled_from(["left", "right"]))}
        cell = size / draw(st.integers(1, 60))
    elif shape == "rectangle":
        outline = {"shape": "rectangle", "width": size, "height": size * draw(st.floats(0.3, 1.0))}
        side = draw(st.sampled_from(["left", "right", "top", "bottom"]))
        length = outline["height"] if side in {"left", "right"} else size
        low = draw(st.floats(0.0, 0.8))
        where = {"side": side, "from": low * length, "to": draw(st.floats(low + 0.05, 1.0)) * length}
        cell = outline["height"] / draw(st.integers(2, 14))
    else:
        outline, where = {"shape": shape, "radius": size}, {"side": "outer"}
        cell = size / draw(st.integers(1, 60))
    return {"outline": outline, "thickness": thickness, "cell": cell}, size, where


@st.composite
def scenarios(draw: Any, shape: str) -> Scenario:
    specimen, size, where = draw(outlines(shape))
    x4 = draw(st.floats(0.001, 0.6))
    x7 = draw(st.floats(x4 + 0.01, 0.999))
    slow = draw(powers(-22.0, -11.0))
    ratio = draw(powers(-3.0, 3.0))
    D4, D7 = (slow, slow * ratio) if ratio > 1.0 else (slow / ratio, slow)
    contact: dict[str, Any] = {"where": where}
    if draw(st.booleans()):
        contact |= {"law": "linear", "k_c": draw(powers(-4.0, 4.0)) * slow / size}
    unit = size**2 / slow
    legs = draw(
        st.lists(
            st.tuples(st.sampled_from([0.4, 0.9, 0.949, 0.95, 0.951, 1.0, 1.6]), powers(-3.0, 2.0)),
            min_size=1,
            max_size=4,
        )
    )
    return Scenario.from_dict(
        {
            "material": {
                "D_Li4": {"at": D4, "Ea": 0.0},
                "D_Li7": {"at": D7, "Ea": 0.0},
                "windows": {"x4": x4, "x7": x7},
            },
            "temperature": 303.15,
            "initial": draw(st.one_of(st.sampled_from([0.0, 1.0, x4, x7]), st.floats(0.0, 1.0))),
            "specimen": specimen,
            "contacts": {"lps": contact},
            "drive": [{"hold": volts, "until": {"time": length * unit}} for volts, length in legs],
        }
    )


def assert_balance_and_range(scenario: Scenario) -> None:
    run = simulate(scenario)
    assert run.attrs["status"] == 0, run.attrs["status_meaning"]
    capacity = CAPACITY * float(run["cell_volume"].sum())
    left_by_charge = run["charge"].to_numpy() / FARADAY
    lost = run["lithium"].to_numpy()[0] - run["lithium"].to_numpy()
    assert np.abs(left_by_charge - lost).max() <= 1e-12 * capacity
    stored = CAPACITY * float((run["li_fraction"][-1].astype(np.float64) * run["cell_volume"]).sum())
    assert stored == pytest.approx(float(run["lithium"][-1]), abs=1e-6 * capacity)
    mean_current = run["current"].to_numpy()[1:]
    passed = np.sum(mean_current * np.diff(run["time_fine"].to_numpy()))
    assert passed == pytest.approx(float(run["charge"][-1]), abs=1e-12 * capacity * FARADAY)
    assert run.attrs["out_of_range"] == 0
    assert run.attrs["lowest_li_fraction"] >= -1e-12
    assert run.attrs["highest_li_fraction"] <= 1.0 + 1e-12
    assert run.attrs["worst_balance_error"] <= 1e-12


@given(scenario=scenarios("slab"))
@COMMON
def test_slab(scenario):
    assert_balance_and_range(scenario)


@given(scenario=scenarios("rectangle"))
@COMMON
@pytest.mark.filterwarnings("ignore:contacts.lps is")
def test_rectangle_with_a_partial_contact(scenario):
    assert_balance_and_range(scenario)


@given(scenario=scenarios("cylinder"))
@COMMON
def test_cylinder(scenario):
    assert_balance_and_range(scenario)


@given(scenario=scenarios("sphere"))
@COMMON
def test_sphere(scenario):
    assert_balance_and_range(scenario)


@pytest.mark.parametrize("duration", ["1 h", "1e6 s", "1e9 s"])
@pytest.mark.parametrize(("start", "volts"), [(0.0, 0.4), (1.0, 1.6)])
def test_endless_holds_stay_in_range(duration, start, volts):
    # round-off of a step is a part of what it changes: nothing drifts once the particle is done
    scenario = Scenario.from_dict(
        {
            "temperature": "105 degC",
            "material": {},
            "initial": start,
            "specimen": {"outline": {"shape": "rectangle", "width": "400 nm", "height": "300 nm"}},
            "contacts": {"lps": {"where": {"side": "left", "from": "33 nm", "to": "150 nm"}}},
            "drive": [{"hold": volts, "until": {"time": duration}}],
        }
    )
    assert_balance_and_range(scenario)
    final = simulate(scenario)["li_fraction"][-1].to_numpy()
    np.testing.assert_allclose(final, 1.0 - start, atol=1e-7)


def test_current_is_positive_on_extraction_and_charge_is_what_left():
    base = {
        "temperature": "60 degC",
        "material": {},
        "specimen": {"outline": {"shape": "slab", "length": "1 um", "height": "2 um"}, "thickness": "150 nm"},
        "contacts": {"lps": {"where": {"side": "left"}}},
    }
    whole = 22740.0 * 1e-6 * 2e-6 * 150e-9 * FARADAY
    for start, volts, sign in ((1.0, "1.6 V", 1.0), (0.0, "0.4 V", -1.0)):
        run = simulate(
            Scenario.from_dict(
                base | {"initial": start, "drive": [{"hold": volts, "until": {"time": "1e6 s"}}]}
            )
        )
        current = run["current"].to_numpy()
        assert current[0] == current[1]
        assert sign * current[1] > 0.0
        assert np.all(sign * current[1:] >= -1e-11 * abs(current[1]))
        assert float(run["charge"][-1]) == pytest.approx(sign * whole, rel=1e-9)
