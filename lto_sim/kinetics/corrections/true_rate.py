"""Wagner's rate constant of a scenario: what a fit of its maps should return where its front is planar.

Source: C. Wagner in W. Jost, Diffusion in Solids, Liquids, Gases (1952), as in `lto_sim.exact.wagner`.
"""

from __future__ import annotations

from dataclasses import dataclass

from lto_sim.errors import InputError
from lto_sim.exact import thin_lamella, wagner
from lto_sim.scenario import Scenario, build_material, build_surface

__all__ = ["TrueRate", "active_thickness", "front_direction", "true_rate"]


@dataclass(frozen=True)
class TrueRate:
    """Wagner's rate constant of a scenario, and what it follows from.

    Parameters
    ----------
    k : Rate constant [m2 s-1], xi^2 = 2 k t: that of the bulk times 1 + 2 l/H.
    excess, undersaturation, diffusivity_ratio : A, B and phi of `lto_sim.exact.wagner` [1].
    k_bulk : Wagner's rate constant of the bulk alone [m2 s-1].
    surface_length : l = delta D/D_growing of one face [m]; 0 where the faces do not conduct.
    tip_length : sqrt(3 l H), by which the front under the faces runs ahead [m]; twice that is the crossover.
    """

    k: float
    excess: float
    undersaturation: float
    diffusivity_ratio: float
    k_bulk: float
    surface_length: float
    tip_length: float


def true_rate(scenario: Scenario, *, faces: bool = True) -> TrueRate:
    """Rate constant that a fit of this scenario's maps should return.

    Extraction keeps the undersaturation of its parent (x = 1 against x7*). On insertion the finite core
    saturates within the first seconds or minutes; from then on the parent has no undersaturation. Conducting
    faces multiply k by 1 + 2 l/H, which holds for the mean front beyond 2 sqrt(3 l H)
    (`lto_sim.exact.thin_lamella`); a conducting perimeter has no part in it.

    Parameters
    ----------
    scenario : One whose drive begins with a hold outside the plateau.
    faces : Count conducting faces; without them k is that of the bulk, in a lamella of any thickness.

    Returns
    -------
    TrueRate
        k and what it follows from.

    Raises
    ------
    InputError
        A drive that begins with no hold, a start that is not one li fraction, no driving force, or, with
        conducting faces, a thickness that is not one number.
    """
    material = build_material(scenario)
    temperature = scenario.temperature
    x_poor, x_rich = material.edges(temperature)
    gap = x_rich - x_poor
    held = _held_excess(scenario)
    poor, rich = material.poor.diffusivity(temperature), material.rich.diffusivity(temperature)
    growing, parent = (rich, poor) if held > 0.0 else (poor, rich)
    undersaturation = 0.0 if held > 0.0 else abs(float(material.excess(_start(scenario), temperature))) / gap
    excess, ratio = abs(held) / gap, growing / parent
    k = float(wagner.rate_constant(growing, excess, undersaturation, ratio))
    conducting = build_surface(scenario).faces if faces else None
    if conducting is None:
        return TrueRate(k, excess, undersaturation, ratio, k, 0.0, 0.0)
    length, thickness = conducting(temperature) / growing, active_thickness(scenario)
    apparent = thin_lamella.apparent_rate_constant(k, length, thickness)
    tip = thin_lamella.tip_length(length, thickness)
    return TrueRate(apparent, excess, undersaturation, ratio, k, length, tip)


def front_direction(scenario: Scenario) -> str:
    """Which phase grows while the drive's first potential is held: ``"extraction"`` or ``"insertion"``.

    Raises
    ------
    InputError
        A drive that begins with no hold, or no driving force.
    """
    return "insertion" if _held_excess(scenario) > 0.0 else "extraction"


def _held_excess(scenario: Scenario) -> float:
    step = scenario.steps[0]
    if step.kind != "hold":
        raise InputError(
            "drive.0", step.kind, "a hold", "a rate constant belongs to one potential: begin with a hold"
        )
    held = build_material(scenario).contact_excess(step.value, scenario.temperature)
    if held == 0.0:
        raise InputError(
            "drive.0.hold", step.value, "a potential at which the contact leaves the gap",
            "hold 1.6 V for extraction or 0.4 V for insertion",
        )  # fmt: skip
    return held


def _start(scenario: Scenario) -> float:
    if not isinstance(scenario.initial, int | float):
        raise InputError("initial", "an array", "one li fraction", "a rate constant belongs to an even start")
    return float(scenario.initial)


def active_thickness(scenario: Scenario) -> float:
    """Thickness [m] of the lamella of `scenario` without its inactive layers.

    Raises
    ------
    InputError
        A thickness that is not one number.
    """
    thickness = scenario.specimen.thickness
    if not isinstance(thickness, int | float):
        raise InputError(
            "specimen.thickness", "a wedge or an image", "one number with conducting faces",
            "use `lto-sim run` for other lamellae",
        )  # fmt: skip
    dead = scenario.specimen.dead_layer
    return float(thickness) - 2.0 * (dead if isinstance(dead, float) else dead.thickness)
