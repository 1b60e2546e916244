"""What is known of a URL at each point of the flow: one small frozen type a point. Read beside `pipeline.py`.

    Shared ─ decide ─► Due ─ fetch ─► Answered ─ extract ─► Understood ─ archive ─► NewPage ─┐
                │                │                  │                                        ├─ settle ─► Settled
                └─ Reused,       ├─ Reached,        └─ NotModified,                          │
                   Dropped       │  Failed             Failed ───────────── any `Result` ────┘

A stage takes what the one before it made and adds what it found out. Whatever needs no further stage is a `Result`,
which `settlement.settle` turns into what is stored and announced. (A msgspec struct is made in a tenth of the time of a
frozen dataclass; a URL needs about ten.)
"""

import msgspec

from fetchers.model import Response
from schedulers.links import Chain, Link
from schedulers.metadata import Metadata
from schedulers.model import Change, Event, Failure, Known, Message, Page, UrlState


class Shared(msgspec.Struct, frozen=True):
    """One share: an event and one URL in it. `message` is where it came from; it is written down again to defer
    it."""

    message: Message
    event: Event
    link: Link


class FinishedBefore(msgspec.Struct, frozen=True):
    """An earlier delivery of this event ended this URL: nothing is fetched, stored or announced again. `page` is what
    the store has of it."""

    page: Page | None


class Due(msgspec.Struct, frozen=True):
    """To be fetched. `known` is what the store knew before."""

    shared: Shared
    known: Known


class Reused(msgspec.Struct, frozen=True):
    """Known and fresh, so that nothing is fetched."""

    state: UrlState
    page: Page | None


class Dropped(msgspec.Struct, frozen=True):
    """Ended before anything was fetched: invalid, forbidden, or given up."""

    link: Link
    known: Known
    failure: Failure


class Deferred(msgspec.Struct, frozen=True):
    """Durably in the queue, which hands it out again when it is due. The flow ends here for now."""


class Reached(msgspec.Struct, frozen=True):
    """A redirect led to a URL that is known and fresh."""

    chain: Chain
    target: Reused


class Failed(msgspec.Struct, frozen=True):
    """The chain ended without a page. `status_code` is that of the last answer, where there was one."""

    chain: Chain
    failure: Failure
    status_code: int | None = None


class Answered(msgspec.Struct, frozen=True):
    """The last URL of the chain answered, with whatever status code."""

    chain: Chain
    response: Response


class NotModified(msgspec.Struct, frozen=True):
    """304: the page that is known is still the page."""

    state: UrlState
    page: Page


class PutOff(msgspec.Struct, frozen=True):
    """The server asked with that answer for a pause, until that moment (epoch seconds)."""

    chain: Chain
    until: float
    status_code: int


class Understood(msgspec.Struct, frozen=True):
    """A page, and what it says of itself; or what its oEmbed provider says of the page at `page_url`, before which the
    wall `blocked_by` stands."""

    chain: Chain
    response: Response
    metadata: Metadata
    page_url: str | None = None
    blocked_by: str | None = None


class NewPage(msgspec.Struct, frozen=True):
    """A new version of a page, with its id and its place in the archive."""

    chain: Chain
    page: Page
    blocked_by: str | None = None


Decided = FinishedBefore | Reused | Dropped | Due
Result = Reused | Dropped | Reached | Failed | NotModified | NewPage
"""What came of a share."""


class Settled(msgspec.Struct, frozen=True):
    """The outcome to announce, the shared URL's state and page as a look-up will give them, and the change to store."""

    outcome: str
    state: UrlState
    page: Page | None
    change: Change
