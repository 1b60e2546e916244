"""Where a wall stands before a page, its listed provider tells of it; a page that is known stays as it is."""

import json
from dataclasses import replace
from typing import Any

import pytest

from fetchers.model import Ended, Ending, FetchResult, Hop, HopRequest, NotNow, Response
from schedulers.metadata import Metadata, extract_metadata
from schedulers.model import Content, Known, Message, Page, Status, UrlState
from schedulers.pipeline import unfurl
from schedulers.ports import Knows
from schedulers.record import record_of
from tests.clock import FakeClock
from tests.unit.schedulers.test_pipeline import Outside, pipeline

FILM = "https://www.youtube.com/watch?v=duck0000001"
ENDPOINT = "https://www.youtube.com/oembed"
JSON = json.dumps({"type": "video", "title": "Ducks at dawn", "provider_name": "YouTube"}).encode()
HTML = (("content-type", "text/html"),)
WALL = Response(FILM, 200, (*HTML, ("cf-mitigated", "challenge")), b"<title>Just a moment...</title>", 1.0)
BUSY = Response(FILM, 429, HTML, b"slow down", 1.0, retry_at=FakeClock().now() + 60)
PLAIN = Response(FILM, 200, HTML, b"<title>Ducks</title>", 1.0)


def told(**more: Any) -> Response:
    return Response(ENDPOINT, 200, (("content-type", "application/json"), ("etag", '"e"')), JSON, 1.0, **more)


class Web(Outside):
    """Answers a page and its provider's endpoint, and notes what was asked and put off."""

    def __init__(self, page: Any, endpoint: Any, known: Known = Known()) -> None:  # noqa: B008 -- frozen
        super().__init__(page, known)
        self.endpoint = endpoint
        self.asked: list[HopRequest] = []
        self.deferred: list[Message] = []

    async def fetch(self, request: HopRequest, knows: Knows | None = None) -> FetchResult:
        self.asked.append(request)
        if request.url.startswith(ENDPOINT):
            return FetchResult(request.url, (), self.endpoint)
        hops = () if request.url == FILM else (Hop(request.url, 302),)
        return FetchResult(FILM, hops, self.answer)

    async def extract(self, response: Response) -> Metadata:
        return extract_metadata(
            response.body, url=response.url, status_code=response.status_code, headers=response.headers
        )

    async def defer(self, message: Message, until: float) -> None:
        self.deferred.append(message)


def event(url: str = FILM, deferrals: int = 0) -> Message:
    return Message(json.dumps({"id": "one", "urls": [url]}).encode(), "one", deferrals=deferrals)


def record(web: Web) -> Any:
    ((_, _, change, _),) = web.completed
    return record_of(change.states[0], change.page)


@pytest.mark.parametrize("wall", [WALL, BUSY])
async def test_the_provider_gives_the_card_and_the_record_names_the_wall(wall: Response) -> None:
    web = Web(wall, told())
    await pipeline(web).handle(event())
    found = record(web)
    assert (found.status, found.page_id) == ("fetched", "7")
    assert found.blocked_by == ("cloudflare-challenge" if wall is WALL else "rate-limit")
    assert json.loads(bytes(found.metadata))["title"] == "Ducks at dawn"
    page = web.completed[0][2].page
    assert page is not None
    assert (page.url, page.etag, page.content.type) == (FILM, None, "application/json")
    assert [one.accept for one in web.asked[1:]] == ["application/json"]


async def test_behind_a_short_link_too() -> None:
    web = Web(WALL, told())
    await pipeline(web).handle(event("https://s.test/x"))
    found = record(web)
    assert (found.url, found.destination, found.blocked_by) == ("https://s.test/x", FILM, "cloudflare-challenge")


@pytest.mark.parametrize(
    "endpoint",
    [
        Ended(Ending.ROBOTS_DENIED, "its robots.txt says no"),
        NotNow(9.0, "busy"),
        Response(ENDPOINT, 404, (), b"", 1.0),
        Response(ENDPOINT, 200, (), b"<html>", 1.0),
    ],
)
async def test_without_its_word_the_wall_is_the_ending(endpoint: Any) -> None:
    web = Web(WALL, endpoint)
    await pipeline(web).handle(event())
    found = record(web)
    assert (found.status, found.reason_code, found.blocked_by) == ("interstitial", "challenge", "cloudflare-challenge")


async def test_a_url_that_is_put_off_comes_back_to_the_provider_first() -> None:
    """While the domain is paused the endpoint is not asked; the page would be answered 429 again."""
    web = Web(BUSY, NotNow(9.0, "busy"))
    await pipeline(web).handle(event())
    assert [message.deferrals for message in web.deferred] == [1]
    again = Web(BUSY, told())
    await pipeline(again).handle(replace(web.deferred[0]))
    assert [one.url.startswith(ENDPOINT) for one in again.asked] == [True]
    assert record(again).blocked_by == "rate-limit"


async def test_good_metadata_stays_and_nobody_else_is_asked() -> None:
    page = Page(3, FILM, FILM, 100.0, 200, Content("text/html", 1, "00"), b'{"title":"Old"}', b"{}")
    known = Known(False, UrlState(FILM, FILM, Status.FETCHED, page_id=3, resolved_url=FILM, fresh_until=1.0), page)
    web = Web(WALL, told(), known)
    await pipeline(web).handle(event())
    ((_, _, change, _),) = web.completed
    state = change.states[0]
    assert (state.status, state.page_id, state.blocked_by) == (Status.FETCHED, 3, "cloudflare-challenge")
    assert len(web.asked) == 1


@pytest.mark.parametrize("page", [PLAIN, Response(FILM, 404, HTML, b"", 1.0), Ended(Ending.TIMED_OUT, "slow")])
async def test_no_provider_is_asked_where_no_wall_stands(page: Any) -> None:
    web = Web(page, told())
    await pipeline(web).handle(event())
    assert len(web.asked) == 1
    assert record(web).blocked_by is None


async def test_the_command_line_does_the_same() -> None:
    web = Web(WALL, told())
    found = await unfurl(FILM, web, web, FakeClock(), 1.0)  # type: ignore[arg-type]
    assert (found.status, found.blocked_by) == ("fetched", "cloudflare-challenge")
