"""Printed formulas read as a reader would, and evaluated: a witness that no printer helped to write."""

from minigrad.notation.printed_text.evaluate import PrintedText, read_back

__all__ = ["PrintedText", "read_back"]
