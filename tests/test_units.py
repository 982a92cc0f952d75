"""The door between text with units and SI numbers."""

from __future__ import annotations

import math

import pytest

from lto_sim.constants import AVOGADRO, BOLTZMANN, ELEMENTARY_CHARGE, FARADAY, GAS_CONSTANT, ZERO_CELSIUS
from lto_sim.errors import InputError
from lto_sim.units import DIMENSIONS, normalise_unit, to_si


@pytest.mark.parametrize(
    ("text", "kind", "si"),
    [
        ("150 nm", "length", 150e-9),
        ("0.3 um", "length", 0.3e-6),
        ("0.3 µm", "length", 0.3e-6),
        ("2 angstrom", "length", 2e-10),
        ("60 s", "time", 60.0),
        ("2 h", "time", 7200.0),
        ("1.5 min", "time", 90.0),
        ("30 degC", "temperature", 303.15),
        ("30 °C", "temperature", 303.15),
        ("-10degC", "temperature", 263.15),
        ("348.15 K", "temperature", 348.15),
        ("86 degF", "temperature", 303.15),
        ("950 mV", "potential", 0.95),
        ("1e-12 cm^2/s", "diffusivity", 1e-16),
        ("1e-12 cm**2/s", "diffusivity", 1e-16),
        ("1e-12 cm2/s", "diffusivity", 1e-16),
        ("1e-16 m2 s-1", "diffusivity", 1e-16),
        ("1e-16 m2.s-1", "diffusivity", 1e-16),
        ("1e-16 m²/s", "diffusivity", 1e-16),
        ("100 nm^2/s", "diffusivity", 1e-16),
        ("1e-21 m^3/s", "conductance", 1e-21),
        ("1 um/s", "velocity", 1e-6),
        ("1e-5 m.s-1", "velocity", 1e-5),
        ("1e6 s/m", "interface resistance", 1e6),
        ("1e4 s/cm", "interface resistance", 1e6),
        ("1e6 s.m-1", "interface resistance", 1e6),
        ("1 h/um", "interface resistance", 3.6e9),
        ("30 deg", "angle", math.pi / 6.0),
        ("30 degree", "angle", math.pi / 6.0),
        ("100 mrad", "angle", 0.1),
        (0.5, "angle", 0.5),
        ("0.49 eV", "molar energy", 0.49 * 96485.33212),
        ("490 meV", "molar energy", 0.49 * 96485.33212),
        ("47 kJ/mol", "molar energy", 47e3),
        ("47000 J mol-1", "molar energy", 47e3),
        ("22.74 mol/L", "concentration", 22740.0),
        ("3.48 g/cm^3", "density", 3480.0),
        ("1.43e-20 J", "energy", 1.43e-20),
        ("5 %", "dimensionless", 0.05),
        ("0.05", "dimensionless", 0.05),
        (".5e-3", "length", 0.5e-3),
        ("+7", "time", 7.0),
        (3, "time", 3.0),
        (1e-16, "diffusivity", 1e-16),
    ],
)
def test_table(text, kind, si):
    assert to_si(text, kind) == pytest.approx(si, rel=1e-9)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("3 eV", "diffusivity"),
        ("3 m", "time"),
        ("30 degC", "length"),
        ("1 m^2/s", "velocity"),
        ("1 V", "molar energy"),
        ("1 m/s", "interface resistance"),
        ("1 m^2/s", "conductance"),
        ("30 degC", "angle"),
        ("3 m", "angle"),
        ("1 parsnip", "length"),
        ("150 nm nm", "length"),
        ("nm", "length"),
        ("", "length"),
        ("nan", "length"),
        ("inf m", "length"),
        (math.nan, "length"),
        (math.inf, "length"),
        (10**400, "length"),
        ("1e400 m", "length"),
        (True, "length"),
        (None, "length"),
        ([1.0], "length"),
        ("1 m; 2", "length"),
        ("1 m\n2", "length"),
        ("1 (m", "length"),
        ("1 __import__", "length"),
    ],
)
def test_what_is_refused_is_named_in_one_line(value, kind):
    with pytest.raises(InputError) as error:
        to_si(value, kind, "some.path")
    text = str(error.value)
    assert text.startswith("some.path: got ")
    assert "\n" not in text
    assert kind in text or not DIMENSIONS[kind]
    assert "give a number in" in text


def test_spelt_out_powers():
    assert normalise_unit("m2 s-1") == "m**2*s**-1"
    assert normalise_unit("m2.s-1") == "m**2*s**-1"
    assert normalise_unit("cm^2/s") == "cm^2/s"
    assert normalise_unit("°C") == "degC"


def test_constants_are_codata():
    assert pytest.approx(96485.33212331, rel=1e-12) == FARADAY
    assert pytest.approx(AVOGADRO * BOLTZMANN, rel=1e-12) == GAS_CONSTANT
    assert ELEMENTARY_CHARGE == 1.602176634e-19
    assert ZERO_CELSIUS == 273.15
