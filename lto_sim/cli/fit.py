"""``lto-sim fit``: k from front positions, Ea from rate constants."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from lto_sim.cli.options import AsJson, Force
from lto_sim.cli.show import print_summary
from lto_sim.errors import InputError

__all__ = ["EXAMPLE", "NAME", "command"]

NAME: Final = "fit"
EXAMPLE: Final = "Example: lto-sim fit particle_front.zarr --json; lto-sim fit rates.csv --scale-errors"


def command(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="TABLE.csv|FRONT.zarr",
            help='Columns "time [s], xi [nm], xi_std [nm]" give k; "temperature [degC], k [cm2/s], '
            'k_std [cm2/s]" give Ea; a front from `lto-sim track` gives k.',
        ),
    ],
    k_convention: Annotated[
        str, typer.Option("--k-convention", help="2kt for xi^2 = 2 k t, kt for xi^2 = k t.")
    ] = "2kt",
    scale_errors: Annotated[
        bool,
        typer.Option(
            "--scale-errors", help="Ea: take k_std as relative weights, scaled by the scatter about the line."
        ),
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="JSON file for the summary.", show_default=False)
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Fit a rate constant to a front, or an activation energy to rate constants."""
    from lto_sim.files import is_store, prepare_target, read_table, write_json
    from lto_sim.provenance import K_DEFINITIONS

    if k_convention not in K_DEFINITIONS:
        raise InputError(
            "--k-convention", k_convention, " or ".join(K_DEFINITIONS), "state which law defines k"
        )

    if out is not None:
        if out.resolve() == source.resolve():
            raise InputError("--out", str(out), "another path than the input's", "choose another path")
        prepare_target(out, force)
    if source.is_dir() or is_store(source) or source.suffix == ".zarr":
        summary, lines = _fit_front(source, k_convention)
    else:
        table = read_table(source)
        if table.layout == "front":
            summary, lines = _fit_points(table.columns, k_convention)
        elif table.layout == "rates":
            summary, lines = _fit_rates(table.columns, not scale_errors)
        else:
            raise InputError(
                "table", str(source), "front positions or rate constants",
                "an electrical series comes from `lto-sim electrical`, which fits what there is to fit",
            )  # fmt: skip
    if out is not None:
        write_json(out, summary, force)
    print_summary(summary, as_json, lines)


def _fit_front(source: Path, k_convention: str) -> tuple[dict[str, Any], dict[str, str]]:
    from lto_sim.files import read_dataset
    from lto_sim.kinetics import RateData

    return _fit_rate(RateData.from_front(read_dataset(source)), k_convention)


def _fit_points(columns: Any, k_convention: str) -> tuple[dict[str, Any], dict[str, str]]:
    from lto_sim.kinetics import RateData

    data = RateData(columns["time"], columns["xi"], columns["xi_std"], columns.get("profile"))
    return _fit_rate(data, k_convention)


def _fit_rate(data: Any, k_convention: str) -> tuple[dict[str, Any], dict[str, str]]:
    from lto_sim.kinetics import fit_rate_constant
    from lto_sim.provenance import K_DEFINITIONS, package_version

    result = fit_rate_constant(data, k_convention=k_convention)
    definition = K_DEFINITIONS[k_convention]
    summary = {
        "fit": "rate constant",
        **result.summary(),
        "k_definition": definition,
        "version": package_version(),
    }
    low, high = result.interval
    lines = {
        "verdict": result.verdict,
        "k": f"{result.k * 1e4:.4g} +- {result.k_std * 1e4:.2g} cm2/s  ({definition})",
        f"{result.level:.0%} interval": f"{low * 1e4:.4g} to {high * 1e4:.4g} cm2/s",
        "k_L": f"{result.k_L:.4g} +- {result.k_L_std:.2g} m/s",
        "start time": f"{result.start_time:.4g} +- {result.start_time_std:.2g} s",
        "window": f"{result.window.start:g} to {result.window.end:g} s, {result.window.points} points",
        "reduced chi2": f"{result.reduced_chi_square:.3g}",
    }
    if result.verdict in {"diffusion-limited", "undecided"}:
        del lines["k_L"]
    if result.verdict == "undecided":
        lines["k"] += " if diffusion is in control"
    if result.verdict == "reaction-limited":
        lines["k"] = "not resolved: the data follow xi = k_L t"
    return summary, lines


def _fit_rates(columns: Any, absolute_sigma: bool) -> tuple[dict[str, Any], dict[str, str]]:
    from lto_sim.kinetics import fit_arrhenius
    from lto_sim.provenance import package_version

    k_std = columns.get("k_std")
    result = fit_arrhenius(columns["temperature"], columns["k"], k_std, absolute_sigma=absolute_sigma)
    low, high = result.interval()
    weighting = "none" if k_std is None else "absolute" if absolute_sigma else "relative"
    summary = {
        "fit": "activation energy",
        "Ea_eV": result.Ea_eV,
        "Ea_eV_std": result.Ea_eV_std,
        "Ea_interval_eV": [low, high],
        "level": 0.95,
        "k0_m2_s": result.k0,
        "ln_k0_std": result.ln_k0_std,
        "dof": result.dof,
        "reduced_chi_square": result.reduced_chi_square,
        "weighting": weighting,
        "version": package_version(),
    }
    lines = {
        "Ea": f"{result.Ea_eV:.4f} +- {result.Ea_eV_std:.4f} eV",
        "95% interval": f"{low:.4f} to {high:.4f} eV (Student, {result.dof} degrees of freedom)",
        "k0": f"{result.k0 * 1e4:.4g} cm2/s, ln k0 +- {result.ln_k0_std:.3g}",
        "weights from k_std": weighting,
        "reduced chi2": f"{result.reduced_chi_square:.3g}",
    }
    return summary, lines
