"""A drawn population: one scenario a particle, and what each particle is and stands for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim import provenance
from lto_sim.errors import InputError
from lto_sim.provenance import named
from lto_sim.scenario import Scenario
from lto_sim.study.population.scaling import is_one_dimensional
from lto_sim.study.sweeps.labels import coordinate_attributes
from lto_sim.transport.model import Model, build_model

__all__ = [
    "Population",
    "Sampling",
    "Weighting",
    "active_volume",
    "cell_width",
    "member_values",
    "require_scenario",
]

Floats = NDArray[np.float64]
Sampling = Literal["sobol", "latin_hypercube", "random"]
Weighting = Literal["number", "volume"]


def active_volume(model: Model) -> float:
    """Volume of the active part [m3], both halves of a specimen with a symmetry plane."""
    return math.fsum(model.mesh.volume.ravel()) * model.mesh.multiplicity


def cell_width(scenario: Scenario, extent: float) -> float:
    """Width of the cells [m] of a body that is `extent` [m] long, or of its radius."""
    cell = float(scenario.specimen.cell)
    if not is_one_dimensional(scenario):
        return cell
    return extent / max(1, math.ceil(extent / cell * (1.0 - 1e-9)))


def require_scenario(given: object) -> None:
    """Raise InputError unless it is a Scenario."""
    if not isinstance(given, Scenario):
        raise InputError("scenario", given, "a Scenario", "Scenario.from_toml(path) reads a file")


def member_values(
    base: Scenario, lengths: Mapping[str, float], factor: float, scale_thickness: bool
) -> dict[str, Any]:
    """Values of a particle by path: every length times `factor`, layers in proportion to the thickness.

    Parameters
    ----------
    base : The particle that is scaled.
    lengths : Its lengths by path [m].
    factor : Size over that of `base` [1].
    scale_thickness : Whether the thickness is among the lengths.
    """
    values: dict[str, Any] = {path: factor * length for path, length in lengths.items()}
    layers = base.specimen.layers
    if scale_thickness and layers > 1:
        step = 2 if base.specimen.symmetry else 1
        values["specimen.layers"] = step * max(1, round(factor * layers / step))
    return values


@dataclass(frozen=True, eq=False)
class Population:
    """Particles, drawn but not simulated; `draw_population` makes it.

    Parameters
    ----------
    scenario : The base of every run, with cells of fixed size.
    points : Values of every particle by path: the runs of a sweep of design "list".
    size : Size of every particle [m], (particle,).
    factor : Size over that of the base [1], (particle,).
    coverage : Fraction of its side that the drawn contact covers [1], (particle,); NaN where none was drawn.
    volume : Active volume of every particle [m3], (particle,).
    weight : Number of particles that each one stands for [1], (particle,), their mean 1.
    width : Width of every particle's cells [m], (particle,).
    drawn : Further values by path, one for each particle, in SI.
    description : What was drawn, and how.
    """

    scenario: Scenario
    points: tuple[dict[str, Any], ...]
    size: Floats
    factor: Floats
    coverage: Floats
    volume: Floats
    weight: Floats
    width: Floats
    drawn: Mapping[str, Floats]
    description: Mapping[str, Any]

    def __len__(self) -> int:
        return len(self.points)

    @property
    def axes(self) -> list[dict[str, Any]]:
        """Runs of a sweep of design "list"."""
        return [dict(point) for point in self.points]

    @property
    def attributes(self) -> dict[str, Any]:
        """What was drawn and how, as attributes of a result."""
        return {key: int(v) if isinstance(v, bool) else v for key, v in self.description.items()}

    def scenario_of(self, number: int) -> Scenario:
        """Scenario of particle `number`, from 0.

        Raises
        ------
        InputError
            No such particle, or values that a scenario refuses.
        """
        if not (isinstance(number, int | np.integer) and 0 <= number < len(self.points)):
            raise InputError("particle", number, f"0 to {len(self.points) - 1}", "count particles from 0")
        return self.scenario.with_values(self.points[number])

    def scenarios(self) -> Iterator[Scenario]:
        """Scenarios of all particles."""
        return (self.scenario_of(number) for number in range(len(self)))

    def volumes(self) -> Floats:
        """Active volumes [m3] of all particles, from their meshes, (particle,)."""
        return np.array([active_volume(build_model(scenario)) for scenario in self.scenarios()])

    def to_dataset(self) -> xr.Dataset:
        """What every particle is: ``particle_size``, ``size_factor``, ``coverage``, ``particle_volume``,
        ``particle_weight``, ``cell_width`` and the values drawn by path, all on ``particle``.
        """  # noqa: D205
        rows = {
            "particle_size": (self.size, "m", f"size: {self.description['size_path']}"),
            "size_factor": (self.factor, "1", "size over that of the base scenario"),
            "coverage": (self.coverage, "1", "part of its side that the contact covers"),
            "particle_volume": (self.volume, "m3", "active volume"),
            "particle_weight": (self.weight, "1", "particles that this one stands for"),
            "cell_width": (self.width, "m", "width of the cells in the plane"),
        }
        data: dict[str, Any] = {
            name: ("particle", values, named(units, text)) for name, (values, units, text) in rows.items()
        }
        for path, values in self.drawn.items():
            data[path] = ("particle", values, coordinate_attributes(path, "linear"))
        number = np.arange(len(self), dtype=np.int32)
        attrs = provenance.attributes(
            "particle population", "draw_population", self.scenario.to_toml(), int(self.description["seed"])
        )
        return xr.Dataset(
            data, {"particle": ("particle", number, named("1", "particle"))}, {**attrs, **self.attributes}
        )
