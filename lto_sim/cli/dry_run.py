"""The dry run of ``lto-sim run``: what the run would be, and a picture of the specimen.

A picture is named after the run. It says in itself that a dry run made it, so that the next one can renew it
without being told to, and no other file is ever taken for one.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lto_sim.cli.show import print_summary
from lto_sim.cli.sources import choose_target

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lto_sim.plot import Measures
    from lto_sim.scenario import Scenario
    from lto_sim.transport import RunPlan

__all__ = ["preview"]

_MARK: Final = "Specimen of a dry run of lto-sim"
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_HEAD: Final = 1024  # bytes in which the mark is found


def preview(
    scenario: Scenario, source: Path, out: Path | None, force: bool, mesh: bool, as_json: bool
) -> None:
    """Print what a run would be, and draw its specimen.

    Parameters
    ----------
    scenario, source : The scenario and the file that it comes from.
    out, force : Where the run would go, and whether the picture may replace any file.
    mesh : Draw the mesh too.
    as_json : Print JSON.

    Raises
    ------
    InputError
        What the run would refuse, but a result that exists.
    """
    picture = _picture_of(choose_target(out, source, ".zarr", force=True))
    from lto_sim.plot import measure, plot_specimen
    from lto_sim.plot.measures import wall_gaps
    from lto_sim.transport import build_model, plan_run

    model = build_model(scenario)
    plan = plan_run(scenario, model)
    sizes = measure(model)
    written = _write(plot_specimen(model, scenario, mesh=mesh), picture, force)
    gaps = wall_gaps(model, [line.start for line in scenario.profile])
    summary = _summary(plan, sizes, written) | {"profile_starts_m": gaps}
    print_summary(summary, as_json, _lines(plan, sizes, gaps, scenario.specimen.cell, written))


def _picture_of(run: Path) -> Path:
    return run.with_name(f"{run.name.removesuffix('.zarr')}_specimen.png")


def _write(figure: Figure, path: Path, force: bool) -> Path | None:
    """Write the picture; None, and a warning, where a file stands that no dry run made."""
    from lto_sim.files import new_file

    replace = force or _is_mine(path)
    if path.exists() and not replace:
        warnings.warn(
            f"{path} is not the picture of a dry run and stays; add --force to replace it", stacklevel=2
        )
        return None
    with new_file(path, replace) as temporary:
        figure.savefig(temporary, format="png", metadata={"Title": _MARK})
    return path


def _is_mine(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(_HEAD)
    return head.startswith(_PNG) and _MARK.encode("ascii") in head


def _summary(plan: RunPlan, sizes: Measures, picture: Path | None) -> dict[str, Any]:
    return {
        "cells": plan.cells,
        "elements": plan.elements,
        "steps": plan.steps,
        "states": plan.states,
        "frames": plan.frames,
        "memory_bytes": plan.memory_bytes,
        "area_m2": sizes.area,
        "perimeter_m": sizes.perimeter,
        "hole_perimeters_m": sizes.hole_perimeters,
        "thickness_m": sizes.thickness,
        "contact_lengths_m": sizes.contacts,
        "picture": picture,
    }


def _lines(
    plan: RunPlan, sizes: Measures, gaps: list[float], cell: float, picture: Path | None
) -> dict[str, str]:
    lines = {
        "cells": f"{plan.cells}",
        "surface elements": f"{plan.elements}",
        "steps": f"about {plan.steps}",
        "saved states": f"{plan.states}",
        "recorded frames": "as long as the run takes" if plan.frames is None else f"{plan.frames}",
        "memory": f"about {plan.memory_bytes / 2**20:.1f} MiB",
        "area": f"{sizes.area * 1e12:.4g} um2",
        "perimeter": _length(sizes.perimeter),
    }
    if sizes.hole_perimeters:
        walls = " + ".join(_length(wall) for wall in sizes.hole_perimeters)
        lines["perimeter"] += f", and of holes {walls}"
    if sizes.thickness is not None:
        low, high = (_length(value) for value in sizes.thickness)
        lines["thickness"] = f"{low} to {high}" if sizes.varied else low
    lines |= {f"contact {name}": _length(length) for name, length in sizes.contacts.items()}
    lines |= {f"profile {number}": _start(gap, cell) for number, gap in enumerate(gaps)}
    return lines | {"picture": "not written" if picture is None else str(picture)}


def _start(gap: float, cell: float) -> str:
    """Say where a profile starts, for a front's distance counts from there."""
    if abs(gap) <= cell:
        return "starts at the wall"
    side = "inside" if gap > 0.0 else "outside"
    return f"starts {_length(abs(gap))} {side} the wall: the way of a front, and k, count from there"


def _length(value: float) -> str:
    """Write a length for any terminal."""
    from lto_sim.plot.measures import write_length

    return write_length(value).replace("µ", "u")
