"""Pictures of arrays as SVG, and the report: one self-contained HTML page about one loss."""

from minigrad.report.curves import curves
from minigrad.report.figure import Figure, beside
from minigrad.report.heatmap import heads, heatmap
from minigrad.report.page import Section, page

__all__ = ["Figure", "Section", "beside", "curves", "heads", "heatmap", "page"]
