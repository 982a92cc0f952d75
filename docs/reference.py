"""Render the API reference from the docstrings: ``python docs/reference.py [FOLDER]``.

One page for every room, with its public names in full, an index and a search that works without a network.
pdoc renders (``pip install 'lto_sim[docs]'``); what is added here: parameters as this package writes them
(``name : description [unit]``), tables, constants that a room takes from its modules, and methods that a
public class takes from a base that is not.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import re
import sys
import textwrap
from pathlib import Path
from typing import Final
from unittest.mock import patch

import numpy as np
import pdoc
from numpy.typing import ArrayLike, NDArray
from pdoc import doc, docstrings, render

import lto_sim

SINGLE_MODULES: Final = ("constants", "errors", "execution", "provenance", "units")
LISTED: Final = {"Parameters", "Returns", "Yields", "Raises", "Attributes", "Warns"}
_HEADING: Final = re.compile(r"^([A-Z][A-Za-z ]+)\n-{3,}\n", flags=re.MULTILINE)
_TABLE: Final = re.compile(r"^(={2,}(?: +={2,})+\n(?:.+\n?)+)", flags=re.MULTILINE)
_SHORT: Final = {
    **{
        inspect.formatannotation(NDArray[kind]): f"NDArray[{kind.__name__}]"
        for kind in (np.float64, np.complex128, np.int64, np.intp, np.int8, np.uint8, np.bool_, np.generic)
    },
    inspect.formatannotation(ArrayLike): "ArrayLike",
    "xarray.core.dataset.": "xarray.",
    "xarray.core.dataarray.": "xarray.",
    "matplotlib.figure.": "",
    "collections.abc.": "",
    "pathlib._local.": "",
    "pathlib.": "",
    "typing.": "",
}
_PATH: Final = re.compile(r"`~[\w.]*\.(\w+(?:\(\))?)`")
"""A name that is shown without its path."""
_STAR: Final = re.compile(r"(`+[^`]*`+)|(?<!\*)\*(?!\*)")


def reference_modules() -> list[str]:
    """The package, its rooms and theirs, the modules of `exact`, and the single modules."""
    root = Path(lto_sim.__file__).parent
    packages = [".".join(p.relative_to(root.parent).parent.parts) for p in root.rglob("__init__.py")]
    exact = [f"lto_sim.exact.{name}" for name in importlib.import_module("lto_sim.exact").__all__]
    return sorted({*packages, *exact, *(f"lto_sim.{name}" for name in SINGLE_MODULES)})


def to_markdown(text: str) -> str:
    """Markdown of a docstring in the numpydoc form of this package."""
    opening, *rest = _HEADING.split(_PATH.sub(r"`\1`", text))
    parts = [_prose(opening)]
    for heading, body in zip(rest[::2], rest[1::2], strict=True):
        content = _items(body) if heading in LISTED else _prose(body)
        parts.append(f"###### {heading}\n\n{content}\n")
    return "\n".join(parts)


def _prose(text: str) -> str:
    """Text with tables as they stand, and stars that are no emphasis."""
    pieces = _TABLE.split(text)
    pieces[::2] = [_plain(piece) for piece in pieces[::2]]
    pieces[1::2] = [f"```text\n{piece}\n```" for piece in pieces[1::2]]
    return "\n".join(pieces)


def _plain(text: str) -> str:
    lines = [line if line.startswith(("    ", ">>>")) else _starred(line) for line in text.split("\n")]
    return "\n".join(lines)


def _starred(text: str) -> str:
    return _STAR.sub(lambda match: match[1] or r"\*", text)


def _items(text: str) -> str:
    """List of a section's items: a line without indentation begins one, the indented lines belong to it."""
    items: list[list[str]] = []
    for line in textwrap.dedent(text).split("\n"):
        if line.startswith(" ") and items:
            items[-1].append(line.strip())
        elif line.strip():
            items.append([line.strip()])
    return "\n".join(_item(first, more) for first, *more in items)


def _item(first: str, more: list[str]) -> str:
    name, separated, said = first.partition(" : ")
    said = " ".join([said, *more]).strip()
    if not separated and not more:
        return _starred(first)
    return f"- **{_starred(name)}**: {_starred(said)}"


def _resolved(name: str) -> doc.Module:
    """Page of a module whose public names have been found, those that are found on first use too."""
    module = importlib.import_module(name)
    for public in module.__all__:
        value = getattr(module, public)
        if inspect.isclass(value):
            _know_annotations(value)
    return doc.Module(module)


def _know_annotations(cls: type) -> None:
    """Let annotations be found that stand in a module other than the one where pdoc looks for them.

    Fields of a dataclass that come from a base are annotated in the names of the base's module; what makes a
    named tuple belongs to no module.
    """
    if hasattr(cls, "_fields"):
        cls.__new__.__module__ = cls.__module__
    home = vars(sys.modules[cls.__module__])
    for base in cls.__mro__[1:]:
        if base.__module__.startswith("lto_sim"):
            for name, value in vars(sys.modules[base.__module__]).items():
                home.setdefault(name, value)


def complete(module: doc.Module) -> doc.Module:
    """Add what pdoc leaves out of a page, and shorten annotations that nobody reads."""
    for member in module.members.values():
        if isinstance(member, doc.Variable) and not member.docstring:
            member.docstring = _text_at_home(module.fullname, member.name)
        if isinstance(member, doc.Class):
            inherited = [m for m in member.members.values() if m not in member.own_members and _ours(m)]
            member.own_members = [*member.own_members, *inherited]
        for part in [member, *getattr(member, "own_members", ())]:
            _shorten(part)
    return module


def _shorten(member: doc.Doc[object]) -> None:
    """Short annotations; a constructor is shown with what its class says of its parameters."""
    if isinstance(member, doc.Variable):
        member.annotation_str = f": {_short(member.annotation)}" if member.annotation_str else ""
        if "PydanticUndefined" in member.default_value_str:
            member.default_value_str = ""
    if isinstance(member, doc.Function):
        parameters = [
            p.replace(annotation=_short(p.annotation)) for p in member.signature.parameters.values()
        ]
        returned = _short(member.signature.return_annotation)
        member.signature = member.signature.replace(parameters=parameters, return_annotation=returned)
        if member.name == "__init__":
            member.docstring = "Parameters are those of the class."


class _Text(str):
    """Annotation that is written as it stands."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _short(annotation: object) -> object:
    """Annotation without what is only of use to a type checker or a validator."""
    if annotation in (inspect.Parameter.empty, doc.empty):
        return annotation
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    for long, short in _SHORT.items():
        text = text.replace(long, short)
    while (start := text.find("Annotated[")) >= 0:
        first, end = _first_argument(text, start + len("Annotated["))
        text = text[:start].removesuffix("typing.") + first + text[end + 1 :]
    return _Text(text)


def _first_argument(text: str, start: int) -> tuple[str, int]:
    """First of the arguments that begin at a place, and where the bracket around them closes."""
    depth, comma = 0, None
    for place in range(start, len(text)):
        if text[place] in "[({":
            depth += 1
        elif text[place] in "])}":
            if depth == 0:
                return text[start : comma or place], place
            depth -= 1
        elif text[place] == "," and depth == 0 and comma is None:
            comma = place
    return text[start:], len(text)


def _ours(member: doc.Doc[object]) -> bool:
    return member.taken_from[0].startswith("lto_sim") and not member.name.startswith("_")


def _text_at_home(module: str, name: str) -> str:
    """Text below the assignment of a constant, in the module that a room imports it from."""
    texts = doc.Module.from_name(module)._var_docstrings
    if name in texts:
        return texts[name]
    source = inspect.getsource(importlib.import_module(module))
    found = re.search(rf"^ *from (lto_sim[\w.]*) import (?:\([^)]*|[^(\n]*)\b{name}\b", source, re.MULTILINE)
    return _text_at_home(found[1], name) if found else ""


def write_reference(folder: Path) -> list[Path]:
    """Render every page into a folder.

    Parameters
    ----------
    folder : Where pages go; it is made if it is missing.

    Returns
    -------
    list of Path
        The pages, index and search index included.
    """
    footer = f"lto_sim {lto_sim.__version__}"
    render.configure(docformat="numpy", show_source=False, include_undocumented=False, footer_text=footer)
    modules = {name: complete(_resolved(name)) for name in reference_modules()}
    for name, module in modules.items():
        module.submodules = [m for n, m in modules.items() if n.rpartition(".")[0] == name]
    with patch.object(docstrings, "numpy", to_markdown):
        pages = {
            name.replace(".", "/") + ".html": render.html_module(m, modules) for name, m in modules.items()
        }
        pages["index.html"] = render.html_index(modules)
        pages["search.js"] = render.search_index(modules)
    for name, text in pages.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return [folder / name for name in pages]


def main() -> None:
    """Read the command line and render."""
    parser = argparse.ArgumentParser(description="Render the API reference as HTML.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path("docs/html"), help="where it goes")
    folder = parser.parse_args().folder
    pages = write_reference(folder)
    sys.stdout.write(f"{len(pages)} files by pdoc {pdoc.__version__}; open {folder / 'index.html'}\n")


if __name__ == "__main__":
    main()
