"""The validation itself: rows, sections, what a miss is, and the short sections as a user runs them."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest

from lto_sim.errors import InputError, SolverError
from lto_sim.scenario import Scenario
from lto_sim.transport import simulate
from lto_sim.validate import (
    SECTIONS,
    Row,
    Section,
    choose_sections,
    format_table,
    passed,
    run_sections,
)
from lto_sim.validate.engine_checks import fronts_in_cells
from lto_sim.validate.invariance_cases import VIEWS, quality
from lto_sim.validate.section import worst_row


def rows_of(*names: str) -> list[Row]:
    found = run_sections(choose_sections(names), quick=True, processes=1)
    return [row for _, rows in found for row in rows]


def test_a_row_passes_within_its_limit_and_never_as_nan():
    assert Row("a", 1.0, 1.1, 0.1, 0.1).passed
    assert not Row("a", 1.0, 1.1, -0.11, 0.1).passed
    assert not Row("a", 1.0, math.nan, math.nan, 1.0).passed
    assert not passed([])
    assert "MISS (<= 0.1)" in format_table([Row("a", 1.0, 2.0, 1.0, 0.1)])


def test_the_worst_row_is_the_worst():
    row = worst_row("a", np.array([0.1, -0.3, 0.2]), 0.25, np.array([1.0, 10.0, 3.0]))
    assert (row.exact, row.obtained, row.error) == (10.0, 7.0, -0.3)
    assert not row.passed
    assert worst_row("a", np.array([0.1, -0.3]), 0.5).exact == 1.0


def test_sections_have_one_name_each_and_minutes_are_on_request():
    names = [section.name for section in SECTIONS]
    assert len(set(names)) == len(names)
    assert [s.name for s in SECTIONS if s.on_request] == [
        "design", "map-intervals", "intervals", "corrections", "bias", "recovery", "programme",
    ]  # fmt: skip
    assert not any(section.on_request for section in choose_sections())
    assert [s.name for s in choose_sections(["shell", "planar"])] == ["planar", "shell"]


def test_an_unknown_section_is_refused_with_the_names():
    with pytest.raises(InputError, match="allowed: planar, order, line-source"):
        choose_sections(["planar", "plan"])


@pytest.mark.parametrize("section", SECTIONS, ids=lambda s: s.name)
def test_the_quick_form_is_not_larger_than_the_full_one(section: Section):
    assert 1 <= len(section.checks(True)) <= len(section.checks(False))


def first() -> list[Row]:
    return [Row("first", 1.0, 1.0, 0.0, 0.0)]


def broken() -> list[Row]:
    raise SolverError("the step collapsed")


def numbered(number: int) -> list[Row]:
    return [Row(f"row {number}", 0.0, number, number, 99.0)]


def test_a_check_that_cannot_be_finished_is_a_miss_that_says_why():
    section = Section("a", "b", lambda quick: [first, broken, first])
    rows = [row for _, found in run_sections([section], processes=1) for row in found]
    assert [row.passed for row in rows] == [True, False, True]
    assert rows[1].quantity == "not finished: the step collapsed"


def test_rows_keep_their_order_in_worker_processes():
    sections = [Section(name, "", lambda quick: [partial(numbered, n) for n in range(4)]) for name in "ab"]
    found = [(s.name, row.quantity) for s, rows in run_sections(sections, processes=2) for row in rows]
    assert found == [(name, f"row {n}") for name in "ab" for n in range(4)]


@pytest.mark.parametrize(
    "name",
    ["planar", "line-source", "linear-parabolic", "regimes", "symmetry", "steps", "restart", "extremes"],
)
def test_a_short_section_passes(name: str):
    rows = rows_of(name)
    assert passed(rows), format_table(rows)
    assert len({row.quantity for row in rows}) == len(rows)


def test_every_view_is_the_particle_moved():
    """Four corners and a point inside go where the array goes."""
    field = np.arange(12 * 20, dtype=float).reshape(1, 12, 20)
    for view in VIEWS.values():
        points = np.array([[7.5e-9, 7.5e-9], [292.5e-9, 7.5e-9], [52.5e-9, 112.5e-9]])
        moved = np.round(view.moved(points) / 15e-9 - 0.5).astype(int)
        shape = (1, 20, 12) if view.turned else (1, 12, 20)
        laid = np.zeros(shape)
        for (x, y), (u, v) in zip(np.round(points / 15e-9 - 0.5).astype(int), moved, strict=True):
            laid[0, v, u] = field[0, y, x]
        back = view.back(laid)
        for x, y in np.round(points / 15e-9 - 0.5).astype(int):
            assert back[0, y, x] == field[0, y, x]


def slab(**values: object) -> Scenario:
    return Scenario.from_dict({
        "material": "lto", "temperature": 348.15, "initial": 1.0,
        "specimen": {"outline": {"shape": "slab", "length": 2e-7}, "cell": 2e-8},
        "contacts": {"lps": {"where": {"side": "left"}}},
        "drive": [{"hold": 1.6, "until": {"time": 0.08}}], "output": {"max_states": 3}, **values,
    })  # fmt: skip


def test_a_run_that_stopped_has_no_quality():
    balance, outside = quality(simulate(slab()))
    assert balance < 1e-14
    assert outside == 0
    assert all(math.isnan(v) for v in quality(simulate(slab(numerics={"max_steps": 2}))))


def test_fronts_in_cells_count_transformed_cells():
    run = simulate(slab())
    x = run["li_fraction"].values
    x[-1] = 0.96
    x[-1, ..., :4] = 0.01
    x[-1, ..., 4] = 0.5
    np.testing.assert_allclose(fronts_in_cells(run)[[0, -1], 0], [0.0, 4.5], atol=1e-6)
    run.attrs["geometry"] = "radial"
    volume = (np.arange(1, 11) ** 3 - np.arange(10) ** 3).astype(float)
    run["cell_volume"].values[:] = volume.reshape(1, 1, 10)
    x[-1, ..., :6] = 0.96
    x[-1, ..., 6:] = 0.01
    assert fronts_in_cells(run)[-1, 0] == pytest.approx(4.0, abs=1e-6)
