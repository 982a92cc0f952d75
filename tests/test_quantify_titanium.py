"""Ti-L2,3 of synthetic spectra whose lines are put in, of drawn and of recorded ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import lto_sim as lto
from lto_sim.errors import InputError
from lto_sim.files import read_recording
from lto_sim.microscope import SpectrumModel, spectrum_model
from lto_sim.plot.titanium import plot_titanium
from lto_sim.quantify import Reason
from lto_sim.quantify.lines import white_lines as lines
from lto_sim.quantify.lines.edge_maps import quantify_titanium
from lto_sim.quantify.lines.titanium import titanium_valence
from lto_sim.quantify.lines.white_lines import WhiteLines

RECORDED = Path(__file__).parents[2] / "shared" / "data"
THICKNESS = 100e-9
ELECTRONS = 760.0
"""Mean of a channel of 0.1 eV: one row of the slit."""
CENTROID = {("lto", 0.0): 459.542, ("lto", 1.0): 458.692, ("lasgtp", 0.0): 459.542, ("lasgtp", 1.0): 458.650}
"""Sum of area times position over that of the areas of the L3 lines of the reference spectra [eV]."""
MAXIMUM = {("lto", 0.0): 460.399, ("lto", 1.0): 459.223, ("lasgtp", 0.0): 460.399, ("lasgtp", 1.0): 458.650}
"""Maximum of the sum of these lines [eV]."""
SEEDS = (1, 2)
DRAWS = 60


@pytest.fixture(scope="module")
def models() -> dict[str, tuple[SpectrumModel, SpectrumModel]]:
    """High and low loss of both reference sets."""
    made = {}
    for reference in ("lto", "lasgtp"):
        instrument = lto.Instrument.preset("hf3300_gif_quantum").with_values(
            {"spectrum.reference": reference}
        )
        low = instrument.with_values({"spectrometer.offset": -20.0})
        made[reference] = spectrum_model(instrument), spectrum_model(low)
    return made


def expected(models, x: float, reference: str = "lto"):
    """Energies up to 500 eV, counts, low loss."""
    high, low = models[reference]
    spectrum = high.recorded(THICKNESS, x)
    spectrum *= ELECTRONS / spectrum.mean()
    near = high.energy_loss < 500.0
    return high.energy_loss[near], spectrum[near], (low.energy_loss, low.recorded(THICKNESS, x))


def test_derivatives_of_the_model() -> None:
    model, energy = WhiteLines(440.0), np.arange(440.0, 478.0, 0.2)
    theta = model.prior[0][None].repeat(3, axis=0)
    rng = np.random.default_rng(1)
    theta[:, lines.E1] = 458.2 + rng.uniform(-0.5, 0.5, 3)
    theta[:, lines.K] = rng.uniform(-0.2, 0.2, 3)
    theta[:, model.linear] = rng.uniform(1.0, 2.0, (3, model.linear.size))
    parts = model.parts(theta, energy)
    for index in range(lines.COUNT):
        up, down = theta.copy(), theta.copy()
        up[:, index] += 1e-5
        down[:, index] -= 1e-5
        high, low = model.parts(up, energy), model.parts(down, energy)
        measured = (high.background + high.edge - low.background - low.edge) / 2e-5
        given = parts.background_by[..., index] + parts.edge_by[..., index]
        np.testing.assert_allclose(measured, given, atol=1e-7 * np.abs(given).max())


@pytest.mark.parametrize("reference", ["lto", "lasgtp"])
def test_the_shift_between_the_end_members(models, reference: str) -> None:
    found = {}
    for x in (0.0, 1.0):
        energy, spectrum, low_loss = expected(models, x, reference)
        found[x] = titanium_valence(energy, spectrum, low_loss=low_loss, counts_per_electron=1.0)
        assert found[x].failed == 0
    for name, truth in (("l3_centroid", CENTROID), ("l3_maximum", MAXIMUM)):
        shift = float(getattr(found[1.0], name) - getattr(found[0.0], name))
        assert shift == pytest.approx(truth[reference, 1.0] - truth[reference, 0.0], abs=0.02)
    assert float(found[0.0].l3_splitting) == pytest.approx(2.2, abs=0.04)
    assert float(found[0.0].l2_l3_ratio) == pytest.approx(1.30, abs=0.05)
    assert bool(found[0.0].resolved)
    assert bool(found[1.0].resolved) is (reference == "lto")  # the lines of Ti3+ have merged


@pytest.mark.parametrize("seed", SEEDS)
def test_drawn_spectra_have_no_bias_and_the_stated_deviation(models, seed: int) -> None:
    energy, spectrum, low_loss = expected(models, 0.0)
    drawn = np.random.default_rng(seed).poisson(spectrum, (DRAWS, energy.size))
    found = titanium_valence(energy, drawn, low_loss=low_loss, counts_per_electron=1.0)
    assert np.all(found.failed == 0)
    for name, truth in (("l3_centroid", CENTROID), ("l3_maximum", MAXIMUM)):
        assert getattr(found, name).mean() == pytest.approx(truth["lto", 0.0], abs=0.02)
    for name in ("l3_centroid", "l3_t2g", "l3_eg", "l3_splitting", "l2_l3_ratio"):
        values, stated = getattr(found, name), np.sqrt((found.deviation[name] ** 2).mean())
        # the scatter of 60 values is itself known to 9 %
        assert values.std(ddof=1) == pytest.approx(stated, rel=0.3), name


def test_mixed_pixels_lie_on_the_line_between_references(models) -> None:
    """The centroid, read between references at x = 0 and 1, is linear in x within 0.06 of the whole."""
    energy, _, low_loss = expected(models, 0.0)
    mixed = np.stack([expected(models, x)[1] for x in (0.0, 0.25, 0.5, 0.75, 1.0)])
    found = titanium_valence(energy, mixed, low_loss=low_loss, counts_per_electron=1.0)
    ends = found.l3_centroid[[0, -1]]
    again = titanium_valence(
        energy, mixed, low_loss=low_loss, counts_per_electron=1.0,
        ti4_position=float(ends[0]), ti3_position=float(ends[1]),
    )  # fmt: skip
    assert np.all(again.failed == 0)
    np.testing.assert_allclose(again.valence, [4.0, 3.75, 3.5, 3.25, 3.0], atol=0.06)
    np.testing.assert_allclose(
        again.deviation["valence"], again.deviation["l3_centroid"] / (ends[0] - ends[1]), rtol=1e-12
    )


def test_deviations_of_an_unknown_detector_come_from_residuals(models) -> None:
    """Gain 5, read noise, and light that spreads over three channels: none of it is told."""
    energy, spectrum, low_loss = expected(models, 0.0)
    rng = np.random.default_rng(2)
    drawn = 5.0 * rng.poisson(spectrum, (DRAWS, energy.size)) + rng.normal(0.0, 60.0, (DRAWS, energy.size))
    drawn = (0.25 * np.roll(drawn, 1, axis=1) + 0.5 * drawn + 0.25 * np.roll(drawn, -1, axis=1))[:, 2:-2]
    found = titanium_valence(energy[2:-2], drawn, low_loss=low_loss)
    assert np.all(found.failed == 0)
    for name in ("l3_centroid", "l3_t2g", "l3_splitting"):
        values, stated = getattr(found, name), np.sqrt((found.deviation[name] ** 2).mean())
        assert values.std(ddof=1) == pytest.approx(stated, rel=0.3), name


def test_energies_follow_the_zero_loss_where_asked(models) -> None:
    energy, spectrum, (at, low) = expected(models, 0.0)
    plain = titanium_valence(energy, spectrum, low_loss=(at, low), counts_per_electron=1.0)
    moved = titanium_valence(
        energy + 1.3, spectrum, low_loss=(at + 1.3, low), counts_per_electron=1.0, align="zero_loss"
    )
    assert float(moved.l3_centroid) == pytest.approx(float(plain.l3_centroid), abs=0.01)
    assert moved.zero_loss is not None
    assert float(moved.zero_loss) == pytest.approx(1.3, abs=0.01)


def test_failed_pixels_have_a_reason_and_no_number(models) -> None:
    energy, spectrum, low_loss = expected(models, 0.0)
    rng = np.random.default_rng(3)
    spectra = rng.poisson(np.stack([spectrum, np.full_like(spectrum, 300.0), spectrum])).astype(float)
    spectra[2, 100] = np.nan
    found = titanium_valence(energy, spectra, low_loss=low_loss, counts_per_electron=1.0)
    assert found.failed.tolist() == [Reason.NONE, Reason.NO_EDGE, Reason.NOT_RECORDED]
    assert np.isfinite(found.l3_centroid).tolist() == [True, False, False]


def test_labelled_maps_and_their_picture(models) -> None:
    energy, spectrum, low_loss = expected(models, 0.0)
    counts = np.random.default_rng(4).poisson(spectrum, (2, 3, energy.size)).astype(np.uint32)
    units = {"units": "eV", "long_name": "energy loss"}
    recording = xr.DataArray(
        counts, {"energy_loss": ("energy_loss", energy, units)}, ("y", "x", "energy_loss")
    )
    low = xr.DataArray(low_loss[1], {"energy_loss": ("energy_loss", low_loss[0], units)}, ("energy_loss",))
    maps = quantify_titanium(recording, low, position="maximum", ti4_position=460.4, counts_per_electron=1.0)
    assert maps["ti_valence"].dims == ("y", "x")
    np.testing.assert_allclose(maps["ti_valence"], 4.0, atol=0.05)
    assert maps.attrs["valence_references_eV"] == pytest.approx([460.4, 458.7])
    assert maps["l3_position"].attrs["units"] == "eV"
    assert maps["failed"].dtype == np.uint8
    assert maps["failed"].attrs["flag_meanings"].split()[Reason.NO_EDGE] == "no_edge"
    assert all({"units", "long_name"} <= set(variable.attrs) for variable in maps.data_vars.values())
    found = titanium_valence(energy, counts, counts_per_electron=1.0)
    page = plot_titanium(found)
    labels = {ax.get_ylabel() for ax in page.axes} | {ax.get_xlabel() for ax in page.axes}
    assert {"counts", "energy loss [eV]", "residual / deviation", "Ti-L3 position [eV]"} <= labels
    with pytest.raises(InputError, match=r"^pixel: "):
        plot_titanium(found, (5, 5))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"window": (455.0, 460.0)}, "window"),
        ({"align": "zero_loss"}, "align"),
        ({"ti4_position": 459.5}, "ti3_position"),
        ({"ti3_position": 459.5}, "ti4_position"),
        ({"ti4_position": 458.0, "ti3_position": 459.0}, "ti3_position"),
        ({"position": "eg"}, "position"),
        ({"low_loss": (np.arange(430.0, 500.0), np.ones(70))}, "low_loss"),
    ],
)
def test_bad_input_is_one_line(models, change: dict[str, object], word: str) -> None:
    energy, spectrum, _ = expected(models, 0.0)
    with pytest.raises(InputError, match=f"^{word}: "):
        titanium_valence(energy, spectrum, **change)


def test_recorded_titanium_dioxide_is_ti4() -> None:
    """A TiO2 standard: two L3 lines about 2.5 eV apart, above noise in every bright pixel."""
    high, low = RECORDED / "tio2_ti_l_high_loss.dm4", RECORDED / "tio2_ti_l_low_loss.dm4"
    if not (high.is_file() and low.is_file()):
        pytest.skip("recorded files not present")
    recording, other = read_recording(high).data, read_recording(low).data
    found = titanium_valence(
        recording["energy_loss"].values,
        recording.values,
        low_loss=(other["energy_loss"].values, other.values),
        align="zero_loss",
    )
    assert found.resolved.sum() >= 50
    thick = (slice(0, 5), slice(0, 6))
    assert np.all(found.failed[thick] == 0)
    assert found.l3_splitting[thick].min() > 2.3
    assert found.l3_splitting[thick].max() < 2.8
    assert found.deviation["l3_splitting"][thick].max() < 0.1
    # the zero loss drifts by 1.3 eV over the pixels, and the edge goes with it
    assert found.zero_loss is not None
    assert found.l3_t2g[thick].std() < 0.12
    assert (found.l3_t2g + found.zero_loss)[thick].std() > 0.2
    assert np.isnan(found.valence).all()  # no reference given
