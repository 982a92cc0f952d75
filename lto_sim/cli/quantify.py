"""``lto-sim quantify``: from recorded or synthetic spectra to maps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import typer

from lto_sim.cli.acquire import SetInstrument
from lto_sim.cli.options import AsJson, Force, Out
from lto_sim.cli.show import print_summary, progress_bar
from lto_sim.cli.sources import assignments, check_picture, choose_target
from lto_sim.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

    from lto_sim.microscope import Instrument
    from lto_sim.quantify import Normalisation

__all__ = ["EXAMPLE", "NAME", "command"]

NAME: Final = "quantify"
EXAMPLE: Final = (
    "Example: lto-sim quantify particle_counts.zarr --picture maps.png; "
    "lto-sim quantify series.hspy --instrument jem_arm300f2_continuum_k3"
)
_NORMALISATIONS: Final = ("pixel", "series", "mean_free_path")


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
        ),
    ] = None,
    normalise: Annotated[
        str,
        typer.Option(
            "--normalise",
            metavar="|".join(_NORMALISATIONS),
            help="What lithium is measured by: Ti-M2,3 of the pixel, or of the whole series (a tenth less "
            "noise), or the instrument's mean free path.",
        ),
    ] = "pixel",
    window: Annotated[
        str, typer.Option("--window", metavar="LOW,HIGH", help="Losses fitted jointly around Li-K [eV].")
    ] = "30,80",
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
    """Lithium maps from EELS spectra, with deviations and reasons, stored as FILE_maps.zarr.

    Every spectrum, zero loss to beyond Li-K, is fitted by the forward model with plural scattering. The maps
    go on to `lto-sim track`.
    """
    if normalise not in _NORMALISATIONS:
        raise InputError("--normalise", normalise, ", ".join(_NORMALISATIONS), "choose one")
    target = choose_target(out, file, "_maps.zarr", force, strip="_counts")
    if picture is not None:
        check_picture(picture, force)
    from lto_sim.files import write_dataset
    from lto_sim.quantify import quantify_lithium

    recording = _recording(file)
    chosen = _instrument(recording, instrument, set_values)
    with progress_bar("quantifying") as progress:
        maps = quantify_lithium(
            recording,
            chosen,
            normalise=cast("Normalisation", normalise),
            window=_window(window),
            progress=progress,
        )
    _check_some(maps, file)
    write_dataset(maps, target, force)
    summary = _summary(maps, target)
    if picture is not None:
        _draw(recording, chosen, maps, picture, force)
        summary["picture"] = picture
    print_summary(summary, as_json, _lines(summary))


def _recording(file: Path) -> xr.Dataset:
    """Spectra and what lies beside them, with what is known of the experiment as attributes."""
    import xarray as xr

    from lto_sim.files import is_store, open_dataset, read_recording

    if is_store(file):
        return open_dataset(file)
    recording = read_recording(file)
    beside = {name: values for name, values in recording.companions.items() if name != "counts"}
    return xr.Dataset({"counts": recording.data, **beside}, attrs=dict(recording.metadata))


def _instrument(
    recording: xr.Dataset, name: str | None, set_values: list[str] | None
) -> Instrument | str | None:
    """Return the instrument with the values of ``--set``; None or a name where there are none."""
    values = {}
    for path, value in assignments(set_values).items():
        if not path.startswith("instrument."):
            raise InputError(
                "--set", path, "a path that begins with instrument.", "see `lto-sim schema --instrument`"
            )
        values[path.removeprefix("instrument.")] = value
    if not values:
        return name
    from lto_sim.quantify import recorded_spectra, recording_instrument

    return recording_instrument(recorded_spectra(recording), name).with_values(values)


def _window(text: str) -> tuple[float, float]:
    try:
        low, high = (float(part.strip().removesuffix("eV")) for part in text.split(","))
    except ValueError:
        raise InputError("--window", text, "two losses in eV", 'for example "30,80"') from None
    return low, high


def _check_some(maps: xr.Dataset, file: Path) -> None:
    """Refuse maps without a single value."""
    from lto_sim.quantify import counted

    reasons = counted(maps["failed"].values)
    if sum(reasons.values()) == maps["failed"].size:
        shown = "; ".join(f"{count} pixels: {reason}" for reason, count in reasons.items())
        raise InputError(
            "file",
            str(file),
            "spectra of Li4Ti5O12 with zero loss and Li-K",
            f"no pixel has a value ({shown})",
        )


def _summary(maps: xr.Dataset, target: Path) -> dict[str, Any]:
    from lto_sim.quantify import counted

    x = maps["li_fraction"]
    return {
        "out": target,
        "sizes": {str(dim): int(size) for dim, size in x.sizes.items()},
        "normalised_by": maps.attrs["normalised_by"],
        "li_fraction": {"least": float(x.min()), "mean": float(x.mean()), "most": float(x.max())},
        "li_fraction_std": float(maps["li_fraction_std"].median()),
        "t_over_lambda": float(maps["t_over_lambda"].mean()),
        "chi_square": float(maps["chi_square"].median()),
        "deviation_scale": float(maps.attrs["deviation_scale"]),
        "failed": counted(maps["failed"].values),
        **{
            key: float(maps.attrs[key])
            for key in ("ti_over_plasmon", "ti_over_plasmon_std")
            if key in maps.attrs
        },
    }


def _lines(summary: dict[str, Any]) -> dict[str, str]:
    x = summary["li_fraction"]
    lines = {
        "maps": " x ".join(f"{size} {dim}" for dim, size in summary["sizes"].items()) or "one spectrum",
        "Li fraction": f"{x['least']:.3f} to {x['most']:.3f}, mean {x['mean']:.4f}; not clipped",
        "deviation": f"{summary['li_fraction_std']:.3g} (median of the pixels)",
        "measured by": summary["normalised_by"],
        "t/lambda": f"{summary['t_over_lambda']:.3f}",
        "chi-square": f"{summary['chi_square']:.3f} per degree of freedom (median)",
    }
    if summary["deviation_scale"] > 1.0:
        lines["deviations"] = (
            f"raised by {summary['deviation_scale']:.2f}: the model is not quite that of the specimen"
        )
    if "ti_over_plasmon" in summary:
        lines["Ti-M2,3 / plasmon"] = (
            f"{summary['ti_over_plasmon']:.4f} +- {summary['ti_over_plasmon_std']:.2g} of the model's"
        )
    for number, (reason, count) in enumerate(summary["failed"].items()):
        lines["without value" if number == 0 else " " * (number + 1)] = f"{count} pixels: {reason}"
    if "picture" in summary:
        lines["picture"] = str(summary["picture"])
    return lines | {"stored": str(summary["out"])}


def _draw(
    recording: xr.Dataset, instrument: Instrument | str | None, maps: xr.Dataset, path: Path, force: bool
) -> None:
    """Draw the pixel in the middle of those that have a value, in the middle frame."""
    import numpy as np

    from lto_sim.files import new_file
    from lto_sim.plot import plot_quantified
    from lto_sim.quantify import explain_spectrum

    if {"y", "x"} - set(maps["li_fraction"].dims):
        raise InputError("--picture", str(path), "maps with y and x", "leave it out: this is no image")
    timed = "time" in maps["li_fraction"].dims
    frames = maps["failed"].values.reshape(-1, *maps["failed"].shape[-2:])
    good = (frames == 0).reshape(frames.shape[0], -1).sum(axis=1)
    frame = int(np.flatnonzero(good == good.max())[good[good == good.max()].size // 2])
    y, x = np.nonzero(frames[frame] == 0)
    nearest = int(np.argmin((y - np.median(y)) ** 2 + (x - np.median(x)) ** 2))
    centre = (int(y[nearest]), int(x[nearest]))
    here = {"time": frame} if timed else {}
    around = {dim: slice(max(at - 3, 0), at + 4) for dim, at in zip(("y", "x"), centre, strict=True)}
    pixel = explain_spectrum(recording, {**here, "y": centre[0], "x": centre[1]}, instrument)
    region = explain_spectrum(recording, {**here, **around}, instrument)
    place = (float(maps["x"][centre[1]]), float(maps["y"][centre[0]]))
    with new_file(path, force) as temporary:
        plot_quantified(pixel, region, maps, frame, None, place).savefig(temporary, format="png")
