"""`GET /v1/audit`: who changed what. The calls that change state note it here."""

import logging
from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from schedulers.record import iso_time
from spiderduck.api.front.keys import ADMIN, name_of
from spiderduck.api.services import Services
from spiderduck.audit import AuditEntry

log = logging.getLogger(__name__)

AnyRequest = Request[Any, Any, Any]


class AuditEntries(msgspec.Struct):
    """The newest first."""

    entries: list[AuditEntry]


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
        except OSError as error:
            log.error("the audit log cannot be written (%s): %s", error, msgspec.json.encode(entry).decode())


def audit_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handlers."""

    @get(
        "/v1/audit",
        opt={"scope": ADMIN},
        tags=["trust and safety"],
        summary="Who changed what",
        description="Keys made and revoked on the command line; lists, limits of domains, dead letters replayed and "
        "durable queues deleted through this process. Append-only: `audit.jsonl` in the data folder.",
    )
    async def list_audit(
        most: Annotated[int, Parameter(ge=1, le=1000, description="How many entries, the newest first.")] = 100,
    ) -> AuditEntries:
        return AuditEntries(list(await services.audit.newest(most)))

    return [list_audit]
