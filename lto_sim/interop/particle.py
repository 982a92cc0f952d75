"""What a scenario knows of one active particle, in the terms of battery models.

A battery model's stoichiometry is the li fraction x: its concentration is x times the insertable
concentration (the lithium of Li4Ti5O12 itself does not count). Functions take numbers, arrays and PyBaMM's
symbols.

In the gap nothing diffuses down a gradient of x: the flux is -D grad w, and the excess w is 0 there. A model
with one diffusivity D(x) cannot say that; `diffusivity` bridges the gap evenly in log D, as a stand-in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from lto_sim.constants import FARADAY, GAS_CONSTANT
from lto_sim.errors import InputError
from lto_sim.materials import Arrhenius, ConstantWindows, TwoPhaseMaterial
from lto_sim.scenario import Scenario, build_contacts, build_material, build_specimen
from lto_sim.specimen import Radial
from lto_sim.units import to_si

__all__ = ["Electrode", "Particle", "particle_of", "shifted_potential"]

Electrode = Literal["negative", "positive"]
Function = Callable[..., Any]

_SYMMETRIC: Final = 0.5


@dataclass(frozen=True)
class Particle:
    """An active particle.

    Parameters
    ----------
    material : Host, in SI.
    temperature : Temperature of the scenario [K].
    radius : Radius of a sphere [m]; None: the specimen is none.
    initial : Uniform li fraction at the start; None: it is not uniform.
    rate : k0 of Butler-Volmer kinetics [m s-1]; None: the contacts follow other laws, or several.
    transfer_coefficient : alpha of the reduction with it.
    """

    material: TwoPhaseMaterial
    temperature: float
    radius: float | None
    initial: float | None
    rate: Arrhenius | None
    transfer_coefficient: float

    @property
    def maximum_concentration(self) -> float:
        """Concentration at x = 1 [mol m-3]."""
        return self.material.insertable_concentration

    @property
    def edges(self) -> tuple[float, float]:
        """Edges of the gap at the temperature of the scenario."""
        return self.material.edges(self.temperature)

    @property
    def symmetric(self) -> bool:
        """Whether the transfer coefficient is a half."""
        return abs(self.transfer_coefficient - _SYMMETRIC) < 1e-12

    def diffusivity(self, x: Any, temperature: Any) -> Any:
        """Diffusivity [m2 s-1] at li fraction `x` and `temperature` [K]; on the gap see the module."""
        low, high = self.edges
        part = np.minimum(np.maximum((x - low) / (high - low), 0.0), 1.0)
        poor, rich = self.material.poor.diffusivity, self.material.rich.diffusivity
        return np.exp(
            (1.0 - part) * log_arrhenius(poor, temperature) + part * log_arrhenius(rich, temperature)
        )

    def kirchhoff(self, x: Any, temperature: Any) -> Any:
        """D times the excess [m2 s-1], whose negative gradient is the flux, front and all."""
        low, high = self.edges
        poor, rich = self.material.poor.diffusivity, self.material.rich.diffusivity
        below, above = np.minimum(x - low, 0.0), np.maximum(x - high, 0.0)
        return (
            np.exp(log_arrhenius(poor, temperature)) * below
            + np.exp(log_arrhenius(rich, temperature)) * above
        )

    def tails(self, x: Any) -> Any:
        """Open-circuit potential less the plateau, in R T / F."""
        low, high = (float(np.log(edge / (1.0 - edge))) for edge in self.edges)
        own = np.log(x / (1.0 - x))
        return np.maximum(low - own, 0.0) + np.minimum(high - own, 0.0)

    def open_circuit_potential(self, x: Any, shift: float = 0.0) -> Any:
        """Potential [V] at li fraction `x` in (0, 1) and the scenario's temperature, `shift` [V] added."""
        thermal = GAS_CONSTANT * self.temperature / FARADAY
        return self.material.plateau_potential + shift + thermal * self.tails(x)

    @property
    def entropic(self) -> bool:
        """Whether the potential is linear in temperature: where the edges of the gap do not move."""
        return isinstance(self.material.windows, ConstantWindows)

    def exchange_current(self, x: Any, temperature: Any) -> Any:
        """i0 = F k0 dc x^alpha (1 - x)^(1 - alpha) [A m-2]."""
        if self.rate is None:
            raise InputError("contacts", None, "one with law butler_volmer", "the scenario states no k0")
        alpha = self.transfer_coefficient
        constant = FARADAY * self.maximum_concentration * np.exp(log_arrhenius(self.rate, temperature))
        return constant * x**alpha * (1.0 - x) ** (1.0 - alpha)


def log_arrhenius(law: Arrhenius, temperature: Any) -> Any:
    """Natural logarithm of a law's value at `temperature` [K], a number or a symbol."""
    inverse = 1.0 / temperature - 1.0 / law.reference
    return float(np.log(law.at)) - law.activation_energy / GAS_CONSTANT * inverse


def particle_of(scenario: Scenario, temperature: float | str | None = None) -> Particle:
    """Collect what a scenario knows of its particle.

    Parameters
    ----------
    scenario : The description.
    temperature : Instead of the scenario's, number [K] or text with unit; edges of the gap and the potential
        are those at this temperature.

    Raises
    ------
    InputError
        A temperature out of range.
    """
    if temperature is not None:
        scenario = scenario.with_values({"temperature": temperature})
    outline = build_specimen(scenario).outline
    radius = outline.radius if isinstance(outline, Radial) and outline.shape == "sphere" else None
    contacts = build_contacts(scenario)
    laws = {contact.kinetics for contact in contacts}
    (law,) = laws if len(laws) == 1 else (None,)
    usable = law is not None and law.reorganization_energy is None
    return Particle(
        build_material(scenario),
        scenario.temperature,
        radius,
        float(scenario.initial) if isinstance(scenario.initial, int | float) else None,
        law.constant if law is not None and usable else None,
        law.transfer_coefficient if law is not None else _SYMMETRIC,
    )


def shifted_potential(particle: Particle, reference_potential: float | str | None) -> tuple[float, str]:
    """What is added to potentials [V], and the scale that they are then on, in words."""
    own = particle.material.reference_electrode
    if reference_potential is None:
        return 0.0, f"against {own}"
    shift = to_si(reference_potential, "potential", "reference_potential")
    return shift, f"against Li, {own} taken at {shift:g} V"
