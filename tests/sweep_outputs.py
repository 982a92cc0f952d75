"""Functions that sweeps of the tests name by their import path."""

from __future__ import annotations

from typing import Any

import numpy as np

from lto_sim.study import RunResult


def way_and_states(result: RunResult) -> dict[str, Any]:
    """Last front position [m], and mean li fraction of the first and the last state."""
    content = result.run["li_fraction"].mean(("z", "y", "x")).values
    return {"way": np.nanmax(result.front["front_position"].values), "content": content[[0, -1]]}
