"""Targets appear whole or not at all, and an old one survives every failure."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from lto_sim.errors import InputError
from lto_sim.files import new_directory, new_file, prepare_target, to_json, write_json


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_file_takes_its_name_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    with new_file(target) as temporary:
        temporary.write_text("whole")
        assert not target.exists()
    assert target.read_text() == "whole"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit, OSError])
def test_nothing_stays_of_a_file_that_failed(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), new_file(tmp_path / "a.txt") as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise error
    assert names(tmp_path) == []


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit, OSError])
def test_nothing_stays_of_a_directory_that_failed(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), new_directory(tmp_path / "a") as temporary:  # noqa: PT012
        (temporary / "half").write_text("half")
        raise error
    assert names(tmp_path) == []


def test_a_block_that_writes_no_file_leaves_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), new_file(tmp_path / "a.txt"):
        pass
    assert names(tmp_path) == []


def test_an_old_directory_is_replaced_only_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "result"
    with new_directory(target) as temporary:
        (temporary / "summary.json").write_text("old")
    with pytest.raises(KeyboardInterrupt), new_directory(target, force=True) as temporary:  # noqa: PT012
        (temporary / "summary.json").write_text("new")
        raise KeyboardInterrupt
    assert (target / "summary.json").read_text() == "old"
    with new_directory(target, force=True) as temporary:
        assert (target / "summary.json").read_text() == "old"
        (temporary / "summary.json").write_text("new")
    assert (target / "summary.json").read_text() == "new"
    assert names(tmp_path) == ["result"]


def test_a_file_can_replace_a_file_and_a_directory_a_file(tmp_path: Path) -> None:
    target = tmp_path / "result"
    target.write_text("old")
    with new_file(target, force=True) as temporary:
        temporary.write_text("new")
    assert target.read_text() == "new"
    with new_directory(target, force=True) as temporary:
        (temporary / "summary.json").write_text("{}")
    assert names(tmp_path) == ["result"]
    assert names(target) == ["summary.json"]


def test_the_old_directory_gets_its_name_back_when_the_exchange_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "result"
    with new_directory(target) as temporary:
        (temporary / "summary.json").write_text("old")
    real = Path.rename

    def fail(self: Path, other: Path) -> Path:
        if other == target and (self / "summary.json").read_text() == "new":
            raise OSError("disk")
        return real(self, other)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="disk"), new_directory(target, force=True) as temporary:
        (temporary / "summary.json").write_text("new")
    assert (target / "summary.json").read_text() == "old"
    assert names(tmp_path) == ["result"]


def test_an_existing_target_is_refused_and_force_is_named(tmp_path: Path) -> None:
    target = tmp_path / "a"
    target.write_text("old")
    with pytest.raises(InputError, match="--force"):
        prepare_target(target)
    assert prepare_target(target, force=True) == target


def test_a_directory_that_holds_no_result_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("years of work")
    with pytest.raises(InputError, match="result"):
        prepare_target(tmp_path / "home", force=True)
    (tmp_path / "empty").mkdir()
    prepare_target(tmp_path / "empty", force=True)


def test_a_target_appearing_during_the_work_is_not_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    with pytest.raises(InputError, match="--force"), new_file(target) as temporary:  # noqa: PT012
        temporary.write_text("mine")
        target.write_text("theirs")
    assert target.read_text() == "theirs"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("path", ["missing/a.zarr", "/"])
def test_a_target_without_a_place_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(InputError, match="--out"):
        prepare_target(tmp_path / path)


def test_a_file_does_not_replace_a_directory(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="a file"), new_file(tmp_path / "empty", force=True):
        pass


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with new_file(tmp_path / "link", force=True) as temporary:
        temporary.write_text("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_json_has_null_where_a_number_is_not_finite(tmp_path: Path) -> None:
    value = {
        "nan": math.nan,
        "inf": [-math.inf, np.float64("nan")],
        "array": np.array([[1.0, np.nan]], dtype=np.float32),
        "integer": np.int64(3),
        "flag": np.bool_(True),
        "path": Path("a/b"),
        "text": "µm",
        "none": None,
    }
    write_json(tmp_path / "a.json", value)
    text = (tmp_path / "a.json").read_text(encoding="utf-8")

    def refuse(word: str) -> None:
        raise AssertionError(word)

    assert json.loads(text, parse_constant=refuse) == {
        "nan": None,
        "inf": [None, None],
        "array": [[1.0, None]],
        "integer": 3,
        "flag": True,
        "path": "a/b",
        "text": "µm",
        "none": None,
    }
    with pytest.raises(InputError, match="--force"):
        write_json(tmp_path / "a.json", value)


def test_json_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"x": object()})
    assert names(tmp_path) == []
    assert to_json(0.1) == "0.1"


def test_force_never_takes_foreign_files_along(tmp_path: Path) -> None:
    target = tmp_path / "study"
    target.mkdir()
    (target / "summary.json").write_text("{}")
    (target / "thesis.csv").write_text("precious")
    with pytest.raises(InputError, match="nothing else"), new_directory(target, force=True) as directory:
        (directory / "summary.json").write_text("new")
    assert (target / "thesis.csv").read_text() == "precious"
    (target / "thesis.csv").unlink()
    with new_directory(target, force=True) as directory:
        (directory / "summary.json").write_text("new")
    assert (target / "summary.json").read_text() == "new"
