"""The picture of the README: particle, spectrum, map with its front, k and Ea; all of it from one scenario.

Writes `overview.png` into a directory, if one is given.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

import lto_sim as lto
from lto_sim.kinetics.corrections import true_rate
from lto_sim.plot.style import MAP_COLOURS, figure, scale_bar, styled, temperature_colours
from lto_sim.quantify import quantify_lithium
from lto_sim.scenario.ready import ready_scenario

BOLTZMANN_EV = 8.617333e-5
TEMPERATURES = (318.15, 333.15, 348.15)
LINE = lto.Profile(start=(0.0, 0.4e-6), end=(1.2e-6, 0.4e-6), width=0.6e-6)
ENERGIES = (20.0, 80.0)
INSERTION = {}
EXTRACTION = {
    "initial": 1.0,
    "drive.0.hold": "1.6 V",
    "drive.0.until.li_fraction": 0.2,
    "scan.period": "1.5 s",
}


def particle(axes, values, content, title, caption):
    """The frame in which the particle holds `content`."""
    frames = lto.render_maps(lto.simulate(ready_scenario("core_shell").with_values(values)), noise=0.0)[
        "li_fraction"
    ]
    image = frames.isel(time=int(np.argmin(abs(frames.mean(("y", "x")).values - content))))
    extent = (0.0, 2.0, 1.5, 0.0)
    axes.imshow(image, cmap=MAP_COLOURS, vmin=0.0, vmax=1.0, extent=extent)
    scale_bar(axes, extent, 0.5, "0.5 µm")
    axes.set(xticks=[], yticks=[], title=title, xlabel=f"{caption}, 75 °C, {float(image.time):.0f} s")


def spectrum(axes, recording):
    counts = recording["counts"]
    energy = recording["energy_loss"].values
    frame = counts.isel(time=counts.sizes["time"] // 2)
    shown = (energy > ENERGIES[0]) & (energy < ENERGIES[1])
    middle = frame.sizes["y"] // 2
    for column, name, colour in ((-6, "Li7Ti5O12, rich", "#D55E00"), (5, "Li4Ti5O12, poor", "#0072B2")):
        values = frame.isel(x=column, y=slice(middle - 8, middle + 8)).mean("y").values
        axes.step(energy[shown], values[shown], where="mid", color=colour, label=name, lw=1.2)
    axes.axvline(55.0, color="0.6", lw=0.8, ls=":")
    axes.text(54.3, axes.get_ylim()[1] * 0.75, "Li-K", ha="right", color="0.35")
    axes.set(xlabel="energy loss [eV]", ylabel="counts", title="recorded: STEM-EELS", ylim=(0.0, None))
    axes.legend(loc="upper right")


def lithium_map(axes, recording):
    maps = quantify_lithium(recording)
    front = lto.track_front(maps, LINE)
    frame = maps.sizes["time"] // 2
    values = maps["li_fraction"].isel(time=frame)
    extent = (0.0, 2.0, 0.8, 0.0)
    image = axes.imshow(values, cmap=MAP_COLOURS, vmin=0.0, vmax=1.0, extent=extent)
    at = 1e6 * float(front["front_position"][frame, 0])
    axes.plot([at, at], [0.1, 0.7], color="#D55E00", lw=2.0)
    scale_bar(axes, extent, 0.5, "0.5 µm")
    axes.set(xticks=[], yticks=[], title="read back: lithium map and front")
    axes.figure.colorbar(image, ax=axes, label="Li fraction", shrink=0.6, ticks=[0.0, 0.5, 1.0])


def rates(above, below):
    base, fits, put_in = ready_scenario("planar_extraction"), [], []
    colours = temperature_colours(len(TEMPERATURES))[::-1]
    for temperature, colour in zip(TEMPERATURES, colours, strict=True):
        scenario = base.with_values({"temperature": temperature})
        front = lto.track_front(lto.render_maps(lto.simulate(scenario), noise=0.2, rng=1), LINE)
        fit = lto.fit_rate_constant(front)
        fits.append(fit)
        put_in.append(true_rate(scenario).k)
        t, xi = front["front_time"].values[:, 0], front["front_position"].values[:, 0]
        above.plot(t, 1e12 * xi**2, ".", ms=3, color=colour)
        above.plot(t, 2e12 * fit.k * np.clip(t, 0.0, None), color=colour, lw=1.0)
        above.text(t[-1], 2e12 * fit.k * t[-1], f"  {temperature - 273.15:.0f} °C", color=colour, va="center")
    above.set(xlabel="time [s]", ylabel="ξ² [µm²]", title="ξ² = 2 k t", xlim=(0.0, 18.0), ylim=(0.0, None))
    Ea = lto.fit_arrhenius(TEMPERATURES, [fit.k for fit in fits], [fit.k_std for fit in fits])
    inverse = 1e3 / np.array(TEMPERATURES)
    below.errorbar(
        inverse,
        [1e4 * fit.k for fit in fits],
        [1e4 * fit.k_std for fit in fits],
        fmt="o",
        color="#0072B2",
        label="from maps",
    )
    fine = np.linspace(inverse[-1] - 0.03, inverse[0] + 0.03, 50)
    slope = Ea.Ea_eV / BOLTZMANN_EV / 1e3
    centre = np.log([fit.k for fit in fits]).mean() + slope * inverse.mean()
    below.plot(fine, 1e4 * np.exp(centre - slope * fine), color="#0072B2", lw=1.0)
    below.plot(inverse, [1e4 * k for k in put_in], "x", ms=10, color="#D55E00", label="put in")
    below.set(
        xlabel="1000 K / T",
        ylabel="k [cm²/s]",
        yscale="log",
        title=f"Ea = {Ea.Ea_eV:.3f} ± {Ea.Ea_eV_std:.3f} eV",
    )
    below.legend()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=None, help="directory; nothing is written without it")
    out = parser.parse_args().out
    scenario = ready_scenario("planar_extraction").with_values(
        {"scan.frame_time": "1.5 s", "scan.pixels": [64, 26]}
    )
    recording = lto.acquire(lto.simulate(scenario), rng=4)
    with styled():
        page = figure(14.0, 6.6)
        axes = page.subplots(2, 3)
        particle(axes[0, 0], INSERTION, 0.45, "simulated: a shell round the core", "insertion")
        particle(axes[1, 0], EXTRACTION, 0.55, "the same particle: a planar front", "extraction")
        spectrum(axes[0, 1], recording)
        lithium_map(axes[0, 2], recording)
        rates(axes[1, 1], axes[1, 2])
        if out is not None:
            page.savefig(out / "overview.png", dpi=110)
    print(f"overview.png {'drawn' if out is None else 'written'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
