"""Rate constants and activation energies of a report: those that were stored, else those of a default fit.

A number that a user has fitted and stored is never fitted again: the page says what the file says. Only a
front without a stored fit is fitted here, with the defaults of ``lto-sim fit``, and the page says so.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from lto_sim.constants import EV_PER_MOLE, GAS_CONSTANT
from lto_sim.errors import InputError
from lto_sim.kinetics import RateData, fit_arrhenius, fit_rate_constant
from lto_sim.kinetics.rates.laws import front_position
from lto_sim.kinetics.rates.result import CONVENTION_FACTOR
from lto_sim.provenance import K_DEFINITIONS
from lto_sim.report.gather import Found, Store, StoredFit
from lto_sim.scenario import Scenario

__all__ = [
    "Activation",
    "Rate",
    "activations",
    "configuration_of",
    "rates_of",
    "scenario_of",
    "stored_lines",
]

Floats = NDArray[np.float64]

DEFAULTS: Final = "fitted for this page with the defaults of `lto-sim fit`"
_SAME: Final = 1e-6
_LINE_POINTS: Final = 13


@dataclass(frozen=True, eq=False)
class Rate:
    """A rate constant with what it was read from.

    Parameters
    ----------
    name : Of the front, else of the file of the fit.
    summary : As ``lto-sim fit --out`` writes it.
    origin : The file of the fit, or that it was fitted for the page.
    front : The front; None where only the fit is there.
    temperature : [K]; None where it is not known.
    direction : ``extraction``, ``insertion`` or empty.
    """

    name: str
    summary: Mapping[str, Any]
    origin: str
    front: Store | None
    temperature: float | None
    direction: str

    @property
    def k(self) -> float | None:
        """Rate constant [m2/s]; None where it is not resolved."""
        value = self.summary.get("k_m2_s")
        return None if value is None else float(value)

    @property
    def k_std(self) -> float | None:
        """Its deviation [m2/s]."""
        value = self.summary.get("k_std_m2_s")
        return None if value is None else float(value)

    @property
    def verdict(self) -> str:
        """What limits the front."""
        return str(self.summary.get("verdict", ""))

    @property
    def window(self) -> tuple[float, float]:
        """First and last time of the points of the fit [s]."""
        low, high = self.summary.get("window_start_s"), self.summary.get("window_end_s")
        return (-math.inf if low is None else float(low)), (math.inf if high is None else float(high))

    @property
    def definition(self) -> str:
        """Law that defines k."""
        return K_DEFINITIONS[self.convention]

    @property
    def convention(self) -> str:
        """Name of the definition of k."""
        found = str(self.summary.get("k_convention", "2kt"))
        return found if found in K_DEFINITIONS else "2kt"

    @property
    def points(self) -> RateData | None:
        """Points of the front, where it is there."""
        return None if self.front is None else RateData.from_front(self.front.data)

    def position(self, time: ArrayLike) -> Floats:
        """Fitted position [m] at times [s]."""
        return np.asarray(front_position(np.asarray(time, dtype=np.float64), self._law())[0])

    def band(self, time: ArrayLike) -> tuple[Floats, Floats] | None:
        """Ends of the band of the position [m]; None where the file does not hold what it takes."""
        covariance, quantile = self.summary.get("covariance"), self.summary.get("quantile")
        if covariance is None or quantile is None or any(v is None for row in covariance for v in row):
            return None
        xi, speed = front_position(np.asarray(time, dtype=np.float64), self._law())
        gradient = -np.stack([np.ones_like(xi), xi, xi * xi], axis=-1) * speed[..., None]
        variance = np.einsum("...i,ij,...j->...", gradient, np.array(covariance, dtype=float), gradient)
        half = float(quantile) * np.sqrt(np.maximum(variance, 0.0))
        return np.maximum(xi - half, 0.0), xi + half

    def _law(self) -> Floats:
        """Start, 1/k_L and the coefficient of xi^2."""
        k_L = self.summary.get("k_L_m_s")
        reaction = 0.0 if not k_L else 1.0 / float(k_L)
        diffusion = 0.0 if not self.k else CONVENTION_FACTOR[self.convention] / self.k
        return np.array([float(self.summary.get("start_time_s") or 0.0), reaction, diffusion])


def configuration_of(dataset: xr.Dataset) -> str:
    """SHA-256 of the configuration of a dataset; empty where it has none."""
    if not str(dataset.attrs.get("configuration", "")):
        return ""
    return str(dataset.attrs.get("configuration_sha256", ""))


def scenario_of(dataset: xr.Dataset) -> Scenario | None:
    """Scenario of a dataset; None for recorded maps, and where this version cannot read it."""
    try:
        return Scenario.from_dict(tomllib.loads(str(dataset.attrs["configuration"])))
    except (KeyError, tomllib.TOMLDecodeError, InputError):
        return None


def rates_of(found: Found) -> tuple[list[Rate], list[tuple[str, str]]]:
    """Rate constants of all fronts and stored fits, and (name, reason) of fronts that refuse one.

    All are by one definition of k: that of the first stored fit, else xi^2 = 2 k t.
    """
    rates: list[Rate] = []
    taken: set[Path | str] = set()
    for fit in found.rate_fits:
        front = _front_of(fit, found)
        if front is not None:
            taken.add(front.path)
        name = fit.name if front is None else front.name
        rates.append(_rate(name, _with_band(fit.summary, front), fit.name, front))
    for energy in found.energy_fits:
        for run in energy.summary.get("runs", ()):
            source = str(run.get("source", ""))
            front = _named_front(source, energy.path.parent, found)
            key = source if front is None else front.path
            if "k_m2_s" not in run or key in taken:
                continue
            taken.add(key)
            rates.append(_rate(Path(source).name if front is None else front.name, run, energy.name, front))
    convention = rates[0].convention if rates else "2kt"
    rates = [_by(rate, convention) for rate in rates]
    refused = []
    for front in found.fronts:
        if front.path in taken:
            continue
        try:
            fit_here = fit_rate_constant(front.data, k_convention=convention)
        except InputError as error:
            refused.append((front.name, str(error)))
        else:
            rates.append(_rate(front.name, fit_here.summary(), DEFAULTS, front))
    return sorted(rates, key=lambda rate: (rate.direction, -(rate.temperature or 0.0))), refused


def _by(rate: Rate, convention: str) -> Rate:
    """The same rate constant by another definition of k: every k [m2/s] of its summary is changed."""
    if rate.convention == convention:
        return rate
    factor = CONVENTION_FACTOR[convention] / CONVENTION_FACTOR[rate.convention]
    changed = dict(_scaled(rate.summary, factor))
    changed |= {"k_convention": convention, "k_definition": K_DEFINITIONS[convention]}
    return replace(rate, summary=changed)


def _scaled(entry: Any, factor: float, inside: bool = False) -> Any:
    """Multiply what stands under keys that begin with ``k_`` and end with ``_m2_s``."""
    if isinstance(entry, Mapping):
        return {
            key: _scaled(value, factor, inside or (str(key).startswith("k_") and str(key).endswith("_m2_s")))
            for key, value in entry.items()
        }
    if isinstance(entry, list | tuple):
        return [_scaled(value, factor, inside) for value in entry]
    return entry * factor if inside and isinstance(entry, int | float) else entry


def _rate(name: str, summary: Mapping[str, Any], origin: str, front: Store | None) -> Rate:
    kelvin, direction = summary.get("temperature_K"), str(summary.get("direction", ""))
    if front is not None:
        scenario = scenario_of(front.data)
        if kelvin is None and scenario is not None:
            kelvin = scenario.temperature
        direction = direction or str(front.data.attrs.get("direction", ""))
    return Rate(name, summary, origin, front, None if kelvin is None else float(kelvin), direction)


def _with_band(summary: Mapping[str, Any], front: Store | None) -> Mapping[str, Any]:
    """Add the covariance that older files lack, where the same fit gives the same k."""
    if front is None or summary.get("covariance") is not None or not summary.get("k_m2_s"):
        return summary
    try:
        again = fit_rate_constant(front.data, k_convention=str(summary.get("k_convention", "2kt")))
    except InputError:
        return summary
    if not math.isclose(again.k, float(summary["k_m2_s"]), rel_tol=_SAME):
        return summary
    return {**summary, "covariance": again.covariance.tolist(), "quantile": again.quantile}


def _front_of(fit: StoredFit, found: Found) -> Store | None:
    """Front that a fit was made from: the one it names, else the one of its configuration, else the only.

    A fit of maps names the maps, and is of no front.
    """
    source = fit.summary.get("source")
    if source:
        front = _named_front(str(source), fit.path.parent, found)
        if front is not None:
            return front
        if Path(str(source)).name in {store.path.name for store in found.stores}:
            return None
        sha = fit.summary.get("configuration_sha256")
        alike = [store for store in found.fronts if sha and configuration_of(store.data) == sha]
        return alike[0] if len(alike) == 1 else None
    return found.fronts[0] if len(found.fronts) == 1 and len(found.rate_fits) == 1 else None


def _named_front(source: str, folder: Path, found: Found) -> Store | None:
    """Front at `source`, seen from here or from `folder`; else the only one of that name."""
    if not source:
        return None
    places = {Path(source).resolve(), (folder / source).resolve()}
    named = [store for store in found.fronts if store.path.resolve() in places]
    named = named or [store for store in found.fronts if store.path.name == Path(source).name]
    return named[0] if len(named) == 1 else None


@dataclass(frozen=True, eq=False)
class Activation:
    """An activation energy with its points and its line.

    Parameters
    ----------
    direction : ``extraction``, ``insertion`` or empty.
    summary : As ``lto-sim fit --out`` writes it for one direction.
    origin : The file of the fit, or that it was fitted for the page.
    temperature, k, k_std : Points [K], [m2/s]; empty where the file holds none.
    """

    direction: str
    summary: Mapping[str, Any]
    origin: str
    temperature: Floats
    k: Floats
    k_std: Floats | None

    @property
    def Ea_eV(self) -> float:
        """Activation energy [eV]."""
        return float(self.summary["Ea_eV"])

    @property
    def Ea_eV_std(self) -> float:
        """Its deviation [eV]."""
        return float(self.summary["Ea_eV_std"])

    @property
    def interval(self) -> tuple[float, float]:
        """Confidence interval of 95 % [eV]."""
        low, high = (math.nan if end is None else float(end) for end in self.summary["Ea_interval_eV"])
        return low, high

    def line(self, kelvin: Floats) -> Floats:
        """Rate constant on the line [m2/s]."""
        exponent = self.Ea_eV * EV_PER_MOLE / (GAS_CONSTANT * kelvin)
        return np.asarray(float(self.summary["k0_m2_s"]) * np.exp(-exponent))

    def band(self) -> tuple[Floats, Floats, Floats] | None:
        """Temperatures [K] and ends of the band [m2/s]; None where the file holds none."""
        band = self.summary.get("band")
        if not band:
            return None
        columns = (band["temperature_K"], band["low_m2_s"], band["high_m2_s"])
        kelvin, low, high = (np.array(column, dtype=np.float64) for column in columns)
        return kelvin, low, high


def activations(found: Found, rates: Sequence[Rate]) -> tuple[list[Activation], list[str]]:
    """Activation energies that are stored, else those of the rate constants here; and refusals."""
    stored = [entry for fit in found.energy_fits for entry in stored_lines(fit)]
    if stored:
        return stored, []
    lines: list[Activation] = []
    refusals: list[str] = []
    for direction in sorted({rate.direction for rate in rates}):
        chosen = [
            rate for rate in rates
            if rate.direction == direction and rate.k and rate.k_std and rate.temperature is not None
        ]  # fmt: skip
        chosen = _once_each(chosen, refusals)
        if len({rate.temperature for rate in chosen}) < 2:
            continue
        try:
            lines.append(_line_here(direction, chosen))
        except InputError as error:
            refusals.append(f"Ea of {direction or 'these fronts'}: {error}")
    return lines, refusals


def _once_each(rates: Sequence[Rate], refusals: list[str]) -> list[Rate]:
    """The first of several fits of one front; says so."""
    kept: dict[Path | str, Rate] = {}
    for rate in rates:
        key = rate.origin if rate.front is None else rate.front.path
        if key in kept and rate.front is not None:
            refusals.append(f"{rate.name} has several fits: Ea takes that of {kept[key].origin}")
        else:
            kept[key if rate.front is not None else f"{rate.origin}/{rate.name}"] = rate
    return list(kept.values())


def _line_here(direction: str, rates: Sequence[Rate]) -> Activation:
    kelvin = np.array([rate.temperature for rate in rates], dtype=np.float64)
    k = np.array([rate.k for rate in rates], dtype=np.float64)
    std = np.array([rate.k_std for rate in rates], dtype=np.float64)
    fit = fit_arrhenius(kelvin, k, std)
    grid = 1.0 / np.linspace(1.0 / kelvin.max(), 1.0 / kelvin.min(), _LINE_POINTS)
    low, high = fit.band(grid)
    summary = {
        "Ea_eV": fit.Ea_eV, "Ea_eV_std": fit.Ea_eV_std, "Ea_interval_eV": list(fit.interval()),
        "k0_m2_s": fit.k0, "reduced_chi_square": fit.reduced_chi_square, "dof": fit.dof,
        "band": {"temperature_K": grid, "low_m2_s": low, "high_m2_s": high},
    }  # fmt: skip
    return Activation(direction, summary, DEFAULTS, kelvin, k, std)


def stored_lines(fit: StoredFit) -> list[Activation]:
    """Return the lines of the JSON of an activation energy.

    Parameters
    ----------
    fit : The JSON.

    Returns
    -------
    One, one each direction, or that of several fronts.
    """
    summary = fit.summary.get("Ea", fit.summary)
    if not isinstance(summary, Mapping):
        return []
    parts = summary.get("directions") or {str(summary.get("direction") or ""): summary}
    found = []
    for direction, part in parts.items():
        if part.get("Ea_eV") is None or part.get("k0_m2_s") is None:
            continue
        kelvin, k, std = _stored_points(part, fit.summary.get("runs", ()), direction)
        found.append(Activation(direction, part, fit.name, kelvin, k, std))
    return found


def _stored_points(
    part: Mapping[str, Any], runs: Sequence[Mapping[str, Any]], direction: str
) -> tuple[Floats, Floats, Floats | None]:
    points = part.get("points")
    if points:
        std = points.get("k_std_m2_s")
        columns = [np.array(points[name], dtype=np.float64) for name in ("temperature_K", "k_m2_s")]
        return columns[0], columns[1], None if std is None else np.array(std, dtype=np.float64)
    used = [run for run in runs if run.get("k_m2_s") and direction in ("", run.get("direction"))]
    kelvin, k, std = (
        np.array([run[name] for run in used], dtype=np.float64)
        for name in ("temperature_K", "k_m2_s", "k_std_m2_s")
    )
    return kelvin, k, std
