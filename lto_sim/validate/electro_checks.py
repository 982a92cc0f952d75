"""Electrochemistry beside exact answers, as rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from lto_sim.transport import simulate
from lto_sim.validate.electro_cases import (
    cottrell_errors,
    fronts_of_contacts,
    gitt_diffusivities,
    impedance_errors,
    reaction_plateau,
    share_of_active_contact,
    two_contacts,
    wagner_current_errors,
    well_mixed_errors,
)
from lto_sim.validate.electro_ledger import CIRCUITS, DRIVES, drive_errors
from lto_sim.validate.section import Check, worst_row
from lto_sim.validate.table import Row

__all__ = ["electrochemistry_checks"]

_CONTACTS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("held surface", {}),
    ("Butler-Volmer", {"law": "butler_volmer", "k0": 1e-9}),
    (
        "Butler-Volmer, double layer, resistance",
        {"law": "butler_volmer", "k0": 1e-9, "capacitance": 0.1, "resistance": 1e-2},
    ),
)


def electrochemistry_checks(quick: bool) -> Sequence[Check]:
    """Currents, potentials and impedances against Wagner, Cottrell, Warburg, Nernst and Butler-Volmer."""
    directions = ("extraction",) if quick else ("extraction", "insertion")
    contacts = _CONTACTS[2:] if quick else _CONTACTS
    circuits = tuple(CIRCUITS)[:1] if quick else tuple(CIRCUITS)
    return [
        *(partial(_front_rows, direction) for direction in directions),
        _single_phase_rows,
        *(partial(_impedance_rows, *contact) for contact in contacts),
        _well_mixed_rows,
        _contact_rows,
        _gitt_rows,
        *(partial(_drive_rows, drive, circuit) for circuit in circuits for drive in _drives(quick)),
    ]


def _drives(quick: bool) -> tuple[str, ...]:
    """Names of drives; what is left out of the quick form is a part of other drives, and takes long."""
    return tuple(name for name in DRIVES if not quick or name not in {"PITT", "current"})


def _front_rows(direction: str) -> list[Row]:
    extraction = direction == "extraction"
    profile, _ = wagner_current_errors(extraction)
    _, law = wagner_current_errors(extraction, width=0.01)
    error = reaction_plateau(extraction)
    return [
        worst_row(f"current over Wagner's, {direction}", profile, 0.01),
        worst_row(f"current over F A dc gap sqrt(k/2t), {direction}, A 0.01", law, 0.01),
        Row(f"early current over i0 2 sinh(f eta/2), {direction}", 1.0, 1.0 + error, error, 0.01),
    ]


def _single_phase_rows() -> list[Row]:
    cottrell, series = cottrell_errors()
    return [
        Row("current over Cottrell's, one phase", 1.0, 1.0 + cottrell, cottrell, 0.005),
        Row("current over the series of a slab", 1.0, 1.0 + series, series, 0.005),
    ]


def _impedance_rows(name: str, contact: dict[str, Any]) -> list[Row]:
    error = impedance_errors(contact)
    return [Row(f"impedance over Warburg's, 1 mHz to 1 kHz, {name}", 1.0, 1.0 + error, error, 0.005)]


def _well_mixed_rows() -> list[Row]:
    error = well_mixed_errors()
    return [Row("potential [V], well mixed, Nernst and Butler-Volmer", 0.0, error, error, 1e-4)]


def _contact_rows() -> list[Row]:
    """Two contacts, exchange currents 20 to 1: a small current picks one, a large potential takes both."""
    driven = simulate(two_contacts([{"current": 1e-12, "until": {"time": 30.0}}]))
    share, even = share_of_active_contact(driven, 1.0), 20.0 / 21.0
    held = simulate(two_contacts([{"hold": 1.6, "until": {"time": 3.0}}]))
    fronts = fronts_of_contacts(held)
    ratio = fronts[1] / fronts[0]
    return [
        Row("share of the active contact at first, constant current", even, share, share - even, even - 0.9),
        Row("way of the fronts from both contacts, constant voltage", 1.0, ratio, ratio - 1.0, 0.1),
    ]


def _gitt_rows() -> list[Row]:
    found, put_in, _ = gitt_diffusivities()
    worst = max(found, key=lambda D: abs(D / put_in - 1.0))
    return [Row("D [m2/s] from GITT, worst of its pulses", put_in, worst, worst / put_in - 1.0, 0.03)]


def _drive_rows(drive: str, circuit: str) -> list[Row]:
    ledger, restart = drive_errors(drive, circuit)
    name = f"{drive}, {circuit}"
    return [
        Row(f"lithium over charge/F, {name}", 0.0, ledger, ledger, 1e-10),
        Row(f"restart against uninterrupted, {name}", 0.0, restart, restart, 1e-12),
    ]
