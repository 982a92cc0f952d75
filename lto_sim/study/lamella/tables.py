"""The tables of cases of the study: what is varied, and around what.

Where faces conduct, the bulk keeps the rest of the D_Li7 that Table 1 means without surfaces, so that in
150 nm k (1 + 2 l/H) is that of Table 1 whatever l: fronts cross the field at the published pace.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from lto_sim.constants import ZERO_CELSIUS
from lto_sim.exact import thin_lamella
from lto_sim.kinetics import published_table
from lto_sim.study.lamella.case import PARTICLE, Case

__all__ = [
    "CURRENTS",
    "FACE_ENERGIES",
    "FRAME_TIMES",
    "PIXELS",
    "SURFACE_LENGTHS",
    "TEMPERATURES",
    "THICKNESSES",
    "dose_cases",
    "energy_cases",
    "frame_cases",
    "mesh_cases",
    "perimeter_energy_cases",
    "pixel_cases",
    "thickness_cases",
]

SURFACE_LENGTHS: Final = (0.0, 25e-9, 75e-9, 225e-9, 675e-9)
"""Lengths l of one face [m]; in 150 nm shares of 0, 0.25, 0.5, 0.75, 0.9."""

THICKNESSES: Final = (50e-9, 75e-9, 100e-9, 150e-9, 200e-9, 300e-9)
"""Active thicknesses [m]; the published lamellae have 100 to 200 nm."""

TEMPERATURES: Final = (30.0, 75.0, 105.0)
"""Temperatures at which the recording is varied [degC]."""

CURRENTS: Final = (71e-12, 529e-12)
"""Lowest and highest published probe current [A]."""

FRAME_TIMES: Final = (1.5, 5.0, 15.0, 50.0, 150.0, 300.0)
"""Times of a frame [s]: the published one, up to the five minutes of the work before it."""

PIXELS: Final = (15.625e-9, 31.25e-9, 62.5e-9, 125e-9)
"""Sides of a pixel [m]."""

FACE_ENERGIES: Final = (0.30, 0.45, 0.59, 0.75)
"""Activation energies of the faces [eV]."""

_USUAL: Final = 150e-9
_HALF = thin_lamella.surface_length_from_share(0.5, _USUAL)
_MOST = thin_lamella.surface_length_from_share(0.9, _USUAL)
_FINE: Final = 20e-9


def _case(length: float, **values: Any) -> Case:
    """Case with faces of such a length and the bulk that they leave in the usual thickness."""
    bulk = 1.0 - thin_lamella.surface_share(length, _USUAL)
    return Case(surface_length=length, bulk=bulk, **values)


def thickness_cases(
    lengths: Sequence[float] = SURFACE_LENGTHS,
    thicknesses: Sequence[float] = THICKNESSES,
    field: float = 0.75e-6,
) -> list[Case]:
    """Every surface length at every thickness, with a field of view.

    Parameters
    ----------
    lengths : Surface lengths l of one face [m].
    thicknesses : Active thicknesses [m].
    field : Way of the mean front that is recorded [m].

    Returns
    -------
    list of Case
        One for each combination.
    """
    return [_case(length, thickness=h, field=field) for length in lengths for h in thicknesses]


def dose_cases(
    temperatures: Sequence[float] = TEMPERATURES, currents: Sequence[float] = CURRENTS, draws: int = 8
) -> list[Case]:
    """Maps from spectra at every current and temperature, without faces, with half and with nine tenths.

    Parameters
    ----------
    temperatures : Temperatures [degC].
    currents : Probe currents [A].
    draws : How often the noise is drawn.

    Returns
    -------
    list of Case
        One for each combination.
    """
    return [
        _case(length, temperature_degC=t, current=current, draws=draws)
        for t in temperatures for length in (0.0, _HALF, _MOST) for current in currents
    ]  # fmt: skip


def frame_cases(
    temperatures: Sequence[float] = TEMPERATURES, frame_times: Sequence[float] = FRAME_TIMES
) -> list[Case]:
    """Every frame time: rows of pixels read at their own times, and columns read as snapshots.

    Parameters
    ----------
    temperatures : Temperatures [degC].
    frame_times : Times of a frame [s].

    Returns
    -------
    list of Case
        One for each combination.
    """
    return [
        _case(_HALF, temperature_degC=t, frame_time=frame_time, columns=columns, snapshots=columns)
        for t in temperatures for columns in (False, True) for frame_time in frame_times
    ]  # fmt: skip


def pixel_cases(
    temperatures: Sequence[float] = TEMPERATURES, pixels: Sequence[float] = PIXELS, draws: int = 8
) -> list[Case]:
    """Every pixel at the lowest current: a smaller one has fewer electrons.

    Parameters
    ----------
    temperatures : Temperatures [degC].
    pixels : Sides of a pixel [m].
    draws : How often the noise is drawn.

    Returns
    -------
    list of Case
        One for each combination.
    """
    return [
        _case(_HALF, temperature_degC=t, pixel=pixel, current=CURRENTS[0], draws=draws, cell=_FINE)
        for t in temperatures for pixel in pixels
    ]  # fmt: skip


def energy_cases(
    shares: Sequence[float] = (0.5, 0.9), energies: Sequence[float] = FACE_ENERGIES
) -> list[Case]:
    """Six temperatures for every activation energy of the faces and every share of them at 75 degC.

    Parameters
    ----------
    shares : Shares of k that the faces carry [1].
    energies : Activation energies of the faces [eV].

    Returns
    -------
    list of Case
        One for each combination.
    """
    degC = published_table("insertion").temperature - ZERO_CELSIUS
    lengths = [thin_lamella.surface_length_from_share(share, _USUAL) for share in shares]
    return [
        _case(length, temperature_degC=float(t), faces_Ea_eV=energy)
        for length in lengths for energy in energies for t in degC
    ]  # fmt: skip


def perimeter_energy_cases(
    perimeter: float = 1e-20,
    energies: Sequence[float] = FACE_ENERGIES,
    temperatures: Sequence[float] = TEMPERATURES,
) -> list[Case]:
    """Whole particles for every activation energy of a perimeter, faces with a half of k.

    Parameters
    ----------
    perimeter : Conductance delta*D_s of the wall at the reference temperature [m3 s-1].
    energies : Its activation energies [eV].
    temperatures : Temperatures [degC].

    Returns
    -------
    list of Case
        One for each combination.
    """
    return [
        _case(
            _HALF, temperature_degC=t, perimeter=perimeter, perimeter_Ea_eV=energy, height=PARTICLE[1],
            cell=50e-9, layers=4,
        )
        for energy in energies for t in temperatures
    ]  # fmt: skip


def mesh_cases() -> list[Case]:
    """The mesh of the study beside one twice as fine, without faces, with half and with nine tenths."""
    return [
        _case(length, cell=cell, layers=layers)
        for length in (0.0, _HALF, _MOST) for cell, layers in ((40e-9, 6), (20e-9, 12))
    ]  # fmt: skip
