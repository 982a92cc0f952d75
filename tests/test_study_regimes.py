"""Regime maps: measures of hand-made particles, exact limits, what is refused, and a map through a sweep."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.linalg import solve_banded
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import spsolve

from lto_sim.errors import InputError
from lto_sim.exact.surface_shell import SurfaceFedShell
from lto_sim.scenario import Scenario
from lto_sim.scenario.ready import ready_scenario
from lto_sim.study import Axis, RunResult
from lto_sim.study.regimes import (
    REGIMES,
    FrontView,
    apparent_rate,
    closure,
    closure_time,
    expected,
    front_law,
    front_view,
    power_law,
    regime_map,
    regime_measures,
    shell_index,
    surface_mean_front,
    tip_law,
    tip_positions,
)
from lto_sim.study.regimes.closure import MEETING_LEAD
from lto_sim.transport import simulate

Floats = np.ndarray
NM = 1e-9
CELL = 10 * NM
D = 1e-16
EXCESS = 0.05 / 0.9


def lamella(**values: Any) -> Scenario:
    """Strip of 1 um in 100 nm, l = H of either face, from the saturated parent."""
    kept = {"reference": 348.15, "Ea": 0.0}
    base = Scenario.from_dict({
        "material": {"name": "lto", "D_Li7": {"at": D, **kept}, "D_Li4": {"at": 1e-14, **kept}},
        "temperature": 348.15, "initial": 0.05,
        "specimen": {
            "outline": {"shape": "rectangle", "width": 1e-6, "height": 50 * NM}, "thickness": 100 * NM,
            "cell": 25 * NM, "layers": 4, "symmetry": True,
        },
        "surface": {"faces": {"at": 100 * NM * D, **kept}},
        "contacts": {"lps": {"where": {"side": "left"}}},
        "drive": [{"hold": 0.4, "until": {"time": 100.0}}],
    })  # fmt: skip
    return base.with_values(values)


def perimeter(at: float) -> dict[str, Any]:
    return {"surface.perimeter": {"at": at, "reference": 348.15, "Ea": 0.0}}


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


def shelled(skin: float, core: float, *, walls: bool = False) -> Floats:
    """Fronts (z, y) [cells]: `skin` under the faces, or along the walls, `core` elsewhere."""
    fronts = np.full((5, 5), core)
    if walls:
        fronts[:, [0, -1]] = skin
    else:
        fronts[[0, -1]] = skin
    return fronts


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


@pytest.mark.parametrize("walls", [False, True])
@pytest.mark.parametrize(
    ("skin", "core", "index"), [(80.0, 20.0, 0.75), (60.0, 60.0, 0.0), (45.0, 60.0, -0.25)]
)
def test_the_shell_index_is_the_lead_of_the_skin_over_the_farther_of_both(
    walls: bool, skin: float, core: float, index: float
) -> None:
    fronts = np.stack([np.zeros((5, 5)), shelled(skin, core, walls=walls), np.full((5, 5), 99.0)])
    made = view(fronts, np.arange(3.0))
    assert shell_index(made, float(made.content[1])) == pytest.approx(index)


def test_a_skin_that_leads_counts_before_one_that_lags() -> None:
    fronts = shelled(70.0, 60.0)
    fronts[:, [0, -1]] = 30.0
    made = view(np.stack([np.zeros((5, 5)), fronts, np.full((5, 5), 99.0)]), np.arange(3.0))
    assert shell_index(made, float(made.content[1])) == pytest.approx(1.0 / 7.0)


def test_a_middle_that_leads_both_skins_has_an_index_below_0() -> None:
    fronts = np.full((5, 5), 45.0)
    fronts[1:-1, 1:-1] = 60.0
    made = view(np.stack([np.zeros((5, 5)), fronts, np.full((5, 5), 99.0)]), np.arange(3.0))
    assert shell_index(made, float(made.content[1])) == pytest.approx(-0.25)


def test_the_shell_index_is_interpolated_between_states_and_nan_where_the_content_is_not_reached() -> None:
    first, last = shelled(60.0, 20.0), shelled(80.0, 60.0)
    made = view(np.stack([first, last]), np.array([0.0, 1.0]))
    middle = 0.5 * float(made.content.sum())
    assert shell_index(made, middle) == pytest.approx(0.5 * (2.0 / 3.0 + 0.25))
    assert math.isnan(shell_index(made, 0.9))
    assert math.isnan(shell_index(made, 0.01))


def test_a_shell_on_the_far_side_does_not_count_and_a_skin_that_is_done_counts_whole() -> None:
    fronts = shelled(100.0, 20.0, walls=True)
    grown = rays(np.stack([np.zeros((5, 5)), fronts, np.full((5, 5), 100.0)]))
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


# closure: the law beside a solution of its balances, and the meeting of two fronts -------------------


def solved_shell(surface_length: float, cells: int = 500, steps: int = 3000) -> tuple[Floats, Floats, Floats]:
    """Solve h h_t = K u and l u'' = u/h, closed where h = a; K = a = 1: place, closure, mean front."""
    reach = 3.0 * math.sqrt(6.0 * surface_length)
    x = np.linspace(0.0, reach, cells)
    dx, start, end = x[1], 0.02, 5.0
    shell = SurfaceFedShell(1.0, 1.0, surface_length)
    h = np.asarray(shell.thickness(x, start))
    time, closed, means = start, np.full(cells, np.nan), []
    for dt in np.full(steps, (end - start) / steps):
        sink = np.where(h < 1.0, 1.0 / np.maximum(h, 1e-4), 0.0) / surface_length
        bands = np.zeros((3, cells))
        bands[0, 2:] = bands[2, :-2] = -1.0 / dx**2
        bands[1] = 2.0 / dx**2 + sink
        bands[1, [0, -1]] = 1.0
        u = solve_banded((1, 1), bands, np.eye(cells)[0])
        time += dt
        h = np.minimum(np.sqrt(np.square(h) + 2.0 * u * dt), 1.0)
        closed = np.where((h >= 1.0) & np.isnan(closed), time, closed)
        means.append((time, h.sum() * dx - 0.5 * h[0] * dx))
    return x, closed, np.array(means)


def test_the_law_of_closure_solves_the_balances_of_the_shell_past_the_first_meeting() -> None:
    length = 50.0
    x, closed, means = solved_shell(length)
    done = np.flatnonzero(np.isfinite(closed))[1:]
    assert x[done[-1]] > 15.0
    law = np.array([closure_time(p, 1.0, length, 2.0) for p in x[done]])
    np.testing.assert_allclose(closed[done], law, rtol=0.015)
    plain = (
        1.0 + x[done[-1]] / math.sqrt(6.0 * length)
    ) ** 4 / 2.0  # the shell, as if its inner end were open
    assert closed[done[-1]] < 0.95 * plain
    for time, front in means[[200, 800, 1500, -1]]:
        assert front == pytest.approx(surface_mean_front(time, 1.0, length, 2.0), rel=0.015)


def test_limits_of_the_law_of_closure() -> None:
    k, length, thickness = 5e-18, 2e-6, 100 * NM
    assert closure_time(0.0, k, length, thickness) == pytest.approx((50 * NM) ** 2 / (2.0 * k))
    shell = SurfaceFedShell(k, 1.0, length)
    near = closure_time(20 * NM, k, length, thickness)
    assert float(shell.thickness(20 * NM, near)) == pytest.approx(50 * NM, rel=1e-4)
    far = 1e-3
    assert far**2 / (2.0 * closure_time(far, k, length, thickness)) == pytest.approx(
        2.0 * k * length / thickness, rel=1e-2
    )
    ahead = closure_time(thickness, k, length, thickness, meeting=True)
    lead = MEETING_LEAD * 50 * NM
    assert ahead == closure_time(thickness - lead, k, length, thickness)
    assert closure_time(0.0, k, length, thickness, meeting=True) == closure_time(0.0, k, length, thickness)
    meets = closure_time(0.0, k, length, thickness)
    before, after = (surface_mean_front(f * meets, k, length, thickness) for f in (1.0 - 1e-9, 1.0 + 1e-9))
    assert before == pytest.approx(after, rel=1e-6)
    for bad in ((-1.0, k, length, thickness), (0.0, 0.0, length, thickness), (0.0, k, math.nan, thickness)):
        with pytest.raises(InputError):
            closure_time(*bad)


def test_the_lead_of_a_meeting_is_the_further_flux_into_the_end_of_a_slit() -> None:
    """Laplace's equation in a strip |z| < 1 with faces at 1 and a slit at 0 on x > 0, upper half."""
    rows, left, right = 40, 160, 160
    columns, dx = left + right, 1.0 / rows
    number = np.arange(rows * columns).reshape(rows, columns)  # row 0 on the mid-plane, cells centred on it
    entries: list[tuple[int, int, float]] = []
    source = np.zeros(rows * columns)
    slit = np.arange(columns) >= left
    for row in range(rows):
        weight = 0.5 if row == 0 else 1.0  # half cells on the mid-plane
        for column in range(columns):
            me = int(number[row, column])
            if row == 0 and slit[column]:
                entries.append((me, me, 1.0))
                continue
            for other in ((row, column - 1), (row, column + 1)):
                if 0 <= other[1] < columns:
                    entries += [(me, me, weight), (me, int(number[other]), -weight)]
            if row > 0:
                entries += [(me, me, 1.0), (me, int(number[row - 1, column]), -1.0)]
            if row < rows - 1:
                entries += [(me, me, 1.0), (me, int(number[row + 1, column]), -1.0)]
            else:
                entries.append((me, me, 1.0))
                source[me] = 1.0
    i, j, value = zip(*entries, strict=True)
    potential = spsolve(coo_matrix((value, (i, j))).tocsr(), source).reshape(rows, columns)
    flux = potential[1, left:].sum() + 0.5 * potential[0, left - 1]  # of a unit of x per column, over dx
    assert flux - (right - 0.5) * dx == pytest.approx(MEETING_LEAD, abs=0.02)


# what is expected ------------------------------------------------------------------------------------


def test_expected_lengths_rates_and_shares() -> None:
    found = expected(lamella())
    assert found.surface_length == pytest.approx(100 * NM)
    assert found.face_share == pytest.approx(2.0 / 3.0)
    assert found.tip_length == pytest.approx(math.sqrt(3.0) * 100 * NM)
    assert found.crossover_length == pytest.approx(2.0 * math.sqrt(3.0) * 100 * NM)
    assert found.k_parallel == pytest.approx(3.0 * found.k_bulk)
    assert found.k_bulk == pytest.approx(EXCESS * D, rel=0.03)
    assert found.closure_ratio == pytest.approx(0.5)
    assert found.closure_near == pytest.approx(closure_time(25 * NM, found.k_bulk, 100 * NM, 100 * NM))
    assert (found.perimeter_length, found.perimeter_share, found.perimeter_crossover) == (0.0, 0.0, 0.0)
    assert found.way == pytest.approx(1e-6)
    assert found.k_valid
    assert not found.closure_valid
    bare = expected(lamella(surface={}))
    assert math.isnan(bare.closure_near)
    assert bare.closure_ratio == math.inf
    assert bare.k_parallel == bare.k_bulk


def test_lengths_follow_the_temperature_and_the_growing_phase() -> None:
    warm = lamella(**{"surface.faces.Ea": "0.3 eV", "material.D_Li7.Ea": "0.5 eV", "temperature": "60 degC"})
    factor = math.exp(-0.2 * 1.602176634e-19 / 1.380649e-23 * (1.0 / 348.15 - 1.0 / 333.15))
    assert expected(warm).surface_length == pytest.approx(100 * NM * factor, rel=1e-6)
    poor = lamella(initial=0.95, **{"drive.0.hold": 1.6}, **perimeter(1e-21))
    assert expected(poor).surface_length == pytest.approx(1 * NM)  # beside Li4, a hundred times as fast
    assert expected(poor).perimeter_length == pytest.approx(100 * NM)


@pytest.mark.parametrize(
    ("faces", "walls", "name"),
    [
        (1e-26, 0.0, "bulk"), (1e-23, 0.0, "parallel"), (1e-21, 0.0, "face-led"),
        (1e-26, 1e-20, "perimeter-led"), (1e-23, 1e-20, "perimeter-led"), (1e-21, 1e-20, "both"),
        (1e-26, 5e-24, "parallel"),
    ],
)  # fmt: skip
def test_regimes_by_the_crossovers(faces: float, walls: float, name: str) -> None:
    found = expected(lamella(**{"surface.faces.at": faces}, **(perimeter(walls) if walls else {})))
    assert REGIMES[found.regime] == name


def test_a_crossover_is_compared_with_the_way() -> None:
    scenario = lamella()  # crossover 346 nm
    assert REGIMES[expected(scenario, 350 * NM).regime] == "parallel"
    assert REGIMES[expected(scenario, 340 * NM).regime] == "face-led"


SEAM = {"grain_boundaries": {"gb": {"line": [[0.0, 25 * NM], [1e-6, 25 * NM]]}}}


@pytest.mark.parametrize(
    "values",
    [
        {"contacts.lps.where.to": 25 * NM}, SEAM, {"contacts.lps.law": "linear", "contacts.lps.k_c": 1e-6},
        {"contacts.lps.feeds": "surface"}, {"contacts.lps.feeds": "bulk"}, perimeter(1e-21),
        {"initial": 1.0, "drive.0.hold": 1.6},
    ],
)  # fmt: skip
def test_the_parallel_answer_is_not_said_to_hold_where_it_was_not_derived(values: dict[str, Any]) -> None:
    assert expected(lamella()).k_valid
    assert expected(lamella(initial=0.0)).k_valid
    assert not expected(lamella(**values)).k_valid


@pytest.mark.parametrize(
    "values",
    [{"contacts.lps.feeds": "both"}, {"initial": 0.0}, {"surface.faces.at": 3e-23}, perimeter(1e-21),
     {"material.windows": {"x4": 0.05, "x7": 0.85}}, {"contacts.lps.where.to": 25 * NM}],
)  # fmt: skip
def test_the_closure_is_not_said_to_hold_where_it_was_not_derived(values: dict[str, Any]) -> None:
    alone = {"contacts.lps.feeds": "surface", "surface.faces.at": 1e-22}
    assert expected(lamella(**alone)).closure_valid
    assert not expected(lamella(**(alone | values))).closure_valid


@pytest.mark.parametrize(
    ("scenario", "field"),
    [
        (lambda: ready_scenario("shrinking_sphere"), "specimen.outline.shape"),
        (lambda: ready_scenario("wedge"), "specimen.thickness"),
        (lambda: ready_scenario("two_contacts_cv"), "contacts"),
        (lambda: lamella(**{"contacts.lps.where": {"arc": [0.0, 5e-8]}}), "contacts.lps.where"),
        (lambda: lamella(**{"contacts.lps.where.side": "all"}), "contacts.lps.where"),
        (lambda: lamella(**{"specimen.grid_point": [0.0, 0.0]}), "specimen.grid_point"),
        (lambda: lamella(**{"drive.0.temperature": 333.0}), "drive.0.temperature"),
        (lambda: lamella(drive=[{"current": "-1 pA", "until": {"time": 1.0}}]), "drive.0"),
        (lambda: lamella(**{"drive.0.hold": 0.95}), "drive.0.hold"),
    ],
)
def test_what_has_no_one_front_is_refused_in_one_line(scenario: Any, field: str, tmp_path: Path) -> None:
    made = scenario()
    for call in (expected, lambda s: regime_map(s, {"temperature": [300.0]}, out=tmp_path / "no")):
        with pytest.raises(InputError) as caught:
            call(made)
        assert str(caught.value).startswith(f"{field}: got ")
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "no").exists()


# runs and maps ---------------------------------------------------------------------------------------


def test_a_run_with_a_grain_boundary_is_measured_and_not_said_to_follow_the_lamella() -> None:
    seam = ready_scenario("grain_boundary").with_values({"specimen.cell": 1e-7, "drive.0.until.time": 300.0})
    found = regime_measures(RunResult(seam, simulate(seam)))
    assert found["k_over_bulk"] > 1.05
    assert not expected(seam).k_valid


def test_a_partial_contact_leads_in_the_middle() -> None:
    bent = ready_scenario("partial_contact").with_values(
        {"specimen.cell": 8e-8, "specimen.outline.width": 1e-6}
    )
    found = regime_measures(RunResult(bent, simulate(bent)))
    assert found["shell_index"] < -0.03
    assert 0.4 < found["k_over_bulk"] < 0.9


def quick_map(out: Path, axes: dict[str, Any], scenario: Scenario | None = None, **keys: Any) -> xr.Dataset:
    return regime_map(scenario or lamella(), axes, out=out, engine="serial", **keys)


AXES: dict[str, Any] = {
    "specimen.thickness": ["60 nm", "120 nm"],
    "surface.faces.at": Axis("1e-25 m^3/s", "1e-23 m^3/s", 3, "log"),
}


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, xr.Dataset]:
    out = tmp_path_factory.mktemp("map") / "map.zarr"
    return out, quick_map(out, AXES)


def test_a_map_has_its_axes_in_si_and_every_quantity_over_them(mapped: tuple[Path, xr.Dataset]) -> None:
    _, regimes = mapped
    assert regimes["k_over_bulk"].dims == ("specimen.thickness", "surface.faces.at")
    np.testing.assert_allclose(regimes["specimen.thickness"], [60 * NM, 120 * NM])
    np.testing.assert_allclose(regimes["surface.faces.at"], [1e-25, 1e-24, 1e-23], rtol=1e-9)
    assert regimes["surface.faces.at"].attrs["scale"] == "log"
    assert regimes["specimen.thickness"].attrs["units"] == "m"
    for name, variable in regimes.variables.items():
        assert variable.attrs["units"], name
        assert variable.attrs["long_name"], name
    assert regimes.attrs["k_definition"] == "xi^2 = 2 k t"
    assert (regimes["status"] == 1).all()
    assert "content" in regimes
    assert "arrives" in regimes["tip_exponent"].attrs["missing"]


def test_a_map_finds_k_of_bulk_and_faces_in_parallel(mapped: tuple[Path, xr.Dataset]) -> None:
    _, regimes = mapped
    length = regimes["surface.faces.at"].values / D
    exact = 1.0 + 2.0 * length[None, :] / regimes["specimen.thickness"].values[:, None]
    np.testing.assert_allclose(regimes["k_over_bulk_expected"], exact, rtol=1e-9)
    np.testing.assert_allclose(regimes["k_over_bulk"], exact, rtol=0.01)
    np.testing.assert_allclose(regimes["content"], 0.6, atol=0.02)
    assert (regimes["beyond_crossover"] == 1.0).all()
    assert regimes["k_valid"].all()
    assert np.all(np.diff(regimes["shell_index"].values, axis=1) > 0.0)
    assert regimes["way"].values == pytest.approx(0.6e-6)
    assert regimes["regime"].values.tolist() == [[0, 1, 1], [0, 1, 1]]


def test_a_map_is_continued_and_another_one_is_not_overwritten(mapped: tuple[Path, xr.Dataset]) -> None:
    out, regimes = mapped
    again = quick_map(out, AXES, resume=True)
    xr.testing.assert_equal(again["k_apparent"], regimes["k_apparent"])
    with pytest.raises(InputError):
        quick_map(out, AXES)


def test_coverage_touches_the_middle_of_the_side_and_lowers_k(tmp_path: Path) -> None:
    coarse = {"specimen.outline.height": 1.6e-6, "specimen.cell": 1e-7, "specimen.layers": 2}
    bare = lamella(surface={}, **coarse)
    regimes = quick_map(tmp_path / "c", {"coverage": [0.25, 1.0]}, bare, outputs=("current",))
    assert regimes["coverage"].attrs["units"] == "1"
    assert regimes["k_over_bulk"].values[1] == pytest.approx(1.0, abs=0.01)
    assert regimes["k_over_bulk"].values[0] < 0.9
    assert regimes["k_valid"].values.tolist() == [False, True]
    assert regimes["shell_index"].values[0] < -0.05
    assert regimes["charge"].dims == ("coverage", "time_fine")


def test_a_surface_fed_map_lasts_until_its_mid_plane_has_closed(tmp_path: Path) -> None:
    alone = lamella(**{"contacts.lps.feeds": "surface", "specimen.layers": 8, "specimen.cell": "20 nm"})
    axes = {"surface.faces.at": [5e-22, 1e-22]}
    regimes = quick_map(tmp_path / "s", axes, alone.with_values({"numerics.front_fraction": 0.2}))
    for name in ("closure_near", "closure_far"):
        np.testing.assert_allclose(regimes[name], regimes[f"{name}_expected"], rtol=0.05)
    assert regimes["closure_valid"].all()
    assert not regimes["k_valid"].any()


def test_points_that_are_refused_stay_in_the_map(tmp_path: Path) -> None:
    axes = {"specimen.dead_layer.thickness": [0.0, 6e-8], "temperature": [348.15]}
    with pytest.warns(UserWarning, match="1 of 2 runs failed"):
        regimes = quick_map(tmp_path / "r", axes, lamella(surface={}))
    assert regimes["status"].values.ravel().tolist() == [1, 2]
    assert regimes["regime"].values.ravel().tolist() == [0, -1]
    assert "dead_layer" in str(regimes["error"].values.ravel()[1])
    assert math.isnan(float(regimes["k_over_bulk"][1, 0]))
    assert math.isnan(float(regimes["k_parallel"][1, 0]))


def test_runs_may_last_as_the_scenario_says(tmp_path: Path) -> None:
    long = lamella(surface={}, **{"drive.0.until.time": 4000.0})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        regimes = quick_map(tmp_path / "w", {"temperature": ["75 degC"]}, long, way=None)
    assert regimes["way"].values == pytest.approx(1e-6)
    assert regimes["content"].values[0] == pytest.approx(math.sqrt(2 * 5.454e-18 * 4000.0) / 1e-6, rel=0.02)
    assert math.isnan(float(regimes["shell_index"][0]))


@pytest.mark.parametrize(
    ("axes", "keys", "words"),
    [
        ({}, {}, "axes"),
        ([], {}, "axes"),
        ({"coverage": [0.0, 1.0]}, {}, "axes.coverage"),
        ({"coverage": [1.5]}, {}, "axes.coverage"),
        ({"temperature": [300.0, 300.0]}, {}, "axes.temperature"),
        ({"contacts.lps.law": ["equilibrium"]}, {}, "axes.contacts.lps.law"),
        ({"surface.edges.at": [1e-20]}, {}, "surface.edges"),
        ({"specimen.thickness": ["5 K"]}, {}, "specimen.thickness"),
        ({"temperature": [300.0]}, {"way": 1.2}, "way"),
        ({"temperature": [300.0]}, {"outputs": "rate"}, "outputs"),
        ({"temperature": [300.0]}, {"outputs": ("rats",)}, "outputs"),
    ],
)
def test_maps_that_cannot_be_made_are_refused_in_one_line(
    axes: Any, keys: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        quick_map(tmp_path / "no", axes, **keys)
    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "no").exists()
