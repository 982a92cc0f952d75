"""Drive steps: what the record says, and which samples, states and frames belong to a step."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import xarray as xr
from electrical_series import CAPACITY, TEMPERATURE, Series, staircase

from lto_sim.constants import FARADAY
from lto_sim.electrochemistry import drive_steps, select_step
from lto_sim.electrochemistry.series import (
    binned_current,
    current_intervals,
    diffusion_length,
    li_fraction_at,
    step_series,
)
from lto_sim.errors import InputError


def run() -> xr.Dataset:
    """Hold for 10 s, rest for 5 s, current for 20 s; a state each 5 s, a frame each 2.5 s (1 s long)."""
    series = Series()
    series.add("hold", 1.6, 10.0, 10)
    series.add("rest", None, 5.0, 5)
    series.add("current", 2e-12, 20.0, 20)
    time = series.times()
    data = series.dataset(0.9 - 0.01 * time, np.full(time.size, 1.0))
    states, frames = np.arange(0.0, 36.0, 5.0), np.arange(0.0, 33.0, 2.5)
    return data.assign(
        {
            "li_fraction": (("time", "z", "y", "x"), np.ones((8, 1, 1, 10), np.float32)),
            "scan_li_fraction": (("frame", "pixel_y", "pixel_x"), np.ones((frames.size, 2, 2), np.float32)),
            "frame_time": ("frame", frames, {"units": "s", "long_name": "start of the frame"}),
            "pixel_time": (("pixel_y", "pixel_x"), np.array([[0.0, 0.25], [0.5, 0.75]])),
        }
    ).assign_coords(time=("time", states, {"units": "s", "long_name": "time"}))


def maps() -> xr.Dataset:
    data = run()
    frames = data["frame_time"].values
    return xr.Dataset(
        {
            "li_fraction": (("time", "y", "x"), np.ones((frames.size, 2, 2), np.float32)),
            "pixel_time": (("y", "x"), data["pixel_time"].values),
        },
        {"time": ("time", frames)},
        {"drive_steps": data.attrs["drive_steps"], "history": "made", "k_definition": "xi^2 = k t"},
    )


def test_the_record_is_read() -> None:
    steps = drive_steps(run())
    assert [step.kind for step in steps] == ["hold", "rest", "current"]
    assert [step.value for step in steps] == [1.6, None, 2e-12]
    assert [(step.start, step.end, step.duration) for step in steps] == [
        (0.0, 10.0, 10.0),
        (10.0, 15.0, 5.0),
        (15.0, 35.0, 20.0),
    ]
    assert steps[2].path == "drive.2"
    assert steps[2].number == 2
    assert (steps[0].temperature, steps[0].x_poor, steps[0].x_rich) == (TEMPERATURE, 0.05, 0.95)


def test_a_sample_at_the_end_belongs_to_the_step_and_times_count_from_its_start() -> None:
    part = select_step(run(), 1)
    np.testing.assert_allclose(part["time_fine"], [1.0, 2.0, 3.0, 4.0, 5.0])
    np.testing.assert_allclose(part["time"], [0.0, 5.0])
    assert part["time"].attrs["units"] == "s"
    assert part["charge"].values[-1] == run()["charge"].sel(time_fine=15.0)
    assert np.all(part["drive_step"] == 0)


def test_what_a_run_is_restarted_from_is_left_out() -> None:
    data = run().assign(restart_leg=("restart_point", np.arange(8)))
    assert "restart_point" not in select_step(data, 1).dims
    assert "li_fraction" in select_step(data, 1)


def test_frames_that_begin_in_a_step_but_end_after_it_are_left_out() -> None:
    data = run()
    data["frame_time"] = (
        data["frame_time"] + 0.5
    )  # 9.75 s is the last pixel of one, 10.5 the start of another
    np.testing.assert_allclose(select_step(data, 0)["frame_time"], [0.5, 3.0, 5.5, 8.0])
    np.testing.assert_allclose(select_step(data, 1)["frame_time"], [0.5, 3.0])
    data["frame_time"] = data["frame_time"] - 0.25
    data["pixel_time"] = 4.0 * data["pixel_time"]
    np.testing.assert_allclose(select_step(data, 0)["frame_time"], [0.25, 2.75, 5.25])


def test_a_recorded_number_of_the_frame_s_step_counts() -> None:
    data = run()
    number = np.zeros(data.sizes["frame"], np.int32)
    number[4] = 1
    data["drive_step_of_frame"] = ("frame", number)
    part = select_step(data, 1)
    np.testing.assert_allclose(part["frame_time"], [0.0])
    assert np.all(part["drive_step_of_frame"] == 0)


def test_maps_are_restricted_by_the_times_of_their_frames() -> None:
    part = select_step(maps(), 1)
    np.testing.assert_allclose(part["time"], [0.0, 2.5])
    assert part["li_fraction"].dims == ("time", "y", "x")
    numbered = maps().assign(drive_step_of_frame=("time", np.r_[0, 0, 0, 0, np.full(10, 2)]))
    assert select_step(numbered, 1).sizes["time"] == 0
    assert select_step(numbered, 2).sizes["time"] == 10  # the number counts where there is one, not the time


def test_history_and_definitions_go_on() -> None:
    part = select_step(maps(), 2)
    assert str(part.attrs["history"]).startswith("made\n")
    assert str(part.attrs["history"]).endswith("select_step 2")
    assert part.attrs["k_definition"] == "xi^2 = k t"
    assert (part.attrs["drive_step_number"], part.attrs["drive_step_start_s"]) == (2, 15.0)
    (only,) = drive_steps(part)
    assert (only.path, only.start, only.end) == ("drive.2", 0.0, 20.0)
    again = select_step(part, 0)
    np.testing.assert_allclose(again["time"], part["time"])


@pytest.mark.parametrize("number", [-1, 3, 1.0, True, "1"])
def test_a_step_out_of_range_is_named(number: Any) -> None:
    with pytest.raises(InputError, match="0 to 2") as caught:
        select_step(run(), number)
    assert caught.value.field == "drive step"


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        (None, "drive_steps"),
        ("no json", "drive_steps"),
        ("{}", "JSON list"),
        ('[{"kind": "hold"}]', "temperature_K"),
        ('[{"kind": "hold", "temperature_K": "hot"}]', "numbers"),
    ],
)
def test_a_record_that_cannot_be_read_is_named(attribute: str | None, message: str) -> None:
    data = run()
    data.attrs["drive_steps"] = attribute
    if attribute is None:
        del data.attrs["drive_steps"]
    with pytest.raises(InputError, match=message):
        drive_steps(data)


def test_intervals_of_a_step_begin_at_its_start() -> None:
    begin, end, current = step_series(run(), drive_steps(run())[2]).intervals()
    np.testing.assert_allclose(begin, np.arange(20.0))
    np.testing.assert_allclose(end, np.arange(1.0, 21.0))
    np.testing.assert_allclose(current, 0.01 * CAPACITY)
    first = step_series(run(), drive_steps(run())[0]).intervals()
    assert first[0].size == 10  # the sample at t = 0 has no current


def test_binned_currents_lie_on_an_inverse_square_root_exactly() -> None:
    time = np.concatenate([[0.0], np.sort(np.random.default_rng(3).uniform(0.1, 100.0, 500))])
    charge = 2e-12 * np.sqrt(time)
    intervals = (time[:-1], time[1:], np.diff(charge) / np.diff(time))
    middle, current, begin, end = binned_current(intervals, 12)
    np.testing.assert_allclose(current, 1e-12 / np.sqrt(middle), rtol=1e-9)
    np.testing.assert_allclose(end[:-1], begin[1:])
    assert (begin[0], end[-1]) == (0.0, time[-1])
    assert np.isclose((current * (end - begin)).sum(), charge[-1])
    assert middle.size < 45


def test_binning_nothing_gives_nothing() -> None:
    nothing = np.empty(0)
    assert all(part.size == 0 for part in binned_current((nothing, nothing, nothing), 8))


def test_length_and_content_come_from_the_dataset() -> None:
    data = staircase(1e-15, [(1.05, 0.01)], 10.0, start=0.01)
    assert np.isclose(diffusion_length(data), 1e-6)
    assert np.isclose(li_fraction_at(data, 5.0), 0.01)
    data.attrs["active_volume_m3"] = 5e-20
    data.attrs["contact_areas_m2"] = json.dumps([1e-13, 1.5e-13])
    assert np.isclose(diffusion_length(data), 2e-7)
    assert np.isclose(data["lithium"].values[0] * FARADAY, 0.01 * CAPACITY)
    del data.attrs["contact_areas_m2"]
    with pytest.raises(InputError, match="contact_areas_m2"):
        diffusion_length(data)


def test_what_is_missing_is_named() -> None:
    data = staircase(1e-15, [(1.05, 0.01)], 10.0, start=0.01)
    with pytest.raises(InputError, match="capacity_C"):
        li_fraction_at(data.assign_attrs(capacity_C=0.0), 1.0)
    with pytest.raises(InputError, match="no variable lithium"):
        li_fraction_at(data.drop_vars("lithium"), 1.0)
    with pytest.raises(InputError, match="no sample in drive step 0"):
        step_series(data.assign(drive_step=data["drive_step"] + 1), drive_steps(data)[0])
    assert current_intervals(data)[0].size == 400
