"""What a domain's slot learns from an answer: all is well, its limit is used up, or its server is in trouble.

Told by `fetcher.py` after every request. A server in trouble is left alone, and that outlives its queue.

How long a server asks to be left alone stands in `Retry-After` (RFC 9110, section 10.2.3) and in rate limit headers, of
which three generations are in use: `RateLimit: "default";r=0;t=30` (IETF draft-ietf-httpapi-ratelimit-headers, from
version 8), `RateLimit-Remaining` with `RateLimit-Reset` in seconds (its versions 0 to 6), and the `X-RateLimit-` ones
before them, whose reset is seconds or a moment in epoch seconds. Only an exhausted limit says something; a figure that
cannot be read says nothing.
"""

import logging
import re
from collections.abc import Collection, Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime
from random import Random

from fetchers.counters import Counters
from fetchers.model import Ended, HopResult, NotNow, Response
from fetchers.politeness.queue import DomainQueue
from fetchers.politeness.ready_heap import RequestQueues
from fetchers.politeness.slot import BACKOFF_LONGEST
from fetchers.politeness.troubles import Troubles
from fetchers.ports import HostStateStore
from fetchers.urls import redacted
from groundwork.clock import Clock

log = logging.getLogger(__name__)

PAUSE_STATUSES = frozenset({429, 503})
MOST_SHOWN = 200
"""Characters of a URL in a reason."""


class BackOff:
    """For all domains of one fetcher."""

    def __init__(
        self, queues: RequestQueues, states: HostStateStore, clock: Clock, random: Random, counters: Counters
    ) -> None:
        self._queues = queues
        self._states = states
        self._clock = clock
        self._random = random
        self._counters = counters

    async def learn(self, queue: DomainQueue, result: HopResult) -> HopResult:
        """What came of a request: as it is, or with the moment from which its URL may be asked again."""
        now = self._queues.now()
        if isinstance(result, Ended):
            if result.unreached:
                await self._back_off(queue, result.reason, None)
                return result
        elif isinstance(result, NotNow):
            pass  # it did answer; the trouble was ours
        elif result.status_code in PAUSE_STATUSES:
            return await self._asked_for_pause(queue, result, now)
        elif pause := pause_asked(result.headers, now):
            await self._pause(
                queue, now + min(pause, BACKOFF_LONGEST), f"{_shown(result)} says that its limit is used up"
            )
        else:
            if queue.troubles is not None:
                queue.troubles.answered(result.url)
            queue.slot.speed_up(now)
        queue.slot.success(now)
        if queue.has_learnt:
            await self._keep(queue)
        return result

    async def _asked_for_pause(self, queue: DomainQueue, result: Response, now: float) -> Response:
        """Its domain is paused where it says for how long, or where other URLs said the same; else it alone."""
        troubles = queue.troubles = queue.troubles or Troubles()
        alone = troubles.note(result.url, now)
        asked = parse_retry_after(result.header("retry-after"), now) or pause_asked(result.headers, now) or None
        if asked is not None or troubles.is_of_the_site:
            said = " with Retry-After" if asked is not None else ", as others of its URLs did"
            await self._back_off(queue, f"{_shown(result)} answered {result.status_code}{said}", asked)
            return result.with_retry_at(queue.slot.backoff_until)
        pause = alone * (1 + 0.25 * self._random.random())
        shown, status = _shown(result), result.status_code
        fields = {"url": shown, "domain": queue.domain, "status": status, "seconds": round(pause, 1)}
        log.info("%s answered %d and is paused for %.0f s; its domain is not", shown, status, pause, extra=fields)
        return result.with_retry_at(now + pause)

    async def _pause(self, queue: DomainQueue, until: float, reason: str) -> None:
        """The domain says that its limit is used up: not trouble, so no back-off, only a rest."""
        queue.slot.pause_until(until)
        queue.slot.slow_down(self._queues.now())
        queue.slot.pause_reason = reason
        self._counters.limits_told += 1
        self._queues.pause(queue)
        await self._keep(queue)
        self._tell(queue, until, reason)

    async def _back_off(self, queue: DomainQueue, reason: str, retry_after: float | None) -> None:
        now = self._queues.now()
        if queue.slot.backoff_until <= now:  # answers to requests that set out before say the same once more
            queue.slot.slow_down(now)
        queue.slot.trouble(now, self._random, retry_after)
        queue.slot.pause_reason = reason
        self._counters.back_offs += 1
        self._queues.pause(queue)
        await self._keep(queue)
        self._tell(queue, queue.slot.backoff_until, reason)

    def _tell(self, queue: DomainQueue, until: float, reason: str) -> None:
        seconds = until - self._queues.now()
        fields = {"domain": queue.domain, "seconds": round(seconds, 1), "reason": reason}
        log.info("%s is paused for %.0f s, since %s", queue.domain, seconds, reason, extra=fields)

    async def _keep(self, queue: DomainQueue) -> None:
        """For the domain's next queue."""
        queue.kept_pace = queue.slot.pace
        await self._states.save(queue.domain, queue.slot.snapshot())


def _shown(result: Response) -> str:
    return redacted(result.url)[:MOST_SHOWN]


LONGEST_DATE = 64
"""Characters; the forms of RFC 9110 have at most 33."""
EPOCH_FROM = 1_000_000_000.0
"""A reset above that is a moment (September 2001 and later), below it a number of seconds (32 years)."""
_PARAMETER = re.compile(r"(?:^|[;,\s])(r|t|remaining|reset)\s*=\s*(\d{1,15})(?![\d.])")
SHORT = {"remaining": "r", "reset": "t"}
_NUMBER = re.compile(r"\s*([0-9]{1,15})[0-9]*(?:\.[0-9]+)?\s*(?:[,;].*)?", re.DOTALL)


def pause_asked(headers: Collection[tuple[str, str]], now: float) -> float:
    """Seconds until the exhausted limit begins anew; 0 where there is none. Names of `headers` are in lower case."""
    found = {name: value for name, value in headers if "rate" in name}
    if not found:
        return 0.0
    if "ratelimit" in found:
        lines = [value for name, value in headers if name == "ratelimit"]
        return max((pause for line in lines for pause in _pauses_of(line)), default=0.0)
    for prefix in ("ratelimit-", "x-ratelimit-", "x-rate-limit-"):
        remaining = _number(found.get(prefix + "remaining"))
        reset = _number(found.get(prefix + "reset"))
        if remaining is not None and reset is not None:
            return _seconds(reset, now) if remaining == 0 else 0.0
    return 0.0


def _pauses_of(value: str) -> Iterator[float]:
    """Of each policy in `value`; version 7 of the draft had one, with its parameters written out and set off by
    commas.
    """
    for item in [value] if "remaining" in value else value.split(","):
        figures = {SHORT.get(name, name): int(number) for name, number in _PARAMETER.findall(item)}
        if figures.get("r") == 0:
            yield float(figures.get("t", 0))


def _number(value: str | None) -> float | None:
    match = None if value is None else _NUMBER.fullmatch(value)
    return float(match[1]) if match else None


def _seconds(reset: float, now: float) -> float:
    if reset >= EPOCH_FROM * 1_000:  # some count in milliseconds
        reset /= 1_000
    return max(reset - now, 0.0) if reset >= EPOCH_FROM else reset


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Seconds from `now` (epoch seconds); None where the header is absent or says nothing that can be understood.

    Some servers say decimals, and some a moment in epoch seconds.
    """
    if value is None:
        return None
    text = value.strip()
    if (number := _NUMBER.fullmatch(text)) is not None:
        return _seconds(float(number[1]), now)
    if len(text) > LONGEST_DATE:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    if moment.tzinfo is None:  # an HTTP date is UTC in all three forms (RFC 9110, section 5.6.7)
        moment = moment.replace(tzinfo=UTC)
    try:
        return max(0.0, moment.timestamp() - now)
    except OverflowError:
        return None
