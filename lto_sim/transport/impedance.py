"""Small-signal impedance of the particle about a saved state, by linearisation.

With a small potential dV exp(i w t) every flux is its derivative at the state times what it depends on, and

    (i w S + M) u = b dV,        dI = Y dV,        Z = 1/dI,

u the change of the Kirchhoff variable, S the storage of the cells of a phase, M the derivative of all fluxes
(a front stays where it is in its cell: w = 0 there, so that it is a transmissive end). A contact adds its law
dj = (dj/dphi) dphi - T dw_s behind its double layer and resistance,

    dphi_c = dV - R_c dI_c,      dI_c = dI_c^F + i w C_c dphi_c.

The half cell behind a contact face is a layer solved exactly, and so is the way of the wave from cell to cell
(`waves`), so that one mesh serves from microhertz to megahertz.

Source of the finite-space Warburg impedance that this gives for a slab: `lto_sim.exact.warburg`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csc_array, diags_array
from scipy.sparse.linalg import splu

from lto_sim import provenance
from lto_sim.errors import InputError
from lto_sim.provenance import named
from lto_sim.scenario import Scenario
from lto_sim.transport.checkpoint import Checkpoint, checkpoint_at
from lto_sim.transport.drive import StepPlan, plan_legs
from lto_sim.transport.grid import make_grid
from lto_sim.transport.laws import law_lines
from lto_sim.transport.model import Model, build_model
from lto_sim.transport.step import ImplicitStepper, Linearised
from lto_sim.transport.stepper import Conditions
from lto_sim.transport.waves import StoredWaves, layer_admittance

__all__ = ["impedance"]

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]
Integers = NDArray[np.int64]

_SLOPE: Final = 1e-5
"""Change of potential for the derivative of a law [V]."""
_HELD: Final = 1e9
"""Conductance of a held surface element over the largest of the grid."""


def impedance(run: xr.Dataset, frequency: ArrayLike, *, time: float | None = None) -> xr.Dataset:
    """Impedance of the particle of a run about one of its saved states.

    Parameters
    ----------
    run : A run with restart data (output.restart, on by default).
    frequency : Frequencies [Hz], above 0, (frequency,).
    time : Time of the saved state [s]; default: the last.

    Returns
    -------
    Dataset ``impedance_real, impedance_imag(frequency)`` [ohm] and the same of every contact by itself,
    ``contact_impedance_real, contact_impedance_imag(contact, frequency)``: shared potential over the current
    of the contact. Attributes ``state_time_s``, ``state_potential_V``, ``temperature_K``.

    Raises
    ------
    InputError
        Frequencies that are not positive, a run without its scenario or restart data, contacts that are all
        blocked.
    """
    try:
        values = np.atleast_1d(np.asarray(frequency, dtype=np.float64))
    except (TypeError, ValueError):
        values = np.empty(0)
    if values.ndim != 1 or values.size == 0 or not np.all(np.isfinite(values) & (values > 0.0)):
        raise InputError(
            "frequency", frequency, "> 0 Hz, one or more", "give for example numpy.logspace(-3, 3, 61)"
        )
    point = checkpoint_at(run, time)
    scenario = _scenario_of(run)
    model = build_model(scenario)
    state = _State(scenario, model, point, _step_of(run, point))
    contacts = np.stack([state.currents(2.0 * np.pi * f) for f in values], axis=1)
    total = contacts.sum(axis=0)
    if not np.all(np.abs(total) > 0.0):
        raise InputError(
            "contacts", "no current", "a contact that lets some through", "all contacts are blocked"
        )
    dataset = _label(values, 1.0 / total, _inverse(contacts))
    dataset.attrs = {
        **provenance.attributes(
            f"impedance of {scenario.title or 'the particle'}", f"impedance at {point.time:g} s",
            previous=run.attrs,
        ),
        "state_time_s": point.time,
        "state_potential_V": point.potential,
        "temperature_K": state.plan.laws.temperature,
        "contacts": run.attrs["contacts"],
    }  # fmt: skip
    return dataset


def _scenario_of(run: xr.Dataset) -> Scenario:
    try:
        return Scenario.from_dict(tomllib.loads(str(run.attrs["configuration"])))
    except (KeyError, tomllib.TOMLDecodeError):
        raise InputError(
            "run", "no scenario", "a run of this package", "simulate the scenario first"
        ) from None


def _step_of(run: xr.Dataset, point: Checkpoint) -> int:
    """Number of the drive step that led to the state."""
    nearest = int(np.abs(run["time"].values - point.time).argmin())
    return int(run["drive_step_of_state"].values[nearest])


def _inverse(values: Complex) -> Complex:
    """1/value, with a large finite number where a contact is blocked."""
    blocked = np.abs(values) < 1e-290
    return np.where(blocked, 1e290, 1.0 / np.where(blocked, 1.0, values))


def _label(frequency: Floats, total: Complex, contacts: Complex) -> xr.Dataset:
    both = ("contact", "frequency")
    return xr.Dataset(
        {
            "impedance_real": ("frequency", total.real, named("ohm", "real part of the impedance")),
            "impedance_imag": ("frequency", total.imag, named("ohm", "imaginary part of the impedance")),
            "contact_impedance_real": (both, contacts.real, named("ohm", "real part, contact by itself")),
            "contact_impedance_imag": (
                both,
                contacts.imag,
                named("ohm", "imaginary part, contact by itself"),
            ),
        },
        {"frequency": ("frequency", frequency, named("Hz", "frequency"))},
    )


@dataclass(frozen=True)
class _Faces:
    """Contact faces, linearised and scaled.

    Parameters
    ----------
    diffusivity : D of the phase at the surface.
    drive : Flux that a potential of 1 V adds at a fixed surface; of a held one, the excess it moves to.
    transfer : T A of the phase at the surface.
    held : Surfaces that follow the potential.
    """

    diffusivity: Floats
    drive: Floats
    transfer: Floats
    held: NDArray[np.bool_]


class _State:
    """A saved state, linearised."""

    def __init__(self, scenario: Scenario, model: Model, point: Checkpoint, step: int) -> None:
        self.model, self.grid = model, make_grid(model.mesh)
        stepper = ImplicitStepper(self.grid, scenario.numerics.tolerance)
        self.plan: StepPlan = plan_legs(scenario, model, self.grid, stepper)[step]
        conditions = self.plan.laws.conditions(point.time, point.interface)
        x = np.zeros_like(self.grid.volume)
        x[self.grid.interior] = point.x
        excess = point.excess
        if excess.size != self.grid.elements:
            excess = stepper.start_excess(x, conditions)
        self.linear: Linearised = stepper.linearise(x, excess, conditions)
        self.unit = conditions.fastest * self.grid.conductance_scale
        self.time_unit = self.grid.time_unit(conditions.fastest)
        self.faces = self._linear_faces(x, excess, conditions, point.interface)
        self.layer = self._layers()
        poor, rich = (
            d / conditions.fastest for d in (conditions.diffusivity_poor, conditions.diffusivity_rich)
        )
        behind = np.where(self.linear.state[self.grid.contact_cell] < 0.0, poor, rich)
        taken = np.zeros_like(self.grid.volume)
        np.add.at(taken, self.grid.contact_cell, self.layer / behind)
        content = np.clip((x - conditions.x_poor) / conditions.gap, 0.0, 1.0)
        self.waves = StoredWaves(self.grid, self.linear, taken, content)

    def _linear_faces(self, x: Floats, excess: Floats, conditions: Conditions, phi: Floats) -> _Faces:
        grid, model = self.grid, self.model
        material, temperature = model.material, self.plan.laws.temperature
        count, node = grid.contact_cell.size, int(grid.network.dims[0, 4])
        poor, rich = (
            d / conditions.fastest for d in (conditions.diffusivity_poor, conditions.diffusivity_rich)
        )
        behind = x[grid.contact_cell]
        w = np.minimum(behind - conditions.x_poor, 0.0) + np.maximum(behind - conditions.x_rich, 0.0)
        of_element = grid.contact_element >= 0
        w[of_element] = excess[grid.contact_element[of_element] - node]
        d, drive, transfer = (np.zeros(count) for _ in range(3))
        held = np.zeros(count, dtype=bool)
        for contact, part, potential in zip(model.contacts, grid.contact_slices, phi, strict=True):
            here, low, high = (
                law_lines(contact, material, temperature, float(potential + move))
                for move in (0.0, -_SLOPE, _SLOPE)
            )
            # the phase at the surface: its own, that of its cell, or the one that the law would let grow
            of_cell = self.linear.state[grid.contact_cell[part]]
            lead = here.excess[1] if here.excess[1] != 0.0 else float(behind[part].mean()) - 0.5
            state = np.where(w[part] != 0.0, w[part], np.where(of_cell != 0.0, of_cell, lead))
            side = (state > 0.0).astype(np.int64)
            d[part] = np.where(side == 1, rich, poor)
            if contact.holds:
                held[part] = True
                drive[part] = (np.array(high.excess)[side] - np.array(low.excess)[side]) / (2.0 * _SLOPE)
                continue
            area = grid.contact_area[part] / self.unit
            t, e = np.array(here.transfer)[side] * area, np.array(here.excess)[side]
            g = np.where(of_element[part], np.inf, grid.contact_conductance[part] * d[part])
            stiff = np.where(np.isinf(g), 0.0, t / np.where(np.isinf(g), 1.0, g))
            surface = (stiff * e + w[part]) / (1.0 + stiff)
            ends = [np.array(line.transfer)[side] * area * (np.array(line.excess)[side] - surface)
                    for line in (low, high)]  # fmt: skip
            transfer[part], drive[part] = t, (ends[1] - ends[0]) / (2.0 * _SLOPE)
        return _Faces(d, drive, transfer, held)

    def _layers(self) -> Floats:
        """Scaled volume A d of the half cell behind every face, no more in a cell than the cell has."""
        grid = self.grid
        bulk = grid.contact_element < 0
        depth = grid.contact_area / (grid.contact_conductance * grid.conductance_scale)
        volume = np.where(bulk, grid.contact_area * depth / grid.volume_scale, 0.0)
        taken = np.zeros_like(grid.volume)
        np.add.at(taken, grid.contact_cell, volume)
        room = grid.volume[grid.contact_cell] / np.where(bulk, taken[grid.contact_cell], 1.0)
        return np.asarray(volume * np.minimum(room, 1.0))

    def currents(self, omega: float) -> Complex:
        """Current of every contact [A] for a shared potential of 1 V at the angular frequency [rad/s]."""
        circuit = self.plan.laws.circuit
        admittance = self.admittance(omega) + 1j * omega * np.diag(circuit.capacitance)
        size = circuit.resistance.size
        interface = np.linalg.solve(np.eye(size) + np.diag(circuit.resistance) @ admittance, np.ones(size))
        return np.asarray(admittance @ interface)

    def admittance(self, omega: float) -> Complex:
        """Currents of lithium of the contacts [A] for interface potentials of 1 V, one at a time."""
        grid, faces = self.grid, self.faces
        scaled = 1j * omega * self.time_unit
        owner = np.repeat(
            np.arange(len(grid.contact_slices)), [p.stop - p.start for p in grid.contact_slices]
        )
        own = np.zeros((owner.size, len(grid.contact_slices)))
        own[np.arange(owner.size), owner] = 1.0
        bulk, held = grid.contact_element < 0, faces.held
        node = np.where(bulk, grid.contact_cell, grid.contact_element)
        alpha, beta = layer_admittance(grid.contact_conductance, scaled * self.layer / faces.diffusivity)
        gamma = faces.transfer / faces.diffusivity
        # u at the surface: moved + shift u_c, held or by its law; of an element, u_s is the node itself
        moved = np.where(
            held, faces.diffusivity * faces.drive, faces.drive / np.where(held, 1.0, alpha + gamma)
        )
        shift = np.where(held, 0.0, beta / np.where(held, 1.0, alpha + gamma))
        stiff = _HELD * float(np.abs(self.linear.matrix.data).max())
        loss = np.where(bulk, alpha - beta * shift, np.where(held, stiff, gamma))
        feed = np.where(bulk, beta * moved, np.where(held, stiff * moved, faces.drive))
        fluxes: Any = csc_array(self.linear.matrix + self.waves.matrix(scaled))
        u = self._solve(fluxes, node, loss, np.asarray(feed[:, None] * own, np.complex128))
        surface = moved[:, None] * own + shift[:, None] * u[node]
        entering = alpha[:, None] * surface - beta[:, None] * u[node]
        entering[~bulk] = (fluxes @ u)[node[~bulk]]  # an element passes on all that it is given
        flux = np.zeros((own.shape[1], own.shape[1]), dtype=np.complex128)
        np.add.at(flux, owner, entering)
        return np.asarray(flux * (self.plan.laws.circuit.to_ampere * self.unit))

    def _solve(self, fluxes: Any, node: Integers, loss: Complex, feed: Complex) -> Complex:
        """Kirchhoff variable of every node for what the contact faces feed, (nodes, contacts)."""
        linear, size = self.linear, self.linear.storage.size
        diagonal, rhs = (
            np.zeros(size, dtype=np.complex128),
            np.zeros((size, feed.shape[1]), dtype=np.complex128),
        )
        np.add.at(diagonal, node, loss)
        np.add.at(rhs, node, feed)
        u = np.zeros_like(rhs)
        active = linear.active
        if active.size:
            whole: Any = csc_array(fluxes + diags_array(diagonal))
            part = csc_array(whole[np.ix_(active, active)])
            u[active] = splu(part).solve(rhs[active])
        return u
