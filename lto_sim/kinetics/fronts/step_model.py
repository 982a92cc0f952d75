"""Blurred step between two tilted plateaus, as a pixel sees it.

With u = s - xi the sharp profile is ``a + b u`` on the growing side (u < 0) and ``c + d u`` on the parent
side. It is convolved with a Gaussian of standard deviation w (probe, roughness, curvature) and averaged
over the pixel's extent p = 2h along the profile, both in closed form:

    f = a (1 - S) + b (u - R) + c S + d R
    S(u) = [R0(u + h) - R0(u - h)] / 2h            pixel mean of the blurred step
    R(u) = [Q0(u + h) - Q0(u - h)] / 2h            pixel mean of the blurred ramp u H(u)
    R0 = u Phi + w^2 g,   Q0 = [(u^2 + w^2) Phi + u w^2 g] / 2

Phi and g are distribution and density of the normal law N(0, w^2). Since blurring is the heat equation,
``df/dw = w d2f/du2``, which gives the gradient without further integrals.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from scipy.special import ndtr

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["N_PARAMETERS", "Extent", "basis", "model_and_gradient", "moments"]

N_PARAMETERS: Final[int] = 6
"""xi, ln w, a, b, c, d."""

Extent: TypeAlias = "float | NDArray[np.float64]"
"""Extent of a pixel along the profile: one for all, or one for each pixel."""

_LARGEST_ARGUMENT: Final[float] = 12.0


def moments(
    u: NDArray[np.float64], w: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return density and distribution of N(0, w^2) at `u`, and the first and second antiderivative.

    Parameters
    ----------
    u : Distance.
    w : Standard deviation, broadcastable to `u`; same unit.
    """
    z = u / w
    density = np.exp(-0.5 * np.minimum(np.abs(z), _LARGEST_ARGUMENT) ** 2) / (math.sqrt(2.0 * math.pi) * w)
    step = ndtr(z)
    variance = w * w
    ramp = u * step + variance * density
    return density, step, ramp, 0.5 * ((u * u + variance) * step + u * variance * density)


def basis(
    u: NDArray[np.float64], w: NDArray[np.float64], pixel: Extent
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return pixel means of the blurred step and ramp, and du- and w-derivative pieces.

    Parameters
    ----------
    u : Distance of pixel centres from the front.
    w : Blur, broadcastable to `u`.
    pixel : Extent of a pixel along the profile, one or each of its own; same unit as `u`.

    Returns
    -------
    S, R, dS/du, d2S/du2.
    """
    half = 0.5 * pixel
    upper, lower = moments(u + half, w), moments(u - half, w)
    density, step, ramp, square = ((p - m) / pixel for p, m in zip(upper, lower, strict=True))
    return ramp, square, step, density


def model_and_gradient(
    parameters: NDArray[np.float64], s: NDArray[np.float64], pixel: Extent
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Evaluate many profiles at once.

    Parameters
    ----------
    parameters : xi, ln w, a, b, c, d, shape (n, 6); lengths in one unit, tilts per that unit.
    s : Distance of the pixels, shape (n, m).
    pixel : Extent of a pixel along the profile, one or each of its own.

    Returns
    -------
    Model values, shape (n, m), and gradient, shape (n, m, 6).
    """
    xi, ln_w, a, b, c, d = (parameters[:, i, None] for i in range(N_PARAMETERS))
    w = np.exp(ln_w)
    u = s - xi
    step, ramp, slope, curvature = basis(u, w, pixel)
    gradient = np.empty((*s.shape, N_PARAMETERS))
    gradient[..., 0] = -((c - a) * slope + b * (1.0 - step) + d * step)
    gradient[..., 1] = w * w * ((c - a) * curvature + (d - b) * slope)
    gradient[..., 2] = 1.0 - step
    gradient[..., 3] = u - ramp
    gradient[..., 4] = step
    gradient[..., 5] = ramp
    value = a * (1.0 - step) + b * (u - ramp) + c * step + d * ramp
    return value, gradient
