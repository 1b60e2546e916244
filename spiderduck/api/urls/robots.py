"""`POST /v1/robots`: what a robots.txt says of a URL, and which line decides."""

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import Request, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from fetchers.errors import BrokenOff
from fetchers.model import Ended, Ending, HopRequest, NotNow, Response
from fetchers.robots.loading import ASK_LATER
from fetchers.robots_txt import parse
from fetchers.urls import split
from spiderduck.api.front.keys import FETCH, READ, guard_of
from spiderduck.api.parameters import UrlText
from spiderduck.api.services import Services
from spiderduck.api.urls.asking import valid

MOST_BYTES = 500 * 1024
"""RFC 9309, section 2.5: a crawler must read at least so much. Our fetchers read as much."""
PATIENCE_SECONDS = 20.0


class RobotsOrder(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Without `robots_txt`, that of the site is fetched. Without `user_agent`, it is this bot's."""

    url: UrlText
    user_agent: Annotated[str, msgspec.Meta(min_length=1, max_length=500)] | None = None
    robots_txt: Annotated[str, msgspec.Meta(max_length=MOST_BYTES)] | None = None


class RobotsVerdict(msgspec.Struct, kw_only=True):
    """`rule` is the line that decides, and `line` its number; null where no line speaks of the URL, which is allowed
    then. `because` says the same in a sentence. `robots_txt` is what was read; null where there is no such file, or it
    could not be had: `status_code` says what was answered."""

    url: str
    user_agent: str
    allowed: bool
    because: str
    rule: str | None
    line: int | None
    crawl_delay_s: float | None
    robots_url: str
    status_code: int | None
    robots_txt: str | None


class _Read(msgspec.Struct):
    """What came of the request for the file: its `body`, or why everything is `denied` or allowed instead."""

    body: bytes | None = None
    status_code: int | None = None
    because: str = ""
    denied: bool = False


def robots_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handler."""

    @post(
        "/v1/robots",
        status_code=200,
        opt={"scope": READ},
        tags=["domains"],
        summary="What robots.txt says of a URL",
        description="Fetches the site's robots.txt now, politely and past every cache, which asks for the scope "
        "`fetch`; or judges the text that is sent along, which asks nobody.",
    )
    async def judge_robots(data: JSONBody[RobotsOrder], request: Request[Any, Any, Any]) -> RobotsVerdict:
        asked = valid(data.url)
        parts = split(asked.url)
        agent, address = data.user_agent or services.config.fetchers.user_agent, f"{parts.origin}/robots.txt"
        if data.robots_txt is None:
            guard_of(request).require(request, FETCH)
            read = await _fetched(services, address)
        else:
            read = _Read(data.robots_txt.encode()[:MOST_BYTES])
        return await asyncio.to_thread(_judged, read, asked.url, agent, address)

    return [judge_robots]


async def _fetched(services: Services, address: str) -> _Read:
    by = services.clock.now() + PATIENCE_SECONDS
    order = HopRequest(address, by, by, accept="text/plain,*/*;q=0.5", purpose="direct")
    async with services.open_direct(order) as (result, chunks):
        outcome = result.outcome
        if not isinstance(outcome, Response):
            return _without_answer(outcome)
        status = outcome.status_code
        if 400 <= status < 500 and status not in ASK_LATER:
            return _Read(None, status, f"There is no robots.txt (it answered {status}), so everything is allowed.")
        if not 200 <= status < 300:
            return _Read(None, status, f"robots.txt answered {status}: until it works nothing may be fetched.", True)
        try:
            return _Read((await chunks.beginning(MOST_BYTES))[:MOST_BYTES], status)
        except BrokenOff as error:
            return _Read(None, status, f"robots.txt broke off ({error}): until it works nothing may be fetched.", True)


def _without_answer(outcome: Ended | NotNow | None) -> _Read:
    if isinstance(outcome, Ended) and outcome.ending is Ending.TOO_MANY_REDIRECTS:
        return _Read(None, None, "robots.txt redirects too often, which counts as none: everything is allowed.")
    why = outcome.reason if outcome is not None else "it led nowhere"
    return _Read(None, None, f"robots.txt could not be read ({why}): until it can, nothing may be fetched.", True)


def _judged(read: _Read, url: str, agent: str, address: str) -> RobotsVerdict:
    rules = parse(read.body or b"")
    found, denied = rules.verdict(agent, url), read.denied
    because = read.because
    if not because and found.rule is None:
        because = "No line speaks of it, so it is allowed."
    elif not because:
        because = f"Line {found.line} {'allows' if found.allowed else 'forbids'} it: {found.rule}"
    return RobotsVerdict(
        url=url,
        user_agent=agent,
        allowed=found.allowed and not denied,
        because=because,
        rule=found.rule,
        line=found.line,
        crawl_delay_s=rules.crawl_delay(agent),
        robots_url=address,
        status_code=read.status_code,
        robots_txt=None if read.body is None else read.body.decode("utf-8", "replace"),
    )
