"""Expected spectra of many pixels at once: interpolation in thickness, li fraction and kept lithium.

A spectrum is an entire function of the amounts that the beam passes, and over a specimen these vary little
beside the scale of exp. A tensor product of Chebyshev polynomials through exact spectra is therefore exact to
a stated tolerance with few terms (6 in li fraction), and the spectra of all pixels are one matrix product.
The terms are linear in intensity: a probe that is wider than a pixel mixes terms, not compositions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from lto_sim.errors import SolverError

__all__ = ["Axis", "SpectrumBasis"]

Floats = NDArray[np.float64]

_TOLERANCE: Final = 3e-11
_MOST: Final = 48
_START: Final = 4


@dataclass(frozen=True)
class Axis:
    """Interval of one variable and the polynomials over it.

    Parameters
    ----------
    low, high : Ends; equal where the variable does not vary.
    terms : Polynomials.
    """

    low: float
    high: float
    terms: int

    def scaled(self, values: Floats) -> Floats:
        """Values on [-1, 1]."""
        width = self.high - self.low
        return np.zeros_like(values) if width == 0.0 else (2.0 * values - self.low - self.high) / width

    def nodes(self) -> Floats:
        """Chebyshev points."""
        points = chebyshev.chebpts1(self.terms) if self.terms > 1 else np.zeros(1)
        return np.asarray(0.5 * (self.low + self.high) + 0.5 * (self.high - self.low) * points)

    def polynomials(self, values: Floats) -> Floats:
        """Polynomials at `values`, (..., terms)."""
        return np.asarray(chebyshev.chebvander(self.scaled(values), self.terms - 1))

    def slopes(self, polynomials: Floats) -> Floats:
        """Derivatives of the polynomials with the variable, (..., terms), from their values."""
        if self.terms == 1:
            return np.zeros_like(polynomials)
        slope = np.zeros((self.terms, self.terms))
        for term in range(1, self.terms):
            slope[:term, term] = chebyshev.chebder(np.eye(self.terms)[term])[:term]
        return np.asarray(polynomials @ (slope * (2.0 / (self.high - self.low))))


class SpectrumBasis:
    """Coefficient spectra of a function of several variables.

    Parameters
    ----------
    exact : Function of the variables (each (n,)) -> spectra (n, channels).
    ranges : (low, high) of every variable, in its unit.
    tolerance : Largest error over the largest value of any spectrum [1].
    sparse : Leave out terms that together are smaller than the tolerance.

    Raises
    ------
    SolverError
        The tolerance needs more than 48 polynomials of one variable.
    """

    def __init__(
        self,
        exact: Callable[..., Floats],
        ranges: Sequence[tuple[float, float]],
        tolerance: float = _TOLERANCE,
        sparse: bool = False,
    ) -> None:
        middle = [0.5 * (low + high) for low, high in ranges]
        self.axes = tuple(
            self._fitted(exact, number, interval, middle, tolerance) for number, interval in enumerate(ranges)
        )
        nodes = np.meshgrid(*(axis.nodes() for axis in self.axes), indexing="ij")
        spectra = exact(*(node.ravel() for node in nodes)).reshape(*nodes[0].shape, -1)
        for number, axis in enumerate(self.axes):
            transform = np.linalg.inv(axis.polynomials(axis.nodes()))
            spectra = np.moveaxis(np.tensordot(transform, spectra, axes=(1, number)), 0, number)
        flat = spectra.reshape(-1, spectra.shape[-1])
        largest = np.abs(flat).max(axis=1)
        rising = np.argsort(largest)
        small = np.cumsum(largest[rising]) <= (tolerance * largest[0] if sparse else -1.0)
        kept = np.sort(rising[~small])
        self.spectra = np.ascontiguousarray(flat[kept])
        """(terms, channels)"""
        self._terms = np.stack(np.unravel_index(kept, spectra.shape[:-1]))

    @staticmethod
    def _fitted(
        exact: Callable[..., Floats],
        number: int,
        interval: tuple[float, float],
        middle: list[float],
        tolerance: float,
    ) -> Axis:
        """Fewest polynomials whose spectra between the nodes are exact within the tolerance."""
        low, high = interval
        if high == low:
            return Axis(low, high, 1)
        tests = np.linspace(low, high, 2 * _MOST + 1)
        along = [np.full(tests.size, value) for value in middle]
        along[number] = tests
        true = exact(*along)
        terms = _START
        while terms <= _MOST:
            axis = Axis(low, high, terms)
            at = [np.full(terms, value) for value in middle]
            at[number] = axis.nodes()
            coefficients = np.linalg.solve(axis.polynomials(axis.nodes()), exact(*at))
            error = np.abs(axis.polynomials(tests) @ coefficients - true).max()
            if error <= tolerance * np.abs(true).max():
                return axis
            terms += 2
        raise SolverError(
            f"spectra vary too much from {low:g} to {high:g} for {_MOST} polynomials: narrow the specimen"
        )

    def held(self, number: int, value: float) -> SpectrumBasis:
        """Basis with one variable held.

        Parameters
        ----------
        number : Index of the variable.
        value : What it is held at, in its unit, within its range.

        Returns
        -------
        SpectrumBasis
            Of as many variables; the one that is held has no effect.
        """
        axis = self.axes[number]
        polynomials = axis.polynomials(np.array([value]))[0]
        terms = self._terms.copy()
        spectra = self.spectra * polynomials[terms[number]][:, None]
        terms[number] = 0
        kept, place = np.unique(terms, axis=1, return_inverse=True)
        made = copy(self)
        made.axes = (*self.axes[:number], Axis(value, value, 1), *self.axes[number + 1 :])
        made.spectra = np.zeros((kept.shape[1], spectra.shape[1]))
        np.add.at(made.spectra, place, spectra)
        made._terms = kept
        return made

    def weights(self, *values: Floats) -> Floats:
        """Weights [1] of the terms, (..., terms), at `values` of the variables, (...) each, own units."""
        return self._product(self._factors(values))

    def weights_and_slopes(self, *values: Floats) -> tuple[Floats, list[Floats]]:
        """Weights of the terms, and their derivatives with each variable.

        Parameters
        ----------
        *values : Variables in their own units, shape (...) each.

        Returns
        -------
        tuple of ndarray and list of ndarray
            The weights [1], and their derivatives [1 over the unit of the variable], (..., terms) all.
        """
        factors = self._factors(values)
        slopes = [axis.slopes(factor) for axis, factor in zip(self.axes, factors, strict=True)]
        return self._product(factors), [
            self._product([*factors[:number], slope, *factors[number + 1 :]])
            for number, slope in enumerate(slopes)
        ]

    def _factors(self, values: tuple[Floats, ...]) -> list[Floats]:
        return [
            axis.polynomials(np.asarray(value, dtype=np.float64))
            for axis, value in zip(self.axes, values, strict=True)
        ]

    def _product(self, factors: Sequence[Floats]) -> Floats:
        """Products of one polynomial of every variable, in the order of the spectra: (..., terms)."""
        product = factors[0][..., self._terms[0]]
        for factor, term in zip(factors[1:], self._terms[1:], strict=True):
            product = product * factor[..., term]
        return product
