"""The exact answers themselves, beside numbers that two other codes found for them."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from lto_sim.exact import line_source, shrinking_core, wagner
from lto_sim.exact.linear_parabolic import LinearParabolic
from lto_sim.exact.shrinking_core import ShrinkingCore
from lto_sim.exact.surface_shell import SurfaceFedShell
from lto_sim.validate.table import Row

__all__ = [
    "GAMMAS",
    "core_table_rows",
    "gamma_rows",
    "lambda_rows",
    "law_limit_rows",
    "quasi_steady_rows",
    "shell_balance_rows",
]

GAMMAS: Final = (
    (0.1, 0.0, 1.0, 0.2200162727), (0.5, 0.0, 1.0, 0.4647859206), (1.0, 0.0, 1.0, 0.6200626333),
    (0.1, 0.1, 0.01, 0.0770721842), (0.1, 0.1, 1.0, 0.1891336321), (0.5, 0.1, 0.01, 0.2766334734),
    (0.5, 0.1, 1.0, 0.4287777326), (0.5, 0.1, 100.0, 0.4453595314),
)  # fmt: skip
"""A, B, phi and the growth parameter gamma of Wagner's planar front, to ten digits."""

_LAMBDAS: Final = ((0.1, 0.0, 1.0, 0.30212005), (0.5, 0.2, 1.0, 0.49418464))
"""q, B, phi and the growth parameter lambda of a cylinder around a line source."""

_RADII: Final = (0.75, 0.5, 0.25, 0.1)
_CORES: Final[tuple[tuple[Literal["cylinder", "sphere"], float, tuple[float, ...]], ...]] = (
    ("sphere", 1.0, (0.035210, 0.118648, 0.214777, 0.260404)),
    ("sphere", 10.0, (0.270658, 0.873982, 1.495924, 1.744513)),
    ("cylinder", 1.0, (0.037753, 0.137487, 0.271592, 0.348580)),
    ("cylinder", 10.0, (0.294920, 1.049778, 2.004286, 2.497052)),
)
"""Body, beta and tau = D t/a^2 of the front at the radii above."""


def gamma_rows() -> list[Row]:
    """Wagner's growth parameters to the last of the ten digits."""
    rows = []
    for A, B, phi, listed in GAMMAS:
        gamma = wagner.growth_parameter(A, B, phi)
        rows.append(Row(f"gamma, exact, A {A:g} B {B:g} phi {phi:g}", listed, gamma, gamma - listed, 6e-11))
    small = wagner.growth_parameter(1e-6) ** 2 / 1e-6
    rows.append(Row("gamma^2/A, exact, A 1e-6: k -> A D", 0.5, small, small / 0.5 - 1.0, 1e-6))
    return rows


def lambda_rows() -> list[Row]:
    """Growth parameters of the line source to the last of the eight digits."""
    rows = []
    for q, B, phi, listed in _LAMBDAS:
        found = line_source.growth_parameter(q, B, phi)
        rows.append(Row(f"lambda, exact, q {q:g} B {B:g} phi {phi:g}", listed, found, found - listed, 6e-9))
    return rows


def core_table_rows() -> list[Row]:
    """Times of the shrinking core to the last of the six decimals."""
    rows = []
    for geometry, beta, listed in _CORES:
        core = ShrinkingCore(geometry, 1.0, 1.0, 1.0 / beta)
        for radius, time in zip(_RADII, listed, strict=True):
            tau = float(core.time_at(radius))
            name = f"tau, exact, {geometry}, beta {beta:g}, R {radius:g}"
            rows.append(Row(name, time, tau, tau - time, 1.1e-6))
    return rows


def quasi_steady_rows(beta: float = 1000.0) -> list[Row]:
    """The exact core at small excess beside its quasi-steady limits, at R = 0.5: the rest falls with A."""
    rows = []
    slab, cylinder, sphere = (
        float(ShrinkingCore(geometry, 1.0, 1.0, 1.0 / beta).time_at(0.5))
        for geometry in ("slab", "cylinder", "sphere")
    )
    limits = (
        ("slab", slab, float(shrinking_core.quasi_steady_time(0.5, beta, "slab")), 1e-3),
        ("cylinder", cylinder, float(shrinking_core.quasi_steady_time(0.5, beta, "cylinder")), 1e-3),
        (
            "sphere, with the next order",
            sphere,
            float(shrinking_core.sphere_time_next_order(0.5, beta)),
            1e-5,
        ),
    )
    for name, tau, limit, allowed in limits:
        label = f"tau, exact, over its quasi-steady limit, {name}, beta {beta:g}"
        rows.append(Row(label, limit, tau, tau / limit - 1.0, allowed))
    return rows


def law_limit_rows() -> list[Row]:
    """Both ends of the linear-parabolic law: xi = k_L t early, xi^2 = 2 k t late."""
    k, k_L = 2e-16, 1e-9
    law = LinearParabolic(k, k_L)
    unit = k / k_L**2
    early = float(law.exact(1e-4 * unit)) / (k_L * 1e-4 * unit)
    late = float(law.exact(1e8 * unit)) / float(np.sqrt(2.0 * k * 1e8 * unit))
    return [
        Row("xi/(k_L t), exact, early", 1.0, early, early - 1.0, 1e-4),
        Row("xi/sqrt(2 k t), exact, late", 1.0, late, late - 1.0, 1e-4),
    ]


def shell_balance_rows() -> list[Row]:
    """The shell's own two balances, h dh/dt = K u and l u'' = u/h, by differences, and L/h0."""
    shell = SurfaceFedShell(1e-16, 0.05, 1e-6)
    time = 2000.0
    h0, reach, K = float(shell.exact(time)), float(shell.length(time)), shell.rate_constant
    x, dx, dt = reach * np.array([0.2, 0.4, 0.6]), 1e-3 * reach, 1e-3 * time
    h, u = shell.thickness(x, time), shell.surface_concentration(x, time)
    grown = (shell.thickness(x, time + dt) - shell.thickness(x, time - dt)) / (2.0 * dt)
    ahead, behind = (shell.surface_concentration(x + step, time) for step in (dx, -dx))
    front = h * grown / (K * u)
    along = 1e-6 * (ahead - 2.0 * u + behind) / dx**2 / (u / h)
    ratio = reach / h0 / float(np.sqrt(6.0 * 1e-6 / h0))
    rows = [Row("L/h0 over sqrt(6 l/h0), exact", 1.0, ratio, ratio - 1.0, 1e-12)]
    for name, parts in (("h dh/dt over K u", front), ("l u'' over u/h", along)):
        worst = float(parts[np.abs(parts - 1.0).argmax()])
        rows.append(Row(f"{name}, exact, x/L 0.2 to 0.6", 1.0, worst, worst - 1.0, 1e-5))
    return rows
