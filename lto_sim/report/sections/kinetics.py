"""Fronts, rate constants and activation energies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lto_sim.errors import InputError
from lto_sim.kinetics import RateData
from lto_sim.report.charts.arrhenius import Line, arrhenius_chart
from lto_sim.report.charts.fronts import front_chart
from lto_sim.report.charts.rates import rate_chart
from lto_sim.report.gather import Store
from lto_sim.report.page import Block, Facts, Notice, Section, Table, Text
from lto_sim.report.rates import DEFAULTS, Activation, Rate
from lto_sim.report.words import PER_CM2, celsius, clock, energy, interval, law, measured, number, rate

__all__ = ["activation_section", "front_section", "rate_section", "rate_table", "verdict_words"]

_MOST_CHARTS: Final = 6


def front_section(fronts: Sequence[Store]) -> Section | None:
    """Return the section of tracked fronts."""
    blocks: list[Block] = []
    for front in fronts[:_MOST_CHARTS]:
        data = _points(front)
        if data is None or data.size == 0:
            blocks.append(Notice(f"{front.name}: no frame has a front."))
        else:
            blocks.append(front_chart(front.name, data))
    if len(fronts) > _MOST_CHARTS:
        names = ", ".join(front.name for front in fronts[_MOST_CHARTS:])
        blocks.append(Notice(f"More fronts are there than this page draws: {names}.", "note"))
    return Section("front", "Front over time", blocks) if blocks else None


def _points(front: Store) -> RateData | None:
    try:
        return RateData.from_front(front.data)
    except InputError:
        return None


def rate_section(rates: Sequence[Rate], refused: Sequence[tuple[str, str]]) -> Section | None:
    """Return the section of rate constants: a table of all, and each with its law, band and residuals."""
    blocks: list[Block] = []
    here = [found.name for found in rates if found.origin == DEFAULTS]
    if here:
        are = "has no stored fit and was" if len(here) == 1 else "have no stored fits and were"
        blocks.append(Notice(f"{', '.join(here)} {are} {DEFAULTS}.", "note"))
    if rates:
        blocks.append(Text(" ".join(_sentence(found) for found in rates[:_MOST_CHARTS])))
        blocks.append(rate_table(rates) if len(rates) > 1 else Facts(_numbers(rates[0])))
    for found in rates[:_MOST_CHARTS]:
        data = None if found.front is None else _points(found.front)
        if data is not None and data.size:
            blocks.append(rate_chart(found, data))
        blocks += _further(found)
    blocks += [Notice(f"{name}: k was not found: {reason}") for name, reason in refused]
    return Section("rate", "Rate constant", blocks) if blocks else None


def _sentence(found: Rate) -> str:
    where = "" if found.temperature is None else f" at {celsius(found.temperature)}"
    what = f"{found.direction.capitalize()}{where}" if found.direction else f"{found.name}{where}"
    return f"{what}: k = {rate(found.k, found.k_std)} by {law(found.definition)}, {verdict_words(found)}."


def verdict_words(found: Rate) -> str:
    """Say what limits the front, as the fit found it."""
    words = {
        "diffusion-limited": "the front is limited by diffusion",
        "reaction-limited": "the front is limited by the interface reaction, so that k is not resolved",
        "mixed": "diffusion and the interface reaction limit the front together",
        "undecided": "whether diffusion or the interface reaction limits the front is not decided",
    }.get(found.verdict, f"verdict: {found.verdict or 'not stated'}")
    other = found.summary.get("alternative")
    return f"{words} (or {other})" if other else words


def rate_table(rates: Sequence[Rate]) -> Table:
    """All rate constants with intervals, verdicts and windows."""
    header = (
        "front", "conditions", "k [cm²/s]", "95 % interval [cm²/s]", "verdict", "law", "window", "points",
        "reduced χ²", "from",
    )  # fmt: skip
    rows = [(found.name, *(value for _, value in _numbers(found))) for found in rates]
    definition = f", {law(rates[0].definition)}" if rates else ""
    return Table(f"Rate constants{definition}", header, rows)


def _numbers(found: Rate) -> list[tuple[str, str]]:
    """Names and values of one rate constant."""
    some = found.summary
    where = "" if found.temperature is None else celsius(found.temperature)
    window = f"{clock(found.window[0])} to {clock(found.window[1])}" if "window_end_s" in some else "–"
    return [
        ("conditions", ", ".join(part for part in (found.direction, where) if part) or "–"),
        ("k [cm²/s]", rate(found.k, found.k_std, "")),
        ("95 % interval [cm²/s]", interval(some.get("k_interval_m2_s") or (None, None), "")),
        ("verdict", found.verdict or "–"),
        ("law", str(some.get("law", "–"))),
        ("window of the fit", window),
        ("points in it", str(some.get("points", "–"))),
        ("reduced χ²", number(some.get("reduced_chi_square"), 3)),
        ("from", _short(found.origin)),
    ]


def _short(origin: str) -> str:
    return "fitted for this page" if origin == DEFAULTS else origin


def _further(found: Rate) -> list[Block]:
    """Correction by simulation and shell law, where the file holds them."""
    rows: list[tuple[str, ...]] = []
    corrected, shell = found.summary.get("corrected"), found.summary.get("shell")
    if isinstance(corrected, dict) and corrected.get("k_m2_s") is not None:
        value = rate(float(corrected["k_m2_s"]), corrected.get("k_std_m2_s"))
        rows.append(("k, corrected by a simulation of the specimen", value))
    if isinstance(shell, dict) and shell.get("k_m2_s") is not None:
        value = rate(float(shell["k_m2_s"]), shell.get("k_std_m2_s"))
        tip = (
            f"tip {float(shell['tip_length_m']) * 1e9:.4g} nm, p of a parabola {number(shell['p_value'], 2)}"
        )
        rows.append(("k of bulk and faces, by the shell law", f"{value}; {tip}"))
    start = found.summary.get("start_time_s")
    if start is not None:
        text = measured(float(start), found.summary.get("start_time_std_s"))
        rows.append((f"start time, {found.name}", f"{text} s"))
    return [Facts(rows)] if rows else []


def activation_section(
    lines: Sequence[Activation], refusals: Sequence[str], definition: str
) -> Section | None:
    """Return the section of activation energies."""
    blocks: list[Block] = [Notice(text) for text in refusals]
    if lines:
        blocks.append(Text(" ".join(_energy_sentence(line) for line in lines)))
        drawn = [Line.of(line, place) for place, line in enumerate(lines) if line.temperature.size]
        if drawn:
            blocks.append(arrhenius_chart("Rate constant against temperature", drawn, definition))
        blocks.append(_energy_table(lines))
    return Section("arrhenius", "Activation energy", blocks) if blocks else None


def _energy_sentence(line: Activation) -> str:
    low, high = line.interval
    of = f" of {line.direction}" if line.direction else ""
    origin = f" ({DEFAULTS})" if line.origin == DEFAULTS else f" ({line.origin})"
    return (
        f"The activation energy of k{of} is {energy(line.Ea_eV, line.Ea_eV_std)}, 95 %: {low:.3f} to "
        f"{high:.3f} eV{origin}."
    )


def _energy_table(lines: Sequence[Activation]) -> Table:
    header = (
        "direction", "Ea [eV]", "Ea_std [eV]", "95 % interval [eV]", "k0 [cm²/s]", "temperatures",
        "reduced χ²", "from",
    )  # fmt: skip
    rows = [
        (
            line.direction or "–", f"{line.Ea_eV:.4f}", f"{line.Ea_eV_std:.4f}",
            f"{line.interval[0]:.4f} to {line.interval[1]:.4f}",
            number(float(line.summary["k0_m2_s"]) * PER_CM2), str(len(set(line.temperature.tolist())) or "–"),
            number(line.summary.get("reduced_chi_square"), 3), _short(line.origin),
        )
        for line in lines
    ]  # fmt: skip
    return Table("Activation energies", header, rows)
