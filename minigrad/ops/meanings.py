"""What rows mean: index notation is loaded when somebody asks for a formula, not before.

``meanings.softmax`` stands for ``minigrad.index.meaning.softmax``. A short meaning stands in its row, in
the words of `minigrad.index.view`: ``meaning=lambda x, *, axes: view.permuted(x, axes)``.
"""

from __future__ import annotations

import importlib
from typing import Any


class Deferred:
    """A meaning that is looked up when it is called."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *args: Any, **params: Any) -> Any:
        """What ``minigrad.index.meaning`` says under this name."""
        return getattr(importlib.import_module("minigrad.index.meaning"), self.name)(
            *args, **params
        )

    def __repr__(self) -> str:
        return f"<meaning {self.name}>"


class _Room:
    """A module that is loaded when something of it is asked for."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self.path), name)


view = _Room("minigrad.index.view")


def __getattr__(name: str) -> Deferred:
    if name.startswith("__"):
        raise AttributeError(name)
    return Deferred(name)
