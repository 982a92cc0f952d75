"""``lto-sim quantify --what lithium``: options, maps, what is printed and drawn of them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from lto_sim.cli.show import progress_bar
from lto_sim.cli.sources import assignments, read_time
from lto_sim.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

    from lto_sim.microscope import Instrument
    from lto_sim.quantify import Normalisation

__all__ = [
    "NORMALISATIONS",
    "LithiumOptions",
    "draw_lithium",
    "lithium_lines",
    "lithium_maps",
    "lithium_summary",
]

NORMALISATIONS: Final = ("pixel", "series", "mean_free_path")
_OF_THE_RECORDING: Final = {
    f"instrument.spectrometer.{key}" for key in ("offset", "dispersion", "channels")
}  # fmt: skip
_FAR: Final = 0.25
"""Distance from 0 and 1 of references that are hardly of one phase."""
_RATIO: Final = ("ti_over_plasmon", "ti_over_plasmon_std")


@dataclass(frozen=True)
class LithiumOptions:
    """Options of li fractions, as the command line gives them.

    Parameters
    ----------
    instrument : Preset or file; None: that of the recording.
    set_values : Values of ``--set``.
    normalise : One of :data:`NORMALISATIONS`.
    window : Losses fitted jointly.
    li4, li7 : Times of the references of the series.
    likelihood : Keep the shape of each spectrum's likelihood.
    """

    instrument: str | None
    set_values: list[str] | None
    normalise: str
    window: str
    li4: str | None
    li7: str | None
    likelihood: bool = False

    def refuse(self) -> None:
        """Refuse what has no part in other edges."""
        given = {
            "--instrument": self.instrument, "--set": self.set_values, "--li4": self.li4, "--li7": self.li7,
        }  # fmt: skip
        for name, value in given.items():
            if value is not None:
                raise InputError(name, str(value), "only with --what lithium", "leave it out")
        if self.likelihood:
            raise InputError("--likelihood", True, "only with --what lithium", "leave it out")


def lithium_maps(
    recording: xr.Dataset, options: LithiumOptions
) -> tuple[xr.Dataset, Instrument | str | None]:
    """Li fractions, and the instrument that was taken (None: that of the recording)."""
    if options.normalise not in NORMALISATIONS:
        raise InputError("--normalise", options.normalise, ", ".join(NORMALISATIONS), "choose one")
    spans, window = _reference_times((options.li4, options.li7)), _window(options.window)
    if options.likelihood and spans is not None:
        raise InputError(
            "--likelihood",
            True,
            "left out with --li4 and --li7",
            "references change x",
        )
    from lto_sim.quantify import quantify_lithium

    chosen = _instrument(recording, options.instrument, options.set_values)
    _warn_of_another(recording, chosen)
    with progress_bar("quantifying") as progress:
        maps = quantify_lithium(
            recording,
            chosen,
            normalise=cast("Normalisation", options.normalise),
            window=window,
            likelihood=options.likelihood,
            progress=progress,
        )
    return (maps if spans is None else _by_references(maps, spans)), chosen


def lithium_summary(maps: xr.Dataset, target: Path) -> dict[str, Any]:
    """Numbers of li fractions."""
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
        "failed": counted(maps["failed"]),
        **(
            {"references": [float(maps.attrs[f"normalisation_{end}"]) for end in ("low", "high")]}
            if "normalisation_low" in maps.attrs
            else {}
        ),
        **{key: float(maps.attrs[key]) for key in _RATIO if key in maps.attrs},
    }


def lithium_lines(summary: dict[str, Any]) -> dict[str, str]:
    """Lines for people."""
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
        lines["without value" if number == 0 else " " * number] = f"{count} pixels: {reason}"
    if "references" in summary:
        low, high = summary["references"]
        lines["references"] = f"0 and 1 are what was {low:.3f} and {high:.3f}"
    if "picture" in summary:
        lines["picture"] = str(summary["picture"])
    return lines | {"stored": str(summary["out"])}


def draw_lithium(
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
    low, high = maps.attrs["window_eV"]
    ratio = maps.attrs.get("ti_over_plasmon")
    places: tuple[dict[str, Any], ...] = ({"y": centre[0], "x": centre[1]}, around)
    pixel, region = (
        explain_spectrum(recording, {**here, **at}, instrument, window=(low, high), ratio=ratio)
        for at in places
    )
    place = (float(maps["x"][centre[1]]), float(maps["y"][centre[0]]))
    with new_file(path, force) as temporary:
        plot_quantified(pixel, region, maps, frame, None, place).savefig(temporary, format="png")


def _warn_of_another(recording: xr.Dataset, chosen: Instrument | str | None) -> None:
    """Warn where an instrument is not the one that the recording names."""
    if chosen is None or "[spectrum]" not in str(recording.attrs.get("instrument", "")):
        return
    from lto_sim.quantify import recorded_spectra, recording_instrument

    spectra = recorded_spectra(recording)
    own, other = (recording_instrument(spectra, which) for which in (None, chosen))
    differs = (own.detector, own.spectrum, own.beam.energy_spread, own.mode) != (
        other.detector, other.spectrum, other.beam.energy_spread, other.mode,
    )  # fmt: skip
    if differs:
        text = "the recording names an instrument of its own: the one given takes its place"
        warnings.warn(text, UserWarning, stacklevel=2)


def _reference_times(references: tuple[str | None, str | None]) -> list[tuple[float, float]] | None:
    """Spans of time [s] of the references of Li4 and Li7."""
    if references == (None, None):
        return None
    spans = []
    for name, text in zip(("--li4", "--li7"), references, strict=True):
        parts = [] if text is None else text.split(",")
        if len(parts) != 2:
            raise InputError(name, text, 'two times, as "0 s,30 s"', "give both --li4 and --li7")
        spans.append((read_time(parts[0].strip(), name), read_time(parts[1].strip(), name)))
    return spans


def _by_references(maps: xr.Dataset, spans: list[tuple[float, float]]) -> xr.Dataset:
    """Maps whose 0 and 1 are those of frames of the series itself."""
    import numpy as np

    from lto_sim.quantify import KnownFraction, normalise_maps

    if "time" not in maps["li_fraction"].dims:
        raise InputError("--li4", spans[0], "a series with time", "leave it out: this is one frame")
    time = maps["time"].values
    known = []
    for name, fraction, (first, last) in zip(("--li4", "--li7"), (0.0, 1.0), spans, strict=True):
        frames = np.flatnonzero((time >= first) & (time <= last))
        if not frames.size:
            raise InputError(
                name, f"{first:g} to {last:g} s", f"frames from {time[0]:g} to {time[-1]:g} s", "choose some"
            )
        known.append(KnownFraction(fraction, frames.tolist()))
    both = maps[["li_fraction", "li_fraction_std"]]
    scaled = normalise_maps(both, low=known[0], high=known[1], variable="li_fraction")
    kept = maps.drop_vars(["li_fraction", "li_fraction_std"])
    levels = [float(scaled.attrs[f"normalisation_{end}"]) for end in ("low", "high")]
    if abs(levels[0]) > _FAR or abs(levels[1] - 1.0) > _FAR:
        warnings.warn(
            f"li fractions of the references came out as {levels[0]:.3f} and {levels[1]:.3f} by themselves: "
            "are their frames of one phase from side to side?",
            UserWarning,
            stacklevel=2,
        )
    result = kept.assign({name: scaled[name] for name in both.data_vars}).assign_attrs(scaled.attrs)
    return result.assign_attrs({"history": scaled.attrs.get("history", maps.attrs["history"])})


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
        if path in _OF_THE_RECORDING:
            raise InputError("--set", path, "absent: the channels are those of the recording", "leave it out")
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
