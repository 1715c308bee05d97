"""Functions applied to whole rows and matrices read as trees: softmax(X), X⁻¹, rowmax(X)."""

from __future__ import annotations

from minigrad.index.expr import Composite, MatrixFunction, Reduction
from minigrad.index.matrices.parts import read as takes_matrices
from minigrad.notation.memory import Memory
from minigrad.notation.parts import indexed, over_element
from minigrad.notation.structural import OrderError, Places, index_name
from minigrad.notation.tree import Call, Indexed, Inverse, Relation, Tree


class Applied(Memory):
    """The part of a reader that writes a function by its name and its argument.

    Where the argument has more axes than a matrix, the function is written over letters of its own.
    """

    def composite(self, node: Composite, places: Places) -> Tree:
        """A function of each row or matrix takes the subscripts of leading axes inside; others stand outside."""
        count = int(str(dict(node.definition.params).get("count", 1)))
        if count != 1 and not takes_matrices(node.definition.name):
            return self.read(node.expand(), places)  # by its name a function of each row
        inside = [k for k, place in enumerate(places) if place is not None]
        alike = len({arg.ndim for arg in node.args}) == 1
        before = min(node.args[0].ndim - count, node.ndim - 1) if alike else 0
        if inside == list(range(len(inside))) and 0 < len(inside) <= before:
            args = tuple(
                self.read(arg, (*places[: len(inside)], *(None,) * (arg.ndim - len(inside))))
                for arg in node.args
            )
            return Call(node.definition.name, args)
        try:
            args = tuple(self.read(arg, (None,) * arg.ndim) for arg in node.args)
        except OrderError:
            return self.composite_by_index(node, places)
        return indexed(Call(node.definition.name, args), places)

    def composite_by_index(self, node: Composite, places: Places) -> Tree:
        """A function of what has more than two axes: over letters of its own, f_kl(X_ijkl)_kl."""
        if any(place is None for place in places):
            raise OrderError("a function of more than two axes is written by its indices")
        count = dict(node.definition.params).get("count", max(a.ndim for a in node.args))
        own: Places = ()
        args = []
        for arg in node.args:
            kept = arg.ndim - min(int(str(count)), arg.ndim)
            own = own or tuple(self.letter(size) for size in arg.sizes[kept:])
            args.append(self.read(arg, (*places[:kept], *own[: arg.ndim - kept])))
        call = Call(f"{node.definition.name}_{''.join(map(str, own))}", tuple(args))
        return indexed(call, places[node.ndim - len(own) :] if node.ndim >= len(own) else ())

    def matrix_function(self, node: MatrixFunction, places: Places) -> Tree:
        lead = node.arg.ndim - 2
        own: Places = ()
        try:
            body = self.read(node.arg, (*places[:lead], None, None))
        except OrderError:  # over letters of its own: logdet_ij(Σ_kl ...)
            if None in places[:lead]:
                raise
            own = tuple(self.letter(size) for size in node.arg.sizes[lead:])
            body = self.read(node.arg, (*places[:lead], *own))
        if node.row.inverts and not own:
            return indexed(Inverse(body), places[lead:])
        name = f"{node.row.name}_{''.join(own)}" if own else node.row.name  # type: ignore[arg-type]
        return indexed(Call(name, (body,)), places[lead:])

    def reduction(self, node: Reduction, places: Places) -> Tree:
        if node.kind == "others":
            return self.read(over_element(node), places)
        kept = node.arg.ndim - node.count
        if node.count > 1 and None in places[:kept]:
            raise OrderError("a reduction of each matrix is written over its rows, which it is none of")
        inner = (*places[:kept], *(None,) * node.count)
        try:
            body = self.read(node.arg, inner)
        except OrderError:
            return self.reduction_by_index(node, places)
        rows = sum(place is None for place in inner) > node.count
        tree = Call(f"row{node.kind}" if rows else node.kind, (body,))
        whole = tuple(place for place in places[:kept] if place is None)
        return _of_elements(node, tree, (*whole, *places[kept:]))

    def reduction_by_index(self, node: Reduction, places: Places) -> Tree:
        """Over letters of its own, max_kl(X_ijkl), where the whole has more than two axes."""
        kept = node.arg.ndim - node.count
        if any(place is None for place in places):
            raise OrderError("a reduction over more than two axes is written by its indices")
        own = tuple(self.letter(size) for size in node.arg.sizes[kept:])
        body = self.read(node.arg, (*places[:kept], *own))
        return _of_elements(node, Call(f"{node.kind}_{''.join(own)}", (body,)), places[kept:])


def _of_elements(node: Reduction, tree: Call, places: Places) -> Tree:
    """What a reduction is at some of the places that it ran over; an argmax is one of those places."""
    if node.kind in ("max", "prod"):
        return tree
    if node.kind != "argmax":
        return indexed(tree, places)
    if None not in places and (len(places) == 1 or not (any(" " in str(p) for p in places) or _is_cut(tree))):
        return Relation("=", tree, index_name(*places))
    return indexed(Call("onehot", (tree,)), places)


def _is_cut(tree: Call) -> bool:
    """Whether a function is of a window, whose row-major places do not say how far they run."""
    (body,) = tree.args
    return isinstance(body, Indexed) and any(":" in str(place) for place in body.places)
