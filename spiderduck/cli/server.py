"""Talking to a running server from the command line; every failure becomes a sentence that says what to do."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from groundwork.secret_files import read_secret
from spiderduck.cli.progress import working
from spiderduck.client.connection import STREAM_TIMEOUT, BadAddress, translating
from spiderduck.client.errors import ApiError, Unreachable, api_error
from spiderduck.client.events import BadStream, EventReader, ServerEvent
from spiderduck.client.sync import Client
from spiderduck.errors import BadSetting, ServerUnreachable, SpiderDuckError

LONGEST_WAIT = 60.0
KEY_REMEDIES = {
    401: "; name a key with --key, SPIDERDUCK_KEY or SPIDERDUCK_KEY_FILE (`spiderduck keys create` makes one)",
    403: "; name another key with --key (`spiderduck keys list` shows the scopes of each)",
}
"""By the answer's status."""


class Refused(SpiderDuckError):
    """The server answered with a problem."""

    code = "refused"

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class ServerClient:
    """Calls of one server, whose answers are shown as they are."""

    def __init__(self, url: str, key: str | None) -> None:
        try:
            self._client = Client(url, key or _key_of_file(os.environ.get("SPIDERDUCK_KEY_FILE")))
        except BadAddress as error:
            raise BadSetting(f"--server: {error}") from error
        self._url = url

    def get(self, path: str, **parameters: Any) -> Any:
        return self._call("GET", path, params=parameters)

    def post(self, path: str, content: bytes, content_type: str = "application/json") -> Any:
        return self._call("POST", path, content=content, headers={"Content-Type": content_type})

    def put(self, path: str, content: bytes = b"", **parameters: Any) -> Any:
        return self._call(
            "PUT",
            path,
            params=parameters,
            content=content,
            headers={"Content-Type": "application/json"} if content else {},
        )

    def delete(self, path: str, **parameters: Any) -> None:
        self._call("DELETE", path, params=parameters)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """`body` goes out as JSON."""
        if body is None:
            return self._call(method, path)
        content = msgspec.json.encode(body)
        return self._call(method, path, content=content, headers={"Content-Type": "application/json"})

    def events(self, path: str, parameters: dict[str, str]) -> Iterator[ServerEvent]:
        """What an endless stream sends, comments included."""
        http, reader = self._client.http, EventReader()
        with (
            self._translating(),
            translating(http.base_url),
            http.stream("GET", path, params=parameters, timeout=STREAM_TIMEOUT) as answer,
        ):
            if answer.is_error:
                answer.read()
                raise api_error(answer)
            for chunk in answer.iter_bytes():
                yield from reader.feed(chunk)

    def _call(self, method: str, path: str, **options: Any) -> Any:
        with working(f"waiting for {self._url}"), self._translating():
            answer = self._client.request(method, path, timeout=LONGEST_WAIT, **options)
        return answer.json() if answer.content else None

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except ApiError as error:
            remedy = KEY_REMEDIES.get(error.status, "")
            raise Refused(f"the server refused the request ({error.status}): {error}{remedy}", error.status) from error
        except BadStream as error:
            raise ServerUnreachable(str(error)) from error
        except Unreachable as error:
            raise ServerUnreachable(f"{error}; start it with `spiderduck up`, or name it with --server") from error


def _key_of_file(path: str | None) -> str | None:
    """The key that lies in a file, so that it stands neither in a command line nor in the environment."""
    if not path:
        return None
    try:
        return str(read_secret(path, str, "SPIDERDUCK_KEY_FILE"))
    except ValueError as error:
        raise BadSetting(str(error)) from error
