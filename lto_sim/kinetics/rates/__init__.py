"""From front positions to a rate constant: laws, windows, errors, and a verdict on what limits the front."""

from lto_sim.kinetics.rates.correlation import Correlation
from lto_sim.kinetics.rates.data import RateData
from lto_sim.kinetics.rates.fit import fit_rate_constant
from lto_sim.kinetics.rates.result import ContactOffset, ModelFit, RateConstantFit, RateWindow
from lto_sim.kinetics.rates.sensitivity import SensitivityRow
from lto_sim.kinetics.rates.shell import ShellFit, SurfaceShare, fit_shell, shell_position, surface_share

__all__ = [
    "ContactOffset",
    "Correlation",
    "ModelFit",
    "RateConstantFit",
    "RateData",
    "RateWindow",
    "SensitivityRow",
    "ShellFit",
    "SurfaceShare",
    "fit_rate_constant",
    "fit_shell",
    "shell_position",
    "surface_share",
]
