"""`Idempotency-Key` of events. Other calls keep their answers (`spiderduck.api.front.retries`).

The key names the request's events, so that the queue or the store knows a repeat, and a store that is away refuses
none. What is remembered here is only which body a key came with, for as long as finished events are
(`retention.events_days`).
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from litestar import Request

from spiderduck.api.front.keys import CALLER
from spiderduck.api.front.retries import KeyReused, digest_of, key_of
from spiderduck.keyring import Key
from spiderduck.stores.ports import Marks


@dataclass(frozen=True, slots=True)
class Claim:
    """`name` stands for the caller's key. `remember` notes the body it came with, and is called once that was read.
    It raises `KeyReused` where the key came with another one before, or does at this moment."""

    name: str
    remember: Callable[[], Awaitable[None]]


async def claim_of(request: Request[Any, Any, Any], body: bytes, remembered: Marks) -> Claim | None:
    """What the request's key claims; None without a key. A key belongs to whoever sends it.

    Raises `ClientException` (400) for a key that cannot be one.
    """
    key = key_of(request)
    if key is None:
        return None
    caller = request.scope["state"].get(CALLER)
    name = digest_of(caller.digest if isinstance(caller, Key) else "", key).hex()
    fingerprint = hashlib.sha256(body).hexdigest()

    async def remember() -> None:
        if not await remembered.claim(name, fingerprint):
            raise KeyReused("this Idempotency-Key was used with another body before; use a new key for a new request")

    return Claim(name, remember)
