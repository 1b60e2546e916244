"""What the flow needs from outside. Small Protocols, each with one contract suite run on every adapter
(`tests/contract`)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from fetchers.model import FetchResult, HopRequest, Response
from groundwork.clock import Clock
from schedulers.metadata import Metadata
from schedulers.model import ArchiveLocation, Change, Delivery, Failure, Known, Message, Page, UrlState
from schedulers.notice import Notice
from schedulers.verdict import Verdict


class EventQueue(Protocol):
    """A durable queue. A message is handed out again after a crash until it is acknowledged."""

    async def publish(self, messages: Sequence[Message], *, bulk: bool = False) -> Sequence[bool]:
        """Durable when this returns, all of them or (raising) none. False for an event whose id was accepted before,
        where the adapter can know; such a one is not queued again. With `bulk` they lie in a lane of their own, which
        gets a share of the work: what others publish need not wait for all of them."""

    async def receive(self) -> Delivery:
        """The next message, waiting for one. Cancelling loses none."""

    async def ack(self, delivery: Delivery) -> None:
        """It is done with: it comes again only where this process or the queue ends in the next moment. Twice is
        harmless."""

    async def retry(self, delivery: Delivery, reason: str) -> int:
        """Its handling raised: count that durably and hand it out again later. Returns the count."""

    async def bury(self, delivery: Delivery, reason: str) -> None:
        """Move it to the dead letters, with the reason. In one step: it is never in both places nor in none."""

    async def defer(self, message: Message, until: float) -> None:
        """Durable when this returns; handed out when `until` (epoch seconds) has come."""


class MetadataStore(Protocol):
    """Where URLs and pages are kept. What was completed is visible to every look-up that begins afterwards."""

    async def look_up(self, key: str, event_id: str | None = None) -> Known:
        """What is known of the URL, and whether `complete` was called for this event's share of it.

        `event_id` is the event's identity (`schedulers.identity`), here and below. What former versions remembered, by
        the id as it was sent, counts as well."""

    async def mark(self, state: UrlState) -> None:
        """Note that a URL is on its way (`pending`, `deferred`). Never replaces a page or an ending; may be lost."""

    async def complete(self, event_id: str, key: str, change: Change, notice: Notice) -> None:
        """The page, the states of all URLs of its chain, the event's progress and the notice become visible in one
        step. When this returns all is durable and the notice will go out at least once. A repeat for the same event and
        key stores no second page and announces nothing new."""

    async def update_page(self, page: Page, notice: Notice) -> None:
        """Replace the metadata of a stored page (its picture was measured) and announce it, in one step. A page that is
        no longer there is left away."""

    async def page(self, page_id: int) -> Page | None:
        """The page of that id; None where there is none (any more)."""

    async def saw_picture(self, site: str, picture: str, page: str) -> int:
        """Note that `page` of the registrable domain `site` shows `picture`. Returns how many of the pages of the site
        that were noted last show it, this one included. The same page again changes nothing; bounded for each site; may
        be lost, and of two notes at one moment one may be."""


class Archive(Protocol):
    """Where the bytes of pages are kept."""

    async def append(self, page_id: int, response: Response, metadata: bytes) -> ArchiveLocation:
        """Durable when this returns."""

    async def erase(self, locations: Sequence[ArchiveLocation]) -> bool:
        """Put a tombstone in the place of each. True where none of their bytes is left anywhere."""


class Archived(Protocol):
    """What the archive kept."""

    async def answer(self, page: Page) -> Response | None:
        """The answer that `page` was made of. None where it cannot be had: not yet, not any more, or not just now."""


class DomainAges(Protocol):
    """Since when domains are known here."""

    async def first_seen(self, domain: str) -> float:
        """When the registrable domain was first met (epoch seconds): now, where it never was. Durable; of two at the
        same moment the earlier counts."""


Knows = Callable[[str], Awaitable[bool]]

Refusal = Callable[[str], Failure | None]
"""Why a URL may not be asked for; None where it may. Answers at once; what it says may change at any time."""

Judge = Callable[[str, Known], Verdict | None]
"""The verdict on a URL of which that much is known; None where nobody judges. Answers at once."""


class Fetch(Protocol):
    """The fetching service: robots.txt, politeness, address guard, redirects hop by hop."""

    async def fetch(self, request: HopRequest, knows: Knows | None = None) -> FetchResult:
        """Ask for `request.url` and follow its redirects. Expected endings are values of the result.

        `knows` is asked after every hop for the next URL; where it says yes, the fetch stops before that URL and the
        result's `outcome` is None.
        """


class Pictures(Protocol):
    """The image pipeline, as far as the flow needs it."""

    async def take(self, url: str, response: Response) -> "Measured | TooBusy | None":
        """Measure a picture and keep its bytes for whoever shows it first. None where it is no picture; `TooBusy` where
        it must be asked again."""


@dataclass(frozen=True, slots=True)
class TooBusy:
    """Nobody can do it now; in so many seconds it may be asked again."""

    seconds: float


class Measured(Protocol):
    """Pixels and media type of a picture, its length, and what stands in for it until it is loaded."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def type(self) -> str: ...
    @property
    def bytes(self) -> int: ...
    @property
    def colour(self) -> str:
        """The most frequent one, as `#rrggbb`."""

    @property
    def blurhash(self) -> str:
        """A blurred picture in some twenty characters (blurha.sh)."""

    @property
    def thumbhash(self) -> str:
        """One with its shape and transparency, in base64 (evanw.github.io/thumbhash)."""


class Ids(Protocol):
    """Time-sorted unique ids."""

    def next_id(self) -> int:
        """A new one. Never blocks longer than a millisecond or two."""


class Extractor(Protocol):
    """Runs the pure metadata extraction where it cannot block the loop."""

    async def extract(self, response: Response, *, thorough: bool = False) -> Metadata:
        """Never raises, whatever the bytes."""


class Observer(Protocol):
    """Counts what passes. Returns at once, and never raises."""

    def stage(self, name: str, seconds: float) -> None:
        """A stage was passed, or raised; it took so long."""

    def ended(self, outcome: str, seconds: float | None) -> None:
        """A share came to its end, `seconds` after it was shared (None: nobody said when): it is stored and
        announced."""


@dataclass(frozen=True, slots=True)
class FlowPorts:
    """The finished objects that the flow is made with; put together by `spiderduck.bootstrap` alone."""

    queue: EventQueue
    store: MetadataStore
    archive: Archive
    archived: Archived
    fetcher: Fetch
    pictures: Pictures
    extractor: Extractor
    ids: Ids
    clock: Clock
    refusal: Refusal = lambda url: None
    judge: Judge = lambda url, known: None
    ages: DomainAges | None = None
