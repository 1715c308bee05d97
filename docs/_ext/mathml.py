"""A Sphinx extension: LaTeX becomes MathML when the pages are built, so that they need no script."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

# Browsers no longer know mathvariant="bold"; Unicode has the characters.
_BOLD = {
    f'<{tag} mathvariant="bold">{plain}</{tag}>': f"<{tag}>{bold}</{tag}>"
    for tag, plain, bold in (("mn", "1", "𝟏"), ("mn", "0", "𝟎"), ("mi", "1", "𝟏"))
}


def to_mathml(latex: str, *, block: bool) -> str:
    """One formula as a ``<math>`` element."""
    # The converter knows the environment by its outer name only.
    known = latex.replace("{aligned}", "{align*}")
    try:
        mathml: str = convert(known, display="block" if block else "inline")
    except Exception as error:  # whatever the converter stumbles over, the page must not lose it
        raise ExtensionError(f"no MathML for {latex!r}: {error!r}") from error
    if "\\" in mathml or "<merror" in mathml:
        raise ExtensionError(f"the converter does not know all of {latex!r}")
    for plain, bold in _BOLD.items():
        mathml = mathml.replace(plain, bold)
    return mathml


def _inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(to_mathml(node.astext(), block=False))
    raise nodes.SkipNode


def _block(translator: Any, node: nodes.math_block) -> None:
    translator.body.append(f'<div class="math">{to_mathml(node.astext(), block=True)}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Offer the renderer as ``html_math_renderer = "mathml"``."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
