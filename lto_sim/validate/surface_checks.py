"""Conducting surfaces and free outlines: rows of exact value, obtained value, error and limit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np

from lto_sim.specimen import Polygon
from lto_sim.specimen.mask import outline_from_mask
from lto_sim.validate.exact_checks import shell_balance_rows
from lto_sim.validate.section import Check, worst_row
from lto_sim.validate.shape_cases import (
    around_circle,
    bent_shell,
    circle_track,
    ellipse_content,
    ripple_track,
)
from lto_sim.validate.surface_cases import lamella_front, local_rates, shell_profile, wedge_fronts
from lto_sim.validate.table import Row

__all__ = ["MESH_PLACES", "disc_mask", "lamella_checks", "outline_checks", "ripple_checks", "shell_checks"]

MESH_PLACES: Final = (
    (0.0, 0.0, 0.0), (0.1, 0.5, 0.5), (0.2, 0.3, 0.1), (0.3, 0.7, 0.2), (0.45, 0.12, 0.45), (0.6, 0.25, 0.75),
    (0.7, 0.9, 0.6), (0.785, 0.05, 0.35),
)  # fmt: skip
"""Eight places of the mesh against the outline: turn [rad] and offset along x and y, as part of a cell."""


def shell_checks(quick: bool) -> Sequence[Check]:
    """Shell fed by a surface: its two balances, and the solver's thickness, excess and growth."""
    cells = (4, 8)
    profiles = [partial(_shell_rows, on, count) for on in ("faces", "perimeter") for count in cells]
    surfaces = ("perimeter",) if quick else ("faces", "perimeter")
    return [shell_balance_rows, *profiles, *(partial(_tip_rows, on) for on in surfaces)]


def _shell_rows(on: str, cells: int) -> list[Row]:
    limit = 0.05 if cells < 8 else 0.03
    shell = shell_profile(cells, on=on)
    rows = []
    for place, error in zip(shell.position, shell.error, strict=True):
        exact = (1.0 - place) ** 2
        name = f"h/h0, {on}, {cells} cells in h0, x/L {place:g}"
        rows.append(Row(name, exact, exact * (1.0 + error), error, limit))
    for place, found in zip(shell.position, shell.excess, strict=True):
        exact = (1.0 - place) ** 3
        name = f"excess of the surface over that of its edge, {on}, {cells} cells, x/L {place:g}"
        rows.append(Row(name, exact, found, found - exact, 0.01))
    return rows


def _tip_rows(on: str) -> list[Row]:
    shell = shell_profile(12, on=on)
    name = f"exponent of the tip over a decade of time, {on}, 12 cells in h0"
    return [Row(name, 0.25, shell.tip_exponent, shell.tip_exponent - 0.25, 0.01)]


def lamella_checks(quick: bool) -> Sequence[Check]:
    """Thin lamella with conducting faces, and how k settles in it; a wedge."""
    layers = 4 if quick else 8
    ratios = (0.0, 0.25, 0.5, 1.0, 1.5, 3.0)
    checks = [*(partial(_lamella_rows, ratio, layers) for ratio in ratios)]
    if quick:
        return [*checks, partial(_local_rows, 8)]
    return [*checks, partial(_local_rows, 16), partial(_wedge_rows, 50e-9)]


def _lamella_rows(ratio: float, layers: int) -> list[Row]:
    front = lamella_front(ratio, layers=layers)
    worst = np.array(front.local_rate) - 1.0
    return [
        Row(f"k/k_app beyond the crossover, l/H {ratio:g}", 1.0, front.rate, front.rate - 1.0, 0.01),
        worst_row(f"the same, worst fifth of the way, l/H {ratio:g}", worst, 0.01),
    ]


def _local_rows(layers: int) -> list[Row]:
    """Before the crossover; the outermost layer stands for the face from 16 layers on."""
    fed, unfed = local_rates(layers=layers), local_rates(layers=layers, feeds="bulk")
    listed = [
        ("mean front", 1.00, fed.mean), ("mid-plane", 0.85, fed.middle),
        ("mean front, contact feeds the bulk only", 0.83, unfed.mean),
    ]  # fmt: skip
    if layers >= 16:
        listed.append(("face", 1.25, fed.face))
    return [
        Row(f"local k/k_app at xi = 4 H, l/H 2, {name}", exact, found, found - exact, 0.02)
        for name, exact, found in listed
    ]


def _wedge_rows(cell: float) -> list[Row]:
    wedge = wedge_fronts(cell=cell)
    return [
        Row(f"k/k_app at the {thickness * 1e9:.0f} nm end of a wedge", 1.0, rate, rate - 1.0, 0.03)
        for thickness, rate in zip(wedge.thickness, wedge.rate, strict=True)
    ]


def disc_mask(turn: float, x: float, y: float, radius: float = 40.0) -> Polygon:
    """A disc drawn on pixels of 20 nm, its centre moved by (x, y) pixels and turned about the image's.

    Parameters
    ----------
    turn : Angle [rad].
    x, y : Distance of the disc's centre from the image's [pixels].
    radius : Of the disc [pixels].
    """
    size = 2 * math.ceil(radius) + 8
    row, column = np.indices((size, size)) + 0.5 - 0.5 * size
    along = column * math.cos(turn) + row * math.sin(turn) - x
    across = row * math.cos(turn) - column * math.sin(turn) - y
    return outline_from_mask(np.hypot(along, across) <= radius, 20e-9)


def outline_checks(quick: bool) -> Sequence[Check]:
    """Circle as polygon and as mask at several places of the mesh, ellipse, wall of a circle."""
    places = MESH_PLACES[::3] if quick else MESH_PLACES
    checks: list[Check] = [
        partial(_circle_rows, excess, masked, *place)
        for excess in ((1.0,) if quick else (0.1, 1.0))
        for place in places
        for masked in (False, True)
    ]
    checks.append(_mask_rows)
    turns = (0.4,) if quick else (0.0, 0.4, 0.785)
    checks += [partial(_ellipse_rows, 24 if quick else 64, turn) for turn in turns]
    checks += [partial(_wall_rows, x, y) for _, x, y in places]
    return checks if quick else [*checks, _bend_rows]


def _circle_rows(excess: float, masked: bool, turn: float, x: float, y: float) -> list[Row]:
    outline = disc_mask(turn, x, y) if masked else None
    track = circle_track(excess, outline=outline, turn=turn, offset=(x, y))
    body = "circle from a mask" if masked else "circle"
    name = f"tau at R 0.75 to 0.1, {body}, A {excess:g}, turn {turn:g}, offset {x:g} {y:g}"
    return [worst_row(name, track.error, 0.01, track.exact)]


def _mask_rows() -> list[Row]:
    rows = []
    for turn, x, y in MESH_PLACES:
        outline = disc_mask(turn, x, y)
        radius = 40.0 * 20e-9
        length, area = outline.perimeter / (2.0 * math.pi * radius), outline.area / (math.pi * radius**2)
        place = f"turn {turn:g}, offset {x:g} {y:g}"
        rows.append(Row(f"perimeter of a mask, {place}", 1.0, length, length - 1.0, 0.01))
        rows.append(Row(f"area of a mask, {place}", 1.0, area, area - 1.0, 0.005))
    return rows


def _ellipse_rows(cells: int, turn: float) -> list[Row]:
    coarse, fine = (ellipse_content(count, turn=turn)[0] for count in (cells, 4 * cells))
    name = f"content of an ellipse, {cells} cells, mesh four times finer, turn {turn:g}"
    return [worst_row(name, coarse / fine - 1.0, 0.01, fine)]


def _wall_rows(x: float, y: float) -> list[Row]:
    ratio = around_circle((x, y))
    name = f"current along a circle over a straight wall's, offset {x:g} {y:g}"
    return [Row(name, 1.0, ratio, ratio - 1.0, 0.01)]


def _bend_rows() -> list[Row]:
    bent = bent_shell(cells=8)
    rows = []
    for number in np.flatnonzero(bent.cells > 2.5):
        wanted = float(bent.straight_area[number] * bent.bend[number])
        obtained = float(bent.area[number])
        name = f"shell along a circle, bend set aside, {bent.cells[number]:g} cells in h0"
        rows.append(Row(name, wanted, obtained, obtained / wanted - 1.0, 0.01))
    return rows


def ripple_checks(quick: bool) -> Sequence[Check]:
    """Decay of a ripple on a planar front, down to a fifth."""
    cases = ((0.05, 40),) if quick else ((0.05, 40), (0.05, 80), (0.025, 80))
    return [partial(_ripple_rows, wavelength, *case) for wavelength in (2.0, 4.0) for case in cases]


def _ripple_rows(wavelength: float, amplitude: float, cells: int) -> list[Row]:
    track = ripple_track(wavelength=wavelength, amplitude=amplitude, cells=cells)
    name = f"d/d0, wavelength {wavelength:g} xi0, d0 {amplitude:g} xi0, {cells} cells in xi0"
    return [worst_row(name, track.error, 0.01, track.exact)]
