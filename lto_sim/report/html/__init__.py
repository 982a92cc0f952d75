"""A page as one HTML file: no server, no network, no second file.

The browser decodes what Python packed (`packing`, `movies`), charts are inline SVG whose ink follows the
theme (`charts`), and everything has a share of a fixed size (`budget`): a page can be mailed whatever is on
it.
"""

from lto_sim.report.html.document import page_html, write_page

__all__ = ["page_html", "write_page"]
