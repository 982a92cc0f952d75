"""The sections of the validation on synthetic EELS, row by row, and that their rows can miss."""

from __future__ import annotations

import numpy as np
import pytest

from lto_sim.microscope.hydrogenic import differential_cross_section
from lto_sim.validate import choose_sections, run_sections
from lto_sim.validate import scan_checks as scans
from lto_sim.validate import spectrum_checks as spectra


def rows_of(name: str) -> list:
    return [row for _, rows in run_sections(choose_sections([name]), quick=True, processes=1) for row in rows]


@pytest.mark.parametrize(("name", "count"), [("spectra", 23), ("scans", 11)])
def test_every_row_of_the_section_passes(name, count):
    rows = rows_of(name)
    assert len(rows) == count
    missed = [row.cells() for row in rows if not row.passed]
    assert not missed, missed


def test_a_cross_section_that_is_a_percent_off_is_a_miss(monkeypatch):
    def wrong(*args, **kwargs):
        return 1.01 * differential_cross_section(*args, **kwargs)

    monkeypatch.setattr(spectra, "differential_cross_section", wrong)
    rows = spectra._edge_rows()
    assert [row.passed for row in rows] == [False, False, False, True]


def test_noise_that_is_not_poisson_is_a_miss(monkeypatch):
    def wrong(expected, seed):
        rng = np.random.default_rng(seed)
        return rng.poisson(expected * rng.choice([0.98, 1.02], expected.shape))

    monkeypatch.setattr(spectra, "draw_counts", wrong)
    rows = {row.quantity: row.passed for row in spectra._counting_rows()}
    assert not next(passed for name, passed in rows.items() if "2500" in name)


def test_a_drift_the_other_way_is_a_miss(monkeypatch):
    forward = scans.front_positions
    monkeypatch.setattr(scans, "front_positions", lambda *args: -forward(*args))
    assert not any(row.passed for row in scans._drift_rows())


def test_the_step_run_holds_its_step():
    run = scans.step_run(952.1e-9)
    rich = run["li_fraction"][0, 0, 0] * 5e-9
    assert float(rich.sum()) == pytest.approx(952.1e-9, rel=1e-12)
