"""GITT: D of an exact slab comes back, and where it cannot the reason says why."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import xarray as xr
from electrical_series import AREA, GAP, LENGTH, PLATEAU, TEMPERATURE, Series, gitt, surface_rise
from numpy.typing import NDArray

from lto_sim.electrochemistry import fit_gitt
from lto_sim.errors import InputError
from lto_sim.materials import load_material

D = 1e-15
UNIT = LENGTH**2 / D  # seconds in which D t/L^2 becomes 1

Floats = NDArray[np.float64]


def straight(x: Floats) -> Floats:
    return 1.2 - 2.0 * x


def lto(x: Floats) -> Floats:
    return load_material("lto").open_circuit_potential(x, TEMPERATURE)


def titration(pulse: float, rest: float = 20.0, **others: float) -> xr.Dataset:
    """Three pulses of 0.002 in x on a straight potential; durations in units of L^2/D."""
    samples = int(others.get("samples", 200))
    return gitt(
        D, straight, start=0.01, rate=0.002 / (pulse * UNIT), pulse=pulse * UNIT, rest=rest * UNIT, pulses=3,
        samples=samples,
    )  # fmt: skip


def test_the_exact_slab_is_that_of_carslaw_and_jaeger() -> None:
    early, late = np.array([1e-3, 9e-3, 1.1e-2]), np.array([2.0])
    np.testing.assert_allclose(surface_rise(early), 2.0 * np.sqrt(early / np.pi), rtol=1e-9)
    np.testing.assert_allclose(surface_rise(late), late + 1.0 / 3.0, rtol=1e-8)


@pytest.mark.parametrize("pulse", [0.02, 0.1, 0.3])
def test_diffusivity_of_an_exact_series_comes_back(pulse: float) -> None:
    result = fit_gitt(titration(pulse))
    assert [entry.step for entry in result.pulses] == [1, 3, 5]
    for number, entry in enumerate(result.pulses):
        assert pytest.approx(D, rel=0.002) == entry.D
        assert entry.reason is None
        assert entry.note is None
        assert entry.li_fraction == pytest.approx(0.011 + 0.002 * number)
        assert entry.potential == pytest.approx(straight(np.array(entry.li_fraction)), abs=1e-9)
        assert entry.fourier_number == pytest.approx(0.6 * pulse, rel=0.01)
        assert entry.temperature == TEMPERATURE
    assert result.diffusion_length == pytest.approx(LENGTH)


def test_extraction_gives_the_same_as_insertion() -> None:
    data = gitt(
        D, straight, start=0.04, rate=-0.002 / (0.1 * UNIT), pulse=0.1 * UNIT, rest=20 * UNIT, pulses=2
    )
    assert pytest.approx(D, rel=0.002) == fit_gitt(data).pulses[1].D


def test_a_pulse_that_is_too_long_is_fitted_where_the_law_holds() -> None:
    entry = fit_gitt(titration(1.0)).pulses[0]
    assert entry.note is not None
    assert entry.note.startswith("pulse too long for the short-time law")
    assert entry.window is not None
    assert entry.window[1] < 0.2 * UNIT
    assert entry.window[0] == pytest.approx(entry.window[1] / 6.0)
    assert entry.fourier_number is not None
    assert entry.fourier_number < 0.2
    assert pytest.approx(D, rel=0.01) == entry.D


def test_a_pulse_too_long_for_its_samples_has_no_diffusivity() -> None:
    entry = fit_gitt(titration(2.0, samples=20)).pulses[0]
    assert entry.D is None
    assert entry.reason is not None
    assert entry.reason.startswith("pulse too long for the short-time law")


def test_on_the_plateau_there_is_no_diffusivity_and_the_reason_is_in_words() -> None:
    data = gitt(D, lto, start=0.3, rate=0.01 / 100.0, pulse=100.0, rest=5000.0, pulses=3)
    result = fit_gitt(data)
    for entry in result.pulses:
        assert entry.D is None
        assert entry.D_std is None
        assert entry.reason is not None
        for words in (
            "two phases",
            "does not depend on the content",
            "thermodynamic factor",
            "fit k instead",
        ):
            assert words in entry.reason
    assert all("no D, two phases" in line for line in result.report()[1:4])
    assert "steps 1, 3, 5" in result.report()[4]


def test_potentials_that_do_not_move_are_a_plateau_without_its_value_too() -> None:
    data = gitt(D, lambda x: 0.97 - 1e-3 * x, start=0.01, rate=2e-5, pulse=100.0, rest=2e4, pulses=1)
    del data.attrs["plateau_V"]
    result = fit_gitt(data)
    assert result.plateau is None
    assert str(result.pulses[0].reason).startswith("two phases")
    assert pytest.approx(D, rel=0.01) == fit_gitt(data, resolution=1e-7).pulses[0].D


def test_from_one_phase_onto_the_plateau_is_refused() -> None:
    data = gitt(D, lto, start=0.0405, rate=0.005 / 100.0, pulse=100.0, rest=20000.0, pulses=3)
    reasons = [str(entry.reason).partition(":")[0] for entry in fit_gitt(data).pulses]
    assert reasons[1:] == ["two phases", "two phases"]


def test_a_rest_that_had_not_ended_is_refused_or_counted() -> None:
    entry = fit_gitt(titration(0.1, rest=0.2)).pulses[0]
    assert entry.D is None
    assert str(entry.reason).startswith("rest too short: the potential was still drifting")
    longer = fit_gitt(titration(0.1, rest=0.5), resolution=1e-5).pulses[1]
    assert longer.D is not None
    assert longer.D_std is not None
    assert "to go" in str(longer.note)
    assert abs(longer.D - D) < 2.0 * longer.D_std


def test_a_bend_of_the_potential_counts_as_deviation() -> None:
    for change in (5e-4, 1e-4, 2e-5):
        data = gitt(D, lto, start=0.01, rate=change / 100.0, pulse=100.0, rest=2e4, pulses=1)
        entry = fit_gitt(data, resolution=1e-6).pulses[0]
        assert entry.D is not None
        assert entry.D_std is not None
        assert abs(entry.D - D) < 1.5 * entry.D_std
        assert pytest.approx(D, rel=300.0 * change + 1e-3) == entry.D


def test_a_surface_that_reaches_the_other_phase_is_refused() -> None:
    data = gitt(D, lto, start=0.045, rate=0.003 / 100.0, pulse=100.0, rest=2e4, pulses=1)
    assert str(fit_gitt(data).pulses[0].reason).startswith("not straight in sqrt(t)")


def test_resistances_drop_out() -> None:
    data = titration(0.1)
    drop = 0.02 * np.nan_to_num(data["current"].values) / np.nanmax(np.abs(data["current"].values))
    data["potential"] = data["potential"] + drop
    assert pytest.approx(D, rel=0.002) == fit_gitt(data).pulses[1].D


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_the_deviation_covers_noise(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pulls = []
    for _ in range(40):
        data = titration(0.1, samples=100)
        data["potential"] = data["potential"] + rng.normal(0.0, 2e-5, data.sizes["time_fine"])
        for entry in fit_gitt(data).pulses:
            assert entry.D is not None
            assert entry.D_std is not None
            pulls.append((entry.D - D) / entry.D_std)
    assert 0.5 < float(np.std(pulls)) < 1.3
    assert abs(float(np.mean(pulls))) < 0.4


def test_a_pulse_without_a_rest_before_it_is_named() -> None:
    series = Series()
    series.add("hold", 1.1, 10.0, 5)
    series.add("current", 1e-15, 10.0, 20)
    series.add("rest", None, 10.0, 20)
    time = series.times()
    data = series.dataset(0.03 - 1e-5 * time, 1.1 + 1e-3 * time)
    entry = fit_gitt(data).pulses[0]
    assert str(entry.reason).startswith("no rest before")
    assert entry.potential_before is None
    assert entry.D is None


def test_no_pulse_is_an_error_and_arguments_are_checked() -> None:
    series = Series()
    series.add("hold", 1.1, 10.0, 5)
    data = series.dataset(np.full(6, 0.02), np.full(6, 1.1))
    with pytest.raises(InputError, match="followed by a rest"):
        fit_gitt(data)
    for bad in ({"fit_window": (0.6, 0.1)}, {"resolution": 0.0}, {"length": -1.0}):
        with pytest.raises(InputError, match=next(iter(bad))):
            fit_gitt(titration(0.1), **bad)  # type: ignore[arg-type]


def test_a_length_of_one_s_own_scales_the_result() -> None:
    entry = fit_gitt(titration(0.1), length=0.5 * LENGTH).pulses[0]
    assert pytest.approx(0.25 * D, rel=0.002) == entry.D
    halved = titration(0.1)
    halved.attrs["contact_areas_m2"] = json.dumps([0.5 * AREA, 0.5 * AREA])
    assert pytest.approx(D, rel=0.002) == fit_gitt(halved).pulses[0].D


def test_the_result_goes_into_json() -> None:
    table = json.loads(json.dumps(fit_gitt(titration(1.0)).to_dict()))
    assert table["diffusion_length_m"] == pytest.approx(LENGTH)
    assert table["plateau_V"] == PLATEAU
    first = table["pulses"][0]
    assert first["D_m2_s"] == pytest.approx(D, rel=0.01)
    assert len(first["window_s"]) == 2
    assert first["reason"] is None
    report = fit_gitt(titration(0.1)).report()
    assert "3 pulses, D from 3" in report[0]
    assert "x = 0.0110, E = 1.1780 V, 60.0 degC: D = (1.000 +- 0.001)e-15 m2/s" in report[1]
    assert math.isclose(GAP[0], 0.05)
