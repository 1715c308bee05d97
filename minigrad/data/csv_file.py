"""CSV files: bytes to a table, with an error that says where a file is broken."""

from __future__ import annotations

import codecs
import csv
import io
import os
from collections import Counter
from pathlib import Path

from minigrad.data.table import Table, at_most
from minigrad.errors import ArgumentError
from minigrad.names import checked_name

# Cells hold whole texts; the csv module's own limit of 128 KiB is meant for numbers.
_LONGEST_CELL = 2**31 - 1


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
        When the file cannot be read or decoded, has no header or no rows, repeats a name, or has
        rows of another length than the header.

    Examples
    --------
    >>> import minigrad as mg, pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "weather.csv")
    >>> _ = file.write_text("warm,label\n21.5,dry\n9,wet\n")
    >>> table = mg.data.read_csv(file)
    >>> table.columns, table.numbers(["warm"]).tolist(), table.text("label")
    (('warm', 'label'), [[21.5], [9.0]], ['dry', 'wet'])
    """
    name = os.fspath(path)
    text = _decoded(_bytes(name), encoding, name)
    records = _records(text, _one_character(delimiter), name)
    if not records:
        raise ArgumentError(f"{name}: the file is empty; its first row must name the columns")
    columns = _checked_header(records[0][1], name)
    rows = records[1:]
    if not rows:
        raise ArgumentError(
            f"{name}: there is a header and no row below it; the columns are "
            f"{', '.join(map(repr, columns))}"
        )
    _refuse_ragged(rows, len(columns), name)
    return Table(name, columns, [cells for _, cells in rows], [line for line, _ in rows])


def _bytes(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise ArgumentError(f"{name}: cannot be read ({error.strerror or error})") from error


def _decoded(data: bytes, encoding: str, name: str) -> str:
    try:
        known = codecs.lookup(encoding).name
        # A byte order mark belongs to the encoding, not to the first column's name.
        return data.decode("utf-8-sig" if known == "utf-8" else known)
    except LookupError as error:
        raise ArgumentError(
            f"{name}: no encoding is called {encoding!r}; "
            "common ones are utf-8, latin-1, cp1252 and utf-16"
        ) from error
    except UnicodeError as error:
        start = getattr(error, "start", 0)
        line = data.count(b"\n", 0, start) + 1
        marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        guess = "utf-16" if marked else "latin-1"
        raise ArgumentError(
            f"{name}: byte 0x{data[start]:02X} at offset {start}, on line {line}, is not "
            f"{encoding}; say which encoding the file has, for example --encoding {guess} "
            f'(encoding="{guess}")'
        ) from error


def _one_character(delimiter: str) -> str:
    character = {"tab": "\t", "\\t": "\t"}.get(delimiter, delimiter)
    if len(character) != 1 or character in '"\r\n':
        raise ArgumentError(
            f"delimiter={delimiter!r}: a delimiter is one character, neither a quote nor a line "
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
            f"{name}: the header names {', '.join(map(repr, repeated))} more than once; "
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
