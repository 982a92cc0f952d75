"""Particles drawn from distributions: sizes, contacts and constants, one scenario a particle.

Draws are made of points in the unit cube, one dimension for each quantity in the order size, coverage,
position, values: of a scrambled Sobol sequence (moments converge almost as 1/n), of a Latin hypercube, or
independent (1/sqrt(n)). Quantities are independent of each other.

A distribution of sizes by number counts every draw once. One by volume, as laser diffraction gives it, counts
volumes: each draw then stands for the same volume, hence for 1/V particles,

    w_i = (1/V_i) / mean(1/V).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from lto_sim.errors import InputError
from lto_sim.scenario import Scenario, build_specimen
from lto_sim.scenario.kinds import quantity_kind
from lto_sim.scenario.parse import node_at, number_at
from lto_sim.study.population.distributions import Convert, Distribution
from lto_sim.study.population.members import (
    Population,
    Sampling,
    Weighting,
    active_volume,
    cell_width,
    member_values,
    require_scenario,
)
from lto_sim.study.population.scaling import (
    cut_at_fixed_cell,
    is_one_dimensional,
    outline_size,
    plan_lengths,
    size_path,
    thickness_lengths,
)
from lto_sim.study.population.touching import Touch, find_contact, touch_of
from lto_sim.transport.model import build_model
from lto_sim.units import to_si

__all__ = ["draw_population"]

Floats = NDArray[np.float64]

_MOST: Final = 100_000
_SAMPLINGS: Final = ("sobol", "latin_hypercube", "random")
_WEIGHTINGS: Final = ("number", "volume")
_OWN: Final = ("specimen", "contacts", "surface", "material", "grain_boundaries", "initial")
"""What a particle has of its own; drive, temperature and output are those of all."""
_FIXED: Final = ("specimen.outline", "specimen.cell", "specimen.layers", "specimen.grid_point",
                 "specimen.symmetry")  # fmt: skip
"""What sizes set, or keep."""
_FEW_CELLS: Final = 5.0
"""Cells across the smallest particle below which a warning is given."""


def draw_population(
    scenario: Scenario,
    *,
    size: Distribution | None = None,
    coverage: Distribution | None = None,
    position: Distribution | None = None,
    values: Mapping[str, Distribution] | None = None,
    contact: str | None = None,
    count: int = 50,
    seed: int = 0,
    sampling: Sampling = "sobol",
    weighting: Weighting = "number",
    scale_thickness: bool = False,
    whole_cells: bool = False,
) -> Population:
    """Draw particles; none is simulated.

    Parameters
    ----------
    scenario : The particle whose outline, contacts, profiles and grain boundaries are scaled in the plan.
    size : Of the outline's first length [m]: the width of a rectangle, polygon or image, the length of a
        slab, the radius of a circle, cylinder or sphere, the first semi-axis of an ellipse. None: as it is.
    coverage : Fraction of its side, or of the whole perimeter, that the contact covers [1].
    position : Where the contact lies on it, 0 to 1.
    values : Further distributions by path, such as ``{"contacts.lps.k_c": LogNormal("1e-9 m/s", 1.0)}``.
    contact : Name of the contact that coverage and position are of; None: the only one.
    count : Particles.
    seed : Of the draws.
    sampling : ``sobol``, ``latin_hypercube`` or ``random``.
    weighting : Whether the distribution of sizes counts particles (``number``) or their ``volume``.
    scale_thickness : Scale the thickness too, so that particles are similar bodies; else all are lamellae of
        the same thickness.
    whole_cells : Round sizes of a slab, cylinder or sphere to whole cells, so that every cell is exactly
        ``specimen.cell``; cells of other bodies are so in any case.

    Returns
    -------
    Population
        Sizes, weights, and the scenario of every particle.

    Raises
    ------
    InputError
        Nothing to draw, a distribution that does not fit, a path that is not the particle's own, particles
        smaller than a cell, or values that a scenario refuses.
    """
    require_scenario(scenario)
    _check(count, seed, sampling, weighting, scenario)
    base = cut_at_fixed_cell(scenario)
    touch = _touch(base, contact, drawn=coverage is not None or position is not None)
    asked = _in_si(base, {"size": size, "coverage": coverage, "position": position}, values or {})
    parts = _parts(len(asked), count, seed, sampling)
    drawn = {key: entry.quantile(part) for (key, entry), part in zip(asked.items(), parts, strict=True)}
    sizes = _sizes(base, drawn.pop("size", None), count, whole_cells)
    factors = sizes / outline_size(base)
    widths = _widths(base, factors, sizes)
    coverages = drawn.pop("coverage", np.full(count, math.nan if touch is None else touch.coverage))
    positions = drawn.pop("position", None)
    lengths = {**plan_lengths(base), **(thickness_lengths(base) if scale_thickness else {})}
    if size is None:
        lengths = {}
    _check_free(drawn, lengths, touch)
    points = []
    for n, factor in enumerate(factors):
        point = member_values(base, lengths, float(factor), scale_thickness and size is not None)
        if touch is not None:
            place = None if positions is None else float(positions[n])
            point |= touch.paths(float(factor), float(coverages[n]), place)
        points.append(point | {path: float(column[n]) for path, column in drawn.items()})
    description = {
        "seed": seed, "sampling": sampling, "weighting": weighting, "scale_thickness": scale_thickness,
        "distributions": "; ".join(f"{key}: {entry!r}" for key, entry in asked.items()),
        "size_path": size_path(base) or "width of the outline",
    }  # fmt: skip
    ones = np.ones(count)
    population = Population(
        base, tuple(points), sizes, factors, coverages, ones, ones, widths, drawn, description
    )
    return _weighted(population, scale_thickness, weighting)


def _weighted(population: Population, scale_thickness: bool, weighting: str) -> Population:
    """With volumes and weights; every scenario is checked on the way."""
    base = population.scenario
    if scale_thickness or any(path.startswith("specimen.") for path in population.drawn):
        volumes = population.volumes()
    else:
        for _ in population.scenarios():
            pass
        power = 3.0 if base.specimen.outline.shape == "sphere" else 2.0
        volumes = active_volume(build_model(base)) * population.factor**power
    weights = np.ones(len(population)) if weighting == "number" else (1.0 / volumes) / np.mean(1.0 / volumes)
    return replace(population, volume=volumes, weight=weights)


def _check(count: int, seed: int, sampling: str, weighting: str, scenario: Scenario) -> None:
    for name, value, low, high in (("count", count, 1, _MOST), ("seed", seed, 0, 2**63)):
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise InputError(name, value, f"a whole number from {low} to {high}", "correct it")
    for name, choice, known in (("sampling", sampling, _SAMPLINGS), ("weighting", weighting, _WEIGHTINGS)):
        if choice not in known:
            raise InputError(name, choice, ", ".join(known), "choose one of them")
    if not isinstance(scenario.initial, int | float):
        shown = scenario.initial if isinstance(scenario.initial, str) else "an array"
        raise InputError("initial", shown, "one number", "an array fits the cells of one size only")


def _in_si(
    base: Scenario, parts: Mapping[str, Distribution | None], values: Mapping[str, Distribution]
) -> dict[str, Distribution]:
    """All that is drawn, in the order of the dimensions, in SI and within its range."""
    found: dict[str, Distribution] = {}
    _require_mapping(values)
    for key, given in parts.items():
        if given is not None:
            _require_distribution(key, given)
            kind = "length" if key == "size" else "dimensionless"
            found[key] = given.in_si(_of_kind(kind), key)
    for key in ("coverage", "position"):
        if key in found:
            _check_part(key, found[key])
    for path, given in values.items():
        if path.partition(".")[0] not in _OWN or path.startswith(_FIXED):
            raise InputError(
                f"values.{path}", path, f"a path under {', '.join(_OWN)} that size does not set",
                "drive and temperature are those of all particles, outline and cells follow the size",
            )  # fmt: skip
        _require_distribution(f"values.{path}", given)
        found[path] = given.in_si(_reader(base, path), f"values.{path}")
    if not found:
        raise InputError("size", None, "a distribution", 'draw something: size = LogNormal("0.8 um", 0.3)')
    return found


def _reader(base: Scenario, path: str) -> Convert:
    """Return what reads a value of a path.

    Raises
    ------
    InputError
        The path leads to a table or list.
    """
    if isinstance(node_at(base.to_dict(), path), dict | list):
        remedy = f"go on to its key, such as {path}.at"
        raise InputError(f"values.{path}", path, "the path of one number", remedy)
    kind = quantity_kind(path)
    return _of_kind(kind) if kind else _of_scenario(base, path)


def _of_scenario(base: Scenario, path: str) -> Convert:
    """Read values of a path without a unit of its own: the scenario says whether it has such a path."""

    def convert(value: object, field: str) -> float:
        try:
            found = number_at(base.with_values({path: value}).to_dict(), path)
        except InputError as error:
            raise InputError(field, error.value, error.allowed, error.remedy) from None
        return found if found is not None else to_si(value, "dimensionless", field)

    return convert


def _require_mapping(values: object) -> None:
    if not isinstance(values, Mapping):
        example = 'for example {"specimen.thickness": Normal("150 nm", "10 nm")}'
        raise InputError("values", values, "a mapping of path to distribution", example)


def _require_distribution(field: str, given: object) -> None:
    if not all(hasattr(given, name) for name in ("in_si", "quantile")):
        raise InputError(
            field, given, "a distribution",
            'for example LogNormal("0.8 um", 0.3), Normal, Uniform; Discrete(["0.8 um"]) is one value',
        )  # fmt: skip


def _touch(base: Scenario, contact: str | None, *, drawn: bool) -> Touch | None:
    """Return the contact that is drawn; refuses one that is named for nothing."""
    if drawn:
        return touch_of(base, find_contact(base, contact))
    if contact is not None:
        raise InputError("contact", contact, "absent without coverage and position", "draw one of them")
    return None


def _of_kind(kind: str) -> Convert:
    return lambda value, field: to_si(value, kind, field)


def _check_part(key: str, distribution: Distribution) -> None:
    """Refuse draws outside 0 to 1; a coverage of 0 too, which a uniform range may begin with."""
    low, high = distribution.quantile(np.array([0.0, 1.0]))
    nothing = key == "coverage" and distribution.quantile(np.array([0.5 / _MOST]))[0] <= 0.0
    if low < 0.0 or high > 1.0 or nothing:
        allowed = "above 0, at most 1" if key == "coverage" else "0 to 1"
        raise InputError(key, (float(low), float(high)), allowed, "cut the distribution with low and high")


def _parts(dimensions: int, count: int, seed: int, sampling: str) -> Floats:
    """Points of the unit cube, one row a dimension."""
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    if sampling == "random":
        return rng.random((count, dimensions)).T
    if sampling == "latin_hypercube":
        return np.asarray(qmc.LatinHypercube(dimensions, rng=rng).random(count).T)
    exponent = math.ceil(math.log2(count))
    return np.asarray(qmc.Sobol(dimensions, rng=rng).random_base2(exponent)[:count].T)


def _sizes(base: Scenario, drawn: Floats | None, count: int, whole_cells: bool) -> Floats:
    """Sizes [m], of whole cells where that is asked for and the cells cannot be cut."""
    if drawn is None:
        return np.full(count, outline_size(base))
    if not (whole_cells and is_one_dimensional(base)):
        return drawn
    cell = base.specimen.cell
    return np.asarray(cell * np.maximum(np.rint(drawn / cell), 1.0))


def _widths(base: Scenario, factors: Floats, sizes: Floats) -> Floats:
    """Widths of the cells [m]; refuses particles below a cell and warns of few cells across."""
    outline, cell = build_specimen(base).outline, base.specimen.cell
    flat = is_one_dimensional(base)
    extent = outline.width if flat else min(outline.width, outline.height)
    smallest = int(np.argmin(factors))
    across = float(factors[smallest]) * extent / cell
    if across < 1.0 - 1e-9:
        raise InputError(
            "size", float(sizes[smallest]), f"particles of at least one cell, {cell:g} m, across",
            "cut the distribution with low, or use smaller cells",
        )  # fmt: skip
    if across < _FEW_CELLS:
        warnings.warn(
            f"the smallest particle, size {sizes[smallest]:.3g} m, has {across:.1f} cells across: its front "
            "is coarse; use a smaller specimen.cell, or cut the sizes with low",
            UserWarning,
            stacklevel=3,
        )
    return np.array([cell_width(base, float(factor) * outline.width) for factor in factors])


def _check_free(drawn: Mapping[str, Floats], lengths: Mapping[str, float], touch: Touch | None) -> None:
    """Refuse a path that the size or the contact sets already."""
    taken = {*lengths, *(() if touch is None else touch.paths(1.0, touch.coverage, None))}
    for path in drawn:
        if path in taken:
            raise InputError(f"values.{path}", path, "a path that nothing else sets", "size or coverage does")
