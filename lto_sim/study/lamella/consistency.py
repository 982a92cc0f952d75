"""Which surfaces agree with the published k of insertion, keep extraction planar, and show a shell.

A grid over the share f of the faces in k and the conductance of the perimeter. At every point D_Li7 of the
bulk is chosen so that the k that is read from exact maps of insertion is that of Table 1 at the middle
temperature: with the perimeter's conductance held, D_Li7 is corrected by the ratio of the two until they
agree. Extraction is then run with the same surfaces. What is found is a region, not a pair: Table 1 fixes one
combination of D_Li7, faces and perimeter, and the shell excludes others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Final

import numpy as np
import xarray as xr

from lto_sim import provenance
from lto_sim.errors import InputError
from lto_sim.exact import thin_lamella
from lto_sim.execution import run_jobs
from lto_sim.kinetics import published_table
from lto_sim.kinetics.corrections import true_rate
from lto_sim.provenance import named
from lto_sim.study.lamella.case import PARTICLE, REFERENCE, Case, table_diffusivity
from lto_sim.study.lamella.fronts import grown_fraction, read_rate
from lto_sim.study.lamella.maps import exact_maps
from lto_sim.study.lamella.scenarios import case_scenario
from lto_sim.study.lamella.shells import PIXEL, Rim, front_lead, rim_of
from lto_sim.transport import simulate

__all__ = ["FACE_SHARES", "PERIMETERS", "consistent_surfaces", "published_rate"]

FACE_SHARES: Final = (0.0, 0.3, 0.6, 0.8, 0.9)
"""Shares of the insertion k on the faces."""

PERIMETERS: Final = (1e-21, 2.5e-21, 5e-21, 1e-20, 2e-20, 4e-20)
"""delta*D_s of the perimeter at the middle temperature [m3 s-1]."""

_CORRECTIONS: Final = 4
_NEAR: Final = 0.03
_FIELD: Final = 1.0e-6
_TEXTS: Final = {
    "D_Li7": ("m2 s-1", "D_Li7 of the bulk with which k follows Table 1"),
    "faces": ("m3 s-1", "delta*D of one face"),
    "k_step": ("m2 s-1", "k read from exact maps by a step"),
    "k_bulk": ("m2 s-1", "Wagner's k of the bulk alone"),
    "k_expected": ("m2 s-1", "k (1 + 2 l/H) of bulk and faces in parallel"),
    "contrast": ("1", "projected li fraction of the rim less that of the core at half of the lithium"),
    "closed": ("1", "part of the rim brighter than the core by the deviation of a pixel"),
    "between": ("1", "part of the pixels with a projected li fraction from 0.2 to 0.8 then"),
    "front": ("m", "mean front at mid-height at half of the lithium"),
    "half_time": ("s", "time at which half of the particle is transformed"),
    "lead": ("m", "lead of the extraction front at the walls"),
    "extraction_gain": ("1", "k of extraction with conducting faces over that without"),
}


@dataclass(frozen=True)
class _Point:
    share: float
    perimeter: float
    base: Case


@dataclass(frozen=True, eq=False)
class _Found:
    values: dict[str, float]
    rim: Rim


def published_rate(temperature: float = REFERENCE) -> tuple[float, float]:
    """K of insertion in Table 1 and its deviation [m2 s-1] at `temperature` [K], one of the tabulated.

    Raises
    ------
    InputError
        A temperature that is not in the table.
    """
    table = published_table("insertion")
    at = np.flatnonzero(np.isclose(table.temperature, temperature, atol=0.5))
    if at.size == 0:
        allowed = ", ".join(f"{value:g}" for value in table.temperature)
        raise InputError("temperature", temperature, f"{allowed} K", "take one that was measured")
    return float(table.k[at[0]]), float(table.k_std[at[0]])


def _insertion(case: Case) -> tuple[xr.Dataset, float]:
    run = simulate(case_scenario(case))
    reading = read_rate(exact_maps(run, case), case)
    return run, reading.k


def _run_point(point: _Point) -> _Found:
    """One pair of surfaces: D_Li7 that follows Table 1, its shell, and extraction with the same surfaces."""
    target = published_rate(point.base.kelvin)[0]
    length = thin_lamella.surface_length_from_share(point.share, point.base.thickness)
    case = replace(
        point.base, surface_length=length, perimeter=point.perimeter, bulk=1.0 - point.share,
        height=PARTICLE[1], field=_FIELD,
    )  # fmt: skip
    run, k = _insertion(case)
    for _ in range(_CORRECTIONS):
        if not np.isfinite(k) or abs(k / target - 1.0) < _NEAR:
            break
        case = replace(case, bulk=case.bulk * target / k)
        run, k = _insertion(case)
    scenario = case_scenario(case)
    grown = grown_fraction(run, scenario)
    cell = 2.0 * float(run["x"][0])
    lithium = run["li_fraction"].transpose("time", "z", "y", "x").values.mean(axis=1, dtype=np.float64)
    rim = rim_of(grown, lithium, run["time"].values, cell, case.noise)
    true = true_rate(scenario)
    values = {
        "D_Li7": case.diffusivity, "faces": case.faces, "k_step": k, "k_bulk": true.k_bulk,
        "k_expected": true.k, "contrast": rim.contrast, "closed": rim.closed, "between": rim.between,
        "front": rim.front, "half_time": rim.time,
    }  # fmt: skip
    return _Found(values | _extraction(case), rim)


def _extraction(case: Case) -> dict[str, float]:
    scenario = case_scenario(replace(case, direction="extraction", layers=2, field=1.5e-6))
    run = simulate(scenario)
    lead = front_lead(grown_fraction(run, scenario), 2.0 * float(run["x"][0]))
    true = true_rate(scenario)
    return {"lead": lead, "extraction_gain": true.k / true.k_bulk}


def consistent_surfaces(
    shares: Sequence[float] = FACE_SHARES,
    perimeters: Sequence[float] = PERIMETERS,
    base: Case | None = None,
    processes: int | None = None,
) -> xr.Dataset:
    """Lay surfaces beside what is published, over a grid.

    Parameters
    ----------
    shares : Shares of the faces in the k of insertion [1], 0 to below 1.
    perimeters : delta*D_s of the perimeter at the middle temperature [m3 s-1], >= 0.
    base : Thickness, temperature, noise and mesh; its own surfaces, bulk, field and height have no part.
    processes : Worker processes; None takes the available cores. The result does not depend on it.

    Returns
    -------
    Over ``(perimeter, share)``: D_Li7, k, contrast of the rim and lead of the extraction front;
    ``follows_table`` (k within the published deviation), ``shell_visible``, ``extraction_planar`` and
    ``consistent`` (all three); ``image(perimeter, share, y, x)``, projected li fraction when half of the
    particle is transformed. How each is defined stands in `lto_sim.study.lamella.shells`.

    Raises
    ------
    InputError
        An empty axis, a share or a conductance outside its range, a temperature that is not in Table 1.
    """
    base = Case(cell=50e-9, layers=4) if base is None else base
    for field, values, top in (("shares", shares, 1.0), ("perimeters", perimeters, np.inf)):
        if len(values) == 0 or not all(0.0 <= value < top for value in values):
            raise InputError(field, list(values), f"one or more, 0 to below {top:g}", "give SI units")
    target, target_std = published_rate(base.kelvin)
    points = [_Point(share, perimeter, base) for perimeter, share in product(perimeters, shares)]
    found = dict(run_jobs(_run_point, points, processes))
    shape = (len(perimeters), len(shares))
    grid = ("perimeter", "share")
    columns: dict[str, Any] = {
        name: (grid, np.array([found[i].values[name] for i in range(len(points))]).reshape(shape), named(*t))
        for name, t in _TEXTS.items()
    }
    images = np.stack([found[i].rim.image for i in range(len(points))])
    columns["image"] = (
        (*grid, "y", "x"), images.reshape(*shape, *images.shape[1:]).astype(np.float32),
        named("1", "projected li fraction at half of the lithium"),
    )  # fmt: skip
    axes = {
        "perimeter": ("perimeter", np.array(perimeters), named("m3 s-1", "delta*D_s of the perimeter")),
        "share": ("share", np.array(shares), named("1", "share of the faces in k")),
    }
    dataset = xr.Dataset(columns, axes)
    _mark(dataset, target, target_std, base.noise)
    dataset.attrs = {
        **provenance.attributes("surfaces beside what is published", "consistent_surfaces"),
        "temperature_K": base.kelvin,
        "thickness_m": base.thickness,
        "noise": base.noise,
        "cell_m": base.cell,
        "layers": base.layers,
        "k_published_m2_s": target,
        "k_published_std_m2_s": target_std,
        "D_Li7_without_surfaces_m2_s": table_diffusivity(base.kelvin),
        "width_m": PARTICLE[0],
        "height_m": PARTICLE[1],
    }
    return dataset


def _mark(dataset: xr.Dataset, target: float, target_std: float, noise: float) -> None:
    marks = {
        "follows_table": (np.abs(dataset["k_step"] - target) <= target_std, "k within its deviation"),
        "shell_visible": (dataset["contrast"] > noise, "rim above the core by the deviation of a pixel"),
        "extraction_planar": (dataset["lead"] < PIXEL, "walls ahead by less than a pixel"),
    }
    for name, (values, text) in marks.items():
        dataset[name] = values
        dataset[name].attrs = named("1", text)
    together = dataset["follows_table"] & dataset["shell_visible"] & dataset["extraction_planar"]
    dataset["consistent"] = together
    dataset["consistent"].attrs = named("1", "all three")
