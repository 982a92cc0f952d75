"""Options that ``sweep`` and ``resume`` share: who runs the runs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from lto_sim.errors import InputError

if TYPE_CHECKING:
    from lto_sim.study.sweeps import Sweep, SweepStatus, Tally, Workforce

__all__ = [
    "Engine",
    "Scheduler",
    "Shard",
    "Workers",
    "find_custom",
    "following",
    "result_lines",
    "telling_how_to_go_on",
    "time_text",
    "workforce",
]

Engine = Annotated[
    str,
    typer.Option(
        "--engine",
        help="processes (worker processes of this machine), serial, or dask (a cluster: --scheduler).",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", help="Worker processes; else one for each core.", show_default=False),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        help="With --engine dask: address of a running scheduler, such as tcp://node:8786; else workers are "
        "started here.",
        show_default=False,
    ),
]
Shard = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="i/N",
        help="Run only the i-th of N parts, into the same store: for job arrays without a scheduler.",
        show_default=False,
    ),
]

_OPTIONS: Final = {name: f"--{name}" for name in ("engine", "workers", "scheduler", "shard")}
"""Argument of `Workforce` -> option of the command line."""


def workforce(engine: str, workers: int | None, scheduler: str | None, shard: str | None) -> Workforce:
    """Read the options.

    Raises
    ------
    InputError
        One of them cannot be used.
    """
    from lto_sim.cli.sources import naming_options
    from lto_sim.study.sweeps import Workforce

    part = (1, 1)
    if shard is not None:
        one, sign, of = shard.partition("/")
        if not (sign and one.isdigit() and of.isdigit()):
            raise InputError("--shard", shard, "i/N with i from 1 to N", "for example 1/4")
        part = int(one), int(of)
    with naming_options(_OPTIONS):
        return Workforce(engine, workers, scheduler, part)


def find_custom(sweep: Sweep, folder: Path) -> None:
    """Let functions of one's own be found beside the sweep file, and in the current directory."""
    if not sweep.custom:
        return
    for place in (Path.cwd(), folder.resolve()):
        if str(place) not in sys.path:
            sys.path.insert(0, str(place))


@contextmanager
def following() -> Iterator[Callable[[Tally], None] | None]:
    """Give a function that shows how far a sweep is; None where stderr is no terminal."""
    from lto_sim.cli.show import progress_bar

    with progress_bar("sweeping") as bar:
        yield None if bar is None else lambda tally: bar(tally.part)


@contextmanager
def telling_how_to_go_on(store: Path) -> Iterator[None]:
    """Say of a sweep that a signal ends what is kept and how the rest is run, as is said after Ctrl-C."""
    try:
        yield
    except SystemExit:
        from lto_sim.study.sweeps import how_to_go_on

        with suppress(Exception):  # the terminal may be gone
            typer.echo(f"lto-sim: error: terminated; {how_to_go_on(store)}", err=True)
        raise


def result_lines(status: SweepStatus, out: Path) -> dict[str, str]:
    """What is printed of a sweep that is over, or on its way."""
    lines = {
        "runs": f"{status.done} of {status.total} done, {status.failed} failed, {status.pending} pending"
    }
    for reason, count in status.reasons:
        lines[f"failed {count}"] = reason
    return lines | {"store": str(out)}


def time_text(seconds: float) -> str:
    """Write a time for people: 12 s, 3.4 min, 5.6 h."""
    if seconds < 120.0:
        return f"{seconds:.3g} s"
    if seconds < 7200.0:
        return f"{seconds / 60.0:.3g} min"
    return f"{seconds / 3600.0:.3g} h" if seconds < 172800.0 else f"{seconds / 86400.0:.3g} days"
