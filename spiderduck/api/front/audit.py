"""`GET /v1/audit`: who changed what. The calls that change state note it here."""

import logging
from typing import Any

import msgspec
from litestar import Request, get
from litestar.handlers import HTTPRouteHandler

from schedulers.record import iso_time
from spiderduck.api.front.keys import ADMIN, name_of
from spiderduck.api.paging import Cursor, Most, cursor_at, place_of
from spiderduck.api.services import Services
from spiderduck.audit import AuditEntry
from spiderduck.errors import StoreUnavailable

log = logging.getLogger(__name__)

AnyRequest = Request[Any, Any, Any]
LISTING = "audit"


class AuditEntries(msgspec.Struct):
    """The newest first; `next_cursor` leads to older ones, and is null at the end."""

    entries: list[AuditEntry]
    next_cursor: str | None = None


class Audit:
    """Notes what a request changed."""

    def __init__(self, services: Services) -> None:
        self._log = services.audit
        self._clock = services.clock

    async def note(self, request: AnyRequest, action: str, subject: str, detail: str | None = None) -> None:
        """After the change was made, which stands: where it cannot be written down, our own log gets the entry."""
        at = iso_time(self._clock.now())
        entry = AuditEntry(at=at, by=name_of(request), action=action, subject=subject, detail=detail)
        try:
            await self._log.note(entry)
        except (OSError, StoreUnavailable) as error:
            log.error("the audit log cannot be written (%s): %s", error, msgspec.json.encode(entry).decode())


def audit_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handlers."""

    @get(
        "/v1/audit",
        opt={"scope": ADMIN},
        tags=["trust and safety"],
        summary="Who changed what",
        description="Takedowns, lists, limits of domains, dead letters replayed and durable queues deleted, and keys "
        "made and revoked on the command line. Append-only: `audit.jsonl` in the data folder; in a cluster the table "
        "`audit`, which all processes write, and without what the command line did.",
    )
    async def list_audit(most: Most = 100, cursor: Cursor = None) -> AuditEntries:
        found = await services.audit.newest(most, place_of(cursor, LISTING, int))
        return AuditEntries(list(found.entries), None if found.next is None else cursor_at(LISTING, found.next))

    return [list_audit]
