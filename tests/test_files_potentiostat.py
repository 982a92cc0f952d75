"""Potentiostat files: EC-Lab's text in its variants, plain tables, and one line for what cannot be used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lto_sim.errors import InputError
from lto_sim.files import read_potentiostat

TIME = 0.5 * np.arange(40)
CURRENT = 2e-6 * np.exp(-TIME / 5.0) * np.where(TIME < 10.0, 1.0, -1.0)
POTENTIAL = np.where(TIME < 10.0, 1.6, 0.4)
CHARGE = np.cumsum(CURRENT) * 0.5


def mpt(
    columns: tuple[str, ...] = (
        "mode",
        "Ns",
        "time/s",
        "control/V",
        "Ewe/V",
        "<I>/mA",
        "(Q-Qo)/mA.h",
        "cycle number",
    ),
    comma: bool = False,
    started: str = "10/17/2023 11:05:00.250",
    header: bool = True,
) -> str:
    """Return what EC-Lab exports; a tab ends every row."""
    values = {
        "mode": TIME * 0 + 2, "Ns": (TIME >= 10.0) * 1.0, "time/s": TIME, "control/V": POTENTIAL,
        "Ewe/V": POTENTIAL, "<I>/mA": CURRENT * 1e3, "I/mA": CURRENT * 1e3, "I/A": CURRENT,
        "(Q-Qo)/mA.h": CHARGE / 3.6, "(Q-Qo)/C": CHARGE, "cycle number": TIME * 0, "Ewe/mV": POTENTIAL * 1e3,
    }  # fmt: skip
    top = [
        "EC-Lab ASCII FILE",
        "Nb header lines : {n}                          ",
        "",
        "Chronoamperometry / Chronocoulometry",
        "",
        "Run on channel : 1 (SN 24152)",
        f"Acquisition started on : {started}",
        "Electrode surface area : 0.001 cm²",
        "Ei (V)              1.600               0.400               ",
        "",
    ]
    lines = ([*top, "\t".join(columns) + "\t"]) if header else ["\t".join(columns) + "\t"]
    lines = [line.replace("{n}", str(len(lines))) for line in lines]
    for row in range(TIME.size):
        cells = [f"{values[column][row]:.15E}" for column in columns]
        lines.append("\t".join(cells).replace(".", "," if comma else ".") + "\t")
    return "\r\n".join(lines) + "\r\n"


def write(path: Path, text: str, encoding: str = "latin-1") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("comma", [False, True])
def test_what_ec_lab_exports(tmp_path: Path, comma: bool) -> None:
    path = write(tmp_path / "a.mpt", mpt(comma=comma))
    series = read_potentiostat(path)
    np.testing.assert_allclose(series["time"], TIME, rtol=1e-14)
    np.testing.assert_allclose(series["current"], CURRENT, rtol=1e-14)
    np.testing.assert_allclose(series["potential"], POTENTIAL, rtol=1e-14)
    np.testing.assert_allclose(series["charge"], CHARGE, rtol=1e-13)
    assert {name: series[name].attrs["units"] for name in series.variables} == {
        "time": "s", "current": "A", "potential": "V", "charge": "C",
    }  # fmt: skip
    assert all(series[name].attrs["long_name"] for name in series.variables)
    assert series.attrs == {"source": str(path), "start_time": "2023-10-17T11:05:00.250000"}
    assert float(series["current"][0]) > 0.0  # oxidation at 1.6 V


@pytest.mark.parametrize(
    "columns",
    [
        ("time/s", "Ewe/V", "I/mA"),
        ("time/s", "I/A", "Ewe/mV", "(Q-Qo)/C"),
        ("time/s", "Ewe/V", "I/mA", "<I>/mA"),
    ],
)
def test_columns_of_other_names_and_units(tmp_path: Path, columns: tuple[str, ...]) -> None:
    series = read_potentiostat(write(tmp_path / "a.mpt", mpt(columns)))
    np.testing.assert_allclose(series["current"], CURRENT, rtol=1e-13)
    np.testing.assert_allclose(series["potential"], POTENTIAL, rtol=1e-13)
    assert ("charge" in series) == ("(Q-Qo)/C" in columns)


def test_a_file_without_the_settings_and_one_that_says_another_date(tmp_path: Path) -> None:
    series = read_potentiostat(write(tmp_path / "a.mpt", mpt(header=False)))
    np.testing.assert_allclose(series["current"], CURRENT, rtol=1e-13)
    assert "start_time" not in series.attrs
    series = read_potentiostat(write(tmp_path / "b.mpt", mpt(started="10.17.2023 11:05:00")))
    assert series.attrs["start_time"] == "2023-10-17T11:05:00"
    assert "start_time" not in read_potentiostat(write(tmp_path / "c.mpt", mpt(started="noon"))).attrs


def test_times_of_day_become_seconds(tmp_path: Path) -> None:
    rows = "\n".join(f"10/17/2023 11:05:{2 * n:02d}.5000\t1,5\t-2,0" for n in range(5))
    text = f"EC-Lab ASCII FILE\nNb header lines : 3\ntime/s\tEwe/V\tI/mA\n{rows}\n"
    series = read_potentiostat(write(tmp_path / "a.mpt", text))
    np.testing.assert_allclose(series["time"], 2.0 * np.arange(5))
    np.testing.assert_allclose(series["current"], -2e-3)
    assert series.attrs["start_time"] == "2023-10-17T11:05:00.500000"


CSV = {
    "brackets": "# start: 2024-05-06T07:08:09\ntime [min], current [uA], potential [mV], charge [mC]\n",
    "round": "Time (min);Current (µA);Voltage (mV);Charge (mC)\n",
    "slash": "t/min\tI/uA\tE/mV\tQ/mC\n",
}


@pytest.mark.parametrize("name", CSV)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_plain_tables(tmp_path: Path, name: str, encoding: str) -> None:
    header = CSV[name]
    separator = next(sign for sign in "\t;," if sign in header)
    rows = "".join(
        separator.join(f"{value:.9f}" for value in (t / 60, i * 1e6, e * 1e3, q * 1e3)) + "\n"
        for t, i, e, q in zip(TIME, CURRENT, POTENTIAL, CHARGE, strict=True)
    )
    series = read_potentiostat(write(tmp_path / "a.csv", header + rows, encoding))
    np.testing.assert_allclose(series["time"], TIME, atol=1e-7)
    np.testing.assert_allclose(series["current"], CURRENT, atol=1e-14)
    np.testing.assert_allclose(series["potential"], POTENTIAL, atol=1e-11)
    np.testing.assert_allclose(series["charge"], CHARGE, atol=1e-11)
    assert series.attrs.get("start_time") == ("2024-05-06T07:08:09" if name == "brackets" else None)


def test_equal_times_stay(tmp_path: Path) -> None:
    text = "time [s],current [A],potential [V]\n0,1,2\n1,1,2\n1,-1,3\n2,-1,3\n"
    assert read_potentiostat(write(tmp_path / "a.csv", text)).sizes == {"time": 4}


GOOD = "time [s],current [A],potential [V]\n"
BAD = {
    "no current": ("time/s,Ewe/V,control/V\n0,1,1\n", "a column of current", "time/s, Ewe/V, control/V"),
    "no potential": ("time [s],current [A]\n0,1\n", "a column of potential", "current [A]"),
    "no time": ("current [A],potential [V]\n0,1\n", "a column of time", "current [A], potential [V]"),
    "no unit": ("time [s],current,potential [V]\n0,1,2\n", "a unit of current", "write its unit"),
    "wrong unit": ("time [s],current [V],potential [V]\n0,1,2\n", "a unit of current", "'current [V]'"),
    "unit of charge": ("time [s],current [A],potential [V],charge [V]\n0,1,2,3\n", "a unit of charge", "[V]"),
    "words": (GOOD + "0,1,2\n1,overload,2\n", "line 3, column current [A]", "a finite number"),
    "nan": (GOOD + "0,1,2\n1,nan,2\n", "line 3", "a finite number"),
    "cut": (GOOD + "0,1,2\n1,1\n2,1,2\n", "line 3", "the line is cut"),
    "back": (GOOD + "0,1,2\n2,1,2\n1,1,2\n", "line 4", "do not go back"),
    "no rows": (GOOD, "rows below the header", "export it again"),
    "empty": ("", "a header and rows", "export it again"),
    "short": ("EC-Lab ASCII FILE\nNb header lines : 60\n\n", "a header and rows", "3 lines"),
    "binary": ("BIO-LOGIC MODULAR FILE\x1a\0\0", "a text file", "export it as text"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_used_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    text, *words = BAD[name]
    with pytest.raises(InputError) as caught:
        read_potentiostat(write(tmp_path / "a.mpt", text), "FILE")
    line = str(caught.value)
    assert "\n" not in line
    for word in words:
        assert word in line
    assert "FILE" in line


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="check the path"):
        read_potentiostat(tmp_path / "a.mpt")
    with pytest.raises(InputError, match="check the path"):
        read_potentiostat(tmp_path)
