"""Comparisons for surfaces and shapes: rows of exact value, obtained value, error and limit."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from lto_sim.specimen import Polygon
from lto_sim.specimen.mask import outline_from_mask
from lto_sim.validate.shape_cases import (
    around_circle,
    bent_shell,
    circle_track,
    ellipse_content,
    ripple_track,
)
from lto_sim.validate.surface_cases import lamella_front, shell_profile, wedge_fronts
from lto_sim.validate.table import Row

__all__ = ["MESH_PLACES", "disc_mask", "shape_rows", "surface_rows"]

MESH_PLACES: Final = (
    (0.0, 0.0, 0.0), (0.1, 0.5, 0.5), (0.2, 0.3, 0.1), (0.3, 0.7, 0.2), (0.45, 0.12, 0.45), (0.6, 0.25, 0.75),
    (0.7, 0.9, 0.6), (0.785, 0.05, 0.35),
)  # fmt: skip
"""Eight places of the mesh against the outline: turn [rad] and offset along x and y, as part of a cell."""


def surface_rows(*, quick: bool = False) -> list[Row]:
    """Shell fed by a surface, thin lamella, wedge."""
    rows = []
    for on in ("faces", "perimeter"):
        for cells, limit in ((4, 0.05), (8, 0.03)):
            shell = shell_profile(cells, on=on)
            for place, error in zip(shell.position, shell.error, strict=True):
                name = f"h/h0, {on}, {cells} cells in h0, x/L {place:g}"
                exact = (1.0 - place) ** 2
                rows.append(Row(name, exact, exact * (1.0 + error), error, limit))
        shell = shell_profile(12, on=on)
        name = f"exponent of the tip over a decade of time, {on}, 12 cells in h0"
        rows.append(Row(name, 0.25, shell.tip_exponent, shell.tip_exponent - 0.25, 0.01))
    for ratio in (0.25, 1.0, 3.0):
        front = lamella_front(ratio, layers=4 if quick else 8)
        rows.append(
            Row(f"k/k_app beyond the crossover, l/H {ratio:g}", 1.0, front.rate, front.rate - 1.0, 0.01)
        )
        worst = max(front.local_rate, key=lambda rate: abs(rate - 1.0))
        rows.append(Row(f"the same, worst fifth of the way, l/H {ratio:g}", 1.0, worst, worst - 1.0, 0.01))
    wedge = wedge_fronts(cell=100e-9 if quick else 50e-9)
    for thickness, rate in zip(wedge.thickness, wedge.rate, strict=True):
        rows.append(
            Row(f"k/k_app at the {thickness * 1e9:.0f} nm end of a wedge", 1.0, rate, rate - 1.0, 0.03)
        )
    return rows


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


def shape_rows(*, quick: bool = False) -> list[Row]:
    """Circle as polygon and as mask, ellipse, wall of a circle, ripple."""
    rows = []
    for excess in (0.1, 1.0):
        for turn, x, y in MESH_PLACES[::3] if quick else MESH_PLACES:
            outlines = {"circle": None, "circle from a mask": disc_mask(turn, x, y)}
            for name, outline in outlines.items():
                track = circle_track(excess, outline=outline, turn=turn, offset=(x, y))
                worst = int(np.abs(track.error).argmax())
                label = f"tau at R 0.75 to 0.1, {name}, A {excess:g}, turn {turn:g}, offset {x:g} {y:g}"
                rows.append(
                    Row(label, track.exact[worst], track.position[worst], float(track.error[worst]), 0.01)
                )
    for turn, x, y in MESH_PLACES:
        outline = disc_mask(turn, x, y)
        radius = 40.0 * 20e-9
        length, area = outline.perimeter / (2.0 * math.pi * radius), outline.area / (math.pi * radius**2)
        rows.append(
            Row(f"perimeter of a mask, turn {turn:g}, offset {x:g} {y:g}", 1.0, length, length - 1.0, 0.01)
        )
        rows.append(Row(f"area of a mask, turn {turn:g}, offset {x:g} {y:g}", 1.0, area, area - 1.0, 0.005))
    for turn in (0.4,) if quick else (0.0, 0.4, 0.785):
        coarse, fine = (ellipse_content(cells, turn=turn)[0] for cells in ((32, 128) if quick else (64, 256)))
        error = coarse / fine - 1.0
        worst = int(np.abs(error).argmax())
        label = f"content of an ellipse beside a mesh four times finer, turn {turn:g}"
        rows.append(Row(label, fine[worst], coarse[worst], float(error[worst]), 0.01))
    for _, x, y in MESH_PLACES[::3] if quick else MESH_PLACES:
        ratio = around_circle((x, y))
        rows.append(
            Row(
                f"current along a circle over a straight wall's, offset {x:g} {y:g}",
                1.0,
                ratio,
                ratio - 1.0,
                0.01,
            )
        )
    bent = bent_shell(cells=4 if quick else 8)
    for number in np.flatnonzero(bent.cells > 2.5):
        wanted = float(bent.straight_area[number] * bent.bend[number])
        label = f"shell along a circle over a straight wall's, bend aside, {bent.cells[number]:g} cells in h0"
        obtained = float(bent.area[number])
        rows.append(Row(label, wanted, obtained, obtained / wanted - 1.0, 0.01))
    for wavelength in (2.0, 4.0):
        for amplitude, cells in ((0.05, 40),) if quick else ((0.05, 40), (0.05, 80), (0.025, 80)):
            track = ripple_track(wavelength=wavelength, amplitude=amplitude, cells=cells)
            worst = int(np.abs(track.error).argmax())
            label = f"ripple d/d0, wavelength {wavelength:g} xi0, d0 {amplitude:g} xi0, {cells} cells in xi0"
            rows.append(
                Row(label, track.exact[worst], track.position[worst], float(track.error[worst]), 0.01)
            )
    return rows
