"""How badly values fit, one by one, and how surprising it is that a larger model fits better.

Twice the difference of the logarithms of two likelihoods is the difference of their deviances: of chi-square
for the plain loss. A conductance, the thickness of a dead layer, the resistance of a contact cannot be
negative. Where the smaller model has such a parameter at zero, chance alone improves the fit in half of all
cases only:

    p = (P(chi2_{n-1} > ratio) + P(chi2_n > ratio))/2     for n further parameters, chi2_0 = 0.

That is exact where one of them has its boundary there (Self and Liang 1987, J. Am. Stat. Assoc. 82, 605) and
the largest possible p where several have (Perlman 1969, Ann. Math. Stat. 40, 549).
"""

from __future__ import annotations

from scipy import stats

__all__ = ["nested_p_value"]


def nested_p_value(ratio: float, further: int, *, boundary: bool = True, freedom: int | None = None) -> float:
    """Probability of a likelihood ratio this large or larger if the smaller model is true.

    Parameters
    ----------
    ratio : Deviance of the smaller model less that of the larger, over the scale of the variances.
    further : Parameters that the larger model has more (>= 1).
    boundary : Whether the smaller model lies on the boundary of the larger.
    freedom : Degrees of freedom of the scale where it was estimated; None where deviations are at their word.
    """
    if ratio <= 0.0:
        return 1.0

    def tail(count: int) -> float:
        if count == 0:
            return 0.0
        if freedom is None:
            return float(stats.chi2.sf(ratio, count))
        return float(stats.f.sf(ratio / count, count, freedom))

    return 0.5 * (tail(further - 1) + tail(further)) if boundary else tail(further)
