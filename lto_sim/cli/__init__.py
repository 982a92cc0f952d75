"""The command ``lto-sim``; the only part of the package that prints."""

from lto_sim.cli.app import app, main

__all__ = ["app", "main"]
