"""Numbers: not finite, negative, zero, beyond what can be."""

# ruff: noqa: E501 - one case, one line

from __future__ import annotations

from typing import Final

from error_catalogue.kinds import BadInput, changed
from error_catalogue.making import npy

__all__ = ["NUMBERS"]

_RATES: Final = "temperature [degC], k [cm2/s], k_std [cm2/s]\n"
_PIXELS: Final = ("--pixel", "5 nm", "--frame-time", "1 s", "--profile", "0,20 nm:70 nm,20 nm:20 nm")

NUMBERS: Final = (
    changed("temperature in degC as a number", '"75 degC"', "75", "temperature", "kelvin"),
    changed("temperature that is not a number", '"75 degC"', "nan", "temperature", "finite"),
    changed("endless temperature", '"75 degC"', "inf", "temperature", "finite"),
    changed("temperature below absolute zero", '"75 degC"', '"-300 degC"', "temperature"),
    changed("composition above 1", "initial = 1.0", "initial = 1.5", "initial", "<= 1"),
    changed("composition below 0", "initial = 1.0", "initial = -0.1", "initial", ">= 0"),
    changed("negative cell", '"10 nm"', '"-10 nm"', "specimen.cell", "> 0 m"),
    changed("cell of nothing", '"10 nm"', "0", "specimen.cell", "> 0 m"),
    changed("particle of metres", '"400 nm"', '"400 m"', "specimen.outline.width"),
    changed("potential of a power line", '"1.6 V"', '"1600 V"', "drive.0.hold", "<= 10 V"),
    changed("no time at all", '"2.5 s"', '"0 s"', "drive.0.until.time", "> 0 s"),
    changed("no pixels", "[40, 10]", "[0, 10]", "scan.pixels"),
    changed("pixels without number", "[40, 10]", "[1000000, 1000000]", "scan.pixels"),
    changed("frames of no time", '"0.1 s"', '"0 s"', "scan.frame_time", "> 0 s"),
    changed("frame shorter than its flyback", '"0.1 s"', '"0.1 s"\nflyback = "20 ms"', "scan.flyback", "shorten it"),
    changed("frames without number", '"0.1 s"', '"1e-12 s"', "scan"),
    changed("negative noise", "noise = 0.02", "noise = -1", "maps.noise"),
    changed("negative seed", "seed = 3", "seed = -3", "seed"),
    changed("seed with a fraction", "seed = 3", "seed = 1.5", "seed"),
    changed("negative width of a profile", '"80 nm"', '"-80 nm"', "profile.0.width"),
    changed("no layers", '"10 nm"', '"10 nm"\nlayers = 0', "specimen.layers"),
    changed("no current", 'hold = "1.6 V"', "current = 0", "drive.0.current", "rest = true"),
    changed("current of amperes", 'hold = "1.6 V"', 'current = "5 A"', "drive.0.current", "pA"),
    changed("negative k_c", 'side = "left" }', 'side = "left" }\nlaw = "linear"\nk_c = "-1 m/s"', "contacts.lps.k_c"),
    changed("no steps allowed", "seed = 3", "numerics = { max_steps = 0 }", "numerics.max_steps"),
    changed("output of no period", "[maps]", '[output]\nevery = "0 s"\n[maps]', "output.every"),
    BadInput("negative seed of an option", ("run", "a.toml", "--seed", "-1"), ("--seed",)),
    BadInput("time before the start", ("run", "a.toml", "--restart", "a.zarr", "--at", "-1 s"), ("--at", ">= 0 s"), needs=("a.zarr",)),
    BadInput("noise that is not a number", ("render", "a.zarr", "--set", "maps.noise=nan"), ("maps.noise",), needs=("a.zarr",)),
    BadInput("negative noise of maps", ("render", "a.zarr", "--set", "maps.noise=-1"), ("maps.noise",), needs=("a.zarr",)),
    BadInput("no beam", ("acquire", "a.zarr", "--set", "instrument.beam.current=0 A"), ("beam.current", "> 0 A"), needs=("a.zarr",)),
    BadInput("energy of an electron at rest", ("acquire", "a.zarr", "--set", "instrument.beam.energy=0"), ("beam.energy",), needs=("a.zarr",)),
    BadInput("pixel of no size", ("track", "x.npy", "--pixel", "0 nm", "--frame-time", "1 s"), ("--pixel",), {"x.npy": npy(1.0, shape=(3, 8, 16))}),
    BadInput("negative frame time", ("track", "x.npy", "--pixel", "5 nm", "--frame-time", "-1 s"), ("--frame-time",), {"x.npy": npy(1.0, shape=(3, 8, 16))}),
    BadInput("series of no frames", ("track", "x.npy", *_PIXELS), ("maps",), {"x.npy": npy(1.0, shape=(0, 8, 16))}),
    BadInput("series of one value", ("track", "x.npy", *_PIXELS), ("maps",), {"x.npy": npy(1.0, shape=(3, 8, 16))}),
    BadInput("series of nothing but NaN", ("track", "x.npy", *_PIXELS), ("maps",), {"x.npy": npy(float("nan"), shape=(3, 8, 16))}),
    BadInput("number without a unit for a pixel", ("track", "a_maps.zarr", "--pixel", "31"), ("--pixel", "unit"), needs=("a_maps.zarr",)),
    BadInput("no profiles", ("track", "a_maps.zarr", "--contact", "lps", "--count", "0"), ("--count",), needs=("a_maps.zarr",)),
    BadInput("endless rate constant", ("fit", "x.csv"), ("k",), {"x.csv": _RATES + "30, inf, 1e-13\n40, 2e-12, 1e-13\n50, 1e-11, 1e-12\n"}),
    BadInput("negative rate constant", ("fit", "x.csv"), ("k",), {"x.csv": _RATES + "30, -1e-12, 1e-13\n40, 2e-12, 1e-13\n50, 1e-11, 1e-12\n"}),
    BadInput("rate constants at one temperature", ("fit", "x.csv"), ("temperature",), {"x.csv": _RATES + "30, 1e-12, 1e-13\n30, 2e-12, 1e-13\n30, 1e-11, 1e-12\n"}),
    BadInput("one point of a front", ("fit", "x.csv"), ("x.csv", "at least 3 rows"), {"x.csv": "time [s], xi [nm], xi_std [nm]\n1, 10, 1\n"}),
    BadInput("deviations of nothing", ("fit", "x.csv"), ("xi_std",), {"x.csv": "time [s], xi [nm], xi_std [nm]\n1, 10, 0\n2, 14, 0\n3, 17, 0\n4, 20, 0\n5, 22, 0\n"}),
    BadInput("no searches", ("fit", "a_maps.zarr", "--free", "material.D_Li4.at", "--starts", "0"), ("--starts",), needs=("a_maps.zarr",)),
    BadInput("one frequency", ("impedance", "a.zarr", "--points", "1"), ("--points",), needs=("a.zarr",)),
    BadInput("frequency of nothing", ("impedance", "a.zarr", "--from", "0 Hz"), ("--from", "> 0 Hz"), needs=("a.zarr",)),
)  # fmt: skip
