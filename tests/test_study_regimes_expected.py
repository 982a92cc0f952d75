"""What is expected of a scenario: the law of closure, lengths, rates, regimes, and where the answers hold."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from lamellae import EXCESS, NM, D, lamella, perimeter
from scipy.linalg import solve_banded
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import spsolve

from lto_sim.errors import InputError
from lto_sim.exact import thin_lamella
from lto_sim.exact.surface_shell import SurfaceFedShell
from lto_sim.study import RunResult
from lto_sim.study.regimes import REGIMES, closure_time, expected, regime_measures, surface_mean_front
from lto_sim.study.regimes.closure import MEETING_LEAD
from lto_sim.transport import simulate

Floats = np.ndarray


# closure: the law beside a solution of its balances, and the meeting of two fronts -------------------


def solved_shell(surface_length: float, cells: int = 800, steps: int = 3000) -> tuple[Floats, Floats, Floats]:
    """Solve h h_t = K u and the balance of the face, open: l u'' = u/h, closed at h = a: (l + a) u'' = 0.

    K = a = 1: place, closure, mean front.
    """
    reach = 3.0 * math.sqrt(6.0 * surface_length)
    x = np.linspace(0.0, reach, cells)
    dx, start, end = x[1], 0.02, 5.0
    shell = SurfaceFedShell(1.0, 1.0, surface_length)
    h = np.asarray(shell.thickness(x, start))
    time, closed, means = start, np.full(cells, np.nan), []
    for dt in np.full(steps, (end - start) / steps):
        sink = np.where(h < 1.0, dx**2 / np.maximum(h, 1e-4), 0.0)
        between = surface_length + (h[1:] >= 1.0)  # closed on both sides
        bands = np.zeros((3, cells))
        bands[0, 1:], bands[2, :-1] = -between, -between
        bands[0, 1], bands[1, [0, -1]], bands[2, -2] = 0.0, 1.0, 0.0
        bands[1, 1:-1] = sink[1:-1] + between[:-1] + between[1:]
        u = solve_banded((1, 1), bands, np.eye(cells)[0])
        time += dt
        h = np.minimum(np.sqrt(np.square(h) + 2.0 * u * dt), 1.0)
        closed = np.where((h >= 1.0) & np.isnan(closed), time, closed)
        means.append((time, h.sum() * dx - 0.5 * h[0] * dx))
    return x, closed, np.array(means)


@pytest.mark.parametrize("length", [8.0, 50.0])
def test_the_law_of_closure_solves_the_balances_of_the_shell_past_the_first_meeting(length: float) -> None:
    x, closed, means = solved_shell(length)
    done = np.flatnonzero(np.isfinite(closed))[1:]
    last = x[done[-1]]
    assert last > 2.0 * math.sqrt(length)
    law = np.array([closure_time(p, 1.0, length, 2.0) for p in x[done]])
    np.testing.assert_allclose(closed[done], law, rtol=0.01)
    open_end = (1.0 + last / math.sqrt(6.0 * length)) ** 4 / 2.0  # the shell, as if its inner end were open
    assert closed[done[-1]] < 0.95 * open_end
    for time, front in means[[200, 800, 1500, -1]]:
        assert front == pytest.approx(surface_mean_front(time, 1.0, length, 2.0), rel=0.01)


def test_limits_of_the_law_of_closure() -> None:
    k, length, thickness = 5e-18, 2e-6, 100 * NM
    assert closure_time(0.0, k, length, thickness) == pytest.approx((50 * NM) ** 2 / (2.0 * k))
    shell = SurfaceFedShell(k, 1.0, length)
    near = closure_time(20 * NM, k, length, thickness)
    assert float(shell.thickness(20 * NM, near)) == pytest.approx(50 * NM, rel=1e-4)
    far = 1e-3  # the thin lamella
    parallel = thin_lamella.apparent_rate_constant(k, length, thickness)
    assert far**2 / (2.0 * closure_time(far, k, length, thickness)) == pytest.approx(parallel, rel=1e-2)
    long = 0.5 * far**2 / parallel
    assert surface_mean_front(long, k, length, thickness) == pytest.approx(far, rel=1e-2)
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
        (1e-26, 1e-20, "perimeter-led"), (1e-23, 1e-20, "perimeter-led"), (1e-21, 1e-19, "both"),
        (1e-26, 5e-24, "parallel"), (1e-21, 1e-20, "face-led"),
    ],
)  # fmt: skip
def test_regimes_by_the_crossovers(faces: float, walls: float, name: str) -> None:
    found = expected(lamella(**{"surface.faces.at": faces}, **(perimeter(walls) if walls else {})))
    assert REGIMES[found.regime] == name


def test_a_crossover_is_compared_with_the_way() -> None:
    scenario = lamella()  # crossover 346 nm
    assert REGIMES[expected(scenario, 350 * NM).regime] == "parallel"
    assert REGIMES[expected(scenario, 340 * NM).regime] == "face-led"
    for way in (0.0, -1e-7, math.nan, "far"):
        with pytest.raises(InputError, match="way"):
            expected(scenario, way)  # type: ignore[arg-type]


def test_walls_stand_beside_bulk_and_faces_together() -> None:
    """Faces of l = 10 H: walls whose own l would carry a share of 2/3 in a bare lamella carry 2/(2 + 21)."""
    broad = {"specimen.outline.height": 1e-6, "specimen.outline.width": 4e-6, "specimen.cell": "100 nm"}
    bare = expected(lamella(surface={}, **broad).with_values(perimeter(1e-22)))
    covered = expected(lamella(**broad, **{"surface.faces.at": 1e-22}, **perimeter(1e-22)))
    assert bare.perimeter_share == pytest.approx(2.0 / 3.0)
    assert covered.perimeter_share == pytest.approx(2.0 / 23.0)
    assert bare.perimeter_crossover == pytest.approx(2.0 * math.sqrt(3.0) * 1e-6)
    assert covered.perimeter_crossover == pytest.approx(2.0 * math.sqrt(3.0 / 21.0) * 1e-6)
    assert covered.perimeter_length == pytest.approx(1e-6)


@pytest.mark.parametrize(("length", "name"), [(30 * NM, "bulk"), (36 * NM, "perimeter-led")])
def test_poor_walls_of_a_broad_particle_lead_nothing(length: float, name: str) -> None:
    """Way 600 nm, breadth 6 um: 2 l/(600 nm + 2 l) is below or above a tenth."""
    broad = lamella(surface={}, **{"specimen.outline.height": 6e-6}).with_values(perimeter(length * D))
    found = expected(broad, 600 * NM)
    assert found.perimeter_crossover > found.way
    assert REGIMES[found.regime] == name


@pytest.mark.parametrize(
    ("initial", "hold"), [(0.5, 0.4), (0.11, 0.4), (1.0, 0.4), (0.5, 1.6), (0.89, 1.6), (0.0, 1.6)]
)
def test_a_start_with_no_front_before_it_is_refused_in_one_line(initial: float, hold: float) -> None:
    made = lamella(initial=initial, **{"drive.0.hold": hold, "drive.0.until.time": 1.0})
    run = simulate(made)
    for call in (lambda: expected(made), lambda: regime_measures(RunResult(made, run))):
        with pytest.raises(InputError) as caught:
            call()
        assert str(caught.value).startswith("initial: got ")
        assert "\n" not in str(caught.value)
    expected(lamella(initial=0.07 if hold == 0.4 else 0.93, **{"drive.0.hold": hold}))


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
