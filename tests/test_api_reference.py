"""The API reference: rendered from docstrings without a warning, complete, readable without a network."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import re
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest
from public_names import offering_modules

pytest.importorskip("pdoc", reason="pdoc is not installed")

SCRIPT: Final = Path(__file__).parents[1] / "docs" / "reference.py"
FETCHED: Final = {
    "script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src", "object": "data",
}  # fmt: skip
"""Tag -> attribute whose address a browser loads by itself; a link (``a``) is only followed."""


class Page(HTMLParser):
    """Anchors of a page, and the addresses that a browser loads with it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.anchors |= {str(given["id"])} if "id" in given else set()
        self.loaded += [str(given[FETCHED[tag]])] if given.get(FETCHED.get(tag, "")) else []


def load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Name of a module, or of a file -> its page; a warning of pdoc is an error."""
    folder = tmp_path_factory.mktemp("reference")
    written = load_script().write_reference(folder)
    texts = {}
    for path in written:
        name = path.relative_to(folder).with_suffix("").as_posix().replace("/", ".")
        texts[name if path.suffix == ".html" else path.name] = path.read_text(encoding="utf-8")
    return texts


def test_every_public_name_is_on_the_page_of_every_module_that_offers_it(pages: dict[str, str]) -> None:
    for module in offering_modules():
        anchors = Page(pages[module]).anchors
        offered = importlib.import_module(module)
        names = {name for name in offered.__all__ if not isinstance(getattr(offered, name), ModuleType)}
        missing = {name for name in names if not name.startswith("__")} - anchors
        assert not missing, f"{module}: {sorted(missing)}"


def test_pages_lead_to_each_other(pages: dict[str, str]) -> None:
    for room in ("kinetics", "exact", "plot", "study"):
        assert f'href="lto_sim/{room}.html"' in pages["lto_sim"], room


def test_methods_of_bases_that_are_not_public_are_there(pages: dict[str, str]) -> None:
    assert {"MapFit.interval", "MapFit.summary"} <= Page(pages["lto_sim.inverse"]).anchors


def test_nothing_is_loaded_from_a_network(pages: dict[str, str]) -> None:
    for name, text in pages.items():
        loaded = Page(text).loaded if name != "search.js" else []
        styles = re.findall(r"(?:@import|url\()\s*[\"']?(https?:|//)", text) if name != "search.js" else []
        outside = [address for address in loaded if re.match(r"(?:[a-z]+:)?//", address)]
        assert not outside, f"{name}: {outside}"
        assert not styles, name
    assert "fetch(" not in pages["search.js"]
    assert "XMLHttpRequest" not in pages["search.js"]


def test_annotations_are_for_readers(pages: dict[str, str]) -> None:
    for name, text in pages.items():
        assert "BeforeValidator" not in text, name
        assert "PydanticUndefined" not in text, name
        assert not re.search(r" at 0x[0-9a-f]{6}", text), name


def test_parameters_become_a_list_and_tables_stay_tables() -> None:
    script = load_script()
    text = """Summary with 2*x*y of `~lto_sim.exact.wagner.rate_constant()`.

======  =====
symbol  what
======  =====
k       rate
======  =====

    xi = 2*gamma*sqrt(D t)

Parameters
----------
low, high : Range [m]; None: open, delta*D
    and on.

Returns
-------
float
    The ratio [1].

Raises
------
InputError
    A bad one.
"""
    markdown = script.to_markdown(text)
    assert "Summary with 2\\*x\\*y of `rate_constant()`." in markdown
    assert "```text\n======  =====\nsymbol  what\n" in markdown
    assert "    xi = 2*gamma*sqrt(D t)" in markdown
    assert "- **low, high**: Range [m]; None: open, delta\\*D and on." in markdown
    assert "- **float**: The ratio [1]." in markdown
    assert "###### Raises\n\n- **InputError**: A bad one." in markdown


def test_long_annotations_are_shortened() -> None:
    short = load_script()._short
    assert str(short("typing.Annotated[float | None, F(a=[1, (2, 3)])] | int")) == "float | None | int"


EXAMPLES: Final = [name for name in offering_modules() if ">>>" in str(importlib.import_module(name).__doc__)]


@pytest.mark.parametrize("name", [*EXAMPLES, "lto_sim.provenance"])
def test_examples_run_and_give_what_they_say(name: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(name), report=True)
    assert tried > 0
    assert failed == 0


def test_rooms_have_examples() -> None:
    rooms = {"materials", "specimen", "transport", "microscope", "quantify", "kinetics", "electrochemistry"}
    rooms |= {"inverse", "study", "plot", "reproduce", "validate", "exact", "files"}
    assert {f"lto_sim.{room}" for room in rooms} <= set(EXAMPLES)
