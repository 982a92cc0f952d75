"""Figures; they need no display.

Every ``plot_...`` takes what the rest of the package returns (a dataset, a fit, a comparison) and gives a
matplotlib Figure; ``write_movie`` writes maps as .mp4 or .gif.

Examples
--------
>>> from lto_sim.microscope import Instrument, spectrum_model
>>> from lto_sim.plot import plot_spectrum
>>> model = spectrum_model(Instrument.preset("jem_arm300f2_continuum_k3"))
>>> figure = plot_spectrum(model, 150e-9, 0.5)  # then figure.savefig("spectrum.png")
>>> type(figure).__name__
'Figure'
"""

import lto_sim.files.settings_directory  # noqa: F401 - before matplotlib is imported
from lto_sim.plot.activation import plot_activation
from lto_sim.plot.arrhenius import ArrheniusSeries, plot_arrhenius, plot_full_extraction
from lto_sim.plot.comparison import plot_comparison
from lto_sim.plot.conductances import ConductanceGrid, plot_conductances
from lto_sim.plot.core_shell import Panel, ShellRow, plot_core_shell, plot_panel_rows, power
from lto_sim.plot.cycling import plot_capacity_curve, plot_voltammogram
from lto_sim.plot.design import plot_design
from lto_sim.plot.drive import PartialContact, plot_current, plot_partial_contact
from lto_sim.plot.electrical import plot_chronoamperogram, plot_potential
from lto_sim.plot.impedance import plot_impedance, plot_impedance_series
from lto_sim.plot.kinetics import FrontSeries, plot_squared_position
from lto_sim.plot.map_fit import plot_map_fit
from lto_sim.plot.map_models import plot_model_comparison
from lto_sim.plot.maps import MapSeries, plot_map_series
from lto_sim.plot.measures import Measures, measure
from lto_sim.plot.movie import MOVIE_COLOURS, Movie, MoviePanel, MovieScene, movie_scene, write_movie
from lto_sim.plot.population import plot_population
from lto_sim.plot.posterior import plot_corner, plot_profiles
from lto_sim.plot.quantified import plot_quantified
from lto_sim.plot.rate_fit import plot_rate_fit
from lto_sim.plot.recording import plot_recording
from lto_sim.plot.regimes import plot_regime_map
from lto_sim.plot.slit import plot_slit
from lto_sim.plot.specimen import plot_specimen
from lto_sim.plot.spectrum import plot_spectrum
from lto_sim.plot.style import DIRECTION_COLOURS, temperature_colours
from lto_sim.plot.surface_effect import InsertionRun, RateLine, plot_surface_effect
from lto_sim.plot.sweeps import plot_sweep
from lto_sim.plot.titanium import plot_titanium
from lto_sim.plot.titration import plot_gitt

__all__ = [
    "DIRECTION_COLOURS",
    "MOVIE_COLOURS",
    "ArrheniusSeries",
    "ConductanceGrid",
    "FrontSeries",
    "InsertionRun",
    "MapSeries",
    "Measures",
    "Movie",
    "MoviePanel",
    "MovieScene",
    "Panel",
    "PartialContact",
    "RateLine",
    "ShellRow",
    "measure",
    "movie_scene",
    "plot_activation",
    "plot_arrhenius",
    "plot_capacity_curve",
    "plot_chronoamperogram",
    "plot_comparison",
    "plot_conductances",
    "plot_core_shell",
    "plot_corner",
    "plot_current",
    "plot_design",
    "plot_full_extraction",
    "plot_gitt",
    "plot_impedance",
    "plot_impedance_series",
    "plot_map_fit",
    "plot_map_series",
    "plot_model_comparison",
    "plot_panel_rows",
    "plot_partial_contact",
    "plot_population",
    "plot_potential",
    "plot_profiles",
    "plot_quantified",
    "plot_rate_fit",
    "plot_recording",
    "plot_regime_map",
    "plot_slit",
    "plot_specimen",
    "plot_spectrum",
    "plot_squared_position",
    "plot_surface_effect",
    "plot_sweep",
    "plot_titanium",
    "plot_voltammogram",
    "power",
    "temperature_colours",
    "write_movie",
]
