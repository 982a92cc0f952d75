"""Parameters for PyBaMM, and its particle with a moving front.

`to_pybamm` gives what the two descriptions share under PyBaMM's names, as numbers and as functions of
stoichiometry and temperature. What PyBaMM's own particles cannot carry over:

- the miscibility gap. They diffuse by -D(c) grad c, with D averaged harmonically between cells. Zero in the
  gap stops every front, any other value lets lithium run down a gradient within it. Within one phase both are
  the same equation; from one phase to the other `pybamm_particle` has lto_sim's front in it, with the flux
  -grad(D w).
- particles other than spheres, surfaces, grain boundaries, contacts on a part of the surface.
- linear and Marcus-Hush-Chidsey contacts, resistances and double layers.

Signs and definitions that agree: oxidation is positive; alpha of the reduction is 1 less PyBaMM's charge
transfer coefficient; concentrations are x times the maximum concentration. PyBaMM
adds a term of its own to potentials very near 0 and 1.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Final

from lto_sim.constants import FARADAY, GAS_CONSTANT
from lto_sim.errors import InputError
from lto_sim.interop.particle import Electrode, particle_of, shifted_potential
from lto_sim.scenario import Scenario
from lto_sim.units import to_si

__all__ = ["pybamm_particle", "to_pybamm"]

_ELECTRODES: Final = ("negative", "positive")


def to_pybamm(
    scenario: Scenario,
    electrode: Electrode = "negative",
    *,
    temperature: float | str | None = None,
    reference_potential: float | str | None = None,
) -> dict[str, Any]:
    """Return PyBaMM parameters of a scenario's particle, for ``ParameterValues.update``.

    Parameters
    ----------
    scenario : The description; sphere, uniform start and one Butler-Volmer law are carried over where it has
        them, and left out where not.
    electrode : The electrode of PyBaMM that the particle stands in.
    temperature : Instead of the scenario's, number [K] or text with unit.
    reference_potential : Potential of the scenario's reference electrode (In-Li) against lithium, number [V]
        or text with unit (about 0.62 V), added to the open-circuit potential; None leaves that on the
        scenario's own scale.

    Returns
    -------
    Names -> numbers and functions. The diffusivity is a function of stoichiometry and temperature (Arrhenius
    for each phase), that of Li4Ti5O12 below the gap, of Li7Ti5O12 above it, bridged in between (see above).

    Raises
    ------
    InputError
        Another electrode, or values out of range.
    """
    if electrode not in _ELECTRODES:
        raise InputError("electrode", electrode, " or ".join(_ELECTRODES), "choose one of them")
    particle = particle_of(scenario, temperature)
    shift, _ = shifted_potential(particle, reference_potential)
    name, maximum = electrode.capitalize(), particle.maximum_concentration
    found: dict[str, Any] = {
        f"{name} particle diffusivity [m2.s-1]": particle.diffusivity,
        f"Maximum concentration in {electrode} electrode [mol.m-3]": maximum,
        f"{name} electrode OCP [V]": lambda stoichiometry: particle.open_circuit_potential(
            stoichiometry, shift
        ),
        "Reference temperature [K]": particle.temperature,
        "Ambient temperature [K]": particle.temperature,
        "Initial temperature [K]": particle.temperature,
    }
    if particle.entropic:
        found[f"{name} electrode OCP entropic change [V.K-1]"] = lambda stoichiometry: (
            GAS_CONSTANT / FARADAY * particle.tails(stoichiometry)
        )
    if particle.radius is not None:
        found[f"{name} particle radius [m]"] = particle.radius
    if particle.initial is not None:
        found[f"Initial concentration in {electrode} electrode [mol.m-3]"] = particle.initial * maximum
    if particle.rate is not None:
        found[f"{name} electrode exchange-current density [A.m-2]"] = _exchange(particle.exchange_current)
        if not particle.symmetric:
            found[f"{name} electrode charge transfer coefficient"] = 1.0 - particle.transfer_coefficient
    return found


def _exchange(law: Callable[..., Any]) -> Callable[..., Any]:
    """The exchange current as PyBaMM asks for it; a solid electrolyte's concentration does not change it."""

    def exchange_current(c_e: Any, c_s_surf: Any, c_s_max: Any, T: Any) -> Any:
        return law(c_s_surf / c_s_max, T)

    return exchange_current


def pybamm_particle(
    scenario: Scenario,
    *,
    surface: float | str,
    temperature: float | str | None = None,
    cells: int = 100,
) -> Any:
    """Build a PyBaMM model of a sphere with lto_sim's moving front, discretised and ready for a solver.

        dx/dt = div grad u,    u = D_Li4 min(x - x4, 0) + D_Li7 max(x - x7, 0)

    PyBaMM takes the gradient of u itself, so that no diffusivity is averaged across the front.

    Parameters
    ----------
    scenario : A sphere with a uniform start.
    surface : What holds the surface: a li fraction outside the gap, or a potential with its unit, such as
        ``"1.6 V"``, on the scenario's scale.
    temperature : Instead of the scenario's, number [K] or text with unit.
    cells : Cells of equal thickness along the radius.

    Returns
    -------
    ``pybamm.BaseModel`` with the variables ``"Li fraction"`` (cells), ``"Mean Li fraction"`` and
    ``"Radius [m]"``.

    Raises
    ------
    InputError
        PyBaMM is not installed, no sphere, no uniform start, or a surface in the gap.
    """
    try:
        pybamm: Any = importlib.import_module("pybamm")
    except ImportError:
        raise InputError("pybamm", None, "installed", "pip install 'lto_sim[pybamm]'") from None
    particle = particle_of(scenario, temperature)
    if particle.radius is None or particle.initial is None:
        what = "specimen.outline" if particle.radius is None else "initial"
        raise InputError(what, None, "a sphere with one li fraction at the start", "change the scenario")
    held = _held(particle.material, surface, particle.temperature)
    if particle.edges[0] <= held <= particle.edges[1]:
        low, high = particle.edges
        raise InputError("surface", held, f"below {low:.4g} or above {high:.4g}", "leave the gap")
    domain, warm = "negative particle", particle.temperature
    x = pybamm.Variable("Li fraction", domain=domain)
    u = particle.kirchhoff(x, warm)
    r = pybamm.SpatialVariable("r_n", domain=domain, coord_sys="spherical polar")
    model = pybamm.BaseModel(name="particle with a moving front")
    model.rhs = {x: pybamm.div(pybamm.grad(u))}
    ends = {"left": (pybamm.Scalar(0.0), "Neumann"),
            "right": (pybamm.Scalar(float(particle.kirchhoff(held, warm))), "Dirichlet")}  # fmt: skip
    model.boundary_conditions = {u: ends}
    model.initial_conditions = {x: pybamm.Scalar(particle.initial)}
    model.variables = {"Li fraction": x, "Mean Li fraction": pybamm.r_average(x), "Radius [m]": r}
    geometry = {domain: {r: {"min": pybamm.Scalar(0.0), "max": pybamm.Scalar(particle.radius)}}}
    values = pybamm.ParameterValues({})
    values.process_geometry(geometry)
    values.process_model(model)
    mesh = pybamm.Mesh(geometry, {domain: pybamm.Uniform1DSubMesh}, {r: cells})
    pybamm.Discretisation(mesh, {domain: pybamm.FiniteVolume()}).process_model(model)
    return model


def _held(material: Any, surface: float | str, temperature: float) -> float:
    """Li fraction of a surface that is given by itself or by its potential."""
    from_text = isinstance(surface, str) and surface.strip()[-1:] == "V"
    if not from_text:
        value = to_si(surface, "dimensionless", "surface")
        if not 0.0 <= value <= 1.0:
            raise InputError("surface", surface, "0 to 1, or a potential in V", 'give for example "1.6 V"')
        return value
    return float(material.equilibrium_composition(to_si(surface, "potential", "surface"), temperature))
