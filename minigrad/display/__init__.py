"""What a notebook shows of values, trees, tables and formulas, as HTML for light and dark paper."""

from minigrad.display.array import array_html
from minigrad.display.parts import block, facts, folded, formulas, paragraph, table

__all__ = ["array_html", "block", "facts", "folded", "formulas", "paragraph", "table"]
