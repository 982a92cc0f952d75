"""The run as a labelled Dataset.

Output always covers the full thickness: a run made with the symmetry plane is mirrored. `current` is the mean
since the previous output time and `charge` its exact running sum; positive means oxidation, lithium leaves.
"""

from __future__ import annotations

import json
import math

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim import provenance
from lto_sim.constants import FARADAY
from lto_sim.materials import TwoPhaseMaterial
from lto_sim.provenance import named
from lto_sim.scenario import Scenario
from lto_sim.specimen import Contact, Mesh, Outline, Radial, Specimen
from lto_sim.specimen.raster import pixel_centres
from lto_sim.transport.loop import STATUS, Counters
from lto_sim.transport.record import FineSeries, ScanRecord, StateRecord

__all__ = ["build_solution"]

Floats = NDArray[np.float64]


def _mirror(values: NDArray[np.float32] | Floats, mesh: Mesh, axis: int) -> NDArray[np.float32] | Floats:
    return np.concatenate([values, np.flip(values, axis=axis)], axis=axis) if mesh.mirrored else values


def _centres(faces: Floats) -> Floats:
    return 0.5 * (faces[1:] + faces[:-1])


def build_solution(
    scenario: Scenario,
    specimen: Specimen,
    contacts: tuple[Contact, ...],
    material: TwoPhaseMaterial,
    mesh: Mesh,
    end_time: float,
    counters: Counters,
    states: StateRecord,
    series: FineSeries,
    scan: ScanRecord | None,
) -> xr.Dataset:
    """Label everything that a run left behind."""
    radial = isinstance(specimen.outline, Radial)
    z = _centres(mesh.z_face)
    if mesh.mirrored:
        z = np.concatenate([z, specimen.thickness - z[::-1]])
    coords = {
        "time": ("time", states.times[: len(states.states)], named("s", "time")),
        "z": ("z", z, named("m", "position through the thickness")),
        "y": ("y", _centres(mesh.y_face), named("m", "position down the image")),
        "x": ("x", _centres(mesh.x_face), named("m", "radius" if radial else "position along the image")),
    }
    fraction = np.stack(states.states) if states.states else np.empty((0, *mesh.shape), np.float32)
    thickness = np.full(mesh.shape[1:], _height(specimen))
    data = {
        "li_fraction": (("time", "z", "y", "x"), _mirror(fraction, mesh, 1), named("1", "Li fraction x")),
        "cell_volume": (("z", "y", "x"), _mirror(mesh.volume, mesh, 0), named("m3", "cell volume")),
        "thickness": (("y", "x"), thickness, named("m", "specimen thickness")),
        **_series(series, mesh, material),
        **_drawings(specimen.outline, contacts),
    }
    if scan is not None:
        data |= _frames(scan, mesh)
    dataset = xr.Dataset(data, coords)
    dataset.attrs = {
        **provenance.attributes(
            scenario.title or "simulated particle", "simulate", scenario.to_toml(), scenario.seed
        ),
        "geometry": "radial" if radial else "planar",
        **_report(counters, end_time, mesh, contacts),
    }
    return dataset


def _height(specimen: Specimen) -> float:
    """Thickness [m]; of a sphere its diameter."""
    outline = specimen.outline
    if isinstance(outline, Radial) and outline.shape == "sphere":
        return 2.0 * outline.radius
    return specimen.thickness


def _series(series: FineSeries, mesh: Mesh, material: TwoPhaseMaterial) -> dict[str, object]:
    count = series.filled
    time = series.times[:count]
    to_mol = material.insertable_concentration * mesh.multiplicity
    uptake = np.array([math.fsum(row) for row in series.uptake[:count]])
    charge = -FARADAY * to_mol * uptake
    current = np.zeros(count)
    if count > 1:
        current[1:] = np.diff(charge) / np.diff(time)
        current[0] = np.nan
    by_contact = -FARADAY * to_mol * series.uptake[:count].T
    return {
        "time_fine": ("time_fine", time, named("s", "time of the electrical series")),
        "current": ("time_fine", current, named("A", "mean current since the last time, oxidation > 0")),
        "charge": ("time_fine", charge, named("C", "charge passed, oxidation > 0")),
        "charge_of_contact": (
            ("contact", "time_fine"), by_contact, named("C", "charge passed through each contact")
        ),
        "potential": ("time_fine", series.potential[:count], named("V", "potential against In-Li")),
        "lithium": ("time_fine", series.lithium[:count] * to_mol, named("mol", "insertable lithium inside")),
    }  # fmt: skip


def _drawings(outline: Outline, contacts: tuple[Contact, ...]) -> dict[str, object]:
    """Outline as a polygon and contacts as polylines, (x, y) in metres."""
    if isinstance(outline, Radial):
        angle = np.linspace(0.0, 2.0 * np.pi, 65)
        polygon = outline.radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        lines = np.stack([polygon[[0, -1]] for _ in contacts])
    else:
        w, h = outline.width, outline.height
        polygon = np.array([[0, 0], [w, 0], [w, h], [0, h], [0, 0]], dtype=np.float64)
        lines = np.stack([_contact_line(c, outline, w, h) for c in contacts])
    axis = ("contact", "end", "axis")
    return {
        "outline": (("vertex", "axis"), polygon, named("m", "outline polygon, (x, y)")),
        "contact_line": (axis, lines, named("m", "ends of each contact, (x, y)")),
    }


def _contact_line(contact: Contact, outline: Outline, width: float, height: float) -> Floats:
    start, end = contact.stretch.resolve(outline, contact.name)
    side = contact.stretch.side
    if side in {"left", "right"}:
        x = 0.0 if side == "left" else width
        return np.array([[x, start], [x, end]])
    y = 0.0 if side == "top" else height
    return np.array([[start, y], [end, y]])


def _frames(scan: ScanRecord, mesh: Mesh) -> dict[str, object]:
    rows, columns = scan.plan.pixel_time.shape
    frames = scan.frames()
    return {
        "scan_li_fraction": (
            ("frame", "pixel_y", "pixel_x"),
            frames.astype(np.float32),
            named("1", "projected Li fraction at each pixel's own time"),
        ),
        "frame_time": ("frame", scan.plan.frame_start[: frames.shape[0]], named("s", "start of the frame")),
        "pixel_time": (
            ("pixel_y", "pixel_x"),
            scan.plan.pixel_time,
            named("s", "time of a pixel within its frame"),
        ),
        "pixel_y": ("pixel_y", pixel_centres(float(mesh.y_face[-1]), rows), named("m", "pixel centre, y")),
        "pixel_x": (
            "pixel_x",
            pixel_centres(float(mesh.x_face[-1]), columns),
            named("m", "pixel centre, x"),
        ),
    }


def _report(
    counters: Counters, end_time: float, mesh: Mesh, contacts: tuple[Contact, ...]
) -> dict[str, object]:
    return {
        "status": counters.status,
        "status_meaning": STATUS[counters.status],
        "end_time_s": end_time,
        "contacts": json.dumps([c.name for c in contacts]),
        "cells": int(np.prod(mesh.shape)),
        "steps": counters.steps,
        "rejected_steps": counters.rejected,
        "newton_iterations": counters.newton_iterations,
        "linear_iterations": counters.linear_iterations,
        "worst_balance_error": counters.worst_balance_error,
        "lowest_li_fraction": counters.lowest,
        "highest_li_fraction": counters.highest,
        "out_of_range": counters.out_of_range,
    }
