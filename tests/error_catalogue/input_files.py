"""Files: missing, empty, a directory, cut short, junk, a result of another kind, axes that do not fit."""

# ruff: noqa: E501 - one case, one line

from __future__ import annotations

from typing import Final

from error_catalogue.kinds import BadInput
from error_catalogue.making import folder, npy, tiff, truncated_tiff, without

__all__ = ["INPUT_FILES"]

_JUNK: Final = bytes(range(256)) * 8
_RATES: Final = "temperature [degC], k [cm2/s], k_std [cm2/s]\n"
_PIXELS: Final = ("--pixel", "5 nm", "--frame-time", "1 s")

INPUT_FILES: Final = (
    BadInput("missing scenario", ("run", "missing.toml"), ("scenario", "missing.toml")),
    BadInput("directory for a scenario", ("run", "d"), ("scenario", "readable"), {"d": folder}),
    BadInput("run for a scenario", ("run", "a.zarr"), ("scenario",), needs=("a.zarr",)),
    BadInput("missing run to go on from", ("run", "a.toml", "--restart", "no.zarr"), ("no.zarr",)),
    BadInput("maps to go on from", ("run", "a.toml", "--restart", "a_maps.zarr"), ("run",), needs=("a_maps.zarr",)),
    BadInput("missing run", ("render", "missing.zarr"), ("missing.zarr", "existing Zarr store")),
    BadInput("scenario for a run", ("render", "a.toml"), ("Zarr store",)),
    BadInput("directory for a run", ("render", "d"), ("Zarr store",), {"d": folder}),
    BadInput("front for a run", ("render", "a_front.zarr"), ("run",), needs=("a_front.zarr",)),
    BadInput("maps for a run", ("render", "a_maps.zarr"), ("run",), needs=("a_maps.zarr",)),
    BadInput("store cut short", ("render", "a.zarr"), ("a.zarr",), {"mark": without("a.zarr", "zarr.json", b"")}, ("a.zarr",)),
    BadInput("store with junk", ("render", "a.zarr"), ("a.zarr",), {"mark": without("a.zarr", "zarr.json", _JUNK)}, ("a.zarr",)),
    BadInput("store with a part missing", ("render", "a.zarr"), ("a.zarr",), {"mark": without("a.zarr", "scan_li_fraction/zarr.json")}, ("a.zarr",)),
    BadInput("store with a chunk missing", ("track", "a_maps.zarr"), ("a_maps.zarr",), {"mark": without("a_maps.zarr", "li_fraction/c/0/0/0")}, ("a_maps.zarr",)),
    BadInput("store with a chunk of junk", ("track", "a_maps.zarr"), ("a_maps.zarr",), {"mark": without("a_maps.zarr", "li_fraction/c/0/0/0", b"junk")}, ("a_maps.zarr",)),
    BadInput("missing run to record", ("acquire", "missing.zarr"), ("missing.zarr",)),
    BadInput("front to record", ("acquire", "a_front.zarr"), ("run",), needs=("a_front.zarr",)),
    BadInput("missing instrument file", ("acquire", "a.zarr", "--instrument", "mine.toml"), ("instrument", "mine.toml"), needs=("a.zarr",)),
    BadInput("instrument that is no TOML", ("acquire", "a.zarr", "--instrument", "i.toml"), ("i.toml",), {"i.toml": "[beam"}, ("a.zarr",)),
    BadInput("instrument with a misspelt key", ("acquire", "a.zarr", "--instrument", "i.toml"), ("beem",), {"i.toml": "[beem]\ncurrent = 1"}, ("a.zarr",)),
    BadInput("scenario for an instrument", ("acquire", "a.zarr", "--instrument", "a.toml"), ("instrument",), needs=("a.zarr",)),
    BadInput("missing recording", ("inspect", "missing.dm4"), ("FILE", "missing.dm4")),
    BadInput("recording of an unknown kind", ("inspect", "x.xyz"), ("FILE", ".hspy"), {"x.xyz": "1 2 3"}),
    BadInput("empty TIFF", ("inspect", "x.tif"), ("FILE", "x.tif"), {"x.tif": b""}),
    BadInput("TIFF of junk", ("inspect", "x.tif"), ("FILE", "x.tif"), {"x.tif": _JUNK}),
    BadInput("TIFF cut short", ("inspect", "x.tif"), ("FILE", "x.tif"), {"x.tif": truncated_tiff(8, 32, 32)}),
    BadInput("DigitalMicrograph file of junk", ("inspect", "x.dm4"), ("FILE", "x.dm4"), {"x.dm4": _JUNK}),
    BadInput("HyperSpy file of junk", ("inspect", "x.hspy"), ("FILE", "x.hspy"), {"x.hspy": _JUNK}),
    BadInput("Velox file of junk", ("inspect", "x.emd"), ("FILE", "x.emd"), {"x.emd": _JUNK}),
    BadInput("spectrum file of junk", ("inspect", "x.msa"), ("FILE", "x.msa"), {"x.msa": _JUNK}),
    BadInput("empty array", ("inspect", "x.npy"), ("FILE",), {"x.npy": b""}),
    BadInput("array of objects", ("inspect", "x.npy"), ("FILE",), {"x.npy": npy({"a": 1}, kind="object")}),
    BadInput("array of text", ("inspect", "x.npy"), ("FILE",), {"x.npy": npy("a", shape=(3, 4, 5))}),
    BadInput("empty folder of a series", ("inspect", "d"), ("FILE",), {"d": folder}),
    BadInput("missing spectra", ("quantify", "missing.hspy"), ("missing.hspy",)),
    BadInput("maps for spectra", ("quantify", "a_maps.zarr"), ("counts",), needs=("a_maps.zarr",)),
    BadInput("run for spectra", ("quantify", "a.zarr"), ("counts",), needs=("a.zarr",)),
    BadInput("spectra without energies", ("quantify", "x.npy", "--instrument", "jem_arm300f2_continuum_k3"), ("energy",), {"x.npy": npy(1.0, shape=(2, 3, 4, 64))}),
    BadInput("missing low loss", ("quantify", "x.hspy", "--what", "titanium", "--low-loss", "no.hspy"), (".hspy",), {"x.hspy": _JUNK}),
    BadInput("missing maps", ("track", "missing.zarr"), ("missing.zarr", "existing Zarr store")),
    BadInput("run for maps", ("track", "a.zarr"), ("maps",), needs=("a.zarr",)),
    BadInput("front for maps", ("track", "a_front.zarr"), ("maps",), needs=("a_front.zarr",)),
    BadInput("TIFF without a pixel size", ("track", "x.tif", "--frame-time", "1 s", "--profile", "0,0 nm:9 nm,0 nm:5 nm"), ("--pixel",), {"x.tif": tiff(4, 16, 16)}),
    BadInput("TIFF without frame times", ("track", "x.tif", "--pixel", "5 nm", "--profile", "0,0 nm:9 nm,0 nm:5 nm"), ("--frame-time",), {"x.tif": tiff(4, 16, 16)}),
    BadInput("one image for a series", ("track", "x.tif", *_PIXELS, "--profile", "0,0 nm:9 nm,0 nm:5 nm"), ("maps",), {"x.tif": tiff(16, 16)}),
    BadInput("series of spectra for maps", ("track", "x.npy", *_PIXELS, "--profile", "0,0 nm:9 nm,0 nm:5 nm"), ("maps",), {"x.npy": npy(1.0, shape=(3, 4, 5, 6))}),
    BadInput("line for maps", ("track", "x.npy", *_PIXELS), ("maps",), {"x.npy": npy(1.0, shape=(9,))}),
    BadInput("maps of junk", ("track", "x.tif", *_PIXELS), ("x.tif",), {"x.tif": _JUNK}),
    BadInput("missing front", ("fit", "missing.zarr"), ("missing.zarr", "existing Zarr store")),
    BadInput("missing table", ("fit", "missing.csv"), ("missing.csv", "readable")),
    BadInput("empty table", ("fit", "x.csv"), ("x.csv",), {"x.csv": ""}),
    BadInput("table with a header only", ("fit", "x.csv"), ("x.csv",), {"x.csv": _RATES}),
    BadInput("table without a header", ("fit", "x.csv"), ("header",), {"x.csv": "30, 1e-12, 1e-13\n40, 2e-12, 1e-13\n"}),
    BadInput("unit of a column", ("fit", "x.csv"), ("temperature",), {"x.csv": "temperature [nm], k [cm2/s]\n30, 1e-12\n40, 2e-12\n50, 3e-12\n"}),
    BadInput("column without a unit", ("fit", "x.csv"), ("x.csv",), {"x.csv": "temperature, k\n30, 1e-12\n40, 2e-12\n50, 3e-12\n"}),
    BadInput("text in a table", ("fit", "x.csv"), ("line 3", "column k"), {"x.csv": _RATES + "30, 1e-12, 1e-13\n40, none, 1e-13\n50, 1e-11, 1e-12\n"}),
    BadInput("line too short", ("fit", "x.csv"), ("line 3",), {"x.csv": _RATES + "30, 1e-12, 1e-13\n40, 2e-12\n50, 1e-11, 1e-12\n"}),
    BadInput("table that is no text", ("fit", "x.csv"), ("x.csv",), {"x.csv": b"\xff\xfe\x00\x01" * 9}),
    BadInput("run for a front", ("fit", "a.zarr"), ("maps",), needs=("a.zarr",)),
    BadInput("scenario for a table", ("fit", "a.toml"), ("header",)),
    BadInput("table for a fit of maps", ("fit", "x.csv", "--free", "material.D_Li4.at"), ("x.csv", "maps"), {"x.csv": _RATES}),
    BadInput("front for a fit of maps", ("fit", "a_front.zarr", "--free", "material.D_Li4.at"), ("a_front.zarr", "maps"), needs=("a_front.zarr",)),
    BadInput("run for a fit of maps", ("fit", "a.zarr", "--free", "material.D_Li4.at"), ("lto-sim render",), needs=("a.zarr",)),
    BadInput("missing scenario of maps", ("fit", "a_maps.zarr", "--free", "material.D_Li4.at", "--scenario", "no.toml"), ("scenario", "no.toml"), needs=("a_maps.zarr",)),
    BadInput("missing maps to compare", ("compare", "a.zarr", "missing.tif"), ("MAPS", "missing.tif"), needs=("a.zarr",)),
    BadInput("missing run to compare", ("compare", "missing.zarr", "a_maps.zarr"), ("missing.zarr",), needs=("a_maps.zarr",)),
    BadInput("maps and run the other way round", ("compare", "a_maps.zarr", "a.zarr"), ("run",), needs=("a.zarr", "a_maps.zarr")),
    BadInput("images without a frame time to compare", ("compare", "a.zarr", "x.tif", "--pixel", "5 nm", "--free", "contrast"), ("frame",), {"x.tif": tiff(4, 16, 16)}, ("a.zarr",)),
    BadInput("maps for an electrical series", ("electrical", "a_maps.zarr"), ("run",), needs=("a_maps.zarr",)),
    BadInput("missing run with an electrical series", ("electrical", "missing.zarr"), ("missing.zarr",)),
    BadInput("maps for an impedance", ("impedance", "a_maps.zarr"), ("run",), needs=("a_maps.zarr",)),
    BadInput("missing run of an impedance", ("impedance", "missing.zarr"), ("missing.zarr",)),
)  # fmt: skip
