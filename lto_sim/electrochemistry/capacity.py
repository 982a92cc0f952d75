"""Currents and charges in the words of batteries: C-rates and specific capacities.

A current of 1 C passes the charge of all insertable lithium in an hour. A specific capacity is charge over
mass; 1 mA h/g is 3600 C/kg.
"""

from __future__ import annotations

import json
import re
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.constants import FARADAY
from lto_sim.electrochemistry.series import positive_attribute, values_of
from lto_sim.errors import InputError

__all__ = ["electrical_table", "one_c_current", "specific_capacity", "theoretical_capacity"]

_HOUR: Final = 3600.0
_COULOMB_PER_KG: Final = 3600.0
"""One mA h/g [C/kg]."""


def one_c_current(dataset: xr.Dataset) -> float:
    """Return the current of 1 C [A]: all insertable lithium in an hour, for the run `dataset`.

    Raises
    ------
    InputError
        No attribute ``capacity_C``.
    """
    return positive_attribute(dataset, "capacity_C") / _HOUR


def theoretical_capacity(dataset: xr.Dataset) -> float:
    """Return the charge of all insertable lithium over the mass [mA h/g], for the run `dataset`.

    Raises
    ------
    InputError
        No attribute ``capacity_C`` or ``mass_kg``.
    """
    mass = positive_attribute(dataset, "mass_kg")
    return positive_attribute(dataset, "capacity_C") / mass / _COULOMB_PER_KG


def specific_capacity(dataset: xr.Dataset) -> NDArray[np.float64]:
    """Return the charge passed over the mass [mA h/g], extraction > 0, shape (time_fine,).

    Parameters
    ----------
    dataset : A run, or a recorded series labelled like one.

    Raises
    ------
    InputError
        No variable ``charge`` or attribute ``mass_kg``.
    """
    return values_of(dataset, "charge") / positive_attribute(dataset, "mass_kg") / _COULOMB_PER_KG


def electrical_table(dataset: xr.Dataset) -> dict[str, NDArray[np.float64]]:
    """Return the electrical series as columns, the header with its unit as key.

    A current that has no value (NaN: the first sample of a series that begins with it) stays NaN. Characters
    of a contact's name that cannot stand in a header become ``_``.

    Parameters
    ----------
    dataset : A run, or a recorded series labelled like one.

    Returns
    -------
    ``time [s]``, ``drive_step``, ``potential [V]``, ``current [A]``, ``charge [C]``, ``c_rate [1/h]``,
    ``specific_capacity [mA h/g]``, ``li_fraction``, and for each contact ``current_NAME [A]`` and
    ``overpotential_NAME [V]`` where the dataset holds them; every column of shape (time_fine,).

    Raises
    ------
    InputError
        A variable or an attribute is missing.
    """
    current = values_of(dataset, "current")
    capacity = positive_attribute(dataset, "capacity_C")
    table = {
        "time [s]": values_of(dataset, "time_fine"),
        "drive_step": values_of(dataset, "drive_step"),
        "potential [V]": values_of(dataset, "potential"),
        "current [A]": current,
        "charge [C]": values_of(dataset, "charge"),
        "c_rate [1/h]": current / one_c_current(dataset),
        "specific_capacity [mA h/g]": specific_capacity(dataset),
        "li_fraction": values_of(dataset, "lithium") * FARADAY / capacity,
    }
    for variable, header, unit in (
        ("current_of_contact", "current", "A"),
        ("overpotential", "overpotential", "V"),
    ):
        if variable in dataset:
            rows = np.asarray(dataset[variable].transpose("contact", "time_fine").values, dtype=np.float64)
            for name, row in zip(_contacts(dataset, rows.shape[0]), rows, strict=True):
                table[f"{header}_{name} [{unit}]"] = row
    return table


def _contacts(dataset: xr.Dataset, count: int) -> list[str]:
    """Names of the contacts, fit for a header and all different."""
    names = json.loads(str(dataset.attrs.get("contacts", "[]")))
    if len(names) != count:
        raise InputError("attribute contacts", names, f"{count} names", "one for each contact")
    clean = [re.sub(r"\W", "_", str(name)) for name in names]
    return [f"{name}_{i}" if clean.count(name) > 1 else name for i, name in enumerate(clean)]
