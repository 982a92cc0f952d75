"""Whole maps against the whole forward model: the joint fit of six temperatures, and one of one temperature.

Extraction through an interface reaction at the six temperatures of the published table, 64 x 64 pixels, the
noise of li fractions at 71 pA; free are D of Li4Ti5O12, its activation energy and the rate constant of the
contact. The maps are simulated on cells of 12 nm and fitted on cells of 20 nm, from start values that are off
by a factor of three. Prints estimates, deviations, what was put in, forward runs and times, and draws the
figure of the fit.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import xarray as xr

from lto_sim import fit_maps, render_maps, simulate
from lto_sim.inverse import MapFit
from lto_sim.plot import plot_map_fit
from lto_sim.reproduce.experiment import TEMPERATURES_degC, experiment_scenario
from lto_sim.scenario import Scenario

FREE = ["material.D_Li4.at", "material.D_Li4.Ea", "contacts.lps.k_c"]
K_C = 2e-5
NOISE = 0.17
OFF = 3.0


def particle(temperature_degC: float, quick: bool) -> Scenario:
    """The published particle with an interface reaction, at most 40 frames."""
    scenario = experiment_scenario(
        "extraction", temperature_degC,
        overrides={
            "scan.pixels": [64, 64], "contacts.lps.law": "linear", "contacts.lps.k_c": K_C,
            "specimen.cell": 40e-9 if quick else 20e-9,
        },
    )  # fmt: skip
    duration = float(scenario.duration)
    return scenario.with_values({"scan.period": max(1.5, 1.5 * np.ceil(duration / 40.0 / 1.5))})


def recorded(scenario: Scenario, seed: int, quick: bool) -> xr.Dataset:
    finer = scenario.with_values({"specimen.cell": 25e-9 if quick else 12e-9})
    return render_maps(simulate(finer), noise=NOISE, rng=seed)


def report(title: str, fit: MapFit, truth: Scenario) -> None:
    """Print estimates beside what was put in."""
    print(f"\n{title}: {fit.status}; {fit.runs} forward runs, {fit.wall_time:.0f} s; "
          f"chi-square {fit.chi_square / fit.freedom:.4f} per degree of freedom")  # fmt: skip
    material = truth.material.D_Li4
    true = {FREE[0]: material.at, FREE[1]: material.Ea, FREE[2]: K_C}
    for name in fit.names:
        error = (fit.values[name] - true[name]) / fit.std[name]
        print(f"  {name:20s} {fit.values[name]:.5g} +- {fit.std[name]:.2g}  put in {true[name]:.5g}, off by "
              f"{error:+.1f} deviations")  # fmt: skip
    for line in fit.identifiability.lines:
        print(f"  {line}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="cells of 40 nm, two temperatures")
    parser.add_argument("--processes", type=int, default=None)
    parser.add_argument("--out", type=Path, default=None, help="folder for the figure")
    options = parser.parse_args()
    temperatures = (75.0, 30.0) if options.quick else TEMPERATURES_degC
    scenarios = [particle(t, options.quick) for t in temperatures]
    maps = [recorded(s, n, options.quick) for n, s in enumerate(scenarios)]
    off = {FREE[0]: scenarios[0].material.D_Li4.at / OFF, FREE[2]: K_C * OFF}
    started = [s.with_values(off) for s in scenarios]
    one = fit_maps(maps[0], started[0], [FREE[0], FREE[2]], processes=options.processes)
    report(f"one temperature, {temperatures[0]:g} degC, {maps[0].sizes['time']} frames", one, scenarios[0])
    joint = fit_maps(maps, started, FREE, processes=options.processes)
    report(f"{len(maps)} temperatures, {sum(m.sizes['time'] for m in maps)} frames", joint, scenarios[0])
    if options.out is not None:
        plot_map_fit(joint).savefig(options.out / "whole_maps.png")


if __name__ == "__main__":
    main()
