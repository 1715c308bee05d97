"""Labels of sizes that modules choose: in all of a model one label means one size."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, count

from minigrad.graph.tensor import Tensor


class ModuleLabel(str):
    """A label that a module chose; it gives way where the model uses it for another size."""

    __slots__ = ()


def module_labels(dims: str | None) -> list[str | None] | None:
    """The labels of ``dims``; ``_`` leaves an axis unnamed."""
    if dims is None:
        return None
    return [None if word == "_" else ModuleLabel(word) for word in dims.split()]


def keep_apart(parameters: Iterable[Tensor]) -> None:
    """Number the modules' labels that would name two sizes: k, then k2.

    Two attentions of different widths may so stand in one formula. Labels that the user gave to
    tensors stay, and a graph that was built before keeps what it printed.
    """
    nodes = [p._node for p in parameters if p._node is not None and p._node.dims is not None]
    sizes = {
        label: int(size)
        for node in nodes
        for label, size in zip(node.dims, node.shape, strict=True)
        if label is not None and not isinstance(label, ModuleLabel)
    }
    chosen: dict[tuple[str, int], ModuleLabel] = {}
    for node in nodes:
        node.dims = tuple(
            _free(label, int(size), sizes, chosen) if isinstance(label, ModuleLabel) else label
            for label, size in zip(node.dims, node.shape, strict=True)
        )


def _free(
    label: ModuleLabel,
    size: int,
    sizes: dict[str, int],
    chosen: dict[tuple[str, int], ModuleLabel],
) -> ModuleLabel:
    """The label, or the label with the first number that names no other size."""
    stem = label.rstrip("0123456789")
    if (stem, size) not in chosen:
        names = chain([stem], (f"{stem}{k}" for k in count(2)))
        name = next(n for n in names if sizes.get(n, size) == size)
        sizes[name] = size
        chosen[stem, size] = ModuleLabel(name)
    return chosen[stem, size]
