"""A start beside engines that may not be there yet: wait until one of their addresses takes a connection, or until what
is asked of them succeeds, and say so.

One line when the wait begins and one when it ends, however long it takes.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar
from urllib.parse import urlsplit

from groundwork.clock import Clock
from groundwork.readiness import Dependency, Trouble, dependency
from spiderduck.bootstrap.remedies import START_REMEDY

log = logging.getLogger(__name__)

Got = TypeVar("Got")

PAUSE_SECONDS = 0.5
CONNECT_SECONDS = 2.0
AMQP_PORTS = {"amqp": 5672, "pyamqp": 5672, "amqps": 5671}


_waits: dict[str, tuple[Trouble, float]] = {}
"""What is waited for now. One for the process, as its log is: whoever waits stands deep in the composition."""


def waited_for() -> list[Dependency]:
    """What this process waits for now, and since when."""
    return [dependency(name, trouble, since) for name, (trouble, since) in _waits.items()]


@contextmanager
def noted(what: str, why: str, remedy: str = START_REMEDY) -> Iterator[None]:
    """It is waited for `what` while the block runs."""
    _waits[what] = Trouble(why, "away", remedy), time.time()
    try:
        yield
    finally:
        _waits.pop(what, None)


async def wait_for(what: str, addresses: Sequence[str], clock: Clock, remedy: str = START_REMEDY) -> None:
    """Until something listens at one of `addresses` (`host:port`); at once where there are none."""
    told = False
    with noted(what, f"nothing answers at {', '.join(addresses)}", remedy):
        while addresses and not await somebody_listens(addresses):
            if not told:
                log.warning("waiting for %s at %s", what, ", ".join(addresses))
            told = True
            await clock.sleep(PAUSE_SECONDS)
    if told:
        log.warning("%s answers", what)


async def patiently(
    what: str, ask: Callable[[], Awaitable[Got]], away: type[Exception], clock: Clock, remedy: str = START_REMEDY
) -> Got:
    """What `ask` gives, asked again for as long as it raises `away`: something listens there, but is of no use yet."""
    told = False
    with noted(what, "it is of no use yet", remedy):
        while True:
            try:
                got = await ask()
            except away as error:
                if not told:
                    log.warning("waiting for %s (%s)", what, error)
                told = True
                await clock.sleep(PAUSE_SECONDS)
                continue
            if told:
                log.warning("%s answers", what)
            return got


def addresses_of_broker(url: str) -> list[str]:
    """Those of an AMQP broker; none for kombu's other transports, which are looked at when they are used."""
    addresses = []
    for one in url.split(";"):
        parts = urlsplit(one.strip())
        if parts.scheme in AMQP_PORTS and parts.hostname:
            addresses.append(f"{parts.hostname}:{parts.port or AMQP_PORTS[parts.scheme]}")
    return addresses


async def somebody_listens(addresses: Sequence[str]) -> bool:
    """Whether one of them (`host:port`) takes a connection within two seconds."""
    for address in addresses:
        host, _, port = address.rpartition(":")
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
        except OSError:  # TimeoutError too: nobody there yet
            continue
        writer.close()
        return True
    return False
