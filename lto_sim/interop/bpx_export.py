"""The overlap with BPX, the Battery Parameter eXchange format (JSON, version 1).

A BPX electrode needs numbers that a scenario does not have, above all the electrode's thickness and its
surface per volume. They are asked for (`given`), never invented; what is still missing is left out and named
in the header, and the file is then no complete BPX electrode.

BPX has one diffusivity with one activation energy. A phase of its own is carried over exactly; both phases
become a table at one temperature, in the gap bridged evenly in log D (see `lto_sim.interop.particle`),
without an activation energy unless both have the same. Both phases with their own, and the edges of the gap,
are kept as user-defined parameters. The moving front cannot be carried over.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from lto_sim.errors import InputError
from lto_sim.files import write_json
from lto_sim.interop.particle import Electrode, Particle, particle_of, shifted_potential
from lto_sim.provenance import CITATION, package_version
from lto_sim.scenario import Scenario

__all__ = ["missing_bpx_fields", "to_bpx", "write_bpx"]

Phases = Literal["both", "Li4", "Li7"]

_VERSION: Final = "1.0.0"
_SECTIONS: Final = {"negative": "Negative electrode", "positive": "Positive electrode"}
_REQUIRED: Final = (
    "Thickness [m]", "Minimum stoichiometry", "Maximum stoichiometry", "Maximum concentration [mol.m-3]",
    "Particle radius [m]", "Surface area per unit volume [m-1]", "Diffusivity [m2.s-1]", "OCP [V]",
    "Reaction rate constant [mol.m-2.s-1]",
)  # fmt: skip
"""What BPX asks of an electrode of single particles."""
_OPTIONAL: Final = (
    "Diffusivity activation energy [J.mol-1]", "Entropic change coefficient [V.K-1]",
    "Reaction rate constant activation energy [J.mol-1]", "Porosity", "Transport efficiency",
    "Conductivity [S.m-1]",
)  # fmt: skip
_END: Final = 1e-6
"""How far from 0 and 1 the tables of the potential end [li fraction]: it diverges there."""
_POINTS: Final = 400


def to_bpx(
    scenario: Scenario,
    temperature: float | str | None = None,
    *,
    electrode: Electrode = "negative",
    phase: Phases = "both",
    given: Mapping[str, float] | None = None,
    cell: Mapping[str, float] | None = None,
    reference_potential: float | str | None = None,
) -> dict[str, Any]:
    """Return what a scenario and BPX share, as a BPX document of the model "Partial".

    Parameters
    ----------
    scenario : The description.
    temperature : Reference temperature instead of the scenario's, number [K] or text with unit.
    electrode : The electrode that the particle stands in.
    phase : ``"Li4"`` or ``"Li7"``: diffusivity and activation energy of this phase; ``"both"``: a table.
    given : Fields of the electrode by their BPX names and in their units, such as ``{"Thickness [m]":
        4e-5}``; they win over the scenario.
    cell : The section "Cell" in the units of its field names, where it is known; the reference temperature is
        filled in.
    reference_potential : Potential of the scenario's reference electrode (In-Li) against lithium, number [V]
        or text with unit (about 0.62 V); BPX means potentials against lithium. None: they stay on the
        scenario's scale, and the header says so.

    Returns
    -------
    The document, plain values for JSON. `missing_bpx_fields` tells what BPX still asks for.

    Raises
    ------
    InputError
        Another electrode or phase, or a field that BPX does not know.
    """
    if electrode not in _SECTIONS:
        raise InputError("electrode", electrode, " or ".join(_SECTIONS), "choose one of them")
    known = (*_REQUIRED, *_OPTIONAL)
    for name in given or {}:
        if name not in known:
            raise InputError("given", name, ", ".join(known), "use the names of BPX")
    particle = particle_of(scenario, temperature)
    shift, scale = shifted_potential(particle, reference_potential)
    fields = {**_electrode(particle, phase, shift), **(given or {})}
    parameters: dict[str, Any] = {_SECTIONS[electrode]: fields, "User-defined": _own(particle)}
    if cell is not None:
        parameters["Cell"] = {"Reference temperature [K]": particle.temperature, **cell}
    document: dict[str, Any] = {
        "Header": {
            "BPX": _VERSION,
            "Title": scenario.title or f"{particle.material.poor.name} particle",
            "Description": "",
            "References": CITATION,
            "Model": "Partial",
        },
        "Parameterisation": parameters,
        "State": _state(particle, electrode, fields),
    }
    document["Header"]["Description"] = _description(particle, phase, scale, missing_bpx_fields(document))
    return document


def missing_bpx_fields(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Fields that BPX requires of the electrode of a document and that it lacks.

    Parameters
    ----------
    document : From `to_bpx`.

    Returns
    -------
    tuple
        Names of fields, as BPX writes them; empty where the electrode is complete.
    """
    parameters = document["Parameterisation"]
    fields = next(parameters[name] for name in _SECTIONS.values() if name in parameters)
    return tuple(name for name in _REQUIRED if name not in fields)


def write_bpx(
    scenario: Scenario,
    path: Path | str,
    temperature: float | str | None = None,
    *,
    force: bool = False,
    **options: Any,
) -> dict[str, Any]:
    """Write what a scenario and BPX share as a BPX file, and return it.

    Parameters
    ----------
    scenario : The description.
    path : The file, ``.json``.
    temperature : Reference temperature instead of the scenario's, number [K] or text with unit.
    force : Replace an existing file.
    options : What else `to_bpx` takes.

    Returns
    -------
    dict
        The document, as `to_bpx` returns it.

    Raises
    ------
    InputError
        Another ending, a target that may not be written, or what `to_bpx` refuses.
    """
    path = Path(path)
    if path.suffix.lower() != ".json":
        raise InputError("path", str(path), "a name that ends in .json", "change the ending")
    document = to_bpx(scenario, temperature, **options)
    write_json(path, document, force)
    return document


def _electrode(particle: Particle, phase: str, shift: float) -> dict[str, Any]:
    """Fields of the electrode that the scenario knows."""
    fields: dict[str, Any] = {
        "Minimum stoichiometry": 0.0,
        "Maximum stoichiometry": 1.0,
        "Maximum concentration [mol.m-3]": particle.maximum_concentration,
        **_diffusivity(particle, phase),
        "OCP [V]": _table(particle, lambda x: particle.open_circuit_potential(x, shift)),
    }
    if particle.entropic:
        change = _table(
            particle, lambda x: particle.open_circuit_potential(x) - particle.material.plateau_potential
        )
        rate = [value / particle.temperature for value in change["y"]]
        fields["Entropic change coefficient [V.K-1]"] = {"x": change["x"], "y": rate}
    if particle.radius is not None:
        fields["Particle radius [m]"] = particle.radius
    if particle.rate is not None and particle.symmetric:  # BPX has no other exponents than a half
        constant = particle.rate(particle.temperature) * particle.maximum_concentration
        fields["Reaction rate constant [mol.m-2.s-1]"] = constant
        fields["Reaction rate constant activation energy [J.mol-1]"] = particle.rate.activation_energy
    return fields


def _diffusivity(particle: Particle, phase: str) -> dict[str, Any]:
    phases = {each.short: each.diffusivity for each in (particle.material.poor, particle.material.rich)}
    if phase in phases:
        law = phases[phase]
        return {
            "Diffusivity [m2.s-1]": law(particle.temperature),
            "Diffusivity activation energy [J.mol-1]": law.activation_energy,
        }
    if phase != "both":
        raise InputError("phase", phase, f"both, {', '.join(phases)}", "choose one of them")
    low, high = particle.edges
    x = np.array([0.0, low, high, 1.0])  # even in log D between the edges: points as close as the table needs
    x = np.unique(np.concatenate([x, np.linspace(low, high, 61)]))
    table = {"x": x.tolist(), "y": np.asarray(particle.diffusivity(x, particle.temperature)).tolist()}
    energies = {law.activation_energy for law in phases.values()}
    shared = {"Diffusivity activation energy [J.mol-1]": energies.pop()} if len(energies) == 1 else {}
    return {"Diffusivity [m2.s-1]": table, **shared}


def _table(particle: Particle, law: Any) -> dict[str, list[float]]:
    """A function of li fraction as a table, dense where the potential bends: at both ends."""
    low, high = particle.edges
    start, end = np.log(_END / (1.0 - _END)), np.log(low / (1.0 - low))
    tail = 1.0 / (1.0 + np.exp(-np.linspace(start, end, _POINTS // 2)))
    start, end = np.log(high / (1.0 - high)), -np.log(_END / (1.0 - _END))
    other = 1.0 / (1.0 + np.exp(-np.linspace(start, end, _POINTS // 2)))
    x = np.concatenate([tail, other])
    return {"x": x.tolist(), "y": np.asarray(law(x)).tolist()}


def _own(particle: Particle) -> dict[str, float]:
    """Both phases and the gap, which BPX has no fields for."""
    low, high = particle.edges
    found = {"Gap edge, poor in lithium": low, "Gap edge, rich in lithium": high}
    for phase in (particle.material.poor, particle.material.rich):
        found[f"{phase.name} diffusivity [m2.s-1]"] = phase.diffusivity(particle.temperature)
        found[f"{phase.name} diffusivity activation energy [J.mol-1]"] = phase.diffusivity.activation_energy
    return {**found, "Reference temperature [K]": particle.temperature}


def _state(particle: Particle, electrode: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    initial: dict[str, Any] = {"Initial temperature [K]": particle.temperature}
    if particle.initial is not None:
        low, high = float(fields["Minimum stoichiometry"]), float(fields["Maximum stoichiometry"])
        part = (particle.initial - low) / (high - low)
        initial["Initial state-of-charge"] = part if electrode == "negative" else 1.0 - part
    return {
        "Initial conditions": initial,
        "Thermal environment": {"Ambient temperature [K]": particle.temperature},
    }


def _description(particle: Particle, phase: str, scale: str, missing: tuple[str, ...]) -> str:
    material = particle.material
    words = [
        f"Written by lto_sim {package_version()} at {particle.temperature:g} K.",
        f"Stoichiometry 0 is {material.poor.name}, 1 is {material.rich.name}. Potentials {scale}.",
    ]
    if phase == "both":
        words.append("Diffusivity of each phase outside the miscibility gap, bridged in log D within it.")
    else:
        words.append(f"Diffusivity of {phase} alone.")
    words.append("The moving front between the phases cannot be stated here.")
    if missing:
        words.append(f"Left out, for they are not known: {', '.join(missing)}.")
    return " ".join(words)
