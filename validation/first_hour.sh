#!/usr/bin/env bash
# The first hour of three people, as they would type it: a microscopist with maps as a TIFF stack, a modeller who
# changes a scenario, and someone who works in Python. Everything happens in a new directory; no network is used.
#
#     bash validation/first_hour.sh [DIRECTORY]
#
# What each made lies in DIRECTORY/microscopist, modeller, python (a temporary directory unless given).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=${1:-$(mktemp -d "${TMPDIR:-/tmp}/lto_sim_first_hour.XXXXXX")}
mkdir -p "$work"/microscopist "$work"/modeller "$work"/python
commands=0

type_in() { # what the user types, with the time it took
    commands=$((commands + 1))
    printf '\n$ %s\n' "$(printf '%q ' "$@")"
    local before=$SECONDS
    "$@"
    printf '(%d s)\n' $((SECONDS - before))
}

has() { [ -s "$1" ] || { echo "FAILED: $1 is not there"; exit 1; }; }

printf '== the recording that the microscopist brings: Li fractions, 1.5 s a frame, pixels of 25 nm\n'
cd "$work/microscopist"
python - <<'PYTHON'
import json

import numpy as np
import tifffile

import lto_sim as lto
from lto_sim.kinetics.corrections import true_rate
from lto_sim.scenario.ready import ready_scenario

values = {"temperature": "30 degC", "drive.0.until.time": "165 s", "scan.frame_time": "1.5 s"}
scenario = ready_scenario("planar_extraction").with_values(values)
maps = lto.render_maps(lto.simulate(scenario), noise=0.1, rng=11)
tifffile.imwrite("recorded.tif", maps["li_fraction"].values.astype(np.float32))
with open("../put_in.json", "w", encoding="utf-8") as file:
    json.dump({"k_m2_s": true_rate(scenario).k}, file)
PYTHON
has recorded.tif

printf '\n== (a) a microscopist: from the stack and the frame time to k and a report\n'
commands=0
scale=(--frame-time "1.5 s" --pixel "25 nm")
type_in lto-sim inspect recorded.tif
type_in lto-sim track recorded.tif "${scale[@]}" --profile "0 nm,400 nm:1300 nm,400 nm:600 nm"
type_in lto-sim fit recorded_front.zarr --out recorded_fit.json
type_in lto-sim report .
has report.html
[ "$commands" -le 5 ] || { echo "FAILED: $commands commands"; exit 1; }
python - <<'PYTHON'
import json

fit = json.load(open("recorded_fit.json", encoding="utf-8"))
put_in = json.load(open("../put_in.json", encoding="utf-8"))["k_m2_s"]
low, high = fit["k_interval_m2_s"]
off = (fit["k_m2_s"] - put_in) / fit["k_std_m2_s"]
print(f"k = {fit['k_m2_s']:.3e} m2/s, 95 %: {low:.3e} to {high:.3e}; put in {put_in:.3e}, {off:+.1f} deviations away")
if abs(off) > 4.0 or not low < high:
    raise SystemExit("FAILED: k is not what was put in")
PYTHON

printf '\n== (b) a modeller: a ready scenario changed, run, compared, as a movie\n'
cd "$work/modeller"
type_in lto-sim scenarios core_shell --out as_it_is.toml
sed 's/^title = .*/title = "Faces that conduct a hundred times less"/; s/8.2e-22/8.2e-24/' as_it_is.toml >changed.toml
type_in lto-sim run as_it_is.toml
type_in lto-sim run changed.toml
type_in lto-sim render as_it_is.zarr
type_in lto-sim compare changed.zarr as_it_is_maps.zarr --picture compared.png
type_in lto-sim movie changed_comparison.zarr
has compared.png
has changed_comparison_movie.mp4
has changed_comparison_movie.gif

printf '\n== (c) in Python: the notebooks that come first\n'
cd "$work/python"
for notebook in "$root"/notebooks/0[12]_*.ipynb; do
    type_in python - "$notebook" <<'PYTHON'
import json, sys

import matplotlib

matplotlib.use("Agg")
cells = json.load(open(sys.argv[1], encoding="utf-8"))["cells"]
names = {}
for cell in cells:
    if cell["cell_type"] == "code":
        exec("".join(line for line in cell["source"] if not line.startswith("%")), names)
PYTHON
done

printf '\nthe first hour went well: %s\n' "$work"
