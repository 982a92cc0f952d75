"""Stored fits whose numbers cannot be read are named and left out, before anything is made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lto_sim.report.gather import Found, MapFitFiles, ReproductionFiles, StoredFit
from lto_sim.report.rates import Rate, stored_lines
from lto_sim.report.sections import identifiability, reproduction

__all__ = ["drop_unreadable"]


def drop_unreadable(found: Found) -> None:
    """Move fits and summaries that are damaged, or changed by hand, to what was not understood.

    Parameters
    ----------
    found : All that was gathered; changed in place.
    """
    groups: tuple[tuple[list[Any], Callable[[Any], object]], ...] = (
        (found.rate_fits, _read_rate), (found.energy_fits, _read_energy), (found.map_fits, _read_map_fit),
        (found.reproductions, _read_reproduction),
    )  # fmt: skip
    for group, read in groups:
        for entry in list(group):
            try:
                read(entry)
            except Exception as error:  # whatever a changed number leads to
                reason = " ".join(str(error).split())[:120]
                group.remove(entry)
                text = f"its numbers cannot be read ({type(error).__name__}: {reason})"
                found.not_understood.append((entry.name, text))


def _read_rate(fit: StoredFit) -> None:
    _check_rate(fit.summary, fit.name)


def _check_rate(summary: Any, name: str) -> None:
    rate = Rate(name, summary, name, None, None, "")
    times = np.array([1.0, 2.0])
    _ = (rate.k, rate.k_std, rate.window, rate.position(times), rate.band(times))
    for key in ("k_interval_m2_s", "k_interval_any_law_m2_s"):
        low, high = summary.get(key) or (None, None)
        _ = [None if end is None else float(end) for end in (low, high)]
    kelvin = summary.get("temperature_K")
    _ = None if kelvin is None else float(kelvin)


def _read_energy(fit: StoredFit) -> None:
    for line in stored_lines(fit):
        _ = (line.Ea_eV, line.Ea_eV_std, line.interval, line.band(), line.line(np.array([300.0])))
    for run in fit.summary.get("runs", ()):
        _check_rate(run, str(run.get("source", "")))


def _read_map_fit(fit: MapFitFiles) -> None:
    identifiability.map_fit_section([fit])


def _read_reproduction(files: ReproductionFiles) -> None:
    reproduction.keys(files)
    reproduction.lead(files)
