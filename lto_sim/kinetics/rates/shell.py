"""Front under a conducting surface in a thin lamella: a shell first, then both faces' shells as one.

Follows from the surface-fed shell (``lto_sim.exact.surface_shell``) in a lamella of thickness H whose two
faces conduct much better than the bulk (l = delta D_s / D >> H), quasi-steady. A shell of length X has the
shape h = h0 (1 - s/X)^2. Until the shells of both faces meet at the contact, h0 = H/2, at the time t1, it
grows as X = L (tau/t1)^(1/4), L = sqrt(3 l H) being the length of the tip; its mean through the thickness is
X h0/(3 H/2), so it goes as tau^(3/4). From then on a tip of constant length L runs ahead of a part that is
all transformed, the tip conducts like a third of its length, and the mean front xi has d(xi)/dt = k/xi with
the k of bulk and surfaces in parallel:

    tau < t1:   tip = L (tau/t1)^(1/4),          mean = (L/3) (tau/t1)^(3/4)
    tau > t1:   mean = sqrt(L^2/9 + 2 k (tau - t1)),   tip = mean + 2 L/3,       t1 = L^2/(12 k)

with tau = t - t0; position and speed are continuous at t1. L = 0 is the parabolic law.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import least_squares

from lto_sim.errors import InputError
from lto_sim.kinetics.rates.laws import fit_law

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lto_sim.kinetics.rates.data import RateData

__all__ = ["PARTS", "ShellFit", "SurfaceShare", "fit_shell", "shell_position", "surface_share"]

PARTS: Final = ("mean", "tip")
"""What a position is: the mean front through the thickness, or the tip of the shell."""

_STARTS: Final = (0.05, 0.2, 0.5, 1.0)


@dataclass(frozen=True, eq=False)
class ShellFit:
    """The shell law fitted to points.

    Parameters
    ----------
    parameters : t0 [s], L [m], r = 1/(2k) [s/m2].
    covariance : Their covariance at the stated deviations, shape (3, 3).
    chi_square, dof : Goodness of fit.
    part : ``"mean"`` or ``"tip"``.
    """

    parameters: NDArray[np.float64]
    covariance: NDArray[np.float64]
    chi_square: float
    dof: int
    part: str


@dataclass(frozen=True)
class SurfaceShare:
    """What a shell says of bulk and faces, in a lamella of known thickness.

    Parameters
    ----------
    surface_length, surface_length_std : l = L^2/(3 H) of one face [m].
    k_bulk, k_bulk_std : Rate constant without the faces, k/(1 + 2 l/H) [m2/s].
    share, share_std : Part of k that the faces carry [1].
    """

    surface_length: float
    surface_length_std: float
    k_bulk: float
    k_bulk_std: float
    share: float
    share_std: float


def shell_position(
    time: NDArray[np.float64], start_time: float, tip_length: float, k: float, part: str = "mean"
) -> NDArray[np.float64]:
    """Return the position of the front [m].

    Parameters
    ----------
    time : Times [s].
    start_time : t0 [s].
    tip_length : L [m], >= 0.
    k : Rate constant [m2/s] of bulk and surfaces, xi^2 = 2 k t.
    part : ``"mean"`` or ``"tip"``.
    """
    tau = np.maximum(np.asarray(time, dtype=np.float64) - start_time, 0.0)
    t1 = tip_length**2 / (12.0 * k)
    late = np.sqrt(tip_length**2 / 9.0 + 2.0 * k * np.maximum(tau - t1, 0.0))
    relative = np.minimum(tau / t1, 1.0) if t1 > 0.0 else np.ones_like(tau)
    if part == "tip":
        return np.where(relative < 1.0, tip_length * relative**0.25, late + 2.0 / 3.0 * tip_length)
    return np.where(relative < 1.0, tip_length / 3.0 * relative**0.75, late)


def fit_shell(data: RateData, part: str = "mean", start_time: float | None = None) -> ShellFit:
    """Fit the shell law by generalised least squares.

    Parameters
    ----------
    data : Points.
    part : What their positions are, ``"mean"`` or ``"tip"``.
    start_time : Fixed t0 [s]; None fits it.

    Raises
    ------
    InputError
        An unknown part.
    """
    if part not in PARTS:
        raise InputError("part", part, " or ".join(PARTS), "say what the positions are")
    length, duration = float(data.position.max()), max(float(np.ptp(data.time)), 1e-300)
    parabola = fit_law(data, "parabolic", start_time)
    r = max(float(parabola.parameters[2]), 1e-3 * duration / length**2)
    scales = np.array([duration, length, duration / length**2])
    free = np.array([start_time is None, True, True])
    first = np.array([parabola.parameters[0] if start_time is None else start_time, 0.0, r])
    origin = np.array([first[0], 0.0, 0.0])

    def values(part_of: NDArray[np.float64]) -> NDArray[np.float64]:
        full = (first - origin) / scales
        full[free] = part_of
        return np.asarray(full * scales + origin)

    def residuals(part_of: NDArray[np.float64]) -> NDArray[np.float64]:
        t0, tip, curvature = values(part_of)
        model = shell_position(data.time, t0, tip, 0.5 / curvature, part)
        return data.whiten(data.position - model)

    lower = np.array([-np.inf, 0.0, 1e-3 * r / scales[2]])[free]
    found = [
        least_squares(
            residuals,
            np.array([-(share**2) * duration / 3.0 / scales[0], share, r / scales[2]])[free],
            bounds=(lower, np.inf),
            x_scale="jac",
        )
        for share in _STARTS
    ]
    best = min(found, key=lambda result: float(result.cost))
    slopes = np.asarray(best.jac)
    covariance = np.zeros((3, 3))
    covariance[np.ix_(free, free)] = np.linalg.pinv(slopes.T @ slopes, hermitian=True)
    return ShellFit(
        parameters=values(best.x),
        covariance=covariance * np.outer(scales, scales),
        chi_square=2.0 * float(best.cost),
        dof=data.size - int(free.sum()),
        part=part,
    )


def surface_share(
    k: float, tip_length: float, covariance: NDArray[np.float64], thickness: float
) -> SurfaceShare:
    """Return surface length, bulk rate constant and share of the faces.

    Parameters
    ----------
    k : Rate constant of bulk and surfaces [m2/s].
    tip_length : L [m].
    covariance : Covariance of (L, k), shape (2, 2).
    thickness : Active thickness H of the lamella [m], both faces conducting.

    Raises
    ------
    InputError
        A thickness that is not positive.
    """
    if not (np.isfinite(thickness) and thickness > 0.0):
        raise InputError("thickness", thickness, "> 0 m", "give the active thickness of the lamella")
    surface = tip_length**2 / (3.0 * thickness)
    enhancement = 1.0 + 2.0 * surface / thickness
    d_surface = 2.0 * tip_length / (3.0 * thickness)
    d_factor = 2.0 * d_surface / thickness
    variances = np.array([
        [d_surface, 0.0],
        [-k * d_factor / enhancement**2, 1.0 / enhancement],
        [d_factor / enhancement**2, 0.0],
    ])  # fmt: skip
    std = np.sqrt(np.maximum(np.einsum("ai,ij,aj->a", variances, covariance, variances), 0.0))
    return SurfaceShare(
        surface_length=surface,
        surface_length_std=float(std[0]),
        k_bulk=k / enhancement,
        k_bulk_std=float(std[1]),
        share=1.0 - 1.0 / enhancement,
        share_std=float(std[2]),
    )
