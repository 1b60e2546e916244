"""What look-ups need from a store, beyond what the flow needs (`schedulers.ports.MetadataStore`)."""

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from schedulers.model import Known, Page, UrlState
from schedulers.notice import Notice
from schedulers.verdict import Judged

LAST_ID: Final = 2**63 - 1
"""No page has a greater one."""


class Walked(NamedTuple):
    """Some of all that is known, and where to go on; None at the end."""

    known: Sequence[Known]
    after: str | None


Place = tuple[float, str]
"""Of a link among those that were handled: when, in epoch seconds, and its key."""


class Handled(NamedTuple):
    """A URL that was handled, at a moment in epoch seconds."""

    at: float
    state: UrlState
    page: Page | None

    @property
    def place(self) -> Place:
        """Behind which `Lookups.latest` goes on."""
        return self.at, self.state.key

    @property
    def known(self) -> Known:
        """As other look-ups give it."""
        return Known(state=self.state, page=self.page)


class Judgements(Protocol):
    """The part of a store that lets everything be judged again."""

    async def walk(self, after: str | None, most: int) -> Walked:
        """States with their pages, at most `most` of them, in an order of the store's own: from the beginning, or
        behind `after`, which an earlier call gave, also in an earlier process. What is stored throughout is met once;
        what comes or goes meanwhile may be missed."""

    async def judge_again(self, before: UrlState, judged: Judged, notice: Notice) -> bool:
        """Remember another verdict on the URL of `before`, and announce it, at least once. False where somebody else
        judged it meanwhile, or its state is gone: nothing is changed then. Never hides a newer state."""


class Imports(Protocol):
    """The part of a store that takes over what another one had."""

    async def take_over(self, states: Sequence[UrlState], pages: Sequence[Page]) -> None:
        """The states with their redirect edges, and versions of pages. Durable when this returns; twice is harmless.
        What is known here since a later moment stays. Nothing is announced."""


class Lookups(Protocol):
    """Reading for the API. Everything that was completed before the call is seen."""

    async def known(self, keys: Sequence[str]) -> Sequence[Known]:
        """What is known of each URL, in the order asked; an empty `Known` for an unknown one."""

    async def page(self, page_id: int) -> Page | None:
        """The page of that id; None where there is none."""

    async def history(self, key: str, most: int, before: int | None = None) -> Sequence[Page]:
        """The versions of a page, the newest first: at most `most`, and fewer only where there are no more. `before`:
        those older than the version of that id."""

    async def redirects_to(self, key: str, most: int, after: str = "") -> Sequence[str]:
        """The keys of URLs that redirect to that one, sorted, behind the key `after`. Where there are very many, an
        adapter may know the latest 10,000 alone."""

    async def owns_picture(self, url: str) -> bool:
        """Whether any stored page has the picture of that URL for its image or icon."""

    async def picture_pages(self, url: str, most: int) -> Sequence[int]:
        """The ids of pages that have the picture of that URL for their image or icon, the newest first; on some
        adapters the newest alone."""

    async def recent(self, domain: str, most: int) -> Sequence[UrlState]:
        """The URLs of a registrable domain that were handled last, the newest first."""

    async def latest(self, most: int, before: Place | None = None, domain: str | None = None) -> Sequence[Handled]:
        """The URLs that were handled last, of one registrable domain or of all, the newest first: at most `most`, and
        fewer only where there are no more. `before`: those behind that place. Raises `NotInOrder` without a domain
        where the adapter keeps an order for each domain alone; such a one knows the latest 1,000 of a domain."""


class Attempt(NamedTuple):
    """One try of a request that its sender may repeat: digests of what names the request and of what it says, and a
    token of this try alone."""

    name: bytes
    fingerprint: bytes
    token: bytes


class Earlier(NamedTuple):
    """What a name was taken with before, and the answer; None while there is none."""

    fingerprint: bytes
    answer: bytes | None


class KeptAnswers(Protocol):
    """Answers to requests that may be sent again. They are kept for as long as the ids of events."""

    async def begin(self, attempt: Attempt) -> Earlier | None:
        """Take the attempt's name. None where it was free: it is held by this attempt from now on. Of two at the same
        moment one gets None. Durable when this returns; the same attempt again gets None again."""

    async def keep(self, attempt: Attempt, answer: bytes) -> None:
        """Durable when this returns. Nothing where another attempt holds the name."""

    async def free(self, attempt: Attempt) -> None:
        """The name is free again. Nothing where another attempt holds it."""


class Marks(Protocol):
    """The part of the store that notes what is on its way, and what was done."""

    async def mark(self, state: UrlState) -> None:
        """As in `schedulers.ports.MetadataStore`."""

    async def claim(self, name: str, fingerprint: str) -> bool:
        """Whether `name` belongs to `fingerprint`: it does from now on, where it belonged to none. One step, so that of
        two at the same moment one wins. Durable when this returns; twice is harmless."""
