"""What limits the front: a likelihood ratio at the boundary, and how much each part takes.

A simple law is rejected by the likelihood ratio against the mixed one, each in the window that serves it best
(information criterion of ``window``). With the parameter at its boundary the null law of the ratio is half
chi-square with no and half with one degree of freedom (F where the deviations are scaled). The level is
0.02 %: k of the mixed law is 3 to 6 times less certain, and one false rejection in a hundred would rule the
scatter of k over repeated experiments.

Where only one simple law is left, it is the verdict; where both are, the better one if it is 20 times as
likely, else the verdict is "undecided". Where neither is, what is significant need not matter: the interface
takes 2 k/k_L beside xi, so that B = 2 k/(k_L xi) is the ratio of the two times at the last position. Below
1/5 the front is still diffusion-limited, above 5 reaction-limited, in between mixed; k is read from the mixed
law in any case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import stats

from lto_sim.kinetics.rates.window import criteria

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lto_sim.kinetics.rates.window import WindowFit

__all__ = ["SIGNIFICANCE", "Verdict", "give_verdict"]

SIGNIFICANCE: Final[float] = 0.0002
"""Level of the likelihood ratio test."""

_MINOR: Final[float] = 0.2
_CLEARLY_BETTER: Final[float] = 6.0
"""Difference of the criterion at which one of two simple laws is taken: an evidence of 20 to 1."""
_NAMES: Final[dict[str, str]] = {"parabolic": "diffusion-limited", "linear": "reaction-limited"}


@dataclass(frozen=True)
class Verdict:
    """What limits the front, and the law from which k is read.

    Parameters
    ----------
    name : ``"diffusion-limited"``, ``"reaction-limited"``, ``"mixed"`` or ``"undecided"``.
    law : ``"parabolic"``, ``"linear"`` or ``"mixed"``.
    p_value, likelihood_ratio : Of the better simple law against the mixed one.
    time_ratio : B, time that the interface takes over that of diffusion, at the last position, in the mixed
        law.
    """

    name: str
    law: str
    p_value: float
    likelihood_ratio: float
    time_ratio: float


def give_verdict(windows: Sequence[WindowFit], furthest: float, scale: float) -> Verdict:
    """Compare the laws.

    Parameters
    ----------
    windows : Windows with the three laws in each.
    furthest : Last position of the front [m].
    scale : Factor of the variances; 1: at their word.
    """
    least = {name: criteria(windows, name, scale) for name in ("parabolic", "linear", "mixed")}
    mixed = windows[int(np.argmin(least["mixed"]))].laws["mixed"]
    tests = {}
    for name in ("parabolic", "linear"):
        ratio = max(float(least[name].min() - least["mixed"].min()), 0.0)
        tail = stats.f.sf(ratio, 1, max(mixed.dof, 1)) if scale > 1.0 else stats.chi2.sf(ratio, 1)
        tests[name] = (0.5 * float(tail) if ratio > 0.0 else 1.0, ratio)
    q, r = float(mixed.parameters[1]), float(mixed.parameters[2])
    time_ratio = q / (r * furthest) if r > 0.0 else float("inf")
    better = min(tests, key=lambda key: tests[key][1])
    left = [name for name, (p_value, _) in tests.items() if p_value > SIGNIFICANCE]
    if len(left) == 2 and abs(tests["linear"][1] - tests["parabolic"][1]) > _CLEARLY_BETTER:
        left = [better]
    if len(left) == 2:
        return Verdict("undecided", "parabolic", *tests[better], time_ratio)
    if left:
        return Verdict(_NAMES[left[0]], left[0], *tests[left[0]], time_ratio)
    if time_ratio < _MINOR:
        return Verdict("diffusion-limited", "mixed", *tests[better], time_ratio)
    if time_ratio > 1.0 / _MINOR:
        return Verdict("reaction-limited", "mixed", *tests[better], time_ratio)
    return Verdict("mixed", "mixed", *tests[better], time_ratio)
