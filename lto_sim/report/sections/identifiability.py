"""What the data know of the parameters, in words; for a rate constant what its choices would change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lto_sim.constants import ZERO_CELSIUS
from lto_sim.plot.parameter_units import shown_unit, value_and_deviation
from lto_sim.report.gather import MapFitFiles
from lto_sim.report.page import Block, Section, Table, Text
from lto_sim.report.rates import Rate
from lto_sim.report.words import number, rate

__all__ = ["map_fit_section", "section"]


def section(rates: Sequence[Rate], fits: Sequence[MapFitFiles]) -> Section | None:
    """Return the section of what is known and what is not."""
    blocks: list[Block] = []
    for fit in fits:
        identified = fit.summary.get("identifiability") or {}
        words = [str(line) for line in identified.get("words", ())]
        if words:
            blocks.append(Text(f"{fit.name}: {' '.join(_ended(line) for line in words)}"))
    for found in rates:
        blocks += _of_rate(found)
    return Section("identifiability", "What the data know", blocks) if blocks else None


def _ended(line: str) -> str:
    line = line.strip()
    return line if line.endswith((".", "!", "?")) else f"{line}."


def _of_rate(found: Rate) -> list[Block]:
    some = found.summary
    if found.k is None and not some.get("verdict"):
        return []
    blocks: list[Block] = [Text(_verdict_sentence(found))]
    rows = _choices(found)
    if rows:
        header = ("choice", "changed to", "k [cm²/s]", "change of k")
        blocks.append(Table(f"k of {found.name} with one choice changed at a time", header, rows))
    return blocks


def _verdict_sentence(found: Rate) -> str:
    some = found.summary
    ratio, p = some.get("time_ratio"), some.get("p_value")
    parts = [f"{found.name}: verdict {found.verdict}"]
    if ratio is not None:
        parts.append(
            f"at the last position the interface takes {number(float(ratio), 3)} times as long as diffusion"
        )
    if p is not None:
        parts.append(f"the simpler law has p = {number(float(p), 2)} against the mixed one")
    text = f"{'; '.join(parts)}."
    any_law = some.get("k_interval_any_law_m2_s")
    if any_law and None not in any_law:
        low, high = (rate(float(end)) for end in any_law)
        text += f" Whatever part the interface has, k lies between {low} and {high} (95 %)."
    shared = some.get("correlation")
    if shared:
        kind = "s of time" if shared["kind"] == "time" else "nm of position"
        length = float(shared["length"]) * (1.0 if shared["kind"] == "time" else 1e9)
        text += (
            f" {float(shared['fraction']):.0%} of the errors' variance is shared over {length:.3g} {kind}."
        )
    return text


def _choices(found: Rate) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for entry in found.summary.get("sensitivity") or ():
        k = entry.get("k_m2_s")
        change = "–"
        if k is not None and found.k:
            change = f"{100.0 * (float(k) / found.k - 1.0):+.2f} %".replace("-", "−")
        value = "not resolved" if k is None else rate(float(k), None, "")
        rows.append((str(entry.get("choice")), str(entry.get("changed_to")), value, change))
    return rows


def map_fit_section(fits: Sequence[MapFitFiles]) -> Section | None:
    """Return the section of parameters that were fitted to whole maps."""
    blocks: list[Block] = []
    for fit in fits:
        if fit.summary:
            blocks += _of_fit(fit)
    return Section("map-fit", "Parameters fitted to whole maps", blocks) if blocks else None


def _of_fit(fit: MapFitFiles) -> list[Block]:
    some = fit.summary
    chi_square, freedom = some.get("chi_square"), some.get("degrees_of_freedom")
    quality = ""
    if chi_square is not None and freedom:
        quality = (
            f" Chi-square is {number(float(chi_square) / float(freedom))} per degree of freedom ({freedom})."
        )
    runs = some.get("forward_runs")
    took = f" It took {runs} forward runs." if runs is not None else ""
    told = some.get("advice") if some.get("status") != "converged" else None
    advice = f" {_ended(str(told))}" if told else ""
    blocks: list[Block] = [
        Text(f"{fit.name}: {some.get('status', 'status unknown')}.{quality}{took}{advice}")
    ]
    rows = [_parameter_row(name, row) for name, row in (some.get("parameters") or {}).items()]
    rows += [
        (name, _value(name, float(value), None), "tied", "", "")
        for name, value in (some.get("tied") or {}).items()
    ]
    header = ("parameter", "estimate ± deviation", "95 % interval", "unit", "start")
    blocks.append(Table(f"Estimates of {fit.name}", header, rows))
    derived = [_derived_row(entry) for entry in some.get("rate_constants") or ()]
    if derived:
        header = ("run", "direction", "temperature [°C]", "k [cm²/s]", "k of the bulk [cm²/s]")
        blocks.append(Table("Rate constants that follow, of a planar front, ξ² = 2 k t", header, derived))
    return blocks


def _parameter_row(name: str, row: Mapping[str, Any]) -> tuple[str, ...]:
    unit = shown_unit(name.partition("[")[0])
    low, high = (number(unit.value(float(end)), 5) for end in row["interval"])
    return (
        name, _value(name, float(row["value"]), float(row["std"])), f"{low} to {high}", unit.name or "1",
        number(unit.value(float(row["start"])), 5),
    )  # fmt: skip


def _value(name: str, value: float, std: float | None) -> str:
    unit = shown_unit(name.partition("[")[0])
    if std is None:
        return number(unit.value(value), 5)
    return value_and_deviation(unit.value(value), unit.difference(std))


def _derived_row(entry: Mapping[str, Any]) -> tuple[str, ...]:
    celsius = float(entry["temperature_K"]) - ZERO_CELSIUS
    return (
        str(entry["run"]), str(entry["direction"]), f"{celsius:.4g}",
        rate(float(entry["k_m2_s"]), entry.get("k_std_m2_s"), ""),
        rate(float(entry["k_bulk_m2_s"]), None, ""),
    )  # fmt: skip
