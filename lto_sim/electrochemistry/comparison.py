"""How far a current follows 1/sqrt(t), and which diffusivity or rate constant it then stands for.

After a step of the potential the current of a slab that is far from exhausted is a/sqrt(t). With F A c0 the
charge that a unit of depth holds (capacity over L),

    one phase, contact changes by dx (Cottrell):        I = F A c0 dx sqrt(D/(pi t)),
    a front moves, xi^2 = 2 k t, gap x_rich - x_poor:   I = F A c0 gap sqrt(k/(2 t)).

The k is that of a front that takes up all of the current. Lithium that the layer behind it and the parent in
front of it exchange counts as the front's, so that it exceeds the k of the position by parts of the order of
excess and undersaturation.

Currents are means over bins even in log t. The law holds in the longest range of time in which I sqrt(t)
stays within 5 % of its middle, and that must be a factor 4 of time or more: any smooth curve does so for a
while.

Source: F. G. Cottrell, Z. Phys. Chem. 42 (1903) 385; the front's form follows from `lto_sim.exact.wagner`.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.constants import ZERO_CELSIUS
from lto_sim.electrochemistry.series import (
    binned_current,
    diffusion_length,
    li_fraction_at,
    positive_attribute,
    step_series,
)
from lto_sim.electrochemistry.steps import DriveStepRecord, numbered_step
from lto_sim.errors import InputError

__all__ = ["CottrellComparison", "cottrell_comparison"]

Floats = NDArray[np.float64]

_TOLERANCE: Final = 0.05
_LEAST_FACTOR: Final = 4.0
_PER_DECADE: Final = 12


@dataclass(frozen=True)
class CottrellComparison:
    """Current of a hold against 1/sqrt(t).

    Parameters
    ----------
    step : Number of the drive step.
    temperature : [K].
    potential : Potential held [V].
    front_moves : Whether the hold drives a front; else it is a step within one phase.
    slope, slope_std : |I| sqrt(t) in the range, with its standard deviation [A s^1/2]; None: no such range.
    window : Time over which the law holds [s]; None: no such range.
    D, D_std : Apparent D [m2 s-1] of the composition step; None with a front or without a composition step.
    k, k_std : k [m2 s-1] of xi^2 = 2 k t that the current stands for; None without a front.
    reason : Why there is no slope; None where there is one.
    """

    step: int
    temperature: float
    potential: float
    front_moves: bool
    slope: float | None
    slope_std: float | None
    window: tuple[float, float] | None
    D: float | None
    D_std: float | None
    k: float | None
    k_std: float | None
    reason: str | None

    def report(self) -> tuple[str, ...]:
        """Return the comparison in words."""
        head = f"step {self.step}, {self.potential:g} V, {self.temperature - ZERO_CELSIUS:.1f} degC: "
        if self.slope is None or self.slope_std is None or self.window is None:
            return (f"{head}{self.reason}",)
        lines = [
            f"{head}|I| = a/sqrt(t) within 5 % from {self.window[0]:.3g} to {self.window[1]:.3g} s, "
            f"a = {self.slope:.4g} +- {self.slope_std:.1g} A s^1/2"
        ]
        if self.k is not None and self.k_std is not None:
            lines.append(f"as a front, xi^2 = 2 k t: k = {self.k:.4g} +- {self.k_std:.1g} m2/s")
        if self.D is not None and self.D_std is not None:
            lines.append(f"as diffusion in one phase: D = {self.D:.4g} +- {self.D_std:.1g} m2/s")
        return tuple(lines)

    def to_dict(self) -> dict[str, object]:
        """Return the comparison for JSON, units in the names; None where a value cannot be had."""
        units = {
            "temperature": "temperature_K", "potential": "potential_V", "slope": "slope_A_sqrt_s",
            "slope_std": "slope_std_A_sqrt_s", "window": "window_s", "D": "D_m2_s", "D_std": "D_std_m2_s",
            "k": "k_m2_s", "k_std": "k_std_m2_s",
        }  # fmt: skip
        return {
            units.get(name, name): list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }


def cottrell_comparison(
    dataset: xr.Dataset, step: int, *, composition_step: float | None = None, length: float | None = None
) -> CottrellComparison:
    """Compare the current of a hold with 1/sqrt(t).

    Parameters
    ----------
    dataset : A run, or a recorded series labelled like one.
    step : Number of the hold.
    composition_step : Change of the li fraction at the contact, for the D of a step within one phase.
    length : Diffusion length L [m]; None: active volume over total contact area.

    Returns
    -------
    CottrellComparison
        The times, the current, and where they agree with 1/sqrt(t).

    Raises
    ------
    InputError
        No such drive step, or it is no hold; an argument outside its range; something missing in the dataset.
    """
    record = _hold(dataset, step)
    if composition_step is not None and not 0.0 < abs(composition_step) <= 1.0:
        raise InputError("composition_step", composition_step, "other than 0, up to 1", "give x2 - x1")
    reach = diffusion_length(dataset) if length is None else length
    if not (math.isfinite(reach) and reach > 0.0):
        raise InputError("length", length, "> 0 m", "give the thickness of the particle behind its contact")
    per_depth = positive_attribute(dataset, "capacity_C") / reach
    moves = _front_moves(dataset, record)
    found = _longest_range(binned_current(step_series(dataset, record).intervals(), _PER_DECADE))
    slope, slope_std, window = found or (None, None, None)
    D = k = None
    if slope is not None and moves:
        k = 2.0 * (slope / (per_depth * (record.x_rich - record.x_poor))) ** 2
    elif slope is not None and composition_step is not None:
        D = math.pi * (slope / (per_depth * composition_step)) ** 2
    twice = 2.0 * slope_std / slope if slope and slope_std is not None else 0.0
    return CottrellComparison(
        step=record.number,
        temperature=record.temperature,
        potential=float(record.value or 0.0),
        front_moves=moves,
        slope=slope,
        slope_std=slope_std,
        window=window,
        D=D,
        D_std=None if D is None else D * twice,
        k=k,
        k_std=None if k is None else k * twice,
        reason=None if found else f"|I| follows 1/sqrt(t) nowhere over a factor {_LEAST_FACTOR:g} of time",
    )


def _hold(dataset: xr.Dataset, number: int) -> DriveStepRecord:
    record = numbered_step(dataset, number)
    if record.kind != "hold" or record.value is None:
        raise InputError("step", number, "a hold", f"drive step {number} is a {record.kind}")
    return record


def _front_moves(dataset: xr.Dataset, hold: DriveStepRecord) -> bool:
    """Whether the hold drives the particle out of the phase, or the gap, in which it finds it."""
    start = li_fraction_at(dataset, hold.start)
    over = float(hold.value or 0.0) - positive_attribute(dataset, "plateau_V")
    return (over > 0.0 and start > hold.x_poor) or (over < 0.0 and start < hold.x_rich)


def _longest_range(
    bins: tuple[Floats, Floats, Floats, Floats],
) -> tuple[float, float, tuple[float, float]] | None:
    """Mean of |I| sqrt(t) [A s^1/2], its deviation, and the longest range [s] in which it is constant."""
    middle, current, begin, end = bins
    if not middle.size:
        return None
    product = np.abs(current) * np.sqrt(middle)
    widest = (1.0 + _TOLERANCE) / (1.0 - _TOLERANCE)
    best, longest, first = (0, 0), 0.0, 0
    for last in range(product.size):
        while product[first : last + 1].max() > widest * product[first : last + 1].min():
            first += 1
        if math.log(middle[last] / middle[first]) > longest:
            best, longest = (first, last), math.log(middle[last] / middle[first])
    if longest < math.log(_LEAST_FACTOR):
        return None
    inside = slice(best[0], best[1] + 1)
    values = product[inside]
    deviation = float(values.std(ddof=1)) / math.sqrt(values.size)
    return float(values.mean()), deviation, (float(begin[inside][0]), float(end[inside][-1]))
