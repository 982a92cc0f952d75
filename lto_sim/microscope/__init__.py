"""The microscope's view of a run; it reads only the labelled Dataset."""

from lto_sim.microscope.acquisition import Acquisition, plan_acquisition
from lto_sim.microscope.basis import SpectrumBasis
from lto_sim.microscope.build import spectrum_model
from lto_sim.microscope.detector import draw_counts
from lto_sim.microscope.instrument import PRESETS, Instrument, preset_text
from lto_sim.microscope.recording import acquire, expected_counts, record_to_store
from lto_sim.microscope.render import render_maps
from lto_sim.microscope.spectra import SpectrumModel

__all__ = [
    "PRESETS",
    "Acquisition",
    "Instrument",
    "SpectrumBasis",
    "SpectrumModel",
    "acquire",
    "draw_counts",
    "expected_counts",
    "plan_acquisition",
    "preset_text",
    "record_to_store",
    "render_maps",
    "spectrum_model",
]
