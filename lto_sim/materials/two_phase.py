"""A host with two phases and a miscibility gap, and the excess w that drives its fluxes.

    w(x) = x - x_poor (x < x_poor),   0 (in the gap),   x - x_rich (x > x_rich)

is continuous and monotone and vanishes at the front (local equilibrium); fluxes are -D grad w with D of the
phase. The open-circuit potential is the plateau in the gap and an ideal solution
outside, matched at the edges:

    E = E_plateau + (R T / F) ln[ x*/(1 - x*) (1 - x)/x ],   x* the nearer edge.

Source: derived for this package, in the manner of the enthalpy form of a Stefan problem (V. R. Voller and
C. R. Swaminathan, Numer. Heat Transf. B 19 (1991) 175); the tails are those of an ideal solution.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from lto_sim.constants import FARADAY, GAS_CONSTANT
from lto_sim.errors import InputError
from lto_sim.materials.arrhenius import Arrhenius
from lto_sim.materials.windows import Windows

__all__ = ["Phase", "TwoPhaseMaterial"]


@dataclass(frozen=True)
class Phase:
    """One phase of the host.

    Parameters
    ----------
    name : Chemical name.
    short : Short name, as used in scenario keys (``Li4`` of ``D_Li4``).
    diffusivity : Chemical diffusivity [m2 s-1].
    """

    name: str
    short: str
    diffusivity: Arrhenius


@dataclass(frozen=True)
class TwoPhaseMaterial:
    """Two phases, the gap between them, and the potential scale.

    Methods that take arrays are elementwise: a result has the shape of the compositions.

    Parameters
    ----------
    name : Name of the material.
    poor, rich : The lithium-poor and the lithium-rich phase.
    windows : Edges of the gap as a function of temperature.
    insertable_concentration : Lithium that x from 0 to 1 stands for [mol m-3].
    plateau_potential : Potential in the gap [V] against `reference_electrode`.
    reference_electrode : Name of the potential scale.
    density : Mass density [kg m-3].
    potential_window : Potentials [V] between which two phases are all there is.
    """

    name: str
    poor: Phase
    rich: Phase
    windows: Windows
    insertable_concentration: float
    plateau_potential: float
    reference_electrode: str
    density: float
    potential_window: tuple[float, float] = (-math.inf, math.inf)

    def edges(self, temperature: float) -> tuple[float, float]:
        """Gap edges (x_poor, x_rich) [li fraction] at `temperature` [K]."""
        return self.windows.edges(temperature)

    def excess(self, x: ArrayLike, temperature: float) -> NDArray[np.float64]:
        """Excess w [li fraction] of li fraction `x` at `temperature` [K]."""
        x_poor, x_rich = self.edges(temperature)
        values = np.asarray(x, dtype=np.float64)
        return np.minimum(values - x_poor, 0.0) + np.maximum(values - x_rich, 0.0)

    def composition(
        self, w: ArrayLike, temperature: float, at_front: Literal["poor", "rich"] = "poor"
    ) -> NDArray[np.float64]:
        """Composition x of excess `w`: the inverse of :meth:`excess`.

        Parameters
        ----------
        w : Excess [li fraction].
        temperature : Temperature [K].
        at_front : Which edge stands for w = 0, where every composition of the gap is possible.

        Returns
        -------
        ndarray
            Li fraction x.
        """
        x_poor, x_rich = self.edges(temperature)
        values = np.asarray(w, dtype=np.float64)
        rich_side = values >= 0.0 if at_front == "rich" else values > 0.0
        return np.where(rich_side, x_rich + values, x_poor + values)

    def open_circuit_potential(self, x: ArrayLike, temperature: float) -> NDArray[np.float64]:
        """Potential [V] against the reference electrode of li fraction `x` at `temperature` [K].

        Raises
        ------
        InputError
            A li fraction at or beyond 0 or 1, where the potential diverges.
        """
        x_poor, x_rich = self.edges(temperature)
        values = np.asarray(x, dtype=np.float64)
        if np.any((values <= 0.0) | (values >= 1.0)):
            raise InputError("x", x, "between 0 and 1, both excluded", "the potential diverges at the ends")
        thermal = GAS_CONSTANT * temperature / FARADAY
        edge = np.clip(values, x_poor, x_rich)
        nearest = np.where(values < x_poor, x_poor, np.where(values > x_rich, x_rich, edge))
        return np.asarray(self.plateau_potential + thermal * (logit(nearest) - logit(values)))

    def equilibrium_composition(self, potential: float, temperature: float) -> float:
        """Li fraction of a surface at `potential` [V] and `temperature` [K]; the gap's middle on the plateau.

        Raises
        ------
        InputError
            A potential that is not finite.
        """
        x_poor, x_rich = self.edges(temperature)
        if not math.isfinite(potential):
            raise InputError("potential", potential, "a finite number of volts", "give for example 1.6")
        over = (potential - self.plateau_potential) * FARADAY / (GAS_CONSTANT * temperature)
        if over == 0.0:
            return 0.5 * (x_poor + x_rich)
        edge = x_poor if over > 0.0 else x_rich
        return float(expit(logit(edge) - over))

    def contact_excess(self, potential: float, temperature: float) -> float:
        """Excess w [li fraction] of a surface held at `potential` [V] at `temperature` [K]."""
        return float(self.excess(self.equilibrium_composition(potential, temperature), temperature))
