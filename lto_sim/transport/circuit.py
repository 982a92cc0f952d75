"""The circuit around the particle: one shared potential, a resistance and a double layer at every contact.

    V - R_c I_c = phi_c,        I_c = I_c^F(phi) + C_c d phi_c/dt,        sum_c I_c = I,

V the potential of the particle against the reference electrode, phi_c that behind the ohmic drop of contact
c, I_c^F the current of lithium that passes it in the step (oxidation positive), which depends on all phi
through the particle. V is given (hold, sweep) or I is (current, rest). Where neither a current is given nor
a contact has a resistance, phi = V and nothing is to be solved. Otherwise every trial of phi is one step of
the transport; I^F rises with phi, so that the root is unique. One unknown is bracketed and found by secants;
several by a Newton iteration whose conductance matrix dI^F/dphi comes from trials, is kept from step to step
and corrected by every trial (Broyden, Math. Comput. 19 (1965) 577).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.transport.outcome import Electrical, Outcome
from lto_sim.transport.stepper import Conditions, Stepper, StepResult

__all__ = ["HIGHEST_POTENTIAL", "Circuit", "Supply"]

Floats = NDArray[np.float64]

HIGHEST_POTENTIAL: Final = 10.0
"""Potentials [V] beyond this, either way, are no answer: the particle cannot take the current."""

_RELATIVE: Final = 1e-12
_OF_CAPACITY: Final = 1e-15
_STALLED: Final = 1e-11
"""Error of a current that is accepted: as part of it, or its charge as part of the capacity; where round-off
leaves no better one, the last."""

_LARGEST_MOVE: Final = 0.1
_LONGEST_MOVE: Final = 0.3
"""How far a trial potential moves while the root is not bracketed: at first, and at most [V]."""
_PROBE: Final = 1e-4
_TRIALS: Final = 80


@dataclass(frozen=True)
class Circuit:
    """Contacts as parts of a circuit, at one temperature.

    Parameters
    ----------
    to_ampere : Current [A] of an uptake of 1 m3/s of li fraction (< 0: uptake is reduction).
    capacity : Charge of all insertable lithium [C].
    resistance : Resistance of each contact [ohm].
    capacitance : Double layer of each contact [F].
    slices : Faces of each contact.
    """

    to_ampere: float
    capacity: float
    resistance: Floats
    capacitance: Floats
    slices: tuple[slice, ...]

    def current(self, result: StepResult, dt: float) -> Floats:
        """Current of lithium through each contact in a step of `dt` [s], in ampere."""
        uptake = np.array([math.fsum(result.uptake[part]) for part in self.slices])
        return np.asarray(self.to_ampere * uptake / dt)


@dataclass(frozen=True)
class Supply:
    """What is imposed: a potential as a function of time, or a current.

    Parameters
    ----------
    circuit : The contacts.
    conditions : Conditions of a step that ends at a time [s], at interface potentials [V].
    potential : Potential imposed at a time [V]; None: a current is.
    given_current : Current imposed [A].
    """

    circuit: Circuit
    conditions: Callable[[float, Floats], Conditions]
    potential: Callable[[float], float] | None
    given_current: float = 0.0

    def total_current(self, outcome: Outcome, before: Electrical, dt: float) -> float:
        """Current of all contacts in a step of `dt` [s], double layers included [A]."""
        moved = outcome.electrical.interface - before.interface
        return math.fsum([*outcome.electrical.current, *(self.circuit.capacitance * moved / dt)])

    def potential_at_start(self, time: float, later: float, end: Floats, start: Floats) -> float:
        """Shared potential [V] at the start of a step whose interface potentials went from `start` to `end`.

        Parameters
        ----------
        time : Start of the step [s].
        later : Shared potential at its end [V].
        end, start : Interface potentials [V]; those without a double layer are the same.
        """
        if self.potential is not None:
            return self.potential(time)
        tied = self.circuit.resistance == 0.0
        if tied.any():
            return float(start[tied].mean())
        share = 1.0 / self.circuit.resistance
        return later - float(np.average(end - start, weights=share))

    @property
    def has_unknowns(self) -> bool:
        """Whether potentials are to be solved for."""
        return self.potential is None or bool((self.circuit.resistance > 0.0).any())

    @property
    def resolves(self) -> NDArray[np.bool_]:
        """Contacts whose interface potential cannot jump: a double layer behind a resistance or a current."""
        charged, free = self.circuit.capacitance > 0.0, self.circuit.resistance > 0.0
        shared = self.potential is None and bool(charged[~free].any())
        return np.asarray((charged & free) | (shared & ~free) | (charged & (self.potential is None)))

    def advance(
        self, stepper: Stepper, x: Floats, dt: float, end: float, excess: Floats, old: Electrical,
        acts: float | None = None,
    ) -> Outcome:  # fmt: skip
        """Step padded composition `x` by `dt` to time `end` [s], from the electrical state `old`.

        The fluxes of the step act for `acts` [s] as part of a longer one; default: `dt`.
        """
        if self.potential is None and self.given_current == 0.0 and _at_an_end(x[stepper.grid.volume > 0.0]):
            return self._resting(stepper, x, dt, end, excess, old)
        trial = _Trial(self, stepper, x, dt, end, excess, old, acts)
        if trial.unknowns == 0:
            outcome = trial.at(np.zeros(0))
        else:
            outcome = _scalar(trial) if trial.unknowns == 1 else _several(trial)
        return replace(outcome, total=self.total_current(outcome, old, dt))

    def _resting(
        self, stepper: Stepper, x: Floats, dt: float, end: float, excess: Floats, old: Electrical
    ) -> Outcome:
        """A rest of a particle without any lithium, or without any room: nothing flows, at any potential."""
        conditions = self.conditions(end, old.interface)
        shut = replace(conditions, contact_transfer=np.zeros_like(conditions.contact_transfer))
        result = stepper.step(x, dt, shut, excess)
        return Outcome(result, replace(old, current=np.zeros_like(old.current)))


def _at_an_end(x: Floats) -> bool:
    """Whether the open-circuit potential is infinite everywhere."""
    return bool(np.all(x == 0.0) or np.all(x == 1.0))


class _Trial:
    """Steps at trial potentials; the unknowns are V where a current is given, and phi behind resistances."""

    def __init__(
        self, supply: Supply, stepper: Stepper, x: Floats, dt: float, end: float, excess: Floats,
        old: Electrical, acts: float | None = None,
    ) -> None:  # fmt: skip
        self.acts = acts
        self.supply, self.stepper, self.x, self.dt, self.end = supply, stepper, x, dt, end
        self.excess, self.old, self.circuit = excess, old, supply.circuit
        circuit = supply.circuit
        self.free = circuit.resistance > 0.0
        self.held = None if supply.potential is None else supply.potential(end)
        alone = self.held is None and circuit.resistance.size == 1
        self.shared = self.held is None and not alone  # V itself is an unknown
        self.alone = alone  # one contact: phi is the unknown, V = phi + R I
        self.unknowns = 1 if alone else int(self.shared) + int(self.free.sum())
        self.newton = self.linear = 0

    def start(self) -> Floats:
        """First guess."""
        if self.alone:
            return self.old.interface.copy()
        free = self.old.interface[self.free]
        return np.append(self.old.potential, free) if self.shared else free.copy()

    def spread(self, y: Floats) -> tuple[float, Floats]:
        """Shared potential and interface potentials of the unknowns."""
        if self.alone:
            phi = np.array([y[0]])
            return float(y[0] + self.circuit.resistance[0] * self.supply.given_current), phi
        potential = float(y[0]) if self.held is None else self.held
        phi = np.full(self.free.size, potential)
        phi[self.free] = y[1:] if self.shared else y
        return potential, phi

    def at(self, y: Floats) -> Outcome:
        """The step at trial unknowns."""
        potential, phi = self.spread(y)
        conditions = self.supply.conditions(self.end, phi)
        result = self.stepper.step(self.x, self.dt, conditions, self.excess, self.acts)
        self.newton += result.newton_iterations
        self.linear += result.linear_iterations
        current = self.circuit.current(result, self.dt)
        return Outcome(result, Electrical(potential, phi, current, self.old.conductance))

    def residual(self, outcome: Outcome) -> Floats:
        """Mismatch of the currents [A], one an unknown; rises with it."""
        electrical, circuit = outcome.electrical, self.circuit
        total = (
            electrical.current + circuit.capacitance * (electrical.interface - self.old.interface) / self.dt
        )
        if self.alone:
            return np.array([total[0] - self.supply.given_current])
        drop = electrical.potential - electrical.interface[self.free]
        own = total[self.free] - drop / circuit.resistance[self.free]
        if not self.shared:
            return np.asarray(own)
        return np.append(math.fsum([*total, -self.supply.given_current]), own)

    def jacobian(self, conductance: Floats) -> Floats:
        """Derivative of the residual, from that of the particle's currents."""
        circuit = self.circuit
        full = conductance + np.diag(circuit.capacitance) / self.dt
        link = np.diag(1.0 / circuit.resistance[self.free])
        own = full[np.ix_(self.free, self.free)] + link
        if not self.shared:
            return np.asarray(own)
        tied = ~self.free
        top = np.append(full[:, tied].sum(), full[:, self.free].sum(axis=0))
        side = full[np.ix_(self.free, tied)].sum(axis=1) - np.diag(link)
        top[0] += _OF_CAPACITY * circuit.capacity / self.dt  # per volt: an empty particle answers to none
        return np.vstack([top, np.column_stack([side, own])])

    def rounding(self, outcome: Outcome) -> Floats:
        """Round-off of the ohmic drops in the residual [A], one an unknown."""
        if self.alone or not self.free.any():
            return np.zeros(self.unknowns)
        size = 8.0 * np.finfo(np.float64).eps * (abs(outcome.electrical.potential) + 1.0)
        own = size / self.circuit.resistance[self.free]
        return np.append(0.0, own) if self.shared else np.asarray(own)

    def tolerance(self, outcome: Outcome, of_capacity: float = _OF_CAPACITY) -> float:
        """Mismatch [A] that is accepted."""
        flowing = max(abs(self.supply.given_current) if self.held is None else 0.0,
                      float(np.abs(outcome.electrical.current).max()))  # fmt: skip
        return max(_RELATIVE * flowing, of_capacity * self.circuit.capacity / self.dt)

    def finish(
        self, outcome: Outcome, conductance: Floats | None, beyond: int = 0, failed: bool = False
    ) -> Outcome:
        """The outcome with all the work that led to it."""
        r, e = outcome.result, outcome.electrical
        settled = r.settled and not failed
        result = StepResult(r.x, r.excess, r.uptake, settled, self.newton, self.linear)
        return Outcome(result, Electrical(e.potential, e.interface, e.current, conductance), beyond)


def _scalar(trial: _Trial) -> Outcome:
    """Bracket the one unknown and close in on it."""
    old = trial.old
    slope = None if old.conductance is None else float(old.conductance.sum())
    added = float((trial.circuit.capacitance / trial.dt).sum())
    if not trial.alone and trial.free.any():
        added += float(1.0 / trial.circuit.resistance[trial.free][0])
    y = float(trial.start()[0])
    low: tuple[float, float] | None = None
    high: tuple[float, float] | None = None
    last: tuple[float, float] | None = None
    best: tuple[float, Outcome] | None = None
    move, stale = 1e-3, 0
    for _ in range(_TRIALS):
        outcome = trial.at(np.array([y]))
        if not outcome.result.settled:
            return trial.finish(outcome, None, failed=True)
        r = float(trial.residual(outcome)[0])
        if last is not None and y != last[0]:
            slope = max((r - last[1]) / (y - last[0]) - added, 0.0)
        last = (y, r)
        improved = best is None or abs(r) < 0.5 * abs(best[0])
        if best is None or abs(r) < abs(best[0]):
            best = (r, outcome)
        stale = 0 if improved else stale + 1
        narrow = low is not None and high is not None and high[0] - low[0] <= 4.0 * math.ulp(abs(y))
        rough, slack = narrow or stale >= 6, float(trial.rounding(outcome)[0])
        if abs(r) <= trial.tolerance(outcome) + slack or (
            rough and abs(best[0]) <= trial.tolerance(outcome, _STALLED) + slack
        ):
            size = trial.circuit.resistance.size
            spread = None if slope is None else np.eye(size) * (slope / size)
            return trial.finish(best[1], spread)
        if narrow:
            break
        if r < 0.0:
            low = (y, r)
        else:
            high = (y, r)
        if abs(y) >= HIGHEST_POTENTIAL and (low is None or high is None):
            return trial.finish(outcome, None, beyond=1 if y > 0.0 else -1)
        y, move = _next_trial(y, r, slope, added, low, high, move, stale)
        y = min(max(y, -HIGHEST_POTENTIAL), HIGHEST_POTENTIAL)
    return trial.finish(outcome, None, failed=True)


def _next_trial(
    y: float, r: float, slope: float | None, added: float,
    low: tuple[float, float] | None, high: tuple[float, float] | None, move: float, stale: int,
) -> tuple[float, float]:  # fmt: skip
    """Next trial of one unknown, and how far the one after may go without a bracket."""
    total = added + (slope or 0.0)
    newton = y - r / total if total > 0.0 else math.nan
    if low is None or high is None:
        way = math.copysign(move, -r)
        guess = newton if math.isfinite(newton) else y + way
        reach = min(max(4.0 * move, _LARGEST_MOVE), _LONGEST_MOVE) if slope is not None else move
        guess = y + math.copysign(min(abs(guess - y), reach), -r)
        return (guess if guess != y else y + way), 3.0 * move
    if low[0] < newton < high[0] and stale < 3:
        return newton, move
    return 0.5 * (low[0] + high[0]), move


def _several(trial: _Trial) -> Outcome:
    """Newton's iteration with a conductance matrix that every trial corrects."""
    y = trial.start()
    outcome = trial.at(y)
    conductance = trial.old.conductance
    if conductance is None or conductance.shape != (trial.free.size, trial.free.size):
        conductance = _probe(trial, y, outcome)
    worst, stale = math.inf, 0
    for _ in range(_TRIALS):
        if not outcome.result.settled:
            return trial.finish(outcome, None, failed=True)
        r = trial.residual(outcome)
        size = float(np.maximum(np.abs(r) - trial.rounding(outcome), 0.0).max())
        if size <= trial.tolerance(outcome) or (stale >= 8 and size <= trial.tolerance(outcome, _STALLED)):
            return trial.finish(outcome, conductance)
        stale = 0 if size < 0.5 * worst else stale + 1
        worst = min(worst, size)
        if stale and stale % 12 == 0:
            conductance = _probe(trial, y, outcome)
        move = -np.linalg.solve(trial.jacobian(conductance), r)
        largest = float(np.abs(move).max())
        at_limit = float(np.abs(y).max()) >= HIGHEST_POTENTIAL
        last = y
        y = y + move * min(1.0, _LARGEST_MOVE / largest if largest > 0.0 else 1.0)
        y = np.clip(y, -HIGHEST_POTENTIAL, HIGHEST_POTENTIAL)
        if at_limit and np.array_equal(y, last):
            return trial.finish(outcome, None, beyond=1 if y[np.abs(y).argmax()] > 0.0 else -1)
        new = trial.at(y)
        step = new.electrical.interface - outcome.electrical.interface
        length = float(step @ step)
        if length > 0.0:
            gain = new.electrical.current - outcome.electrical.current
            corrected = conductance + np.outer(gain - conductance @ step, step) / length
            if np.all(np.diag(corrected) >= 0.0):
                conductance = corrected
        outcome = new
    return trial.finish(outcome, None, failed=True)


def _probe(trial: _Trial, y: Floats, outcome: Outcome) -> Floats:
    """Conductance matrix from one trial for every contact, moved on its own or with those tied to it."""
    size = trial.free.size
    conductance = np.zeros((size, size))
    base = outcome.electrical
    for number in range(y.size):
        moved = y.copy()
        moved[number] += _PROBE
        other = trial.at(moved).electrical
        shift = other.interface - base.interface
        touched = np.flatnonzero(shift)
        if touched.size == 0:  # the shared potential, where every contact has a resistance
            continue
        gain = (other.current - base.current) / _PROBE
        conductance[:, touched] += gain[:, None] / touched.size
    return conductance
