"""C-rates and capacities: exact conversions, headers that a table can carry."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import xarray as xr
from electrical_series import CAPACITY, MASS, Series

from lto_sim.constants import FARADAY
from lto_sim.electrochemistry import (
    electrical_table,
    one_c_current,
    specific_capacity,
    theoretical_capacity,
)
from lto_sim.errors import InputError
from lto_sim.units import normalise_unit


def discharge() -> xr.Dataset:
    """The whole capacity at 2 C, in half an hour."""
    series = Series()
    series.add("current", -CAPACITY / 1800.0, 1800.0, 18)
    time = series.times()
    return series.dataset(time / 1800.0, np.linspace(1.0, 0.9, time.size))


def test_one_c_passes_the_capacity_in_an_hour() -> None:
    assert one_c_current(discharge()) == CAPACITY / 3600.0


def test_theoretical_capacity_is_that_of_lto() -> None:
    by_hand = FARADAY * 22740.0 / 3480.0 / 3600.0  # 3 Li, 459.1 g/mol: 175.1 mA h/g
    assert np.isclose(theoretical_capacity(discharge()), by_hand, rtol=1e-12)
    assert round(by_hand, 1) == 175.1


def test_table_of_a_discharge_at_two_c() -> None:
    table = electrical_table(discharge())
    np.testing.assert_allclose(table["c_rate [1/h]"][1:], -2.0, rtol=1e-12)
    np.testing.assert_allclose(table["li_fraction"], table["time [s]"] / 1800.0, atol=1e-12)
    np.testing.assert_allclose(table["charge [C]"][-1], -CAPACITY, rtol=1e-12)
    np.testing.assert_allclose(
        table["specific_capacity [mA h/g]"], -theoretical_capacity(discharge()) * table["li_fraction"]
    )
    np.testing.assert_allclose(table["current_left_side [A]"], table["current [A]"])
    assert np.isnan(table["current [A]"][0])
    assert table["drive_step"].tolist() == [0.0] * 19
    assert len({column.shape for column in table.values()}) == 1


def test_specific_capacity_is_charge_over_mass() -> None:
    milliampere_hours = discharge()["charge"].values / 3.6
    grams = MASS * 1e3
    np.testing.assert_allclose(specific_capacity(discharge()), milliampere_hours / grams, rtol=1e-12)


def test_headers_are_those_of_a_table() -> None:
    for header in electrical_table(discharge()):
        match = re.fullmatch(r"([A-Za-z_]\w*)(?: \[([^\]]*)\])?", header)
        assert match is not None, header
        assert match.group(2) is None or normalise_unit(match.group(2))


def test_contacts_of_one_cleaned_name_stay_apart() -> None:
    data = discharge()
    doubled = data.isel(contact=[0, 0])
    doubled.attrs["contacts"] = json.dumps(["a b", "a-b"])
    table = electrical_table(doubled)
    assert {"current_a_b_0 [A]", "current_a_b_1 [A]", "overpotential_a_b_1 [V]"} <= set(table)
    doubled.attrs["contacts"] = json.dumps(["a"])
    with pytest.raises(InputError, match="2 names"):
        electrical_table(doubled)


def test_a_series_without_contacts_is_a_table_too() -> None:
    bare = discharge().drop_vars(["current_of_contact", "overpotential"])
    assert len(electrical_table(bare)) == 8


@pytest.mark.parametrize("name", ["mass_kg", "capacity_C"])
def test_missing_attributes_are_named(name: str) -> None:
    data = discharge()
    del data.attrs[name]
    with pytest.raises(InputError, match=name):
        theoretical_capacity(data)
    with pytest.raises(InputError, match=name):
        electrical_table(data)
