"""What the titrations return: one entry for each pulse or hold, a report in words, a table for JSON.

Sources: W. Weppner and R. A. Huggins, J. Electrochem. Soc. 124 (1977) 1569 (GITT); C. J. Wen, B. A. Boukamp,
R. A. Huggins, W. Weppner, J. Electrochem. Soc. 126 (1979) 2258 (PITT).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from lto_sim.constants import ZERO_CELSIUS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["GittPulse", "GittResult", "PittHold", "PittResult"]


@dataclass(frozen=True)
class GittPulse:
    """One pulse and the rest after it.

    Parameters
    ----------
    step : Number of the pulse's drive step.
    temperature : [K].
    li_fraction : Mean li fraction, halfway between before and after the pulse.
    potential : Equilibrium potential, halfway between before and after [V].
    potential_before, potential_after : Equilibrium potentials [V]; before: None without a rest.
    D, D_std : Chemical diffusivity and its standard deviation [m2 s-1]; None where there is none.
    window : Part of the pulse that was fitted [s]; None where none was.
    fourier_number : D t/L^2 at the end of the window [1].
    reason : Why D cannot be had; None where it can.
    note : What the reader should know about this D; None where nothing.
    """

    step: int
    temperature: float
    li_fraction: float
    potential: float
    potential_before: float | None
    potential_after: float
    D: float | None
    D_std: float | None
    window: tuple[float, float] | None
    fourier_number: float | None
    reason: str | None
    note: str | None


@dataclass(frozen=True)
class PittHold:
    """One hold after another.

    Parameters
    ----------
    step : Number of its drive step.
    temperature : [K].
    li_fraction : Mean li fraction, halfway between begin and end of the hold.
    potential, potential_before : Potential held, and held before [V].
    D, D_std : Chemical diffusivity and its standard deviation [m2 s-1]; None where there is none.
    window : Part of the hold that was fitted [s]; None where none was.
    charge_ratio : Prefactor of the decay over that of diffusion alone, 2 Q D/L^2 [1]; pi^2/8 = 1.23 where the
        contact limits, not diffusion.
    reason : Why D cannot be had; None where it can.
    note : What the reader should know about this D; None where nothing.
    """

    step: int
    temperature: float
    li_fraction: float
    potential: float
    potential_before: float
    D: float | None
    D_std: float | None
    window: tuple[float, float] | None
    charge_ratio: float | None
    reason: str | None
    note: str | None


@dataclass(frozen=True)
class GittResult:
    """Galvanostatic intermittent titration.

    Parameters
    ----------
    pulses : Every pulse that a rest follows.
    diffusion_length : L, active volume over contact area [m].
    resolution : Potentials nearer than this are the same [V].
    fit_window : Begin and end of what is fitted of a pulse, as fractions of its duration.
    plateau : Potential of the plateau [V]; None where the dataset names none.
    """

    pulses: tuple[GittPulse, ...]
    diffusion_length: float
    resolution: float
    fit_window: tuple[float, float]
    plateau: float | None

    def report(self) -> tuple[str, ...]:
        """Return the result in words, one line for each pulse, then the reasons in full."""
        low, high = (100.0 * part for part in self.fit_window)
        head = (
            f"GITT (Weppner and Huggins 1977): {_count(self.pulses, 'pulse')}, "
            f"L = {1e9 * self.diffusion_length:.4g} nm, fitted from {low:g} to {high:g} % of a pulse"
        )
        return (head, *_lines(self.pulses))

    def to_dict(self) -> dict[str, object]:
        """Return the result for JSON, units in the names; None where a value cannot be had."""
        return {
            "method": "GITT",
            "diffusion_length_m": self.diffusion_length,
            "resolution_V": self.resolution,
            "fit_window": list(self.fit_window),
            "plateau_V": self.plateau,
            "pulses": [_entry(pulse) for pulse in self.pulses],
        }


@dataclass(frozen=True)
class PittResult:
    """Potentiostatic intermittent titration.

    Parameters
    ----------
    holds : Every hold that follows a hold.
    diffusion_length : L, active volume over contact area [m].
    resolution : Potentials nearer than this are the same [V].
    plateau : Potential of the plateau [V]; None where the dataset names none.
    """

    holds: tuple[PittHold, ...]
    diffusion_length: float
    resolution: float
    plateau: float | None

    def report(self) -> tuple[str, ...]:
        """Return the result in words, one line for each hold, then the reasons in full."""
        head = (
            f"PITT (late exponential decay): {_count(self.holds, 'hold')}, "
            f"L = {1e9 * self.diffusion_length:.4g} nm"
        )
        return (head, *_lines(self.holds))

    def to_dict(self) -> dict[str, object]:
        """Return the result for JSON, units in the names; None where a value cannot be had."""
        return {
            "method": "PITT",
            "diffusion_length_m": self.diffusion_length,
            "resolution_V": self.resolution,
            "plateau_V": self.plateau,
            "holds": [_entry(hold) for hold in self.holds],
        }


_UNITS = {
    "temperature": "temperature_K",
    "potential": "potential_V",
    "potential_before": "potential_before_V",
    "potential_after": "potential_after_V",
    "D": "D_m2_s",
    "D_std": "D_std_m2_s",
    "window": "window_s",
}


def _entry(entry: GittPulse | PittHold) -> dict[str, object]:
    return {
        _UNITS.get(name, name): list(value) if isinstance(value, tuple) else value
        for name, value in asdict(entry).items()
    }


def _count(entries: Sequence[GittPulse | PittHold], word: str) -> str:
    found = sum(entry.D is not None for entry in entries)
    return f"{len(entries)} {word}{'' if len(entries) == 1 else 's'}, D from {found}"


def _lines(entries: Sequence[GittPulse | PittHold]) -> list[str]:
    lines = []
    reasons: dict[str, list[int]] = {}
    for entry in entries:
        what = _value(entry) if entry.D is not None else f"no D, {str(entry.reason).partition(':')[0]}"
        note = f" ({entry.note})" if entry.note else ""
        lines.append(
            f"step {entry.step}: x = {entry.li_fraction:.4f}, E = {entry.potential:.4f} V, "
            f"{entry.temperature - ZERO_CELSIUS:.1f} degC: {what}{note}"
        )
        if entry.reason:
            reasons.setdefault(entry.reason, []).append(entry.step)
    for reason, steps in reasons.items():
        shown = ", ".join(map(str, steps))
        lines.append(f"no D from step{'' if len(steps) == 1 else 's'} {shown}: {reason}")
    return lines


def _value(entry: GittPulse | PittHold) -> str:
    if entry.D is None or entry.D_std is None:
        return ""
    order = int(f"{entry.D:.3e}".partition("e")[2])
    scale = 10.0**-order
    deviation = max(entry.D_std * scale, 1e-3)
    return f"D = ({entry.D * scale:.3f} +- {deviation:.2g})e{order:d} m2/s"
