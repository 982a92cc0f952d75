"""The explorer: every run of a sweep in one HTML file, with a slider for each parameter."""

from lto_sim.report.explorer.document import explorer_html, write_explorer

__all__ = ["explorer_html", "write_explorer"]
