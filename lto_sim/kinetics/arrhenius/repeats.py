"""Repeats: whether k changed when a particle and profile was measured again at a temperature.

For each group of repeats the logarithm of last over first is tested against zero; its variance is that of the
two measurements, from their bars, from a scatter of single measurements, or both. Where there are several
groups, or more than two repeats, ln k is also fitted with one slope in the order (or dose) and a level for
each group: a drift, for example by damage from the beam.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from lto_sim.errors import InputError
from lto_sim.kinetics.arrhenius.line import quantile
from lto_sim.kinetics.arrhenius.observations import codes, positive, temperature_groups, temperatures

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["Change", "Repeat", "Repeats", "compare_repeats"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Change:
    """A change of ln k, tested against none.

    Parameters
    ----------
    value, std : The change (or the change per unit of order) of ln k and its standard deviation [1].
    dof : Degrees of freedom of the deviation [1]; infinite for a known one (z instead of t).
    """

    value: float
    std: float
    dof: float

    @property
    def statistic(self) -> float:
        """Change over its deviation [1]: t, or z."""
        return self.value / self.std

    @property
    def p_value(self) -> float:
        """Probability [1] of a change as large or larger, either way, if there was none."""
        tail = (
            stats.norm.sf(abs(self.statistic))
            if self.dof > 1e8
            else stats.t.sf(abs(self.statistic), self.dof)
        )
        return float(2.0 * tail)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the confidence interval of the change [1] at the confidence `level`, 0 to 1."""
        half_width = quantile(level, self.dof) * self.std
        return self.value - half_width, self.value + half_width


@dataclass(frozen=True)
class Repeat:
    """Two or more measurements of one thing at one temperature.

    Parameters
    ----------
    name : Particle and profile, where they have names.
    temperature : Temperature [K].
    first, last : Rate constants, in the unit given.
    count : Number of measurements.
    change : ln(last/first).
    """

    name: str
    temperature: float
    first: float
    last: float
    count: int
    change: Change


@dataclass(frozen=True)
class Repeats:
    """All repeats of a series.

    Parameters
    ----------
    pairs : One a group, in the order of temperature.
    drift : Change of ln k per unit of order, of all groups together; None where there is one pair only.
    """

    pairs: tuple[Repeat, ...]
    drift: Change | None


def compare_repeats(
    temperature: ArrayLike,
    k: ArrayLike,
    k_std: ArrayLike | None = None,
    *,
    order: ArrayLike | None = None,
    particle: Sequence[object] | NDArray[np.generic] | None = None,
    profile: Sequence[object] | NDArray[np.generic] | None = None,
    scatter: float | None = None,
    scatter_dof: float = math.inf,
) -> Repeats:
    """Test whether k changed between repeats.

    Parameters
    ----------
    temperature : Temperatures [K], shape (n,); those within 0.5 K of a neighbour are one.
    k : Rate constants, > 0, in any one unit, shape (n,).
    k_std : Their standard deviations in that unit, shape (n,); None where there are none.
    order : Number, time or dose of every measurement, in any unit, shape (n,); None for the order of
        the points.
    particle, profile : Names or numbers, shape (n,); None where all points are of one.
    scatter : Standard deviation of ln k [1] of single measurements beyond `k_std`, such as the residual one
        of a :class:`HierarchicalFit`. With neither it is estimated from the repeats about their drift.
    scatter_dof : Its degrees of freedom [1].

    Returns
    -------
    Repeats
        Every group that has repeats, and the drift; without repeats `pairs` is empty.

    Raises
    ------
    InputError
        Unequal lengths, values not finite or not positive, or a single pair without any deviation.
    """
    kelvin = np.atleast_1d(temperatures(temperature))
    size = kelvin.size
    ln_k = np.log(positive("k", k, size))
    known = np.zeros(size) if k_std is None else (positive("k_std", k_std, size) / np.exp(ln_k)) ** 2
    when = np.arange(size, dtype=np.float64) if order is None else _order(order, size)
    names, groups = _repeated(kelvin, particle, profile)
    members = [np.flatnonzero(groups == number) for number in range(len(names))]
    members = [rows[np.argsort(when[rows], kind="stable")] for rows in members]
    found = [(name, rows) for name, rows in zip(names, members, strict=True) if rows.size > 1]
    if not found:
        return Repeats((), None)
    if scatter is None and k_std is None:
        scatter, scatter_dof = _own_scatter(ln_k, when, [rows for _, rows in found])
    extra = (0.0 if scatter is None else scatter) ** 2
    variance = known + extra
    pairs = tuple(
        Repeat(
            name, float(kelvin[rows].mean()), math.exp(ln_k[rows[0]]), math.exp(ln_k[rows[-1]]), rows.size,
            _change(ln_k[rows[-1]] - ln_k[rows[0]], variance[rows[[0, -1]]].sum(), 2.0 * extra, scatter_dof),
        )
        for name, rows in sorted(found, key=lambda pair: float(kelvin[pair[1]].mean()))
    )  # fmt: skip
    return Repeats(pairs, _drift(ln_k, when, variance, extra, scatter_dof, [rows for _, rows in found]))


def _order(order: ArrayLike, size: int) -> Floats:
    values = np.asarray(order, dtype=np.float64)
    if values.shape != (size,) or not np.all(np.isfinite(values)):
        raise InputError("order", values.shape, f"{size} finite numbers", "give one for every measurement")
    return values


def _repeated(kelvin: Floats, particle: object, profile: object) -> tuple[list[str], NDArray[np.intp]]:
    """Name and number the things that may have been measured more than once."""
    keys = [temperature_groups(kelvin)]
    texts = [""] * kelvin.size
    for field, labels in (("particle", particle), ("profile", profile)):
        if labels is None:
            continue
        known, numbers = codes(field, labels, kelvin.size)  # type: ignore[arg-type]
        keys.append(numbers)
        texts = [f"{text} {field} {known[n]}".strip() for text, n in zip(texts, numbers, strict=True)]
    _, first, groups = np.unique(np.stack(keys), axis=1, return_index=True, return_inverse=True)
    return [texts[int(row)] for row in first], np.asarray(groups, dtype=np.intp).ravel()


def _change(value: float, variance: float, estimated: float, dof: float) -> Change:
    """Satterthwaite: `estimated` of the variance has `dof` degrees of freedom, the rest is known."""
    together = dof * (variance / estimated) ** 2 if estimated > 0.0 else math.inf
    return Change(float(value), math.sqrt(variance), together)


def _centred(when: Floats, weight: Floats, members: Sequence[NDArray[np.intp]]) -> Floats:
    """Order less the weighted mean of its group; zero for points that stand alone."""
    centred = np.zeros_like(when)
    for rows in members:
        centred[rows] = when[rows] - np.average(when[rows], weights=weight[rows])
    return centred


def _drift(
    ln_k: Floats, when: Floats, variance: Floats, extra: float, dof: float, members: list[NDArray[np.intp]]
) -> Change | None:
    if sum(rows.size for rows in members) < 3:
        return None
    weight = 1.0 / variance
    centred = _centred(when, weight, members)
    spread = float((weight * centred**2).sum())
    if spread == 0.0:
        return None
    slope = float((weight * centred * ln_k).sum()) / spread
    estimated = extra * float((weight**2 * centred**2).sum()) / spread**2
    return _change(slope, 1.0 / spread, estimated, dof)


def _own_scatter(ln_k: Floats, when: Floats, members: list[NDArray[np.intp]]) -> tuple[float, float]:
    """Scatter of single measurements about a drift that all groups share, and its degrees of freedom."""
    every = np.concatenate(members)
    weight = np.ones_like(when)
    centred = _centred(when, weight, members)
    levels = _centred(ln_k, weight, members)
    spread = float((centred**2).sum())
    dof = every.size - len(members) - (1 if spread > 0.0 else 0)
    if dof < 1:
        raise InputError(
            "k_std", None, "the deviation of k, or a scatter of single measurements",
            "one pair alone does not tell how far two measurements may lie apart",
        )  # fmt: skip
    slope = float((centred * levels).sum()) / spread if spread > 0.0 else 0.0
    square = float(((levels - slope * centred)[every] ** 2).sum()) / dof
    return max(math.sqrt(square), 1e-12), float(dof)
