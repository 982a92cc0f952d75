"""``lto-sim acquire``: synthetic STEM-EELS spectrum images of a run."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from lto_sim.cli.completion import instrument_names, settings
from lto_sim.cli.options import AsJson, DryRun, Force, Out, Seed
from lto_sim.cli.show import print_summary, progress_bar
from lto_sim.cli.sources import assignments, check_picture, choose_target, naming_options
from lto_sim.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

    from lto_sim.microscope import Acquisition, Instrument

__all__ = ["EXAMPLE", "NAME", "command"]

NAME: Final = "acquire"
EXAMPLE: Final = (
    'Example: lto-sim acquire particle.zarr --set "instrument.beam.current=529 pA"; '
    "lto-sim acquire particle.zarr --instrument hf3300_gif_quantum --out slit.hspy"
)
_DEFAULT: Final = "jem_arm300f2_continuum_k3"

InstrumentName = Annotated[
    str,
    typer.Option(
        "--instrument",
        metavar="PRESET|FILE.toml",
        help="jem_arm300f2_continuum_k3 (the paper), hf3300_gif_quantum (a slit, spatially resolved TEM), or "
        "a file; `lto-sim schema --instrument` lists its keys.",
        autocompletion=instrument_names,
    ),
]
SetInstrument = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help='Set a value of the instrument, such as --set "instrument.beam.current=529 pA"; repeatable.',
        show_default=False,
        autocompletion=settings,
    ),
]
Expected = Annotated[
    bool, typer.Option("--expected", help="Store expected counts, without the noise of counting.")
]


Picture = Annotated[
    Path | None,
    typer.Option(
        "--picture",
        metavar="OUT.png",
        help="Also draw the spectrum of the mean thickness at x = 0.5, with its components.",
        show_default=False,
    ),
]


def command(
    run_store: Annotated[Path, typer.Argument(metavar="RUN.zarr", help="A run, or maps without noise.")],
    instrument: InstrumentName = _DEFAULT,
    out: Out = None,
    force: Force = False,
    set_values: SetInstrument = None,
    seed: Seed = None,
    expected: Expected = False,
    dry_run: DryRun = False,
    picture: Picture = None,
    as_json: AsJson = False,
) -> None:
    """Record a run as EELS spectrum images, stored as RUN_counts.zarr unless --out names them.

    --out NAME.hspy writes them for HyperSpy, with NAME_adf.hspy and NAME_abf.hspy beside it. A recording that
    was interrupted goes on when its command is repeated.
    """
    target = choose_target(out, run_store, "_counts.zarr", force or dry_run)
    if target.suffix not in {".zarr", ".hspy"}:
        raise InputError("--out", str(target), "a name that ends in .zarr or .hspy", "choose one of them")
    if expected and seed is not None:
        raise InputError("--seed", seed, "absent with --expected", "expected counts have no noise: remove it")
    from lto_sim.files import prepare_target, read_dataset
    from lto_sim.microscope import plan_acquisition

    if target.suffix == ".hspy":
        for path in _companions(target).values():
            prepare_target(path, force or dry_run)
    if picture is not None:
        check_picture(picture, force)
    chosen = _instrument(instrument, set_values)
    solution = read_dataset(run_store)
    if "scan_li_fraction" in solution:
        _refuse_scan(set_values)
    with naming_options({"solution": "RUN.zarr"}):
        plan = plan_acquisition(solution, chosen)
    summary = _summary(plan, target)
    if not dry_run:
        _check_room(summary["bytes"], target)
    if picture is not None:
        _draw(plan, summary["mean_thickness_m"], picture, force)
        summary["picture"] = picture
    if dry_run:
        plan.dose.warn_above(plan.instrument.dose_budget)
        print_summary({**summary, "written": False}, as_json, _lines(summary, "nothing (dry run)"))
        return
    if seed is None:
        seed = int(solution.attrs.get("seed", 0))
    noise = None if expected else seed
    earlier = _record(plan, solution, target, noise, force)
    summary |= {"seed": noise, "frames_resumed": earlier, "written": True}
    print_summary(summary, as_json, _lines(summary, str(target)))


def _instrument(name: str, set_values: list[str] | None) -> Instrument:
    from lto_sim.microscope import Instrument

    chosen = Instrument.load(name)
    values = {}
    for path, value in assignments(set_values).items():
        if not path.startswith("instrument."):
            raise InputError(
                "--set", path, "a path that begins with instrument.", "the rest belongs to the run"
            )
        values[path.removeprefix("instrument.")] = value
    return chosen.with_values(values) if values else chosen


def _refuse_scan(set_values: list[str] | None) -> None:
    for path in assignments(set_values):
        if path.startswith("instrument.scan."):
            raise InputError(
                "--set", path, "absent where the run has recorded a scan",
                "change [scan] of the scenario and run again",
            )  # fmt: skip


def _check_room(size: int, target: Path) -> None:
    """Refuse what cannot fit on the disk even when it is compressed to a quarter."""
    free = shutil.disk_usage(target.parent).free
    if size / 4 > free:
        raise InputError(
            "--out", str(target), f"{size / 4 / 2**30:.3g} GiB of free disk, {free / 2**30:.3g} are",
            "record fewer frames or channels",
        )  # fmt: skip


def _record(plan: Acquisition, solution: xr.Dataset, target: Path, seed: int | None, force: bool) -> int:
    from lto_sim.files import partial_path
    from lto_sim.microscope import record_to_store

    hspy = target.suffix == ".hspy"
    store = target.with_name(f".{target.name}.frames.zarr") if hspy else target
    try:
        with progress_bar("recording") as progress:
            earlier = record_to_store(plan, solution, store, seed, force=force or hspy, progress=progress)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"interrupted; finished frames are in {partial_path(store)}: repeat the command to go on"
        ) from None
    if hspy:
        try:
            _convert(store, target, force)
        except BaseException:
            shutil.rmtree(store, ignore_errors=True)
            raise
    return earlier


def _draw(plan: Acquisition, thickness: float, path: Path, force: bool) -> None:
    from lto_sim.files import new_file
    from lto_sim.plot import plot_spectrum

    with new_file(path, force) as temporary:
        page = plot_spectrum(plan.model, thickness, 0.5, plan.dose.electrons)
        page.savefig(temporary, format="png")


def _companions(target: Path) -> dict[str, Path]:
    """Files of the images beside spectra for HyperSpy."""
    return {name: target.with_name(f"{target.stem}_{name}.hspy") for name in ("adf", "abf")}


def _convert(store: Path, target: Path, force: bool) -> None:
    """Write the three signals of a store for HyperSpy, and remove the store."""
    from lto_sim.files import open_dataset, write_hspy

    with open_dataset(store) as recording:
        for name, path in _companions(target).items():
            title = f"annular {'dark' if name == 'adf' else 'bright'} field of {target.name}"
            write_hspy(recording[name], {**recording.attrs, "title": title}, path, force)
        beside = {name: recording[name] for name in ("thickness", "pixel_time")}
        write_hspy(recording["counts"], recording.attrs, target, force, beside)
    shutil.rmtree(store)


def _summary(plan: Acquisition, target: Path) -> dict[str, Any]:
    import numpy as np

    dose, instrument = plan.dose, plan.instrument
    inside = plan.thickness[plan.thickness > 0.0]
    thickness = float(inside.mean()) if inside.size else 0.0
    sizes = dict(zip(("time", "y", "x", "energy_loss"), plan.shape, strict=True))
    return {
        "out": target,
        "instrument": instrument.title or instrument.mode,
        "mode": instrument.mode,
        "sizes": sizes,
        "bytes": int(np.prod(plan.shape)) * 4,
        "electrons_per_pixel": dose.electrons,
        "dwell_time_s": dose.dwell,
        "dose_per_frame_e_per_A2": dose.per_frame * 1e-20,
        "dose_total_e_per_A2": dose.total * 1e-20,
        "mean_thickness_m": thickness,
        "t_over_lambda": float(plan.model.mean_scatterings(thickness, 0.5)),
        "scan": plan.source,
        "reference": instrument.spectrum.reference,
        "edges": list(instrument.spectrum.edges),
        "free_bytes": shutil.disk_usage(target.parent).free,
    }


def _lines(summary: dict[str, Any], stored: str) -> dict[str, str]:
    sizes = summary["sizes"]
    dose = (
        f"{summary['dose_per_frame_e_per_A2']:.3g} e/A^2 a frame, {summary['dose_total_e_per_A2']:.3g} in all"
    )
    resumed = summary.get("frames_resumed", 0)
    return {
        "instrument": summary["instrument"],
        "frames": f"{sizes['time']} of {sizes['x']} x {sizes['y']} pixels, {sizes['energy_loss']} channels"
        + (f"; {resumed} of them from before the interruption" if resumed else ""),
        "scan": summary["scan"],
        "size": f"{_bytes(summary['bytes'])} before compression, {_bytes(summary['free_bytes'])} free",
        "electrons": f"{summary['electrons_per_pixel']:.4g} a pixel in {summary['dwell_time_s']:.4g} s",
        "dose": dose,
        "specimen": f"{summary['mean_thickness_m'] * 1e9:.4g} nm, t/lambda {summary['t_over_lambda']:.3f}",
        "spectrum": f"{summary['reference']}: {', '.join(summary['edges'])}",
        **({"picture": str(summary["picture"])} if "picture" in summary else {}),
        "stored": stored,
    }


def _bytes(count: int) -> str:
    return f"{count / 2**20:.4g} MiB" if count < 2**30 else f"{count / 2**30:.4g} GiB"
