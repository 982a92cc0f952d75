"""Rate constants as they are fitted: checked numbers and the labels of particle, profile and direction."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from lto_sim.constants import BOLTZMANN, ELEMENTARY_CHARGE
from lto_sim.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "BOLTZMANN_EV",
    "Observations",
    "codes",
    "observations",
    "positive",
    "temperature_groups",
    "temperatures",
]

BOLTZMANN_EV: Final = BOLTZMANN / ELEMENTARY_CHARGE
"""Boltzmann constant [eV/K]."""

_HOTTEST = 1e5
_LEAST = 1e-100
_SAME_TEMPERATURE = 0.5
_DISTINCT = 1e-9


@dataclass(frozen=True, eq=False)
class Observations:
    """Rate constants with what is known of each, all of length n.

    Parameters
    ----------
    kelvin : Temperatures [K].
    rate : Rate constants, in any one unit.
    rate_std : Their standard deviations in that unit; None where there are none.
    line : Number of the line (direction) that a point belongs to.
    particle, profile : Numbers of particle and of profile; None where there are no labels.
    """

    kelvin: NDArray[np.float64]
    rate: NDArray[np.float64]
    rate_std: NDArray[np.float64] | None
    line: NDArray[np.intp]
    particle: NDArray[np.intp] | None = None
    profile: NDArray[np.intp] | None = None

    @property
    def inverse(self) -> NDArray[np.float64]:
        """1/(k_B T) [1/eV]."""
        return 1.0 / (BOLTZMANN_EV * self.kelvin)

    @property
    def relative_std(self) -> NDArray[np.float64] | None:
        """Standard deviation of ln k."""
        return None if self.rate_std is None else self.rate_std / self.rate

    def chosen(self, keep: NDArray[np.bool_]) -> Observations:
        """Return the points of a mask, shape (n,).

        Raises
        ------
        InputError
            What is left has one temperature, or fewer points than a line needs.
        """
        left = Observations(
            kelvin=self.kelvin[keep],
            rate=self.rate[keep],
            rate_std=None if self.rate_std is None else self.rate_std[keep],
            line=self.line[keep],
            particle=None if self.particle is None else self.particle[keep],
            profile=None if self.profile is None else self.profile[keep],
        )
        _check_temperatures(left.kelvin, left.line)
        return left

    def with_deviations(self, rate_std: NDArray[np.float64] | None) -> Observations:
        """Replace the standard deviations."""
        return dataclasses.replace(self, rate_std=rate_std)

    def with_rates(self, rate: NDArray[np.float64], chosen: NDArray[np.bool_]) -> Observations:
        """Replace the rate constants of a mask; relative deviations stay."""
        rates = self.rate.copy()
        rates[chosen] = rate
        relative = self.relative_std
        return dataclasses.replace(self, rate=rates, rate_std=None if relative is None else relative * rates)


def observations(
    temperature: ArrayLike,
    k: ArrayLike,
    k_std: ArrayLike | None = None,
    *,
    particle: Sequence[object] | NDArray[np.generic] | None = None,
    profile: Sequence[object] | NDArray[np.generic] | None = None,
    line: NDArray[np.intp] | None = None,
) -> Observations:
    """Check rate constants and number their labels.

    Raises
    ------
    InputError
        Fewer points than parameters, one temperature only (of any line), unequal lengths, values not finite
        or not positive, a label left empty.
    """
    kelvin = temperatures(temperature)
    if kelvin.ndim != 1 or kelvin.size < 3:
        raise InputError(
            "temperature", kelvin.shape, "at least three points in one dimension",
            "add temperatures: two leave no scatter",
        )  # fmt: skip
    lines = np.zeros(kelvin.size, dtype=np.intp) if line is None else line
    _check_temperatures(kelvin, lines)
    rate = positive("k", k, kelvin.size)
    return Observations(
        kelvin=kelvin,
        rate=rate,
        rate_std=None if k_std is None else positive("k_std", k_std, kelvin.size),
        line=lines,
        particle=None if particle is None else codes("particle", particle, kelvin.size)[1],
        profile=None if profile is None else codes("profile", profile, kelvin.size)[1],
    )


def temperatures(temperature: ArrayLike) -> NDArray[np.float64]:
    """Return temperatures [K] as an array.

    Raises
    ------
    InputError
        A value that is no temperature.
    """
    kelvin = np.asarray(temperature, dtype=np.float64)
    wrong = kelvin[~(np.isfinite(kelvin) & (kelvin > 0.0) & (kelvin < _HOTTEST))]
    if wrong.size:
        raise InputError(
            "temperature", float(wrong[0]), f"> 0 K, below {_HOTTEST:g} K", "check value and unit"
        )
    return kelvin


def temperature_groups(kelvin: NDArray[np.float64]) -> NDArray[np.intp]:
    """Number the set points: sorted temperatures that are further apart than 0.5 K are different ones."""
    order = np.argsort(kelvin, kind="stable")
    steps = np.concatenate([[0], np.cumsum(np.diff(kelvin[order]) > _SAME_TEMPERATURE)])
    groups = np.empty(kelvin.size, dtype=np.intp)
    groups[order] = steps
    return groups


def codes(
    field: str, labels: Sequence[object] | NDArray[np.generic], size: int
) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """Return the distinct labels, sorted, and the number of each point's.

    Raises
    ------
    InputError
        Another length than `size`, or a label that is empty or no number.
    """
    texts = [str(label).strip() for label in labels]
    if len(texts) != size:
        raise InputError(field, len(texts), f"one label per temperature, {size} of them", "match the lengths")
    if any(text in {"", "nan", "None"} for text in texts):
        raise InputError(field, "an empty label", "a name or number for every point", "name all, or none")
    names, numbers = np.unique(np.array(texts, dtype=object).astype(str), return_inverse=True)
    return tuple(str(name) for name in names), numbers.astype(np.intp)


def _check_temperatures(kelvin: NDArray[np.float64], line: NDArray[np.intp]) -> None:
    for number in np.unique(line):
        of_line = kelvin[line == number]
        if np.ptp(of_line) <= _DISTINCT * of_line.max():
            raise InputError(
                "temperature", float(of_line[0]), "at least two distinct values", "add a second temperature"
            )
    parameters = 2 * np.unique(line).size
    if kelvin.size <= parameters:
        raise InputError(
            "temperature", f"{kelvin.size} points", f"more points than parameters, {parameters + 1} or more",
            "add points: these leave no scatter",
        )  # fmt: skip


def positive(field: str, values: ArrayLike, size: int) -> NDArray[np.float64]:
    """Return `size` numbers above 0.

    Raises
    ------
    InputError
        Another length, or a value that is not finite or not positive.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (size,):
        raise InputError(
            field, array.shape, f"one value per temperature, shape ({size},)", "match the lengths"
        )
    wrong = array[~((array > _LEAST) & (array < 1.0 / _LEAST))]
    if wrong.size:
        allowed = f"> 0, from {_LEAST:g} to {1.0 / _LEAST:g}"
        raise InputError(field, float(wrong[0]), allowed, "leave out the points that have no value")
    return array
