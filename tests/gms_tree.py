"""A minimal writer of ``.dm4``, and of an in-situ series as DigitalMicrograph lays it out.

The tags follow the description of the format by C. Boothroyd (Digital Micrograph file format, ER-C Juelich):
big-endian header and tag structure, little-endian values. Only tags that a reader needs are written.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Axis = tuple[float, float, str]
"""Step, coordinate of the first pixel, unit."""

_IMAGE_TYPES = {"int16": 1, "float32": 2, "uint8": 6, "int32": 7, "uint16": 10, "uint32": 11, "float64": 12}
_ELEMENTS = {"int16": 2, "int32": 3, "uint16": 4, "uint32": 5, "float32": 6, "float64": 7, "uint8": 10}
_USHORT, _ULONG, _DOUBLE, _BOOL, _STRUCT, _ARRAY = 4, 5, 7, 8, 15, 20


def _entry(identity: int, name: str, content: bytes, word: str) -> bytes:
    label = name.encode("latin-1")
    size = struct.pack(">Q", len(content)) if word == "Q" else b""
    return struct.pack(">BH", identity, len(label)) + label + size + content


def _data(name: str, info: Sequence[int], payload: bytes, word: str) -> bytes:
    words = struct.pack(f">4s{1 + len(info)}{word}", b"%%%%", len(info), *info)
    return _entry(21, name, words + payload, word)


def _tag(name: str, value: Any, word: str) -> bytes:
    if isinstance(value, Mapping):
        return _entry(20, name, _group(value, word), word)
    if isinstance(value, list):  # unnamed groups
        return _entry(20, name, _group([("", one) for one in value], word), word)
    if isinstance(value, np.ndarray):
        code = _ELEMENTS[value.dtype.name]
        payload = value.astype(value.dtype.newbyteorder("<")).tobytes()
        return _data(name, (_ARRAY, code, value.size), payload, word)
    if isinstance(value, str):
        text = value.encode("utf-16-le")
        return _data(name, (_ARRAY, _USHORT, len(text) // 2), text, word)
    if isinstance(value, tuple):  # a record of doubles, such as a rectangle
        info = [_STRUCT, 0, len(value)]
        for _ in value:
            info += [0, _DOUBLE]
        return _data(name, info, struct.pack(f"<{len(value)}d", *value), word)
    if isinstance(value, bool):
        return _data(name, (_BOOL,), struct.pack("<B", value), word)
    if isinstance(value, float):
        return _data(name, (_DOUBLE,), struct.pack("<d", value), word)
    return _data(name, (_ULONG,), struct.pack("<L", value), word)


def _group(tags: Mapping[str, Any] | Iterable[tuple[str, Any]], word: str) -> bytes:
    items = tags.items() if isinstance(tags, Mapping) else tags
    entries = [_tag(name, value, word) for name, value in items]
    return struct.pack(f">BB{word}", 1, 0, len(entries)) + b"".join(entries)


def dm4_bytes(
    values: np.ndarray,
    axes: Sequence[Axis],
    image_tags: Mapping[str, Any] | None = None,
    name: str = "test",
    version: int = 4,
) -> bytes:
    """Return a ``.dm4`` or ``.dm3`` with a thumbnail and one image; `axes` are in the order of `values`."""
    word = "Q" if version == 4 else "I"
    calibrations = [
        {"Origin": -first / step, "Scale": step, "Units": unit} for step, first, unit in reversed(axes)
    ]
    image = {
        "ImageData": {
            "Calibrations": {
                "Brightness": {"Origin": 0.0, "Scale": 1.0, "Units": "Counts"},
                "Dimension": calibrations,
            },
            "Data": np.ascontiguousarray(values).ravel(),
            "DataType": _IMAGE_TYPES[values.dtype.name],
            "Dimensions": [int(size) for size in reversed(values.shape)],
            "PixelDepth": values.dtype.itemsize,
        },
        "ImageTags": dict(image_tags or {}),
        "Name": name,
    }
    thumbnail = {
        "ImageData": {
            "Calibrations": {"Brightness": {"Origin": 0.0, "Scale": 1.0, "Units": ""}, "Dimension": []},
            "Data": np.zeros(4, np.int32),
            "DataType": 7,
            "Dimensions": [2, 2],
            "PixelDepth": 4,
        },
        "Name": "",
    }
    root = _group(
        {
            "ApplicationBounds": (0.0, 0.0, 10.0, 20.0),
            "ImageList": [thumbnail, image],
            "InImageMode": True,
            "Thumbnails": [{"ImageIndex": 0}],
        },
        word,
    )
    return struct.pack(f">I{word}I", version, len(root), 1) + root + bytes(8)


EELS_TAGS: dict[str, Any] = {
    "Meta Data": {"Format": "Spectrum image", "Signal": "EELS"},
    "Microscope Info": {"Voltage": 200000.0, "Operation Mode": "SCANNING", "Illumination Mode": "STEM"},
}


def frame_path(top: Path, name: str, second: int, number: int) -> Path:
    """Return the path that GMS gives to a frame: by the hour, minute and second, and its number within it."""
    hour, minute, rest = second // 3600, second // 60 % 60, second % 60
    folder = top / f"Hour_{hour:02d}" / f"Minute_{minute:02d}" / f"Second_{rest:02d}"
    stamp = f"Hour_{hour:02d}_Minute_{minute:02d}_Second_{rest:02d}_Frame_{number:04d}"
    return folder / f"{name}_{stamp}.dm4"


def frame_names(frames: int, rate: float) -> list[tuple[int, int]]:
    """Return second and number within it of frames that begin at n/rate."""
    names: list[tuple[int, int]] = []
    for n in range(frames):
        second = int((n + 1e-9) / rate)
        number = names[-1][1] + 1 if names and names[-1][0] == second else 0
        names.append((second, number))
    return names


def write_tree(
    top: Path,
    frames: Sequence[np.ndarray],
    axes: Sequence[Axis],
    rate: float = 4.0,
    name: str = "cell",
    image_tags: Mapping[str, Any] | None = None,
) -> list[Path]:
    """Write an in-situ series and return its files, in order of time."""
    paths = []
    for values, (second, number) in zip(frames, frame_names(len(frames), rate), strict=True):
        path = frame_path(top, name, second, number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(dm4_bytes(values, axes, image_tags, name))
        paths.append(path)
    return paths
