"""Notebooks run from top to bottom on the installed package, without Jupyter, and hold no outputs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import matplotlib as mpl
import pytest

FOLDER: Final = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS: Final = sorted(FOLDER.glob("*.ipynb"))
SHOWN: Final = "%matplotlib inline"
"""What shows figures in Jupyter, the one line of a notebook that is no Python."""


def cells_of(path: Path) -> list[dict[str, object]]:
    return list(json.loads(path.read_text(encoding="utf-8"))["cells"])


def code_of(path: Path) -> list[str]:
    """Code cells as Python: ``%matplotlib inline`` becomes an empty line."""
    return [
        "".join(line if line.strip() != SHOWN else "\n" for line in cell["source"])
        for cell in cells_of(path)
        if cell["cell_type"] == "code"
    ]


def test_there_are_notebooks_and_their_folder_names_each():
    assert NOTEBOOKS
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for path in NOTEBOOKS:
        assert path.name in readme, path.name


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_outputs(path):
    for cell in cells_of(path):
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_its_figures_and_says_how_long_it_takes_and_where_next(path):
    cells = cells_of(path)
    text = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    first = next(cell["source"] for cell in cells if cell["cell_type"] == "code")
    assert first[0].strip() == SHOWN
    assert "Runs in about" in text[0]
    assert "## Where next" in text[-1]
    named = re.findall(r"[0-9]{2}_\w+\.ipynb", "".join(text))
    assert set(named) <= {other.name for other in NOTEBOOKS}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_its_numbers_hold(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = code_of(path)
    assert any("assert " in cell for cell in code)
    names: dict[str, object] = {"__name__": "__main__"}
    with mpl.rc_context({"backend": "Agg"}):
        for number, cell in enumerate(code):
            exec(compile(cell, f"{path.name}, code cell {number}", "exec"), names)
        import matplotlib.pyplot as plt

        plt.close("all")
