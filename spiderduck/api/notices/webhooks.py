"""`/v1/webhooks`: who is told by a POST of each notice, as Standard Webhooks has it. What is done stands in
`spiderduck/webhooks`."""

from typing import Annotated, Any

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.exceptions import ClientException
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody, Parameter

from fetchers.urls import split
from schedulers.notice import TYPES
from schedulers.record import iso_time
from spiderduck.api.contract.problems import ERRORS
from spiderduck.api.front.audit import AnyRequest, Audit
from spiderduck.api.front.keys import ADMIN
from spiderduck.api.front.retries import RETRIES, Retries
from spiderduck.api.paging import MOST, Cursor, Most, piece, place_of
from spiderduck.api.parameters import A_DOMAIN, A_URL, WEBHOOK_ID, domain_name, moment, shortened
from spiderduck.api.services import Services
from spiderduck.webhooks.administration import WebhookEdit
from spiderduck.webhooks.model import Attempt, Delivery, DeliveryStatus, Webhook

WebhookId = Annotated[str, Parameter(pattern=WEBHOOK_ID, description="The webhook's id.")]
Moment = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
Types = Annotated[
    list[Annotated[str, msgspec.Meta(extra_json_schema={"enum": sorted(TYPES)})]], msgspec.Meta(max_length=len(TYPES))
]
Domain = Annotated[str, msgspec.Meta(min_length=1, max_length=255, extra_json_schema=A_DOMAIN)]
Domains = Annotated[list[Domain], msgspec.Meta(max_length=1000)]
Url = Annotated[str, msgspec.Meta(min_length=1, max_length=2048, extra_json_schema=A_URL)]
UNSEEN = {"Cache-Control": "no-store"}
"""A secret that is shown once stays in no cache."""
TAGS = ["webhooks"]
LONGEST_OVERLAP = 30 * 86_400
DELIVERIES = "webhook deliveries"
WEBHOOKS = "webhooks"
MICROSECONDS = 1_000_000
"""What a moment is told in where it has to be exact: a store keeps no finer ones."""


class WebhookOrder(msgspec.Struct, forbid_unknown_fields=True):
    """Where notices go, and which: `types` (all where none are named) and `domains` with everything below them."""

    url: Url
    types: Types = []
    domains: Domains = []


class WebhookChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is left out, or null, stays as it is. `enabled: true` also ends what a 410 began."""

    url: Url | None = None
    types: Types | None = None
    domains: Domains | None = None
    enabled: bool | None = None


class Rotation(msgspec.Struct, forbid_unknown_fields=True):
    """For how many seconds the secret before signs beside the new one."""

    old_valid_s: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_OVERLAP)] = 86_400


class ReplayOrder(msgspec.Struct, forbid_unknown_fields=True):
    """`ids`: these deliveries. `since`: all from a time on, but those that wait for their next attempt. Neither: all
    that were given up."""

    ids: Annotated[list[str], msgspec.Meta(min_length=1, max_length=1000)] | None = None
    since: Moment | None = None


class WebhookReport(msgspec.Struct, kw_only=True):
    """A webhook. `public_keys` verify the `v1a` signatures, the newest first; where there are two, the older one's
    secret signs until `old_valid_until`. `disabled_because` is null where it is enabled."""

    id: str
    url: str
    types: list[str]
    domains: list[str]
    enabled: bool
    disabled_because: str | None
    created_at: Moment
    public_keys: list[str]
    old_valid_until: Moment | None


class NewSecret(WebhookReport, kw_only=True):
    """A webhook and its secret, which is shown this once."""

    secret: str


class WebhookReports(msgspec.Struct):
    """The oldest first; `next_cursor` leads to those behind them, and is null at the end."""

    webhooks: list[WebhookReport]
    next_cursor: str | None = None


class AttemptReport(msgspec.Struct, kw_only=True):
    """One request to the receiver. `status_code` is null where there was no answer, `reason` where it was taken."""

    at: Moment
    took_ms: int
    status_code: int | None
    reason: str | None


class DeliveryReport(msgspec.Struct, kw_only=True):
    """What became of a notice. `id` is its `webhook-id`; the last twenty attempts are kept."""

    id: str
    type: str
    status: DeliveryStatus
    created_at: Moment
    next_attempt_at: Moment | None
    attempts: list[AttemptReport]


class DeliveryReports(msgspec.Struct):
    """The newest first; `next_cursor` where there are more."""

    deliveries: list[DeliveryReport]
    next_cursor: str | None = None


class ReplayedDeliveries(msgspec.Struct):
    """How many deliveries are made once more."""

    replayed: int


class Tested(AttemptReport, kw_only=True):
    """What the receiver said to a notice of the type `spiderduck.webhook.test`."""

    delivered: bool


def webhook_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handlers."""
    webhooks, clock, audit = services.webhooks, services.clock, Audit(services)
    repeatable = {"scope": ADMIN, RETRIES: Retries(services.answers)}
    of_one = {"scope": ADMIN, ERRORS: (404,)}

    def report(one: Webhook) -> WebhookReport:
        return WebhookReport(**_fields(one, clock.now()))

    @post(
        "/v1/webhooks",
        status_code=201,
        opt=repeatable,
        tags=TAGS,
        summary="Create a webhook",
        description="Every notice from now on is posted to `url`, signed as [Standard Webhooks]"
        "(https://www.standardwebhooks.com) has it. `secret` is shown this once. The URL begins with https:// and "
        "leads to a public address; `fetchers.network.allow_addresses` names exceptions, also for http://.",
    )
    async def create_webhook(data: JSONBody[WebhookOrder], request: AnyRequest) -> Response[NewSecret]:
        made, secret = await webhooks.create(data.url, _types(data.types), _domains(data.domains))
        await audit.note(request, "webhook.created", made.id, f"to {split(made.url).origin}")
        return Response(NewSecret(**_fields(made, clock.now()), secret=secret), status_code=201, headers=UNSEEN)

    @get("/v1/webhooks", opt={"scope": ADMIN}, tags=TAGS, summary="The webhooks")
    async def list_webhooks(most: Most = MOST, cursor: Cursor = None) -> WebhookReports:
        last = place_of(cursor, WEBHOOKS, str) or ""
        behind = sorted((one for one in await webhooks.all() if _place(one) > last), key=_place)
        shown, following = piece(behind, most, WEBHOOKS, _place)
        return WebhookReports([report(one) for one in shown], following)

    @get("/v1/webhooks/{webhook_id:str}", opt=of_one, tags=TAGS, summary="One webhook")
    async def get_webhook(webhook_id: WebhookId) -> WebhookReport:
        return report(await webhooks.get(webhook_id))

    @patch(
        "/v1/webhooks/{webhook_id:str}",
        opt={"scope": ADMIN, ERRORS: (404, 422)},
        tags=TAGS,
        summary="Change, disable or enable a webhook",
        description="A disabled webhook is sent nothing. Its notices are kept as those of any durable queue, and come "
        "when it is enabled again.",
    )
    async def change_webhook(
        webhook_id: WebhookId, data: JSONBody[WebhookChange], request: AnyRequest
    ) -> WebhookReport:
        types = None if data.types is None else _types(data.types)
        domains = None if data.domains is None else _domains(data.domains)
        changed = await webhooks.change(webhook_id, WebhookEdit(data.url, types, domains, data.enabled))
        given = ", ".join(name for name in data.__struct_fields__ if getattr(data, name) is not None)
        await audit.note(request, "webhook.changed", webhook_id, f"{given}; to {split(changed.url).origin}")
        return report(changed)

    @delete("/v1/webhooks/{webhook_id:str}", opt=of_one, tags=TAGS, summary="Delete a webhook")
    async def delete_webhook(webhook_id: WebhookId, request: AnyRequest) -> None:
        await webhooks.remove(webhook_id)
        await audit.note(request, "webhook.deleted", webhook_id)

    @post(
        "/v1/webhooks/{webhook_id:str}/rotate",
        status_code=200,
        opt={**repeatable, ERRORS: (404,)},
        tags=TAGS,
        summary="Make a new secret",
        description="Until `old_valid_s` seconds are over, each request is signed with both secrets, so that the "
        "receiver can change at any moment between. `secret` is shown this once.",
    )
    async def rotate_webhook(
        webhook_id: WebhookId, data: JSONBody[Rotation], request: AnyRequest
    ) -> Response[NewSecret]:
        changed, secret = await webhooks.rotate(webhook_id, data.old_valid_s)
        await audit.note(request, "webhook.rotated", webhook_id, f"the old secret is valid for {data.old_valid_s} s")
        return Response(NewSecret(**_fields(changed, clock.now()), secret=secret), headers=UNSEEN)

    @get(
        "/v1/webhooks/{webhook_id:str}/deliveries",
        opt=of_one,
        tags=TAGS,
        summary="What became of a webhook's deliveries",
        description="Kept for as long as notices (`retention.notices_days`, in a cluster `broker.notices_days`).",
    )
    async def list_deliveries(
        webhook_id: WebhookId,
        most: Most = 50,
        cursor: Cursor = None,
    ) -> DeliveryReports:
        place = place_of(cursor, DELIVERIES, int)
        before = None if place is None else place / MICROSECONDS
        found = await webhooks.deliveries(webhook_id, before, most + 1)
        shown, following = piece(found, most, DELIVERIES, lambda one: round(one.created_at * MICROSECONDS))
        return DeliveryReports([_delivery(one) for one in shown], following)

    @post(
        "/v1/webhooks/{webhook_id:str}/replay",
        status_code=202,
        opt={**repeatable, ERRORS: (404,)},
        tags=TAGS,
        summary="Deliver again",
        description="With the same `webhook-id`, and the whole schedule of attempts before it.",
    )
    async def replay_deliveries(
        webhook_id: WebhookId, data: JSONBody[ReplayOrder], request: AnyRequest
    ) -> ReplayedDeliveries:
        if data.ids is not None and data.since is not None:
            raise ClientException("say `ids` or `since`, not both")
        since = None if data.since is None else moment(data.since, "since")
        count = await webhooks.replay(webhook_id, data.ids, since)
        await audit.note(request, "webhook.replayed", webhook_id, f"{count} deliveries")
        return ReplayedDeliveries(count)

    @post(
        "/v1/webhooks/{webhook_id:str}/test",
        status_code=200,
        opt={**repeatable, ERRORS: (404,)},
        tags=TAGS,
        summary="Send a test notice",
        description="One request, at once, with the type `spiderduck.webhook.test`; what the receiver said is told.",
    )
    async def test_webhook(webhook_id: WebhookId, request: AnyRequest) -> Tested:
        attempt = await webhooks.test(webhook_id)
        await audit.note(request, "webhook.tested", webhook_id)
        return Tested(**_attempt(attempt), delivered=attempt.reason is None)

    return [
        create_webhook,
        list_webhooks,
        get_webhook,
        change_webhook,
        delete_webhook,
        rotate_webhook,
        list_deliveries,
        replay_deliveries,
        test_webhook,
    ]


def _fields(one: Webhook, now: float) -> dict[str, Any]:
    signing = one.secrets_at(now)
    old_until = signing[1].until if len(signing) > 1 else None
    return {
        "id": one.id,
        "url": one.url,
        "types": list(one.types),
        "domains": list(one.domains),
        "enabled": one.enabled,
        "disabled_because": one.disabled_because,
        "created_at": iso_time(one.created_at),
        "public_keys": [secret.public_key for secret in signing],
        "old_valid_until": None if old_until is None else iso_time(old_until),
    }


def _attempt(one: Attempt) -> dict[str, Any]:
    return {"at": iso_time(one.at), "took_ms": one.took_ms, "status_code": one.status_code, "reason": one.reason}


def _delivery(one: Delivery) -> DeliveryReport:
    return DeliveryReport(
        id=one.id,
        type=one.type,
        status=one.status,
        created_at=iso_time(one.created_at),
        next_attempt_at=None if one.due is None else iso_time(one.due),
        attempts=[AttemptReport(**_attempt(attempt)) for attempt in one.attempts],
    )


def _place(one: Webhook) -> str:
    """Sorts as the time does."""
    return f"{one.created_at:020.6f}-{one.id}"


def _types(given: list[str]) -> tuple[str, ...]:
    for one in given:
        if one not in TYPES:
            raise ClientException(f"types holds {shortened(one)}; there are {', '.join(TYPES)}")
    return tuple(dict.fromkeys(given))


def _domains(given: list[str]) -> tuple[str, ...]:
    """As notices have them: lower case, in punycode."""
    return tuple(dict.fromkeys(domain_name(one, "domains") for one in given))
