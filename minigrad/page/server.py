"""The page over HTTP, for this computer alone.

It listens on the loopback address, and whoever asks must know a random token that stands in the address.
Another site that a browser has open can send requests here, but it has another Origin, and a name of
its own that leads here has another Host: both are refused.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

LARGEST = 1_000_000  # bytes of a question
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".ttf": "font/ttf",
}
# The pictures have styles in them; scripts, and what they ask, are the server's own.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

Answered = Callable[[dict[str, Any]], bytes]


class Refusal(Exception):
    """A request that is not served: a status, and what to do."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


class Server(ThreadingHTTPServer):
    """Serves the page's files, and passes what is posted on.

    Parameters
    ----------
    posts
        What answers a POST, by the last part of its address: JSON in, the body of the answer out.
    made
        Files that are made at the start, by name: JSON.
    port
        0 for one that is free.
    """

    daemon_threads = True
    allow_reuse_address = False
    request_queue_size = 128  # a page asks for all its files at once, and there may be many pages

    def __init__(
        self, posts: Mapping[str, Answered], made: Mapping[str, Any] = {}, port: int = 0
    ) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.token = secrets.token_urlsafe(16)
        self.posts = posts
        self.made = {name: json.dumps(content).encode() for name, content in made.items()}
        self.files = _files()
        self.hosts = {f"{name}:{self.server_port}" for name in ("127.0.0.1", "localhost")}

    @property
    def url(self) -> str:
        """Where the page is, with the token."""
        return f"http://127.0.0.1:{self.server_port}/{self.token}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A page that went away in the middle of an answer is nothing to tell."""


def _files() -> dict[str, Traversable]:
    """What is served, by its address below the token: no other name leads to a file."""
    front = files("minigrad.page") / "front"
    folders = {"": front, "fonts/": front / "fonts", "report/": files("minigrad.report")}
    return {
        prefix + file.name: file
        for prefix, folder in folders.items()
        if folder.is_dir()
        for file in folder.iterdir()
        if _ending(file.name) in _KINDS
    }


def _ending(name: str) -> str:
    return name[name.rfind(".") :] if "." in name else ""


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"  # connections stay open: the next call begins at once
    server_version, sys_version = "minigrad", ""
    disable_nagle_algorithm = True
    timeout = 300

    def do_GET(self) -> None:
        self._serve(self._file)

    def do_HEAD(self) -> None:
        self._serve(self._file)

    def do_POST(self) -> None:
        self._serve(self._posted)

    def _serve(self, respond: Callable[[str], None]) -> None:
        try:
            respond(self._name())
        except Refusal as refusal:
            self._refuse(refusal)
        except OSError:
            raise  # who asked has gone
        except Exception as error:
            why = f"A fault of minigrad's own ({type(error).__name__}: {error}); it is worth a report."
            self._refuse(Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, why))

    def _name(self) -> str:
        """What is asked for, below the token; a request from elsewhere is refused."""
        if self._one("Host") not in self.server.hosts:
            raise Refusal(HTTPStatus.MISDIRECTED_REQUEST, "This server is called 127.0.0.1, with its port.")
        origin = self._one("Origin")
        if origin is not None and origin not in {f"http://{host}" for host in self.server.hosts}:
            raise Refusal(HTTPStatus.FORBIDDEN, "Another site may not ask here.")
        if not self.path.startswith("/"):
            raise Refusal(HTTPStatus.BAD_REQUEST, "An address begins with a slash.")
        _, token, *rest = self.path.partition("?")[0].split("/", 2)
        if not secrets.compare_digest(token.encode(), self.server.token.encode()):
            raise Refusal(
                HTTPStatus.FORBIDDEN,
                "The address lacks its token: open the one that `minigrad open` printed.",
            )
        if not rest:
            raise Refusal(HTTPStatus.NOT_FOUND, "The address ends in a slash.")
        return rest[0]

    def _one(self, header: str) -> str | None:
        """What a header says; of two, who asks may mean one and another the other."""
        said = self.headers.get_all(header, [])
        if len(said) > 1:
            raise Refusal(HTTPStatus.BAD_REQUEST, f"{header} stands there twice.")
        return said[0] if said else None

    def _file(self, name: str) -> None:
        name = name or "index.html"
        if name in self.server.made:
            self._send(self.server.made[name], _KINDS[".json"])
        elif name in self.server.files:
            self._send(self.server.files[name].read_bytes(), _KINDS[_ending(name)])
        else:
            raise Refusal(HTTPStatus.NOT_FOUND, "There is no such file.")

    def _posted(self, name: str) -> None:
        body = self._body()
        answered = self.server.posts.get(name)
        if answered is None:
            raise Refusal(HTTPStatus.NOT_FOUND, f"What can be posted to: {', '.join(self.server.posts)}.")
        try:
            asked = json.loads(body)
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise Refusal(HTTPStatus.BAD_REQUEST, f"The body is no JSON ({error}).") from None
        except (ValueError, RecursionError):
            why = "The body cannot be read: a number in it is too long, or lists are nested too deeply."
            raise Refusal(HTTPStatus.BAD_REQUEST, why) from None
        if not isinstance(asked, dict):
            raise Refusal(HTTPStatus.BAD_REQUEST, "The body is a JSON object.")
        answer = answered(asked)
        self._send(answer, _KINDS[".json" if answer.startswith(b"{") else ".html"])

    def _body(self) -> bytes:
        """The body of a POST, read whole before anything else can go wrong."""
        length = self._one("Content-Length") or ""
        if not length.isascii() or not length.isdigit() or "Transfer-Encoding" in self.headers:
            raise Refusal(HTTPStatus.LENGTH_REQUIRED, "A POST says how long it is.")
        if len(length) > 9 or int(length) > LARGEST:
            raise Refusal(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"A question has at most {LARGEST:,} bytes; make its arrays smaller.",
            )
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise Refusal(HTTPStatus.BAD_REQUEST, "The body ends before its length.")
        if self.headers.get_content_type() != "application/json":
            raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "A question is application/json.")
        return body

    def _refuse(self, refusal: Refusal) -> None:
        self.close_connection = True  # what else was sent is not read
        self._send(fault(refusal.status.phrase, refusal.text), _KINDS[".json"], refusal.status)

    def _send(self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **_HEADERS}.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server refuses by itself, in our form."""
        status = HTTPStatus(code)
        self.command = getattr(self, "command", None) or ""
        self._refuse(Refusal(status, message or status.description))

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the terminal is for the address."""


def fault(heading: str, text: str, **more: Any) -> bytes:
    """An answer that says what is wrong."""
    error = {"heading": heading, "text": text, "message": text}
    return json.dumps({**more, "ok": False, "error": error}).encode()
