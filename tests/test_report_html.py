"""Pages as text: structure, escaping, what is packed and thinned, and that nothing leaves the file."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import report_pages
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from lto_sim.errors import InputError
from lto_sim.plot.style import figure
from lto_sim.report.html import page_html, write_page
from lto_sim.report.html.budget import LIMIT, shares
from lto_sim.report.html.charts import drawing
from lto_sim.report.html.packing import binned, colour_table, pack, quantised, safe_range
from lto_sim.report.html.thinning import Ranged, keep
from lto_sim.report.html.wording import anchors, is_number, round_length, steps_of_time
from lto_sim.report.page import Chart, Code, Facts, Frames, Notice, Page, Panel, Section, Table, Text


class Tags(HTMLParser):
    """Collects tags, ids, headings and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, text: str) -> None:
        self.words.append(text)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join(self.words)


def data_of(text: str) -> Any:
    found = re.search(r'<script type="application/json" id="lto-data">(.*?)</script>', text, re.DOTALL)
    assert found
    return json.loads(found.group(1))


def unpacked(image: dict[str, Any], count: int) -> NDArray[np.uint8]:
    """What the script of the page does, in Python."""
    codes = (
        np.frombuffer(zlib.decompress(base64.b64decode(image["data"])), np.uint8).reshape(count, -1).copy()
    )
    if image["filter"] == "frame":
        codes = np.cumsum(codes, axis=0, dtype=np.uint8)
    if image["filter"] == "pixel":
        codes = np.cumsum(codes, axis=1, dtype=np.uint8)
    return codes


def one(*blocks: Any) -> str:
    return page_html(Page("t", "l", [Section("s", "S", blocks)]))


@pytest.fixture(scope="module")
def html() -> str:
    return page_html(report_pages.page())


class TestStructure:
    def test_landmarks_and_headings_in_order(self, html: str) -> None:
        tags = Tags(html)
        for landmark in ("header", "nav", "main", "footer"):
            assert len(tags.named(landmark)) == 1
        levels = [int(name[1]) for name, _ in tags.tags if re.fullmatch(r"h\d", name)]
        assert levels == [1, 2, 2, 2]
        links = [a["href"] for a in tags.named("a")]
        assert links == ["#lto-main", "#what-was-run", "#maps", "#fit"]

    def test_every_id_once_and_every_reference_there(self, html: str) -> None:
        tags = Tags(html)
        ids = [a["id"] for _, a in tags.tags if a.get("id")]
        assert len(ids) == len(set(ids))
        used = re.findall(r'(?:href|aria-labelledby)="#?([^"]+)"', html) + re.findall(
            r"url\(#([^)]+)\)", html
        )
        local = {name for name in used if not name.startswith("data:")}
        assert local
        assert local <= set(ids)

    def test_user_text_stays_text(self, html: str) -> None:
        tags = Tags(html)
        assert len(tags.named("script")) == 2
        assert not tags.named("b")
        assert report_pages.NASTY in tags.text

    def test_nothing_leaves_the_file(self, html: str) -> None:
        policy = next(a["content"] for a in Tags(html).named("meta") if "http-equiv" in a)
        assert policy
        assert policy.startswith("default-src 'none';")
        assert not re.search(r"https?:|@import|url\((?!#)", html.replace("http://www.w3.org/2000/svg", ""))
        for name, attributes in Tags(html).tags:
            for key in ("src", "href"):
                value = attributes.get(key) or "data:"
                assert value.startswith(("data:", "#")), name

    def test_the_policy_knows_the_script(self, html: str) -> None:
        script = html.rpartition("<script>")[2].partition("</script>")[0]
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"script-src 'sha256-{digest}'" in html

    def test_key_results_facts_and_sources(self, html: str) -> None:
        text = Tags(html).text
        for words in ("(6.1 ± 0.1)×10⁻¹¹ cm²/s", "95 %: 5.9 to 6.3", "Wagner", "particle.toml", "At 75 °C."):
            assert words in text

    def test_numbers_are_set_to_the_right(self, html: str) -> None:
        header = [a.get("class") for a in Tags(html).named("th") if a.get("scope") == "col"]
        assert header == ["n", "n", "n", "n", None]

    def test_twice_the_same(self, html: str) -> None:
        assert page_html(report_pages.page()) == html

    def test_a_page_of_nothing(self) -> None:
        assert "There is nothing to show." in page_html(Page("t", "", []))

    def test_a_kind_of_notice(self) -> None:
        text = one(Notice("a", "note"), Notice("b"))
        assert '<p class="notice note"><strong>Note.</strong> a' in text
        assert '<p class="notice warning"><strong>Warning.</strong> b' in text

    def test_what_no_file_can_hold_is_replaced(self) -> None:
        text = one(Text("a\x00b\ud800c"), Facts([("\x1b", "x")]))
        text.encode("utf-8")
        assert "a\ufffdb\ufffdc" in text

    def test_anchors(self) -> None:
        assert anchors(["maps", "maps", "a b", "", "lto-main"]) == [
            "maps", "maps-2", "a-b", "section", "section-lto-main",
        ]  # fmt: skip

    def test_written_and_not_overwritten(self, tmp_path: Path) -> None:
        out = tmp_path / "page.html"
        write_page(Page("t", "l", []), out)
        with pytest.raises(InputError, match="force"):
            write_page(Page("t", "l", []), out)
        write_page(Page("other", "l", []), out, force=True)
        assert "<title>other</title>" in out.read_text(encoding="utf-8")


class TestFrames:
    def test_codes_say_the_values(self, html: str) -> None:
        movie = data_of(html)["frames"][0]
        assert movie["pixels"] == [16, 6]
        assert movie["time"] == pytest.approx(report_pages.TIMES)
        assert movie["pixel"] == pytest.approx(report_pages.PIXEL)
        for image, shift in zip(movie["panels"], (0.0, 0.5), strict=True):
            codes = unpacked(image, 20).reshape(20, 6, 16).astype(float)
            values = np.where(codes == 0, np.nan, image["low"] + (codes - 1.0) / 254.0)
            np.testing.assert_allclose(values, report_pages.moving_front() - shift, atol=0.51 / 254.0)

    def test_colours_of_codes(self, html: str) -> None:
        for image, name in zip(data_of(html)["frames"][0]["panels"], ("cividis", "RdBu_r"), strict=True):
            table = colour_table(name)
            assert image["colours"] == "".join(table)
            assert len(table) == 255

    def test_film_strip(self, html: str) -> None:
        images = [a for a in Tags(html).named("img") if "recorded" in (a["alt"] or "")]
        assert [a["alt"] for a in images] == [
            f"recorded at {time} s: a front moving right"
            for time in ("0.0", "6.0", "12.0", "16.5", "22.5", "28.5")
        ]
        picture = Image.open(io.BytesIO(base64.b64decode((images[0]["src"] or "").partition(",")[2])))
        assert picture.size == (16, 6)
        pixels = np.asarray(picture.convert("RGBA"))
        assert (pixels[:, -1, 3] == 0).all()
        assert "".join(f"{c:02x}" for c in pixels[0, 0, :3]) == colour_table("cividis")[-1]

    def test_one_frame(self) -> None:
        panel = Panel("p", np.ones((1, 3, 3)), 0.0, 1.0, "cividis", "x")
        text = one(Frames("t", [panel], np.array([2.0]), (1e-9, 1e-9), "a"))
        assert data_of(text)["frames"][0]["time"] == [2.0]
        assert 'max="0"' in text

    def test_nothing_but_nan(self) -> None:
        panel = Panel("p", np.full((4, 3, 3), np.nan), np.nan, np.nan, "cividis", "x")
        image = data_of(one(Frames("t", [panel], np.arange(4.0), (1e-9, 1e-9), "a")))["frames"][0]["panels"][
            0
        ]
        assert (unpacked(image, 4) == 0).all()
        assert (image["low"], image["high"]) == (0.0, 1.0)

    @pytest.mark.parametrize("shape", [(0, 3, 3), (4, 0, 3)])
    def test_no_frame(self, shape: tuple[int, int, int]) -> None:
        panel = Panel("p", np.ones(shape), 0.0, 1.0, "cividis", "x")
        text = one(Frames("t", [panel], np.arange(float(shape[0])), (1e-9, 1e-9), "a"))
        assert "There is no frame to show." in text

    def test_values_beyond_the_range_are_told(self) -> None:
        panel = Panel("p", np.array([[[-1.0, 0.5, np.inf]]]), 0.0, 1.0, "cividis", "x")
        image = data_of(one(Frames("t", [panel], np.zeros(1), (1e-9, 1e-9), "a")))["frames"][0]["panels"][0]
        assert (image["below"], image["above"]) == (True, False)
        assert unpacked(image, 1).tolist() == [[1, 128, 255]]

    def test_a_colour_map_that_is_not_there(self) -> None:
        panel = Panel("p", np.ones((1, 1, 1)), 0.0, 1.0, "rainbow of mine", "x")
        with pytest.raises(InputError, match="rainbow of mine"):
            one(Frames("t", [panel], np.zeros(1), (1e-9, 1e-9), "a"))


class TestBudget:
    def test_shares(self) -> None:
        assert shares([10, 100, 100], 110) == [10, 50, 50]
        assert shares([1, 2, 3], 100) == [1, 2, 3]
        assert shares([], 5) == []
        assert sum(shares([7, 7, 7], 20)) <= 20

    def test_an_ordinary_movie_is_small_and_whole(self) -> None:
        rng = np.random.default_rng(1)
        clean = np.clip(np.linspace(0, 60, 200)[:, None, None] - np.arange(100), 0, 1) * np.ones(
            (200, 60, 100)
        )
        panels = [
            Panel(name, clean + noise * rng.standard_normal(clean.shape), 0.0, 1.0, "cividis", "x")
            for name, noise in (("recorded", 0.2), ("simulated", 0.0), ("difference", 0.2))
        ]
        text = one(Frames("t", panels, np.arange(200.0), (1e-9, 1e-9), "a"))
        assert len(text) < 3_500_000
        assert len(data_of(text)["frames"][0]["time"]) == 200
        assert "To keep this file small" not in text

    def test_a_movie_too_large_is_thinned_and_says_so(self) -> None:
        rng = np.random.default_rng(2)
        noise = rng.random((300, 120, 240))
        text = one(
            Frames("t", [Panel("p", noise, 0.0, 1.0, "cividis", "x")], np.arange(300.0), (1e-9, 1e-9), "a")
        )
        movie = data_of(text)["frames"][0]
        assert "To keep this file small, every 3rd frame is shown (100 of 300)." in text
        assert movie["time"] == pytest.approx(np.arange(300.0)[::3])
        assert len(text) < 6_000_000

    def test_the_ladder_frames_first_then_pixels(self) -> None:
        rng = np.random.default_rng(3)
        image = Ranged(rng.random((120, 210, 210)), 0.0, 1.0)
        kept, packed = keep([image], (120, 210, 210), 1_500_000)
        assert (kept.stride, kept.block) == (2, 2)
        assert sum(len(one.data) for one in packed) <= 1_500_000
        assert kept.words == (
            "To keep this file small, every 2nd frame is shown (60 of 120) "
            "and pixels are averaged in blocks of 2 × 2."
        )
        tiny, packed = keep([image], (120, 210, 210), 300)
        assert sum(len(one.data) for one in packed) <= 300
        assert tiny.shown < 10

    def test_whatever_comes_in(self) -> None:
        rng = np.random.default_rng(4)
        big = Panel("p", rng.random((60, 200, 300)), 0.0, 1.0, "cividis", "x")
        movies = [Frames("t", [big, big], np.arange(60.0), (1e-9, 1e-9), "a") for _ in range(3)]
        rows = [[str(i), "x" * 500] for i in range(6_000)]
        drawn = figure(6.0, 4.0)
        drawn.subplots().plot(*rng.random((2, 8_000)), "o", ms=1)
        text = one(
            *movies, Table("long", ["n", "words"], rows),
            Chart("c", drawn, "a", Table("d", ["n", "w"], rows)),
            Text("word " * 1_000_000), Code("code", "<&>\n" * 500_000),
            Facts([("a" * 300, "b" * 300)] * 9000),
        )  # fmt: skip
        assert len(text.encode()) < LIMIT
        assert "rows are shown, evenly spread." in text
        assert "Drawn in pixels" in text
        assert "characters are left out to keep this file small" in text
        assert "more rows are left out" in text

    def test_ten_thousand_sections_are_refused(self) -> None:
        sections = [Section("s", "h" * 1200, []) for _ in range(9000)]
        with pytest.raises(InputError, match="fewer sections"):
            page_html(Page("t", "l", sections))

    def test_few_rows_are_all_shown(self) -> None:
        text = one(Table("t", ["n"], [[str(i)] for i in range(2000)]))
        assert text.count("<td") == 2000
        assert "rows are shown" not in text


class TestPacking:
    def test_back_and_forth(self) -> None:
        rng = np.random.default_rng(5)
        for codes in (
            rng.integers(0, 256, (7, 3, 5)),
            np.cumsum(np.ones((7, 3, 5)), axis=0),
            np.zeros((1, 1, 1)),
        ):
            packed = pack(codes.astype(np.uint8))
            image = {"data": packed.data, "filter": packed.filter}
            assert (unpacked(image, len(codes)) == codes.reshape(len(codes), -1)).all()

    def test_a_movie_that_hardly_changes_packs_by_frames(self) -> None:
        rng = np.random.default_rng(6)
        still = np.repeat(rng.integers(0, 256, (1, 40, 40)), 30, axis=0).astype(np.uint8)
        assert len(pack(still).data) < 3000

    def test_ends_of_the_range(self) -> None:
        codes = quantised(np.array([0.0, 1.0, -5.0, 5.0, np.nan]), 0.0, 1.0)
        assert codes.tolist() == [1, 255, 1, 255, 0]
        assert safe_range(1.0, 1.0, np.array([2.0, 3.0])) == (2.0, 3.0)
        assert safe_range(0.0, np.inf, np.array([7.0])) == (6.5, 7.5)

    def test_blocks_average_what_is_there(self) -> None:
        values = np.array([[[1.0, 2.0, np.nan], [3.0, np.nan, np.nan]]])
        np.testing.assert_allclose(binned(values, 2), [[[2.0, np.nan]]])


class TestCharts:
    @staticmethod
    def svg(**changes: Any) -> str:
        return drawing(report_pages.chart(**changes), "c").svg

    def test_ink_follows_the_theme(self) -> None:
        svg = self.svg()
        assert "#000000" not in svg
        assert "fill: var(--paper)" in svg
        assert "currentColor" in svg
        assert "color-mix(in srgb, var(--paper) 30%, currentColor)" in svg
        assert re.search(r"color-mix\(in srgb, white calc\(var\(--lift\) \* \d+%\), #0d0887\)", svg)

    def test_text_is_text_and_formulas_are_outlines(self) -> None:
        svg = self.svg()
        assert ">time [min]</text>" in svg
        assert "\\" not in svg
        assert "current" not in re.sub("currentColor", "", svg)

    def test_the_figure_is_left_as_it_was(self) -> None:
        chart = report_pages.chart()
        label = chart.figure.axes[0].yaxis.label
        drawing(chart, "c")
        assert label.get_path_effects() == []

    def test_ids_have_the_prefix_and_no_date(self) -> None:
        svg = self.svg()
        assert "metadata" not in svg
        assert all(name.startswith("c-") for name in re.findall(r'id="([^"]+)"', svg))

    def test_cells_of_maps_keep_their_colours(self) -> None:
        drawn = Figure()
        drawn.subplots().pcolormesh(np.array([[0.0, 1.0]]), cmap="gray", edgecolors="none")
        svg = drawing(Chart("t", drawn, "a"), "c").svg
        assert "fill: #ffffff" in svg
        assert '-QuadMesh_1" fill="#000000"' in svg

    def test_where_time_lies(self) -> None:
        chart = report_pages.chart()
        axis = json.loads(drawing(chart, "c").times)[0]
        ax = chart.figure.axes[0]
        left, right = ax.transData.transform([(0.0, 0.0), (0.5, 0.0)])[:, 0] * 72.0 / chart.figure.dpi
        assert (axis["left"], axis["right"]) == pytest.approx((left, right), abs=0.02)
        assert (axis["low"], axis["high"], axis["seconds"], axis["log"]) == (0.0, 0.5, 60.0, False)

    def test_axes_that_are_not_there_or_have_no_such_scale(self) -> None:
        with pytest.raises(InputError, match="time_axes"):
            self.svg(time_axes=[(3, 1.0)])
        chart = report_pages.chart()
        chart.figure.axes[0].set_xscale("symlog")
        with pytest.raises(InputError, match="linear or log"):
            drawing(chart, "c")

    def test_many_points_become_a_picture(self) -> None:
        drawn = figure(4.0, 3.0)
        drawn.subplots().plot(*np.random.default_rng(7).random((2, 3000)), "o")
        found = drawing(Chart("t", drawn, "a"), "c", largest=150_000)
        assert found.svg == ""
        assert found.picture.startswith("data:image/png;base64,")
        assert len(found.picture) <= 150_000


class TestWording:
    @pytest.mark.parametrize(
        "text", ["1", "-1.5", "−2", "6.1e-11", "(1.2 ± 0.1)×10⁻³", "1,000", "no value", "< 5 %"]
    )
    def test_numbers(self, text: str) -> None:
        assert is_number(text)

    @pytest.mark.parametrize("text", ["diffusion", "3 of them", "2026-11-29T08:00 UTC", "v1"])
    def test_words(self, text: str) -> None:
        assert not is_number(text)

    @pytest.mark.parametrize(
        ("width", "length", "text"),
        [(2e-6, 500e-9, "500 nm"), (100e-9, 20e-9, "20 nm"), (4e-6, 1e-6, "1 µm"), (0.0, 0.0, "")],
    )
    def test_scale_bars(self, width: float, length: float, text: str) -> None:
        assert round_length(width) == (pytest.approx(length), text)

    @pytest.mark.parametrize(
        ("time", "unit"),
        [([0.0, 0.2, 0.4], (1.0, "s", 1)), ([0.0, 1.5], (1.0, "s", 1)), ([0, 900.0], (1 / 60, "min", 0)),
         ([3.0], (1.0, "s", 0)), ([np.nan], (1.0, "s", 0))],
    )  # fmt: skip
    def test_units_of_time(self, time: list[float], unit: tuple[float, str, int]) -> None:
        assert steps_of_time(time) == unit


def test_a_chart_on_paper_keeps_its_inks() -> None:
    """A figure with black lines on light patches stays readable in the dark theme."""
    figure = Figure()
    figure.subplots().plot([0.0, 1.0], color="black")
    for on_paper in (False, True):
        chart = Chart("lines", figure, "a line", on_paper=on_paper)
        text = page_html(Page("t", "l", [Section("a", "A", [chart])]))
        assert ('class="drawing paper"' in text) is on_paper
