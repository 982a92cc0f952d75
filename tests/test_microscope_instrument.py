"""The instrument: presets, TOML, units, one line for what is wrong, and spectra in files of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recorded_files import signal
from rsciio.msa import file_writer as write_msa

from lto_sim.errors import InputError
from lto_sim.microscope import PRESETS, Instrument
from lto_sim.microscope.build import read_spectrum, spectrum_model

NEAR = np.linspace(50.0, 130.0, 321)
HUMP = np.where(NEAR < 54.0, 0.0, np.exp(-0.5 * ((NEAR - 62.0) / 6.0) ** 2) + 0.2)
SHORT: dict[str, Any] = {
    "beam": {"energy_spread": 1.5},
    "spectrometer": {"dispersion": 0.25, "channels": 600},
}


def one_line(error: InputError) -> str:
    text = str(error)
    assert "\n" not in text
    assert text.startswith(f"{error.field}: got ")
    return text


@pytest.mark.parametrize("name", PRESETS)
def test_presets_load_and_come_back_from_their_toml(tmp_path: Path, name: str) -> None:
    preset = Instrument.preset(name)
    assert preset.title
    assert Instrument.load(name) == preset
    assert Instrument.load(preset) is preset
    path = tmp_path / "own.toml"
    path.write_text(preset.to_toml(), encoding="utf-8")
    assert Instrument.load(path) == preset
    assert Instrument.load(str(path)).to_toml() == preset.to_toml()
    assert spectrum_model(preset).lattice.channels == preset.spectrometer.channels


def test_presets_are_what_the_papers_say() -> None:
    stem, slit = (Instrument.preset(name) for name in PRESETS)
    assert stem.mode == "stem"
    assert stem.beam.voltage == slit.beam.voltage == 300e3
    assert stem.beam.current == pytest.approx(71e-12, rel=1e-12, abs=0.0)
    assert stem.dose_budget == pytest.approx(5e23, rel=1e-12)
    assert stem.scan.frame_time == 1.5
    assert slit.mode == "sr_tem"
    assert slit.slit is not None
    assert slit.slit.rows * slit.slit.row == pytest.approx(1.88e-6, rel=2e-3)
    assert (slit.slit.exposure, slit.spectrometer.channels) == (30.0, 2048)


def test_an_empty_table_is_the_default_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "empty.toml"
    path.write_text("")
    assert Instrument.from_toml(path) == Instrument() == Instrument.from_dict({})


def keys_of(schema: dict[str, Any], node: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key of a schema with its path, sections followed through their references."""
    for name, entry in node.get("properties", {}).items():
        where = f"{path}.{name}"
        yield where, entry
        for part in [entry, *entry.get("anyOf", []), *entry.get("oneOf", [])]:
            if "$ref" in part:
                section = schema["$defs"][part["$ref"].rpartition("/")[2]]
                yield from keys_of(schema, section, where)


def quantities_of(node: Any) -> Iterator[dict[str, Any]]:
    """Quantities within an entry of a schema, and bare numbers, which should not be there."""
    if isinstance(node, list):
        for part in node:
            yield from quantities_of(part)
    elif isinstance(node, dict):
        if "x-quantity" in node or node.get("type") == "number":
            yield node
        else:
            for part in node.values():
                yield from quantities_of(part)


def test_every_key_is_documented_with_its_unit() -> None:
    schema = Instrument.model_json_schema()
    keys = dict(keys_of(schema, schema, "instrument"))
    assert len(keys) > 45
    assert {"instrument.detector.read_noise", "instrument.slit.row", "instrument.images.adf"} <= set(keys)
    for path, entry in keys.items():
        assert len(entry.get("description", "")) > 3, path
        for quantity in quantities_of({key: part for key, part in entry.items() if key != "default"}):
            assert "x-unit" in quantity, path
            unit = (
                quantity["x-unit"].replace("1/m^2/s", "electrons m-2 s-1").replace("1/m^2", "electrons m-2")
            )
            assert not unit or f"[{unit}]" in entry["description"], path


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("beam.current", "529 pA", 529e-12),
        ("beam.voltage", "200 kV", 2e5),
        ("beam.convergence", "25 mrad", 25e-3),
        ("beam.probe_fwhm", "0.2 nm", 0.2e-9),
        ("beam.energy_spread", "300 meV", 0.3),
        ("spectrometer.dispersion", "0.1 eV", 0.1),
        ("spectrometer.offset", "-0.02 keV", -20.0),
        ("spectrometer.collection", "2 deg", np.deg2rad(2.0)),
        ("detector.tail_width", "1500 meV", 1.5),
        ("scan.frame_time", "1500 ms", 1.5),
        ("drift.velocity.1", "-0.1 nm/s", -1e-10),
        ("images.abf.0", "11 mrad", 11e-3),
        ("dose_budget", "5e3 e/A^2", 5e23),
        ("lithium_loss.dose", "200 e/A^2", 2e22),
        ("spectrum.mean_free_path", "160 nm", 160e-9),
    ],
)
def test_quantities_are_read_with_their_units(path: str, text: str, value: float) -> None:
    found: Any = Instrument().with_values({path: text})
    for part in path.split("."):
        found = found[int(part)] if part.isdigit() else getattr(found, part)
    assert found == pytest.approx(value, rel=1e-12, abs=0.0)


BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "misspelt": ({"beam": {"curent": 1e-10}}, "beam.curent", "did you mean current"),
    "misspelt section": ({"spectrmeter": {}}, "spectrmeter", "did you mean spectrometer"),
    "no table": ({"beam": 300e3}, "beam", "table"),
    "wrong unit": ({"beam": {"current": "5 nm"}}, "beam.current", r"current \[A\]"),
    "unknown unit": ({"beam": {"voltage": "300 kVolts"}}, "beam.voltage", r"potential \[V\]"),
    "not finite": ({"beam": {"current": np.nan}}, "beam.current", "finite"),
    "low voltage": ({"beam": {"voltage": 300}}, "beam.voltage", "300 kV"),
    "no current": ({"beam": {"current": 0.0}}, "beam.current", "> 0 A"),
    "wide angle": ({"beam": {"convergence": 25}}, "beam.convergence", "mrad"),
    "no dispersion": ({"spectrometer": {"dispersion": 0.0}}, "spectrometer.dispersion", "0.0001 eV"),
    "few channels": ({"spectrometer": {"channels": 4}}, "spectrometer.channels", "8"),
    "half a channel": ({"spectrometer": {"channels": 100.5}}, "spectrometer.channels", "whole number"),
    "below zero": ({"spectrometer": {"offset": -500.0}}, "spectrometer.offset", "raise it"),
    "efficiency": ({"detector": {"kind": "counting", "efficiency": 1.2}}, "detector.efficiency", "<= 1"),
    "no kind": ({"detector": {"gain": 2.0}}, "detector.kind", "'counting' or 'ccd'"),
    "wrong kind": ({"detector": {"kind": "cdd"}}, "detector.kind", "did you mean ccd"),
    "other kind": ({"detector": {"kind": "ccd", "efficiency": 0.5}}, "detector.efficiency", "one of"),
    "mode": ({"mode": "tem"}, "mode", "'stem' or 'sr_tem'"),
    "slit with stem": ({"slit": {"rows": 10}}, "slit", "sr_tem"),
    "pixels": ({"scan": {"pixels": [0, 4]}}, "scan.pixels", "1 to 4096"),
    "flyback": ({"scan": {"frame_time": 1.0, "flyback": 1.0}}, "scan.flyback", "shorten"),
    "edges twice": ({"spectrum": {"edges": ["Li-K", "Li-K"]}}, "spectrum.edges", "every edge once"),
    "unknown edge": ({"spectrum": {"edges": ["Li-L"]}}, "spectrum.edges", "Ti-M2,3"),
    "unknown scale": (
        {"spectrum": {"cross_section_scale": {"Li": 2.0}}}, "spectrum.cross_section_scale", "Li-K",
    ),
    "negative scale": (
        {"spectrum": {"cross_section_scale": {"Li-K": -1.0}}}, "spectrum.cross_section_scale.Li-K", ">= 0",
    ),
    "unknown file": ({"spectrum": {"files": {"Li-K": "a.msa"}}}, "spectrum.files", "Li-K Li4"),
    "reference": ({"spectrum": {"reference": "nmc"}}, "spectrum.reference", "'lto' or 'lasgtp'"),
    "formula": ({"spectrum": {"mean_free_path": "egerton"}}, "spectrum.mean_free_path", "iakoubovskii"),
    "path": ({"spectrum": {"mean_free_path": "-1 nm"}}, "spectrum.mean_free_path", "> 0 m"),
    "adf exchanged": ({"images": {"adf": ["200 mrad", "60 mrad"]}}, "images.adf", "exchange"),
    "abf exchanged": ({"images": {"abf": [0.02, 0.01]}}, "images.abf", "exchange"),
    "one angle": ({"images": {"adf": ["60 mrad"]}}, "images.adf", "two entries"),
    "dose": ({"dose_budget": "5e3 e/nm"}, "dose_budget", "e/A"),
    "no dose rate": (
        {"lithium_loss": {"dose": "200 e/A^2", "exponent": 0.5}}, "lithium_loss.dose_rate", "give dose_rate",
    ),
    "no dose": ({"lithium_loss": {}}, "lithium_loss.dose", "required"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_named_in_one_line(name: str) -> None:
    mapping, field, text = BAD[name]
    with pytest.raises(InputError, match=text) as caught:
        Instrument.from_dict(mapping)
    one_line(caught.value)
    assert caught.value.field == f"instrument.{field}"


def test_unknown_presets_and_files_that_are_none_are_named(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("[beam\nvoltage = 3")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00\x01")
    (tmp_path / "bad.toml").write_text('[beam]\nvoltage = "3 V"\n')
    for source, field, text in (
        ("titan", "instrument", "jem_arm300f2_continuum_k3 or hf3300_gif_quantum"),
        (tmp_path / "absent.toml", "instrument", "readable TOML"),
        (tmp_path / "broken.toml", "instrument", "valid TOML"),
        (tmp_path / "binary.toml", "instrument", "valid TOML"),
        (tmp_path / "bad.toml", "instrument.beam.voltage", "300 kV"),
    ):
        with pytest.raises(InputError, match=text) as caught:
            Instrument.load(source)
        one_line(caught.value)
        assert caught.value.field == field, source


def test_values_are_set_at_paths_and_the_rest_stays() -> None:
    first = Instrument.preset(PRESETS[0])
    changed = first.with_values({"beam.current": "529 pA", "images.adf.0": 0.07, "spectrum.edges": ["Li-K"]})
    assert changed.beam.current == pytest.approx(529e-12, rel=1e-12, abs=0.0)
    assert changed.images.adf == (0.07, 0.2)
    assert changed.spectrum.edges == ("Li-K",)
    assert first.beam.current == pytest.approx(71e-12, rel=1e-12, abs=0.0)
    back = changed.with_values(
        {"beam.current": "71 pA", "images.adf.0": 0.06, "spectrum.edges": list(first.spectrum.edges)}
    )
    assert back == first
    scaled = first.with_values({"spectrum.cross_section_scale.Ti-M2,3": 0.5, "lithium_loss.dose": 1e22})
    assert scaled.spectrum.cross_section_scale == {"Ti-M2,3": 0.5}
    assert scaled.lithium_loss is not None
    for path, value in (("beam.curent", 1.0), ("beam.current.low", 1.0), ("images.adf.2", 0.1)):
        with pytest.raises(InputError) as caught:
            first.with_values({path: value})
        one_line(caught.value)
        assert caught.value.field == f"instrument.{path}"


def test_the_energy_axis_is_that_of_the_channels() -> None:
    chosen = Instrument.from_dict({"spectrometer": {"offset": -5.0, "dispersion": 0.25, "channels": 400}})
    np.testing.assert_allclose(chosen.energy_loss, -5.0 + 0.25 * np.arange(400), atol=1e-12)
    assert chosen.last_loss == pytest.approx(94.75)
    np.testing.assert_allclose(spectrum_model(chosen).energy_loss, chosen.energy_loss, atol=1e-9)


def write(path: Path, energy: np.ndarray, values: np.ndarray) -> str:
    axis = ("Energy loss", float(energy[1] - energy[0]), float(energy[0]), "eV")
    write_msa(path, signal(values, axis, signal_type="EELS"))
    return str(path)


def test_files_are_found_beside_the_toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "microscope"
    (folder / "spectra").mkdir(parents=True)
    write(folder / "spectra" / "own.msa", NEAR, HUMP)
    absolute = write(tmp_path / "other.msa", NEAR, HUMP)
    path = folder / "own.toml"
    path.write_text(f'[spectrum.files]\n"Li-K Li4" = "spectra/own.msa"\n"Li-K Li7" = "{absolute}"\n')
    monkeypatch.chdir(tmp_path)
    for source in (path, Path("microscope/own.toml")):
        files = Instrument.from_toml(source).spectrum.files
        assert files == {"Li-K Li4": str(folder / "spectra" / "own.msa"), "Li-K Li7": absolute}
    energy, values = read_spectrum(files["Li-K Li4"], "file")
    np.testing.assert_allclose(energy, NEAR, atol=1e-3)
    np.testing.assert_allclose(values, HUMP, atol=1e-5)
    spectrum_model(Instrument.from_toml(path))


BAD_FILES: dict[str, tuple[np.ndarray, np.ndarray, str]] = {
    "short.msa": (NEAR[:50], HUMP[:50], "covers the edge"),
    "late.msa": (NEAR + 20.0, HUMP, "covers the edge"),
    "negative.msa": (NEAR, HUMP - 0.5, "background"),
    "dark.msa": (NEAR, 0.0 * HUMP, "background"),
    "holes.msa": (NEAR, np.where(NEAR > 100.0, np.nan, HUMP), "finite"),
}


@pytest.mark.parametrize("name", [*BAD_FILES, "channels.npy", "missing.msa"])
def test_own_edges_that_cannot_be_used_are_named(tmp_path: Path, name: str) -> None:
    path, text = tmp_path / name, "calibrate it in eV|an existing file"
    if name in BAD_FILES:
        energy, values, text = BAD_FILES[name]
        write(path, energy, values)
    elif name == "channels.npy":
        np.save(path, HUMP)
    with pytest.raises(InputError, match=text) as caught:
        spectrum_model(Instrument.from_dict({**SHORT, "spectrum": {"files": {"Li-K Li4": str(path)}}}))
    one_line(caught.value)
    assert caught.value.field == "instrument.spectrum.files.Li-K Li4"


@pytest.mark.parametrize(
    ("energy", "values"),
    [(NEAR, HUMP - 0.5), (NEAR - 60.0, HUMP), (NEAR, 0.0 * HUMP)],
    ids=["negative", "before zero", "dark"],
)
def test_own_plasmons_that_cannot_be_used_are_named(
    tmp_path: Path, energy: np.ndarray, values: np.ndarray
) -> None:
    path = write(tmp_path / "plasmon.msa", energy, values)
    with pytest.raises(InputError) as caught:
        spectrum_model(Instrument.from_dict({**SHORT, "spectrum": {"files": {"plasmon": path}}}))
    one_line(caught.value)
    assert caught.value.field == "instrument.spectrum.files.plasmon"


@pytest.mark.parametrize("edge", ["Ti-M2,3", "Ti-M1", "O-K"])
def test_a_file_that_is_given_is_used_or_refused(tmp_path: Path, edge: str) -> None:
    # O-K is none of the edges of this instrument; the others have no hydrogenic cross-section
    energy = np.arange(20.0, 200.0, 0.25)
    path = write(tmp_path / "own.msa", energy, np.exp(-(((energy - 70.0) / 20.0) ** 2)))
    without = spectrum_model(Instrument.from_dict(SHORT)).parts["Li4"]
    mapping = {**SHORT, "spectrum": {"files": {f"{edge} Li4": path}}}
    if edge in without:
        own = spectrum_model(Instrument.from_dict(mapping)).parts["Li4"]
        assert not np.array_equal(own[edge], without[edge])
    else:
        with pytest.raises(InputError, match=edge):
            spectrum_model(Instrument.from_dict(mapping))


def test_another_kind_of_detector_leaves_the_keys_of_the_first_behind() -> None:
    ccd = Instrument.preset(PRESETS[0]).with_values({"detector.kind": "ccd", "detector.gain": 2.0})
    assert (ccd.detector.kind, ccd.detector.gain) == ("ccd", 2.0)
    assert len({ccd, Instrument.preset(PRESETS[0]), Instrument.preset(PRESETS[0])}) == 2
