"""The conducting surfaces of the reproduction: one set of numbers for both directions, and how it is chosen.

The set is stated by what it does. The faces carry a share f of the insertion k, and the bulk keeps the rest,

    delta*D_faces = f D_Li7 H/2,    D_bulk = (1 - f) D_Li7,    so that k_bulk (1 + 2 l/H) = k    for every f,

with the D_Li7 that Table 1 means without surfaces and H the active thickness: the apparent k follows Table 1
whatever the share. The perimeter conducts delta*D_s beside that.

No surface transport of Li4Ti5O12 is measured; what speaks for the reference set is what the maps show:

- f = 0.9: a tip of sqrt(3 l H) = 551 nm under the faces, hence intermediate projected values over a core
  that is still poor. At f = 0.5 (l = 75 nm) the projected shell is sharp and the core dark.
- 1.8e-20 m3/s at 75 degC along the perimeter, 22 times what a face has: lithium runs round the particle
  before the faces have filled it, and a rim is seen in projection. A perimeter that conducts like the faces
  shows none. Beside Li4Ti5O12 it is a length of 21 nm only, and extraction stays planar, within 2 % from the
  first tenth on; twice as much would bend it by 4 % there.
- Faces and perimeter take the activation energy of D_Li7: any other one would mix into Ea(k).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from lto_sim.constants import ZERO_CELSIUS
from lto_sim.errors import InputError
from lto_sim.kinetics.corrections import active_thickness
from lto_sim.materials import Arrhenius
from lto_sim.scenario import Scenario, build_material

__all__ = ["REFERENCE_SURFACES", "Surfaces", "surface_values"]


@dataclass(frozen=True)
class Surfaces:
    """Conducting surfaces at a given apparent k of insertion.

    Parameters
    ----------
    face_share : Share of the insertion k that the two faces carry [1], 0 to below 1.
    perimeter : delta*D_s of the wall around the outline at `reference` [m3 s-1], 0: it conducts nothing.
    reference : Temperature of both [K].
    activation_energy : Of both [J mol-1]; None takes that of D_Li7.

    Raises
    ------
    InputError
        A value outside its range.
    """

    face_share: float = 0.9
    perimeter: float = 1.8e-20
    reference: float = 75.0 + ZERO_CELSIUS
    activation_energy: float | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.face_share < 1.0:
            raise InputError("face_share", self.face_share, "0 to below 1", "the bulk carries some lithium")
        if not (math.isfinite(self.perimeter) and self.perimeter >= 0.0):
            raise InputError("perimeter", self.perimeter, ">= 0 m3/s and finite", "0: no conduction")
        if not (math.isfinite(self.reference) and self.reference > 0.0):
            raise InputError("reference", self.reference, "> 0 K", "give kelvin, for example 348.15")


REFERENCE_SURFACES: Final = Surfaces()
"""The one set of surfaces of both directions."""


def surface_values(scenario: Scenario, surfaces: Surfaces) -> dict[str, Any]:
    """Values by scenario path that put `surfaces` on a scenario and leave its apparent insertion k as it is.

    Parameters
    ----------
    scenario : Scenario without surfaces, whose D_Li7 is the apparent one.
    surfaces : What conducts.
    """
    rich: Arrhenius = build_material(scenario).rich.diffusivity
    energy = surfaces.activation_energy
    law = {
        "reference": surfaces.reference,
        "Ea": rich.activation_energy if energy is None else energy,
    }
    conducts: dict[str, Any] = {}
    if surfaces.perimeter > 0.0:
        conducts["perimeter"] = {"at": surfaces.perimeter, **law}
    if surfaces.face_share > 0.0:
        faces = 0.5 * surfaces.face_share * rich(surfaces.reference) * active_thickness(scenario)
        conducts["faces"] = {"at": faces, **law}
    values: dict[str, Any] = {"material.D_Li7.at": (1.0 - surfaces.face_share) * rich.at}
    return values | ({"surface": conducts} if conducts else {})
