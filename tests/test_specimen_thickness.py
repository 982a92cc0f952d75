"""Thickness in cut cells: exact volumes of a wedge, layers that follow it, maps between their pixels."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from lto_sim.errors import InputError
from lto_sim.specimen import Polygon, Rectangle, Specimen, ThicknessMap, Wedge, build_mesh, circle

PLATE = Polygon(
    1e-6 * np.array([[0.1, 0.0], [1.9, 0.3], [1.5, 0.9], [1.8, 1.6], [0.2, 1.5], [0.6, 0.8]]),
    (1e-6 * np.array([[0.9, 0.7], [1.2, 0.8], [1.0, 1.1]]),),
)
"""A plate with all kinds of corners and a hole."""


@pytest.mark.parametrize("axis", ["x", "y"])
def test_wedge_has_its_exact_volume_and_layers_that_follow_it(axis):
    outline = PLATE
    specimen = Specimen(outline, Wedge(0.1e-6, 0.2e-6, axis), 0.07e-6, layers=4, dead_layer=0.01e-6)
    mesh = build_mesh(specimen, ())
    x0, y0, x1, y1 = outline.bounds
    centre = np.array(shapely.Polygon(outline.exterior, outline.holes).centroid.coords[0])
    share = (centre[0] - x0) / (x1 - x0) if axis == "x" else (centre[1] - y0) / (y1 - y0)
    mean = 0.1e-6 + 0.1e-6 * share - 0.02e-6
    assert mesh.volume.sum() == pytest.approx(outline.area * mean, rel=1e-9)
    inside = mesh.fraction > 0.0
    np.testing.assert_allclose((mesh.thickness - mesh.active_thickness)[inside], 0.02e-6, rtol=1e-9)
    assert not mesh.thickness[~inside].any()
    assert not mesh.volume[:, ~inside].any()
    assert mesh.z_face[-1] == pytest.approx(mean, rel=1e-9)
    dx, dy = np.diff(mesh.x_face)[0], np.diff(mesh.y_face)[0]
    np.testing.assert_allclose(
        mesh.volume, np.broadcast_to(mesh.fraction * mesh.active_thickness * dx * dy / 4, mesh.shape)
    )
    full = np.argwhere(mesh.fraction[:, :-1] + mesh.fraction[:, 1:] == 2.0)[0]
    j, i = full
    height = 0.5 * (mesh.active_thickness[j, i] + mesh.active_thickness[j, i + 1]) / 4
    assert mesh.conductance_x[0, j, i] == pytest.approx(dy * height / dx, rel=1e-9)
    assert mesh.conductance_z[0, j, i] == pytest.approx(dx * dy / (mesh.active_thickness[j, i] / 4), rel=1e-9)


def test_half_of_a_symmetric_wedge():
    specimen = Specimen(circle((0.0, 0.0), 1e-6), Wedge(0.1e-6, 0.2e-6), 0.1e-6, layers=4, symmetry=True)
    half = build_mesh(specimen, (), faces=True)
    whole = build_mesh(
        Specimen(circle((0.0, 0.0), 1e-6), Wedge(0.1e-6, 0.2e-6), 0.1e-6, layers=4), (), faces=True
    )
    assert half.shape[0] == 2
    np.testing.assert_allclose(half.volume, whole.volume[:2], rtol=1e-12)
    assert half.z_face[-1] == pytest.approx(0.5 * whole.z_face[-1], rel=1e-12)
    assert half.surface.area.sum() == pytest.approx(0.5 * whole.surface.area.sum(), rel=1e-12)
    mirrored = whole.z_face[-1] - whole.surface.position[whole.surface.kind == 1, 2]
    np.testing.assert_allclose(np.sort(mirrored), np.sort(whole.surface.position[whole.surface.kind == 1, 2]))


def test_thickness_map_between_pixels_and_beyond_what_is_known():
    values = np.array([[100.0, 200.0, 300.0], [100.0, 200.0, np.nan]]) * 1e-9
    image = ThicknessMap(values, 0.5e-6, (0.0, 0.0))
    mesh = build_mesh(Specimen(Rectangle(1.5e-6, 1e-6), image, 0.25e-6), ())
    row = mesh.thickness[0] * 1e9
    np.testing.assert_allclose(row, [100.0, 125.0, 175.0, 225.0, 275.0, 300.0], rtol=1e-9)
    # the unknown pixel takes the value of a known one beside it
    assert any(mesh.thickness[-1, -1] == pytest.approx(known) for known in (200e-9, 300e-9))


@pytest.mark.parametrize("pixel", [0.4e-6, 0.9e-6])
def test_thickness_map_is_continued_by_two_pixels_and_no_farther(pixel):
    image = ThicknessMap(np.full((2, 2), 1e-7), pixel, (0.0, 0.0))
    specimen = Specimen(Rectangle(2e-6, 1e-6), image, 0.25e-6)
    if 4 * pixel > 2e-6:
        assert build_mesh(specimen, ()).thickness.min() == pytest.approx(1e-7)
        return
    with pytest.raises(InputError, match=r"^specimen\.thickness: .*whole outline.*pixel size"):
        build_mesh(specimen, ())
