"""What a primitive is: one row that states facts, from which everything else follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal

from minigrad.errors import ArgumentError, KindError, NameClashError, UnsupportedError
from minigrad.names import checked_name

Kind = Literal["elementwise", "contraction", "general", "composite"]
Rule = Callable[..., Any]
Meaning = str | Callable[..., Any] | None

_NO_PARAMS: Mapping[str, Any] = MappingProxyType({})


class Notation:
    """How people write an operation where the default print is not the one they use.

    ``mark`` stands beside a gradient that passes through the operation in a derivation; ``word`` is
    what the operation is called in words, where that is not its name.
    """

    __slots__ = ("latex", "mark", "mathml", "text", "word")

    def __init__(
        self, text: str, latex: str, mathml: str = "", mark: str = "", word: str = ""
    ) -> None:
        self.text, self.latex, self.mathml, self.mark, self.word = text, latex, mathml, mark, word


class Names:
    """Where an operation is found beside its own name.

    ``also`` holds further public names ("linalg.outer"), ``numpy`` NumPy's functions of other names,
    ``methods`` those of Tensor where they are not what :attr:`Primitive.methods` says, ``words`` what
    a text may say for it; what is not ``public`` serves other rows. NumPy's function of the same name
    is found by itself.
    """

    __slots__ = ("also", "methods", "numpy", "public", "words")

    def __init__(
        self,
        also: tuple[str, ...] = (),
        numpy: tuple[str, ...] = (),
        methods: tuple[str, ...] | None = None,
        words: tuple[str, ...] = (),
        public: bool = True,
    ) -> None:
        self.also, self.numpy, self.methods = also, numpy, methods
        self.words, self.public = words, public


AS_IT_IS = Names()
INTERNAL = Names(public=False)


class Primitive:
    """One row of the table of operations; a fact that is to change makes another row.

    ``forward`` runs on arrays. ``vjps`` holds one rule ``(g, y, *args, **params) -> cotangent`` per
    argument, or None where an argument is not differentiable; a variadic row has the single rule
    ``vjp(i, g, y, *args, **params)`` instead, or ``vjp_all(positions, g, y, *args, **params)`` that
    returns the cotangents of several arguments at once. ``meaning`` says what the row computes in index
    notation and is read by the symbolic side alone; no rule may consult it. ``broadcasts`` lets the
    sweep sum cotangents back to the arguments' shapes; ``masks`` says that cotangents may be 0 by
    choice, where a later 0 · ∞ must stay 0; ``casts`` that cotangents may be of another element type
    than the result; ``shape_message`` explains shapes that do not fit. ``reads``
    says for each rule whose values it reads, "y" for the result and "0", "1" for the arguments, so
    that other large arrays need not be kept; None means that it may read everything. ``optional`` says
    that arguments by element may be None, as bounds are.

    Examples
    --------
    The square root, y = √x, whose rule dx = g / (2 y) reads the result alone:

    >>> import numpy as np
    >>> root = Primitive(
    ...     "root",
    ...     "elementwise",
    ...     np.sqrt,
    ...     vjps=(lambda g, y, x: g / (2 * y),),
    ...     meaning="sqrt(x)",
    ...     domain=("positive",),
    ...     reads=("y",),
    ... )
    """

    # No dataclass: what writes one takes as long as three modules of rows take to load.
    __slots__ = (
        *("name", "kind", "forward", "vjps", "meaning", "domain", "kinks", "notation", "arity"),
        *("variadic", "vjp", "vjp_all", "params", "broadcasts", "masks", "casts", "shape_message"),
        *("reads", "optional", "builtin", "doc", "names", "checks_shape", "may_mask"),
    )

    def __init__(
        self,
        name: str,
        kind: Kind,
        forward: Rule,
        *,
        vjps: tuple[Rule | None, ...] = (),
        meaning: Meaning = None,
        domain: tuple[str, ...] = (),
        kinks: str = "",
        notation: Notation | None = None,
        arity: int | None = 1,
        variadic: bool = False,
        vjp: Rule | None = None,
        vjp_all: Rule | None = None,
        params: Mapping[str, Any] = _NO_PARAMS,
        broadcasts: bool = False,
        masks: bool = False,
        casts: bool = False,
        shape_message: Rule | None = None,
        reads: tuple[str, ...] | None = None,
        optional: bool = False,
        builtin: bool = False,
        doc: str = "",
        names: Names = AS_IT_IS,
    ) -> None:
        self.name, self.kind, self.forward = name, kind, forward
        self.vjps, self.vjp_all, self.reads, self.optional = vjps, vjp_all, reads, optional
        self.vjp = vjp if vjp_all is None else _one_of(vjp_all)
        self.meaning, self.domain, self.kinks, self.notation = meaning, domain, kinks, notation
        self.arity, self.variadic, self.params = arity, variadic, params
        self.broadcasts, self.masks, self.casts = broadcasts, masks, casts
        self.shape_message, self.builtin, self.doc, self.names = shape_message, builtin, doc, names
        # Built-in rules return their argument's shape and write into no array that they are given;
        # those of users are checked.
        self.checks_shape = broadcasts or not builtin
        self.may_mask = masks or casts or not builtin

    def replaced(self, **facts: Any) -> Primitive:
        """A row with other facts, which is not registered."""
        derived = ("checks_shape", "may_mask")
        own = {fact: getattr(self, fact) for fact in self.__slots__ if fact not in derived}
        return Primitive(**{**own, **facts})

    @property
    def differentiable(self) -> bool:
        """Whether any argument can receive a cotangent."""
        return self.vjp is not None or any(rule is not None for rule in self.vjps)

    @property
    def methods(self) -> tuple[str, ...]:
        """Its names behind a dot: those that are said, else its own for what acts by element or along axes."""
        if self.names.methods is not None:
            return self.names.methods
        along = self.kind != "composite" and not self.variadic and "axis" in self.params
        if self.kind != "elementwise" and not along:
            return ()
        return tuple(name.rpartition(".")[2] for name in (self.name, *self.names.also))

    def rule(self, position: int) -> Rule | None:
        """The VJP of one argument, or None."""
        if self.variadic:
            return self.vjp
        return self.vjps[position] if position < len(self.vjps) else None

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return row_named, (self.name,)


def _one_of(several: Rule) -> Rule:
    """The rule for one argument, from the rule for several."""

    def one(i: int, g: Any, y: Any, *args: Any, **params: Any) -> Any:
        return several((i,), g, y, *args, **params)[0]

    return one


REGISTRY: dict[str, Primitive] = {}


def register(row: Primitive) -> Primitive:
    """Enter a row; a user's own row may be redefined, a built-in one may not."""
    if not row.builtin:
        checked_name(row.name, "an operation's name")
    known = REGISTRY.get(row.name)
    if known is not None and known.builtin:
        raise NameClashError(
            f"{row.name!r} is a built-in operation and cannot be redefined; "
            f"choose another name, for example 'my_{row.name.rsplit('.', 1)[-1]}'"
        )
    REGISTRY[row.name] = row
    return row


def row_named(name: str) -> Primitive:
    """The row of this name; what pickle keeps of an operation is its name."""
    if name not in REGISTRY:
        raise UnsupportedError(
            f"unpickling: no operation is named {name!r} here; run the code that makes it with "
            "mg.primitive or mg.elementwise first"
        )
    return REGISTRY[name]


# Where arguments may lie and a function is smooth.
DOMAINS = (
    *("real", "positive", "nonzero", "unit", "(-1, 1)", "above 1", "large", "noninteger", "bool"),
    *("invertible", "symmetric", "spd"),
)


def keyword_defaults(forward: Rule) -> dict[str, Any]:
    """The keyword-only parameters of a forward function with their defaults."""
    return dict(getattr(forward, "__kwdefaults__", None) or {})


def per_argument(name: str, domain: str | tuple[str, ...], arity: int | None) -> tuple[str, ...]:
    """One domain word per argument; a single word holds for all of them."""
    words = (domain,) if isinstance(domain, str) else domain
    if not isinstance(words, (tuple, list)) or not all(isinstance(word, str) for word in words):
        raise KindError(f"{name}: domain is a word, or a tuple of one for each argument, not {domain!r}")
    unknown = [word for word in words if word not in DOMAINS]
    if unknown:
        raise ArgumentError(f"{name}: domain {unknown[0]!r} is none of {', '.join(DOMAINS)}")
    words = tuple(words)
    if arity is None or len(words) == arity:
        return words
    if len(words) == 1:
        return words * arity
    raise ArgumentError(f"{name}: {len(words)} domains were given for {arity} arguments")
