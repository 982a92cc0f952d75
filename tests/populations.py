"""Particles that the tests of populations begin from."""

from __future__ import annotations

from typing import Any, Final

import pytest

import lto_sim as lto

UM, NM = 1e-6, 1e-9
T: Final = 348.15
CONTACT: Final = {"lps": {"where": {"side": "left"}}}
HOLD: Final = [{"hold": "1.6 V", "until": {"time": "1 s"}}]


def scenario(
    outline: dict[str, Any] | None = None, edge: float = 0.05, cell: str = "20 nm", **sections: Any
) -> lto.Scenario:
    """A saturated particle, 0.4 x 0.2 um unless told otherwise, from which lithium is taken."""
    specimen = {
        "outline": outline or {"shape": "rectangle", "width": "0.4 um", "height": "0.2 um"},
        "thickness": "150 nm", "cell": cell, **sections.pop("specimen", {}),
    }  # fmt: skip
    return lto.Scenario.from_dict({
        "material": {"name": "lto", "windows": {"model": "constant", "x4": edge, "x7": 1.0 - edge}},
        "temperature": T, "initial": 1.0 - edge, "specimen": specimen, "contacts": CONTACT, "drive": HOLD,
        **sections,
    })  # fmt: skip


def near(value: Any, rel: float = 1e-6, abs: float = 0.0) -> Any:  # noqa: A002
    """Within a part of the value: the absolute tolerance of `approx` is larger than most values here."""
    return pytest.approx(value, rel=rel, abs=abs)
