"""A page's picture is the first candidate that can be shown; one that many pages of a site show is generic."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from fetchers.model import Ended, Ending, FetchResult, HopRequest, NotNow, Response
from schedulers.config import SchedulersConfig
from schedulers.metadata import Metadata, ReadingOptions, encode_metadata, encode_provenance, extract_metadata
from schedulers.model import Content, Known, Message, Page, Status, UrlState
from schedulers.notice import Notice
from schedulers.pipeline import Pipeline
from schedulers.ports import FlowPorts, Knows, TooBusy
from schedulers.stages.picture import PictureWork
from tests.clock import FakeClock
from tests.unit.schedulers.test_pipeline import Passed

URL = "https://pond.test/duck"
ONE, TWO, BODY = "https://pond.test/1.jpg", "https://pond.test/2.jpg", "https://pond.test/body.jpg"
STATE = UrlState(URL, URL, Status.FETCHED, page_id=7, resolved_url=URL)


@dataclass
class Taken:
    """What is measured of a picture whose bytes are its size."""

    width: int
    height: int
    type: str = "image/jpeg"
    bytes: int = 9
    colour: str = "#102030"
    blurhash: str = "00TSUA"
    thumbhash: str = "2AgOFZ"


@dataclass
class World:
    """One page in the store and the archive, and a web of pictures: a size, a text that is none, or an ending."""

    body: str
    web: dict[str, Any]
    seen: int = 1
    asked: list[HopRequest] = field(default_factory=list)
    deferred: list[Message] = field(default_factory=list)
    noted: list[tuple[str, str, str]] = field(default_factory=list)
    updated: list[Page] = field(default_factory=list)

    def __post_init__(self) -> None:
        said = self.metadata(False)
        content = Content("text/html", 1, "00")
        self.stored = Page(7, URL, URL, 1.0, 200, content, encode_metadata(said), encode_provenance(said))

    def metadata(self, thorough: bool) -> Metadata:
        return extract_metadata(
            self.body.encode(), url=URL, content_type="text/html", options=ReadingOptions(thorough=thorough)
        )

    async def page(self, page_id: int) -> Page:
        return self.stored

    async def look_up(self, key: str, event_id: str | None = None) -> Known:
        return Known(False, STATE, self.stored)

    async def saw_picture(self, site: str, picture: str, page: str) -> int:
        self.noted.append((site, picture, page))
        return self.seen

    async def update_page(self, page: Page, notice: Notice) -> None:
        self.updated.append(page)

    async def defer(self, message: Message, until: float) -> None:
        self.deferred.append(message)

    async def answer(self, page: Page) -> Response:
        return Response(URL, 200, (("content-type", "text/html"),), self.body.encode(), 1.0)

    async def extract(self, response: Response, *, thorough: bool = False) -> Metadata:
        return self.metadata(thorough)

    async def fetch(self, request: HopRequest, knows: Knows | None = None) -> FetchResult:
        self.asked.append(request)
        found = self.web.get(request.url, 404)
        if isinstance(found, int):
            found = Response(request.url, found, (), b"nothing", 1.0)
        elif isinstance(found, str | tuple):
            found = Response(request.url, 200, (), json.dumps(found).encode(), 1.0)
        return FetchResult(request.url, (), found)

    async def take(self, url: str, response: Response) -> Taken | TooBusy | None:
        size = json.loads(response.body)
        if size == "busy":
            return TooBusy(5.0)
        return Taken(*size) if isinstance(size, list) else None

    async def measure(self, message: Message | None = None) -> dict[str, Any]:
        """The image of the record afterwards."""
        world: Any = self
        ports = FlowPorts(world, world, world, world, world, world, world, world, FakeClock())
        work = PictureWork(7, URL, ONE)
        first = Message(msgspec.json.encode(work), "picture:7", "picture")
        await Pipeline(ports, SchedulersConfig(), Passed([])).handle(message or first)
        page = self.updated[-1] if self.updated else self.stored
        found: dict[str, Any] = json.loads(page.metadata)["image"]
        return found


def head(*pictures: str) -> str:
    return "".join(f'<meta property="og:image" content="{one}">' for one in pictures)


ARTICLE = '<article><p>Quack.</p><img src="/body.jpg" width="800" height="500" alt="A duck on a pond"></article>'


async def test_the_first_candidate_is_taken_where_it_can_be_shown() -> None:
    world = World(head(ONE, TWO), {ONE: (640, 400), TWO: (900, 900)})
    found = await world.measure()
    assert (found["url"], found["width"], found["thumbhash"]) == (ONE, 640, "2AgOFZ")
    assert [one.url for one in world.asked] == [ONE]


async def test_the_next_one_where_it_is_missing_no_picture_or_an_icon() -> None:
    """An SVG and a page of HTML are no pictures to the pipeline."""
    answers: Sequence[Any] = (404, 500, "<html>", "<svg>", (80, 80), (640, 90), Ended(Ending.TIMED_OUT, "slow"))
    for answer in answers:
        world = World(head(ONE, TWO), {ONE: answer, TWO: (640, 400)})
        assert (await world.measure())["url"] == TWO, answer
        said = json.loads(world.updated[0].provenance)["image"]
        assert said["rule"] == "og:image"
        assert said["alternatives"] == [{"rule": "og:image", "value": ONE}]


async def test_then_what_the_body_shows_with_its_own_words() -> None:
    world = World(head(ONE) + ARTICLE, {BODY: (800, 500)})
    found = await world.measure()
    assert (found["url"], found["alt"]) == (BODY, "A duck on a pond")
    assert json.loads(world.updated[0].provenance)["image"]["rule"] == "article-picture"


async def test_a_small_one_where_there_is_no_other() -> None:
    world = World(head(ONE, TWO), {ONE: (80, 80), TWO: (60, 60)})
    assert (await world.measure())["url"] == ONE


async def test_where_none_can_be_had_the_record_stays_as_it_is() -> None:
    world = World(head(ONE, TWO), {})
    assert await world.measure() == {"url": ONE}
    assert world.updated == []


async def test_a_candidate_that_must_wait_is_where_the_search_goes_on() -> None:
    world = World(head(ONE, TWO), {TWO: NotNow(99.0, "busy")})
    await world.measure()
    (later,) = world.deferred
    assert (later.url, world.updated) == (TWO, [])
    world.asked.clear()
    world.web[TWO] = (640, 400)
    assert (await world.measure(later))["url"] == TWO
    assert [(one.url, one.promised) for one in world.asked] == [(TWO, True)]


async def test_a_picture_that_nobody_can_measure_now_comes_back() -> None:
    """Durably, like one whose domain has no turn; the search goes on with it."""
    world = World(head(ONE, TWO), {TWO: "busy"})
    await world.measure()
    (later,) = world.deferred
    assert (later.url, world.updated) == (TWO, [])
    world.asked.clear()
    world.web[TWO] = (640, 400)
    assert (await world.measure(later))["url"] == TWO
    assert [one.url for one in world.asked] == [TWO]


async def test_one_of_the_body_that_must_wait_too() -> None:
    world = World(head(ONE) + ARTICLE, {BODY: NotNow(99.0, "busy")})
    await world.measure()
    (later,) = world.deferred
    world.asked.clear()
    world.web[BODY] = (640, 400)
    assert (await world.measure(later))["url"] == BODY
    assert [one.url for one in world.asked] == [BODY]


async def test_it_is_generic_where_many_pages_of_the_site_show_it() -> None:
    for seen, is_generic in ((4, False), (5, True), (40, True)):
        world = World(head(ONE), {ONE: (640, 400)}, seen)
        assert (await world.measure()).get("generic", False) is is_generic
        assert world.noted == [("pond.test", ONE, URL)]


async def test_what_was_measured_before_is_not_measured_again() -> None:
    world = World(head(ONE), {ONE: (640, 400)})
    await world.measure()
    world.stored = replace(world.updated[0])
    world.asked.clear()
    await world.measure()
    assert world.asked == []
