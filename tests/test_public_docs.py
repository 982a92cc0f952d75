"""Every public name says what it is, its units and shapes, what it raises, and where its physics is from."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pytest
from docstring_rules import SOURCE, callable_faults, class_faults, own_members, raises_faults, resolved
from docstring_rules import value_faults as faults_of_value
from numpy.typing import ArrayLike, NDArray
from public_names import Public, public_names, text_after, tree_of

from lto_sim.errors import InputError

PUBLIC: Final = public_names()

SOURCED: Final = (
    "constants", "exact.", "materials.", "electrochemistry.comparison", "electrochemistry.gitt",
    "electrochemistry.pitt", "electrochemistry.titration_result", "inverse.likelihoods.posterior",
    "inverse.likelihoods.profiles", "kinetics.arrhenius.hierarchy", "kinetics.arrhenius.line",
    "kinetics.arrhenius.means", "kinetics.arrhenius.solubility", "kinetics.corrections.true_rate",
    "kinetics.published", "kinetics.rates.correlation", "kinetics.rates.fit", "kinetics.rates.shell",
    "microscope.detector", "microscope.instrument", "microscope.spectra", "quantify.li_model",
    "quantify.lines.oxygen", "quantify.lines.titanium", "quantify.references.", "quantify.series.normalise",
    "quantify.series.registration", "quantify.series.shifts", "quantify.thickness", "specimen.contacts",
    "study.lamella.energies", "study.lamella.separation", "study.population.avrami",
    "study.regimes.closure", "study.regimes.expected", "transport.impedance", "transport.simulate",
)  # fmt: skip
"""Modules, and rooms (with a point), whose equations and numbers come from somewhere: each name says whence,
or its module does."""


def nodes_of(tree: ast.Module, name: str) -> list[ast.AST]:
    """Last definition of a function or class: the ones before it are overloads."""
    return [node for node in tree.body if getattr(node, "name", None) == name][-1:]


def faults_of(public: Public) -> list[str]:
    tree, module, value = tree_of(public.home), public.module, public.value
    nodes = nodes_of(tree, public.name)
    if inspect.isclass(value):
        return class_faults(value, module, tree) + class_raises(value, nodes, tree)
    if inspect.isfunction(value) or hasattr(value, "__wrapped__"):
        return callable_faults(value, module) + raises_faults(inspect.getdoc(value) or "", nodes, tree)
    return constant_faults(public, tree)


def class_raises(cls: type, nodes: list[ast.AST], tree: ast.Module) -> list[str]:
    """Errors of making one, and of every method, that are not told."""
    methods = {node.name: node for node in ast.walk(nodes[0]) if isinstance(node, ast.FunctionDef)}
    made = [
        node for name, node in methods.items() if name in {"__init__", "__post_init__"} or validates(node)
    ]
    faults = raises_faults(inspect.cleandoc(cls.__doc__ or ""), list(made), tree)
    for name, member in own_members(cls):
        home = tree_of(member.__module__)
        own = raises_faults(inspect.getdoc(member) or "", node_at(home, member), home)
        faults += [f"{name}(): {fault}" for fault in own]
    return faults


def validates(node: ast.FunctionDef) -> bool:
    return any("validator" in ast.dump(decorator) for decorator in node.decorator_list)


def node_at(tree: ast.Module, function: Any) -> list[ast.AST]:
    """Definition of a function, by its first line."""
    first = function.__code__.co_firstlineno
    found = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == function.__name__]
    return [n for n in found if first in {n.lineno, *(d.lineno for d in n.decorator_list)}]


def constant_faults(public: Public, tree: ast.Module) -> list[str]:
    text = text_after(tree.body, public.name)
    if not text:
        return ["no text below the assignment"]
    return list(faults_of_value(public.name, annotation_of(public, tree), text))


def annotation_of(public: Public, tree: ast.Module) -> str:
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == public.name:
            written = resolved(ast.unparse(node.annotation), public.module)
            if "[" in written:
                return written
    return type(public.value).__name__


def needs_source(home: str) -> bool:
    name = home.removeprefix("lto_sim.")
    return any(name == known or (known.endswith(".") and name.startswith(known)) for known in SOURCED)


@pytest.mark.parametrize("public", PUBLIC, ids=lambda public: public.label)
def test_public_name_is_documented(public: Public) -> None:
    faults = faults_of(public)
    assert not faults, f"{public.label}: " + "; ".join(faults)


@pytest.mark.parametrize("public", [p for p in PUBLIC if needs_source(p.home)], ids=lambda p: p.label)
def test_physics_says_where_it_is_from(public: Public) -> None:
    own = text_after(tree_of(public.home).body, public.name) or str(public.value.__doc__ or "")
    assert SOURCE.search(own) or SOURCE.search(ast.get_docstring(tree_of(public.home)) or ""), public.label


def test_every_module_that_needs_a_source_exists() -> None:
    homes = {p.home.removeprefix("lto_sim.") for p in PUBLIC}
    for known in SOURCED:
        assert any(h == known or (known.endswith(".") and h.startswith(known)) for h in homes), known


# The rules themselves, on examples: each must see what is taken away.


def rate(diffusivity: float, times: NDArray[np.float64], count: int = 1) -> float:
    """Return a rate constant [m2/s].

    Parameters
    ----------
    diffusivity : Diffusivity of the growing phase [m2 s-1].
    times : Times [s], shape (n,).
    count : How many.

    Raises
    ------
    InputError
        A count below 1.
    """
    if count < 1:
        raise InputError("count", count, ">= 1", "give one")
    return diffusivity * float(times[0])


def position(time: ArrayLike) -> NDArray[np.float64]:
    """Front position [m] at `time` [s], elementwise."""
    return np.asarray(time, dtype=np.float64)


def parts(values: Sequence[float]) -> dict[str, float]:
    """Name -> part.

    Parameters
    ----------
    values : Fractions.

    Returns
    -------
    dict
        Fractions by name.
    """
    return {"a": values[0]}


@dataclass(frozen=True)
class Layer:
    """A layer.

    Parameters
    ----------
    thickness : Thickness [m].
    content : Li fraction (y, x).
    """

    thickness: float
    content: NDArray[np.float64]

    def mass(self, density: float) -> float:
        """Mass of an area [kg/m2] at `density` [kg/m3]."""
        return density * self.thickness


MODULE: Final = sys.modules[__name__]
TREE: Final = ast.parse(inspect.getsource(MODULE))


@pytest.mark.parametrize("function", [rate, position, parts])
def test_a_whole_docstring_has_no_faults(function: Callable[..., Any]) -> None:
    assert callable_faults(function, MODULE) == []
    assert raises_faults(inspect.getdoc(function) or "", nodes_of(TREE, function.__name__), TREE) == []
    assert class_faults(Layer, MODULE, TREE) == []


@pytest.mark.parametrize(
    ("function", "taken", "left", "fault"),
    [
        (rate, " [m2 s-1]", "", "diffusivity: no unit"),
        (rate, " [m2 s-1]", " [see above]", "diffusivity: no unit"),
        (rate, "[s]", "", "times: no unit"),
        (rate, ", shape (n,)", "", "times: no shape"),
        (rate, "    count : How many.\n".strip(" "), "", "count: not described"),
        (rate, "count :", "counts :", "counts: described, but no parameter"),
        (rate, " [m2/s]", "", "returned: no unit"),
        (rate, "Return a rate constant [m2/s].", "A rate constant.", "what is returned is not described"),
        (position, " [m]", "", "returned: no unit"),
        (position, "`time` [s]", "`time`", "time: no unit"),
        (position, "`time` [s]", "that time [s]", "time: not described"),
        (position, ", elementwise", "", "time: no shape"),
        (position, ", elementwise", "", "returned: no shape"),
        (parts, "values : Fractions", "values : Parts", "values: no unit"),
        (parts, "Fractions by name", "Parts by name", "returned: no unit"),
    ],
)
def test_what_is_taken_from_a_docstring_is_missed(
    function: Callable[..., Any], taken: str, left: str, fault: str
) -> None:
    whole = inspect.getdoc(function) or ""
    assert taken in whole
    assert fault in callable_faults(function, MODULE, whole.replace(taken, left))


@pytest.mark.parametrize(
    ("taken", "left", "fault"),
    [
        (" [m].", ".", "thickness: no unit"),
        ("Li fraction (y, x)", "Li fraction", "content: no shape"),
        ("Li fraction (y, x)", "Lithium (y, x)", "content: no unit"),
        ("thickness :", "height :", "thickness: not described"),
        ("thickness :", "height :", "height: described, but no field"),
    ],
)
def test_what_is_taken_from_a_class_is_missed(
    monkeypatch: pytest.MonkeyPatch, taken: str, left: str, fault: str
) -> None:
    assert taken in str(Layer.__doc__)
    monkeypatch.setattr(Layer, "__doc__", str(Layer.__doc__).replace(taken, left))
    assert fault in class_faults(Layer, MODULE, TREE)


def test_what_is_taken_from_a_method_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Layer.mass, "__doc__", "Mass of an area at `density` [kg/m3].")
    assert class_faults(Layer, MODULE, TREE) == ["mass(): returned: no unit"]


def test_an_error_that_is_raised_is_missed_where_it_is_not_told() -> None:
    whole = inspect.getdoc(rate) or ""
    untold = whole.partition("Raises")[0]
    assert raises_faults(untold, nodes_of(TREE, "rate"), TREE) == ["raises InputError, and does not say so"]
    helper = ast.parse("def f():\n    _check()\ndef _check():\n    raise SolverError('no')")
    assert raises_faults("Do it.", helper.body[:1], helper) == ["raises SolverError, and does not say so"]


@pytest.mark.parametrize(
    "unit", ["m2/s", "m2 s-1", "J/(mol K)", "1", "mA h/g", "counts", "s-1", "electrons m-2"]
)
def test_units_are_known(unit: str) -> None:
    assert list(faults_of_value("v", "float", f"A value [{unit}].")) == []


@pytest.mark.parametrize(
    "text", ["A value.", "A value [see below].", "A value [n].", "A value (m).", "A [m and s]"]
)
def test_what_is_no_unit_is_not_taken_for_one(text: str) -> None:
    assert list(faults_of_value("v", "float", text)) == ["v: no unit"]


@pytest.mark.parametrize("text", ["(n,)", "(time, y, x)", "(..., 3)", "(nx + 1,)", "of the shape of `x`"])
def test_shapes_are_known(text: str) -> None:
    assert list(faults_of_value("v", "NDArray[np.bool_]", f"A mask {text}.")) == []


@pytest.mark.parametrize("text", ["(any)", "of the points", "a mask", "(see the module)"])
def test_what_is_no_shape_is_not_taken_for_one(text: str) -> None:
    assert list(faults_of_value("v", "NDArray[np.bool_]", f"A mask {text}.")) == ["v: no shape"]
