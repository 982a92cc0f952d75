"""``lto-sim inspect``: what a recording holds, own or a microscope's, without loading it whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from lto_sim.cli.options import AsJson, Force
from lto_sim.cli.show import print_summary, print_table, progress_bar
from lto_sim.cli.sources import check_picture
from lto_sim.errors import InputError

if TYPE_CHECKING:
    from lto_sim.files import Recording, RecordingSums

__all__ = ["EXAMPLE", "NAME", "command"]

NAME: Final = "inspect"
EXAMPLE: Final = "Example: lto-sim inspect spectra.dm4 --picture spectra.png"
_SHOWN: Final = {"m": (1e9, "nm")}
"""Unit of an axis -> factor and unit in which people read it."""
_LINES: Final = {
    "beam_energy_keV": ("beam energy", "keV"),
    "convergence_angle_mrad": ("convergence angle", "mrad"),
    "collection_angle_mrad": ("collection angle", "mrad"),
    "dwell_time_s": ("dwell time", "s"),
    "probe_current_A": ("probe current", "A"),
    "acquisition_mode": ("acquisition mode", ""),
    "detector": ("detector", ""),
    "detector_gain": ("detector gain", "counts per electron"),
    "dose_per_frame_e_per_A2": ("dose per frame", "electrons per square angstrom"),
    "dose_total_e_per_A2": ("dose", "electrons per square angstrom"),
    "missing_frames": ("missing frames", ""),
}


def command(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A store of counts or maps, a file, or the folder of a series."),
    ],
    picture: Annotated[
        Path | None, typer.Option("--picture", help="Draw it into this .png.", show_default=False)
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Tell axes, counts, metadata, dose and t/lambda of a recording.

    Reads Zarr stores of counts and of maps, .hspy, .zspy, .dm3, .dm4, .msa, .emd, .tif, .npy and in-situ
    series of GMS (their folder), part by part.
    """
    if picture is not None:
        check_picture(picture, force)
    from lto_sim.files import read_recording, sum_recording

    recording = read_recording(file, "FILE")
    with progress_bar("reading") as progress:
        sums = sum_recording(recording, progress, "FILE")
    summary = _summary(recording, sums)
    if picture is not None:
        _draw(recording, sums, picture, force)
        summary["picture"] = picture
    if not as_json:
        print_table(("axis", "unit", "size", "first", "last", "step"), [_row(a) for a in summary["axes"]])
    print_summary(summary, as_json, _lines(summary))


def _draw(recording: Recording, sums: RecordingSums, picture: Path, force: bool) -> None:
    from lto_sim.files import new_file
    from lto_sim.plot import plot_recording

    page = plot_recording(recording, sums)
    with new_file(picture, force) as temporary:
        page.savefig(temporary, format="png")


def _summary(recording: Recording, sums: RecordingSums) -> dict[str, Any]:
    data = recording.data
    dead = None
    if sums.spectrum is not None:
        dead = int((sums.spectrum.values == 0.0).sum())
    return {
        "file": recording.source,
        "axes": [_axis(recording, str(dim)) for dim in data.dims],
        "data_type": str(data.dtype),
        "data_unit": data.attrs.get("units", "1"),
        "size_bytes": int(data.size) * data.dtype.itemsize,
        "other_signals": recording.others,
        "companions": sorted(recording.companions),
        "total": sums.total,
        "smallest": sums.smallest,
        "largest": sums.largest,
        "not_finite": sums.not_finite,
        "saturated": sums.saturated,
        "dead_channels": dead,
        "metadata": {key: value for key, value in recording.metadata.items() if key != "instrument"},
        "thickness": _thickness(recording, sums),
    }


def _axis(recording: Recording, dim: str) -> dict[str, Any]:
    coordinate = recording.data[dim]
    values = coordinate.values
    step = float(values[-1] - values[0]) / (values.size - 1) if values.size > 1 else None
    return {
        "name": dim,
        "unit": coordinate.attrs.get("units", "1"),
        "size": int(values.size),
        "first": float(values[0]),
        "last": float(values[-1]),
        "step": step,
    }


def _thickness(recording: Recording, sums: RecordingSums) -> dict[str, Any]:
    """t/lambda of the sum of all spectra, or why there is none."""
    from lto_sim.quantify import thickness_ratio

    if sums.spectrum is None:
        return {"t_over_lambda": None, "reason": "no energy axis"}
    energy = sums.spectrum["energy_loss"]
    if energy.attrs.get("units") != "eV":
        return {"t_over_lambda": None, "reason": "the energy axis is not calibrated"}
    counted = recording.data.dtype.kind in "ui"
    gain = recording.metadata.get("detector_gain")
    if gain is None and recording.data.attrs.get("units") == "electrons":
        gain = 1.0
    try:
        ratio = thickness_ratio(
            energy.values, sums.spectrum.values, counts_per_electron=float(gain) if gain and counted else None
        )
    except InputError as error:
        return {"t_over_lambda": None, "reason": f"no zero-loss peak: {error.remedy.partition(':')[0]}"}
    return {
        "t_over_lambda": float(ratio.value),
        "t_over_lambda_std": None if ratio.deviation is None else float(ratio.deviation),
        "lower_bound": ratio.lower_bound,
        "reason": ratio.reason,
        "zero_loss_position_eV": ratio.zero_loss_position,
        "zero_loss_fwhm_eV": ratio.zero_loss_fwhm,
        "missing_share": ratio.missing_share,
    }


def _row(axis: dict[str, Any]) -> tuple[str, ...]:
    factor, unit = _SHOWN.get(axis["unit"], (1.0, axis["unit"]))
    unit = "-" if unit == "1" else unit
    step = "" if axis["step"] is None else f"{axis['step'] * factor:.6g}"
    ends = (f"{axis[end] * factor:.6g}" for end in ("first", "last"))
    return (axis["name"], unit, f"{axis['size']}", *ends, step)


def _lines(summary: dict[str, Any]) -> dict[str, str]:
    unit = "" if summary["data_unit"] == "1" else f" {summary['data_unit']}"
    metadata = summary["metadata"]
    lines = {"data": f"{summary['data_type']}, {summary['size_bytes'] / 2**20:.4g} MiB in memory"}
    bare = [axis["name"] for axis in summary["axes"] if axis["unit"] == "1"]
    if bare:
        lines["not calibrated"] = f"{', '.join(bare)}: counted from 0; what a step measures is not known"
    if "title" in metadata:
        lines["title"] = str(metadata["title"])
    lines["total"] = f"{summary['total']:.6g}{unit}"
    lines["range"] = f"{summary['smallest']:.6g} to {summary['largest']:.6g}{unit}"
    for key, label in (("not_finite", "not finite"), ("saturated", "saturated")):
        if summary[key]:
            lines[label] = f"{summary[key]} values"
    if summary["dead_channels"]:
        lines["empty channels"] = f"{summary['dead_channels']}"
    for key, (label, its_unit) in _LINES.items():
        if key in metadata:
            value = metadata[key]
            lines[label] = value if isinstance(value, str) else f"{value:.4g} {its_unit}".strip()
    lines["t/lambda of the sum"] = _thickness_line(summary["thickness"])
    if summary["companions"]:
        lines["also holds"] = ", ".join(summary["companions"])
    if summary["other_signals"]:
        lines["other signals"] = f"{summary['other_signals']} in the file; this is the largest with energies"
    if "picture" in summary:
        lines["picture"] = str(summary["picture"])
    return lines


def _thickness_line(thickness: dict[str, Any]) -> str:
    value = thickness["t_over_lambda"]
    if value is None:
        return f"unknown: {thickness['reason']}"
    deviation = thickness["t_over_lambda_std"]
    text = f"{value:.4f}" if deviation is None else f"{value:.4f} +- {deviation:.2g}"
    return f"at least {text}: {thickness['reason']}" if thickness["lower_bound"] else text
