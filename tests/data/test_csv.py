"""CSV files become tables, labels, numbers and word ids; what is broken is named by its place."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.data import Table, read_csv
from minigrad.errors import ArgumentError, ShapeError


def written(folder: Path, content: str | bytes) -> Path:
    file = folder / "file.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


# -- what is read ---------------------------------------------------------------------------------

cells = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\n\0"), max_size=8)


@given(
    rows=st.lists(st.tuples(cells, cells), min_size=1, max_size=6), delimiter=st.sampled_from(",;")
)
def test_what_was_written_is_read(
    rows: list[tuple[str, str]], delimiter: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    kept = [row for row in rows if "".join(row).strip()]
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([("a", "b"), *rows])
    file = written(tmp_path_factory.mktemp("csv"), out.getvalue())
    if not kept:
        with pytest.raises(ArgumentError, match="no row below it"):
            mg.data.read_csv(file, delimiter=delimiter)
        return
    table = mg.data.read_csv(file, delimiter=delimiter)
    assert [(a, b) for a, b in zip(table.text("a"), table.text("b"), strict=True)] == kept


def test_quoted_cells_hold_delimiters_quotes_and_line_breaks(tmp_path: Path) -> None:
    file = written(tmp_path, 'text,label\n"one, ""two""\nthree",0\n\n"four",1\n')
    table = mg.data.read_csv(file)
    assert table.text("text") == ['one, "two"\nthree', "four"]
    assert table.lines == [2, 5]


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"\xef\xbb\xbfna\xc3\xafve,label\n1,2\n", "utf-8"),
        (b"\xef\xbb\xbfna\xc3\xafve,label\r\n1,2\r\n", "UTF8"),
        (b"na\xefve,label\n1,2\n", "latin-1"),
        ("naïve,label\n1,2\n".encode("utf-16"), "utf-16"),
    ],
)
def test_encodings(data: bytes, encoding: str, tmp_path: Path) -> None:
    table = mg.data.read_csv(written(tmp_path, data), encoding=encoding)
    assert table.columns == ("naïve", "label")
    assert table.numbers(["naïve"]).tolist() == [[1.0]]


@pytest.mark.parametrize("delimiter", ["tab", "\\t", "\t"])
def test_the_tabulator_has_three_spellings(delimiter: str, tmp_path: Path) -> None:
    table = mg.data.read_csv(written(tmp_path, "a\tb\n1\t2\n"), delimiter=delimiter)
    assert table.numbers(["b", "a"]).tolist() == [[2.0, 1.0]]


# -- what is refused ------------------------------------------------------------------------------

REFUSED = [
    (b"", {}, ["the file is empty"]),
    (b"\n \n", {}, ["the file is empty"]),
    (b"a,b\n", {}, ["no row below it", "'a', 'b'"]),
    (b"a,b\n1,2\n1\n1,2,3\n", {}, ["2 rows", "line 3: 1 cell, where", "line 4: 3 cells"]),
    (b"a,a,b\n1,2,3\n", {}, ["'a' more than once"]),
    (b'a,b\n1,"2\n3,4\n', {}, ["begins on line 2", "not CSV"]),
    (b'a,b\n1,2\n"1"x,2\n', {}, ["begins on line 3", "not CSV"]),
    (
        b"a,b\n1,caf\xe9\n",
        {},
        ["byte 0xE9 at offset 9", "on line 2", "not utf-8", "--encoding latin-1"],
    ),
    ("a,b\n1,2\n".encode("utf-16"), {}, ["--encoding utf-16"]),
    (b"a,b\n1,2\n", {"encoding": "klingon"}, ["no encoding is called 'klingon'"]),
    (b"a,b\n1,2\n", {"delimiter": ";;"}, ["one character"]),
    (b"a,b\n1,2\n", {"delimiter": '"'}, ["one character"]),
]


@pytest.mark.parametrize(("data", "options", "parts"), REFUSED)
def test_a_broken_file_is_named_with_its_place(
    data: bytes, options: dict[str, str], parts: list[str], tmp_path: Path
) -> None:
    file = written(tmp_path, data)
    with pytest.raises(ArgumentError) as caught:
        mg.data.read_csv(file, **options)
    for part in parts if "delimiter" in options else [str(file), *parts]:
        assert part in str(caught.value)


@given(data=st.one_of(st.binary(max_size=60), st.text('a,"\n;é ', max_size=40).map(str.encode)))
def test_any_bytes_are_a_table_or_an_error_that_names_the_file(
    data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = written(tmp_path_factory.mktemp("any"), data)
    told = ""
    try:
        table = mg.data.read_csv(file)
    except ArgumentError as error:
        told = str(error)
    else:
        assert all(len(row) == len(table.columns) for row in table.rows)
    assert not told or str(file) in told


def test_a_file_that_is_not_there_and_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(ArgumentError, match="cannot be read"):
            mg.data.read_csv(path)


def table(content: str, folder: Path, **options: str) -> mg.data.Table:
    return mg.data.read_csv(written(folder, content), **options)


def test_a_missing_column_lists_the_columns_and_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"no column 'lable'; did you mean 'label'\?") as caught:
        table("text,label\nx,1\n", tmp_path).text("lable")
    assert "the columns are 'text', 'label'" in str(caught.value)
    with pytest.raises(ArgumentError, match="';' inside: is that the delimiter"):
        table("text;label\nx;1\n", tmp_path).text("label")
    with pytest.raises(ArgumentError, match="no column ''"):
        table(",label\nx,1\n", tmp_path).text("")


def test_cells_that_are_no_numbers_are_named(tmp_path: Path) -> None:
    content = "a,b\n1,2\nabc,\n 3 ,nan\n4,inf\n5,1_000\n6,1e400\n"
    with pytest.raises(ArgumentError) as caught:
        table(content, tmp_path).numbers(["a", "b"])
    message = str(caught.value)
    assert "6 cells are wrong" in message
    assert "row 2 (line 3), column 'a': 'abc' is not a number" in message
    assert "row 2 (line 3), column 'b': is empty" in message
    assert "row 3 (line 4), column 'b': 'nan' is not a finite number" in message
    assert "and 1 more" in message
    with pytest.raises(ArgumentError, match=r"row 2 \(line 3\), column 'b': is empty"):
        table(content, tmp_path).filled("b")


# -- labels ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (["1", "0", "1.0"], ("0", "1")),
        ([-1.0, 1.0], ("-1", "1")),
        (["10", "9"], ("9", "10")),
        (["Yes", "no"], ("no", "Yes")),
        (["pos", "neg"], ("neg", "pos")),
        ([True, False], ("False", "True")),
        (["1", "none"], ("1", "none")),
    ],
)
def test_the_later_of_two_values_is_1(values: list[object], names: tuple[str, str]) -> None:
    y, found = mg.data.two_classes(values)
    assert found == names
    assert len(y) == len(values)
    turned, swapped = mg.data.two_classes(values, positive=names[0])
    assert swapped == names[::-1]
    assert (turned == 1 - y).all()


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (["a", "a"], {}, r"there is 1: 'a' \(2 times\)"),
        (list("abca"), {}, r"there are 3: 'a' \(2 times\), 'b' \(once\)"),
        (["1", "nan"], {}, "1 labels are NaN"),
        (["0", "1"], {"positive": "2"}, "positive='2' is no label; the labels are '0' and '1'"),
    ],
)
def test_labels_other_than_two_classes(
    values: list[str], options: dict[str, str], message: str
) -> None:
    with pytest.raises(ArgumentError, match=message):
        mg.data.two_classes(values, **options)


def test_known_labels_refuse_strangers() -> None:
    assert mg.data.known_labels(["b", "a"], ("a", "b")).tolist() == [1, 0]
    with pytest.raises(ArgumentError, match=r"labels are 'a' and 'b', but here is also 'c'"):
        mg.data.known_labels(["c"], ("a", "b"))


# -- words, characters, scales, strata ------------------------------------------------------------


def test_words_have_no_capitals_and_one_way_to_write_an_accent() -> None:
    composed = "Chết như gió!"
    decomposed = unicodedata.normalize("NFD", composed)
    assert decomposed != composed
    assert mg.data.words(composed) == mg.data.words(decomposed) == ["chết", "như", "gió", "!"]


def test_a_vocabulary_knows_the_training_part_only() -> None:
    vocabulary = mg.data.Vocabulary.fit(["b b a c", "a b"])
    assert vocabulary.words == ("b", "a", "c")
    ids, mask = vocabulary.encode(["c zzz", "", "b b b b"], length=3)
    assert ids.tolist() == [[4, 1, 0], [1, 0, 0], [2, 2, 2]]
    assert mask.tolist() == [[True, True, False], [True, False, False], [True] * 3]
    assert len(vocabulary) == ids.max() + 1
    assert mg.data.Vocabulary.fit(["b b a c", "a b"], max_words=2).words == ("b", "a")
    assert mg.data.Vocabulary.fit(["b b a c", "a b"], min_count=3).words == ("b",)


@given(st.text(min_size=1, max_size=30))
def test_characters_there_and_back(text: str) -> None:
    alphabet = mg.data.Characters(text)
    assert alphabet.decode(alphabet.encode(text)) == text


@given(count=st.integers(2, 30), length=st.integers(1, 10), stride=st.integers(1, 5))
def test_targets_are_the_next_tokens(count: int, length: int, stride: int) -> None:
    if count <= length:
        with pytest.raises(ArgumentError, match="next_tokens"):
            mg.data.next_tokens(np.arange(count), length, stride=stride)
        return
    inputs, targets = mg.data.next_tokens(np.arange(count), length, stride=stride)
    assert (targets == inputs + 1).all()
    assert inputs[:, 0].tolist() == list(range(0, count - length, stride))


def test_standardised_columns_have_mean_0_and_deviation_1() -> None:
    X = np.random.default_rng(0).normal(3, 5, (50, 3))
    X[:, 1] = 0.1
    scale = mg.data.Standardizer.fit(X)
    Z = scale(X)
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-14)
    np.testing.assert_allclose(Z.std(axis=0), [1, 0, 1], atol=1e-14)
    assert scale([[1.0, 99.0, 1.0]])[0, 1] == 0


@given(
    counts=st.tuples(st.integers(2, 30), st.integers(2, 30)),
    part=st.floats(0.1, 0.9),
    seed=st.integers(0, 9),
)
def test_strata_keep_their_proportion(counts: tuple[int, int], part: float, seed: int) -> None:
    y = np.repeat([0.0, 1.0], counts)
    rng = np.random.default_rng(seed)
    X = np.arange(len(y))
    if not 0 < round(len(y) * part) < len(y):
        with pytest.raises(ArgumentError, match="leaves one part empty"):
            mg.data.split(X, y, test=part, rng=rng, stratify=y)
        return
    (X_train, y_train), (X_test, y_test) = mg.data.split(X, y, test=part, rng=rng, stratify=y)
    assert sorted([*X_train, *X_test]) == X.tolist()
    assert (y[X_train] == y_train).all()
    for name, count in enumerate(counts):
        held_out = np.count_nonzero(y_test == name)
        assert 1 <= held_out < count
        assert abs(held_out - count * part) <= 1


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: mg.data.Vocabulary.fit(["a b"], min_count=2), ArgumentError, "no word is left"),
        (lambda: mg.data.Vocabulary(["a", "a"]), ArgumentError, "'a' stand there twice"),
        (lambda: mg.data.Vocabulary(["a"]).encode(["a"], length=0), ArgumentError, "length=0"),
        (lambda: mg.data.Characters(""), ArgumentError, "empty text"),
        (lambda: mg.data.Characters("ab").encode("abxy"), ArgumentError, "has no 'x', 'y'"),
        (lambda: mg.data.next_tokens(np.arange(3), 3), ArgumentError, "length=3"),
        (lambda: mg.data.Standardizer.fit([1.0]), ShapeError, r"shape \(1,\)"),
        (
            lambda: mg.data.Standardizer.fit([[1.0]])([[1.0, 2.0]]),
            ShapeError,
            "2 columns, but 1 were",
        ),
        (
            lambda: mg.data.split(
                np.ones(5),
                test=0.5,
                rng=np.random.default_rng(0),
                stratify=[0, 0, 0, 0, 1],
            ),
            ArgumentError,
            "class 1 has one example",
        ),
    ],
)
def test_errors_say_what_and_why(call: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()  # type: ignore[operator]


# -- hostile files ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        (b"a,b\n1,\0\n", {}, "line 2 holds a NUL character"),
        ("a,b\n1,2\n".encode("utf-16-le"), {}, "line 1 holds a NUL character"),
        (b"\xff", {}, "byte 0xFF at offset 0"),
        (b"a\n" + b"1" * 9 + b"\xff", {}, "byte 0xFF at offset 11, on line 2"),
        (b'a,b\n1,"2\n3,4\n', {}, "line 2 is not CSV"),
        (b"a,a\n1,2\n", {}, "'a' more than once"),
        (b"a,b\n", {}, "no row below it"),
        (b"", {}, "the file is empty"),
        (b",\n,\n", {}, "the file is empty"),
        (b"a,b\n1\n1,2,3\n", {}, "2 rows are wrong"),
        (b"a\n1\n", {"encoding": "utf\x008"}, "no encoding is called"),
        (b"", {"encoding": "utf\x008"}, "no encoding is called"),
        (b"a\n1\n", {"encoding": ""}, "no encoding is called"),
        (b"a\n1\n", {"encoding": "\ud800"}, "no encoding is called"),
        (b"a\n1\n", {"encoding": "zlib"}, "no encoding is called"),
        (b"a\n1\n", {"encoding": "hex"}, "no encoding is called"),
        (b"a\n1\n", {"encoding": "rot13"}, "no encoding is called"),
        (b"a\n1\n", {"encoding": "undefined"}, "no encoding is called"),
        (b"a\n1\n", {"encoding": "punycode"}, "no encoding is called"),
        (b"a\n1\n", {"encoding": ["utf-8"]}, "no encoding is called"),
        (b"", {"encoding": "utf-16"}, "the file is empty"),
        (b"a", {"encoding": "utf-16"}, "byte 0x61"),
        (b"a\n1\n", {"delimiter": "\0"}, "a delimiter is one character"),
        (b"a\n1\n", {"delimiter": ""}, "a delimiter is one character"),
        (b"a\n1\n", {"delimiter": 3}, "a delimiter is one character"),
    ],
)
def test_hostile_bytes(data: bytes, options: Any, words: str, tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    file.write_bytes(data)
    with pytest.raises(ArgumentError, match=re.escape(words)):
        read_csv(file, **options)


@pytest.mark.parametrize("cell", ["nan", "inf", "-inf", "1e400", "9" * 400, "1_0", "0x1", ""])
def test_a_cell_that_is_no_finite_number_is_named(cell: str, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text(f"a,b\n1,{cell}\n")
    with pytest.raises(ArgumentError, match=r"row 1 \(line 2\), column 'b'"):
        read_csv(tmp_path / "data.csv").numbers(["b"])


def test_a_mark_of_byte_order_and_a_huge_cell_are_read(tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    file.write_bytes(b"\xef\xbb\xbfa,b\r\n1," + b"x" * 200_000 + b"\r\n")
    table = read_csv(file)
    assert table.columns == ("a", "b")
    assert len(table.text("b")[0]) == 200_000


def test_a_file_of_many_columns_is_read_in_linear_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Finding a column does not walk through all of them: nothing is listed more than once."""
    listed = []
    own = Table.named
    monkeypatch.setattr(Table, "named", lambda table: listed.append(1) or own(table))
    columns = [f"c{k}" for k in range(20_000)]
    row = ",".join("1" for _ in columns)
    (tmp_path / "data.csv").write_text(f"{','.join(columns)}\n{row}\n{row}\n")
    table = read_csv(tmp_path / "data.csv")
    assert table.numbers(columns).shape == (2, 20_000)
    with pytest.raises(ArgumentError, match="and 19,980 more"):
        table.text("no")
    assert len(listed) < 5


def test_more_cells_than_memory_holds_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data.csv").write_text("a,b\n" + "1,2\n" * 50)
    monkeypatch.setattr("minigrad.data.csv_file.MOST_CELLS", 100)
    with pytest.raises(ArgumentError, match="103 cells are too many; at most 100 are read"):
        read_csv(tmp_path / "data.csv")
    with (tmp_path / "sparse.csv").open("wb") as file:
        file.truncate(10 * 2**30)
    with pytest.raises(ArgumentError, match="10,737,418,240 bytes"):
        read_csv(tmp_path / "sparse.csv")
