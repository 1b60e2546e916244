"""One attempt: sign the notice, post it through a fetcher, and say what the answer means.

The fetcher keeps the address guard and the limits. Of an answer only the status counts; of one that did not take the
notice, the first characters are kept for whoever looks for the reason.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from fetchers.body.chunks import Chunks, OpenHop
from fetchers.errors import BrokenOff
from fetchers.model import Ended, HopRequest, NotNow, Post, Response
from fetchers.politeness.back_off import parse_retry_after
from groundwork.clock import Clock
from spiderduck.webhooks.model import Attempt, Webhook
from spiderduck.webhooks.schedule import AttemptOutcome, outcome_of
from spiderduck.webhooks.signatures import sign
from spiderduck.webhooks.vault import Vault

ATTEMPT_SECONDS = 20.0
"""The specification recommends 15 to 30."""
REST_SECONDS = 2.0
"""For the rest of an answer whose status is known, so that its connection can be used again."""
MOST_SHOWN = 300
LARGEST_BODY = 900_000
"""Bytes: what a fetcher takes of a call, less its other parts."""


class AttemptResult(NamedTuple):
    """What came of an attempt. `retry_after` is in seconds."""

    attempt: Attempt
    outcome: AttemptOutcome
    retry_after: float | None = None


class Sender:
    """`open_hop` leads to the fetcher that owns a domain. `redacted` gives a notice without what was taken down since
    it was stored, None where it says nothing of that."""

    def __init__(
        self,
        open_hop: OpenHop,
        vault: Vault,
        clock: Clock,
        redacted: Callable[[bytes], bytes | None] = lambda _: None,
    ) -> None:
        self._open_hop = open_hop
        self._redacted = redacted
        self._vault = vault
        self._clock = clock

    async def send(self, webhook: Webhook, identity: str, body: bytes) -> AttemptResult | NotNow:
        """`NotNow` where no fetcher took the request, so that the receiver was not asked. Raises `NoSecretKey`."""
        now, began = self._clock.now(), self._clock.monotonic()
        body = self._redacted(body) or body
        if len(body) > LARGEST_BODY:
            return _not_taken(now, 0, f"the notice is larger than {LARGEST_BODY} bytes")
        pairs = self._vault.open_all(webhook.id, webhook.secrets_at(now))
        headers = (("Content-Type", "application/json"), *sign(pairs, identity, now, body))
        by = now + ATTEMPT_SECONDS
        request = HopRequest(webhook.url, by, by, purpose="webhook", streamed=True, post=Post(body, headers))
        async with self._open_hop(request) as (head, chunks):
            took = round((self._clock.monotonic() - began) * 1000)
            if isinstance(head, NotNow):
                return head
            if isinstance(head, Ended):
                return _not_taken(now, took, head.reason)
            return await _read(head, chunks, now, took)


async def _read(head: Response, chunks: Chunks, now: float, took: int) -> AttemptResult:
    outcome = outcome_of(head.status_code)
    said = await _beginning(chunks)
    if outcome is AttemptOutcome.DELIVERED:
        return AttemptResult(Attempt(at=now, took_ms=took, status_code=head.status_code), outcome)
    location = " (redirects are not followed)" if 300 <= head.status_code < 400 else ""
    reason = f"it answered {head.status_code}{location}" + (f": {said}" if said else "")
    attempt = Attempt(at=now, took_ms=took, status_code=head.status_code, reason=reason)
    return AttemptResult(attempt, outcome, parse_retry_after(head.header("retry-after"), now))


async def _beginning(chunks: Chunks) -> str:
    """Its first characters, those that can be shown; the rest is read, where it comes at once, and thrown away."""
    kept = b""
    try:
        async with asyncio.timeout(REST_SECONDS):
            async for piece in chunks:
                if len(kept) < 4 * MOST_SHOWN:
                    kept += piece[: 4 * MOST_SHOWN]
    except (TimeoutError, BrokenOff):
        pass  # the status is known, and what there is of the text will do
    text = "".join(one if one.isprintable() else " " for one in kept.decode("utf-8", "replace"))
    return " ".join(text.split())[:MOST_SHOWN]


def _not_taken(now: float, took_ms: int, reason: str) -> AttemptResult:
    return AttemptResult(Attempt(at=now, took_ms=took_ms, reason=reason), AttemptOutcome.FAILED)
