"""The `linear` contact against the linear-parabolic law, over five decades of its rate constant."""

from __future__ import annotations

import numpy as np
import pytest

from lto_sim.validate import linear_parabolic_track


@pytest.mark.parametrize("biot", [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0])
def test_front_within_half_a_percent(biot):
    track = linear_parabolic_track(biot, 100)
    assert track.worst < 5e-3
    assert track.counters.out_of_range == 0


def test_the_rest_is_the_excess_itself():
    # the law is exact for A -> 0: a tenth of the excess leaves a tenth of the deviation
    large, small = (linear_parabolic_track(0.1, 100, excess=A).worst for A in (1e-2, 1e-3))
    assert small == pytest.approx(0.1 * large, rel=0.1)


def test_early_front_is_linear_and_late_front_parabolic():
    early = linear_parabolic_track(1e-3, 100)
    speed = np.diff(early.position) / np.diff(early.time)
    assert speed.max() / speed.min() < 1.003
    late = linear_parabolic_track(1e4, 100)
    growth = late.position**2 / late.time
    assert growth.max() / growth.min() < 1.01
