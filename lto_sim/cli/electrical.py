"""``lto-sim electrical``: capacities, drive steps, titrations and figures from a run's electrical series."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from lto_sim.cli.options import AsJson, Force
from lto_sim.cli.show import print_summary, print_table
from lto_sim.cli.sources import choose_target
from lto_sim.cli.titrations import Titrations, titrate

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from lto_sim.electrochemistry import DriveStepRecord

__all__ = ["EXAMPLE", "NAME", "command"]

NAME: Final = "electrical"
EXAMPLE: Final = "Example: lto-sim electrical particle.zarr; lto-sim electrical gitt.zarr --json"
_HEADER: Final = (
    "step", "kind", "value", "T [degC]", "duration [s]", "ended by", "charge [C]", "mean E [V]",
)  # fmt: skip
_MOST_LABELS: Final = 16
"""Holds that the legend of the chronoamperogram names."""


def command(
    run_store: Annotated[Path, typer.Argument(metavar="RUN.zarr", help="A run, from `lto-sim run`.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Directory for the results.", show_default=False)
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Turn the electrical series of a run into numbers, a table and figures.

    The directory RUN_electrical, unless --out names it, holds summary.json, series.csv, potential.png and,
    where the drive has what they show, capacity.png (currents), chronoamperogram.png (holds),
    voltammogram.png (sweeps), gitt.json, gitt.png and pitt.json (titrations).
    """
    target = choose_target(out, run_store, "_electrical", force)
    from lto_sim.electrochemistry import drive_steps, electrical_table
    from lto_sim.files import new_directory, read_dataset, write_json

    run = read_dataset(run_store)
    steps = drive_steps(run)
    table = electrical_table(run)
    titrations = titrate(run, steps)
    figures = _figures(run, steps, titrations)
    summary: dict[str, Any] = {**_summary(run, steps), "notes": list(titrations.notes)}
    with new_directory(target, force) as directory:
        for name, figure in figures.items():
            figure.savefig(directory / f"{name}.png")
        _write_series(directory / "series.csv", table, str(run.attrs.get("history", "")))
        for name, result in titrations.results().items():
            write_json(directory / f"{name}.json", result.to_dict())
        files = sorted([*(entry.name for entry in directory.iterdir()), "summary.json"])
        summary = {"out": target, "files": files, **summary}
        write_json(directory / "summary.json", summary)
    if not as_json:
        print_table(_HEADER, [_row(entry, 1e-12 * summary["capacity_C"]) for entry in summary["drive_steps"]])
        for line in titrations.lines():
            typer.echo(line)
    print_summary(summary, as_json, _lines(summary))


def _figures(
    run: xr.Dataset, steps: tuple[DriveStepRecord, ...], titrations: Titrations
) -> dict[str, Figure]:
    """Every figure that the drive has something for."""
    from lto_sim.plot import plot_capacity_curve, plot_gitt, plot_potential, plot_voltammogram

    kinds = {step.kind for step in steps}
    figures = {"potential": plot_potential(run)}
    if "current" in kinds:
        figures["capacity"] = plot_capacity_curve(run)
    if "sweep" in kinds:
        figures["voltammogram"] = plot_voltammogram(run)
    holds = _holds(run, steps)
    if holds:
        figures["chronoamperogram"] = _chronoamperogram(holds)
    if titrations.gitt is not None:
        figures["gitt"] = plot_gitt(titrations.gitt)
    return figures


def _holds(run: xr.Dataset, steps: tuple[DriveStepRecord, ...]) -> list[tuple[str, xr.Dataset]]:
    """Label and series of every hold in which a current flows, from hot to cold."""
    from lto_sim.constants import ZERO_CELSIUS
    from lto_sim.electrochemistry import select_step

    series = run[[name for name in run.data_vars if run[name].dims == ("time_fine",)]]
    found = []
    for step in sorted(steps, key=lambda step: (-step.temperature, step.number)):
        if step.kind != "hold":
            continue
        part = select_step(series, step.number)
        if bool((part["current"].fillna(0.0) != 0.0).any()):
            label = f"{step.value:.4g} V, {step.temperature - ZERO_CELSIUS:.0f} °C"
            found.append((f"step {step.number}: {label}", part))
    return found


def _chronoamperogram(holds: list[tuple[str, xr.Dataset]]) -> Figure:
    """Draw every hold; of many only some, evenly chosen, are named."""
    from lto_sim.plot import plot_chronoamperogram

    every = -(-len(holds) // _MOST_LABELS)
    named = [(label if i % every == 0 else f"_{label}", part) for i, (label, part) in enumerate(holds)]
    return plot_chronoamperogram(named)


def _write_series(path: Path, table: dict[str, Any], comment: str) -> None:
    """Write the table; rows without a current (the first of a recorded series) are left out."""
    import numpy as np

    from lto_sim.files import write_table

    columns = {header.partition(" [")[0]: np.asarray(values) for header, values in table.items()}
    whole = np.all([np.isfinite(values) for values in columns.values()], axis=0)
    write_table(path, "electrical", {name: values[whole] for name, values in columns.items()}, comment)


def _summary(run: xr.Dataset, steps: tuple[DriveStepRecord, ...]) -> dict[str, Any]:
    import numpy as np

    from lto_sim.constants import FARADAY
    from lto_sim.electrochemistry import one_c_current, theoretical_capacity

    capacity = float(run.attrs["capacity_C"])
    lithium, charge = run["lithium"].values, run["charge"].values
    copied = ("title", "plateau_V", "reference_electrode", "status_meaning", "configuration_sha256",
              "lto_sim_version")  # fmt: skip
    return {
        "capacity_C": capacity,
        "capacity_mAh_g": theoretical_capacity(run),
        "mass_kg": float(run.attrs["mass_kg"]),
        "one_c_current_A": one_c_current(run),
        "charge_C": float(charge[-1]),
        "li_fraction_start": float(lithium[0]) * FARADAY / capacity,
        "li_fraction_end": float(lithium[-1]) * FARADAY / capacity,
        "largest_current_A": float(np.nanmax(np.abs(run["current"].values))),
        "drive_steps": [_entry(run, step) for step in steps],
        **{name: run.attrs[name] for name in copied if name in run.attrs},
    }


def _entry(run: xr.Dataset, step: DriveStepRecord) -> dict[str, Any]:
    """One drive step in numbers; None where it has no sample, or nothing is driven."""
    import numpy as np

    time, charge, potential = (run[name].values for name in ("time_fine", "charge", "potential"))
    first, last = np.interp([step.start, step.end], time, charge)
    mine = run["drive_step"].values == step.number
    mean = None
    if mine.any() and step.duration > 0.0:
        at = np.concatenate([[max(step.start, time[0])], time[mine]])
        values = np.concatenate([potential[mine][:1], potential[mine]])
        span = at[-1] - at[0]
        mean = float(np.trapezoid(values, at) / span) if span > 0.0 else float(values[-1])
    unit = {"hold": "V", "sweep": "V", "current": "A"}.get(step.kind)
    return {
        "number": step.number,
        "path": step.path,
        "kind": step.kind,
        "value": step.value,
        "unit": unit if step.value is not None else None,
        "temperature_K": step.temperature,
        "start_s": step.start,
        "duration_s": step.duration,
        "ended_by": step.ended_by,
        "charge_C": float(last - first),
        "mean_potential_V": mean,
    }


def _row(entry: dict[str, Any], no_charge: float) -> tuple[str, ...]:
    """Cells of a drive step; a charge [C] below `no_charge` is round-off."""
    from lto_sim.constants import ZERO_CELSIUS

    value = "" if entry["value"] is None else f"{entry['value']:.4g} {entry['unit'] or ''}"
    charge = entry["charge_C"] if abs(entry["charge_C"]) > no_charge else 0.0
    mean = "" if entry["mean_potential_V"] is None else f"{entry['mean_potential_V']:.4f}"
    return (
        f"{entry['number']}", entry["kind"], value.strip(), f"{entry['temperature_K'] - ZERO_CELSIUS:.1f}",
        f"{entry['duration_s']:.4g}", entry["ended_by"], f"{charge:.4g}", mean,
    )  # fmt: skip


def _lines(summary: dict[str, Any]) -> dict[str, str]:
    lines = {
        "capacity": (
            f"{summary['capacity_C']:.4g} C, {summary['capacity_mAh_g']:.4g} mA h/g of "
            f"{summary['mass_kg'] * 1e3:.4g} g"
        ),
        "1 C": f"{summary['one_c_current_A']:.4g} A",
        "li fraction": f"{summary['li_fraction_start']:.4f} to {summary['li_fraction_end']:.4f}",
    }
    lines |= {f"note {number}": note for number, note in enumerate(summary["notes"], 1)}
    return lines | {"stored": f"{', '.join(summary['files'])} in {summary['out']}"}
