"""What ``lto-sim fit`` prints of a rate constant, and of the shell law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from lto_sim.kinetics import RateConstantFit, ShellFit

__all__ = ["rate_lines", "shell_lines"]

_SHELL_LEVEL: Final = 0.01
"""p of a parabola above which a shell is not split into bulk and faces."""


def rate_lines(fit: RateConstantFit) -> dict[str, str]:
    """Lines about one rate constant."""
    from lto_sim.provenance import K_DEFINITIONS

    low, high = fit.interval
    least, most = fit.interval_any_law
    lines = {
        "verdict": fit.verdict + ("" if fit.alternative is None else f" (or {fit.alternative})"),
        "k": f"{fit.k * 1e4:.4g} +- {fit.k_std * 1e4:.2g} cm2/s  ({K_DEFINITIONS[fit.k_convention]}), "
        f"{fit.law} law",
        f"{fit.level:.0%} interval": f"{low * 1e4:.4g} to {high * 1e4:.4g} cm2/s, if that law holds",
        "whatever the law": f"{least * 1e4:.4g} to {most * 1e4:.4g} cm2/s, with an interface reaction too "
        "weak to be seen",
        "interface / diffusion": f"{fit.time_ratio:.3g} in time at the last position; p of the simpler law "
        f"{fit.p_value:.2g}",
        "k_L": f"{fit.k_L:.4g} +- {fit.k_L_std:.2g} m/s",
        "start time": f"{fit.start_time:.4g} +- {fit.start_time_std:.2g} s",
        "window": f"{fit.window.start:g} (+- {fit.window.start_std:.2g}) to {fit.window.end:g} s, "
        f"{fit.window.points} points, {fit.outliers} outliers left out",
        "reduced chi2": f"{fit.reduced_chi_square:.3g}",
        "errors": _errors(fit),
    }
    if fit.law == "parabolic":
        del lines["k_L"]
    if fit.verdict == "undecided":
        lines["k"] += ", if diffusion is in control"
        del lines["whatever the law"]
        lines[f"{fit.level:.0%} interval"] = f"{low * 1e4:.4g} to {high * 1e4:.4g} cm2/s, whatever the law"
    if fit.law == "linear":
        lines["k"] = "not resolved: the data follow xi = k_L t"
        lines[f"{fit.level:.0%} interval"] = f"{low * 1e4:.4g} to {high * 1e4:.4g} cm2/s"
        del lines["whatever the law"]
    for offset in fit.offsets:
        lines[f"contact of profile {offset.profile}"] = (
            f"{offset.offset * 1e9:+.3g} +- {offset.offset_std * 1e9:.2g} nm along it"
        )
    for number, row in enumerate(fit.sensitivity):
        text = f"{row.choice} {row.changed_to}"
        lines["k if instead" if number == 0 else " " * number] = f"{row.k * 1e4:.4g} cm2/s with {text}"
    return lines


def _errors(fit: RateConstantFit) -> str:
    if fit.correlation is None:
        return "independent from frame to frame"
    kind, length = fit.correlation.kind, fit.correlation.length
    size = f"{length:.3g} s" if kind == "time" else f"{length * 1e9:.3g} nm"
    return f"{fit.correlation.fraction:.0%} of the variance shared over {size} of {kind}"


def shell_lines(
    fit: ShellFit, k_convention: str, thickness: str | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Shell law, and with a thickness the parts of bulk and faces."""
    import math

    from lto_sim.cli.track_profiles import read_length

    factor = 1.0 if k_convention == "2kt" else 2.0
    t0, tip = float(fit.parameters[0]), float(fit.parameters[1])
    low, high = fit.tip_interval
    found: dict[str, Any] = {
        "k_m2_s": factor * fit.k, "k_std_m2_s": factor * fit.k_std, "tip_length_m": tip,
        "tip_length_interval_m": [low, high if math.isfinite(high) else None], "p_value": fit.p_value,
        "start_time_s": t0, "chi_square": fit.chi_square, "dof": fit.dof,
    }  # fmt: skip
    lines = {
        "shell law: k": f"{factor * fit.k * 1e4:.4g} +- {factor * fit.k_std * 1e4:.2g} cm2/s of bulk and "
        "faces",
        "shell law: tip": f"{tip * 1e9:.4g} nm, 95%: {low * 1e9:.3g} to {high * 1e9:.3g} nm; p of a parabola "
        f"{fit.p_value:.2g}, reduced chi2 {fit.chi_square / fit.dof:.3g}",
    }
    lines["shell law: note"] = "a front that first stood still, or started late, looks the same"
    if thickness is not None and fit.p_value > _SHELL_LEVEL:
        lines["shell law: bulk"] = "not told from the faces: a parabola fits as well"
    elif thickness is not None:
        form = 'a length with its unit, such as "150 nm"'
        share = fit.share(read_length(thickness, thickness, "--thickness", form))
        found |= {
            "k_bulk_m2_s": factor * share.k_bulk, "k_bulk_std_m2_s": factor * share.k_bulk_std,
            "surface_length_m": share.surface_length, "surface_length_std_m": share.surface_length_std,
            "share_of_faces": share.share, "share_of_faces_std": share.share_std,
        }  # fmt: skip
        lines["shell law: bulk"] = (
            f"{factor * share.k_bulk * 1e4:.4g} +- {factor * share.k_bulk_std * 1e4:.2g} cm2/s; the faces "
            f"carry {share.share:.1%} +- {share.share_std:.1%} of k"
        )
    return found, lines
