"""A diagnosis as one file that opens anywhere: no server, no network, no script."""

from ui.report.page import report_html
from ui.report.writing import check_target, write_whole

__all__ = ["check_target", "report_html", "write_whole"]
