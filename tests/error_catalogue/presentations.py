"""Reports, explorers, movies: what is asked of results that are there."""

# ruff: noqa: E501 - one case, one line

from __future__ import annotations

from typing import Final

from error_catalogue.kinds import BadInput
from error_catalogue.making import folder, tiff

__all__ = ["PRESENTATIONS"]

PRESENTATIONS: Final = (
    BadInput("report of nothing", ("report",), ("PATH",)),
    BadInput("report of a missing result", ("report", "missing.zarr"), ("PATH", "missing.zarr")),
    BadInput("report of an empty directory", ("report", "d"), ("d",), {"d": folder}),
    BadInput("ending of a report", ("report", "a.zarr", "--out", "b.pdf"), ("--out", ".html"), needs=("a.zarr",)),
    BadInput("report that exists", ("report", "a.zarr", "--out", "b.html"), ("--out", "--force"), {"b.html": "mine"}, ("a.zarr",)),
    BadInput("report into a missing directory", ("report", "a.zarr", "--out", "no/b.html"), ("--out", "existing directory"), needs=("a.zarr",)),
    BadInput("missing sweep to explore", ("explore", "missing.zarr"), ("SWEEP", "missing.zarr")),
    BadInput("run to explore", ("explore", "a.zarr"), ("sweep",), needs=("a.zarr",)),
    BadInput("sweep file to explore", ("explore", "a.toml"), ("SWEEP", "lto-sim sweep a.toml")),
    BadInput("ending of an explorer", ("explore", "a_sweep.zarr", "--out", "b.png"), ("--out", ".html"), needs=("a_sweep.zarr",)),
    BadInput("explorer that exists", ("explore", "a_sweep.zarr", "--out", "b.html"), ("--out", "--force"), {"b.html": "mine"}, ("a_sweep.zarr",)),
    BadInput("movie of a missing run", ("movie", "missing.zarr"), ("missing.zarr",)),
    BadInput("movie of a front", ("movie", "a_front.zarr"), ("SOURCE",), needs=("a_front.zarr",)),
    BadInput("movie of a scenario", ("movie", "a.toml"), ("a.toml",)),
    BadInput("ending of a movie", ("movie", "a_maps.zarr", "--out", "b.avi"), ("--out", ".mp4"), needs=("a_maps.zarr",)),
    BadInput("movie that exists", ("movie", "a_maps.zarr", "--out", "b.gif"), ("--out", "--force"), {"b.gif": "mine"}, ("a_maps.zarr",)),
    BadInput("no frames a second", ("movie", "a_maps.zarr", "--out", "b.gif", "--fps", "0"), ("--fps",), needs=("a_maps.zarr",)),
    BadInput("duration of a movie", ("movie", "a_maps.zarr", "--out", "b.gif", "--duration", "long"), ("--duration",), needs=("a_maps.zarr",)),
    BadInput("movie that ends before it starts", ("movie", "a_maps.zarr", "--out", "b.gif", "--from", "2 s", "--to", "1 s"), ("--from", ), needs=("a_maps.zarr",)),
    BadInput("unknown colours", ("movie", "a_maps.zarr", "--out", "b.gif", "--colours", "jet"), ("--colours", "cividis"), needs=("a_maps.zarr",)),
    BadInput("movie as wide as a wall", ("movie", "a_maps.zarr", "--out", "b.gif", "--width", "100000"), ("--width",), needs=("a_maps.zarr",)),
    BadInput("missing front of a movie", ("movie", "a_maps.zarr", "--out", "b.gif", "--front", "no.zarr"), ("no.zarr",), needs=("a_maps.zarr",)),
    BadInput("images without a pixel size in a movie", ("movie", "x.tif", "--out", "b.gif", "--frame-time", "1 s"), ("pixel",), {"x.tif": tiff(4, 16, 16)}),
    BadInput("pose of a movie of maps alone", ("movie", "a_maps.zarr", "--out", "b.gif", "--pose", "none"), ("--pose",), needs=("a_maps.zarr",)),
)  # fmt: skip
