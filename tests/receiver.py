"""A receiver of webhooks, on loopback, in threads of its own: it answers by path, and keeps every request.

with Receiver() as receiver:
    receiver.answers["/down"] = Answer(500)
    … post to receiver.url("/down") …
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What is answered. `until`: only when this is set, so that a test decides how slow a receiver is."""

    status: int = 200
    body: bytes = b"ok"
    headers: dict[str, str] = field(default_factory=dict)
    until: threading.Event | None = None


@dataclass(frozen=True)
class Taken:
    """One request; names of headers in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


class Receiver:
    """See the module."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer | Callable[[Taken], Answer]] = {}
        self.requests: list[Taken] = []
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def at(self, path: str) -> list[Taken]:
        """The requests to a path, in order."""
        return [one for one in list(self.requests) if one.path == path]

    def __enter__(self) -> "Receiver":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that was killed: nothing to be said of."""


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            taken = Taken(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            receiver.requests.append(taken)
            said = receiver.answers.get(self.path, Answer())
            answer = said if isinstance(said, Answer) else said(taken)
            if answer.until is not None:
                answer.until.wait(60)
            try:
                self.send_response(answer.status)
                for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)
            except OSError:
                self.close_connection = True  # the sender is gone

        def do_GET(self) -> None:
            receiver.requests.append(Taken(self.path, {}, b"GET"))
            self.send_error(405)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the tests look at `requests`."""

    return Handler
