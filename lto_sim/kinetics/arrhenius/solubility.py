"""Activation energy of k and of D: different things.

    k = 2 gamma^2 D,      gamma(A, B, phi) from :mod:`lto_sim.exact.wagner`

A, the excess at the contact over the gap, and B, the undersaturation of the parent over the gap, follow from
the edges of the miscibility gap at the temperature; where these move with temperature, gamma does, and
Ea(k) = Ea(D) + what gamma adds (about 0.13 eV for a regular solution). The parent's diffusivity enters where
B > 0, and is the material's.

Source: C. Wagner in W. Jost, Diffusion in Solids, Liquids, Gases (1952), as in `lto_sim.exact.wagner`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lto_sim.errors import InputError
from lto_sim.exact import wagner
from lto_sim.kinetics.arrhenius.line import ArrheniusFit
from lto_sim.kinetics.arrhenius.observations import temperatures
from lto_sim.materials import TwoPhaseMaterial
from lto_sim.provenance import K_DEFINITIONS

__all__ = ["ActivationEnergies", "FrontSolubility", "activation_energies"]

Floats = NDArray[np.float64]
Direction = Literal["extraction", "insertion"]

_PER_TWO: dict[str, float] = {"2kt": 1.0, "kt": 0.5}


@dataclass(frozen=True)
class FrontSolubility:
    """What a front's growth parameter follows from.

    Parameters
    ----------
    material : Gap edges over temperature, and the parent's diffusivity.
    direction : ``extraction`` (the poor phase grows) or ``insertion`` (the rich one).
    contact : Composition at the contact [li fraction].
    start : Composition of the parent before [li fraction]; None for a saturated parent (B = 0).

    Raises
    ------
    InputError
        An unknown direction.
    """

    material: TwoPhaseMaterial
    direction: Direction
    contact: float
    start: float | None = None

    def __post_init__(self) -> None:
        if self.direction not in {"extraction", "insertion"}:
            raise InputError(
                "direction", self.direction, '"extraction" or "insertion"', "choose one of the two"
            )

    @classmethod
    def of_experiment(cls, material: TwoPhaseMaterial, direction: Direction) -> FrontSolubility:
        """Return that of the published experiment.

        The contact is held at the end of the range. On extraction the parent starts at x = 1, beyond its
        edge; on insertion the finite core saturates within the first seconds or minutes, so it is saturated.

        Parameters
        ----------
        material : Gap edges over temperature, and the parent's diffusivity.
        direction : ``extraction`` or ``insertion``.
        """
        return cls(material, direction, *((0.0, 1.0) if direction == "extraction" else (1.0, None)))

    def excess(self, temperature: float) -> tuple[float, float]:
        """Return A and B of Wagner [1] at `temperature` [K].

        Raises
        ------
        InputError
            A contact that does not make the phase grow, a start that is not in the parent phase, no gap.
        """
        x_poor, x_rich = self.material.edges(temperature)
        sign = 1.0 if self.direction == "insertion" else -1.0
        contact = sign * float(self.material.excess(self.contact, temperature)) / (x_rich - x_poor)
        if contact <= 0.0:
            edge = f"above {x_rich:.4g}" if sign > 0.0 else f"below {x_poor:.4g}"
            raise InputError(
                "contact", self.contact, f"{edge} at {temperature:g} K, for {self.direction}",
                "give the composition that the contact is held at",
            )  # fmt: skip
        if self.start is None:
            return contact, 0.0
        parent = -sign * float(self.material.excess(self.start, temperature)) / (x_rich - x_poor)
        if parent < 0.0 or (parent == 0.0 and self.start not in {x_poor, x_rich}):
            edge = f"{x_poor:.4g} or less" if sign > 0.0 else f"{x_rich:.4g} or more"
            raise InputError(
                "start", self.start, f"{edge} at {temperature:g} K, in the parent phase",
                "None for a saturated parent",
            )  # fmt: skip
        return contact, parent

    def diffusivity(
        self, temperature: ArrayLike, k: ArrayLike, k_convention: Literal["2kt", "kt"] = "2kt"
    ) -> Floats:
        """Return the diffusivity of the growing phase [m2/s], shape (n,).

        Parameters
        ----------
        temperature : Temperatures [K], shape (n,).
        k : Rate constants [m2/s], shape (n,).
        k_convention : Law that defines `k`.

        Raises
        ------
        InputError
            A convention that is none, or numbers outside their ranges.
        """
        if k_convention not in _PER_TWO:
            raise InputError(
                "k_convention", k_convention, " or ".join(K_DEFINITIONS), "state which law defines k"
            )
        kelvin, rate = np.broadcast_arrays(temperatures(temperature), np.asarray(k, dtype=np.float64))
        growing_rich = self.direction == "insertion"
        parent = (self.material.poor if growing_rich else self.material.rich).diffusivity
        values = []
        for one, of_one in zip(kelvin.ravel(), rate.ravel(), strict=True):
            excess, undersaturation = self.excess(float(one))
            values.append(
                wagner.diffusivity_given_parent(
                    float(of_one) * _PER_TWO[k_convention], excess, undersaturation, parent(float(one))
                )
            )
        return np.array(values).reshape(kelvin.shape)


@dataclass(frozen=True, eq=False)
class ActivationEnergies:
    """Ea of k, Ea of D, and what lies between them.

    Parameters
    ----------
    of_k : Line of the rate constants.
    of_D : Line of the growing phase's diffusivities [m2/s], fitted in the same way.
    growth_parameter : gamma of every point [1], shape (n,).
    solubility : What it follows from, taken as known: the interval of Ea(D) does not contain its error.
    """

    of_k: ArrheniusFit
    of_D: ArrheniusFit
    growth_parameter: Floats
    solubility: FrontSolubility

    @property
    def difference_eV(self) -> float:
        """Ea(k) less Ea(D) [eV]."""
        return self.of_k.Ea_eV - self.of_D.Ea_eV


def activation_energies(
    fit: ArrheniusFit, solubility: FrontSolubility, k_convention: Literal["2kt", "kt"] = "2kt"
) -> ActivationEnergies:
    """Return Ea of the rate constants of a fit, and Ea of the diffusivities that they stand for.

    Parameters
    ----------
    fit : Line of rate constants [m2/s], of one direction.
    solubility : Edges, contact and start of that direction.
    k_convention : Law that defines k.

    Raises
    ------
    InputError
        What :meth:`FrontSolubility.diffusivity` refuses.
    """
    diffusivity = solubility.diffusivity(fit.temperature, fit.k, k_convention)
    gamma = np.sqrt(_PER_TWO[k_convention] * fit.k / (2.0 * diffusivity))
    return ActivationEnergies(fit, fit.with_rates(diffusivity), gamma, solubility)
