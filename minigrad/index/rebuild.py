"""Rebuilding: the same expression with some nodes replaced, in normal form again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from minigrad.index.algebra import add, largest
from minigrad.index.contract import with_factors
from minigrad.index.expr import (
    Composite,
    Expr,
    Map,
    MatrixFunction,
    Pick,
    Product,
    Reduction,
    Ref,
    Sum,
    postorder,
)
from minigrad.index.pointwise import apply_head


def with_children(node: Expr, children: Sequence[Expr]) -> Expr:
    """The node of the same kind on other children."""
    match node:
        case Sum():
            return add([(c, child) for (c, _), child in zip(node.terms, children, strict=True)])
        case Product():
            operands = [
                (child, f.labels, f.exponent)
                for f, child in zip(node.factors, children, strict=True)
            ]
            return with_factors(node, operands)
        case Map():
            return apply_head(node.head, children)
        case Composite():
            return Composite(node.definition, tuple(children), node.sizes)
        case Reduction(kind="max"):
            return largest(children[0], node.count)
        case Reduction():
            return Reduction(node.kind, children[0], node.count)
        case MatrixFunction():
            return MatrixFunction(node.row, children[0])
        case Pick():
            return Pick(children[0], node.sizes[-1])
        case Ref():
            return Ref(node.name, children[0], node.of, node.free)
    return node


def rewritten(
    root: Expr,
    rule: Callable[[Expr], Expr | None],
    done: dict[Expr, Expr] | None = None,
    again: bool = False,
) -> Expr:
    """``root`` with ``rule(node)`` in place of every node for which it is not None, outermost first.

    ``done`` carries results from one root to the next. With ``again`` what the rule returns is rewritten
    too, unless it is the node itself.
    """
    done = {} if done is None else done
    stack: list[tuple[Expr, Expr | None]] = [(root, None)]  # a node, and what it came to be
    while stack:
        node, became = stack.pop()
        if node in done:
            continue
        if became is node:
            children = node.children()
            new = [done[child] for child in children]
            changed = any(a is not b for a, b in zip(children, new, strict=True))
            done[node] = with_children(node, new) if changed else node
            continue
        if became is not None:
            done[node] = done[became]
            continue
        replacement = rule(node)
        if replacement is None:
            stack.append((node, node))
            stack.extend((child, None) for child in node.children())
        elif again and replacement is not node:
            stack.extend([(node, replacement), (replacement, None)])
        else:
            done[node] = replacement
    return done[root]


def substituted(
    root: Expr, values: Mapping[Expr, Expr], done: dict[Expr, Expr] | None = None
) -> Expr:
    """``root`` with the given nodes replaced; ``done`` as in `rewritten`."""
    return rewritten(root, values.get, done)


def transformed(
    root: Expr,
    rule: Callable[[Expr], Expr],
    done: dict[Expr, Expr] | None = None,
    closed: Callable[[Expr], bool] = lambda node: False,
) -> Expr:
    """``root`` with ``rule`` applied to every node, innermost first.

    ``done`` carries results from one root to the next; what is ``closed`` stays as it is.
    """
    done = {} if done is None else done
    stack: list[tuple[Expr, bool]] = [(root, False)]
    while stack:
        node, ready = stack.pop()
        if node in done:
            continue
        if ready:
            children = node.children()
            new = [done[child] for child in children]
            same = all(a is b for a, b in zip(children, new, strict=True))
            done[node] = rule(node if same else with_children(node, new))
        elif closed(node):
            done[node] = node
        else:
            stack.append((node, True))
            stack.extend((child, False) for child in node.children())
    return done[root]


def parts_of(root: Expr) -> Iterator[Expr]:
    """Every node of an expression once, composites with what they are made of."""
    stack: list[Expr] = [root]
    seen: set[Expr] = set()
    while stack:
        for part in postorder(stack.pop(), seen=seen):
            yield part
            if isinstance(part, Composite):
                stack.append(part.expand())
