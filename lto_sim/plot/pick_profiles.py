"""Profiles picked with the mouse on a map: clicks at the contact, at the end, at the edge of the strip.

The only figure that needs a display. It is therefore no part of what the room imports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.backends.registry import BackendFilter, backend_registry

from lto_sim.errors import InputError
from lto_sim.kinetics import Profile
from lto_sim.plot.style import MAP_COLOURS

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.backend_bases import Event
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

__all__ = ["ProfilePicker", "pick_profiles"]

_MICROMETRE: Final = 1e6
_PROMPTS: Final = (
    "click the start of a profile, at the contact; Enter ends",
    "click its end, in the particle; right click takes back",
    "click the edge of its strip; right click takes back",
)


class ProfilePicker:
    """A map on a figure, and the profiles that clicks on it make.

    Left click: next point; right click or Backspace: take the last point back; left and right arrow: another
    frame; Enter: done.

    Parameters
    ----------
    figure : Figure to draw on, empty.
    maps : ``li_fraction(time, y, x)`` with ``x``, ``y`` [m].
    frame : Number of the frame shown first; None: the one in the middle.
    start_std : Deviation of the contact's position that picked profiles get [m].

    Raises
    ------
    InputError
        The maps have no such frame.
    """

    def __init__(
        self, figure: Figure, maps: xr.Dataset, frame: int | None = None, start_std: float = 0.0
    ) -> None:
        values = maps["li_fraction"].transpose("time", "y", "x").values
        shown = len(values) // 2 if frame is None else frame
        if not 0 <= shown < len(values):
            raise InputError("frame", frame, f"0 to {len(values) - 1}", "choose a frame of the maps")
        self.done = False
        self.figure = figure
        self._values, self._time, self._frame = values, maps["time"].values, shown
        self._start_std = start_std
        self._points: list[tuple[float, float]] = []
        self._drawn: list[Artist] = []
        self._axes = figure.add_subplot()
        x, y = (maps[name].values * _MICROMETRE for name in ("x", "y"))
        half_x, half_y = 0.5 * (x[1] - x[0]), 0.5 * (y[1] - y[0])
        known = values[np.isfinite(values)]
        low, high = np.percentile(known, [1.0, 99.0]) if known.size else (0.0, 1.0)
        self._image = self._axes.imshow(
            values[shown],
            extent=(x[0] - half_x, x[-1] + half_x, y[-1] + half_y, y[0] - half_y),
            cmap=MAP_COLOURS,
            vmin=low,
            vmax=high,
        )
        self._axes.set(xlabel="x [µm]", ylabel="y [µm]")
        figure.canvas.mpl_connect("button_press_event", self._clicked)
        figure.canvas.mpl_connect("key_press_event", self._pressed)
        self._draw()

    @property
    def profiles(self) -> list[Profile]:
        """The profiles picked so far, named by number from 0."""
        whole = [self._points[i : i + 3] for i in range(0, len(self._points) - 2, 3)]
        return [
            Profile(start, end, 2.0 * _beside(start, end, edge), f"profile {number}", self._start_std)
            for number, (start, end, edge) in enumerate(whole)
        ]

    def _clicked(self, event: Event) -> None:
        inside = getattr(event, "inaxes", None) is self._axes
        if str(getattr(self.figure.canvas.toolbar, "mode", "")):
            return  # zooming or panning
        button = int(getattr(event, "button", 0) or 0)
        if button == 3:
            self._take_back()
        elif button == 1 and inside:
            self._add((event.xdata / _MICROMETRE, event.ydata / _MICROMETRE))  # type: ignore[attr-defined]

    def _pressed(self, event: Event) -> None:
        key = str(getattr(event, "key", ""))
        if key == "enter":
            self.done = True
            self.figure.canvas.stop_event_loop()
        elif key == "backspace":
            self._take_back()
        elif key in {"left", "right"}:
            self._frame = (self._frame + (1 if key == "right" else -1)) % len(self._values)
            self._image.set_data(self._values[self._frame])
            self._draw()

    def _add(self, point: tuple[float, float]) -> None:
        """Take a point unless it makes no profile: an end at the start, an edge on the line."""
        step = len(self._points) % 3
        if step == 1 and point == self._points[-1]:
            return
        if step == 2 and not _beside(self._points[-2], self._points[-1], point) > 0.0:
            return
        self._points.append(point)
        self._draw()

    def _take_back(self) -> None:
        if self._points:
            self._points.pop()
            self._draw()

    def _draw(self) -> None:
        for artist in self._drawn:
            artist.remove()
        self._drawn = []
        for profile in self.profiles:
            corners = _corners(profile) * _MICROMETRE
            self._drawn += self._axes.fill(*corners.T, facecolor="none", edgecolor="white", lw=1.0)
            line = np.array([profile.start, profile.end]) * _MICROMETRE
            self._drawn += self._axes.plot(*line.T, "-", color="white", lw=1.5)
        if self._points:
            points = np.array(self._points) * _MICROMETRE
            self._drawn += self._axes.plot(*points.T, "+", color="red", ms=8)
        title = f"frame {self._frame}, {self._time[self._frame]:.6g} s\n{_PROMPTS[len(self._points) % 3]}"
        self._axes.set_title(title, fontsize=9)
        self.figure.canvas.draw_idle()


def pick_profiles(maps: xr.Dataset, *, frame: int | None = None, start_std: float = 0.0) -> list[Profile]:
    """Show a map in a window and return the profiles that are clicked on it.

    Parameters
    ----------
    maps : ``li_fraction(time, y, x)`` with ``x``, ``y`` [m].
    frame : Number of the frame shown first; None: the one in the middle.
    start_std : Deviation of the contact's position that picked profiles get [m].

    Raises
    ------
    InputError
        No display to show a window on, or no profile picked.
    """
    interactive = backend_registry.list_builtin(BackendFilter.INTERACTIVE)  # type: ignore[no-untyped-call]
    backend = plt.get_backend()
    if backend.lower() not in interactive:
        raise InputError(
            "pick", f"no display ({backend})", "a display to show a window on",
            'give profiles by coordinates, --profile "x0,y0:x1,y1:width"',
        )  # fmt: skip
    figure = plt.figure()
    picker = ProfilePicker(figure, maps, frame, start_std)
    figure.canvas.mpl_connect("close_event", lambda _: figure.canvas.stop_event_loop())
    figure.show()
    figure.canvas.start_event_loop()
    plt.close(figure)
    if not picker.profiles:
        raise InputError("pick", "no profile", "three clicks for each profile", "click start, end and edge")
    return picker.profiles


def _beside(start: tuple[float, float], end: tuple[float, float], point: tuple[float, float]) -> float:
    """Distance [m] of a point from the line through start and end."""
    along = np.subtract(end, start)
    away = np.subtract(point, start)
    return float(abs(along[0] * away[1] - along[1] * away[0]) / np.hypot(*along))


def _corners(profile: Profile) -> NDArray[np.float64]:
    """Corners (4, 2) [m] of a profile's strip."""
    along = np.array(profile.unit_vector)
    across = 0.5 * profile.width * np.array([-along[1], along[0]])
    start, end = np.array(profile.start), np.array(profile.end)
    return np.array([start - across, start + across, end + across, end - across])
