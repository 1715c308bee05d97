"""What is checked, and the numbers it is checked on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from minigrad.checking.replay import Program, double
from minigrad.checking.sample import draw, sample_sizes, words_of
from minigrad.graph import Node
from minigrad.index.expr import Expr
from minigrad.index.size import Size, value_of
from minigrad.symbolic.lower import Lowered

_MOST_DRAWS = 12


@dataclass
class Subject:
    """What is checked: an output, variables, and for each the derived expression and its source text.

    ``lowered`` is None and ``formulas`` hold None where an operation has no meaning; ``why`` then says
    which. ``inner`` makes the subject one of second order: the gradients by these nodes, seeded with
    random directions, are what is differentiated again.
    """

    output: Node
    variables: Sequence[Node]
    names: Sequence[str]
    formulas: Sequence[Expr | None]
    lowered: Lowered | None
    given: Mapping[str, Any] = field(default_factory=dict)
    sources: Sequence[Callable[[], str]] | None = None
    why: str = ""
    inner: Sequence[Node] | None = None


class Scene:
    """A subject with numbers: leaves, sizes, and a cotangent that makes its output one number.

    Leaves with data keep it, in double precision; others are drawn, again and again until every
    step of the program is finite.
    """

    def __init__(self, subject: Subject, seed: int) -> None:
        self.subject = subject
        self.rng = np.random.default_rng(seed)
        self.program = Program(subject.output, {})
        self.sizes = sample_sizes(self.program.leaves)
        if subject.lowered is not None and subject.lowered.sizes is not None:
            self.sizes |= subject.lowered.sizes
        self._bind_given_sizes()
        self.program.sizes = self.sizes
        self.leaves = self._leaves()
        self.output = np.asarray(self.values[subject.output])
        self.c = np.ones(()) if self.output.ndim == 0 else self.rng.normal(size=self.output.shape)

    # -- numbers -----------------------------------------------------------------------------------

    def _bind_given_sizes(self) -> None:
        """Dims have the sizes of the arrays that the caller gave."""
        for node in self.program.leaves:
            given = self.subject.given.get(node.name or "")
            if given is not None:
                for size, length in zip(node.shape, np.shape(given), strict=False):
                    if isinstance(size, Size) and size.name is not None:
                        self.sizes[size.name] = length

    @property
    def sampled(self) -> bool:
        """Whether some leaf has no data of its own."""
        return any(self._known(node) is None for node in self.program.leaves)

    def _known(self, node: Node) -> Any:
        given = self.subject.given.get(node.name or "")
        return node.value if given is None else given

    def _leaves(self) -> dict[Node, Any]:
        words = words_of(self.program.order)
        leaves: dict[Node, Any] = {}
        for _ in range(_MOST_DRAWS):
            for node in self.program.leaves:
                known = self._known(node)
                leaves[node] = self._drawn(node, words[node]) if known is None else double(known)
            self.values = self.program.every(leaves)
            if not self.sampled or all(_is_finite(value) for value in self.values.values()):
                break
        return leaves

    def _drawn(self, node: Node, words: set[str]) -> Any:
        shape = self.shape(node)
        if not shape and node.name in self.sizes:
            return np.float64(self.sizes[node.name])
        return np.asarray(draw(words, shape, self.rng))

    def shape(self, node: Node) -> tuple[int, ...]:
        """The shape of a node here."""
        return tuple(value_of(s, self.sizes) if isinstance(s, Size) else int(s) for s in node.shape)

    # -- the function that is differentiated ---------------------------------------------------------

    def at(self, k: int) -> Any:
        """The value of variable k."""
        return np.asarray(self.values[self.subject.variables[k]])

    def differentiable(self, k: int) -> bool:
        """Whether variable k holds real numbers."""
        return self.at(k).dtype.kind == "f"

    def moved(self, k: int, direction: Any) -> Callable[[Any], Any]:
        """The output with variable k at x + t direction, as a function of t."""
        node, x = self.subject.variables[k], self.at(k)

        def along(t: Any) -> Any:
            return self.program.run({**self.leaves, node: x + t * direction})

        return along

    def direction(self, k: int, relative: bool = False) -> Any:
        """A random direction in which every element moves about as much as its own size."""
        x = self.at(k)
        return self.rng.normal(size=x.shape) * self.widths(k, relative)

    def widths(self, k: int, relative: bool = False) -> Any:
        """How far each element of variable k is moved by a step of 1."""
        x = np.abs(self.at(k))
        typical = float(np.sqrt(np.mean(x**2))) if x.size else 0.0
        return x if relative else np.maximum(x, 0.3 * typical) if typical else np.ones(x.shape)

    def perturbed(self) -> Scene:
        """The same scene with every number changed in its last digit."""
        eps = np.finfo(np.float64).eps
        return self.with_leaves(
            {
                node: value * (1 + eps * self.rng.choice([-1.0, 1.0], size=np.shape(value)))
                if np.asarray(value).dtype.kind == "f"
                else value
                for node, value in self.leaves.items()
            }
        )

    def with_leaves(self, leaves: dict[Node, Any]) -> Scene:
        """The same scene on other numbers."""
        twin = copy(self)
        twin.leaves = leaves
        twin.values = twin.program.every(leaves)
        return twin

    def seeded(self, c: Any) -> Scene:
        """The same scene with another cotangent."""
        twin = copy(self)
        twin.c = np.asarray(c, dtype=float)
        twin.__dict__.pop("natural", None)
        return twin

    @cached_property
    def natural(self) -> float:
        """The size a slope would have if the output changed by its own size as variables do."""
        return float(np.sum(np.abs(self.c * self.output)))

    # -- the symbolic side ---------------------------------------------------------------------------

    def leaf_values(self) -> dict[str, Any]:
        """The arrays of the lowered variables, without their axes of size 1."""
        lowered = self.subject.lowered
        assert lowered is not None
        return {
            name: lowered.leaf_array(name, self.leaves[node])
            for name, (node, _) in lowered.leaves.items()
        }


    def named_values(self) -> dict[str, Any]:
        """The arrays of the lowered variables in their own shapes."""
        lowered = self.subject.lowered
        assert lowered is not None
        return {name: self.leaves[node] for name, (node, _) in lowered.leaves.items()}


def _is_finite(value: Any) -> bool:
    array = np.asarray(value)
    return array.dtype.kind not in "fc" or bool(np.isfinite(array).all())
