"""The work of a derivation grows with the graph, not faster: counted, not timed."""

from __future__ import annotations

import pytest

import minigrad as mg
from benchmarks.derivation import stack
from minigrad.index import contract as room
from minigrad.index import rebuild


def work(monkeypatch: pytest.MonkeyPatch, layers: int) -> int:
    """How many products are put in normal form, and how many nodes are visited by rewriting."""
    counted = 0
    finish, with_children = room._Contraction.finish, rebuild.with_children

    def counting_finish(self: room._Contraction) -> object:
        nonlocal counted
        counted += 1
        return finish(self)

    def counting_rebuild(node: object, children: object) -> object:
        nonlocal counted
        counted += 1
        return with_children(node, children)  # type: ignore[arg-type]

    loss, names = stack(layers)
    with monkeypatch.context() as patch:
        patch.setattr(room._Contraction, "finish", counting_finish)
        patch.setattr(rebuild, "with_children", counting_rebuild)
        str(mg.derive(loss, wrt=names))
    return counted


def test_twice_the_layers_are_little_more_than_twice_the_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few, many = work(monkeypatch, 8), work(monkeypatch, 16)
    assert many <= 2.5 * few, (few, many)
