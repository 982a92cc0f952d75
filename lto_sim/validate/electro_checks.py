"""Electrochemistry beside exact answers, as rows of one table."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

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
from lto_sim.validate.electro_ledger import drive_errors
from lto_sim.validate.table import Row

__all__ = ["electrochemistry_rows"]

_CONTACTS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("held surface", {}),
    ("Butler-Volmer", {"law": "butler_volmer", "k0": 1e-9}),
    (
        "Butler-Volmer, double layer, resistance",
        {"law": "butler_volmer", "k0": 1e-9, "capacitance": 0.1, "resistance": 1e-2},
    ),
)


def electrochemistry_rows(*, quick: bool = False) -> list[Row]:
    """Currents, potentials and impedances against Wagner, Cottrell, Warburg, Nernst and Butler-Volmer."""
    rows = [*_fronts(quick), *_single_phase(quick), *_contacts()]
    found, put_in, _ = gitt_diffusivities()
    worst = max(found, key=lambda D: abs(D / put_in - 1.0))
    rows.append(Row("D [m2/s] from GITT, worst of its pulses", put_in, worst, worst / put_in - 1.0, 0.03))
    for name, (ledger, restart) in drive_errors(quick=quick).items():
        rows.append(Row(f"lithium over charge/F, {name}", 0.0, ledger, ledger, 1e-10))
        rows.append(Row(f"restart against uninterrupted, {name}", 0.0, restart, restart, 1e-12))
    return rows


def _fronts(quick: bool) -> list[Row]:
    rows = []
    for name, extraction in (("extraction", True), ("insertion", False)):
        profile, _ = wagner_current_errors(extraction)
        rows.append(_worst(f"current over Wagner's, {name}", profile, 0.01))
        _, law = wagner_current_errors(extraction, width=0.01)
        rows.append(_worst(f"current over F A dc gap sqrt(k/2t), {name}, A 0.01", law, 0.01))
        error = reaction_plateau(extraction)
        rows.append(Row(f"early current over i0 2 sinh(f eta/2), {name}", 1.0, 1.0 + error, error, 0.01))
        if quick:
            break
    return rows


def _worst(name: str, errors: Any, limit: float) -> Row:
    worst = float(errors[np.abs(errors).argmax()])
    return Row(name, 1.0, 1.0 + worst, worst, limit)


def _single_phase(quick: bool) -> list[Row]:
    cottrell, series = cottrell_errors()
    rows = [
        Row("current over Cottrell's, one phase", 1.0, 1.0 + cottrell, cottrell, 0.005),
        Row("current over the series of a slab", 1.0, 1.0 + series, series, 0.005),
    ]
    for name, contact in _CONTACTS[2:] if quick else _CONTACTS:
        error = impedance_errors(contact)
        rows.append(Row(f"impedance over Warburg's, 1 mHz to 1 kHz, {name}", 1.0, 1.0 + error, error, 0.005))
    error = well_mixed_errors()
    rows.append(Row("potential [V], well mixed, Nernst and Butler-Volmer", 0.0, error, error, 1e-4))
    return rows


def _contacts() -> list[Row]:
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
