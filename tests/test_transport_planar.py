"""Planar fronts against Wagner's exact solution: position within 0.2 % at 100 cells, and the order seen.

Claimed and asserted (errors relative to the exact position, over the last half of the track):

- steps that shrink with the cells, saturated parent: order 2 in the mean over the track, to 100 cells
  (beyond, an error of 1e-5 is no longer that of the mesh alone);
- the same, root mean square (the wobble of the front within a cell included), one and two phases: order 3/2;
- steps at a fixed part of a cell, large excess: the same, for steps are of second order in time.
"""

from __future__ import annotations

import numpy as np
import pytest

from lto_sim.validate import observed_orders, planar_front, planar_track

CELLS = (25, 50, 100, 200)


@pytest.mark.parametrize("insertion", [True, False])
@pytest.mark.parametrize(
    ("A", "B", "phi", "gamma"),
    [
        (0.1, 0.0, 1.0, 0.2200162727),
        (0.5, 0.0, 1.0, 0.4647859206),
        (1.0, 0.0, 1.0, 0.6200626333),
        (0.1, 0.1, 0.01, 0.0770721842),
        (0.1, 0.1, 1.0, 0.1891336321),
        (0.5, 0.1, 0.01, 0.2766334734),
        (0.5, 0.1, 1.0, 0.4287777326),
        (0.5, 0.1, 100.0, 0.4453595314),
    ],
)
def test_front_within_a_fifth_of_a_percent_at_100_cells(A, B, phi, gamma, insertion):
    front = planar_front(A, B, phi, insertion=insertion)
    assert front.gamma == pytest.approx(gamma, abs=1e-10)
    track = planar_track(front, 100, start=0.1 if B else 0.0)
    assert track.worst < 2e-3
    assert track.counters.worst_balance_error < 1e-14
    assert track.counters.out_of_range == 0


def test_front_in_a_long_domain_whose_far_end_is_closed():
    # extraction, phi = 100: the parent's field stays within the domain, so no far end has to be imposed
    front = planar_front(0.0555, 0.0555, 100.0, insertion=False)
    reach = 1.0 - float(front.composition(0.999e-6, front.time_at(0.4e-6)))
    assert reach < 1e-6
    assert planar_track(front, 150, end=0.4).worst < 2e-3


def test_directions_mirror_each_other():
    one, other = (
        planar_track(planar_front(0.2, 0.1, 5.0, insertion=i), 60, start=0.2) for i in (True, False)
    )
    np.testing.assert_allclose(one.position, other.position, rtol=1e-9)


def tracks(A: float, B: float, phi: float, at_25_cells: float, *, fixed: bool = False):
    front = planar_front(A, B, phi, insertion=False)
    steps = [at_25_cells * (1.0 if fixed else CELLS[0] / n) for n in CELLS]
    return [
        planar_track(front, n, front_fraction=s, change_fraction=s) for n, s in zip(CELLS, steps, strict=True)
    ]


def assert_order(errors, claimed: float) -> None:
    orders = observed_orders(CELLS[: len(errors)], errors)
    text = f"errors {errors}, orders {orders}, claimed {claimed}"
    assert all(abs(order - claimed) <= 0.15 for order in orders), text


def test_small_mean_error_at_a_large_excess():
    errors = [abs(t.mean) for t in tracks(1.0, 0.0, 1.0, 0.25)[:3]]
    assert all(order > 1.6 for order in observed_orders(CELLS[:3], errors))
    assert errors[-1] < 3e-5


@pytest.mark.parametrize("A", [0.1, 0.5])
def test_order_two_in_the_mean_behind_a_saturated_parent(A):
    assert_order([t.mean for t in tracks(A, 0.0, 1.0, 0.25)[:3]], 2.0)


@pytest.mark.parametrize(("A", "B", "phi"), [(0.1, 0.0, 1.0), (0.5, 0.0, 1.0), (0.1, 0.1, 100.0)])
def test_order_three_halves_with_the_wobble_within_a_cell(A, B, phi):
    assert_order([t.rms for t in tracks(A, B, phi, 0.1)], 1.5)


def test_order_three_halves_at_a_fixed_part_of_a_cell_per_step_too():
    assert_order([t.rms for t in tracks(0.5, 0.0, 1.0, 0.25, fixed=True)], 1.5)
