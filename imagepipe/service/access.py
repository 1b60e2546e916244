"""Who may ask for which picture. Only a signature or a key opens any address; without one a picture must belong to a
record, be on `unsigned_hosts`, or be in the pipeline's caches already.

A refusal is the same for every address and asks no origin, so that it tells nothing of them.
"""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler

from imagepipe.config import ImagesConfig
from imagepipe.errors import NotSigned, RecordsUnavailable, SourceBlocked
from imagepipe.originals.load import Requester
from imagepipe.originals.source_rules import is_on
from imagepipe.pipeline import Pipeline
from imagepipe.service.request import PictureRequest

Connection = ASGIConnection[Any, Any, Any, Any]
REFUSAL = (
    "this address needs a signature or a key: it belongs to no stored record, is not in the caches, and its host is "
    "none of the unsigned_hosts in the settings"
)

NO_FILTERS = "filters= needs a signature or a key, whatever the address; without one, a preset may name filters"


class Access(Protocol):
    """What the server around the pipelines knows of a request."""

    def blocked(self, src: str) -> str | None:
        """Why nobody may have pictures from that address; None where they may."""

    async def withheld(self, src: str) -> str | None:
        """Why this very picture is given to nobody, whatever they show; None where it may be."""

    def client(self, connection: Connection) -> str:
        """Who is asking, as far as limits are concerned."""

    def has_key(self, connection: Connection) -> bool:
        """Whether the request shows a key that may cause fetches."""

    def is_foreign(self, connection: Connection) -> bool:
        """Whether a web page of another origin made a browser send this."""

    async def owns(self, src: str) -> bool:
        """Whether a stored record has that picture. Raises `RecordsUnavailable` where nobody can say now."""


class Alone:
    """The `Access` of a server without records, such as `python -m imagepipe serve`."""

    def blocked(self, src: str) -> str | None:
        return None

    async def withheld(self, src: str) -> str | None:
        return None

    def client(self, connection: Connection) -> str:
        return connection.client.host if connection.client is not None else ""

    def has_key(self, connection: Connection) -> bool:
        return False

    def is_foreign(self, connection: Connection) -> bool:
        return False

    async def owns(self, src: str) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Gate:
    """The rule. `unsigned`: anybody may ask for anything (`allow_unsigned`, or a source that is a folder)."""

    config: ImagesConfig
    access: Access
    unsigned: bool = False

    async def admit(
        self, connection: Connection, pipeline: Pipeline, ask: PictureRequest, *, cached: bool
    ) -> Requester:
        """Who asks. `cached`: the very variant is there.

        Raises `SourceBlocked`, `NotSigned` (nothing was asked of anybody but the records), `RecordsUnavailable`.
        """
        src = ask.src
        if (reason := self.access.blocked(src) or await self.access.withheld(src)) is not None:
            raise SourceBlocked(reason)
        requester = Requester(self.access.client(connection))
        if ask.signed or self.unsigned or self.access.has_key(connection):
            return requester
        if ask.own_filters:
            raise NotSigned(NO_FILTERS)
        if self.access.is_foreign(connection):
            if await self.access.owns(src):
                return requester
            raise NotSigned(REFUSAL)
        if self.config.unsigned_hosts and is_on(src, self.config.unsigned_hosts):
            return (
                requester if await self._surely_owns(src) else Requester(requester.client, self.config.unsigned_hosts)
            )
        if cached or await pipeline.originals.store.in_memory(src):
            return requester
        return await self._admit_owned(pipeline, src, requester)

    async def _admit_owned(self, pipeline: Pipeline, src: str, requester: Requester) -> Requester:
        try:
            if await self.access.owns(src):
                return requester
        except RecordsUnavailable:
            if await pipeline.originals.store.get(src) is None:
                raise
            return requester
        if await pipeline.originals.store.get(src) is None:
            raise NotSigned(REFUSAL)
        return requester

    async def _surely_owns(self, src: str) -> bool:
        try:
            return await self.access.owns(src)
        except RecordsUnavailable:
            return False


Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]
"""Async, since the framework runs the others in threads, behind everybody's slow work."""


def bearer_guard(key: str, loopback: bool) -> Guard:
    """A Litestar guard that takes `Authorization: Bearer KEY`.

    Not the key as a password that a browser asks for: the browser would send it along with whatever another site makes
    it ask, a purge for instance. The inspector's page asks for the key itself.
    """

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
        if not key:
            if not loopback:
                raise PermissionDeniedException("no key is configured for this")
            return
        scheme, _, given = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), key.encode()):
            raise NotAuthorizedException("Authorization: Bearer KEY", headers={"WWW-Authenticate": "Bearer"})

    return guard
