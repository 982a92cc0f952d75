"""Electrochemical cases with an exact answer: what the solver gives beside it.

Every case is a scenario that a user could write; its current is compared as charge between two times, which
is what an implicit step knows exactly of it.
"""

from __future__ import annotations

import json
import math
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.constants import FARADAY, GAS_CONSTANT
from lto_sim.electrochemistry import fit_gitt
from lto_sim.exact import potential_step, warburg, well_mixed
from lto_sim.exact.wagner import PlanarFront
from lto_sim.materials import TwoPhaseMaterial
from lto_sim.scenario import Scenario, build_material
from lto_sim.transport import impedance, simulate

__all__ = [
    "cottrell_errors",
    "fronts_of_contacts",
    "gitt_diffusivities",
    "impedance_errors",
    "reaction_plateau",
    "share_of_active_contact",
    "slab",
    "two_contacts",
    "wagner_current_errors",
    "well_mixed_errors",
]

Floats = NDArray[np.float64]

_LENGTH: Final = 1e-6
_HEIGHT, _THICKNESS = 1e-6, 1e-7
_AREA: Final = _HEIGHT * _THICKNESS
_ACTIVE: Final = 1e-8
"""Rate constant k0 [m/s] at 75 degC: MPET's 3.6 A/m2 at 25 degC with about 0.3 eV."""


def slab(
    drive: list[dict[str, Any]], *, initial: float, cells: int = 100, length: float = _LENGTH,
    temperature: float = 348.15, contact: dict[str, Any] | None = None, **sections: Any,
) -> Scenario:  # fmt: skip
    """Return a slab, fed from its left side; its contact has an area of 1 um times 100 nm.

    Parameters
    ----------
    drive : Steps.
    initial : Li fraction at the start.
    cells, length : Cells, and length [m].
    temperature : Temperature [K].
    contact : Law of the contact; default: equilibrium.
    sections : Other sections of the scenario.
    """
    return Scenario.from_dict({
        "material": "lto", "temperature": temperature, "initial": initial, "drive": drive,
        "specimen": {
            "outline": {"shape": "slab", "length": length, "height": _HEIGHT},
            "thickness": _THICKNESS, "cell": length / cells * (1.0 + 1e-10),
        },
        "contacts": {"lps": {"where": {"side": "left"}} | (contact or {})},
        "output": {"restart": "last"}, **sections,
    })  # fmt: skip


def _dc(material: TwoPhaseMaterial) -> float:
    """Charge of one m3 of li fraction [C]."""
    return FARADAY * material.insertable_concentration


def wagner_current_errors(extraction: bool, width: float = 0.05, cells: int = 200) -> tuple[Floats, Floats]:
    """Relative errors of the current behind a planar front, ten parts of its way from 0.3 to 0.8 of the slab.

    The parent is saturated, so that a finite slab is as good as an endless one.

    Parameters
    ----------
    extraction : Direction.
    width : Solubility of either phase [li fraction].
    cells : Cells in the slab.

    Returns
    -------
    Errors of the charge in each part, against Wagner's profile and against I = F A dc gap sqrt(k/2t), which
    leaves out what the growing phase stores: it is A/2 low.
    """
    start, held = (1.0 - width, 1.6) if extraction else (width, 0.4)
    scenario = slab(
        [{"hold": held, "until": {"time": 1.0}}], initial=start, cells=cells,
        material={"windows": {"x4": width, "x7": 1.0 - width}},
    )  # fmt: skip
    material = build_material(scenario)
    x4, x7 = material.edges(scenario.temperature)
    phases = (material.poor, material.rich) if extraction else (material.rich, material.poor)
    growing, parent = (p.diffusivity(scenario.temperature) for p in phases)
    contact = material.equilibrium_composition(held, scenario.temperature)
    edges = (x4, x7) if extraction else (x7, x4)
    front = PlanarFront(growing, parent, contact, edges[0], edges[1], start)
    times = np.asarray(front.time_at(np.linspace(0.3, 0.8, 11) * _LENGTH))
    run = simulate(scenario.with_values({
        "drive.0.until.time": float(times[-1]), "output.current_every": float(times[-1]) / 2000.0,
    }))  # fmt: skip
    charge = np.interp(times, run["time_fine"].values, run["charge"].values)
    exact = -_dc(material) * _AREA * np.asarray(front.uptake(times))
    law = -_dc(material) * _AREA * front.gap * np.sqrt(2.0 * front.rate_constant * times)
    passed = np.diff(charge)
    return passed / np.diff(exact) - 1.0, passed / np.diff(law) - 1.0


def reaction_plateau(extraction: bool, overpotential: float = 0.1) -> float:
    """Relative error of the early current under a slow Butler-Volmer reaction, whose i0 is known."""
    held = 0.95 + (overpotential if extraction else -overpotential)
    scenario = slab(
        [{"hold": held, "until": {"time": 2000.0}}], initial=0.95 if extraction else 0.05, cells=50,
        contact={"law": "butler_volmer", "k0": 1e-12},
    )  # fmt: skip
    material = build_material(scenario)
    run = simulate(scenario)
    x = material.edges(scenario.temperature)[0 if extraction else 1]
    i0 = well_mixed.exchange_current_density(x, 1e-12, material.insertable_concentration)
    f = FARADAY / (GAS_CONSTANT * scenario.temperature)
    eta = overpotential if extraction else -overpotential
    exact = i0 * 2.0 * math.sinh(0.5 * f * eta) * _AREA
    time, charge = run["time_fine"].values, run["charge"].values
    return float(charge[-1] / time[-1] / exact - 1.0)


def cottrell_errors(cells: int = 200, change_fraction: float = 0.004) -> tuple[float, float]:
    """Worst relative errors of the current of a single-phase slab: Cottrell's law early, the series later."""
    start, end = 0.01, 0.03
    scenario = slab([{"hold": 1.0, "until": {"time": 1.0}}], initial=start, cells=cells)
    material = build_material(scenario)
    temperature = scenario.temperature
    diffusivity = material.poor.diffusivity(temperature)
    unit = _LENGTH**2 / diffusivity
    potential = float(material.open_circuit_potential(end, temperature))
    run = simulate(scenario.with_values({
        "drive.0.hold": potential, "drive.0.until.time": 1.5 * unit,
        "numerics.change_fraction": change_fraction, "output.current_every": unit / 1e4,
    }))  # fmt: skip
    whole = -_dc(material) * _AREA * (end - start)
    layer = potential_step.FiniteDiffusion("slab", _LENGTH, diffusivity)

    def worst(times: Floats, exact: Floats) -> float:
        charge = np.interp(times, run["time_fine"].values, run["charge"].values)
        return float(np.abs(np.diff(charge) / np.diff(whole * exact) - 1.0).max())

    early, late = unit * np.geomspace(0.004, 0.1, 15), unit * np.geomspace(0.05, 1.5, 25)
    cottrell = 2.0 * np.sqrt(diffusivity * early / math.pi)
    return worst(early, cottrell), worst(late, _LENGTH * np.asarray(layer.uptake(late)))


def impedance_errors(contact: dict[str, Any], cells: int = 100) -> float:
    """Worst relative error of Z of a single-phase slab, 1 mHz to 1 kHz, against finite-space Warburg."""
    x = 0.02
    scenario = slab(
        [{"rest": True, "until": {"time": 1.0}}], initial=x, cells=cells, temperature=303.15, contact=contact
    )
    material, frequency = build_material(scenario), np.logspace(-3.0, 3.0, 61)
    found = impedance(simulate(scenario), frequency)
    f = FARADAY / (GAS_CONSTANT * scenario.temperature)
    slope = 1.0 / (f * x * (1.0 - x))
    diffusivity = material.poor.diffusivity(scenario.temperature)
    resistance = warburg.diffusion_resistance(
        slope, _LENGTH, diffusivity, material.insertable_concentration, _AREA
    )
    wave = warburg.finite_space(frequency, resistance, _LENGTH, diffusivity)
    transfer = 0.0
    if contact.get("law") == "butler_volmer":
        i0 = float(
            well_mixed.exchange_current_density(x, float(contact["k0"]), material.insertable_concentration)
        )
        transfer = warburg.charge_transfer_resistance(i0, _AREA, scenario.temperature)
    exact = warburg.randles(
        frequency, wave, transfer, float(contact.get("capacitance", 0.0)) * _AREA,
        float(contact.get("resistance", 0.0)) / _AREA,
    )  # fmt: skip
    obtained = found["impedance_real"].values + 1j * found["impedance_imag"].values
    return float(np.abs(obtained / exact - 1.0).max())


def well_mixed_errors() -> float:
    """Worst error [V] of the potential of a well-mixed particle under constant current."""
    k0, start, length = 1e-9, 0.042, 2e-8
    current = 5e-14
    scenario = slab(
        [{"current": current, "until": {"time": 1.0}}], initial=start, cells=8, length=length,
        contact={"law": "butler_volmer", "k0": k0},
    )  # fmt: skip
    material = build_material(scenario)
    exact = well_mixed.WellMixed(
        start, current, _AREA * length, _AREA, material.insertable_concentration,
        material.edges(scenario.temperature), material.plateau_potential, scenario.temperature, k0,
    )  # fmt: skip
    duration = 0.95 * exact.end_time
    run = simulate(scenario.with_values({"drive.0.until.time": duration, "numerics.change_fraction": 0.002}))
    time = run["time_fine"].values
    part = time > 0.01 * duration
    return float(np.abs(run["potential"].values[part] - np.asarray(exact.potential(time[part]))).max())


def two_contacts(drive: list[dict[str, Any]], *, ratio: float = 20.0, cells: int = 50) -> Scenario:
    """Return a particle of 2 x 1 um with contacts at both ends, exchange currents `ratio` to 1."""
    law = {"law": "butler_volmer"}
    return Scenario.from_dict({
        "material": "lto", "temperature": 348.15, "initial": 0.95, "drive": drive,
        "specimen": {
            "outline": {"shape": "rectangle", "width": 2e-6, "height": 1e-6},
            "thickness": 1e-7, "cell": 2e-6 / cells,
        },
        "contacts": {
            "active": {"where": {"side": "left"}, "k0": _ACTIVE, **law},
            "sluggish": {"where": {"side": "right"}, "k0": _ACTIVE / ratio, **law},
        },
        "output": {"restart": "last"},
    })  # fmt: skip


def fronts_of_contacts(run: xr.Dataset) -> tuple[float, float]:
    """Ways [m] of the fronts from the left and from the right side, at the end of an extraction."""
    step = json.loads(run.attrs["drive_steps"])[-1]
    x = run["li_fraction"].values[-1].mean(axis=(0, 1))
    left = np.clip((step["x_rich"] - x) / (step["x_rich"] - step["x_poor"]), 0.0, 1.0)
    cell = float(run["x"].values[1] - run["x"].values[0])
    half = left.size // 2
    return float(left[:half].sum() * cell), float(left[half:].sum() * cell)


def share_of_active_contact(run: xr.Dataset, until: float) -> float:
    """Part of the charge that passed the first contact up to a time [s]."""
    charge = run["charge_of_contact"].values
    time = run["time_fine"].values
    passed = np.array([np.interp(until, time, row) for row in charge])
    return float(passed[0] / passed.sum())


def gitt_diffusivities() -> tuple[list[float], float, tuple[str, ...]]:
    """Diffusivities [m2 s-1] of a titration in one phase, the one put in, and what a plateau says."""
    length = 0.5e-6
    scenario = slab([{"rest": True, "until": {"time": 1.0}}], initial=0.01, cells=100, length=length)
    material = build_material(scenario)
    diffusivity = material.poor.diffusivity(scenario.temperature)
    unit = length**2 / diffusivity
    pulse = 0.05 * unit
    capacity = _dc(material) * _AREA * length
    drive = [
        {"rest": True, "until": {"time": unit}},
        {"gitt": {"current": -0.0002 * capacity / pulse, "pulse": pulse, "rest": 5.0 * unit, "pulses": 5}},
    ]
    values = {"drive": drive, "numerics.change_fraction": 0.005}
    single = fit_gitt(simulate(scenario.with_values(values)))
    plateau = fit_gitt(simulate(scenario.with_values(values | {"initial": 0.5})))
    return (
        [p.D for p in single.pulses if p.D is not None],
        diffusivity,
        tuple(p.reason or "" for p in plateau.pulses),
    )
