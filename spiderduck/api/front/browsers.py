"""What only a handler knows of the rules on browsers: which GET changes something, and whose body is JSON. And that a
query says a thing once, so that a guard and a handler cannot read two things.

`groundwork.front.browsers` judges the methods that always change something before they come here.
"""

import re
from collections.abc import Callable
from typing import Any

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException, PermissionDeniedException, TooManyRequestsException
from litestar.handlers.base import BaseRouteHandler

from groundwork.front.browsers import SAFE, BrowserRules, Refusal, values
from groundwork.queries import once
from spiderduck.api.front.keys import KeyGuard
from spiderduck.api.parameters import shortened

Connection = ASGIConnection[Any, Any, Any, Any]
OWN_PAGES = "own_pages"
"""A handler's option: True, or the name of the query parameter with which the call causes a fetch or changes something.
Pages of another origin may not have it called."""
FALSE = frozenset({"false", "0"})
BODY = "body"
"""A handler's option: `bytes` where the body is no JSON, `lines` where it may be several JSON texts, one a line."""

JSON_TYPE = re.compile(r"application/json|[a-z0-9!#$&^_.-]{1,100}/[a-z0-9!#$&^_.-]{1,100}\+json")
LINES_TYPE = "application/x-ndjson"
"""No page can send these types to another origin without being asked for first (a preflight)."""


class ForeignOrigin(PermissionDeniedException):
    """A web page of another origin asks."""

    code = "foreign_origin"


class BrowserGuard:
    """A Litestar guard. Async, since the framework runs the others in threads, where each request would wait in line
    behind everybody's slow work."""

    def __init__(self, rules: BrowserRules, keys: KeyGuard) -> None:
        self._rules = rules
        self._keys = keys

    async def __call__(self, connection: Connection, handler: BaseRouteHandler) -> None:
        scope = connection.scope
        if scope["type"] != ScopeType.HTTP:
            return
        once(connection, handler)
        headers = list(scope["headers"])
        if scope["method"] in SAFE:
            when = handler.opt.get(OWN_PAGES)
            if when is True or (when and _is_given(connection, handler, when)):
                self._check_origin(connection)
        elif handler.opt.get(BODY) != "bytes" and _has_body(headers):
            self._check_type(headers, lines=handler.opt.get(BODY) == "lines")

    def _check_type(self, headers: list[tuple[bytes, bytes]], *, lines: bool) -> None:
        """Of exactly one type; what a page may send unasked stands before its parameters."""
        types = values(headers, b"content-type")
        kind = types[0].decode("latin-1").partition(";")[0].strip().lower() if len(types) == 1 else ""
        if JSON_TYPE.fullmatch(kind) is None and not (lines and kind == LINES_TYPE):
            wrong = f"is {shortened(kind)}" if kind else "is not said" if not types else "is said several times"
            also = f", or {LINES_TYPE}" if lines else ""
            raise HTTPException(
                f"the body is JSON, and its Content-Type {wrong}; send application/json (curl --json){also}",
                status_code=415,
            )

    def _check_origin(self, connection: Connection) -> None:
        refusal = self._rules.foreign(list(connection.scope["headers"]))
        if refusal is not None and not self._keys.recognises(connection.scope):
            raise ForeignOrigin(refusal.detail)


def key_check(keys: KeyGuard) -> Callable[[Any], bool | Refusal]:
    """`keys` as `BrowserFront` asks for them, before there is a handler."""

    def check(scope: Any) -> bool | Refusal:
        try:
            return keys.recognises(scope)
        except TooManyRequestsException as error:
            headers = tuple((name.lower().encode(), value.encode()) for name, value in (error.headers or {}).items())
            return Refusal(429, "Too many requests", "too_many_requests", error.detail, headers)

    return check


def _is_given(connection: Connection, handler: BaseRouteHandler, name: str) -> bool:
    """Whether the query holds a parameter; a flag that is false counts for none."""
    given = connection.query_params.get(name)
    if given is None:
        return False
    is_flag = handler.parsed_fn_signature.parameters[name].annotation is bool
    return not (is_flag and given.lower() in FALSE)


def _has_body(headers: list[tuple[bytes, bytes]]) -> bool:
    return bool(values(headers, b"transfer-encoding")) or any(
        length.strip(b"0 ") for length in values(headers, b"content-length")
    )
