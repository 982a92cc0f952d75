"""Pages in a real browser without a network: sliders, keys, themes, paper, phones and accessibility."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import report_pages
from browser import OpenPage, needs_chromium, open_page, serious_violations
from explored_sweeps import FAILED, FRAMES, PENDING, make_store

from lto_sim.report.explorer import write_explorer
from lto_sim.report.html import write_page
from lto_sim.report.page import Code, Facts, Frames, Page, Panel, Section, Table, Text

pytestmark = needs_chromium

READY = "document.querySelector('[data-ready]') !== null"
CANVAS = "document.querySelector('canvas').toDataURL()"
SHOWN = "document.querySelector('[data-shown]') !== null"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report") / "report.html"
    write_page(report_pages.page(), out)
    return out


@pytest.fixture(scope="module")
def explorer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("explorer")
    write_explorer(make_store(folder / "sweep.zarr"), folder / "explorer.html")
    return folder / "explorer.html"


def clean(opened: OpenPage) -> None:
    """Nothing was logged as an error, and nothing was asked for outside the file."""
    assert opened.errors == []
    assert opened.external() == []


def move(page: Any, selector: str, value: int) -> None:
    """Move a slider as a pointer does."""
    page.eval_on_selector(
        selector,
        "(it, value) => { it.value = value; it.dispatchEvent(new Event('input', {bubbles: true})); }",
        value,
    )


class TestFrames:
    def test_slider_moves_the_maps_and_the_lines(self, report: Path) -> None:
        with open_page(report) as opened:
            page = opened.page
            opened.wait(READY)
            first, line = page.evaluate(CANVAS), page.locator(".time-line").first
            start = float(line.get_attribute("x1"))
            slider = page.locator("[data-slider]")
            assert slider.get_attribute("aria-valuetext") == "0.0 s, frame 1 of 20"
            move(page, "[data-slider]", 10)
            assert slider.get_attribute("aria-valuetext") == "15.0 s, frame 11 of 20"
            assert page.evaluate(CANVAS) != first
            times = page.evaluate("JSON.parse(document.querySelector('[data-times]').dataset.times)[0]")
            # 15 s is half of the axis, which ends at 30 s
            assert start == pytest.approx(times["left"], abs=0.02)
            middle = 0.5 * (times["left"] + times["right"])
            assert float(line.get_attribute("x1")) == pytest.approx(middle, abs=0.02)
            clean(opened)

    def test_pixels_have_the_colours_of_the_codes(self, report: Path) -> None:
        with open_page(report) as opened:
            opened.wait(READY)
            pixel = opened.page.evaluate(
                "(at => [0, 15].map(x => [...document.querySelector('canvas').getContext('2d')"
                ".getImageData(x, 0, 1, 1).data]))()"
            )
            # cividis at 1 on the left; nothing in the last column
            assert pixel == [[254, 232, 56, 255], [0, 0, 0, 0]]
            assert opened.page.evaluate(
                "getComputedStyle(document.querySelector('canvas')).imageRendering"
            ) == ("pixelated")
            box = opened.page.locator("canvas").first.bounding_box()
            # 16 pixels of 25 nm by 6 of 50 nm
            assert box["width"] / box["height"] == pytest.approx(16 * 25 / (6 * 50), rel=0.02)

    def test_play_pause_and_end(self, report: Path) -> None:
        with open_page(report, still=True) as opened:
            page = opened.page
            opened.wait(READY)
            page.select_option("[data-speed]", "4")
            button = page.locator("[data-play]")
            button.click()
            assert button.get_attribute("aria-label") == "Pause"
            opened.wait("document.querySelector('[data-slider]').value > 2")
            button.click()
            assert button.get_attribute("aria-label") == "Play"
            held = page.locator("[data-slider]").input_value()
            page.wait_for_timeout(400)
            assert page.locator("[data-slider]").input_value() == held
            move(page, "[data-slider]", 17)
            button.click()
            opened.wait("document.querySelector('[data-slider]').value === '19'")
            opened.wait("document.querySelector('[data-play]').getAttribute('aria-label') === 'Play'")
            clean(opened)

    def test_keys(self, report: Path) -> None:
        with open_page(report) as opened:
            page = opened.page
            opened.wait(READY)
            slider = page.locator("[data-slider]")
            slider.focus()
            page.keyboard.press("ArrowRight")
            page.keyboard.press("ArrowRight")
            assert slider.input_value() == "2"
            page.keyboard.press("End")
            assert slider.input_value() == "19"
            page.locator("[data-previous]").focus()
            page.keyboard.press("ArrowLeft")
            assert slider.input_value() == "18"
            page.keyboard.press("Enter")
            assert slider.input_value() == "17"
            page.keyboard.press("Home")
            assert slider.input_value() == "0"
            clean(opened)

    def test_values_under_the_pointer_and_by_keys(self, report: Path) -> None:
        with open_page(report) as opened:
            page = opened.page
            opened.wait(READY)
            box = page.locator("canvas").first.bounding_box()
            page.mouse.move(box["x"] + box["width"] * 0.5 / 16, box["y"] + box["height"] * 0.5 / 6)
            told = page.locator("[data-readout]")
            assert told.text_content() == "x 12.5 nm, y 25 nm, recorded 1.000, difference 0.500"
            page.mouse.move(box["x"] + box["width"] * 15.5 / 16, box["y"] + 2)
            assert "recorded no value, difference no value" in told.text_content()
            canvas = page.locator("canvas").first
            canvas.focus()
            page.keyboard.press("ArrowLeft")
            page.keyboard.press("ArrowUp")
            assert told.text_content().startswith("x 362.5 nm, y 25 nm, recorded 0.000, ")
            assert told.get_attribute("aria-live") == "polite"
            assert page.locator(".cross:visible").count() == 2
            clean(opened)

    def test_odd_pages(self, tmp_path: Path) -> None:
        nothing = Panel("n" * 300, report_pages.moving_front(1) * float("nan"), 0.0, 1.0, "cividis", "x")
        word = "Donaudampfschiff" * 40
        rows = [[word, str(i)] for i in range(3000)]
        movie = Frames("f", [nothing], report_pages.TIMES[:1], (1e-9, 1e-9), "a")
        sections = [
            Section("a", word, [Text(word), Facts([(word, word, word)]), Table(word, [word, "n"], rows)]),
            Section("b", "Ω ✓ 漢字", [Code(word, word, word), movie]),
        ]
        out = tmp_path / "odd.html"
        write_page(Page(word, word, sections), out)
        for width in (360, 1200):
            with open_page(out, width=width) as opened:
                opened.wait(READY)
                assert not opened.scrolls_sideways()
                clean(opened)


class TestThemes:
    def test_the_button_works_without_storage(self, report: Path) -> None:
        with open_page(report) as opened:
            page = opened.page
            page.add_init_script(
                "Object.defineProperty(window, 'localStorage', {get() { throw new Error('none'); }})"
            )
            page.reload()
            colour = "getComputedStyle(document.body).backgroundColor"
            assert page.evaluate(colour) == "rgb(255, 255, 255)"
            page.locator("[data-theme-button]").click()
            assert page.evaluate(colour) == "rgb(20, 24, 28)"
            assert page.locator("[data-theme-button]").text_content() == "Light theme"
            page.locator("[data-theme-button]").click()
            assert page.evaluate(colour) == "rgb(255, 255, 255)"
            clean(opened)

    @pytest.mark.parametrize(("dark", "ink"), [(False, "rgb(26, 30, 35)"), (True, "rgb(228, 232, 236)")])
    def test_ink_of_charts_follows(self, report: Path, dark: bool, ink: str) -> None:
        with open_page(report, dark=dark) as opened:
            for part in (".drawing text", ".drawing g[id*=text] path"):
                assert opened.page.eval_on_selector(part, "it => getComputedStyle(it).fill") == ink, part

    @pytest.mark.parametrize("dark", [False, True])
    @pytest.mark.parametrize("width", [360, 1200])
    def test_accessible(self, report: Path, explorer: Path, dark: bool, width: int) -> None:
        for path, ready in ((report, READY), (explorer, SHOWN)):
            with open_page(path, dark=dark, width=width) as opened:
                opened.wait(ready)
                opened.page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true; })")
                assert serious_violations(opened.page) == []
                clean(opened)

    def test_the_rules_find_what_is_wrong(self, tmp_path: Path) -> None:
        wrong = tmp_path / "wrong.html"
        wrong.write_text('<html lang="en"><title>t</title><main><img src="data:,"></main></html>', "utf-8")
        with open_page(wrong) as opened:
            found = serious_violations(opened.page)
        assert len(found) == 1
        assert found[0].startswith("image-alt: ")


class TestPaperAndPhone:
    def test_no_sideways_scrolling_on_a_phone(self, report: Path, explorer: Path) -> None:
        for path, ready in ((report, READY), (explorer, SHOWN)):
            with open_page(path, width=360) as opened:
                opened.wait(ready)
                assert not opened.scrolls_sideways()
                opened.page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true; })")
                assert not opened.scrolls_sideways()

    def test_paper_has_a_film_strip_and_no_controls(self, report: Path) -> None:
        with open_page(report, dark=True) as opened:
            page = opened.page
            opened.wait(READY)
            assert page.locator(".still:visible").count() == 0
            page.emulate_media(media="print", color_scheme="dark")
            assert page.locator(".still:visible").count() == 12
            for gone in ("[data-slider]", "[data-theme-button]", "nav", ".data", "canvas", ".time-line"):
                assert page.locator(f"{gone}:visible").count() == 0, gone
            page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
            assert page.evaluate("document.querySelector('.code').open")
            assert page.evaluate("getComputedStyle(document.body).color") == "rgb(26, 30, 35)"
            page.evaluate("window.dispatchEvent(new Event('afterprint'))")
            assert not page.evaluate("document.querySelector('.code').open")
            assert page.pdf()[:5] == b"%PDF-"

    def test_without_scripts(self, report: Path, explorer: Path) -> None:
        with open_page(report, scripts=False) as opened:
            assert opened.page.locator(".still:visible").count() == 12
            assert opened.page.locator("button:visible").count() == 0
            clean(opened)
        with open_page(explorer, scripts=False) as opened:
            assert opened.page.locator("table:visible").count() == 1
            assert opened.page.locator("button:visible").count() == 0

    def test_tables_and_files_are_saved(self, report: Path) -> None:
        with open_page(report) as opened:
            page = opened.page
            with page.expect_download() as saved:
                page.locator("[data-save-csv]").last.click()
            assert saved.value.suggested_filename == "rates.csv"
            text = Path(saved.value.path()).read_text(encoding="utf-8")
            assert text.splitlines() == [
                "temperature [degC],k [cm2/s],verdict",
                "75,6.1e-11,diffusion-limited",
                '-20,"1,000","a ""mixed"" one, perhaps"',
            ]
            page.locator(".code summary").click()
            with page.expect_download() as saved:
                page.locator("[data-save-code]").click()
            assert saved.value.suggested_filename == "particle.toml"
            code = Path(saved.value.path()).read_text(encoding="utf-8")
            assert code == report_pages.page().sections[0].blocks[2].text
            clean(opened)


class TestExplorer:
    @staticmethod
    def state(page: Any) -> dict[str, str]:
        return dict(page.evaluate(
            "({map: document.querySelector('canvas').toDataURL(),"
            " profile: document.querySelector('[data-profile]').innerHTML,"
            " current: document.querySelector('[data-current]').innerHTML,"
            " front: document.querySelector('[data-front]').innerHTML,"
            " numbers: document.querySelector('[data-found]').textContent,"
            " overview: document.querySelector('[data-overview]').innerHTML})"
        ))  # fmt: skip

    def test_axes_change_everything_at_once(self, explorer: Path) -> None:
        with open_page(explorer) as opened:
            page = opened.page
            opened.wait(SHOWN)
            before = self.state(page)
            assert page.locator("[data-run-state]").text_content() == "Run 1."
            move(page, "#lto-axis-1", 2)
            opened.wait("document.querySelector('[data-shown=\"2\"]')")
            after = self.state(page)
            assert {name for name in before if before[name] == after[name]} == set()
            assert page.locator("#lto-axis-1").get_attribute("aria-valuetext") == "90 °C"
            assert "(3.00 ± 0.15)×10⁻¹¹ cm²/s" in after["numbers"]
            assert "95 %: 2.7×10⁻¹¹ to 3.3×10⁻¹¹" in after["numbers"]
            clean(opened)

    def test_time_changes_map_and_plots_but_not_the_run(self, explorer: Path) -> None:
        with open_page(explorer) as opened:
            page = opened.page
            opened.wait(SHOWN)
            before = self.state(page)
            page.locator("[data-slider]").focus()
            page.keyboard.press("ArrowRight")
            after = self.state(page)
            same = {name for name in before if before[name] == after[name]}
            assert same == {"numbers", "overview"}
            assert page.locator("[data-slider]").get_attribute("max") == str(FRAMES - 1)
            clean(opened)

    def test_failed_and_pending_runs_say_so(self, explorer: Path) -> None:
        with open_page(explorer) as opened:
            page = opened.page
            opened.wait(SHOWN)
            move(page, "#lto-axis-0", 1)
            state = page.locator("[data-run-state]")
            assert state.text_content() == f'Run {FAILED} failed: the step <b>shrank</b> to nothing; "advice"'
            assert page.locator("[data-no-map]").is_visible()
            assert not page.locator("canvas").is_visible()
            move(page, "#lto-axis-1", 2)
            assert state.text_content() == f"Run {PENDING} is not done yet; lto-sim resume runs it."
            move(page, "#lto-axis-0", 0)
            opened.wait("document.querySelector('[data-shown=\"2\"]')")
            assert page.locator("canvas").is_visible()
            clean(opened)

    def test_a_click_on_the_overview_chooses_a_run(self, explorer: Path) -> None:
        with open_page(explorer) as opened:
            page = opened.page
            opened.wait(SHOWN)
            assert page.locator("[data-overview] rect.cell").count() == 6
            page.locator("[data-overview] rect.cell").first.click()
            opened.wait("document.querySelector('[data-shown=\"0\"]')")
            assert page.locator("#lto-axis-1").input_value() == "0"
            page.select_option("[data-over]", "1")
            page.select_option("[data-and]", "-1")
            assert page.locator("[data-overview] circle.chosen").count() == 1
            assert page.locator("[data-overview] circle.dot").count() == 2
            page.locator("[data-overview] circle.pick").nth(2).click()
            opened.wait("document.querySelector('[data-shown=\"2\"]')")
            page.select_option("[data-of]", label="verdict")
            assert "diffusion-limited" in page.locator("[data-overview]").text_content()
            clean(opened)

    def test_the_profile_is_that_of_the_map(self, explorer: Path) -> None:
        with open_page(explorer) as opened:
            page = opened.page
            opened.wait(SHOWN)
            assert page.locator("[data-profile-at]").text_content() == "y 200 to 600 nm"
            across = self.state(page)["profile"]
            assert 'class="mark"' in across
            page.select_option("[data-profile-along]", "1")
            along = self.state(page)["profile"]
            assert "y [nm]" in along
            assert 'class="mark"' not in along
            move(page, "[data-profile-slider]", 0)
            assert page.locator("[data-profile-at]").text_content().startswith("x 0 to ")
            clean(opened)

    def test_a_click_on_the_current_moves_time(self, explorer: Path) -> None:
        with open_page(explorer) as opened:
            page = opened.page
            opened.wait(SHOWN)
            box = page.locator("[data-current] .seek").bounding_box()
            page.mouse.click(box["x"] + 0.98 * box["width"], box["y"] + 20)
            assert int(page.locator("[data-slider]").input_value()) > FRAMES - 3
            page.select_option("[data-curve]", "1")
            page.select_option("[data-front-against]", "root")
            assert "√(time / s)" in self.state(page)["front"]
            clean(opened)

    def test_without_maps_and_grids(self, tmp_path: Path) -> None:
        store = make_store(tmp_path / "s.zarr", ("current",), {"temperature": ["60 degC", "75 degC"],
                           "material.D_Li4.at": ["1e-13 m^2/s", "2e-13 m^2/s"]}, design="zip")  # fmt: skip
        write_explorer(store, tmp_path / "e.html")
        with open_page(tmp_path / "e.html") as opened:
            page = opened.page
            opened.wait(SHOWN)
            assert page.locator("canvas").count() == 0
            assert (
                '"maps", "front" and "rate" to the outputs'
                in page.locator(".notice.note").first.text_content()
            )
            assert page.locator("[data-run-value='0']").text_content() == "60 °C"
            before = page.locator("[data-current]").inner_html()
            page.locator("[data-run]").focus()
            page.keyboard.press("ArrowRight")
            assert page.locator("[data-run-value='0']").text_content() == "75 °C"
            assert page.locator("[data-current]").inner_html() != before
            assert serious_violations(page) == []
            clean(opened)
