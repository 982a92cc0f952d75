"""The expected EELS spectrum of a pixel: areal densities, single scattering, plural scattering, channels.

A beam passes layers of the two end members in series, Li4 of thickness t (1 - x) and Li7 of t x: their
single-scattering distributions add, whatever the order, and exp[s] makes of them the spectrum. Per length,

    1/lambda(E) = sum of edges n_atoms d sigma/dE + plasmon,

the plasmon's strength being what the mean free path leaves beside the edges, so that t/lambda is that of the
chosen formula exactly. Lithium that the beam has removed takes its edge with it and leaves the rest.

Source: R. F. Egerton, Electron Energy-Loss Spectroscopy in the Electron Microscope, 3rd ed. (2011),
chapters 3 and 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.microscope.edges import EDGE_ELEMENTS, edge_curve
from lto_sim.microscope.kinematics import Beam, effective_collection
from lto_sim.microscope.low_loss import drude_density, plasmon_energy_eV
from lto_sim.microscope.plural import Lattice
from lto_sim.microscope.references import PHASES, Reference
from lto_sim.microscope.zero_loss import Response

__all__ = ["Measured", "Optics", "SpectrumModel"]

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]
Lengths = Mapping[tuple[str, str], Floats]
"""(phase, part) -> length [m] over which it scatters."""

_BEYOND_EV = 20_000.0
_BATCH_VALUES = 2_000_000


@dataclass(frozen=True)
class Optics:
    """What decides how electrons scatter into the spectrometer.

    Parameters
    ----------
    beam : The electrons.
    convergence, collection : Half-angles [rad].
    """

    beam: Beam
    convergence: float
    collection: float


@dataclass(frozen=True, eq=False)
class Measured:
    """Spectra of a user instead of the parametric ones, each energies [eV] and intensities.

    Parameters
    ----------
    edges : (edge, phase) -> single-scattering edge without background.
    plasmon : Single scattering of valence electrons; of both end members.
    """

    edges: Mapping[tuple[str, str], tuple[Floats, Floats]] = field(default_factory=dict)
    plasmon: tuple[Floats, Floats] | None = None


class SpectrumModel:
    """Spectra of layers of a solid, in channels.

    Parameters
    ----------
    reference : The solid.
    optics : Beam and angles.
    lattice : Losses and channels.
    response : Of source and detector.
    edges : Edges that are modelled.
    mean_free_path : Phase -> inelastic mean free path [m].
    measured : A user's spectra.
    scale : Edge -> factor on its cross-section.

    Raises
    ------
    InputError
        The edges alone scatter more than the mean free path allows; see also :func:`edge_curve`.
    """

    def __init__(
        self,
        reference: Reference,
        optics: Optics,
        lattice: Lattice,
        response: Response,
        edges: tuple[str, ...],
        mean_free_path: Mapping[str, float],
        measured: Measured | None = None,
        scale: Mapping[str, float] | None = None,
    ) -> None:
        self.reference, self.optics, self.lattice, self.response = reference, optics, lattice, response
        self.edges, self.mean_free_path = edges, dict(mean_free_path)
        self._measured = measured or Measured()
        self._scale = scale or {}
        self.parts: dict[str, dict[str, Floats]] = {phase: {} for phase in PHASES}
        """Phase -> part (an edge, or "plasmon") -> scattering per length and lattice point [1/m]."""
        self._mean: dict[str, dict[str, float]] = {phase: {} for phase in PHASES}
        for phase in PHASES:
            self._add_edges(phase)
            self._add_plasmon(phase)
        self._transform = {
            phase: {name: lattice.transform(part) for name, part in self.parts[phase].items()}
            for phase in PHASES
        }

    def _add_edges(self, phase: str) -> None:
        optics = self.optics
        faces = self.lattice.faces
        for edge in self.edges:
            curve = edge_curve(
                self.reference, edge, phase, optics.beam, optics.convergence, optics.collection,
                max(_BEYOND_EV, float(faces[-1])), self._measured.edges.get((edge, phase)),
            )  # fmt: skip
            atoms = self.reference.number_density(phase, EDGE_ELEMENTS[edge]) * self._scale.get(edge, 1.0)
            cumulative = curve.cumulative(faces)
            self.parts[phase][edge] = atoms * np.diff(cumulative)
            self._mean[phase][edge] = atoms * float(curve.cumulative(np.array([np.inf]))[0])

    def _add_plasmon(self, phase: str) -> None:
        left = 1.0 / self.mean_free_path[phase] - sum(self._mean[phase].values())
        if not left > 0.0:
            raise InputError(
                "instrument.spectrum.mean_free_path", f"{self.mean_free_path[phase]:g} m of {phase}",
                f"< {1.0 / sum(self._mean[phase].values()):g} m, what the edges alone give",
                "shorten it, or leave edges out",
            )  # fmt: skip
        faces = self.lattice.faces
        beyond = np.geomspace(faces[-1], max(_BEYOND_EV, 2.0 * faces[-1]), 400)
        shape = 0.5 * (faces[1:] + faces[:-1])
        density = self._plasmon_density(phase, shape) * np.diff(faces)
        rest = float(np.trapezoid(self._plasmon_density(phase, beyond), beyond))
        self.parts[phase]["plasmon"] = left * density / (density.sum() + rest)
        self._mean[phase]["plasmon"] = left

    def _plasmon_density(self, phase: str, energy_eV: Floats) -> Floats:
        if self._measured.plasmon is not None:
            at, intensity = self._measured.plasmon
            tail = intensity[-1] * (np.maximum(energy_eV, at[-1]) / at[-1]) ** -3.0
            inside = np.interp(energy_eV, at, intensity, left=0.0)
            return np.where(energy_eV <= at[-1], inside, tail)
        host = self.reference.host["valence_electrons"][phase] * self.reference.formula_units
        optics = self.optics
        angle = effective_collection(
            optics.beam, plasmon_energy_eV(host), optics.convergence, optics.collection
        )
        return drude_density(self.reference, phase, energy_eV, optics.beam, angle)

    def _strength(self, lengths: Lengths) -> tuple[Complex, Floats]:
        """s(nu) (..., N/2+1) and s(0) (...,) of parts that scatter over given lengths."""
        strength: Complex | None = None
        mean: Floats = np.zeros(())
        for (phase, name), length in lengths.items():
            term = np.asarray(length)[..., None] * self._transform[phase][name]
            strength = term if strength is None else strength + term
            mean = mean + length * self._mean[phase][name]
        if strength is None:
            strength = np.zeros(self.lattice.frequency.size, dtype=np.complex128)
        return strength, mean

    def _lengths(
        self, thickness: Floats, li_fraction: Floats, kept: Floats | float, without: tuple[str, ...]
    ) -> Lengths:
        """Lengths over which the parts of layers scatter."""
        shares = {"Li4": 1.0 - np.asarray(li_fraction), "Li7": np.asarray(li_fraction)}
        return {
            (phase, name): np.asarray(thickness * share * (kept if name == "Li-K" else 1.0))
            for phase, share in shares.items()
            for name in self.parts[phase]
            if name not in without
        }

    @property
    def energy_loss(self) -> Floats:
        """Centres of the channels [eV], (channels,)."""
        lattice = self.lattice
        width = lattice.step * lattice.per_channel
        first = lattice.first * lattice.step + lattice.shift + 0.5 * (width - lattice.step)
        return np.asarray(first + width * np.arange(lattice.channels))

    def scattering(self, thickness: float, li_fraction: float) -> Floats:
        """Single-scattering distribution, probability per lattice point, (reach_points,).

        Of a layer of `thickness` [m] and mean `li_fraction` [1].
        """
        shares = {"Li4": 1.0 - li_fraction, "Li7": li_fraction}
        terms = [shares[p] * part for p in PHASES for part in self.parts[p].values()]
        return np.asarray(thickness * np.sum(terms, axis=0))

    def mean_scatterings(self, thickness: Floats | float, li_fraction: Floats | float) -> Floats:
        """t/lambda [1] of layers: mean number of inelastic scatterings into the aperture.

        Parameters
        ----------
        thickness : Thickness [m], any shape.
        li_fraction : Mean through the thickness [1], broadcast against it.
        """
        inverse = [sum(self._mean[phase].values()) for phase in PHASES]
        x = np.asarray(li_fraction)
        return np.asarray(thickness * ((1.0 - x) * inverse[0] + x * inverse[1]))

    def recorded(
        self,
        thickness: Floats | float,
        li_fraction: Floats | float,
        kept: Floats | float = 1.0,
        without: tuple[str, ...] = (),
    ) -> Floats:
        """Expected spectrum of layers per incident electron, exact.

        Parameters
        ----------
        thickness : Thickness [m], any shape.
        li_fraction : Mean through the thickness [1], broadcast against it.
        kept : Fraction of the lithium that the beam has left [1].
        without : Parts (edges or "plasmon") to leave out.

        Returns
        -------
        ndarray
            Electrons per incident electron [1], (..., channels).
        """
        values = np.broadcast_arrays(
            *(np.asarray(v, dtype=np.float64) for v in (thickness, li_fraction, kept))
        )
        t, x, left = (value.ravel() for value in values)
        flat = self.recorded_over(self._lengths(t, x, left, without))
        if flat.ndim == 1:  # nothing scatters
            flat = np.broadcast_to(flat, (values[0].size, flat.size))
        return flat.reshape(*values[0].shape, -1)

    def recorded_over(self, lengths: Lengths) -> Floats:
        """Expected spectra per incident electron of parts that each scatter over a length of its own, exact.

        Parameters
        ----------
        lengths : (phase, part) -> length [m], (n,) each; a part is an edge or "plasmon". What is not named
            does not scatter.

        Returns
        -------
        ndarray
            Electrons per incident electron [1], (n, channels); (channels,) where nothing scatters.
        """
        if not lengths:
            strength, mean = self._strength(lengths)
            return self.lattice.recorded(strength, mean, self.response)
        size = next(iter(lengths.values())).size
        result = np.empty((size, self.lattice.channels))
        batch = max(1, _BATCH_VALUES // self.lattice.size)  # bounds the memory of transforms
        for start in range(0, size, batch):
            part = slice(start, start + batch)
            strength, mean = self._strength({key: length[part] for key, length in lengths.items()})
            result[part] = self.lattice.recorded(strength, mean, self.response)
        return result

    def mean_over(self, lengths: Lengths) -> Floats:
        """Mean number [1] of inelastic scatterings of parts that each scatter over a length of its own, (n,).

        Parameters
        ----------
        lengths : As for :meth:`recorded_over`: (phase, part) -> length [m], (n,) each.
        """
        terms = [length * self._mean[phase][part] for (phase, part), length in lengths.items()]
        return np.asarray(np.sum(terms, axis=0))

    def synthesis(self, thickness: float, li_fraction: float) -> Floats:
        """Spectrum on the whole lattice, (N,), per incident electron [1].

        Of a layer of `thickness` [m] and mean `li_fraction` [1].
        """
        strength, mean = self._strength(
            self._lengths(np.asarray(thickness), np.asarray(li_fraction), 1.0, ())
        )
        return self.lattice.synthesis(strength, mean, self.response)

    def components(self, thickness: float, li_fraction: float) -> dict[str, Floats]:
        """Parts of a spectrum that sum up to it, each (channels,), per incident electron [1].

        They are of a layer of `thickness` [m] and mean `li_fraction` [1].
        ``zero loss``, then ``plasmon`` (single and plural), then what every edge, in the order of `edges`,
        adds to what came before it, its own plural scattering included.
        """
        left_out = list(self.parts["Li4"])
        previous = self.recorded(thickness, li_fraction, without=tuple(left_out))
        scale = np.exp(-float(self.mean_scatterings(thickness, li_fraction)))
        components = {"zero loss": scale * previous}
        total = scale * previous
        for name in ("plasmon", *self.edges):
            left_out.remove(name)
            now = self._with_mean(thickness, li_fraction, tuple(left_out))
            components[name] = now - total
            total = now
        return components

    def _with_mean(self, thickness: float, li_fraction: float, without: tuple[str, ...]) -> Floats:
        """Spectrum without some parts, whose electrons are lost instead of left in the beam."""
        strength, _ = self._strength(
            self._lengths(np.asarray(thickness), np.asarray(li_fraction), 1.0, without)
        )
        mean = self.mean_scatterings(thickness, li_fraction)
        return self.lattice.recorded(strength, mean, self.response)
