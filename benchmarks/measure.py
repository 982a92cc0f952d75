"""What a run of the benchmark scenario gives, and how far it is from the reference.

Front position along the middle line y = height/2, from the sub-cell composition: the integral along the line
of (x - x_poor)/gap, cut off at 0 and 1. A cell in the gap counts by its transformed part; the place where the
li fraction crosses a level would move in jumps of the cell instead. The same measure is taken of every
engine, from li fractions of shape (times, ny, nx).
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.constants import FARADAY
from lto_sim.scenario import Scenario, build_material

__all__ = ["HERE", "Errors", "Outcome", "Problem", "cell_of", "errors", "load", "outcome", "outcome_of_run"]

Floats = NDArray[np.float64]

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Problem:
    """The numbers that every engine is given: SI, li fraction.

    Parameters
    ----------
    width, height, thickness : Of the rectangle [m].
    contact : Ends of the contact on the left side [m].
    diffusivity_poor, diffusivity_rich : At the scenario's temperature [m2 s-1].
    x_poor, x_rich : Gap edges.
    x_contact, x_start : Held composition, and that at time 0.
    concentration : Lithium per li fraction [mol m-3].
    times : Output times after 0 [s].
    """

    width: float
    height: float
    thickness: float
    contact: tuple[float, float]
    diffusivity_poor: float
    diffusivity_rich: float
    x_poor: float
    x_rich: float
    x_contact: float
    x_start: float
    concentration: float
    times: tuple[float, ...]

    @classmethod
    def of(cls, scenario: Scenario) -> Problem:
        """Read from a scenario of a rectangle with one contact on its left side, held rich."""
        plain = scenario.to_dict()
        outline, where = plain["specimen"]["outline"], plain["contacts"]["lps"]["where"]
        material, temperature = build_material(scenario), scenario.temperature
        x_poor, x_rich = material.edges(temperature)
        every, end = plain["output"]["every"], scenario.duration
        return cls(
            width=outline["width"], height=outline["height"], thickness=plain["specimen"]["thickness"],
            contact=(where.get("from", 0.0), where.get("to", outline["height"])),
            diffusivity_poor=material.poor.diffusivity(temperature),
            diffusivity_rich=material.rich.diffusivity(temperature),
            x_poor=x_poor, x_rich=x_rich,
            x_contact=material.equilibrium_composition(plain["drive"][0]["hold"], temperature),
            x_start=float(plain["initial"]),
            concentration=material.insertable_concentration,
            times=tuple((np.arange(1, round(end / every) + 1) * every).tolist()),
        )  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """Measures at the output times.

    Parameters
    ----------
    times : [s].
    front : Position on the middle line [m].
    content : Lithium that entered [mol].
    current : Mean over the interval that ends there [A]; insertion is negative.
    """

    times: tuple[float, ...]
    front: tuple[float, ...]
    content: tuple[float, ...]
    current: tuple[float, ...]

    def plain(self) -> dict[str, list[float]]:
        """As it is written to a file."""
        return {name: list(values) for name, values in asdict(self).items()}


@dataclass(frozen=True)
class Errors:
    """Deviations from the reference [%]: root mean square over the output times, and at the last one."""

    front: float
    content: float
    current: float
    front_at_end: float


def cell_of(columns: int, problem_width: float = 2e-6) -> float:
    """Cell size [m] that gives `columns` cells along a side; a little more, so that none is added."""
    return problem_width / columns * (1.0 + 1e-8)


def load(name: str = "paper_insertion", **values: Any) -> Scenario:
    """Read a committed scenario; `values` are paths with two underscores for the dot."""
    scenario = Scenario.from_toml(HERE / "scenarios" / f"{name}.toml")
    return scenario.with_values({path.replace("__", "."): value for path, value in values.items()})


def fingerprint(scenario: Scenario) -> str:
    """SHA-256 of everything but the mesh, the numerics and the title: runs that answer the same question."""
    plain = scenario.with_values({"specimen.cell": 1e-8, "title": ""}).to_dict()
    del plain["numerics"]
    return hashlib.sha256(repr(sorted(plain.items())).encode()).hexdigest()


def outcome(times: tuple[float, ...], x: Floats, problem: Problem) -> Outcome:
    """Measure li fractions (times, ny, nx) of equal cells that fill the rectangle."""
    rows, columns = x.shape[1:]
    middle = x[:, (rows - 1) // 2 : rows // 2 + 1]
    part = np.clip((middle - problem.x_poor) / (problem.x_rich - problem.x_poor), 0.0, 1.0)
    front = part.sum(axis=2).mean(axis=1) * problem.width / columns
    volume = problem.width * problem.height * problem.thickness
    content = (x.mean(axis=(1, 2)) - problem.x_start) * volume * problem.concentration
    current = -FARADAY * np.diff(content, prepend=0.0) / np.diff(times, prepend=0.0)
    return Outcome(tuple(times), tuple(front.tolist()), tuple(content.tolist()), tuple(current.tolist()))


def outcome_of_run(run: xr.Dataset, problem: Problem) -> Outcome:
    """Measure a run of a rectangle with one layer."""
    kept = run.sel(time=run["time"] > 0.0)
    x = kept["li_fraction"].values[:, 0].astype(np.float64)
    return outcome(tuple(kept["time"].values.tolist()), x, problem)


def errors(measured: Outcome, reference: Outcome) -> Errors:
    """Deviations of `measured` from `reference` at the output times of `measured`, which may end earlier."""
    count = len(measured.times)
    if not np.allclose(measured.times, reference.times[:count], rtol=1e-9):
        raise ValueError("the output times are not those of the reference")
    off = {
        name: 100.0 * (np.array(getattr(measured, name)) / np.array(getattr(reference, name)[:count]) - 1.0)
        for name in ("front", "content", "current")
    }
    square = {name: float(np.sqrt(np.mean(values**2))) for name, values in off.items()}
    return Errors(square["front"], square["content"], square["current"], float(off["front"][-1]))
