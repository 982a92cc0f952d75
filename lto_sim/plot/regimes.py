"""A regime map: a measure over two axes, the analytic crossovers on top, and where they do not hold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xarray as xr
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FormatStrFormatter, NullLocator
from numpy.typing import NDArray
from scipy.interpolate import RegularGridInterpolator

from lto_sim.errors import InputError
from lto_sim.plot.parameter_units import ShownUnit, shown_unit
from lto_sim.plot.style import MAP_COLOURS, figure, styled
from lto_sim.study.regimes import COVERAGE, REGIMES

__all__ = ["plot_regime_map"]

Floats = NDArray[np.float64]

_AXES: Final = {
    "surface.faces.at": "δD of a face",
    "surface.perimeter.at": "δD of the perimeter",
    "material.D_Li7.at": "D(Li7)",
    "material.D_Li4.at": "D(Li4)",
    "specimen.thickness": "thickness H",
    "temperature": "temperature",
    COVERAGE: "part of the side in contact",
}
_MEASURES: Final = {
    "shell_index": "shell index at half of the lithium",
    "k_over_bulk": "apparent k over k of the bulk",
    "k_apparent": "apparent k [m²/s]",
    "tip_exponent": "exponent p of the tip",
    "front_exponent": "exponent p of the mean front",
    "closure_near": "closure of the mid-plane at H/4 [s]",
    "closure_far": "closure of the mid-plane at H [s]",
    "regime": "regime by the analytic crossovers",
}
_CLASSES: Final = ("#0072B2", "#56B4E9", "#E69F00", "#D55E00", "#CC79A7")
"""Of the regimes, by number, from the Okabe-Ito set."""

_WIDE: Final = 20.0
"""Ratio of largest and least value from which on colours are logarithmic."""

_DECADES: Final = 50.0
"""Ratio of the ends of an axis below which its values are written out."""

_MOST_TICKS: Final = 8
_FINE: Final = 240
_NO_VALUE: Final = "0.8"
_OUTLINE: Final = "black"


@dataclass(frozen=True)
class _Line:
    """A crossover: where the ratio of two quantities of the map has a value.

    Parameters
    ----------
    over, under : Names of the quantities; no `under`: `over` is a share f, and f/(1 - f) = 2 l/H counts.
    level : Value of the ratio there.
    label : Legend.
    colour, style : Of the line.
    """

    over: str
    under: str
    level: float
    label: str
    colour: str
    style: str


_LINES: Final = (
    _Line("face_share", "", 1.0 / 9.0, "faces carry a tenth", "white", ":"),
    _Line("face_share", "", 1.0, "faces carry half, 2 l = H", "white", "--"),
    _Line("crossover_length", "way", 1.0, "faces: 2√(3 l H) = way", "white", "-"),
    _Line("perimeter_share", "", 1.0 / 9.0, "walls carry a tenth", "#F0B6D0", ":"),
    _Line("perimeter_crossover", "way", 1.0, "walls: their crossover = way", "#F0B6D0", "-"),
)


def plot_regime_map(
    regimes: xr.Dataset,
    measure: str = "shell_index",
    *,
    x: str | None = None,
    y: str | None = None,
    title: str = "",
) -> Figure:
    """Plot a measure of a regime map.

    Crosses mark points at which the analytic answer to a rate constant or a closure time does not hold, or
    which were read before the crossover. Crossovers end beside points that were refused or whose surface does
    not conduct.

    Parameters
    ----------
    regimes : From `regime_map`, over two axes: choose of further ones with ``isel``.
    measure : Variable that is shown.
    x, y : Axes across and up; default: the second and the first.
    title : Title; default: the measure.

    Raises
    ------
    InputError
        A variable or axes that the map does not have, or a map over another number of axes.
    """
    if not isinstance(regimes, xr.Dataset):
        raise InputError("regimes", regimes, "a Dataset", "give what regime_map returns")
    across, up = _chosen_axes(regimes, measure, x, y)
    regimes = regimes.sortby([across, up])
    values = regimes[measure].transpose(up, across).values.astype(np.float64)
    grids = tuple(_Grid.of(regimes, name) for name in (across, up))
    with styled():
        page = figure(7.2, 5.9)
        ax = page.subplots()
        handles = _values(page, ax, grids, values, measure)
        _frame(ax, grids)
        handles += _crossovers(ax, grids, regimes, (up, across))
        handles += _invalid(ax, grids, regimes, measure, (up, across))
        if handles:
            page.legend(handles=handles, loc="outside lower center", ncols=2, handlelength=2.6)
        ax.set_title(title or _words(regimes, measure))
        return page


@dataclass(frozen=True, eq=False)
class _Grid:
    """An axis as it is drawn: values in the unit shown, and the edges of its cells."""

    name: str
    values: Floats
    edges: Floats
    log: bool
    label: str

    @classmethod
    def of(cls, regimes: xr.Dataset, name: str) -> _Grid:
        """Axis of a map."""
        coordinate = regimes[name]
        unit = ShownUnit("") if name == COVERAGE else shown_unit(name)
        values = np.array([unit.value(float(v)) for v in coordinate.values])
        log = coordinate.attrs.get("scale") == "log" and bool(np.all(values > 0.0))
        words = _AXES.get(name, name)
        shown = unit.name.replace("degC", "°C").replace("m2", "m²").replace("m3", "m³")
        label = f"{words} [{shown}]" if shown else words
        return cls(name, values, _edges(values, log), log, label)

    def even(self, values: Floats) -> Floats:
        """Values on the scale of the axis."""
        return np.log(values) if self.log else values


def _edges(values: Floats, log: bool) -> Floats:
    """Edges of cells around values; a single value has a cell of its own size."""
    even = np.log(values) if log else values
    if even.size == 1:
        half = 0.5 if log or even[0] == 0.0 else 0.5 * abs(even[0])
        edges = np.array([even[0] - half, even[0] + half])
    else:
        inner = 0.5 * (even[1:] + even[:-1])
        edges = np.concatenate([[2.0 * even[0] - inner[0]], inner, [2.0 * even[-1] - inner[-1]]])
    return np.asarray(np.exp(edges) if log else edges)


def _chosen_axes(regimes: xr.Dataset, measure: str, x: str | None, y: str | None) -> tuple[str, str]:
    known = sorted(str(name) for name, variable in regimes.data_vars.items() if variable.dtype.kind in "biuf")
    if measure not in known:
        raise InputError("measure", measure, ", ".join(known), "choose a variable of the map")
    names = [str(name) for name in regimes[measure].dims]
    if len(names) != 2:
        remedy = "choose values of the others: regimes.isel({...: 0})" if len(names) > 2 else "map over two"
        raise InputError("regimes", names, "two axes", remedy)
    for given in (x, y):
        if given is not None and given not in names:
            raise InputError("x, y", given, " or ".join(names), "name an axis of the map")
    if x is not None and x == y:
        raise InputError("x, y", x, "two different axes", "leave one out")
    if x is None:
        x = names[1] if y is None or y == names[0] else names[0]
    return x, y or next(name for name in names if name != x)


def _words(regimes: xr.Dataset, measure: str) -> str:
    if measure in _MEASURES:
        return _MEASURES[measure]
    attributes = regimes[measure].attrs
    unit = attributes.get("units", "1")
    return f"{attributes.get('long_name', measure)}" + (f" [{unit}]" if unit != "1" else "")


def _values(page: Figure, ax: Axes, grids: tuple[_Grid, ...], values: Floats, measure: str) -> list[Any]:
    """Draw the heat map; what could not be read is grey. Return entries of the legend."""
    across, up = grids
    shown = np.ma.masked_invalid(values if measure != "regime" else np.where(values < 0.0, np.nan, values))
    norm, colours = _scale(values, measure)
    image = ax.pcolormesh(across.edges, up.edges, shown, cmap=colours, norm=norm)
    ax.set_facecolor(_NO_VALUE)
    handles: list[Any] = []
    if measure == "regime":
        used = sorted({int(v) for v in values.ravel() if v >= 0.0})
        handles = [Patch(facecolor=_CLASSES[n], edgecolor="0.3", label=REGIMES[n]) for n in used]
    else:
        page.colorbar(image, ax=ax, pad=0.02).set_label(_MEASURES.get(measure, measure))
    if np.ma.is_masked(shown):
        handles.append(Patch(facecolor=_NO_VALUE, edgecolor="0.3", label="not read"))
    return handles


def _scale(values: Floats, measure: str) -> tuple[Normalize, Any]:
    if measure == "regime":
        return BoundaryNorm(np.arange(len(REGIMES) + 1) - 0.5, len(REGIMES)), ListedColormap(_CLASSES)
    finite = values[np.isfinite(values)]
    if measure == "shell_index":
        return Normalize(min(0.0, float(finite.min(initial=0.0))), 1.0), MAP_COLOURS
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if low > 0.0 and high > _WIDE * low:
        return LogNorm(low, high), MAP_COLOURS
    return Normalize(low, high if high > low else low + 1.0), MAP_COLOURS


def _frame(ax: Axes, grids: tuple[_Grid, ...]) -> None:
    across, up = grids
    for axis, grid, scale in ((ax.xaxis, across, ax.set_xscale), (ax.yaxis, up, ax.set_yscale)):
        if grid.log:
            scale("log")
        if grid.values.max() < _DECADES * abs(grid.values.min()):
            axis.set_major_locator(FixedLocator(_thinned(grid.values)))
            axis.set_major_formatter(FormatStrFormatter("%.4g"))
            axis.set_minor_locator(NullLocator())
    ax.set(xlim=sorted(across.edges[[0, -1]]), ylim=sorted(up.edges[[0, -1]]), xlabel=across.label,
           ylabel=up.label)  # fmt: skip
    ax.spines[["top", "right"]].set_visible(True)


def _thinned(values: Floats) -> list[float]:
    """So few values that their labels do not meet."""
    step = math.ceil(max(values.size - 1, 1) / (_MOST_TICKS - 1))
    return [float(v) for v in values[::step]]


def _crossovers(ax: Axes, grids: tuple[_Grid, ...], regimes: xr.Dataset, order: Sequence[str]) -> list[Any]:
    """Draw the crossovers that pass through the map."""
    across, up = grids
    if across.values.size < 2 or up.values.size < 2:
        return []
    spans = [np.sort(g.even(g.edges)) for g in grids]
    fine = [np.linspace(float(s[0]), float(s[-1]), _FINE) for s in spans]
    x, y = (np.exp(v) if g.log else v for v, g in zip(fine, grids, strict=True))
    handles: list[Any] = []
    for line in _LINES:
        over = regimes[line.over].transpose(*order).values
        under = line.level * (regimes[line.under].transpose(*order).values if line.under else 1.0 - over)
        holds = np.isfinite(over) & (over > 0.0)
        ratio = np.where(holds, over, np.nan) / np.where(holds, under, 1.0)
        height = _refined(np.log(ratio), grids, fine)
        seen = height[np.isfinite(height)]
        if seen.size == 0 or seen.min() >= 0.0 or seen.max() <= 0.0:
            continue
        drawn = ax.contour(x, y, height, levels=[0.0], colors=[line.colour], linestyles=[line.style],
                           linewidths=2.0)  # fmt: skip
        drawn.set_path_effects(_outlined(3.6))
        handles.append(
            Line2D([], [], color=line.colour, ls=line.style, lw=2.0, label=line.label,
                   path_effects=_outlined(3.6))
        )  # fmt: skip
    return handles


def _outlined(width: float) -> list[Any]:
    return [patheffects.withStroke(linewidth=width, foreground=_OUTLINE)]


def _refined(values: Floats, grids: tuple[_Grid, ...], fine: Sequence[Floats]) -> Floats:
    """Interpolate values (y, x) linearly on the scales of the axes, to the edges of the outermost cells."""
    across, up = grids
    columns, rows = (np.argsort(g.values) for g in (across, up))
    points = (up.even(up.values[rows]), across.even(across.values[columns]))
    interpolate = RegularGridInterpolator(
        points, values[np.ix_(rows, columns)], bounds_error=False, fill_value=None
    )
    grid = np.meshgrid(fine[1], fine[0], indexing="ij")
    return np.asarray(interpolate(np.stack([g.ravel() for g in grid], axis=1)).reshape(_FINE, _FINE))


def _invalid(
    ax: Axes, grids: tuple[_Grid, ...], regimes: xr.Dataset, measure: str, order: Sequence[str]
) -> list[Any]:
    """Mark points where the analytic answer to the measure does not hold."""
    if measure in {"k_over_bulk", "k_apparent"}:
        holds = regimes["k_valid"].transpose(*order).values.astype(bool)
        holds &= regimes["beyond_crossover"].transpose(*order).values == 1.0
        label = "k (1 + 2 l/H) does not hold, or crossover not reached"
    elif measure in {"closure_near", "closure_far"}:
        holds = regimes["closure_valid"].transpose(*order).values.astype(bool)
        label = "analytic closure does not hold"
    else:
        return []
    rows, columns = np.nonzero(~holds)
    if rows.size == 0:
        return []
    size = 9.0 * min(1.0, 8.0 / math.sqrt(holds.size))
    style: dict[str, Any] = {"marker": "X", "ls": "", "mfc": "white", "mec": "black", "mew": 0.9}
    ax.plot(grids[0].values[columns], grids[1].values[rows], ms=size, **style)
    return [Line2D([], [], ms=8.0, label=label, **style)]
