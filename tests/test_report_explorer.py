"""What the page of a sweep holds: axes, runs, numbers, curves and maps as they were stored."""

from __future__ import annotations

import base64
import json
import re
import zlib
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from explored_sweeps import FAILED, FRAMES, PENDING, PIXELS, REASON, front_place, make_store

from lto_sim.errors import InputError
from lto_sim.report.explorer import explorer_html, write_explorer
from lto_sim.report.explorer.axes import explored_axes, fixed_values
from lto_sim.report.explorer.images import images
from lto_sim.report.explorer.quantities import quantities
from lto_sim.study.sweeps import open_sweep

DONE: Final = [0, 1, 2, 3]


def data_of(text: str) -> Any:
    found = re.search(r'<script type="application/json" id="lto-data">(.*?)</script>', text, re.DOTALL)
    assert found
    return json.loads(found.group(1))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory.mktemp("sweep") / "sweep.zarr", title="A </script> of mine")


@pytest.fixture(scope="module")
def html(store: Path) -> str:
    return explorer_html(store)


@pytest.fixture(scope="module")
def data(html: str) -> Any:
    return data_of(html)


def test_axes_and_places(data: Any) -> None:
    assert [axis["path"] for axis in data["axes"]] == ["material.D_Li4.at", "temperature"]
    assert data["axes"][1]["stops"] == ["60 °C", "75 °C", "90 °C"]
    assert data["places"] == [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]
    assert data["status"] == ["done"] * 4 + ["failed", "pending"]
    assert data["errors"][FAILED] == REASON
    assert data["errors"][PENDING] == ""


def test_maps_as_stored(data: Any, store: Path) -> None:
    maps = data["maps"]
    assert [run is None for run in maps["runs"]] == [False] * 4 + [True] * 2
    stored = open_sweep(store)["li_fraction"].values
    for run in DONE:
        one = maps["runs"][run]
        assert one["pixels"] == list(PIXELS)
        assert one["pixel"] == pytest.approx([100e-9, 100e-9])
        assert one["origin"] == pytest.approx([0.0, 0.0], abs=1e-15)
        codes = np.frombuffer(zlib.decompress(base64.b64decode(one["data"])), np.uint8).reshape(FRAMES, -1)
        axis = {"frame": 0, "pixel": 1}.get(one["filter"])
        codes = codes if axis is None else np.cumsum(codes, axis=axis, dtype=np.uint8)
        values = (codes.reshape(FRAMES, *PIXELS[::-1]) - 1.0) / 254.0
        np.testing.assert_allclose(values, np.clip(stored[run], 0.0, 1.0), atol=0.51 / 254.0)


def test_front_current_and_line(data: Any) -> None:
    for run in DONE:
        line = data["front"]["runs"][run][0]
        np.testing.assert_allclose(
            np.array(line["position"]) / data["front"]["factor"], front_place(run), rtol=1e-3
        )
        assert line["time"] == pytest.approx(2.0 * np.arange(FRAMES) + 1.0)
    assert data["front"]["unit"] == "nm"
    kind = data["curves"]["kinds"][0]
    assert (kind["name"], kind["label"]) == ("current", "current [pA]")
    assert kind["runs"][2][0] == pytest.approx(30.0 / np.sqrt(0.12), rel=1e-3)
    assert kind["runs"][FAILED] is None
    assert data["line"] == {
        "start": [0.0, 4e-7],
        "end": pytest.approx([1.2e-6, 4e-7]),
        "width": pytest.approx(4e-7),
    }


def test_numbers_as_texts(data: Any) -> None:
    numbers = {number["name"]: number for number in data["numbers"]}
    assert list(numbers) == ["k", "k against k_true", "k_true", "verdict", "wall_time"]
    assert numbers["k"]["texts"][1] == "(2.00 ± 0.10)×10⁻¹¹ cm²/s"
    assert numbers["k"]["notes"][1] == "95 %: 1.8×10⁻¹¹ to 2.2×10⁻¹¹"
    assert numbers["k against k_true"]["texts"][0] == "−1.961 %"
    assert numbers["verdict"]["texts"][:2] == ["diffusion-limited", "reaction-limited"]
    assert numbers["k"]["values"][FAILED] is None
    assert numbers["k"]["texts"][PENDING] == "no value"


def test_the_page_says_what_there_is(html: str) -> None:
    assert "<title>A &lt;/script&gt; of mine</title>" in html
    assert (
        "6 runs over material.D_Li4.at (2 values) and temperature (3 values): 4 done, 1 failed, 1 pending."
        in html
    )
    assert "failed: the step &lt;b&gt;shrank&lt;/b&gt;" in html
    assert html.count("<script") == 2
    assert "This sweep keeps no" not in html


def test_twice_the_same(html: str, store: Path) -> None:
    assert explorer_html(store) == html


def test_outputs_that_are_not_kept_are_named(tmp_path: Path) -> None:
    text = explorer_html(make_store(tmp_path / "s.zarr", ("rate",), whole=True))
    assert (
        "This sweep keeps no maps, front and current. To see more here, add &#34;maps&#34;, &#34;front&#34; "
        "and &#34;current&#34; to the outputs of its file and run it again."
    ) in text
    found = data_of(text)
    assert (found["maps"], found["front"], found["curves"]) == (None, None, None)


def test_one_axis_and_a_fixed_one(tmp_path: Path) -> None:
    axes = {"temperature": ["60 degC", "75 degC"], "maps.noise": [0.1]}
    swept = open_sweep(make_store(tmp_path / "s.zarr", ("rate",), axes, whole=True))
    assert [axis.path for axis in explored_axes(swept)] == ["temperature"]
    assert fixed_values(swept) == [("maps.noise", "0.1")]


def test_pairs_have_a_slider_of_runs(tmp_path: Path) -> None:
    axes = {"temperature": ["60 degC", "75 degC"], "maps.noise": [0.1, 0.2]}
    text = explorer_html(make_store(tmp_path / "s.zarr", ("rate",), axes, whole=True, design="zip"))
    assert "data-run " in text
    assert 'data-axis="' not in text.partition("<script")[0]
    assert data_of(text)["places"] == [[0, 0], [1, 1]]


def test_nothing_done(tmp_path: Path) -> None:
    axes = {"temperature": ["60 degC", "75 degC", "80 degC", "85 degC", "88 degC", "90 degC"]}
    store = make_store(tmp_path / "s.zarr", ("maps", "rate"), axes)
    for run in DONE:
        (store / "status" / "c" / str(run)).unlink()
    text = explorer_html(store)
    assert "No run is done yet" in text
    assert data_of(text)["status"] == ["pending"] * 4 + ["failed", "pending"]


def test_maps_too_large_are_thinned_alike(tmp_path: Path) -> None:
    swept = open_sweep(make_store(tmp_path / "s.zarr", ("maps",), whole=True, pixels=(80, 32)))
    whole, note = images(swept)
    assert note == ""
    assert whole is not None
    size = sum(len(run["data"]) for run in whole["runs"])
    thinned, note = images(swept, budget=size // 3)
    assert thinned is not None
    assert sum(len(run["data"]) for run in thinned["runs"]) <= size // 3
    assert note.startswith("To keep this file small, every ")
    assert len({len(run["time"]) for run in thinned["runs"]}) == 1


def test_items_of_an_output_of_ones_own(store: Path) -> None:
    swept = open_sweep(store).load()
    swept["tip"] = (("run", "tip_item"), np.arange(12.0).reshape(6, 2), {"units": "m", "long_name": "tip"})
    found = {number.name: number for number in quantities(swept)}
    assert found["tip, tip 1"].text(2) == "5 m"


def test_no_sweep(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="sweep"):
        write_explorer(tmp_path / "none.zarr", tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []
