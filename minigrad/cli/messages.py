"""What went wrong, in the command line's own language: options and declarations, and a caret below."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from textwrap import wrap

import click

from minigrad.cli.terminal import width
from minigrad.errors import FileError, nearest
from minigrad.markup import plain

_QUOTED = re.compile(r"'([^']+)'")
# A declaration as a keyword: X='m n | spd'.
_DECLARED = re.compile(r"(?<![\w-])(\w+)='([^'=]*)'")
_FOR_THE_SHELL = re.compile(r"[\s;&|<>()$`*?\[\]#~!\\\"']")


def message_of(error: Exception, words: Sequence[str], command: click.Command | None) -> str:
    """An error as it is printed: what is wrong and what to write, and below it the place, marked.

    An error of the library may have marked a place in an expression; else the word of the command
    line that it quotes is marked. What is wrong with a file is no fault of the words.
    """
    if isinstance(error, click.ClickException):
        text = _of_click(error, command)
    else:
        options = {str(p.name) for p in command.params if isinstance(p, click.Option)} if command else set()
        text = _as_options(str(error), options)
    lines = plain(f"Error: {text}").splitlines() or ["Error:"]
    if len(lines) == 1 and not isinstance(error, FileError):
        lines += _marked(lines[0], words)
    if isinstance(error, click.UsageError) and error.ctx is not None:
        lines.append(f"see {error.ctx.command_path} --help")
    return "\n".join(_fitted(lines, width(error=True)))


# -- words ---------------------------------------------------------------------------------------------


def _of_click(error: click.ClickException, command: click.Command | None) -> str:
    """What click says, with what was probably meant."""
    if isinstance(error, click.NoSuchOption):
        known = [name for p in (command.params if command else ()) for name in p.opts]
        return f"there is no option {error.option_name!r}{meant(error.option_name, [*known, '--help'])}"
    text = error.format_message()
    choices = getattr(getattr(getattr(error, "param", None), "type", None), "choices", ())
    _, *others = _QUOTED.findall(text) or [""]
    if choices and others:
        text = text.rstrip(".") + meant(others[0], map(str, choices))
    return text[:1].lower() + text[1:]


def meant(word: str, known: Iterable[str]) -> str:
    """The question whether another word was meant; nothing where none is near."""
    near = nearest(word, known)
    return f"; did you mean {near!r}?" if near else ""


def _as_options(message: str, options: set[str]) -> str:
    """What an error says of keywords in Python, said of options and declarations.

    order=2 is --order 2, data='digits' is --data digits, and X='m n' is X:m,n. What stands in brackets
    for Python alone, (overwrite=True), is left out.
    """
    if not options:
        return message
    message = re.sub(rf" \((?:(?:{'|'.join(sorted(options))})=[^()\n]*|Session\.\w+)\)", "", message)
    keyword = re.compile(rf"(?<![\w-])({'|'.join(sorted(options))})=(?:([\"'])(\w+)\2|(?=\w))?(?!=)")
    first, *rest = message.split("\n")

    def option(found: re.Match[str]) -> str:
        value = found[3] or ""
        follows = value or first[found.end() : found.end() + 1].isalnum()
        return f"--{found[1].replace('_', '-')}" + (f" {value}" if follows else "")

    return "\n".join([_DECLARED.sub(_declaration, keyword.sub(option, first)), *rest])


def _declaration(found: re.Match[str]) -> str:
    dims, _, facts = found[2].partition("|")
    parts = [found[1], ",".join(dims.split()), ",".join(facts.replace(" and ", " ").split())]
    return ":".join(parts).rstrip(":")


# -- the caret -----------------------------------------------------------------------------------------


def _marked(message: str, words: Sequence[str]) -> list[str]:
    """The command line with a caret under what the message quotes from it; nothing where it does not."""
    quoted = _QUOTED.findall(message)
    place = next(
        filter(None, (_place(part, words) for part in sorted(quoted, key=lambda q: q.startswith("-")))),
        None,
    )
    if place is None:
        return []
    number, first, last = place
    shown = [plain(f'"{word}"' if _FOR_THE_SHELL.search(word) or not word else word) for word in words]
    before = " ".join(["  minigrad", *shown[:number], ""])
    inside = shown[number] != plain(words[number])  # a quotation mark stands before it
    line = before + " ".join(shown[number:])
    return [line.replace("\n", " "), " " * (len(before) + first + inside) + "^" * (last - first)]


def _place(part: str, words: Sequence[str]) -> tuple[int, int, int] | None:
    """The last word that is this, or has it between colons or commas: its number, and where it begins and ends."""
    for number in range(len(words) - 1, -1, -1):
        if words[number] == part:
            return number, 0, len(part)
    for number in range(len(words) - 1, -1, -1):
        found = re.search(rf"(?<![^:,=]){re.escape(part)}(?![^:,=])", words[number])
        if found:
            return number, *found.span()
    return None


def _fitted(lines: Sequence[str], columns: int | None) -> list[str]:
    """The lines at the terminal's width: sentences are folded, a line above carets is cut around them."""
    if columns is None:
        return list(lines)
    fitted: list[str] = []
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if line.strip().startswith("^") and fitted:
            continue  # stands there already
        if below.strip().startswith("^"):
            fitted += _cut(line, below, max(columns, 12))
        else:
            indent = " " * (len(line) - len(line.lstrip()))
            fitted += wrap(line, max(columns, 12), subsequent_indent=indent or "  ") or [""]
    return fitted


def _cut(line: str, carets: str, columns: int) -> list[str]:
    """A line and the carets below it, the part around the carets."""
    first = len(carets) - len(carets.lstrip())
    if max(len(line), len(carets)) <= columns:
        return [line, carets]
    marks = carets[first:].split(" ")[0]
    room = columns - 4  # an indent of two, and an ellipsis at either end
    start = max(2, min(first - room // 3, len(line) - room))
    stop = min(len(line), start + room)
    before, after = ("…" if start > 2 else ""), ("…" if stop < len(line) else "")
    width = max(1, min(len(marks), stop - first))
    return [
        f"  {before}{line[start:stop]}{after}",
        " " * (2 + len(before) + first - start) + "^" * width,
    ]


