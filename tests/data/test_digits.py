"""The digits are what they claim to be; splits and minibatches deal every example out once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.errors import ArgumentError, ShapeError


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_digits_are_the_published_ones() -> None:
    images, labels = mg.data.digits()
    assert images.shape == (1797, 8, 8)
    assert labels.shape == (1797,)
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    counts = images * 16
    assert (counts == counts.round()).all()
    assert (images.min(), images.max()) == (0, 1)
    assert counts.sum() == 561_718
    first = [[0, 0, 5, 13, 9, 1, 0, 0], [0, 0, 13, 15, 10, 15, 5, 0]]
    assert counts[0, :2].tolist() == first


def test_digits_are_the_callers_own() -> None:
    images, labels = mg.data.digits()
    images[:], labels[:] = -1, -1
    again, labels_again = mg.data.digits()
    assert again.min() == 0
    assert labels_again.min() == 0


@given(count=st.integers(2, 60), part=st.floats(0.05, 0.95), seed=st.integers(0, 99))
def test_split_keeps_pairs_and_loses_none(count: int, part: float, seed: int) -> None:
    X = np.arange(count)
    if not 0 < round(count * part) < count:
        with pytest.raises(ArgumentError, match="leaves one part empty"):
            mg.data.split(X, -X, test=part, rng=rng(seed))
        return
    (X_train, y_train), (X_test, y_test) = mg.data.split(X, -X, test=part, rng=rng(seed))
    assert sorted([*X_train, *X_test]) == list(range(count))
    assert len(X_test) == round(count * part)
    assert (y_train == -X_train).all()
    assert (y_test == -X_test).all()


def test_split_is_decided_by_the_generator() -> None:
    X = np.arange(100)
    first, again, other = (mg.data.split(X, test=0.2, rng=rng(s))[1][0] for s in (3, 3, 4))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


@given(count=st.integers(1, 60), size=st.integers(1, 70), seed=st.integers(0, 99))
def test_minibatches_deal_each_example_once(count: int, size: int, seed: int) -> None:
    X = np.arange(count)
    batches = list(mg.data.minibatches(X, -X, size=size, rng=rng(seed)))
    assert sorted(np.concatenate([x for x, _ in batches])) == list(range(count))
    assert [len(x) for x, _ in batches[:-1]] == [size] * (len(batches) - 1)
    assert all((y == -x).all() for x, y in batches)


def test_minibatches_shuffle_each_epoch_anew_and_stay_put_without_a_generator() -> None:
    X = np.arange(50)
    generator = rng()
    first, second = (
        np.concatenate([x for (x,) in mg.data.minibatches(X, size=8, rng=generator)])
        for _ in range(2)
    )
    assert first.tolist() != second.tolist()
    plain = np.concatenate([x for (x,) in mg.data.minibatches(X, size=8)])
    assert plain.tolist() == X.tolist()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: mg.data.split(np.ones(5), test=0.01, rng=rng()), ArgumentError, "one part empty"),
        (lambda: mg.data.split(np.ones(5), test=1.5, rng=rng()), ArgumentError, "test=1.5"),
        (lambda: mg.data.split(test=0.5, rng=rng()), ArgumentError, "no arrays"),
        (
            lambda: mg.data.split(np.ones(5), np.ones((4, 2)), test=0.5, rng=rng()),
            ShapeError,
            r"split: the arrays have \[5, 4\] examples \(shapes \(5,\), \(4, 2\)\)",
        ),
        (lambda: mg.data.minibatches(np.ones(5), size=0), ArgumentError, "size=0"),
        (
            lambda: mg.data.minibatches(np.ones(5), np.ones(6), size=2),
            ShapeError,
            r"\[5, 6\] examples",
        ),
    ],
)
def test_errors_say_what_and_why(call: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()  # type: ignore[operator]
