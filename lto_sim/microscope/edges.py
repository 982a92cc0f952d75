"""Inner-shell edges of one atom: d sigma/dE [m2/eV] of each end member, with its fine structure.

Li-K, O-K and Ti-L2,3 are hydrogenic (:mod:`lto_sim.microscope.hydrogenic`). Ti-M2,3 and Ti-M1, for which that
model fails, come from an optical oscillator strength df/dE by the dipole formula

    d sigma/dE = 4 pi a0^2 R^2 / (E T) df/dE ln[1 + (beta*/theta_E)^2]

with beta* the aperture, at most the angle of the Bethe ridge (Egerton 2011, eqs. 3.137 and 3.151).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import cumulative_trapezoid
from scipy.interpolate import PchipInterpolator

from lto_sim.errors import InputError
from lto_sim.microscope.fine_structure import LineShape, integral_between, redistributed, resonance_eV
from lto_sim.microscope.hydrogenic import differential_cross_section
from lto_sim.microscope.kinematics import BOHR_RADIUS, RYDBERG_EV, Beam, effective_collection
from lto_sim.microscope.references import EDGES, PHASES, Reference

__all__ = ["EDGE_ELEMENTS", "EdgeCurve", "edge_curve"]

Floats = NDArray[np.float64]

EDGE_ELEMENTS: Final = {"Ti-M2,3": "Ti", "Ti-M1": "Ti", "Li-K": "Li", "Ti-L2,3": "Ti", "O-K": "O"}
"""Edge -> the element whose atoms count."""

_BEFORE_EV: Final = 12.0
"""Lines may reach this far below a threshold."""
_FINE_EV: Final = 0.02
_NEAR_EV: Final = 160.0
_FAR_POINTS: Final = 1500
_MEASURED_EV: Final = 20.0
"""Window [eV] that a user's spectrum of an edge has at least, or that of its fine structure if shorter."""


@dataclass(frozen=True, eq=False)
class EdgeCurve:
    """Cross-section of one atom within an aperture.

    Parameters
    ----------
    threshold_eV : Where windows of this edge begin [eV].
    energy_eV : Energies [eV], (n,), ascending; the cross-section is 0 below the first.
    density : d sigma/dE [m2/eV], (n,).
    """

    threshold_eV: float
    energy_eV: Floats
    density: Floats

    def cumulative(self, energy_eV: Floats) -> Floats:
        """Cross-section [m2] up to `energy_eV` [eV]; constant beyond the last energy."""
        total = cumulative_trapezoid(self.density, self.energy_eV, initial=0)
        return np.asarray(np.interp(energy_eV, self.energy_eV, total))

    def within(self, window_eV: float) -> float:
        """Cross-section [m2] of a window [eV] from the threshold."""
        low, high = self.cumulative(np.array([self.threshold_eV, self.threshold_eV + window_eV]))
        return float(high - low)


def edge_curve(
    reference: Reference,
    edge: str,
    phase: str,
    beam: Beam,
    convergence: float,
    collection: float,
    reach_eV: float,
    measured: tuple[Floats, Floats] | None = None,
) -> EdgeCurve:
    """Cross-section of an edge in one end member.

    Parameters
    ----------
    reference : Its numbers.
    edge : One of :data:`EDGES`.
    phase : One of :data:`PHASES`.
    beam : The electrons.
    convergence, collection : Half-angles [rad].
    reach_eV : Highest energy needed [eV].
    measured : A single-scattering reference spectrum instead of the lines: energies [eV] and intensities.

    Raises
    ------
    InputError
        Unknown edge or phase, or a measured spectrum that does not cover the edge.
    """
    if edge not in EDGES or phase not in PHASES:
        raise InputError(
            "instrument.spectrum.edges", f"{edge} {phase}", ", ".join(EDGES), "name one of these"
        )
    entry = reference.edges[edge]
    threshold = entry["threshold"] + _of_phase(entry.get("shift", 0.0), phase)
    angle = effective_collection(beam, threshold, convergence, collection)
    energy = _grid(threshold, max(reach_eV, threshold + 2.0 * _NEAR_EV))
    if "strength" in entry:
        density = _dipole(entry, energy, beam, angle)
    else:
        density = _hydrogenic(entry, edge, threshold, energy, beam, angle)
    if measured is not None:
        longest = float(entry.get("windows", (_MEASURED_EV,))[-1])
        density = _spliced(energy, density, threshold, longest, measured, f"{edge} {phase}")
    elif "strength" not in entry:
        density = _with_lines(entry, edge, phase, threshold, energy, density)
    return EdgeCurve(threshold, energy, density)


def _of_phase(value: Any, phase: str) -> Any:
    return value[phase] if isinstance(value, Mapping) else value


def _grid(threshold: float, reach: float) -> Floats:
    """Fine near the threshold; a step at the threshold has a point on either side of it."""
    before = np.arange(threshold - _BEFORE_EV, threshold - 0.5 * _FINE_EV, _FINE_EV)
    near = threshold + np.arange(0.0, _NEAR_EV, _FINE_EV)
    far = np.geomspace(threshold + _NEAR_EV, reach, _FAR_POINTS)
    return np.concatenate([before, [threshold * (1.0 - 1e-12)], near, far])


def _hydrogenic(
    entry: Mapping[str, Any], edge: str, threshold: float, energy: Floats, beam: Beam, angle: float
) -> Floats:
    """Hydrogenic continuum, 0 below the threshold; of L2,3 a third begins at L2."""
    shell, number = {"Li-K": ("K", 3), "O-K": ("K", 8), "Ti-L2,3": ("L23", 22)}[edge]
    above = energy >= threshold
    density = np.zeros_like(energy)
    density[above] = differential_cross_section(shell, number, energy[above], beam, angle, threshold)  # type: ignore[arg-type]
    if edge != "Ti-L2,3":
        return density
    second = energy >= threshold + entry["spin_orbit"]
    return np.asarray(density * (2.0 / 3.0 + np.where(second, 1.0 / 3.0, 0.0)))


def _with_lines(
    entry: Mapping[str, Any], edge: str, phase: str, threshold: float, energy: Floats, continuum: Floats
) -> Floats:
    windows = entry["windows"]
    whole = _area(energy, continuum, threshold, windows[-1])
    shift = _of_phase(entry.get("shift", 0.0), phase) if edge == "Ti-L2,3" else 0.0
    lines = [LineShape(at + shift, fwhm, area * whole) for at, fwhm, area in entry["lines"][phase]]
    if "resonance" in entry:
        fwhm, area = entry["resonance"]
        distance = _of_phase(entry["o_o_distance"], phase) * 1e-9
        lines.append(LineShape(resonance_eV(distance), fwhm, area * whole))
    return redistributed(energy, continuum, lines, threshold, sorted(windows), f"{edge} {phase}")


def _area(energy: Floats, density: Floats, threshold: float, window: float) -> float:
    return integral_between(energy, density, threshold, threshold + window)


def _dipole(entry: Mapping[str, Any], energy: Floats, beam: Beam, angle: float) -> Floats:
    """Cross-section of a table of optical strength: a monotone cubic of its logarithms, 0 below it."""
    at, strength = np.array(entry["strength"]).T
    slope = np.log(strength[-1] / strength[-2]) / np.log(at[-1] / at[-2])
    inside = np.log(np.clip(energy, at[0], at[-1]))
    within = np.exp(PchipInterpolator(np.log(at), np.log(strength))(inside))
    beyond = strength[-1] * (np.maximum(energy, at[-1]) / at[-1]) ** slope
    optical = np.where(energy < at[0], 0.0, np.where(energy > at[-1], beyond, within))
    ridge = np.minimum(angle, beam.ridge_angle(energy))
    logarithm = np.log1p((ridge / beam.characteristic_angle(energy)) ** 2)
    factor = 4.0 * np.pi * BOHR_RADIUS**2 * RYDBERG_EV**2 / (energy * beam.kinetic_eV)
    return np.asarray(factor * optical * logarithm)


def _spliced(
    energy: Floats,
    hydrogenic: Floats,
    threshold: float,
    longest: float,
    measured: tuple[Floats, Floats],
    name: str,
) -> Floats:
    """Measured shape, scaled to the cross-section of as long a window as it has; the model's beyond it."""
    at, intensity = measured
    window = min(longest, float(at[-1]) - threshold)
    if at[0] > threshold or window < min(longest, _MEASURED_EV):
        raise InputError(
            f"instrument.spectrum.files.{name}", f"{at[0]:g} to {at[-1]:g} eV",
            f"{threshold:g} to {threshold + min(longest, _MEASURED_EV):g} eV or more",
            "give a reference spectrum that covers the edge",
        )  # fmt: skip
    shape = np.interp(energy, at, intensity, left=0.0, right=0.0)
    shape = np.where(energy >= max(at[0], energy[0]), shape, 0.0)
    area = _area(energy, shape, threshold, window)
    if not (np.all(shape >= 0.0) and area > 0.0):
        raise InputError(
            f"instrument.spectrum.files.{name}", float(shape.min()), ">= 0, with intensity above the edge",
            "subtract its background and clip what is left below zero",
        )  # fmt: skip
    scaled = shape * _area(energy, hydrogenic, threshold, window) / area
    return np.where(energy <= at[-1], scaled, hydrogenic)
