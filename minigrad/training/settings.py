"""What a training run was asked to do: every choice, as plain data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from minigrad.errors import ArgumentError
from minigrad.training.schema import is_real, is_whole

DIGITS = "digits"
OPTIMIZERS = ("adamw", "adam", "sgd", "rmsprop", "adagrad")
SCHEDULES = ("constant", "cosine", "linear", "step")
TASKS = ("classes", "numbers")
DTYPES = ("float64", "float32")

_ABOUT = 32
# No size, count or length of a run is larger.
LARGEST = 2**31
_OPTIONAL = frozenset(
    {
        *("text", "task", "positive", "features", "max_length", "max_words"),
        *("dim", "batch_size", "patience", "clip"),
    }
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The choices of a training run; what is None is chosen by the data.

    Parameters
    ----------
    data
        ``"digits"`` (even or odd), or the path of a CSV file.
    text
        The column of texts; without one, the inputs are columns of numbers.
    label, task, positive
        The column to predict, whether it holds ``"classes"`` or ``"numbers"``, by default as it looks,
        and of two classes the one that is class 1.
    features
        The columns of numbers; all but the label by default.
    delimiter, encoding
        Of the CSV file.
    max_length, max_words
        Words to a text, and words to know.
    heads, layers, dim, causal, dropout
        Of the transformer: attention heads and blocks, features of a token, whether tokens see
        earlier ones alone, and the probability of dropping a feature.
    epochs, batch_size, patience
        The last epoch, examples to a step, and epochs without a lower validation loss after which
        to stop.
    optimizer, lr, weight_decay, schedule, warmup, clip
        The rule of the steps, their size, its schedule and how many steps it rises, and the
        largest norm of the gradients.
    validation, test
        The parts of the data that are held out, between 0 and 1.
    seed
        Decides the parts, the first weights, the order of examples and what is dropped.
    dtype
        Of all numbers, float64 or float32.
    """

    data: str = DIGITS
    text: str | None = None
    label: str = "label"
    task: str | None = None
    positive: str | None = None
    features: tuple[str, ...] | None = None
    delimiter: str = ","
    encoding: str = "utf-8"
    max_length: int | None = None
    max_words: int | None = None
    heads: int = 4
    layers: int = 1
    dim: int | None = None
    causal: bool = False
    dropout: float = 0.1
    epochs: int = 20
    batch_size: int | None = None
    patience: int | None = 10
    optimizer: str = "adamw"
    lr: float = 3e-3
    weight_decay: float = 0.01
    schedule: str = "constant"
    warmup: int = 0
    clip: float | None = 1.0
    validation: float = 0.1
    test: float = 0.2
    seed: int = 0
    dtype: str = "float64"

    def __post_init__(self) -> None:
        problems = [
            f"{name}={getattr(self, name)!r:.60}: {wish}"
            for name, (holds, wish) in _RULES.items()
            if not (getattr(self, name) is None and name in _OPTIONAL) and not holds(getattr(self, name))
        ]
        if problems:
            raise ArgumentError("training settings: " + "\n  ".join(problems))
        if not 0 < self.validation + self.test < 1:
            problems.append(
                f"validation={self.validation} and test={self.test} leave nothing to train on"
            )
        if self.dim is not None and self.heads >= 1 and self.dim % self.heads:
            below = self.dim - self.dim % self.heads
            near = [size for size in (below, below + self.heads) if size]
            problems.append(
                f"dim={self.dim}: {self.heads} heads need a multiple of {self.heads}, for example "
                + " or ".join(map(str, near))
            )
        if self.data == DIGITS and (self.text is not None or self.features is not None):
            problems.append("data='digits' has no columns; text and features belong to a CSV file")
        if self.data == DIGITS and self.task == "numbers":
            problems.append("data='digits' are even or odd: two classes, and no task='numbers'")
        repeated = [name for name, count in Counter(self.features or ()).items() if count > 1]
        if repeated:
            problems.append(f"features: {', '.join(sorted(repeated))} given more than once")
        if self.text is not None and self.features is not None:
            problems.append("text and features: give one, for inputs are words or numbers")
        if problems:
            raise ArgumentError("training settings: " + "\n  ".join(problems))

    @property
    def width(self) -> int:
        """The features of a token: ``dim``, or about 32 and a multiple of the heads."""
        return self.dim or self.heads * max(1, round(_ABOUT / self.heads))

    def plain(self) -> dict[str, Any]:
        """The settings as JSON has them."""
        return asdict(self)

    @classmethod
    def of(cls, facts: dict[str, Any]) -> Self:
        """The inverse of :meth:`plain`.

        Raises
        ------
        ArgumentError
            When names are missing or unknown, or values are none that settings have.
        """
        names = {field.name for field in fields(cls)}
        if facts.keys() != names:
            wrong = sorted(facts.keys() ^ names)
            raise ArgumentError(f"settings missing or unknown: {', '.join(map(ascii, wrong)):.200}")
        columns = facts["features"]
        return cls(**facts | {"features": tuple(columns) if isinstance(columns, list) else columns})


_Rule = tuple[Callable[[Any], bool], str]


def _at_least(least: int, most: int = LARGEST) -> _Rule:
    wish = f"a whole number, at least {least} and at most {most:,}"
    return lambda x: is_whole(x, least, most), wish


def _one_of(names: tuple[str, ...]) -> _Rule:
    return lambda x: isinstance(x, str) and x in names, f"one of {', '.join(names)}"


def _real(holds: Callable[[float], bool], wish: str) -> _Rule:
    return lambda x: is_real(x) and holds(x), wish


_PART = _real(lambda x: 0 < x < 1, "a part between 0 and 1")
_TEXT: _Rule = (lambda x: isinstance(x, str), "a text")

_RULES: dict[str, _Rule] = {
    **dict.fromkeys(("data", "text", "label", "positive", "delimiter", "encoding"), _TEXT),
    "features": (
        lambda x: isinstance(x, tuple) and all(isinstance(name, str) for name in x),
        "names of columns",
    ),
    "causal": (lambda x: isinstance(x, bool), "true or false"),
    "max_length": _at_least(1),
    "max_words": _at_least(1),
    "heads": _at_least(1),
    "layers": _at_least(1, 10_000),
    "dim": _at_least(1),
    "epochs": _at_least(1),
    "batch_size": _at_least(1),
    "patience": _at_least(1),
    "warmup": _at_least(0),
    "seed": _at_least(0, 2**128),
    "dropout": _real(lambda x: 0 <= x < 1, "a probability, at least 0 and less than 1"),
    "lr": _real(lambda x: x > 0, "a positive number"),
    "weight_decay": _real(lambda x: x >= 0, "a number, at least 0"),
    "clip": _real(lambda x: x > 0, "a positive number"),
    "validation": _PART,
    "test": _PART,
    "task": _one_of(TASKS),
    "optimizer": _one_of(OPTIMIZERS),
    "schedule": _one_of(SCHEDULES),
    "dtype": _one_of(DTYPES),
}
