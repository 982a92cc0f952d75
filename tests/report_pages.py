"""A small page with a block of every kind, from made-up numbers."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lto_sim.plot.style import figure, styled
from lto_sim.report.page import Chart, Code, Facts, Frames, Key, Notice, Page, Panel, Section, Table, Text

__all__ = ["NASTY", "PIXEL", "TIMES", "chart", "frames", "moving_front", "page"]

NASTY: Final = '</script><script>alert("x")</script><b>&amp; "quoted"</b>'
PIXEL: Final = (25e-9, 50e-9)
TIMES: Final = 1.5 * np.arange(20.0)


def moving_front(frames: int = 20, height: int = 6, width: int = 16) -> NDArray[np.float64]:
    """A front that moves to the right by the root of time; the last column is nothing."""
    place = width * np.sqrt((np.arange(frames) + 1.0) / frames)
    values = np.clip(place[:, None, None] - np.arange(width), 0.0, 1.0) * np.ones((frames, height, width))
    values[:, :, -1] = np.nan
    return values


def frames(**changes: Any) -> Frames:
    values = moving_front()
    panels = (
        Panel("recorded", values, 0.0, 1.0, "cividis", "Li fraction"),
        Panel("difference", values - 0.5, -0.5, 0.5, "RdBu_r", "difference"),
    )
    given = {"title": "Maps", "panels": panels, "time": TIMES, "pixel": PIXEL, "alt": "a front moving right"}
    return Frames(**(given | changes))


def chart(title: str = "Current", **changes: Any) -> Chart:
    with styled():
        drawn = figure(6.0, 3.5)
        ax = drawn.subplots()
        ax.plot(TIMES / 60.0, 100.0 / np.sqrt(TIMES + 1.0), color="#0d0887", label="run")
        ax.plot(TIMES / 60.0, 50.0 / np.sqrt(TIMES + 1.0), "o", color="0.3", mec="white")
        ax.set(xlabel="time [min]", ylabel=r"current $i$ [pA]", xlim=(0.0, 0.5))
        ax.legend()
    table = Table("Current", ["time [s]", "current [pA]"], [[f"{t:g}", f"{-t:g}"] for t in TIMES])
    return Chart(title, drawn, **({"alt": "falls", "data": table, "time_axes": [(0, 60.0)]} | changes))


def page(**changes: Any) -> Page:
    sections = [
        Section("what-was-run", "What was run", [
            Text("One particle.\n\nAt 75 °C."),
            Facts([("cells", "100 × 40"), ("k", "6.1e-11 cm²/s", "Wagner")]),
            Code("Configuration", f'title = "{NASTY}"\n' + "x = 1\n" * 40, "particle.toml"),
        ]),
        Section("maps", "Maps", [frames(), chart()]),
        Section("fit", "Fit", [
            Notice("Two profiles have no front."), Notice("It is a lower bound.", "note"),
            chart("Front", data=None, time_axes=()),
            Table("Rates", ["temperature [degC]", "k [cm2/s]", "verdict"],
                  [["75", "6.1e-11", "diffusion-limited"], ["−20", "1,000", 'a "mixed" one, perhaps']]),
        ]),
    ]  # fmt: skip
    given = {
        "title": f"Report {NASTY}", "lead": "What was found.", "sections": sections,
        "keys": [Key("k", "(6.1 ± 0.1)×10⁻¹¹ cm²/s", "95 %: 5.9 to 6.3"), Key("verdict", "diffusion")],
        "footer": ["lto_sim", "Cite."],
    }  # fmt: skip
    return Page(**(given | changes))
