"""What ``lto-sim design`` prints: every setting for JSON, a table for people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["design_summary", "design_table_rows"]

_OF_SETTING: Final = {
    "Ea_eV": "Ea_eV", "Ea_eV_std": "Ea_eV_std", "Ea_eV_half_width_95": "Ea_eV_half_width",
    "electrons_per_pixel": "electrons",
}  # fmt: skip
_AT_TEMPERATURE: Final = {
    "k_m2_s": "k", "k_std_m2_s": "k_std", "k_std_relative": "k_std_relative", "k_bias": "k_bias",
    "front_position_std_m": "front_position_std", "front_frames": "front_frames",
    "front_found": "front_found", "period_s": "period", "duration_s": "duration",
    "window_start_s": "window_start", "window_end_s": "window_end", "contact_effect_per_m": "contact_effect",
}  # fmt: skip
_MIDDLE: Final = 0.5
_MOST_ROWS: Final = 40


def design_summary(design: xr.Dataset, goal: str | None, lines: list[str]) -> dict[str, Any]:
    """Return every setting, the best one and the sentences.

    Parameters
    ----------
    design : From `design_experiment`.
    goal : What is wanted.
    lines : Its sentences.
    """
    from lto_sim.study.design import best_setting
    from lto_sim.study.design.choices import goal_of

    goal = goal_of(design, goal)
    attrs = design.attrs
    return {
        "goal": goal,
        "best": best_setting(design, goal),
        "lines": lines,
        "direction": attrs["direction"],
        "law": attrs["law"],
        "dose_budget_m2": attrs.get("dose_budget_m2"),
        "budget_for": attrs["budget_for"],
        "over_budget": attrs["over_budget"],
        "start_std_m": attrs["start_std_m"],
        "status_meaning": design["status"].attrs["meaning"],
        "settings": [_setting(one) for one in _each(design)],
    }


def _each(design: xr.Dataset) -> list[xr.Dataset]:
    """Every setting as a dataset of its own, the last path fastest."""
    import numpy as np

    paths = json.loads(str(design.attrs["varied"]))
    sizes = tuple(design.sizes[path] for path in paths)
    return [design.isel(dict(zip(paths, index, strict=True))) for index in np.ndindex(sizes)]


def _setting(one: xr.Dataset) -> dict[str, Any]:
    from lto_sim.constants import ZERO_CELSIUS
    from lto_sim.microscope.dose import PER_SQUARE_ANGSTROM

    paths = json.loads(str(one.attrs["varied"]))
    found: dict[str, Any] = {"values": {path: float(one[path]) for path in paths}}
    found |= {name: float(one[variable]) for name, variable in _OF_SETTING.items()}
    found["li_fraction_std"] = float(one["li_fraction_std"].sel(li_fraction=_MIDDLE))
    found["series_dose_e_A2"] = float(one["series_dose"]) / PER_SQUARE_ANGSTROM
    for path in json.loads(str(one.attrs.get("free", "[]"))):
        found[f"{path}_std"] = float(one[f"{path}_std"])
    found["temperatures"] = [
        {
            "temperature_degC": float(at["temperature"]) - ZERO_CELSIUS,
            "status": int(at["status"]),
            "dose_e_A2": float(at["dose"]) / PER_SQUARE_ANGSTROM,
            "frames": int(at["frames"]),
            **{name: float(at[variable]) for name, variable in _AT_TEMPERATURE.items()},
        }
        for at in (one.isel(temperature=n) for n in range(one.sizes["temperature"]))
    ]
    return found


def _goal_column(design: xr.Dataset, goal: str) -> tuple[list[str], float]:
    """Header of the column of a goal that is not k, and what its numbers are multiplied by."""
    from lto_sim.study.design.choices import GOALS, is_relative

    if goal in GOALS:
        return ([] if goal == "k" else ["Ea [eV]"]), 1.0
    if is_relative(design, goal):
        return [f"{goal} [%]"], 100.0
    return [f"{goal} [{design[f'{goal}_std'].attrs['units']}]"], 1.0


def design_table_rows(design: xr.Dataset, goal: str | None) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a table of the settings, the best first; those that cannot be used last.

    Parameters
    ----------
    design : From `design_experiment`.
    goal : What is wanted.
    """
    import numpy as np

    from lto_sim.constants import ZERO_CELSIUS
    from lto_sim.microscope.dose import PER_SQUARE_ANGSTROM
    from lto_sim.study.design.choices import deviation_of, goal_of, largest_dose
    from lto_sim.study.design.wording import value_in_words

    goal = goal_of(design, goal)
    paths = json.loads(str(design.attrs["varied"]))
    degC = [f"{t - ZERO_CELSIUS:.4g}" for t in design["temperature"].values]
    extra, scale = _goal_column(design, goal)
    header = [*paths, "pixel_std", "e/A^2", *(f"k {t} degC" for t in degC), *extra]
    ranked = []
    for one in _each(design):
        deviation = float(deviation_of(one, goal))
        cells = [value_in_words(path, float(one[path])) for path in paths]
        cells.append(f"{float(one['li_fraction_std'].sel(li_fraction=_MIDDLE)):.3f}")
        cells.append(f"{float(largest_dose(one)) / PER_SQUARE_ANGSTROM:.0f}")
        k, usable = one["k_std_relative"].values, one["status"].values <= 1
        cells += [f"{100.0 * v:.2g} %" if u else "-" for v, u in zip(k, usable, strict=True)]
        cells += [f"{scale * deviation:.2g}" if np.isfinite(deviation) else "-"] if extra else []
        ranked.append((deviation if np.isfinite(deviation) else np.inf, cells))
    ranked.sort(key=lambda entry: entry[0])
    return header, [cells for _, cells in ranked[:_MOST_ROWS]]
