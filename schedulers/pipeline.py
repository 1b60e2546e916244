"""READ FIRST. The flow of one message, from the event to the notice. `scheduler.py` feeds it from the queue.

    event → URLs → decide → fetch → extract → archive → store     (the outbox tells the subscribers; it is no stage)

A stage is a callable that is handed what is known of a URL and returns what it found out; `context.py` has these types.
Stages do not import one another. There are two wrappers: `side_by_side` handles the URLs of an event, and the single
flight lets one of equal URLs go on. Expected endings are values; surprises are raised, and the queue counts them.
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from fetchers.model import FetchResult, HopRequest
from fetchers.urls import without_query
from groundwork.clock import Clock
from groundwork.log_fields import bind
from groundwork.spans import span
from schedulers.config import Freshness, SchedulersConfig
from schedulers.context import (
    Answered,
    Deferred,
    Dropped,
    Due,
    Failed,
    FinishedBefore,
    NewPage,
    PutOff,
    Result,
    Shared,
    Understood,
)
from schedulers.deferral import Deferral
from schedulers.events import EventLimits
from schedulers.in_flight import EqualUrls, Flight, InFlight
from schedulers.links import Chain, chain_of, identify, url_id
from schedulers.model import RATE_LIMIT, Failure, Message, Status
from schedulers.outages import Outages
from schedulers.ports import Extractor, Fetch, FlowPorts, Observer
from schedulers.record import Record, record_of
from schedulers.settlement import UNKNOWN, settle
from schedulers.stages.ask_provider import AskProvider
from schedulers.stages.ask_reservations import AskReservations
from schedulers.stages.decide import Decide
from schedulers.stages.fetch import FetchStage, ended
from schedulers.stages.further_pictures import AskForFurther, FetchFurther
from schedulers.stages.picture import AskForPicture, MeasurePicture, PictureSource
from schedulers.stages.read_event import ReadEvent, shares_of, side_by_side
from schedulers.stages.store import Store
from schedulers.stages.understand import Extract, KeepInArchive, unarchived


class Pipeline:
    """The whole flow. Each line of a stage says why it stands where it stands."""

    async def handle(self, message: Message) -> None:
        """When this returns, everything in the message has a stored ending or is durably deferred. Raises
        `UnreadableEvent`, and surprises."""
        if message.kind == "picture":
            await self._measure_picture(message)  # of its own, so that a page does not wait for its picture
        elif message.kind == "further":
            await self._fetch_further(message)  # behind it, for they are shown less often
        else:
            await self._event(message)

    async def _event(self, message: Message) -> None:
        event = await self._read_event(message)  # first: whatever the shape, from here on it is an Event
        await side_by_side(await shares_of(message, event), self._share)  # one URL at a time from here on

    async def _share(self, shared: Shared) -> None:
        bind(url_id=url_id(shared.link.key))
        with span("share", url=without_query(shared.link.url)):
            await self._share_alone(shared)

    async def _share_alone(self, shared: Shared) -> None:
        if await self._wait_for_equal(shared) is not None:  # before deciding, so that who waited finds what was fetched
            return  # it would have waited too long
        async with self._in_flight.hold(shared.link.key) as flight:
            decided = await self._decide(shared)  # before anything is sent: finished, forbidden or fresh
            if isinstance(decided, FinishedBefore):
                page = decided.page
            else:
                result = await self._understand(decided, flight) if isinstance(decided, Due) else decided
                if isinstance(result, Deferred):
                    return
                page = await self._store(shared, result)  # last: what it makes visible is complete
            if page is not None:
                await self._ask_for_picture(shared.link.key, page)  # once more after a crash between the two
                if self._config.icons or self._config.further_pictures:
                    await self._ask_for_further(page)

    async def _understand(self, due: Due, flight: Flight) -> Result | Deferred:
        if due.shared.message.deferrals:  # its server asked for a pause: somebody else may tell of it meanwhile
            link = due.shared.link
            asked = chain_of(link, {link.key: due.known}, FetchResult(link.url, (), None))
            if (page := await self._of_provider(asked, RATE_LIMIT)) is not None:
                return page
        fetched = await self._fetch(due, flight)
        if isinstance(fetched, PutOff):
            return await self._of_provider(fetched.chain, RATE_LIMIT) or await self._put_off(due.shared, fetched)
        if not isinstance(fetched, Answered):
            return fetched
        try:
            if self._config.tdmrep:
                fetched = await self._ask_reservations(fetched)  # before it is read: they belong to its usage
            result = await self._keep(fetched)
        finally:
            fetched.response.release()  # what is stored and told has no body
        if isinstance(result, Failed) and result.failure.blocked_by is not None:
            return await self._of_provider(result.chain, result.failure.blocked_by) or result
        return result

    async def _of_provider(self, chain: Chain, wall: str) -> NewPage | None:
        told = await self._ask_provider(chain, wall)  # politely, like everything that is fetched
        if told is None:
            return None
        try:
            return await self._archive(told)
        finally:
            told.response.release()

    async def _put_off(self, shared: Shared, put_off: PutOff) -> Deferred:
        reason = f"{put_off.chain.url} answered {put_off.status_code}, and is asked again when its pause is over"
        return await self._deferral.defer(shared, put_off.until, reason, counted=True)

    async def _keep(self, fetched: Answered) -> Result | Deferred:
        understood = await self._extract(fetched)  # pure; before the archive, which keeps its result
        if not isinstance(understood, Understood):
            return understood
        return await self._archive(understood)  # before the store: the record names file and offset

    async def give_up(self, message: Message, reason: str) -> None:
        """The open URLs of an event end as `failed`, stored and announced like every other ending."""
        failure = Failure(Status.FAILED, f"it could not be handled after several attempts ({reason})")

        async def fail(shared: Shared) -> None:
            known = await self._ports.store.look_up(shared.link.key, shared.event.identity)
            if not known.seen:
                await self._store(shared, Dropped(shared.link, known, shared.link.invalid or failure))

        await side_by_side(await shares_of(message, await self._read_event(message)), fail)

    def __init__(self, ports: FlowPorts, config: SchedulersConfig, observer: Observer) -> None:
        clock, in_flight = ports.clock, InFlight()
        deferral = Deferral(ports.queue, ports.store, clock)
        stage, patient = Timed(clock, observer), Outages(clock).waited_out
        decide = Decide(ports.store, in_flight, clock, ports.refusal)
        fetch = FetchStage(ports.fetcher, decide.target, deferral, clock, config)
        source = PictureSource(ports.fetcher, ports.archived, clock, config)
        self._ports, self._config = ports, config
        self._deferral = deferral
        self._in_flight = in_flight
        self._read_event = stage("read_event", ReadEvent(EventLimits.of(config)))
        self._wait_for_equal = stage("single_flight", EqualUrls(in_flight, deferral, clock, config).wait)
        self._decide = stage("decide", decide)
        self._fetch = stage("fetch", fetch)
        self._ask_provider = stage("ask_provider", AskProvider(ports.fetcher, clock, config.defer_after))
        self._ask_reservations = stage("ask_reservations", AskReservations(ports.fetcher, clock, config.defer_after))
        self._extract = stage("extract", Extract(ports.extractor))
        self._archive = stage("archive", patient(KeepInArchive(ports.archive, ports.ids)))
        self._store = stage("store", patient(Store(ports, config.freshness, observer.ended)))
        self._ask_for_picture = stage("ask_for_picture", AskForPicture(ports.queue, config))
        self._ask_for_further = stage("ask_for_further", AskForFurther(ports.queue, clock, config))
        self._fetch_further = stage("further_pictures", FetchFurther(source, deferral, ports))
        self._measure_picture = stage("picture", MeasurePicture(source, ports.pictures, deferral, ports))


async def unfurl(text: str, fetch: Fetch, extractor: Extractor, clock: Clock, patience_seconds: float) -> Record:
    """One URL understood on the spot, for the command line: the same stages without queue, archive and store."""
    link, by = identify(text), clock.now() + patience_seconds
    result: Result
    if link.invalid is not None:
        result = Dropped(link, UNKNOWN, link.invalid)
    else:
        came = await fetch.fetch(HopRequest(link.url, start_by=by, deadline=by))
        fetched = ended(chain_of(link, {}, came), came.outcome)
        understood = await Extract(extractor)(fetched) if isinstance(fetched, Answered) else fetched
        if isinstance(understood, Failed) and (wall := understood.failure.blocked_by) is not None:
            understood = await AskProvider(fetch, clock, patience_seconds)(understood.chain, wall) or understood
        result = unarchived(understood) if isinstance(understood, Understood) else understood
    settled = settle(result, clock.now(), Freshness())
    return record_of(settled.state, settled.page)


P = ParamSpec("P")
T = TypeVar("T")


class Timed:
    """Makes stages that are observed, also where they raise."""

    def __init__(self, clock: Clock, observer: Observer) -> None:
        self._monotonic = clock.monotonic
        self._observe = observer.stage

    def __call__(self, name: str, stage: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
        monotonic, observe = self._monotonic, self._observe

        async def run(*args: P.args, **kwargs: P.kwargs) -> T:
            started = monotonic()
            with span(name):
                try:
                    return await stage(*args, **kwargs)
                finally:
                    observe(name, monotonic() - started)

        return run
