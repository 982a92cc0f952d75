"""The keys that a user writes: each is explained, and a JSON schema takes what the models take."""

from __future__ import annotations

import copy
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from toml_examples import guide_sections, readme_scenario
from typer.testing import CliRunner

from lto_sim.cli import app
from lto_sim.cli.ready import KINDS, ready_file, ready_titles
from lto_sim.errors import InputError
from lto_sim.microscope import Instrument
from lto_sim.scenario import Scenario
from lto_sim.scenario.keys import Key, documented_keys, keys_below

MODELS = {"scenarios": Scenario, "instruments": Instrument}
KEYS = [(kind, key) for kind, model in MODELS.items() for key in documented_keys(model)]


def check(kind: str) -> Any:
    return jsonschema.Draft202012Validator(MODELS[kind].model_json_schema())


def readme_scenarios() -> Iterator[dict[str, Any]]:
    """The scenario of the README, and the sections of the guide that take the place of its own."""
    for sections in ({}, *guide_sections()):
        yield readme_scenario() | sections


@pytest.mark.parametrize(("kind", "key"), KEYS, ids=[f"{kind}-{key.path}" for kind, key in KEYS])
def test_every_key_is_explained(kind: str, key: Key) -> None:
    assert len(key.meaning) > 3
    assert key.meaning[0] != " "
    assert key.allowed
    assert "any" not in key.allowed.split() or key.allowed == "any number"
    if not key.is_table and "list of tables" not in key.allowed:
        assert key.example
        assert key.default or "required" not in key.default


def quantities(node: Any) -> Iterator[dict[str, Any]]:
    """Every place of a schema that takes a quantity."""
    if isinstance(node, dict):
        if "x-quantity" in node:
            yield node
        for part in node.values():
            yield from quantities(part)
    elif isinstance(node, list):
        for part in node:
            yield from quantities(part)


@pytest.mark.parametrize("kind", MODELS)
def test_every_physical_quantity_has_its_unit(kind: str) -> None:
    found = list(quantities(MODELS[kind].model_json_schema()))
    assert len(found) > 20
    for node in found:
        assert node["x-unit"] or node["x-quantity"] == "dimensionless"
    units = {key.path: key.unit for key in documented_keys(MODELS[kind])}
    if kind == "scenarios":
        assert units["specimen.cell"] == "m"
        assert units["drive.N.hold"] == "V"
        assert units["surface.faces.at"] == "m^3/s"
        assert units["profile.N.start"] == "m"
        assert units["title"] == ""


@pytest.mark.parametrize("name", [n for kind in MODELS for n in ready_titles(kind)])
def test_a_ready_file_passes_the_schema(name: str) -> None:
    found = ready_file(name)
    assert found is not None
    check(found[0]).validate(tomllib.loads(found[1]))


def test_the_scenarios_of_the_readme_pass_the_schema() -> None:
    found = list(readme_scenarios())
    assert len(found) == 3
    for mapping in found:
        check("scenarios").validate(mapping)


def tables(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of the tables with keys of the model, not of names."""
    if isinstance(node, dict):
        if path not in {("contacts",), ("grain_boundaries",)}:
            yield path
        for name, part in node.items():
            yield from tables(part, (*path, name))
    elif isinstance(node, list):
        for number, part in enumerate(node):
            yield from tables(part, (*path, number))


@pytest.mark.parametrize("name", ready_titles("scenarios"))
def test_a_misspelt_key_fails_wherever_it_stands(name: str) -> None:
    text = ready_file(name)
    assert text is not None
    mapping, validator = tomllib.loads(text[1]), check("scenarios")
    for path in tables(mapping):
        spoilt = copy.deepcopy(mapping)
        node: Any = spoilt
        for part in path:
            node = node[part]
        node["misspelt"] = 1
        assert not validator.is_valid(spoilt), path


@pytest.mark.parametrize(
    ("path", "value"),
    [("temperature", "warm"), ("temperature", 20.0), ("initial", True), ("material", "lco"), ("seed", 1.5),
     ("drive", {}), ("schema_version", 2), ("specimen", {"cell": "20 nm"})],
)  # fmt: skip
def test_a_wrong_value_fails(path: str, value: object) -> None:
    mapping = next(readme_scenarios())
    assert check("scenarios").is_valid(mapping)
    assert not check("scenarios").is_valid({**mapping, path: value})


def test_what_a_scenario_writes_passes_its_schema() -> None:
    scenario = Scenario.from_dict(next(readme_scenarios()))
    check("scenarios").validate(tomllib.loads(scenario.to_toml()))


@pytest.mark.parametrize(
    ("prefix", "first"),
    [("contacts.lps.k_c", "contacts.NAME.k_c"), ("drive.0.hold", "drive.N.hold"), ("scan", "scan"),
     ("scan.pixels.1", "scan.pixels"), ("drive.3.pitt.until.time", "drive.N.pitt.until.time")],
)  # fmt: skip
def test_keys_are_found_as_they_are_written(prefix: str, first: str) -> None:
    assert keys_below(documented_keys(), prefix)[0].path == first


@pytest.mark.parametrize(
    ("prefix", "hint"),
    [("contact", "did you mean contacts?"), ("contcts.lps.k_c", "did you mean contacts.lps.k_c?"),
     ("k_c", "did you mean contacts.NAME.k_c?"), ("", "lists them all"), ("qqqq", "lists them all")],
)  # fmt: skip
def test_a_key_that_is_not_there_has_a_hint(prefix: str, hint: str) -> None:
    with pytest.raises(InputError, match=re.escape(hint)):
        keys_below(documented_keys(), prefix)


def lto(*words: str) -> str:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    return result.stdout


def test_the_table_has_a_row_for_every_key() -> None:
    lines = lto("schema", "--keys").splitlines()
    assert lines[0].split() == ["key", "unit", "default", "range", "meaning"]
    begun = [line.split()[0] for line in lines if not line.startswith(" ")]
    assert begun[1:] == [key.path for key in documented_keys()]
    (row,) = lto("schema", "specimen.cell").splitlines()[1:]
    assert row.split()[:6] == ["specimen.cell", "m", "2e-08", ">", "0", "and"]
    assert "Largest in-plane cell" in row
    assert json.loads(lto("schema", "seed", "--json"))["keys"][0]["default"] == "0"
    assert "probe" in lto("schema", "beam", "--instrument").lower()
    assert lto("schema", "instrument.beam.current") == lto("schema", "beam.current", "--instrument")


def test_a_ready_file_is_written_with_its_schema_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lto("scenarios", "gitt", "--out", "gitt.toml")
    lto("schema", "--out", "lto_sim.schema.json")
    lines = Path("gitt.toml").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "#:schema lto_sim.schema.json"
    assert lines[1].startswith("# ")
    assert Scenario.from_toml("gitt.toml").title
    schema = json.loads(Path("lto_sim.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(tomllib.loads("\n".join(lines)))


def test_show_is_a_word_for_the_same() -> None:
    assert lto("scenarios", "show", "gitt") == lto("scenarios", "gitt")
    assert "# " in lto("scenarios", "gitt")
    listed = json.loads(lto("scenarios", "--json"))
    assert set(listed) == set(KINDS)
    assert all(entry["title"] for kind in listed for entry in listed[kind])
    refused = CliRunner().invoke(app, ["scenarios", "show"])
    assert refused.exit_code == 2
    assert "one name" in refused.stderr
