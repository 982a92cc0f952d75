"""One table for every comparison: quantity, exact, obtained, error, order, verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["HEADINGS", "Row", "format_row", "format_table", "passed"]

HEADINGS: Final = ("quantity", "exact", "obtained", "error", "order", "verdict")
"""Headings of the table of checks."""
_WIDTHS: Final = (68, 12, 12, 9, 14, 0)
"""Widths of the columns of a table whose rows are printed before the last of them is known."""


@dataclass(frozen=True)
class Row:
    """One comparison.

    Parameters
    ----------
    quantity : What is compared, with its unit.
    exact : The exact value, in its unit, or the order claimed [1].
    obtained : The solver's value, in that unit.
    error : Error that counts, in the sense of `limit`.
    limit : Largest error that passes, in that unit or as fraction.
    order : Orders [1] seen between neighbouring resolutions, where they are the point.
    """

    quantity: str
    exact: float
    obtained: float
    error: float
    limit: float
    order: Sequence[float] = ()

    @property
    def passed(self) -> bool:
        """Whether the error is within its limit (never so for NaN)."""
        return abs(self.error) <= self.limit

    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        verdict = "ok" if self.passed else "MISS"
        orders = " ".join(f"{value:.2f}" for value in self.order) or "-"
        return (
            self.quantity, f"{self.exact:.6g}", f"{self.obtained:.6g}", f"{self.error:+.2e}", orders,
            f"{verdict} (<= {self.limit:g})",
        )  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        """The row as plain values, for JSON."""
        return {
            "quantity": self.quantity,
            "exact": float(self.exact),
            "obtained": float(self.obtained),
            "error": float(self.error),
            "limit": float(self.limit),
            "order": [float(value) for value in self.order],
            "passed": bool(self.passed),
        }


def passed(rows: Sequence[Row]) -> bool:
    """Whether every one of `rows` passes; an empty table does not."""
    return bool(rows) and all(row.passed for row in rows)


def format_row(cells: Sequence[str]) -> str:
    """One line of a table of fixed widths; one of `cells` that is too long pushes the rest to the right."""
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip()


def format_table(rows: Sequence[Row]) -> str:
    """Text of a whole table, one line for each of `rows`, headings first."""
    return "\n".join(format_row(line) for line in (HEADINGS, *(row.cells() for row in rows)))
