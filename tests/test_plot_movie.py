"""Movies, decoded again by the libraries that players use: frames, rate, colours, time, what is drawn."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from PIL import Image, ImageSequence

from lto_sim.errors import InputError
from lto_sim.plot import movie_scene, write_movie
from lto_sim.plot.movie_marks import Stamp
from lto_sim.plot.movie_pace import movie_pace
from lto_sim.plot.movie_page import MoviePage, nice_length
from lto_sim.plot.movie_scenes import MoviePanel, MovieScene, with_front

PIXEL: Final = 20e-9
FRAMES, ROWS, COLUMNS = 8, 10, 25
TOLERANCE: Final = {".mp4": 6, ".gif": 6}
"""Largest difference of a colour of 256 steps from that of the colour map: codec, palette."""
STEADY: Final = (8, 2)
"""Pixel (row, column) of the maps that has the same value in every frame, away from bar and front."""


def maps_of(values: np.ndarray, **attrs: Any) -> xr.Dataset:
    frames, rows, columns = values.shape
    return xr.Dataset(
        {"li_fraction": (("time", "y", "x"), values, {"units": "1"})},
        {
            "time": ("time", 0.5 * np.arange(frames)),
            "y": ("y", PIXEL * (np.arange(rows) + 0.5)),
            "x": ("x", PIXEL * (np.arange(columns) + 0.5)),
        },
        attrs,
    )


def step_values() -> np.ndarray:
    """Poor left of a front that moves two pixels a frame, rich right of it; one steady pixel of 0.3."""
    front = 2 * np.arange(FRAMES)[:, None, None] + 4
    values = np.where(np.arange(COLUMNS) < front, 0.05, 0.95) * np.ones((FRAMES, ROWS, COLUMNS))
    values[:, 0, 0] = np.nan
    values[(slice(None), *STEADY)] = 0.3
    return values


def comparison(stated: bool = True, **attrs: Any) -> xr.Dataset:
    simulated = step_values()
    recorded = simulated + 0.1
    recorded[:, 5, 5] = simulated[:, 5, 5]
    dims = ("time", "y", "x")
    found = maps_of(recorded, **attrs).rename(li_fraction="recorded")
    found["simulated"] = found["simulated_li_fraction"] = (dims, simulated)
    found["residual"] = (dims, recorded - simulated)
    if stated:
        found["normalised_residual"] = (dims, (recorded - simulated) / 0.2)
    return found


def decoded(path: Path) -> tuple[list[np.ndarray], Fraction, Any]:
    """Frames as a player shows them, the rate, and the stream."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        context = stream.codec_context
        told = (context.name, context.pix_fmt, context.colorspace, context.color_range, container.metadata)
        return frames, Fraction(stream.average_rate), told


def gif_of(path: Path) -> tuple[list[np.ndarray], list[int], int]:
    """Frames, their durations [ms], and how often it loops (0: for ever)."""
    with Image.open(path) as image:
        loops = image.info["loop"]
        frames, durations = [], []
        for frame in ImageSequence.Iterator(image):
            frames.append(np.asarray(frame.convert("RGB")))
            durations.append(frame.info["duration"])
    return frames, durations, loops


def frames_of(path: Path) -> list[np.ndarray]:
    return decoded(path)[0] if path.suffix == ".mp4" else gif_of(path)[0]


def page_of(scene: MovieScene, width: int = 640) -> MoviePage:
    return MoviePage(scene, width, "", "as fast as recorded", "cividis")


def middle(place: tuple[slice, slice], shape: tuple[int, int], pixel: tuple[int, int]) -> tuple[int, int]:
    """Row and column of the page in the middle of a pixel of the maps."""
    row, column = (
        box.start + int((n + 0.5) * (box.stop - box.start) / size)
        for box, size, n in zip(place, shape, pixel, strict=True)
    )
    return row, column


def shade(value: float, name: str = "cividis", low: float = 0.0, high: float = 1.0) -> np.ndarray:
    return np.rint(255 * np.array(mpl.colormaps[name]((value - low) / (high - low))[:3]))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("movies")
    paths = folder / "a.mp4", folder / "a.gif"
    movie = write_movie(maps_of(step_values()), paths, width=641, fps=12.5, title="Grüße")
    assert movie.paths == paths
    assert movie.size[0] == 642
    assert (movie.frames, movie.shown, movie.of) == (FRAMES, FRAMES, FRAMES)
    assert movie.speed == pytest.approx(0.5 * 12.5)
    assert movie.speed_text == "6.25× faster than recorded"
    assert movie.limits == {"Li fraction x": (0.0, 1.0)}
    return paths


def test_mp4_is_h264_that_browsers_play(pair: tuple[Path, Path]) -> None:
    frames, rate, (name, pixels, matrix, limited, metadata) = decoded(pair[0])
    assert len(frames) == FRAMES
    assert rate == Fraction(25, 2)
    assert name == "h264"
    assert pixels == "yuv420p"
    assert (matrix, limited) == (1, 1)  # BT.709, 16 to 235
    assert metadata["title"] == "Grüße"
    height, width, _ = frames[0].shape
    assert width == 642
    assert height % 2 == 0
    data = pair[0].read_bytes()
    assert 0 < data.find(b"moov") < data.find(b"mdat")  # plays before it is loaded


def test_gif_loops_with_the_same_frames(pair: tuple[Path, Path]) -> None:
    frames, durations, loops = gif_of(pair[1])
    assert len(frames) == FRAMES
    assert loops == 0
    assert durations == [80] * FRAMES
    others = decoded(pair[0])[0]
    for frame, other in zip(frames, others, strict=True):
        assert frame.shape == other.shape
        assert np.abs(frame.astype(int) - other).mean() < 2.0


def test_gif_lasts_as_long_where_a_frame_is_no_whole_number_of_hundredths(tmp_path: Path) -> None:
    write_movie(maps_of(step_values()), tmp_path / "a.gif", width=200, fps=30.0)
    assert gif_of(tmp_path / "a.gif")[1] == [30, 40, 30, 30, 40, 30, 30, 40]


@pytest.mark.parametrize("ending", [".mp4", ".gif"])
def test_a_value_has_its_colour_in_every_frame(pair: tuple[Path, Path], ending: str) -> None:
    path = next(p for p in pair if p.suffix == ending)
    frames = frames_of(path)
    page = MoviePage(
        movie_scene(maps_of(step_values())), 641, "Grüße", "6.25× faster than recorded", "cividis"
    )
    (place,) = page.boxes()
    assert frames[0].shape[:2] == page.size[::-1]
    for pixel, values in ((STEADY, (0.3, 0.3)), ((5, 8), (0.95, 0.05)), ((2, 1), (0.05, 0.05))):
        where = middle(place, (ROWS, COLUMNS), pixel)
        for frame, value in ((frames[0], values[0]), (frames[-1], values[1])):
            assert np.abs(frame[where] - shade(value)).max() <= TOLERANCE[ending], (pixel, value)
    for frame in frames:
        assert np.abs(frame[middle(place, (ROWS, COLUMNS), (0, 0))].astype(int) - 204).max() <= 4  # unknown


def test_every_frame_shows_its_own_time(pair: tuple[Path, Path]) -> None:
    frames = frames_of(pair[1])
    strips = [frame[22:42, :120] for frame in frames]  # below the title, on the left
    assert all((strip < 60).any() for strip in strips)
    for before, after in itertools.pairwise(strips):
        assert np.abs(before.astype(int) - after).max() > 100
    stamp = Stamp(12.0, 640, 10, 0.5 * np.arange(30), "", 0)
    assert [stamp.text(0.5 * n) for n in (0, 3, 29)] == ["\u20070.0 s", "\u20071.5 s", "14.5 s"]
    assert Stamp(12.0, 640, 10, np.array([0.0, 0.25, 0.5]), "", 0).text(0.25) == "0.25 s"
    assert Stamp(12.0, 640, 10, 30.0 * np.arange(30), "", 0).text(90.0) == "\u20071.5 min"


def test_unequal_intervals_last_as_much_longer() -> None:
    pace = movie_pace(np.array([0.0, 1.0, 2.0, 4.0]), fps=2.0)
    assert pace.order.tolist() == [0, 1, 2, 2, 3]
    assert pace.duration == 2.5
    assert pace.recorded == 5.0
    assert pace.speed == 2.0


@pytest.mark.parametrize(
    ("count", "fps", "duration", "frames", "rate", "lasts"),
    [
        (80, None, None, 80, 20.0, 4.0),
        (10, None, None, 10, 2.5, 4.0),
        (1000, None, None, 1000, 25.0, 40.0),
        (9000, None, None, 1500, 25.0, 60.0),
        (80, 10.0, None, 80, 10.0, 8.0),
        (80, None, 8.0, 80, 10.0, 8.0),
        (80, None, 1.0, 50, 50.0, 1.0),
        (80, 10.0, 2.0, 20, 10.0, 2.0),
        (80, 25.0, 8.0, 200, 25.0, 8.0),
        (2, None, 30.0, 30, 1.0, 30.0),
    ],
)
def test_rate_and_duration(
    count: int, fps: float | None, duration: float | None, frames: int, rate: float, lasts: float
) -> None:
    pace = movie_pace(1.5 * np.arange(count), fps, duration)
    assert pace.order.size == frames
    assert float(pace.rate) == pytest.approx(rate)
    assert pace.duration == pytest.approx(lasts)
    assert pace.speed == pytest.approx(1.5 * count / lasts)
    assert np.all(np.diff(pace.order) >= 0)
    assert (pace.order[0], pace.order[-1]) == (
        0 if frames >= count else (count // frames) // 2,
        pace.order[-1],
    )
    assert pace.order[-1] >= count - 1 - count // frames
    if frames == count:
        np.testing.assert_array_equal(pace.order, np.arange(count))


@pytest.mark.parametrize(
    ("speed", "words"),
    [
        (20.0, "20× faster than x"),
        (0.1, "10× slower than x"),
        (1.0, "as fast as x"),
        (4321.0, "4321× faster than x"),
    ],
)
def test_speed_in_words(speed: float, words: str) -> None:
    assert movie_pace(speed * np.arange(20.0), fps=1.0).speed_text("x") == words


def test_comparison_is_three_panels_with_residuals_even_about_zero() -> None:
    scene = movie_scene(comparison())
    assert [panel.title for panel in scene.panels] == ["recorded", "simulated", "residual"]
    assert [panel.limits for panel in scene.panels] == [(0.0, 1.0), (0.0, 1.0), (-3.0, 3.0)]
    assert scene.panels[2].label == "(recorded − simulated) / deviation"
    page = page_of(scene, 900)
    picture, places = page.frame(0), page.boxes()
    assert len({(place[0].start, place[0].stop) for place in places}) == 1  # side by side, of one height
    assert len({place[1].stop - place[1].start for place in places}) == 1
    where = [middle(place, (ROWS, COLUMNS), (5, 20)) for place in places]
    np.testing.assert_array_equal(picture[where[0]], shade(1.0))  # 1.05, beyond the last colour
    np.testing.assert_array_equal(picture[where[1]], shade(0.95))
    np.testing.assert_array_equal(picture[where[2]], shade(0.5, "PuOr", -3.0, 3.0))
    nothing = middle(places[2], (ROWS, COLUMNS), (5, 5))
    np.testing.assert_array_equal(page.frame(7)[nothing], shade(0.0, "PuOr", -3.0, 3.0))


def test_scale_of_recorded_intensities_and_of_residuals_without_deviations() -> None:
    scene = movie_scene(comparison(stated=False, maps_offset=200.0, maps_contrast=-100.0))
    assert scene.panels[0].limits == (100.0, 200.0)
    assert scene.panels[0].label == "recorded value"
    assert scene.panels[2].label == "recorded − simulated [Li fraction]"
    assert scene.panels[2].limits == pytest.approx((-0.1, 0.1))
    values = np.linspace(0.0, 1000.0, 8 * 10 * 25).reshape(8, 10, 25)
    maps = maps_of(values, map_quantity="intensity")
    maps["li_fraction"].attrs["units"] = "counts"
    (panel,) = movie_scene(maps).panels
    assert panel.label == "intensity [counts]"
    assert panel.limits == pytest.approx((5.0, 995.0))


def test_the_line_of_the_front_is_where_the_run_is_half_way() -> None:
    scene = movie_scene(comparison())
    page = page_of(scene, 1200)
    bare = page_of(MovieScene(scene.panels, scene.time, scene.y, scene.x, scene.clock), 1200)
    for number in (0, 5):
        rows, columns = page.boxes()[2]
        row = middle((rows, columns), (ROWS, COLUMNS), (4, 0))[0]
        line = page.frame(number)[row, columns].astype(int)
        changed = np.flatnonzero(np.abs(line - bare.frame(number)[row, columns]).max(axis=1) > 40)
        pixels = (columns.stop - columns.start) / COLUMNS
        assert changed.mean() + 0.5 == pytest.approx((2 * number + 4) * pixels, abs=1.0)
        assert 2 <= changed.size <= 12


def test_a_tracked_front_lies_across_its_profile() -> None:
    maps = maps_of(step_values())
    xi = np.array([[np.nan, 100e-9 + 20e-9 * n] for n in range(FRAMES)])
    front = xr.Dataset(
        {"front_position": (("time", "profile"), xi)},
        {
            "time": maps["time"],
            "profile_start_x": ("profile", [0.0, 20e-9]),
            "profile_start_y": ("profile", [0.0, 100e-9]),
            "profile_end_x": ("profile", [1.0, 400e-9]),
            "profile_end_y": ("profile", [1.0, 100e-9]),
            "profile_width": ("profile", [1e-9, 80e-9]),
        },
    )
    scene = with_front(movie_scene(maps), front)
    assert scene.fronts is not None
    assert np.isnan(scene.fronts[:, 0]).all()
    np.testing.assert_allclose(scene.fronts[3, 1], [180e-9, 60e-9, 180e-9, 140e-9])
    page, bare = page_of(scene), page_of(movie_scene(maps))
    rows, columns = page.boxes()[0]
    changed = np.abs(page.frame(3)[rows, columns].astype(int) - bare.frame(3)[rows, columns]).max(axis=2) > 60
    found_y, found_x = np.nonzero(changed)
    scale = (columns.stop - columns.start) / (COLUMNS * PIXEL)
    assert found_x.mean() + 0.5 == pytest.approx(180e-9 * scale, abs=0.7)
    assert found_y.mean() + 0.5 == pytest.approx(100e-9 * scale, abs=0.7)
    assert np.ptp(found_y) == pytest.approx(80e-9 * scale, abs=6.0)
    with pytest.raises(InputError, match="the front that was tracked in these maps"):
        with_front(movie_scene(maps), front.assign_coords(time=front["time"] + 100.0))
    with pytest.raises(InputError, match="lto-sim track"):
        with_front(movie_scene(maps), maps)


def test_scale_bar_is_as_long_as_it_says() -> None:
    assert [nice_length(v) for v in (150.0, 0.3, 1.0, 7.0)] == [100.0, 0.2, 1.0, 5.0]
    scene = movie_scene(maps_of(np.zeros((2, 40, 50))))  # dark, 1 µm wide: a bar of 200 nm
    page = page_of(scene, 1000)
    rows, columns = page.boxes()[0]
    image = page.frame(0)[rows, columns].astype(int)
    longest = max(int((line.min(axis=1) > 250).sum()) for line in image)
    assert longest == pytest.approx(0.2 * image.shape[1], abs=2)


def test_run_is_the_mean_through_the_thickness() -> None:
    x = np.array([[[[0.2, 0.4]], [[0.6, 0.0]]], [[[1.0, 1.0]], [[0.0, 1.0]]]])  # (time, z, y, x)
    run = xr.Dataset(
        {
            "li_fraction": (("time", "z", "y", "x"), x),
            "cell_volume": (("z", "y", "x"), np.array([[[3.0, 0.0]], [[1.0, 0.0]]])),
        },
        {"time": [0.0, 1.0], "z": [0.5, 1.5], "y": [0.5], "x": [0.5, 1.5]},
    )
    (panel,) = movie_scene(run).panels
    np.testing.assert_allclose(panel.values[:, 0, 0], [0.3, 0.75], rtol=1e-6)
    assert np.isnan(panel.values[:, 0, 1]).all()  # no particle there


def test_sphere_is_its_cross_section() -> None:
    radius = np.arange(50) + 0.5
    x = np.stack([np.where(radius < front, 0.1, 0.9) for front in (40.0, 20.0)])[:, None, None, :]
    run = xr.Dataset(
        {
            "li_fraction": (("time", "z", "y", "x"), x),
            "cell_volume": (("z", "y", "x"), np.ones((1, 1, 50))),
        },
        {"time": [0.0, 1.0], "z": [0.5], "y": [0.5], "x": radius},
        {"geometry": "radial"},
    )
    scene = movie_scene(run)
    values = scene.panels[0].values[1]
    distance = np.hypot(scene.x[None, :] - 50.0, scene.y[:, None] - 50.0)
    np.testing.assert_array_equal(np.isnan(values), distance > 50.0)
    assert np.all(values[distance < 19.0] == np.float32(0.1))
    assert np.all(values[(distance > 21.0) & (distance < 50.0)] == np.float32(0.9))


def test_maps_with_more_pixels_than_the_page_are_averaged() -> None:
    values = np.tile(np.array([0.2, 0.4, np.nan, np.nan]), (2, 100, 250))
    scene = MovieScene((MoviePanel("", values, (0.0, 1.0), "x"),), np.arange(2.0), np.arange(100) + 0.5,
                       np.arange(1000) + 0.5, "recorded")  # fmt: skip
    page = page_of(scene, 252)
    rows, columns = page.boxes()[0]
    assert columns.stop - columns.start < 250
    image = page.frame(0)[rows, columns]
    assert np.abs(image[2].astype(int) - shade(0.3)).max(axis=1).min() <= 1  # a mean, of 0.2 and 0.4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"fps": 0.0}, "0.1 to 50"),
        ({"fps": float("nan")}, "0.1 to 50"),
        ({"duration": 0.0}, "> 0 s"),
        ({"colours": "jet"}, "cividis, viridis"),
        ({"width": 100}, "200 to 3840 pixels"),
        ({"start": 90.0}, "two frames at least"),
        ({"fps": 50.0, "duration": 3600.0}, "20000 at most"),
        ({"front": maps_of(step_values())}, "lto-sim track"),
    ],
)
def test_options_that_are_refused(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        write_movie(maps_of(step_values()), tmp_path / "a.mp4", **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("dataset", "words"),
    [
        (xr.Dataset(), "a run, maps, a comparison"),
        (maps_of(step_values()[:1]), "two at least"),
        (maps_of(np.full((3, 2, 2), np.nan)), "no finite value"),
        (maps_of(step_values()).isel(time=[0, 2, 1]), "increasing"),
        (maps_of(step_values()).rename(li_fraction="counts"), "lto-sim quantify"),
    ],
)
def test_sources_that_are_refused(dataset: xr.Dataset, words: str) -> None:
    with pytest.raises(InputError, match=words):
        movie_scene(dataset)


@pytest.mark.parametrize("name", ["a.avi", "a", "a.mov"])
def test_other_endings_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="a name that ends in"):
        write_movie(maps_of(step_values()), tmp_path / name, width=200)
    assert not list(tmp_path.iterdir())


def test_an_existing_movie_stays_unless_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    path.write_bytes(b"old")
    with pytest.raises(InputError, match="--force"):
        write_movie(maps_of(step_values()), path, width=200)
    assert path.read_bytes() == b"old"
    write_movie(maps_of(step_values()), path, width=200, force=True)
    assert len(gif_of(path)[0]) == FRAMES


def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    def stop(part: float) -> None:
        if part > 0.4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_movie(
            maps_of(step_values()), [tmp_path / "a.mp4", tmp_path / "a.gif"], width=200, progress=stop
        )
    assert not list(tmp_path.iterdir())
