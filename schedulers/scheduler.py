"""One scheduler: takes messages from the queue, sends each through the pipeline, and acknowledges what came to an end.

Several run side by side on one queue. A message is acknowledged only when each of its URLs has a stored ending or is
durably deferred; one whose handling raised comes again, and after five times goes to the dead letters.
"""

import asyncio
import logging

from groundwork.clock import Clock
from groundwork.log_fields import bind
from groundwork.spans import leaf, of_event, within
from groundwork.trace import current
from schedulers.config import SchedulersConfig
from schedulers.errors import SchedulerError, UnreadableEvent
from schedulers.identity import sent_id
from schedulers.model import Delivery
from schedulers.outages import Outages, is_outage
from schedulers.pipeline import Pipeline
from schedulers.ports import EventQueue

log = logging.getLogger(__name__)


class Scheduler:
    """Works on at most `config.in_flight` messages at once."""

    def __init__(self, queue: EventQueue, pipeline: Pipeline, clock: Clock, config: SchedulersConfig) -> None:
        self._queue = queue
        self._pipeline = pipeline
        self._config = config
        self._places = asyncio.Semaphore(config.in_flight)
        self._handling: set[asyncio.Task[None]] = set()
        self._outages = Outages(clock)
        self._clock = clock

    @property
    def in_flight(self) -> int:
        return len(self._handling)

    async def run(self) -> None:
        """Take messages until cancelled. What is in flight then goes on: call `drain`."""
        while True:
            await self._places.acquire()
            try:
                delivery = await self._queue.receive()
            except BaseException:
                self._places.release()
                raise
            task = asyncio.create_task(self._handle(delivery))
            self._handling.add(task)
            task.add_done_callback(self._handled)

    async def drain(self, seconds: float) -> None:
        """Wait for what is in flight, so long at the most; what is not done by then is given up and comes again."""
        if self._handling:
            await asyncio.wait(set(self._handling), timeout=seconds)
        unfinished = list(self._handling)
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)

    def _handled(self, task: asyncio.Task[None]) -> None:
        self._handling.discard(task)
        self._places.release()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the queue itself failed; its message comes again", exc_info=error)

    async def _handle(self, delivery: Delivery) -> None:
        """To its end. An outage of what we stand on (store, archive, queue) is waited out and counts as no error."""
        event_id = sent_id(delivery.message.event_id)
        bind(event_id=event_id)
        place = of_event(event_id)
        current.set(place)  # of this task alone: its log lines, and what it asks of other processes
        with within(
            place, f"handle {delivery.message.kind}", event_id=event_id, deliveries=delivery.deliveries
        ) as here:
            if delivery.queued_at:
                here.set(waited_s=round(max(0.0, self._clock.now() - delivery.queued_at), 3))
            await self._outages.waited_out(self._handle_once)(delivery)

    async def _handle_once(self, delivery: Delivery) -> None:
        if delivery.deliveries > self._config.most_deliveries:
            await self._give_up(delivery, f"delivered {delivery.deliveries} times without being finished")
            return
        try:
            await self._pipeline.handle(delivery.message)
        except UnreadableEvent as error:
            await self._queue.bury(delivery, f"unreadable event: {error}")
        except Exception as error:
            if is_outage(error):
                raise
            await self._failed(delivery, error)
        else:
            await self._queue.ack(delivery)

    async def _failed(self, delivery: Delivery, error: Exception) -> None:
        code = error.code if isinstance(error, SchedulerError) else type(error).__name__
        reason = f"{code}: {error}"
        log.warning("handling %s failed: %s", delivery.message.event_id, reason, exc_info=error)
        with leaf("failed") as here:
            here.fail(reason)
        if delivery.errors + 1 >= self._config.most_errors:
            await self._give_up(delivery, reason)
        else:
            await self._queue.retry(delivery, reason)

    async def _give_up(self, delivery: Delivery, reason: str) -> None:
        """To the dead letters; its open URLs end as `failed`."""
        try:
            if delivery.message.kind == "event":
                await self._pipeline.give_up(delivery.message, reason)
        except Exception as error:
            if is_outage(error):
                raise
            log.exception("the URLs of %s could not be marked as failed", delivery.message.event_id)
            reason = f"{reason}; and then {type(error).__name__}: {error}"
        await self._queue.bury(delivery, reason)
