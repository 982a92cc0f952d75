"""From lithium maps to fronts, rate constants and activation energies.

``track_front`` follows the phase boundary through a series of maps, ``fit_rate_constant`` reads the
linear-parabolic law ``t - t0 = xi/k_L + xi^2/(2k)`` from it and says what limits the front,
``correct_rate_constant`` takes out what the specimen's geometry did to it, ``fit_arrhenius`` turns rate
constants over temperature into an activation energy. ``published_table`` holds the experiment to compare
with.

Examples
--------
>>> from lto_sim.kinetics import fit_arrhenius, published_Ea, published_table
>>> table = published_table("extraction")
>>> fit = fit_arrhenius(table.temperature, table.k)
>>> print(f"Ea = {fit.Ea_eV:.2f} +- {fit.Ea_eV_std:.2f} eV, published {published_Ea['extraction']} eV")
Ea = 0.49 +- 0.02 eV, published 0.49 eV

From maps (`lto_sim.microscope.render_maps`, or recorded ones) to k:

>>> import lto_sim as lto
>>> from lto_sim.kinetics import numbered_profiles, true_rate
>>> from lto_sim.scenario.ready import ready_scenario
>>> scenario = ready_scenario("planar_extraction").with_values({"specimen.cell": "50 nm"})
>>> maps = lto.render_maps(lto.simulate(scenario), rng=1)
>>> front = lto.track_front(maps, numbered_profiles(scenario.profile))
>>> rate = lto.fit_rate_constant(front)
>>> rate.verdict, bool(abs(rate.k - true_rate(scenario).k) < 2 * rate.k_std)
('diffusion-limited', True)
"""

from lto_sim.kinetics.arrhenius import (
    ActivationEnergies,
    ArrheniusFit,
    DirectionsFit,
    EnergyDifference,
    FrontSolubility,
    HierarchicalFit,
    LeaveOneOut,
    MeansFit,
    Repeats,
    activation_energies,
    compare_repeats,
    difference_of_Ea,
    fit_arrhenius,
    fit_directions,
    leave_one_out,
)
from lto_sim.kinetics.corrections import (
    CorrectedRate,
    TrueRate,
    correct_rate_constant,
    true_rate,
)
from lto_sim.kinetics.fronts import (
    ContactLine,
    ContactProfile,
    FrameCount,
    Profile,
    contact_profiles,
    count_frames,
    labelled_contact,
    numbered_profiles,
    scenario_contact,
    track_front,
)
from lto_sim.kinetics.published import (
    FullExtraction,
    GraphiteComparison,
    PublishedRates,
    PublishedRepeat,
    full_extraction_times,
    graphite_comparison,
    published_Ea,
    published_repeat,
    published_table,
)
from lto_sim.kinetics.rates import (
    ContactOffset,
    Correlation,
    ModelFit,
    RateConstantFit,
    RateData,
    RateWindow,
    SensitivityRow,
    ShellFit,
    SurfaceShare,
    fit_rate_constant,
    fit_shell,
    shell_position,
    surface_share,
)

__all__ = [
    "ActivationEnergies",
    "ArrheniusFit",
    "ContactLine",
    "ContactOffset",
    "ContactProfile",
    "CorrectedRate",
    "Correlation",
    "DirectionsFit",
    "EnergyDifference",
    "FrameCount",
    "FrontSolubility",
    "FullExtraction",
    "GraphiteComparison",
    "HierarchicalFit",
    "LeaveOneOut",
    "MeansFit",
    "ModelFit",
    "Profile",
    "PublishedRates",
    "PublishedRepeat",
    "RateConstantFit",
    "RateData",
    "RateWindow",
    "Repeats",
    "SensitivityRow",
    "ShellFit",
    "SurfaceShare",
    "TrueRate",
    "activation_energies",
    "compare_repeats",
    "contact_profiles",
    "correct_rate_constant",
    "count_frames",
    "difference_of_Ea",
    "fit_arrhenius",
    "fit_directions",
    "fit_rate_constant",
    "fit_shell",
    "full_extraction_times",
    "graphite_comparison",
    "labelled_contact",
    "leave_one_out",
    "numbered_profiles",
    "published_Ea",
    "published_repeat",
    "published_table",
    "scenario_contact",
    "shell_position",
    "surface_share",
    "track_front",
    "true_rate",
]
