"""Tables of rate constants with labels, and what `lto-sim fit` makes of them."""

import json
import math

import numpy as np
import pytest

from lto_sim.cli.fit_rates import fit_rates
from lto_sim.constants import BOLTZMANN, ELEMENTARY_CHARGE
from lto_sim.errors import InputError
from lto_sim.files import read_table, to_json, write_table
from lto_sim.kinetics import published_Ea, published_table

PER_EV = ELEMENTARY_CHARGE / BOLTZMANN
CELSIUS = (30, 45, 60, 75, 90, 105)
HEADER = "temperature [degC], k [cm2/s], k_std [cm2/s], particle, profile, direction, repeat\n"


def rates(particles="ABCD", directions=("extraction",), *, seed=1, loss=0.0):
    """Text of a table; every particle has two profiles, and 90 degC again at the end."""
    rng = np.random.default_rng(seed)
    rows = []
    for direction in directions:
        Ea, ln_k0 = (0.49, math.log(6e-3)) if direction == "extraction" else (0.59, math.log(2.3e-3))
        for particle in particles:
            shared = 0.2 * rng.standard_normal()
            for profile in (1, 2):
                own = shared + 0.1 * rng.standard_normal()
                for repeat, celsius in enumerate((*CELSIUS, 90)):
                    again = math.log1p(-loss) if repeat == 6 else 0.0
                    k = math.exp(
                        ln_k0 - Ea * PER_EV / (celsius + 273.15) + own + again + 0.05 * rng.standard_normal()
                    )
                    rows.append(
                        f"{celsius}, {k:.8g}, {0.02 * k:.8g}, {particle}, {profile}, {direction}, {repeat}\n"
                    )
    return HEADER + "".join(rows)


def fitted(tmp_path, text, **options):
    path = tmp_path / "rates.csv"
    path.write_text(text, encoding="utf-8")
    table = read_table(path)
    assert table.layout == "rates"
    summary, lines = fit_rates(table.columns, table.labels, **options)
    assert json.loads(to_json(summary))["fit"] == "activation energy"
    assert all(isinstance(value, str) and "\n" not in value for value in lines.values())
    return summary, lines


def test_labels_are_text_and_numbers_are_si(tmp_path):
    path = tmp_path / "rates.csv"
    path.write_text(
        "direction, temperature [degC], particle, k [cm2/s], dose [e/A^2]\n"
        "Extraction, 30, large one, 1e-12, 0\ninsertion, 45, 2, 3e-12, 5000\ninsertion, 60, 2, 7e-12, 1e4\n",
        encoding="utf-8",
    )
    table = read_table(path)
    assert table.labels == {
        "direction": ("extraction", "insertion", "insertion"), "particle": ("large one", "2", "2"),
    }  # fmt: skip
    np.testing.assert_allclose(table.columns["k"], [1e-16, 3e-16, 7e-16])
    np.testing.assert_allclose(table.columns["dose"], [0.0, 5e23, 1e24])
    assert set(table.columns) == {"temperature", "k", "dose"}


def test_a_table_with_labels_is_written_as_it_is_read(tmp_path):
    (tmp_path / "a.csv").write_text(rates().replace(", A,", ', "A, first",'), encoding="utf-8")
    table = read_table(tmp_path / "a.csv")
    assert table.labels["particle"][0] == "A, first"
    write_table(tmp_path / "b.csv", table.layout, table.columns, labels=table.labels)
    again = read_table(tmp_path / "b.csv")
    assert again.labels == table.labels
    for name, values in table.columns.items():
        np.testing.assert_allclose(again.columns[name], values, rtol=1e-11)
    with pytest.raises(InputError, match="labels among labels"):
        write_table(tmp_path / "c.csv", "rates", dict(table.columns) | {"particle": np.ones(56)})
    with pytest.raises(InputError, match="one length"):
        write_table(tmp_path / "c.csv", "rates", table.columns, labels={"particle": ["A"]})
    with pytest.raises(InputError, match="extraction or insertion"):
        write_table(tmp_path / "c.csv", "rates", table.columns, labels={"direction": ["charge"] * 56})
    assert not (tmp_path / "c.csv").exists()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("particle", "particle [nm]", "has no unit"),
        (", A, 1, extraction, 0", ", , 1, extraction, 0", "name or a number"),
        (", A, 1, extraction, 0", ", A, 1, charge, 0", "extraction or insertion"),
        (", A, 1, extraction, 0", ", A, 1, extraction, first", "column repeat"),
        ("k_std [cm2/s]", "k_std [m]", "column k_std"),
        ("temperature [degC]", "temperature", "header with a unit"),
        ("k [cm2/s]", "k [cm/s]", "column k"),
        ("30, ", "30, -", "column k"),
    ],
)
def test_tables_that_cannot_be_used_are_refused_in_one_line(tmp_path, old, new, words):
    path = tmp_path / "rates.csv"
    path.write_text(rates().replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_table(path)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_particles_and_profiles_are_parameters(tmp_path):
    summary, lines = fitted(tmp_path, rates())
    low, high = summary["Ea_interval_eV"]
    assert low < 0.49 < high
    assert summary["Ea_eV_std"] < 0.006
    found = {entry["name"]: entry["std"] for entry in summary["components"]}
    assert list(found) == ["particle", "profile", "temperature", "residual"]
    assert found["residual"] == pytest.approx(0.05, abs=0.02)
    assert summary["measurement_std"] == pytest.approx(0.02)
    assert summary["weighting"] == "absolute"
    assert summary["direction"] == "extraction"
    assert [round(row["temperature_degC"]) for row in summary["leave_one_out"]] == list(CELSIUS)
    assert "without" in lines["one temperature left out"]
    assert "in ln k (4 groups)" in lines["scatter between particles"]
    assert summary["one_Ea_p_value"] > 0.01


@pytest.mark.parametrize(("loss", "agrees"), [(0.0, True), (0.3, False)])
def test_repeats_tell_damage(tmp_path, loss, agrees):
    summary, lines = fitted(tmp_path, rates(loss=loss))
    assert len(summary["repeats"]) == 8
    assert summary["repeats"][0]["name"] == "particle A profile 1"
    assert round(summary["repeats"][0]["temperature_degC"]) == 90
    assert (summary["drift"]["p_value"] > 0.05) == agrees
    assert summary["drift"]["per"] == "repeat"
    assert "of k per repeat" in lines["drift"]


def test_the_dose_takes_the_place_of_the_order(tmp_path):
    lines = rates(loss=0.3).splitlines()
    text = f"{lines[0]}, dose [e/A^2]\n" + "".join(
        f"{line}, {5e3 if line.endswith('6') else 0}\n" for line in lines[1:]
    )
    drift = fitted(tmp_path, text)[0]["drift"]
    assert drift["per"] == "e/A^2"
    assert 5e3 * drift["value"] == pytest.approx(math.log(0.7), abs=0.1)


def test_both_directions_in_one_table(tmp_path):
    text = rates(directions=("extraction", "insertion"))
    summary, lines = fitted(tmp_path, text, windows="regular_solution")
    assert list(summary["directions"]) == ["extraction", "insertion"]
    low, high = summary["difference"]["interval_eV"]
    assert low < 0.10 < high
    for name, Ea in (("extraction", 0.49), ("insertion", 0.59)):
        found = summary["directions"][name]
        assert found["Ea_interval_eV"][0] < Ea < found["Ea_interval_eV"][1]
        assert found["diffusivity"]["Ea_k_less_Ea_D_eV"] == pytest.approx(0.125, abs=0.02)
        assert len(found["repeats"]) == 8
        assert f"{name}: Ea" in lines
    assert "Ea(insertion) - Ea(extraction)" in lines
    assert summary["directions"]["insertion"]["diffusivity"]["phase"] == "Li7"


def test_a_table_without_labels_is_fitted_as_before(tmp_path):
    kelvin = np.array([303.15, 333.15, 363.15, 378.15])
    k = 1e-10 * np.exp(-0.5 * PER_EV / kelvin)
    summary, _ = fit_rates({"temperature": kelvin, "k": k, "k_std": 0.05 * k})
    assert summary["Ea_eV"] == pytest.approx(0.5, rel=1e-9)
    assert (summary["dof"], summary["weighting"], summary["level"]) == (2, "absolute", 0.95)
    assert summary["k0_m2_s"] == pytest.approx(1e-10, rel=1e-8)
    relative, lines = fit_rates({"temperature": kelvin, "k": k, "k_std": 0.05 * k}, absolute_sigma=False)
    assert relative["weighting"] == "relative"
    assert relative["Ea_eV_std"] < 1e-6
    assert "components" not in relative
    assert "repeats" not in relative
    assert lines["Ea"].startswith("0.5000 +- ")


@pytest.mark.parametrize("direction", ["extraction", "insertion"])
def test_the_published_table(direction):
    data = published_table(direction)
    columns = {"temperature": data.temperature, "k": data.k, "k_std": data.k_std}
    labels = {"direction": (direction,) * 6}
    summary, lines = fit_rates(columns, labels, bars_over_particles=data.particles, windows="constant")
    low, high = summary["Ea_interval_eV"]
    assert low < published_Ea[direction] < high
    assert summary["weighting"] == f"scatter over {data.particles} particles"
    assert summary["bar_std"] ** 2 == pytest.approx(summary["shared_std"] ** 2 + summary["own_std"] ** 2)
    assert "what a particle has at all temperatures alike moves k0" in lines["note 1"]
    assert abs(summary["diffusivity"]["Ea_k_less_Ea_D_eV"]) < 0.01


def test_both_published_tables_differ():
    both = [published_table(name) for name in ("extraction", "insertion")]
    columns = {
        name: np.concatenate([getattr(data, name) for data in both]) for name in ("temperature", "k", "k_std")
    }
    labels = {"direction": ("extraction",) * 6 + ("insertion",) * 6}
    summary, _ = fit_rates(columns, labels, bars_over_particles=3)
    assert summary["difference"]["Ea_eV"] == pytest.approx(0.097, abs=0.001)
    assert summary["difference"]["interval_eV"][0] > 0.0


def test_one_particle_falls_back_and_says_so(tmp_path):
    summary, lines = fitted(tmp_path, rates("A"))
    assert any("one particle only" in note for note in summary["notes"])
    assert any("one particle only" in value for value in lines.values())
    assert [entry["name"] for entry in summary["components"]] == ["profile", "temperature", "residual"]
    assert summary["one_Ea_p_value"] is None


def test_a_robust_fit_names_the_points(tmp_path):
    lines = rates().splitlines(keepends=True)
    cells = lines[6].split(", ")
    lines[6] = ", ".join(
        [cells[0], f"{20.0 * float(cells[1]):.6g}", f"{0.4 * float(cells[1]):.6g}", *cells[3:]]
    )
    summary, shown = fitted(tmp_path, "".join(lines), robust=True)
    assert summary["weights"][5] < 0.2
    assert "105" in shown["points moved to the line"]
    assert summary["Ea_eV"] == pytest.approx(0.49, abs=0.02)


@pytest.mark.parametrize(
    ("columns", "labels", "options", "words"),
    [
        ({"temperature": [300.0] * 4, "k": [1.0] * 4}, {}, {}, "second temperature"),
        ({"temperature": [300.0, 310.0], "k": [1.0, 2.0]}, {}, {}, "add temperatures"),
        ({"temperature": [300.0, 310.0, 320.0], "k": [1.0, 0.0, 2.0]}, {}, {}, "k: got"),
        ({"k_std": [1e4, 2e4, 3e4]}, {}, {}, "units of their headers"),
        ({}, {}, {"windows": "constant"}, "column direction"),
        ({}, {"direction": ("extraction",) * 3}, {"windows": "ideal"}, "windows"),
        ({}, {}, {"own_Ea": True}, "labels of particles"),
        ({}, {}, {"bars_over_particles": 4}, "give the bars"),
        ({}, {"direction": ("extraction", "extraction", "insertion")}, {}, "three points"),
    ],
)
def test_bad_rates_are_one_clear_line(columns, labels, options, words):
    good = {"temperature": [300.0, 310.0, 320.0], "k": [1.0, 2.0, 3.0]} | columns
    with pytest.raises(InputError) as caught:
        fit_rates({name: np.array(values) for name, values in good.items()}, labels, **options)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
