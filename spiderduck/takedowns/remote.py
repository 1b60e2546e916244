"""Follows takedowns in an image process, which has no store: it asks the API which pictures are gone.

It is told digests of addresses: enough to find them in its caches, and no list of what was taken down.
"""

import logging
from typing import Protocol

import httpx
import msgspec

from groundwork.clock import Clock
from groundwork.http_reason import http_reason
from spiderduck.takedowns.in_force import InForce

log = logging.getLogger(__name__)

ASK_EVERY_SECONDS = 2.0
AGAIN_SECONDS = 60.0
"""Then what was being loaded when a takedown came has been kept, and is purged."""
ASK_SECONDS = 10.0


class GonePictures(msgspec.Struct):
    """Digests (BLAKE2b, 16 bytes, hexadecimal) of the addresses of all pictures that were taken down with their pages;
    null where `revision` is what the caller knows already."""

    revision: str
    pictures: list[str] | None = None


class KeyedCaches(Protocol):
    """The image pipelines of this process."""

    async def purge_keys(self, keys: frozenset[bytes]) -> None:
        """Forget the pictures whose addresses have these digests."""


class FollowingApi:
    """`http` sends a key with the scope `read`."""

    def __init__(self, url: str, http: httpx.AsyncClient, in_force: InForce, caches: KeyedCaches, clock: Clock) -> None:
        self._url = f"{url.rstrip('/')}/v1/pictures/gone"
        self._http = http
        self._in_force = in_force
        self._caches = caches
        self._clock = clock
        self._revision = ""
        self._again_at: float | None = None
        self._told = False

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(ASK_EVERY_SECONDS)

    async def look(self) -> None:
        """Once. An API that is away is asked again; until then a picture of a record needs its word in any case."""
        try:
            answer = await self._http.get(self._url, params={"known": self._revision}, timeout=ASK_SECONDS)
            answer.raise_for_status()
            found = msgspec.json.decode(answer.content, type=GonePictures)
        except (httpx.HTTPError, msgspec.DecodeError) as error:
            if not self._told:
                log.warning("takedowns are asked for again in a moment: %s", http_reason(error))
            self._told = True
            return
        self._told = False
        now = self._clock.now()
        if found.pictures is not None:
            self._in_force.put_pictures(bytes.fromhex(one) for one in found.pictures)
            self._revision, self._again_at = found.revision, now + AGAIN_SECONDS
        elif self._again_at is None or now < self._again_at:
            return
        else:
            self._again_at = None
        if self._in_force.pictures:
            await self._caches.purge_keys(self._in_force.pictures)
