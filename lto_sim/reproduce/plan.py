"""Which runs a reproduction is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from lto_sim.errors import InputError
from lto_sim.execution import child_seeds
from lto_sim.reproduce.case import Case
from lto_sim.reproduce.experiment import THROUGH_THICKNESS, TEMPERATURES_degC
from lto_sim.reproduce.grid import FACE_SHARES, PERIMETERS, GridCase
from lto_sim.reproduce.recording import PREFIX, study_instrument
from lto_sim.reproduce.surfaces import REFERENCE_SURFACES
from lto_sim.transport import plan_run

__all__ = ["PAIR_LABEL", "SERIES", "Series", "Study", "grid_cases", "plan_reproduction", "study_cases"]

Series = str

SERIES: Final[tuple[Series, ...]] = ("extraction", "insertion", "insertion_no_surface")
"""Series of temperatures: both directions with the reference surfaces, and insertion without."""

PAIR_LABEL: Final = "_through_thickness"
"""Name of the extraction run on the mesh of insertion, which the core-shell figure shows beside it."""

_OWNED = (
    "title", "temperature", "initial", "drive", "contacts.lps.where", "specimen.outline", "profile", "seed",
)  # fmt: skip


@dataclass(frozen=True)
class Study:
    """What is run; the default is the whole experiment.

    Parameters
    ----------
    temperatures_degC : Temperatures of every series [degC].
    single_degC : Temperature of the partial contacts, the core-shell figure and the grid [degC]: one of them.
    coverages : Partial contacts, as fractions of the side [1].
    face_shares, perimeters : The grid of conductances [1], [m3 s-1].

    Raises
    ------
    InputError
        Fewer than three temperatures, or a single one that is none of them.
    """

    temperatures_degC: Sequence[float] = TEMPERATURES_degC
    single_degC: float = 75.0
    coverages: Sequence[float] = (0.8, 0.6, 0.4, 0.2)
    face_shares: Sequence[float] = FACE_SHARES
    perimeters: Sequence[float] = PERIMETERS

    def __post_init__(self) -> None:
        if len(set(self.temperatures_degC)) < 3:
            given = tuple(self.temperatures_degC)
            raise InputError("temperatures_degC", given, "three different ones at least", "Ea needs three")
        if self.single_degC not in self.temperatures_degC:
            allowed = ", ".join(f"{t:g}" for t in self.temperatures_degC)
            raise InputError("single_degC", self.single_degC, allowed, "take one of the series")


def study_cases(seed: int, overrides: dict[str, Any] | None = None, study: Study | None = None) -> list[Case]:
    """Every measured run of the study, longest first; each has its own seed, derived from `seed`.

    Parameters
    ----------
    seed : Seed of the whole reproduction.
    overrides : Values by scenario path, as for ``--set``.
    study : What is run; None: the whole experiment.

    Returns
    -------
    list of Case
        Each with a name of its own.

    Raises
    ------
    InputError
        An override of something that the study itself sets.
    """
    study = study or Study()
    values = tuple(_allowed(overrides or {}).items())
    temperatures, single = study.temperatures_degC, study.single_degC
    seeds = iter(child_seeds(seed, len(SERIES) * len(temperatures) + len(study.coverages) + 2))
    shared: dict[str, Any] = {"overrides": values, "surfaces": REFERENCE_SURFACES}
    mesh = tuple((THROUGH_THICKNESS | dict(values)).items())
    pair = Case("extraction", single, next(seeds), 1.0, mesh, REFERENCE_SURFACES, PAIR_LABEL)
    extraction = [Case("extraction", t, next(seeds), **shared) for t in temperatures]
    insertion = [Case("insertion", t, next(seeds), **shared) for t in temperatures]
    bulk = [Case("insertion", t, next(seeds), overrides=values) for t in temperatures]
    contacts = [Case("extraction", single, next(seeds), c, values) for c in (1.0, *study.coverages)]
    return [pair, *insertion, *extraction, *contacts, *bulk]


def grid_cases(overrides: dict[str, Any] | None = None, study: Study | None = None) -> list[GridCase]:
    """Every pair of conductances, perimeters from low to high, shares from low to high within each.

    Parameters
    ----------
    overrides : Values by scenario path, as for ``--set``.
    study : What is run; None: the whole experiment.

    Returns
    -------
    list of GridCase
        Each without a result yet.
    """
    study = study or Study()
    values = tuple((k, v) for k, v in (overrides or {}).items() if not k.startswith(PREFIX))
    return [
        GridCase(share, perimeter, study.single_degC, values)
        for perimeter in study.perimeters
        for share in study.face_shares
    ]


def _allowed(overrides: dict[str, Any]) -> dict[str, Any]:
    """Refuse values that the study itself sets, run by run, and those of maps without spectra."""
    study_instrument({path: value for path, value in overrides.items() if path.startswith(PREFIX)})
    for path, value in overrides.items():
        if path == "maps" or path.startswith("maps."):
            raise InputError(
                path, value, "absent: maps come from spectra", "set instrument.beam.current, ..."
            )
        owned = next((own for own in _OWNED if path == own or path.startswith(f"{own}.")), None)
        if owned is not None:
            raise InputError(
                path,
                value,
                f"any key but those under {', '.join(_OWNED)}",
                "the study sets it; use `lto-sim run`",
            )
    return overrides


def plan_reproduction(
    seed: int = 0, overrides: dict[str, Any] | None = None, study: Study | None = None
) -> dict[str, Any]:
    """Count what a reproduction would do, after checking every scenario of it.

    Parameters
    ----------
    seed : Seed of the whole reproduction.
    overrides : Values by scenario path, as for ``--set``.
    study : What is run; None: the whole experiment.

    Returns
    -------
    dict
        Counts for JSON, units in the names.

    Raises
    ------
    InputError
        An override that a scenario refuses.
    """
    cases: list[Case | GridCase] = []
    cases += study_cases(seed, overrides, study)
    cases += grid_cases(overrides, study)
    plans = [plan_run(case.scenario()) for case in cases]
    return {
        "runs": len(plans),
        "cells": max(p.cells for p in plans),
        "steps": sum(p.steps for p in plans),
        "frames": sum(p.frames for p in plans),
        "memory_bytes": sum(p.memory_bytes for p in plans),
    }
