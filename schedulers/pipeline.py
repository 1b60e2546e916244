"""READ FIRST. The flow of one message through the stages, as data; `scheduler.py` feeds it.

    event → URLs → decide → fetch → extract → archive → store     (the outbox tells the subscribers; it is no stage)

A stage is one callable `async (ctx, next)`: it may call `next` never, once, or many times, and never imports another
stage. `compose` puts timing and error mapping around each once.
"""

from collections.abc import Callable
from dataclasses import dataclass

from schedulers.config import SchedulersConfig
from schedulers.deferral import Deferral
from schedulers.events import EventLimits
from schedulers.in_flight import InFlight
from schedulers.model import Context
from schedulers.ports import (
    Archive,
    Archived,
    Clock,
    EventQueue,
    Extractor,
    Fetch,
    Ids,
    IsBlocked,
    MetadataStore,
    Pictures,
)
from schedulers.stages.archive import ArchiveStage
from schedulers.stages.crawl_decider import CrawlDecider, Decider
from schedulers.stages.event_reader import EventReader
from schedulers.stages.extract import Extract
from schedulers.stages.fetch import FetchStage
from schedulers.stages.picture import Picture
from schedulers.stages.single_flight import SingleFlight
from schedulers.stages.stage import Next, Stage
from schedulers.stages.store import Store
from schedulers.stages.url_extractor import UrlExtractor

Ended = Callable[[str], None]
"""Told of every share of a URL that came to its end, with its outcome."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The finished objects that the stages are made with; put together by `spiderduck.bootstrap` alone."""

    queue: EventQueue
    store: MetadataStore
    archive: Archive
    archived: Archived
    fetcher: Fetch
    pictures: Pictures
    extractor: Extractor
    ids: Ids
    clock: Clock
    ended: Ended = lambda outcome: None
    is_blocked: IsBlocked = lambda url: None


@dataclass(frozen=True, slots=True)
class Step:
    """A stage and its name. With `unless_settled`, what is settled already (dropped, reused, failed) passes it by."""

    name: str
    stage: Stage
    unless_settled: bool = False


Observe = Callable[[str, float], None]
"""Told after each stage: its name, and the seconds it took (what it awaited further down included)."""


def url_steps(parts: Parts, in_flight: InFlight, config: SchedulersConfig) -> tuple[Step, ...]:
    """The stages of an event, in order."""
    decider = Decider(parts.clock, parts.is_blocked)
    deferral = Deferral(parts.queue, parts.store, parts.clock)
    fetch = FetchStage(
        fetcher=parts.fetcher,
        deferral=deferral,
        store=parts.store,
        decider=decider,
        in_flight=in_flight,
        clock=parts.clock,
        config=config,
    )
    single_flight = SingleFlight(in_flight, deferral, parts.clock, config)
    extract, archive = Extract(parts.extractor), ArchiveStage(parts.archive, parts.ids)
    store = Store(parts.store, parts.queue, parts.clock, config, parts.ended)
    return (
        Step(
            "read_event", EventReader(EventLimits.of(config))
        ),  # first: whatever the shape, from here on it is an Event
        Step("extract_urls", UrlExtractor()),  # one context per URL from here on, side by side
        Step("single_flight", single_flight),  # before the decider, so that who waited finds what was fetched
        Step("decide", CrawlDecider(parts.store, decider)),  # before anything is sent: blocked, finished or fresh
        Step("fetch", fetch, unless_settled=True),  # the only one that reaches the network
        Step("extract", extract, unless_settled=True),  # pure; before the archive, which keeps its result
        Step("archive", archive, unless_settled=True),  # the record must name file and offset
        Step("store", store),  # last: what it makes visible is complete
    )


def picture_steps(parts: Parts, config: SchedulersConfig) -> tuple[Step, ...]:
    """The stages of a page's picture."""
    picture = Picture(
        fetcher=parts.fetcher,
        archived=parts.archived,
        pictures=parts.pictures,
        deferral=Deferral(parts.queue, parts.store, parts.clock),
        store=parts.store,
        clock=parts.clock,
        config=config,
    )
    return (Step("picture", picture),)  # one: fetch, measure and tell belong to one record


def compose(steps: tuple[Step, ...], clock: Clock, observe: Observe) -> Next:
    """One callable that sends a context through all steps."""
    run: Next = _end
    for step in reversed(steps):
        run = _link(step, run, clock, observe)
    return run


async def _end(ctx: Context) -> None:
    """Behind the last stage there is nothing."""


def _link(step: Step, following: Next, clock: Clock, observe: Observe) -> Next:
    stage, name, unless_settled = step.stage, step.name, step.unless_settled
    monotonic = clock.monotonic

    async def run(ctx: Context) -> None:
        if unless_settled and ctx.settled is not None:
            await following(ctx)
            return
        started = monotonic()
        try:
            await stage(ctx, following)
        finally:
            observe(name, monotonic() - started)

    return run
