"""Contacts: named stretches of the outline where the host touches the solid electrolyte.

A stretch is given by a side and an interval along it, counted from the top (left, right) or from the left
(top, bottom); by arc length; by a region; or by a label image. Two contacts must not overlap.

Sources of the reactions: M. Doyle, T. F. Fuller and J. Newman, J. Electrochem. Soc. 140 (1993) 1526
(exchange current); C. E. D. Chidsey, Science 251 (1991) 919 (Marcus-Hush-Chidsey).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.materials import Arrhenius
from lto_sim.specimen.outline import Outline

__all__ = [
    "AnyStretch",
    "ArcStretch",
    "Contact",
    "LabelStretch",
    "ReactionKinetics",
    "RegionStretch",
    "Stretch",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Stretch:
    """Interval on a side of the outline.

    Parameters
    ----------
    side : ``left``, ``right``, ``top``, ``bottom`` of a rectangle (a slab has the first two); ``outer`` of a
        radial body; ``all`` of a rectangle or a free outline, counted by arc length.
    start, end : Interval [m] along the side; None is the side's own end.
    """

    side: str
    start: float | None = None
    end: float | None = None

    def resolve(self, outline: Outline, field: str) -> tuple[float, float]:
        """Return (start, end) [m] along the side of `outline`; `field` is the name used in errors.

        Raises
        ------
        InputError
            A side that the outline does not have, or an interval that leaves it.
        """
        if self.side not in outline.sides:
            raise InputError(
                f"{field}.side", self.side, " or ".join(outline.sides), "name a side of this outline"
            )
        length = outline.side_length(self.side)
        start = 0.0 if self.start is None else self.start
        end = length if self.end is None else self.end
        slack = 1e-9 * length
        if not -slack <= start < length:
            raise InputError(
                f"{field}.from", start, f"0 to {length:g} m", "the contact must lie on the outline"
            )
        if not start < end <= length + slack:
            raise InputError(
                f"{field}.to",
                end,
                f"above {start:g} m, at most {length:g} m",
                "the contact must lie on the outline",
            )
        return max(start, 0.0), min(end, length)


@dataclass(frozen=True)
class ArcStretch:
    """Interval of arc length along the exterior, from its first vertex in the order of the vertices.

    Parameters
    ----------
    start, end : Interval [m]; `end` may pass the whole perimeter (the stretch then runs through the start).
    """

    start: float
    end: float


@dataclass(frozen=True, eq=False)
class RegionStretch:
    """The part of the perimeter, holes included, that lies inside a polygon.

    Parameters
    ----------
    polygon : Vertices (n, 2) [m].
    """

    polygon: Floats


@dataclass(frozen=True, eq=False)
class LabelStretch:
    """The part of the perimeter beside the pixels of one label: within one and a half pixels of it.

    Where two labels are that near, the nearer one has the wall. A label that lies mostly inside the outline
    is the particle itself and takes no wall from another.

    Parameters
    ----------
    labels : Label image (rows, columns), 0 where nothing is.
    pixel_size : Size of a pixel [m].
    value : The label of this contact.
    origin : Corner (x, y) [m] of the first pixel.
    """

    labels: NDArray[np.int64]
    pixel_size: float
    value: int
    origin: tuple[float, float] = (0.0, 0.0)


AnyStretch = Stretch | ArcStretch | RegionStretch | LabelStretch


@dataclass(frozen=True)
class ReactionKinetics:
    """Constants of an interface reaction.

    Parameters
    ----------
    constant : Rate constant k0 [m s-1]; None: the contact lets nothing through.
    transfer_coefficient : alpha of the reduction (insertion) in Butler and Volmer's law [1].
    reorganization_energy : lambda of Marcus, Hush and Chidsey's law [J mol-1]; None: Butler and Volmer's.
    """

    constant: Arrhenius | None
    transfer_coefficient: float = 0.5
    reorganization_energy: float | None = None

    def rate(self, temperature: float) -> float:
        """Rate constant k0 [m s-1] at `temperature` [K]."""
        return 0.0 if self.constant is None else self.constant(temperature)


@dataclass(frozen=True)
class Contact:
    """A named contact and its law.

    Parameters
    ----------
    name : Name, as in the scenario.
    stretch : Where it is.
    transfer : Rate constant k_c [m s-1] of the `linear` law, flux = k_c dc (w_contact - w_surface); without
        it and `kinetics` the surface is held at the potential's composition (`equilibrium`).
    feeds : What it feeds: the bulk behind it, the conducting surface that ends on it, or both.
    kinetics : Interface reaction of the `butler_volmer` and `marcus_hush_chidsey` laws; None: another law.
    conductance : Conductance [ohm-1 m-2] of what lies in series with the contact; None: no resistance.
    capacitance : Double layer beside the reaction [F m-2].

    Raises
    ------
    InputError
        An unknown `feeds`.
    """

    name: str
    stretch: AnyStretch
    transfer: Arrhenius | None = None
    feeds: Literal["both", "bulk", "surface"] = "both"
    kinetics: ReactionKinetics | None = None
    conductance: Arrhenius | None = None
    capacitance: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether the surface is held at the potential's composition (`equilibrium`)."""
        return self.transfer is None and self.kinetics is None

    def __post_init__(self) -> None:
        if self.feeds not in {"both", "bulk", "surface"}:
            raise InputError(
                f"contacts.{self.name}.feeds", self.feeds, "both or bulk or surface", "name what it feeds"
            )
