"""PITT: D of an exact slab comes back from the late decay, and across the plateau there is none."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from electrical_series import CAPACITY, LENGTH, Series, staircase

from lto_sim.electrochemistry import fit_pitt
from lto_sim.errors import InputError

D = 1e-15
LEVELS = [(1.05, 0.002), (1.03, 0.004), (1.01, 0.008)]


@pytest.mark.parametrize("samples", [400, 60, np.geomspace(1.0, 5000.0, 120)])
def test_diffusivity_of_an_exact_series_comes_back(samples: Any) -> None:
    result = fit_pitt(staircase(D, LEVELS, 5000.0, start=0.002, samples=samples))
    assert [entry.step for entry in result.holds] == [1, 2]
    for entry in result.holds:
        assert pytest.approx(D, rel=0.005) == entry.D
        assert entry.charge_ratio == pytest.approx(1.0, abs=0.02)
        assert entry.reason is None
        assert entry.note is None
    assert result.holds[0].li_fraction == pytest.approx(0.003, rel=1e-5)
    assert (result.holds[0].potential_before, result.holds[0].potential) == (1.05, 1.03)


def test_a_hold_that_ends_early_still_has_its_decay() -> None:
    entry = fit_pitt(staircase(D, LEVELS[:2], 1500.0, start=0.002)).holds[0]
    assert pytest.approx(D, rel=0.01) == entry.D
    assert entry.charge_ratio == pytest.approx(1.0, abs=0.02)


def test_a_hold_that_is_too_short_is_named() -> None:
    entry = fit_pitt(staircase(D, LEVELS[:2], 500.0, start=0.002)).holds[0]
    assert entry.D is None
    assert str(entry.reason).startswith("hold too short")


def test_across_and_on_the_plateau_there_is_no_diffusivity() -> None:
    levels = [(1.0, 0.01), (0.9, 0.98), (0.95, 0.5), (0.88, 0.985), (0.86, 0.99)]
    result = fit_pitt(staircase(D, levels, 5000.0, start=0.01))
    for entry in result.holds[:3]:
        assert entry.D is None
        for words in ("two phases", "crosses the plateau", "thermodynamic factor", "fit k instead"):
            assert words in str(entry.reason)
    assert pytest.approx(D, rel=0.005) == result.holds[3].D
    assert "no D from steps 1, 2, 3" in result.report()[-1]


def test_a_particle_still_between_the_phases_is_refused() -> None:
    levels = [(1.0, 0.3), (0.99, 0.2)]
    assert str(fit_pitt(staircase(D, levels, 5000.0, start=0.4)).holds[0].reason).startswith("two phases")


def test_the_same_potential_again_is_no_step() -> None:
    levels = [(1.0, 0.01), (1.0, 0.01)]
    assert str(fit_pitt(staircase(D, levels, 5000.0, start=0.01)).holds[0].reason).startswith("no step")


def test_a_contact_that_limits_is_told_from_diffusion() -> None:
    series = Series()
    series.add("hold", 1.05, 100.0, 10)
    series.add("hold", 1.0, 5000.0, 500)
    time = series.times()
    rate = 1.0 / 600.0
    relaxed = 1.0 - np.exp(-rate * np.maximum(time - 100.0, 0.0))
    entry = fit_pitt(series.dataset(0.002 + 0.004 * relaxed, np.full(time.size, 1.0))).holds[0]
    assert entry.charge_ratio == pytest.approx(np.pi**2 / 8.0, rel=0.01)
    assert "not only diffusion" in str(entry.note)
    assert pytest.approx(4.0 * rate * (LENGTH / np.pi) ** 2, rel=1e-3) == entry.D


def test_noise_on_the_current_is_covered() -> None:
    rng = np.random.default_rng(5)
    pulls = []
    for _ in range(40):
        data = staircase(D, LEVELS[:2], 3000.0, start=0.002, samples=300)
        scale = CAPACITY * 0.002 / 1000.0
        data["current"] = data["current"] + rng.normal(0.0, 2e-3 * scale, data.sizes["time_fine"])
        entry = fit_pitt(data).holds[0]
        assert entry.D is not None
        assert entry.D_std is not None
        pulls.append((entry.D - D) / entry.D_std)
    assert 0.5 < float(np.std(pulls)) < 2.0
    assert abs(float(np.mean(pulls))) < 1.0


def test_errors_and_json() -> None:
    data = staircase(D, LEVELS, 5000.0, start=0.002)
    table = json.loads(json.dumps(fit_pitt(data).to_dict()))
    assert table["holds"][1]["D_m2_s"] == pytest.approx(D, rel=0.005)
    with pytest.raises(InputError, match="radial"):
        fit_pitt(data.assign_attrs(geometry="radial"))
    with pytest.raises(InputError, match="a hold that follows a hold"):
        fit_pitt(staircase(D, LEVELS[:1], 5000.0, start=0.002))
    with pytest.raises(InputError, match="resolution"):
        fit_pitt(data, resolution=-1.0)
    valueless = json.loads(data.attrs["drive_steps"])
    valueless[1]["value"] = None
    with pytest.raises(InputError, match=r"drive_steps\.1\.value"):
        fit_pitt(data.assign_attrs(drive_steps=json.dumps(valueless)))
