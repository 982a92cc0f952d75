"""What the study found, in lines of text with numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lto_sim.constants import ZERO_CELSIUS
from lto_sim.kinetics import fit_arrhenius
from lto_sim.study.lamella.energies import bulk_behind_table, simulated_energies
from lto_sim.study.lamella.separation import share_deviation, share_from_rates, thickness_ratio

__all__ = ["study_lines"]

_READINGS: Final = ("k_mean", "k_shell", "k_step", "k_contour", "k_edge")
_THIN, _THICK = 100e-9, 200e-9


def study_lines(tables: Mapping[str, xr.Dataset]) -> list[str]:
    """Lines for the tables that are there.

    Parameters
    ----------
    tables : By name: ``thickness``, ``thickness_wide``, ``mesh``, ``frame``, ``pixel``, ``dose``, ``energy``,
        ``perimeter_energy`` from `apparent_rates`, ``surfaces_...`` from `consistent_surfaces`.

    Returns
    -------
    list of str
        One sentence each.
    """
    writers = {
        "thickness": _thickness, "thickness_wide": _thickness, "mesh": _mesh, "frame": _frames,
        "pixel": _drawn, "dose": _drawn, "energy": _energies, "perimeter_energy": _perimeters,
    }  # fmt: skip
    lines = [line for name, write in writers.items() if name in tables for line in write(tables[name])]
    lines += _table_lines()
    if "thickness" in tables:
        lines += _separation(tables["thickness"])
    return lines + [
        line for name, table in tables.items() if name.startswith("surfaces") for line in _region(table)
    ]


def _over(table: xr.Dataset, name: str, case: int) -> float:
    """A rate constant over k (1 + 2 l/H)."""
    return _value(table, name, case) / _value(table, "k_expected", case)


def _value(table: xr.Dataset, name: str, case: int, scale: float = 1.0) -> float:
    return scale * float(table[name].values[case])


def _share(table: xr.Dataset, case: int) -> float:
    return 1.0 - _over(table, "k_bulk", case)


def _thickness(table: xr.Dataset) -> list[str]:
    names = "  ".join(f"{name:>9}" for name in _READINGS)
    field = _value(table, "field", 0, 1e6)
    lines = [
        f"field of {field:g} um: k over Wagner's of the bulk; readings over k (1 + 2 l/H)",
        f"  l [nm]  H [nm]  share  k/k_bulk  2 tip [nm]  {names}",
    ]
    for i in range(table.sizes["case"]):
        apparent = _value(table, "k_mean", i) / _value(table, "k_bulk", i)
        values = "  ".join(f"{_over(table, name, i):9.3f}" for name in _READINGS)
        lengths = [_value(table, name, i, 1e9) for name in ("surface_length", "thickness", "tip_length")]
        lines.append(
            f"  {lengths[0]:6.0f}  {lengths[1]:6.0f}  {_share(table, i):5.2f}  {apparent:8.3f}  "
            f"{2.0 * lengths[2]:10.0f}  {values}"
        )
    return lines


def _mesh(table: xr.Dataset) -> list[str]:
    lines = ["mesh of 40 nm and 6 layers beside 20 nm and 12 layers: difference of k"]
    for i in range(0, table.sizes["case"] - 1, 2):
        parts = [
            f"{name} {100.0 * (_value(table, name, i) / _value(table, name, i + 1) - 1.0):+.2f} %"
            for name in _READINGS
        ]
        lines.append(f"  share {_share(table, i):.2f}: " + ", ".join(parts))
    return lines


def _frames(table: xr.Dataset) -> list[str]:
    lines = ["time of a frame: k read by a step over k (1 + 2 l/H), and frames with a front"]
    for i in range(table.sizes["case"]):
        how = "columns, as snapshots" if bool(table["columns"].values[i]) else "rows, at pixel times"
        degC, frame = _value(table, "temperature_degC", i), _value(table, "frame_time", i)
        read, points = _over(table, "k_step", i), int(table["points"].values[i])
        lines.append(f"  {degC:g} degC, {frame:g} s, {how}: {read:.3f}, {points}")
    return lines


def _drawn(table: xr.Dataset) -> list[str]:
    lines = ["spectra: k read by a step over k (1 + 2 l/H), scatter of draws; exact maps; tip (put in)"]
    for i in range(table.sizes["case"]):
        degC, current, pixel = (
            _value(table, name, i, scale)
            for name, scale in (("temperature_degC", 1.0), ("current", 1e12), ("pixel", 1e9))
        )
        read, scatter, exact = (_over(table, n, i) for n in ("k_map", "k_map_scatter", "k_step"))
        tip, tip_std, put_in = (_value(table, n, i, 1e9) for n in ("tip_map", "tip_map_std", "tip_length"))
        lines.append(
            f"  {degC:g} degC, share {_share(table, i):.2f}, {current:.0f} pA, {pixel:.0f} nm, a pixel "
            f"+- {_value(table, 'pixel_std', i):.3f}: {read:.3f} +- {scatter:.3f}; {exact:.3f}; "
            f"{tip:.0f} +- {tip_std:.0f} nm ({put_in:.0f})"
        )
    return lines


def _energies(table: xr.Dataset) -> list[str]:
    lines = ["Ea of k where the faces have another one than the bulk [eV]: formula, mean front, step in maps"]
    for (share, energy), found in simulated_energies(table).items():
        values = ", ".join(f"{found[name]:.4f}" for name in ("k_expected", "k_mean", "k_step"))
        lines.append(f"  share {share:g}, faces {energy:g} eV: {values}")
    return lines


def _perimeters(table: xr.Dataset) -> list[str]:
    lines = [
        "a perimeter beside faces: Ea of k at mid-height, and without perimeter [eV]; k with over without"
    ]
    for energy in np.unique(table["perimeter_Ea_eV"].values):
        own = table.sel(case=table["perimeter_Ea_eV"] == energy)
        kelvin = own["temperature_degC"].values + ZERO_CELSIUS
        read, alone = (fit_arrhenius(kelvin, own[name].values).Ea_eV for name in ("k_step", "k_expected"))
        gains = ", ".join(
            f"{t:g} degC {k:.2f}"
            for t, k in zip(
                own["temperature_degC"].values, own["k_step"].values / own["k_expected"].values, strict=True
            )
        )
        lines.append(f"  perimeter {energy:g} eV: {read:.3f}, {alone:.3f}; {gains}")
    return lines


def _table_lines() -> list[str]:
    lines = ["Table 1 of insertion as bulk and faces in 150 nm; share and Ea of the faces are assumed"]
    for share, energy in [(0.0, 0.59), *((f, e) for f in (0.5, 0.75, 0.9) for e in (0.30, 0.45, 0.59, 0.75))]:
        found = bulk_behind_table(share, energy)
        lines.append(
            f"  share {share:g}, faces {energy:g} eV: bulk {found.bulk_Ea_eV:.2f} +- "
            f"{found.bulk_Ea_eV_std:.2f} eV, at 75 degC D_Li7 {found.D_Li7:.2e} m2/s, faces "
            f"{found.faces:.1e} m3/s; scatter {found.scatter:.3f}, p {found.p_value:.3f}"
        )
    return lines


def _separation(table: xr.Dataset) -> list[str]:
    """Share from simulated rate constants at two thicknesses; only lengths that were run at both."""
    lines = ["share at 150 nm from k at 100 and 200 nm (step, exact maps); its deviation at 1, 3, 17 % of k"]
    thin, thick = (np.isclose(table["thickness"].values, h) for h in (_THIN, _THICK))
    for length in np.unique(table["surface_length"].values):
        own = table["surface_length"].values == length
        if not ((own & thin).any() and (own & thick).any()):
            continue
        first, second = (float(table["k_step"].values[own & part][0]) for part in (thin, thick))
        true = float(2.0 * length / (2.0 * length + 150e-9))
        found = share_from_rates(first, second, _THIN, _THICK)
        known = ", ".join(f"{share_deviation(true, std, _THIN, _THICK):.2f}" for std in (0.01, 0.03, 0.17))
        exact = thickness_ratio(true, _THIN, _THICK)
        lines.append(f"  share {true:.2f}: ratio {first / second:.3f} ({exact:.3f}), {found:.2f}; {known}")
    return lines


def _region(grid: xr.Dataset) -> list[str]:
    thickness, target = 1e9 * grid.attrs["thickness_m"], grid.attrs["k_published_m2_s"]
    mesh = f"cells of {1e9 * grid.attrs['cell_m']:.0f} nm, {grid.attrs['layers']:.0f} layers"
    lines = [f"surfaces in {thickness:.0f} nm, {mesh}: share, perimeter [m3/s], D_Li7 [m2/s], faces [m3/s]"]
    good = grid["consistent"].values.astype(np.bool_)
    for i, j in np.ndindex(good.shape):
        at = {name: float(grid[name].values[i, j]) for name in grid.data_vars if grid[name].ndim == 2}
        share, perimeter = float(grid["share"].values[j]), float(grid["perimeter"].values[i])
        lines.append(
            f"  {share:.2f}  {perimeter:.1e}  {at['D_Li7']:.2e}  {at['faces']:.1e}: contrast "
            f"{at['contrast']:.2f}, rim {100 * at['closed']:.0f} %, between {100 * at['between']:.0f} %, "
            f"lead {1e9 * at['lead']:.0f} nm, k {at['k_step'] / target:.3f} of Table 1, of bulk and faces "
            f"{at['k_expected'] / target:.3f}{'  consistent' if good[i, j] else ''}"
        )
    if good.any():
        lines.append("  consistent: " + ", ".join(_range(grid, name, good) for name in ("D_Li7", "faces")))
        rows = grid["perimeter"].values[good.any(axis=1)]
        lines[-1] += f", perimeter {rows.min():.1e} to {rows.max():.1e}"
    return lines


def _range(grid: xr.Dataset, name: str, good: NDArray[np.bool_]) -> str:
    values = grid[name].values[good]
    return f"{name} {values.min():.1e} to {values.max():.1e}"
