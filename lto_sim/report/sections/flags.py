"""Everything that was flagged: by runs, maps, tracks, fits, comparisons, and by what the page did itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from lto_sim.kinetics import count_frames
from lto_sim.report.gather import Found, MapFitFiles, Store
from lto_sim.report.page import Block, Notice, Section, Text
from lto_sim.report.rates import Activation, Rate
from lto_sim.report.words import counted, number

__all__ = ["flags_of", "section"]

_BALANCE: Final = 1e-9
_CHI_SQUARE: Final = (0.5, 2.0)
_CORRELATED: Final = 5.0
_LOST: Final = 0.05


def section(flags: Sequence[str]) -> Section:
    """Return the section of warnings, or that there was nothing to warn of."""
    if not flags:
        text = (
            "Nothing was flagged: runs finished and kept their lithium, frames have fronts, chi-squares are "
            "near 1, and the fits came to a verdict, as far as there are such results here."
        )
        return Section("warnings", "Warnings", [Text(text)])
    blocks: list[Block] = [Notice(text) for text in dict.fromkeys(flags)]
    return Section("warnings", "Warnings", blocks)


def flags_of(
    found: Found, rates: Sequence[Rate], lines: Sequence[Activation], refusals: Sequence[str]
) -> list[str]:
    """Collect what the results say against themselves.

    Parameters
    ----------
    found : The stores and fits.
    rates, lines : Rate constants and activation energies.
    refusals : Why there is no activation energy.
    """
    flags = [text for run in found.runs for text in _run_flags(run)]
    flags += [text for maps in found.maps for text in _map_flags(maps)]
    flags += [text for front in found.fronts for text in _front_flags(front)]
    flags += [text for entry in rates for text in _rate_flags(entry)]
    flags += [text for line in lines for text in _line_flags(line)]
    flags += [text for store in found.comparisons for text in _comparison_flags(store)]
    flags += [text for fit in found.map_fits for text in _fit_flags(fit)]
    flags += list(refusals)
    for sweep in found.sweeps:
        flags += [
            f"{sweep.name}: {counted(count, 'run')} failed: {why}" for why, count in sweep.status.reasons
        ]
    versions = sorted(
        {str(s.data.attrs["lto_sim_version"]) for s in found.stores if "lto_sim_version" in s.data.attrs}
    )
    if len(versions) > 1:
        flags.append(f"results of several versions of lto_sim are shown together: {', '.join(versions)}")
    return flags


def _run_flags(run: Store) -> list[str]:
    known, flags = run.data.attrs, []
    if int(known.get("status", 0)) > 0:
        flags.append(f"{run.name}: {known.get('status_meaning', 'the run did not finish')}")
    balance = float(known.get("worst_balance_error", 0.0))
    if balance > _BALANCE:
        flags.append(f"{run.name}: lithium is balanced to {number(balance, 2)} of the capacity only")
    if int(known.get("out_of_range", 0)):
        flags.append(f"{run.name}: {known['out_of_range']} compositions were outside 0 to 1")
    return flags


def _map_flags(maps: Store) -> list[str]:
    flags = []
    if "failed" in maps.data:
        share = float((maps.data["failed"].values != 0).mean())
        if share > _LOST:
            flags.append(f"{maps.name}: {100.0 * share:.1f} % of the pixels could not be quantified")
    values = maps.data["li_fraction"].values
    if not np.isfinite(values).any():
        flags.append(f"{maps.name}: no pixel has a value")
    return flags


def _front_flags(front: Store) -> list[str]:
    if "front_status" not in front.data:
        return []
    return [
        f"{front.name}, profile {count.profile}: {count.found} of {counted(count.frames, 'frame')} with a "
        f"front, {count.reasons()}"
        for count in count_frames(front.data)
        if count.found < count.frames
    ]


def _rate_flags(found: Rate) -> list[str]:
    some, flags = found.summary, []
    if found.verdict in ("undecided", "mixed", "reaction-limited"):
        flags.append(f"{found.name}: the verdict is {found.verdict}; see the intervals of k whatever the law")
    if some.get("alternative"):
        flags.append(f"{found.name}: {some['alternative']} explains the later points as well")
    reduced = some.get("reduced_chi_square")
    if reduced is not None and not _CHI_SQUARE[0] <= float(reduced) <= _CHI_SQUARE[1]:
        flags.append(
            f"{found.name}: reduced chi-square of the fit is {number(float(reduced), 3)}: its deviations "
            "are not those of the points"
        )
    if some.get("outliers"):
        flags.append(f"{found.name}: {counted(int(some['outliers']), 'point')} left out as outliers")
    return flags


def _line_flags(line: Activation) -> list[str]:
    name = f"Ea of {line.direction}" if line.direction else "Ea"
    reduced = line.summary.get("reduced_chi_square")
    flags = [f"{name}: {note}" for note in line.summary.get("notes") or ()]
    if line.k_std is not None and reduced is not None and float(reduced) > _CHI_SQUARE[1]:
        flags.append(
            f"{name}: reduced chi-square {number(float(reduced), 3)}: the rate constants scatter about the "
            "line by more than their deviations say"
        )
    return flags


def _comparison_flags(store: Store) -> list[str]:
    known, flags = store.data.attrs, []
    chi_square = known.get("chi_square_per_freedom")
    if chi_square is not None and not _CHI_SQUARE[0] <= float(chi_square) <= _CHI_SQUARE[1]:
        flags.append(f"{store.name}: chi-square is {number(float(chi_square))} per degree of freedom")
    std = float(known.get("correlation_std", 0.0))
    along = [float(known.get(f"correlation_{axis}", 0.0)) for axis in "xy"]
    if std > 0.0 and max(along) > _CORRELATED * std:
        flags.append(
            f"{store.name}: residuals of neighbours are alike (correlation {max(along):.3f}; noise has 0 ± "
            f"{std:.2g}): the difference is more than noise"
        )
    if known.get("pose_alternative"):
        flags.append(f"{store.name}: the pose {known['pose_alternative']} fits as well")
    return flags


def _fit_flags(fit: MapFitFiles) -> list[str]:
    some = fit.summary
    flags = [f"{fit.name}: {text}" for text in some.get("failures") or ()]
    if some and some.get("status") != "converged":
        flags.append(f"{fit.name}: {some.get('status')}: {some.get('advice') or 'no advice'}")
    return flags
