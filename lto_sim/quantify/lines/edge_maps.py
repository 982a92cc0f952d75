"""Labelled maps of Ti-L2,3 and O-K: what `titanium_valence` and `o_o_distance_map` say of a recording."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim import provenance
from lto_sim.errors import InputError
from lto_sim.provenance import named
from lto_sim.quantify.lines.oxygen import OODistance, o_o_distance_map
from lto_sim.quantify.lines.titanium import TiValence, titanium_valence, titanium_window
from lto_sim.quantify.reasons import reason_attributes
from lto_sim.quantify.recorded import Spectra, recorded_spectra

__all__ = ["quantify_oxygen", "quantify_titanium"]

Floats = NDArray[np.float64]
Align = Literal["none", "zero_loss"]
Progress = Callable[[float], None]

_SAMPLE: Final = 2000
_TITANIUM: Final = {
    "l3_position": "position of Ti-L3, as the valence is read from",
    "l3_centroid": "centre of gravity of the Ti-L3 lines",
    "l3_maximum": "maximum of the Ti-L3 lines",
    "l3_t2g": "t2g line of Ti-L3",
    "l3_eg": "eg line of Ti-L3",
    "l3_splitting": "eg less t2g of Ti-L3, about 10 Dq",
    "l2_l3_ratio": "area of the Ti-L2 lines over that of the Ti-L3 lines",
    "valence": "valence of Ti, relative to the reference of Ti4+",
}
_UNITLESS: Final = {"l2_l3_ratio", "valence"}


def quantify_titanium(
    recording: xr.Dataset | xr.DataArray,
    low_loss: xr.Dataset | xr.DataArray | None = None,
    *,
    align: Align = "none",
    position: Literal["centroid", "maximum"] = "centroid",
    ti4_position: float | None = None,
    ti3_position: float | None = None,
    counts_per_electron: float | None = None,
    read_noise: float = 0.0,
    window: tuple[float, float] | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Maps of Ti-L2,3 of a recording.

    Parameters
    ----------
    recording : Spectra with axes from (time, y, x) and ``energy_loss`` [eV]; read block by block.
    low_loss : Low loss of the same pixels, or one spectrum for all, (energy_loss,).
    align, position : See :func:`~lto_sim.quantify.lines.titanium.titanium_valence`.
    ti4_position, ti3_position : L3 of Ti4+ and of Ti3+ in the same recording [eV]; see there.
    window : Range of the fit [eV], background before the edge included; see there.
    counts_per_electron, read_noise : Of the detector [counts]; default those of a counting detector where the
        recording names one, else the noise is estimated.
    progress : Told the part done, 0 to 1.

    Returns
    -------
    Dataset with those of (time, y, x) that exist: ``l3_position``, ``l3_centroid``, ``l3_maximum``,
    ``l3_t2g``, ``l3_eg``, ``l3_splitting`` [eV], ``l2_l3_ratio``, ``ti_valence``, each with ``..._std``;
    ``l3_resolved`` (1 where L3 shows two lines), ``chi_square`` per degree of freedom, ``failed`` (why a
    pixel is NaN, meanings in its attributes).

    Raises
    ------
    InputError
        See :func:`titanium_valence` and :func:`recorded_spectra`; a low loss of other pixels.
    """
    spectra = recorded_spectra(recording)
    gain = _gain(spectra.attrs, counts_per_electron)
    energy = spectra.energy_loss
    if window is None:
        sample = spectra.sample(_SAMPLE)
        finite = np.all(np.isfinite(sample), axis=1)
        if finite.any():
            window = titanium_window(energy, sample[finite].mean(axis=0))
    parts: list[TiValence] = []
    for counts, low in _blocks(spectra, low_loss, progress):
        parts.append(
            titanium_valence(
                energy, counts, low_loss=low, align=align, position=position, ti4_position=ti4_position,
                ti3_position=ti3_position, counts_per_electron=gain, read_noise=read_noise, window=window,
            )
        )  # fmt: skip
    maps = {}
    for name, text in _TITANIUM.items():
        unit = "1" if name in _UNITLESS else "eV"
        shown = "ti_valence" if name == "valence" else name
        maps[shown] = (np.concatenate([getattr(part, name) for part in parts]), unit, text)
        deviation = np.concatenate([part.deviation[name] for part in parts])
        maps[f"{shown}_std"] = (deviation, unit, f"standard deviation of: {text}")
    resolved = np.concatenate([part.resolved for part in parts]).astype(np.uint8)
    references = parts[0].references
    title = "Ti-L2,3 by EELS"
    attrs = {
        **provenance.attributes(title, f"quantify_titanium position={position}", previous=spectra.attrs),
        "window_eV": list(parts[0].window),
        "valence_position": position,
        "valence_references_eV": list(references) if references else "none: no valence",
        "valence_note": "relative to the position of Ti4+ given, in the same recording",
        "l2_l3_note": "areas of the lines above the background and steps 2:1",
        **_noise_attributes(parts, align, low_loss is not None),
    }
    made = _labelled(spectra, maps, parts).assign_attrs(attrs)
    made["l3_resolved"] = (
        made["failed"].dims,
        resolved.reshape(spectra.shape),
        {
            **named("1", "whether Ti-L3 shows two lines"),
            "flag_values": [0, 1],
            "flag_meanings": "one_line two_lines",
        },
    )
    return made


def quantify_oxygen(
    recording: xr.Dataset | xr.DataArray,
    low_loss: xr.Dataset | xr.DataArray | None = None,
    *,
    align: Align = "none",
    counts_per_electron: float | None = None,
    read_noise: float = 0.0,
    window: tuple[float, float] | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Maps of O-K of a recording.

    Parameters
    ----------
    recording : Spectra with axes from (time, y, x) and ``energy_loss`` [eV]; read block by block.
    low_loss : Low loss of the same pixels, or one spectrum for all, (energy_loss,).
    align : ``zero_loss`` subtracts the position of every low loss's zero loss from energies.
    counts_per_electron, read_noise : Of the detector [counts]; see :func:`quantify_titanium`.
    window : Range of the fit [eV], background before the edge included; default 505 to 590 eV.
    progress : Told the part done, 0 to 1.

    Returns
    -------
    Dataset with those of (time, y, x) that exist: ``o_o_distance`` [m], ``o_peak_a``, ``o_peak_b`` [eV], each
    with ``..._std``; ``chi_square`` per degree of freedom, ``failed`` (why a pixel is NaN, meanings in its
    attributes).

    Raises
    ------
    InputError
        See :func:`o_o_distance_map` and :func:`recorded_spectra`; a low loss of other pixels.
    """
    spectra = recorded_spectra(recording)
    gain = _gain(spectra.attrs, counts_per_electron)
    parts: list[OODistance] = []
    for counts, low in _blocks(spectra, low_loss, progress):
        parts.append(
            o_o_distance_map(
                spectra.energy_loss, counts, low_loss=low, align=align, counts_per_electron=gain,
                read_noise=read_noise, window=window,
            )
        )  # fmt: skip
    maps = {}
    for name, shown, unit, text in (
        ("distance", "o_o_distance", "m", "O-O distance"),
        ("peak_a", "o_peak_a", "eV", "peak a of O-K"),
        ("peak_b", "o_peak_b", "eV", "peak b of O-K, the resonance"),
    ):
        maps[shown] = (np.concatenate([getattr(part, name) for part in parts]), unit, text)
        deviation = np.concatenate([getattr(part, f"{name}_std") for part in parts])
        maps[f"{shown}_std"] = (deviation, unit, f"standard deviation of: {text}")
    attrs = {
        **provenance.attributes("O-O distance by EELS", "quantify_oxygen", previous=spectra.attrs),
        "window_eV": list(parts[0].window),
        **_noise_attributes(parts, align, low_loss is not None),
    }
    return _labelled(spectra, maps, parts).assign_attrs(attrs)


def _gain(attrs: Mapping[Any, Any], given: float | None) -> float | None:
    if given is not None or attrs.get("detector") != "counting":
        return given
    return float(attrs.get("detector_gain", 1.0))


def _blocks(spectra: Spectra, low_loss: xr.Dataset | xr.DataArray | None, progress: Progress | None) -> Any:
    """Counts (n, channels) and low loss of every block."""
    other = None if low_loss is None else recorded_spectra(low_loss)
    if other is not None and other.size not in {1, spectra.size}:
        raise InputError(
            "low_loss", f"{other.size} spectra", f"1 or {spectra.size}", "give that of the same pixels"
        )
    whole = None if other is None else np.asarray(other.counts.values, np.float64)
    for place, counts in spectra.blocks():
        low = None
        if other is not None and whole is not None:
            flat = whole.reshape(other.size, -1)
            low = (other.energy_loss, flat[0] if other.size == 1 else flat[place])
        yield counts, low
        if progress is not None:
            progress(place.stop / spectra.size)


def _noise_attributes(parts: list[Any], align: str, scattered: bool) -> dict[str, Any]:
    noise = parts[0].fit.noise
    return {
        "noise": "of the detector given" if noise.known else "estimated from residuals, with correlation",
        "aligned_by": align,
        "plural_scattering": "model convolved with the low loss" if scattered else "not treated",
    }


def _labelled(spectra: Spectra, maps: Mapping[str, tuple[Floats, str, str]], parts: list[Any]) -> xr.Dataset:
    dims = tuple(map(str, spectra.counts.dims[:-1]))
    reduced = np.full(spectra.size, np.nan)
    reduced[np.concatenate([part.fit.finite for part in parts])] = np.concatenate(
        [part.fit.reduced for part in parts]
    )
    failed = np.concatenate([part.failed for part in parts]).reshape(spectra.shape)
    variables: dict[str, Any] = {
        name: (dims, values.reshape(spectra.shape), named(unit, text))
        for name, (values, unit, text) in maps.items()
    }
    variables["chi_square"] = (
        dims, reduced.reshape(spectra.shape), named("1", "chi-square per degree of freedom")
    )  # fmt: skip
    variables["failed"] = (dims, failed, reason_attributes())
    return xr.Dataset(variables, {dim: spectra.counts[dim] for dim in dims if dim in spectra.counts.coords})
