"""Impedance of one particle to a small signal: diffusion, charge transfer and double layer.

With q = sqrt(i omega L^2/D), omega = 2 pi frequency, and the diffusion resistance R_W = |dE/dx| L/(F dc D A),

    semi-infinite                   Z_W = R_W/q,
    finite space (blocked end)      Z_W = R_W coth(q)/q,
        from outside                cylinder R_W I_0(q)/[q I_1(q)],    sphere R_W/(q coth q - 1),
    finite length (reservoir end)   Z_W = R_W tanh(q)/q,
    Randles                         Z = R_s + 1/[i omega C_dl + 1/(R_ct + Z_W)],    R_ct = R T/(F i0 A).

======  ========================  =================================================================
symbol  argument                  meaning
======  ========================  =================================================================
R_W     resistance                diffusion resistance [ohm]
L       length                    thickness of the slab, radius of cylinder and sphere [m]
D       diffusivity               chemical diffusivity [m2 s-1]
dE/dx   potential_slope           slope of the open-circuit potential, either sign [V]
dc      insertable_concentration  lithium that x from 0 to 1 stands for [mol m-3]
A       area                      area of the surface that lithium crosses [m2]
i0      exchange_current_density  exchange current density [A m-2]
======  ========================  =================================================================

Finite space is R_W (d/q^2 + 1/{d + 2 + q^2/[d + 4 + q^2/(d + 6 + ...)]}) with d = 1, 2, 3 for slab, cylinder,
sphere. With q^2 on the positive imaginary axis no term of this fraction cancels another, so the real part,
R_W/(d + 2) at low frequency, stays exact beside an imaginary part of any size. It is used up to |q| = 30;
beyond, the asymptotic series of :mod:`lto_sim.exact._modes` leaves out exp(-2 Re q) only. Nothing overflows.

Source: J. E. B. Randles, Discuss. Faraday Soc. 1 (1947) 11 (circuit); D. R. Franceschetti and
J. R. Macdonald, J. Electroanal. Chem. 101 (1979) 307 (both ends); T. Jacobsen and K. West, Electrochim. Acta
40 (1995) 255 (slab, cylinder, sphere).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lto_sim.constants import FARADAY, GAS_CONSTANT
from lto_sim.errors import InputError
from lto_sim.exact import _modes
from lto_sim.exact._checks import FloatArray, not_negative, positive, values
from lto_sim.exact._collapse import Geometry

__all__ = [
    "charge_transfer_resistance",
    "diffusion_resistance",
    "finite_length",
    "finite_space",
    "randles",
    "semi_infinite",
]

ComplexArray = NDArray[np.complex128]

_FRACTION_UNTIL: Final[float] = 30.0**2
_LEVELS: Final[int] = 60


def diffusion_resistance(
    potential_slope: float, length: float, diffusivity: float, insertable_concentration: float, area: float
) -> float:
    """Diffusion resistance R_W = |dE/dx| L/(F dc D A) [ohm].

    Parameters
    ----------
    potential_slope : Slope dE/dx of the open-circuit potential [V per li fraction], either sign.
    length : Thickness or radius L [m].
    diffusivity : Diffusivity D [m2 s-1].
    insertable_concentration : Lithium dc that x from 0 to 1 stands for [mol m-3].
    area : Area A of the surface that lithium crosses [m2].

    Raises
    ------
    InputError
        A slope of zero, as on a plateau, or another argument that is not positive.
    """
    slope = abs(float(values("potential_slope", potential_slope, "V", above=None)))
    if slope == 0.0:
        raise InputError("potential_slope", potential_slope, "not 0 [V]", "a plateau has no linear response")
    density = FARADAY * positive("insertable_concentration", insertable_concentration, "mol m-3")
    per_area = slope * positive("length", length, "m") / (density * positive("area", area, "m2"))
    return per_area / positive("diffusivity", diffusivity, "m2 s-1")


def charge_transfer_resistance(exchange_current_density: float, area: float, temperature: float) -> float:
    """Charge-transfer resistance R_ct = R T/(F i0 A) [ohm], the slope of Butler-Volmer at equilibrium.

    Parameters
    ----------
    exchange_current_density : Exchange current density i0 [A m-2].
    area : Area A of the surface that lithium crosses [m2].
    temperature : Temperature [K].

    Raises
    ------
    InputError
        An argument that is not positive.
    """
    current = positive("exchange_current_density", exchange_current_density, "A m-2")
    current *= positive("area", area, "m2")
    return GAS_CONSTANT / FARADAY * positive("temperature", temperature, "K") / current


def _turn(frequency: ArrayLike, length: float, diffusivity: float) -> FloatArray:
    """Imaginary part of q^2 = i omega L^2/D [1]."""
    _modes.check_layer(length, diffusivity)
    return 2.0 * math.pi * values("frequency", frequency, "Hz", strict=True) * (length**2 / diffusivity)


def _root(turn: FloatArray) -> ComplexArray:
    return np.sqrt(0.5 * turn) * (1.0 + 1.0j)


def _fraction(turn: FloatArray, first: int) -> ComplexArray:
    """1/{first + q^2/[first + 2 + q^2/(first + 4 + ...)]} for |q| up to 30."""
    square = 1j * np.minimum(turn, _FRACTION_UNTIL)
    bottom: ComplexArray = np.full(np.shape(turn), first + 2.0 * _LEVELS, dtype=np.complex128)
    for level in reversed(range(_LEVELS)):
        bottom = first + 2.0 * level + square / bottom
    return 1.0 / bottom


def semi_infinite(frequency: ArrayLike, resistance: float, length: float, diffusivity: float) -> ComplexArray:
    """Warburg impedance R_W/q [ohm] of a particle without end; the length in R_W and q cancels.

    Elementwise: one value a frequency.

    Parameters
    ----------
    frequency : Frequency [Hz], above 0.
    resistance : Diffusion resistance R_W for `length` [ohm], see :func:`diffusion_resistance`.
    length : Any length L [m], the same as in R_W.
    diffusivity : Diffusivity D [m2 s-1].

    Raises
    ------
    InputError
        An argument that is not positive.
    """
    return positive("resistance", resistance, "ohm") / _root(_turn(frequency, length, diffusivity))


def finite_space(
    frequency: ArrayLike, resistance: float, length: float, diffusivity: float, geometry: Geometry = "slab"
) -> ComplexArray:
    """Warburg impedance [ohm] of a slab blocked at its far end, or of a cylinder or sphere from outside.

    Elementwise: one value a frequency.

    Parameters
    ----------
    frequency : Frequency [Hz], above 0.
    resistance : Diffusion resistance R_W for `length` [ohm], see :func:`diffusion_resistance`.
    length : Thickness of the slab, or radius L [m].
    diffusivity : Diffusivity D [m2 s-1].
    geometry : ``slab``, ``cylinder`` or ``sphere``.

    Raises
    ------
    InputError
        An unknown geometry, or another argument that is not positive.
    """
    turn, d = _turn(frequency, length, diffusivity), _modes.dimension(geometry)
    slow = _fraction(turn, d + 2) - 1j * d / turn
    inverse = 1.0 / _root(np.maximum(turn, _FRACTION_UNTIL))
    ratio = np.polynomial.polynomial.polyval(inverse, np.array(_modes.early_coefficients(d)))
    relative: ComplexArray = np.where(turn < _FRACTION_UNTIL, slow, inverse / ratio)[()]
    return positive("resistance", resistance, "ohm") * relative


def finite_length(frequency: ArrayLike, resistance: float, length: float, diffusivity: float) -> ComplexArray:
    """Warburg impedance R_W tanh(q)/q [ohm] of a slab whose far end is held; R_W at low frequency.

    Elementwise: one value a frequency.

    Parameters
    ----------
    frequency : Frequency [Hz], above 0.
    resistance : Diffusion resistance R_W for `length` [ohm], see :func:`diffusion_resistance`.
    length : Thickness L of the slab [m].
    diffusivity : Diffusivity D [m2 s-1].

    Raises
    ------
    InputError
        An argument that is not positive.
    """
    turn = _turn(frequency, length, diffusivity)
    slow, fast = _fraction(turn, 1), 1.0 / _root(np.maximum(turn, _FRACTION_UNTIL))
    relative: ComplexArray = np.where(turn < _FRACTION_UNTIL, slow, fast)[()]
    return positive("resistance", resistance, "ohm") * relative


def randles(
    frequency: ArrayLike,
    diffusion_impedance: ArrayLike,
    charge_transfer_resistance: float,
    double_layer_capacitance: float = 0.0,
    series_resistance: float = 0.0,
) -> ComplexArray:
    """Impedance [ohm] of a Randles circuit, R_s + 1/[i omega C_dl + 1/(R_ct + Z_W)], elementwise.

    Parameters
    ----------
    frequency : Frequency [Hz], above 0.
    diffusion_impedance : Z_W at each frequency [ohm], from one of the functions above.
    charge_transfer_resistance : R_ct [ohm], 0 or greater.
    double_layer_capacitance : C_dl [F], 0 or greater.
    series_resistance : R_s [ohm], 0 or greater.

    Raises
    ------
    InputError
        An impedance that is not finite, has no positive real part or is not one for each frequency, or
        another argument outside its range.
    """
    omega = 2.0 * math.pi * values("frequency", frequency, "Hz", strict=True)
    inner = _passive(diffusion_impedance, omega.shape)
    inner = inner + not_negative("charge_transfer_resistance", charge_transfer_resistance, "ohm")
    capacitance = not_negative("double_layer_capacitance", double_layer_capacitance, "F")
    outer = not_negative("series_resistance", series_resistance, "ohm")
    return outer + 1.0 / (1j * omega * capacitance + 1.0 / inner)


def _passive(impedance: ArrayLike, shape: tuple[int, ...]) -> ComplexArray:
    allowed = f"finite, real part above 0, of shape {shape} [ohm]"
    try:
        array = np.asarray(impedance, dtype=np.complex128)
    except (TypeError, ValueError):
        raise InputError("diffusion_impedance", impedance, allowed, "give complex numbers") from None
    if array.shape not in (shape, ()) or not bool(np.all(np.isfinite(array) & (array.real > 0.0))):
        raise InputError("diffusion_impedance", impedance, allowed, "take it at the same frequencies")
    return array
