"""Sweeps, designs, validation, lists: commands that take a study rather than one run."""

# ruff: noqa: E501 - one case, one line

from __future__ import annotations

from typing import Final

from error_catalogue.kinds import SCENARIO, SWEEP, BadInput
from error_catalogue.making import folder, without

__all__ = ["STUDIES"]

_AXIS: Final = ("--axis", "temperature=60,75 degC")
_VARY: Final = ("--vary", "instrument.beam.current=71,529 pA")

STUDIES: Final = (
    BadInput("missing sweep file", ("sweep", "missing.toml"), ("missing.toml",)),
    BadInput("scenario without axes", ("sweep", "a.toml"), ("--axis",)),
    BadInput("axis without values", ("sweep", "a.toml", "--axis", "temperature="), ("--axis", "path=value,value")),
    BadInput("axis twice", ("sweep", "a.toml", *_AXIS, *_AXIS), ("--axis", "once")),
    BadInput("axis of an unknown key", ("sweep", "a.toml", "--axis", "temprature=60,75 degC"), ("temprature", "did you mean temperature")),
    BadInput("axis of the wrong unit", ("sweep", "a.toml", "--axis", "temperature=60,75 nm"), ("temperature",)),
    BadInput("axis beside a sweep file", ("sweep", "s.toml", *_AXIS), ("--axis", "absent with a sweep file"), {"s.toml": SWEEP}),
    BadInput("output without axes", ("sweep", "s.toml", "--keep", "maps"), ("--keep", "--axis"), {"s.toml": SWEEP}),
    BadInput("unknown output", ("sweep", "a.toml", *_AXIS, "--keep", "movie"), ("movie", "maps")),
    BadInput("unknown engine of a sweep", ("sweep", "a.toml", *_AXIS, "--engine", "spark"), ("engine", "dask")),
    BadInput("scheduler without dask", ("sweep", "a.toml", *_AXIS, "--scheduler", "tcp://x:1"), ("scheduler",)),
    BadInput("no workers", ("sweep", "a.toml", *_AXIS, "--workers", "0"), ("workers",)),
    BadInput("shard that is none", ("sweep", "a.toml", *_AXIS, "--shard", "first"), ("--shard", "i/N")),
    BadInput("shard beyond the last", ("sweep", "a.toml", *_AXIS, "--shard", "5/4"), ("shard",)),
    BadInput("sweep that exists", ("sweep", "a.toml", *_AXIS), ("--out", "--force"), needs=("a_sweep.zarr",)),
    BadInput("misspelt section of a sweep", ("sweep", "s.toml"), ("axis: got", "did you mean axes"), {"s.toml": SWEEP.replace("[axes]", "[axis]")}),
    BadInput("axis of nothing", ("sweep", "s.toml"), ("axes",), {"s.toml": SWEEP.replace('["60 degC", "75 degC"]', "[]")}),
    BadInput("base of a sweep with a misspelt key", ("sweep", "s.toml"), ("temprature", "did you mean temperature"), {"s.toml": SWEEP, "a.toml": SCENARIO.replace("temperature", "temprature")}),
    BadInput("missing sweep", ("status", "missing.zarr"), ("missing.zarr",)),
    BadInput("run for a sweep", ("status", "a.zarr"), ("sweep",), needs=("a.zarr",)),
    BadInput("file for a sweep", ("status", "a.toml"), ("a.toml",)),
    BadInput("following as JSON", ("status", "a_sweep.zarr", "--follow", "--json"), ("--follow", "--json"), needs=("a_sweep.zarr",)),
    BadInput("sweep with junk", ("status", "a_sweep.zarr"), ("a_sweep.zarr",), {"mark": without("a_sweep.zarr", "zarr.json", b"{")}, ("a_sweep.zarr",)),
    BadInput("run to resume", ("resume", "a.zarr"), ("sweep",), needs=("a.zarr",)),
    BadInput("missing sweep to resume", ("resume", "missing.zarr"), ("missing.zarr",)),
    BadInput("another sweep to resume", ("resume", "a_sweep.zarr", "s.toml"), ("SWEEP.toml", "own"), {"s.toml": SWEEP.replace("60", "50")}, ("a_sweep.zarr",)),
    BadInput("scenario to resume by", ("resume", "a_sweep.zarr", "a.toml"), ("leave it out",), needs=("a_sweep.zarr",)),
    BadInput("run to plot", ("plot", "a.zarr", "--of", "k"), ("sweep",), needs=("a.zarr",)),
    BadInput("variable that is not there", ("plot", "a_sweep.zarr", "--of", "Q"), ("--of",), needs=("a_sweep.zarr",)),
    BadInput("path that was not swept", ("plot", "a_sweep.zarr", "--of", "k", "--x", "pressure"), ("--x", "temperature"), needs=("a_sweep.zarr",)),
    BadInput("selection without a value", ("plot", "a_sweep.zarr", "--of", "k", "--select", "temperature"), ("--select", "name=value"), needs=("a_sweep.zarr",)),
    BadInput("selection of what was not run", ("plot", "a_sweep.zarr", "--of", "k", "--select", "temperature=10 degC"), ("--select",), needs=("a_sweep.zarr",)),
    BadInput("ending of a picture", ("plot", "a_sweep.zarr", "--of", "k", "--out", "b.bmp"), ("--out", ".svg"), needs=("a_sweep.zarr",)),
    BadInput("design without settings", ("design", "a.toml"), ("--vary",)),
    BadInput("design of an unknown path", ("design", "a.toml", "--vary", "instrument.beam.curent=71,529 pA"), ("beam.curent",)),
    BadInput("design without a number", ("design", "a.toml", "--vary", "instrument.beam.current=low,high"), ("--vary",)),
    BadInput("design without a scan", ("design", "a.toml", *_VARY), ("scan",), {"a.toml": SCENARIO.partition("[scan]")[0]}),
    BadInput("dose that is none", ("design", "a.toml", *_VARY, "--dose", "5 pA"), ("--dose", "dose"), ),
    BadInput("budget for what", ("design", "a.toml", *_VARY, "--dose-for", "month"), ("--dose-for", "series")),
    BadInput("law of a design", ("design", "a.toml", *_VARY, "--law", "cubic"), ("--law", "parabolic")),
    BadInput("goal of a design", ("design", "a.toml", *_VARY, "--goal", "fame"), ("--goal",)),
    BadInput("ending of a design", ("design", "a.toml", *_VARY, "--out", "b.csv"), ("--out", ".zarr")),
    BadInput("section that is not there", ("validate", "--only", "planr"), ("planr", "did you mean planar")),
    BadInput("no processes", ("validate", "--processes", "0"), ("--processes",)),
    BadInput("schema that exists", ("schema", "--out", "a.toml"), ("--out", "--force")),
    BadInput("schema in a missing directory", ("schema", "--out", "no/s.json"), ("--out", "existing directory")),
    BadInput("unknown key of the schema", ("schema", "contact"), ("KEY", "did you mean contacts")),
    BadInput("unknown ready scenario", ("scenarios", "git"), ("scenario", "did you mean gitt")),
    BadInput("scenario to write without a name", ("scenarios", "--out", "b.toml"), ("--out", "name")),
    BadInput("scenario over a file", ("scenarios", "gitt", "--out", "a.toml"), ("--out", "--force")),
    BadInput("reproduction into a directory of one's own", ("reproduce", "--out", "d", "--force"), ("--out",), {"d": folder, "d/thesis.tex": "years of work"}),
    BadInput("reproduction into a missing directory", ("reproduce", "--out", "no/d"), ("--out", "existing directory")),
    BadInput("reproduction with an unknown key", ("reproduce", "--set", "nonsense=1", "--dry-run"), ("nonsense",)),
    BadInput("reproduction that exists", ("reproduce", "--out", "d"), ("--out", "--force"), {"d": folder}),
)  # fmt: skip
