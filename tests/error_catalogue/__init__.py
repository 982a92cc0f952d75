"""The error catalogue: what a user gets wrong in the first hour, and the line that must answer it."""

from __future__ import annotations

from typing import Final

from error_catalogue.input_files import INPUT_FILES
from error_catalogue.kinds import SCENARIO, SWEEP, BadInput
from error_catalogue.numbers import NUMBERS
from error_catalogue.options import OPTIONS
from error_catalogue.presentations import PRESENTATIONS
from error_catalogue.scenario_keys import SCENARIO_KEYS
from error_catalogue.studies import STUDIES

__all__ = ["CATALOGUE", "SCENARIO", "SWEEP", "BadInput"]

CATALOGUE: Final[tuple[BadInput, ...]] = (
    *SCENARIO_KEYS,
    *INPUT_FILES,
    *OPTIONS,
    *NUMBERS,
    *STUDIES,
    *PRESENTATIONS,
)
"""Every case; those of a new command go into a file of its own beside these."""
