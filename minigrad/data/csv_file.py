"""CSV files: bytes to a table, with an error that says where a file is broken."""

from __future__ import annotations

import codecs
import csv
import io
import os
from collections import Counter

from minigrad.data.table import Table, at_most, named
from minigrad.errors import ArgumentError
from minigrad.files import path_in_words, read_whole
from minigrad.names import checked_name

# Cells hold whole texts; the csv module's own limit of 128 KiB is meant for numbers.
_LONGEST_CELL = 2**31 - 1
# A table lives in memory, a cell in some 60 bytes.
LARGEST = 2**28
MOST_CELLS = 20_000_000
# Encodings of host names; what is not one takes time with the square of its length.
_OF_NO_FILE = ("idna", "punycode")


def read_csv(
    path: str | os.PathLike[str], *, delimiter: str = ",", encoding: str = "utf-8"
) -> Table:
    r"""Read a CSV file whose first row names the columns (RFC 4180, with any delimiter).

    Quoted cells may hold delimiters, doubled quotes and line breaks; rows without any text are
    left out; a byte order mark is no part of the first name.

    Parameters
    ----------
    path
        The file.
    delimiter
        One character; ``"tab"`` and ``"\t"`` mean the tabulator.
    encoding
        Any that Python knows, for example ``"latin-1"``.

    Raises
    ------
    ArgumentError
        When the file cannot be read or decoded, is a pipe or a device, has more than 256 MiB or
        20,000,000 cells, has no header or no rows, holds NUL, repeats a name, or has rows of another
        length than the header.

    Examples
    --------
    >>> import minigrad as mg, pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "weather.csv")
    >>> _ = file.write_text("warm,label\n21.5,dry\n9,wet\n")
    >>> table = mg.data.read_csv(file)
    >>> table.columns, table.numbers(["warm"]).tolist(), table.text("label")
    (('warm', 'label'), [[21.5], [9.0]], ['dry', 'wet'])
    """
    name = path_in_words(path)
    delimiter = _one_character(delimiter)
    text = _decoded(read_whole(path, LARGEST), _known(encoding, name), name)
    _refuse_strange(text, delimiter, name)
    records = _records(text, delimiter, name)
    if not records:
        raise ArgumentError(f"{name}: the file is empty; its first row must name the columns")
    columns = _checked_header(records[0][1], name)
    rows = records[1:]
    if not rows:
        raise ArgumentError(
            f"{name}: there is a header and no row below it; the columns are "
            f"{named(columns)}"
        )
    _refuse_ragged(rows, len(columns), name)
    return Table(name, columns, [cells for _, cells in rows], [line for line, _ in rows])


def _known(encoding: object, name: str) -> str:
    """The encoding's own name; what is no encoding of whole files is none."""
    try:
        if isinstance(encoding, str) and encoding.isascii() and encoding.isprintable():
            known = codecs.lookup(encoding).name
            (b"\n" * 4).decode(known, "ignore")  # base64 and its kin turn bytes into bytes
            if known not in _OF_NO_FILE:
                # A byte order mark belongs to the encoding, not to the first column's name.
                return "utf-8-sig" if known == "utf-8" else known
    except (LookupError, UnicodeError):
        pass
    raise ArgumentError(
        f"{name}: no encoding is called {encoding!r:.60}; "
        "common ones are utf-8, latin-1, cp1252 and utf-16"
    )


def _decoded(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeError as error:
        start = min(getattr(error, "start", 0), len(data) - 1)
        line = data.count(b"\n", 0, start) + 1
        marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        guess = "utf-16" if marked else "latin-1"
        raise ArgumentError(
            f"{name}: byte 0x{data[start]:02X} at offset {start}, on line {line}, is not "
            f"{encoding.removesuffix('-sig')}; say which encoding the file has, for example "
            f'--encoding {guess} (encoding="{guess}")'
        ) from error


def _refuse_strange(text: str, delimiter: str, name: str) -> None:
    """Refuse what no table holds, before it becomes millions of cells."""
    zero = text.find("\0")
    if zero >= 0:
        line = text.count("\n", 0, zero) + 1
        raise ArgumentError(
            f"{name}: line {line} holds a NUL character; this is no text, or has another encoding, for "
            'example --encoding utf-16 (encoding="utf-16")'
        )
    cells = text.count(delimiter) + text.count("\n") + 1
    if cells > MOST_CELLS:
        raise ArgumentError(f"{name}: {cells:,} cells are too many; at most {MOST_CELLS:,} are read")


def _one_character(delimiter: object) -> str:
    character = {"tab": "\t", "\\t": "\t"}.get(str(delimiter), delimiter)
    if not isinstance(character, str) or len(character) != 1 or character in '"\r\n\0':
        raise ArgumentError(
            f"delimiter={delimiter!r:.60}: a delimiter is one character, neither a quote nor a line "
            'break, for example ";" or "tab"'
        )
    return character


def _records(text: str, delimiter: str, name: str) -> list[tuple[int, list[str]]]:
    """Each row that has any text, with the line on which it begins."""
    limit = csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records, line = [], 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                records.append((line, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        raise ArgumentError(
            f"{name}: the row that begins on line {line} is not CSV ({error}); "
            'a cell that holds a quote is written "with ""two"" of them", and closed'
        ) from error
    finally:
        csv.field_size_limit(limit)
    return records


def _checked_header(cells: list[str], name: str) -> tuple[str, ...]:
    columns = tuple(cell.strip() for cell in cells)
    for column in filter(None, columns):  # one that is empty is no column to ask for
        checked_name(column, f"{name}: the header")
    repeated = [column for column, count in Counter(columns).items() if column and count > 1]
    if repeated:
        raise ArgumentError(
            f"{name}: the header names {named(repeated)} more than once; "
            "give every column a name of its own"
        )
    return columns


def _refuse_ragged(rows: list[tuple[int, list[str]]], width: int, name: str) -> None:
    ragged = [
        f"line {line}: {len(cells)} cell{'s' * (len(cells) != 1)}, where the header has {width}"
        for line, cells in rows
        if len(cells) != width
    ]
    if ragged:
        raise ArgumentError(
            f"{name}: {at_most(ragged, 'rows')}\n  a cell that holds the delimiter must be quoted"
        )
