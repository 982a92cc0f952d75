"""One case of the study: a particle in a lamella, what conducts along its surfaces, and how it is recorded.

The particle is a rectangle with electrolyte along its whole left side. Material and windows are those of the
package (D of both phases from the lines through Table 1 without surfaces); a case changes D_Li7 of the bulk
and puts conductances on the faces and on the perimeter. Neither has been measured on Li4Ti5O12: they are what
the study varies.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from lto_sim.constants import ZERO_CELSIUS
from lto_sim.errors import InputError
from lto_sim.exact import thin_lamella
from lto_sim.materials import load_material

__all__ = ["PARTICLE", "REFERENCE", "STRIP_HEIGHT", "Case", "table_diffusivity"]

REFERENCE: Final = 75.0 + ZERO_CELSIUS
"""Middle temperature: surface lengths and conductances of a case are those at this one [K]."""

PARTICLE: Final = (2.0e-6, 1.5e-6)
"""Width and height of the whole particle, and of the field of which a frame is recorded [m]."""

STRIP_HEIGHT: Final = 0.25e-6
"""Height of a strip along the way of the front, for cases whose front does not depend on y [m]."""

_PROFILE_WIDTH: Final = 0.2e-6
_BEYOND_TIP: Final = 0.25e-6
_POSITIVE: Final = ("thickness", "bulk", "field", "frame_time", "pixel", "noise", "cell", "height")
_NOT_NEGATIVE: Final = ("surface_length", "perimeter")
_ENERGIES: Final = ("bulk_Ea_eV", "faces_Ea_eV", "perimeter_Ea_eV")


def table_diffusivity(temperature: float = REFERENCE) -> float:
    """D_Li7 that Table 1 means without surfaces [m2 s-1] at `temperature` [K]."""
    return load_material("lto").rich.diffusivity(temperature)


@dataclass(frozen=True)
class Case:
    """What is simulated and how it is recorded.

    Parameters
    ----------
    temperature_degC : Temperature [degC].
    thickness : Active thickness H of the lamella [m].
    surface_length : l = delta*D_faces / D_Li7 of one face at the reference temperature [m].
    perimeter : delta*D_s of the wall around the outline at the reference temperature [m3 s-1].
    bulk : Ratio of D_Li7 of the bulk to the one that Table 1 means without surfaces, at the reference
        temperature.
    bulk_Ea_eV : Activation energy of D_Li7 [eV]; None takes that of the material.
    faces_Ea_eV, perimeter_Ea_eV : Activation energies of the surfaces [eV]; None takes that of D_Li7.
    direction : ``insertion`` or ``extraction``.
    field : Way of the mean front that is recorded [m].
    frame_time : Time of a frame of 2 x 1.5 um [s]; a strip takes its share of it.
    pixel : Side of a pixel [m].
    columns : Scan column after column, so that the front moves along the slow axis; else row after row.
    snapshots : Read the maps as if every pixel were recorded at the start of its frame.
    most_frames : Frames that are kept, evenly over the run.
    noise : Standard deviation of one pixel [li fraction].
    current : Probe current [A]: maps come from drawn spectra at this dose; None adds `noise` to exact maps.
    draws : How often the noise is drawn.
    seed : Seed of the first draw; the others take the seeds after it.
    height : Height of the particle [m]; a strip will do where the perimeter does not conduct.
    cell, layers : Mesh: cells in the plane [m] and through the thickness.

    Raises
    ------
    InputError
        A value outside its range.
    """

    temperature_degC: float = REFERENCE - ZERO_CELSIUS
    thickness: float = 150e-9
    surface_length: float = 0.0
    perimeter: float = 0.0
    bulk: float = 1.0
    bulk_Ea_eV: float | None = None
    faces_Ea_eV: float | None = None
    perimeter_Ea_eV: float | None = None
    direction: str = "insertion"
    field: float = 0.75e-6
    frame_time: float = 1.5
    pixel: float = 31.25e-9
    columns: bool = False
    snapshots: bool = False
    most_frames: int = 100
    noise: float = 0.17
    current: float | None = None
    draws: int = 1
    seed: int = 0
    height: float = STRIP_HEIGHT
    cell: float = 40e-9
    layers: int = 6

    def __post_init__(self) -> None:
        self._check_numbers()
        if self.direction not in {"insertion", "extraction"}:
            raise InputError("direction", self.direction, '"insertion" or "extraction"', "choose one of them")
        if not (math.isfinite(self.temperature_degC) and self.temperature_degC > -ZERO_CELSIUS):
            raise InputError("temperature_degC", self.temperature_degC, "above -273.15 degC", "give degC")
        if self.layers < 2 or self.layers % 2:
            raise InputError("layers", self.layers, "an even number, 2 at least", "half of them are computed")
        if self.most_frames < 4:
            raise InputError("most_frames", self.most_frames, "4 or more", "a rate constant needs points")
        if self.draws < 1 or self.seed < 0:
            raise InputError("draws, seed", (self.draws, self.seed), ">= 1, >= 0", "one draw at least")
        if self.field > PARTICLE[0] - self.cell:
            raise InputError("field", self.field, f"below {PARTICLE[0]:g} m", "the particle ends there")
        if self.height > PARTICLE[1]:
            raise InputError("height", self.height, f"at most {PARTICLE[1]:g} m", "the field ends there")
        if self.perimeter > 0.0 and self.height < PARTICLE[1]:
            raise InputError(
                "height", self.height, f"{PARTICLE[1]:g} m where the perimeter conducts",
                "a strip has no walls at its sides",
            )  # fmt: skip

    def _check_numbers(self) -> None:
        for name in _POSITIVE:
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0.0):
                raise InputError(name, value, "> 0 and finite", "give SI units: metres, seconds")
        for name in _NOT_NEGATIVE:
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0.0):
                raise InputError(name, value, ">= 0 and finite", "0: no conduction")
        for name in _ENERGIES:
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= 0.0):
                raise InputError(name, value, ">= 0 eV, or None", "None takes the default")
        if self.current is not None and not (math.isfinite(self.current) and self.current > 0.0):
            raise InputError("current", self.current, "> 0 A, or None", "71 pA is 71e-12")

    @property
    def kelvin(self) -> float:
        """Temperature [K]."""
        return self.temperature_degC + ZERO_CELSIUS

    @property
    def diffusivity(self) -> float:
        """D_Li7 of the bulk at the reference temperature [m2 s-1]."""
        return self.bulk * table_diffusivity()

    @property
    def faces(self) -> float:
        """delta*D of one face at the reference temperature [m3 s-1]."""
        return self.surface_length * self.diffusivity

    @property
    def profile(self) -> tuple[tuple[float, float], tuple[float, float], float]:
        """Start and end (x, y) and width of the line along which the front is followed [m]."""
        tip = thin_lamella.tip_length(self.surface_length, self.thickness)
        end = min(self.field + tip + _BEYOND_TIP, PARTICLE[0])
        middle = 0.5 * self.height
        return (0.0, middle), (end, middle), min(_PROFILE_WIDTH, self.height)
