"""Rate limits that were set while running, kept in ZooKeeper in one node, `/limits`, and read again every second.

Two who change it at once both succeed, one after the other (the node's version is compared).
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from kazoo.client import KazooClient  # type: ignore[import-untyped]
from kazoo.exceptions import BadVersionError, NodeExistsError, NoNodeError  # type: ignore[import-untyped]

from fetchers.errors import CoordinatorUnavailable
from fetchers.model import RateLimit
from fetchers.ownership.kazoo_calls import done
from fetchers.rates import wrong_limit
from groundwork.clock import Clock

log = logging.getLogger(__name__)

PATH = "/limits"
POLL_SECONDS = 1.0
CHANGE_SECONDS = 5.0
MOST_ATTEMPTS = 10

_decoder = msgspec.json.Decoder(dict[str, RateLimit])


def _decode(data: bytes) -> dict[str, RateLimit]:
    """Without those that are no limits, e.g. of an earlier version. Raises ValueError."""
    found = _decoder.decode(data)
    return {name: one for name, one in found.items() if wrong_limit(one) is None}


class ZookeeperLimitStore:
    """Works while `run` runs."""

    def __init__(self, client: KazooClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._limits: Mapping[str, RateLimit] = {}
        self._version = -1
        self._callback: Callable[[], None] = lambda: None

    def current(self) -> Mapping[str, RateLimit]:
        return self._limits

    def on_change(self, callback: Callable[[], None]) -> None:
        self._callback = callback

    async def put(self, name: str, limit: RateLimit | None) -> None:
        try:
            async with asyncio.timeout(CHANGE_SECONDS):
                for _ in range(MOST_ATTEMPTS):
                    if await self._try(name, limit):
                        return
        except TimeoutError as error:
            raise CoordinatorUnavailable(f"the coordinator did not answer within {CHANGE_SECONDS:.0f} s") from error
        raise CoordinatorUnavailable("too many change the limits at once")

    async def run(self) -> None:
        """Look for changes until cancelled."""
        while True:
            try:
                await self._read()
            except CoordinatorUnavailable as error:
                log.warning("the limits cannot be read, the last ones hold: %s", error)
            await self._clock.sleep(POLL_SECONDS)

    async def _try(self, name: str, limit: RateLimit | None) -> bool:
        limits, version = await self._fetch()
        changed = {key: value for key, value in limits.items() if key != name}
        if limit is not None:
            changed[name] = limit
        data = msgspec.json.encode(changed)
        try:
            if version is None:
                await done(self._client.create_async(PATH, data, makepath=True))
            else:
                await done(self._client.set_async(PATH, data, version=version))
        except (BadVersionError, NodeExistsError):
            return False
        await self._read()
        return True

    async def _read(self) -> None:
        limits, version = await self._fetch()
        if version is not None and version > self._version:  # answers may overtake one another
            self._limits, self._version = limits, version
            self._callback()

    async def _fetch(self) -> tuple[Mapping[str, RateLimit], int | None]:
        try:
            found: tuple[bytes, Any] = await done(self._client.get_async(PATH))
        except NoNodeError:
            return {}, None
        try:
            return _decode(found[0]), found[1].version
        except ValueError as error:
            log.warning("what is kept as limits cannot be read, the last ones hold: %s", error)
            return self._limits, found[1].version
