"""Images of every format: pixels as recorded, the pixel size in m, and one line for what cannot be used."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow
from rsciio.hspy import file_writer as write_hspy
from rsciio.tiff import file_writer as write_tiff

from lto_sim.errors import InputError
from lto_sim.files import read_image

RAMP = np.arange(30, dtype=np.uint16).reshape(5, 6)
RECORDED = Path(__file__).parents[2] / "shared" / "data"


def signal(data: np.ndarray, *axes: tuple[float, str | None]) -> dict[str, Any]:
    """What RosettaSciIO writes: data, and for every axis its scale and unit."""
    calibrated = [
        {"name": f"axis {n}", "size": size, "scale": scale, "offset": 0.0, "units": unit, "navigate": False}
        for n, (size, (scale, unit)) in enumerate(zip(data.shape, axes, strict=True))
    ]
    return {
        "data": data,
        "axes": calibrated,
        "metadata": {"General": {"title": "test"}, "Signal": {"signal_type": ""}},
        "original_metadata": {},
        "attributes": {"_lazy": False, "ragged": False},
        "learning_results": {},
        "package_info": {},
        "tmp_parameters": {},
        "models": {},
    }


def hspy(*axes: tuple[float, str | None], data: np.ndarray = RAMP) -> Callable[[Path], None]:
    return lambda path: write_hspy(path, signal(data, *axes), show_progressbar=False)


def imagej(
    unit: str | None, x: float = 0.5, y: float = 0.5, data: np.ndarray = RAMP
) -> Callable[[Path], None]:
    metadata = {} if unit is None else {"unit": unit}
    return lambda path: tifffile.imwrite(
        path, data, imagej=True, resolution=(1.0 / x, 1.0 / y), metadata=metadata
    )


def png(pixels: np.ndarray, **more: Any) -> Callable[[Path], None]:
    return lambda path: Pillow.fromarray(pixels).save(path, **more)


def tiff(pixels: np.ndarray, **more: Any) -> Callable[[Path], None]:
    return lambda path: tifffile.imwrite(path, pixels, **more)


def npy(pixels: np.ndarray) -> Callable[[Path], None]:
    return lambda path: np.save(path, pixels)


def write_dm(path: Path, pixels: np.ndarray, kind: int, scale: float, unit: str) -> None:
    """Write one calibrated image the way DigitalMicrograph 3 or 4 does, with no tags but the needed ones."""
    new = path.suffix == ".dm4"
    wide = ">q" if new else ">l"
    codes = {np.dtype("<f4"): 6, np.dtype("<u2"): 4, np.dtype("u1"): 10}

    def entry(name: str, content: bytes, group: bool) -> bytes:
        size = struct.pack(">q", len(content)) if new else b""
        content = content[:2] + size + content[2:] if group else size + content
        return struct.pack(">BH", 20 if group else 21, len(name)) + name.encode() + content

    def group(**tags: bytes) -> bytes:
        body = b"".join(tags.values())
        return b"\1\0" + struct.pack(wide, len(tags)) + body

    def values(*header: int, data: bytes) -> bytes:
        return b"%%%%" + b"".join(struct.pack(wide, h) for h in (len(header), *header)) + data

    def number(name: str, value: float, code: int, form: str) -> bytes:
        return entry(name, values(code, data=struct.pack(form, value)), group=False)

    def calibration() -> bytes:
        text = values(20, 4, len(unit), data=unit.encode("utf-16-le"))
        return group(
            origin=number("Origin", 0.0, 6, "<f"),
            scale=number("Scale", scale, 6, "<f"),
            units=entry("Units", text, group=False),
        )

    rows, columns = pixels.shape[:2]
    flat = np.ascontiguousarray(pixels)
    content = values(20, 5 if kind == 23 else codes[flat.dtype], rows * columns, data=flat.tobytes())
    sizes = group(x=number("", columns, 5, "<L"), y=number("", rows, 5, "<L"))
    axes = group(x=entry("", calibration(), group=True), y=entry("", calibration(), group=True))
    scales = group(
        brightness=entry("Brightness", calibration(), group=True), axes=entry("Dimension", axes, group=True)
    )
    data = group(
        scales=entry("Calibrations", scales, group=True),
        data=entry("Data", content, group=False),
        kind=number("DataType", kind, 5, "<L"),
        sizes=entry("Dimensions", sizes, group=True),
    )
    image = group(data=entry("ImageData", data, group=True), tags=entry("ImageTags", group(), group=True))
    root = group(images=entry("ImageList", group(one=entry("", image, group=True)), group=True))
    path.write_bytes(
        struct.pack(">l", 4 if new else 3) + struct.pack(wide, len(root)) + struct.pack(">l", 1) + root
    )


def dm(unit: str, scale: float = 0.5, kind: int = 10, pixels: np.ndarray = RAMP) -> Callable[[Path], None]:
    return lambda path: write_dm(path, pixels, kind, scale, unit)


GOOD = {
    "grey.png": (png(RAMP.astype(np.uint8), dpi=(72, 72)), None),
    "deep.png": (png(RAMP), None),
    "plain.tif": (tiff(RAMP), None),
    "print.tiff": (tiff(RAMP, resolution=(72, 72), resolutionunit="INCH"), None),
    "zipped.tif": (tiff(RAMP, compression="zlib"), None),
    "big endian.tif": (tiff(RAMP, byteorder=">"), None),
    "float.tif": (tiff(RAMP.astype(np.float32)), None),
    "imagej nm.tif": (imagej("nm"), 5e-10),
    "imagej micron.tif": (imagej("micron"), 5e-7),
    "imagej escaped.TIF": (imagej("\\u00B5m"), 5e-7),
    "imagej Angstrom.tif": (imagej("Angstrom"), 5e-11),
    "imagej none.tif": (imagej(None), None),
    "imagej pixel.tif": (imagej("pixel"), None),
    "imagej inch.tif": (imagej("inch"), None),
    "gatan.tif": (lambda path: write_tiff(path, signal(RAMP, (0.5, "nm"), (0.5, "nm"))), 5e-10),
    "array.npy": (npy(RAMP), None),
    "fortran.npy": (npy(np.asfortranarray(RAMP)), None),
    "um.hspy": (hspy((0.5, "um"), (0.5, "um")), 5e-7),
    "micro sign.hspy": (hspy((0.5, "µm"), (0.5, "μm")), 5e-7),
    "two units.hspy": (hspy((0.5, "nm"), (5.0, "Å")), 5e-10),
    "nearly square.hspy": (hspy((0.5004, "nm"), (0.5, "nm")), 5e-10),
    "px.hspy": (hspy((1.0, "px"), (1.0, "px")), None),
    "undefined.hspy": (hspy((1.0, "<undefined>"), (1.0, None)), None),
    "stack of one.hspy": (hspy((1.0, "s"), (0.5, "nm"), (0.5, "nm"), data=RAMP[None]), 5e-10),
    "old.dm3": (dm("nm"), 5e-10),
    "new.dm4": (dm("µm"), 5e-7),
    "uncalibrated.dm4": (dm("", 1.0), None),
    "float.dm3": (dm("nm", kind=2, pixels=RAMP.astype("<f4")), 5e-10),
}


@pytest.mark.parametrize("name", GOOD)
def test_every_format_is_read_as_recorded(tmp_path: Path, name: str):
    write, size = GOOD[name]
    write(tmp_path / name)
    image = read_image(tmp_path / name)
    np.testing.assert_array_equal(image.values, RAMP)
    assert image.values.dtype == (np.float64 if name.startswith("float") else np.int64)
    assert image.values.dtype.isnative
    assert image.pixel_size == (None if size is None else pytest.approx(size, rel=1e-6))
    assert image.source == str(tmp_path / name)


@pytest.mark.parametrize("name", ["mask.png", "mask.npy", "mask.tif"])
def test_a_mask_stays_a_mask(tmp_path: Path, name: str):
    mask = RAMP % 4 == 1
    {"png": png, "npy": npy, "tif": tiff}[name[-3:]](mask)(tmp_path / name)
    image = read_image(tmp_path / name)
    assert image.values.dtype == np.bool_
    np.testing.assert_array_equal(image.values, mask)


COLOUR = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [7, 7, 7]]], dtype=np.uint8)
LUMINANCE = [[54.213, 182.376, 18.411, 255.0, 7.0]]


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("rgb.png", png(COLOUR)),
        ("rgb.tif", tiff(COLOUR, photometric="rgb")),
        ("planes.tif", tiff(np.moveaxis(COLOUR, -1, 0), photometric="rgb", planarconfig="separate")),
        ("palette.png", lambda path: Pillow.fromarray(COLOUR).convert("P", palette=1).save(path)),
    ],
)
def test_colour_becomes_luminance(tmp_path: Path, name: str, write: Callable[[Path], None]):
    write(tmp_path / name)
    values = read_image(tmp_path / name).values
    np.testing.assert_allclose(values, LUMINANCE, rtol=1e-12)


def test_grey_kept_in_three_channels_stays_whole_numbers(tmp_path: Path):
    grey = RAMP.astype(np.uint8)
    png(np.stack([grey] * 3, axis=-1))(tmp_path / "grey.png")
    values = read_image(tmp_path / "grey.png").values
    assert values.dtype == np.int64
    np.testing.assert_array_equal(values, grey)


@pytest.mark.parametrize("name", ["clear.png", "clear.tif"])
def test_a_fully_transparent_pixel_counts_as_0(tmp_path: Path, name: str):
    alpha = np.array([[255, 0, 1, 255, 0]], dtype=np.uint8)
    pixels = np.concatenate([COLOUR, alpha[..., None]], axis=-1)
    if name.endswith("png"):
        png(pixels)(tmp_path / name)
    else:
        tifffile.imwrite(tmp_path / name, pixels, photometric="rgb", extrasamples=["unassalpha"])
    expected = np.array(LUMINANCE) * (alpha > 0)
    np.testing.assert_allclose(read_image(tmp_path / name).values, expected, rtol=1e-12)


def test_grey_with_alpha_is_read(tmp_path: Path):
    pixels = np.array([[[9, 255], [9, 0], [9, 1]]], dtype=np.uint8)
    png(pixels)(tmp_path / "la.png")
    np.testing.assert_array_equal(read_image(tmp_path / "la.png").values, [[9, 0, 9]])


def test_the_alpha_of_digitalmicrograph_means_nothing(tmp_path: Path):
    pixels = np.concatenate([COLOUR[..., ::-1], np.zeros((1, 5, 1), np.uint8)], axis=-1)
    write_dm(tmp_path / "colour.dm4", pixels, 23, 0.5, "nm")
    np.testing.assert_allclose(read_image(tmp_path / "colour.dm4").values, LUMINANCE, rtol=1e-12)


def test_unknown_pixels_are_read_where_the_caller_allows_them(tmp_path: Path):
    values = np.where(RAMP == 3, np.nan, RAMP)
    npy(values)(tmp_path / "a.npy")
    np.testing.assert_array_equal(read_image(tmp_path / "a.npy", allow_nan=True).values, values)
    with pytest.raises(InputError, match="1 are NaN"):
        read_image(tmp_path / "a.npy")


def cut(write: Callable[[Path], None], share: float) -> Callable[[Path], None]:
    def half(path: Path) -> None:
        write(path)
        content = path.read_bytes()
        path.write_bytes(content[: int(share * len(content))])

    return half


def plain_hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["data"] = RAMP


def renamed_tiff(path: Path) -> None:
    tiff(RAMP)(path.with_suffix(".tif"))
    path.with_suffix(".tif").rename(path)


def two_frames(path: Path) -> None:
    frames = [Pillow.fromarray(np.full((4, 4), value, np.uint8)) for value in (1, 2)]
    frames[0].save(path, save_all=True, append_images=frames[1:])


STACK = np.stack([RAMP] * 3)
SQUARE = ((0.5, "nm"), (0.5, "nm"))
BAD = {
    "missing.png": (lambda _: None, "existing"),
    "folder.png": (lambda path: path.mkdir(), "existing"),
    "photo.jpg": (lambda path: path.write_bytes(b""), ".png .tif .tiff .npy .dm3 .dm4 .hspy"),
    "no suffix": (lambda path: path.write_bytes(b""), ".png"),
    "store.zspy": (lambda path: path.write_bytes(b""), "save the image as .hspy"),
    "empty.png": (lambda path: path.write_bytes(b""), "whole"),
    "empty.tif": (lambda path: path.write_bytes(b""), "whole"),
    "empty.npy": (lambda path: path.write_bytes(b""), "whole"),
    "empty.dm3": (lambda path: path.write_bytes(b""), "whole"),
    "empty.dm4": (lambda path: path.write_bytes(b""), "whole"),
    "empty.hspy": (lambda path: path.write_bytes(b""), "whole"),
    "cut.png": (cut(png(RAMP), 0.6), "whole"),
    "cut.tif": (cut(tiff(RAMP), 0.9), "whole"),
    "cut.npy": (cut(npy(RAMP), 0.9), "whole"),
    "cut.dm3": (cut(dm("nm"), 0.5), "whole"),
    "cut.dm4": (cut(dm("nm"), 0.9), "whole"),
    "cut.hspy": (cut(hspy(*SQUARE), 0.5), "whole"),
    "renamed.png": (renamed_tiff, "whole"),
    "other hdf5.hspy": (plain_hdf5, "not a valid HyperSpy"),
    "objects.npy": (npy(np.array([[{}]])), "whole"),
    "stack.npy": (npy(STACK), "one 2-D image"),
    "line.npy": (npy(RAMP[0]), "one 2-D image"),
    "nothing.npy": (npy(RAMP[:0]), "one 2-D image"),
    "text.npy": (npy(np.array([["a"]])), "one 2-D image"),
    "stack.tif": (tiff(STACK, photometric="minisblack"), "one 2-D image"),
    "stack.hspy": (hspy((1.0, "s"), *SQUARE, data=STACK), "(3, 5, 6)"),
    "frames.png": (two_frames, "holds 2"),
    "complex.npy": (npy(RAMP * 1j), "complex128"),
    "complex.hspy": (hspy(*SQUARE, data=RAMP * 1j), "real numbers"),
    "NaN.npy": (npy(np.where(RAMP == 3, np.nan, RAMP)), "1 are NaN"),
    "infinite.npy": (npy(np.where(RAMP == 3, np.inf, RAMP)), "finite"),
    "spectra.hspy": (hspy((0.5, "nm"), (0.1, "eV")), "not a spectrum"),
    "diffraction.hspy": (hspy((0.5, "1/nm"), (0.5, "1/nm")), "diffraction"),
    "half.hspy": (hspy((0.5, "nm"), (0.5, None)), "unit of length"),
    "zero.hspy": (hspy((0.0, "nm"), (0.0, "nm")), "unit of length"),
    "oblong.hspy": (hspy((0.501, "nm"), (0.5, "nm")), "square pixels"),
    "oblong.tif": (imagej("nm", x=0.5, y=0.25), "square pixels"),
}


@pytest.mark.parametrize("name", BAD)
def test_an_image_that_cannot_be_used_is_refused_in_one_line(tmp_path: Path, name: str):
    write, words = BAD[name]
    write(tmp_path / name)
    with pytest.raises(InputError) as caught:
        read_image(tmp_path / name, "specimen.outline.image")
    assert words in str(caught.value)
    assert str(caught.value).startswith("specimen.outline.image: got ")
    assert "\n" not in str(caught.value)


def test_the_recorded_dark_field_image():
    path = RECORDED / "perovskite_adf.dm4"
    if not path.is_file():
        pytest.skip("recorded files not present")
    image = read_image(path)
    assert image.values.shape == (640, 672)
    assert image.values.dtype == np.float64
    assert image.pixel_size == pytest.approx(0.31668e-9, rel=1e-4)
    with pytest.raises(InputError, match="one 2-D image"):
        read_image(RECORDED / "tio2_ti_l_high_loss.dm4")
