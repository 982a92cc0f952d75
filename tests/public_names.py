"""Every public name of the package, where it is defined, and the text that documents it."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import lto_sim

SINGLE_MODULES: Final = ("constants", "errors", "execution", "provenance", "units")
"""Public modules that are no packages."""


@dataclass(frozen=True)
class Public:
    """One public name."""

    home: str
    name: str
    value: Any
    offered_by: tuple[str, ...]

    @property
    def label(self) -> str:
        return f"{self.home.removeprefix('lto_sim.')}.{self.name}"

    @property
    def module(self) -> ModuleType:
        return importlib.import_module(self.home)


def offering_modules() -> list[str]:
    """Modules whose ``__all__`` is public: the package, its rooms and theirs, and the single modules."""
    root = Path(lto_sim.__file__).parent
    packages = [".".join(p.relative_to(root.parent).parent.parts) for p in root.rglob("__init__.py")]
    exact = [f"lto_sim.exact.{name}" for name in importlib.import_module("lto_sim.exact").__all__]
    return sorted({*packages, *exact, *(f"lto_sim.{name}" for name in SINGLE_MODULES)})


def public_names() -> list[Public]:
    """Every public name once, with all modules that offer it."""
    offers: dict[tuple[str, str], list[str]] = {}
    for offering in offering_modules():
        for name in importlib.import_module(offering).__all__:
            home = None if name.startswith("__") else home_of(offering, name)
            if home is not None:
                offers.setdefault(home, []).append(offering)
    return [
        Public(home, name, getattr(importlib.import_module(home), name), tuple(modules))
        for (home, name), modules in sorted(offers.items())
    ]


def home_of(module: str, name: str) -> tuple[str, str] | None:
    """Module that defines a name, and its name there; None for a module."""
    if isinstance(getattr(importlib.import_module(module), name), ModuleType):
        return None
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] == "lto_sim":
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return home_of(str(node.module), alias.name)
    return module, name


@cache
def tree_of(module: str) -> ast.Module:
    source = inspect.getsourcefile(importlib.import_module(module))
    assert source is not None, module
    return ast.parse(Path(source).read_text(encoding="utf-8"))


def text_after(body: list[ast.stmt], name: str) -> str:
    """Text below an assignment, which documents a constant or a field; empty where there is none."""
    for node, following in zip(body, [*body[1:], None], strict=True):
        if name in _assigned(node) and isinstance(following, ast.Expr):
            value = following.value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                return inspect.cleandoc(value.value)
    return ""


def _assigned(node: ast.stmt) -> Iterator[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    for target in targets:
        if isinstance(target, ast.Name):
            yield target.id
