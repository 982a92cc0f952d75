"""What both titrations share: when they cannot be had, how a rest ends, and a straight line.

Both methods divide by the change of the equilibrium potential with the content (the thermodynamic factor).
Between two phases that change is zero: the equilibrium potential stays on the plateau, and a pulse or a step
moves a front instead of a concentration. Then there is no D to be had, and the reason says so.

A rest ends in an exponential: the means E1, E2, E3 over the three equal parts of its second half change by
d1 and d2 = r d1, and it would still go on, from E3, by d2 r/(1 - r).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.electrochemistry.series import StepSeries, diffusion_length, li_fraction_at
from lto_sim.electrochemistry.steps import DriveStepRecord
from lto_sim.errors import InputError

__all__ = ["TWO_PHASES_GITT", "TWO_PHASES_PITT", "Line", "RestEnd", "Titration", "fit_line", "rest_end"]

Floats = NDArray[np.float64]

TWO_PHASES_GITT: Final = (
    "two phases: the equilibrium potential does not depend on the content there, so the thermodynamic factor "
    "that the method divides by is zero; the pulse measures the motion of a front: fit k instead"
)
TWO_PHASES_PITT: Final = (
    "two phases: the step crosses the plateau or lies between the phases, where the equilibrium potential "
    "does not depend on the content and the thermodynamic factor that the method rests on is zero; the hold "
    "measures the motion of a front: fit k instead"
)

_POINTS_A_PART: Final = 16
_NOISE_POINTS: Final = 5
_BEND_POINTS: Final = 6


@dataclass(frozen=True, eq=False)
class Titration:
    """What a titration is read with.

    Parameters
    ----------
    dataset : A run, or a recorded series labelled like one.
    length : Diffusion length L [m]; None: active volume over total contact area.
    resolution : Potentials nearer than this are the same [V].

    Raises
    ------
    InputError
        `length` or `resolution` is not positive, or the dataset names no volume or contact area.
    """

    dataset: xr.Dataset
    resolution: float
    length: float | None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.resolution) and self.resolution > 0.0):
            raise InputError("resolution", self.resolution, "> 0 V", "use 1e-4")
        if self.length is not None and not (math.isfinite(self.length) and self.length > 0.0):
            raise InputError("length", self.length, "> 0 m", "give the thickness behind the contact")

    @cached_property
    def reach(self) -> float:
        """Diffusion length L [m]."""
        return diffusion_length(self.dataset) if self.length is None else self.length

    @cached_property
    def plateau(self) -> float | None:
        """Potential of the plateau [V]; None where the dataset names none."""
        value = self.dataset.attrs.get("plateau_V")
        return None if value is None else float(value)

    def contents(self, step: DriveStepRecord) -> tuple[float, float]:
        """Mean li fractions at begin and end of a drive step."""
        return li_fraction_at(self.dataset, step.start), li_fraction_at(self.dataset, step.end)

    def two_phases(self, step: DriveStepRecord, before: float, after: float) -> bool:
        """Whether a step from equilibrium at `before` [V] to `after` [V] has to do with two phases.

        It has where either lies on the plateau, where the plateau lies between them, and where the mean li
        fraction lies in the gap.
        """
        if any(step.x_poor < content < step.x_rich for content in self.contents(step)):
            return True
        plateau = self.plateau
        if plateau is None:
            return False
        above = (before - plateau, after - plateau)
        return min(map(abs, above)) <= self.resolution or above[0] * above[1] < 0.0


@dataclass(frozen=True)
class RestEnd:
    """End of a rest.

    Parameters
    ----------
    potential : Last potential [V].
    remaining : What it would still move [V]; inf where no end is in sight.
    noise : Scatter of a sample [V].
    """

    potential: float
    remaining: float
    noise: float


def rest_end(rest: StepSeries, resolution: float) -> RestEnd:
    """Read the end of a rest.

    Parameters
    ----------
    rest : Its samples, three at least, else no end is in sight.
    resolution : Changes below this are none [V].
    """
    last = float(rest.potential[-1])
    if rest.time.size < 3:
        return RestEnd(last, math.inf, 0.0)
    end = float(rest.time[-1])
    grid = end * (0.5 + 0.5 * (np.arange(3 * _POINTS_A_PART) + 0.5) / (3 * _POINTS_A_PART))
    parts = np.interp(grid, rest.time, rest.potential).reshape(3, -1).mean(axis=1)
    noise = _scatter(rest)
    first, second = float(parts[1] - parts[0]), float(parts[2] - parts[1])
    samples = int(np.count_nonzero(rest.time > end * 5.0 / 6.0))
    if abs(second) <= max(0.1 * resolution, 3.0 * noise * math.sqrt(2.0 / max(samples, 1))):
        remaining = abs(second)
    elif 0.0 < second * first < 0.9 * first**2:
        ratio = second / first
        remaining = abs(float(parts[2]) + second * ratio / (1.0 - ratio) - last)
    else:
        remaining = abs(second) if abs(second) <= resolution else math.inf
    return RestEnd(last, remaining, noise)


def _scatter(rest: StepSeries) -> float:
    """Scatter [V] about a straight line in the last quarter; 0 where too few samples tell."""
    if rest.time.size < _NOISE_POINTS:
        return 0.0
    late = rest.time >= min(0.75 * float(rest.time[-1]), float(rest.time[-_NOISE_POINTS]))
    return fit_line(rest.time[late], rest.potential[late]).scatter


@dataclass(frozen=True)
class Line:
    """A straight line by least squares: slope with deviation, value at the mean abscissa, scatter.

    Parameters
    ----------
    slope, slope_std : Slope and its standard deviation.
    centre, level, span : Mean abscissa, the value there, and the distance from the first to the last.
    scatter : Standard deviation of a point about the line.
    bend : Slope at the last point minus slope at the first, of the parabola through the points; 0 where it is
        below twice its deviation, and below six points.
    """

    slope: float
    slope_std: float
    centre: float
    level: float
    span: float
    scatter: float
    bend: float

    def slope_at(self, abscissa: float) -> float:
        """Slope at an abscissa, of the parabola where there is a bend."""
        return self.slope + self.bend * (abscissa - self.centre) / self.span


def fit_line(abscissa: Floats, ordinate: Floats, weight: Floats | None = None) -> Line:
    """Fit a straight line to three points or more; weights go with the inverse of their variances.

    With weights there is no bend, and the scatter is that of a point of weight 1.
    """
    weights = np.ones_like(abscissa) if weight is None else weight
    total = float(weights.sum())
    centre, level = float((weights * abscissa).sum()) / total, float((weights * ordinate).sum()) / total
    along, up = abscissa - centre, ordinate - level
    spread = float((weights * along**2).sum())
    slope = float((weights * along * up).sum()) / spread
    residual = up - slope * along
    scatter = math.sqrt(float((weights * residual**2).sum()) / max(abscissa.size - 2, 1))
    bend = _bend(along, residual) if weight is None and abscissa.size >= _BEND_POINTS else 0.0
    span = float(abscissa.max() - abscissa.min())
    return Line(slope, scatter / math.sqrt(spread), centre, level, span, scatter, bend)


def _bend(along: Floats, residual: Floats) -> float:
    """Change of slope from end to end of the parabola through the points, 0 below twice its deviation."""
    parabola = along**2
    parabola = parabola - parabola.mean() - along * float((along * parabola).sum() / (along**2).sum())
    size = float((parabola**2).sum())
    square = float((parabola * residual).sum()) / size
    left = float(((residual - square * parabola) ** 2).sum()) / (along.size - 3)
    certain = abs(square) > 2.0 * math.sqrt(left / size)
    return 2.0 * square * float(along[-1] - along[0]) if certain else 0.0
