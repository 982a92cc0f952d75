"""Activation energies over synthetic experiments: do the stated intervals hold; and the published numbers.

An experiment is rate constants of particles and profiles at the six temperatures of the paper, 30 to 105
degC, with scatter between particles, between profiles, of single points, of measurements (0.5 to 5 %, known)
and, in some truths, common to a temperature. A 95 % interval has to hold the truth in 0.925 to 0.975 of 400
experiments, and the half width to be 1.96 empirical deviations to 0.9 to 1.15. Where the deviation hangs on
the six temperatures (four degrees of freedom) Student's quantile alone is 1.42 times 1.96; there the stated
deviation (root mean square) over the empirical one is held to 0.9 to 1.15 instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.constants import BOLTZMANN, ELEMENTARY_CHARGE, ZERO_CELSIUS
from lto_sim.kinetics import published_Ea, published_table
from lto_sim.kinetics.arrhenius import (
    EnergyDifference,
    FrontSolubility,
    activation_energies,
    compare_repeats,
    fit_arrhenius,
    fit_directions,
)
from lto_sim.kinetics.published import graphite_comparison, published_repeat
from lto_sim.materials import load_material
from lto_sim.validate.section import Check
from lto_sim.validate.table import Row

__all__ = ["ARRHENIUS_SEEDS", "Truth", "arrhenius_checks", "drawn_rates"]

Floats = NDArray[np.float64]

ARRHENIUS_SEEDS: Final = tuple(range(400))
"""Every seed of the full comparison; a quick one takes the first hundred, with limits twice as wide."""

_QUICK: Final = 100
_KELVIN: Final = np.array([30.0, 45.0, 60.0, 75.0, 90.0, 105.0]) + ZERO_CELSIUS
_PER_EV: Final = ELEMENTARY_CHARGE / BOLTZMANN
_EA: Final = 0.49
_K0: Final = 6e-7
_MIDDLE: Final = 1.025
_BAR: Final = (0.005, 0.05)


@dataclass(frozen=True)
class Truth:
    """An experiment as it is drawn.

    Parameters
    ----------
    name : What is special about it.
    profiles : Number of profiles of each particle.
    particle, profile, residual, temperature : Deviations of ln k.
    own_Ea : Deviation of Ea between particles [eV].
    missing : Part of the points that were not measured.
    many : Whether the deviation of Ea has many degrees of freedom, so that half widths are compared.
    """

    name: str
    profiles: tuple[int, ...] = (2, 2, 2, 1)
    particle: float = 0.2
    profile: float = 0.1
    residual: float = 0.1
    temperature: float = 0.0
    own_Ea: float = 0.0
    missing: float = 0.0
    many: bool = False


_TRUTHS: Final = (
    Truth("4 particles, 7 profiles", many=True),
    Truth("the same, 0.05 common to a temperature", temperature=0.05),
    Truth("the same, 0.2 common to a temperature", temperature=0.2),
    Truth("3 particles, 4 profiles", (2, 1, 1)),
    Truth("3 particles, 4 profiles, 0.1 common to a temperature", (2, 1, 1), temperature=0.1),
    Truth("7 profiles, 30 % of the points missing", missing=0.3),
    Truth("7 profiles, Ea of particles scattered by 0.02 eV", own_Ea=0.02),
)


def drawn_rates(truth: Truth, rng: np.random.Generator) -> dict[str, Any]:
    """Draw one experiment: the arguments of :func:`fit_arrhenius`.

    Parameters
    ----------
    truth : What it is drawn from.
    rng : Random numbers.
    """
    of_profile = np.repeat(np.arange(len(truth.profiles)), truth.profiles)
    profile, at = (grid.ravel() for grid in np.meshgrid(np.arange(of_profile.size), np.arange(_KELVIN.size)))
    keep = rng.random(profile.size) >= truth.missing
    profile, at = profile[keep], at[keep]
    particle = of_profile[profile]
    inverse = _PER_EV / _KELVIN[at]
    Ea = _EA + truth.own_Ea * rng.standard_normal(len(truth.profiles))[particle]
    bar = rng.uniform(*_BAR, profile.size)
    middle = float((_PER_EV / _KELVIN).mean())
    ln_k = (
        np.log(_K0)
        - _EA * middle
        - Ea * (inverse - middle)
        + truth.particle * rng.standard_normal(len(truth.profiles))[particle]
        + truth.profile * rng.standard_normal(of_profile.size)[profile]
        + truth.temperature * rng.standard_normal(_KELVIN.size)[at]
        + truth.residual * rng.standard_normal(profile.size)
        + bar * rng.standard_normal(profile.size)
    )
    k = np.exp(ln_k)
    return {
        "temperature": _KELVIN[at], "k": k, "k_std": bar * k, "particle": particle, "profile": profile,
    }  # fmt: skip


_ROUNDING_EV: Final = 0.005
"""The published energies are rounded to 0.01 eV."""

_PUBLISHED_STD_EV: Final = {"extraction": 0.018, "insertion": 0.010}
"""Deviation of the unweighted line through Table 1 [eV]."""


def arrhenius_checks(quick: bool) -> Sequence[Check]:
    """One check a truth, one each of means and of both directions, and the published numbers."""
    seeds = ARRHENIUS_SEEDS[:_QUICK] if quick else ARRHENIUS_SEEDS
    return [
        *(partial(_coverage_rows, truth, seeds) for truth in _TRUTHS),
        partial(_means_rows, seeds),
        partial(_direction_rows, seeds),
        _published_rows,
        _solubility_rows,
    ]


def _coverage_rows(truth: Truth, seeds: Sequence[int]) -> list[Row]:
    found = []
    for seed in seeds:
        drawn = drawn_rates(truth, np.random.default_rng([seed, 1]))
        fit = fit_arrhenius(**drawn, own_Ea=truth.own_Ea > 0.0)
        found.append((fit.Ea_eV - _EA, fit.Ea_eV_std, *fit.interval()))
    return _rows(f"Ea, {truth.name}", np.array(found), _EA, truth.many)


def _means_rows(seeds: Sequence[int]) -> list[Row]:
    """Only means over particles, and their standard deviations, are known, as in the published table."""
    truth = Truth("means", (1, 1, 1, 1), profile=0.0)
    found = []
    for seed in seeds:
        drawn = drawn_rates(truth, np.random.default_rng([seed, 2]))
        k = drawn["k"].reshape(_KELVIN.size, -1)
        fit = fit_arrhenius(
            _KELVIN, k.mean(axis=1), k.std(axis=1, ddof=1), bars_over_particles=len(truth.profiles)
        )
        found.append((fit.Ea_eV - _EA, fit.Ea_eV_std, *fit.interval()))
    return _rows("Ea, table of means over 4 particles", np.array(found), _EA, many=False)


def _direction_rows(seeds: Sequence[int]) -> list[Row]:
    """Both directions, with particles of their own as in the paper."""
    truths = {"extraction": Truth("extraction"), "insertion": Truth("insertion", (2, 1, 1))}
    found = []
    for seed in seeds:
        rng = np.random.default_rng([seed, 3])
        parts = {name: drawn_rates(truth, rng) for name, truth in truths.items()}
        table: dict[str, Any] = {
            key: np.concatenate([part[key] for part in parts.values()]) for key in parts["extraction"]
        }
        direction = np.repeat(list(parts), [part["k"].size for part in parts.values()])
        gap: EnergyDifference = fit_directions(**table, direction=direction).difference
        found.append((gap.value_eV, gap.std_eV, *gap.interval()))
    return _rows("difference of Ea, both directions", np.array(found), 0.0, many=False)


def _rows(name: str, found: Floats, truth: float, many: bool) -> list[Row]:
    """Coverage, and half widths or stated deviations over the empirical one, of error, std and interval."""
    error, std, low, high = found.T
    count = error.size
    part = float(np.mean((low <= truth) & (truth <= high)))
    empirical = float(np.sqrt(np.mean(error**2)))
    stated = float(np.sqrt(np.mean(std**2))) / empirical
    half = float(np.median(high - low)) / (2.0 * 1.96 * empirical)
    every = count >= len(ARRHENIUS_SEEDS)
    limit, within = (0.025, 0.125) if every else (0.05, 0.2)
    rows = [Row(f"{name}: 95 % intervals of {count} that hold", 0.95, part, part - 0.95, limit)]
    if many:
        text = f"{name}: median half width over 1.96 x {empirical:.4f} eV"
        return [*rows, Row(text, 1.0, half, half - _MIDDLE, within)]
    text = f"{name}: stated over {empirical:.4f} eV (half width {half:.2f})"
    return [*rows, Row(text, 1.0, stated, stated - _MIDDLE, within)]


def _published_rows() -> list[Row]:
    rows = []
    scatter, dof = 0.0, 1.0
    for direction, Ea in published_Ea.items():
        table = published_table(direction)
        fit = fit_arrhenius(table.temperature, table.k, table.k_std, bars_over_particles=table.particles)
        low, high = fit.interval()
        name = f"published table, {direction}: Ea [eV], 95 % {low:.3f} to {high:.3f}"
        rows.append(Row(name, Ea, fit.Ea_eV, fit.Ea_eV - Ea, _ROUNDING_EV))
        stated = _PUBLISHED_STD_EV[direction]
        name = f"its deviation [eV], {direction}, beside the unweighted line's"
        rows.append(Row(name, stated, fit.Ea_eV_std, fit.Ea_eV_std - stated, 0.5 * 1e-3))
        if direction == "extraction":
            scatter, dof = fit.own_std, fit.dof
    again = published_repeat()
    pair = compare_repeats(
        [again.temperature] * 2, [again.first, again.last], scatter=scatter, scatter_dof=dof
    ).pairs[0]
    half = 0.5 * float(np.ptp(pair.change.interval()))
    name = f"published repeat at 90 degC: ln(last/first), p = {pair.change.p_value:.2f}"
    rows.append(Row(name, 0.0, pair.change.value, pair.change.value, half))
    graphite = graphite_comparison()
    for name, ratio, orders in (
        ("extraction", graphite.extraction_ratio, 0.0),
        ("insertion", graphite.insertion_ratio, -2.0),
    ):
        found = float(np.log10(ratio))
        rows.append(Row(f"k at 30 degC over graphite's [orders], {name}", orders, found, found - orders, 0.5))
    return rows


def _solubility_rows() -> list[Row]:
    """Ea(k) less Ea(D): nothing for constant edges, about 0.13 eV where A grows with temperature."""
    rows = []
    table = published_table("insertion")
    fit = fit_arrhenius(table.temperature, table.k)
    for windows, expected, limit in (("constant", 0.0, 1e-6), ("regular_solution", 0.13, 0.01)):
        material = load_material(windows=windows)  # type: ignore[arg-type]
        gap = activation_energies(fit, FrontSolubility.of_experiment(material, "insertion")).difference_eV
        rows.append(Row(f"Ea(k) - Ea(D) [eV], insertion, {windows}", expected, gap, gap - expected, limit))
    return rows
