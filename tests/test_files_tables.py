"""CSV tables: units in headers, SI in arrays, and one line that names the row and column of what is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lto_sim.errors import InputError
from lto_sim.files import read_table, write_table

FRONT = "time [s], xi [nm], xi_std [nm]\n0, 10, 1\n1.5, 20, 1\n3, 30, 2\n"
RATES = "temperature [degC], k [cm2/s], k_std [cm2/s]\n30, 1e-12, 1e-13\n45, 3e-12, 1e-13\n60, 7e-12, 1e-13\n"


def make(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_front_is_read_in_si(tmp_path: Path) -> None:
    table = read_table(make(tmp_path, FRONT))
    assert table.layout == "front"
    np.testing.assert_allclose(table.columns["time"], [0.0, 1.5, 3.0])
    np.testing.assert_allclose(table.columns["xi"], [1e-8, 2e-8, 3e-8], rtol=1e-14)
    np.testing.assert_allclose(table.columns["xi_std"], [1e-9, 1e-9, 2e-9], rtol=1e-14)


def test_rates_are_read_in_si(tmp_path: Path) -> None:
    table = read_table(make(tmp_path, RATES))
    assert table.layout == "rates"
    np.testing.assert_allclose(table.columns["temperature"], [303.15, 318.15, 333.15], rtol=1e-14)
    np.testing.assert_allclose(table.columns["k"], [1e-16, 3e-16, 7e-16], rtol=1e-14)


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        ("time [min], xi [um], xi_std [um]", "1, 0.5, 0.01", (60.0, 5e-7, 1e-8)),
        ("xi [m],time [ms],xi_std [pm]", "1e-8,5,3", (0.005, 1e-8, 3e-12)),
        ("time [h], xi [µm], xi_std [nm]", "1, 1, 1", (3600.0, 1e-6, 1e-9)),
    ],
)
def test_any_unit_of_the_right_dimension_is_read(
    tmp_path: Path, header: str, row: str, expected: tuple[float, float, float]
) -> None:
    first, _, rest = row.partition(",")
    later = "\n".join(f"{float(first) + i}, {rest}" for i in (1, 2))
    if header.startswith("xi"):
        later = "1e-8,6,3\n1e-8,7,3"
    table = read_table(make(tmp_path, f"{header}\n{row}\n{later}\n"))
    found = [table.columns[name][0] for name in ("time", "xi", "xi_std")]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("unit", ["K", "degC", "°C", "cm2 s-1"])
def test_units_of_rates(tmp_path: Path, unit: str) -> None:
    text = RATES.replace("cm2/s", unit) if unit.startswith("cm") else RATES.replace("degC", unit)
    kelvin = read_table(make(tmp_path, text)).columns["temperature"][0]
    assert kelvin == pytest.approx(30.0 if unit == "K" else 303.15)


def test_what_spreadsheets_add_is_read(tmp_path: Path) -> None:
    windows = b"\xef\xbb\xbf# from the microscope\r\n" + FRONT.replace("\n", "\r\n").encode() + b"\r\n,,\r\n"
    np.testing.assert_allclose(read_table(make(tmp_path, windows)).columns["time"], [0.0, 1.5, 3.0])


def test_a_column_of_deviations_may_be_left_out_of_rates(tmp_path: Path) -> None:
    text = "temperature [K], k [m2/s]\n300, 1e-16\n310, 2e-16\n320, 3e-16\n"
    assert "k_std" not in read_table(make(tmp_path, text)).columns


def test_times_increase_within_each_profile_only(tmp_path: Path) -> None:
    text = "time [s], xi [nm], xi_std [nm], profile\n0, 1, 1, 0\n1, 2, 1, 0\n0, 1, 1, 1\n1, 2, 1, 1\n"
    np.testing.assert_allclose(read_table(make(tmp_path, text)).columns["profile"], [0, 0, 1, 1])


BAD = {
    "empty": ("", "empty"),
    "blank": ("\n  \n", "empty"),
    "only a comment": ("# nothing\n", "empty"),
    "only a header": (FRONT.splitlines()[0] + "\n", "0 rows"),
    "two rows": ("\n".join(FRONT.splitlines()[:3]), "2 rows"),
    "missing column": ("time [s], xi [nm]\n0, 1\n1, 2\n2, 3\n", "xi_std"),
    "missing k": ("temperature [degC], k_std [cm2/s]\n30, 1\n40, 1\n50, 1\n", "column k"),
    "unknown columns": ("a [s], b [nm]\n0, 1\n1, 2\n2, 3\n", "temperature"),
    "extra column": (FRONT.replace("xi_std [nm]", "xi_std [nm], note [s]").replace("1\n", "1,1\n"), "note"),
    "repeated column": ("time [s], time [s], xi [nm]\n0, 1, 2\n", "once"),
    "no unit": (FRONT.replace("xi [nm]", "xi"), "column xi"),
    "empty unit": (FRONT.replace("xi [nm]", "xi []"), "column xi"),
    "unknown unit": (FRONT.replace("xi [nm]", "xi [parsnip]"), "column xi"),
    "wrong dimension": (FRONT.replace("xi [nm]", "xi [s]"), "column xi"),
    "hostile unit": (FRONT.replace("xi [nm]", "xi [nm)**(]"), "column xi"),
    "text cell": (FRONT.replace("20", "twenty"), "line 3, column xi"),
    "empty cell": (FRONT.replace("20", ""), "line 3, column xi"),
    "NaN cell": (FRONT.replace("20", "nan"), "line 3, column xi"),
    "infinite cell": (FRONT.replace("20", "inf"), "line 3, column xi"),
    "overflowing cell": (FRONT.replace("20", "1e999"), "line 3, column xi"),
    "decimal comma": (FRONT.replace("1.5", "1,5"), "line 3"),
    "short row": (FRONT.replace("1.5, 20, 1", "1.5, 20"), "line 3"),
    "semicolons": (FRONT.replace(",", ";"), "commas"),
    "tabs": (FRONT.replace(",", "\t"), "commas"),
    "unclosed quote": (FRONT.replace("20", '"20'), "line 3"),
    "zero deviation": (FRONT.replace("20, 1", "20, 0"), "line 3, column xi_std"),
    "negative k": (RATES.replace("3e-12", "-3e-12"), "line 3, column k"),
    "times fall": (FRONT.replace("1.5", "4"), "line 4, column time"),
    "times repeat": (FRONT.replace("1.5", "0"), "line 3, column time"),
    "latin-1": (FRONT.replace("nm", "µm").encode("latin-1"), "UTF-8"),
    "utf-16": (FRONT.encode("utf-16"), "UTF-8"),
    "binary": (bytes(range(128, 256)), "UTF-8"),
    "nul": (b"\0\0\0\0", "name"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_table_that_cannot_be_used_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    text, words = BAD[name]
    with pytest.raises(InputError) as caught:
        read_table(make(tmp_path, text))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_path_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.csv", tmp_path):
        with pytest.raises(InputError, match="readable"):
            read_table(path)


@pytest.mark.parametrize("text", [FRONT, RATES])
def test_a_table_that_was_written_reads_the_same(tmp_path: Path, text: str) -> None:
    table = read_table(make(tmp_path, text))
    write_table(tmp_path / "again.csv", table.layout, table.columns, "made by a test\nsecond line")
    written = (tmp_path / "again.csv").read_text(encoding="utf-8")
    rows = [line.replace(" ", "") for line in text.splitlines()[1:]]
    assert written.splitlines()[:2] == ["# made by a test", "# second line"]
    assert written.splitlines()[3:] == rows
    again = read_table(tmp_path / "again.csv")
    for name, values in table.columns.items():
        np.testing.assert_allclose(again.columns[name], values, rtol=1e-11)


def test_writing_is_refused_for_what_could_not_be_read_back(tmp_path: Path) -> None:
    good = {"time": [0.0, 1.0, 2.0], "xi": [1e-9, 2e-9, 3e-9], "xi_std": [1e-9, 1e-9, 1e-9]}
    path = tmp_path / "table.csv"
    for wrong in (
        {**good, "xi": [1e-9, np.nan, 3e-9]},
        {**good, "xi": [1e-9]},
        {**good, "other": [1.0, 2.0, 3.0]},
        {"time": good["time"], "xi": good["xi"]},
    ):
        with pytest.raises(InputError):
            write_table(path, "front", wrong)
        assert list(tmp_path.iterdir()) == []
    write_table(path, "front", good)
    with pytest.raises(InputError, match="--force"):
        write_table(path, "front", good)
