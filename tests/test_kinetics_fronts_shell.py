"""The projected shell of a lamella: its shape, its mean front, its deviations, and when it is chosen."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy.ndimage import gaussian_filter1d

from lto_sim.errors import InputError
from lto_sim.kinetics.fronts import Profile, track_front
from lto_sim.kinetics.fronts.shell_model import shell_and_gradient, shell_geometry, shell_shape

PIXEL, COLUMNS, ROWS = 31e-9, 64, 8
STRAIGHT = Profile((0.0, 4 * PIXEL), (COLUMNS * PIXEL, 4 * PIXEL), ROWS * PIXEL)
SEEDS = (11, 12, 13)
FULL = 550e-9


def projected(xi, full, direction="insertion", blur=10e-9, cuts=31, pad=20):
    """Pixel means of the projection of h = h0 (1 - x/L)^2, with an excess of 0.05 at the contact."""
    step = PIXEL / cuts
    s = (np.arange(-pad * cuts, (COLUMNS + pad) * cuts) + 0.5) * step
    if xi >= full / 3.0:
        begin, length, level = xi - full / 3.0, full, 1.0
        at_tip = full / 3.0 / xi
    else:  # the shells of the two faces have not met: h0 < H/2, L^2 = 6 l h0, full^2 = 6 l H/2
        level = (3.0 * xi / full) ** (2.0 / 3.0)
        begin, length, at_tip = 0.0, full * np.sqrt(level), 1.0
    z = np.clip(1.0 - (s - begin) / length, 0.0, None)
    behind = s < begin
    part = level * np.where(behind, 1.0, z**2)
    excess = np.where(behind, (xi - s) / xi if begin > 0.0 else 1.0, at_tip * np.minimum(z, 1.0) ** 3)
    fraction = 0.05 + part * (0.9 + 0.05 * np.clip(excess, 0.0, 1.0))
    fraction = gaussian_filter1d(fraction, blur / step, mode="nearest")
    values = fraction.reshape(-1, cuts).mean(axis=1)[pad : pad + COLUMNS]
    return 1.0 - values if direction == "extraction" else values


def maps_of(positions, full=FULL, direction="insertion", noise=0.25, rng=None, blur=10e-9):
    clean = np.array([projected(xi, full, direction, blur) for xi in positions])
    values = np.repeat(clean[:, None, :], ROWS, axis=1)
    values = values + (0.0 if rng is None else rng.normal(0.0, noise, values.shape))
    return xr.Dataset(
        {"li_fraction": (("time", "y", "x"), values), "li_fraction_std": noise},
        coords={
            "time": 1.5 * np.arange(len(positions)),
            "y": (np.arange(ROWS) + 0.5) * PIXEL,
            "x": (np.arange(COLUMNS) + 0.5) * PIXEL,
        },
    )


@pytest.mark.parametrize(
    ("xi", "full", "w"), [(9.0, 18.0, 0.5), (3.0, 18.0, 0.7), (9.0, 2.0, 3.0), (0.5, 18.0, 0.5)]
)
def test_the_shape_is_the_blurred_pixel_mean(xi, full, w):
    """Against quadrature; its integral from the contact is the mean front; derivatives by differences."""
    s, pixel = np.linspace(-1.0, 40.0, 42)[None], np.full((1, 42), 0.9)
    parameters = np.array([[xi, np.log(w), 0.95, 0.002, 0.05, np.log(full)]])
    begin, length, level = (float(v) for v in shell_geometry(np.array(xi), np.array(full)))
    assert begin + level * length / 3.0 == pytest.approx(xi)
    edge = np.linspace(begin, begin + length, 2001)
    middle = 0.5 * (edge[1:] + edge[:-1])
    mass = 2.0 * level * (1.0 - (middle - begin) / length) * np.diff(edge) / length  # -dF
    z = np.linspace(-6.0, 6.0, 201)
    gauss = np.exp(-0.5 * z**2)
    u = (s[0][:, None, None] - middle[None, :, None]) / 0.9 - w * z / 0.9
    below = np.clip(0.5 - u, 0.0, 1.0)  # share of the pixel behind the edge
    expected = np.einsum("smz,m,z->s", below, mass, gauss / gauss.sum(), optimize=True)
    columns = [parameters[:, [i]] for i in (0, 1, 5)]
    np.testing.assert_allclose(shell_shape(*columns, s, pixel)[0][0], expected, atol=2e-6)
    gradient = shell_and_gradient(parameters, s, pixel)[1]
    for i in range(6):
        up, down = parameters.copy(), parameters.copy()
        up[0, i] += 1e-5
        down[0, i] -= 1e-5
        slope = (shell_and_gradient(up, s, pixel)[0] - shell_and_gradient(down, s, pixel)[0]) / 2e-5
        np.testing.assert_allclose(gradient[..., i], slope, atol=1e-7)


def test_geometry_is_that_of_the_exact_shell():
    """h0 = sqrt(2 K t), L^2 = 6 l h0; once h0 = H/2, L^2 = 3 l H and x_b moves."""
    l_surface, thickness = 675.0, 150.0
    full = np.sqrt(3.0 * l_surface * thickness)
    h0 = np.array([5.0, 20.0, 60.0])
    length = np.sqrt(6.0 * l_surface * h0)
    begin, found, level = shell_geometry(h0 / (thickness / 2.0) * length / 3.0, np.array(full))
    np.testing.assert_allclose(begin, 0.0)
    np.testing.assert_allclose(found, length)
    np.testing.assert_allclose(level, h0 / (thickness / 2.0))
    begin, found, level = shell_geometry(np.array([full / 3.0, full]), np.array(full))
    np.testing.assert_allclose(begin, [0.0, 2.0 * full / 3.0], atol=1e-9)
    np.testing.assert_allclose(found, full)
    np.testing.assert_allclose(level, 1.0)


@pytest.mark.parametrize("full", [100e-9, 300e-9, FULL])
@pytest.mark.parametrize("seed", SEEDS)
def test_bias_and_pulls_of_the_mean_front(seed, full):
    rng = np.random.default_rng(seed)
    positions = rng.uniform(200e-9, 1300e-9, 400)
    front = track_front(maps_of(positions, full, rng=rng), STRAIGHT, model="shell")
    assert front.attrs["front_model"] == "shell"
    error = front["front_position"].values[:, 0] - positions
    std = front["front_position_std"].values[:, 0]
    found = np.isfinite(error)
    assert found.mean() > 0.98
    pulls = error[found] / std[found]
    assert 0.9 < pulls.std() < 1.1, pulls.std()
    assert abs(pulls.mean()) < 0.2, pulls.mean()
    assert abs(float(front["front_quality"].mean()) - 1.0) < 0.05
    np.testing.assert_allclose(front["shell_length"].median(), full, atol=0.05 * full + 20e-9)
    tip = (front["front_tip"] - front["front_position"] - 2.0 * front["shell_length"] / 3.0).values[:, 0]
    met = found & (positions > full / 2.0)
    np.testing.assert_allclose(tip[met], 0.0, atol=1e-15)


@pytest.mark.parametrize("direction", ["extraction", "insertion"])
@pytest.mark.parametrize("full", [100e-9, FULL])
def test_systematic_errors_are_below_a_tenth_of_a_deviation(direction, full):
    """Hardly any noise, but fitted as if there were the usual one: from four pixels and the met shells on."""
    positions = np.linspace(max(full / 3.0, 4.0 * PIXEL), 1300e-9, 60)
    maps = maps_of(positions, full, direction, noise=1e-3, rng=np.random.default_rng(1))
    front = track_front(maps.assign(li_fraction_std=0.25), STRAIGHT, direction=direction, model="shell")
    pull = ((front["front_position"][:, 0] - positions) / front["front_position_std"][:, 0]).values
    assert np.nanmax(np.abs(pull)) < 0.2, np.nanmax(np.abs(pull))
    assert abs(np.nanmean(pull)) < 0.1, np.nanmean(pull)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_step_reads_a_shell_wrongly_and_the_shell_does_not(seed):
    """Parabola of the mean front, dxi/dt = k/xi behind t1: k from a straight line through xi^2."""
    rng = np.random.default_rng(seed)
    k, time = 6.7e-16, 6.0 * np.arange(120)
    positions = np.sqrt((FULL / 3.0) ** 2 + 2.0 * k * time)
    maps = maps_of(positions, rng=rng, noise=0.1).assign_coords(time=time)
    fitted = {}
    for model in ("step", "shell"):
        front = track_front(maps, STRAIGHT, model=model, direction="insertion")
        xi, std, t = (front[n].values[:, 0] for n in ("front_position", "front_position_std", "front_time"))
        good = np.isfinite(xi)
        line, cov = np.polyfit(t[good], xi[good] ** 2, 1, w=1.0 / (2.0 * xi * std)[good], cov="unscaled")
        fitted[model] = (0.5 * line[0] / k, 0.5 * float(np.sqrt(cov[0, 0])) / k)
    ratio, deviation = fitted["shell"]
    assert abs(ratio - 1.0) < 3.0 * deviation, fitted
    assert abs(ratio - 1.0) < 0.02, fitted
    assert abs(fitted["step"][0] - 1.0) > abs(ratio - 1.0), fitted


@pytest.mark.parametrize("seed", SEEDS)
def test_auto_takes_the_model_that_fits(seed):
    rng = np.random.default_rng(seed)
    positions = rng.uniform(250e-9, 1200e-9, 80)
    assert track_front(maps_of(positions, rng=rng), STRAIGHT, model="auto").attrs["front_model"] == "shell"
    for direction, blur in (("extraction", 15e-9), ("insertion", 15e-9), ("insertion", 80e-9)):
        sharp = maps_of(positions, 2e-9, direction, rng=rng, blur=blur)
        front = track_front(sharp, STRAIGHT, model="auto")
        assert front.attrs["front_model"] == "step"
        assert np.isnan(front["shell_length"]).all()
        assert np.isnan(front["front_tip"]).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_slope_is_no_shell_and_noise_is_none(seed):
    rng = np.random.default_rng(seed)
    maps = maps_of(np.full(100, 900e-9), rng=rng)
    for clean in (np.linspace(1.0, 0.0, COLUMNS), np.full(COLUMNS, 0.3)):
        maps["li_fraction"][:] = clean + rng.normal(0.0, 0.25, maps["li_fraction"].shape)
        with pytest.raises(InputError, match="without a front"):
            track_front(maps, STRAIGHT, direction="insertion", model="shell")


def test_an_unknown_model_is_refused():
    maps = maps_of([500e-9, 600e-9], rng=np.random.default_rng(1))
    with pytest.raises(InputError, match='"step", "shell" or "auto"'):
        track_front(maps, STRAIGHT, model="tanh")
