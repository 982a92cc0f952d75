"""Frames that a fit has not seen: how well the rest predicts them.

Blocks of consecutive frames are left out in turn. What the fit would have been without a block follows from
its derivatives by one Gauss-Newton step, which costs no runs:

    theta_-k = theta + (J_-^T W J_-)^-1 J_k^T W r_k,        r_k' = r_k + J_k (theta_-k - theta),

with residuals r = (fitted - recorded)/deviation, their derivatives J, weights W of a robust loss (1 else);
- is all without block k. At the minimum J_k^T W r_k = -J_-^T W r_-. The step keeps to the bounds, and to a
factor of 4.5 in a rate: what only the block itself knows of is not followed to where derivatives say nothing.
"""

from __future__ import annotations

from typing import Final, cast

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.optimize import lsq_linear

from lto_sim.errors import InputError
from lto_sim.inverse.objective import MapObjective
from lto_sim.inverse.result import MapFit
from lto_sim.inverse.search import Loss, bent_squares, robust_weights

__all__ = ["bounded_step", "frame_blocks", "left_out_deviances", "without_block"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_LONGEST: Final[float] = 1.5
"""Longest step in the logarithm of a rate, as in the search."""
_RIDGE: Final[float] = 1e-9


def frame_blocks(objective: MapObjective, count: int) -> list[Mask]:
    """Blocks of consecutive frames of every recording, as masks over the residuals of the maps.

    Parameters
    ----------
    objective : Frozen.
    count : Blocks a recording (>= 2); fewer where it has fewer frames with values.

    Raises
    ------
    InputError
        Fewer than two blocks, or no recording with two frames.
    """
    if count < 2:
        raise InputError("blocks", count, ">= 2", "leave out a fifth of the frames in turn: blocks=5")
    found: list[Mask] = []
    before = 0
    for use in objective.use:
        size = int(use.sum())
        frame = np.broadcast_to(np.arange(use.shape[0])[:, None, None], use.shape)[use]
        seen = np.flatnonzero(use.any(axis=(1, 2)))
        if seen.size >= 2:
            for chosen in np.array_split(seen, min(count, seen.size)):
                mask = np.zeros(objective.size, dtype=np.bool_)
                mask[before : before + size] = (frame >= chosen[0]) & (frame <= chosen[-1])
                found.append(mask)
        before += size
    if not found:
        raise InputError("maps", "one frame", "two frames or more", "leave the blocks out: blocks=0")
    return found


def without_block(fit: MapFit, block: Mask) -> Floats:
    """What the estimates on the scenario's cells would be without a block, by one Gauss-Newton step.

    Parameters
    ----------
    fit : The fit with all frames.
    block : Residuals of the maps that are left out, from :func:`frame_blocks`.
    """
    minimum = fit.minimum
    weights = robust_weights(minimum.residuals, cast(Loss, fit.loss))
    rest = np.ones(weights.size, dtype=np.bool_)  # the priors, which come last, stay
    rest[: block.size] = ~block
    weighted = minimum.jacobian * weights[:, None]
    gone = weighted[~rest].T @ minimum.residuals[~rest]
    root = minimum.jacobian[rest] * np.sqrt(weights[rest])[:, None]
    return np.asarray(minimum.theta + bounded_step(fit, root, -gone))


def bounded_step(fit: MapFit, root: Floats, change: Floats) -> Floats:
    """Gauss-Newton step to where a minimum moves when the gradient there changes, (parameters,).

    The fit is taken at its word: the gradient was zero but for parameters on their bounds. What derivatives
    over 1 % leave of it is their own error, and would move parameters that are tied by deviations.

    Parameters
    ----------
    fit : Whose minimum it begins at; the step keeps to its bounds.
    root : Derivatives of the residuals that are to be fitted, times the root of their weights.
    change : Of the gradient.
    """
    minimum = fit.minimum
    weights = robust_weights(minimum.residuals, cast(Loss, fit.loss))
    held = np.isin(np.arange(change.size), minimum.at_bound)
    gradient = change + np.where(held, minimum.jacobian.T @ (weights * minimum.residuals), 0.0)
    theta = minimum.theta
    size = np.maximum(np.linalg.norm(minimum.jacobian, axis=0), 1e-300)
    triangle = np.linalg.qr(np.vstack([root / size, _RIDGE * np.eye(size.size)]), mode="r")
    target = -solve_triangular(triangle, gradient / size, trans="T")
    low, high = fit.parameters.bounds
    longest = np.array([_LONGEST if p.logarithmic else np.inf for p in fit.parameters.free])
    below = np.maximum(np.minimum(low - theta, 0.0), -longest) * size
    above = np.minimum(np.maximum(high - theta, 0.0), longest) * size
    tight = above - below <= 0.0  # a parameter between equal bounds does not move
    below, above = np.where(tight, -1e-300, below), np.where(tight, 1e-300, above)
    return np.asarray(lsq_linear(triangle, target, bounds=(below, above)).x / size)


def left_out_deviances(fit: MapFit, blocks: list[Mask], compared: Mask | None = None) -> Floats:
    """Deviance of every block as predicted from the other frames, (blocks,).

    Parameters
    ----------
    fit : The fit with all frames.
    blocks : From :func:`frame_blocks` of its objective.
    compared : Residuals of the maps that count; None: all.
    """
    count = np.ones(fit.objective.size, dtype=np.bool_) if compared is None else compared
    residuals = fit.minimum.residuals[: count.size]
    jacobian = fit.minimum.jacobian[: count.size]
    found = []
    for block in blocks:
        moved = without_block(fit, block) - fit.minimum.theta
        part = block & count
        predicted = residuals[part] + jacobian[part] @ moved
        found.append(float(bent_squares(predicted, cast(Loss, fit.loss)).sum()))
    return np.array(found)
