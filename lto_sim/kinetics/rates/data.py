"""Front positions over time, from one particle: the input of a rate-constant fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lto_sim.errors import InputError

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import ArrayLike, NDArray

__all__ = ["RateData"]


@dataclass(frozen=True, eq=False)
class RateData:
    """Points xi(t) of one particle, sorted by time.

    Parameters
    ----------
    time : Times [s], increasing within a profile, shape (n,).
    position : Front positions from the contact [m], shape (n,).
    position_std : Standard deviations [m], > 0; one number stands for all points.
    profile : Number of the profile of each point, shape (n,); None if there is one profile.

    Raises
    ------
    InputError
        Unequal lengths, values not finite, a deviation not positive, times not increasing within a profile.
    """

    time: NDArray[np.float64]
    position: NDArray[np.float64]
    position_std: NDArray[np.float64]
    profile: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        time, position = _column("time", self.time), _column("position", self.position)
        std = np.asarray(self.position_std, dtype=np.float64)
        std = np.full(time.size, float(std)) if std.ndim == 0 else std
        _same_length("position", position, time.size)
        _same_length("position_std", std, time.size)
        if not np.all(np.isfinite(std)) or np.any(std <= 0.0):
            raise InputError("position_std", std, "finite, > 0 m", "leave out points without a deviation")
        profile = np.zeros(time.size, dtype=np.int64)
        if self.profile is not None:
            _same_length("profile", np.asarray(self.profile), time.size)
            profile = np.asarray(self.profile).astype(np.int64)
        for number in np.unique(profile):
            if np.any(np.diff(time[profile == number]) <= 0.0):
                raise InputError(
                    "time", f"profile {number}", "increasing within a profile [s]", "sort the points by time"
                )
        order = np.argsort(time, kind="stable")
        for name, array in (
            ("time", time),
            ("position", position),
            ("position_std", std),
            ("profile", profile),
        ):
            object.__setattr__(self, name, array[order])

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
            there is one, else the frame's time. The dimension ``profile`` may be absent.
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
        known = np.isfinite(xi) & np.isfinite(std) & np.isfinite(t)
        return cls(t[known], xi[known], std[known], number[known])

    def between(self, first: float, last: float) -> RateData:
        """Return the points from `first` to `last` [s], both included."""
        inside = (self.time >= first) & (self.time <= last)
        profile = None if self.profile is None else self.profile[inside]
        return RateData(self.time[inside], self.position[inside], self.position_std[inside], profile)

    def without(self, index: int) -> RateData:
        """Return the points without the one at `index`."""
        keep = np.arange(self.size) != index
        profile = None if self.profile is None else self.profile[keep]
        return RateData(self.time[keep], self.position[keep], self.position_std[keep], profile)

    def since(self, time: float) -> RateData:
        """Return the points from `time` [s] on."""
        return self.between(time, np.inf)


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
