"""How well one pixel is known: the deviation of its li fraction from what is counted in it.

    N = I t_dwell / e,    F_ab = sum over bins of (d mu/d theta_a)(d mu/d theta_b)/V,    std(x)^2 = (F^-1)_xx

mu are the expected counts of the bins that `quantify_lithium` compares, V their variance, theta what it
leaves free in every pixel: electrons, thickness, plasmon mix, li fraction and, normalised by the pixel, the
ratio of Ti-M2,3 to plasmon. Of n electrons a counter that is limited to m counts n/(1 + n/m), whose
correction has the variance n (1 + n/m)^3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.constants import ELEMENTARY_CHARGE
from lto_sim.errors import InputError
from lto_sim.microscope import Instrument, SpectrumModel
from lto_sim.quantify import EnergyBins, Normalisation, cramer_rao
from lto_sim.quantify.energy_bins import LI_WINDOW
from lto_sim.quantify.li_model import PARAMETERS
from lto_sim.quantify.recorded import prepared
from lto_sim.quantify.scoring import CountVariance

__all__ = ["LI_FRACTIONS", "PixelDeviation", "pixel_deviation", "pixel_electrons", "require_probe"]

Floats = NDArray[np.float64]

LI_FRACTIONS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Li fractions between which the deviation is interpolated."""

_NEEDED: Final = ("Ti-M2,3", "Ti-M1", "Li-K")
_THICKNESSES: Final = 5
_EVEN: Final[float] = 1e-6
_MOST_LOST: Final[float] = 0.3
"""Part of the electrons in a channel beyond which `quantify_lithium` calls a pixel saturated."""


@dataclass(frozen=True, eq=False)
class PixelDeviation:
    """Deviation of the li fraction of one pixel.

    Parameters
    ----------
    thickness : Thicknesses at which it is known, rising [m].
    table : Deviation at them and at :data:`LI_FRACTIONS`, (thickness, li_fraction).
    electrons : Electrons that a pixel gets in a frame.
    saturated : Whether a channel is beyond what the detector counts.
    """

    thickness: Floats
    table: Floats
    electrons: float
    saturated: bool

    def at(self, li_fraction: Floats, thickness: Floats | float) -> Floats:
        """Deviation of pixels; li fractions beyond 0 and 1 as at 0 and 1.

        Parameters
        ----------
        li_fraction : Any shape.
        thickness : [m], broadcast against it.
        """
        x, t = np.broadcast_arrays(np.asarray(li_fraction, dtype=np.float64), thickness)
        nodes = np.array(LI_FRACTIONS)
        columns = np.array([np.interp(x, nodes, row) for row in self.table])
        if self.thickness.size == 1:
            return np.asarray(columns[0])
        place = np.interp(t, self.thickness, np.arange(self.thickness.size, dtype=np.float64))
        low = np.minimum(place.astype(np.int64), self.thickness.size - 2)
        part = place - low
        before, after = (np.take_along_axis(columns, n[None], axis=0)[0] for n in (low, low + 1))
        return np.asarray(before + part * (after - before))


def pixel_electrons(instrument: Instrument, dwell: float) -> float:
    """Electrons that reach a pixel in its dwell time [s]."""
    return float(instrument.beam.current * dwell / ELEMENTARY_CHARGE)


def require_probe(instrument: Instrument) -> None:
    """Refuse a slit: maps of a front need a scanned probe.

    Raises
    ------
    InputError
        An instrument that is not scanned, or one that loses lithium to the beam.
    """
    if instrument.mode != "stem":
        raise InputError(
            "instrument.mode", instrument.mode, '"stem"', "a front is mapped with a scanned probe"
        )
    if instrument.lithium_loss is not None:
        raise InputError(
            "instrument.lithium_loss", instrument.lithium_loss.dose, "absent",
            "lithium that the beam removes is not counted here: leave it out, let the budget stand for it",
        )  # fmt: skip


def pixel_deviation(
    instrument: Instrument,
    dwell: float,
    thickness: tuple[float, float],
    normalise: Normalisation = "pixel",
) -> PixelDeviation:
    """Deviation of the li fraction of a pixel, over li fraction and thickness.

    Parameters
    ----------
    instrument : Beam, spectrometer and detector.
    dwell : Time for one pixel [s].
    thickness : Least and largest thickness of the lamella, inactive layers and all [m].
    normalise : As of `quantify_lithium`.

    Raises
    ------
    InputError
        Spectra that do not hold zero loss and Li-K, or an instrument that cannot be used.
    """
    model, bins = prepared(_as_quantified(instrument), LI_WINDOW)
    free = tuple(name for name in PARAMETERS if name != "ratio" or normalise == "pixel")
    low, high = thickness
    even = high <= low * (1.0 + _EVEN)
    nodes = np.array([0.5 * (low + high)]) if even else np.geomspace(low, high, _THICKNESSES)
    electrons = pixel_electrons(instrument, dwell)
    counts = electrons * _collected(instrument) * _counts_per_electron(instrument)
    table = np.empty((nodes.size, len(LI_FRACTIONS)))
    saturated = False
    for i, t in enumerate(nodes):
        for j, x in enumerate(LI_FRACTIONS):
            spectrum = counts * model.recorded(float(t), float(x))
            variance, full = _variance(instrument, spectrum, bins, dwell)
            saturated |= full
            truth = np.array([counts, t, 1.0, x, x])
            table[i, j] = _bound(model, bins, truth, free, variance)
    return PixelDeviation(nodes, table, electrons, saturated)


def _bound(
    model: SpectrumModel, bins: EnergyBins, truth: Floats, free: tuple[str, ...], variance: CountVariance
) -> float:
    return cramer_rao(model, bins, truth, free, variance)["li_fraction"]


def _as_quantified(instrument: Instrument) -> Instrument:
    """The instrument whose spectra are fitted: no current, so that all currents share one model."""
    edges = instrument.spectrum.edges
    missing = [edge for edge in _NEEDED if edge not in edges]
    values: dict[str, Any] = {"beam.current": 1e-12}
    if missing:
        values["spectrum.edges"] = [*edges, *missing]
    return instrument.with_values(values)


def _collected(instrument: Instrument) -> float:
    """Part of the electrons that pass the aperture."""
    ratio = instrument.spectrometer.collection / instrument.beam.convergence
    return float(min(1.0, ratio**2))


def _counts_per_electron(instrument: Instrument) -> float:
    detector = instrument.detector
    return float(detector.gain if detector.kind == "ccd" else detector.efficiency)


def _variance(
    instrument: Instrument, spectrum: Floats, bins: EnergyBins, dwell: float
) -> tuple[CountVariance, bool]:
    """Variance of the counts of the bins, and whether a channel is full."""
    detector, widths = instrument.detector, np.diff(bins.first).astype(np.float64)
    used = spectrum[: bins.first[-1]]
    if detector.kind == "ccd":
        read = detector.read_noise**2 + detector.gain**2 * detector.dark * dwell
        full = detector.full_scale is not None and float(used.max()) >= detector.full_scale
        return CountVariance(detector.gain, read * widths), full
    extra = detector.dark * dwell * widths
    if detector.saturation is None:
        return CountVariance(1.0, extra), False
    part = spectrum / (detector.saturation * dwell)
    missed = bins.total((spectrum * ((1.0 + part) ** 3 - 1.0))[None])[0]
    lost = float(np.max(part[: bins.first[-1]] / (1.0 + part[: bins.first[-1]])))
    return CountVariance(1.0, extra + missed), lost >= _MOST_LOST
