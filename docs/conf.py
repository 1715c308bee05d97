"""How the site is built: ``sphinx-build -W docs site``. Every page is executed; an error ends it."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "_ext"))
# pages run `minigrad` as a command, also where its environment is not activated
os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
# the pages' matrices are small: threads would wait for each other longer than they work
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import minigrad

project = "minigrad"
author = "The minigrad authors"
copyright = "The minigrad authors, MIT license"
version = release = minigrad.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "myst_nb",
    "mathml",
    "reference",
    "sample_report",
    "commands",
    "offline",
]
exclude_patterns = ["_made", "_ext", "**.ipynb_checkpoints"]
nitpicky = False

# -- pages that run --------------------------------------------------------------------------------
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120  # seconds for one cell; the slowest takes about ten
nb_merge_streams = True
myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

# -- the reference ---------------------------------------------------------------------------------
autodoc_typehints = "none"
autodoc_member_order = "bysource"
add_module_names = False
napoleon_google_docstring = False
napoleon_use_rtype = False

# -- looks -----------------------------------------------------------------------------------------
html_theme = "furo"
html_title = "minigrad"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_extra_path = ["_made"]
html_math_renderer = "mathml"
html_copy_source = False
html_theme_options = {"navigation_with_keys": True}
pygments_style = "default"


def _say_the_language(
    app: Any, page: str, template: str, context: dict[str, Any], tree: Any
) -> None:
    """What a screen reader and a browser's translator go by."""
    if page.startswith("bai-viet/"):
        context["language"] = "vi"


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("html-page-context", _say_the_language)
