"""Attributes that every result carries: what made it, from which configuration, and how to cite it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from typing import Any, Final

__all__ = ["CITATION", "K_DEFINITIONS", "attributes", "configuration_hash", "named", "package_version"]

CITATION: Final = (
    "lto_sim: phase-boundary kinetics of Li4Ti5O12 through operando STEM-EELS (see CITATION.cff)"
)

K_DEFINITIONS: Final[dict[str, str]] = {"2kt": "xi^2 = 2 k t", "kt": "xi^2 = k t"}
"""Convention of the parabolic rate constant -> its definition; the first is the default."""


def package_version() -> str:
    """Version of the installed package."""
    return metadata.version("lto_sim")


def configuration_hash(text: str) -> str:
    """SHA-256 of a configuration text, hexadecimal."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def named(units: str, long_name: str) -> dict[str, str]:
    """Attributes that every variable and coordinate carries."""
    return {"units": units, "long_name": long_name}


def attributes(
    title: str,
    step: str,
    configuration: str = "",
    seed: int | None = None,
    k_convention: str = "2kt",
    previous: Mapping[Any, Any] | None = None,
) -> dict[str, str | int]:
    """Build the attributes of a result.

    Parameters
    ----------
    title : What the dataset is.
    step : What was done, for the history.
    configuration : The complete configuration as TOML text.
    seed : Seed of the random draws; left out where nothing was drawn.
    k_convention : Key of :data:`K_DEFINITIONS`.
    previous : Attributes of what this was made from: its history goes before, its configuration is taken over
        where none is given.

    Returns
    -------
    Text and numbers only, as netCDF and Zarr allow.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    version = package_version()
    before = previous or {}
    configuration = configuration or str(before.get("configuration", ""))
    history = [str(before["history"])] if before.get("history") else []
    result: dict[str, str | int] = {
        "title": title,
        "history": "\n".join([*history, f"{now} lto_sim {version}: {step}"]),
        "lto_sim_version": version,
        "configuration": configuration,
        "configuration_sha256": configuration_hash(configuration),
        "created": now,
        "citation": CITATION,
        "k_definition": K_DEFINITIONS[k_convention],
    }
    if seed is not None:
        result["seed"] = seed
    return result
