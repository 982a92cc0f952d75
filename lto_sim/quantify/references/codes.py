"""Codes of reasons as whole numbers, which compiled kernels take as constants."""

from __future__ import annotations

from typing import Final

from lto_sim.quantify.reasons import Reason

__all__ = ["NOT_CONVERGED", "NOT_FINITE", "NO_COUNTS", "SATURATED", "SINGULAR"]

NOT_FINITE: Final = int(Reason.NOT_RECORDED)
NO_COUNTS: Final = int(Reason.NO_COUNTS)
SINGULAR: Final = int(Reason.SINGULAR)
NOT_CONVERGED: Final = int(Reason.NOT_CONVERGED)
SATURATED: Final = int(Reason.SATURATED)
