"""``lto-sim quantify --what titanium`` and ``--what oxygen``: maps of Ti-L2,3 and of O-K."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from lto_sim.cli.show import progress_bar
from lto_sim.cli.sources import load_spectra
from lto_sim.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["EdgeOptions", "draw_titanium", "edge_lines", "edge_maps", "edge_summary"]

_SHOWN: Final = {
    "l3_position": ("Ti-L3, centre of gravity", 1.0, "eV"),
    "l3_t2g": ("Ti-L3, t2g", 1.0, "eV"),
    "l3_eg": ("Ti-L3, eg", 1.0, "eV"),
    "l3_splitting": ("splitting of Ti-L3", 1.0, "eV"),
    "l2_l3_ratio": ("L2 / L3, areas", 1.0, ""),
    "ti_valence": ("Ti valence", 1.0, ""),
    "o_o_distance": ("O-O distance", 1e9, "nm"),
    "o_peak_a": ("O-K, peak a", 1.0, "eV"),
    "o_peak_b": ("O-K, peak b", 1.0, "eV"),
}
"""Variable -> name, factor and unit in which people read it."""


@dataclass(frozen=True)
class EdgeOptions:
    """Options of these two edges.

    Parameters
    ----------
    low_loss : File with the low loss of the same pixels.
    align : Whether energies count from its zero loss.
    ti4, ti3 : Positions of Ti-L3 in Ti4+ and Ti3+ [eV].
    """

    low_loss: Path | None
    align: bool
    ti4: float | None
    ti3: float | None

    @property
    def alignment(self) -> Literal["none", "zero_loss"]:
        """As the fits name it."""
        return "zero_loss" if self.align else "none"

    def refuse(self) -> None:
        """Refuse what has no part in lithium."""
        given = {
            "--low-loss": self.low_loss,
            "--align": self.align or None,
            "--ti4": self.ti4,
            "--ti3": self.ti3,
        }
        for name, value in given.items():
            if value is not None:
                raise InputError(name, str(value), "only with --what titanium or oxygen", "leave it out")

    def check(self, what: str) -> None:
        """Refuse what has no part in an edge."""
        if self.align and self.low_loss is None:
            raise InputError("--align", True, "with --low-loss", "name the file that holds the zero loss")
        for name, value in (("--ti4", self.ti4), ("--ti3", self.ti3)):
            if what != "titanium" and value is not None:
                raise InputError(name, value, "only with --what titanium", "leave it out")


def edge_maps(recording: xr.Dataset, what: str, options: EdgeOptions) -> xr.Dataset:
    """Maps of Ti-L2,3 or O-K."""
    from lto_sim.quantify import quantify_oxygen, quantify_titanium

    low = None if options.low_loss is None else load_spectra(options.low_loss)
    with progress_bar("quantifying") as progress:
        if what == "oxygen":
            return quantify_oxygen(recording, low, align=options.alignment, progress=progress)
        return quantify_titanium(
            recording,
            low,
            align=options.alignment,
            ti4_position=options.ti4,
            ti3_position=options.ti3,
            progress=progress,
        )


def edge_summary(maps: xr.Dataset, target: Path) -> dict[str, Any]:
    """Means over the pixels that have a value, weighted by their deviations, and what failed."""
    import numpy as np

    from lto_sim.quantify import counted

    means = {}
    for name in _SHOWN:
        if name not in maps:
            continue
        values, deviations = maps[name].values.ravel(), maps[f"{name}_std"].values.ravel()
        good = np.isfinite(values) & np.isfinite(deviations) & (deviations > 0.0)
        if good.any():
            weight = 1.0 / deviations[good].astype(np.float64) ** 2
            mean = float(weight @ values[good] / weight.sum())
            spread = float(np.sqrt(weight @ (values[good] - mean) ** 2 / weight.sum()))
            stated = float(np.sqrt(good.sum() / weight.sum()))
            means[name] = {"mean": mean, "scatter": spread, "deviation": stated}
    summary = {
        "out": target,
        "sizes": {str(dim): int(size) for dim, size in maps["failed"].sizes.items()},
        "pixels": int(maps["failed"].size),
        "means": means,
        "chi_square": float(maps["chi_square"].median()),
        "failed": counted(maps["failed"]),
    }
    if "l3_resolved" in maps:
        summary["two_lines"] = int(maps["l3_resolved"].sum())
    return summary


def edge_lines(summary: Mapping[str, Any]) -> dict[str, str]:
    """Lines for people."""
    lines = {"maps": " x ".join(f"{size} {dim}" for dim, size in summary["sizes"].items()) or "one spectrum"}
    for name, entry in summary["means"].items():
        label, factor, unit = _SHOWN[name]
        mean, scatter, deviation = (factor * entry[key] for key in ("mean", "scatter", "deviation"))
        text = f"{mean:.4f}" if unit == "nm" else f"{mean:.3f}"
        lines[label] = (
            f"{text} {unit}".rstrip() + f"; pixels scatter by {scatter:.2g}, stated {deviation:.2g}"
        )
    if "two_lines" in summary and "ti_valence" not in summary["means"]:
        lines["Ti valence"] = "not given: it needs --ti4 and --ti3, centres of Ti-L3 in this same recording"
    if "two_lines" in summary:
        lines["energies"] = "as the file has them: differences are safer than positions"
        lines["L3 shows two lines"] = f"{summary['two_lines']} of {summary['pixels']} pixels"
    lines["chi-square"] = f"{summary['chi_square']:.3f} per degree of freedom (median)"
    for number, (reason, count) in enumerate(summary["failed"].items()):
        name = "without value" if number == 0 else " " * number
        lines[name] = f"{count} pixels: {reason}"
    if "picture" in summary:
        lines["picture"] = str(summary["picture"])
    return lines | {"stored": str(summary["out"])}


def draw_titanium(recording: xr.Dataset, options: EdgeOptions, path: Path, force: bool) -> None:
    """Draw Ti-L2,3 of the first frame with the fit of a pixel."""
    from lto_sim.files import new_file
    from lto_sim.plot import plot_titanium
    from lto_sim.quantify import recorded_spectra, titanium_valence

    spectra = recorded_spectra(recording)
    low = None
    if options.low_loss is not None:
        other = recorded_spectra(load_spectra(options.low_loss))
        low = (other.energy_loss, other.counts.values)
    counts = spectra.counts
    if "time" in counts.dims:
        counts = counts.isel(time=0)
        low = low if low is None or low[1].ndim < 4 else (low[0], low[1][0])
    found = titanium_valence(
        spectra.energy_loss, counts.values, low_loss=low, align=options.alignment,
        ti4_position=options.ti4, ti3_position=options.ti3,
    )  # fmt: skip
    with new_file(path, force) as temporary:
        plot_titanium(found).savefig(temporary, format="png")
