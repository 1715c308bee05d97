"""The server answers this computer's page and nobody else; the command opens it, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from secrets import token_hex
from time import sleep
from typing import Any
from urllib.request import urlopen

import pytest

from minigrad.page.server import LARGEST, Server

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    def echo(asked: dict[str, Any]) -> bytes:
        if asked.get("fail"):
            raise RuntimeError("something unforeseen")
        return json.dumps(asked).encode()

    with Server({"call": echo}, {"start.json": {"program": "sum(x)"}}) as found:
        thread = threading.Thread(target=found.serve_forever, args=(0.01,))
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def asked(server: Server, method: str, path: str, **given: Any) -> tuple[int, bytes, Any]:
    """The status, the body and the headers of an answer."""
    line = HTTPConnection("127.0.0.1", server.server_port, timeout=60)
    headers = {name: said.replace("PORT", str(server.server_port)) for name, said in given.get("headers", {}).items()}
    line.request(method, path.replace("TOKEN", server.token), **{**given, "headers": headers})
    answer = line.getresponse()
    body = answer.read()
    line.close()
    return answer.status, body, answer.headers


def test_the_page_is_served_with_what_it_may_load(server: Server) -> None:
    status, body, headers = asked(server, "GET", "/TOKEN/")
    assert status == 200
    assert body.lower().startswith(b"<!doctype html>")
    assert "default-src 'none'; script-src 'self';" in headers["Content-Security-Policy"]
    for name, kind in [
        ("app.js", "text/javascript"),
        ("page.css", "text/css"),
        ("report/steps.js", "text/javascript"),
        ("fonts/minigrad-math.woff2", "font/woff2"),
        ("start.json", "application/json"),
    ]:
        status, body, headers = asked(server, "GET", f"/TOKEN/{name}")
        assert status == 200
        assert body
        assert headers["Content-Type"].startswith(kind)
        assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_question_is_passed_on(server: Server, host: str) -> None:
    origin = f"{host}:{server.server_port}"
    headers = JSON | {"Host": origin, "Origin": f"http://{origin}"}
    status, body, _ = asked(server, "POST", "/TOKEN/call", body=b'{"a": 1}', headers=headers)
    assert (status, json.loads(body)) == (200, {"a": 1})


@pytest.mark.parametrize(
    ("status", "method", "path", "given"),
    [
        (403, "GET", "/", {}),
        (403, "GET", "/wrong/", {}),
        (403, "POST", "/wrong/call", {"body": b"{}", "headers": JSON}),
        (403, "GET", "/%C3%A9/", {}),
        (403, "POST", "/TOKEN/call", {"body": b"{}", "headers": JSON | {"Origin": "http://example.org"}}),
        (403, "POST", "/TOKEN/call", {"body": b"{}", "headers": JSON | {"Origin": "null"}}),
        (403, "GET", "/TOKEN/", {"headers": {"Origin": "http://127.0.0.1:1"}}),
        (421, "GET", "/TOKEN/", {"headers": {"Host": "example.org"}}),
        (421, "GET", "/TOKEN/", {"headers": {"Host": "127.0.0.1"}}),
        (404, "GET", "/TOKEN", {}),
        (404, "GET", "/TOKEN/../server.py", {}),
        (404, "GET", "/TOKEN/report/../../page/server.py", {}),
        (404, "GET", "/TOKEN/%2e%2e/server.py", {}),
        (404, "GET", "/TOKEN//etc/passwd", {}),
        (404, "GET", "/TOKEN/report/__init__.py", {}),
        (404, "POST", "/TOKEN/other", {"body": b"{}", "headers": JSON}),
        (400, "POST", "/TOKEN/call", {"body": b"{", "headers": JSON}),
        (400, "POST", "/TOKEN/call", {"body": b"[]", "headers": JSON}),
        (400, "POST", "/TOKEN/call", {"body": b"[" * 100_000, "headers": JSON}),
        (400, "POST", "/TOKEN/call", {"body": b"\xff", "headers": JSON}),
        (400, "POST", "/TOKEN/call", {"body": b'{"a": ' + b"9" * 5000 + b"}", "headers": JSON}),
        (400, "GET", "TOKEN", {}),
        (400, "GET", "*", {}),
        (421, "GET", "http://127.0.0.1/TOKEN/", {}),
        (403, "GET", "/TOKEN/", {"headers": {"Origin": "https://127.0.0.1:PORT"}}),
        (403, "GET", "/TOKEN/", {"headers": {"Origin": "127.0.0.1:PORT"}}),
        (500, "POST", "/TOKEN/call", {"body": b'{"fail": true}', "headers": JSON}),
        (415, "POST", "/TOKEN/call", {"body": b"{}", "headers": {"Content-Type": "text/plain"}}),
        (413, "POST", "/TOKEN/call", {"headers": JSON | {"Content-Length": str(LARGEST + 1)}}),
        (411, "POST", "/TOKEN/call", {"headers": JSON | {"Content-Length": "-1"}}),
        (501, "PUT", "/TOKEN/call", {"body": b"{}", "headers": JSON}),
    ],
)
def test_what_is_not_the_page_is_refused_in_words(
    server: Server, status: int, method: str, path: str, given: dict[str, Any]
) -> None:
    found, body, headers = asked(server, method, path, **given)
    assert found == status
    told = json.loads(body)
    assert told["ok"] is False
    assert told["error"]["text"]
    assert server.token.encode() not in body
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize(
    ("head", "body", "said"),
    [
        ("GET /TOKEN/ HTTP/1.1\nHost: HOST\nHost: example.org", "", "Host stands there twice"),
        ("GET /TOKEN/ HTTP/1.1\nHost: HOST\nOrigin: http://HOST\nOrigin: http://a.b", "", "Origin stands there twice"),
        (
            "POST /TOKEN/call HTTP/1.1\nHost: HOST\nContent-Type: application/json\nContent-Length: 2\nContent-Length: 9",
            "{}",
            "Content-Length stands there twice",
        ),
        (
            "POST /TOKEN/call HTTP/1.1\nHost: HOST\nContent-Type: application/json\nContent-Length: 20",
            "{}",
            "ends before its length",
        ),
    ],
)
def test_a_request_that_says_two_things_or_half_of_one_is_refused(
    server: Server, head: str, body: str, said: str
) -> None:
    text = head.replace("HOST", f"127.0.0.1:{server.server_port}").replace("TOKEN", server.token)
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=60) as line:
        line.sendall(f"{text}\n\n{body}".replace("\n", "\r\n").encode())
        line.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert said in json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["text"]


def test_many_who_ask_at_once_are_all_answered() -> None:
    with Server({}, {"start.json": {}}) as found:
        lines = [HTTPConnection("127.0.0.1", found.server_port, timeout=10) for _ in range(100)]
        for line in lines:  # before anyone is answered
            line.request("GET", f"/{found.token}/start.json")
        thread = threading.Thread(target=found.serve_forever, args=(0.01,))
        thread.start()
        try:
            assert [line.getresponse().read() for line in lines] == [b"{}"] * 100
        finally:
            found.shutdown()
            thread.join()
            for line in lines:
                line.close()


# -- the command -----------------------------------------------------------------------------------


def opened(*words: str, folder: Path | None = None, mark: str = "") -> subprocess.Popen[str]:
    path = os.pathsep.join(map(os.path.abspath, sys.path))
    environment = os.environ | {"MINIGRAD_MARK": mark, "PYTHONPATH": path}
    return subprocess.Popen(
        [sys.executable, "-m", "minigrad", "open", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=environment,
        # what a shell runs in the background, these tests perhaps, ignores Ctrl-C, and its children do
        preexec_fn=None if sys.platform == "win32" else _heeds_ctrl_c,
    )


def _heeds_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def marked(mark: str) -> list[str]:
    """The processes that have a mark in their environment, where the system tells."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark.encode() in path.read_bytes():
                found.append(path.parent.name)
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
def test_the_command_opens_a_page_and_ctrl_c_ends_all_of_it() -> None:
    mark = token_hex(16)
    with opened("sum(x**2", "x:n", "--wrt", "x", "--no-browser", mark=mark) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        url = process.stdout.readline().strip()
        with urlopen(f"{url}start.json") as answer:
            start = {"program": "sum(x**2", "variables": {"x": "n"}, "wrt": ["x"], "order": 1}
            assert json.load(answer) == start
        with urlopen(f"{url}gallery.json") as answer:
            assert len(json.load(answer)) >= 14
        line = HTTPConnection(url.split("/")[2], timeout=120)
        question = {"program": "sum(x**2)", "variables": {"x": "n"}, "ask": {"lines": {}}, "number": 1}
        line.request("POST", f"/{url.split('/')[3]}/call", json.dumps(question), JSON)
        told = json.loads(line.getresponse().read())
        assert told["ok"]
        assert [made["id"] for made in told["lines"]] == ["L", "dx"]
        line.close()
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(60) == 130
        finally:
            process.kill()
        assert process.stderr.read() == "interrupted: nothing more was written\n"
    for _ in range(200):  # they end when they see that it has ended
        if not (left := marked(mark)):
            break
        sleep(0.05)
    assert left == []


FORWARD = '''"""A model; to run this file would be an error."""
raise SystemExit


def forward(X, w):
    """The mean of squares."""
    s: float = X @ w
    L = mean(s**2)
    return L


def direct(x):
    return sum(
        x**2
    )


def looping(x):
    for _ in x:
        pass
    return x


def nothing(x):
    y = x
'''


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("model.py:looping",), "looping has 'for _ in x:' in it; its body is assignments"),
        (("model.py:nothing",), "nothing returns nothing at its end"),
        (("model.py:other",), "has no function 'other'; there are forward, direct, looping, nothing"),
        (("absent.py:f",), "absent.py: cannot be read"),
        (("--example", "zzz"), "there is no 'zzz'; there are attention,"),
        (("sum(x)", "--example", "attention"), "it is a program already"),
        (("sum(x)", "x:n:a:b"), "declares no variable"),
        (("--order", "3"), "--order"),
    ],
)
def test_what_cannot_be_opened_is_said(
    words: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from minigrad.cli import main

    monkeypatch.chdir(tmp_path)
    Path("model.py").write_text(FORWARD, encoding="utf-8")
    result = CliRunner().invoke(main, ["open", "--no-browser", *words])
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())


def test_a_function_of_a_file_is_read_and_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from minigrad import parse
    from minigrad.cli.program_file import program_text

    monkeypatch.chdir(tmp_path)
    Path("model.py").write_text(FORWARD, encoding="utf-8")
    program = program_text("model.py:forward")
    assert program == "s = X @ w\nL = mean(s**2)"
    assert parse(program, X="n d", w="d").shape == ()
    assert parse(program_text("model.py:direct"), x="n").shape == ()
    assert program_text(" sum(x) ") == "sum(x)"


def test_a_port_that_is_taken_is_said(server: Server) -> None:
    from click.testing import CliRunner

    from minigrad.cli import main

    result = CliRunner().invoke(main, ["open", "--no-browser", "--port", str(server.server_port)])
    assert result.exit_code == 2
    assert "no page can be opened there" in result.stderr
    assert "take another port" in " ".join(result.stderr.split())
