"""Front positions over time, from one particle: the input of a rate-constant fit.

The covariance of the points is block diagonal, a block for each profile: their own deviations, the
correlation of errors between frames, and the offset that all points of a profile share because the place of
its contact is not known exactly. ``whiten`` multiplies by the inverse of its Cholesky factor, so that least
squares of whitened residuals are generalised least squares, and the offset, which enters positions
linearly, is marginalised exactly.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from lto_sim.errors import InputError
from lto_sim.kinetics.rates.correlation import Correlation
from lto_sim.kinetics.rates.law_kernels import forward_substitution

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import ArrayLike, NDArray

__all__ = ["RateData"]

_LEAST_STD: Final[float] = 1e-7
"""Least deviation of a point over the largest position: below, it is an error of units."""

_LARGEST_RATIO: Final[float] = 1e5
"""Largest deviation of a contact over that of a point: beyond, the covariance is singular to round-off."""


@dataclass(frozen=True, eq=False)
class RateData:
    """Points xi(t) of one particle, sorted by time.

    Parameters
    ----------
    time : Times [s], increasing within a profile, shape (n,).
    position : Front positions from the contact [m], shape (n,).
    position_std : Standard deviations [m], > 0, shape (n,); one number stands for all points.
    profile : Number of the profile of each point, shape (n,); None if there is one profile.
    start_std : Deviation of where a profile's contact truly is [m], >= 0: one number, or one for each point,
        the same within a profile. 0: known exactly.
    correlation : Correlation of the errors between frames; None: independent.
    place : Positions without errors, as a law has them [m], shape (n,), for correlations by position; None
        takes the positions, whose own errors then bring points of like errors near each other.

    Raises
    ------
    InputError
        Unequal lengths, values not finite, a deviation not positive, times not increasing within a profile.
    """

    time: NDArray[np.float64]
    position: NDArray[np.float64]
    position_std: NDArray[np.float64]
    profile: NDArray[np.int64] | None = None
    start_std: NDArray[np.float64] | float = 0.0
    correlation: Correlation | None = None
    place: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        time, position = _column("time", self.time), _column("position", self.position)
        std = np.asarray(self.position_std, dtype=np.float64)
        std = np.full(time.size, float(std)) if std.ndim == 0 else std
        _same_length("position", position, time.size)
        _same_length("position_std", std, time.size)
        if not np.all(np.isfinite(std)) or np.any(std <= 0.0):
            raise InputError("position_std", std, "finite, > 0 m", "leave out points without a deviation")
        furthest = float(np.abs(position).max(initial=0.0))
        if furthest < 1.0 and std.size and float(std.min()) < _LEAST_STD * furthest:
            allowed = f"at least {_LEAST_STD:g} of the largest position"
            raise InputError("position_std", float(std.min()), allowed, "check its unit")
        start = np.asarray(self.start_std, dtype=np.float64)
        start = np.full(time.size, float(start)) if start.ndim == 0 else start
        _same_length("start_std", start, time.size)
        if not np.all(np.isfinite(start)) or np.any(start < 0.0):
            raise InputError("start_std", start, "finite, >= 0 m", "0 where the contact is known exactly")
        profile = np.zeros(time.size, dtype=np.int64)
        if self.profile is not None:
            _same_length("profile", np.asarray(self.profile), time.size)
            profile = np.asarray(self.profile).astype(np.int64)
            if np.any(profile != np.asarray(self.profile)):
                raise InputError("profile", self.profile, "whole numbers", "number the profiles 0, 1, ...")
        for number in np.unique(profile):
            if np.any(np.diff(time[profile == number]) <= 0.0):
                raise InputError(
                    "time", f"profile {number}", "increasing within a profile [s]", "sort the points by time"
                )
            if np.ptp(start[profile == number]) > 0.0:
                remedy = "give each contact one deviation"
                raise InputError("start_std", f"profile {number}", "one value for a profile", remedy)
        if std.size and float(start.max()) > _LARGEST_RATIO * float(std.min()):
            allowed = f"at most {_LARGEST_RATIO:g} times position_std"
            raise InputError("start_std", float(start.max()), allowed, "check the units")
        order = np.argsort(time, kind="stable")
        for name, array in (
            ("time", time),
            ("position", position),
            ("position_std", std),
            ("profile", profile),
            ("start_std", start),
        ):
            object.__setattr__(self, name, array[order])
        if self.place is not None:
            _same_length("place", self.place, time.size)
            object.__setattr__(self, "place", self.place[order])

    @property
    def _places(self) -> NDArray[np.float64]:
        return self.position if self.place is None else self.place

    @property
    def size(self) -> int:
        """Number of points."""
        return int(self.time.size)

    @classmethod
    def from_front(cls, front: xr.Dataset) -> RateData:
        """Take the points of a front dataset; frames without a front are left out.

        Parameters
        ----------
        front : ``front_position(time, profile)`` and ``front_position_std`` [m]; ``front_time`` [s] where
            there is one, else the frame's time; ``profile_start_std(profile)`` [m] where there is one, else
            0. The dimension ``profile`` may be absent.

        Returns
        -------
        RateData
            Points of all profiles.

        Raises
        ------
        InputError
            A variable is missing.
        """
        for name in ("front_position", "front_position_std"):
            if name not in front.variables:
                raise InputError(
                    f"front.{name}", "missing", "a dataset as made by track_front", "add it, in metres"
                )
        position = front["front_position"]
        if "profile" not in position.dims:
            front = front.expand_dims("profile")
            position = front["front_position"]
        times = front["front_time"] if "front_time" in front.variables else front["time"]
        times = times.broadcast_like(position).transpose("profile", "time")
        xi = np.asarray(position.transpose("profile", "time").values, dtype=np.float64)
        std = np.asarray(front["front_position_std"].transpose("profile", "time").values, dtype=np.float64)
        t = np.asarray(times.values, dtype=np.float64)
        number = np.broadcast_to(np.arange(xi.shape[0])[:, None], xi.shape)
        start = np.zeros(xi.shape[0])
        if "profile_start_std" in front.variables:
            start = np.broadcast_to(
                np.asarray(front["profile_start_std"].values, dtype=np.float64), start.shape
            )
        known = np.isfinite(xi) & np.isfinite(std) & np.isfinite(t)
        offset = np.broadcast_to(start[:, None], xi.shape)
        return cls(t[known], xi[known], std[known], number[known], offset[known])

    def select(self, keep: NDArray[np.bool_]) -> RateData:
        """Return the points where `keep` holds, shape (n,)."""
        names = ["time", "position", "position_std", "profile", "start_std"]
        names += [] if self.place is None else ["place"]
        return replace(self, **{name: getattr(self, name)[keep] for name in names})

    def between(self, first: float, last: float) -> RateData:
        """Return the points from `first` [s] to `last` [s], both included."""
        return self.select((self.time >= first) & (self.time <= last))

    def since(self, time: float) -> RateData:
        """Return the points from `time` [s] on."""
        return self.between(time, np.inf)

    def with_correlation(self, correlation: Correlation | None) -> RateData:
        """Return the same points with another `correlation` of their errors."""
        return replace(self, correlation=correlation)

    @functools.cached_property
    def blocks(self) -> list[NDArray[np.intp]]:
        """Indices of the points of each profile, shape (points,), in the order of time."""
        return [np.flatnonzero(self.profile == number) for number in np.unique(self.profile)]  # type: ignore[arg-type]

    @functools.cached_property
    def _factors(self) -> list[NDArray[np.float64]] | None:
        """Cholesky factors of the covariance [m], one a block; None where it is diagonal."""
        start = np.asarray(self.start_std)
        if self.correlation is None and not np.any(start):
            return None
        factors = []
        for rows in self.blocks:
            std = self.position_std[rows]
            if self.correlation is None:
                covariance = np.diag(std**2)
            else:
                shared = self.correlation.matrix(self.time[rows], self._places[rows])
                covariance = shared * np.outer(std, std)
            factors.append(np.linalg.cholesky(covariance + start[rows][0] ** 2))
        return factors

    @functools.cached_property
    def packed(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], bool]:
        """The covariance for compiled loops: rows by blocks, their ends, factors [m], whether diagonal.

        Of shapes (n,), (profile,) and (factor,).
        Factors are lower triangular, one block after the other, each by rows; where the covariance is
        diagonal, they are the deviations in the order of the points.
        """
        order = np.concatenate([*self.blocks, np.empty(0, dtype=np.intp)]).astype(np.int64)
        ends = np.cumsum([rows.size for rows in self.blocks], dtype=np.int64)
        if self._factors is None:
            return order, ends, self.position_std, True
        return order, ends, np.concatenate([factor.ravel() for factor in self._factors]), False

    @property
    def independent_points(self) -> float:
        """How many independent points [1] would give a mean as precise, by their correlation."""
        if self.correlation is None:
            return float(self.size)
        total = 0.0
        for rows in self.blocks:
            shared = self.correlation.matrix(self.time[rows], self._places[rows])
            total += float(np.linalg.solve(shared, np.ones(rows.size)).sum())
        return total

    @property
    def log_determinant(self) -> float:
        """Half the logarithm of the determinant of the covariance [m2]."""
        if self._factors is None:
            return float(np.log(self.position_std).sum())
        return float(sum(np.log(np.diag(factor)).sum() for factor in self._factors))

    def whiten(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return `values` [m], shape (n,) or (n, p), in uncorrelated unit deviations [1]."""
        if self._factors is None:
            std = self.position_std if values.ndim == 1 else self.position_std[:, None]
            return np.asarray(values / std)
        result = np.array(values if values.ndim == 2 else values[:, None], dtype=np.float64)
        order, ends, factors, _ = self.packed
        forward_substitution(result, order, ends, factors)
        return result if values.ndim == 2 else result[:, 0]

    def offsets(self, residuals: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the best guess of each profile's offset and its deviation [m], shape (profile,).

        Best linear unbiased prediction: shift of the contact along the profile, in the order of
        :attr:`blocks`; zeros where `start_std` is.

        Parameters
        ----------
        residuals : Positions minus the law [m], shape (n,).
        """
        estimate, deviation = np.zeros(len(self.blocks)), np.zeros(len(self.blocks))
        start = np.asarray(self.start_std)
        white_one, white_rest = self.whiten(np.ones(self.size)), self.whiten(residuals)
        for i, rows in enumerate(self.blocks):
            variance = float(start[rows][0]) ** 2
            estimate[i] = variance * float(white_one[rows] @ white_rest[rows])
            deviation[i] = np.sqrt(
                max(variance - variance**2 * float(white_one[rows] @ white_one[rows]), 0.0)
            )
        return estimate, deviation


def _column(field: str, values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise InputError(field, array.shape, "one dimension", "give one value per point")
    if not np.all(np.isfinite(array)):
        raise InputError(field, values, "finite", "leave out points without a value")
    return array


def _same_length(field: str, values: NDArray[np.generic], size: int) -> None:
    if values.shape != (size,):
        raise InputError(field, values.shape, f"one value per point, shape ({size},)", "match the lengths")
