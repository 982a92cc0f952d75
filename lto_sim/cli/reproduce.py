"""``lto-sim reproduce``: the published activation energies, and a simulated experiment that returns them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from lto_sim.cli.options import AsJson, DryRun, Force, Seed, SetValues
from lto_sim.cli.show import print_summary, print_table, progress_bar
from lto_sim.cli.sources import assignments

__all__ = ["EXAMPLE", "NAME", "command"]

NAME: Final = "reproduce"
_PUBLISHED: Final = ("published_m2_s", "published_std_m2_s")
EXAMPLE: Final = "Example: lto-sim reproduce --out reproduce --seed 1"


def command(
    out: Annotated[
        Path, typer.Option("--out", help="Directory for report, summary, tables and figures.")
    ] = Path("reproduce"),
    force: Force = False,
    set_values: SetValues = None,
    seed: Seed = None,
    processes: Annotated[
        int | None, typer.Option("--processes", min=1, help="Worker processes.", show_default=False)
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Fit the published rate constants, and repeat the experiment by simulation, surfaces included."""
    overrides = assignments(set_values) or None
    chosen_seed = 0 if seed is None else seed
    from lto_sim.reproduce import plan_reproduction, reproduce

    if dry_run:
        plan = plan_reproduction(chosen_seed, overrides)
        print_summary(plan, as_json, {name: str(value) for name, value in plan.items()})
        return
    with progress_bar("reproducing") as progress:
        summary = reproduce(
            out,
            seed=chosen_seed,
            force=force,
            processes=processes,
            overrides=overrides,
            progress=progress,
        )
    if not as_json:
        _print_table(summary)
    print_summary(summary, as_json, _lines(summary, out))


def _print_table(summary: dict[str, Any]) -> None:
    """Print every rate constant beside the paper's and the one put in, in cm2/s."""
    from lto_sim.reproduce import comparison_rows

    header = (
        "direction",
        "T [degC]",
        "paper k",
        "+-",
        "simulated k",
        "95 % interval",
        "true k",
        "ratio",
        "verdict",
    )
    rows = [
        (
            row["direction"],
            f"{row['temperature_degC']:g}",
            *(f"{row[key] * 1e4:.2e}" if math.isfinite(row[key]) else "-" for key in _PUBLISHED),
            _shown(row["fitted_m2_s"] * 1e4, ".3e"),
            " to ".join(_shown(limit * 1e4, ".3e") for limit in row["interval_m2_s"]),
            f"{row['true_m2_s'] * 1e4:.3e}",
            _shown(row["fitted_over_true"], ".4f"),
            row["verdict"],
        )
        for row in comparison_rows(summary)
    ]
    print_table(header, rows)
    typer.echo(f"k in cm2/s, {summary['k_definition']}; ratio: simulated over true\n")


def _shown(value: float, form: str) -> str:
    return "-" if math.isnan(value) else f"{value:{form}}"


def _lines(summary: dict[str, Any], target: Path) -> dict[str, str]:
    lines = {}
    for name, entry in summary["published"].items():
        scaled = entry["Ea_weighted_scaled_eV_std"]
        lines[f"Ea of {name}, from Table 1"] = (
            f"{entry['Ea_eV']:.3f} +- {entry['Ea_eV_std']:.3f} eV (paper {entry['Ea_in_paper_eV']} eV)"
        )
        lines[f"  {name}, weighted"] = (
            f"{entry['Ea_weighted_eV']:.3f} +- {entry['Ea_weighted_eV_std']:.3f} eV, bars at their word; "
            f"+- {scaled:.3f} eV, bars up to a common factor"
        )
    for name, entry in summary["simulated"].items():
        true = f"put in {entry['Ea_true_eV']:.4f} eV"
        lines[f"Ea of {name.replace('_no_surface', ' without surfaces')}, simulated"] = (
            f"{_energy(entry)}; {true}"
        )
    times = summary["full_extraction"]
    simulated = f"; simulated {times['simulated_Ea_eV']:.3f} eV" if "simulated_Ea_eV" in times else ""
    lines["Ea of 1/time to full extraction"] = (
        f"{times['Ea_eV']:.3f} +- {times['Ea_eV_std']:.3f} eV from the quoted times{simulated}"
    )
    lines["k with a partial contact / planar"] = ", ".join(
        f"{entry['k_over_planar']:.2f} at {100 * entry['coverage']:.0f} %"
        for entry in summary["partial_contact"]
    )
    lines |= _mean_front(summary["insertion_front"])
    lines |= _core_shell(summary["core_shell"])
    for number, note in enumerate(summary["notes"], 1):
        lines[f"note {number}"] = note
    report = {"report": str(target / summary["report"])} if summary.get("report") else {}
    return lines | report | {"stored": str(target), "wall time": f"{summary['wall_time_s']:.0f} s"}


def _mean_front(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Apparent k of the mean front of insertion with surfaces, the same share of the true k everywhere."""
    if not rows:
        return {}
    columns = zip(*(row["mean_front_over_true"] for row in rows), strict=True)
    parts = [
        f"{math.fsum(ratios) / len(ratios):.2f} at {1e9 * xi:.0f} nm"
        for xi, ratios in zip(rows[0]["mean_front_m"], columns, strict=True)
    ]
    return {"insertion, xi^2/(2 t) of mean front": f"{', '.join(parts)} of the true k, mean of temperatures"}


def _core_shell(numbers: dict[str, Any] | None) -> dict[str, str]:
    """What the core-shell figure shows, in lines."""
    if numbers is None:
        return {}
    spread = ", ".join(
        f"{100 * e['front_std_over_mean']:.1f} % at {100 * e['content']:.0f} %" for e in numbers["extraction"]
    )
    shell = numbers["shell"]
    return {
        "extraction front, std / mean": f"{spread} transformed",
        "insertion shell, tip / thickness": (
            f"{shell['tip_over_thickness']:.0f} at {shell['time_s']:.0f} s, thickness "
            f"{1e9 * shell['shell_thickness_m']:.0f} nm"
        ),
    }


def _energy(entry: dict[str, Any]) -> str:
    if entry["Ea_eV"] is None:
        return "not found: k was resolved at fewer than three temperatures"
    low, high = entry["Ea_interval_eV"]
    return f"{entry['Ea_eV']:.4f} +- {entry['Ea_eV_std']:.4f} eV (95 %: {low:.4f} to {high:.4f})"
