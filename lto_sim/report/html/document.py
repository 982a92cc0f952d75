"""From a page to its HTML: every block gets its share of the page, then the templates write it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from lto_sim.errors import InputError
from lto_sim.files import new_file, prepare_target
from lto_sim.report.html import budget
from lto_sim.report.html.charts import Drawing, as_picture, drawing
from lto_sim.report.html.movies import Movie, movie, movie_need
from lto_sim.report.html.tables import ShownTable, shown_table, table_need
from lto_sim.report.html.templates_of import render
from lto_sim.report.html.texts import html_size, shortened
from lto_sim.report.html.wording import anchors, clean
from lto_sim.report.page import Block, Chart, Code, Facts, Frames, Notice, Page, Table, Text

__all__ = ["page_html", "require_small", "write_page"]

_PARTS_OF_KEY: Final = ("label", "value", "note")


def page_html(page: Page) -> str:
    """Return a page as HTML that needs no other file.

    Parameters
    ----------
    page : What the page says.

    Returns
    -------
    str
        The whole document.

    Raises
    ------
    InputError
        A page that stays above 10 MB with everything on it thinned: thousands of sections.
    """
    views = _views([block for section in page.sections for block in section.blocks])
    given = iter(views)
    names = anchors(section.name for section in page.sections)
    text = render(
        "page.html.j2",
        {
            "title": clean(page.title),
            "lead": clean(page.lead),
            "keys": [
                {name: clean(getattr(k, name)) for name in ("label", "value", "note")} for k in page.keys
            ],
            "sections": [
                {
                    "name": name,
                    "heading": clean(section.heading),
                    "blocks": [next(given) for _ in section.blocks],
                }
                for name, section in zip(names, page.sections, strict=True)
            ],
            "footer": [clean(line) for line in page.footer],
        },
        data={"frames": [view["movie"].data for view in views if view["is"] == "frames"]},
        scripts=("base", "maps", "frames", "charts", "tables"),
    )
    return require_small(text)


def require_small(text: str, field: str = "page", remedy: str = "give it fewer sections") -> str:
    """Return the page if it is one that can be mailed.

    Raises
    ------
    InputError
        More than 10 MB.
    """
    size = len(text.encode("utf-8"))
    if size > budget.LIMIT:
        raise InputError(field, f"{size / 1e6:.0f} MB", f"at most {budget.LIMIT / 1e6:.0f} MB", remedy)
    return text


def write_page(page: Page, path: Path, force: bool = False) -> None:
    """Write a page to a file.

    Parameters
    ----------
    page : What the page says.
    path : The HTML file.
    force : Replace a file that is there.

    Raises
    ------
    InputError
        The target exists without `force`, or see :func:`page_html`.
    """
    prepare_target(path, force)
    text = page_html(page)
    with new_file(path, force) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _views(blocks: Sequence[Block]) -> list[dict[str, Any]]:
    """What the templates need of every block, each in its share of the page."""
    movies = iter(_movies([block for block in blocks if isinstance(block, Frames)]))
    charts = [block for block in blocks if isinstance(block, Chart)]
    drawings = iter(_drawings(charts))
    tables = [b.data if isinstance(b, Chart) else b for b in blocks if isinstance(b, Table | Chart)]
    shown = iter(_tables(tables))
    texts = [_text_of(block) for block in blocks]
    allowed = budget.shares([html_size(text) for text in texts], budget.TEXTS)
    return [
        _view(block, share, movies, drawings, shown) for block, share in zip(blocks, allowed, strict=True)
    ]


def _movies(frames: Sequence[Frames]) -> list[Movie]:
    allowed = budget.shares([movie_need(one) for one in frames], budget.FRAMES)
    return [movie(one, share) for one, share in zip(frames, allowed, strict=True)]


def _drawings(charts: Sequence[Chart]) -> list[Drawing]:
    full = [drawing(chart, f"lto-chart-{number}") for number, chart in enumerate(charts)]
    allowed = budget.shares([one.size for one in full], budget.CHARTS)
    return [
        one if one.size <= share else as_picture(one, chart, share)
        for chart, one, share in zip(charts, full, allowed, strict=True)
    ]


def _tables(tables: Sequence[Table | None]) -> list[ShownTable | None]:
    allowed = budget.shares([0 if t is None else table_need(t) for t in tables], budget.TABLES)
    return [None if t is None else shown_table(t, share) for t, share in zip(tables, allowed, strict=True)]


def _text_of(block: Block) -> str:
    if isinstance(block, Text | Notice | Code):
        return block.text
    if isinstance(block, Facts):
        return "".join(cell for row in block.rows for cell in row)
    return ""


def _view(
    block: Block,
    share: int,
    movies: Iterator[Movie],
    drawings: Iterator[Drawing],
    tables: Iterator[ShownTable | None],
) -> dict[str, Any]:
    """What the template of a block needs; movies, drawings and tables are taken in their order."""
    if isinstance(block, Text):
        return {"is": "text", "paragraphs": shortened(block.text, share).split("\n\n")}
    if isinstance(block, Notice):
        return {"is": "notice", "text": shortened(block.text, share), "kind": block.kind}
    if isinstance(block, Facts):
        rows, left = [], share
        for row in block.rows:
            left -= sum(html_size(cell) for cell in row)
            if left < 0:
                break
            rows.append([clean(cell) for cell in (*row, "", "")[:3]])
        return {"is": "facts", "rows": rows, "left_out": len(block.rows) - len(rows)}
    if isinstance(block, Code):
        text = shortened(block.text, share)
        return {"is": "code", "caption": clean(block.caption), "text": text, "file": clean(block.file_name),
                "long": text.count("\n") > 24}  # fmt: skip
    if isinstance(block, Table):
        return {"is": "table", "table": next(tables)}
    if isinstance(block, Chart):
        view = {"is": "chart", "title": clean(block.title), "alt": clean(block.alt)}
        return view | {"drawing": next(drawings), "table": next(tables), "on_paper": block.on_paper}
    return {"is": "frames", "movie": next(movies)}
