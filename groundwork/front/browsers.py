"""Keeps other people's web pages away from a server that a browser can reach: rules on `Host` and `Origin`, and CORS.

A page can make its visitor's browser send requests to loopback and to inside networks. Two rules stop it:

- `Host` (DNS rebinding): a page whose own name was made to lead here is sent away with 421, because the name is not
  ours. An IP literal cannot be rebound.
- `Origin` and `Sec-Fetch-Site` (cross-site requests): what a page of another origin has a browser send changes nothing.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from groundwork.front.authority import Authority, ascii_host, default_port, read_authority, read_origin
from groundwork.problems import MEDIA_TYPE, problem

Headers = Sequence[tuple[bytes, bytes]]
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FROM_ELSEWHERE = frozenset({b"cross-site", b"same-site"})
"""Another port or name of the same site is another origin."""
METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
REQUEST_HEADERS = (
    b"Authorization, Content-Type, Idempotency-Key, Last-Event-ID, If-None-Match, If-Modified-Since, X-Request-Id"
)
RESPONSE_HEADERS = (
    b"ETag, Retry-After, WWW-Authenticate, X-Request-Id, RateLimit, RateLimit-Policy, X-Fetched-Url, X-Fetched-Status, "
    b"X-Fetched-Redirects"
)
PREFLIGHT_SECONDS = b"600"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not let in."""

    status: int
    title: str
    code: str
    detail: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


class BrowserRules:
    """Which names are ours and which origins may do what our own pages may. Pure."""

    def __init__(self, hosts: Collection[str] = (), origins: Collection[str] = (), *, secure: bool = False) -> None:
        """`hosts`: names besides `localhost`. `origins`: `scheme://host[:port]`. `secure`: we serve TLS ourselves, so
        that a page over http is another origin. Raises ValueError for what is no host or origin."""
        self._hosts = frozenset({"localhost", *map(ascii_host, hosts)})
        self._origins = frozenset(_known_origin(text) for text in origins)
        self._secure = secure

    @property
    def any_origins(self) -> bool:
        """Whether other origins are allowed at all."""
        return bool(self._origins)

    def misdirected(self, headers: Headers, http_version: str) -> Refusal | None:
        """What is wrong with `Host`. HTTP/1.0 needs none, and no browser speaks it."""
        given = values(headers, b"host")
        if not given and http_version == "1.0":
            return None
        host = _authority(given[0]) if len(given) == 1 else None
        if host is None:
            return Refusal(400, "Bad request", "bad_request", "send one Host header: a host, or host:port")
        if host.is_address or host.host in self._hosts:
            return None
        detail = f"{host.host} is no name of this server; add it to api.hosts (a part alone: --allowed-host)"
        return Refusal(421, "Misdirected request", "misdirected_request", detail)

    def foreign(self, headers: Headers) -> Refusal | None:
        """Whether a page of another origin made a browser send this. Asked of what changes something or fetches."""
        origins = values(headers, b"origin")
        if len(origins) == 1 and self.allows(origins[0]):
            return None
        elsewhere = any(value.lower() in FROM_ELSEWHERE for value in values(headers, b"sec-fetch-site"))
        if not elsewhere and (not origins or (len(origins) == 1 and self._is_own(origins[0], headers))):
            return None
        detail = "a web page of another origin asks for this; the server's operator allows origins with api.origins"
        return Refusal(403, "Not allowed", "foreign_origin", detail)

    @staticmethod
    def around(host: str, *names: str) -> "BrowserRules":
        """Of a server that listens on `host` and has these other names."""
        own = [] if host.startswith("*") or ":" in host else [host]
        return BrowserRules([*own, *(name for name in names if name)])

    def allows(self, origin: bytes) -> bool:
        """Whether the settings name this origin."""
        return bool(self._origins) and _origin(origin) in self._origins

    def _is_own(self, origin: bytes, headers: Headers) -> bool:
        """The page came from where the request goes. Where a proxy speaks TLS for us we see no scheme, so that either
        fits a `Host` without a port."""
        page, hosts = _origin(origin), values(headers, b"host")
        host = _authority(hosts[0]) if len(hosts) == 1 else None
        if page is None or host is None or (self._secure and page[0] != "https"):
            return False
        return page[1] == Authority(host.host, host.port or default_port(page[0]), host.is_address)


def values(headers: Headers, wanted: bytes) -> list[bytes]:
    """All values under a name, which is in lower case as in ASGI."""
    return [value for name, value in headers if name == wanted]


def _authority(value: bytes) -> Authority | None:
    return read_authority(value.decode("latin-1"))


def _origin(value: bytes) -> tuple[str, Authority] | None:
    return read_origin(value.decode("latin-1"))


def _known_origin(text: str) -> tuple[str, Authority]:
    scheme, separator, rest = text.partition("://")
    read = None
    if separator and not rest.startswith("["):
        host, colon, port = rest.partition(":")
        read = read_origin(f"{scheme}://{ascii_host(host)}{colon}{port}")
    elif separator:
        read = read_origin(text)
    if read is None:
        raise ValueError(f"{text!r} is no origin; it takes scheme://host or scheme://host:port, without a path")
    return read


Send = Callable[[Any], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]


class BrowserFront:
    """An ASGI application before another one, with the rules on every request."""

    def __init__(
        self,
        app: App,
        rules: BrowserRules,
        *,
        open_paths: Collection[str] = (),
        trusted: Callable[[Any], bool | Refusal] = lambda _: False,
    ) -> None:
        """`open_paths`: of any host, for probes. `trusted`: whether a request (its ASGI scope) shows what no page can
        have a browser send by itself, a valid bearer key; or how to refuse whoever tried too many."""
        self._app = app
        self._rules = rules
        self._open_paths = frozenset(open_paths)
        self._trusted = trusted

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: Headers = scope["headers"]
        allowed = self._allowed_origin(headers)
        if self._rules.any_origins:
            send = _with_cors(send, allowed)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _answer(send, refusal)
        elif allowed is not None and scope["method"] == "OPTIONS" and values(headers, b"access-control-request-method"):
            await _answer_preflight(send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Any, headers: Headers) -> Refusal | None:
        if scope["path"] in self._open_paths:
            return None
        if (refusal := self._rules.misdirected(headers, scope.get("http_version", "1.1"))) is not None:
            return refusal
        if scope["method"] in SAFE or (refusal := self._rules.foreign(headers)) is None:
            return None
        trusted = self._trusted(scope)
        if isinstance(trusted, Refusal):
            return trusted
        return None if trusted else refusal

    def _allowed_origin(self, headers: Headers) -> bytes | None:
        origins = values(headers, b"origin")
        return origins[0] if len(origins) == 1 and self._rules.allows(origins[0]) else None


def _with_cors(send: Send, allowed: bytes | None) -> Send:
    """`Vary` on every answer, so that no cache gives one origin's to another."""
    more = [(b"vary", b"Origin")]
    if allowed is not None:
        more += [(b"access-control-allow-origin", allowed), (b"access-control-expose-headers", RESPONSE_HEADERS)]

    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *more]}
        await send(message)

    return sending


async def _answer(send: Send, refusal: Refusal) -> None:
    body = problem(refusal.status, refusal.code, refusal.title, refusal.detail)
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", b"%d" % len(body)), *refusal.headers]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _answer_preflight(send: Send) -> None:
    headers = [
        (b"access-control-allow-methods", METHODS),
        (b"access-control-allow-headers", REQUEST_HEADERS),
        (b"access-control-max-age", PREFLIGHT_SECONDS),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
