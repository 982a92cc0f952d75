"""Materials: Arrhenius law, windows, excess and its inverse, potentials, every number of the data file."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lto_sim.constants import EV_PER_MOLE, FARADAY, GAS_CONSTANT
from lto_sim.errors import InputError
from lto_sim.exact import wagner
from lto_sim.materials import (
    Arrhenius,
    ConstantWindows,
    RegularSolutionWindows,
    load_material,
    sourced_numbers,
)

LTO = load_material()
TEMPERATURE = 333.15

PINNED = {
    "quantities.insertable_concentration": (22740.0, "mol/m^3", "C"),
    "quantities.lattice_parameter": (0.8359, "nm", "L"),
    "quantities.density": (3.48, "g/cm^3", "L"),
    "quantities.plateau_potential": (0.95, "V", "P"),
    "quantities.lowest_potential": (0.0, "V", "W"),
    "quantities.highest_potential": (2.0, "V", "W"),
    "quantities.x_poor": (0.05, "", "W"),
    "quantities.x_rich": (0.95, "", "W"),
    "quantities.regular_solution_omega": (1.43e-20, "J", "L"),
    "diffusivities.poor.at": (7.547e-14, "m^2/s", "C"),
    "diffusivities.poor.Ea": (0.4930, "eV", "C"),
    "diffusivities.rich.at": (6.620e-16, "m^2/s", "C"),
    "diffusivities.rich.Ea": (0.5888, "eV", "C"),
}


def test_every_number_of_the_data_file_is_pinned():
    numbers = {n.path: n for n in sourced_numbers("lto")}
    assert {path: (n.value, n.unit, n.mark) for path, n in numbers.items()} == PINNED
    assert all(n.source and n.uncertainty for n in numbers.values())


def test_numbers_of_the_data_file_agree_with_each_other():
    numbers = {n.path.split(".", 1)[1]: n.value for n in sourced_numbers("lto")}
    cell = (numbers["lattice_parameter"] * 1e-9) ** 3
    formula_units = 8.0 / 3.0 / cell / 6.02214076e23
    assert formula_units == pytest.approx(7580.0, rel=1e-3)
    assert numbers["insertable_concentration"] == pytest.approx(3.0 * formula_units, rel=1e-3)
    molar_mass = 4 * 6.94 + 5 * 47.867 + 12 * 15.999
    assert numbers["density"] * 1e6 == pytest.approx(formula_units * molar_mass, rel=2e-3)


TABLE_1 = {  # temperature [degC]: k of extraction and insertion [cm2/s], the paper
    105: (1.9e-9, 3.2e-11), 90: (7.8e-10, 1.4e-11), 75: (4.1e-10, 6.8e-12),
    60: (2.0e-10, 3.0e-12), 45: (1.0e-10, 9.9e-13), 30: (4.0e-11, 3.6e-13),
}  # fmt: skip


def test_diffusivities_reproduce_the_published_line():
    temperatures = np.array(sorted(TABLE_1)) + 273.15
    inverse = 1.0 / temperatures
    for column, insertion in ((0, False), (1, True)):
        published = np.log([TABLE_1[t][column] * 1e-4 for t in sorted(TABLE_1)])
        line = np.polyval(np.polyfit(inverse, published, 1), inverse)
        k = []
        for T in temperatures:
            D4, D7 = LTO.poor.diffusivity(T), LTO.rich.diffusivity(T)
            A = 0.05 / 0.9
            k.append(wagner.rate_constant(D7, A) if insertion else wagner.rate_constant(D4, A, A, D4 / D7))
        np.testing.assert_allclose(np.log(k), line, atol=0.02)


# --- Arrhenius ---


def test_arrhenius():
    law = Arrhenius(2e-16, 303.15, 0.5 * EV_PER_MOLE)
    assert law(303.15) == pytest.approx(2e-16, rel=1e-14)
    expected = 2e-16 * math.exp(-0.5 * FARADAY / GAS_CONSTANT * (1.0 / 378.15 - 1.0 / 303.15))
    assert law(378.15) == pytest.approx(expected, rel=1e-12)
    assert law.pre_exponential * math.exp(-0.5 * FARADAY / (GAS_CONSTANT * 350.0)) == pytest.approx(
        law(350.0), rel=1e-12
    )
    assert law.Ea_eV == pytest.approx(0.5, rel=1e-14)
    assert Arrhenius(3.0, 300.0, 0.0)(500.0) == 3.0


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ((0.0, 300.0, 1.0), "at"),
        ((math.inf, 300.0, 1.0), "at"),
        ((1.0, 0.0, 1.0), "reference"),
        ((1.0, math.nan, 1.0), "reference"),
        ((1.0, 300.0, -1.0), "Ea"),
    ],
)
def test_bad_arrhenius(arguments, field):
    with pytest.raises(InputError) as error:
        Arrhenius(*arguments)
    assert error.value.field == field
    assert "\n" not in str(error.value)


# --- windows ---


@pytest.mark.parametrize(
    ("celsius", "x_poor"),
    [(25, 0.039), (30, 0.042), (45, 0.051), (60, 0.061), (75, 0.073), (90, 0.086), (105, 0.101)],
)
def test_regular_solution_windows(celsius, x_poor):
    temperature = celsius + 273.15
    poor, rich = load_material(windows="regular_solution").edges(temperature)
    assert poor == pytest.approx(x_poor, abs=6e-4)
    assert rich == pytest.approx(1.0 - poor, abs=1e-15)
    # the binodal itself
    ratio = 1.43e-20 / (1.380649e-23 * temperature)
    assert math.log((1.0 - poor) / poor) == pytest.approx(ratio * (1.0 - 2.0 * poor), rel=1e-12)


def test_no_gap_above_the_critical_temperature():
    windows = RegularSolutionWindows(1.43e-20)
    with pytest.raises(InputError, match=r"^temperature: got 600.0; allowed: below 517.9 K"):
        windows.edges(600.0)
    poor, rich = windows.edges(517.0)
    assert 0.4 < poor < 0.5 < rich < 0.6


def test_celsius_taken_for_kelvin_is_told():
    windows = RegularSolutionWindows(1.43e-20)
    assert windows.edges(40.0)[0] == pytest.approx(math.exp(-1.43e-20 / (1.380649e-23 * 40.0)), rel=1e-8)
    with pytest.raises(InputError, match=r"^temperature: got 30.0; allowed: above 32.4 K; .*degC"):
        windows.edges(30.0)


@pytest.mark.parametrize(
    ("edges", "field"),
    [
        ((0.0, 0.9), "x_poor"),
        ((1.0, 0.9), "x_poor"),
        ((0.5, 0.5), "x_rich"),
        ((0.5, 0.4), "x_rich"),
        ((0.5, 1.0), "x_rich"),
    ],
)
def test_bad_windows(edges, field):
    with pytest.raises(InputError) as error:
        ConstantWindows(*edges)
    assert error.value.field == field


# --- excess and potential ---


@given(x=st.floats(0.0, 1.0), temperature=st.floats(280.0, 400.0))
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
def test_excess_and_composition_are_inverse_outside_the_gap(x, temperature):
    material = load_material(windows="regular_solution")
    poor, rich = material.edges(temperature)
    w = float(material.excess(x, temperature))
    if poor <= x <= rich:
        assert w == 0.0
        assert float(material.composition(w, temperature)) == poor
        assert float(material.composition(w, temperature, at_front="rich")) == rich
    else:
        assert math.copysign(1.0, w) == (-1.0 if x < poor else 1.0)
        assert float(material.composition(w, temperature)) == pytest.approx(x, abs=1e-15)


def test_excess_is_continuous_and_monotone():
    x = np.linspace(0.0, 1.0, 2001)
    w = LTO.excess(x, TEMPERATURE)
    assert np.all(np.diff(w) >= 0.0)
    assert np.diff(w).max() < 6e-4
    assert (w[0], w[-1]) == pytest.approx((-0.05, 0.05))


@given(x=st.floats(1e-12, 1.0 - 1e-12), temperature=st.floats(280.0, 400.0))
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
def test_potential_and_composition_are_inverse_outside_the_gap(x, temperature):
    material = load_material(windows="regular_solution")
    poor, rich = material.edges(temperature)
    volts = float(material.open_circuit_potential(x, temperature))
    if poor <= x <= rich:
        assert volts == pytest.approx(0.95, abs=1e-14)
    else:
        assert (volts > 0.95) == (x < poor)
        back = material.equilibrium_composition(volts, temperature)
        assert back == pytest.approx(x, rel=1e-9)
        assert 1.0 - back == pytest.approx(1.0 - x, rel=1e-4, abs=1e-15)


def test_potential_tails_are_ideal_and_matched_at_the_edges():
    thermal = GAS_CONSTANT * TEMPERATURE / FARADAY
    for edge, x in ((0.05, 0.01), (0.05, 0.0499999), (0.95, 0.999), (0.95, 0.9500001)):
        expected = 0.95 + thermal * math.log(edge / (1.0 - edge) * (1.0 - x) / x)
        assert float(LTO.open_circuit_potential(x, TEMPERATURE)) == pytest.approx(expected, abs=1e-14)
    volts = LTO.open_circuit_potential(np.linspace(0.001, 0.999, 999), TEMPERATURE)
    assert np.all(np.diff(volts) <= 0.0)
    assert np.abs(np.diff(volts))[45:55].max() < 1e-3


def test_held_potentials():
    assert LTO.equilibrium_composition(1.6, 303.15) == pytest.approx(0.0, abs=1e-9)
    assert LTO.equilibrium_composition(0.4, 303.15) == pytest.approx(1.0, abs=1e-9)
    assert LTO.contact_excess(1.6, 303.15) == pytest.approx(-0.05, abs=1e-9)
    assert LTO.contact_excess(0.4, 303.15) == pytest.approx(0.05, abs=1e-9)
    assert LTO.contact_excess(0.95, 303.15) == 0.0
    assert LTO.equilibrium_composition(0.95, 303.15) == pytest.approx(0.5)
    assert LTO.equilibrium_composition(400.0, 303.15) == 0.0
    with pytest.raises(InputError, match=r"^potential: got nan"):
        LTO.equilibrium_composition(math.nan, 303.15)
    with pytest.raises(InputError, match=r"^x: got 0.0"):
        LTO.open_circuit_potential(0.0, 303.15)


def test_overrides_and_unknown_names():
    own = load_material(
        windows=ConstantWindows(0.1, 0.8),
        diffusivity_poor=Arrhenius(1e-15, 300.0, 0.0),
        plateau_potential=1.55,
        insertable_concentration=2e4,
    )
    assert own.edges(300.0) == (0.1, 0.8)
    assert own.poor.diffusivity(400.0) == 1e-15
    assert own.rich == LTO.rich
    assert (own.plateau_potential, own.insertable_concentration) == (1.55, 2e4)
    assert LTO.density == pytest.approx(3480.0)
    for call in (lambda: load_material("lfp"), lambda: load_material(windows="flat")):
        with pytest.raises(InputError) as error:
            call()
        assert "\n" not in str(error.value)
