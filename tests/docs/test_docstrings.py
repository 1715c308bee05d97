"""Examples in docstrings print what stands below them."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import minigrad


def modules() -> Iterator[str]:
    for module in pkgutil.walk_packages(minigrad.__path__, "minigrad."):
        # They act when they are imported: one runs the command line, one awaits graphs on stdin.
        if module.name not in ("minigrad.__main__", "minigrad.drawing.worker"):
            yield module.name


@pytest.mark.parametrize("name", list(modules()))
def test_examples_print_what_stands_below(name: str) -> None:
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0
