"""Files are whole or not there, and neither writing nor reading goes where it should not."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import minigrad as mg
from minigrad.cli import main
from minigrad.errors import ArgumentError
from minigrad.files import Unfinished, append_line, read_whole, write_whole
from minigrad.report.figure import Figure

UNIX = pytest.mark.skipif(os.name != "posix", reason="links, pipes and devices are Unix's")


def drawing() -> mg.drawing.Drawing:
    x = mg.tensor([1.0], name="x", requires_grad=True)
    return mg.draw((x * x).sum())


# Everything in the library that writes a file that the user names.
WRITERS: dict[str, Callable[[Path], object]] = {
    "write": lambda path: write_whole(path, b"new"),
    "checkpoint": lambda path: mg.training.save_checkpoint(path, {"a": np.ones(2)}, {}),
    "drawing": lambda path: drawing().save(path),
    "figure": lambda path: Figure("<svg/>").save(path),
}
writers = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["fsync", "replace"])
@writers
def test_a_failure_or_ctrl_c_leaves_the_old_file_alone(
    write: Any, step: str, failure: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file.dot"
    file.write_bytes(b"old")

    def fails(*_: object) -> None:
        raise failure

    monkeypatch.setattr(f"os.{step}", fails)
    with pytest.raises(ArgumentError if isinstance(failure, OSError) else KeyboardInterrupt):
        write(file)
    assert file.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file.dot"]


@UNIX
@writers
def test_what_is_unfinished_is_unforeseeable_new_and_beside_its_place(
    write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    real = os.open

    def recorded(path: Any, flags: int, *more: Any, **others: Any) -> int:
        if flags & os.O_CREAT:
            opened.append((Path(path), flags))
        return real(path, flags, *more, **others)

    monkeypatch.setattr("os.open", recorded)
    for _ in range(2):
        write(tmp_path / "file.dot")
    (first, flags), (second, _) = [entry for entry in opened if entry[0].parent == tmp_path]
    assert flags & os.O_EXCL
    assert flags & os.O_NOFOLLOW
    assert first != second
    assert "file" not in first.name


@UNIX
@writers
def test_a_link_is_replaced_and_never_followed(write: Any, tmp_path: Path) -> None:
    victim, link = tmp_path / "victim", tmp_path / "link.dot"
    victim.write_bytes(b"precious")
    for target in (victim, tmp_path / "nothing", link):
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        write(link)
        assert not link.is_symlink()
        assert victim.read_bytes() == b"precious"
        assert not (tmp_path / "nothing").exists()


@UNIX
def test_a_new_file_heeds_the_umask_and_an_old_one_keeps_its_permissions(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "new", b"")
        (tmp_path / "old").touch(0o600)
        write_whole(tmp_path / "old", b"")
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("new", "old")]
    assert modes == [0o640, 0o600]


def place(folder: Path, kind: str) -> Path:
    path = folder / "x.dot"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "below a file":
        path.write_bytes(b"")
        return path / "x.dot"
    elif kind == "no folder":
        return folder / "no" / "x.dot"
    elif kind == "NUL":
        return folder / "x\0.dot"
    elif kind == "surrogate":
        return folder / "\ud800.dot"
    elif kind == "long":
        return folder / ("x" * 300 + ".dot")
    elif kind == "loop":
        path.symlink_to(path)
        return path / "x.dot"
    else:
        path.symlink_to(kind)  # a device, an open stream
    return path


@UNIX
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("folder", "it is a folder; name a file"),
        ("pipe", "it is a pipe; name a file"),
        ("/dev/full", "it is a device; name a file"),
        ("/proc/self/fd/1", "name a file"),
        ("below a file", "Not a directory"),
        ("no folder", "name a file in a folder that exists"),
        ("NUL", "no file has such a name"),
        ("surrogate", "no file has such a name"),
        ("long", "give it a shorter name"),
        ("loop", "a link that leads back to itself"),
    ],
)
@writers
def test_what_cannot_be_written_is_said_in_words(
    write: Any, kind: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(ArgumentError, match=f"cannot write .*{words}"):
        write(place(tmp_path, kind))
    assert not [path for path in tmp_path.iterdir() if "unfinished" in path.name]


def test_a_long_name_is_no_longer_while_it_is_unfinished(tmp_path: Path) -> None:
    write_whole(tmp_path / ("x" * 255), b"new")
    assert (tmp_path / ("x" * 255)).read_bytes() == b"new"


def test_what_is_not_published_leaves_no_trace(tmp_path: Path) -> None:
    with Unfinished(tmp_path / "x", b"new"):
        assert len(list(tmp_path.iterdir())) == 1
    assert not list(tmp_path.iterdir())


@UNIX
def test_lines_go_to_the_file_and_through_no_link(tmp_path: Path) -> None:
    file, link = tmp_path / "lines", tmp_path / "link"
    write_whole(file, b"one\n")
    append_line(file, "two")
    assert file.read_bytes() == b"one\ntwo\n"
    link.symlink_to(file)
    with pytest.raises(ArgumentError, match="cannot write"):
        append_line(link, "three")
    with pytest.raises(ArgumentError, match="cannot write"):
        append_line(tmp_path / "nothing", "three")


@UNIX
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("folder", "a folder|Is a directory"),
        ("pipe", "it is a pipe"),
        ("/dev/zero", "it is a device"),
        ("no folder", "No such file"),
        ("NUL", "no file has such a name"),
        ("loop", "Too many levels"),
    ],
)
def test_only_files_are_read(kind: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=f"cannot be read.*({words})"):
        read_whole(place(tmp_path, kind), 100)


def test_no_more_is_read_than_was_allowed(tmp_path: Path) -> None:
    file = tmp_path / "sparse"
    with file.open("wb") as stream:
        stream.truncate(10 * 2**30)
    with pytest.raises(ArgumentError, match="10,737,418,240 bytes; at most 100 are read"):
        read_whole(file, 100)


@UNIX
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
@pytest.mark.parametrize("words", [["derive", "sum(x)", "x:n"], ["--help"], ["draw", "sum(x)", "x:n", "-o", "-"]])
@pytest.mark.long("part")
def test_a_full_standard_output_is_said_in_words(words: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "minigrad", *words], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 2
    assert done.stderr.splitlines() == ["Error: cannot write the output (No space left on device)"]


@UNIX
@pytest.mark.parametrize(
    ("closed", "words", "code"),
    [
        (">&-", "derive 'sum(x)' x:n", 0),
        (">&- 2>&- <&-", "derive 'sum(x)' x:n", 0),
        ("2>&-", "derive 'sum(' x:n", 2),
        ("2>/dev/full", "derive 'sum(' x:n", 2),
        (">/dev/full 2>/dev/full", "derive 'sum(x)' x:n", 2),
    ],
)
@pytest.mark.long("part")
def test_what_nobody_hears_still_ends_with_its_code(closed: str, words: str, code: int) -> None:
    """1 would say that a check failed."""
    done = subprocess.run(["sh", "-c", f"'{sys.executable}' -m minigrad {words} {closed}"], capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (code, b"", b"")


@UNIX
def test_a_folder_that_has_disappeared_is_said_in_words(tmp_path: Path) -> None:
    program = (
        "import os, sys; import minigrad as mg; os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')\n"
        "sys.path.insert(0, '')\n"
        "try:\n    mg.draw(mg.parse('sum(x)', x='n')).svg\n"
        "except mg.errors.RenderError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert "cannot be run here" in done.stdout, done.stderr


@pytest.mark.parametrize("name", ["checkpoint.safetensors", "metrics.jsonl"])
def test_a_run_that_cannot_begin_removes_nothing(name: str, tmp_path: Path) -> None:
    for other in ("checkpoint.safetensors", "metrics.jsonl"):
        (tmp_path / other).write_bytes(b"old")
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    with pytest.raises(ArgumentError, match=f"cannot .*{name}"):
        mg.training.Session.start(mg.training.Settings(), tmp_path, overwrite=True)
    assert (tmp_path / "checkpoint.safetensors").exists()


@pytest.mark.parametrize("words", [["train", "--out"], ["predict"]])
@pytest.mark.parametrize("name", ["x\0", "\ud800"])
def test_a_path_that_no_file_has_is_bad_usage(words: list[str], name: str) -> None:
    result = CliRunner().invoke(main, [*words, name])
    assert result.exit_code == 2
    assert "the name of no file" in result.stderr
