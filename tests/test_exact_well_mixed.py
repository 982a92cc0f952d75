"""Well-mixed particle: Nernst by hand, Butler-Volmer put back into itself, charge counted, plateau flat."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from lto_sim.constants import FARADAY, GAS_CONSTANT
from lto_sim.errors import InputError
from lto_sim.exact.well_mixed import (
    WellMixed,
    exchange_current_density,
    open_circuit_potential,
    overpotential,
)

EDGES, PLATEAU = (0.05, 0.9), 1.55
UNIT = FARADAY / GAS_CONSTANT
"""Temperature at which R T/F is 1 V [K]."""
PARTICLE = WellMixed(0.02, -1e-15, 1e-20, 1e-13, 2.2e4, EDGES, PLATEAU, 320.0, 1e-9, 0.4)


class TestOpenCircuitPotential:
    def test_by_hand(self):
        # (1/4)/(3/4) (4/5)/(1/5) = 4/3 on the poor side; (3/4)/(1/4) (1/5)/(4/5) = 3/4 on the rich one
        found = open_circuit_potential([0.2, 0.8], (0.25, 0.75), 1.0, UNIT)
        assert found == pytest.approx([1.0 + math.log(4.0 / 3.0), 1.0 + math.log(0.75)], rel=1e-14)

    def test_plateau_is_flat_from_edge_to_edge_and_joins_the_tails(self):
        inside = open_circuit_potential(np.linspace(*EDGES, 11), EDGES, PLATEAU, 300.0)
        assert inside.tolist() == [PLATEAU] * 11
        beside = open_circuit_potential([0.05 - 1e-12, 0.9 + 1e-12], EDGES, PLATEAU, 300.0)
        assert beside == pytest.approx(PLATEAU, abs=1e-12)

    def test_tails_have_the_slope_of_an_ideal_solution(self):
        x, h = np.array([0.01, 0.04, 0.93, 0.99]), 1e-6
        rise = [open_circuit_potential(x + s, EDGES, PLATEAU, 300.0) for s in (-h, h)]
        slope = -GAS_CONSTANT * 300.0 / FARADAY / (x * (1.0 - x))
        assert (rise[1] - rise[0]) / (2.0 * h) == pytest.approx(slope, rel=1e-6)

    @pytest.mark.parametrize(
        ("arguments", "field"),
        [
            ((0.0, EDGES, 1.0, 300.0), "x"),
            ((1.0, EDGES, 1.0, 300.0), "x"),
            ((0.5, (0.9, 0.05), 1.0, 300.0), "edges"),
            ((0.5, (0.0, 0.9), 1.0, 300.0), "edges"),
            ((0.5, (0.1, 0.5, 0.9), 1.0, 300.0), "edges"),
            ((0.5, EDGES, math.nan, 300.0), "plateau"),
            ((0.5, EDGES, 1.0, 0.0), "temperature"),
        ],
    )
    def test_bad_input(self, arguments, field):
        with pytest.raises(InputError) as error:
            open_circuit_potential(*arguments)
        assert error.value.field == field


class TestExchangeCurrentDensity:
    def test_by_hand(self):
        scale = FARADAY * 3.0
        assert float(exchange_current_density(0.2, 1.5, 2.0)) == pytest.approx(0.4 * scale, rel=1e-14)
        # 16/81 = (2/3)^4 and its complement 65/81, a = 1/4
        found = exchange_current_density(16.0 / 81.0, 1.5, 2.0, 0.25)
        assert float(found) == pytest.approx(scale * (2.0 / 3.0) * (65.0 / 81.0) ** 0.75, rel=1e-14)

    def test_mirror(self):
        x = np.array([0.1, 0.5, 0.97])
        mirror = exchange_current_density(1.0 - x, 1e-9, 2e4, 0.7)
        assert exchange_current_density(x, 1e-9, 2e4, 0.3) == pytest.approx(mirror, rel=1e-13)

    @pytest.mark.parametrize(
        ("arguments", "field"),
        [
            ((1.0, 1e-9, 2e4), "x"),
            ((0.5, 0.0, 2e4), "reaction_rate"),
            ((0.5, 1e-9, -2e4), "insertable_concentration"),
            ((0.5, 1e-9, 2e4, 1.0), "transfer_coefficient"),
            ((0.5, 1e-9, 2e4, 0.0), "transfer_coefficient"),
        ],
    )
    def test_bad_input(self, arguments, field):
        with pytest.raises(InputError) as error:
            exchange_current_density(*arguments)
        assert error.value.field == field


class TestOverpotential:
    ratio = np.concatenate([-np.geomspace(1e15, 1e-15, 61), [0.0], np.geomspace(1e-15, 1e15, 61)])

    @pytest.mark.parametrize("a", [0.01, 0.3, 0.5, 0.77, 0.99])
    def test_put_back_into_butler_volmer(self, a):
        eta = overpotential(self.ratio, 1.0, UNIT, a)
        small = np.abs(eta) < 30.0
        forward, back = np.expm1((1.0 - a) * eta[small]), np.expm1(-a * eta[small])
        size = np.maximum(np.abs(forward), np.abs(back))
        assert np.all(np.abs(forward - back - self.ratio[small]) <= 1e-13 * size)
        # beyond, the other direction has died
        large = np.where(eta > 0.0, np.log(np.abs(self.ratio) + 1e-300) / (1.0 - a), eta)
        large = np.where(eta < 0.0, -np.log(np.abs(self.ratio) + 1e-300) / a, large)
        assert eta[~small] == pytest.approx(large[~small], rel=1e-12)
        assert np.all(np.diff(eta) > 0.0)

    @pytest.mark.parametrize("a", [0.2, 0.5, 0.9])
    def test_small_currents_are_ohmic(self, a):
        ratio = np.array([-1e-15, -1e-12, 1e-14])
        assert overpotential(ratio, 1.0, 300.0, a) == pytest.approx(
            GAS_CONSTANT * 300.0 / FARADAY * ratio, rel=1e-11
        )

    def test_third_is_the_root_of_a_cubic(self):
        # z = exp(eta/3): z^2 - 1/z = 7/2 at z = 2
        assert float(overpotential(3.5, 1.0, UNIT, 1.0 / 3.0)) == pytest.approx(
            3.0 * math.log(2.0), rel=1e-14
        )
        assert float(overpotential(-7.0, 2.0, UNIT, 2.0 / 3.0)) == pytest.approx(
            -3.0 * math.log(2.0), rel=1e-14
        )

    def test_a_half_is_continuous_with_its_neighbours(self):
        current = [-50.0, -1.0, 0.0, 1e-6, 3.0]
        beside = overpotential(current, 2.0, 300.0, 0.5 + 1e-13)
        assert overpotential(current, 2.0, 300.0) == pytest.approx(beside, rel=1e-11)

    def test_reversed_current_with_the_other_coefficient(self):
        current = np.array([0.3, 4.0, 1e6])
        found = overpotential(-current, [1.0, 2.0, 3.0], 300.0, 0.3)
        assert found == pytest.approx(-overpotential(current, [1.0, 2.0, 3.0], 300.0, 0.7), rel=1e-13)

    @pytest.mark.parametrize(
        ("arguments", "field"),
        [
            ((math.inf, 1.0, 300.0), "current_density"),
            ((1.0, [1.0, 0.0], 300.0), "exchange_current_density"),
            ((1.0, 1.0, 0.0), "temperature"),
            ((1.0, 1.0, 300.0, 1.5), "transfer_coefficient"),
        ],
    )
    def test_bad_input(self, arguments, field):
        with pytest.raises(InputError) as error:
            overpotential(*arguments)
        assert error.value.field == field


class TestWellMixed:
    def test_lithium_is_counted(self):
        # insertion of half the capacity
        t = 0.5 * FARADAY * 2.2e4 * 1e-20 / 1e-15
        assert float(PARTICLE.composition(t)) == pytest.approx(0.52, rel=1e-14)
        assert PARTICLE.end_time == pytest.approx(0.98 / 0.5 * t, rel=1e-14)
        emptied = dataclasses.replace(PARTICLE, current=1e-15)
        assert emptied.end_time == pytest.approx(0.02 / 0.5 * t, rel=1e-14)
        assert dataclasses.replace(PARTICLE, current=0.0).end_time == math.inf

    def test_potential_is_the_sum_of_its_parts(self):
        t = np.linspace(0.0, 0.99 * PARTICLE.end_time, 23)
        x = PARTICLE.composition(t)
        exchange = exchange_current_density(x, 1e-9, 2.2e4, 0.4)
        expected = open_circuit_potential(x, EDGES, PLATEAU, 320.0) + overpotential(
            -1e-2, exchange, 320.0, 0.4
        )
        assert PARTICLE.potential(t) == pytest.approx(expected, rel=1e-14)
        eta = (expected - open_circuit_potential(x, EDGES, PLATEAU, 320.0)) * FARADAY / (GAS_CONSTANT * 320.0)
        assert exchange * (np.exp(0.6 * eta) - np.exp(-0.4 * eta)) == pytest.approx(-1e-2, rel=1e-11)

    def test_direction_of_the_overpotential(self):
        rest = dataclasses.replace(PARTICLE, x_start=0.5, current=0.0)
        inserts, extracts = (dataclasses.replace(rest, current=sign * 1e-15) for sign in (-1.0, 1.0))
        assert float(rest.potential([0.0, 1e9])[1]) == PLATEAU
        assert float(inserts.potential(0.0)) < PLATEAU < float(extracts.potential(0.0))

    def test_fast_charge_transfer_is_equilibrium(self):
        t = np.linspace(0.0, 0.9 * PARTICLE.end_time, 7)
        nernst = dataclasses.replace(PARTICLE, reaction_rate=math.inf).potential(t)
        assert nernst == pytest.approx(
            open_circuit_potential(PARTICLE.composition(t), EDGES, PLATEAU, 320.0), rel=1e-15
        )
        fast = dataclasses.replace(PARTICLE, reaction_rate=1e6).potential(t)
        assert fast == pytest.approx(nernst, rel=1e-12)

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"x_start": 0.0}, "x"),
            ({"current": math.nan}, "current"),
            ({"volume": 0.0}, "volume"),
            ({"area": -1.0}, "area"),
            ({"insertable_concentration": 0.0}, "insertable_concentration"),
            ({"edges": (0.5, 0.5)}, "edges"),
            ({"plateau": math.inf}, "plateau"),
            ({"temperature": 0.0}, "temperature"),
            ({"reaction_rate": 0.0}, "reaction_rate"),
            ({"transfer_coefficient": 1.0}, "transfer_coefficient"),
        ],
    )
    def test_bad_input(self, change, field):
        with pytest.raises(InputError) as error:
            dataclasses.replace(PARTICLE, **change)
        assert error.value.field == field

    def test_nothing_is_said_after_the_end(self):
        with pytest.raises(InputError, match=r"^time: "):
            PARTICLE.potential([1.0, PARTICLE.end_time])
