"""Apparent rate constants of insertion over a table of cases: what faces, thickness and recording do to k.

Each case is simulated once; its k is read from exact maps, from drawn maps, and from the mean front without
maps, and laid beside Wagner's k of the bulk and k (1 + 2 l/H) of bulk and faces together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim import provenance
from lto_sim.errors import InputError
from lto_sim.execution import run_jobs
from lto_sim.kinetics.corrections import TrueRate, true_rate
from lto_sim.provenance import named
from lto_sim.study.lamella.case import Case
from lto_sim.study.lamella.fronts import (
    LOCAL_PARTS,
    Reading,
    contour_slope,
    grown_fraction,
    latter_slope,
    local_slopes,
    mean_front,
    read_rate,
)
from lto_sim.study.lamella.maps import drawn_maps, exact_maps, pixel_deviation
from lto_sim.study.lamella.scenarios import case_scenario
from lto_sim.transport import simulate

__all__ = ["apparent_rates", "run_case"]

Floats = NDArray[np.float64]

_TEXTS: Final = {
    "k_map": ("m2 s-1", "k read from drawn maps by a step, mean of the draws"),
    "k_map_std": ("m2 s-1", "deviation of k that a fit states, median of the draws"),
    "k_map_scatter": ("m2 s-1", "standard deviation of k over the draws"),
    "k_step": ("m2 s-1", "k read from exact maps by a step"),
    "k_shell": ("m2 s-1", "k read from exact maps by a shell under both faces"),
    "k_shell_map": ("m2 s-1", "k read from the first drawn maps by a shell under both faces"),
    "tip_map": ("m", "length of the tip in the first drawn maps"),
    "tip_map_std": ("m", "its deviation from the scatter of frames"),
    "k_contour": ("m2 s-1", "k of the contour of half of the lithium in exact maps"),
    "k_edge": ("m2 s-1", "k of the contour of a fifth of the lithium in exact maps"),
    "k_mean": ("m2 s-1", "k of the mean front at mid-height, without maps"),
    "k_bulk": ("m2 s-1", "Wagner's k of the bulk alone"),
    "k_expected": ("m2 s-1", "k (1 + 2 l/H) of bulk and faces in parallel"),
    "surface_length_now": ("m", "l of one face at the case's temperature"),
    "tip_length": ("m", "sqrt(3 l H), by which the front under the faces runs ahead"),
    "reach": ("m", "last position of the front in the exact maps"),
    "pixel_std": ("1", "deviation of the li fraction of one pixel, median"),
}
_UNITS: Final = {
    "temperature_degC": "degC", "thickness": "m", "surface_length": "m", "perimeter": "m3 s-1", "bulk": "1",
    "bulk_Ea_eV": "eV", "faces_Ea_eV": "eV", "perimeter_Ea_eV": "eV", "field": "m", "frame_time": "s",
    "pixel": "m", "noise": "1", "current": "A", "height": "m", "cell": "m",
}  # fmt: skip
_OK, _NO_RATE, _NOT_RUN = 0, 1, 2
_STATUS: Final = "0 read, 1 no rate constant could be read from the maps, 2 the scenario was refused"


@dataclass(frozen=True)
class _Result:
    values: dict[str, float]
    local: Floats
    points: int
    status: int
    refusal: str


def run_case(case: Case) -> _Result:
    """Simulate one case and read its rate constants; what is refused leaves its reason."""
    try:
        scenario = case_scenario(case)
        true = true_rate(scenario)
        run = simulate(scenario)
    except InputError as error:
        nothing = dict.fromkeys(_TEXTS, np.nan)
        return _Result(nothing, np.full(len(LOCAL_PARTS) - 1, np.nan), 0, _NOT_RUN, str(error))
    exact = exact_maps(run, case)
    step, shell = (read_rate(exact, case, model) for model in ("step", "shell"))
    maps = [drawn_maps(run, case, draw) for draw in range(case.draws)]
    drawn = [read_rate(found, case) for found in maps]
    covered = read_rate(maps[0], case, "shell")
    grown = grown_fraction(run, scenario)
    time, front = run["time"].values, mean_front(grown, 2.0 * float(run["x"][0]))
    values = _expected(true) | _read(step, shell, drawn)
    values |= {
        "k_contour": contour_slope(exact, case, 0.5),
        "k_edge": contour_slope(exact, case, 0.2),
        "k_mean": latter_slope(time, front, case.field),
        "k_shell_map": covered.k,
        "tip_map": covered.tip,
        "tip_map_std": covered.tip_std,
        "pixel_std": float(np.median([pixel_deviation(found) for found in maps])),
    }
    refusal = next((r.refusal for r in (step, *drawn) if r.refusal), "")
    local = local_slopes(time, front, case.field)
    return _Result(values, local, step.points, _NO_RATE if refusal else _OK, refusal)


def _expected(true: TrueRate) -> dict[str, float]:
    return {
        "k_bulk": true.k_bulk, "k_expected": true.k, "surface_length_now": true.surface_length,
        "tip_length": true.tip_length,
    }  # fmt: skip


def _read(step: Reading, shell: Reading, drawn: Sequence[Reading]) -> dict[str, float]:
    k = np.array([reading.k for reading in drawn])
    return {
        "k_map": float(k.mean()),
        "k_map_std": float(np.median([reading.k_std for reading in drawn])),
        "k_map_scatter": float(k.std(ddof=1)) if k.size > 1 else np.nan,
        "k_step": step.k,
        "k_shell": shell.k,
        "reach": step.reach,
    }


def apparent_rates(cases: Sequence[Case], processes: int | None = None) -> xr.Dataset:
    """Run a table of cases.

    Parameters
    ----------
    cases : What to run, one or more.
    processes : Worker processes; None takes the available cores. The result does not depend on it.

    Returns
    -------
    Every field of the cases and every rate constant over ``case``, and ``local_k(case, part)``, the rate
    constant of the mean front between parts of the field; ``status`` says what could be read, the attribute
    ``refusals`` why the rest could not.

    Raises
    ------
    InputError
        No cases.

    Notes
    -----
    Workers are spawned: a script that calls this keeps its own work under ``if __name__ == "__main__":``.
    """
    if not cases:
        raise InputError("cases", "none", "one case or more", "give at least one Case")
    found = dict(run_jobs(run_case, list(cases), processes))
    results = [found[index] for index in range(len(cases))]
    columns: dict[str, Any] = {
        name: ("case", np.array([r.values[name] for r in results]), named(*text))
        for name, text in _TEXTS.items()
    }
    columns["local_k"] = (
        ("case", "part"), np.stack([r.local for r in results]),
        named("m2 s-1", "k of the mean front between the ends of a part of the field"),
    )  # fmt: skip
    columns["points"] = ("case", np.array([r.points for r in results]), named("1", "frames with a front"))
    status = np.array([r.status for r in results], dtype=np.int8)
    columns["status"] = ("case", status, named("1", "what could be read") | {"meaning": _STATUS})
    middle = 0.5 * (np.array(LOCAL_PARTS[1:]) + np.array(LOCAL_PARTS[:-1]))
    axis = {"part": ("part", middle, named("1", "middle of a part of the field"))}
    dataset = xr.Dataset(columns, _coordinates(cases) | axis)
    refusals = "; ".join(f"case {i}: {r.refusal}" for i, r in enumerate(results) if r.refusal)
    step = f"apparent_rates {len(cases)} cases"
    dataset.attrs = {**provenance.attributes("apparent rate constants", step), "refusals": refusals}
    return dataset


def _coordinates(cases: Sequence[Case]) -> dict[str, Any]:
    rows = [asdict(case) for case in cases]
    coordinates: dict[str, Any] = {}
    for field in fields(Case):
        values = [row[field.name] for row in rows]
        if field.name == "direction":
            number = np.array([int(value == "extraction") for value in values], dtype=np.int8)
            coordinates["direction"] = ("case", number, named("1", "0 insertion, 1 extraction"))
            continue
        numbers = np.array([np.nan if value is None else value for value in values])
        name = field.name.replace("_", " ")
        coordinates[field.name] = ("case", numbers, named(_UNITS.get(field.name, "1"), name))
    return coordinates
