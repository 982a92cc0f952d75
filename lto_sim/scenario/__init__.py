"""The scenario file: models, TOML, paths, and the objects built from them.

Every key, with unit, default and range: ``lto-sim schema --keys``. Ready files: ``lto-sim scenarios``. Beside
the example of the README, two more; their sections take the place of its own.

A particle from an image, with surfaces that conduct (``lto-sim run FILE --dry-run`` draws it)::

    [specimen]
    outline = { shape = "image", image = "particle.tif" }      # also polygon, circle, ellipse; holes are kept
    thickness = { wedge = ["120 nm", "160 nm"], axis = "x" }  # or { image = "thickness.npy", pixel = "2 nm" }
    dead_layer = "10 nm"                                         # inactive, on each face
    layers = 8                                                   # cells through the thickness
    [contacts.lps]
    where = { image = "contacts.png", value = 2, pixel = "2 nm" } # beside a label; also arc, polygon, side
    [surface]                                                    # delta*D_s: not measured, free parameters
    perimeter = { at = "1e-21 m^3/s", reference = "30 degC", Ea = "0.4 eV" }
    faces = { at = "1e-23 m^3/s", reference = "30 degC", Ea = "0.4 eV" }

An interface reaction, a charge and a sweep of the potential::

    drive = [                                  # steps: hold, current, c_rate, rest, sweep, gitt, pitt, repeat
      { c_rate = 60, until = { potential = "1.3 V" } },          # 1/h, extraction > 0
      { sweep = { to = "0.6 V", rate = "50 mV/s" } },            # from where the step before ended
    ]
    [contacts.lps]                             # laws: butler_volmer, marcus_hush_chidsey, linear, equilibrium
    where = { side = "left" }
    law = "butler_volmer"
    k0 = "1e-8 m/s"                                # i0 = F k0 dc sqrt(x (1 - x)); or a table with Ea
    resistance = "10 ohm cm^2"                     # in series; capacitance = "10 uF/cm^2" beside the reaction
"""

from lto_sim.scenario.build import (
    Surface,
    build_boundaries,
    build_contacts,
    build_material,
    build_specimen,
    build_surface,
)
from lto_sim.scenario.experiment import NumericsSpec
from lto_sim.scenario.images import hash_images
from lto_sim.scenario.models import Scenario
from lto_sim.scenario.parse import parse_assignment, read_toml, set_paths

__all__ = [
    "NumericsSpec",
    "Scenario",
    "Surface",
    "build_boundaries",
    "build_contacts",
    "build_material",
    "build_specimen",
    "build_surface",
    "hash_images",
    "parse_assignment",
    "read_toml",
    "set_paths",
]
