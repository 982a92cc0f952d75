"""Every electrochemical case beside its exact answer: the quick form of the validation table."""

from __future__ import annotations

import pytest

from lto_sim.validate import Row, choose_sections, format_table, passed, run_sections


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    found = run_sections(choose_sections(["electrochemistry"]), quick=True, processes=1)
    return [row for _, part in found for row in part]


def test_every_row_passes(rows):
    assert passed(rows), format_table(rows)
    for row in rows:
        assert row.passed, row.quantity


def test_the_table_covers_every_kind_of_case(rows):
    quantities = " | ".join(row.quantity for row in rows)
    for kind in (
        "Wagner", "Cottrell", "series of a slab", "impedance", "well mixed", "active contact", "GITT",
        "sinh", "both contacts", "lithium over charge/F", "restart against uninterrupted",
    ):  # fmt: skip
        assert kind in quantities, kind
    assert len({row.quantity for row in rows}) == len(rows)
    assert all(row.limit <= 0.1 for row in rows)
