"""From the store of a sweep to its explorer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr

from lto_sim.errors import LtoSimError
from lto_sim.files import new_file, prepare_target
from lto_sim.plot.style import MAP_COLOURS
from lto_sim.report.explorer.axes import ExploredAxis, explored_axes, fixed_values, is_grid
from lto_sim.report.explorer.curves import curves, front
from lto_sim.report.explorer.images import images
from lto_sim.report.explorer.quantities import Quantity, quantities
from lto_sim.report.html.document import require_small
from lto_sim.report.html.movies import gradient
from lto_sim.report.html.packing import colour_table
from lto_sim.report.html.tables import shown_table
from lto_sim.report.html.templates_of import render
from lto_sim.report.html.texts import shortened
from lto_sim.report.html.wording import clean
from lto_sim.report.page import Table
from lto_sim.study.sweeps import Sweep, open_sweep, stored_sweep

__all__ = ["explorer_html", "write_explorer"]

_STATUS: Final = ("pending", "done", "failed")
_TABLE: Final = 500_000
_CONFIGURATION: Final = 300_000
_LONGEST_ERROR: Final = 400


def explorer_html(store: Path) -> str:
    """Return the explorer of a sweep as HTML that needs no other file.

    Parameters
    ----------
    store : The store of a sweep, finished or not.

    Raises
    ------
    InputError
        Nothing there, no sweep, or one with more runs than a page can hold.
    """
    sweep, described = open_sweep(store), stored_sweep(store)[0]
    axes, numbers = explored_axes(sweep), quantities(sweep)
    maps, thinned = images(sweep)
    lines, positions = curves(sweep), front(sweep)
    status = [_STATUS[int(code)] for code in sweep["status"].values]
    errors = [clean(str(text))[:_LONGEST_ERROR] for text in sweep["error"].values]
    data = {
        "axes": [axis.data() for axis in axes], "grid": is_grid(sweep),
        "places": np.array([axis.places for axis in axes]).T.tolist() if axes else [[] for _ in status],
        "status": status, "errors": errors, "maps": maps, "curves": lines, "front": positions,
        "numbers": [number.data() for number in numbers], "line": _line(described),
        "colours": "".join(colour_table(MAP_COLOURS)),
    }  # fmt: skip
    title = sweep.attrs.get("title") or "Sweep"
    text = render(
        "explorer.html.j2",
        {
            "title": clean(title), "lead": _lead(status, axes), "footer": _footer(sweep),
            "axes": axes, "grid": is_grid(sweep), "fixed": fixed_values(sweep), "runs": len(status),
            "maps": maps,
            "note": thinned, "curves": lines, "front": positions, "numbers": numbers,
            "missing": _missing(maps, lines, positions, numbers, status),
            "table": shown_table(_table(axes, numbers, status, errors), _TABLE),
            "gradient": gradient(colour_table(MAP_COLOURS)),
            "configuration": shortened(described.to_toml(), _CONFIGURATION),
        },
        data=data,
        scripts=("base", "maps", "plots", "overview", "explorer", "tables"),
        styles=("explorer",),
    )  # fmt: skip
    return require_small(text, "sweep", "explore a sweep of fewer runs; `lto-sim plot` draws this one")


def write_explorer(store: Path, path: Path, force: bool = False) -> None:
    """Write the explorer of a sweep to a file.

    Parameters
    ----------
    store : Store of the sweep.
    path : The HTML file.
    force : Replace a file that is there.

    Raises
    ------
    InputError
        The target exists without `force`, or see :func:`explorer_html`.
    """
    prepare_target(path, force)
    text = explorer_html(store)
    with new_file(path, force) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _lead(status: Sequence[str], axes: Sequence[ExploredAxis]) -> str:
    runs = f"{len(status)} run{'s' if len(status) != 1 else ''}"
    over = _listed([f"{axis.path} ({len(axis.stops)} values)" for axis in axes])
    counts = [f"{status.count(word)} {word}" for word in ("done", "failed", "pending") if word in status]
    state = "all done" if set(status) == {"done"} else ", ".join(counts)
    return f"{runs}{f' over {over}' if over else ''}: {state}."


def _missing(
    maps: Any, lines: Any, positions: Any, numbers: Sequence[Quantity], status: Sequence[str]
) -> str:
    """Say which outputs would show more."""
    if "done" not in status:
        return "No run is done yet: `lto-sim resume` runs what is pending, `lto-sim status` says what failed."
    present = {
        "maps": maps,
        "front": positions,
        "current": lines,
        "rate": any(n.name.startswith("k") for n in numbers),
    }
    absent = [f'"{name}"' for name, found in present.items() if not found]
    if not absent:
        return ""
    return (
        f"This sweep keeps no {_listed([name.strip(chr(34)) for name in absent])}. To see more here, add "
        f"{_listed(absent)} to the outputs of its file and run it again."
    )


def _listed(words: Sequence[str]) -> str:
    return "".join(words) if len(words) < 2 else f"{', '.join(words[:-1])} and {words[-1]}"


def _line(described: Sweep) -> dict[str, list[float] | float] | None:
    """The first profile of the scenario [m], if it has one."""
    try:
        profile = described.scenario_of(0).profile
    except LtoSimError:
        return None
    if not profile:
        return None
    return {"start": [*map(float, profile[0].start)], "end": [*map(float, profile[0].end)],
            "width": float(profile[0].width)}  # fmt: skip


def _footer(sweep: xr.Dataset) -> list[str]:
    made = f"lto_sim {sweep.attrs.get('lto_sim_version', '')}, sweep of {sweep.attrs.get('created', '')}"
    return [made, str(sweep.attrs.get("citation", ""))]


def _table(
    axes: Sequence[ExploredAxis], numbers: Sequence[Quantity], status: Sequence[str], errors: Sequence[str]
) -> Table:
    header = ["run", *(axis.path for axis in axes), *(number.name for number in numbers), "status"]
    rows = [
        [
            str(run), *(axis.stop(run) for axis in axes),
            *(number.text(run) for number in numbers),
            f"failed: {errors[run]}" if word == "failed" else word,
        ]
        for run, word in enumerate(status)
    ]  # fmt: skip
    return Table("All runs", header, rows)
