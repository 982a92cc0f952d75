"""Whether principal components earn a place before quantification: what they do to x and to the front.

A simulated extraction at 75 degC is recorded at 71 pA, 64 x 48 pixels in frames of 1.5 s. Its spectra are
quantified as they are, and after they were rebuilt from their first few principal components (weighted for
Poisson noise: M. R. Keenan and P. G. Kotula, Surf. Interface Anal. 36 (2004) 203). Beside each other: bias
and scatter of x in the phases and within 60 nm of the front, scatter over stated deviation, the front beside
that of maps without noise, k; and the bias in a patch of 3 x 3 pixels that has lost half of the lithium that
was to be extracted while its plasmon is still that of Li7 (what a beam that has removed lithium might leave).

    python validation/denoising.py [--quick] [--out TABLE.csv]
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import lto_sim as lto
from lto_sim.kinetics import numbered_profiles
from lto_sim.kinetics.corrections import true_rate
from lto_sim.microscope import draw_counts, render_maps, spectrum_model
from lto_sim.quantify.li_model import pixel_spectra
from lto_sim.reproduce import experiment_scenario
from lto_sim.reproduce.recording import study_instrument

COMPONENTS = (2, 3, 5, 10)
SEEDS = (1, 2, 3, 4, 5)
NEAR = 60e-9
PATCH = (slice(4, 7), slice(56, 59))
"""Rows and columns, in Li7 for nearly all of the run and away from the profiles."""
PATCH_X = 0.5
HEADER = (
    "spectra", "bias of x in Li4", "bias of x in Li7", "bias of x near the front", "scatter of x",
    "scatter / stated", "front: bias [nm]", "front: scatter [nm]", "front: scatter / stated", "k / true",
    "bias of x in the patch",
)  # fmt: skip


def rebuilt(counts: NDArray[Any], components: int) -> NDArray[np.float64]:
    """Spectra (n, channels) from their first components, weighted so that Poisson noise is even."""
    values = counts.astype(np.float64)
    row = np.sqrt(np.maximum(values.sum(axis=1, keepdims=True), 1.0))
    column = np.sqrt(np.maximum(values.sum(axis=0, keepdims=True), 1e-3))
    scaled = values / row / column
    directions = np.linalg.eigh(scaled.T @ scaled)[1][:, -components:]
    return np.asarray((scaled @ directions) @ directions.T * row * column)


def measured(maps: xr.Dataset, truth: xr.Dataset, k_true: float, profiles: Any) -> list[float]:
    """What HEADER names, of one recording."""
    x, deviation = maps["li_fraction"].values, maps["li_fraction_std"].values
    error, true = x - truth["li_fraction"].values, truth["li_fraction"].values
    exact = lto.track_front(truth, profiles, direction="extraction")
    found = lto.track_front(maps, profiles, direction="extraction")
    middle = exact["front_position"].mean("profile").values[:, None, None]
    distance = np.abs(maps["x"].values[None, None, :] - middle) + 0.0 * x
    far = distance > 3.0 * NEAR
    far[:, PATCH[0], PATCH[1]] = False
    both = np.isfinite(found["front_position"].values) & np.isfinite(exact["front_position"].values)
    off = (found["front_position"].values - exact["front_position"].values)[both]
    stated = found["front_position_std"].values[both]
    fit = lto.fit_rate_constant(found)
    patch = x[:, PATCH[0], PATCH[1]]
    return [
        float(np.nanmean(error[far & (true < 0.5)])),
        float(np.nanmean(error[far & (true > 0.5)])),
        float(np.nanmean(np.where(true < 0.5, error, -error)[distance < NEAR])),
        float(np.nanstd(error[far])),
        float(np.nanstd((error / deviation)[far])),
        1e9 * float(off.mean()),
        1e9 * float(off.std()),
        float((off / stated).std()),
        fit.k / k_true,
        float(np.nanmean(patch)) - PATCH_X,
    ]


def with_patch(recording: xr.Dataset, seed: int) -> xr.Dataset:
    """Recording with spectra in the patch whose lithium and plasmon do not belong together."""
    instrument = study_instrument()
    one = np.ones(1)
    electrons = recording.attrs["electrons_per_pixel"]
    expected = electrons * pixel_spectra(spectrum_model(instrument), 150e-9 * one, one, one, PATCH_X * one)[0]
    counts = recording["counts"].values.copy()
    shape = counts[:, PATCH[0], PATCH[1]].shape
    counts[:, PATCH[0], PATCH[1]] = draw_counts(np.broadcast_to(expected, shape), seed + 1000)
    return recording.assign(counts=(recording["counts"].dims, counts, recording["counts"].attrs))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one seed, 2 and 3 components")
    parser.add_argument("--out", type=Path, help="table as CSV")
    chosen = parser.parse_args()
    seeds = SEEDS[:1] if chosen.quick else SEEDS
    counts_of = (2, 3) if chosen.quick else COMPONENTS
    scenario = experiment_scenario("extraction", 75.0)
    run = lto.simulate(scenario)
    truth = render_maps(run, noise=0.0, probe_fwhm=0.0)
    profiles = numbered_profiles(scenario.profile)
    rows: dict[str, list[list[float]]] = {}
    for seed in seeds:
        recording = with_patch(lto.acquire(run, study_instrument(), seed), seed)
        shape = recording["counts"].shape
        for components in (0, *counts_of):
            name = f"{components} components" if components else "as recorded"
            if components:
                flat = rebuilt(recording["counts"].values.reshape(-1, shape[-1]), components).reshape(shape)
                used = recording.assign(counts=(recording["counts"].dims, flat, recording["counts"].attrs))
            else:
                used = recording
            maps = lto.quantify_lithium(used)
            rows.setdefault(name, []).append(measured(maps, truth, true_rate(scenario).k, profiles))
    table = [[name, *(f"{value:.4f}" for value in np.mean(values, axis=0))] for name, values in rows.items()]
    widths = [max(len(cell) for cell in column) for column in zip(HEADER, *table, strict=True)]
    for line in (HEADER, *table):
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))
    if chosen.out is not None:
        with chosen.out.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([HEADER, *table])


if __name__ == "__main__":
    main()
