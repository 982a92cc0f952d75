"""Compile, ahead of their first use, the functions that ordinary work calls.

`python -m lto_sim.precompile` does in one go, in some minutes, what first runs would do piece by piece; the
compiled code is kept beside the source (see :mod:`lto_sim.transport.compiled`). A wheel is built with it
(``hatch_build.py``), so that an installed package starts at once; it is of use by itself where the source is
run in place. Compiled code is for one kind of processor and one version of numba: elsewhere everything is
compiled on first use, as if it had never been.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

import numpy as np
import xarray as xr

from lto_sim.kinetics import Profile, fit_rate_constant, track_front
from lto_sim.microscope import acquire, render_maps
from lto_sim.quantify import fit_references, quantify_lithium
from lto_sim.scenario.ready import ready_scenario
from lto_sim.transport import impedance, simulate

__all__ = ["precompile"]

_COARSE: Final[dict[str, dict[str, Any]]] = {
    "planar_extraction": {"specimen.cell": "100 nm", "drive.0.until.time": "2 s"},
    "core_shell": {"specimen.cell": "100 nm", "drive.0.until.time": "4 s"},
    "grain_boundary": {"specimen.cell": "100 nm", "drive.0.until.time": "4 s"},
    "two_contacts_cc": {"specimen.cell": "100 nm", "drive.0.until.time": "5 s"},
    "shrinking_sphere": {"specimen.cell": "50 nm", "drive.0.until.time": "2 s"},
}
"""Ready scenarios, cut down to a few steps, which call every function of the solver between them."""
_EXPLICIT: Final = ("planar_extraction", "core_shell", "grain_boundary")
"""Those that the second way of stepping can run."""


def precompile(tell: Callable[[str], object] = lambda line: None) -> None:
    """Run small cases of all that is compiled.

    Parameters
    ----------
    tell : Told, in a line, what comes next.
    """
    for name, case in _cases():
        tell(name)
        case()


def _cases() -> Iterable[tuple[str, Callable[[], Any]]]:
    for name, values in _COARSE.items():
        yield name, partial(_run, name, values)
    for name in _EXPLICIT:
        values = {**_COARSE[name], "numerics.stepper": "super_time_stepping"}
        yield f"{name}, super time stepping", partial(_run, name, values)
    yield "impedance", _impedance
    yield "fronts and rate constants", _rates
    yield "spectra", _spectra


def _run(name: str, values: dict[str, Any]) -> xr.Dataset:
    return simulate(ready_scenario(name).with_values(values))


def _planar() -> xr.Dataset:
    return _run("planar_extraction", {**_COARSE["planar_extraction"], "drive.0.until.time": "6 s"})


def _impedance() -> None:
    impedance(_run("shrinking_sphere", _COARSE["shrinking_sphere"]), [1.0])


def _rates() -> None:
    line = Profile(start=(0.0, 0.4e-6), end=(1.2e-6, 0.4e-6), width=0.6e-6)
    fit_rate_constant(track_front(render_maps(_planar(), noise=0.05, rng=1), line))


def _spectra() -> None:
    few = {**_COARSE["planar_extraction"], "scan.pixels": [6, 4]}
    recording = acquire(_run("planar_extraction", few), rng=1)
    quantify_lithium(recording, likelihood=True)
    rng = np.random.default_rng(1)
    references = rng.uniform(1.0, 2.0, (2, 40))
    counts = rng.poisson(100.0 * references.sum(0), (3, 40))
    for weights in ("poisson", "uniform"):
        for nonnegative in (False, True):
            fit_references(counts, references, weights=weights, nonnegative=nonnegative)


if __name__ == "__main__":
    precompile(lambda line: sys.stdout.write(f"compiling: {line}\n"))
