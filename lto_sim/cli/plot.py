"""``lto-sim plot``: a picture straight from the store of a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from lto_sim.cli.options import AsJson, Force
from lto_sim.cli.show import print_summary
from lto_sim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

__all__ = ["EXAMPLE", "NAME", "command"]

NAME: Final = "plot"
EXAMPLE: Final = (
    "Example: lto-sim plot sweep.zarr --of k --x temperature --lines surface.faces.at; "
    'lto-sim plot sweep.zarr --of front_position --x time --select "temperature=30 degC" --out front.svg'
)
_ENDINGS: Final = (".png", ".svg", ".pdf")
_OPTIONS: Final = ("of", "x", "y", "lines", "select")

Of = Annotated[
    str | None,
    typer.Option(
        "--of", metavar="NAME", help="Variable of the sweep: k, Ea, current, ...", show_default=False
    ),
]
X = Annotated[
    str | None,
    typer.Option(
        "--x",
        metavar="NAME",
        help="What lies along x: a path that was swept, or a time of the variable; default: its time, else "
        "the first path.",
        show_default=False,
    ),
]
Y = Annotated[
    str | None,
    typer.Option("--y", metavar="PATH", help="A second path: a map in colour.", show_default=False),
]
Lines = Annotated[
    str | None,
    typer.Option("--lines", metavar="PATH", help="A path that tells lines apart.", show_default=False),
]
Select = Annotated[
    list[str] | None,
    typer.Option(
        "--select",
        metavar="NAME=VALUE",
        help='Keep one value of a path or dimension, such as --select "temperature=30 degC" or '
        "--select profile=0; repeatable.",
        show_default=False,
    ),
]
Picture = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="OUT.png",
        help="The picture; its name ends in .png, .svg or .pdf.",
        show_default=False,
    ),
]


def command(
    store: Annotated[Path, typer.Argument(metavar="SWEEP.zarr", help="The store of a sweep.")],
    of: Of = None,
    x: X = None,
    y: Y = None,
    lines: Lines = None,
    select: Select = None,
    title: Annotated[str, typer.Option("--title", help="Title of the picture.", show_default=False)] = "",
    out: Picture = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Draw a variable of a sweep, also while it runs; the picture is SWEEP_NAME.png unless --out names it.

    Two paths as --x and --y make a map, --lines a family of lines; samples are drawn as points. Runs that
    failed or are not done yet are shown as such.
    """
    chosen = _selection(select)
    if out is not None:
        _check(out, force)
    from lto_sim.study.sweeps import open_sweep

    dataset = open_sweep(store)
    name = _variable(dataset, of)
    target = _check(Path(f"{store.resolve().stem}_{name}.png") if out is None else out, force)
    from lto_sim.files import new_file
    from lto_sim.plot.sweeps import plot_sweep

    try:
        page = plot_sweep(dataset, name, x=x, y=y, lines=lines, select=chosen, title=title)
    except InputError as error:
        raise _as_option(error) from None
    with new_file(target, force) as temporary:
        page.savefig(temporary, format=target.suffix[1:].lower())
    status = dataset["status"].values
    counts = {text: int((status == code).sum()) for code, text in enumerate(("pending", "done", "failed"))}
    summary: dict[str, Any] = {"out": target, "of": name, "x": x, "y": y, "lines": lines, "select": chosen}
    print_summary(
        {**summary, "runs": counts},
        as_json,
        {"runs": ", ".join(f"{n} {text}" for text, n in counts.items()), "stored": str(target)},
    )


def _selection(texts: Sequence[str] | None) -> dict[str, Any]:
    """Read ``--select name=value`` options."""
    found: dict[str, Any] = {}
    for text in texts or ():
        name, sign, value = (part.strip() for part in text.partition("="))
        if not (sign and name and value):
            raise InputError("--select", text, "name=value", 'for example --select "temperature=30 degC"')
        if name in found:
            raise InputError("--select", text, "every name once", "remove one of them")
        found[name] = value
    return found


def _variable(dataset: xr.Dataset, of: str | None) -> str:
    """Name of the variable: the only one that a sweep has of its own, or the one that is named."""
    from lto_sim.plot.sweep_choice import plottable

    names = plottable(dataset)
    if of in names:
        return str(of)
    raise InputError("--of", of, ", ".join(names), "name a variable of the sweep")


def _check(path: Path, force: bool) -> Path:
    """Check that a picture may be written, before any work is done."""
    from lto_sim.files import prepare_target

    if path.suffix.lower() not in _ENDINGS:
        raise InputError(
            "--out", str(path), f"a name that ends in {', '.join(_ENDINGS)}", "change the ending"
        )
    target = prepare_target(path, force)
    if target.is_dir():
        raise InputError("--out", str(path), "a file", "choose another path: this is a directory")
    return target


def _as_option(error: InputError) -> InputError:
    """The error with the name of the option that causes it."""
    option, dot, rest = error.field.partition(".")
    if option not in _OPTIONS:
        return error
    field = f"--select {rest}" if option == "select" and dot else f"--{error.field}"
    return InputError(field, error.value, error.allowed, error.remedy)
