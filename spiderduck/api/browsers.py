"""What only a handler knows of the rules on browsers: which GET changes something, and whose body is JSON.

`groundwork.front.browsers` judges the methods that always change something before they come here.
"""

import re
from typing import Any

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException, PermissionDeniedException
from litestar.handlers.base import BaseRouteHandler

from groundwork.front.browsers import SAFE, BrowserRules, values
from spiderduck.api.keys import KeyGuard

OWN_PAGES = "own_pages"
"""A handler's option: True, or the name of the query parameter with which the call causes a fetch or changes something.
Pages of another origin may not have it called."""
BODY = "body"
"""A handler's option: `bytes` where the body is no JSON."""

JSON_TYPE = re.compile(r"application/(?:json|x-ndjson)|[a-z0-9!#$&^_.-]{1,100}/[a-z0-9!#$&^_.-]{1,100}\+json")
"""No page can send these to another origin without being asked for first (a preflight)."""


class ForeignOrigin(PermissionDeniedException):
    """A web page of another origin asks."""

    code = "foreign_origin"


class BrowserGuard:
    """A Litestar guard."""

    def __init__(self, rules: BrowserRules, keys: KeyGuard) -> None:
        self._rules = rules
        self._keys = keys

    def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        scope = connection.scope
        if scope["type"] != ScopeType.HTTP:
            return
        headers = list(scope["headers"])
        if scope["method"] in SAFE:
            self._check_origin(connection, handler.opt.get(OWN_PAGES))
        elif handler.opt.get(BODY) != "bytes" and _has_body(headers) and not _is_json(headers):
            raise HTTPException(
                "the body is JSON, so send Content-Type: application/json (curl --json), or application/x-ndjson",
                status_code=415,
            )

    def _check_origin(self, connection: ASGIConnection[Any, Any, Any, Any], when: bool | str | None) -> None:
        if not when or (isinstance(when, str) and connection.query_params.get(when, "false").lower() == "false"):
            return
        refusal = self._rules.foreign(list(connection.scope["headers"]))
        if refusal is not None and not self._keys.knows(connection.headers.get("authorization", "")):
            raise ForeignOrigin(refusal.detail)


def _has_body(headers: list[tuple[bytes, bytes]]) -> bool:
    return bool(values(headers, b"transfer-encoding")) or any(
        length.strip(b"0 ") for length in values(headers, b"content-length")
    )


def _is_json(headers: list[tuple[bytes, bytes]]) -> bool:
    """Of exactly one type; what a page may send unasked stands before its parameters."""
    types = values(headers, b"content-type")
    if len(types) != 1:
        return False
    return JSON_TYPE.fullmatch(types[0].decode("latin-1").partition(";")[0].strip().lower()) is not None
