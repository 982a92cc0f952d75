"""Which setting is best: the least deviation of what is wanted among those that can be used."""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.microscope.dose import PER_SQUARE_ANGSTROM
from lto_sim.study.design import status as code

__all__ = [
    "GOALS",
    "RELATIVE",
    "best_setting",
    "deviation_of",
    "frontier",
    "goal_of",
    "goals_of",
    "is_relative",
    "largest_dose",
]

Floats = NDArray[np.float64]

RELATIVE: Final = "over its value"
"""Words in the long name of a deviation that is one over the value."""

GOALS: Final = ("Ea", "k")
"""Goals that any design may have, beside the paths of its free parameters."""


def goals_of(design: xr.Dataset) -> list[str]:
    """What a design tells: Ea where there are temperatures enough, k, and the free parameters."""
    found = [goal for goal in GOALS if goal != "Ea" or bool(np.isfinite(design["Ea_eV_std"]).any())]
    return found + list(json.loads(str(design.attrs.get("free", "[]"))))


def goal_of(design: xr.Dataset, goal: str | None = None) -> str:
    """The goal, by default the first free parameter, else Ea, else k.

    Raises
    ------
    InputError
        A goal that the design does not tell.
    """
    if not isinstance(design, xr.Dataset) or "varied" not in design.attrs:
        raise InputError("design", type(design).__name__, "a design", "give what design_experiment returns")
    known = goals_of(design)
    if goal is None:
        return next((name for name in known if name not in GOALS), known[0])
    if goal not in known:
        remedy = "choose one of them" if goal not in GOALS else "Ea takes three usable temperatures"
        raise InputError("goal", goal, ", ".join(known), remedy)
    return goal


def deviation_of(design: xr.Dataset, goal: str) -> xr.DataArray:
    """Deviation of a goal over the settings; NaN where a setting cannot be used.

    Of k the largest over the temperatures [1]; of Ea [eV], of settings that can be used at all temperatures
    where there are any; of a parameter as in the design.

    Parameters
    ----------
    design : From `design_experiment`.
    goal : ``Ea``, ``k`` or the path of a free parameter.
    """
    status = design["status"]
    usable = (status <= code.FEWER_FRAMES).all("temperature")
    if goal == "k":
        return design["k_std_relative"].max("temperature").where(usable)
    if goal == "Ea":
        return design["Ea_eV_std"].where(usable) if bool(usable.any()) else design["Ea_eV_std"]
    refused = ((status == code.OVER_BUDGET) | (status == code.SATURATED)).any("temperature")
    known = np.isfinite(design[f"{goal}_std"])
    return design[f"{goal}_std"].where(~refused & known)


def largest_dose(design: xr.Dataset) -> xr.DataArray:
    """Dose that one area gets in a setting [electrons m-2]."""
    if design.attrs["budget_for"] == "series":
        return design["series_dose"]
    return design["dose"].max("temperature")


def best_setting(design: xr.Dataset, goal: str | None = None) -> dict[str, Any]:
    """Values of the best setting by path; of several alike the first.

    Parameters
    ----------
    design : From `design_experiment`.
    goal : What is wanted; see :func:`goal_of`.

    Returns
    -------
    dict
        Path -> value, in SI.

    Raises
    ------
    InputError
        No setting that can be used, or a goal that the design does not tell.
    """
    deviation = deviation_of(design, goal_of(design, goal))
    if not bool(np.isfinite(deviation).any()):
        raise _nothing_usable(design)
    place = deviation.argmin(list(deviation.dims))
    chosen = deviation.isel(place) if isinstance(place, dict) else deviation
    return {str(path): float(chosen[path]) for path in json.loads(str(design.attrs["varied"]))}


def _nothing_usable(design: xr.Dataset) -> InputError:
    """Why no setting can be used, and what would help."""
    status = design["status"].values
    worst = [int(number) for number in np.unique(status[status > code.FEWER_FRAMES])]
    reasons = [code.STATUS[number] for number in worst]
    if code.OVER_BUDGET in worst:
        budget, frame = (
            float(dose) / PER_SQUARE_ANGSTROM
            for dose in (design.attrs["dose_budget_m2"], design["frame_dose"].min())
        )
        place = worst.index(code.OVER_BUDGET)
        reasons[place] += f" of {budget:.3g} e/A^2, one frame takes {frame:.3g} e/A^2 or more"
    remedies = dict.fromkeys(code.REMEDIES[number] for number in worst)
    return InputError(
        "vary", "; ".join(reasons) or "no deviation", "a setting that can be used",
        "; ".join(remedies) or "name something else as the goal",
    )  # fmt: skip


def is_relative(design: xr.Dataset, goal: str) -> bool:
    """Whether the deviation of a free parameter is one over its value."""
    return RELATIVE in str(design[f"{goal}_std"].attrs["long_name"])


def frontier(dose: Floats, deviation: Floats) -> NDArray[np.int64]:
    """Numbers of the settings that no other beats in dose and deviation, by rising dose.

    Parameters
    ----------
    dose, deviation : One for each setting; NaN where it cannot be used.
    """
    known = np.flatnonzero(np.isfinite(deviation) & np.isfinite(dose))
    order = known[np.lexsort((deviation[known], dose[known]))]
    kept: list[int] = []
    least = np.inf
    for number in order:
        if deviation[number] < least:
            kept.append(int(number))
            least = float(deviation[number])
    return np.array(kept, dtype=np.int64)
