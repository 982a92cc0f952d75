"""The picture of a specimen: what it shows lies where it is, is named with its unit, and hides nothing."""

from __future__ import annotations

import io
import itertools
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch
from matplotlib.text import Text
from PIL import Image

from lto_sim.plot import measure, plot_specimen
from lto_sim.plot.specimen_parts import PLAIN
from lto_sim.scenario import Scenario
from lto_sim.transport import build_model

RECTANGLE = {"shape": "rectangle", "width": "2 um", "height": "1.5 um"}
HOLED = {
    "shape": "polygon",
    "points": [["0 um", "0 um"], ["2 um", "0 um"], ["2 um", "1 um"], ["0 um", "1 um"]],
    "holes": [[["0.5 um", "0.25 um"], ["1 um", "0.25 um"], ["1 um", "0.75 um"], ["0.5 um", "0.75 um"]]],
}
CIRCLE = {"shape": "circle", "radius": "500 nm"}
ELLIPSE = {"shape": "ellipse", "semi_axes": ["1.2 um", "0.7 um"], "angle": "20 deg"}
LEFT = {"lps": {"where": {"side": "left"}}}
ALL = {"lps": {"where": {"side": "all"}}}
SURFACES = {
    "perimeter": {"at": "4e-21 m^3/s", "reference": "75 degC", "Ea": "0.3 eV"},
    "faces": {"at": "2e-23 m^3/s", "reference": "75 degC", "Ea": "0.3 eV"},
}
CONDUCTS = {"at": "1e-21 m^3/s", "reference": "75 degC", "Ea": "0.3 eV"}
RESISTS = {"at": "1e7 s/m", "reference": "75 degC", "Ea": "0.2 eV"}


def scenario(outline: dict[str, Any], contacts: dict[str, Any], **more: Any) -> Scenario:
    """Scenario with the sections of `more`; its `specimen` is merged into the particle."""
    particle = {"outline": outline, "cell": "50 nm"} | more.pop("specimen", {})
    return Scenario.from_dict(
        {
            "material": "lto",
            "temperature": "75 degC",
            "initial": 1.0,
            "specimen": particle,
            "contacts": contacts,
            "drive": [{"hold": "1.6 V", "until": {"time": "2 s"}}],
            **more,
        }
    )


def picture(given: Scenario, *, mesh: bool = False) -> Figure:
    return plot_specimen(build_model(given), given, mesh=mesh)


def parts(figure: Figure, gid: str) -> list[Any]:
    return figure.findobj(lambda artist: artist.get_gid() == gid)


def part(figure: Figure, gid: str) -> Any:
    (found,) = parts(figure, gid)
    return found


def plan(figure: Figure) -> Any:
    return part(figure, "plan")


def legend(figure: Figure) -> list[str]:
    (found,) = figure.legends
    return [text.get_text() for text in found.get_texts()]


def texts(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text)).replace("\N{NO-BREAK SPACE}", " ")


def pixels(figure: Figure) -> np.ndarray[Any, Any]:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    assert buffer.getvalue()[:4] == b"\x89PNG"
    return np.asarray(Image.open(buffer).convert("RGB")) / 255.0


def colour_at(figure: Figure, x: float, y: float) -> np.ndarray[Any, Any]:
    """Colour of the picture at a place of the drawing."""
    image = pixels(figure)
    column, row = plan(figure).transData.transform((x, y))
    return np.asarray(image[image.shape[0] - 1 - int(row), int(column)])


def test_rectangle_contact_and_axes_are_to_scale() -> None:
    figure = picture(scenario(RECTANGLE, LEFT))
    ax = plan(figure)
    (line,) = part(figure, "contact lps").get_segments()
    np.testing.assert_allclose(np.sort(line, axis=0), [[0.0, 0.0], [0.0, 1.5]], atol=1e-12)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x [µm]", "y [µm]")
    assert ax.yaxis_inverted()
    pixels(figure)
    across, down = np.abs(np.diff(ax.transData.transform([(0.0, 0.0), (1.0, 1.0)]), axis=0)[0])
    assert across == pytest.approx(down, rel=1e-9)
    outline = part(figure, "outline").get_path().get_extents()
    np.testing.assert_allclose(outline.get_points(), [[0.0, 0.0], [2.0, 1.5]])


def test_a_small_particle_is_measured_in_nanometres() -> None:
    small = {"shape": "rectangle", "width": "200 nm", "height": "120 nm"}
    figure = picture(scenario(small, LEFT, specimen={"cell": "5 nm", "thickness": "40 nm"}))
    assert plan(figure).get_xlabel() == "x [nm]"
    (line,) = part(figure, "contact lps").get_segments()
    assert np.ptp(line[:, 1]) == pytest.approx(120.0)


def test_holes_stay_empty() -> None:
    for thickness in ("150 nm", {"wedge": ["100 nm", "200 nm"]}):
        figure = picture(scenario(HOLED, ALL, specimen={"thickness": thickness}))
        np.testing.assert_allclose(colour_at(figure, 0.75, 0.5), 1.0)
        assert np.all(colour_at(figure, 1.5, 0.5) < 0.95)
        np.testing.assert_allclose(colour_at(figure, 2.03, 0.5), 1.0)
    figure = picture(scenario(HOLED, ALL))
    np.testing.assert_allclose(colour_at(figure, 1.5, 0.5), to_rgb(PLAIN), atol=0.01)


def test_contacts_are_named_with_length_law_and_what_they_feed() -> None:
    region = [["0.4 um", "0.2 um"], ["0.7 um", "0.2 um"], ["0.7 um", "0.8 um"], ["0.4 um", "0.8 um"]]
    contacts = {
        "lps": {"where": {"arc": ["0.1 um", "0.6 um"]}},
        "rim": {"where": {"arc": ["2 um", "3 um"]}, "law": "linear", "k_c": "2e-5 m/s", "feeds": "bulk"},
        "pore": {"where": {"polygon": region}, "feeds": "surface"},
    }
    figure = picture(scenario(HOLED, contacts, surface=SURFACES))
    assert [entry.replace("\N{NO-BREAK SPACE}", " ") for entry in legend(figure)] == [
        "lps, 500 nm\nequilibrium",
        "rim, 1 µm\nlinear, k_c = 2×10⁻⁵ m/s\nfeeds bulk only",
        "pore, 900 nm\nequilibrium\nfeeds surface only",
    ]
    (lps,) = part(figure, "contact lps").get_segments()
    np.testing.assert_allclose(lps, [[0.1, 0.0], [0.6, 0.0]], atol=1e-9)
    pore = np.concatenate(part(figure, "contact pore").get_segments())
    assert pore[:, 0].min() == pytest.approx(0.5)
    assert pore[:, 0].max() == pytest.approx(0.7)
    colours = {tuple(part(figure, f"contact {name}").get_colors()[0]) for name in contacts}
    assert len(colours) == 3


def test_names_are_shown_as_they_are() -> None:
    contacts = {
        "_hidden": {"where": {"side": "left"}},
        "5$ and 6$": {"where": {"side": "right"}},
    }
    figure = picture(scenario(RECTANGLE, contacts, title="costs $5 to $x_2"))
    pixels(figure)
    assert [entry.strip().split(",")[0] for entry in legend(figure)] == ["_hidden", "5$ and 6$"]
    assert "costs $5 to $x_2" in texts(figure)


def test_grain_boundaries_are_dashed_and_say_what_they_do() -> None:
    boundaries = {
        "sigma": {"line": [["0.5 um", "0 um"], ["0.7 um", "1.5 um"]], "along": CONDUCTS},
        "wall": {"line": [["1 um", "0 um"], ["1 um", "1.5 um"]], "resistance": RESISTS},
        "tilt": {"line": [["1.5 um", "0 um"], ["1.5 um", "1.5 um"]]},
    }
    figure = picture(scenario(RECTANGLE, LEFT, grain_boundaries=boundaries))
    assert legend(figure)[1:] == [
        "sigma\nalong: δD = 1×10⁻²¹ m³/s",
        "wall\nacross: R = 1×10⁷ s/m",
        "tilt\nneither conducts nor resists",
    ]
    (line,) = part(figure, "boundary sigma").get_segments()
    np.testing.assert_allclose(line, [[0.5, 0.0], [0.7, 1.5]])
    for name in boundaries:
        drawn = part(figure, f"boundary {name}")
        (style,) = drawn.get_linestyles()
        assert style[1], "dashes"


def test_profiles_are_arrows_over_their_strips() -> None:
    profiles = [
        {"start": ["0 um", "0.5 um"], "end": ["1.5 um", "0.5 um"], "width": "200 nm"},
        {"start": ["0 um", "1 um"], "end": ["1.2 um", "1 um"], "width": "100 nm"},
    ]
    figure = picture(scenario(RECTANGLE, LEFT, profile=profiles))
    arrows, strips = parts(figure, "profile"), parts(figure, "strip")
    assert all(isinstance(arrow, FancyArrowPatch) for arrow in arrows)
    ends = [arrow._posA_posB for arrow in arrows]
    np.testing.assert_allclose(ends, [[[0.0, 0.5], [1.5, 0.5]], [[0.0, 1.0], [1.2, 1.0]]])
    np.testing.assert_allclose(np.ptp(strips[0].get_xy(), axis=0), [1.5, 0.2])
    assert legend(figure)[-1].startswith("tracked profiles")


def test_even_thickness_is_a_number_and_no_colour() -> None:
    figure = picture(scenario(RECTANGLE, LEFT, specimen={"dead_layer": "5 nm"}))
    assert not figure.findobj(AxesImage)
    assert len(figure.axes) == 1
    assert "150 nm, of which 5 nm dead on each face" in texts(figure)
    level = {"wedge": ["150 nm", "150 nm"]}
    assert not picture(scenario(RECTANGLE, LEFT, specimen={"thickness": level})).findobj(AxesImage)


def test_a_wedge_is_coloured_and_cut_along_its_axis() -> None:
    wedge = {"thickness": {"wedge": ["100 nm", "200 nm"], "axis": "y"}, "dead_layer": "8 nm"}
    figure = picture(scenario(RECTANGLE, LEFT, specimen=wedge))
    image = plan(figure).get_images()[0]
    values = np.asarray(image.get_array())
    assert (image.norm.vmin, image.norm.vmax) == pytest.approx((100.0, 200.0))
    rows = values.shape[0]
    np.testing.assert_allclose(values[:, 0], 100.0 + 100.0 * (np.arange(rows) + 0.5) / rows)
    assert part(figure, "thickness [nm]").get_xlabel() == "thickness [nm]"
    section = part(figure, "section")
    assert isinstance(section, Axes)
    assert (section.get_xlabel(), section.get_ylabel()) == ("y [µm]", "z [nm]")
    assert "x = 1 µm" in section.get_title(loc="left")
    assert "dead layers hatched" in section.get_title(loc="left")
    body = part(figure, "body").get_paths()[0].vertices
    assert np.abs(body[np.isclose(body[:, 0], 0.0), 1]).max() == pytest.approx(50.0)
    assert np.abs(body[np.isclose(body[:, 0], 1.5), 1]).max() == pytest.approx(100.0)
    below, above = (layer.get_paths()[0].vertices for layer in parts(figure, "dead layer"))
    for layer in (below, above):
        at_end = np.abs(layer[np.isclose(layer[:, 0], 1.5), 1])
        assert (at_end.min(), at_end.max()) == pytest.approx((92.0, 100.0))
    cut = part(figure, "cut")
    assert isinstance(cut, Line2D)
    np.testing.assert_allclose(np.asarray(cut.get_xdata(), dtype=float), 1.0)


def test_a_section_leaves_out_the_hole() -> None:
    figure = picture(scenario(HOLED, ALL, specimen={"thickness": {"wedge": ["100 nm", "200 nm"]}}))
    pieces = [path.get_extents().intervalx for path in part(figure, "body").get_paths()]
    np.testing.assert_allclose(pieces, [[0.0, 0.5], [1.0, 2.0]], atol=0.011)
    section = part(figure, "section")
    assert section.get_xlim() == pytest.approx(plan(figure).get_xlim())


def test_thickness_and_outline_from_images(tmp_path: Path) -> None:
    y, x = np.mgrid[:80, :100]
    inside = np.hypot(x - 50.0, y - 40.0) < 30.0
    Image.fromarray((200 * inside).astype(np.uint8)).save(tmp_path / "mask.png")
    np.save(tmp_path / "map.npy", np.where(inside, 100.0 + x, np.nan))
    outline = {"shape": "image", "image": str(tmp_path / "mask.png"), "pixel": "10 nm"}
    thickness = {"image": str(tmp_path / "map.npy"), "pixel": "10 nm"}
    given = scenario(outline, ALL, specimen={"thickness": thickness, "cell": "20 nm"})
    figure = picture(given)
    bar = part(figure, "thickness [nm]")
    low, high = bar.get_xlim()
    assert low == pytest.approx(120.0, abs=1.5)
    assert high == pytest.approx(180.0, abs=1.5)
    drawn = part(figure, "outline").get_path().get_extents()
    np.testing.assert_allclose(drawn.get_points(), [[205.0, 105.0], [805.0, 705.0]], atol=10.0)


def test_the_mesh_is_drawn_on_request_only() -> None:
    given = scenario(CIRCLE, ALL, specimen={"cell": "80 nm"}, surface=SURFACES)
    plain = picture(given)
    for gid in ("grid", "cut cells", "elements", "part of a cut cell that is inside"):
        assert not parts(plain, gid)
    model = build_model(given)
    figure = plot_specimen(model, given, mesh=True)
    mesh = model.mesh
    lines = np.array(part(figure, "grid").get_segments())
    assert len(lines) == mesh.x_face.size + mesh.y_face.size
    np.testing.assert_allclose(lines[: mesh.x_face.size, 0, 0], mesh.x_face * 1e6)
    assert part(figure, "grid").get_clip_path() is not None
    tint = part(figure, "cut cells").get_array()
    cut = (mesh.fraction > 0.0) & (mesh.fraction < 1.0 - 1e-9)
    np.testing.assert_array_equal(np.ma.getmaskarray(tint), ~cut)
    np.testing.assert_array_equal(tint.compressed(), mesh.fraction[cut])
    x, y = part(figure, "elements").get_data()
    perimeter = mesh.surface.kind == 0
    np.testing.assert_allclose(np.stack([x, y], axis=1), mesh.surface.position[perimeter, :2] * 1e6)
    assert np.hypot(x - 0.5, y - 0.5) == pytest.approx(0.5, abs=0.01)
    assert "middle of a surface element" in legend(figure)


def test_an_uncut_mesh_has_no_tint() -> None:
    figure = picture(scenario(RECTANGLE, LEFT), mesh=True)
    assert len(part(figure, "grid").get_segments()) == 41 + 31
    for gid in ("cut cells", "elements"):
        assert not parts(figure, gid)


def test_a_fine_mesh_is_thinned_out_and_says_so() -> None:
    large = {"shape": "circle", "radius": "2 um"}
    figure = picture(scenario(large, ALL, specimen={"cell": "20 nm"}, surface=SURFACES), mesh=True)
    every = -(-402 // len(part(figure, "grid").get_segments()))
    assert every > 1
    assert f"one grid line in {every} is drawn" in texts(figure)
    assert any("shown)" in entry for entry in legend(figure))


def test_the_notes_give_sizes_cells_and_conductances() -> None:
    figure = picture(scenario(HOLED, ALL, surface={"perimeter": SURFACES["perimeter"]}))
    shown = texts(figure)
    for piece in (
        "2 µm × 1 µm, area 1.75 µm², perimeter 6 µm, 1 hole with a wall of 2 µm",
        "700 of 50 nm in 1 layer",
        "surface elements",
        "δDₛ = 4×10⁻²¹ m³/s at 75 °C",
        "no conduction along the surface",
    ):
        assert piece in shown
    halved = {"layers": 8, "symmetry": True, "cell": "100 nm"}
    shown = texts(picture(scenario(RECTANGLE, LEFT, specimen=halved)))
    assert "1200 of 100 nm in 8 layers, the upper half computed" in shown


@pytest.mark.parametrize(
    ("outline", "words", "count"),
    [
        ({"shape": "cylinder", "radius": "1 um"}, "cylinder of radius 1 µm, cross-section 3.142 µm²", 20),
        ({"shape": "sphere", "radius": "1 um"}, "sphere of radius 1 µm", 20),
        ({"shape": "slab", "length": "2 um"}, "slab of length 2 µm", 41 + 2),
    ],
)
def test_one_dimensional_bodies(outline: dict[str, Any], words: str, count: int) -> None:
    side = "left" if outline["shape"] == "slab" else "outer"
    figure = picture(scenario(outline, {"lps": {"where": {"side": side}}}), mesh=True)
    shown = texts(figure)
    assert words in shown
    assert ("thickness" in shown) == (outline["shape"] != "sphere")
    assert len(part(figure, "grid").get_segments()) == count
    contact = np.concatenate(part(figure, "contact lps").get_segments())
    if side == "left":
        np.testing.assert_allclose(contact[:, 0], 0.0)
    else:
        np.testing.assert_allclose(np.hypot(*contact.T), 1.0)


MANY = {
    f"a contact with the number {n}": {"where": {"arc": [f"{500 * n} nm", f"{500 * n + 300} nm"]}}
    for n in range(14)
}
FLAT = {"shape": "rectangle", "width": "4 um", "height": "100 nm"}
TALL = {"shape": "rectangle", "width": "300 nm", "height": "4 um"}
FAR = CIRCLE | {"centre": ["123.4567 um", "2345.6789 um"]}
WEDGE = {"thickness": {"wedge": ["40 nm", "100 nm"], "axis": "y"}, "dead_layer": "5 nm"}
CASES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], bool]] = {
    "rectangle": (RECTANGLE, LEFT, {"title": "A title that goes on and on, " * 6}, False),
    "flat": (FLAT, LEFT, {"surface": SURFACES}, True),
    "tall": (TALL, LEFT, {"specimen": WEDGE, "surface": SURFACES}, True),
    "far": (FAR, ALL, {}, True),
    "ellipse": (ELLIPSE, ALL, {"specimen": WEDGE}, True),
    "many": (RECTANGLE, MANY, {"surface": SURFACES}, True),
}


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_cut_off_or_covered(name: str) -> None:
    outline, contacts, more, mesh = CASES[name]
    figure = picture(scenario(outline, contacts, **more), mesh=mesh)
    pixels(figure)
    shown = [*figure.axes, *figure.legends, *(text for text in figure.texts if text.get_text())]
    boxes: list[Any] = [artist.get_tightbbox() for artist in shown]
    for artist, box in zip(shown, boxes, strict=True):
        assert box.x0 >= 0.0, artist
        assert box.y0 >= 0.0, artist
        assert box.x1 <= figure.bbox.x1, artist
        assert box.y1 <= figure.bbox.y1, artist
    for (one, first), (other, second) in itertools.combinations(zip(shown, boxes, strict=True), 2):
        assert not first.padded(-1.0).overlaps(second.padded(-1.0)), (one, other)


def test_the_sizes_are_exact() -> None:
    sizes = measure(build_model(scenario(HOLED, ALL)))
    assert sizes.extent == pytest.approx((2e-6, 1e-6))
    assert sizes.area == pytest.approx(1.75e-12)
    assert sizes.perimeter == pytest.approx(6e-6)
    assert sizes.hole_perimeters == pytest.approx((2e-6,))
    assert sizes.thickness == (150e-9, 150e-9)
    assert sizes.contacts == pytest.approx({"lps": 6e-6})
    assert not sizes.varied
    wedge = measure(build_model(scenario(RECTANGLE, LEFT, specimen={"thickness": {"wedge": [1e-7, 2e-7]}})))
    assert wedge.thickness == pytest.approx((1e-7, 2e-7))
    assert wedge.varied
    outer = {"lps": {"where": {"side": "outer"}}}
    round_one = measure(build_model(scenario({"shape": "cylinder", "radius": "1 um"}, outer)))
    assert round_one.area == pytest.approx(np.pi * 1e-12)
    assert round_one.perimeter == pytest.approx(2.0 * np.pi * 1e-6)
    assert round_one.contacts == pytest.approx({"lps": 2.0 * np.pi * 1e-6})
    sphere = measure(build_model(scenario({"shape": "sphere", "radius": "1 um"}, outer)))
    assert sphere.thickness is None


def test_the_look_is_not_left_behind() -> None:
    before = dict(mpl.rcParams)
    picture(scenario(RECTANGLE, LEFT), mesh=True)
    assert dict(mpl.rcParams) == before
