"""Tables of a page: how they are set, and which rows are shown where there are too many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lto_sim.report.html.texts import html_size
from lto_sim.report.html.wording import clean, is_number
from lto_sim.report.page import Table

__all__ = ["MOST_ROWS", "ShownTable", "shown_table", "table_need"]

MOST_ROWS: Final = 2000
"""Rows of a table at most; more are thinned evenly."""
_MARKUP: Final = 18
"""Characters that a cell takes beside its text."""


@dataclass(frozen=True)
class ShownTable:
    """A table as the template needs it; `numbers` tells columns that are set to the right."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[bool]
    note: str = ""


def _size(row: Sequence[str]) -> int:
    return sum(html_size(cell) + _MARKUP for cell in row) + 2 * _MARKUP


def table_need(table: Table) -> int:
    """Estimate the characters of a table in full."""
    stride = -(-len(table.rows) // MOST_ROWS) or 1
    return sum(_size(row) for row in table.rows[::stride])


def shown_table(table: Table, budget: int) -> ShownTable:
    """Return the table in at most `budget` characters: every n-th row where it has too many.

    Parameters
    ----------
    table : The table.
    budget : Characters at most.
    """
    count = len(table.rows)
    stride = -(-count // MOST_ROWS) or 1
    sizes = {number: _size(table.rows[number]) for number in range(0, count, stride)}
    while sizes and sum(sizes.values()) > budget:
        stride += max(1, stride // 3)
        sizes = (
            {number: _size(table.rows[number]) for number in range(0, count, stride)}
            if stride < count
            else {}
        )
    rows = [[clean(cell) for cell in table.rows[number]] for number in sizes]
    note = ""
    if len(rows) < count:
        note = (
            f"{len(rows)} of {count} rows are shown, evenly spread."
            if rows
            else f"{count} rows are too long."
        )
    columns = zip(*rows, strict=False) if rows else ()
    numbers = [all(is_number(cell) or not cell.strip() for cell in column) for column in columns]
    numbers += [False] * (len(table.header) - len(numbers))
    return ShownTable(clean(table.caption), [clean(h) for h in table.header], rows, numbers, note)
