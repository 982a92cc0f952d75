"""Numbers of a core-shell picture: how flat a front is, how far a shell runs along the wall, what is covered.

Everything is read from the saved states, without noise. The transformed fraction is 0 in the parent phase at
its gap edge and 1 in the growing one; its mean over the particle is the *content*.

front (z, y)
    Sum of the transformed fraction along x times the cell: where the front stands in each row and layer.
shell thickness h(x)
    The transformed fraction, projected, at the distance x from the contact, less its value at mid-height at
    the same x, summed from the wall to mid-height times the cell: the lithium that came by the wall. Mean of
    both walls.
h0, L
    h0 is h where the front at mid-height stands (x0); L is the way from x0 to where h has fallen to a tenth
    of h0 (or to the end of the wall). In the exact answer (section 5) that is 0.68 of the reach, so that L/h0
    understates the exact ratio of reach and thickness.
stated time
    The saved state nearest to a content of 0.2 of those before that place is at the end of the wall, where
    the shell turns the corner. The ratio falls as time goes on (as t^(-1/4) in the exact answer).
covered, intermediate
    A column is covered where both face layers are more than half transformed and the layers at mid-plane
    less than half; a pixel is intermediate where the projected li fraction is from 0.2 to 0.8.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.reproduce.experiment import Direction

__all__ = [
    "CONTENTS",
    "DEFINITIONS",
    "INTERMEDIATE",
    "PerimeterShell",
    "Transformed",
    "covered_shares",
    "front_spread",
    "mean_front",
    "perimeter_shell",
    "shells",
    "states_at",
    "transformed",
]

Floats = NDArray[np.float64]

CONTENTS: Final = (0.1, 0.3, 0.5, 0.7, 0.85)
"""Contents at which both directions are shown."""

INTERMEDIATE: Final = (0.2, 0.8)
"""Projected li fractions between those of the two phases."""

_TIP_PART = 0.1
_STATED = 0.2
_MIDDLE = (0.45, 0.55)

DEFINITIONS: Final = {
    "content": "transformed fraction, mean over the particle",
    "front_std_over_mean": "standard deviation of the front position over rows and layers, over its mean",
    "shell_thickness_m": (
        "h0: projected transformed fraction less that at mid-height, summed from the wall to mid-height, "
        "mean of both walls, where the front at mid-height stands"
    ),
    "shell_reach_m": "L: from the front at mid-height to where that thickness is a tenth of h0",
    "stated_time": "the state nearest to a content of 0.2 before that place is at the end of the wall",
    "covered_share": "columns with faces more than half transformed and mid-plane less than half",
    "intermediate_share": "pixels with a projected li fraction from 0.2 to 0.8",
}


@dataclass(frozen=True, eq=False)
class Transformed:
    """Transformed fraction of a run of a rectangle in a plane lamella.

    Parameters
    ----------
    fraction : Transformed fraction (time, z, y, x).
    lithium : Projected li fraction (time, y, x).
    time : Time of the states [s].
    cell : Cells (x, y) [m].
    """

    fraction: Floats
    lithium: Floats
    time: Floats
    cell: tuple[float, float]

    @property
    def projected(self) -> Floats:
        """Mean through the thickness (time, y, x)."""
        return np.asarray(self.fraction.mean(axis=1))

    @property
    def content(self) -> Floats:
        """Mean over the particle (time,)."""
        return np.asarray(self.fraction.mean(axis=(1, 2, 3)))


def transformed(run: xr.Dataset, direction: Direction, edges: tuple[float, float]) -> Transformed:
    """Transformed fraction of every saved state.

    Parameters
    ----------
    run : Solution of a rectangle of even thickness.
    direction : ``extraction`` grows the poor phase, ``insertion`` the rich one.
    edges : Gap edges of the poor and the rich phase [li fraction].
    """
    x = run["li_fraction"].transpose("time", "z", "y", "x").values.astype(np.float64)
    rich = np.clip((x - edges[0]) / (edges[1] - edges[0]), 0.0, 1.0)
    grown = rich if direction == "insertion" else 1.0 - rich
    cell = (2.0 * float(run["x"][0]), 2.0 * float(run["y"][0]))
    return Transformed(grown, x.mean(axis=1), run["time"].values, cell)


def states_at(data: Transformed, contents: Sequence[float]) -> list[int]:
    """State nearest to each content."""
    return [int(np.argmin(np.abs(data.content - content))) for content in contents]


def front_spread(data: Transformed, state: int) -> float:
    """Standard deviation of the front over rows and layers, over its mean."""
    front = data.fraction[state].sum(axis=2)
    return float(front.std() / front.mean())


def covered_shares(data: Transformed, state: int) -> dict[str, float]:
    """Share of covered columns, of intermediate pixels, and of intermediate pixels among the covered ones."""
    grown, lithium = data.fraction[state], data.lithium[state]
    count = grown.shape[0]
    middle = grown[(count - 1) // 2 : count // 2 + 1].mean(axis=0)
    covered = (np.minimum(grown[0], grown[-1]) > 0.5) & (middle < 0.5)
    between = (lithium >= INTERMEDIATE[0]) & (lithium <= INTERMEDIATE[1])
    both = float((covered & between).sum() / covered.sum()) if covered.any() else math.nan
    return {
        "covered_share": float(covered.mean()),
        "intermediate_share": float(between.mean()),
        "intermediate_share_of_covered": both,
    }


@dataclass(frozen=True)
class PerimeterShell:
    """Shell along the walls beside the contact, in one state.

    Parameters
    ----------
    time, content : When.
    front : Front at mid-height x0 [m].
    thickness, reach : h0 and L [m].
    at_end : Whether L goes to the end of the wall.
    """

    time: float
    content: float
    front: float
    thickness: float
    reach: float
    at_end: bool

    @property
    def ratio(self) -> float:
        """Tip over thickness, L/h0; NaN where there is no shell."""
        return self.reach / self.thickness if self.thickness > 0.0 else math.nan

    def numbers(self) -> dict[str, Any]:
        """Values by name, for ``summary.json``."""
        return {
            "time_s": self.time,
            "content": self.content,
            "mid_front_m": self.front,
            "shell_thickness_m": self.thickness,
            "shell_reach_m": self.reach,
            "reach_ends_at_corner": self.at_end,
            "tip_over_thickness": self.ratio,
        }


def shells(data: Transformed) -> list[PerimeterShell]:
    """Shell of every state."""
    (dx, dy), half = data.cell, data.fraction.shape[2] // 2
    extra = data.projected - _middle(data)[:, None, :]
    both = extra[:, :half].sum(axis=1) + extra[:, -half:].sum(axis=1)
    thickness: Floats = np.asarray(0.5 * dy * both, dtype=np.float64)
    x: Floats = np.asarray((np.arange(extra.shape[2]) + 0.5) * dx, dtype=np.float64)
    return [
        _shell(float(t), float(c), float(x0), h, x)
        for t, c, x0, h in zip(data.time, data.content, mean_front(data), thickness, strict=True)
    ]


def _middle(data: Transformed) -> Floats:
    """Projected transformed fraction at mid-height (time, x)."""
    rows = data.fraction.shape[2]
    middle = slice(int(_MIDDLE[0] * rows), math.ceil(_MIDDLE[1] * rows))
    return np.asarray(data.fraction[:, :, middle].mean(axis=(1, 2)))


def _shell(time: float, content: float, front: float, thickness: Floats, x: Floats) -> PerimeterShell:
    h0 = float(np.interp(front, x, thickness))
    thin = np.flatnonzero((x > front) & (thickness <= _TIP_PART * h0))
    end = float(x[thin[0]]) if thin.size else float(x[-1])
    return PerimeterShell(time, content, front, h0, max(end - front, 0.0), thin.size == 0)


def perimeter_shell(data: Transformed) -> PerimeterShell:
    """Shell at the stated time."""
    states = [shell for shell in shells(data) if shell.content > 0.0 and shell.thickness > 0.0]
    if not states:
        return PerimeterShell(math.nan, math.nan, math.nan, 0.0, 0.0, False)
    corner = next((i for i, shell in enumerate(states) if shell.at_end), len(states))
    return min(states[: max(corner, 1)], key=lambda shell: abs(shell.content - _STATED))


def mean_front(data: Transformed) -> Floats:
    """Mean front at mid-height [m] of every state, from the contact to where the projection is least."""
    middle = _middle(data)
    least = np.argmin(middle, axis=1)
    before = np.arange(middle.shape[1])[None, :] <= least[:, None]
    return np.asarray((middle * before).sum(axis=1) * data.cell[0])
