"""What ``lto-sim fit`` does with a table of rate constants: activation energies, and what they hang on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from lto_sim.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lto_sim.kinetics.arrhenius import ArrheniusFit, Change, EnergyDifference

    Columns = Mapping[str, NDArray[np.float64]]

__all__ = ["fit_rates", "rate_fits"]

_LARGEST_BAR: Final = 10.0
_BAND: Final = 13
"""Temperatures at which the band of a line is stored."""
_KINDS: Final = {
    "particle": "scatter between particles",
    "profile": "scatter between profiles",
    "temperature": "scatter common to a temperature",
    "own Ea": "scatter of Ea between particles",
    "residual": "scatter of single points",
}
_PER_A2: Final = 1e20
"""One electron per square angstrom [1/m2]."""

_LABELS: Final = ("particle", "profile")


def fit_rates(
    columns: Columns,
    labels: Mapping[str, Sequence[str]] | None = None,
    *,
    absolute_sigma: bool = True,
    bars_over_particles: int | None = None,
    robust: bool = False,
    own_Ea: bool = False,
    windows: str | None = None,
    k_convention: str = "2kt",
) -> tuple[dict[str, Any], dict[str, str]]:
    """Fit activation energies to a table of rate constants.

    Parameters
    ----------
    columns, labels : Of a table with the layout ``rates``.
    absolute_sigma : Take ``k_std`` at its word; else as relative weights.
    bars_over_particles : Number of particles over which ``k_std`` is the standard deviation and k the mean.
    robust : Bend points that lie far off.
    own_Ea : Let every particle have its own activation energy.
    windows : Gap edges of lithium titanate, ``constant`` or ``regular_solution``, for Ea(D); None for none.
    k_convention : Law that defines k, for Ea(D).

    Returns
    -------
    The summary for JSON, and lines for the terminal.

    Raises
    ------
    InputError
        One temperature only, fewer points than parameters, bars far larger than k, or options that the table
        does not allow.
    """
    from lto_sim.provenance import K_DEFINITIONS, package_version

    labels = labels or {}
    _check_bars(columns)
    fits, difference = rate_fits(columns, labels, absolute_sigma, bars_over_particles, robust, own_Ea)
    summary: dict[str, Any] = {"fit": "activation energy"}
    lines: dict[str, str] = {}
    per_direction = {}
    for name, fit in fits.items():
        prefix = f"{name}: " if len(fits) > 1 else ""
        found, shown = _one_line(fit, columns, labels, name, windows, k_convention)
        per_direction[name] = found
        lines |= {prefix + key: value for key, value in shown.items()}
    if difference is None:
        (name,) = per_direction
        summary |= {"direction": name or None} | per_direction[name]
    else:
        summary["directions"] = per_direction
        first, second = fits
        low, high = difference.interval()
        summary["difference"] = {
            "of": f"Ea({second}) - Ea({first})", "Ea_eV": difference.value_eV, "Ea_eV_std": difference.std_eV,
            "interval_eV": [low, high], "dof": difference.dof,
        }  # fmt: skip
        lines[f"Ea({second}) - Ea({first})"] = (
            f"{difference.value_eV:.4f} +- {difference.std_eV:.4f} eV, 95%: {low:.4f} to {high:.4f} eV"
        )
    weighting = _weighting(columns, absolute_sigma, bars_over_particles, robust)
    notes = [note for fit in list(fits.values())[:1] for note in getattr(fit, "notes", ())]
    lines["weights from k_std"] = weighting
    lines |= {f"note {number}": note for number, note in enumerate(notes, start=1)}
    summary |= {
        "k_convention": k_convention, "k_definition": K_DEFINITIONS[k_convention],
        "level": 0.95, "weighting": weighting, "notes": notes, "version": package_version(),
    }  # fmt: skip
    return summary, lines


def _check_bars(columns: Columns) -> None:
    k_std = columns.get("k_std")
    if k_std is None:
        return
    ratio = float((k_std / columns["k"]).max())
    if ratio > _LARGEST_BAR:
        raise InputError(
            "k_std", f"{ratio:.3g} times k", f"at most {_LARGEST_BAR:g} times k",
            "check that k and k_std are in the units of their headers",
        )  # fmt: skip


def rate_fits(
    columns: Columns,
    labels: Mapping[str, Sequence[str]],
    absolute_sigma: bool,
    bars_over_particles: int | None,
    robust: bool,
    own_Ea: bool,
) -> tuple[dict[str, ArrheniusFit], EnergyDifference | None]:
    """Return the fit of each direction, one without a name where no column tells it, and the difference."""
    from lto_sim.kinetics.arrhenius import difference_of_Ea, fit_arrhenius, fit_directions

    direction = labels.get("direction")
    names = sorted(set(direction)) if direction else [""]
    given: dict[str, Any] = {name: labels[name] for name in _LABELS if name in labels}
    if bars_over_particles is not None:
        given |= {"bars_over_particles": bars_over_particles, "robust": robust}
        apart = {name: fit_arrhenius(**_rows(columns, labels, name), **given) for name in names}
        return apart, difference_of_Ea(*apart.values()) if len(names) > 1 else None
    given |= {"absolute_sigma": absolute_sigma, "robust": robust, "own_Ea": own_Ea}
    if "particle" not in labels:  # nothing that the directions share
        apart = {name: fit_arrhenius(**_rows(columns, labels, name), **given) for name in names}
        return apart, difference_of_Ea(*apart.values()) if len(names) > 1 else None
    table = _rows(columns, labels, None)
    if len(names) > 1 and direction:
        both = fit_directions(**table, direction=direction, **given)
        return dict(both.fits), both.difference
    return {names[0]: fit_arrhenius(**table, **given)}, None


def _rows(columns: Columns, labels: Mapping[str, Sequence[str]], direction: str | None) -> dict[str, Any]:
    """Temperature, k and k_std of one direction, or of all rows."""
    import numpy as np

    keep = np.ones(columns["k"].size, dtype=bool)
    if direction and "direction" in labels:
        keep = np.array(labels["direction"]) == direction
    return {name: columns[name][keep] for name in ("temperature", "k", "k_std") if name in columns}


def _weighting(columns: Columns, absolute_sigma: bool, bars_over_particles: int | None, robust: bool) -> str:
    if "k_std" not in columns:
        return "none"
    if bars_over_particles is not None:
        return f"scatter over {bars_over_particles} particles"
    return "absolute" if absolute_sigma and not robust else "relative"


def _one_line(
    fit: ArrheniusFit,
    columns: Columns,
    labels: Mapping[str, Sequence[str]],
    direction: str,
    windows: str | None,
    k_convention: str,
) -> tuple[dict[str, Any], dict[str, str]]:
    low, high = fit.interval()
    summary: dict[str, Any] = {
        "Ea_eV": fit.Ea_eV,
        "Ea_eV_std": fit.Ea_eV_std,
        "Ea_interval_eV": [low, high],
        "k0_m2_s": fit.k0,
        "ln_k0_std": fit.ln_k0_std,
        "dof": fit.dof,
        "reduced_chi_square": fit.reduced_chi_square,
    } | _drawn(fit)
    lines = {
        "Ea": f"{fit.Ea_eV:.4f} +- {fit.Ea_eV_std:.4f} eV",
        "95% interval": f"{low:.4f} to {high:.4f} eV (Student, {fit.dof:.4g} degrees of freedom)",
        "k0": f"{fit.k0 * 1e4:.4g} cm2/s, ln k0 +- {fit.ln_k0_std:.3g}",
        "reduced chi2": f"{fit.reduced_chi_square:.3g}",
    }
    for part in (
        _scatter(fit),
        _bent(fit),
        _leave_out(fit),
        _repeats(fit, columns, labels, direction),
        _diffusivity(fit, direction, windows, k_convention),
    ):
        summary |= part[0]
        lines |= part[1]
    return summary, lines


def _drawn(fit: ArrheniusFit) -> dict[str, Any]:
    """Points and band, so that the line can be drawn again."""
    import numpy as np

    kelvin = 1.0 / np.linspace(1.0 / fit.temperature.max(), 1.0 / fit.temperature.min(), _BAND)
    low, high = fit.band(kelvin)
    return {
        "points": {"temperature_K": fit.temperature, "k_m2_s": fit.k, "k_std_m2_s": fit.k_std},
        "band": {"temperature_K": kelvin, "low_m2_s": low, "high_m2_s": high},
    }


def _scatter(fit: ArrheniusFit) -> tuple[dict[str, Any], dict[str, str]]:
    from lto_sim.kinetics.arrhenius import HierarchicalFit, MeansFit

    if isinstance(fit, MeansFit):
        summary: dict[str, Any] = {
            "bar_std": fit.bar_std, "shared_std": fit.shared_std, "own_std": fit.own_std,
        }  # fmt: skip
        text = f"{fit.bar_std:.3g} in ln k, of it {fit.shared_std:.3g} at all temperatures alike"
        return summary, {_KINDS["particle"]: text}
    if not isinstance(fit, HierarchicalFit):
        return {}, {}
    lines = {
        _KINDS[entry.name]: f"{entry.std:.3g} {'eV' if entry.name == 'own Ea' else 'in ln k'} "
        f"({entry.groups} {'points' if entry.name == 'residual' else 'groups'})"
        for entry in fit.components
    }
    if fit.measurement_std > 0.0:
        lines["bars, root mean square"] = f"{fit.measurement_std:.3g} in ln k"
    p_value = fit.own_Ea_p_value()
    if p_value is not None:
        lines["one Ea for all particles"] = f"p = {p_value:.3g}" + (
            "; they differ: let each have its own" if p_value < 0.05 and not _has_own_Ea(fit) else ""
        )
    return {
        "components": [
            {"name": entry.name, "std": entry.std, "groups": entry.groups} for entry in fit.components
        ],
        "measurement_std": fit.measurement_std,
        "one_Ea_p_value": p_value,
    }, lines  # fmt: skip


def _has_own_Ea(fit: Any) -> bool:
    return fit.component("own Ea") is not None


def _bent(fit: ArrheniusFit) -> tuple[dict[str, Any], dict[str, str]]:
    from lto_sim.constants import ZERO_CELSIUS

    if fit.weights is None:
        return {}, {}
    bent = [int(row) for row in (fit.weights < 1.0).nonzero()[0]]
    celsius = ", ".join(f"{fit.temperature[row] - ZERO_CELSIUS:.4g}" for row in bent)
    text = f"{len(bent)} of {fit.weights.size}" + (f", at {celsius} degC" if bent else "")
    return {"weights": fit.weights}, {"points moved to the line": text}


def _leave_out(fit: ArrheniusFit) -> tuple[dict[str, Any], dict[str, str]]:
    from lto_sim.constants import ZERO_CELSIUS
    from lto_sim.kinetics.arrhenius import leave_one_out

    found = leave_one_out(fit)
    temperature, change = found.largest
    if not math.isfinite(change):
        return {}, {}
    rows = [
        {"temperature_degC": kelvin - ZERO_CELSIUS, "Ea_eV": Ea, "Ea_eV_std": std, "change": moved}
        for kelvin, Ea, std, moved in zip(
            found.temperature, found.Ea_eV, found.Ea_eV_std, found.change, strict=True
        )
    ]
    text = (
        f"largest change of Ea {change * fit.Ea_eV_std:+.4f} eV ({change:+.2g} deviations) without "
        f"{temperature - ZERO_CELSIUS:.4g} degC"
    )
    return {"leave_one_out": rows}, {"one temperature left out": text}


def _repeats(
    fit: ArrheniusFit, columns: Columns, labels: Mapping[str, Sequence[str]], direction: str
) -> tuple[dict[str, Any], dict[str, str]]:
    import numpy as np

    from lto_sim.constants import ZERO_CELSIUS
    from lto_sim.kinetics.arrhenius import MeansFit, compare_repeats

    unit = next((name for name in ("dose", "repeat") if name in columns), None)
    labelled = any(name in labels for name in _LABELS)
    if isinstance(fit, MeansFit) or (unit is None and not labelled):
        return {}, {}
    keep = np.ones(columns["k"].size, dtype=bool)
    if direction and "direction" in labels:
        keep = np.array(labels["direction"]) == direction
    scatter, dof = _single_scatter(fit)
    found = compare_repeats(
        **_rows(columns, labels, direction),
        order=None if unit is None else columns[unit][keep] / (_PER_A2 if unit == "dose" else 1.0),
        **{n: [t for t, k in zip(labels[n], keep, strict=True) if k] for n in _LABELS if n in labels},
        scatter=scatter,
        scatter_dof=dof,
    )
    lines = {}
    for pair in found.pairs:
        low, high = (100.0 * math.expm1(value) for value in pair.change.interval())
        lines[f"{pair.temperature - ZERO_CELSIUS:.4g} degC again {pair.name}".strip()] = (
            f"{pair.first * 1e4:.4g}, then {pair.last * 1e4:.4g} cm2/s: p = {pair.change.p_value:.3g}, "
            f"95%: {low:+.3g} to {high:+.3g} %"
        )
    if found.drift is not None:
        low, high = (100.0 * value for value in found.drift.interval())
        per = {"dose": "of k per e/A2", "repeat": "of k per repeat", None: "of k per row"}[unit]
        lines["drift"] = (
            f"{100.0 * found.drift.value:+.3g} % {per}: p = {found.drift.p_value:.3g}, "
            f"95%: {low:+.3g} to {high:+.3g} %"
        )
    rows = [
        {
            "name": pair.name, "temperature_degC": pair.temperature - ZERO_CELSIUS, "first_m2_s": pair.first,
            "last_m2_s": pair.last, "count": pair.count, "ln_ratio": _change(pair.change),
        }
        for pair in found.pairs
    ]  # fmt: skip
    drift = (
        None
        if found.drift is None
        else _change(found.drift) | {"per": "e/A^2" if unit == "dose" else unit or "row"}
    )
    return ({"repeats": rows, "drift": drift} if rows else {}), lines


def _change(change: Change) -> dict[str, Any]:
    return {
        "value": change.value, "std": change.std, "dof": change.dof, "p_value": change.p_value,
        "interval": list(change.interval()),
    }  # fmt: skip


def _single_scatter(fit: ArrheniusFit) -> tuple[float | None, float]:
    """Scatter of single points beyond their bars, and its degrees of freedom."""
    from lto_sim.kinetics.arrhenius import HierarchicalFit

    if isinstance(fit, HierarchicalFit):
        residual = fit.components[-1]
        if residual.std > 0.0:
            return residual.std, 2.0 * (residual.std**2 / residual.variance_std) ** 2
        return (0.0, math.inf) if fit.measurement_std > 0.0 else (None, math.inf)
    return (None, math.inf) if fit.k_std is not None else (math.sqrt(fit.scatter), fit.dof)


def _diffusivity(
    fit: ArrheniusFit, direction: str, windows: str | None, k_convention: str
) -> tuple[dict[str, Any], dict[str, str]]:
    from lto_sim.kinetics.arrhenius import FrontSolubility, activation_energies
    from lto_sim.materials import load_material

    if windows is None:
        return {}, {}
    if not direction:
        raise InputError(
            "table", "no column direction", "a column direction with extraction or insertion",
            "the diffusivity that k stands for depends on it",
        )  # fmt: skip
    material = load_material(windows=windows)  # type: ignore[arg-type]
    solubility = FrontSolubility.of_experiment(material, direction)  # type: ignore[arg-type]
    both = activation_energies(fit, solubility, k_convention)  # type: ignore[arg-type]
    low, high = both.of_D.interval()
    phase = (material.poor if direction == "extraction" else material.rich).short
    summary = {
        "windows": windows, "phase": phase, "Ea_eV": both.of_D.Ea_eV, "Ea_eV_std": both.of_D.Ea_eV_std,
        "Ea_interval_eV": [low, high], "D0_m2_s": both.of_D.k0, "Ea_k_less_Ea_D_eV": both.difference_eV,
    }  # fmt: skip
    text = (
        f"{both.of_D.Ea_eV:.4f} +- {both.of_D.Ea_eV_std:.4f} eV, 95%: {low:.4f} to {high:.4f} eV; "
        f"Ea(k) - Ea(D) = {both.difference_eV:+.4f} eV ({windows.replace('_', ' ')}, taken as known)"
    )
    return {"diffusivity": summary}, {f"Ea of D_{phase}": text}
