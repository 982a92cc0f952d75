"""Options of ``lto-sim fit --free``: what is free, where searches begin, what is known before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lto_sim.errors import InputError

if TYPE_CHECKING:
    from lto_sim.cli.fit_sources import FrontOptions

__all__ = [
    "BoundsOption",
    "FrameTimeOption",
    "FreeOption",
    "KeepRuns",
    "MapOptions",
    "NoCells",
    "PixelOption",
    "PriorOption",
    "Processes",
    "ScenarioOption",
    "StartOption",
    "Starts",
    "TieOption",
    "refuse_others",
]

FreeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--free",
        metavar="PATH,PATH",
        help="Fit whole maps: free parameters by their paths in the scenario, such as material.D_Li4.at,"
        "contacts.lps.k_c; also maps.contrast, maps.offset, maps.start_time; PATH[1] of the second MAPS "
        "alone. Repeatable.",
        show_default=False,
    ),
]
ScenarioOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--scenario",
        metavar="S.toml",
        help="With --free: what was recorded, one for each MAPS in order; left out, the scenario that "
        "simulated maps carry.",
        show_default=False,
    ),
]
StartOption = Annotated[
    list[str] | None,
    typer.Option(
        "--start",
        metavar="PATH=VALUE",
        help='With --free: where the search begins, such as material.D_Li4.Ea="0.4 eV"; else as in the '
        "scenario. Repeatable, as the next three.",
        show_default=False,
    ),
]
BoundsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--bounds", metavar="PATH=LOW,HIGH", help="With --free: bounds of a parameter.", show_default=False
    ),
]
PriorOption = Annotated[
    list[str] | None,
    typer.Option(
        "--prior",
        metavar="PATH=MEAN,STD",
        help="With --free: what is known of a parameter before.",
        show_default=False,
    ),
]
TieOption = Annotated[
    list[str] | None,
    typer.Option(
        "--tie",
        metavar="PATH=EXPRESSION",
        help='With --free: a value that follows, such as surface.perimeter.at="20 * surface.faces.at".',
        show_default=False,
    ),
]
Starts = Annotated[
    int, typer.Option("--starts", min=1, help="With --free: searches, spread about the first start.")
]
Processes = Annotated[
    int | None,
    typer.Option("--processes", min=1, help="With --free: worker processes.", show_default=False),
]
NoCells = Annotated[
    bool,
    typer.Option("--no-cells", help="With --free: do not extrapolate the estimates to vanishing cells."),
]
Spectra = Annotated[
    bool,
    typer.Option(
        "--spectra", help="With --free: compare spectra; the maps come from `lto-sim quantify --likelihood`."
    ),
]
KeepRuns = Annotated[
    bool, typer.Option("--keep-runs", help="With --free: keep the forward runs in the result.")
]
FrameTimeOption = Annotated[
    str | None,
    typer.Option(
        "--frame-time",
        help='With --free: time from frame to frame of images that do not say it, such as "1.5 s".',
        show_default=False,
    ),
]
PixelOption = Annotated[
    str | None,
    typer.Option("--pixel", help='With --free: their size of a pixel, such as "31 nm".', show_default=False),
]


@dataclass(frozen=True)
class MapOptions:
    """Options of the command that concern fits of maps, as given."""

    scenario: Sequence[Path] | None
    start: Sequence[str] | None
    bounds: Sequence[str] | None
    prior: Sequence[str] | None
    tie: Sequence[str] | None
    set: Sequence[str] | None
    starts: int
    processes: int | None
    no_cells: bool
    spectra: bool
    keep_runs: bool
    frame_time: str | None
    pixel: str | None

    def refuse(self) -> None:
        """Refuse them all where no parameter is free.

        Raises
        ------
        InputError
            One that is given.
        """
        for name, value in vars(self).items():
            if value and not (name == "starts" and value == 1):
                shown = str(value[0]) if isinstance(value, list | tuple) else value
                raise InputError(
                    f"--{name.replace('_', '-')}", shown, "together with --free",
                    "say which parameters are free, or leave the option out",
                )  # fmt: skip


def refuse_others(of_fronts: FrontOptions, of_rates: dict[str, Any], picture: Path | None) -> None:
    """Refuse options of the other forms of the command, which have no meaning for a fit of maps.

    Raises
    ------
    InputError
        One that is given.
    """
    of_fronts.refuse([name for name in vars(of_fronts) if name != "k_convention"], "a fit with --free")
    given = {
        "--k-convention": of_fronts.k_convention if of_fronts.k_convention != "2kt" else None,
        "--scale-errors": not of_rates["absolute_sigma"],
        "--bars-over-particles": of_rates["bars_over_particles"],
        "--own-ea": of_rates["own_Ea"],
        "--windows": of_rates["windows"],
    }
    for option, value in given.items():
        if value:
            raise InputError(option, value, "left out for a fit with --free", "leave the option out")
    if picture is not None:
        raise InputError(
            "--picture", str(picture), "left out for a fit with --free", "the figure is fit.png in --out"
        )
