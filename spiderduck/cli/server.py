"""Talking to a running server from the command line; every failure becomes a sentence that says what to do."""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from spiderduck.errors import BadSetting, ServerUnreachable, SpiderDuckError
from spiderduck.settings.secret_files import read_secret

CERTIFICATES = "SSL_CERT_FILE"
"""The environment variable that OpenSSL and curl know."""


class Refused(SpiderDuckError):
    """The server answered with a problem."""

    code = "refused"

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class ServerClient:
    """Calls of one server."""

    def __init__(self, url: str, key: str | None) -> None:
        key = key or _key_of_file(os.environ.get("SPIDERDUCK_KEY_FILE"))
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        try:
            self._client = httpx.Client(
                base_url=url, headers=headers, timeout=60.0, trust_env=False, verify=_certificates(url)
            )
        except httpx.InvalidURL as error:
            raise BadSetting(f"--server is {url!r}, which is no URL") from error
        if self._client.base_url.scheme not in ("http", "https"):
            raise BadSetting(f"--server is {url!r}; write http:// or https:// before the host")
        self._url = url

    def get(self, path: str, **parameters: Any) -> Any:
        return self._call("GET", path, params=parameters)

    def post(self, path: str, content: bytes, content_type: str = "application/json") -> Any:
        return self._call("POST", path, content=content, headers={"Content-Type": content_type})

    def put(self, path: str, **parameters: Any) -> Any:
        return self._call("PUT", path, params=parameters)

    def lines(self, path: str, parameters: dict[str, str]) -> Iterator[str]:
        """The lines of an endless answer."""
        with (
            self._translating(),
            self._client.stream("GET", path, params=parameters, timeout=httpx.Timeout(10.0, read=None)) as answer,
        ):
            if answer.is_error:
                answer.read()
                self._check(answer)
            yield from _lines(answer.iter_bytes())

    def _call(self, method: str, path: str, **options: Any) -> Any:
        with self._translating():
            answer = self._client.request(method, path, **options)
        self._check(answer)
        return answer.json() if answer.content else None

    def _check(self, answer: httpx.Response) -> None:
        if not answer.is_error:
            return
        try:
            detail = answer.json()["detail"]
        except (ValueError, KeyError, TypeError):
            detail = answer.text[:500]
        raise Refused(f"the server refused it ({answer.status_code}): {detail}", answer.status_code)

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except httpx.TransportError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise ServerUnreachable(
                    f"the certificate of {self._url} is not trusted ({error}); name the file of its authority in "
                    f"{CERTIFICATES}"
                ) from error
            raise ServerUnreachable(
                f"nothing answers at {self._url} ({error}); start it with `spiderduck up`, or name it with --server"
            ) from error


def _certificates(url: str) -> ssl.SSLContext | bool:
    """Whose certificates are trusted: the system's, or those in the file that SSL_CERT_FILE names."""
    file = os.environ.get(CERTIFICATES)
    if not file or not url.startswith("https"):
        return True
    try:
        return ssl.create_default_context(cafile=file)
    except (OSError, ssl.SSLError) as error:
        raise BadSetting(f"{CERTIFICATES} is {file!r}, which holds no readable certificates: {error}") from error


def _key_of_file(path: str | None) -> str | None:
    """The key that lies in a file, so that it stands neither in a command line nor in the environment."""
    if not path:
        return None
    try:
        return str(read_secret(path, str, "SPIDERDUCK_KEY_FILE"))
    except ValueError as error:
        raise BadSetting(str(error)) from error


def _lines(chunks: Iterator[bytes]) -> Iterator[str]:
    """Ended by line feeds alone: `httpx` ends a line at U+2028 and U+0085 as well, which JSON may have in a string."""
    rest: list[bytes] = []
    for chunk in chunks:
        *whole, last = chunk.split(b"\n")
        for line in whole:
            yield b"".join((*rest, line)).removesuffix(b"\r").decode("utf-8", "replace")
            rest = []
        rest.append(last)
