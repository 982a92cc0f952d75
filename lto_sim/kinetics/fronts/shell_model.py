"""Front of a thin lamella whose faces conduct, projected through its thickness, as a pixel sees it.

Along the faces lithium runs ahead, so that the transformed part of the thickness falls off over a length

    F(s) = q for s < x_b,    q (1 - (s - x_b)/L)^2 for x_b < s < x_b + L,    0 beyond.

One length describes a whole run: L1 = sqrt(3 l H), that of the tip once the shells of both faces have met.
With the mean front xi, the integral of F, the rest follows (x_b and L are steady there, dF/dxi too):

    xi >= L1/3 (they have met):  q = 1, L = L1, x_b = xi - L1/3;
    xi <  L1/3 (not yet):        x_b = 0, q = (3 xi/L1)^(2/3), L = L1 (3 xi/L1)^(1/3).

The map is ``c + (a - c) F + b (u - R)``, u = s - xi: the excess of the growing phase falls linearly to zero
at the mean front, and inside the tip as (1 - (s - x_b)/L)^3, whose share of the projection has the integral
of that line. F is a sum of truncated powers of the distances to tip and x_b, whose Gaussian blur of
deviation w and pixel mean are closed forms,

    P1 = u Phi + w^2 g,  P2 = (u^2 + w^2) Phi + u w^2 g,  P3 = (u^3 + 3 u w^2) Phi + w^2 (u^2 + 2 w^2) g,

with Phi and g of the normal law N(0, w^2); a pixel mean takes the difference of the next power over a pixel.

Source: the surface-fed shell h = h0 (1 - x/L)^2, L^2 = 6 l h0, of `lto_sim.exact`, with h0 = H/2 where shells
have met; behind the tip xi^2 = l H/3 + 2 k (t - t1), that is dxi/dt = k/xi.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lto_sim.kinetics.fronts.step_model import N_PARAMETERS, Extent, basis, moments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["shell_and_gradient", "shell_geometry", "shell_shape"]


def shell_geometry(xi: Floats, full_length: Floats) -> tuple[Floats, Floats, Floats]:
    """Return where the tip begins, its length and the level behind it.

    Parameters
    ----------
    xi : Mean front.
    full_length : Length L1 of the tip once the shells have met, broadcastable to `xi`; same unit.

    Returns
    -------
    x_b, L (both in the unit of `xi`), q [1].
    """
    met = xi >= full_length / 3.0
    share = np.where(met, 1.0, np.clip(3.0 * xi / full_length, 1e-6, 1.0))
    return np.where(met, xi - full_length / 3.0, 0.0), full_length * np.cbrt(share), np.cbrt(share) ** 2


def _powers(u: Floats, w: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return Phi, P1, P2, P3 of the module's docstring."""
    density, step, first, half_second = moments(u, w)
    variance = w * w
    third = (u * u + 3.0 * variance) * u * step + variance * (u * u + 2.0 * variance) * density
    return step, first, 2.0 * half_second, third


def _means(u: Floats, w: Floats, pixel: Extent) -> tuple[Floats, Floats, Floats, Floats]:
    """Return pixel means of g and of the blurred truncated powers 0, 1 and 2 of `u`."""
    half = 0.5 * np.asarray(pixel)
    upper, lower = _powers(u + half, w), _powers(u - half, w)
    density, step, first, second = ((p - m) / pixel for p, m in zip(upper, lower, strict=True))
    return density, step, first / 2.0, second / 3.0


def shell_shape(
    xi: Floats, ln_w: Floats, ln_length: Floats, s: Floats, pixel: Extent
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the pixel mean of the blurred F and its derivatives.

    Parameters
    ----------
    xi, ln_w, ln_length : Mean front, logarithms of blur and of L1, broadcastable to `s`.
    s : Distance of pixel centres from the contact.
    pixel : Extent of a pixel along the profile; same unit.

    Returns
    -------
    F, dF/dxi, dF/d(ln w), dF/d(ln L1).
    """
    w, full = np.exp(ln_w), np.exp(ln_length)
    begin, length, level = shell_geometry(xi, full)
    # truncated powers 0, 1, 2 of the distances to the tip and to where it begins, positive behind them
    _, tip0, tip1, tip2 = _means(begin + length - s, w, pixel)
    base, base0, base1, base2 = _means(begin - s, w, pixel)
    square = length * length
    shape = (tip2 - base2 - 2.0 * length * base1) / square
    by_begin = 2.0 * (tip1 - base1 - length * base0) / square
    by_length = 2.0 * (tip1 - base1 - length * shape) / square
    by_variance = (tip0 - base0 - length * base) / square
    met, mean = xi >= full / 3.0, length * level / 3.0
    # before the shells have met, q and L follow xi and L1; afterwards x_b does
    by_xi = np.where(met, by_begin, level * (2.0 * shape + length * by_length) / (3.0 * mean))
    by_full = np.where(
        met,
        full * (by_length - by_begin / 3.0),
        (2.0 / 3.0) * level * (length * by_length - shape),
    )
    return level * shape, by_xi, level * 2.0 * w * w * by_variance, by_full


def shell_and_gradient(parameters: Floats, s: Floats, pixel: Extent) -> tuple[Floats, Floats]:
    """Evaluate many profiles at once.

    Parameters
    ----------
    parameters : xi, ln w, a, b, c, ln L1, shape (n, 6); lengths in one unit, the tilt b per that unit.
    s : Distance of the pixels, shape (n, m).
    pixel : Extent of a pixel along the profile, one or each of its own.

    Returns
    -------
    Model values, shape (n, m), and gradient, shape (n, m, 6).
    """
    xi, ln_w, a, b, c, ln_length = (parameters[:, i, None] for i in range(N_PARAMETERS))
    shape, by_xi, by_ln_w, by_ln_length = shell_shape(xi, ln_w, ln_length, s, pixel)
    u, w = s - xi, np.exp(ln_w)
    step, ramp, slope, _ = basis(u, w, pixel)
    gradient = np.empty((*s.shape, N_PARAMETERS))
    gradient[..., 0] = (a - c) * by_xi - b * (1.0 - step)
    gradient[..., 1] = (a - c) * by_ln_w - b * w * w * slope
    gradient[..., 2] = shape
    gradient[..., 3] = u - ramp
    gradient[..., 4] = 1.0 - shape
    gradient[..., 5] = (a - c) * by_ln_length
    return c + (a - c) * shape + b * (u - ramp), gradient
