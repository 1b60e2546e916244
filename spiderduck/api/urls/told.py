"""`GET /v1/told?url=`: who was told of a link, and who will be."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from schedulers.record import Time, iso_time
from spiderduck.api.front.keys import ADMIN, READ, guard_of
from spiderduck.api.parameters import A_URL
from spiderduck.api.services import Services
from spiderduck.api.sharing.intake import Pause
from spiderduck.api.urls.asking import valid
from spiderduck.subscriptions.ports import QueueState
from spiderduck.webhooks.model import DeliveryStatus

LOOKED_AT = 500
"""Deliveries of each webhook, the newest."""
MOST_TOLD = 5
WRITTEN_SECONDS = 5.0
"""A notice is written so much later than its record says, at the most."""

Reading = Literal["read", "waiting", "not_collected", "not_known"]


class ToldQueue(msgspec.Struct, kw_only=True):
    """A durable queue: its reader acknowledged what was said of the link last (`read`), or has yet to (`waiting`); the
    queue is younger than that (`not_collected`); or the broker does not tell (`not_known`)."""

    name: str
    state: Reading
    used_at: Time


class ToldDelivery(msgspec.Struct, kw_only=True):
    """A notice of the link on its way to a webhook; `reason` says why the latest attempt was not taken."""

    id: str
    type: str
    status: DeliveryStatus
    created_at: Time
    next_attempt_at: Time | None
    attempts: int
    reason: str | None


class ToldWebhook(msgspec.Struct, kw_only=True):
    """A webhook that was sent notices of the link, the newest first, five at most."""

    id: str
    url: str
    deliveries: list[ToldDelivery]


class Told(msgspec.Struct, kw_only=True):
    """`told_at`: when something was found out of the link last; null where nothing was. `webhooks` is null for a key
    without the scope `admin`; it looks through the 500 newest deliveries of each."""

    url: str
    told_at: Time | None
    queues: list[ToldQueue]
    webhooks: list[ToldWebhook] | None


class _Notice(msgspec.Struct):
    subject: str = ""


_decode = msgspec.json.Decoder(_Notice).decode


def told_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handler."""

    async def webhooks(url: str) -> list[ToldWebhook]:
        found, pause = list[ToldWebhook](), Pause()
        for one in await services.webhooks.all():
            sent = list[ToldDelivery]()
            for delivery in await services.webhooks.deliveries(one.id, None, LOOKED_AT):
                await pause()
                if len(sent) < MOST_TOLD and _subject(delivery.body) == url:
                    last = delivery.attempts[-1] if delivery.attempts else None
                    sent.append(
                        ToldDelivery(
                            id=delivery.id,
                            type=delivery.type,
                            status=delivery.status,
                            created_at=iso_time(delivery.created_at),
                            next_attempt_at=None if delivery.due is None else iso_time(delivery.due),
                            attempts=len(delivery.attempts),
                            reason=None if last is None else last.reason,
                        )
                    )
            if sent:
                found.append(ToldWebhook(id=one.id, url=one.url, deliveries=sent))
        return found

    @get("/v1/told", opt={"scope": READ}, tags=["notices"], summary="Who was told of a link")
    async def get_told(
        request: Request[Any, Any, Any],
        url: Annotated[str, Parameter(description="The link, percent-encoded.", schema_extra=A_URL)],
    ) -> Told:
        """Durable queues, by what their readers acknowledged; webhooks, by what became of their deliveries. Streams and
        the broker's own queues keep no account of who reads them."""
        asked = valid(url)
        (known,) = await services.lookups.known([asked.key])
        at = None if known.state is None else known.state.checked_at
        queues = [] if at is None else await services.subscriptions.queues()
        is_admin = guard_of(request).may(request, ADMIN)
        return Told(
            url=asked.url,
            told_at=None if at is None else iso_time(at),
            queues=[
                ToldQueue(name=one.name, state=state_of(one, at or 0.0), used_at=iso_time(one.used_at))
                for one in queues
            ],
            webhooks=await webhooks(asked.url) if is_admin else None,
        )

    return [get_told]


def state_of(queue: QueueState, at: float) -> Reading:
    """Whether a notice that was written at `at` (epoch seconds) was read: a queue is acknowledged in the order in which
    it was written."""
    if queue.created_at > at:
        return "not_collected"
    if not queue.lag:
        return "read"
    if queue.oldest_at is None:
        return "not_known"
    return "read" if queue.oldest_at > at + WRITTEN_SECONDS else "waiting"


def _subject(body: bytes) -> str:
    try:
        return _decode(body).subject
    except msgspec.DecodeError:
        return ""
