"""Analytic lengths, rates and closure times of a scenario, and the regime that they put it in.

Either pair of surfaces, the two faces at a distance H and the two walls along the way at the particle's
breadth B, has a length l = delta*D_s/D_growing. The faces carry the share 2 l/(H + 2 l) of the lithium, and a
front beyond 2 sqrt(3 l H) has bulk and faces in parallel. So it is with the walls, with B for H; but they
stand beside bulk and faces together, so that l/(1 + 2 l/H of the faces) counts for their l. With W the way of
the front, a pair leads if its crossover is W or more and it carries a tenth or more of what passes within W,
2 l/(min(H, W) + 2 l) >= 0.1: in a particle much broader than its way every crossover of the walls is beyond
it, and poor ones lead nothing.

==============  =======================  =======================
regime          faces                    walls
==============  =======================  =======================
bulk            share below a tenth      share below a tenth
parallel        neither leads, either has a tenth or more
face-led        lead                     do not
perimeter-led   do not                   lead
both            lead                     lead
==============  =======================  =======================

bulk            the front is that of the bulk: k is Wagner's, whatever the surfaces do
parallel        shells have met: k (1 + 2 l/H), the front is planar but for a tip of sqrt(3 l H)
face-led        shells under the faces are still open when the particle ends: the mid-plane lags, and a map
                shows values between those of the phases
perimeter-led   a shell runs round a core that is still poor: the rim of a core-shell map
both            shells under the faces and along the walls; a rim is seen only where the walls conduct much
                better than the faces, else these transform the whole lamella first

The answers hold for a rectangle with one contact along all of a side, no grain boundary, no interface
reaction, and walls that carry less than a fiftieth. `k_valid`: the contact feeds bulk and surfaces, and the
parent is saturated or is the fast phase around a slow one, which saturates within the first moments
(insertion). `closure_valid`: the contact feeds the surfaces only, the parent is saturated, (H/2)/l <= 0.1 and
A <= 0.12.

Source: derived for this package from `lto_sim.exact.thin_lamella` and `closure`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from lto_sim.errors import InputError
from lto_sim.exact import thin_lamella
from lto_sim.kinetics.corrections import TrueRate, active_thickness, true_rate
from lto_sim.scenario import Scenario, build_material, build_surface
from lto_sim.study.regimes.closure import closing_thickness_ratio, closure_time
from lto_sim.study.regimes.view import Way, check_start, way_of
from lto_sim.units import to_si

__all__ = ["NEAR", "REGIMES", "THICKNESSES", "Expected", "expected"]

REGIMES: Final = ("bulk", "parallel", "face-led", "perimeter-led", "both")
"""Regimes, by number."""

NEAR: Final = 0.25
"""Where closure beside the contact is read, as part of the thickness: see `closure`."""

THICKNESSES: Final = 1.0
"""Where closure along the face is read, in thicknesses."""

_LEAST_SHARE: Final = 0.1
_NO_WALLS: Final = 0.02
_LARGEST_RATIO: Final = 0.1
_LARGEST_EXCESS: Final = 0.12
_SATURATED: Final = 1e-3
_FAST_PARENT: Final = 0.1
_WHOLE_SIDE: Final = 0.999


@dataclass(frozen=True)
class Expected:
    """What is expected of a scenario.

    Parameters
    ----------
    surface_length, perimeter_length : l of a face and of a wall [m].
    face_share, perimeter_share : Shares of the faces beside the bulk, of the walls beside both [1].
    tip_length, crossover_length, perimeter_crossover : sqrt(3 l H), 2 sqrt(3 l H), and that of the walls
        beside bulk and faces [m].
    k_bulk, k_parallel : Wagner's k, and k (1 + 2 l/H) [m2 s-1].
    closure_ratio : h0/l when the mid-plane closes beside the contact [1].
    closure_near, closure_far : Closure times at H/4 and at H [s], both faces fed alone; NaN without faces
        that conduct. The one at H lets the meeting of the fronts run ahead (see ``closure``).
    closure_far_plain : The same without that [s].
    way : Way of the front [m].
    regime : Number in :data:`REGIMES`.
    k_valid, closure_valid : Whether the analytic answers hold.
    """

    surface_length: float
    perimeter_length: float
    face_share: float
    perimeter_share: float
    tip_length: float
    crossover_length: float
    perimeter_crossover: float
    k_bulk: float
    k_parallel: float
    closure_ratio: float
    closure_near: float
    closure_far: float
    closure_far_plain: float
    way: float
    regime: int
    k_valid: bool
    closure_valid: bool


def expected(scenario: Scenario, way: float | None = None) -> Expected:
    """Analytic answers of a scenario.

    Parameters
    ----------
    scenario : A rectangle with one contact on a side, whose drive begins with a hold.
    way : Way of the front [m]; None: from the contact to the far side.

    Returns
    -------
    Expected
        Lengths, shares, rate constants and closure times.

    Raises
    ------
    InputError
        A way that is not positive, or see :func:`~lto_sim.study.regimes.view.way_of`,
        :func:`~lto_sim.study.regimes.view.check_start` and :func:`~lto_sim.kinetics.corrections.true_rate`.
    """
    path, true = way_of(scenario), true_rate(scenario)
    check_start(scenario)
    distance = path.length if way is None else to_si(way, "length", "way")
    if not distance > 0.0:
        raise InputError("way", way, "> 0 [m]", "give the way of the front, or leave it out")
    thickness, face, wall = active_thickness(scenario), true.surface_length, _wall_length(scenario, true)
    beside = wall * true.k_bulk / true.k
    pairs = (face, thickness), (beside, path.breadth)
    shares = [thin_lamella.surface_share(*pair) for pair in pairs]
    crossovers = [thin_lamella.crossover_length(*pair) for pair in pairs]
    near, far, plain = _closures(true, thickness)
    k_valid, closure_valid = _valid(scenario, path, true, thickness, shares[1])
    return Expected(
        surface_length=face,
        perimeter_length=wall,
        face_share=shares[0],
        perimeter_share=shares[1],
        tip_length=true.tip_length,
        crossover_length=crossovers[0],
        perimeter_crossover=crossovers[1],
        k_bulk=true.k_bulk,
        k_parallel=true.k,
        closure_ratio=closing_thickness_ratio(face, thickness),
        closure_near=near,
        closure_far=far,
        closure_far_plain=plain,
        way=distance,
        regime=_regime(pairs, distance),
        k_valid=k_valid,
        closure_valid=closure_valid,
    )


def _wall_length(scenario: Scenario, true: TrueRate) -> float:
    """Length l of the walls [m]."""
    conducting = build_surface(scenario).perimeter
    if conducting is None:
        return 0.0
    material, temperature = build_material(scenario), scenario.temperature
    poor, rich = material.poor.diffusivity(temperature), material.rich.diffusivity(temperature)
    growing = rich if math.isclose(true.diffusivity_ratio, rich / poor) else poor
    return conducting(temperature) / growing


def _closures(true: TrueRate, thickness: float) -> tuple[float, float, float]:
    if true.surface_length == 0.0:
        return math.nan, math.nan, math.nan
    lamella = (true.k_bulk, true.surface_length, thickness)
    far = THICKNESSES * thickness
    return (
        closure_time(NEAR * thickness, *lamella), closure_time(far, *lamella, meeting=True),
        closure_time(far, *lamella),
    )  # fmt: skip


def _regime(pairs: tuple[tuple[float, float], tuple[float, float]], way: float) -> int:
    """Regime from l of faces and walls, each with the distance between the two."""
    led = [
        thin_lamella.crossover_length(length, width) >= way
        and thin_lamella.surface_share(length, min(width, way)) >= _LEAST_SHARE
        for length, width in pairs
    ]
    if any(led):
        return REGIMES.index("both" if all(led) else "face-led" if led[0] else "perimeter-led")
    shares = [thin_lamella.surface_share(*pair) for pair in pairs]
    return REGIMES.index("parallel" if max(shares) >= _LEAST_SHARE else "bulk")


def _valid(
    scenario: Scenario, way: Way, true: TrueRate, thickness: float, wall_share: float
) -> tuple[bool, bool]:
    plain = (
        way.coverage >= _WHOLE_SIDE
        and not scenario.grain_boundaries
        and scenario.beam_damage is None
        and way.contact.law == "equilibrium"
        and wall_share < _NO_WALLS
    )
    saturated = _starts_saturated(scenario)
    fast_parent = true.diffusivity_ratio <= _FAST_PARENT
    ratio = closing_thickness_ratio(true.surface_length, thickness)
    closes = ratio <= _LARGEST_RATIO and true.excess <= _LARGEST_EXCESS
    feeds = way.contact.feeds
    fed_bulk = feeds == "both" or (feeds == "bulk" and true.surface_length == 0.0)
    return (
        plain and fed_bulk and (saturated or fast_parent),
        plain and feeds == "surface" and saturated and closes,
    )


def _starts_saturated(scenario: Scenario) -> bool:
    """Whether the parent starts at its edge of the gap, so that it takes no lithium itself."""
    if not isinstance(scenario.initial, int | float):
        return False
    low, high = build_material(scenario).edges(scenario.temperature)
    return min(abs(scenario.initial - edge) for edge in (low, high)) <= _SATURATED * (high - low)
