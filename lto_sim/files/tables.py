"""CSV tables whose headers carry units.

Four layouts, told apart by their columns:

- a front: ``time [s], xi [nm], xi_std [nm]``; a column ``profile`` numbers several lines, ``start_std
  [nm]`` says how well each contact's position is known;
- rate constants: ``temperature [degC], k [cm2/s], k_std [cm2/s]``; names or numbers of ``particle`` and
  ``profile``, the words extraction or insertion in ``direction``, the order of a repeat in ``repeat`` and the
  dose before it in ``dose [e/A^2]``;
- an electrical series: ``time [s], drive_step, potential [V], current [A], charge [C], c_rate [1/h],
  specific_capacity [mA h/g], li_fraction``, and ``current_NAME [A], overpotential_NAME [V]`` of contacts;
- an impedance spectrum: ``frequency [Hz], impedance_real [ohm], impedance_imag [ohm]``.

Any unit of the right dimension is read; arrays are SI. Charges, C-rates, specific capacities and impedances
have one unit, the one above, in file and array. Labels are text as it stands, and stand apart from the
numbers. Other columns are refused, lines that start with ``#`` are comments.
"""

from __future__ import annotations

import csv
import logging
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lto_sim.errors import InputError
from lto_sim.files.atomic import new_file
from lto_sim.units import to_si

__all__ = ["Table", "read_table", "write_table"]

_Layout = Literal["front", "rates", "electrical", "impedance"]
_LOG: Final = logging.getLogger(__name__)
_MINIMUM_ROWS: Final = 3
_HEADER: Final = re.compile(r"^\s*([A-Za-z_]\w*)\s*(?:\[([^\]]*)\])?\s*$")


@dataclass(frozen=True)
class _Column:
    """What a column holds.

    Kind of quantity (none: no other unit is read; ``label``: text), unit on writing, whether it may be left
    out, whether it must be > 0, and the words that a label may be (none: any).
    """

    kind: str
    unit: str
    optional: bool = False
    positive: bool = False
    words: tuple[str, ...] = ()

    @property
    def fixed(self) -> bool:
        """Whether values are in `unit` in the file and in arrays too."""
        return self.kind in {"", "dimensionless"}


_LAYOUTS: Final[dict[_Layout, dict[str, _Column]]] = {
    "front": {
        "time": _Column("time", "s"),
        "xi": _Column("length", "nm"),
        "xi_std": _Column("length", "nm", positive=True),
        "profile": _Column("dimensionless", "1", optional=True),
        "start_std": _Column("length", "nm", optional=True),
    },
    "rates": {
        "temperature": _Column("temperature", "degC"),
        "k": _Column("diffusivity", "cm2/s", positive=True),
        "k_std": _Column("diffusivity", "cm2/s", optional=True, positive=True),
        "particle": _Column("label", "", optional=True),
        "profile": _Column("label", "", optional=True),
        "direction": _Column("label", "", optional=True, words=("extraction", "insertion")),
        "repeat": _Column("dimensionless", "1", optional=True),
        "dose": _Column("dose", "e/A^2", optional=True),
    },
    "electrical": {
        "time": _Column("time", "s"),
        "drive_step": _Column("dimensionless", "1"),
        "potential": _Column("potential", "V"),
        "current": _Column("current", "A"),
        "charge": _Column("", "C"),
        "c_rate": _Column("", "1/h"),
        "specific_capacity": _Column("", "mA h/g"),
        "li_fraction": _Column("dimensionless", "1"),
        "current_*": _Column("current", "A", optional=True),
        "overpotential_*": _Column("potential", "V", optional=True),
    },
    "impedance": {
        "frequency": _Column("frequency", "Hz", positive=True),
        "impedance_real": _Column("", "ohm"),
        "impedance_imag": _Column("", "ohm"),
    },
}
"""Columns of each layout; a name that ends in ``_*`` stands for any number of columns, one a contact."""

_IN_ORDER: Final[dict[_Layout, str]] = {"front": "time", "electrical": "time", "impedance": "frequency"}
"""Column whose values increase."""


@dataclass(frozen=True, eq=False)
class Table:
    """A table in SI.

    Parameters
    ----------
    layout : ``"front"``, ``"rates"``, ``"electrical"`` or ``"impedance"``.
    columns : Name -> values in SI, each of shape (row,); optional columns may be absent.
    labels : Name -> texts, of the same length.
    """

    layout: _Layout
    columns: Mapping[str, NDArray[np.float64]]
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read_table(path: Path) -> Table:
    """Read the table at `path`, of any layout.

    Raises
    ------
    InputError
        Not readable, not UTF-8, empty; a column missing, unknown or twice; a unit missing, unknown or given
        to a label; a cell that is no finite number, or no label; fewer than three rows; times (within a
        profile) or frequencies that do not increase.
    """
    lines = _lines(path)
    names, units = _header(path, _cells(path, *lines[0]))
    layout = _layout(path, names)
    specs = _LAYOUTS[layout]
    rows = [(number, _cells(path, number, line)) for number, line in lines[1:]]
    if len(rows) < _MINIMUM_ROWS:
        raise InputError(
            f"{path}", f"{len(rows)} rows", f"at least {_MINIMUM_ROWS} rows below the header", "add data"
        )
    texts = {name: [""] * len(rows) for name in names if _spec(name, specs).kind == "label"}
    values = {name: np.empty(len(rows)) for name in names if name not in texts}
    for index, (line, cells) in enumerate(rows):
        if len(cells) != len(names):
            raise InputError(
                f"{path}, line {line}", f"{len(cells)} cells", f"{len(names)} cells, as in the header",
                "one value a column, with a decimal point",
            )  # fmt: skip
        for name, unit, cell in zip(names, units, cells, strict=True):
            where = f"{path}, line {line}, column {name}"
            if name in texts:
                texts[name][index] = _label(where, cell, unit, _spec(name, specs))
            else:
                values[name][index] = _number(where, cell, unit, _spec(name, specs))
    if layout in _IN_ORDER:
        _check_order(path, values, [line for line, _ in rows], _IN_ORDER[layout])
    _LOG.info("read %s: %d rows of a table of %s", path, len(rows), layout)
    return Table(layout, values, {name: tuple(cells) for name, cells in texts.items()})


def write_table(
    path: Path,
    layout: _Layout,
    columns: Mapping[str, ArrayLike],
    comment: str = "",
    force: bool = False,
    labels: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Write a table, whole or not at all, with 12 significant digits.

    Parameters
    ----------
    path : The file to make.
    layout : ``"front"``, ``"rates"``, ``"electrical"`` or ``"impedance"``.
    columns : Name -> values in SI, or in the one unit that the layout knows, each of shape (row,).
    comment : Lines for the top of the file.
    force : Replace an existing file.
    labels : Name -> texts of the columns that hold labels.

    Raises
    ------
    InputError
        The target exists and `force` is false; a column is missing, unknown, of another length or not finite;
        a text that is no label.
    """
    specs = _LAYOUTS[layout]
    texts = {name: list(values) for name, values in (labels or {}).items()}
    arrays = {name: np.asarray(values, dtype=np.float64) for name, values in columns.items()}
    _check_names("columns", [*arrays, *texts], specs)
    for name in (*arrays, *texts):
        if (_spec(name, specs).kind == "label") != (name in texts) or (name in arrays and name in texts):
            raise InputError(name, "text or numbers", "labels among labels only", "move the column")
    sizes = {array.shape for array in arrays.values()} | {(len(cells),) for cells in texts.values()}
    if len(sizes) != 1 or len(next(iter(sizes))) != 1:
        raise InputError("columns", sorted(sizes), "columns of one length", "match the lengths")
    for name, array in arrays.items():
        if not np.all(np.isfinite(array)):
            raise InputError(name, "NaN or infinity", "finite values", "leave out rows without a value")
    shown = {
        name: [f"{value:.12g}" for value in _from_si(array, _spec(name, specs))]
        for name, array in arrays.items()
    } | {
        name: [_label(name, cell, None, _spec(name, specs)) for cell in cells]
        for name, cells in texts.items()
    }  # fmt: skip
    order = list(specs)
    ordered = sorted(shown, key=lambda name: order.index(_key(name, specs)))
    with new_file(path, force) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        file.writelines(f"# {line}\n" for line in comment.splitlines())
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([_title(name, _spec(name, specs)) for name in ordered])
        writer.writerows(zip(*(shown[name] for name in ordered), strict=True))


def _key(name: str, specs: Mapping[str, _Column]) -> str:
    """Key of `specs` that a column goes by; its own name where there is none."""
    if name in specs:
        return name
    return next((key for key in specs if key.endswith("_*") and _stands_for(key, name)), name)


def _stands_for(key: str, name: str) -> bool:
    return len(name) >= len(key) and name.startswith(key[:-1])


def _spec(name: str, specs: Mapping[str, _Column]) -> _Column:
    return specs[_key(name, specs)]


def _title(name: str, spec: _Column) -> str:
    return name if spec.kind in {"dimensionless", "label"} else f"{name} [{spec.unit}]"


def _from_si(values: NDArray[np.float64], spec: _Column) -> NDArray[np.float64]:
    if spec.fixed:
        return values
    zero = to_si(f"0 {spec.unit}", spec.kind)
    scale = to_si(f"1e6 {spec.unit}", spec.kind) - zero
    return np.asarray((values - zero) * (1e6 / scale), dtype=np.float64)


def _lines(path: Path) -> list[tuple[int, str]]:
    """Return number and text of every line that is neither blank nor a comment; one at least."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("table", str(path), "UTF-8 text", "save it as CSV with UTF-8 encoding") from None
    except OSError as error:
        raise InputError(
            "table", str(path), "a readable CSV file", f"check the path ({error.strerror})"
        ) from None
    found = [
        (number, line)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip().strip(",") and not line.lstrip().startswith("#")
    ]
    if not found:
        raise InputError("table", str(path), "a header and rows", "the file is empty")
    return found


def _cells(path: Path, number: int, line: str) -> list[str]:
    try:
        cells = next(csv.reader([line], skipinitialspace=True, strict=True))
    except csv.Error as error:
        raise InputError(f"{path}, line {number}", line, "cells separated by commas", str(error)) from None
    return [cell.strip() for cell in cells]


def _header(path: Path, cells: list[str]) -> tuple[list[str], list[str | None]]:
    names: list[str] = []
    units: list[str | None] = []
    for cell in cells:
        match = _HEADER.match(cell)
        if match is None:
            remedy = "separate columns by commas" if ";" in cell or "\t" in cell else "for example time [s]"
            raise InputError(f"{path}, header", cell, "name [unit]", remedy)
        names.append(match.group(1))
        units.append(match.group(2))
    repeated = [name for name in names if names.count(name) > 1]
    if repeated:
        raise InputError(f"{path}, header", repeated[0], "every column once", "remove one of them")
    return names, units


def _layout(path: Path, names: list[str]) -> _Layout:
    """Tell the layout by the first column that only one of them has; else by any that it has."""
    keys: dict[_Layout, set[str]] = {
        layout: {_key(name, specs) for name in names} & set(specs) for layout, specs in _LAYOUTS.items()
    }
    for own in (True, False):
        for layout, specs in _LAYOUTS.items():
            others = {
                key for other, columns in _LAYOUTS.items() if own and other != layout for key in columns
            }
            if keys[layout] - others:
                _check_names(f"{path}, header", names, specs)
                return layout
    known = "; or ".join(", ".join(_title(n, s) for n, s in specs.items()) for specs in _LAYOUTS.values())
    raise InputError(f"{path}, header", ", ".join(names), known, "rename the columns")


def _check_names(field: str, names: list[str], specs: Mapping[str, _Column]) -> None:
    allowed = ", ".join(_title(name, spec) for name, spec in specs.items())
    for name, spec in specs.items():
        if name not in names and not spec.optional:
            raise InputError(field, ", ".join(names), f"the columns {allowed}", f"add the column {name}")
    for name in names:
        if _key(name, specs) not in specs:
            raise InputError(field, name, f"the columns {allowed}", "remove the column")


def _number(field: str, cell: str, unit: str | None, spec: _Column) -> float:
    try:
        number = float(cell)
    except ValueError:
        raise InputError(field, cell, "a number", "write it with a decimal point") from None
    if not math.isfinite(number):
        raise InputError(field, cell, "a finite number", "leave out the row")
    if spec.kind == "dimensionless":
        value = number
    elif not unit or not unit.strip():
        raise InputError(field, cell, "a header with a unit", f"for example {spec.unit} in square brackets")
    elif spec.fixed:
        if unit.strip() != spec.unit:
            raise InputError(field, f"{cell} {unit}", f"a number in {spec.unit}", "convert the column")
        value = number
    else:
        value = to_si(f"{number!r} {unit}", spec.kind, field)
    if spec.positive and value <= 0.0:
        raise InputError(field, cell, "> 0", "leave out the row")
    return value


def _label(where: str, cell: str, unit: str | None, spec: _Column) -> str:
    if unit:
        raise InputError(where, f"[{unit}]", "a label, which has no unit", "take the unit out of the header")
    text = " ".join(str(cell).split())
    if text.lower() in {"", "nan", "none"}:
        raise InputError(where, cell, "a name or a number", "label every row, or leave out the column")
    if spec.words:
        if text.lower() not in spec.words:
            raise InputError(where, cell, " or ".join(spec.words), "write one of the two")
        return text.lower()
    return text


def _check_order(path: Path, values: dict[str, NDArray[np.float64]], lines: list[int], column: str) -> None:
    last: dict[float, float] = {}
    profiles = values.get("profile", np.zeros(len(lines)))
    for line, profile, moment in zip(lines, profiles, values[column], strict=True):
        if float(profile) in last and moment <= last[float(profile)]:
            raise InputError(
                f"{path}, line {line}, column {column}",
                float(moment),
                "times that increase" if column == "time" else "frequencies that increase",
                f"sort the rows by {column}",
            )
        last[float(profile)] = float(moment)
