"""One table for every validation script: quantity, exact, obtained, error, order, verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Row", "format_table", "passed"]

_HEADINGS = ("quantity", "exact", "obtained", "error", "order", "verdict")


@dataclass(frozen=True)
class Row:
    """One comparison.

    Parameters
    ----------
    quantity : What is compared, with its unit.
    exact : The exact value, or the order claimed.
    obtained : The solver's value.
    error : Error that counts, in the sense of `limit`.
    limit : Largest error that passes.
    order : Orders seen between neighbouring resolutions, where they are the point.
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


def passed(rows: Sequence[Row]) -> bool:
    """Whether every row passes; an empty table does not."""
    return bool(rows) and all(row.passed for row in rows)


def format_table(rows: Sequence[Row]) -> str:
    """Aligned text, one line a row, headings first."""
    lines = [_HEADINGS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
