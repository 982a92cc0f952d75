"""The published rate constants, their repeat, full-extraction times and activation energies, in SI.

Every number lives in ``data/published.toml`` with its unit, source and the meaning of its uncertainty.
Table 1 of the paper gives k [cm^2/s] with xi^2 = 2 k t assumed; the error bars are standard deviations over
particles.

Source: Table 1, text and Figure 5 of the operando STEM-EELS experiment on Li4Ti5O12 | LPS | In-Li at 30 to
105 degC; the attribute ``source`` says which.
"""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lto_sim.constants import ZERO_CELSIUS
from lto_sim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = [
    "FullExtraction",
    "GraphiteComparison",
    "PublishedRates",
    "PublishedRepeat",
    "full_extraction_times",
    "graphite_comparison",
    "published_Ea",
    "published_repeat",
    "published_table",
]

_SQUARE_CENTIMETRE: Final[float] = 1e-4


@dataclass(frozen=True, eq=False)
class PublishedRates:
    """Rate constants of one direction over temperature.

    Parameters
    ----------
    direction : ``"extraction"`` or ``"insertion"``.
    temperature : Temperatures, rising [K], shape (n,).
    k : Parabolic rate constants [m2/s], shape (n,).
    k_std : Standard deviations over particles [m2/s], shape (n,).
    particles, profiles : Number of particles and of line profiles behind each value.
    source, uncertainty : Where the numbers stand and what the bars mean.
    """

    direction: str
    temperature: NDArray[np.float64]
    k: NDArray[np.float64]
    k_std: NDArray[np.float64]
    particles: int
    profiles: int
    source: str
    uncertainty: str


@dataclass(frozen=True, eq=False)
class FullExtraction:
    """Time that one particle takes to be extracted completely.

    Parameters
    ----------
    temperature : Temperatures, rising [K], shape (n,).
    time : Quoted times [s], shape (n,).
    time_std : Standard deviation from rounding to frames [s], shape (n,).
    source, uncertainty : Where the numbers stand and what the bars mean.
    """

    temperature: NDArray[np.float64]
    time: NDArray[np.float64]
    time_std: NDArray[np.float64]
    source: str
    uncertainty: str


@dataclass(frozen=True)
class PublishedRepeat:
    """One particle measured at the same temperature at the start and at the end.

    Parameters
    ----------
    temperature : Temperature [K].
    first, last : Parabolic rate constants [m2/s].
    source, uncertainty : Where the numbers stand and what is known of their error.
    """

    temperature: float
    first: float
    last: float
    source: str
    uncertainty: str


@dataclass(frozen=True)
class GraphiteComparison:
    """Rate constant of graphite, stage 2 to stage 1 at room temperature, beside those of Table 1.

    Parameters
    ----------
    k : Parabolic rate constant of graphite [m2/s].
    extraction_ratio, insertion_ratio : k of Table 1 at its lowest temperature (30 degC) over k [1].
    source, uncertainty : Where the number stands and what is known of its error.
    """

    k: float
    extraction_ratio: float
    insertion_ratio: float
    source: str
    uncertainty: str


@functools.cache
def _document() -> dict[str, Any]:
    text = resources.files("lto_sim.kinetics").joinpath("data/published.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _frozen(values: list[float], scale: float = 1.0, offset: float = 0.0) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64) * scale + offset
    array.flags.writeable = False
    return array


def _temperature() -> NDArray[np.float64]:
    return _frozen(_document()["temperature"]["value"], offset=ZERO_CELSIUS)


@functools.cache
def published_table(direction: str) -> PublishedRates:
    """Return Table 1 for one direction.

    Parameters
    ----------
    direction : ``"extraction"`` (Li4Ti5O12 grows) or ``"insertion"`` (Li7Ti5O12 grows).

    Returns
    -------
    Temperatures [K], k and its standard deviation [m2/s]; arrays are read-only.

    Raises
    ------
    InputError
        Any other direction.
    """
    if direction not in {"extraction", "insertion"}:
        raise InputError("direction", direction, '"extraction" or "insertion"', "choose one of the two")
    table = _document()[direction]
    return PublishedRates(
        direction=direction,
        temperature=_temperature(),
        k=_frozen(table["k"], _SQUARE_CENTIMETRE),
        k_std=_frozen(table["k_std"], _SQUARE_CENTIMETRE),
        particles=table["particles"],
        profiles=table["profiles"],
        source=table["source"],
        uncertainty=table["uncertainty"],
    )


@functools.cache
def full_extraction_times() -> FullExtraction:
    """Return the quoted times of full extraction [s] over temperature [K]."""
    table = _document()["full_extraction"]
    return FullExtraction(
        temperature=_temperature(),
        time=_frozen(table["time"]),
        time_std=_frozen(table["time_std"]),
        source=table["source"],
        uncertainty=table["uncertainty"],
    )


@functools.cache
def published_repeat() -> PublishedRepeat:
    """Return the repeat at 90 degC on extraction: k of the first and of the last measurement [m2/s]."""
    table = _document()["repeat"]
    first, last = (float(value) * _SQUARE_CENTIMETRE for value in table["k"])
    return PublishedRepeat(
        temperature=float(table["temperature"]) + ZERO_CELSIUS,
        first=first,
        last=last,
        source=table["source"],
        uncertainty=table["uncertainty"],
    )


@functools.cache
def graphite_comparison() -> GraphiteComparison:
    """Return k of graphite [m2/s] and the ratios of Table 1, at its lowest temperature, to it."""
    table = _document()["graphite"]
    k = float(table["k"]) * _SQUARE_CENTIMETRE
    extraction, insertion = (float(published_table(name).k[0]) for name in ("extraction", "insertion"))
    return GraphiteComparison(
        k=k,
        extraction_ratio=extraction / k,
        insertion_ratio=insertion / k,
        source=table["source"],
        uncertainty=table["uncertainty"],
    )


def _activation_energies() -> Mapping[str, float]:
    table = _document()["activation_energy"]
    return MappingProxyType({name: float(table[name]) for name in ("extraction", "insertion")})


published_Ea: Final[Mapping[str, float]] = _activation_energies()  # noqa: N816
"""Published activation energies of k [eV], by direction."""
