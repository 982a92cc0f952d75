"""What recorded spectra say of the specimen; arrays in, numbers with their deviation out.

First the series: ``regular_series``, ``find_spikes``, ``find_drift`` and ``apply_drift``. Then lithium:
``quantify_lithium`` by a joint fit, or ``fit_background`` and ``window_quantification``, or
``fit_references``; maps of plain intensity by ``normalise_maps`` or ``normalise_by_plateaus``.
``thickness_ratio``, ``quantify_titanium`` and ``quantify_oxygen`` read the rest; ``compare_maps`` lays a run
beside recorded maps. What cannot be told has no value and one of :data:`REASONS`.

Examples
--------
>>> from lto_sim.microscope import Instrument, draw_counts, spectrum_model
>>> from lto_sim.quantify import thickness_ratio
>>> model = spectrum_model(Instrument.preset("jem_arm300f2_continuum_k3"))
>>> counts = draw_counts(1e6 * model.recorded(150e-9, 0.0), rng=1)
>>> found = thickness_ratio(model.energy_loss, counts, counts_per_electron=1.0)
>>> print(f"t/lambda {found.value:.3f} +- {found.deviation:.3f}, at least: {found.lower_bound}")
t/lambda 0.849 +- 0.001, at least: True
"""

from lto_sim.quantify.compare import Comparison, Nuisance, Pose, compare_maps, find_pose
from lto_sim.quantify.energy_bins import EnergyBins
from lto_sim.quantify.explained import explain_spectrum
from lto_sim.quantify.li_model import cramer_rao
from lto_sim.quantify.lines import (
    OODistance,
    TiValence,
    o_o_distance_map,
    quantify_oxygen,
    quantify_titanium,
    titanium_valence,
)
from lto_sim.quantify.lithium import Normalisation, quantify_lithium
from lto_sim.quantify.reasons import REASONS, Reason, counted
from lto_sim.quantify.recorded import recorded_spectra, recording_instrument
from lto_sim.quantify.references import (
    Background,
    MllsFit,
    WindowResult,
    atomic_ratio,
    fit_background,
    fit_references,
    window_quantification,
)
from lto_sim.quantify.series import (
    Drift,
    KnownFraction,
    Plateaus,
    Spikes,
    TimeZero,
    align_series,
    apply_drift,
    find_drift,
    find_plateaus,
    find_spikes,
    find_steps,
    find_time_zero,
    normalise_by_plateaus,
    normalise_maps,
    regular_series,
    without_spikes,
)
from lto_sim.quantify.thickness import ThicknessRatio, thickness_ratio
from lto_sim.quantify.zero_loss import ZeroLoss, find_zero_loss

__all__ = [
    "REASONS",
    "Background",
    "Comparison",
    "Drift",
    "EnergyBins",
    "KnownFraction",
    "MllsFit",
    "Normalisation",
    "Nuisance",
    "OODistance",
    "Plateaus",
    "Pose",
    "Reason",
    "Spikes",
    "ThicknessRatio",
    "TiValence",
    "TimeZero",
    "WindowResult",
    "ZeroLoss",
    "align_series",
    "apply_drift",
    "atomic_ratio",
    "compare_maps",
    "counted",
    "cramer_rao",
    "explain_spectrum",
    "find_drift",
    "find_plateaus",
    "find_pose",
    "find_spikes",
    "find_steps",
    "find_time_zero",
    "find_zero_loss",
    "fit_background",
    "fit_references",
    "normalise_by_plateaus",
    "normalise_maps",
    "o_o_distance_map",
    "quantify_lithium",
    "quantify_oxygen",
    "quantify_titanium",
    "recorded_spectra",
    "recording_instrument",
    "regular_series",
    "thickness_ratio",
    "titanium_valence",
    "window_quantification",
    "without_spikes",
]
