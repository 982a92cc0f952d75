"""Signals of microscope files as RosettaSciIO reads them, and what their metadata say of the experiment.

Every reader gives dictionaries with data, axes and metadata; data stay on the disk where the format allows
it. The metadata are HyperSpy's, completed by the mapping that a reader gives for its own tags. Angles, times
and currents of 0 stand for "nobody entered it" in these files and are left out. Sizes that a file claims are
checked before a reader believes them.
"""

from __future__ import annotations

import contextlib
import logging
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr

from lto_sim.errors import InputError
from lto_sim.files.declared_sizes import check_hdf5, check_pages, check_tiff
from lto_sim.files.dm_tags import scan_dm
from lto_sim.files.images import _imagej_axes
from lto_sim.files.zspy import read_zspy

__all__ = ["KNOWN", "SUFFIXES", "Signal", "describe", "largest", "read_signals", "units_of"]

Signal = dict[str, Any]

KNOWN: Final = (
    "title", "instrument", "beam_energy_keV", "convergence_angle_mrad", "collection_angle_mrad",
    "dwell_time_s", "probe_current_A", "dose_per_frame_e_per_A2", "dose_total_e_per_A2", "acquisition_mode",
    "detector", "detector_gain",
)  # fmt: skip
"""Metadata that a recording may have."""

_TEM: Final = "Acquisition_instrument.TEM."
_NUMBERS: Final = {
    "beam_energy_keV": (f"{_TEM}beam_energy", 1.0),
    "convergence_angle_mrad": (f"{_TEM}convergence_angle", 1.0),
    "collection_angle_mrad": (f"{_TEM}Detector.EELS.collection_angle", 1.0),
    "dwell_time_s": (f"{_TEM}Detector.EELS.dwell_time", 1.0),
    "probe_current_A": (f"{_TEM}beam_current", 1e-9),
}
"""Name -> path in HyperSpy's metadata and its unit in ours."""
_ELSEWHERE: Final = "its values are not in it"
_TREE: Final = "its frames are in folders beside it"
_MODE: Final = f"{_TEM}acquisition_mode"
_FORMAT: Final = "ImageList.TagGroup0.ImageTags.Meta Data.Format"
_EXPOSURE: Final = "ImageList.TagGroup0.ImageTags.EELS.Acquisition"


def read_signals(path: Path, field: str) -> list[Signal]:
    """Read all signals of a file.

    Raises
    ------
    InputError
        A suffix that is not known, a file that is missing, damaged or holds no data.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(field, str(path), f"a Zarr store or a file {' '.join(SUFFIXES)}", _other(path))
    if not (path.is_file() or (path.suffix.lower() == ".zspy" and path.is_dir())):
        raise InputError(field, str(path), "an existing file", "check the path")
    try:
        signals = [signal for signal in reader(path) if "data" in signal]
    except Exception as error:  # damage shows as errors of every kind; readers keep files open in them
        reason = " ".join(str(error).split())[:120] or type(error).__name__
    else:
        reason = "" if signals else "it holds no data"
    if reason:
        raise InputError(field, str(path), "a recorded file that is whole", _remedy(path, reason))
    return signals


def largest(signals: Sequence[Signal]) -> int:
    """Number of the largest signal with an energy axis; without one, of the largest."""
    return max(range(len(signals)), key=lambda n: (_has_energy(signals[n]), signals[n]["data"].size))


def _has_energy(signal: Signal) -> bool:
    axes = signal.get("axes") or []
    return any(
        str(axis.get("units")).lower() in {"ev", "kev"} or "energy" in str(axis.get("name")).lower()
        for axis in axes
    )


def _remedy(path: Path, reason: str) -> str:
    raw = [path.with_suffix(suffix) for suffix in (".raw", ".RAW")]
    if _ELSEWHERE in reason or any(file.is_file() for file in raw):
        return (
            "its data lie in a .raw file that nothing but DigitalMicrograph reads: save it as one .dm4 there"
        )
    if _TREE in reason:
        return "its frames lie in the folders Hour_00 and so on beside it: give the folder that holds them"
    again = "copy it again or save it as .hspy" if path.suffix.lower() == ".zspy" else "save or copy it again"
    return f"{again} ({reason})"


def _other(path: Path) -> str:
    if path.is_dir():
        return "this is a folder: give a file in it, or the folder above Hour_00 of a series"
    if path.suffix.lower() == ".raw":
        return "DigitalMicrograph alone reads its .raw: save it as one .dm4 there"
    return "save it in one of these formats" if path.exists() else "no such file: check the path"


def _read_dm(path: Path) -> list[Signal]:
    from rsciio.digitalmicrograph import file_reader  # 0.1 s, like the readers below

    images = scan_dm(path)
    if any(image.frames > 1 and image.frames not in image.shape for image in images):
        if any(path.with_suffix(suffix).is_file() for suffix in (".raw", ".RAW")):
            raise ValueError(_ELSEWHERE)
        if any(path.parent.glob("Hour_[0-9][0-9]")):
            raise ValueError(_TREE)
    signals = list(file_reader(str(path), lazy=True))
    for signal in signals:  # whose flags are those before its own reordering: energy is the first axis
        if _at(signal["original_metadata"], _FORMAT) == "Spectrum image" and len(signal["axes"]) > 2:
            for n, axis in enumerate(signal["axes"]):
                axis["navigate"] = n > 0
    return signals


def _read_hspy(path: Path) -> list[Signal]:
    from rsciio.hspy import file_reader

    check_hdf5(path)
    return list(file_reader(str(path), lazy=True))


def _read_emd(path: Path) -> list[Signal]:
    from rsciio.emd import file_reader

    check_hdf5(path)
    return list(file_reader(str(path), lazy=True))


def _read_msa(path: Path) -> list[Signal]:
    from rsciio.msa import file_reader

    signals = list(file_reader(str(path)))
    for signal in signals:
        if not signal["data"].size:
            raise ValueError("no spectrum in it")
        declared = signal["original_metadata"].get("NPOINTS")
        if isinstance(declared, int | float) and declared > signal["data"].size:
            raise ValueError(f"{signal['data'].size} of {declared:g} channels are there")
    return signals


def _read_tiff(path: Path) -> list[Signal]:
    import tifffile
    from rsciio.tiff import file_reader

    check_pages(path)
    with _damage_of_tiff() as damage:
        with tifffile.TiffFile(path) as tiff:
            check_tiff(tiff, path)
            for series in tiff.series:  # RosettaSciIO leaves the file open where this fails
                series.asarray()
            imagej = _imagej_axes(tiff)
        if damage:
            raise ValueError(damage[0])
        signals = list(file_reader(str(path)))
    for signal in signals:
        if imagej and signal["data"].ndim >= 2:
            signal["axes"] = [*signal["axes"][:-2], *imagej]
    return signals


@contextlib.contextmanager
def _damage_of_tiff() -> Iterator[list[str]]:
    """Collect what tifffile only logs: it goes on without the pages that a file has lost."""
    found: list[str] = []

    def keep(record: logging.LogRecord) -> bool:
        if any(words in record.getMessage() for words in ("invalid page offset", "corrupted file")):
            found.append(record.getMessage())
        return False  # the reader of a file gets one line, not a log

    logger = logging.getLogger("tifffile")
    logger.addFilter(keep)
    try:
        yield found
    finally:
        logger.removeFilter(keep)


def _read_npy(path: Path) -> list[Signal]:
    data = np.lib.format.open_memmap(path, mode="r")  # refuses objects: nothing is unpickled
    spectra = data.ndim != 2
    axes = [{"name": "energy" if spectra and n == data.ndim - 1 else ""} for n in range(data.ndim)]
    return [{"data": xr.DataArray(data).chunk("auto").data, "axes": axes, "metadata": {}}]


_READERS: Final[dict[str, Callable[[Path], list[Signal]]]] = {
    ".dm3": _read_dm,
    ".dm4": _read_dm,
    ".hspy": _read_hspy,
    ".msa": _read_msa,
    ".emd": _read_emd,
    ".tif": _read_tiff,
    ".tiff": _read_tiff,
    ".npy": _read_npy,
    ".zspy": read_zspy,
}
SUFFIXES: Final = tuple(_READERS)
"""Suffixes of files that are read."""


def describe(signal: Signal) -> dict[str, float | str]:
    """Return those of :data:`KNOWN` that a signal's metadata hold."""
    metadata, original = signal.get("metadata") or {}, signal.get("original_metadata") or {}
    mapping = {target: (path, function) for path, (target, function) in (signal.get("mapping") or {}).items()}
    found: dict[str, float | str] = {}
    title = _at(metadata, "General.title")
    if title:
        found["title"] = str(title)
    for name, (path, unit) in _NUMBERS.items():
        value = _at(metadata, path)
        if value is None and path in mapping:
            value = _mapped(original, *mapping[path])
        if value is None and name == "dwell_time_s":
            value = _exposure(_at(original, _EXPOSURE))
        number = _positive(value)
        if number is not None:
            found[name] = number * unit
    for name in KNOWN:  # of a file that was written here
        value = _at(original, f"lto_sim.{name}")
        if name not in found and isinstance(value, int | float | str):
            found[name] = value
    mode = _at(metadata, _MODE) or _mapped(original, *mapping.get(_MODE, ("", None)))
    if isinstance(mode, str) and mode.strip():
        found["acquisition_mode"] = mode.strip().lower()
    return found


def units_of(signal: Signal) -> str:
    """Unit of the values: ``"electrons"``, ``"counts"``, or ``"1"`` where the file does not say."""
    original, mapping = signal.get("original_metadata") or {}, signal.get("mapping") or {}
    told = [_at(signal.get("metadata"), "Signal.quantity")]
    told += [_at(original, path) for path, (target, _) in mapping.items() if target == "Signal.quantity"]
    text = " ".join(str(entry).lower() for entry in told if entry is not None)
    units = re.findall(r"\(([^()]*)\)", text) or [text]  # "Electrons (Counts)" is what HyperSpy writes
    return next((unit for unit in ("electrons", "counts") if unit in units[0]), "1")


def _at(tree: Any, path: str) -> Any:
    """Entry of nested mappings by its dotted path; mappings of readers write blanks as underscores."""
    for part in path.split("."):
        if not isinstance(tree, Mapping):
            return None
        tree = tree.get(part, tree.get(part.replace("_", " ")))
    return tree


def _mapped(original: Any, path: str, function: Callable[[Any], Any] | None) -> Any:
    value = _at(original, path)
    if value is None or function is None:
        return value
    with contextlib.suppress(Exception):  # functions of readers fail on tags that they did not expect
        return function(value)
    return None


def _exposure(tags: Any) -> float | None:
    """Time of a pixel [s] in the tags of DigitalMicrograph, whose reader looks under an older name."""
    exposure, frames = _positive(_at(tags, "Exposure (s)")), _positive(_at(tags, "Number of frames"))
    return None if exposure is None else exposure * (frames or 1.0)


def _positive(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and number > 0.0 else None
