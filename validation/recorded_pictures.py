"""Pictures of recorded files: Ti-L2,3 of a TiO2 standard with its fit, and what was found in every pixel.

Reads `tio2_ti_l_high_loss.dm4` and `tio2_ti_l_low_loss.dm4` from a directory; without them it says so and
ends. Writes `recorded_tio2.png` into the directory `--out`, if one is given.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from lto_sim.files import read_recording
from lto_sim.plot.titanium import plot_titanium
from lto_sim.quantify.lines.titanium import titanium_valence

HERE = Path(__file__).resolve().parents[2] / "shared" / "data"
HIGH, LOW = "tio2_ti_l_high_loss.dm4", "tio2_ti_l_low_loss.dm4"
SHOWN = {
    "l3_t2g": "L3 t2g [eV]",
    "l3_eg": "L3 eg [eV]",
    "l3_centroid": "L3 centroid [eV]",
    "l3_splitting": "L3 splitting [eV]",
    "l2_l3_ratio": "L2/L3 (area)",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=HERE, help="directory of the files")
    parser.add_argument("--quick", action="store_true", help="the same; there is nothing to leave out")
    parser.add_argument("--out", type=Path, default=None, help="directory; nothing is written without it")
    options = parser.parse_args()
    if not all((options.folder / name).is_file() for name in (HIGH, LOW)):
        print(f"skipped: {HIGH} and {LOW} are not in {options.folder}")
        return 0
    high, low = (read_recording(options.folder / name).data for name in (HIGH, LOW))
    found = titanium_valence(
        high["energy_loss"].values,
        high.values,
        low_loss=(low["energy_loss"].values, low.values),
        align="zero_loss",
    )
    good = found.resolved
    print(f"{HIGH}: {int(good.sum())} of {good.size} pixels with two L3 lines; energies from the zero loss")
    print(f"{'':20s} {'mean':>9s} {'its std':>8s} {'pixel std':>9s} {'stated':>8s}")
    for name, label in SHOWN.items():
        values, deviations = getattr(found, name)[good], found.deviation[name][good]
        weight = 1.0 / deviations**2
        mean = float((weight * values).sum() / weight.sum())
        spread = float(np.sqrt((weight * (values - mean) ** 2).sum() / weight.sum()))
        stated = float(np.sqrt(values.size / weight.sum()))
        print(f"{label:20s} {mean:9.3f} {spread / np.sqrt(values.size):8.3f} {spread:9.3f} {stated:8.3f}")
    page = plot_titanium(found)
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        page.savefig(options.out / "recorded_tio2.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
