"""`Idempotency-Key`: makes the retry of a request safe (draft-ietf-httpapi-idempotency-key-header).

The key names the request's events, so that the queue or the store knows a repeat. What is remembered here is only which
body a key came with, for as long as finished events are (`retention.events_days`).
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from litestar import Request
from litestar.exceptions import ClientException, HTTPException

from spiderduck.api.front.keys import CALLER
from spiderduck.api.parameters import shortened
from spiderduck.keyring import Key
from spiderduck.stores.ports import Marks

HEADER = "idempotency-key"
LONGEST = 255


class KeyReused(HTTPException):
    """The key came with another body before."""

    status_code = 422


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
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not (0 < len(key) <= LONGEST and key.isascii() and key.isprintable()):
        raise ClientException(
            f"Idempotency-Key is {shortened(key)}; it takes 1 to {LONGEST} printable ASCII characters"
        )
    caller = request.scope["state"].get(CALLER)
    name = _digest(caller.digest if isinstance(caller, Key) else "", key)
    fingerprint = hashlib.sha256(body).hexdigest()

    async def remember() -> None:
        if not await remembered.claim(name, fingerprint):
            raise KeyReused("this Idempotency-Key was used with another body before; use a new key for a new request")

    return Claim(name, remember)


def _digest(*parts: str) -> str:
    """One name for several texts, none of which can pass for another's end."""
    joined = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(joined.encode()).hexdigest()
