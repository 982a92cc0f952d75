"""How large a page may be, and how its blocks share that.

A page stays below 10 MB whatever is put on it. Each kind of block has a total; blocks that need less than an
equal part leave the rest to the others (`shares`). What does not fit its share is thinned by a rule, and the
page says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

__all__ = ["CHARTS", "FRAMES", "LIMIT", "ONE_CHART", "TABLES", "TEXTS", "shares"]

LIMIT: Final = 10_000_000
"""Largest page [bytes]."""
FRAMES: Final = 5_000_000
"""All movies of a page [bytes]."""
CHARTS: Final = 2_200_000
"""All charts of a page [bytes]."""
ONE_CHART: Final = 600_000
"""A chart as SVG; a larger one has so many points that a picture serves better [bytes]."""
TABLES: Final = 1_300_000
"""All tables of a page, those under charts included [bytes]."""
TEXTS: Final = 1_000_000
"""All running text and files of a page [bytes]."""


def shares(needs: Sequence[int], total: int) -> list[int]:
    """Share `total` so that small needs are met in full and large ones are cut to one common size.

    Parameters
    ----------
    needs : What each would take.
    total : What there is.

    Returns
    -------
    What each may take, at most its need; their sum is at most `total`.
    """
    given = [0] * len(needs)
    left = total
    order = sorted(range(len(needs)), key=lambda place: needs[place])
    for position, place in enumerate(order):
        given[place] = min(needs[place], left // (len(order) - position))
        left -= given[place]
    return given
