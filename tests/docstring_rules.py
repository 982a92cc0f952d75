"""What the docstring of a public name has to say; each rule returns sentences on what is missing.

A summary; every parameter and field; for a number its unit (or that it has none), for an array its shape, for
a dataset what it holds; what is returned and raised; for physics its source. Docstrings are parsed as
numpydoc; a short method may say all in one sentence that names its parameters in backticks.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any, Final

from docstring_parser import Docstring, numpydoc
from public_names import text_after

_ATOMS: Final = """1 m nm um s ms min h K degC A pA nA mA uA V mV kV C nC J eV keV mol ohm F S Hz rad mrad deg
    kg g e barn atoms electrons counts pixels cells channels frames decades SI bytes MB GB inch"""
_ATOM: Final = "(?:" + "|".join(sorted(map(re.escape, _ATOMS.split()), key=len, reverse=True)) + ")"
_POWER: Final = r"(?:\^?[-+]?\d(?:/\d)?)?"
UNIT: Final = re.compile(rf"\[{_ATOM}{_POWER}(?:(?: over the unit of | |/|/\()\(?{_ATOM}{_POWER}\)?)*\]")
"""A unit in square brackets, such as ``[m2/s]``, ``[J/(mol K)]`` or ``[1]``."""

WITHOUT_UNIT: Final = re.compile(
    r"""\b(?:dimensionless|without\ unit|fractions?|ratios?|shares?|factors?|probabilit(?:y|ies)|SI|counts
    |percent|same\ units?|units?\ of|own\ units?|(?:any|any\ one|that|their|its)\ unit|unit\ given
    |degrees\ of\ freedom|0\ to\ 1|between\ 0\ and\ 1|in\ (?:pixels|channels|cells|frames|deviations))\b""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words that say that a number has no unit, or the unit of something else."""

_SIZE: Final = r"(?:\w+|\.\.\.)(?:\ ?[-+*]\ ?\w+)?"
SHAPE: Final = re.compile(
    rf"""\((?:{_SIZE},\ ?)+(?:{_SIZE})?\)|\(\.\.\.\)  # (n,), (time, y, x), (..., 3), (nx + 1,)
    |\b(?:shapes?|broadcast|elementwise)\b
    |\bone\ (?:\w+\ )?(?:a|an|per|for\ each|for\ every)\b""",
    re.IGNORECASE | re.VERBOSE,
)
"""How many numbers an array holds and in which order."""

FOR_ALL: Final = re.compile(r"\b(?:broadcast|elementwise)\b", re.IGNORECASE)
"""Said once of a function, or of a class for its methods, it is the shape of all arrays."""

FOR_FIELDS: Final = re.compile(r"\barrays (?:are )?of the shape\b")
"""Said once of a class, it is the shape of all its fields."""

CONTENT: Final = re.compile(
    r"""`\w+|\b\w+\([\w,\ ]+\)
    |\b(?:run|maps?|counts|front|sweep|record(?:ing|ed)|spectr(?:a|um)|series|table
    |any\ kind|all\ variables)\b""",
    re.IGNORECASE | re.VERBOSE,
)
"""What a dataset holds: a kind of dataset, or variables."""

VARIABLES: Final = re.compile(r"\b\w+\([\w, ]+\)|`\w+`|:(?:func|class|meth):`|\bany kind\b", re.IGNORECASE)
"""Variables of a dataset that is returned, or where they are listed."""

SOURCE: Final = re.compile(
    r"""\b(?:18|19|20)\d\d\b       # who and when
    |\bSources?\b|\bderived\ for\ this\ package\b|\bCODATA\b""",
    re.VERBOSE,
)
"""Where an equation or a number is from."""

ARRAY: Final = re.compile(r"\b(?:NDArray|ArrayLike|ndarray|DataArray)\b")
NUMBER: Final = re.compile(r"\b(?:float|complex|float64|ArrayLike|Quantity)\b")
DATASET: Final = re.compile(r"\bDataset\b")
ERRORS: Final = {"InputError", "SolverError", "LtoSimError"}


def tells_unit(text: str) -> bool:
    return bool(UNIT.search(text) or WITHOUT_UNIT.search(text))


def resolved(annotation: Any, module: ModuleType) -> str:
    """Annotation as text, aliases of the module written out, what callables take left out."""
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    if annotation is inspect.Parameter.empty:
        return ""
    for _ in range(3):
        for word in set(re.findall(r"(?<![.\w])[A-Z]\w*", text)) - {"ArrayLike", "NDArray"}:
            alias = vars(module).get(word)
            if hasattr(alias, "__args__"):
                text = re.sub(rf"(?<![.\w]){word}\b", str(alias).replace("typing.", ""), text)
    text = re.sub(r"Literal\[[^\]]*\]", "str", text)
    text = re.sub(r"Annotated\[([^,\[\]]*),[^\]]*\]", r"\1", text)
    while (start := text.find("Callable[")) >= 0:
        text = text[:start] + "Calls" + text[_closing(text, start + len("Callable")) + 1 :]
    return text


def _closing(text: str, start: int) -> int:
    depth = 0
    for place in range(start, len(text)):
        depth += {"[": 1, "]": -1}.get(text[place], 0)
        if depth == 0:
            return place
    return len(text) - 1


def value_faults(what: str, annotation: str, text: str, covered: bool = False) -> Iterator[str]:
    """What the description of one value lacks; `covered`: the shape is said for all."""
    if ARRAY.search(annotation) and not covered and not SHAPE.search(text):
        yield f"{what}: no shape"
    if NUMBER.search(annotation) and not tells_unit(text):
        yield f"{what}: no unit"
    if DATASET.search(annotation) and not CONTENT.search(text):
        yield f"{what}: not what the dataset holds"


def described(parsed: Docstring) -> dict[str, str]:
    """Parameter, field or attribute -> its description."""
    found = {}
    for item in parsed.params:
        for name in item.arg_name.split(","):
            found[name.strip().lstrip("*")] = f"{item.type_name or ''} {item.description or ''}".strip()
    return found


def prose_of(parsed: Docstring) -> str:
    return f"{parsed.short_description or ''}\n{parsed.long_description or ''}"


def in_prose(prose: str, name: str) -> str | None:
    """What a sentence says of a parameter that it names in backticks; None where it does not."""
    match = re.search(rf"([^\]`]{{0,15}})(?<!`)`{re.escape(name)}`(?!`)([^`]*)", prose)
    return None if match is None else match.group(1) + match.group(2)


def returned_text(parsed: Docstring, prose: str) -> str:
    """What is said of the value that is returned: its section, or the prose without its parameters."""
    if parsed.many_returns:
        return " ".join(f"{r.type_name or ''} {r.description or ''}" for r in parsed.many_returns)
    return re.sub(r"`\w+`[^`\[]{0,40}\[[^\]]*\]", "", prose)


def callable_faults(
    function: Any, module: ModuleType, docstring: str | None = None, covered: bool = False
) -> list[str]:
    """What the docstring of a function or method lacks; `covered`: its class says the shape of its arrays."""
    text = inspect.getdoc(function) if docstring is None else docstring
    if not text:
        return ["no docstring"]
    parsed = numpydoc.parse(text)
    prose, known, faults = prose_of(parsed), described(parsed), []
    if not parsed.short_description:
        faults.append("no summary")
    covered = covered or bool(FOR_ALL.search(text))
    signature = inspect.signature(function)
    for name, parameter in signature.parameters.items():
        if name in {"self", "cls"}:
            continue
        said = known.pop(name, None)
        said = in_prose(prose, name) if said is None else said
        if said is None:
            faults.append(f"{name}: not described")
        else:
            faults += value_faults(name, resolved(parameter.annotation, module), said, covered)
    faults += [f"{name}: described, but no parameter" for name in known if not _catches_all(signature)]
    return faults + return_faults(signature, module, parsed, covered)


def _catches_all(signature: inspect.Signature) -> bool:
    return any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())


def return_faults(
    signature: inspect.Signature, module: ModuleType, parsed: Docstring, covered: bool
) -> list[str]:
    annotation = resolved(signature.return_annotation, module)
    if annotation in {"None", "", "NoReturn"}:
        return []
    prose = prose_of(parsed)
    verbs = "Plot|Draw" if annotation == "Figure" else "Return|Yield|Whether"
    named = re.match(rf"(?:{verbs})\b", prose) or UNIT.search(parsed.short_description or "")
    if parsed.params and not parsed.many_returns and not named:
        return ["what is returned is not described"]
    said = returned_text(parsed, prose)
    faults = list(value_faults("returned", annotation, said, covered))
    if DATASET.search(annotation) and not VARIABLES.search(said):
        faults.append("returned: no variables of the dataset")
    return faults


def fields_of(cls: type) -> dict[str, Any]:
    """Public field -> annotation; of dataclasses, named tuples, protocols and pydantic models."""
    if dataclasses.is_dataclass(cls):
        return {f.name: f.type for f in dataclasses.fields(cls) if not f.name.startswith("_")}
    if hasattr(cls, "model_fields"):
        return {name: field.annotation for name, field in cls.model_fields.items()}
    if getattr(cls, "_is_protocol", False) or hasattr(cls, "_fields"):
        own = {n: a for n, a in vars(cls).get("__annotations__", {}).items() if not n.startswith("_")}
        return {n: a for n, a in own.items() if not str(a).startswith("ClassVar")}
    return {}


def class_faults(cls: type, module: ModuleType, tree: ast.AST) -> list[str]:
    """What the docstrings of a class, its fields, methods and properties lack."""
    text = inspect.cleandoc(cls.__doc__ or "")
    if not text:
        return ["no docstring"]
    parsed = numpydoc.parse(text)
    faults = [] if parsed.short_description else ["no summary"]
    known, fields = described(parsed), fields_of(cls)
    body = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == cls.__name__]
    for base in cls.__mro__[1:]:
        if dataclasses.is_dataclass(base):
            known = described(numpydoc.parse(inspect.cleandoc(base.__doc__ or ""))) | known
    for name, annotation in fields.items():
        model = getattr(cls, "model_fields", {}).get(name)
        said = known.get(name) or (model.description if model else None) or text_after(body[0].body, name)
        if not said:
            faults.append(f"{name}: not described")
        else:
            faults += value_faults(name, resolved(annotation, module), said, bool(FOR_FIELDS.search(text)))
    faults += [f"{n}: described, but no field" for n in known if not _has(cls, n, fields)]
    if not fields and "__init__" in vars(cls) and not getattr(cls, "_is_protocol", False):
        faults += [f for f in callable_faults(cls, module, text) if "returned" not in f]
    for name, member in own_members(cls):
        home = sys.modules[member.__module__]
        found = callable_faults(member, home, covered=bool(FOR_ALL.search(text)))
        faults += [f"{name}(): {fault}" for fault in found]
    return faults


def _has(cls: type, name: str, fields: dict[str, Any]) -> bool:
    init = vars(cls).get("__init__")
    return name in fields or hasattr(cls, name) or (init and name in inspect.signature(init).parameters)


def own_members(cls: type) -> Iterator[tuple[str, Any]]:
    """Public methods and properties that the class, or a base of it in the package, defines."""
    seen = set()
    package = cls.__module__.partition(".")[0]
    for base in cls.__mro__:
        if base.__module__.partition(".")[0] != package:
            continue
        for name, value in vars(base).items():
            inner = getattr(value, "__func__", None) or getattr(value, "fget", None)
            member = inner or getattr(value, "func", value)
            own = inspect.isfunction(member) and member.__module__.partition(".")[0] == package
            if own and not name.startswith("_") and name not in seen:
                yield name, member
            seen.add(name)


def raises_faults(text: str, body: list[ast.AST], tree: ast.AST) -> list[str]:
    """Errors that code raises, itself or in private helpers of its module, and its docstring does not tell.

    They stand in the section Raises; the one sentence of a short method may name the error.
    """
    parsed = numpydoc.parse(text)
    listed = " ".join([*(item.type_name or "" for item in parsed.raises), prose_of(parsed)])
    named = set(re.findall(r"\w+", listed))
    return [f"raises {error}, and does not say so" for error in sorted(errors_raised(body, tree) - named)]


def errors_raised(body: list[ast.AST], tree: ast.AST) -> set[str]:
    """Names of the package's errors raised in code or in private functions of `tree` that it calls."""
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    found: set[str] = set()
    seen: set[str] = set()
    waiting = list(body)
    while waiting:
        for node in ast.walk(waiting.pop()):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                found |= {_name(node.exc.func)} & ERRORS
            called = _name(node.func) if isinstance(node, ast.Call) else ""
            if called.startswith("_") and called in functions and called not in seen:
                seen.add(called)
                waiting.append(functions[called])
    return found


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
