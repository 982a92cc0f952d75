"""Residuals as polynomials of the parameters, kept as one quadratic form of the monomials.

Of the residual vector itself nothing has to be kept: with ``r = r0 + B phi``, phi the Chebyshev polynomials
of total degree up to a few, chi-square is ``r0.r0 + 2 (B'r0).phi + phi'(B'B) phi``, and B'r0 and B'B follow
from the scalar products of the runs.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

__all__ = ["Products", "QuadraticForm", "Region", "exponents", "fitted_form"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Region:
    """An ellipsoid of what is fitted.

    Parameters
    ----------
    centre : Its centre, (parameters,).
    axes : One deviation along each axis, one a column, (parameters, parameters).
    reach : Deviations from the centre to its surface.
    """

    centre: Floats
    axes: Floats
    reach: float

    def coordinates(self, theta: Floats) -> Floats:
        """Deviations from the centre, (points, parameters)."""
        return np.asarray(np.linalg.solve(self.axes, (np.atleast_2d(theta) - self.centre).T).T)

    def theta(self, coordinates: Floats) -> Floats:
        """What is fitted, (points, parameters)."""
        return np.asarray(self.centre + np.atleast_2d(coordinates) @ self.axes.T)


def exponents(count: int, degree: int) -> Integers:
    """Degrees in `count` variables of all terms of total degree up to `degree`, (terms, variables)."""
    rows = [row for row in itertools.product(range(degree + 1), repeat=count) if sum(row) <= degree]
    return np.array(sorted(rows, key=lambda row: (sum(row), row)), dtype=np.int64)


def _terms(coordinates: Floats, powers: Integers, reach: float) -> Floats:
    """Chebyshev terms, (points, terms)."""
    one = chebyshev.chebvander(coordinates / reach, int(powers.max()))  # (points, variables, degrees)
    found = np.ones((coordinates.shape[0], powers.shape[0]))
    for variable in range(powers.shape[1]):
        found *= one[:, variable, powers[:, variable]]
    return found


@dataclass(frozen=True, eq=False)
class QuadraticForm:
    """Sum of squares over the scale, less that at the minimum, as a function of the parameters.

    Parameters
    ----------
    region : Where it holds.
    powers : Degrees of the terms, (terms, parameters).
    linear, square : Coefficients, (terms,) and (terms, terms).
    """

    region: Region
    powers: Integers
    linear: Floats
    square: Floats

    def __call__(self, theta: Floats) -> Floats:
        """Values at several points, (points,).

        Parameters
        ----------
        theta : What is fitted, (points, parameters).
        """
        return self.at_coordinates(self.region.coordinates(theta))

    def at_coordinates(self, coordinates: Floats) -> Floats:
        """Values at points given by their deviations from the region's centre, (points,).

        Parameters
        ----------
        coordinates : As :meth:`Region.coordinates` gives them.
        """
        terms = _terms(coordinates, self.powers, self.region.reach)
        return np.asarray(2.0 * terms @ self.linear + np.sum((terms @ self.square) * terms, axis=1))


class Products:
    """Scalar products of the residuals of runs, less those at the minimum.

    Parameters
    ----------
    origin : Residuals at the minimum over the root of the scale.
    """

    def __init__(self, origin: Floats) -> None:
        self.origin = origin
        self.theta: list[Floats] = []
        self._moved: list[NDArray[np.float32]] = []
        self.by_origin = np.empty(0)
        self.products = np.empty((0, 0))

    def add(self, theta: Floats, residuals: Floats) -> None:
        """Take a run in.

        Parameters
        ----------
        theta : What is fitted.
        residuals : There, over the root of the scale; a run that failed is left out.
        """
        if not np.isfinite(residuals).all():
            return
        moved = residuals - self.origin
        count = len(self._moved)
        grown = np.empty((count + 1, count + 1))
        grown[:count, :count] = self.products
        with_others = np.array([float(moved @ other) for other in self._moved])
        grown[count, :count] = grown[:count, count] = with_others
        grown[count, count] = float(moved @ moved)
        self.products = grown
        self.by_origin = np.append(self.by_origin, float(self.origin @ moved))
        self.theta.append(theta.copy())
        self._moved.append(moved.astype(np.float32))

    @property
    def square(self) -> Floats:
        """Sum of squares of every run less that at the minimum, (runs,)."""
        return np.asarray(2.0 * self.by_origin + np.diag(self.products))


def fitted_form(
    products: Products, region: Region, degree: int, within: float
) -> tuple[QuadraticForm, float]:
    """Least squares of the residual vectors, and how well it foretells each run from the others.

    Parameters
    ----------
    products : Of the runs.
    region : Where the form is to hold.
    degree : Total degree.
    within : Deviations from the centre beyond which runs are left out.

    Returns
    -------
    The form, and the deviation of its predictions of runs left out, weighted by how likely each point is;
    infinite where there are too few runs.
    """
    theta = np.array(products.theta)
    u = region.coordinates(theta)
    use = np.flatnonzero(np.linalg.norm(u, axis=1) <= within)
    powers = exponents(theta.shape[1], degree)
    terms = _terms(u[use], powers, region.reach)
    weights = np.exp(-np.minimum(np.sum(u[use] ** 2, axis=1), 2.0 * region.reach**2) / 8.0)
    solver = np.linalg.pinv(terms * weights[:, None], rcond=1e-10) * weights  # (terms, runs)
    by_origin, mutual = products.by_origin[use], products.products[np.ix_(use, use)]
    form = QuadraticForm(region, powers, solver @ by_origin, solver @ mutual @ solver.T)
    if use.size < powers.shape[0] + 2:
        return form, float("inf")
    hat = terms @ solver
    left = np.eye(use.size) - hat
    left /= np.maximum(np.diag(left), 1e-3)[:, None]  # each run less its prediction by the others
    off = left @ mutual
    error = -2.0 * (left @ by_origin + np.diag(off)) + np.einsum("ij,ij->i", off, left)
    likely = np.exp(-0.5 * np.clip(products.square[use] - products.square[use].min(), 0.0, 60.0))
    likely = np.maximum(likely, 1e-3 * likely.max())
    mean = float(np.average(error, weights=likely))
    return form, float(np.sqrt(np.average((error - mean) ** 2, weights=likely)))
