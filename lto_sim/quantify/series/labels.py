"""Attributes of what was made from a recorded series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lto_sim import provenance

__all__ = ["continued"]


def continued(previous: Mapping[Any, Any], title: str, step: str) -> dict[Any, Any]:
    """Attributes of before, with a new title, one line more of history, and a new time of creation.

    Parameters
    ----------
    previous : Attributes of what the result was made from.
    title : What the result is.
    step : What was done, for the history.
    """
    made = provenance.attributes(title, step, previous=previous)
    kept = {key: previous[key] for key in ("k_definition", "configuration_sha256") if key in previous}
    return {**previous, **made, **kept}
