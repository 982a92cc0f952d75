"""Regimes: views, measures of hand-made particles, the law of closure, and what is expected of a scenario."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr
from lamellae import EXCESS, NM, D, lamella

from lto_sim.errors import InputError
from lto_sim.exact.surface_shell import SurfaceFedShell
from lto_sim.study.regimes import (
    FrontView,
    apparent_rate,
    closure,
    front_law,
    front_view,
    power_law,
    shell_index,
    tip_law,
    tip_positions,
)

Floats = np.ndarray
CELL = 10 * NM


# views -----------------------------------------------------------------------------------------------


def rays(fronts: Floats, cells: int = 100) -> Floats:
    """Transformed fraction (..., x) of rays whose fronts stand at `fronts` cells."""
    return np.clip(np.asarray(fronts)[..., None] - np.arange(cells), 0.0, 1.0)


def view(fronts: Floats, time: Floats, cells: int = 100, thickness: float = 100 * NM) -> FrontView:
    """View of fronts (time, z, y) [cells]."""
    return FrontView(rays(fronts, cells), np.asarray(time, dtype=float), CELL, thickness)


def planar(time: Floats, position: Floats) -> FrontView:
    """Planar front at `position` [m]."""
    return view(np.broadcast_to(position[:, None, None] / CELL, (time.size, 4, 3)), time)


def shelled(skin: float, core: float, *, walls: bool = False, fine: int = 1) -> Floats:
    """Fronts (z, y) [cells]: `skin` a quarter deep under the faces, or a tenth along walls, else `core`."""
    fronts = np.full((4 * fine, 10 * fine), core)
    if walls:
        fronts[:, :fine] = fronts[:, -fine:] = skin
    else:
        fronts[:fine] = fronts[-fine:] = skin
    return fronts


def stages(fronts: Floats, last: float = 99.0) -> FrontView:
    """View of fronts between a start and an end."""
    return view(np.stack([np.zeros_like(fronts), fronts, np.full_like(fronts, last)]), np.arange(3.0))


def recorded(fraction: Floats, time: Floats, steps: Floats | None = None) -> xr.Dataset:
    """Run of the transformed fractions (time, z, y, x), windows 0.05 and 0.95."""
    data = {
        "li_fraction": (("time", "z", "y", "x"), (0.05 + 0.9 * fraction).astype(np.float32)),
        "drive_step_of_state": ("time", np.zeros(len(time), int) if steps is None else steps),
    }
    return xr.Dataset(data, {"time": time})


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_a_view_has_its_contact_at_the_left_whatever_the_side(side: str) -> None:
    along = side in {"left", "right"}
    scenario = lamella(**{
        "specimen.outline.width": 4e-7 if along else 2e-7, "specimen.outline.height": 2e-7 if along else 4e-7,
        "contacts.lps.where.side": side, "specimen.layers": 2,
    })  # fmt: skip
    fraction = rays(np.array([[[0.0, 0.0]], [[3.0, 5.5]]]), 8)  # time, z, y, x
    turned = np.flip(fraction, axis=3) if side in {"right", "bottom"} else fraction
    turned = turned if along else np.swapaxes(turned, 2, 3)
    found = front_view(recorded(turned, np.array([0.0, 1.0])), scenario)
    np.testing.assert_allclose(found.grown, fraction, atol=1e-6)
    assert found.cell == pytest.approx(50 * NM)
    assert found.length == pytest.approx(4e-7)
    np.testing.assert_allclose(found.position[[0, -1]], [25 * NM, 375 * NM])


def test_a_view_keeps_the_first_step_and_leaves_dead_layers_out() -> None:
    scenario = lamella(**{"specimen.dead_layer": 10 * NM})
    fraction = np.zeros((3, 4, 2, 8))
    fraction[:, 1:-1, :, :4] = 1.0
    found = front_view(recorded(fraction, np.array([0.0, 1.0, 2.0]), np.array([0, 0, 1])), scenario)
    assert found.grown.shape == (2, 2, 2, 8)
    np.testing.assert_allclose(found.content, 0.5, atol=1e-6)
    assert found.thickness == pytest.approx(80 * NM)


def test_what_grows_is_told_by_the_gap_not_by_a_half() -> None:
    windows = {"x4": 0.55, "x7": 0.95}
    fraction = rays(np.array([[[0.0, 0.0]], [[4.0, 4.0]]]), 8)
    run = recorded(fraction, np.array([0.0, 1.0]))
    run["li_fraction"] = 0.55 + 0.4 * (run["li_fraction"] - 0.05) / 0.9
    found = front_view(run, lamella(initial=0.55, **{"material.windows": windows}))
    np.testing.assert_allclose(found.grown, fraction, atol=1e-6)


def test_extraction_counts_the_poor_phase() -> None:
    fraction = rays(np.array([[[0.0, 0.0]], [[4.0, 4.0]]]), 8)
    run = recorded(1.0 - fraction, np.array([0.0, 1.0]))
    found = front_view(run, lamella(initial=0.95, **{"drive.0.hold": 1.6}))
    np.testing.assert_allclose(found.grown, fraction, atol=1e-6)


# measures of hand-made particles ---------------------------------------------------------------------


def test_a_planar_front_has_no_shell_and_the_exponent_and_k_put_in() -> None:
    time = np.linspace(0.0, 100.0, 101)
    found = planar(time, np.sqrt(2.0 * 3.2e-15 * time))
    assert found.content[-1] == pytest.approx(0.8)
    assert shell_index(found) == pytest.approx(0.0, abs=1e-9)
    tip, front = tip_law(found), front_law(found)
    assert (tip.exponent, front.exponent) == (pytest.approx(0.5, abs=1e-3), pytest.approx(0.5, abs=1e-3))
    assert front.rms < 1e-3
    assert front.end == pytest.approx(100.0)
    assert front.start == pytest.approx(10.0, rel=0.01)
    rate = apparent_rate(found, 0.0)
    assert rate.k == pytest.approx(3.2e-15, rel=1e-6)
    assert rate.beyond


@pytest.mark.parametrize("fine", [1, 2, 3])
@pytest.mark.parametrize("walls", [False, True])
@pytest.mark.parametrize(
    ("skin", "core", "index"), [(80.0, 20.0, 0.75), (60.0, 60.0, 0.0), (45.0, 60.0, -0.25)]
)
def test_the_shell_index_is_the_lead_of_the_skin_over_the_farther_of_both_on_any_mesh(
    walls: bool, skin: float, core: float, index: float, fine: int
) -> None:
    made = stages(shelled(skin, core, walls=walls, fine=fine))
    assert shell_index(made, float(made.content[1])) == pytest.approx(index)


def test_cells_that_skin_and_core_share_are_counted_by_their_parts() -> None:
    fronts = np.repeat(np.array([80.0, 50.0, 20.0, 20.0, 50.0, 80.0])[:, None], 10, axis=1)
    made = stages(fronts)  # skin: a layer and half of the next; core: the other half and both in the middle
    skin, core = (80.0 + 0.5 * 50.0) / 1.5, (0.5 * 50.0 + 20.0) / 1.5
    assert shell_index(made, float(made.content[1])) == pytest.approx(1.0 - core / skin)


def test_a_skin_that_leads_counts_before_one_that_lags() -> None:
    fronts = shelled(70.0, 60.0)
    fronts[:, [0, -1]] = 30.0
    made = stages(fronts)
    assert shell_index(made, float(made.content[1])) == pytest.approx(1.0 / 7.0)


def test_a_middle_that_leads_both_skins_has_an_index_below_0() -> None:
    fronts = np.full((4, 10), 45.0)
    fronts[1:-1, 1:-1] = 60.0
    made = stages(fronts)
    assert shell_index(made, float(made.content[1])) == pytest.approx(-0.25)


def test_the_shell_index_is_interpolated_between_states_and_nan_without_one_near() -> None:
    first, last = shelled(60.0, 40.0), shelled(66.0, 42.0)
    made = view(np.stack([first, last]), np.array([0.0, 1.0]))
    middle = 0.5 * float(made.content.sum())
    assert shell_index(made, middle) == pytest.approx(0.5 * (1.0 / 3.0 + 24.0 / 66.0))
    assert math.isnan(shell_index(made, 0.9))
    assert math.isnan(shell_index(made, 0.01))
    apart = view(np.stack([first, shelled(99.0, 80.0)]), np.array([0.0, 1.0]))
    assert math.isnan(shell_index(apart, 0.5 * float(apart.content.sum())))
    single = view(first[None], np.array([0.0]))
    assert math.isnan(shell_index(single))
    assert math.isnan(tip_law(single).exponent)
    assert math.isnan(apparent_rate(single, 0.0).k)
    assert math.isnan(closure(single, 50 * NM))


@pytest.mark.parametrize(("keys", "shape"), [({"faces": True}, (2, 10)), ({"walls": True}, (4, 2))])
def test_a_core_that_has_no_cell_of_its_own_has_no_index_tip_or_closure_but_k(
    keys: dict[str, bool], shape: tuple[int, int]
) -> None:
    time = np.linspace(0.0, 100.0, 101)
    fronts = np.broadcast_to((np.sqrt(2.0 * 3.2e-15 * time) / CELL)[:, None, None], (101, *shape))
    bare, conducting = view(fronts, time), FrontView(rays(fronts), time, CELL, 100 * NM, **keys)
    for found in (shell_index, lambda v: tip_law(v).exponent, lambda v: closure(v, 405 * NM)):
        assert math.isfinite(found(bare))
        assert math.isnan(found(conducting))
    assert apparent_rate(conducting, 0.0).k == pytest.approx(3.2e-15, rel=1e-6)


def test_a_shell_on_the_far_side_does_not_count_and_a_skin_that_is_done_counts_whole() -> None:
    fronts = shelled(100.0, 20.0, walls=True)
    grown = rays(np.stack([np.zeros((4, 10)), fronts, np.full((4, 10), 100.0)]))
    grown[1, :, :, -10:] = 1.0  # all round
    grown[1, :, 0, :3] = 0.999
    made = FrontView(grown, np.arange(3.0), CELL, 100 * NM)
    assert shell_index(made, float(made.content[1])) == pytest.approx(0.8, abs=1e-4)


def test_a_front_without_a_lead_is_its_own_tip_and_a_shell_that_arrives_has_none() -> None:
    made = view(np.stack([shelled(30.0, 30.0), shelled(60.0, 30.0), shelled(99.8, 30.0)]), np.arange(3.0))
    tips = tip_positions(made)
    assert tips[0] == pytest.approx(30 * CELL)
    assert abs(tips[1] / CELL - 60.0) < 1.0
    assert math.isnan(tips[2])


def exact_shell(time: Floats, ratio: float, layers: int = 40) -> FrontView:
    """Shells of the exact answer under both faces of 100 nm, h0/l = `ratio` where they meet."""
    shell = SurfaceFedShell(D, EXCESS, 50 * NM / ratio)
    x = (np.arange(400) + 0.5) * CELL
    thickness = np.stack([shell.thickness(x, t) for t in time])  # time, x
    depth = np.arange(layers // 2) * 100 * NM / layers
    half = np.clip((thickness[:, None, :] - depth[None, :, None]) / (100 * NM / layers), 0.0, 1.0)
    grown = np.concatenate([half, half[:, ::-1]], axis=1)[:, :, None, :]
    return FrontView(grown, time, CELL, 100 * NM)


def test_an_exact_shell_has_its_exponents() -> None:
    last = (50 * NM) ** 2 / (2.0 * EXCESS * D)
    made = exact_shell(np.linspace(0.0, last, 200), 0.01)
    tip, front = tip_law(made), front_law(made)
    assert tip.exponent == pytest.approx(0.25, abs=0.01)
    assert front.exponent == pytest.approx(0.75, abs=0.005)
    assert max(tip.rms, front.rms) < 0.01
    reach = float(SurfaceFedShell(D, EXCESS, 5e-6).length(last))
    assert tip_positions(made)[-1] == pytest.approx(reach * (1.0 - math.sqrt(0.1)), rel=0.02)


@pytest.mark.parametrize("exponent", [0.2, 0.5, 0.75, 1.0])
def test_a_power_law_returns_its_exponent_its_scatter_and_its_window(exponent: float) -> None:
    time = np.linspace(0.0, 50.0, 400)
    found = power_law(time, 2e-7 * time**exponent, 1e-9)
    assert found.exponent == pytest.approx(exponent, abs=1e-4)
    assert found.rms < 1e-4
    assert (found.start, found.end) == (pytest.approx(5.0, rel=0.03), pytest.approx(50.0))
    bent = power_law(time, 2e-7 * time**exponent * np.exp(0.05 * np.sin(4.0 * np.log(time + 1e-9))), 1e-9)
    assert 0.02 < bent.rms < 0.05


def test_a_power_law_has_no_exponent_without_a_factor_of_three_in_time() -> None:
    time = np.linspace(0.0, 10.0, 101)
    assert math.isnan(power_law(time, time, 4.0).exponent)
    assert power_law(time, time, 3.0).exponent == pytest.approx(1.0)
    assert math.isnan(power_law(time, np.full(101, np.nan), 0.0).exponent)
    assert math.isnan(power_law(time, time, 1.0, last=2.9).exponent)
    broken = np.where(np.arange(101) == 60, np.nan, time)
    assert power_law(time, broken, 0.1).end == pytest.approx(5.9)


def test_k_is_read_beyond_the_crossover_and_says_so() -> None:
    time = np.linspace(0.0, 100.0, 201)
    squared = np.where(time < 50.0, 2.0 * 1e-15 * time, 2.0 * 1e-15 * 50.0 + 2.0 * 5e-15 * (time - 50.0))
    made = planar(time, np.sqrt(squared))  # 316 nm at the kink, 775 nm at the end
    beyond = apparent_rate(made, 400 * NM)
    assert beyond.k == pytest.approx(5e-15, rel=1e-6)
    assert beyond.beyond
    assert beyond.start == pytest.approx(400 * NM)
    before = apparent_rate(made, 700 * NM)
    assert not before.beyond
    assert before.start == pytest.approx(0.5 * before.end)
    assert math.isnan(apparent_rate(planar(time[:3], np.full(3, 1e-7)), 0.0).k)


def test_k_is_not_read_after_the_tip_has_arrived() -> None:
    time = np.linspace(0.0, 100.0, 201)
    core = np.sqrt(2.0 * 1e-15 * time) / CELL
    skin = np.where(time < 50.0, core + 20.0, 100.0)
    fronts = np.repeat(np.repeat(core[:, None, None], 5, axis=1), 5, axis=2)
    fronts[:, [0, -1]] = skin[:, None, None]
    found = apparent_rate(view(fronts, time), 0.0)
    assert found.end < 1.05 * float(fronts[99].mean()) * CELL


def test_closure_is_read_between_cells_and_states_and_nan_where_it_is_open() -> None:
    time = np.linspace(0.0, 100.0, 101)
    grown = np.zeros((101, 4, 3, 20))
    grown[:, [0, 3]] = 1.0
    closes = 10.0 + np.arange(20)  # the mid-plane of column i is done at 10 + i
    grown[:, 1:3] = np.clip(1.0 - (closes - time[:, None]) / 5.0, 0.0, 1.0)[:, None, None, :]
    grown[:, 1:3, :, 15:] = 0.5
    made = FrontView(grown, time, CELL, 100 * NM)
    assert closure(made, 5 * NM) == pytest.approx(10.0, abs=0.06)
    assert closure(made, 57 * NM) == pytest.approx(15.2, abs=0.06)
    assert math.isnan(closure(made, 170 * NM))
    for place in (1 * NM, 199 * NM):
        with pytest.raises(InputError, match="place"):
            closure(made, place)


@pytest.mark.parametrize("start", [0.0, 1.0, 2.0, 3.0])
def test_closure_does_not_hang_on_when_states_were_saved(start: float) -> None:
    """A mid-plane that fills at an even pace from 40 to 60, and stays."""
    for every, holds in ((0.5, True), (4.0, True), (8.0, False)):
        time = np.arange(start, 100.0, every)
        grown = np.zeros((time.size, 4, 3, 5))
        grown[:, 1:3] = np.clip((time - 40.0) / 20.0, 0.0, 1.0)[:, None, None, None]
        found = closure(FrontView(grown, time, CELL, 100 * NM), 25 * NM)
        assert math.isnan(found) == (not holds)
        assert not holds or found == pytest.approx(40.0 + 0.99 * 20.0, abs=0.01)
