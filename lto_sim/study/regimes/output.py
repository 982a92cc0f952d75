"""The measures of one run, as an output of a sweep."""

from __future__ import annotations

import math
from typing import Final

from lto_sim.errors import InputError
from lto_sim.kinetics.corrections import true_rate
from lto_sim.study.regimes.expected import NEAR, THICKNESSES
from lto_sim.study.regimes.measures import apparent_rate, closure, front_law, shell_index, tip_law
from lto_sim.study.regimes.view import FrontView, check_start, front_view
from lto_sim.study.sweeps import CustomOutput, RunResult, Variable

__all__ = ["MISSING", "REGIME_OUTPUT", "regime_measures"]

_VARIABLES: Final = {
    "shell_index": Variable("1", "shell index at half of the content: 0 planar, 1 a shell far ahead"),
    "tip_exponent": Variable("1", "exponent p of the tip, x = const t^p"),
    "tip_exponent_rms": Variable("1", "residuals of ln x of the tip about it, root mean square"),
    "front_exponent": Variable("1", "exponent p of the mean front, x = const t^p"),
    "front_exponent_rms": Variable("1", "residuals of ln x of the mean front about it, root mean square"),
    "closure_near": Variable("s", "closure of the mid-plane at H/4 from the contact"),
    "closure_far": Variable("s", "closure of the mid-plane at H from the contact"),
    "k_apparent": Variable("m2 s-1", "rate constant k of the mean front, xi^2 = 2 k t"),
    "k_over_bulk": Variable("1", "apparent k over Wagner's k of the bulk"),
    "beyond_crossover": Variable("1", "1: k is read beyond the crossover, 0: before it"),
    "content": Variable("1", "transformed part of the particle at the end of the run"),
}

MISSING: Final = {
    "shell_index": "half of the particle is not transformed by the end of the run, no state is near that, or "
    "surfaces conduct with fewer than three cells between them",
    "tip_exponent": "less than a factor of three in time from three cells on until the tip arrives, or "
    "surfaces conduct with fewer than three cells between them",
    "front_exponent": "less than a factor of three in time from three cells on to 0.8 of the way",
    "closure_near": "the mid-plane does not close there by the end of the run, states are farther apart than "
    "a tenth of the time, cells are longer than H/2, or fewer than three between surfaces that conduct",
    "closure_far": "the mid-plane does not close there by the end of the run, states are farther apart than "
    "a tenth of the time, the particle ends before, or fewer than three cells between surfaces that conduct",
    "k_apparent": "fewer than four states with the tip on its way",
}
"""What NaN of a measure means."""

REGIME_OUTPUT: Final = CustomOutput("lto_sim.study.regimes.output:regime_measures", _VARIABLES)
"""The measures, as an output of ``sweep``."""


def regime_measures(result: RunResult) -> dict[str, float]:
    """Measures of a run, see ``measures``; NaN where there is none (:data:`MISSING`).

    Parameters
    ----------
    result : What a sweep gives its outputs: the scenario of a run and the run.

    Returns
    -------
    dict
        Name of a measure -> value, in the unit of its variable in the map.

    Raises
    ------
    InputError
        A scenario with no one way of the front: see :func:`~lto_sim.study.regimes.view.way_of`,
        :func:`~lto_sim.study.regimes.view.check_start` and :func:`~lto_sim.kinetics.corrections.true_rate`.
    """
    check_start(result.scenario)
    view, true = front_view(result.run, result.scenario), true_rate(result.scenario)
    tip, front = tip_law(view), front_law(view)
    rate = apparent_rate(view, 2.0 * true.tip_length)
    return {
        "shell_index": shell_index(view),
        "tip_exponent": tip.exponent,
        "tip_exponent_rms": tip.rms,
        "front_exponent": front.exponent,
        "front_exponent_rms": front.rms,
        "closure_near": _closure(view, NEAR * view.thickness),
        "closure_far": _closure(view, THICKNESSES * view.thickness),
        "k_apparent": rate.k,
        "k_over_bulk": rate.k / true.k_bulk,
        "beyond_crossover": float(rate.beyond) if math.isfinite(rate.k) else math.nan,
        "content": float(view.content[-1]),
    }


def _closure(view: FrontView, place: float) -> float:
    try:
        return closure(view, place)
    except InputError:
        return math.nan
