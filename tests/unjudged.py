"""What a table of tests meets and cannot judge like the rest, each with its reason.

A test asks for the error that the reason names, so that a case which is judged after all, or
refused in other words, fails until the table says so. ``test_unjudged.py`` counts every table.
"""

from __future__ import annotations

# Calls of the engine's table that have no formula, and how the error says why.
NO_FORMULA: dict[str, str] = {}

_MEETS = "the dims .* and .* differ"  # a constant array has the sizes of its axes, and no names
_LESS = "how long it is depends on which of"
_NUMBER = "has only a name, and this operation needs numbers"
_INSIDE = "reads (a )?place"
_WHOLE = "does not divide into|no axis of a whole size left|is no polynomial of dims"
_LABELS = "labels of shape .* do not fit scores"
_MASK = "a mask of shape .* does not fit"
_TALL = "stand for no fewer rows than columns"
_SAME = "must equal the last sizes"
# Calls that sizes which are names do not allow; they are judged with sizes that are numbers.
NO_NAMES = {
    "linalg.svdvals-wide": _TALL,
    "linalg.qrR-wide": _TALL,
    "linalg.norm-matrix nuc": _TALL,
    "linalg.norm-matrix 2": _TALL,
    "linalg.norm-matrix -2": _TALL,
    "linalg.matrix_norm-nuclear": _TALL,
    "sum-where": _MEETS,
    "prod-where": _MEETS,
    "max-where": _MEETS,
    "min-where": _MEETS,
    "mean-where": _MEETS,
    "var-where": _MEETS,
    "std-where": _MEETS,
    "nansum-where": _MEETS,
    "nanmean-where": _MEETS,
    "where-column": _MEETS,
    "select-two": _MEETS,
    "broadcast_to-plain": _MEETS,
    "index_add-repeated": _MEETS,
    "setitem-array": _MEETS,
    "setitem-arrays": _MEETS,
    "setitem-apart": _MEETS,
    "setitem-list": _MEETS,
    "take_along_axis-axis": _MEETS,
    "nn.binary_cross_entropy-weighted": _MEETS,
    "nn.bce_with_logits-weights": _MEETS,
    "repeat-counts": "3 counts do not fit the n elements",
    "average-weights": "weights of shape .* fit neither",
    "trace-plain": _LESS,
    "trace-axes": _LESS,
    "trace-offset": _LESS,
    "trace-dtype": _LESS,
    "diag-matrix": _LESS,
    "diagonal-axes": _LESS,
    "diagonal-below": _LESS,
    "linalg.trace-batch": _LESS,
    "linalg.diagonal-batch": _LESS,
    "reshape-minus one": _WHOLE,
    "reshape-Fortran": _WHOLE,
    "array_split-uneven": _WHOLE,
    "hsplit-matrix": _WHOLE,
    "dsplit-stack": _WHOLE,
    "nn.glu-axis": _WHOLE,
    "getitem-slice": _WHOLE,
    "setitem-slice": _WHOLE,
    "tril-row 4": _INSIDE,
    "triu-row 4": _INSIDE,
    "diagonal-row": _LESS,
    "trace-column": _LESS,
    "take-wrap": _INSIDE,
    "unstack-axis": _NUMBER,
    "nn.nll_loss-weighted": _LABELS,
    "nn.nll_loss-ignored": _LABELS,
    "nn.cross_entropy-labels": _LABELS,
    "nn.cross_entropy-smoothed": _LABELS,
    "nn.max_pool2d-windows": _NUMBER,
    "nn.max_pool1d-windows": _NUMBER,
    "nn.avg_pool1d-windows": _NUMBER,
    "nn.avg_pool2d-windows": _NUMBER,
    "nn.conv2d-options": _WHOLE,
    "nn.conv2d-groups": "do not fit weights",
    "nn.conv1d-options": _WHOLE,
    "cross-rows": "need three components",
    "cross-axis": "need three components",
    "linalg.cross-rows": "need three components",
    "getitem-mask": _MASK,
    "getitem-row mask": _MASK,
    "setitem-mask": _MASK,
    "setitem-row mask": _MASK,
    "nn.layer_norm-plain": _SAME,
    "nn.layer_norm-affine": _SAME,
    "nn.rms_norm-scaled": _SAME,
    "linalg.matrix_power-zero": "does not depend on X",
}

# What a reader of printed text cannot do, in the words of its errors; formulas that it cannot read are
# judged by all their other readings.
NOT_READ_BACK = {
    "sums have .* terms|elements are too many|place by place": "a Hessian over many indices",
    "how large 𝟏 is|too many sizes open": "𝟏 has no size where nothing meets it",
    "the range of .* is not known": "an index that nothing but a bracket speaks of",
    "of several matrices at once|of what is read here": "a function of each matrix of several",
}
# Readings that formulas of some rows have not: words of the error, and why.
NO_READING: dict[str, dict[str, str]] = {
    "text": NOT_READ_BACK,
    "ascii": NOT_READ_BACK,
    "latex": NOT_READ_BACK,
    "mathml": NOT_READ_BACK,
    "typst": NOT_READ_BACK,
    "expanded": NOT_READ_BACK,
    "sympy": {"over an axis of symbolic size": "SymPy has no largest element of so many"},
}
