"""``-v``: what the package does, a line each on stderr.

The rooms tell what they do to loggers below ``lto_sim`` and are silent by themselves; this module shows it
for one command line. In Python the same comes from ``logging.getLogger("lto_sim")``.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

__all__ = ["split_verbosity", "telling"]

_WORDS: Final = {"-v": 1, "--verbose": 1, "-vv": 2, "-vvv": 2}
"""Words of a command line -> how much more is told."""
_LEVELS: Final = (logging.INFO, logging.DEBUG)
_LOG: Final = logging.getLogger("lto_sim.cli")


def split_verbosity(words: Sequence[str]) -> tuple[list[str], int]:
    """Take ``-v`` out of a command line, wherever it stands before ``--``.

    Parameters
    ----------
    words : The command line after ``lto-sim``.

    Returns
    -------
    The other words, and how much is told: 0 nothing, 1 what is read, run and written, 2 more.
    """
    end = list(words).index("--") if "--" in words else len(words)
    kept = [word for number, word in enumerate(words) if number >= end or word not in _WORDS]
    return kept, min(sum(_WORDS.get(word, 0) for word in words[:end]), len(_LEVELS))


@contextmanager
def telling(verbosity: int) -> Iterator[None]:
    """Show the records of the package for as long as the block runs."""
    if verbosity == 0:
        yield
        return
    package = logging.getLogger("lto_sim")
    before, handler = package.level, _OneLine()
    package.addHandler(handler)
    package.setLevel(_LEVELS[verbosity - 1])
    try:
        yield
        _LOG.info("done")
    finally:
        package.setLevel(before)
        package.removeHandler(handler)


class _OneLine(logging.Handler):
    """Lines with the seconds since the start, to what stderr is at the time: a progress bar may hold it."""

    def __init__(self) -> None:
        super().__init__()
        self._start = time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; a terminal that is gone is no reason to stop."""
        text = " ".join(record.getMessage().split())
        try:
            sys.stderr.write(f"lto-sim: {time.monotonic() - self._start:7.2f} s  {text}\n")
            sys.stderr.flush()
        except (OSError, ValueError):
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Nothing: there is nowhere left to tell it."""
