"""Strips of a lamella that the tests of regimes begin from."""

from __future__ import annotations

from typing import Any, Final

from lto_sim.scenario import Scenario
from lto_sim.study import RunResult

NM: Final = 1e-9
D: Final = 1e-16
EXCESS: Final = 0.05 / 0.9


def lamella(**values: Any) -> Scenario:
    """Strip of 1 um in 100 nm, l = H of either face, from the saturated parent."""
    kept = {"reference": 348.15, "Ea": 0.0}
    base = Scenario.from_dict({
        "material": {"name": "lto", "D_Li7": {"at": D, **kept}, "D_Li4": {"at": 1e-14, **kept}},
        "temperature": 348.15, "initial": 0.05,
        "specimen": {
            "outline": {"shape": "rectangle", "width": 1e-6, "height": 50 * NM}, "thickness": 100 * NM,
            "cell": 25 * NM, "layers": 4, "symmetry": True,
        },
        "surface": {"faces": {"at": 100 * NM * D, **kept}},
        "contacts": {"lps": {"where": {"side": "left"}}},
        "drive": [{"hold": 0.4, "until": {"time": 100.0}}],
    })  # fmt: skip
    return base.with_values(values)


def perimeter(at: float) -> dict[str, Any]:
    """Values that make the perimeter conduct."""
    return {"surface.perimeter": {"at": at, "reference": 348.15, "Ea": 0.0}}


def scanned(result: RunResult) -> dict[str, float]:
    """Output of a map: whether its runs were scanned."""
    return {"scanned": float(result.scenario.scan is not None)}
