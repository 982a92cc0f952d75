"""Boundaries across the current and inactive layers: laws that hold for any shape of the rest."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from lto_sim.materials import Arrhenius
from lto_sim.scenario import Scenario
from lto_sim.specimen import Contact, GrainBoundary, Rectangle, Specimen, Stretch, build_mesh
from lto_sim.transport import simulate
from lto_sim.transport.controller import StepController
from lto_sim.transport.grid import make_grid
from lto_sim.transport.loop import Leg, march
from lto_sim.transport.record import Span
from lto_sim.transport.step import ImplicitStepper
from lto_sim.transport.stepper import Conditions

WIDTH, HEIGHT, THICKNESS, D, EXCESS = 1e-6, 0.4e-6, 1e-7, 1e-15, 0.04
LAW = Arrhenius(1.0, 300.0, 0.0)  # on or off; the value comes with the conditions


class Last:
    """Keeps the last span of a run."""

    span: Span

    def observe(self, span: Span) -> None:
        self.span = span


def steady_currents(angle: float, added: float, cell: float, along: float = 0.0) -> np.ndarray:
    """Currents into left and right contact over the exact one; a boundary through the middle adds D R.

    Uniform flux j along x solves the problem with a tilted boundary too: its normal part j cos(angle) jumps
    by R j cos(angle) everywhere along it, so that j = D w/(width + D R cos(angle)).
    """
    lean = 0.5 * HEIGHT * math.tan(angle)
    line = np.array([[0.5 * WIDTH - lean, 0.0], [0.5 * WIDTH + lean, HEIGHT]])
    return currents_across(line, added, cell, along) * (1.0 + added * math.cos(angle) / WIDTH)


def currents_across(line: np.ndarray, added: float, cell: float, along: float) -> np.ndarray:
    """Currents into left and right contact over that without boundary."""
    contacts = Contact("in", Stretch("left")), Contact("out", Stretch("right"))
    boundary = GrainBoundary("gb", (line,), LAW if along > 0.0 else None, LAW)
    mesh = build_mesh(Specimen(Rectangle(WIDTH, HEIGHT), THICKNESS, cell), contacts, (boundary,))
    held = np.repeat([EXCESS, 0.0], [c.area.size for c in mesh.contacts])
    conditions = Conditions(
        0.05, 0.95, D, D, held, np.full(held.size, math.inf), np.zeros(held.size),
        np.array([0.0, 0.0, along]), np.array([added / D]),
    )  # fmt: skip
    duration = 1e5 * WIDTH**2 / D
    leg = Leg(duration, 0.0, lambda _: conditions, StepController(1e9, 1e9, EXCESS))
    last = Last()
    march(ImplicitStepper(make_grid(mesh)), np.full(mesh.shape, 0.95), (leg,), (last,))
    span = last.span
    current = (span.uptake_end - span.uptake_start) / (span.end - span.start)
    return np.asarray(current / (D * EXCESS * HEIGHT * THICKNESS / WIDTH))


@pytest.mark.parametrize("added", [0.1e-6, 1e-6, 10e-6])
def test_resistance_of_an_aligned_boundary_adds_to_that_of_the_way(added):
    np.testing.assert_allclose(steady_currents(0.0, added, 40e-9), [1.0, -1.0], rtol=1e-9)


@pytest.mark.parametrize("added", [0.1e-6, 1e-6])
@pytest.mark.parametrize("degrees", [10.0, 30.0, 45.0])
def test_a_tilted_boundary_resists_by_its_true_area(degrees, added):
    coarse, fine = (steady_currents(math.radians(degrees), added, cell) for cell in (20e-9, 10e-9))
    np.testing.assert_allclose(coarse, [1.0, -1.0], rtol=0.02)
    np.testing.assert_allclose(fine, [1.0, -1.0], rtol=0.01)


@pytest.mark.parametrize("along", [1e-24, 1e-21, 1e-18])
def test_along_a_boundary_of_one_excess_nothing_flows_however_well_it_conducts(along):
    np.testing.assert_allclose(steady_currents(0.0, 1e-6, 40e-9, along), [1.0, -1.0], rtol=1e-9)


@pytest.mark.parametrize("along", [1e-21, 1e-18])
@pytest.mark.parametrize("degrees", [10.0, 30.0, 45.0])
def test_conduction_along_a_boundary_is_no_way_across_it(degrees, along):
    """Far above the resistance of the way, that across rules alone: its area over R."""
    with_it, without = (steady_currents(math.radians(degrees), 1e-3, 20e-9, k) for k in (along, 0.0))
    np.testing.assert_allclose(with_it, without, rtol=1e-3)


def test_both_laws_at_once_tend_to_each_of_them():
    angle = math.radians(30.0)
    resists, both = (steady_currents(angle, 0.3e-6, 20e-9, along) for along in (0.0, 1e-27))
    np.testing.assert_allclose(both, resists, rtol=1e-4)
    one_chain, two_chains = (bar_current(resists) for resists in (False, True))
    assert one_chain > 1.5
    assert two_chains == pytest.approx(one_chain, rel=0.01)


def bar_current(resists: bool) -> float:
    """Current through a bar over that without boundary; it runs along the bar, where no resistance counts."""
    line = np.array([[0.0, 0.5 * HEIGHT], [WIDTH, 0.5 * HEIGHT]])
    contacts = Contact("in", Stretch("left")), Contact("out", Stretch("right"))
    boundary = GrainBoundary("gb", (line,), LAW, LAW if resists else None)
    mesh = build_mesh(Specimen(Rectangle(WIDTH, HEIGHT), THICKNESS, 20e-9), contacts, (boundary,))
    held = np.repeat([EXCESS, 0.0], [c.area.size for c in mesh.contacts])
    conditions = Conditions(
        0.05, 0.95, D, D, held, np.full(held.size, math.inf), np.zeros(held.size),
        np.array([0.0, 0.0, HEIGHT * D]), np.array([1e-3 / D]),
    )  # fmt: skip
    leg = Leg(1e5 * WIDTH**2 / D, 0.0, lambda _: conditions, StepController(1e9, 1e9, EXCESS))
    last = Last()
    march(ImplicitStepper(make_grid(mesh)), np.full(mesh.shape, 0.95), (leg,), (last,))
    uptake = last.span.uptake_end - last.span.uptake_start
    return float(uptake[0] / (last.span.end - last.span.start) / (D * EXCESS * HEIGHT * THICKNESS / WIDTH))


COURSES = {
    "right angles": [[0.47, 0.0], [0.47, 0.21], [0.61, 0.21], [0.61, 0.4]],
    "jagged": [[0.43 + 0.02 * (-1.0) ** n, y] for n, y in enumerate(np.linspace(0.0, 0.4, 40))],
    "wave": [[0.5 + 0.05 * math.sin(20.0 * y), y] for y in np.linspace(0.0, 0.4, 60)],
}


@pytest.mark.parametrize("course", COURSES)
def test_whatever_the_course_conduction_along_is_no_way_across(course):
    line = 1e-6 * np.array(COURSES[course])
    with_it, without = (currents_across(line, 1e-3, 20e-9, along) for along in (1e-19, 0.0))
    assert abs(without[0]) < 0.01
    np.testing.assert_allclose(with_it, without, rtol=1e-3)


@pytest.mark.parametrize("cell", [13e-9, 20e-9])
def test_three_resisting_and_conducting_boundaries_part_three_grains(cell):
    """Along each grain's side of the junction lithium passes, from grain to grain it does not."""
    centre = np.array([0.52e-6, 0.21e-6])
    lines = tuple(
        np.array([centre, end]) for end in ([0.3e-6, 0.0], [0.81e-6, 0.0], [0.5e-6, HEIGHT])
    )  # fmt: skip
    boundary = GrainBoundary("gb", lines, LAW, LAW)
    specimen = Specimen(Rectangle(WIDTH, HEIGHT), THICKNESS, cell)
    mesh = build_mesh(specimen, (Contact("in", Stretch("left")),), (boundary,))
    held = np.full(mesh.contacts[0].area.size, EXCESS)
    conditions = Conditions(
        0.05, 0.95, D, D, held, np.full(held.size, math.inf), np.zeros(held.size),
        np.array([0.0, 0.0, 1e-20]), np.array([1e12 / D]),
    )  # fmt: skip
    leg = Leg(1e5 * WIDTH**2 / D, 0.0, lambda _: conditions, StepController(1e9, 1e9, EXCESS))
    x, _, counters = march(ImplicitStepper(make_grid(mesh)), np.full(mesh.shape, 0.05), (leg,), ())
    assert counters.worst_balance_error < 1e-12
    y, along = ((np.arange(n) + 0.5) * cell for n in mesh.shape[1:])
    left = (
        along[None, :] < np.interp(y, [0.0, centre[1], HEIGHT], [0.3e-6, centre[0], 0.5e-6])[:, None] - cell
    )
    right = (
        along[None, :] > np.interp(y, [0.0, centre[1], HEIGHT], [0.81e-6, centre[0], 0.5e-6])[:, None] + cell
    )
    assert x[0][left].min() > 0.98
    assert x[0][right].max() < 0.051


LAMELLA: dict[str, Any] = {
    "temperature": "75 degC",
    "material": {},
    "initial": 0.05,
    "specimen": {
        "outline": {"shape": "rectangle", "width": "400 nm", "height": "160 nm"}, "cell": "20 nm",
        "thickness": "100 nm", "layers": 2,
    },
    "contacts": {"lps": {"where": {"side": "left"}}},
    "surface": {"faces": {"at": "1e-22 m^3/s", "reference": "75 degC", "Ea": "0.5 eV"}},
    "drive": [{"hold": "0.4 V", "until": {"time": "60 s"}}],
    "scan": {"frame_time": "10 s", "pixels": [8, 4]},
}  # fmt: skip


def test_dead_layers_dilute_what_is_seen_and_carry_no_current():
    plain = simulate(Scenario.from_dict(LAMELLA))
    dead = {"thickness": "15 nm", "li_fraction": 0.3}
    covered = simulate(
        Scenario.from_dict(
            LAMELLA | {"specimen": LAMELLA["specimen"] | {"thickness": "130 nm", "dead_layer": dead}}
        )
    )
    seen, diluted = (run["scan_li_fraction"].to_numpy() for run in (plain, covered))
    assert np.ptp(seen) > 0.3
    np.testing.assert_allclose(diluted, (100.0 * seen + 30.0 * 0.3) / 130.0, rtol=0.0, atol=1e-7)
    scale = np.abs(plain["charge"]).max()
    np.testing.assert_allclose(covered["charge"], plain["charge"], atol=1e-10 * float(scale))
