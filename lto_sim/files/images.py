"""Recorded images as arrays with a pixel size, whichever program wrote them.

The suffix names the format; RosettaSciIO reads microscope files and TIFF, Pillow PNG, numpy its own. A pixel
size is taken only where a microscope or an analysis program put one: DigitalMicrograph, HyperSpy, and TIFF of
ImageJ, DigitalMicrograph and microscope makers. The dots per inch of PNG and plain TIFF say nothing of the
specimen. Values are as recorded: display tables (palette or inverted TIFF) are not applied. Nothing is
unpickled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.units import to_si

if TYPE_CHECKING:
    import tifffile

__all__ = ["Image", "read_image"]

_LUMINANCE: Final = (0.2126, 0.7152, 0.0722)  # ITU-R BT.709
_NO_UNIT: Final = frozenset(
    {"", "none", "_none_", "px", "pixel", "pixels", "<undefined>", "undefined", "inch"}
)
"""Inch: ImageJ keeps the dots per inch of other programs under this name."""
_UNEQUAL: Final = 1e-3
_ONE: Final = "one 2-D image of real numbers"

_Axes = Sequence[Mapping[str, Any]]
_Signal = tuple[NDArray[Any], _Axes]


@dataclass(frozen=True, eq=False)
class Image:
    """An image as recorded.

    Parameters
    ----------
    values : Pixels (rows, columns): bool, int64 or float64; row 0 is the top.
    pixel_size : Width and height of a pixel [m]; None where the file has none.
    source : The file that it was read from.
    """

    values: NDArray[Any]
    pixel_size: float | None
    source: str


def read_image(path: Path, field: str = "image", *, allow_nan: bool = False) -> Image:
    """Read one image: .png, .tif, .tiff, .npy, .dm3, .dm4 or .hspy.

    Colour becomes grey by its luminance, except where the three channels are equal and stay what they are;
    a fully transparent pixel counts as 0, other transparency is ignored.

    Parameters
    ----------
    path : The file.
    field : Name used in the error.
    allow_nan : Let NaN stand for pixels that are not known.

    Returns
    -------
    Image
        Its values and, where the file tells, the size of a pixel.

    Raises
    ------
    InputError
        No such file, a suffix that is not known, a damaged file; a stack, a spectrum image, complex numbers;
        NaN (unless allowed) or infinity; pixels that are not square, or whose size is no length.
    """
    path = Path(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(field, str(path), f"a file {' '.join(_READERS)}", _other_suffix(path))
    if not path.is_file():
        raise InputError(field, str(path), "an existing image file", "check the path")
    signals = _parsed(reader, path, field)
    if len(signals) != 1:
        raise InputError(field, str(path), _ONE, f"the file holds {len(signals)}: save one of them alone")
    values, axes = signals[0]
    if len(axes) == values.ndim > 2:  # a stack of one is an image
        axes = [axis for axis, size in zip(axes, values.shape, strict=True) if size > 1]
        values = values.squeeze()
    pixels = _checked(values, path, field, allow_nan)
    return Image(pixels, _pixel_size(axes, path, field), str(path))


def _other_suffix(path: Path) -> str:
    if path.suffix.lower() == ".zspy":
        return "RosettaSciIO needs zarr below 3 for .zspy: save the image as .hspy"
    return "save the image in one of these formats"


def _parsed(reader: Callable[[Path], list[_Signal]], path: Path, field: str) -> list[_Signal]:
    """Read, and turn whatever a damaged file sets off into one line."""
    try:
        return reader(path)
    except Exception as error:  # damage shows as errors of every kind; readers keep files open in them
        reason = " ".join(str(error).split())[:120] or type(error).__name__
    raise InputError(field, str(path), "an image file that is whole", f"save or copy it again ({reason})")


def _read_npy(path: Path) -> list[_Signal]:
    with path.open("rb") as file:
        return [(np.lib.format.read_array(file, allow_pickle=False), [])]


def _read_png(path: Path) -> list[_Signal]:
    from PIL import Image as Pillow  # 0.1 s, like the readers below: only when an image is read

    with Pillow.open(path, formats=["PNG"]) as image:
        frames = getattr(image, "n_frames", 1)
        if image.mode == "P" or "transparency" in image.info:
            pixels = np.asarray(image.convert("RGBA"))
        else:
            pixels = np.asarray(image)
    grey = pixels if pixels.ndim == 2 else _grey(list(np.moveaxis(pixels, -1, 0)))
    return [(grey, [])] * frames


def _read_tiff(path: Path) -> list[_Signal]:
    import tifffile
    from rsciio.tiff import file_reader

    with tifffile.TiffFile(path) as tiff:  # RosettaSciIO leaves the file open where this fails
        for series in tiff.series:
            series.asarray()
        imagej = _imagej_axes(tiff)
        if tiff.series and tiff.series[0].axes.startswith("S"):  # planes of colour, which RosettaSciIO cannot
            return [(_grey(list(series.asarray())), imagej) for series in tiff.series]
    signals = _signals(file_reader(str(path)))
    return [(values, imagej) for values, _ in signals] if imagej else signals


def _imagej_axes(tiff: tifffile.TiffFile) -> list[dict[str, Any]]:
    """Return y and x axis as ImageJ calibrated them: RosettaSciIO knows no unit but its `micron`."""
    unit = (tiff.imagej_metadata or {}).get("unit")
    tags = tiff.pages.first.tags
    if unit is None or "XResolution" not in tags or "YResolution" not in tags:
        return []
    steps = (tags[name].value for name in ("YResolution", "XResolution"))
    return [{"scale": below / above, "units": unit} for above, below in steps]


def _read_dm(path: Path) -> list[_Signal]:
    from rsciio.digitalmicrograph import file_reader

    return _signals(file_reader(str(path)), "RGB")  # its alpha is 0 where nothing was said


def _read_hspy(path: Path) -> list[_Signal]:
    from rsciio.hspy import file_reader

    return _signals(file_reader(str(path)))


_READERS: Final[dict[str, Callable[[Path], list[_Signal]]]] = {
    ".png": _read_png,
    ".tif": _read_tiff,
    ".tiff": _read_tiff,
    ".npy": _read_npy,
    ".dm3": _read_dm,
    ".dm4": _read_dm,
    ".hspy": _read_hspy,
}


def _signals(found: list[dict[str, Any]], channels: str = "RGBA") -> list[_Signal]:
    """Take values and axes of what RosettaSciIO read; its colours are records with fields R, G, B, A."""
    signals: list[_Signal] = []
    for one in found:
        values = np.asarray(one["data"])
        names = values.dtype.names or ()
        colours = [values[name] for name in channels if name in names]
        signals.append((_grey(colours) if colours else values, one["axes"]))
    return signals


def _grey(channels: list[NDArray[Any]]) -> NDArray[Any]:
    """Return grey from (grey,), (grey, alpha), (R, G, B) or (R, G, B, alpha)."""
    grey = channels[0]
    if len(channels) > 2 and not all(np.array_equal(grey, other) for other in channels[1:3]):
        grey = np.tensordot(_LUMINANCE, np.stack(channels[:3]).astype(np.float64), axes=1)
    if len(channels) in {2, 4}:
        grey = np.where(channels[-1] == 0, np.zeros((), dtype=grey.dtype), grey)
    return grey


def _checked(values: NDArray[Any], path: Path, field: str, allow_nan: bool) -> NDArray[Any]:
    kind = values.dtype.kind
    if values.ndim != 2 or values.size == 0:
        raise InputError(
            field, str(path), _ONE, f"this has the shape {values.shape}: save one image of it alone"
        )
    if kind not in "buif":
        raise InputError(field, str(path), _ONE, f"this holds {values.dtype}: save the modulus or one part")
    if kind == "b":
        return values.astype(np.bool_)
    if kind in "ui" and values.dtype.itemsize < 8:
        return values.astype(np.int64)
    if kind in "ui":
        return values.astype(np.int64 if values.max() <= np.iinfo(np.int64).max else np.float64)
    pixels = values.astype(np.float64)
    unknown = int(np.count_nonzero(np.isnan(pixels)))
    if np.isinf(pixels).any() or (unknown and not allow_nan):
        allowed = "finite pixels or NaN for unknown ones" if allow_nan else "finite pixels"
        raise InputError(
            field, str(path), allowed, f"{unknown} are NaN, others may be infinite: fill them in"
        )
    return pixels


def _pixel_size(axes: _Axes, path: Path, field: str) -> float | None:
    """Return the common scale [m] of the two axes, None where neither has a unit."""
    units = ["" if axis.get("units") is None else str(axis["units"]).strip() for axis in axes]
    if all(unit.lower() in _NO_UNIT for unit in units):
        return None
    sizes = []
    for axis, unit in zip(axes, units, strict=True):
        try:
            sizes.append(to_si(f"{float(axis['scale'])!r} {_unit(unit)}", "length"))
        except (InputError, KeyError, TypeError, ValueError):
            sizes.append(-1.0)
    shown = " and ".join(
        f"{axis.get('scale', 'no one scale')} {u}" for axis, u in zip(axes, units, strict=True)
    )
    if min(sizes) <= 0.0:
        raise InputError(
            field, str(path), "an image with axes in a unit of length",
            f"its axes have steps of {shown}: save one image, not a spectrum or a diffraction pattern",
        )  # fmt: skip
    if max(sizes) > min(sizes) * (1.0 + _UNEQUAL):
        raise InputError(
            field, str(path), "square pixels", f"its axes have steps of {shown}: resample the image"
        )
    return sizes[-1]


def _unit(text: str) -> str:
    """Return a unit as pint spells it; ImageJ escapes the micro sign, others write `Angstrom`."""
    unit = text.replace("\\u00B5", "µ")
    if not unit.isalpha():  # a power or a quotient is no length
        raise ValueError(unit)
    return unit.lower() if len(unit) > 2 else unit
