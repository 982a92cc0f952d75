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
from lto_sim.transport.step import Conditions, ImplicitStepper

WIDTH, HEIGHT, THICKNESS, D, EXCESS = 1e-6, 0.4e-6, 1e-7, 1e-15, 0.04
LAW = Arrhenius(1.0, 300.0, 0.0)  # on or off; the value comes with the conditions


class Last:
    """Keeps the last span of a run."""

    span: Span

    def observe(self, span: Span) -> None:
        self.span = span


def steady_currents(angle: float, added: float, cell: float) -> np.ndarray:
    """Currents into left and right contact over the exact one; a boundary through the middle adds D R.

    Uniform flux j along x solves the problem with a tilted boundary too: its normal part j cos(angle) jumps
    by R j cos(angle) everywhere along it, so that j = D w/(width + D R cos(angle)).
    """
    lean = 0.5 * HEIGHT * math.tan(angle)
    line = np.array([[0.5 * WIDTH - lean, 0.0], [0.5 * WIDTH + lean, HEIGHT]])
    contacts = Contact("in", Stretch("left")), Contact("out", Stretch("right"))
    boundary = GrainBoundary("gb", (line,), None, LAW)
    mesh = build_mesh(Specimen(Rectangle(WIDTH, HEIGHT), THICKNESS, cell), contacts, (boundary,))
    held = np.repeat([EXCESS, 0.0], [c.area.size for c in mesh.contacts])
    conditions = Conditions(
        0.05, 0.95, D, D, held, np.full(held.size, math.inf), np.zeros(held.size), np.zeros(3),
        np.array([added / D]),
    )  # fmt: skip
    duration = 1e5 * WIDTH**2 / D
    leg = Leg(duration, 0.0, lambda _: conditions, StepController(1e9, 1e9, EXCESS))
    last = Last()
    march(ImplicitStepper(make_grid(mesh)), np.full(mesh.shape, 0.95), (leg,), (last,))
    span = last.span
    current = (span.uptake_end - span.uptake_start) / (span.end - span.start)
    return current / (D * EXCESS * HEIGHT * THICKNESS / (WIDTH + added * math.cos(angle)))


@pytest.mark.parametrize("added", [0.1e-6, 1e-6, 10e-6])
def test_resistance_of_an_aligned_boundary_adds_to_that_of_the_way(added):
    np.testing.assert_allclose(steady_currents(0.0, added, 40e-9), [1.0, -1.0], rtol=1e-9)


@pytest.mark.parametrize("added", [0.1e-6, 1e-6])
@pytest.mark.parametrize("degrees", [10.0, 30.0, 45.0])
def test_a_tilted_boundary_resists_by_its_true_area(degrees, added):
    coarse, fine = (steady_currents(math.radians(degrees), added, cell) for cell in (20e-9, 10e-9))
    np.testing.assert_allclose(coarse, [1.0, -1.0], rtol=0.02)
    np.testing.assert_allclose(fine, [1.0, -1.0], rtol=0.01)


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
