"""How results are cited: the package as CITATION.cff has it, and the sources that a result rests on."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import xarray as xr
import yaml

from lto_sim import provenance
from lto_sim.errors import InputError
from lto_sim.materials import sourced_numbers
from lto_sim.microscope import Instrument
from lto_sim.provenance import attributes, cite
from lto_sim.scenario import Scenario

CFF = Path(__file__).parents[1] / "CITATION.cff"
SCENARIO: dict[str, Any] = {
    "material": "lto",
    "temperature": "75 degC",
    "initial": 1.0,
    "specimen": {
        "outline": {"shape": "rectangle", "width": "1 um", "height": "0.5 um"},
        "thickness": "150 nm",
        "cell": "50 nm",
    },
    "contacts": {"lps": {"where": {"side": "left"}, "law": "equilibrium"}},
    "drive": [{"hold": "1.6 V", "until": {"time": "1 s"}}],
}


def scenario(**changes: Any) -> Scenario:
    return Scenario.from_dict(SCENARIO).with_values({k.replace("__", "."): v for k, v in changes.items()})


def keys(text: str) -> list[str]:
    return re.findall(r"^@\w+\{(\w+),$", text, flags=re.MULTILINE)


def test_the_package_is_cited_as_in_citation_cff() -> None:
    known = yaml.safe_load(CFF.read_text(encoding="utf-8"))
    entry = cite(style="bibtex").partition("\n\n")[0]
    fields = dict(re.findall(r"  (\w+) = \{(.*)\},?$", entry, flags=re.MULTILINE))
    assert fields == {
        "author": " and ".join(f"{{{author['name']}}}" for author in known["authors"]),
        "title": f"{{{known['title']}}}",
        "version": known["version"],
        "license": known["license"],
    }
    assert entry.startswith("@software{lto_sim,")
    assert known["title"] in provenance.CITATION
    assert known["version"] == provenance.package_version()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({}, ["jost1952", "brugnano2008", "alexander1977"]),
        ({"numerics__engine": "fipy"}, ["jost1952", "guyer2009"]),
        ({"numerics__time_order": 1}, ["jost1952", "brugnano2008"]),
        ({"numerics__stepper": "super_time_stepping"}, ["jost1952", "meyer2014"]),
        (
            {"material__windows": "regular_solution"},
            ["jost1952", "vasileiadis2018", "brugnano2008", "alexander1977"],
        ),
        (
            {"contacts__lps": {**SCENARIO["contacts"]["lps"], "law": "linear", "k_c": "1e-8 m/s"}},
            ["jost1952", "deal1965", "brugnano2008", "alexander1977"],
        ),
    ],
)
def test_a_scenario_names_what_it_rests_on(changes: dict[str, Any], named: list[str]) -> None:
    assert keys(cite(scenario(**changes), "bibtex")) == ["lto_sim", "experiment", *named]


def test_a_result_names_its_steps_its_instrument_and_its_scenario_once() -> None:
    run = attributes("run", "simulate", scenario(numerics__engine="fipy").to_toml())
    counts = {
        **attributes("counts", "acquire counts", previous=run),
        "instrument": Instrument.preset("jem_arm300f2_continuum_k3").to_toml(),
    }
    maps = xr.Dataset(attrs=attributes("maps", "quantify_titanium position=maximum", previous=counts))
    assert keys(cite(xr.Dataset(attrs=counts), "bibtex")) == [
        "lto_sim", "experiment", "jost1952", "guyer2009", "egerton2011", "iakoubovskii2008",
    ]  # fmt: skip
    assert "yamamoto2014" in keys(cite(maps, "bibtex"))
    assert keys(cite(xr.Dataset(attrs=attributes("maps", "maps_from_array")), "bibtex")) == ["lto_sim"]
    spectra = xr.Dataset(attrs=attributes("spectra", "from_hyperspy"))
    assert keys(cite(spectra, "bibtex")) == ["lto_sim", "hyperspy"]


def test_every_number_of_the_material_comes_with_its_origin_or_is_said_to_be_set() -> None:
    text = cite(scenario())
    sources = {n.source for n in sourced_numbers("lto") if "regular_solution" not in n.path}
    assert all(source in text for source in sources)
    assert "set by the scenario" not in text
    changed = cite(scenario(material__D_Li7__Ea="0.7 eV"))
    assert "D_Li7.Ea: set by the scenario" in changed
    assert "D_Li7.at: 6.620e-16 m^2/s, chosen" in changed


def test_apa_and_text_say_who_what_where_and_when() -> None:
    fipy = scenario(numerics__engine="fipy")
    assert (
        "Guyer, J. E., Wheeler, D., & Warren, J. A. (2009). FiPy: partial differential equations with "
        "Python. Comput. Sci. Eng. 11, 6. https://doi.org/10.1109/MCSE.2009.52"
    ) in cite(fipy, "apa").splitlines()
    assert (
        "J. E. Guyer, D. Wheeler and J. A. Warren, FiPy: partial differential equations with Python, "
        "Comput. Sci. Eng. 11 (2009) 6, doi:10.1109/MCSE.2009.52"
    ) in cite(fipy).splitlines()
    assert repr(cite()) == str(cite())


def test_references_are_complete() -> None:
    known = tomllib.loads((resources.files("lto_sim") / "references.toml").read_text(encoding="utf-8"))
    for key, entry in known.items():
        assert entry["kind"] in {"article", "book", "software", "misc"}, key
        assert entry["title"], key
        assert entry["use"], key
        if entry["kind"] == "article":
            assert {"authors", "journal", "pages", "year"} <= set(entry), key
            assert str(entry["year"]) in key, key


@pytest.mark.parametrize("source", [3, "run.zarr", xr.Dataset(), {"lto_sim_version": "1"}])
def test_what_carries_no_provenance_is_refused(source: object) -> None:
    with pytest.raises(InputError, match="source"):
        cite(source)


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(InputError, match="style"):
        cite(style="mla")  # type: ignore[arg-type]


def test_citing_needs_no_heavy_import() -> None:
    code = "import sys; from lto_sim.provenance import cite; cite(); print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"numpy", "xarray", "numba", "pint", "scipy"}.isdisjoint(done.stdout.split())
