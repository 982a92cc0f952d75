"""Reports: what a run, a fit, a sweep or a reproduction found, as one HTML file that needs nothing else.

``write_report`` goes from results on the disk to the file. In between stands the page as data
(:mod:`lto_sim.report.page`): ``report_page`` gathers results by what is in them and says in words, numbers,
charts and frames what they hold; :mod:`lto_sim.report.html` turns that into HTML.
"""

from lto_sim.report.build import default_path, report_page, write_report

__all__ = ["default_path", "report_page", "write_report"]
