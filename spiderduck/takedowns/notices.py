"""What a notice still says of a URL that was taken down: that it was, and nothing of its content."""

from collections.abc import Sequence

import msgspec

from schedulers.links import key_of
from schedulers.model import Status
from schedulers.verdict import TAKEN_DOWN
from spiderduck.subscriptions.ports import Filter, QueueState, Received, Subscription, Subscriptions
from spiderduck.takedowns.in_force import InForce
from spiderduck.takedowns.model import Takedown

ENVELOPE = (
    *("specversion", "source", "id", "subject", "time", "datacontenttype", "type"),
    *("outcome", "event_id", "sharer", "shared_at"),
)
"""What stays of a notice. All else goes, so that what a later version adds cannot hold what was taken down."""
LEFT = ("url", "dedup_key", "event_id", "outcome")


class _Data(msgspec.Struct):
    """What of a record says which page it is on."""

    dedup_key: str | None = None
    resolved_url: str | None = None
    reason_code: str | None = None


class _Told(msgspec.Struct):
    data: _Data = msgspec.field(default_factory=_Data)


_decode = msgspec.json.Decoder(_Told).decode


def redacted(body: bytes, in_force: InForce) -> bytes | None:
    """The notice without what was taken down; None where it says nothing of that."""
    try:
        data = _decode(body).data
    except msgspec.DecodeError:
        return None  # of a former version, or no record at all
    taken = in_force.of_key(data.dedup_key)
    if taken is None and data.resolved_url is not None:
        taken = in_force.of_key(key_of(data.resolved_url))
    if taken is None or data.reason_code == TAKEN_DOWN:
        return None
    return _without_content(body, taken)


def _without_content(body: bytes, taken: Takedown) -> bytes:
    notice = msgspec.json.decode(body)
    envelope = {name: notice[name] for name in ENVELOPE if name in notice}
    if "changes" in notice:
        envelope["changes"] = {}
    left = {name: notice["data"][name] for name in LEFT if name in notice["data"]}
    said = {"status": Status.BLOCKED_DOMAIN.value, "reason": taken.said, "reason_code": TAKEN_DOWN}
    return msgspec.json.encode({**envelope, "data": {**left, **said}})


class RedactedSubscription:
    """A subscription from which nothing comes that was taken down, also where its notices lie on a broker."""

    def __init__(self, inner: Subscription, in_force: InForce) -> None:
        self._inner = inner
        self._in_force = in_force
        self.ack = inner.ack
        self.close = inner.close

    @property
    def reset(self) -> int | None:
        return self._inner.reset

    @property
    def stalled(self) -> bool:
        return self._inner.stalled

    async def receive(self, most: int) -> Sequence[Received]:
        return self._redacted(await self._inner.receive(most))

    async def poll(self, most: int) -> Sequence[Received]:
        return self._redacted(await self._inner.poll(most))

    def _redacted(self, received: Sequence[Received]) -> Sequence[Received]:
        if not self._in_force:
            return received
        return [Received(one.position, redacted(one.body, self._in_force) or one.body) for one in received]


class RedactedSubscriptions:
    """The `Subscriptions` port, through which every notice goes that this process hands out."""

    def __init__(self, inner: Subscriptions, in_force: InForce) -> None:
        self._inner = inner
        self._in_force = in_force
        self.create = inner.create
        self.remove = inner.remove
        self.expire = inner.expire

    async def queues(self) -> Sequence[QueueState]:
        return await self._inner.queues()

    async def open(
        self, name: str | None, wanted: Filter, *, after: int | None = None, alone: bool = False
    ) -> Subscription:
        return RedactedSubscription(await self._inner.open(name, wanted, after=after, alone=alone), self._in_force)
