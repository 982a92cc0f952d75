"""Materials that come with the package, read from one data file each.

Every number in a data file has a value, a unit, an uncertainty, a source and a trust mark (P read in the
paper, N in a neighbouring one, C computed, L literature, W weak); a number without a mark is refused.

Source: stands beside every number of the data file; :func:`sourced_numbers` lists them.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

from lto_sim.errors import InputError
from lto_sim.materials.arrhenius import Arrhenius
from lto_sim.materials.two_phase import Phase, TwoPhaseMaterial
from lto_sim.materials.windows import ConstantWindows, RegularSolutionWindows, Windows
from lto_sim.units import to_si

__all__ = ["MATERIALS", "SourcedNumber", "load_material", "sourced_numbers"]

MATERIALS = ("lto",)
"""Names that :func:`load_material` knows."""

_KINDS = {
    "insertable_concentration": "concentration",
    "lattice_parameter": "length",
    "density": "density",
    "plateau_potential": "potential",
    "lowest_potential": "potential",
    "highest_potential": "potential",
    "x_poor": "dimensionless",
    "x_rich": "dimensionless",
    "regular_solution_omega": "energy",
}
_MARKS = frozenset("PNCLW")


@dataclass(frozen=True)
class SourcedNumber:
    """A number of a data file, and how far to trust it.

    Parameters
    ----------
    path : Where it stands in the file, such as ``quantities.density``.
    value : The number, in units of `unit`.
    unit : Its unit, as written in the file.
    uncertainty : Its uncertainty, in words.
    source : Publication that it was read from, or what it was computed from.
    mark : Trust: P read in the paper, N in a neighbouring one, C computed, L literature, W weak.
    """

    path: str
    value: float
    unit: str
    uncertainty: str
    source: str
    mark: str


def _read(name: str) -> dict[str, Any]:
    if name not in MATERIALS:
        raise InputError("name", name, " or ".join(MATERIALS), "name one of these")
    file = resources.files("lto_sim.materials") / "data" / f"{name}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def sourced_numbers(name: str) -> tuple[SourcedNumber, ...]:
    """Every number of the data file of the material `name`, in the unit of the file.

    Raises
    ------
    InputError
        Unknown material, or an entry without unit, uncertainty, source or mark.
    """
    data = _read(name)
    rows = [_sourced(f"quantities.{key}", entry) for key, entry in data["quantities"].items()]
    for key, entry in data["diffusivities"].items():
        for field in ("at", "Ea"):
            number, _, unit = str(entry[field]).partition(" ")
            rows.append(
                _sourced(f"diffusivities.{key}.{field}", {**entry, "value": float(number), "unit": unit})
            )
    return tuple(rows)


def _sourced(path: str, entry: dict[str, Any]) -> SourcedNumber:
    missing = [key for key in ("value", "unit", "uncertainty", "source", "mark") if key not in entry]
    if missing or entry["mark"] not in _MARKS:
        raise InputError(
            path, entry, "value, unit, uncertainty, source, mark P|N|C|L|W", "complete the entry"
        )
    return SourcedNumber(
        path, float(entry["value"]), entry["unit"], entry["uncertainty"], entry["source"], entry["mark"]
    )


def load_material(
    name: str = "lto",
    *,
    windows: Literal["constant", "regular_solution"] | Windows | None = None,
    diffusivity_poor: Arrhenius | None = None,
    diffusivity_rich: Arrhenius | None = None,
    plateau_potential: float | None = None,
    insertable_concentration: float | None = None,
    potential_window: tuple[float, float] | None = None,
) -> TwoPhaseMaterial:
    """Build a material from its data file, with overrides in SI.

    Parameters
    ----------
    name : One of :data:`MATERIALS`.
    windows : Model of the gap edges by name, or an object with ``edges(temperature)``; default the file's.
    diffusivity_poor, diffusivity_rich : Chemical diffusivities [m2 s-1] instead of the file's.
    plateau_potential : Potential [V] instead of the file's.
    insertable_concentration : Concentration [mol m-3] instead of the file's.
    potential_window : Potentials [V] between which the two-phase picture holds, instead of the file's.

    Returns
    -------
    TwoPhaseMaterial
        In SI; :func:`sourced_numbers` tells where each number comes from.

    Raises
    ------
    InputError
        Unknown material or window model.
    """
    data = _read(name)
    si = {
        key: to_si(f"{entry['value']} {entry['unit']}".strip(), _KINDS[key], f"{name}.{key}")
        for key, entry in data["quantities"].items()
    }
    if windows is None or isinstance(windows, str):
        windows = _windows(windows or data["default_windows"], si)
    return TwoPhaseMaterial(
        name=name,
        poor=Phase(data["poor_phase"], data["poor_short"], diffusivity_poor or _arrhenius(data, "poor")),
        rich=Phase(data["rich_phase"], data["rich_short"], diffusivity_rich or _arrhenius(data, "rich")),
        windows=windows,
        insertable_concentration=(
            si["insertable_concentration"] if insertable_concentration is None else insertable_concentration
        ),
        plateau_potential=si["plateau_potential"] if plateau_potential is None else plateau_potential,
        reference_electrode=data["reference_electrode"],
        density=si["density"],
        potential_window=potential_window or (si["lowest_potential"], si["highest_potential"]),
    )


def _arrhenius(data: dict[str, Any], phase: str) -> Arrhenius:
    entry = data["diffusivities"][phase]
    field = f"{data['name']}.diffusivities.{phase}"
    return Arrhenius(
        to_si(entry["at"], "diffusivity", f"{field}.at"),
        to_si(entry["reference"], "temperature", f"{field}.reference"),
        to_si(entry["Ea"], "molar energy", f"{field}.Ea"),
    )


def _windows(model: str, si: dict[str, float]) -> Windows:
    if model == "constant":
        return ConstantWindows(si["x_poor"], si["x_rich"])
    if model == "regular_solution":
        return RegularSolutionWindows(si["regular_solution_omega"])
    raise InputError("windows", model, "constant or regular_solution", "name one of these")
