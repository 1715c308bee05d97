"""Every wrong file is refused before a model is built or an array read, whatever its size says."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

import minigrad as mg
from minigrad.errors import ArgumentError, LimitError
from minigrad.training import (
    Predictor,
    Session,
    Settings,
    load_checkpoint,
    save_checkpoint,
    tensor_file,
)
from minigrad.training import checkpoint as checkpoint_module
from minigrad.training.run_file import _fewest_numbers
from minigrad.training.session import CHECKPOINT
from minigrad.training.settings import DIGITS

Data = dict[str, Any]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A run of one epoch on a table of two columns."""
    folder = tmp_path_factory.mktemp("run")
    rows = "".join(f"{i % 2},{i % 5},{i % 3}\n" for i in range(30))
    (folder / "data.csv").write_text("label,a,b\n" + rows)
    settings = Settings(data=str(folder / "data.csv"), epochs=1, heads=1, dim=2)
    session = Session.start(settings, folder / "run")
    list(session.run())
    return session


def halves(run: Session) -> tuple[Data, bytes]:
    whole = run.checkpoint.read_bytes()
    size = int.from_bytes(whole[:8], "little")
    return json.loads(whole[8 : 8 + size]), whole[8 + size :]


def joined(header: bytes, arrays: bytes) -> bytes:
    return len(header).to_bytes(8, "little") + header + arrays


def nothing_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("this is not to be made of a wrong file")

    monkeypatch.setattr("minigrad.training.predictor.build", never)
    monkeypatch.setattr("minigrad.training.session.build", never)
    monkeypatch.setattr(checkpoint_module, "read_array", never)


def refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a prediction and a resumed run say of a file, from which nothing is made."""
    nothing_is_made(monkeypatch)
    with pytest.raises(ArgumentError) as caught:
        Predictor.load(path)
    if path.name == CHECKPOINT:
        with pytest.raises(ArgumentError):
            Session.resume(path.parent, {})
    return str(caught.value)


# -- bytes ------------------------------------------------------------------------------------------


BYTES: dict[str, tuple[Callable[[Data, bytes], bytes], str]] = {
    "empty": (lambda h, a: b"", "it has no header"),
    "short": (lambda h, a: b"\1\0", "it has no header"),
    "a lie": (lambda h, a: (10**18).to_bytes(8, "little") + b"{}", "1,000,000,000,000,000,000 bytes"),
    "nothing inside": (lambda h, a: joined(b"", a), "Expecting value"),
    "no JSON": (lambda h, a: joined(b"\xff\xfe", a), "can't decode"),
    "a list": (lambda h, a: joined(b"[]", a), "list"),
    "deep": (lambda h, a: joined(b"[" * 100_000, a), "recursion"),
    "twice": (lambda h, a: joined(b'{"a": 1, "a": 2}', a), "a name stands there twice"),
    "NaN": (lambda h, a: joined(b'{"a": NaN}', a), "NaN is no number"),
    "long digits": (lambda h, a: joined(b'{"a": ' + b"9" * 10_000 + b"}", a), "digits"),
    "no array": (lambda h, a: joined(b'{"a": 1}', a), "int"),
    "cut": (lambda h, a: joined(json.dumps(h).encode(), a[:-1]), "bytes"),
    "more": (lambda h, a: joined(json.dumps(h).encode(), a + b"\0"), "bytes"),
}


@pytest.mark.parametrize(("make", "words"), BYTES.values(), ids=BYTES)
def test_wrong_bytes(
    make: Any, words: str, run: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / CHECKPOINT).write_bytes(make(*halves(run)))
    said = refused(tmp_path / CHECKPOINT, monkeypatch)
    assert "not a whole safetensors file" in said
    assert words in said


@pytest.mark.skipif(os.name != "posix", reason="pipes, devices and holes are Unix's")
@pytest.mark.parametrize("kind", ["folder", "pipe", "/dev/zero", "loop", "sparse", "long header"])
def test_what_is_no_file_or_too_large(
    kind: str, run: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / CHECKPOINT
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind in ("sparse", "long header"):
        header, arrays = halves(run)
        text = json.dumps(header).encode() if kind == "sparse" else b" " * 2**25
        with path.open("wb") as file:
            file.write(joined(text, arrays) if kind == "sparse" else joined(text, b""))
            file.truncate(10 * 2**30)
    else:
        path.symlink_to(path if kind == "loop" else kind)
    said = refused(path, monkeypatch)
    assert any(words in said for words in ("cannot be read", "are read", "holds no checkpoint"))


# -- headers and facts ------------------------------------------------------------------------------


def put(*where: Any, value: Any) -> Callable[[Data], None]:
    def change(owner: Any) -> None:
        for key in where[:-1]:
            owner = owner[key]
        owner[where[-1]] = value

    return change


_HEAD = "model.head.W"
HEADERS = {
    "dtype": put(_HEAD, "dtype", value="F63"),
    "dtype of another size": put(_HEAD, "dtype", value="F16"),
    "dtype no text": put(_HEAD, "dtype", value=[]),
    "shape": put(_HEAD, "shape", value=[10**18, 10**18]),
    "shape below 0": put(_HEAD, "shape", value=[-1, -16]),
    "shape deep": put(_HEAD, "shape", value=[1] * 1000),
    "shape no list": put(_HEAD, "shape", value="x"),
    "offsets overlap": put(_HEAD, "data_offsets", value=[0, 16]),
    "offsets outside": put(_HEAD, "data_offsets", value=[10**18, 10**18 + 16]),
    "offsets three": put(_HEAD, "data_offsets", value=[0, 1, 2]),
    "offsets real": put(_HEAD, "data_offsets", value=[0.0, 16.0]),
    "more entries": put(_HEAD, "more", value=1),
    "metadata": put("__metadata__", value=[]),
    "an order to the terminal": put("\x1b[2J", value={"dtype": "F64", "shape": [0], "data_offsets": [0, 0]}),
    "a long name": put("x" * 1001, value={"dtype": "F64", "shape": [0], "data_offsets": [0, 0]}),
    "an order among what was saved": lambda header: header["__metadata__"].update(
        arrays='{"\\u001b[2J": ["float64", [1], 0]}'
    ),
    "an unknown array": put("stranger", value={"dtype": "F64", "shape": [0], "data_offsets": [0, 0]}),
}


@pytest.mark.parametrize("change", HEADERS.values(), ids=HEADERS)
def test_wrong_headers(
    change: Any, run: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header, arrays = halves(run)
    change(header)
    (tmp_path / CHECKPOINT).write_bytes(joined(json.dumps(header).encode(), arrays))
    said = refused(tmp_path / CHECKPOINT, monkeypatch)
    assert "not a whole safetensors file" in said or "the arrays are not those" in said or (
        "no checkpoint" in said or "is no name" in said
    )
    assert said.replace("\n", "").isprintable()


def empty_arrays(count: int) -> Data:
    return {f"a{k}": {"dtype": "F64", "shape": [0], "data_offsets": [0, 0]} for k in range(count)}


def in_the_inventory(count: int) -> Callable[[Data], None]:
    return lambda header: header["__metadata__"].update(
        arrays=json.dumps({f"a{k}": ["float64", [0], 0] for k in range(count)})
    )


MANY = {
    "arrays": (lambda h: h.update(empty_arrays(40_000)), r"it has 40,112 arrays; at most 32,768"),
    "entries": (in_the_inventory(40_000), "its inventory has 40,000 arrays"),
    "strangers": (lambda h: h.update(empty_arrays(30_000)), "and 29,980 more"),
    "facts": (lambda h: h["__metadata__"].update(facts="[" + "1," * 5 * 10**6), "at most 8,388,608"),
}


@pytest.mark.parametrize(("change", "words"), MANY.values(), ids=MANY)
@pytest.mark.long("part")
def test_many_of_anything_are_refused_in_few_words(
    change: Any, words: str, run: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header, arrays = halves(run)
    change(header)
    (tmp_path / CHECKPOINT).write_bytes(joined(json.dumps(header).encode(), arrays))
    said = refused(tmp_path / CHECKPOINT, monkeypatch)
    assert words in said
    assert len(said) < 4000


def test_more_arrays_than_are_read_are_not_written(tmp_path: Path) -> None:
    arrays = {f"a{k}": np.ones(0) for k in range(tensor_file.MOST_ARRAYS + 1)}
    with pytest.raises(ArgumentError, match="at most .* 32,768 arrays"):
        save_checkpoint(tmp_path / "c", arrays, {})
    assert not list(tmp_path.iterdir())


_DROPOUT = ("trainer", "random", "order", "rng")
FACTS: dict[str, tuple[Callable[[Data], None], str]] = {
    "layers": (put("settings", "layers", value=10**9), "layers=1000000000"),
    "layers within bounds": (put("settings", "layers", value=9000), "9,000 layers"),
    "dim": (put("settings", "dim", value=10**8), "at least 120,000,000,"),
    "heads and dim": (put("settings", "heads", value=2**30), "heads need a multiple"),
    "epochs": (put("settings", "epochs", value=-1), "epochs=-1"),
    "a text for a number": (put("settings", "layers", value="1"), "layers='1'"),
    "True for a number": (put("settings", "layers", value=True), "layers=True"),
    "NaN": (put("settings", "lr", value=float("nan")), "NaN is no number"),
    "beyond floats": (put("settings", "lr", value=10**400), "lr="),
    "None": (put("settings", "warmup", value=None), "warmup=None"),
    "encoding": (put("settings", "encoding", value=["x"] * 1000), "encoding="),
    "no settings": (put("settings", value=[]), "settings is list"),
    "unknown setting": (put("settings", "more", value=1), "'more'"),
    "unknown entry": (put("more", value=1), "unknown entry 'more'"),
    "encoder": (put("encoder", value=None), "encoder.kind"),
    "columns": (put("encoder", "names", value=["a"]), "names are not one for each mean"),
    "columns twice": (put("encoder", "names", value=["a", "a"]), "names"),
    "means": (put("encoder", "mean", value=[0.0, "x"]), "encoder.mean[1] is 'x'"),
    "deviations": (put("encoder", "std", value=[-1.0, 1.0]), "encoder.std[0] is -1.0"),
    "tokens": (
        put("encoder", value={"kind": "images", "tokens": 10**9, "features": 8}),
        "at least 2,000,000,0",
    ),
    "words": (
        put("encoder", value={"kind": "words", "column": "a", "words": ["a", "a"], "tokens": 1}),
        "stand there twice",
    ),
    "surrogate": (put("target", "labels", value=["a", "\ud800"]), "labels[1]"),
    "labels": (put("target", "labels", value=["a"]), "target.labels is list, not a list of 2"),
    "labels twice": (put("target", "labels", value=["a", "a"]), "not different from each other"),
    "shares": (put("target", "shares", value=[0.5, -1]), "target.shares[1] is -1"),
    "target": (put("target", value={"kind": "numbers", "mean": "x", "std": 1}), "target.mean is 'x'"),
    "kind": (put("target", "kind", value="ranks"), "none of classes, numbers"),
    "history": (put("trainer", "history", value=[1]), "trainer.history[0] is 1"),
    "history counts": (put("trainer", "history", 0, "number", value=7), "count its epochs"),
    "best": (put("trainer", "best_epoch", value=2), "best_epoch is 2, after 1"),
    "done": (put("trainer", "done", value=-1), "trainer.done is -1"),
    "losses": (put("trainer", "losses", value="x"), "trainer.losses is 'x'"),
    "random": (put("trainer", "random", value=3), "trainer.random is 3"),
    "no trainer": (lambda facts: facts.pop("trainer"), "trainer is missing"),
}


def with_facts(run: Session, folder: Path, change: Any) -> Path:
    header, arrays = halves(run)
    facts = json.loads(header["__metadata__"]["facts"])
    change(facts)
    header["__metadata__"]["facts"] = json.dumps(facts)
    path = folder / CHECKPOINT
    path.write_bytes(joined(json.dumps(header).encode(), arrays))
    return path


@pytest.mark.parametrize(("change", "words"), FACTS.values(), ids=FACTS)
def test_wrong_facts(
    change: Any, words: str, run: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = refused(with_facts(run, tmp_path, change), monkeypatch)
    assert "metadata are damaged" in said
    assert words in said


def test_facts_nested_deeply(
    run: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header, arrays = halves(run)
    header["__metadata__"]["facts"] = '{"settings":' + "[" * 100_000 + "]" * 100_000 + "}"
    (tmp_path / CHECKPOINT).write_bytes(joined(json.dumps(header).encode(), arrays))
    assert "recursion" in refused(tmp_path / CHECKPOINT, monkeypatch)


RESUMED: dict[str, Callable[[Data], None]] = {
    "generator": put(*_DROPOUT, value=[]),
    "generator's numbers": put(*_DROPOUT, "state", "state", value=-1),
    "generator's texts": put(*_DROPOUT, "state", "inc", value="x"),
    "generator's flag": put(*_DROPOUT, "has_uint32", value=2),
    "another generator": put(*_DROPOUT, "bit_generator", value="MT19937"),
    "order": put("trainer", "done", value=7),
    "fingerprint": put("fingerprint", value="x"),
}


@pytest.mark.parametrize("change", RESUMED.values(), ids=RESUMED)
def test_a_run_does_not_go_on_from_a_state_that_is_none(
    change: Any, run: Session, tmp_path: Path
) -> None:
    path = with_facts(run, tmp_path, change)
    with pytest.raises(ArgumentError):
        Session.resume(path.parent, {"epochs": 2})


def test_a_generator_is_never_put_outside_its_memory() -> None:
    twister = np.random.Generator(np.random.MT19937(0))
    dropout = mg.nn.Dropout(0.5, rng=twister)
    state = dropout.random_state()
    ((_, own),) = state.items()
    own["state"]["pos"] = 10**6
    with pytest.raises(ArgumentError, match="no state of a MT19937 generator"):
        dropout.load_random_state(state)


def test_weights_that_are_no_numbers_predict_nothing(run: Session, tmp_path: Path) -> None:
    saved = load_checkpoint(run.checkpoint)
    saved.arrays["best.head.W"][:] = np.nan
    save_checkpoint(tmp_path / "c", saved.arrays, saved.facts)
    with pytest.raises(ArgumentError, match="NaN"):
        Predictor.load(tmp_path / "c")


@pytest.mark.parametrize("name", ["optimizer.steps", "optimizer.head.W.t"])
def test_counts_are_counts(name: str, run: Session, tmp_path: Path) -> None:
    saved = load_checkpoint(run.checkpoint)
    for value in (np.array(-1), np.array(np.nan), np.array([1])):
        saved.arrays[name] = value
        save_checkpoint(tmp_path / CHECKPOINT, saved.arrays, saved.facts)
        with pytest.raises(ArgumentError, match=f"mismatched: {name.partition('.')[2]}"):
            Session.resume(tmp_path, {})


# -- what is right ----------------------------------------------------------------------------------


def test_other_programs_read_the_file(run: Session) -> None:
    ours, theirs = load_checkpoint(run.checkpoint).arrays, load_file(run.checkpoint)
    assert ours.keys() == theirs.keys()
    for name, array in ours.items():
        np.testing.assert_array_equal(array, theirs[name], strict=True)


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, "\ud800"])
def test_what_could_not_be_read_back_is_not_written(value: Any, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="not JSON's"):
        save_checkpoint(tmp_path / "c", {}, {"fact": value})
    with pytest.raises(ArgumentError, match="an array: .* is no name: it holds a control character"):
        save_checkpoint(tmp_path / "c", {"\x1b": np.ones(2)}, {})
    with pytest.raises(ArgumentError, match="has dtype complex128"):
        save_checkpoint(tmp_path / "c", {"a": np.ones(2, complex)}, {})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("more", [{}, {"heads": 2, "dim": 64, "layers": 3}, {"heads": 1, "dim": 1}])
def test_the_bound_on_a_models_numbers_is_near_and_from_below(more: Data, tmp_path: Path) -> None:
    session = Session.start(Settings(data=DIGITS, **more), tmp_path)
    least = _fewest_numbers(session.settings, session.task.encoder, session.task.target)
    held = sum(p.size for p in session.model.parameters())
    assert least <= held <= 3 * least + 20 * session.settings.width * session.settings.layers


@pytest.mark.parametrize("more", [{"dim": 2**31 - 4}, {"data": "data.csv", "text": "a", "max_length": 2**31}])
def test_what_settings_would_allocate_is_refused(more: Data, tmp_path: Path) -> None:
    rows = "".join(f"{i % 2},good film {i}\n" for i in range(30))
    (tmp_path / "data.csv").write_text("label,a\n" + rows)
    if "data" in more:
        more = more | {"data": str(tmp_path / more["data"])}
    with pytest.raises(LimitError, match="more than the limit"):
        Session.start(Settings(**more), tmp_path / "run")
