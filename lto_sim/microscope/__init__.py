"""The microscope's view of a run; it reads only the labelled Dataset.

``render_maps`` gives lithium maps with noise of a stated deviation, every pixel at its own time; ``acquire``
the spectrum images of an ``Instrument`` (``expected_counts`` and ``draw_counts`` are its two halves). A
single spectrum is that of a ``spectrum_model``.

Examples
--------
>>> from lto_sim.microscope import Instrument, draw_counts, spectrum_model
>>> model = spectrum_model(Instrument.preset("jem_arm300f2_continuum_k3"))
>>> spectra = model.recorded(150e-9, [0.0, 1.0])  # Li4 and Li7, per incident electron
>>> counts = draw_counts(1e6 * spectra, rng=1)
>>> counts.shape, str(counts.dtype)
((2, 1024), 'uint32')
"""

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
