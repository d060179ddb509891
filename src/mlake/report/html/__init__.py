"""The report as one page: a file that opens from disk, offline, with every answer in it."""

from mlake.report.html.page import page

__all__ = ["page"]
