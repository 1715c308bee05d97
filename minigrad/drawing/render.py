"""Running Graphviz: the one that pygraphviz carries, else ``dot`` on the PATH."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from shutil import copyfile, which
from tempfile import TemporaryDirectory

from minigrad.drawing.metrics import FONT_FOLDER, covers
from minigrad.errors import RenderError
from minigrad.markup import xml

DPI = 144
_HOW = (
    "install pygraphviz, whose wheels carry Graphviz (pip install pygraphviz), "
    "or put Graphviz's dot on the PATH (https://graphviz.org/download)"
)

# Curves cannot always be routed around crowded regions. Straight lines nearly always can, and
# always where no region is framed.
_ATTEMPTS: tuple[dict[str, str], ...] = (
    {},
    {"splines": "line"},
    {"splines": "line", "clusterrank": "none", "newrank": "false"},
)


def render(
    source: str, formats: Sequence[str], *, dpi: int = DPI, engine: str = "dot"
) -> dict[str, bytes]:
    """Lay out DOT source once and write it in Graphviz's formats, for example "json", "png".

    ``engine`` is "nop2" for source that says where all stands.

    Raises
    ------
    RenderError
        When there is no Graphviz, or it fails.
    """
    try:
        return _rendered(source, formats, dpi, engine)
    except OSError as error:  # no folder for what is passing, or none to stand in
        raise RenderError(f"draw: Graphviz cannot be run here ({error})") from error


def _rendered(source: str, formats: Sequence[str], dpi: int, engine: str) -> dict[str, bytes]:
    problems: list[str] = []
    with TemporaryDirectory(prefix="minigrad-") as folder:
        targets = {name: Path(folder, f"drawing.{name}") for name in formats}
        environment = os.environ | {"FONTCONFIG_FILE": str(_font_settings(folder, source))}
        for settings in _ATTEMPTS:
            for command, more in _commands(engine, targets, {"dpi": str(dpi)} | settings):
                problem = _run(command, source, environment | more)
                if problem is None:
                    return {name: target.read_bytes() for name, target in targets.items()}
                problems.append(f"{command[0]}: {problem}")
    if not problems:
        raise RenderError(f"draw: there is no Graphviz to lay the graph out; {_HOW}")
    raise RenderError("draw: Graphviz failed to lay the graph out. " + "; ".join(problems))


def _commands(
    engine: str, targets: dict[str, Path], settings: dict[str, str]
) -> Iterator[tuple[list[str], dict[str, str]]]:
    """The commands that can render, best first, each with what its environment needs."""
    if sys.executable and find_spec("pygraphviz") is not None:
        worker = str(Path(__file__).with_name("worker.py"))
        attributes = ",".join(f"{name}={value}" for name, value in settings.items())
        files = [str(target) for target in targets.values()]
        # The worker finds pygraphviz where this program does; -P keeps this folder's modules
        # from hiding others of the same name.
        path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        yield [sys.executable, "-P", worker, engine, attributes, *files], {"PYTHONPATH": path}
    dot = which("dot")
    if dot is not None:
        attributes_of_dot = [f"-G{name}={value}" for name, value in settings.items()]
        files = [part for name, target in targets.items() for part in (f"-T{name}", f"-o{target}")]
        yield [dot, f"-K{engine}", *attributes_of_dot, *files], {}


def _run(command: list[str], source: str, environment: dict[str, str]) -> str | None:
    """Run a renderer; None if it went well, else what went wrong."""
    try:
        done = subprocess.run(
            command, input=source.encode("utf-8"), capture_output=True, env=environment, check=False
        )
    except OSError as error:
        return str(error)
    said = [
        line
        for line in done.stderr.decode("utf-8", "replace").splitlines()
        if line and not line.startswith("Fontconfig")
    ]
    # Graphviz reports an edge that it could not route, and goes on without it.
    errors = [line for line in said if line.startswith("Error")]
    if done.returncode == 0 and not errors:
        return None
    return (errors or said or [f"it ended with code {done.returncode}"])[-1]


def _font_settings(folder: str, source: str) -> Path:
    """Write Fontconfig's settings: minigrad's own fonts, so that every machine has the same.

    The system's fonts join only where a character asks for them: scanning them can take seconds.
    The fonts are copied because Fontconfig leaves files of its own where it finds some.
    """
    fonts = Path(folder, "fonts")
    fonts.mkdir()
    for font in FONT_FOLDER.glob("*.ttf"):
        copyfile(font, fonts / font.name)
    system = "" if covers(source) else _SYSTEM_FONTS
    settings = Path(folder, "fonts.conf")
    settings.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"<dir>{xml(str(fonts))}</dir>{system}"
        f"<cachedir>{xml(folder)}</cachedir></fontconfig>",
        encoding="utf-8",
    )
    return settings


_SYSTEM_FONTS = (
    '<include ignore_missing="yes">/etc/fonts/fonts.conf</include>'
    '<cachedir prefix="xdg">fontconfig</cachedir>'
)
