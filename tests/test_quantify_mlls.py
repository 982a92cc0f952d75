"""Fits with references: exact without noise, unbiased with few counts, bounded, lazy, what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.optimize import minimize, nnls

from lto_sim.errors import InputError
from lto_sim.quantify import REASONS
from lto_sim.quantify.references import _least_squares, _mlls_input, _own_weights, _shared_weights
from lto_sim.quantify.references.codes import (
    NO_COUNTS,
    NOT_FINITE,
    SATURATED,
    SINGULAR,
)
from lto_sim.quantify.references.mlls import MllsFit, fit_references

ENERGY = np.arange(240) * 0.25 + 30.0
REFERENCES = np.stack([
    (ENERGY / 30.0) ** -3,
    np.exp(-0.5 * ((ENERGY - 47.0) / 4.0) ** 2),
    (ENERGY / 55.0) ** -2 / (1.0 + np.exp(-(ENERGY - 55.0) / 0.5)),
    np.exp(-0.5 * ((ENERGY - 62.0) / 2.0) ** 2),
])  # fmt: skip
WEIGHTS = np.linspace(1.0, 2.0, ENERGY.size)
SEEDS = (1, 2, 3)
DIM = np.array([2.5, 0.6, 0.5, 0.2])
"""Amplitudes whose counts are about one a channel."""


def drawn(truth: np.ndarray, seed: int, pixels: int) -> np.ndarray:
    expected = np.broadcast_to(truth @ REFERENCES, (pixels, ENERGY.size))
    return np.random.default_rng(seed).poisson(expected).astype(np.uint16)


@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize("weights", ["poisson", "model", "uniform", "shared", "own"])
def test_exact_without_noise(weights: str, nonnegative: bool) -> None:
    truth = np.random.default_rng(5).uniform(0.5, 5.0, (5, 7, 4))
    counts = truth @ REFERENCES
    given: Any = {"shared": WEIGHTS, "own": WEIGHTS * (1.0 + counts)}.get(weights, weights)
    found = fit_references(counts, REFERENCES, weights=given, nonnegative=nonnegative)
    np.testing.assert_allclose(found.amplitudes, truth, rtol=1e-10)
    assert found.covariance.shape == (5, 7, 4, 4)
    assert found.dof == 236
    assert not found.failed.any()
    assert found.chi_square.max() < 1e-9


@pytest.mark.parametrize("background", [REFERENCES[0] + 1.0, "pixels"])
@pytest.mark.parametrize("weights", ["poisson", "model", "uniform", "shared"])
def test_a_known_background_is_part_of_the_model(weights: str, background: Any) -> None:
    truth = np.random.default_rng(6).uniform(0.5, 5.0, (9, 3))
    if isinstance(background, str):
        background = np.random.default_rng(7).uniform(0.5, 2.0, (9, 1)) * (REFERENCES[0] + 1.0)
    counts = truth @ REFERENCES[1:] + background
    given: Any = WEIGHTS if weights == "shared" else weights
    found = fit_references(counts, REFERENCES[1:], weights=given, background=background)
    np.testing.assert_allclose(found.amplitudes, truth, rtol=1e-10)


@pytest.mark.parametrize("seed", SEEDS)
def test_unbiased_at_few_counts_where_observed_weights_are_not(seed: int) -> None:
    counts = drawn(DIM, seed, 20_000)
    assert 0.8 < counts.mean() < 2.0
    observed = fit_references(counts, REFERENCES, weights=1.0 / np.maximum(counts, 1)).amplitudes
    assert observed.mean(axis=0)[1] / DIM[1] < 0.9
    for weights in ("poisson", "model", "uniform"):
        found = fit_references(counts, REFERENCES, weights=weights)
        error = found.amplitudes.mean(axis=0) - DIM
        spread = found.amplitudes.std(axis=0)
        assert np.all(np.abs(error) < np.maximum(4.0 * spread / np.sqrt(20_000), 3e-3 * DIM)), weights
        stated = np.sqrt((found.deviations**2).mean(axis=0))
        np.testing.assert_allclose(stated, spread, rtol=0.03, err_msg=weights)
        assert found.chi_square.mean() / found.dof == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("weights", ["poisson", "model", "uniform"])
def test_a_detector_with_gain_and_read_noise(weights: str, seed: int) -> None:
    truth, gain, noise = 10.0 * DIM, 4.0, 6.0
    rng = np.random.default_rng(seed)
    counts = gain * drawn(truth, seed, 4000) + rng.normal(0.0, noise, (4000, ENERGY.size))
    found = fit_references(counts, REFERENCES, weights=weights, gain=gain, read_noise=noise)
    spread = found.amplitudes.std(axis=0)
    assert np.all(np.abs(found.amplitudes.mean(axis=0) - gain * truth) < 4.0 * spread / np.sqrt(4000))
    np.testing.assert_allclose(np.sqrt((found.deviations**2).mean(axis=0)), spread, rtol=0.05)
    assert found.chi_square.mean() / found.dof == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("weights", ["uniform", "shared", "own"])
def test_bounded_least_squares_are_those_of_scipy(weights: str, seed: int) -> None:
    counts = drawn(np.array([1.0, 0.05, 0.0, 0.03]), seed, 200)
    own = np.random.default_rng(seed).uniform(0.5, 2.0, counts.shape)
    given: Any = {"shared": WEIGHTS, "own": own}.get(weights, weights)
    found = fit_references(counts, REFERENCES, weights=given, nonnegative=True)
    matrix = {"shared": np.broadcast_to(WEIGHTS, counts.shape), "own": own}.get(weights, np.ones_like(own))
    assert 0.1 < (found.amplitudes == 0.0).mean() < 0.9
    for pixel, (row, weight) in enumerate(zip(counts, np.sqrt(matrix), strict=True)):
        expected, _ = nnls((REFERENCES * weight).T, row * weight)
        np.testing.assert_allclose(found.amplitudes[pixel], expected, atol=1e-9)


def misfit(amplitudes: np.ndarray, row: np.ndarray) -> float:
    model = np.maximum(amplitudes @ REFERENCES, 1e-300)
    return float(model.sum() - row @ np.log(model))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_poisson_maximum_is_that_of_scipy(seed: int) -> None:
    counts = drawn(DIM, seed, 12)
    found = fit_references(counts, REFERENCES, weights="poisson")
    for row, amplitudes, deviations in zip(counts, found.amplitudes, found.deviations, strict=True):
        best = minimize(
            misfit, DIM, args=(row,), jac=lambda a, y: REFERENCES @ (1.0 - y / (a @ REFERENCES)),
            method="BFGS", options={"gtol": 1e-9},
        )  # fmt: skip
        np.testing.assert_array_less(np.abs(amplitudes - best.x), 2e-5 * deviations)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_bounded_poisson_maximum_meets_its_conditions(seed: int) -> None:
    counts = drawn(np.array([1.0, 0.05, 0.0, 0.03]), seed, 300)
    found = fit_references(counts, REFERENCES, weights="poisson", nonnegative=True)
    assert not found.failed.any()
    assert found.amplitudes.min() == 0.0
    score = (counts / (found.amplitudes @ REFERENCES) - 1.0) @ REFERENCES.T
    by_deviation = score * found.deviations
    free = found.amplitudes > 0.0
    assert 0.3 < free.mean() < 0.95
    assert np.abs(by_deviation[free]).max() < 1e-4
    assert by_deviation[~free].max() < 1e-4
    looser = fit_references(counts, REFERENCES, weights="poisson")
    inside = (looser.amplitudes > 0.0).all(axis=1)
    np.testing.assert_allclose(found.amplitudes[inside], looser.amplitudes[inside], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_part_that_few_counts_push_below_zero_is_fitted(seed: int) -> None:
    apart = np.stack([np.where(ENERGY < 50.0, 1.0, 0.05), REFERENCES[3]])
    counts = np.random.default_rng(seed).poisson(np.broadcast_to(apart[0], (2000, ENERGY.size)))
    found = fit_references(counts, apart, weights="poisson")
    assert not found.failed.any()
    assert (found.amplitudes @ apart).min() > -1e-5
    assert np.mean(found.amplitudes[:, 1]) == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.uint32, np.float32, np.float64])
@pytest.mark.parametrize("weights", ["uniform", "poisson"])
def test_types_and_channels_that_are_chosen(weights: str, dtype: Any) -> None:
    counts = drawn(4.0 * DIM, 4, 13)
    whole = fit_references(counts[:, 40:200].astype(float), REFERENCES[:, 40:200], weights=weights)
    mask = (np.arange(ENERGY.size) >= 40) & (np.arange(ENERGY.size) < 200)
    for channels in (slice(40, 200), mask, np.flatnonzero(mask)[::-1]):
        part = fit_references(counts.astype(dtype), REFERENCES, weights=weights, channels=channels)
        np.testing.assert_allclose(part.amplitudes, whole.amplitudes, rtol=1e-12)
        assert part.dof == 156
    odd = fit_references(
        counts.astype(dtype), REFERENCES, weights=weights, channels=mask & (ENERGY % 0.5 == 0)
    )
    assert odd.dof == 76
    np.testing.assert_allclose(odd.amplitudes.mean(axis=0)[0], 4.0 * DIM[0], rtol=0.1)


def test_lazy_arrays_give_what_arrays_in_memory_give(monkeypatch: pytest.MonkeyPatch) -> None:
    dask = pytest.importorskip("dask.array")
    counts = drawn(DIM, 8, 210).reshape(5, 6, 7, ENERGY.size)
    monkeypatch.setattr(_mlls_input, "BLOCK_BYTES", 8 * ENERGY.size * 9)
    for chunks in ((2, 6, 7, 240), (1, 3, 7, 100), (5, 6, 7, 240)):
        lazy = dask.from_array(counts, chunks=chunks)
        sizes = [np.prod([s.stop - s.start for s in where]) for where in _mlls_input.blocks(lazy)]
        assert max(sizes) <= max(9, np.prod(chunks[:-1]))
        for weights in ("poisson", "uniform", 1.0 / (1.0 + counts)):
            given = (
                dask.from_array(weights, chunks=(5, 2, 7, 240)) if not isinstance(weights, str) else weights
            )
            found = fit_references(lazy, REFERENCES, weights=given)
            alike(found, fit_references(counts, REFERENCES, weights=weights))
    labelled = xr.DataArray(lazy, dims=("time", "y", "x", "energy_loss"), coords={"energy_loss": ENERGY})
    alike(fit_references(labelled, REFERENCES), fit_references(counts, REFERENCES))


def alike(found: MllsFit, expected: MllsFit) -> None:
    for name in ("amplitudes", "covariance", "chi_square", "failed"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-12)


def test_blocks_cover_every_pixel_once_and_are_as_large_as_allowed() -> None:
    frames = np.empty((20, 64, 64, 1024), np.uint16)
    found = list(_mlls_input.blocks(frames))
    assert sum(np.prod([s.stop - s.start for s in where]) for where in found) > 0
    seen = np.zeros(frames.shape[:-1], int)
    for where in found:
        seen[where] += 1
    assert np.all(seen == 1)
    assert len(found) == 10
    assert list(_mlls_input.blocks(frames[0, 0, 0])) == [()]


@pytest.mark.parametrize("weights", ["poisson", "model", "uniform", "shared", "own"])
def test_pixels_that_fail_say_why(weights: str) -> None:
    counts = np.tile(DIM @ REFERENCES, (6, 1))
    counts[1, 7], counts[2, 9] = np.nan, np.inf
    counts[3] = 0.0
    counts[4, 5] = 1e3
    given: Any = {"shared": WEIGHTS, "own": np.ones_like(counts)}.get(weights, weights)
    found = fit_references(counts, REFERENCES, weights=given, saturation=1e3)
    assert found.failed.tolist() == [0, NOT_FINITE, SATURATED, NO_COUNTS, SATURATED, 0]
    assert set(np.unique(found.failed)) <= set(map(int, REASONS))
    assert found.failed.dtype == np.uint8
    for values in (found.amplitudes, found.covariance, found.chi_square, found.deviations):
        assert np.all(np.isnan(values[1:5]))
        assert np.all(np.isfinite(values[[0, 5]]))
    assert fit_references(counts, REFERENCES, weights=given).failed[2] == NOT_FINITE


def test_own_weights_that_leave_references_alike_or_are_no_numbers() -> None:
    counts = np.tile(DIM @ REFERENCES, (3, 1))
    weights = np.ones_like(counts)
    weights[1] = np.where(ENERGY < 40.0, 1.0, 0.0) * (np.arange(ENERGY.size) < 3)
    weights[2, 3] = np.nan
    assert fit_references(counts, REFERENCES, weights=weights).failed.tolist() == [0, SINGULAR, NOT_FINITE]


def test_references_that_are_negative_somewhere() -> None:
    difference = np.stack([REFERENCES[0], REFERENCES[1] - 0.5 * REFERENCES[3]])
    counts = np.array([[3.0, 1.0], [3.0, -0.5]]) @ difference
    found = fit_references(counts, difference, weights="poisson")
    np.testing.assert_allclose(found.amplitudes, [[3.0, 1.0], [3.0, -0.5]], rtol=1e-9)
    alone = fit_references(counts, difference[1:], weights="poisson", background=3.0 * REFERENCES[0])
    np.testing.assert_allclose(alone.amplitudes, [[1.0], [-0.5]], rtol=1e-9)
    with pytest.raises(InputError, match="no combination of them"):
        fit_references(counts, difference[1:], weights="poisson")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"references": REFERENCES[:, :-1]}, "as many channels as the counts"),
        ({"references": np.vstack([REFERENCES, 2.0 * REFERENCES[1]])}, "'reference 1 and reference 4'"),
        ({"references": REFERENCES[[0, 0]], "names": ["a", "b"]}, "'a and b'"),
        ({"references": np.where(REFERENCES > 0.99, np.nan, REFERENCES)}, "NaN or infinity"),
        ({"references": np.vstack([REFERENCES, 0.0 * ENERGY])}, "0 in every channel"),
        ({"names": ["a"]}, "4 names"),
        ({"channels": slice(3)}, "more than the 4 references"),
        ({"channels": [500]}, "choose other channels"),
        ({"weights": "observed"}, "poisson, model, uniform or an array"),
        ({"weights": WEIGHTS[1:]}, "one value a channel"),
        ({"weights": -WEIGHTS}, ">= 0"),
        ({"weights": np.where(ENERGY > 70.0, np.inf, 1.0)}, "NaN or infinity"),
        ({"weights": np.where(ENERGY < 30.5, 1.0, 0.0)}, "none is a combination"),
        ({"weights": np.full((2, ENERGY.size), -1.0)}, ">= 0"),
        ({"background": WEIGHTS[1:]}, "one value a channel"),
        ({"gain": 0.0}, "gain: got 0.0"),
        ({"read_noise": np.nan}, "read_noise"),
        ({"counts": np.ones((2, ENERGY.size), complex)}, "integers or floats"),
        ({"counts": np.array(3)}, "as many channels"),
    ],
)
def test_what_cannot_be_fitted_is_refused_in_one_line(changes: dict[str, Any], message: str) -> None:
    given = {"counts": np.ones((2, ENERGY.size)), "references": REFERENCES, **changes}
    with pytest.raises(InputError, match=message) as error:
        fit_references(given.pop("counts"), given.pop("references"), **given)
    assert "\n" not in str(error.value)


def test_energies_of_labelled_arrays_are_compared() -> None:
    counts = xr.DataArray(np.ones((2, 240)), dims=("x", "energy_loss"), coords={"energy_loss": ENERGY})
    shifted = xr.DataArray(REFERENCES, dims=("part", "energy_loss"), coords={"energy_loss": ENERGY + 0.1})
    with pytest.raises(InputError, match="resample the references"):
        fit_references(counts, shifted)
    assert fit_references(counts, shifted.assign_coords(energy_loss=ENERGY)).dof == 236


def test_kernels_in_python_do_what_they_do_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = drawn(4.0 * DIM, 3, 6)
    counts[4] = 0
    cases: list[dict[str, Any]] = [
        {"weights": weights, "nonnegative": bounded}
        for weights in ("poisson", "model", WEIGHTS, 1.0 / (1.0 + counts))
        for bounded in (False, True)
    ]
    compiled = [fit_references(counts, REFERENCES, **case) for case in cases]
    monkeypatch.setattr("lto_sim.quantify.references._mlls_fitters.fit_rows", _own_weights.fit_rows.py_func)
    monkeypatch.setattr(
        "lto_sim.quantify.references._mlls_fitters.fit_with_shared_weights",
        _shared_weights.fit_with_shared_weights.py_func,
    )
    for module in (_own_weights, _shared_weights, _least_squares):
        for name, value in vars(module).copy().items():
            if hasattr(value, "py_func"):
                monkeypatch.setattr(module, name, value.py_func)
    for case, expected in zip(cases, compiled, strict=True):
        found = fit_references(counts, REFERENCES, **case)
        np.testing.assert_allclose(found.amplitudes, expected.amplitudes, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(found.covariance, expected.covariance, rtol=1e-9)
        np.testing.assert_array_equal(found.failed, expected.failed)
