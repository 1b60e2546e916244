"""A page's picture, after the page is visible: fetched by the same road, measured, added to the record, and announced.

It has a message of its own: `AskForPicture` writes it, before the event is acknowledged, and `MeasurePicture` handles
it. The candidates are tried in order until one can be shown: it is there, a picture, and no icon. A picture that was
shared by itself is its own page, and is taken from the archive: its origin is asked once. Where none can be had the
record stays as the page declared it. That is no error: the card is shown all the same.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

import msgspec

from fetchers.model import Ended, HopRequest, NotNow, Response
from fetchers.urls import registrable_domain, split
from groundwork.clock import Clock
from schedulers import notice
from schedulers.config import SchedulersConfig
from schedulers.context import Deferred
from schedulers.deferral import Deferral
from schedulers.metadata import (
    Alternative,
    Image,
    Metadata,
    Provenance,
    decode_metadata,
    encode_metadata,
    encode_provenance,
    shown,
)
from schedulers.model import Message, Page
from schedulers.ports import (
    Archived,
    EventQueue,
    Extractor,
    Fetch,
    Judge,
    Measured,
    MetadataStore,
    Pictures,
    TooBusy,
)

Candidate = tuple[Image, str]
"""A picture as the page declares it, and the rule that named it."""


class PicturePorts(Protocol):
    """What of the flow's ports the stage works with."""

    @property
    def store(self) -> MetadataStore: ...
    @property
    def extractor(self) -> Extractor: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def judge(self) -> Judge: ...


TOTAL_SECONDS = 120.0
SMALLEST_SHOWN = 144
"""Pixels of the shorter side. Twitter's cards take none below (developer.x.com, summary card); a smaller one is shown
only where there is no other."""
ENOUGH_PAGES = 5
"""So many pages of a site that show one picture make it the site's."""
ACCEPT = "image/avif,image/webp,image/*,*/*;q=0.8"


class PictureWork(msgspec.Struct, frozen=True):
    """The body of a picture's message. `key` is the dedup key of the URL that the picture is announced under."""

    page_id: int
    key: str
    image_url: str


class AskForPicture:
    """Puts the message of a page's picture into the queue, where the page names one."""

    def __init__(self, queue: EventQueue, config: SchedulersConfig) -> None:
        self._queue = queue
        self._wanted = config.pictures

    async def __call__(self, key: str, page: Page) -> None:
        """`key` is that of the URL the picture is announced under. The message's id depends on the page only, so that a
        repeat is recognised."""
        if not self._wanted or b'"image":' not in page.metadata:
            return  # most pages of some sites have none, and reading the metadata again would be for nothing
        image = decode_metadata(page.metadata).image
        if image is not None and image.url.startswith(("http://", "https://")):
            body = msgspec.json.encode(PictureWork(page.id, key, image.url))
            await self._queue.publish([Message(body, f"picture:{page.id}", "picture")])


class PictureSource:
    """Where a page's picture comes from: the archive, or its origin."""

    def __init__(self, fetcher: Fetch, archived: Archived, clock: Clock, config: SchedulersConfig) -> None:
        self._fetcher = fetcher
        self._archived = archived
        self._clock = clock
        self._defer_after = config.defer_after

    async def answer(self, page: Page, url: str, *, promised: bool) -> Response | Ended | NotNow | None:
        if _is_the_picture(page, url) and (kept := await self._archived.answer(page)) is not None:
            return kept
        now = self._clock.now()
        request = HopRequest(
            url,
            start_by=now + self._defer_after,
            deadline=now + TOTAL_SECONDS,
            accept=ACCEPT,
            purpose="picture",
            promised=promised,
        )
        return (await self._fetcher.fetch(request)).outcome

    async def archived(self, page: Page) -> Response | None:
        """The answer that the page was made of, where it can be had."""
        return await self._archived.answer(page)


class Found(NamedTuple):
    """A candidate that is a picture, and the rule that named it."""

    image: Image
    rule: str
    measured: Measured

    @property
    def is_large_enough(self) -> bool:
        return min(self.measured.width, self.measured.height) >= SMALLEST_SHOWN


class MeasurePicture:
    """Handles one `picture` message: takes the first candidate that can be shown. Raises `msgspec.DecodeError` for a
    message that was tampered with."""

    def __init__(self, source: PictureSource, pictures: Pictures, deferral: Deferral, ports: PicturePorts) -> None:
        self._source = source
        self._pictures = pictures
        self._deferral = deferral
        self._store = ports.store
        self._extractor = ports.extractor
        self._clock = ports.clock
        self._judge = ports.judge

    async def __call__(self, message: Message) -> None:
        work = msgspec.json.decode(message.body, type=PictureWork)
        page = await self._store.page(work.page_id)
        if page is None:
            return  # deleted since, by retention
        metadata = decode_metadata(page.metadata, page.provenance)
        if metadata.image is None or metadata.image.bytes is not None:
            return  # measured by an earlier delivery
        named = _candidates(metadata)
        found = await self._first(message, work, page, _from(work.image_url, named))
        if found is None or (isinstance(found, Found) and not found.is_large_enough):
            tried = {image.url for image, _ in named}
            further = [one for one in await self._further(page) if one[0].url not in tried]
            # One that was put off is one of these: the head's were tried before.
            found = await self._first(message, work, page, _from(work.image_url, further) or further) or found
        if isinstance(found, Found):
            await self._update(work, page, metadata, found)

    async def _first(
        self, message: Message, work: PictureWork, page: Page, candidates: Sequence[Candidate]
    ) -> "Found | Deferred | None":
        """The first candidate that is large enough, else the first that is a picture at all; None where none is."""
        small: Found | None = None
        for image, rule in candidates:
            outcome = await self._source.answer(page, image.url, promised=message.url == image.url)
            if isinstance(outcome, NotNow):
                return small or await self._put_off(message, work, image.url, outcome.until)
            measured = await self._measured(image.url, outcome) if isinstance(outcome, Response) else None
            if isinstance(measured, TooBusy):
                # Durably, as if its domain had no turn: a burst must not cost a page its picture.
                return await self._put_off(message, work, image.url, self._clock.now() + measured.seconds)
            if measured is None:
                continue
            found = Found(image, rule, measured)
            if found.is_large_enough:
                return found
            small = small or found
        return small

    async def _put_off(self, message: Message, work: PictureWork, url: str, until: float) -> Deferred:
        """Until the turn of the candidate's domain; from there on the search goes on with it."""
        later = msgspec.structs.replace(work, image_url=url)
        await self._deferral.defer_picture(replace(message, body=msgspec.json.encode(later)), url, until)
        return Deferred()

    async def _further(self, page: Page) -> Sequence[Candidate]:
        """What the page's body shows, where its head names no picture that can be had. The bytes are those that were
        archived."""
        if "html" not in page.content.type or (answer := await self._source.archived(page)) is None:
            return ()
        return _candidates(shown(await self._extractor.extract(answer, thorough=True), answer.fetched_at))

    async def _measured(self, url: str, answer: Response) -> Measured | TooBusy | None:
        try:
            return await self._pictures.take(url, answer) if answer.status_code == 200 else None
        finally:
            answer.release()

    async def _update(self, work: PictureWork, page: Page, metadata: Metadata, found: Found) -> None:
        known = await self._store.look_up(work.key)
        if known.state is None:
            return
        site = registrable_domain(split(page.url).host)
        pages = await self._store.saw_picture(site, found.image.url, page.canonical_url or page.key)
        changed = _with_picture(page, metadata, found, is_generic=pages >= ENOUGH_PAGES)
        verdict = self._judge(known.state.url, replace(known, page=changed))
        told = notice.updated(known, changed, verdict, self._clock.now())
        await self._store.update_page(changed, told)


def _from(url: str, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    """The candidate at `url` and those behind it; none where it is not among them."""
    start = next((number for number, (image, _) in enumerate(candidates) if image.url == url), len(candidates))
    return candidates[start:]


def _candidates(metadata: Metadata) -> list[Candidate]:
    """Every picture that may stand for the page, in order, each with its rule."""
    if metadata.image is None:
        return []
    said = metadata.provenance.get("image")
    rules = {} if said is None else {metadata.image.url: said.rule}
    for other in () if said is None else said.alternatives:
        rules.setdefault(other.value, other.rule)
    return [(image, rules.get(image.url, "image")) for image in (metadata.image, *metadata.other_images)]


def _with_picture(page: Page, metadata: Metadata, found: Found, *, is_generic: bool) -> Page:
    measured = found.measured
    image = msgspec.structs.replace(
        found.image,
        width=measured.width,
        height=measured.height,
        type=measured.type,
        bytes=measured.bytes,
        colour=measured.colour,
        blurhash=measured.blurhash,
        thumbhash=measured.thumbhash or None,
        generic=is_generic,
    )
    named = _candidates(metadata)
    others = [(one, rule) for one, rule in named if one.url != image.url]
    provenance = Provenance(found.rule, tuple(Alternative(rule, one.url) for one, rule in others))
    place = next((number for number, (one, _) in enumerate(named) if one.url == image.url), len(named))
    changed = msgspec.structs.replace(
        metadata,
        image=image,
        other_images=tuple(one for one, _ in named[place + 1 :]),
        provenance={**metadata.provenance, "image": provenance},
    )
    return replace(page, metadata=encode_metadata(changed), provenance=encode_provenance(changed))


def _is_the_picture(page: Page, url: str) -> bool:
    """Pictures are read whole or not at all, also where they are fetched as pages."""
    return page.url == url and page.status_code == 200 and page.content.type.startswith("image/")
