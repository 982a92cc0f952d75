"""FiPy and super-time-stepping beside the default: the rows of the validation, one body each."""

from __future__ import annotations

import pytest

from lto_sim.validate import Row, choose_sections, format_table, passed, run_sections


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    found = run_sections(choose_sections(["engines"]), quick=True, processes=1)
    return [row for _, part in found for row in part]


def test_other_engines_agree_on_front_and_lithium(rows):
    assert passed(rows), format_table(rows)
    for row in rows:
        assert row.limit <= (0.5 if row.quantity.startswith("front") else 5e-3)


def test_three_bodies_and_fronts_inside_them(rows):
    for body in ("slab", "cylinder", "sphere", "rectangle, partial contact"):
        for other in ("FiPy", "super-time-stepping"):
            fronts = [r for r in rows if r.quantity == f"front [cells], {body}, {other}"]
            assert len(fronts) == 1
            assert fronts[0].exact > 1.0
