"""Picking profiles on a map, with mouse and key events sent to a canvas without a window."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from matplotlib.backend_bases import KeyEvent, MouseEvent
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from lto_sim.errors import InputError
from lto_sim.plot.pick_profiles import ProfilePicker, pick_profiles

PIXEL = 31e-9


def maps(frames=5):
    values = np.random.default_rng(1).normal(0.5, 0.2, (frames, 20, 40))
    centres = (np.arange(40) + 0.5) * PIXEL
    return xr.Dataset(
        {"li_fraction": (("time", "y", "x"), values)},
        {"time": 1.5 * np.arange(frames), "y": centres[:20], "x": centres},
    )


class Hand:
    """Clicks at places of the image [m]."""

    def __init__(self, **options):
        self.figure = Figure(figsize=(6, 4))
        self.canvas = FigureCanvasAgg(self.figure)
        self.picker = ProfilePicker(self.figure, maps(), **options)
        self.canvas.draw()

    def click(self, x, y, button=1):
        place = self.figure.axes[0].transData.transform((x * 1e6, y * 1e6))
        self.canvas.callbacks.process(
            "button_press_event", MouseEvent("button_press_event", self.canvas, *place, button)
        )
        self.canvas.draw()

    def press(self, key):
        self.canvas.callbacks.process("key_press_event", KeyEvent("key_press_event", self.canvas, key))
        self.canvas.draw()


def test_three_clicks_make_a_profile():
    hand = Hand(start_std=5e-9)
    for point in ((0.1e-6, 0.3e-6), (0.7e-6, 0.3e-6), (0.4e-6, 0.4e-6)):
        assert hand.picker.profiles == []
        hand.click(*point)
    (profile,) = hand.picker.profiles
    np.testing.assert_allclose(profile.start, (0.1e-6, 0.3e-6), atol=1e-12)
    np.testing.assert_allclose(profile.end, (0.7e-6, 0.3e-6), atol=1e-12)
    assert profile.width == pytest.approx(0.2e-6, rel=1e-6)
    assert (profile.name, profile.start_std) == ("profile 0", 5e-9)


def test_a_slanted_profile_and_a_second_one():
    hand = Hand()
    for point in ((0.1e-6, 0.1e-6), (0.4e-6, 0.5e-6), (0.1e-6 + 0.08e-6, 0.1e-6 - 0.06e-6)):
        hand.click(*point)  # the edge is 100 nm off the line, across it
    for point in ((0.9e-6, 0.1e-6), (0.9e-6, 0.5e-6), (0.85e-6, 0.2e-6)):
        hand.click(*point)
    first, second = hand.picker.profiles
    assert first.width == pytest.approx(0.2e-6, rel=1e-6)
    assert first.length == pytest.approx(0.5e-6, rel=1e-6)
    assert second.width == pytest.approx(0.1e-6, rel=1e-6)
    assert second.name == "profile 1"


def test_points_are_taken_back_and_impossible_ones_not_taken():
    hand = Hand()
    hand.click(0.1e-6, 0.3e-6)
    hand.click(0.1e-6, 0.3e-6)  # an end at the start
    hand.click(2.0e-6, 2.0e-6)  # beside the image
    hand.click(0.5e-6, 0.5e-6)
    hand.press("backspace")
    hand.click(0.7e-6, 0.3e-6)
    hand.click(0.5e-6, 0.3e-6)  # an edge on the line
    hand.click(0.5e-6, 0.5e-6)
    hand.click(0.5e-6, 0.5e-6, button=3)
    assert hand.picker.profiles == []
    hand.click(0.5e-6, 0.4e-6)
    (profile,) = hand.picker.profiles
    np.testing.assert_allclose((*profile.start, *profile.end), (0.1e-6, 0.3e-6, 0.7e-6, 0.3e-6), atol=1e-12)
    assert profile.width == pytest.approx(0.2e-6, rel=1e-6)


def test_arrows_change_the_frame_and_enter_ends():
    hand = Hand()
    axes = hand.figure.axes[0]
    assert "frame 2, 3 s" in axes.get_title()
    hand.press("right")
    assert "frame 3, 4.5 s" in axes.get_title()
    np.testing.assert_array_equal(axes.images[0].get_array(), maps()["li_fraction"].values[3])
    hand.press("left")
    hand.press("left")
    assert "frame 1" in axes.get_title()
    assert not hand.picker.done
    hand.press("enter")
    assert hand.picker.done


def test_without_a_display_or_a_frame_it_is_one_line():
    with pytest.raises(InputError, match="--profile") as caught:
        pick_profiles(maps())
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="0 to 4"):
        Hand(frame=5)
