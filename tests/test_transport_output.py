"""What a run records: dense output, scanned frames, early ends, several drive steps, states of rest."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from lto_sim.constants import FARADAY
from lto_sim.errors import InputError
from lto_sim.materials import load_material
from lto_sim.scenario import Scenario
from lto_sim.transport import plan_run, simulate
from lto_sim.transport.record import FineSeries, FrameSeries, ScanPlan, ScanRecord, Span, StateRecord

RECTANGLE: dict[str, Any] = {
    "material": "lto",
    "temperature": "75 degC",
    "initial": 1.0,
    "specimen": {
        "outline": {"shape": "rectangle", "width": "600 nm", "height": "450 nm"},
        "thickness": "150 nm",
        "cell": "30 nm",
    },
    "contacts": {"lps": {"where": {"side": "left", "from": "100 nm", "to": "350 nm"}}},
    "drive": [{"hold": "1.6 V", "until": {"time": "6 s"}}],
}
SLAB: dict[str, Any] = RECTANGLE | {
    "specimen": {"outline": {"shape": "slab", "length": "1 um"}, "cell": "20 nm"},
    "contacts": {"lps": {"where": {"side": "left"}}},
}


def run(base: dict[str, Any], **changes: Any):
    return simulate(Scenario.from_dict(base | changes))


def content(dataset) -> np.ndarray:
    """Mean li fraction of every saved state."""
    share = dataset["cell_volume"] / dataset["cell_volume"].sum()
    return (dataset["li_fraction"].astype(np.float64) * share).sum(("z", "y", "x")).to_numpy()


def capacity(dataset) -> float:
    return 22740.0 * float(dataset["cell_volume"].sum())


# --- dense output on a field that is known ---

SHAPE = (2, 3, 4)
BEGIN = np.linspace(0.1, 0.6, 24).reshape(SHAPE)
SLOPE = np.linspace(0.01, 0.05, 24)[::-1].reshape(SHAPE)


def known_spans(cuts: np.ndarray) -> list[Span]:
    """Spans between `cuts` of a field that is linear in time over the whole run."""
    return [
        Span(
            a, b, BEGIN + a * SLOPE, BEGIN + b * SLOPE, np.array([0.1 * a]), np.array([0.1 * b]),
            3.0 * a, 3.0 * b, np.array([a]), np.array([b]), np.array([1.6]), np.array([1.6]),
        )
        for a, b in itertools.pairwise(cuts)
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_records_do_not_depend_on_the_pattern_of_steps(seed):
    rng = np.random.default_rng(seed)
    cuts = np.concatenate([[0.0], np.sort(rng.uniform(0.0, 8.0, rng.integers(0, 40))), [8.0]])
    weight_x = np.array([[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.25, 0.75]])
    weight_y = np.array([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0]])
    offsets = rng.permutation(6).reshape(3, 2) * 0.3 + 0.1
    volume = rng.uniform(0.2, 1.0, SHAPE)
    inert, lithium = rng.uniform(0.0, 0.5, SHAPE[1:]), rng.uniform(0.0, 0.2, SHAPE[1:])
    start = np.array([0.0, 2.0, 4.0, 6.0])
    plan = ScanPlan(FrameSeries(0.0, 2.0, 4), offsets, weight_x, weight_y, volume, inert, lithium)
    scan, times = ScanRecord(plan), np.linspace(0.0, 8.0, 17)
    states, series = StateRecord(times), FineSeries(lambda *_: times[1:])
    for span in known_spans(cuts):
        for observer in (scan, states, series):
            observer.observe(span)
    seen = start[:, None, None] + offsets

    def pixels(columns: np.ndarray) -> np.ndarray:
        return weight_y @ columns @ weight_x.T

    content = pixels(volume.sum(axis=0) + inert)
    first, slope = (pixels((volume * field).sum(axis=0)) for field in (BEGIN, SLOPE))
    np.testing.assert_allclose(scan.frames(), (first + pixels(lithium) + seen * slope) / content, atol=1e-6)
    np.testing.assert_allclose(np.stack(states.excess)[:, 0], 0.1 * times, atol=1e-7)
    np.testing.assert_allclose(np.stack(states.states), BEGIN + times[:, None, None, None] * SLOPE, atol=1e-7)
    np.testing.assert_allclose(series.lithium, 3.0 * times, atol=1e-14)
    np.testing.assert_allclose(series.uptake[:, 0], times, atol=1e-14)


# --- frames ---


@pytest.mark.parametrize("order", ["rows", "columns"])
def test_pixel_times(order):
    dataset = run(
        RECTANGLE, scan={"frame_time": "1.2 s", "pixels": [4, 3], "order": order, "flyback": "0.04 s"}
    )
    lines, points = (3, 4) if order == "rows" else (4, 3)
    line = 1.2 / lines
    dwell = (line - 0.04) / points
    expected = np.array([[j * line + (i + 0.5) * dwell for i in range(points)] for j in range(lines)])
    expected = expected if order == "rows" else expected.T
    np.testing.assert_allclose(dataset["pixel_time"], expected, rtol=1e-12)
    np.testing.assert_allclose(dataset["frame_time"], np.arange(5) * 1.2, rtol=1e-12)
    np.testing.assert_allclose(dataset["pixel_x"], (np.arange(4) + 0.5) * 150e-9, rtol=1e-12)
    np.testing.assert_allclose(dataset["pixel_y"], (np.arange(3) + 0.5) * 150e-9, rtol=1e-12)
    assert not np.isnan(dataset["scan_li_fraction"]).any()


def test_few_saved_states_are_spread_over_the_run():
    dataset = run(RECTANGLE, output={"max_states": 5})
    assert dataset.sizes["time"] == 5
    np.testing.assert_allclose(np.diff(dataset["time"]), dataset["time"].to_numpy()[-1] / 4.0)


def test_frames_equal_the_interpolation_of_a_finely_saved_run():
    scan = {"frame_time": "1.5 s", "pixels": [8, 6]}
    dataset = run(RECTANGLE, scan=scan, output={"every": "0.5 ms", "max_states": 16000})
    mean = dataset["li_fraction"].astype(np.float64).mean("z").to_numpy()
    pixels = mean.reshape(mean.shape[0], 15, 20)
    weight_x = np.kron(np.eye(8), np.ones(5)).reshape(8, 20, 2).mean(2) / 2.5
    weight_y = np.kron(np.eye(6), np.ones(5)).reshape(6, 15, 2).mean(2) / 2.5
    pixels = weight_y @ pixels @ weight_x.T
    seen = dataset["frame_time"].to_numpy()[:, None, None] + dataset["pixel_time"].to_numpy()
    time = dataset["time"].to_numpy()
    expected = np.array(
        [
            [[np.interp(seen[f, j, i], time, pixels[:, j, i]) for i in range(8)] for j in range(6)]
            for f in range(4)
        ]
    )
    assert np.ptp(expected) > 0.8
    np.testing.assert_allclose(dataset["scan_li_fraction"], expected, atol=3e-4)


def test_frames_do_not_depend_on_the_step_size():
    scan = {"frame_time": "1.5 s", "pixels": [5, 3]}
    coarse, fine = (
        run(RECTANGLE, scan=scan, numerics={"front_fraction": f, "change_fraction": f})["scan_li_fraction"]
        for f in (0.25, 0.01)
    )
    assert float(np.abs(coarse - fine).max()) < 6e-3


def test_every_frame_that_fits_is_recorded():
    scan = {"frame_time": "1.5 s", "period": "2 s", "pixels": [4, 3]}
    drive = [{"hold": "1.6 V", "until": {"time": "5.5 s"}}]
    dataset = run(RECTANGLE, scan=scan, drive=drive)
    np.testing.assert_allclose(dataset["frame_time"], [0.0, 2.0, 4.0])
    assert np.all(np.isfinite(dataset["scan_li_fraction"]))


def test_scan_moves_no_step():
    plain, scanned = run(RECTANGLE), run(RECTANGLE, scan={"frame_time": "0.1 s", "pixels": [16, 12]})
    assert plain.attrs["steps"] == scanned.attrs["steps"]
    np.testing.assert_array_equal(plain["li_fraction"], scanned["li_fraction"])


def test_scan_over_a_radial_body_is_refused():
    body = SLAB | {
        "specimen": {"outline": {"shape": "sphere", "radius": "1 um"}, "cell": "20 nm"},
        "contacts": {"lps": {"where": {"side": "outer"}}},
    }
    with pytest.raises(InputError, match=r"^scan: ") as error:
        run(body, scan={"pixels": [4, 4]})
    assert "\n" not in str(error.value)


# --- ends ---


@pytest.mark.parametrize(("start", "volts", "wanted"), [(1.0, 1.6, 0.37), (0.0, 0.4, 0.61)])
@pytest.mark.parametrize("base", [SLAB, RECTANGLE])
def test_run_ends_exactly_at_the_li_fraction_asked_for(base, start, volts, wanted):
    drive = [{"hold": volts, "until": {"time": "1 h", "li_fraction": wanted}}]
    dataset = run(base, initial=start, drive=drive, output={"every": "1 min"})
    assert dataset.attrs["status"] == 1
    assert "li fraction" in dataset.attrs["status_meaning"]
    end = dataset.attrs["end_time_s"]
    assert 0.0 < end < 3600.0
    same = run(base, initial=start, drive=[{"hold": volts, "until": {"time": end}}])
    assert content(same)[-1] == pytest.approx(wanted, abs=1e-3)
    assert content(dataset)[-1] == pytest.approx(wanted, abs=1e-6)
    assert float(dataset["time"][-1]) == pytest.approx(end, rel=1e-12)
    assert float(dataset["time_fine"][-1]) == end
    lithium = dataset["lithium"].to_numpy()
    assert lithium[-1] / capacity(dataset) == pytest.approx(wanted, abs=1e-12)
    assert float(dataset["charge"][-1]) == pytest.approx(FARADAY * (lithium[0] - lithium[-1]), rel=1e-11)
    assert dataset.attrs["worst_balance_error"] < 1e-12


def test_a_li_fraction_ends_its_own_step_and_the_drive_goes_on():
    drive = [
        {"hold": "1.6 V", "until": {"time": "1 h", "li_fraction": 0.4}},
        {"hold": "0.4 V", "until": {"time": "1 h", "li_fraction": 0.6}},
        {"hold": "1.6 V", "until": {"time": "0.1 s"}},
    ]
    dataset = run(SLAB, drive=drive, output={"current_every": "20 ms"})
    assert dataset.attrs["status"] == 0
    assert dataset.attrs["worst_balance_error"] < 1e-12
    inside = dataset["lithium"].to_numpy() / capacity(dataset)
    turn = int(np.argmin(inside))
    assert inside[turn] == pytest.approx(0.4, abs=0.01)
    assert inside.max(where=np.arange(inside.size) > turn, initial=0.0) == pytest.approx(0.6, abs=0.01)
    potential = dataset["potential"].to_numpy()
    assert np.all(np.diff(inside)[potential[1:] == 1.6] < 1e-12)
    changes = np.flatnonzero(np.diff(potential))
    assert changes.size == 2
    assert abs(int(changes[0]) - turn) <= 1
    end = dataset.attrs["end_time_s"]
    assert end == pytest.approx(float(dataset["time_fine"][changes[1]]) + 0.1, abs=0.03)


def test_output_intervals_that_do_not_divide_the_run_still_reach_its_end():
    drive = [{"hold": "1.6 V", "until": {"time": "5 s"}}]
    dataset = run(SLAB, drive=drive, output={"every": "1.5 s", "current_every": "3 s"})
    np.testing.assert_allclose(dataset["time"], [0.0, 1.5, 3.0, 4.5, 5.0])
    np.testing.assert_allclose(dataset["time_fine"], [0.0, 3.0, 5.0])
    lithium = dataset["lithium"].to_numpy()
    np.testing.assert_allclose(dataset["charge"], FARADAY * (lithium[0] - lithium), rtol=1e-11)
    plan = plan_run(Scenario.from_dict(SLAB | {"drive": drive, "output": {"every": "1.5 s"}}))
    assert plan.states == dataset.sizes["time"]


def test_li_fraction_of_the_start_is_not_crossed():
    drive = [{"hold": "0.4 V", "until": {"time": "5 s", "li_fraction": 0.5}}]
    dataset = run(SLAB, initial=0.5, drive=drive)
    assert dataset.attrs["status"] == 0
    assert np.all(np.isfinite(dataset["charge"]))


def test_step_limit_is_a_status_with_advice():
    dataset = run(SLAB, numerics={"max_steps": 7})
    assert dataset.attrs["status"] == 2
    assert dataset.attrs["steps"] == 7
    assert "max_steps" in dataset.attrs["status_meaning"]
    assert 0.0 < dataset.attrs["end_time_s"] < 6.0


@pytest.mark.parametrize("times", [[0.1] * 10, [0.1, 0.2, 0.3, 0.7, 0.1], [1.0 / 3.0] * 7])
def test_last_output_time_is_there_however_the_drive_is_cut(times):
    drive = [{"hold": "1.6 V", "until": {"time": t}} for t in times]
    dataset = run(SLAB, drive=drive)
    assert float(dataset["time"][-1]) == pytest.approx(math.fsum(times), rel=1e-15)
    saved, every = dataset["time"].to_numpy(), math.fsum(times) / 100.0
    for wanted in (*every * np.arange(101), *np.cumsum(times)):
        assert np.abs(saved - wanted).min() < 1e-9
    assert saved.size <= 101 + len(times)
    assert np.diff(saved).min() > 1e-6
    assert float(dataset["time_fine"][-1]) == pytest.approx(math.fsum(times), rel=1e-12)


def test_plan_counts_what_the_run_makes():
    scenario = Scenario.from_dict(RECTANGLE | {"scan": {"frame_time": "0.5 s", "pixels": [6, 5]}})
    plan, dataset = plan_run(scenario), simulate(scenario)
    assert plan.cells == dataset.attrs["cells"] == 20 * 15
    assert plan.states == dataset.sizes["time"]
    assert plan.frames == dataset.sizes["frame"] == 12


def test_too_many_states_are_refused():
    with pytest.raises(InputError, match=r"^output.every: got 0.001; allowed: >= 0.03"):
        run(SLAB, output={"every": "1 ms"})


# --- drives ---


def test_a_hold_in_two_steps_is_the_hold():
    one = run(SLAB, drive=[{"hold": 1.6, "until": {"time": 4.0}}])
    two = run(SLAB, drive=[{"hold": 1.6, "until": {"time": t}} for t in (1.5, 2.5)])
    assert content(two)[-1] == pytest.approx(content(one)[-1], abs=2e-4)


def test_temperature_of_a_step_is_time_at_another_temperature():
    # one activation energy for both phases: a second at 105 degC is D(105)/D(75) seconds at 75 degC
    material = {"D_Li4": {"Ea": "0.5 eV"}, "D_Li7": {"Ea": "0.5 eV"}}
    factor = math.exp(-0.5 * FARADAY / 8.31446261815324 * (1.0 / 378.15 - 1.0 / 348.15))
    mixed = run(
        SLAB,
        material=material,
        drive=[
            {"hold": 1.6, "until": {"time": 1.0}},
            {"hold": 1.6, "until": {"time": 0.5}, "temperature": "105 degC"},
        ],
    )
    plain = run(SLAB, material=material, drive=[{"hold": 1.6, "until": {"time": 1.0 + 0.5 * factor}}])
    assert 0.2 < content(plain)[-1] < 0.7
    assert content(mixed)[-1] == pytest.approx(content(plain)[-1], abs=5e-4)


def test_reversed_drive_and_its_potential():
    drive = [{"hold": 1.6, "until": {"time": 4.0}}, {"hold": 0.4, "until": {"time": 30.0}}]
    dataset = run(SLAB, drive=drive)
    potential, current = dataset["potential"].to_numpy(), dataset["current"].to_numpy()
    time = dataset["time_fine"].to_numpy()
    assert np.all(potential[time <= 4.0] == 1.6)
    assert np.all(potential[time > 4.0] == 0.4)
    assert np.all(current[1:][time[1:] <= 4.0] > 0.0)
    assert np.all(current[1:][time[1:] > 4.0 + np.diff(time).max()] < 0.0)
    assert content(dataset).min() < content(dataset)[-1]


def test_continuing_from_a_saved_state_is_the_uninterrupted_run():
    whole = run(SLAB, drive=[{"hold": 1.6, "until": {"time": t}} for t in (2.0, 2.0)])
    first = run(SLAB, drive=[{"hold": 1.6, "until": {"time": 2.0}}])
    state = [float(v) for v in first["li_fraction"][-1].to_numpy().ravel()]
    second = run(SLAB, initial=[state], drive=[{"hold": 1.6, "until": {"time": 2.0}}])
    np.testing.assert_allclose(second["li_fraction"][-1], whole["li_fraction"][-1], atol=2e-6)


# --- states of rest ---


@pytest.mark.parametrize("start", [0.05, 0.3, 0.5, 0.95])
def test_nothing_moves_on_the_plateau(start):
    dataset = run(RECTANGLE, initial=start, drive=[{"hold": "0.95 V", "until": {"time": "10 h"}}])
    assert dataset.attrs["status"] == 0
    np.testing.assert_array_equal(dataset["li_fraction"], np.float32(start))
    assert np.all(dataset["charge"] == 0.0)
    assert dataset.attrs["steps"] < 40


@pytest.mark.parametrize(("start", "edge"), [(0.0, 0.05), (1.0, 0.95)])
def test_on_the_plateau_a_phase_goes_to_its_edge(start, edge):
    dataset = run(SLAB, initial=start, drive=[{"hold": "0.95 V", "until": {"time": "10 h"}}])
    np.testing.assert_allclose(dataset["li_fraction"][-1], edge, atol=1e-5)


@pytest.mark.parametrize("volts", [0.4, 0.93, 0.97, 1.0, 1.6])
@pytest.mark.parametrize("law", [{}, {"law": "linear", "k_c": "1e-6 m/s"}])
def test_a_hold_ends_at_the_composition_of_its_potential(volts, law):
    contacts = {"lps": {"where": {"side": "left"}, **law}}
    dataset = run(SLAB, initial=0.5, contacts=contacts, drive=[{"hold": volts, "until": {"time": "1000 h"}}])
    expected = load_material().equilibrium_composition(volts, 348.15)
    np.testing.assert_allclose(dataset["li_fraction"][-1], expected, atol=1e-6)
    assert float(dataset["lithium"][-1]) == pytest.approx(
        expected * capacity(dataset), abs=1e-6 * capacity(dataset)
    )


def test_a_start_inside_the_gap_moves_only_where_it_is_fed():
    dataset = run(SLAB, initial=0.4, drive=[{"hold": 1.6, "until": {"time": 1.0}}])
    final = dataset["li_fraction"][-1].to_numpy().ravel()
    assert final[0] < 0.05
    assert np.all(final[-20:] == np.float32(0.4))


def test_a_contact_that_the_cells_do_not_resolve_is_warned_of():
    contacts = {"lps": {"where": {"side": "left", "from": "100 nm", "to": "140 nm"}}}
    with pytest.warns(UserWarning, match=r"contacts\.lps .*smaller specimen\.cell"):
        plan_run(Scenario.from_dict(RECTANGLE | {"contacts": contacts}))
