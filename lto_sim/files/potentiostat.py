"""Current and potential of a potentiostat: EC-Lab's ``.mpt`` and tables with units in their header.

Columns are found by name and unit (``Ewe/V``, ``<I>/mA``, ``current [mA]``, ``Potential (V)``); others are
left alone. A current is positive where the working electrode is oxidised, as EC-Lab counts it and as
everything here. Numbers may have a decimal comma where columns are not separated by one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.errors import InputError
from lto_sim.units import to_si

__all__ = ["read_potentiostat"]


@dataclass(frozen=True)
class _Quantity:
    """Unit in SI, name for people, names of its columns (the first that is there counts), may it lack."""

    unit: str
    long_name: str
    names: tuple[str, ...]
    optional: bool = False


_WANTED: Final = {
    "time": _Quantity("s", "time", ("time", "t", "elapsed time", "test time")),
    "current": _Quantity("A", "current, positive = oxidation", ("<i>", "i", "current")),
    "potential": _Quantity(
        "V", "potential", ("ewe", "<ewe>", "potential", "ecell", "<ecell>", "ewe-ece", "voltage", "e", "u")
    ),
    "charge": _Quantity("C", "charge since the start", ("(q-qo)", "q-qo", "charge", "q"), optional=True),
}
_CHARGES: Final = {"c": 1.0, "mc": 1e-3, "uc": 1e-6, "ah": 3600.0, "mah": 3.6, "uah": 3.6e-3}
_EXAMPLES: Final = {"time": "time/s", "current": "<I>/mA", "potential": "Ewe/V", "charge": "(Q-Qo)/mA.h"}
_HEADER: Final = re.compile(r"^(?P<name>.+?)\s*(?:\[(?P<a>[^\]]*)\]|\((?P<b>[^()]*)\)|/(?P<c>[^/]+))$")
_LINES: Final = re.compile(r"Nb header lines\s*:\s*(\d{1,6})")
_STARTED: Final = re.compile(
    r"^(?:Acquisition started on|#\s*start(?:[ _]time)?)\s*:\s*(.+?)\s*$", re.IGNORECASE
)
_DATES: Final = ("%m/%d/%Y %H:%M:%S.%f", "%m/%d/%Y %H:%M:%S", "%m.%d.%Y %H:%M:%S.%f", "%m.%d.%Y %H:%M:%S")
"""EC-Lab writes the month first in every language."""


@dataclass(frozen=True)
class _Text:
    """Lines of a table: its header and where it is (counted from 1), rows with their number, the start."""

    columns: list[str]
    header_line: int
    rows: list[tuple[int, str]]
    separator: str
    start: datetime | None


def read_potentiostat(path: Path | str, field: str = "file") -> xr.Dataset:
    """Read a series of a potentiostat.

    Parameters
    ----------
    path : EC-Lab's .mpt, or .csv or .txt with units in the header.
    field : Name used in the error.

    Returns
    -------
    ``current(time)`` [A], positive = oxidation; ``potential(time)`` [V]; ``charge(time)`` [C] where there is
    one; ``time`` [s] as in the file, not decreasing. Attributes ``source`` and, where the file has it,
    ``start_time`` (ISO 8601, local time of the computer that recorded).

    Raises
    ------
    InputError
        No such file, no table in it; a column or its unit missing; a line that is cut or holds no number;
        times that go back.
    """
    path = Path(path)
    text = _split(_lines(path, field), path, field)
    found = _find(text.columns, path, field)
    values, start = _numbers(text, found, path, field)
    _check_order(values["time"], text, path, field)
    time = {"time": ("time", values.pop("time"), {"units": "s", "long_name": "time"})}
    variables = {
        name: ("time", column, {"units": _WANTED[name].unit, "long_name": _WANTED[name].long_name})
        for name, column in values.items()
    }
    attrs = {"source": str(path)} | ({"start_time": start.isoformat()} if start is not None else {})
    return xr.Dataset(variables, time, attrs)


def _lines(path: Path, field: str) -> list[str]:
    if not path.is_file():
        raise InputError(field, str(path), "an existing file of a potentiostat", "check the path")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(field, str(path), "a readable file", f"check the path ({error.strerror})") from None
    if b"\0" in content:
        raise InputError(
            field,
            str(path),
            "a text file (.mpt, .csv)",
            "it is binary: export it as text (.mpt) in EC-Lab",
        )
    try:
        return content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        return content.decode("latin-1").splitlines()


def _split(lines: list[str], path: Path, field: str) -> _Text:
    """Tell header from rows."""
    number = next((int(match[1]) for line in lines[:10] if (match := _LINES.search(line))), 0)
    starts = [_date(match[1]) for line in lines[: max(number, 30)] if (match := _STARTED.match(line.strip()))]
    if number == 0:
        number = next((n for n, line in enumerate(lines, 1) if line.strip() and line.lstrip()[0] != "#"), 0)
    if number == 0 or number > len(lines):
        raise InputError(
            field, str(path), "a header and rows", f"it ends after {len(lines)} lines: export it again"
        )
    header = lines[number - 1]
    separator = max("\t;,", key=header.count)
    columns = [name.strip().strip('"') for name in header.rstrip().rstrip(separator).split(separator)]
    rows = [(n, line) for n, line in enumerate(lines[number:], number + 1) if line.strip() and line[0] != "#"]
    if not rows:
        raise InputError(field, str(path), "rows below the header", "it has none: export it again")
    return _Text(columns, number, rows, separator, starts[0] if starts else None)


def _date(text: str) -> datetime | None:
    for form in _DATES:
        try:
            return datetime.strptime(text.strip(), form)
        except ValueError:
            continue
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return None


def _find(columns: Sequence[str], path: Path, field: str) -> dict[str, tuple[int, float]]:
    """Quantity -> number of its column and what its unit is in SI."""
    split = [_name_and_unit(column) for column in columns]
    names = [name for name, _ in split]
    found: dict[str, tuple[int, float]] = {}
    for quantity, wanted in _WANTED.items():
        index = next((names.index(name) for name in wanted.names if name in names), None)
        if index is not None:
            found[quantity] = (index, _factor(quantity, split[index][1], columns[index], path, field))
        elif not wanted.optional:
            shown = ", ".join(column for column in columns if column)
            raise InputError(
                field, str(path), f"a column of {quantity} with its unit, such as {_EXAMPLES[quantity]}",
                f"its columns are {shown if len(shown) < 300 else shown[:300] + '...'}: "
                "export it with that column or rename one",
            )  # fmt: skip
    return found


def _name_and_unit(column: str) -> tuple[str, str]:
    match = _HEADER.match(column)
    if match is None:
        return column.lower(), ""
    return match["name"].strip().lower(), (match["a"] or match["b"] or match["c"] or "").strip()


def _factor(quantity: str, unit: str, column: str, path: Path, field: str) -> float:
    wanted = _WANTED[quantity]
    plain = unit.replace("µ", "u").replace("μ", "u")
    if quantity == "charge":
        factor = _CHARGES.get(re.sub(r"[.\s*·]", "", plain).lower())
    else:
        try:
            factor = to_si(f"1 {plain}", {"s": "time", "A": "current", "V": "potential"}[wanted.unit])
        except InputError:
            factor = None
    if not unit or factor is None:
        raise InputError(
            field, str(path), f"a unit of {quantity} in the header, such as {_EXAMPLES[quantity]}",
            f"the column is {column!r}: write its unit behind its name",
        )  # fmt: skip
    return factor


def _numbers(
    text: _Text, found: dict[str, tuple[int, float]], path: Path, field: str
) -> tuple[dict[str, NDArray[np.float64]], datetime | None]:
    values = {quantity: np.empty(len(text.rows)) for quantity in found}
    start = text.start
    last = max(index for index, _ in found.values())
    for row, (number, line) in enumerate(text.rows):
        cells = line.split(text.separator)
        if len(cells) <= last or len(cells) < len(text.columns) - 1:
            raise InputError(
                f"{field} {path}, line {number}", line.strip(), f"{len(text.columns)} columns, as in line "
                f"{text.header_line}",
                "the line is cut: remove it or export the file again",
            )  # fmt: skip
        for quantity, (index, factor) in found.items():
            cell = cells[index].strip().strip('"')
            value = _number(cell)
            if value is None and quantity == "time" and (moment := _date(cell)) is not None:
                start = start or moment
                value, factor = _seconds(moment, start), 1.0
            if value is None or not math.isfinite(value * factor):
                raise InputError(
                    f"{field} {path}, line {number}, column {text.columns[index]}", cell, "a finite number",
                    "remove the line or export the file again",
                )  # fmt: skip
            values[quantity][row] = value * factor
    return values, start


def _number(cell: str) -> float | None:
    try:
        return float(cell.replace(",", "."))
    except ValueError:
        return None


def _seconds(moment: datetime, start: datetime) -> float:
    try:
        return (moment - start).total_seconds()
    except TypeError:  # one of them has a time zone
        return (moment.replace(tzinfo=None) - start.replace(tzinfo=None)).total_seconds()


def _check_order(times: NDArray[np.float64], text: _Text, path: Path, field: str) -> None:
    back = np.flatnonzero(np.diff(times) < 0.0)
    if back.size:
        number = text.rows[int(back[0]) + 1][0]
        raise InputError(
            f"{field} {path}, line {number}", float(times[back[0] + 1]), "times that do not go back",
            "export one run alone, sorted by time",
        )  # fmt: skip
