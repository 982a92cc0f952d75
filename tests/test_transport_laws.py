"""Contact laws: straight lines in the excess against the textbook expressions that they stand for."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from lto_sim.constants import FARADAY, GAS_CONSTANT
from lto_sim.materials import Arrhenius, ConstantWindows, TwoPhaseMaterial, load_material
from lto_sim.specimen import Contact, ReactionKinetics, Stretch
from lto_sim.transport.laws import LineInExcess, law_lines, one_continuous_law, surface_excess

K0 = 3e-9
COMMON = settings(max_examples=200, deadline=None, derandomize=True, database=None)
TEMPERATURES = (258.15, 303.15, 378.15)
POTENTIALS = (0.55, 0.9, 0.949, 0.95, 0.9513, 1.0, 1.4)
SURFACES = (1e-6, 0.01, 0.031, 0.0499)
"""Li fractions of a surface of the poor phase; those of the rich one are their mirror image."""


@functools.cache
def host(x_poor: float = 0.05, x_rich: float = 0.95) -> TwoPhaseMaterial:
    return load_material("lto", windows=ConstantWindows(x_poor, x_rich))


def contact(
    alpha: float | None = None, energy: float | None = None, Ea: float = 0.0, k0: float = K0
) -> Contact:
    kinetics = ReactionKinetics(Arrhenius(k0, 303.15, Ea), 0.5 if alpha is None else alpha, energy)
    return Contact("lps", Stretch("left"), kinetics=kinetics)


def inward(line: LineInExcess, phase: int, x: float, edge: float) -> float:
    """Flux [m s-1] that a line gives at the surface composition `x`."""
    return line.transfer[phase] * (line.excess[phase] - (x - edge))


def surfaces(phase: int) -> tuple[float, ...]:
    return SURFACES if phase == 0 else tuple(1.0 - x for x in SURFACES)


def reduced(potential: float, temperature: float, edge: float, plateau: float = 0.95) -> float:
    """psi = F (phi - E_f)/(R T), E_f the formal potential of the tail that begins at `edge`."""
    formal = plateau + GAS_CONSTANT * temperature / FARADAY * math.log(edge / (1.0 - edge))
    return FARADAY * (potential - formal) / (GAS_CONSTANT * temperature)


# --- Butler and Volmer ---


@pytest.mark.parametrize("alpha", [0.05, 0.3, 0.5, 0.75, 0.95])
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_butler_volmer_is_the_textbook_expression(alpha, temperature):
    material = host()
    f = FARADAY / (GAS_CONSTANT * temperature)
    Ea = 4e4
    k0 = K0 * math.exp(-Ea / GAS_CONSTANT * (1.0 / temperature - 1.0 / 303.15))
    for potential in POTENTIALS:
        line = law_lines(contact(alpha, Ea=Ea), material, temperature, potential)
        for phase, edge in enumerate(material.edges(temperature)):
            for x in surfaces(phase):
                dc = material.insertable_concentration
                i0 = FARADAY * k0 * dc * x**alpha * (1.0 - x) ** (1.0 - alpha)
                eta = potential - float(material.open_circuit_potential(x, temperature))
                terms = math.exp((1.0 - alpha) * f * eta), math.exp(-alpha * f * eta)
                expected = -i0 / (FARADAY * dc) * (terms[0] - terms[1])
                size = i0 / (FARADAY * dc) * sum(terms)
                assert inward(line, phase, x, edge) == pytest.approx(expected, rel=1e-9, abs=1e-11 * size)


@pytest.mark.parametrize("phase", [0, 1])
def test_surface_in_the_gap_reacts_with_the_exchange_current_of_its_edge(phase):
    material, temperature, alpha = host(0.1, 0.85), 348.15, 0.4
    edge = material.edges(temperature)[phase]
    f = FARADAY / (GAS_CONSTANT * temperature)
    for eta in (-0.2, -0.01, 0.01, 0.2):
        line = law_lines(contact(alpha), material, temperature, 0.95 + eta)
        expected = -K0 * edge**alpha * (1.0 - edge) ** (1.0 - alpha)
        expected *= math.exp((1.0 - alpha) * f * eta) - math.exp(-alpha * f * eta)
        assert line.transfer[phase] * line.excess[phase] == pytest.approx(expected, rel=1e-10)


@given(
    x_poor=st.floats(0.001, 0.45), x_rich=st.floats(0.55, 0.999), share=st.floats(0.001, 0.999),
    alpha=st.floats(0.05, 0.95), temperature=st.floats(200.0, 600.0), potential=st.floats(0.3, 1.6),
    phase=st.integers(0, 1),
)  # fmt: skip
@COMMON
def test_butler_volmer_at_random(x_poor, x_rich, share, alpha, temperature, potential, phase):
    material = host(x_poor, x_rich)
    edge = material.edges(temperature)[phase]
    x = edge * share if phase == 0 else 1.0 - (1.0 - edge) * share
    line = law_lines(contact(alpha), material, temperature, potential)
    f = FARADAY / (GAS_CONSTANT * temperature)
    eta = potential - float(material.open_circuit_potential(x, temperature))
    terms = math.exp((1.0 - alpha) * f * eta), math.exp(-alpha * f * eta)
    i0 = K0 * x**alpha * (1.0 - x) ** (1.0 - alpha)
    expected, size = -i0 * (terms[0] - terms[1]), i0 * sum(terms)
    # what the line subtracts, w_eq - w_s, is known to the round-off of 1
    slack = 1e-10 * size + 1e-15 * line.transfer[phase]
    assert inward(line, phase, x, edge) == pytest.approx(expected, rel=1e-9, abs=slack)


# --- Marcus, Hush and Chidsey ---

ROOM = 300.0
KT = GAS_CONSTANT * ROOM


def kappa(psi: float, reorganization: float) -> float:
    """kappa(psi) [1] that the law of a poor surface carries, T = k0 kappa (1 + exp psi)."""
    edge = 0.05
    potential = 0.95 + GAS_CONSTANT * ROOM / FARADAY * (psi + math.log(edge / (1.0 - edge)))
    line = law_lines(contact(energy=reorganization * KT), host(edge), ROOM, potential)
    return line.transfer[0] / (K0 * (1.0 + math.exp(psi)))


def marcus_integral(eta: float, reorganization: float) -> float:
    """Logarithm of Chidsey's integral of Marcus rates over Fermi's distribution, energies in k_B T."""

    def exponent(x: float) -> float:
        return -((x - reorganization + eta) ** 2) / (4.0 * reorganization) - float(np.logaddexp(0.0, x))

    grid = np.linspace(-abs(eta) - reorganization - 40.0, abs(eta) + reorganization + 40.0, 2001)
    peak = max(exponent(float(x)) for x in grid)
    top = float(grid[np.argmax([exponent(float(x)) for x in grid])])
    width = 12.0 * math.sqrt(2.0 * reorganization) + 40.0
    value, _ = quad(
        lambda x: math.exp(max(exponent(x) - peak, -700.0)), top - width, top + width, points=[top], limit=400
    )
    return math.log(value) + peak


@pytest.mark.parametrize("reorganization", [0.5, 4.0, 12.0, 30.0, 80.0])
def test_marcus_law_is_a_line_between_rates_in_detailed_balance(reorganization):
    # j = k_red (1 - x) - k_ox x is -k_ox at x = 1 and k_red at x = 0, and k_ox/k_red = exp(psi)
    material = host()
    for potential in (0.6, 0.94, 0.95, 1.0, 1.4):
        line = law_lines(contact(energy=reorganization * KT), material, ROOM, potential)
        for phase, edge in enumerate(material.edges(ROOM)):
            psi = reduced(potential, ROOM, edge)
            k_red, k_ox = inward(line, phase, 0.0, edge), -inward(line, phase, 1.0, edge)
            assert math.log(k_ox) - math.log(k_red) == pytest.approx(psi, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("reorganization", [0.1, 1.0, 12.0, 60.0, 190.0])
def test_marcus_rate_is_k0_at_the_formal_potential_and_has_slope_one_half_there(reorganization):
    assert kappa(0.0, reorganization) == pytest.approx(1.0, rel=1e-12)
    step = 1e-3
    slope = (math.log(kappa(step, reorganization)) - math.log(kappa(-step, reorganization))) / (2.0 * step)
    assert slope == pytest.approx(-0.5, abs=1e-6)


@pytest.mark.parametrize("psi", [-30.0, -6.0, -1.0, 0.3, 2.0, 8.0, 30.0])
def test_marcus_ratio_of_both_ways(psi):
    # oxidation at psi is reduction at -psi
    for reorganization in (0.3, 5.0, 20.0, 100.0):
        forward = math.log(kappa(-psi, reorganization))
        assert forward == pytest.approx(math.log(kappa(psi, reorganization)) + psi, abs=1e-9)


@pytest.mark.parametrize("psi", [-60.0, -12.0, -3.0, 0.5, 4.0, 12.0, 60.0])
def test_no_reorganization_is_fermis_distribution(psi):
    # a narrow Gauss curve reads the distribution at one energy: kappa = 2/(1 + exp psi)
    assert kappa(psi, 1e-6) == pytest.approx(2.0 / (1.0 + math.exp(psi)), rel=2e-3)


@pytest.mark.parametrize("reorganization", [0.05, 0.4, 2.0, 5.0, 13.0, 40.0, 100.0, 190.0])
def test_marcus_rate_is_the_integral_over_the_electrons(reorganization):
    at_zero = marcus_integral(0.0, reorganization)
    for psi in (-40.0, -20.0, -7.0, -2.0, -0.5, 1.0, 3.0, 10.0, 30.0):
        exact = marcus_integral(-psi, reorganization) - at_zero
        assert math.log(kappa(psi, reorganization)) == pytest.approx(exact, abs=1e-8)


@pytest.mark.parametrize("psi", [-5.0, -2.0, 1.0, 4.0])
def test_stiff_reactions_follow_butler_and_volmer_at_small_overpotentials(psi):
    # Gauss curves as wide as sqrt(2 lambda): kappa = exp(-psi/2) for psi^2 << lambda
    assert math.log(kappa(psi, 190.0)) == pytest.approx(-0.5 * psi, abs=psi**2 / 190.0 / 2.0)


@pytest.mark.parametrize("reorganization", [0.1, 0.5, 2.0, 5.0])
def test_soft_reactions_have_a_limiting_rate(reorganization):
    # far from equilibrium every electron may pass: the integral is sqrt(4 pi lambda)
    limit = 0.5 * math.log(4.0 * math.pi * reorganization) - marcus_integral(0.0, reorganization)
    for psi in (-80.0, -200.0):
        assert math.log(kappa(psi, reorganization)) == pytest.approx(limit, abs=1e-8)


# --- the laws without a reaction ---


@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("potential", POTENTIALS)
def test_linear_and_held_surfaces(temperature, potential):
    material = host()
    held = float(material.excess(material.equilibrium_composition(potential, temperature), temperature))
    plain = law_lines(Contact("lps", Stretch("left")), material, temperature, potential)
    assert plain.excess == (held, held)
    assert plain.transfer == (math.inf, math.inf)
    rate = Arrhenius(2e-7, 303.15, 3e4)
    linear = law_lines(Contact("lps", Stretch("left"), transfer=rate), material, temperature, potential)
    assert linear.excess == (held, held)
    assert linear.transfer == (rate(temperature), rate(temperature))


def test_blocked_contact_lets_nothing_through():
    blocked = Contact("lps", Stretch("left"), kinetics=ReactionKinetics(None))
    for potential in (-10.0, 0.95, 10.0):
        assert law_lines(blocked, host(), 300.0, potential).transfer == (0.0, 0.0)


# --- what all reactions share ---

MAKERS: tuple[Callable[[], Contact], ...] = (
    lambda: contact(0.05), lambda: contact(0.5), lambda: contact(0.95),
    lambda: contact(energy=1e-3 * KT), lambda: contact(energy=12.0 * KT), lambda: contact(energy=5e5),
)  # fmt: skip


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("temperature", [150.0, 300.0, 1500.0])
@pytest.mark.parametrize("potential", [-10.0, -3.0, 3.0, 10.0])
def test_no_potential_overflows(make, temperature, potential):
    material = host()
    line = law_lines(make(), material, temperature, potential)
    for phase, edge in enumerate(material.edges(temperature)):
        assert 0.0 <= line.transfer[phase] < math.inf
        assert -edge <= line.excess[phase] <= 1.0 - edge
        assert math.isfinite(line.transfer[phase] * line.excess[phase])
        # far out a surface is full or empty, but for what its potential leaves
        psi = reduced(potential, temperature, edge)
        end = math.exp(-psi) if psi > 0.0 else 1.0 - math.exp(psi)
        assert line.excess[phase] + edge == pytest.approx(end, abs=1e-10)


@pytest.mark.parametrize("make", MAKERS[:5])
def test_every_law_rests_at_the_open_circuit_potential(make):
    material, temperature = host(0.08, 0.9), 330.0
    for phase, edge in enumerate(material.edges(temperature)):
        for share in (1e-3, 0.2, 0.9):
            x = edge * share if phase == 0 else 1.0 - (1.0 - edge) * share
            rest = float(material.open_circuit_potential(x, temperature))
            line = law_lines(make(), material, temperature, rest)
            assert line.excess[phase] == pytest.approx(x - edge, abs=1e-14)
            assert line.transfer[phase] > 0.0


@pytest.mark.parametrize("make", MAKERS[:5])
@pytest.mark.parametrize("phase", [0, 1])
def test_less_lithium_enters_at_a_higher_potential_and_into_a_fuller_surface(make, phase):
    material, temperature = host(), 303.15
    edge = material.edges(temperature)[phase]
    x = np.array(surfaces(phase))
    potential = np.linspace(0.5, 1.4, 60)
    lines = [law_lines(make(), material, temperature, float(v)) for v in potential]
    flux = np.array([line.transfer[phase] * (line.excess[phase] - (x - edge)) for line in lines])
    # soft reactions reach their limiting rate: equal there, to round-off of the flux
    assert np.all(np.diff(flux, axis=0) <= 1e-12 * np.abs(flux[1:]))
    ascending = np.argsort(x)
    assert np.all(np.diff(flux[:, ascending], axis=1) <= 0.0)


# --- one law of both phases ---

rates = st.floats(-12.0, 3.0).map(lambda exponent: 10.0**exponent)
signs = st.sampled_from([-1.0, 1.0])


@given(poor=rates, rich=rates, sign=signs, w_poor=st.floats(1e-6, 1.0), w_rich=st.floats(1e-6, 1.0))
@COMMON
def test_both_lines_meet_where_the_surface_changes_its_phase(poor, rich, sign, w_poor, w_rich):
    transfer = np.array([[poor, poor], [rich, rich]])
    excess = sign * np.array([[w_poor, w_poor], [w_rich, w_rich]])
    is_rich = np.array([False, True])
    joined = one_continuous_law(transfer, excess, is_rich)
    np.testing.assert_allclose(joined[0] * excess[0], joined[1] * excess[1], rtol=1e-12)
    # the phase at hand keeps its own law
    assert joined[0, 0] == poor
    assert joined[1, 1] == rich


def test_lines_without_a_jump_or_without_a_common_sign_are_left_alone():
    transfer = np.array([[2.0, 2.0, math.inf, 0.0], [3.0, 3.0, math.inf, 0.0]])
    excess = np.array([[0.3, 0.0, -0.1, 0.2], [-0.1, 0.0, -0.1, 0.2]])
    for rich in (True, False):
        joined = one_continuous_law(transfer, excess, np.full(4, rich))
        np.testing.assert_array_equal(joined, transfer)


@pytest.mark.parametrize("alpha", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("potential", [0.7, 0.94, 0.951, 1.3])
def test_laws_of_a_skewed_gap_meet_by_the_exchange_current_of_the_phase_at_hand(alpha, potential):
    material, temperature = host(0.03, 0.8), 320.0
    line = law_lines(contact(alpha), material, temperature, potential)
    transfer, excess = np.array(line.transfer)[:, None], np.array(line.excess)[:, None]
    for rich in (False, True):
        joined = one_continuous_law(transfer, excess, np.array([rich]))
        flux = (joined * excess).ravel()
        own = line.transfer[int(rich)] * line.excess[int(rich)]
        np.testing.assert_allclose(flux, own, rtol=1e-12)


def test_a_symmetric_gap_needs_no_scaling():
    material = host(0.05, 0.95)
    for potential in (0.6, 0.93, 0.97, 1.3):
        line = law_lines(contact(0.5), material, 300.0, potential)
        flux = np.array(line.transfer) * np.array(line.excess)
        assert flux[0] == pytest.approx(flux[1], rel=1e-11)


@given(
    w=st.floats(-1.0, 1.0), poor=rates, rich=rates, sign=signs, w_poor=st.floats(1e-3, 1.0),
    w_rich=st.floats(1e-3, 1.0), is_rich=st.booleans(),
)  # fmt: skip
@COMMON
def test_surface_excess_inverts_the_law(w, poor, rich, sign, w_poor, w_rich, is_rich):
    excess = sign * np.array([[w_poor], [w_rich]])
    transfer = one_continuous_law(np.array([[poor], [rich]]), excess, np.array([is_rich]))
    phase = 0 if w < 0.0 else 1
    flux = transfer[phase] * (excess[phase] - w)
    found = surface_excess(transfer, excess, flux)
    assert float(found[0]) == pytest.approx(w, abs=1e-12)


def test_surface_excess_of_a_held_and_of_a_blocked_face_is_that_of_its_potential():
    transfer = np.array([[math.inf, 0.0, math.inf], [math.inf, 0.0, math.inf]])
    excess = np.array([[-0.02, 0.03, 0.0], [-0.02, 0.03, 0.0]])
    found = surface_excess(transfer, excess, np.array([1e-7, 0.0, 1e-7]))
    np.testing.assert_array_equal(found, [-0.02, 0.03, 0.0])
