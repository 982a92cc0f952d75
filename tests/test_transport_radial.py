"""Cylinders and spheres: inward fronts against the shrinking core, an outward one against the line source."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lto_sim.exact.line_source import LineSource
from lto_sim.exact.shrinking_core import ShrinkingCore
from lto_sim.validate import line_source_track, radial_track

RADII = np.array([0.75, 0.5, 0.25, 0.1])
TABLE = [
    ("sphere", 1.0, [0.035210, 0.118648, 0.214777, 0.260404]),
    ("sphere", 10.0, [0.270658, 0.873982, 1.495924, 1.744513]),
    ("cylinder", 1.0, [0.037753, 0.137487, 0.271592, 0.348580]),
    ("cylinder", 10.0, [0.294920, 1.049778, 2.004286, 2.497052]),
]
A0, D = 0.8e-6, 3e-16


@pytest.mark.parametrize(("geometry", "beta", "tau"), TABLE)
def test_inward_front(geometry, beta, tau):
    track = radial_track(ShrinkingCore(geometry, A0, D, 1.0 / beta), 100)
    time = np.array(tau) * A0**2 / D
    radius = np.interp(time, track.time, track.position)
    travelled = (A0 - radius) / (A0 * (1.0 - RADII)) - 1.0
    assert np.abs(travelled).max() < 3e-3, travelled
    arrival = track.time_at(A0 * RADII) / time - 1.0
    assert np.abs(arrival[1:]).max() < 3e-3, arrival
    assert abs(arrival[0]) < 6e-3, arrival
    assert track.counters.worst_balance_error < 1e-14
    assert track.counters.out_of_range == 0


@pytest.mark.parametrize(("geometry", "beta", "tau"), TABLE)
def test_times_of_arrival_with_steps_of_a_twentieth_of_a_cell(geometry, beta, tau):
    core = ShrinkingCore(geometry, A0, D, 1.0 / beta)
    track = radial_track(core, 100, front_fraction=0.05, change_fraction=0.02)
    arrival = track.time_at(A0 * RADII) / (np.array(tau) * A0**2 / D) - 1.0
    assert np.abs(arrival).max() < 3e-3, arrival


@pytest.mark.parametrize("geometry", ["sphere", "cylinder"])
def test_inward_front_converges(geometry):
    core = ShrinkingCore(geometry, A0, D, 1.0)
    coarse, fine = (np.abs(radial_track(core, n, end=0.2).error).max() for n in (50, 200))
    assert fine < coarse / 3.0, (coarse, fine)


@pytest.mark.parametrize("direction", [1.0, -1.0])
@pytest.mark.parametrize(
    ("q", "B", "phi", "growth"),
    [(0.1, 0.0, 1.0, 0.30212005), (0.5, 0.2, 1.0, 0.49418464), (0.5, 0.2, 100.0, None)],
)
def test_line_source(q, B, phi, growth, direction):
    gap = 0.2 * direction
    parent = 0.5 - 0.5 * gap
    strength = 4.0 * math.pi * D * q * gap
    source = LineSource(strength, D, D / phi, parent + gap, parent, parent - B * gap)
    if growth is not None:
        assert source.growth_parameter == pytest.approx(growth, abs=1e-8)
    track = line_source_track(source, 100)
    assert track.worst < 5e-3
    assert track.counters.worst_balance_error < 1e-13
