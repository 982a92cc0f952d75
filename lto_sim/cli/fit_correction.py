"""What ``lto-sim fit FRONT --correct SCENARIO.toml`` adds: options, the correction, its lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from lto_sim.cli.sources import assignments, load_scenario
from lto_sim.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

    from lto_sim.kinetics import RateData
    from lto_sim.kinetics.corrections import CorrectedRate

__all__ = ["Correct", "Target", "Uncertain", "correct_front", "correction_lines"]

Correct = Annotated[
    Path | None,
    typer.Option(
        "--correct",
        metavar="SCENARIO.toml",
        help="Correct k by a simulation of this scenario: the specimen's outline, contacts, thickness, "
        "surfaces, profiles and scan. A common factor of its rates does not matter.",
        show_default=False,
    ),
]
Target = Annotated[
    str,
    typer.Option(
        "--target", help="Corrected k: planar (a planar front in this lamella) or bulk (without its faces)."
    ),
]
Uncertain = Annotated[
    list[str] | None,
    typer.Option(
        "--uncertain",
        metavar="PATH=STD",
        help="Standard deviation [SI] of a value of that scenario, such as contacts.lps.where.to=30e-9; "
        "repeatable.",
        show_default=False,
    ),
]


def correct_front(
    measured: xr.Dataset | RateData,
    path: Path,
    *,
    target: str = "planar",
    uncertain: Sequence[str] | None = None,
    k_convention: str = "2kt",
) -> tuple[dict[str, Any], dict[str, str], CorrectedRate]:
    """Correct the rate constant of a front: what goes under ``corrected``, lines to print, the result.

    Parameters
    ----------
    measured : The front, or points of it.
    path : Scenario of the specimen.
    target, uncertain : As given on the command line.
    k_convention : Definition of k.

    Raises
    ------
    InputError
        An unknown target, a deviation that is no number, or what the correction refuses.
    """
    from lto_sim.kinetics.corrections import correct_rate_constant

    chosen: dict[str, Literal["planar", "bulk"]] = {"planar": "planar", "bulk": "bulk"}
    if target not in chosen:
        raise InputError("--target", target, " or ".join(chosen), "say which rate constant is wanted")
    result = correct_rate_constant(
        measured, load_scenario(path, None, None), target=chosen[target], uncertain=_deviations(uncertain),
        k_convention=k_convention,
    )  # fmt: skip
    return {"corrected": result.summary() | {"scenario": str(path)}}, correction_lines(result), result


def _deviations(texts: Sequence[str] | None) -> dict[str, float]:
    deviations = {}
    for path, value in assignments(texts).items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(
                "--uncertain",
                f"{path}={value}",
                "path=number",
                "give the deviation in SI, such as 30e-9 for 30 nm",
            )
        deviations[path] = float(value)
    return deviations


def correction_lines(result: CorrectedRate) -> dict[str, str]:
    """Lines that say what was corrected, by how much, and what the deviation is made of."""
    low, high = result.interval()
    of_what = "a planar front in this lamella" if result.target == "planar" else "the bulk alone"
    parts = ", ".join(f"{name} {100.0 * part:.2g} %" for name, part in result.parts.items())
    early, late = result.thirds
    return {
        "corrected k": f"{result.k * 1e4:.4g} +- {result.k_std * 1e4:.2g} cm2/s, of {of_what}",
        "its 95% interval": f"{low * 1e4:.4g} to {high * 1e4:.4g} cm2/s",
        "apparent k": f"{result.k_apparent * 1e4:.4g} +- {result.k_apparent_std * 1e4:.2g} cm2/s, "
        f"{result.law} law, {result.points} points",
        "apparent / true": f"{result.factor:.4g} +- {result.factor_std:.2g}, by simulation",
        "deviation from": parts,
        "without a third": f"{early * 1e4:.4g} (last) and {late * 1e4:.4g} (first) cm2/s",
        "about simulation": f"reduced chi2 {result.reduced_chi_square:.3g}",
    }
