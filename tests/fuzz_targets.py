"""What must hold for any file whatever is in it: the reader gives data of finite size or an InputError."""

from __future__ import annotations

import resource
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import tifffile
from gms_tree import EELS_TAGS, dm4_bytes, write_tree
from recorded_files import signal as described
from recorded_files import spectra
from rsciio.emd import file_writer as write_emd
from rsciio.hspy import file_writer as write_hspy
from rsciio.msa import file_writer as write_msa

from lto_sim.errors import InputError
from lto_sim.files import read_potentiostat, read_recording, sum_recording

CUBE = spectra((2, 3, 40))
AXES = (("y", 20.0, 0.0, "nm"), ("x", 20.0, 0.0, "nm"), ("Energy loss", 0.5, -2.0, "eV"))
DM_AXES = ((0.5, -2.0, "eV"), (20.0, 0.0, "nm"), (20.0, 0.0, "nm"))
LONGEST_S = 30
"""A file of some kilobytes is read in milliseconds; more than this is a hang."""
MOST_BYTES = 512 * 2**20
"""Rise of the peak of memory; blocks of 64 MiB are read at a time."""


class Hang(BaseException):
    """Reading took too long; no ``except Exception`` of a reader swallows it."""


def _hspy(path: Path) -> Path:
    write_hspy(path, described(CUBE, *AXES, signal_type="EELS"), chunks=(1, 3, 20), show_progressbar=False)
    return path


def _emd(path: Path) -> Path:
    write_emd(path, described(CUBE, *AXES))
    return path


def _msa(path: Path) -> Path:
    write_msa(path, described(CUBE[0, 0], AXES[2], signal_type="EELS"))
    return path


def _dm4(path: Path) -> Path:
    path.write_bytes(dm4_bytes(np.moveaxis(CUBE, -1, 0), DM_AXES, EELS_TAGS))
    return path


def _dm3(path: Path) -> Path:
    path.write_bytes(dm4_bytes(np.moveaxis(CUBE, -1, 0), DM_AXES, EELS_TAGS, version=3))
    return path


def _tif(path: Path) -> Path:
    tifffile.imwrite(path, CUBE[0].astype(np.uint16), photometric="minisblack")
    return path


def _imagej(path: Path) -> Path:
    values = CUBE.astype(np.uint16)
    tifffile.imwrite(path, values, imagej=True, resolution=(2.0, 2.0), metadata={"unit": "nm", "axes": "TYX"})
    return path


def _packed(path: Path) -> Path:
    tifffile.imwrite(path, CUBE[0].astype(np.uint16), photometric="minisblack", compression="zlib")
    return path


def _npy(path: Path) -> Path:
    np.save(path, CUBE)
    return path


def _tree(path: Path) -> Path:
    frames = [np.moveaxis(CUBE, -1, 0).astype(np.float32)] * 3
    return write_tree(path, frames, DM_AXES, rate=2.0, image_tags=EELS_TAGS)[1]


def _zspy(member: str) -> Callable[[Path], Path]:
    from test_files_zspy import write_zspy

    def write(path: Path) -> Path:
        one = described(CUBE, *AXES, signal_type="EELS")
        write_zspy(path, one, chunks=(1, 3, 20))
        return path / "Experiments" / "signal 0" / member

    return write


def _mpt(path: Path) -> Path:
    rows = "".join(f"2\t{n:.3E}\t1.6E+000\t{0.1 / (n + 1):.6E}\t\n" for n in range(20))
    top = (
        "EC-Lab ASCII FILE\nNb header lines : 4\nAcquisition started on : 10/17/2023 11:05:00.000\n"
        "mode\ttime/s\tEwe/V\t<I>/mA\t\n"
    )
    path.write_text(top + rows, encoding="latin-1")
    return path


def _csv(path: Path) -> Path:
    rows = "".join(f"{n},{0.1 / (n + 1)},1.6\n" for n in range(20))
    path.write_text("# start: 2024-05-06T07:08:09\ntime [s],current [mA],potential [V]\n" + rows)
    return path


SEEDS: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "dm4": ("a.dm4", _dm4),
    "dm3": ("a.dm3", _dm3),
    "hspy": ("a.hspy", _hspy),
    "msa": ("a.msa", _msa),
    "emd": ("a.emd", _emd),
    "tif": ("a.tif", _tif),
    "imagej": ("b.tif", _imagej),
    "packed": ("c.tif", _packed),
    "npy": ("a.npy", _npy),
    "tree": ("series", _tree),
    "zspy array": ("a.zspy", _zspy("data/.zarray")),
    "zspy chunk": ("a.zspy", _zspy("data/1/0/1")),
    "zspy axis": ("a.zspy", _zspy("axis-2/.zattrs")),
    "zspy metadata": ("a.zspy", _zspy("metadata/General/.zattrs")),
    "mpt": ("a.mpt", _mpt),
    "csv": ("a.csv", _csv),
}
"""Format -> what is read, and what makes it and returns the file in it that is to be damaged."""


def read(path: Path) -> bool:
    """Read as far as possible; whether there was anything to read."""
    try:
        if path.suffix in {".mpt", ".csv"}:
            series = read_potentiostat(path)
            return bool(np.isfinite(series["current"].values).all() and series.sizes["time"])
        recording = read_recording(path)
        sums = sum_recording(recording)
    except InputError as error:
        line = str(error)
        if "\n" in line or not line.strip():
            raise AssertionError(f"no clear line: {line!r}") from error
        return False
    if not 0 < recording.data.size <= 2**31 or not np.isfinite(sums.not_finite):
        raise AssertionError(f"{recording.data.size} values")
    return True


@contextmanager
def watched() -> Iterator[None]:
    """Raise where a block takes too long or too much memory; third parties may warn."""

    def stop(_: int, frame: FrameType | None) -> None:
        raise Hang(str(frame))

    before = _peak()
    old: Any = signal.signal(signal.SIGALRM, stop)
    signal.alarm(LONGEST_S)
    try:
        with warnings.catch_warnings(), np.errstate(all="warn"):
            warnings.simplefilter("ignore")
            yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, old)
    if _peak() - before > MOST_BYTES:
        raise AssertionError(f"{(_peak() - before) / 2**20:.0f} MiB of memory")


def _peak() -> int:
    kilo = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * kilo
