"""Options of ``lto-sim design``: what is varied, the budget, what is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from lto_sim.cli.completion import axis_paths, instrument_names, settings
from lto_sim.errors import InputError

__all__ = [
    "Budget",
    "BudgetFor",
    "Duration",
    "Free",
    "Goal",
    "InstrumentName",
    "Law",
    "Normalise",
    "OverBudget",
    "Picture",
    "Processes",
    "SetBoth",
    "StartStd",
    "Temperatures",
    "Vary",
    "as_option",
    "read_temperatures",
    "read_vary",
    "split_values",
]

InstrumentName = Annotated[
    str,
    typer.Option(
        "--instrument",
        metavar="PRESET|FILE.toml",
        help="jem_arm300f2_continuum_k3 (the paper), or a file; see `lto-sim schema --instrument`.",
        autocompletion=instrument_names,
    ),
]
Vary = Annotated[
    list[str],
    typer.Option(
        "--vary",
        metavar="PATH=VALUE,VALUE",
        help="Values of a path of the scenario, or of the instrument with instrument. before it; "
        "scan.pixel_size is the side of a pixel. A unit after the last value holds for all. Repeatable, "
        "every combination is a setting.",
        autocompletion=axis_paths,
    ),
]
Temperatures = Annotated[
    str | None,
    typer.Option(
        "--temperatures",
        metavar="VALUE,VALUE",
        help='Temperatures at which k is recorded, such as "30,45,60,75 degC"; default that of the scenario. '
        "Ea takes three.",
        show_default=False,
    ),
]
Budget = Annotated[
    str | None,
    typer.Option(
        "--dose",
        metavar="DOSE",
        help='Dose budget, such as "5e3 e/A^2"; default that of the instrument.',
        show_default=False,
    ),
]
BudgetFor = Annotated[
    str,
    typer.Option(
        "--dose-for",
        help="recording: every temperature has the budget, on an area of its own; series: all share it, on "
        "one area.",
    ),
]
OverBudget = Annotated[
    str,
    typer.Option(
        "--over-budget",
        help="Recordings above the budget: fewer_frames (evenly over the same time, the beam blanked between "
        "them) or refuse.",
    ),
]
Duration = Annotated[
    str | None,
    typer.Option(
        "--duration",
        metavar="TIME,TIME",
        help="How long is recorded, one time or one for each temperature; default until a planar front has "
        "crossed the longest profile.",
        show_default=False,
    ),
]
Law = Annotated[str, typer.Option("--law", help="Law from which k is read: parabolic or mixed.")]
StartStd = Annotated[
    str,
    typer.Option(
        "--start-std",
        metavar="LENGTH",
        help='Standard deviation of where the contact is, such as "10 nm": an error that all frames share.',
    ),
]
Normalise = Annotated[
    str, typer.Option("--normalise", help="As of quantify: pixel, series or mean_free_path.")
]
Free = Annotated[
    list[str] | None,
    typer.Option(
        "--free",
        metavar="PATH",
        help="Also the deviation of this parameter of the scenario from whole maps, contrast, offset and "
        "start time free too; repeatable. What is not named is taken as known: name D of the bulk beside "
        "surface.faces.at.",
        show_default=False,
    ),
]
Goal = Annotated[
    str | None,
    typer.Option(
        "--goal",
        help="What the best setting tells best: Ea, k or a path of --free; default the first --free, else "
        "Ea, else k.",
        show_default=False,
    ),
]
SetBoth = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Set a value of the scenario, or of the instrument with instrument. before it; repeatable.",
        show_default=False,
        autocompletion=settings,
    ),
]
Picture = Annotated[
    Path | None,
    typer.Option("--picture", metavar="OUT.png", help="Draw the trade.", show_default=False),
]
Processes = Annotated[
    int | None,
    typer.Option("--processes", min=1, help="Worker processes; default the cores.", show_default=False),
]

_MORE: Final = "write for example --vary"
_EXAMPLES: Final = {
    "--vary": '"instrument.beam.current=71,529 pA"',
    "--temperatures": '"30,45,60 degC"',
    "--duration": '"20 s"',
}
_OPTIONS: Final = {
    "dose_budget": "--dose", "budget_for": "--dose-for", "over_budget": "--over-budget",
    "start_std": "--start-std", "temperatures": "--temperatures", "duration": "--duration", "law": "--law",
    "normalise": "--normalise", "goal": "--goal", "vary": "--vary", "free": "--free",
}  # fmt: skip
"""Argument of `design_experiment` -> option of the command line."""


def read_vary(texts: Sequence[str]) -> dict[str, list[Any]]:
    """Read ``--vary PATH=VALUE,VALUE`` options.

    Raises
    ------
    InputError
        No path, no value, or a path twice.
    """
    found: dict[str, list[Any]] = {}
    for text in texts:
        path, sign, rest = text.partition("=")
        path = path.strip()
        if not sign or not path or not rest.strip():
            example = f'{_MORE} "instrument.beam.current=71 pA,529 pA"'
            raise InputError("--vary", text, "path=value,value", example)
        if path in found:
            raise InputError("--vary", text, "every path once", "remove one of them")
        found[path] = split_values(rest, "--vary")
    return found


def split_values(text: str, option: str) -> list[Any]:
    """Values between commas; one without a unit has that of the last.

    Raises
    ------
    InputError
        A value that is no number with or without a unit.
    """
    from lto_sim.units import split_quantity

    parts = []
    for part in text.split(","):
        try:
            parts.append(split_quantity(part, option))
        except InputError as error:
            allowed = f"{error.allowed}, or several with commas"
            raise InputError(option, error.value, allowed, f"write for example {_EXAMPLES[option]}") from None
    last = parts[-1][1]
    return [number if not (unit or last) else f"{number!r} {unit or last}" for number, unit in parts]


def as_option(error: InputError) -> InputError:
    """The error with the name of the option that causes it."""
    name, _, path = error.field.partition(".")
    if name not in _OPTIONS:
        return error
    field = f"{_OPTIONS[name]} {path}" if path else _OPTIONS[name]
    return InputError(field, error.value, error.allowed, error.remedy)


def read_temperatures(text: str | None) -> list[Any] | None:
    """Temperatures of the command line; None where there are none."""
    return None if text is None else split_values(text, "--temperatures")
