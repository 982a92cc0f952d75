"""Pictures of electrochemistry: spectra at six temperatures, two contacts at constant voltage and current.

Writes `impedance.png` and `two_contacts.png` into a directory (default: validation/pictures).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

import lto_sim as lto
from lto_sim.kinetics import numbered_profiles, track_front
from lto_sim.plot import MapSeries, plot_impedance_series, plot_map_series
from lto_sim.scenario.ready import ready_scenario

TEMPERATURES = (105, 90, 75, 60, 45, 30)
PARTICLE = {
    "initial": 0.97,
    "contacts.active.k0": {"at": "1.6e-9 m/s", "reference": "25 degC", "Ea": "0.5 eV"},
    "contacts.active.resistance": {"at": "300 ohm cm^2", "reference": "30 degC", "Ea": "0.35 eV"},
    "contacts.active.capacitance": "5 uF/cm^2",
    "contacts.sluggish.k0": 0.0,
    "drive": [{"rest": True, "until": {"time": 1.0}}],
}
"""Saturated Li7Ti5O12 behind one contact; resistance and double layer are of the usual size, not measured."""


def spectra() -> list[tuple[str, object]]:
    base = ready_scenario("two_contacts_cv").with_values(PARTICLE)
    frequency = np.logspace(-1.0, 6.0, 120)
    found = []
    for temperature in TEMPERATURES:
        run = lto.simulate(base.with_values({"temperature": f"{temperature} degC"}))
        found.append((f"{temperature} °C", lto.impedance(run, frequency)))
    return found


def contacts() -> list[MapSeries]:
    rows = []
    for name, label in (("two_contacts_cv", "1.6 V"), ("two_contacts_cc", "1 pA")):
        scenario = ready_scenario(name)
        run = lto.simulate(scenario)
        maps = lto.render_maps(run, noise=0.1, rng=1)
        line = numbered_profiles(scenario.profile)[:1]
        rows.append(MapSeries(label, maps, track_front(maps, line, direction="extraction")))
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the same; there is nothing to leave out")
    parser.add_argument("--out", type=Path, default=None, help="directory; nothing is written without it")
    out = parser.parse_args().out
    title = "Two contacts, 20 : 1 in activity: constant voltage takes both, constant current one"
    figures = {
        "impedance.png": plot_impedance_series(spectra()),
        "two_contacts.png": plot_map_series(contacts(), [0.2e-6, 0.4e-6, 0.6e-6, 0.8e-6], title),
    }
    for name, figure in figures.items():
        if out is not None:
            figure.savefig(out / name)
        print(f"{name} {'drawn' if out is None else 'written'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
