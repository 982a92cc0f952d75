"""Names of files that any system takes, and text files that are read alike everywhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from error_catalogue import SCENARIO
from typer.testing import CliRunner

import lto_sim
from lto_sim.cli import app

ROOT: Final = Path(lto_sim.__file__).parent
MODULES: Final = sorted(ROOT.rglob("*.py"))
FORBIDDEN: Final = re.compile(r'[<>:"\\|?*\x00-\x1f]|[. ]$')
RESERVED: Final = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")
LONGEST: Final = 100
POSIX_ONLY: Final = {"fcntl", "pwd", "grp", "resource", "termios", "tty", "pty", "posix"}


def is_portable(name: str) -> bool:
    return not FORBIDDEN.search(name) and not RESERVED.fullmatch(name) and len(name) <= LONGEST


@pytest.mark.parametrize(
    "name", ["a:b", "what?", "a*", "a|b", "<a>", 'a"b', "end.", "end ", "CON", "nul.txt", "a" * 200]
)
def test_the_check_sees_what_windows_refuses(name: str) -> None:
    assert not is_portable(name)


def test_every_file_of_the_package_has_a_portable_name() -> None:
    files = [path for path in ROOT.rglob("*") if "__pycache__" not in path.parts]
    assert len(files) > 100
    assert [path for path in files if not is_portable(path.name)] == []


def test_whatever_the_commands_make_has_a_portable_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = SCENARIO.replace("[contacts.lps]", '[contacts."left side"]')
    (tmp_path / "a.toml").write_text(text, encoding="utf-8")
    for words in (
        ["run", "a.toml", "--dry-run"],
        ["run", "a.toml"],
        ["render", "a.zarr"],
        ["track", "a_maps.zarr"],
        ["track", "a_maps.zarr", "--step", "0", "--out", "front.csv"],
        ["fit", "a_front.zarr", "--picture", "fit.png", "--out", "fit.json"],
        ["electrical", "a.zarr"],
        ["compare", "a.zarr", "a_maps.zarr"],
        ["inspect", "a_maps.zarr", "--picture", "maps.png"],
        ["sweep", "a.toml", "--axis", "temperature=60,75 degC", "--engine", "serial",
         "--axis", "contacts.left side.feeds=both,bulk"],
        ["plot", "a_sweep.zarr", "--of", "k", "--select", "contacts.left side.feeds=both"],
        ["scenarios", "gitt", "--out", "gitt.toml"],
        ["schema", "--out", "lto_sim.schema.json"],
    ):  # fmt: skip
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0, result.stderr
    made = [path.relative_to(tmp_path) for path in tmp_path.rglob("*")]
    assert len(made) > 300
    assert [path for path in made if not is_portable(path.name)] == []


def test_a_name_that_no_file_can_have_is_refused_in_a_scenario(tmp_path: Path) -> None:
    for name in ("a:b", "a/b", "a.b", "a?", "", " a", "a "):
        (tmp_path / "a.toml").write_text(SCENARIO.replace("[contacts.lps]", f'[contacts."{name}"]'), "utf-8")
        result = CliRunner().invoke(app, ["run", str(tmp_path / "a.toml"), "--dry-run"])
        assert result.exit_code == 2, name
        assert result.stderr.startswith("lto-sim: error: contacts: got ")


def calls(tree: ast.Module) -> Iterator[tuple[ast.Call, str, str]]:
    """Every call, with the name that is called and what it belongs to."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            owner = node.func.value if isinstance(node.func, ast.Attribute) else None
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            yield node, name, owner.id if isinstance(owner, ast.Name) else ""


def says_encoding(node: ast.Call, places: int) -> bool:
    return any(word.arg == "encoding" for word in node.keywords) or len(node.args) > places


def is_binary(node: ast.Call) -> bool:
    values = [*node.args, *(word.value for word in node.keywords if word.arg == "mode")]
    modes = [v.value for v in values if isinstance(v, ast.Constant) and isinstance(v.value, str)]
    return any("b" in mode and set(mode) <= set("rwaxb+") for mode in modes)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_text_is_read_and_written_with_an_encoding(path: Path) -> None:
    others = {"os", "Pillow", "av", "tarfile", "zipfile", "webbrowser", "kinds"}
    for node, name, owner in calls(ast.parse(path.read_text(encoding="utf-8"))):
        where = f"{path}:{node.lineno}"
        if name == "read_text" and owner not in others:
            assert says_encoding(node, 0), where
        elif name == "write_text":
            assert says_encoding(node, 1), where
        elif name in {"open", "fdopen", "NamedTemporaryFile"} and owner not in others:
            assert is_binary(node) or says_encoding(node, 3 if owner == "" else 2), where


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_is_used_that_only_one_system_has(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    guarded = [
        inside for node in ast.walk(tree) if isinstance(node, ast.Try | ast.If) for inside in ast.walk(node)
    ]
    for node in ast.walk(tree):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
        if POSIX_ONLY & {name.partition(".")[0] for name in names}:
            assert any(node is one for one in guarded), f"{path}:{node.lineno}: without a way round it"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            used = f"{node.value.id}.{node.attr}"
            assert used not in {"os.fork", "os.getuid", "os.rename", "signal.SIGHUP", "signal.SIGKILL"}, (
                f"{path}:{node.lineno}: {used}"
            )
