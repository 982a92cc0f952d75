"""``lto-sim quantify``: from recorded or synthetic spectra to maps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from lto_sim.cli.acquire import SetInstrument
from lto_sim.cli.completion import instrument_names
from lto_sim.cli.options import AsJson, Force, Out
from lto_sim.cli.quantify_edges import EdgeOptions, draw_titanium, edge_lines, edge_maps, edge_summary
from lto_sim.cli.quantify_lithium import (
    NORMALISATIONS,
    LithiumOptions,
    draw_lithium,
    lithium_lines,
    lithium_maps,
    lithium_summary,
)
from lto_sim.cli.show import print_summary
from lto_sim.cli.sources import check_picture, choose_target, load_spectra
from lto_sim.errors import InputError

if TYPE_CHECKING:
    import xarray as xr


__all__ = ["EXAMPLE", "NAME", "command"]

_NEEDED: Final = {"lithium": "zero loss and Li-K", "titanium": "Ti-L2,3", "oxygen": "O-K"}
_ENDINGS: Final = {"lithium": "_maps.zarr", "titanium": "_titanium.zarr", "oxygen": "_oxygen.zarr"}

NAME: Final = "quantify"
EXAMPLE: Final = (
    "Example: lto-sim quantify particle_counts.zarr --picture maps.png; "
    "lto-sim quantify series.hspy --instrument jem_arm300f2_continuum_k3; "
    "lto-sim quantify high.dm4 --what titanium --low-loss low.dm4 --align"
)


def command(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Spectra: of `lto-sim acquire`, or recorded ones.")
    ],
    instrument: Annotated[
        str | None,
        typer.Option(
            "--instrument",
            metavar="PRESET|FILE.toml",
            help="Instrument of a recorded file; our own stores hold theirs.",
            show_default=False,
            autocompletion=instrument_names,
        ),
    ] = None,
    normalise: Annotated[
        str,
        typer.Option(
            "--normalise",
            metavar="|".join(NORMALISATIONS),
            help="What lithium is measured by: Ti-M2,3 of the pixel, or of the whole series (a tenth less "
            "noise), or the instrument's mean free path.",
        ),
    ] = "pixel",
    window: Annotated[
        str, typer.Option("--window", metavar="LOW,HIGH", help="Losses fitted jointly around Li-K [eV].")
    ] = "30,80",
    likelihood: Annotated[
        bool,
        typer.Option(
            "--likelihood",
            help="Keep the shape of each spectrum's likelihood, for `lto-sim fit --free ... --spectra`.",
        ),
    ] = False,
    what: Annotated[
        str,
        typer.Option(
            "--what",
            metavar="|".join(_ENDINGS),
            help="Li fractions; Ti-L2,3 (position of L3, splitting, L2/L3, valence); O-K (O-O distance).",
        ),
    ] = "lithium",
    li4: Annotated[
        str | None,
        typer.Option(
            "--li4",
            metavar="FROM,TO",
            help='Times when everything is Li4, such as "0 s,30 s": with --li7, references for 0 and 1.',
            show_default=False,
        ),
    ] = None,
    li7: Annotated[
        str | None,
        typer.Option(
            "--li7", metavar="FROM,TO", help="Times in which everything is Li7.", show_default=False
        ),
    ] = None,
    low_loss: Annotated[
        Path | None,
        typer.Option(
            "--low-loss", metavar="FILE", help="Low loss of the same pixels, for Ti or O.", show_default=False
        ),
    ] = None,
    align: Annotated[
        bool, typer.Option("--align", help="Count energies of Ti or O from the zero loss of --low-loss.")
    ] = False,
    ti4: Annotated[
        float | None,
        typer.Option(
            "--ti4", help="Centre of gravity of Ti-L3 in Ti4+ in this recording [eV].", show_default=False
        ),
    ] = None,
    ti3: Annotated[
        float | None,
        typer.Option(
            "--ti3", help="Centre of gravity of Ti-L3 in Ti3+ in this recording [eV].", show_default=False
        ),
    ] = None,
    out: Out = None,
    force: Force = False,
    set_values: SetInstrument = None,
    picture: Annotated[
        Path | None,
        typer.Option(
            "--picture",
            metavar="OUT.png",
            help="Also draw a spectrum with its fit, its parts, and the map it became.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Maps from EELS spectra, with deviations and reasons, stored as FILE_maps.zarr (_titanium, _oxygen).

    For lithium every spectrum, zero loss to beyond Li-K, is fitted by the forward model, plural scattering
    included. The maps go on to `lto-sim track`.
    """
    if what not in _ENDINGS:
        raise InputError("--what", what, ", ".join(_ENDINGS), "choose one")
    lithium = LithiumOptions(instrument, set_values, normalise, window, li4, li7, likelihood)
    edge = EdgeOptions(low_loss, align, ti4, ti3)
    if what == "lithium":
        edge.refuse()
    else:
        lithium.refuse()
        edge.check(what)
    target = choose_target(out, file, _ENDINGS[what], force, strip="_counts")
    if target.suffix not in {".zarr", ".nc"}:
        raise InputError("--out", str(target), "a name that ends in .zarr or .nc", "choose one of them")
    if picture is not None:
        check_picture(picture, force)
        if what == "oxygen":
            raise InputError("--picture", str(picture), "absent with --what oxygen", "leave it out")
    from lto_sim.files import write_dataset

    recording = load_spectra(file)
    if what == "lithium":
        maps, chosen = lithium_maps(recording, lithium)
    else:
        maps, chosen = edge_maps(recording, what, edge), None
    _check_some(maps, file, what)
    if picture is not None and what == "lithium":
        draw_lithium(recording, chosen, maps, picture, force)
    elif picture is not None:
        draw_titanium(recording, edge, picture, force)
    write_dataset(maps, target, force)
    summary = lithium_summary(maps, target) if what == "lithium" else edge_summary(maps, target)
    if picture is not None:
        summary["picture"] = picture
    print_summary(summary, as_json, lithium_lines(summary) if what == "lithium" else edge_lines(summary))


def _check_some(maps: xr.Dataset, file: Path, what: str) -> None:
    """Refuse maps without a single value."""
    from lto_sim.quantify import counted

    reasons = counted(maps["failed"])
    if sum(reasons.values()) == maps["failed"].size:
        shown = "; ".join(f"{count} pixels: {reason}" for reason, count in reasons.items())
        raise InputError(
            "file",
            str(file),
            f"spectra of lithium titanate with {_NEEDED[what]}",
            f"no pixel has a value ({shown})",
        )
