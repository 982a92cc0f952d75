"""Text that is cut to its share of a page, and says so."""

from __future__ import annotations

from markupsafe import escape

from lto_sim.report.html.wording import clean

__all__ = ["html_size", "shortened"]


def html_size(text: str) -> int:
    """Bytes that text takes in a page, where some signs are written as names."""
    return len(str(escape(clean(text))).encode("utf-8"))


def shortened(text: str, budget: int) -> str:
    """Return text of at most `budget` bytes and a statement where something was left out.

    Parameters
    ----------
    text : Plain text.
    budget : Bytes in the page.
    """
    text = clean(text)
    if html_size(text) <= budget:
        return text
    kept = text.encode("utf-8")[: max(budget, 0)].decode("utf-8", "ignore")
    while kept and html_size(kept) > budget:
        kept = kept[: int(len(kept) * budget / html_size(kept))]
    left = len(text) - len(kept)
    return f"{kept}\n[... {left} of {len(text)} characters are left out to keep this file small]"
