"""What the lamella did: apparent k and Ea of insertion, and which surfaces agree with what is published.

Simulated insertions into a 2 x 1.5 um particle in a lamella, with electrolyte along its left side; k is read
as the published one was and laid beside Wagner's k of the bulk and k (1 + 2 l/H) of bulk and faces. Prints a
table; writes lamella_thickness.png, lamella_recording.png, lamella_energies.png and lamella_surfaces.png, and
every number behind them to lamella.json.

    python validation/lamella.py [--quick] [--processes N] [--store DIR] [--out validation/pictures]

The quick form takes a part of every table: three minutes on 2 cores; the full one 15. Tables that are
found in DIR are not computed again.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from lto_sim.plot.lamella import plot_lamella_recording, plot_lamella_thickness
from lto_sim.plot.lamella_surfaces import plot_lamella_energies, plot_surface_region
from lto_sim.study import (
    Case,
    apparent_rates,
    consistent_surfaces,
    dose_cases,
    energy_cases,
    frame_cases,
    mesh_cases,
    perimeter_energy_cases,
    pixel_cases,
    study_lines,
    thickness_cases,
)

COARSE = {"cell": 50e-9, "layers": 4}
FINE = {"cell": 25e-9, "layers": 8}
WIDE = 1.5e-6
Tables = dict[str, xr.Dataset]


def plans(quick: bool, processes: int | None) -> dict[str, Callable[[], xr.Dataset]]:
    """Name of a table and what computes it."""

    def rates(cases: list[Case]) -> Callable[[], xr.Dataset]:
        return lambda: apparent_rates(cases, processes)

    def grid(thickness: float, shares: tuple[float, ...], perimeters: tuple[float, ...]) -> Any:
        base = Case(thickness=thickness, **COARSE)
        return lambda: consistent_surfaces(shares, perimeters, base, processes)

    if quick:
        ends = (75.0,)
        return {
            "thickness": rates(thickness_cases((0.0, 75e-9, 675e-9), (100e-9, 150e-9, 200e-9))),
            "thickness_wide": rates(thickness_cases((675e-9,), (100e-9, 200e-9), WIDE)),
            "mesh": rates(mesh_cases()[2:4]),
            "dose": rates(dose_cases(ends, draws=2)),
            "pixel": rates(pixel_cases(ends, (31.25e-9, 125e-9), draws=2)),
            "frame": rates(frame_cases((105.0,), (1.5, 5.0))),
            "energy": rates(energy_cases((0.5,), (0.30, 0.59))),
            "surfaces_150": grid(150e-9, (0.0, 0.9), (1e-21, 1e-20, 4e-20)),
        }
    return {
        "thickness": rates(thickness_cases()),
        "thickness_wide": rates(thickness_cases((0.0, 75e-9, 675e-9), (100e-9, 150e-9, 200e-9), WIDE)),
        "mesh": rates(mesh_cases()),
        "surfaces_150": grid(150e-9, (0.0, 0.3, 0.6, 0.8, 0.9), (1e-21, 2.5e-21, 5e-21, 1e-20, 2e-20, 4e-20)),
        "energy": rates(energy_cases()),
        "frame": rates(frame_cases()),
        "dose": rates(dose_cases(draws=3)),
        "pixel": rates(pixel_cases((75.0,), draws=3)),
        "surfaces_100": grid(100e-9, (0.0, 0.9), (2.5e-21, 5e-21, 2e-20, 4e-20)),
        "surfaces_200": grid(200e-9, (0.0, 0.9), (2.5e-21, 5e-21, 2e-20, 4e-20)),
        "perimeter_energy": rates(perimeter_energy_cases(energies=(0.30, 0.75))),
        "surfaces_fine": lambda: consistent_surfaces((0.6,), (1e-20,), Case(**FINE), processes),
    }


def computed(quick: bool, processes: int | None, store: Path | None) -> Tables:
    tables: Tables = {}
    for name, compute in plans(quick, processes).items():
        begin = time.perf_counter()
        kept = None if store is None else store / f"{name}{'_quick' if quick else ''}.nc"
        if kept is not None and kept.exists():
            tables[name] = xr.load_dataset(kept, engine="h5netcdf")
            continue
        tables[name] = compute()
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            tables[name].to_netcdf(kept, engine="h5netcdf")
        print(f"computed {name}: {time.perf_counter() - begin:.0f} s", flush=True)
    return tables


def numbers(tables: Tables) -> dict[str, Any]:
    """Every table as plain lists, maps left out."""
    plain: dict[str, Any] = {}
    for name, table in tables.items():
        kept = table.drop_vars("image", errors="ignore")
        values = {str(key): kept[key].values.astype(float).round(30).tolist() for key in kept.variables}
        plain[name] = {
            "values": values,
            "units": {str(k): kept[k].attrs.get("units", "") for k in kept.variables},
        }
        plain[name]["refusals"] = table.attrs.get("refusals", "")
    return plain


def without_nan(value: Any) -> Any:
    """Lists with None for what is not a number: JSON has none."""
    if isinstance(value, dict):
        return {key: without_nan(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_nan(inner) for inner in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def write(tables: Tables, lines: list[str], out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    figures = {
        "lamella_thickness.png": plot_lamella_thickness([tables["thickness"], tables["thickness_wide"]]),
        "lamella_recording.png": plot_lamella_recording(tables["frame"], tables["pixel"], tables["dose"]),
        "lamella_energies.png": plot_lamella_energies(tables["energy"]),
        "lamella_surfaces.png": plot_surface_region(tables["surfaces_150"]),
    }
    for name, page in figures.items():
        page.savefig(out / name)
    text = json.dumps({"found": lines, "tables": without_nan(numbers(tables))}, indent=1, allow_nan=False)
    (out / "lamella.json").write_text(text + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a part of every table")
    parser.add_argument("--processes", type=int, default=None, help="worker processes; default the cores")
    parser.add_argument("--store", type=Path, default=None, help="directory of tables that are kept")
    parser.add_argument("--out", type=Path, default=None, help="directory of pictures and numbers")
    chosen = parser.parse_args()
    begin = time.perf_counter()
    tables = computed(chosen.quick, chosen.processes, chosen.store)
    lines = study_lines(tables)
    print("\n".join(lines))
    if chosen.out is not None:
        write(tables, lines, chosen.out)
    print(f"{time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
