"""The files that ``minigrad attention`` leaves: report, picture, formulas, weights, metrics."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.api import draw
from minigrad.cli.attention.report import report_page
from minigrad.cli.attention.study import VARIABLES, Study
from minigrad.cli.folder import OutputFolder
from minigrad.errors import ArgumentError, RenderError

NAMES = ("attention.svg", "attention.dot", "report.html", "formulas.tex", "weights.npz", "metrics.json")


def spare(folder: Path) -> None:
    """Refuse a folder in which an earlier run has left its files.

    Raises
    ------
    ArgumentError
        When one of them stands there.
    """
    found = [name for name in NAMES if os.path.lexists(folder / name)]
    if found:
        raise ArgumentError(
            f"{str(folder)!r} holds {', '.join(found)} of an earlier run; replace them with --overwrite, or "
            "name another folder with --out"
        )


def write(folder: OutputFolder, study: Study, metrics: dict[str, Any]) -> str | None:
    """Add all files to the folder; what stood in the way of the picture, or None.

    Where no Graphviz can lay the picture out, its DOT source takes its place.
    """
    problem = None
    drawing = draw(study.loss, backward=True, title="Self-attention with binary cross-entropy")
    try:
        folder.add("attention.svg", drawing.svg.encode())
    except RenderError as error:
        folder.add("attention.dot", drawing.source.encode())
        problem = f"{error}. attention.dot was written in place of attention.svg"
    folder.add("report.html", report_page(study, drawing).encode())
    folder.add("formulas.tex", latex_document(study).encode())
    folder.add("weights.npz", _npz(study.model.state_dict()))
    folder.add("metrics.json", (json.dumps(metrics, indent=2, ensure_ascii=False) + "\n").encode())
    return problem


def latex_document(study: Study) -> str:
    """A document that LaTeX sets as it stands: the derivation, each gradient, the Jacobian."""
    jacobian = study.jacobian["x"]
    parts = [
        _PREAMBLE,
        r"\section*{Self-attention with binary cross-entropy}",
        _display(study.gradients.latex),
        r"\section*{The gradients of the weights and of the input}",
        *(_display(study.gradients[name].latex) for name in VARIABLES),
        r"\section*{The softmax Jacobian}",
        _display(study.jacobian.latex),
        _display(jacobian.latex),
        r"\end{document}",
    ]
    return "\n\n".join(parts) + "\n"


_PREAMBLE = r"""\documentclass{article}
\usepackage{amsmath, amssymb}
\begin{document}"""


def _display(formula: str) -> str:
    return f"\\[\n{formula}\n\\]"


def _npz(arrays: dict[str, Any]) -> bytes:
    """The arrays as a NumPy archive; arrays of numbers need no pickle."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()
