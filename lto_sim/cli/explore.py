"""``lto-sim explore``: every run of a sweep in one HTML file, with a slider for each parameter."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from lto_sim.cli.options import AsJson, Force
from lto_sim.cli.show import print_summary
from lto_sim.cli.sweep_options import following, telling_how_to_go_on
from lto_sim.errors import InputError

if TYPE_CHECKING:
    from lto_sim.study.sweeps import SweepStatus

__all__ = ["EXAMPLE", "NAME", "command"]

NAME: Final = "explore"
EXAMPLE: Final = "Example: lto-sim explore core_shell; lto-sim explore sweep.zarr --out sweep.html"
_PREFIX: Final = "sweep_"
_ENDINGS: Final = (".html", ".htm")

Page = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", metavar="PAGE.html", help="The page; its name ends in .html.", show_default=False
    ),
]


def command(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SWEEP", help="The store of a sweep, or the name of a ready sweep: it is run first."
        ),
    ],
    out: Page = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Make a page on which sliders choose the run of a sweep: its map, profile, current, front and numbers.

    The page is one file that needs no network; it is SWEEP_explorer.html unless --out names it. A ready sweep
    is run into SWEEP.zarr beside the page; where that is there already, what is missing of it is run.
    """
    from lto_sim.files import is_store

    name = None if is_store(source) else _ready_name(source)
    target = _target(Path(f"{name or source.resolve().stem}_explorer.html") if out is None else out, force)
    store = source if name is None else target.parent / f"{name}.zarr"
    if name is not None:
        _run(name, store)
    from lto_sim.report.explorer import write_explorer
    from lto_sim.study.sweeps import sweep_status

    status = sweep_status(store)
    write_explorer(store, target, force)
    print_summary(_summary(status, store, target), as_json, _lines(status, store, target))


def _ready_name(source: Path) -> str:
    """Name of the ready sweep that is meant; with or without ``sweep_``.

    Raises
    ------
    InputError
        Neither a store nor the name of a ready sweep.
    """
    from lto_sim.study.sweeps import ready_sweeps

    known = ready_sweeps()
    for name in (str(source), f"{_PREFIX}{source}"):
        if name in known and not source.exists():
            return name
    remedy = "`lto-sim sweep` makes a store"
    if source.suffix == ".toml":
        remedy = f"run it first: lto-sim sweep {source}"
    names = ", ".join(name.removeprefix(_PREFIX) for name in known)
    raise InputError("SWEEP", str(source), f"the store of a sweep, or one of {names}", remedy)


def _target(path: Path, force: bool) -> Path:
    """Check that the page may be written, before any work is done."""
    from lto_sim.files import prepare_target

    if path.suffix.lower() not in _ENDINGS:
        raise InputError("--out", str(path), "a name that ends in .html", "change the ending")
    target = prepare_target(path, force)
    if target.is_dir():
        raise InputError("--out", str(path), "a file", "choose another path: this is a directory")
    return target


def _run(name: str, store: Path) -> None:
    """Run a ready sweep into `store`, or what is missing of it there.

    Raises
    ------
    InputError
        Something else is there.
    """
    from lto_sim.files import is_store
    from lto_sim.study.sweeps import Workforce, ready_sweep, run_sweep, stored_sweep

    described = ready_sweep(name)
    if is_store(store) and stored_sweep(store)[0].hash != described.hash:
        raise InputError(
            "SWEEP", str(store), f"nothing, or the sweep {name} as it is in this version",
            "move it away, or choose another directory by --out",
        )  # fmt: skip
    with telling_how_to_go_on(store), following() as progress:
        run_sweep(described, store, Workforce(), resume=True, progress=progress)


def _summary(status: SweepStatus, store: Path, target: Path) -> dict[str, Any]:
    runs = {"total": status.total, "done": status.done, "failed": status.failed, "pending": status.pending}
    return {"out": target, "store": store, "runs": runs, "size_bytes": target.stat().st_size}


def _lines(status: SweepStatus, store: Path, target: Path) -> dict[str, str]:
    return {
        "runs": f"{status.done} of {status.total} done, {status.failed} failed, {status.pending} pending",
        "store": str(store),
        "page": f"{target} ({target.stat().st_size / 1e6:.1f} MB, opens in any browser)",
    }
