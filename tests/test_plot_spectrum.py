"""Figures of synthetic EELS: what is drawn is what the model says."""

from __future__ import annotations

import numpy as np
import pytest

import lto_sim as lto
from lto_sim.microscope import spectrum_model
from lto_sim.plot import plot_slit, plot_spectrum
from lto_sim.validate.scan_checks import step_run


@pytest.fixture(scope="module")
def model():
    return spectrum_model(lto.Instrument.preset("jem_arm300f2_continuum_k3"))


def test_a_spectrum_and_its_components_are_drawn_in_electrons(model):
    page = plot_spectrum(model, 150e-9, 0.25, electrons=2e5)
    whole, edge = page.axes
    labels = [line.get_label() for line in whole.lines]
    assert labels == ["spectrum", "zero loss", "plasmon", "Ti-M2,3", "Ti-M1", "Li-K"]
    drawn = whole.lines[0].get_ydata()
    assert np.allclose(drawn, 2e5 * model.recorded(150e-9, 0.25), rtol=1e-12)
    assert "200000 electrons" in whole.get_title()
    assert "t/λ" in whole.get_title()
    assert [line.get_label() for line in edge.lines] == ["Li4", "Li7"]
    lithium = [line.get_ydata().sum() for line in edge.lines]
    assert 1.6 < lithium[1] / lithium[0] < 1.8


def test_a_range_without_edges_has_one_panel():
    short = lto.Instrument.from_dict({"spectrometer": {"channels": 300}})  # ends at 25 eV
    page = plot_spectrum(spectrum_model(short), 100e-9, 0.0)
    assert len(page.axes) == 1
    assert "part of the beam" in page.axes[0].get_ylabel()


@pytest.mark.parametrize("axis", ["x", "y"])
def test_a_slit_is_drawn_along_its_axis(axis):
    run = step_run(952.1e-9)
    if axis == "y":
        run = run.rename(x="y_", y="x").rename(y_="y").transpose("time", "z", "y", "x")
    instrument = lto.Instrument.preset("hf3300_gif_quantum").with_values({"slit.axis": axis})
    recorded = lto.acquire(run, instrument, rng=1)
    assert recorded.sizes[axis] == 330
    position, distance = np.array([1e-7, 1.5e-6]), np.array([0.31e-9, 0.28e-9])
    page = plot_slit(recorded, position, distance, [(0.31e-9, 952e-9), (0.28e-9, 1.88e-6)], 952e-9)
    left = page.axes[0].images[0]
    assert left.get_array().shape[0] == 330
    points = page.axes[2].lines[0]
    assert np.allclose(points.get_xdata(), [0.31, 0.28])
    assert np.allclose(points.get_ydata(), [100.0, 1500.0])
