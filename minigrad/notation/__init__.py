"""Formulas as people write them: matrices, text, LaTeX, MathML, steps."""
