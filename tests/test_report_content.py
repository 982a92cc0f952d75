"""What a report says: of every kind of result its own numbers, and what could not be used."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from report_results import (
    TEMPERATURES,
    copied,
    make_map_fit,
    make_reproduction,
    make_series,
    make_sweep,
    scenario,
)

from lto_sim.errors import InputError
from lto_sim.files import read_dataset, write_dataset
from lto_sim.kinetics import RateData, fit_rate_constant
from lto_sim.materials import sourced_numbers
from lto_sim.quantify import compare_maps
from lto_sim.report import report_page, write_report
from lto_sim.report.gather import gather
from lto_sim.report.page import Block, Chart, Code, Facts, Frames, Notice, Page, Section, Table, Text
from lto_sim.report.rates import DEFAULTS, rates_of
from lto_sim.report.sections.parameters import parameter_rows
from lto_sim.report.words import celsius, clock, energy, interval, number, rate
from lto_sim.reproduce.study import _write_report
from lto_sim.study import open_sweep
from lto_sim.study.sweeps import sweep_status

B = TypeVar("B", bound=Block)


@pytest.fixture(scope="session")
def series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("series")
    make_series(place)
    return place


@pytest.fixture(scope="module")
def single(series: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    names = ("75.toml", "75.zarr", "75_maps.zarr", "75_front.zarr", "75_fit.json")
    return copied(series, tmp_path_factory.mktemp("single") / "particle", *names)


@pytest.fixture(scope="module")
def single_page(single: Path) -> Page:
    return report_page(single)


def section(page: Page, name: str) -> Section:
    found = [part for part in page.sections if part.name == name]
    assert found, [part.name for part in page.sections]
    return found[0]


def blocks(part: Section, kind: type[B]) -> list[B]:
    return [block for block in part.blocks if isinstance(block, kind)]


def texts(value: Any) -> Iterator[str]:
    """Every text of a page, in order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Page | Section | Text | Notice | Facts | Table | Code | Chart):
        for name in getattr(value, "__dataclass_fields__", {}):
            if name != "figure":
                yield from texts(getattr(value, name))
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from texts(entry)
    elif hasattr(value, "__dataclass_fields__") and not isinstance(value, Frames):
        for name in value.__dataclass_fields__:
            yield from texts(getattr(value, name))


def said(page: Page) -> str:
    return "\n".join(texts(page))


def test_numbers_are_written_in_one_power_of_ten() -> None:
    assert rate(4.43390748e-14, 8.1e-17) == "(4.4339 ± 0.0081)×10⁻¹⁰ cm²/s"
    assert rate(1.2e-5, 3.0e-6) == "0.120 ± 0.030 cm²/s"
    assert rate(None) == "not resolved"
    assert interval((4.417e-14, 4.451e-14)) == "4.417 to 4.451\u00a0×10⁻¹⁰ cm²/s"
    assert interval((4.417e-14, None), "") == "4.417 to open\u00a0×10⁻¹⁰"
    assert energy(0.58880, 0.0099) == "0.589 ± 0.010 eV"
    assert energy(0.4947, 0.0005) == "0.4947 ± 0.0005 eV"
    assert number(-0.0123456) == "−0.01235"
    assert number(6.62e-16) == "6.62×10⁻¹⁶"
    assert number(999999.9) == "1×10⁶"
    assert rate(9.99996e-14) == "1×10⁻⁹ cm²/s"
    assert celsius(348.15) == "75 °C"
    assert clock(751.0) == "12.52 min"


def test_a_page_of_one_particle_has_every_section(single_page: Page) -> None:
    names = [part.name for part in single_page.sections]
    assert names == [
        "overview", "maps", "front", "rate", "electrical", "specimen", "parameters", "identifiability",
        "warnings", "files", "versions", "configuration", "cite",
    ]  # fmt: skip
    assert "could not be shown" not in said(single_page)
    assert "Li extraction at 75 °C and 1.6 V against In-Li" in single_page.lead


def test_the_rate_constant_is_that_of_the_stored_fit(single: Path, single_page: Page) -> None:
    stored = json.loads((single / "75_fit.json").read_text())
    shown = rate(stored["k_m2_s"], stored["k_std_m2_s"])
    assert shown in single_page.lead
    assert any(key.value == shown and "extraction at 75 °C" in key.label for key in single_page.keys)
    assert any(key.value == stored["verdict"] for key in single_page.keys)
    assert ("from", "75_fit.json") in blocks(section(single_page, "rate"), Facts)[0].rows


def test_another_number_in_the_file_is_the_number_of_the_page(single: Path, tmp_path: Path) -> None:
    place = copied(single, tmp_path / "other", *(p.name for p in single.iterdir()))
    stored = json.loads((place / "75_fit.json").read_text())
    stored["k_m2_s"] *= 1.25
    (place / "75_fit.json").write_text(json.dumps(stored))
    (found,), _ = rates_of(gather([place]))
    assert found.k == pytest.approx(stored["k_m2_s"], rel=1e-12)
    assert rate(stored["k_m2_s"], stored["k_std_m2_s"]) in report_page(place).lead


def test_law_and_band_of_a_stored_fit_are_those_of_the_fit(single: Path) -> None:
    (found,), refused = rates_of(gather([single]))
    assert refused == []
    fit = fit_rate_constant(read_dataset(single / "75_front.zarr"))
    time = np.linspace(1.0, 9.0, 7)
    np.testing.assert_allclose(found.position(time), fit.position(time), rtol=1e-12)
    band = found.band(time)
    assert band is not None
    np.testing.assert_allclose(band, fit.position_band(time), rtol=1e-9)


def test_a_fit_of_an_older_version_gets_its_band_where_k_is_the_same(single: Path, tmp_path: Path) -> None:
    place = copied(single, tmp_path / "older", "75_front.zarr", "75_fit.json")
    stored = json.loads((place / "75_fit.json").read_text())
    for name in ("covariance", "quantile", "source", "options", "direction", "temperature_K"):
        del stored[name]
    (place / "75_fit.json").write_text(json.dumps(stored))
    (found,), _ = rates_of(gather([place]))
    assert found.front is not None
    assert found.temperature == pytest.approx(348.15)
    assert found.band([5.0]) is not None
    stored["k_m2_s"] *= 1.01
    (place / "75_fit.json").write_text(json.dumps(stored))
    (found,), _ = rates_of(gather([place]))
    assert found.band([5.0]) is None


def test_a_front_without_a_fit_is_fitted_and_the_page_says_so(single: Path, tmp_path: Path) -> None:
    place = copied(single, tmp_path / "front", "75_front.zarr")
    page = report_page(place)
    fit = fit_rate_constant(read_dataset(place / "75_front.zarr"))
    assert rate(fit.k, fit.k_std) in page.lead
    assert any(DEFAULTS in notice.text for notice in blocks(section(page, "rate"), Notice))


def test_maps_and_run_of_one_configuration_are_compared(single: Path, single_page: Page) -> None:
    part = section(single_page, "maps")
    (frames,) = blocks(part, Frames)
    comparison = compare_maps(read_dataset(single / "75.zarr"), read_dataset(single / "75_maps.zarr"))
    assert [panel.title for panel in frames.panels] == ["maps", "the run, without noise", "difference"]
    np.testing.assert_array_equal(frames.panels[2].values, comparison.data["residual"].values)
    assert frames.time.tolist() == comparison.data["time"].values.tolist()
    assert frames.pixel == pytest.approx((5e-8, 5e-8))
    assert comparison.chi_square is not None
    value = f"{number(comparison.chi_square)} ({comparison.freedom} of them)"
    assert ("chi-square per degree of freedom", value) in blocks(part, Facts)[0].rows


def test_a_stored_comparison_is_taken_as_it_is(single: Path, tmp_path: Path) -> None:
    run, maps = (read_dataset(single / name) for name in ("75.zarr", "75_maps.zarr"))
    comparison = compare_maps(run, maps, contrast="free", offset="free")
    write_dataset(comparison.data, tmp_path / "75_comparison.zarr")
    page = report_page(tmp_path / "75_comparison.zarr")
    part = section(page, "maps")
    (frames,) = blocks(part, Frames)
    assert [panel.title for panel in frames.panels] == ["recorded", "simulated", "difference"]
    assert frames.panels[0].low == pytest.approx(comparison.offset.value)
    assert any(row[0] == "contrast of the maps, fitted" for row in blocks(part, Facts)[0].rows)
    assert f"{comparison.chi_square:.3f} per degree of freedom" in page.lead


def test_maps_alone_are_shown_alone(single: Path) -> None:
    page = report_page(single / "75_maps.zarr")
    (frames,) = blocks(section(page, "maps"), Frames)
    assert len(frames.panels) == 1
    maps = read_dataset(single / "75_maps.zarr")
    np.testing.assert_array_equal(frames.panels[0].values, maps["li_fraction"].values.astype(np.float32))


def test_a_run_alone_shows_the_frames_that_it_recorded(single: Path) -> None:
    page = report_page(single / "75.zarr")
    (frames,) = blocks(section(page, "maps"), Frames)
    run = read_dataset(single / "75.zarr")
    np.testing.assert_array_equal(frames.panels[0].values, run["scan_li_fraction"].values)
    assert page.sections[0].name == "overview"


def test_the_slider_drives_every_axis_of_time(single_page: Page) -> None:
    for name, axes in (("front", 1), ("rate", 2), ("electrical", 2)):
        for chart in blocks(section(single_page, name), Chart):
            assert [place for place, _ in chart.time_axes] == list(range(axes)), chart.title
            for place, seconds in chart.time_axes:
                assert chart.figure.axes[place].get_xlim()[1] * seconds == pytest.approx(9.0, rel=0.1)


def test_every_chart_has_words_with_numbers_and_a_table(single_page: Page) -> None:
    charts = [block for part in single_page.sections for block in blocks(part, Chart)]
    assert len(charts) >= 5
    for chart in charts:
        assert re.search(r"\d", chart.alt), chart.title
        if "Specimen" not in chart.title:
            assert chart.data is not None
            assert chart.data.rows


def test_the_points_of_the_chart_are_those_of_the_front(single: Path, single_page: Page) -> None:
    chart = blocks(section(single_page, "front"), Chart)[0]
    data = RateData.from_front(read_dataset(single / "75_front.zarr"))
    assert chart.data is not None
    assert len(chart.data.rows) == data.size
    assert float(chart.data.rows[0][2]) == pytest.approx(data.position[0] * 1e9, abs=0.01)


def test_parameters_say_set_or_default_and_where_defaults_come_from(single_page: Page) -> None:
    given, left, other = blocks(section(single_page, "parameters"), Table)
    assert "75.toml" in blocks(section(single_page, "parameters"), Text)[0].text
    assert ("temperature", "75 °C", "the scenario") in given.rows
    assert ("specimen.thickness", "150 nm", "the scenario") in given.rows
    told = {row[0]: row for row in left.rows}
    number_of = {entry.path: entry for entry in sourced_numbers("lto")}
    assert told["material.D_Li4"][1] == "7.547×10⁻¹⁴ m²/s at 30 °C, Ea 0.493 eV"
    assert number_of["diffusivities.poor.at"].source in told["material.D_Li4"][2]
    assert "computed from published numbers" in told["material.D_Li4"][2]
    assert "read in the paper" in told["material.plateau"][2]
    assert "weak: an assumption" in told["material.windows.x4"][2]
    assert any("lattice" in row[0] for row in other.rows)


def test_what_a_scenario_sets_is_told_without_its_file_too() -> None:
    chosen = scenario(75, surface={"faces": {"at": "1e-22 m^3/s", "reference": "75 degC", "Ea": "0.5 eV"}})
    rows = {row.path: row for row in parameter_rows(chosen.with_values({"material.D_Li7.at": 1e-16}))}
    assert rows["surface.faces"].origin == "set"
    assert "no measured value is known" in rows["surface.faces"].source
    assert rows["material.D_Li7"].origin == "set"
    assert rows["material.D_Li7"].source == "the scenario"
    assert rows["material.D_Li4"].origin == "default"
    assert rows["temperature"].origin == "set"
    assert rows["contacts.lps.law"].origin == "default"


def test_sensitivities_and_verdict_are_in_words(single: Path, single_page: Page) -> None:
    part = section(single_page, "identifiability")
    stored = json.loads((single / "75_fit.json").read_text())
    (table,) = blocks(part, Table)
    assert len(table.rows) == len(stored["sensitivity"])
    assert f"verdict {stored['verdict']}" in blocks(part, Text)[0].text


def test_the_configuration_is_there_as_written_and_whole_with_its_hash(
    single: Path, single_page: Page
) -> None:
    written, whole = blocks(section(single_page, "configuration"), Code)
    assert written.text == (single / "75.toml").read_text()
    run = read_dataset(single / "75.zarr")
    assert whole.text == run.attrs["configuration"]
    assert run.attrs["configuration_sha256"] in whole.caption
    history = said(single_page)
    assert "render_maps noise=0.1" in history
    assert "@software{lto_sim" in history


def test_several_temperatures_give_the_stored_activation_energy(series: Path) -> None:
    page = report_page(series)
    stored = json.loads((series / "ea.json").read_text())["Ea"]
    shown = energy(stored["Ea_eV"], stored["Ea_eV_std"])
    assert shown in page.lead
    assert page.keys[0].value == shown
    (chart,) = blocks(section(page, "arrhenius"), Chart)
    assert chart.data is not None
    assert len(chart.data.rows) == len(TEMPERATURES)
    rows = [row for table in blocks(section(page, "rate"), Table) for row in table.rows]
    assert {row[-1] for row in rows} == {"75_fit.json", "ea.json"}
    assert len(rows) == len(TEMPERATURES)
    assert "could not be shown" not in said(page)


def test_several_fronts_without_fits_give_an_energy_here(series: Path, tmp_path: Path) -> None:
    place = copied(series, tmp_path / "fronts", *(f"{c}_front.zarr" for c in TEMPERATURES))
    page = report_page(place)
    stored = json.loads((series / "ea.json").read_text())["Ea"]
    assert energy(stored["Ea_eV"], stored["Ea_eV_std"]) in page.lead
    assert any(DEFAULTS in text.text for text in blocks(section(page, "arrhenius"), Text))


def test_a_fit_of_maps_shows_estimates_words_and_fitted_maps(series: Path, tmp_path: Path) -> None:
    target = make_map_fit(series, tmp_path)
    page = report_page(target)
    summary = json.loads((target / "summary.json").read_text())
    (frames,) = blocks(section(page, "maps"), Frames)
    assert [panel.title for panel in frames.panels] == ["recorded", "fitted", "residual"]
    estimates = blocks(section(page, "map-fit"), Table)[0]
    assert estimates.rows[0][0] == "material.D_Li4.at"
    assert f"{summary['parameters']['material.D_Li4.at']['value']:.3g}"[:3] in estimates.rows[0][1]
    words = blocks(section(page, "identifiability"), Text)[0].text
    assert summary["identifiability"]["words"][0].rstrip(".") in words
    k = summary["rate_constants"][0]
    assert any(key.value == rate(k["k_m2_s"], k["k_std_m2_s"]) for key in page.keys)


def test_a_sweep_shows_axes_counts_numbers_and_pictures(tmp_path: Path) -> None:
    store = make_sweep(tmp_path)
    page = report_page(store)
    part = next(entry for entry in page.sections if entry.name == "sweep-1")
    axes, scalars = blocks(part, Table)[0], blocks(part, Table)[-1]
    assert [row[0] for row in axes.rows] == ["temperature", "maps.noise"]
    status = sweep_status(store)
    assert ("done", str(status.done)) in blocks(part, Facts)[0].rows
    assert len(scalars.rows) == 4
    assert "lto-sim explore study.zarr" in blocks(part, Text)[-1].text
    charts = blocks(part, Chart)
    assert charts[0].title.startswith("k:")
    k = open_sweep(store)["k"].values[:, 0] * 1e4
    column = list(scalars.header).index("k [cm²/s]")
    assert scalars.rows[0][column] == number(float(k[0]), 5)


def test_what_is_damaged_or_unknown_is_named_and_left_out(single: Path, tmp_path: Path) -> None:
    place = copied(single, tmp_path / "mixed", "75_front.zarr", "75_maps.zarr", "75.zarr")
    chunk = next((place / "75_maps.zarr" / "li_fraction" / "c").rglob("0"))
    while chunk.is_dir():
        chunk = next(chunk.iterdir())
    chunk.unlink()
    (place / ".half.zarr.0123456789ab.part").mkdir()
    (place / "empty.zarr").mkdir()
    (place / "broken.json").write_text("{")
    (place / "list.json").write_text("[1]")
    (place / "other.toml").write_text('name = "x"\n')
    (place / "bad.toml").write_text("[specimen\n")
    (place / "notes.txt").write_text("hello")
    (place / "folder").mkdir()
    page = report_page(place)
    notice = blocks(section(page, "overview"), Notice)[0].text
    names = (
        "75_maps.zarr", ".half.zarr.0123456789ab.part", "empty.zarr", "broken.json", "list.json",
        "other.toml", "bad.toml",
    )  # fmt: skip
    for name in names:
        assert f"{name}: " in notice
    assert "7 entries could not be used" in notice
    assert "notes.txt" in said(page)
    assert "folder/" in said(page)
    assert blocks(section(page, "maps"), Frames)[0].panels[0].title == "maps"
    assert section(page, "rate")


def test_bytes_that_are_no_chunk_are_told(single: Path, tmp_path: Path) -> None:
    place = copied(single, tmp_path / "rotten", "75_front.zarr", "75.zarr")
    chunk = next((place / "75.zarr" / "current" / "c").rglob("*"))
    chunk.write_bytes(b"\x00" * 7)
    page = report_page(place)
    assert "75.zarr: not an undamaged store" in blocks(section(page, "overview"), Notice)[0].text


def test_a_fit_whose_json_lacks_numbers_does_not_stop_the_rest(single: Path, tmp_path: Path) -> None:
    place = copied(single, tmp_path / "lacking", "75_front.zarr", "75_maps.zarr")
    (place / "fit.json").write_text(json.dumps({"fit": "rate constant", "source": "75_front.zarr"}))
    page = report_page(place)
    assert section(page, "front")
    assert section(page, "maps")


def test_nothing_understood_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(InputError, match="no result is in it") as caught:
        report_page(tmp_path)
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="existing result"):
        report_page(tmp_path / "nowhere")
    with pytest.raises(InputError, match="at least one"):
        report_page([])


def test_flags_come_from_runs_fronts_and_fits(single: Path, tmp_path: Path) -> None:
    place = copied(single, tmp_path / "flagged", "75_fit.json", "75_front.zarr", "75.zarr")
    run = read_dataset(place / "75.zarr")
    run.attrs |= {"status": 3, "status_meaning": "stopped: too many steps", "worst_balance_error": 1e-5}
    write_dataset(run, place / "75.zarr", force=True)
    front = read_dataset(place / "75_front.zarr")
    front["front_status"].values[:3, 0] = 1
    write_dataset(front, place / "75_front.zarr", force=True)
    stored = json.loads((place / "75_fit.json").read_text())
    (place / "75_fit.json").write_text(
        json.dumps(stored | {"verdict": "undecided", "reduced_chi_square": 4.0})
    )
    flags = [notice.text for notice in blocks(section(report_page(place), "warnings"), Notice)]
    expected = ("stopped: too many steps", "balanced to", "profile 0", "verdict is undecided", "chi-square")
    for words in expected:
        assert any(words in flag for flag in flags), (words, flags)


def test_a_potential_outside_the_window_is_flagged(tmp_path: Path, single: Path) -> None:
    run = read_dataset(single / "75.zarr")
    thin = scenario(75, contacts={"lps": {"where": {"side": "left", "from": 0.0, "to": "40 nm"}}})
    run.attrs["configuration"] = thin.to_toml()
    write_dataset(run, tmp_path / "thin.zarr")
    flags = [notice.text for notice in blocks(section(report_page(tmp_path), "warnings"), Notice)]
    assert any("less than two cells" in flag for flag in flags)


def test_a_file_is_written_whole_and_never_over_another(single: Path, tmp_path: Path) -> None:
    target = tmp_path / "one.html"
    assert write_report(single / "75_maps.zarr", target, title="My maps") == target.resolve()
    text = target.read_text(encoding="utf-8")
    assert "My maps" in text
    with pytest.raises(InputError, match="--force"):
        write_report(single, target)
    write_report(str(single / "75_maps.zarr"), str(target), force=True)
    shutil.rmtree(tmp_path / "gone", ignore_errors=True)
    with pytest.raises(InputError, match="existing directory"):
        write_report(single, tmp_path / "gone" / "one.html")
    assert [entry.name for entry in tmp_path.iterdir()] == ["one.html"]


@pytest.fixture(scope="session")
def reproduction(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_reproduction(tmp_path_factory.mktemp("reproduction"))


def test_a_reproduction_sets_published_and_simulated_energies_side_by_side(reproduction: Path) -> None:
    page = report_page(reproduction)
    summary = json.loads((reproduction / "summary.json").read_text())
    assert "could not be shown" not in said(page)
    (energies,) = blocks(section(page, "energies"), Table)
    for name, published in summary["published"].items():
        row = next(row for row in energies.rows if row[:2] == (name, "Table 1, unweighted"))
        assert row[2] == energy(published["Ea_eV"], published["Ea_eV_std"])
    simulated = summary["simulated"]["extraction"]
    shown = energy(simulated["Ea_eV"], simulated["Ea_eV_std"])
    assert shown in page.lead
    assert any(key.value == shown for key in page.keys)
    assert any(row[2] == shown for row in energies.rows)


def test_a_reproduction_shows_every_rate_constant_beside_what_was_put_in(reproduction: Path) -> None:
    page = report_page(reproduction)
    summary = json.loads((reproduction / "summary.json").read_text())
    tables = blocks(section(page, "rates"), Table)
    assert len(tables) == 3
    for table, series_of in zip(tables, summary["simulated"].values(), strict=True):
        for row, entry in zip(table.rows, series_of["k"], strict=True):
            assert row[0] == f"{entry['temperature_degC']:g}"
            assert row[2] == rate(entry["fitted_m2_s"], entry["std_m2_s"], "")
            assert row[4] == rate(entry["true_m2_s"], None, "")
    assert tables[0].rows[0][1] == "(1.90 ± 0.60)×10⁻⁹"


def test_a_reproduction_shows_maps_core_and_shell_settings_and_citation(reproduction: Path) -> None:
    page = report_page(reproduction)
    movies = blocks(section(page, "maps"), Frames)
    assert [len(movie.panels) for movie in movies] == [3, 3]
    maps = read_dataset(reproduction / "runs" / "insertion_75C" / "maps.zarr")
    np.testing.assert_array_equal(movies[1].panels[0].values, maps["li_fraction"].values.astype(np.float32))
    charts = blocks(section(page, "core-shell"), Chart)
    assert "extraction stays planar" in charts[0].title
    assert charts[0].data is not None
    assert len(charts) == 2
    fronts = blocks(section(page, "fronts"), Chart)
    assert len(fronts) == 3
    facts = dict(row[:2] for row in blocks(section(page, "settings"), Facts)[0].rows)
    assert facts["seed"] == "3"
    assert "specimen.cell = 100 nm" in facts["values set (--set)"]
    assert "Table 1" in blocks(section(page, "cite"), Text)[1].text
    rows = [row for table in blocks(section(page, "parameters"), Table) for row in table.rows]
    assert any(row[0] == "surface.faces" and "no measured value is known" in row[2] for row in rows)


def test_a_reproduction_writes_its_own_report_and_fits(reproduction: Path) -> None:
    summary = json.loads((reproduction / "summary.json").read_text())
    assert summary["report"] == "report.html"
    text = (reproduction / "report.html").read_text(encoding="utf-8")
    assert "the published experiment, simulated" in text
    stored = json.loads((reproduction / "runs" / "extraction_75C" / "fit.json").read_text())
    entry = next(e for e in summary["simulated"]["extraction"]["k"] if e["temperature_degC"] == 75.0)
    assert stored["k_m2_s"] == entry["fitted_m2_s"]


def test_a_reproduction_with_a_run_gone_or_damaged_says_so(reproduction: Path, tmp_path: Path) -> None:
    place = tmp_path / "part"
    shutil.copytree(reproduction, place)
    shutil.rmtree(place / "runs" / "insertion_75C")
    (place / "runs" / "extraction_75C" / "maps.zarr" / "zarr.json").write_text("{")
    page = report_page(place)
    flags = "\n".join(notice.text for notice in blocks(section(page, "warnings"), Notice))
    assert "runs/insertion_75C/maps.zarr is not in the directory" in flags
    assert "runs/extraction_75C/maps.zarr" in flags
    assert section(page, "energies")


def test_a_report_that_fails_leaves_the_results_of_a_reproduction(tmp_path: Path) -> None:
    name, reason = _write_report(tmp_path)
    assert name is None
    assert "results of lto-sim" in reason
    assert list(tmp_path.iterdir()) == []


# --- numbers of the page are those of the files ---


def stored_rate(**changed: Any) -> dict[str, Any]:
    return {
        "fit": "rate constant", "k_m2_s": 4e-14, "k_std_m2_s": 1e-16, "k_interval_m2_s": [3.9e-14, 4.1e-14],
        "k_interval_any_law_m2_s": [3.9e-14, 4.1e-14], "verdict": "diffusion-limited", "k_convention": "2kt",
        "start_time_s": 0.0, "direction": "extraction",
    } | changed  # fmt: skip


def write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


def test_rate_constants_of_two_definitions_are_brought_to_one(tmp_path: Path) -> None:
    """xi^2 = 2 k t and xi^2 = k t differ by a factor of two, which an Arrhenius line must not hold."""
    write(tmp_path / "a.json", stored_rate(temperature_K=348.15))
    write(tmp_path / "b.json", stored_rate(temperature_K=333.15, k_m2_s=4e-14, k_convention="kt"))
    rates = rates_of(gather([tmp_path]))[0]
    assert {rate.convention for rate in rates} == {"2kt"}
    assert [rate.k for rate in rates] == pytest.approx([4e-14, 2e-14])
    assert rates[1].summary["k_interval_m2_s"] == pytest.approx([1.95e-14, 2.05e-14])


@pytest.mark.parametrize(
    "damaged",
    [
        {"fit": "activation energy", "Ea_eV": 0.5, "k0_m2_s": 1.0, "Ea_eV_std": 0.1},
        stored_rate(k_m2_s="abc"),
        stored_rate(k_interval_m2_s=5),
        stored_rate(temperature_K="warm"),
        {"fit": "maps", "rate_constants": [{}]},
    ],
    ids=lambda damaged: str(damaged.get("fit")),
)
def test_a_damaged_fit_is_named_and_the_rest_is_shown(damaged: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path / "sound.json", stored_rate(temperature_K=348.15))
    write(tmp_path / "damaged.json", damaged)
    page = report_page([tmp_path])
    assert "damaged.json: its numbers cannot be read" in said(page)
    assert "4.0000" in said(page) or "4.000" in said(page)


def test_fits_of_one_name_in_two_places_are_told_apart(tmp_path: Path) -> None:
    for place, k in (("one", 4e-14), ("two", 5e-14)):
        (tmp_path / place).mkdir()
        write(tmp_path / place / "fit.json", stored_rate(k_m2_s=k))
    found = gather([tmp_path / "one", tmp_path / "two"])
    assert [fit.name for fit in found.rate_fits] == ["one/fit.json", "two/fit.json"]
    assert sorted(rate.k or 0.0 for rate in rates_of(found)[0]) == pytest.approx([4e-14, 5e-14])
