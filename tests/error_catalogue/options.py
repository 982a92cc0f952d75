"""Options: unknown, contradicting, out of their choices; targets that exist, that are inputs, that have no place."""

# ruff: noqa: E501 - one case, one line

from __future__ import annotations

from typing import Final

from error_catalogue.kinds import BadInput
from error_catalogue.making import folder

__all__ = ["OPTIONS"]

_RATES: Final = (
    "temperature [degC], k [cm2/s], k_std [cm2/s]\n30, 1e-12, 1e-13\n40, 2e-12, 1e-13\n50, 1e-11, 1e-12\n"
)
_K: Final = ("material.D_Li4.at",)

OPTIONS: Final = (
    BadInput("no such command", ("walk", "a.toml"), ("command: got 'walk'",)),
    BadInput("misspelt command", ("rnu", "a.toml"), ("command: got 'rnu'", "did you mean run")),
    BadInput("no scenario", ("run",), ("SCENARIO.toml",)),
    BadInput("one argument too many", ("run", "a.toml", "b.toml"), ("b.toml",)),
    BadInput("misspelt option", ("run", "a.toml", "--dryrun"), ("--dryrun", "did you mean --dry-run")),
    BadInput("option without its value", ("run", "a.toml", "--out"), ("--out",)),
    BadInput("option of another command", ("run", "a.toml", "--noise", "1"), ("--noise",)),
    BadInput("value for a flag", ("run", "a.toml", "--force=yes"), ("--force",)),
    BadInput("seed as text", ("run", "a.toml", "--seed", "one"), ("--seed", "whole number")),
    BadInput("setting without a value", ("run", "a.toml", "--set", "temperature"), ("--set", "path=value")),
    BadInput("setting of nothing", ("run", "a.toml", "--set", "=1"), ("--set", "path=value")),
    BadInput("setting twice", ("run", "a.toml", "--set", "seed=1", "--set", "seed=2"), ("--set", "once")),
    BadInput("setting of an unknown key", ("run", "a.toml", "--set", "specimen.celll=10 nm"), ("specimen.celll", "did you mean")),
    BadInput("setting of a step that is not there", ("run", "a.toml", "--set", "drive.7.hold=1"), ("drive.7.hold",)),
    BadInput("setting below a value", ("run", "a.toml", "--set", "temperature.deep=1"), ("temperature",)),
    BadInput("mesh without a dry run", ("run", "a.toml", "--mesh"), ("--mesh", "--dry-run")),
    BadInput("time without a restart", ("run", "a.toml", "--at", "1 s"), ("--at", "--restart")),
    BadInput("restart of a dry run", ("run", "a.toml", "--dry-run", "--restart", "a.zarr"), ("--restart",), needs=("a.zarr",)),
    BadInput("time that is none", ("run", "a.toml", "--restart", "a.zarr", "--at", "soon"), ("--at", "time [s]"), needs=("a.zarr",)),
    BadInput("restart by another scenario", ("run", "a.toml", "--restart", "a.zarr", "--set", "temperature=60 degC"), ("temperature",), needs=("a.zarr",)),
    BadInput("run that exists", ("run", "a.toml"), ("--out", "--force"), needs=("a.zarr",)),
    BadInput("run into a directory that is missing", ("run", "a.toml", "--out", "no/b.zarr"), ("--out", "existing directory")),
    BadInput("run over its scenario", ("run", "a.toml", "--out", "a.toml", "--force"), ("--out", "input")),
    BadInput("run over a directory of one's own", ("run", "a.toml", "--out", "d", "--force"), ("--out", "another path"), {"d": folder, "d/thesis.tex": "years of work"}),
    BadInput("run into a file's place as a directory", ("run", "a.toml", "--out", "x.txt/b.zarr"), ("--out",), {"x.txt": "text"}),
    BadInput("rendering over the run", ("render", "a.zarr", "--out", "a.zarr", "--force"), ("--out", "input"), needs=("a.zarr",)),
    BadInput("rendering at another temperature", ("render", "a.zarr", "--set", "temperature=300"), ("--set", "lto-sim run"), needs=("a.zarr",)),
    BadInput("unknown instrument", ("acquire", "a.zarr", "--instrument", "jem_arm300f2"), ("instrument", "did you mean jem_arm300f2_continuum_k3"), needs=("a.zarr",)),
    BadInput("scenario key for the instrument", ("acquire", "a.zarr", "--set", "temperature=300"), ("--set", "instrument."), needs=("a.zarr",)),
    BadInput("misspelt key of the instrument", ("acquire", "a.zarr", "--set", "instrument.beam.curent=71 pA"), ("beam.curent", "did you mean current"), needs=("a.zarr",)),
    BadInput("scan of a recorded run", ("acquire", "a.zarr", "--set", "instrument.scan.frame_time=1 s"), ("--set", "scan"), needs=("a.zarr",)),
    BadInput("ending of spectra", ("acquire", "a.zarr", "--out", "b.tif"), ("--out", ".hspy"), needs=("a.zarr",)),
    BadInput("seed without noise", ("acquire", "a.zarr", "--expected", "--seed", "1"), ("--seed", "--expected"), needs=("a.zarr",)),
    BadInput("picture of another kind", ("acquire", "a.zarr", "--picture", "b.jpg"), ("--picture", ".png"), needs=("a.zarr",)),
    BadInput("picture that exists", ("inspect", "a_maps.zarr", "--picture", "b.png"), ("--picture", "--force"), {"b.png": "mine"}, ("a_maps.zarr",)),
    BadInput("picture in a missing directory", ("inspect", "a_maps.zarr", "--picture", "no/b.png"), ("--picture", "existing directory"), needs=("a_maps.zarr",)),
    BadInput("unknown quantity", ("quantify", "a_maps.zarr", "--what", "cobalt"), ("--what", "titanium"), needs=("a_maps.zarr",)),
    BadInput("unknown normalisation", ("quantify", "a_maps.zarr", "--normalise", "max"), ("--normalise", "mean_free_path"), needs=("a_maps.zarr",)),
    BadInput("window that is none", ("quantify", "a_maps.zarr", "--window", "30-80"), ("--window",), needs=("a_maps.zarr",)),
    BadInput("one reference alone", ("quantify", "a_maps.zarr", "--li4", "0 s,1 s"), ("--li7",), needs=("a_maps.zarr",)),
    BadInput("lithium's option for titanium", ("quantify", "a_maps.zarr", "--what", "titanium", "--li4", "0 s,1 s"), ("--li4", "lithium"), needs=("a_maps.zarr",)),
    BadInput("titanium's option for lithium", ("quantify", "a_maps.zarr", "--ti4", "460"), ("--ti4",), needs=("a_maps.zarr",)),
    BadInput("profile without width", ("track", "a_maps.zarr", "--profile", "0,0:300 nm,0"), ("--profile", "x0,y0:x1,y1:width"), needs=("a_maps.zarr",)),
    BadInput("profile without units", ("track", "a_maps.zarr", "--profile", "0,50:300,50:80"), ("--profile", "no unit"), needs=("a_maps.zarr",)),
    BadInput("profile off the maps", ("track", "a_maps.zarr", "--profile", "0,50 nm:900 nm,50 nm:80 nm"), ("rofile",), needs=("a_maps.zarr",)),
    BadInput("unknown contact", ("track", "a_maps.zarr", "--contact", "lpss"), ("--contact", "lps"), needs=("a_maps.zarr",)),
    BadInput("count without a contact", ("track", "a_maps.zarr", "--count", "3"), ("--count", "--contact"), needs=("a_maps.zarr",)),
    BadInput("unknown direction", ("track", "a_maps.zarr", "--direction", "sideways"), ("direction", "extraction"), needs=("a_maps.zarr",)),
    BadInput("unknown model", ("track", "a_maps.zarr", "--model", "sigmoid"), ("model", "step"), needs=("a_maps.zarr",)),
    BadInput("drive step that is not there", ("track", "a_maps.zarr", "--step", "9"), ("--step",), needs=("a_maps.zarr",)),
    BadInput("unknown scan", ("track", "a_maps.zarr", "--scan", "columns"), ("--scan",), needs=("a_maps.zarr",)),
    BadInput("unknown definition of k", ("fit", "a_front.zarr", "--k-convention", "3kt"), ("--k-convention", "2kt"), needs=("a_front.zarr",)),
    BadInput("unknown law", ("fit", "a_front.zarr", "--law", "cubic"), ("law", "parabolic"), needs=("a_front.zarr",)),
    BadInput("window of a fit", ("fit", "a_front.zarr", "--window", "late"), ("--window", "auto"), needs=("a_front.zarr",)),
    BadInput("window the wrong way round", ("fit", "a_front.zarr", "--window", "2 s,1 s"), ("window",), needs=("a_front.zarr",)),
    BadInput("window without a point", ("fit", "a_front.zarr", "--window", "100 s,200 s"), ("window",), needs=("a_front.zarr",)),
    BadInput("start time that is none", ("fit", "a_front.zarr", "--start-time", "noon"), ("--start-time",), needs=("a_front.zarr",)),
    BadInput("start deviation without a unit", ("fit", "a_front.zarr", "--start-std", "10"), ("--start-std", "no unit"), needs=("a_front.zarr",)),
    BadInput("rates' option for a front", ("fit", "a_front.zarr", "--own-ea"), ("--own-ea",), needs=("a_front.zarr",)),
    BadInput("front's option for rates", ("fit", "x.csv", "--law", "linear"), ("--law", "rate constants"), {"x.csv": _RATES}),
    BadInput("unknown windows", ("fit", "x.csv", "--windows", "ideal"), ("--windows", "regular_solution"), {"x.csv": _RATES}),
    BadInput("summary over the table", ("fit", "x.csv", "--out", "x.csv", "--force"), ("--out", "input"), {"x.csv": _RATES}),
    BadInput("summary and picture in one", ("fit", "x.csv", "--out", "b.png", "--picture", "b.png"), ("--picture", "--out"), {"x.csv": _RATES}),
    BadInput("option of a fit of maps alone", ("fit", "a_front.zarr", "--tie", "a=b"), ("--tie", "--free"), needs=("a_front.zarr",)),
    BadInput("unknown parameter", ("fit", "a_maps.zarr", "--free", "material.D_Li5.at"), ("material.D_Li5.at",), needs=("a_maps.zarr",)),
    BadInput("parameter twice", ("fit", "a_maps.zarr", "--free", "maps.contrast,maps.contrast"), ("--free", "once"), needs=("a_maps.zarr",)),
    BadInput("start of what is not free", ("fit", "a_maps.zarr", "--free", *_K, "--start", "material.D_Li7.at=1e-15"), ("--start", "free"), needs=("a_maps.zarr",)),
    BadInput("bounds with one value", ("fit", "a_maps.zarr", "--free", *_K, "--bounds", "material.D_Li4.at=1e-15"), ("--bounds", "LOW,HIGH"), needs=("a_maps.zarr",)),
    BadInput("picture of a fit of maps", ("fit", "a_maps.zarr", "--free", *_K, "--picture", "b.png"), ("--picture", "--free"), needs=("a_maps.zarr",)),
    BadInput("unknown nuisance", ("compare", "a.zarr", "a_maps.zarr", "--free", "gain"), ("--free", "contrast"), needs=("a.zarr", "a_maps.zarr")),
    BadInput("pose in two parts", ("compare", "a.zarr", "a_maps.zarr", "--pose", "3 nm,4 nm"), ("--pose",), needs=("a.zarr", "a_maps.zarr")),
    BadInput("rotation without a search", ("compare", "a.zarr", "a_maps.zarr", "--pose", "none", "--free", "rotation"), ("--free", "--pose find"), needs=("a.zarr", "a_maps.zarr")),
    BadInput("comparison over the maps", ("compare", "a.zarr", "a_maps.zarr", "--out", "a_maps.zarr", "--force"), ("--out", "input"), needs=("a.zarr", "a_maps.zarr")),
    BadInput("directory that exists", ("electrical", "a.zarr"), ("--out", "--force"), {"a_electrical": folder}, ("a.zarr",)),
    BadInput("ending of an impedance", ("impedance", "a.zarr", "--out", "b.txt"), ("--out", ".csv"), needs=("a.zarr",)),
    BadInput("frequencies the wrong way round", ("impedance", "a.zarr", "--from", "1 kHz", "--to", "1 Hz"), ("--to",), needs=("a.zarr",)),
    BadInput("angular frequency", ("impedance", "a.zarr", "--from", "1 rad/s"), ("--from", "frequency"), needs=("a.zarr",)),
)  # fmt: skip
