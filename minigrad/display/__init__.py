"""What a notebook shows of values, trees and tables, as HTML for light and dark paper."""

from minigrad.display.array import array_html
from minigrad.display.parts import block, facts, folded, paragraph, table

__all__ = ["array_html", "block", "facts", "folded", "paragraph", "table"]
