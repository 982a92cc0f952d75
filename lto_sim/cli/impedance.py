"""``lto-sim impedance``: the small-signal impedance of a run's particle about one of its saved states."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from lto_sim.cli.options import AsJson, Force
from lto_sim.cli.show import print_summary
from lto_sim.cli.sources import choose_target, read_time
from lto_sim.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["EXAMPLE", "NAME", "command"]

NAME: Final = "impedance"
EXAMPLE: Final = 'Example: lto-sim impedance particle.zarr --at "12 s" --from "10 mHz" --to "100 kHz"'
_ENDINGS: Final = (".zarr", ".csv")


def command(
    run_store: Annotated[Path, typer.Argument(metavar="RUN.zarr", help="A run, from `lto-sim run`.")],
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="TIME",
            help="Time of the saved state, nearest taken; default: the last.",
            show_default=False,
        ),
    ] = None,
    lowest: Annotated[str, typer.Option("--from", metavar="FREQUENCY", help="Lowest frequency.")] = "1 mHz",
    highest: Annotated[str, typer.Option("--to", metavar="FREQUENCY", help="Highest frequency.")] = "1 MHz",
    points: Annotated[
        int, typer.Option("--points", min=3, max=10_000, help="Number of frequencies, even in the logarithm.")
    ] = 55,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="X.zarr|X.csv", help="Where the result goes.", show_default=False),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Compute an impedance spectrum, stored as RUN_impedance.zarr unless --out names it.

    A picture, Nyquist and Bode, is written beside it under the same name, ending in .png. A name that ends in
    .csv makes a table instead of a store.
    """  # fmt: skip
    if out is not None and out.suffix not in _ENDINGS:
        raise InputError("--out", str(out), f"a name that ends in {' or '.join(_ENDINGS)}", "add the ending")
    target = choose_target(out, run_store, "_impedance.zarr", force)
    from lto_sim.files import prepare_target

    picture = prepare_target(target.with_suffix(".png"), force)
    moment = None if at is None else read_time(at, "--at")
    low, high = _frequencies(lowest, highest)
    import numpy as np

    from lto_sim.files import read_dataset
    from lto_sim.transport.impedance import impedance

    frequency = np.geomspace(low, high, points)
    spectrum = impedance(read_dataset(run_store), frequency, time=moment)
    _store(spectrum, target, picture, force)
    summary = _summary(spectrum, target, picture)
    print_summary(summary, as_json, _lines(summary))


def _frequencies(lowest: str, highest: str) -> tuple[float, float]:
    from lto_sim.units import to_si

    low, high = to_si(lowest, "frequency", "--from"), to_si(highest, "frequency", "--to")
    if low <= 0.0:
        raise InputError("--from", lowest, "> 0 Hz", 'give for example "1 mHz"')
    if high <= low:
        raise InputError("--to", highest, f"above --from = {lowest}", 'give for example "1 MHz"')
    return low, high


def _store(spectrum: xr.Dataset, target: Path, picture: Path, force: bool) -> None:
    """Write the spectrum, and its picture once the spectrum is there."""
    from lto_sim.files import new_file, write_dataset, write_table
    from lto_sim.plot import plot_impedance

    with new_file(picture, force) as temporary:
        plot_impedance(spectrum).savefig(temporary, format="png")
        if target.suffix == ".csv":
            names = ("frequency", "impedance_real", "impedance_imag")
            comment = str(spectrum.attrs.get("history", ""))
            columns = {name: spectrum[name].values for name in names}
            write_table(target, "impedance", columns, comment, force)
        else:
            write_dataset(spectrum, target, force)


def _summary(spectrum: xr.Dataset, target: Path, picture: Path) -> dict[str, Any]:
    columns = (spectrum[name].values for name in ("frequency", "impedance_real", "impedance_imag"))
    copied = ("state_time_s", "state_potential_V", "temperature_K", "configuration_sha256", "lto_sim_version")
    return {
        "out": target,
        "picture": picture,
        **{name: spectrum.attrs[name] for name in copied if name in spectrum.attrs},
        "spectrum": [
            {"frequency_Hz": float(f), "impedance_real_ohm": float(re), "impedance_imag_ohm": float(im)}
            for f, re, im in zip(*columns, strict=True)
        ],
    }


def _lines(summary: dict[str, Any]) -> dict[str, str]:
    from lto_sim.constants import ZERO_CELSIUS

    spectrum = summary["spectrum"]
    potential = f", {summary['state_potential_V']:.4g} V" if "state_potential_V" in summary else ""
    lines = {
        "state": (
            f"at {summary['state_time_s']:g} s, {summary['temperature_K'] - ZERO_CELSIUS:.1f} degC{potential}"
        ),
        "frequencies": f"{len(spectrum)} from {spectrum[0]['frequency_Hz']:.4g} to "
        f"{spectrum[-1]['frequency_Hz']:.4g} Hz",
    }
    for name, entry in (("lowest", spectrum[0]), ("highest", spectrum[-1])):
        real, imaginary = entry["impedance_real_ohm"], entry["impedance_imag_ohm"]
        lines[f"Z at the {name}"] = f"{real:.4g} {'-' if imaginary < 0.0 else '+'} {abs(imaginary):.4g}j ohm"
    return lines | {"stored": f"{summary['out']}, {summary['picture']}"}
