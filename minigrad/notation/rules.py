"""The rules of differentiation in words, one for every kind of node that a gradient passes through."""

from __future__ import annotations

from minigrad.index import undefined
from minigrad.index.affine import AffineRelation, Delta, OneHot, Reshape, Roll, Slice, Triangle
from minigrad.index.expr import (
    Composite,
    Expr,
    Factor,
    Leaf,
    Map,
    MatrixFunction,
    Pick,
    Product,
    Reduction,
    Ref,
)
from minigrad.notation.functions import written

_SLOPES = {
    "abs": "|x|′ = sign(x)",
    "arctan": "arctan′(x) = 1 / (1 + x²)",
    "cos": "cos′ = −sin",
    "cosh": "cosh′ = sinh",
    "exp": "exp′ = exp",
    "log": "log′(x) = 1 / x",
    "nn.relu": "relu′ is 1 where the argument is positive, else 0",
    "nn.softplus": "softplus′ = σ",
    "sin": "sin′ = cos",
    "sinh": "sinh′ = cosh",
    "special.expit": "σ′ = σ (1 − σ)",
    "tanh": "tanh′ = 1 − tanh²",
}
_COMPOSITES = {
    "nn.softmax": "the softmax Jacobian, ∂pᵢ/∂xⱼ = pᵢ (δᵢⱼ − pⱼ)",
    "nn.log_softmax": "the logarithm of the softmax, ∂ log pᵢ/∂xⱼ = δᵢⱼ − pⱼ",
    "special.logsumexp": "log-sum-exp, of which the gradient is the softmax",
    "nn.binary_cross_entropy": "binary cross-entropy, ∂L/∂p = (p − y) / (p (1 − p)), averaged",
}
_REDUCTIONS = {
    "max": "a maximum, where the gradient goes to the largest element and ties share it",
    "argmax": "a place of the largest element is locally constant",
    "prod": "a product of elements, where each one's slope is the product of the others",
    "others": "products of the other elements, where one element is left out in turn",
    "sort": "a sort, where the gradient goes back to the places that the elements came from",
    "argsort": "the order of the elements is locally constant",
}
_STRUCTURES = {
    Slice: "a slice, where the gradient goes to the places that were read, 0 elsewhere",
    OneHot: "an element, where the gradient goes to the place that was read, 0 elsewhere",
    Reshape: "a reshape, where the gradient takes the old shape again",
    Triangle: "a running sum, where the gradient is summed from the other end",
    Roll: "a roll, where the gradient is rolled back",
    Delta: "a diagonal, where the gradient stays on it",
    type(None): "windows, where the gradient is a product over the same windows",
}


def rule_of(node: Expr, k: int) -> str:
    """How a gradient passes from ``node`` to its child k; "" where there is nothing to say."""
    match node:
        case Map():
            name = node.head.name
            if undefined.is_undefined(node.head):
                return f"the chain rule, element by element, {undefined.slope(node.head, k).name}"
            short = written(name).text.replace("·", "x")
            slope = _SLOPES.get(name, "" if name in ("where", "step") else f"{short}′")
            if name == "where":
                return "a choice, where each branch gets the gradient where it was taken"
            if name in ("maximum", "minimum"):
                return f"the {name}, where the gradient goes to the argument that was chosen"
            return f"the chain rule, element by element{', ' + slope if slope else ''}"
        case Composite():
            known = _COMPOSITES.get(node.definition.name)
            return known or f"the definition of {written(node.definition.name).text}, differentiated"
        case MatrixFunction():
            return node.row.sentence
        case Reduction():
            return _REDUCTIONS[node.kind]
        case Product():
            return _of_product(node, node.factors[k])
        case Pick():
            return "an index, and a position has no gradient"
    return ""


def _of_product(node: Product, chosen: Factor) -> str:
    power = _of_power(node, chosen)
    if power:
        return power
    others = [f for f in node.factors if f is not chosen]
    structure = next(
        (
            f.node
            for f in others
            if isinstance(f.node, AffineRelation | Pick) and set(f.labels) & set(chosen.labels)
        ),
        None,
    )
    if isinstance(structure, AffineRelation):
        corners = [f for f in others if f.node is structure and set(f.labels) <= set(chosen.labels)]
        if isinstance(structure.form, Triangle) and corners:
            return "a triangle, where the gradient is kept inside it, 0 elsewhere"
        return _STRUCTURES[type(structure.form)]
    if structure is not None:
        return "a lookup, where the gradient goes to the rows that were read"
    shared = [f for f in others if set(f.labels) & set(chosen.labels)]
    if not shared:
        return _alone(node, chosen)
    own = set(chosen.labels)
    if len(chosen.labels) == 1 and not node.ndim and len(shared) == 1 == len(shared[0].labels):
        return "a dot product, d(aᵀ x) = aᵀ dx"
    if all(set(f.labels) <= own for f in shared) and not own & set(range(node.ndim)):
        if all(len(f.labels) == 1 for f in shared) and len(own) == 2:
            return "a bilinear form, d(aᵀ M b) = aᵀ dM b"
        return "the sum of an elementwise product, where the gradient is the other factor"
    if not node.ndim and len(chosen.labels) == 2 and all(len(f.labels) == 2 for f in shared):
        return "the trace trick, tr(A dX B) = tr(B A dX)"
    if not own & set(node.summed):
        return "an elementwise product, where the gradient is multiplied by the other factor"
    return _of_matrices(node, chosen, shared)


def _of_matrices(node: Product, chosen: Factor, shared: list[Factor]) -> str:
    """A matrix product, told by the side on which the factor stands."""
    rest = "a matrix product, where the gradient is multiplied by the other factors, transposed"
    free = [place for place, label in enumerate(chosen.labels) if label < node.ndim]
    if len(shared) != 1 or len(shared[0].labels) > 2 or len(free) > 1:
        return rest
    if len(chosen.labels) == 1:
        return "a matrix times a vector, where y = A x gives dx = Aᵀ dy" if node.ndim == 1 else rest
    if len(chosen.labels) != 2 or not free:
        return rest
    if len(shared[0].labels) == 1:
        return "a matrix times a vector, where y = X w gives dX = dy wᵀ" if node.ndim == 1 else rest
    if node.ndim != 2:
        return rest
    on_rows = chosen.labels[free[0]] == 0
    return {
        (True, 0): "a matrix product, where Y = X B gives dX = dY Bᵀ",
        (True, 1): "a matrix product, where Y = Xᵀ B gives dX = B dYᵀ",
        (False, 1): "a matrix product, where Y = A X gives dX = Aᵀ dY",
        (False, 0): "a matrix product, where Y = A Xᵀ gives dX = dYᵀ A",
    }[on_rows, free[0]]


def _of_power(node: Product, chosen: Factor) -> str:
    if chosen.exponent == 1:
        return ""
    if chosen.exponent < 0:
        return "the quotient rule, d(1/u) = −du / u²" if chosen.exponent == -1 else "the power rule"
    if chosen.exponent == 2 and not node.ndim and chosen.labels:
        return "a sum of squares, d‖r‖² = 2 rᵀ dr"
    if str(chosen.exponent) == "1/2":
        return "a square root, d√u = du / (2 √u)"
    return f"the power rule, d(uⁿ) = n uⁿ⁻¹ du with n = {chosen.exponent}"


def _alone(node: Product, chosen: Factor) -> str:
    """A factor that shares no index with another: repeated, summed or scaled."""
    if len(set(chosen.labels)) < len(chosen.labels):
        return "a trace, d tr X = tr dX" if not node.ndim else "a diagonal, where the gradient stays on it"
    carried = {label for f in node.factors for label in f.labels}
    if any(label not in carried for label in range(node.ndim)):
        return "broadcasting, where the gradient is summed over the axes along which it was repeated"
    summed = [label for label in chosen.labels if label in node.summed]
    if summed and any(
        isinstance(f.node, Leaf) and f.node.kind == "size" and f.exponent < 0 for f in node.factors
    ):
        return "a mean, where every element gets an equal share of the gradient"
    if summed:
        return "a sum, where every element gets the gradient"
    if chosen.labels and any(f.node.ndim for f in node.factors if f is not chosen):
        return "an outer product, where the gradient is multiplied by the other factor"
    return "a constant factor" if node.coef != 1 or len(node.factors) > 1 else ""


def children_with(node: Expr, name: str, memo: dict[Expr, bool]) -> list[int]:
    """The children of a node in which a name occurs, without looking behind other names."""
    return [k for k, child in enumerate(node.children()) if mentions(child, name, memo)]


def mentions(root: Expr, name: str, memo: dict[Expr, bool]) -> bool:
    """Whether a name occurs in an expression, without looking behind other names."""
    stack: list[tuple[Expr, bool]] = [(root, False)]
    while stack:
        node, ready = stack.pop()
        if node in memo:
            continue
        if isinstance(node, Ref | Leaf):
            memo[node] = node.name == name and getattr(node, "of", None) is None
        elif ready or not node.children():
            memo[node] = any(memo[child] for child in node.children())
        else:
            stack.append((node, True))
            stack.extend((child, False) for child in node.children())
    return memo[root]


def path_rules(root: Expr, name: str) -> tuple[list[str], int]:
    """The rules on the ways from an expression to a name in it, outermost first, and how often it occurs."""
    memo: dict[Expr, bool] = {}
    if not mentions(root, name, memo):
        return [], 0
    rules: dict[str, None] = {}
    places, seen, level = 0, {root}, [root]
    while level:
        below: list[Expr] = []
        for node in level:
            for k in children_with(node, name, memo):
                child = node.children()[k]
                rules.setdefault(rule_of(node, k))
                if isinstance(child, Ref | Leaf):
                    places += 1
                elif child not in seen:
                    seen.add(child)
                    below.append(child)
        level = below
    rules.pop("", None)
    return list(rules), places
