"""How far a sweep is, read from its store by anyone at any time.

The rate is that of the runs finished last: the files of their statuses carry the time of writing.
"""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import zarr

from lto_sim.study.sweeps.lock import at_work
from lto_sim.study.sweeps.store import DONE, FAILED, PENDING, read_statuses, stored_sweep

__all__ = ["SweepStatus", "sweep_status"]

_LAST: Final = 50
_REASONS: Final = 5


@dataclass(frozen=True)
class SweepStatus:
    """How far a sweep is.

    Parameters
    ----------
    total, done, failed, pending : Runs.
    working : Whether a coordinator is at work on it here.
    rate : Runs a second [s-1], of those finished last; NaN where it is not known.
    time_left : For what is pending at that rate [s]; NaN where it is not known, or nobody is at work.
    last : Time since a run was finished [s]; NaN before the first.
    reasons : Why runs failed, the most frequent first, and how many.
    """

    total: int
    done: int
    failed: int
    pending: int
    working: bool
    rate: float
    time_left: float
    last: float
    reasons: tuple[tuple[str, int], ...]

    def summary(self) -> dict[str, Any]:
        """Return it for JSON; what is not known is None."""
        return {
            "runs": self.total,
            "done": self.done,
            "failed": self.failed,
            "pending": self.pending,
            "working": self.working,
            "rate_per_s": self.rate,
            "time_left_s": self.time_left,
            "since_last_s": self.last,
            "failures": [{"reason": reason, "runs": count} for reason, count in self.reasons],
        }


def sweep_status(path: Path) -> SweepStatus:
    """Read how far the sweep at `path` is.

    Raises
    ------
    InputError
        Nothing there, or no sweep.
    """
    sweep, _ = stored_sweep(path)
    status = read_statuses(path, sweep.runs)
    done, failed, pending = (int(np.count_nonzero(status == code)) for code in (DONE, FAILED, PENDING))
    working = at_work(path)
    rate, last = _pace(path)
    left = pending / rate if working and rate > 0.0 else (0.0 if pending == 0 else math.nan)
    return SweepStatus(sweep.runs, done, failed, pending, working, rate, left, last, _reasons(path, status))


def _pace(path: Path) -> tuple[float, float]:
    """Runs a second over the last of them, and the time since the last [s]."""
    times = []
    with contextlib.suppress(FileNotFoundError), os.scandir(path / "status" / "c") as entries:
        for entry in entries:
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    times.append(entry.stat().st_mtime)
    if not times:
        return math.nan, math.nan
    newest = np.sort(times)[-_LAST:]
    last = max(time.time() - float(newest[-1]), 0.0)
    span = float(newest[-1] - newest[0])
    return (newest.size - 1) / span if span > 0.0 else math.nan, last


def _reasons(path: Path, status: Any) -> tuple[tuple[str, int], ...]:
    failed = np.flatnonzero(status == FAILED)
    if failed.size == 0:
        return ()
    errors = zarr.open_group(path, mode="r", zarr_format=3, use_consolidated=False)["error"]
    texts = Counter(str(errors[int(number)]) for number in failed)
    return tuple(texts.most_common(_REASONS))
