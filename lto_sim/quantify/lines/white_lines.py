"""Ti-L2,3 as background, two steps and four lines.

    A (E/E0)^-r + c (1 + k (E - E3)/20 eV) [2/3 step(E - E3) + 1/3 step(E - E2)]
      + a1 V(E - E_t2g) + a2 V(E - E_eg)  (L3)  + a3 V + a4 V  (L2)

The steps 2:1 are the 2 p3/2 and 2 p1/2 electrons; how far they lie from the middle of their lines is free,
the same for both. The
lines are t2g and eg of either shell: in an octahedron the crystal field parts them by about 2 eV, the
spin-orbit interaction parts the shells by 5.4 eV. Where they merge, as in Ti3+, one line a shell is enough:
a fit begins from two and from one, and the better of them is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.quantify.lines.line_fit import Parts, bounds_of, prior_of
from lto_sim.quantify.lines.line_shapes import line, power_law, step

__all__ = ["WhiteLines", "l3_maximum"]

Floats = NDArray[np.float64]

A, R, C, K, A1, A2, A3, A4, E1, D3, SO, D2, W1, W2, W3, W4, ETA, S = range(18)
COUNT: Final = S + 1
"""Parameters: background; step and its relative slope; areas; t2g of L3, splitting of L3, from t2g of L3 to
t2g of L2, splitting of L2 less that of L3 [eV]; logarithms of the FWHM [eV] of L3, and how much more
those of L2 are; share of the Lorentzian; of the steps from the middle of their lines [eV]."""

_PRIOR: Final = {
    R: (3.0, 3.0), D3: (2.2, 0.35), SO: (5.4, 0.5), D2: (0.0, 0.2),
    W1: (np.log(1.4), 0.5), W2: (np.log(1.9), 0.5), W3: (0.3, 0.25), W4: (0.3, 0.25),
    ETA: (0.2, 0.3), S: (-3.0, 0.7), K: (0.0, 0.3),
}  # fmt: skip
"""Parameter -> mean and standard deviation of its prior: titanates, recorded at 0.3 to 1.5 eV."""
_BOUNDS: Final = {
    R: (-20.0, 20.0), D3: (0.8, 3.2), SO: (4.0, 7.0), D2: (-1.0, 1.0), ETA: (0.0, 1.0), S: (-5.5, 0.5),
    W1: (np.log(0.2), np.log(6.0)), W2: (np.log(0.2), np.log(6.0)), W3: (-1.5, 1.5), W4: (-1.5, 1.5),
    K: (-1.5, 1.5), **dict.fromkeys((C, A1, A2, A3, A4), (0.0, np.inf)),
}  # fmt: skip
_T2G: Final = 458.2
"""t2g of L3 of Ti4+ [eV] on a calibrated axis (data/lto.toml of the microscope)."""
_SHIFTS: Final = np.arange(-5.0, 7.01, 0.25)
_SCALES: Final = ((1.0, 1.0), (1.0, 1.5), (0.6, 1.5))
"""Trial starts: factors on splittings and widths."""
_SLOPE_EV: Final = 20.0
_AREAS: Final = (A1, A2, A3, A4)
_WIDTHS: Final = ((W1,), (W2,), (W1, W3), (W2, W4))


@dataclass(frozen=True)
class WhiteLines:
    """The model.

    Parameters
    ----------
    reference_eV : E0 of the background [eV].
    """

    reference_eV: float

    @property
    def linear(self) -> NDArray[np.intp]:
        """Amplitudes."""
        return np.array([A, C, A1, A2, A3, A4], dtype=np.intp)

    @property
    def prior(self) -> tuple[Floats, Floats]:
        """Means and precisions."""
        return prior_of(_PRIOR, COUNT)

    @property
    def bounds(self) -> tuple[Floats, Floats]:
        """Least and greatest values."""
        low, high = bounds_of(_BOUNDS, COUNT)
        low[E1], high[E1] = _T2G + _SHIFTS[0] - 1.0, _T2G + _SHIFTS[-1] + 1.0
        return low, high

    def candidates(self, energy_eV: Floats) -> list[tuple[list[Floats], NDArray[np.intp]]]:
        """Trial starts whose lines lie within the energies [eV]: two lines a shell, and one."""
        single = np.array([A, C, A2, A4], dtype=np.intp)
        return [(self._trials(energy_eV), self.linear), (self._trials(energy_eV), single)]

    def _trials(self, energy_eV: Floats) -> list[Floats]:
        mean = self.prior[0]
        found = []
        for shift in _SHIFTS:
            for splitting, width in _SCALES:
                theta = mean.copy()
                theta[E1], theta[ETA] = _T2G + shift, 0.0
                theta[D3] *= splitting
                theta[[W1, W2]] += np.log(width)
                if energy_eV[0] + 2.0 < theta[E1] and theta[E1] + theta[SO] + theta[D3] < energy_eV[-1] - 1.0:
                    found.append(theta)
        return found

    def positions(self, theta: Floats) -> Floats:
        """Positions of the four lines [eV], (n, 4)."""
        first, second = theta[:, E1], theta[:, E1] + theta[:, SO]
        return np.stack([first, first + theta[:, D3], second, second + theta[:, D3] + theta[:, D2]], axis=1)

    def parts(self, theta: Floats, energy_eV: Floats) -> Parts:
        """Values and derivatives; see :class:`~lto_sim.quantify.lines.line_fit.Parts`."""
        n, m = theta.shape[0], energy_eV.size
        shape, by_exponent = power_law(energy_eV, self.reference_eV, theta[:, R])
        amount = theta[:, A, None]
        background_by = np.zeros((n, m, COUNT))
        background_by[..., A], background_by[..., R] = shape, amount * by_exponent
        by = np.zeros((n, m, COUNT))
        edge = self._steps(theta, energy_eV, by)
        at = self.positions(theta)
        for number, (area, widths) in enumerate(zip(_AREAS, _WIDTHS, strict=True)):
            fwhm = np.exp(theta[:, list(widths)].sum(axis=1))
            made = line(energy_eV, at[:, number], fwhm, theta[:, ETA])
            strength = theta[:, area, None]
            edge += strength * made.value
            by[..., area] = made.value
            for width in widths:
                by[..., width] += strength * made.by_log_fwhm
            by[..., ETA] += strength * made.by_mixing
            moved = strength * made.by_position
            by[..., E1] += moved
            if number >= 2:
                by[..., SO] += moved
            if number in {1, 3}:
                by[..., D3] += moved
            if number == 3:
                by[..., D2] += moved
        return Parts(amount * shape, background_by, edge, by)

    def _steps(self, theta: Floats, energy_eV: Floats, by: Floats) -> Floats:
        """Values; their derivatives are added to `by`."""
        third = theta[:, E1] + 0.5 * theta[:, D3] + theta[:, S]
        second = theta[:, E1] + theta[:, SO] + 0.5 * (theta[:, D3] + theta[:, D2]) + theta[:, S]
        low, low_by = step(energy_eV, third)
        high, high_by = step(energy_eV, second)
        stairs = (2.0 * low + high) / 3.0
        along = (energy_eV - third[:, None]) / _SLOPE_EV
        height, slope = theta[:, C, None], theta[:, K, None]
        sloped = 1.0 + slope * along
        level = height * sloped
        by[..., C], by[..., K] = sloped * stairs, height * along * stairs
        moved = level * 2.0 / 3.0 * low_by - height * slope * stairs / _SLOPE_EV
        other = level / 3.0 * high_by
        by[..., E1] += moved + other
        by[..., S] = moved + other
        by[..., D3] += 0.5 * (moved + other)
        by[..., SO] += other
        by[..., D2] += 0.5 * other
        return level * stairs


def l3_maximum(theta: Floats) -> Floats:
    """Energy of the maximum of the two L3 lines together [eV], (n,), of parameters (n, p)."""
    first, second = theta[:, E1], theta[:, E1] + theta[:, D3]
    trial = first[:, None] + np.linspace(-1.0, 5.0, 121)

    def height(energy: Floats) -> Floats:
        total = np.zeros(energy.shape)
        for area, width, at in ((A1, W1, first), (A2, W2, second)):
            total += theta[:, area, None] * line(energy, at, np.exp(theta[:, width]), theta[:, ETA]).value
        return total

    best = trial[np.arange(theta.shape[0]), np.argmax(height(trial), axis=1)]
    for width in (0.1, 0.1, 0.1, 0.1):  # three points of a parabola
        left, middle, right = height(best[:, None] + np.array([-width, 0.0, width])).T
        curved = np.minimum(left - 2.0 * middle + right, -1e-12 * np.abs(middle) - 1e-300)
        best = best + np.clip(0.5 * width * (left - right) / curved, -width, width)
    return np.asarray(best)
