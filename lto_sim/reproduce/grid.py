"""Which pair of conductances makes the observed shell: a first grid of faces and perimeter at a fixed k.

The apparent k stays that of Table 1 everywhere: where the faces carry a share f of it, the bulk has 1 - f of
the D_Li7 that Table 1 means without surfaces. Coarse meshes, no noise, up to the content that is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.kinetics.corrections import true_rate
from lto_sim.reproduce.core_shell import PerimeterShell, covered_shares, perimeter_shell, transformed
from lto_sim.reproduce.experiment import experiment_scenario
from lto_sim.reproduce.surfaces import REFERENCE_SURFACES
from lto_sim.scenario import Scenario, build_material, build_surface
from lto_sim.transport import simulate

__all__ = [
    "FACE_SHARES",
    "GRID_HEADER",
    "PERIMETERS",
    "GridCase",
    "GridPoint",
    "grid_cells",
    "grid_values",
    "run_grid_case",
]

Floats = NDArray[np.float64]

FACE_SHARES: Final = (0.0, 0.5, 0.75, 0.9)
"""Shares of the insertion k on the faces."""

PERIMETERS: Final = (8.2e-22, 3.8e-21, 1.8e-20, 8.2e-20)
"""delta*D_s of the perimeter at 75 degC [m3 s-1]: 1, 4.6, 22 and 100 times that of a face at f = 0.9."""

GRID_HEADER: Final = (
    "face share [1]",
    "faces delta D [m3/s]",
    "perimeter delta D [m3/s]",
    "D_Li7 of the bulk [m2/s]",
    "k true [cm2/s]",
    "content [1]",
    "time [s]",
    "intermediate pixels [1]",
    "shell: content [1]",
    "shell: h0 [nm]",
    "shell: L [nm]",
    "shell: L/h0 [1]",
)

_MESH: Final[dict[str, Any]] = {"specimen.cell": 50e-9, "specimen.layers": 4, "specimen.symmetry": True}
_CONTENT = 0.4


@dataclass(frozen=True)
class GridCase:
    """One pair of conductances.

    Parameters
    ----------
    face_share : Share of the insertion k on the faces [1].
    perimeter : delta*D_s of the perimeter at the reference temperature [m3 s-1].
    temperature_degC : Temperature [degC].
    overrides : Values by scenario path, as pairs; keys under ``surface`` have no part here.
    """

    face_share: float
    perimeter: float
    temperature_degC: float
    overrides: tuple[tuple[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """Short name for messages."""
        return f"faces {self.face_share:g}, perimeter {self.perimeter:g} m3/s"

    def scenario(self) -> Scenario:
        """The scenario to run: insertion up to the content that is drawn."""
        given = {k: v for k, v in self.overrides if k.partition(".")[0] != "surface"}
        surfaces = replace(REFERENCE_SURFACES, face_share=self.face_share, perimeter=self.perimeter)
        end = {"drive.0.until.li_fraction": _CONTENT + 0.02}
        return experiment_scenario(
            "insertion", self.temperature_degC, surfaces=surfaces, overrides=_MESH | given | end
        )


@dataclass(frozen=True, eq=False)
class GridPoint:
    """What came out of one pair.

    Parameters
    ----------
    case : What was run.
    faces, perimeter : Conductance of one face and of the perimeter at the case's temperature [m3 s-1].
    diffusivity : D_Li7 of the bulk at that temperature [m2 s-1].
    k_true : Rate constant put in [m2 s-1].
    image : Projected li fraction (y, x) at the content that is drawn.
    size : Width and height of the particle [m].
    time, content : When that is [s], [1].
    intermediate : Share of pixels with a projected li fraction from 0.2 to 0.8.
    shell : Shell along the walls at its stated time.
    """

    case: GridCase
    faces: float
    perimeter: float
    diffusivity: float
    k_true: float
    image: Floats
    size: tuple[float, float]
    time: float
    content: float
    intermediate: float
    shell: PerimeterShell


def run_grid_case(case: GridCase) -> GridPoint:
    """Run the pair `case`.

    Raises
    ------
    InputError
        A scenario that cannot be run; the field begins with the pair.
    """
    scenario = case.scenario()
    try:
        run = simulate(scenario)
    except InputError as error:
        raise InputError(f"{case.name}: {error.field}", error.value, error.allowed, error.remedy) from None
    temperature, material = scenario.temperature, build_material(scenario)
    surface = build_surface(scenario)
    data = transformed(run, "insertion", material.edges(temperature))
    state = int(np.argmin(np.abs(data.content - _CONTENT)))
    return GridPoint(
        case,
        0.0 if surface.faces is None else surface.faces(temperature),
        0.0 if surface.perimeter is None else surface.perimeter(temperature),
        material.rich.diffusivity(temperature),
        true_rate(scenario).k,
        data.lithium[state],
        (data.cell[0] * run.sizes["x"], data.cell[1] * run.sizes["y"]),
        float(data.time[state]),
        float(data.content[state]),
        covered_shares(data, state)["intermediate_share"],
        perimeter_shell(data),
    )


def grid_values(points: Sequence[GridPoint]) -> list[dict[str, Any]]:
    """Values of every pair, for ``summary.json``."""
    return [
        {
            "face_share": p.case.face_share,
            "temperature_degC": p.case.temperature_degC,
            "faces_m3_s": p.faces,
            "perimeter_m3_s": p.perimeter,
            "D_Li7_m2_s": p.diffusivity,
            "true_m2_s": p.k_true,
            "content": p.content,
            "time_s": p.time,
            "intermediate_share": p.intermediate,
            "shell": p.shell.numbers(),
        }
        for p in points
    ]


def grid_cells(points: Sequence[GridPoint]) -> list[list[str]]:
    """Cells under :data:`GRID_HEADER`."""
    rows = [
        (
            p.case.face_share, p.faces, p.perimeter, p.diffusivity, 1e4 * p.k_true, p.content, p.time,
            p.intermediate, p.shell.content, 1e9 * p.shell.thickness, 1e9 * p.shell.reach, p.shell.ratio,
        )
        for p in points
    ]  # fmt: skip
    return [[f"{value:.6g}" for value in row] for row in rows]
