"""Shape of the likelihood of x in every pixel: what a Gaussian of the same width leaves out.

A pixel's spectrum, all its other parameters fitted anew, says of every x how much less likely it is than the
estimate. The signed root of twice that,

    z(x) = u (1 + a u + b u^2),    u = (x - estimate)/deviation,

is the residual that a comparison with the spectrum itself would give; a = b = 0 is that of the li fraction
with its deviation. a and b follow from two deviations on either side of the estimate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.provenance import named
from lto_sim.quantify.li_model import PARAMETERS, LithiumModel
from lto_sim.quantify.scoring import CountVariance

if TYPE_CHECKING:
    import xarray as xr

    from lto_sim.quantify.li_fit import FittedPixels

__all__ = ["ROOT_VARIABLES", "likelihood_images", "root_of_likelihood"]

Floats = NDArray[np.float64]

ROOT_VARIABLES: Final = ("li_fraction_root_a", "li_fraction_root_b")
"""Names of a and b in a dataset of maps."""
_AWAY: Final[float] = 2.0
"""Deviations from the estimate at which the likelihood is computed."""
_LEAST: Final[float] = 0.5
"""Deviations below which a pixel too near the model's end tells no shape."""
_INSIDE: Final[float] = 1e-6
_ROUNDS: Final = 4
_LI: Final = PARAMETERS.index("li_fraction")


def root_of_likelihood(
    model: LithiumModel, counts: Floats, parameters: Floats, deviations: Floats, variance: CountVariance
) -> Floats:
    """Coefficients a and b of every pixel, (n, 2); 0 where they cannot be told.

    Parameters
    ----------
    model : That the pixels were fitted with.
    counts : Counts in bins, (n, bins).
    parameters, deviations : Of the fit, (n, 5).
    variance : Of the counts.
    """
    bounds = model.bounds(parameters[:, 0])
    x, width = parameters[:, _LI], deviations[:, _LI]
    best = variance.deviance(counts, model.expected(parameters))
    away, root = [], []
    for sign in (-1.0, 1.0):
        held = parameters.copy()
        room = _INSIDE * (bounds[1][_LI] - bounds[0][_LI])
        held[:, _LI] = np.clip(x + sign * _AWAY * width, bounds[0][_LI] + room, bounds[1][_LI] - room)
        loss = (
            variance.deviance(counts, model.expected(_refitted(model, counts, held, bounds, variance))) - best
        )
        u = (held[:, _LI] - x) / width
        away.append(np.where((loss > 0.0) & (np.abs(u) > _LEAST), u, np.nan))
        root.append(np.sign(u) * np.sqrt(np.maximum(loss, 0.0)))
    with np.errstate(invalid="ignore", divide="ignore"):
        first, second = ((z / u - 1.0) / u for z, u in zip(root, away, strict=True))
        b = (second - first) / (away[1] - away[0])
        found = np.stack([first - b * away[0], b], axis=1)
    return np.asarray(np.where(np.isfinite(found).all(axis=1)[:, None], found, 0.0))


def _refitted(
    model: LithiumModel, counts: Floats, start: Floats, bounds: tuple[Floats, Floats], variance: CountVariance
) -> Floats:
    """Parameters (n, 5) with x held, one x a pixel, and the others fitted by Fisher scoring."""
    others = np.flatnonzero(model.free)
    others = others[others != _LI]
    theta = start.copy()
    for _ in range(_ROUNDS):
        expected, slopes = model.with_slopes(theta)
        slopes, spread = slopes[: others.size], variance.of(expected)
        information = np.einsum("anb,cnb->nac", slopes / spread, slopes, optimize=True)
        gradient = np.einsum("anb,nb->na", slopes, (counts - expected) / spread)
        size = np.sqrt(np.maximum(np.einsum("naa->na", information), 1e-300))
        scaled = information / size[:, :, None] / size[:, None, :]
        step = np.linalg.solve(scaled, (gradient / size)[..., None])[..., 0] / size
        theta[:, others] = np.clip(theta[:, others] + step, bounds[0][others], bounds[1][others])
    return theta


def likelihood_images(maps: xr.Dataset, fitted: FittedPixels, scale: float) -> dict[str, Any]:
    """Variables of the maps that hold a and b, for deviations raised by `scale`."""
    image = maps["li_fraction"]
    names = ("skewness", "flatness")
    return {
        variable: (
            image.dims,
            (fitted.root[:, n] * scale ** (n + 1)).reshape(image.shape).astype(np.float32),
            named("1", f"{name} of the likelihood of Li fraction"),
        )
        for n, (variable, name) in enumerate(zip(ROOT_VARIABLES, names, strict=True))
    }
