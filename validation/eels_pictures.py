"""Pictures of synthetic EELS: a spectrum with its components, and a step through the slit.

Writes `eels_spectrum.png` and `eels_slit.png` into a directory, if one is given.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

import lto_sim as lto
from lto_sim.microscope import spectrum_model
from lto_sim.plot import plot_slit, plot_spectrum
from lto_sim.validate.scan_checks import o_o_of_spectrum, step_run

ELECTRONS = 71e-12 * 1.5 / 64**2 / 1.602176634e-19
"""71 pA, 1.5 s, 64 x 64 pixels."""
STEP = 952.1e-9
GROUP = 10
"""Rows that one O-O distance is read from."""


def slit_picture():
    run = step_run(STEP)
    instrument = lto.Instrument.preset("hf3300_gif_quantum")
    recorded = lto.acquire(run, instrument, rng=1)
    low = lto.expected_counts(run, instrument.with_values({"spectrometer.offset": -20.0}))
    counts = recorded["counts"].values[0, 0].astype(np.float64)
    low_loss = low["counts"].values[0, 0].astype(np.float64)
    low_energy = low["energy_loss"].values
    energy, x = recorded["energy_loss"].values, recorded["x"].values
    position, distance = [], []
    for first in range(0, x.size - GROUP, GROUP):
        rows = slice(first, first + GROUP)
        position.append(x[rows].mean())
        distance.append(
            1e-9 * o_o_of_spectrum(energy, counts[rows].mean(axis=0), low_energy, low_loss[rows].mean(axis=0))
        )
    expected = [(0.310e-9, STEP), (0.280e-9, float(x[-1]))]
    return plot_slit(recorded, np.array(position), np.array(distance), expected, STEP)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the same; there is nothing to leave out")
    parser.add_argument("--out", type=Path, default=None, help="directory; nothing is written without it")
    out = parser.parse_args().out
    model = spectrum_model(lto.Instrument.preset("jem_arm300f2_continuum_k3"))
    figures = {
        "eels_spectrum.png": plot_spectrum(model, 150e-9, 0.5, ELECTRONS),
        "eels_slit.png": slit_picture(),
    }
    for name, figure in figures.items():
        if out is not None:
            figure.savefig(out / name)
        print(f"{name} {'drawn' if out is None else 'written'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
