"""The layout of the package, read from its source: imports point one way, names are true, nothing prints."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import lto_sim

ROOT: Final = Path(lto_sim.__file__).parent
MODULES: Final = sorted(ROOT.rglob("*.py"))
LONGEST_FILE: Final = 400

ORDER: Final = (
    "constants", "errors", "units", "provenance", "files", "execution", "materials", "specimen",
    "scenario", "transport", "microscope", "quantify", "kinetics", "electrochemistry", "inverse",
    "study", "interop", "plot", "report", "reproduce",
    "validate", "precompile", "cli",
)  # fmt: skip
"""Rooms, lowest first; a room imports only rooms before it, and further:"""

BASE: Final = {"constants", "errors", "units", "provenance"}
ONLY: Final = {
    "constants": set(),
    "errors": set(),
    "provenance": BASE,
    "files": {"errors", "units", "provenance"},
    "execution": {"errors", "units", "provenance"},
    "exact": {"errors", "constants"},
    "electrochemistry": BASE | {"materials", "exact"},
}
"""Room -> all that it may import."""

USERS: Final = {
    "files": {"scenario", "microscope", "inverse", "study", "interop", "plot", "report", "reproduce", "cli"},
    "execution": {"microscope", "quantify", "inverse", "study", "reproduce", "validate", "cli"},
    "exact": {"kinetics", "electrochemistry", "inverse", "study", "plot", "validate", "reproduce"},
}
"""Room -> all that may import it."""


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    return "cli" if module == "__main__" else module.partition(".")[0]


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def own_imports(tree: ast.AST, path: Path) -> Iterator[tuple[str, list[str], int]]:
    """Own module without ``lto_sim.``, the names taken from it, and the line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] == "lto_sim":
                    yield alias.name.partition(".")[2], [], node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            root, _, rest = str(node.module).partition(".")
            if root == "lto_sim":
                yield rest, [alias.name for alias in node.names], node.lineno


def imported_rooms(tree: ast.AST, path: Path) -> Iterator[tuple[str, int]]:
    for module, names, line in own_imports(tree, path):
        for room in [module.partition(".")[0]] if module else names:
            yield room, line


def public_names(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(t, ast.Name) and t.id == "__all__" for t in targets):
            return list(ast.literal_eval(node.value))  # type: ignore[attr-defined]
    return None


def defined_names(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


def module_id(path: Path) -> str:
    return name_of(path) or "lto_sim"


per_module = pytest.mark.parametrize("path", MODULES, ids=module_id)


@per_module
def test_imports_point_one_way(path: Path) -> None:
    room = room_of(name_of(path))
    if not room:
        return  # the package itself finds its names lazily; only its type-checking imports are seen here
    for other, line in imported_rooms(tree_of(path), path):
        where = f"{path}:{line}: {room} imports {other}"
        if other == room:
            continue
        assert other in ORDER or other == "exact", f"{where}: not a room"
        if room in ONLY:
            assert other in ONLY[room], where
        elif other in USERS:
            assert room in USERS[other], where
        else:
            assert ORDER.index(other) < ORDER.index(room), where


@per_module
def test_own_modules_are_imported_at_the_top(path: Path) -> None:
    if room_of(name_of(path)) in {"cli"}:
        return  # commands import what they need when they run, so that --help is fast
    if name_of(path) == "transport.engines":
        return  # the GPU engine's kernels are compiled for CUDA when it is imported
    for function in ast.walk(tree_of(path)):
        if isinstance(function, ast.FunctionDef):
            for module, _, line in own_imports(function, path):
                pytest.fail(f"{path}:{line}: function-level import of {module}")


@per_module
def test_rooms_use_only_each_other_s_public_names(path: Path) -> None:
    for module, names, line in own_imports(tree_of(path), path):
        target = ROOT / Path(*module.split("."))
        source = target / "__init__.py" if target.is_dir() else target.with_suffix(".py")
        assert source.is_file(), f"{path}:{line}: no module {module}"
        same_room = room_of(module) == room_of(name_of(path))
        assert same_room or "._" not in f".{module}", f"{path}:{line}: private module {module}"
        public = public_names(tree_of(source)) or []
        for name in names:
            is_module = target.is_dir() and ((target / name).is_dir() or (target / f"{name}.py").is_file())
            assert same_room or is_module or name in public, (
                f"{path}:{line}: {name} is not in __all__ of {module}"
            )


@per_module
def test_public_names_are_listed_and_exist(path: Path) -> None:
    tree = tree_of(path)
    public = public_names(tree)
    assert public is not None, "no __all__"
    assert len(set(public)) == len(public), "a name twice"
    assert set(public) <= defined_names(tree), f"not defined: {set(public) - defined_names(tree)}"


@per_module
def test_every_module_and_public_thing_says_what_it_is(path: Path) -> None:
    tree = tree_of(path)
    assert ast.get_docstring(tree), "no module docstring"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in (public_names(tree) or []):
            if any(isinstance(d, ast.Name) and d.id == "overload" for d in node.decorator_list):
                continue
            assert ast.get_docstring(node), f"{node.name} has no docstring"


@per_module
def test_no_star_imports_no_print_no_assert(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom):
            assert "*" not in [alias.name for alias in node.names], f"{path}:{node.lineno}: star import"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print", f"{path}:{node.lineno}: print"
        assert not isinstance(node, ast.Assert), f"{path}:{node.lineno}: assert"


@per_module
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < LONGEST_FILE


def test_the_rooms_of_the_package_are_the_ones_listed() -> None:
    rooms = {room_of(name_of(path)) for path in MODULES} - {""}
    assert rooms == {*ORDER, "exact"}


def test_imports_have_no_cycles_between_modules() -> None:
    """Between files too, type-checking imports left out, the package's own ``__init__`` files included."""
    graph = {}
    for path in MODULES:
        if not name_of(path):
            continue
        tree = tree_of(path)
        tree.body = [node for node in tree.body if not isinstance(node, ast.If)]
        targets = set()
        for module, names, _ in own_imports(tree, path):
            package = ROOT / Path(*module.split("."))
            submodules = {n for n in names if (package / f"{n}.py").is_file() or (package / n).is_dir()}
            targets |= {f"{module}.{n}".strip(".") for n in submodules} or {module}
        graph[name_of(path)] = targets - {name_of(path), ""}

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join((*trail, module))
        if module not in done:
            for other in graph.get(module, ()):
                if room_of(other) == room_of(module) or other in graph:
                    visit(other, (*trail, module))
            done.add(module)

    done: set[str] = set()
    for module in graph:
        if room_of(module) != "cli":
            visit(module, ())
