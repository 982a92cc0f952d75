"""The current of many particles in parallel, from runs of one at a time.

    Q(t) = sum_i w_i Q_i(t),   current = the mean since the time before, from the differences of Q

so that the charge is exact at every time; w_i is how many particles the i-th stands for. Of N that were drawn
and n that could be simulated, each stands for more, w_i -> w_i W/sum w, W the weight of all: the sums stay
those of N particles. How many are missing is in the attributes, and a warning says so.

    fraction transformed = (x - x_start) / (x_end - x_start)

of every drive step, x_end the composition in equilibrium with its (last) potential: the product's excess
counts, so that it lags behind the volume of the product, by a part A/(1 + A) of it at most.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim import provenance
from lto_sim.constants import FARADAY
from lto_sim.errors import InputError
from lto_sim.materials import TwoPhaseMaterial
from lto_sim.provenance import named
from lto_sim.scenario import build_material
from lto_sim.study.population.avrami import fit_avrami, local_exponent
from lto_sim.study.population.collect import Members, members_of_runs, members_of_sweep
from lto_sim.study.population.drives import SharedStep, drive_record, shared_steps
from lto_sim.study.population.members import Population
from lto_sim.study.sweeps import open_sweep

__all__ = ["QUANTILES", "check_quantiles", "ensemble_current"]

Floats = NDArray[np.float64]

QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
_NO_WAY: Final = 1e-6
"""Change of the li fraction that is none."""


def ensemble_current(
    source: Path | str | xr.Dataset | Sequence[xr.Dataset | None],
    population: Population | None = None,
    *,
    quantiles: Sequence[float] = QUANTILES,
) -> xr.Dataset:
    """Add up the particles of a population.

    Parameters
    ----------
    source : The sweep of `simulate_population` (its path, or opened); a sweep of ``population.axes`` with
        output "current"; or runs of `simulate`, one a particle, None where there is none.
    population : What the particles are; a sweep of `simulate_population` knows it.
    quantiles : Which, 0 to 1, are kept of the spread over particles, weighted by number.

    Returns
    -------
    Dataset
        Labelled like a run, so that what reads runs reads it: ``current, charge, potential, lithium,
        drive_step(time_fine)`` of the sum [A, C, V, mol]; ``li_fraction, fraction_transformed,
        avrami_exponent(time_fine)``; ``li_fraction_quantile, current_quantile,
        fraction_transformed_quantile(quantile, time_fine)`` over particles; ``particle_size,
        particle_capacity, particle_weight(particle)``. Attributes count the particles: drawn, used, failed,
        pending.

    Raises
    ------
    InputError
        Nothing that makes an ensemble, no particle done, or a drive that particles cannot share.
    """
    check_quantiles(quantiles)
    if isinstance(source, str | Path):
        members = members_of_sweep(open_sweep(source), population)
    elif isinstance(source, xr.Dataset):
        members = members_of_sweep(source, population)
    else:
        members = members_of_runs(source, population)
    _warn(members)
    steps = shared_steps(members.scenario)
    material = build_material(members.scenario)
    weight = members.weight * (members.total_weight / members.weight.sum())
    data = {
        **_sums(members, weight, steps),
        **_transformed(members, weight, steps, material, np.asarray(quantiles, dtype=np.float64)),
        **_each(members, weight),
    }
    coords = {
        "time_fine": ("time_fine", members.time, named("s", "time of the electrical series")),
        "particle": ("particle", members.number, named("1", "number of the particle")),
        "quantile": (
            "quantile",
            np.asarray(quantiles, dtype=np.float64),
            named("1", "part of the particles below"),
        ),
    }
    dataset = xr.Dataset(data, coords)
    dataset.attrs = _attributes(members, weight, material) | _avrami(dataset, steps)
    if population is not None:
        dataset.attrs |= population.attributes
    return dataset


def check_quantiles(quantiles: Sequence[float]) -> None:
    """Raise InputError unless there is one or more, each from 0 to 1."""
    try:
        numbers = np.asarray(quantiles, dtype=np.float64)
        sound = numbers.ndim == 1 and numbers.size > 0 and bool(np.all((numbers >= 0.0) & (numbers <= 1.0)))
    except (TypeError, ValueError):
        sound = False
    if not sound:
        raise InputError("quantiles", quantiles, "numbers from 0 to 1", "for example (0.05, 0.5, 0.95)")


def _warn(members: Members) -> None:
    for numbers, what in ((members.failed, "failed"), (members.pending, "are not done yet")):
        if numbers:
            warnings.warn(
                f"{len(numbers)} of {members.drawn} particles {what} and are left out: the others stand for "
                "them too",
                UserWarning,
                stacklevel=3,
            )


def _sums(members: Members, weight: Floats, steps: Sequence[SharedStep]) -> dict[str, Any]:
    """Series of the whole ensemble."""
    time = members.time
    charge = weight @ members.charge
    lithium = (weight * members.capacity) @ members.li_fraction
    number = _step_numbers(time, steps)
    fine = ("time_fine",)
    return {
        "current": (
            fine, _current(charge, time), named("A", "mean current since the last time, oxidation > 0")
        ),
        "charge": (fine, charge, named("C", "charge passed, oxidation > 0")),
        "potential": (
            fine, _potential(time, number, steps), named("V", "potential against In-Li, shared by all")
        ),
        "lithium": (fine, lithium / FARADAY, named("mol", "insertable lithium inside")),
        "drive_step": (fine, number, named("1", "step of the drive, groups written out")),
        "li_fraction": (
            fine, lithium / float(weight @ members.capacity), named("1", "mean Li fraction of the ensemble")
        ),
    }  # fmt: skip


def _current(charge: Floats, time: Floats) -> Floats:
    """Mean current in the intervals that end at each time; the first stands for its start too."""
    current = np.diff(charge, axis=-1) / np.diff(time)
    return np.concatenate([current[..., :1], current], axis=-1)


def _step_numbers(time: Floats, steps: Sequence[SharedStep]) -> NDArray[np.int32]:
    """Step of every time; an end belongs to the step that ends."""
    ends = np.array([step.end for step in steps])
    found = np.searchsorted(ends * (1.0 + 1e-12), time, side="left")
    return np.minimum(found, len(steps) - 1).astype(np.int32)


def _potential(time: Floats, number: NDArray[np.int32], steps: Sequence[SharedStep]) -> Floats:
    found = np.empty(time.size)
    for shared in steps:
        own = number == shared.number
        start = shared.step.sweep_start
        if start is None:
            found[own] = shared.step.value
            continue
        way = shared.step.value - start
        gone = np.clip((time[own] - shared.start) * shared.step.sweep_rate, 0.0, abs(way))
        found[own] = start + math.copysign(1.0, way) * gone
    return found


def _transformed(
    members: Members,
    weight: Floats,
    steps: Sequence[SharedStep],
    material: TwoPhaseMaterial,
    quantiles: Floats,
) -> dict[str, Any]:
    """Fraction transformed of the ensemble and of its particles, and the spread over particles."""
    number = _step_numbers(members.time, steps)
    whole = (weight * members.capacity) @ members.li_fraction / float(weight @ members.capacity)
    fraction = _fraction(np.vstack([whole, members.li_fraction]), members.time, number, steps, material)
    fine, spread = ("time_fine",), ("quantile", "time_fine")

    def over_particles(values: Floats) -> Floats:
        return np.asarray(np.quantile(values, quantiles, axis=0, weights=weight, method="inverted_cdf"))

    current = _current(members.charge, members.time)
    return {
        "fraction_transformed": (fine, fraction[0], named("1", "fraction transformed in the drive step")),
        "fraction_transformed_quantile": (
            spread, over_particles(fraction[1:]), named("1", "fraction transformed, over particles")
        ),
        "li_fraction_quantile": (
            spread, over_particles(members.li_fraction), named("1", "mean Li fraction, over particles")
        ),
        "current_quantile": (
            spread, over_particles(current), named("A", "current of a particle, over particles")
        ),
    }  # fmt: skip


def _fraction(
    x: Floats,
    time: Floats,
    number: NDArray[np.int32],
    steps: Sequence[SharedStep],
    material: TwoPhaseMaterial,
) -> Floats:
    """Fraction transformed (row, time) within each drive step; NaN where nothing is left to transform."""
    found = np.full(x.shape, math.nan)
    for shared in steps:
        own = number == shared.number
        begin = max(int(np.searchsorted(time, shared.start * (1.0 + 1e-12), side="right")) - 1, 0)
        start = x[:, begin : begin + 1]
        end = material.equilibrium_composition(shared.step.value, shared.temperature)
        way = end - start
        moves = np.abs(way[:, 0]) > _NO_WAY
        rows = np.ix_(moves, own)
        found[rows] = (x[rows] - start[moves]) / way[moves]
    return found


def _each(members: Members, weight: Floats) -> dict[str, Any]:
    return {
        "particle_size": ("particle", members.size, named("m", "size of the particle")),
        "particle_capacity": ("particle", members.capacity, named("C", "charge of all insertable lithium")),
        "particle_weight": ("particle", weight, named("1", "particles that this one stands for")),
    }


def _attributes(members: Members, weight: Floats, material: TwoPhaseMaterial) -> dict[str, Any]:
    capacity = float(weight @ members.capacity)
    volume = capacity / (FARADAY * material.insertable_concentration)
    return {
        **provenance.attributes("particle population", "ensemble_current", members.scenario.to_toml()),
        "particles_drawn": members.drawn,
        "particles_used": int(members.number.size),
        "particles_failed": len(members.failed),
        "particles_pending": len(members.pending),
        "failed": " ".join(map(str, members.failed)),
        "capacity_C": capacity,
        "active_volume_m3": volume,
        "mass_kg": material.density * volume,
        "plateau_V": material.plateau_potential,
        "reference_electrode": material.reference_electrode,
        "drive_steps": drive_record(members.scenario, material),
    }


def _avrami(dataset: xr.Dataset, steps: Sequence[SharedStep]) -> dict[str, Any]:
    """Fit the apparent exponent where one hold transforms enough, and keep its course; else say why not."""
    time, fraction = dataset["time_fine"].values, dataset["fraction_transformed"].values
    label = named("1", "apparent Avrami exponent, d ln[-ln(1 - f)] / d ln t")
    local = np.full(time.size, math.nan)
    found: dict[str, Any]
    if len(steps) != 1 or steps[0].step.kind != "hold":
        found = {"avrami_note": "no exponent: it is that of one hold from a uniform start"}
    else:
        try:
            fit = fit_avrami(time, fraction)
            local = local_exponent(time, fraction)
            found = {
                "avrami_exponent": fit.exponent, "avrami_time_s": fit.time, "avrami_deviation": fit.deviation
            }  # fmt: skip
        except InputError as error:
            found = {"avrami_note": f"no exponent: {error}"}
    dataset["avrami_exponent"] = (("time_fine",), local, label)
    return found
