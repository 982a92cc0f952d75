"""What ``lto-sim fit --free`` prints: a table of parameters, quality, rate constants, what the maps know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lto_sim.inverse import MapFit

__all__ = ["fit_lines", "parameter_table"]

_HEADER: Final = ("parameter", "estimate", "+-", "95 % interval", "unit", "on these cells", "start")


def parameter_table(fit: MapFit) -> tuple[Sequence[str], list[Sequence[str]]]:
    """Header and rows: estimate, deviation and interval of every parameter in units that people use."""
    from lto_sim.plot.parameter_units import shown_unit

    rows: list[Sequence[str]] = []
    for n, parameter in enumerate(fit.parameters.free):
        unit, name = shown_unit(parameter.path), parameter.name
        low, high = (unit.value(end) for end in fit.interval(name))
        value, std = fit.values[name], fit.std[name]
        there = parameter.value(float(fit.minimum.theta[n]))
        rows.append((
            name, _short(unit.value(value)), f"{unit.difference(std):.2g}",
            f"{_short(low)} to {_short(high)}", unit.name or "1", _short(unit.value(there)),
            _short(unit.value(parameter.start)),
        ))  # fmt: skip
    for name in fit.parameters.ties:
        unit = shown_unit(name.partition("[")[0])
        rows.append((name, _short(unit.value(fit.values[name])), "tied", "", unit.name or "1", "", ""))
    return _HEADER, rows


def _short(value: float) -> str:
    return f"{value:.5g}"


def fit_lines(fit: MapFit, summary: Mapping[str, Any]) -> dict[str, str]:
    """Lines below the table."""
    lines = {"status": fit.status + ("" if fit.status == "converged" else f": {fit.advice}")}
    stated = "" if fit.stated else " (deviations from the scatter between frames)"
    lines["chi-square per degree of freedom"] = (
        f"{fit.chi_square / fit.freedom:.4g}, {fit.freedom} degrees of freedom{stated}"
    )
    taken = summary["runs_taken_up"]
    lines["forward runs"] = f"{fit.runs} in {fit.wall_time:.1f} s" + (
        f", {fit.reused} taken from the {taken} of an earlier try" if taken else ""
    )
    if len(fit.minima) > 1:
        lines["starts"] = "chi-square per value " + ", ".join(f"{misfit:.4g}" for misfit in fit.minima)
    lines |= _rates(fit)
    for number, sentence in enumerate(fit.identifiability.lines):
        lines["what the maps know" if number == 0 else " " * (number + 1)] = sentence
    for number, failure in enumerate(fit.failures, 1):
        lines[f"failed run {number}"] = failure
    recordings = summary["recordings"]
    for number, recording in enumerate(recordings):
        name = "scenario" if len(recordings) == 1 else f"scenario {number}"
        lines[name] = f"{recording['scenario']}, {recording['maps']}"
    return lines | {"stored": str(summary["out"])}


def _rates(fit: MapFit) -> dict[str, str]:
    """Rate constants that follow from the estimates."""
    from lto_sim.constants import ZERO_CELSIUS
    from lto_sim.provenance import K_DEFINITIONS

    lines = {}
    for rate in fit.derived:
        where = f"k of {rate.direction}, {rate.temperature - ZERO_CELSIUS:.4g} degC"
        name = where if where not in lines else f"{where} ({rate.run})"
        surfaces = "" if rate.k == rate.k_bulk else f"; bulk alone {rate.k_bulk * 1e4:.4g}"
        lines[name] = (
            f"{rate.k * 1e4:.4g} +- {rate.k_std * 1e4:.2g} cm2/s, planar front, {K_DEFINITIONS['2kt']}"
            f"{surfaces}"
        )
    return lines
