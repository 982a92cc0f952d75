"""The run as a labelled Dataset.

Output always covers the full thickness: a run made with the symmetry plane is mirrored, inactive layers are
added. `current` is the mean
since the previous output time and `charge` its exact running sum; positive means oxidation, lithium leaves.
"""

from __future__ import annotations

import json

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim import provenance
from lto_sim.errors import SolverError
from lto_sim.provenance import named
from lto_sim.scenario import Scenario
from lto_sim.specimen import Mesh, Radial, Specimen
from lto_sim.transport.checkpoint import checkpoint_variables
from lto_sim.transport.drawings import drawings
from lto_sim.transport.drive import StepPlan
from lto_sim.transport.electrical import electrical_attributes, electrical_variables
from lto_sim.transport.layers import LayerStack
from lto_sim.transport.loop import STATUS, Counters
from lto_sim.transport.model import Model
from lto_sim.transport.record import FineSeries, ScanRecord, StateRecord

__all__ = ["build_solution"]

Floats = NDArray[np.float64]

_MAY_BE_NAN = {"li_fraction", "scan_li_fraction"}
"""NaN beside the particle, and in pixels that were not visited."""


def build_solution(
    scenario: Scenario,
    model: Model,
    plans: tuple[StepPlan, ...],
    end_time: float,
    counters: Counters,
    states: StateRecord,
    series: FineSeries,
    scan: ScanRecord | None,
) -> xr.Dataset:
    """Label everything that a run left behind.

    Raises
    ------
    SolverError
        Something overflowed; a file never holds it.
    """
    mesh, specimen = model.mesh, model.specimen
    radial = isinstance(specimen.outline, Radial)
    stack = LayerStack(mesh, scenario.specimen.dead_layer.li_fraction)
    coords = {
        "time": ("time", np.array(states.times), named("s", "time")),
        "z": ("z", stack.centres(), named("m", "position through the thickness (layers follow it)")),
        "y": ("y", _centres(mesh.y_face), named("m", "position down the image")),
        "x": ("x", _centres(mesh.x_face), named("m", "radius" if radial else "position along the image")),
    }
    fraction = np.stack(states.states) if states.states else np.empty((0, *mesh.shape), np.float32)
    thickness = np.full(mesh.shape[1:], _height(specimen, mesh)) if radial else mesh.thickness
    data = {
        "li_fraction": (("time", "z", "y", "x"), stack.composition(fraction), named("1", "Li fraction x")),
        "cell_volume": (("z", "y", "x"), stack.volume(), named("m3", "cell volume")),
        "thickness": (("y", "x"), thickness, named("m", "specimen thickness")),
        **electrical_variables(series, mesh, model.material),
        "drive_step_of_state": (("time",), np.array(states.legs, dtype=np.int32), named("1", "drive step")),
        **drawings(specimen.outline, model.contacts, model.boundaries),
        **_surface(mesh, states, stack.face_depth()),
    }
    data |= checkpoint_variables(states.checkpoints)
    if scan is not None:
        data |= _frames(scan, mesh)
    dataset = xr.Dataset(data, coords)
    _refuse_overflow(dataset)
    dataset.attrs = {
        **provenance.attributes(
            scenario.title or "simulated particle", "simulate", scenario.to_toml(), scenario.seed
        ),
        "geometry": "radial" if radial else "planar",
        **electrical_attributes(model, plans, counters.ends),
        **_report(counters, end_time, model),
        **({"scan_dwell_s": scenario.scan.dwell} if scan is not None and scenario.scan is not None else {}),
        **({"image_sha256": json.dumps(model.image_sha256)} if model.image_sha256 else {}),
    }
    return dataset


def _refuse_overflow(dataset: xr.Dataset) -> None:
    """Raise SolverError where anything but the composition beside the particle is NaN or infinite."""
    for name, variable in dataset.variables.items():
        if name in _MAY_BE_NAN or variable.dtype.kind != "f":
            continue
        if not np.all(np.isfinite(variable.values)):
            raise SolverError(
                f"{name} has values that are not finite; nothing was stored: report this scenario"
            )


def _centres(faces: Floats) -> Floats:
    return 0.5 * (faces[1:] + faces[:-1])


def _surface(mesh: Mesh, states: StateRecord, face_depth: float) -> dict[str, object]:
    """Excess on every surface element, and where it is; of the computed half under symmetry."""
    if not len(mesh.surface):
        return {}
    excess = np.stack(states.excess) if states.excess else np.empty((0, len(mesh.surface)), np.float32)
    surface = mesh.surface
    position = surface.position + np.array([0.0, 0.0, face_depth])
    kinds = "0 perimeter, 1 face, 2 and above grain boundaries in the scenario's order"
    return {
        "surface_excess": (("time", "element"), excess, named("1", "excess w on the surface, li fraction")),
        "element_kind": (("element",), surface.kind.astype(np.int8), named("1", kinds)),
        "element_area": (("element",), surface.area, named("m2", "area of the surface element")),
        "element_position": (
            ("element", "axis3"),
            position,
            named("m", "its middle (x, y, z), z at the local thickness"),
        ),
    }


def _height(specimen: Specimen, mesh: Mesh) -> float:
    """Thickness [m] of a radial body; of a sphere its diameter."""
    outline = specimen.outline
    if isinstance(outline, Radial) and outline.shape == "sphere":
        return 2.0 * outline.radius
    return float(mesh.thickness.max())


def _frames(scan: ScanRecord, mesh: Mesh) -> dict[str, object]:
    rows, columns = scan.plan.pixel_time.shape
    frames = scan.frames()
    return {
        "scan_li_fraction": (
            ("frame", "pixel_y", "pixel_x"),
            frames,
            named("1", "projected Li fraction at each pixel's own time"),
        ),
        "frame_time": ("frame", np.array(scan.starts), named("s", "start of the frame")),
        "drive_step_of_frame": ("frame", np.array(scan.legs, dtype=np.int32), named("1", "drive step")),
        "pixel_time": (
            ("pixel_y", "pixel_x"),
            scan.plan.pixel_time,
            named("s", "time of a pixel within its frame"),
        ),
        "pixel_y": (
            "pixel_y",
            _centres(np.linspace(mesh.y_face[0], mesh.y_face[-1], rows + 1)),
            named("m", "pixel centre, y"),
        ),
        "pixel_x": (
            "pixel_x",
            _centres(np.linspace(mesh.x_face[0], mesh.x_face[-1], columns + 1)),
            named("m", "pixel centre, x"),
        ),
    }


def _report(counters: Counters, end_time: float, model: Model) -> dict[str, object]:
    return {
        "status": counters.status,
        "status_meaning": STATUS[counters.status],
        "end_time_s": end_time,
        "contacts": json.dumps([c.name for c in model.contacts]),
        "cells": int(np.count_nonzero(model.mesh.volume)),
        "surface_elements": len(model.mesh.surface),
        "steps": counters.steps,
        "rejected_steps": counters.rejected,
        "newton_iterations": counters.newton_iterations,
        "linear_iterations": counters.linear_iterations,
        "worst_balance_error": counters.worst_balance_error,
        "lowest_li_fraction": counters.lowest,
        "highest_li_fraction": counters.highest,
        "out_of_range": counters.out_of_range,
    }
