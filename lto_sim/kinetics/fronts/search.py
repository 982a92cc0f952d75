"""Where a front may be: the change point of largest likelihood, for all frames at once.

Two constant levels that meet between pixel columns i and i + 1 lower the sum of squares of one level by
``L^2/W_l + R^2/W_r - (L + R)^2/(W_l + W_r)``, L and R being the weighted sums to both sides; cumulative sums
along the profile give it for every change point. Only jumps of the wanted sign are considered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["change_point", "robust_noise"]


def change_point(
    s: NDArray[np.float64], values: NDArray[np.float64], weights: NDArray[np.float64], sign: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the position of the likeliest step and its gain in chi-square.

    Parameters
    ----------
    s : Distances along the profile, rising, shape (m,).
    values : Map values with 0 where there is none, shape (n, m).
    weights : 1/sigma^2, 0 where there is no value, shape (n, m).
    sign : +1 if the value rises across the front, -1 if it falls.

    Returns
    -------
    Position [unit of s], shape (n,), and gain over a constant, shape (n,); gain 0 where there is no step.
    """
    weight_left = np.cumsum(weights, axis=1)
    sum_left = np.cumsum(weights * values, axis=1)
    weight_right = weight_left[:, -1:] - weight_left
    sum_right = sum_left[:, -1:] - sum_left
    floor = 1e-9 * np.maximum(weight_left[:, -1:], np.finfo(float).tiny)
    both = (weight_left > floor) & (weight_right > floor)
    safe_left, safe_right = np.where(both, weight_left, 1.0), np.where(both, weight_right, 1.0)
    jump = sum_right / safe_right - sum_left / safe_left
    allowed = both & (sign * jump > 0.0)
    allowed[:, :-1] &= np.diff(s)[None, :] > 1e-6 * (s[-1] - s[0])
    gain = np.where(allowed, jump**2 * safe_left * safe_right / (safe_left + safe_right), 0.0)
    gain[:, -1] = 0.0
    index = np.argmax(gain[:, :-1], axis=1)
    return 0.5 * (s[index] + s[index + 1]), np.take_along_axis(gain, index[:, None], axis=1)[:, 0]


def robust_noise(values: NDArray[np.float64], valid: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the noise of each frame from differences of neighbours along the profile.

    Parameters
    ----------
    values : Map values sorted along the profile, shape (n, m).
    valid : Where there is a value, shape (n, m).

    Returns
    -------
    Standard deviation of one pixel, shape (n,); the median absolute difference over 0.6745 sqrt(2).
    """
    usable = valid[:, 1:] & valid[:, :-1]
    difference = np.where(usable, np.abs(np.diff(values, axis=1)), np.nan)
    noise = np.ones(values.shape[0])
    some = usable.any(axis=1)
    noise[some] = np.nanmedian(difference[some], axis=1) / (0.674489750196 * np.sqrt(2.0))
    return noise
