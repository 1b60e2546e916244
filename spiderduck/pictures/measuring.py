"""The schedulers' `Pictures` port: what a page can show of its picture before the picture is there, and where its bytes
go, to the pipelines of this process or to those of another one.
"""

import asyncio
import logging
from dataclasses import dataclass

import httpx

from fetchers.model import Response
from groundwork.workers.interface import Workers
from imagepipe.config import PictureLimits
from imagepipe.errors import Busy, ImageError
from imagepipe.pipeline import FromOrigin
from imagepipe.registry import Registry
from imagepipe.rendering.placeholder import Placeholder
from imagepipe.workers import PLACEHOLDER, run_measured
from schedulers.ports import TooBusy

log = logging.getLogger(__name__)

CARDS = "cards"
MEASURED_AT_A_TIME = 8
_HANDED_OVER = ("etag", "last-modified", "cache-control", "expires", "age")
"""What an origin said of its picture goes along with the bytes."""
LATER_SECONDS = 5.0
"""A page's picture that found all workers busy comes back after these."""


@dataclass(frozen=True, slots=True)
class MeasuredPicture:
    """What a page can show of its picture before the picture is there."""

    width: int
    height: int
    type: str
    bytes: int
    colour: str
    blurhash: str
    thumbhash: str = ""


class CardPictures:
    """The schedulers' `Pictures` port: the bytes go where `/images/cards` finds them.

    A few are measured at a time; the others wait here, where none is refused. Where the workers are busy with others'
    pictures all the same, the page's comes back later. What could not be measured is counted and on the list of
    problems.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._at_a_time = asyncio.Semaphore(MEASURED_AT_A_TIME)

    async def take(self, url: str, response: Response) -> MeasuredPicture | TooBusy | None:
        events = self._registry[CARDS].events
        try:
            async with self._at_a_time:
                return await self._take(url, response)
        except Busy as error:
            events.count("measured_later")
            events.problem(url, f"measured_later: {error}")
            return _later(url, error)
        except ImageError as error:
            events.count("not_measured")
            events.problem(url, f"not_measured: {error.code}: {error}")
            log.info("the picture %s could not be measured: %s: %s", url, error.code, error)
            return None  # what is no picture has no size; the card goes without

    async def _take(self, url: str, response: Response) -> MeasuredPicture:
        cards = self._registry[CARDS]
        origin = FromOrigin.of(response.header, response.fetched_at)
        await cards.put(url, response.body, response.header("content-type") or "", origin=origin)
        return _measured(await cards.measure(url, response.body))


class HandedOver:
    """The schedulers' `Pictures` port where the pipelines run elsewhere: measured here, the bytes go there.

    A service that is away costs nothing but a second fetch of the picture, when it is first shown.
    """

    def __init__(self, url: str, http: httpx.AsyncClient, workers: Workers, limits: PictureLimits) -> None:
        self._url = f"{url.rstrip('/')}/images/{CARDS}/store" if url else None
        self._http = http
        self._workers = workers
        self._limits = limits
        self._at_a_time = asyncio.Semaphore(MEASURED_AT_A_TIME)

    async def take(self, url: str, response: Response) -> MeasuredPicture | TooBusy | None:
        body = response.body
        try:
            async with self._at_a_time:  # the others wait here, where none is refused
                found = await run_measured(self._workers, PLACEHOLDER, body, limits=self._limits)
        except Busy as error:
            return _later(url, error)
        except ImageError as error:
            log.info("the picture %s could not be measured: %s: %s", url, error.code, error)
            return None
        if self._url is not None:
            said = {name: value for name in _HANDED_OVER if (value := response.header(name)) is not None}
            await self._hand_over(self._url, url, body, {**said, "content-type": found.content_type})
        return _measured(found)

    async def _hand_over(self, to: str, url: str, body: bytes, headers: dict[str, str]) -> None:
        try:
            answer = await self._http.put(to, params={"src": url}, content=body, headers=headers)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            log.info("the image service did not take %s: %s", url, error)


def _later(url: str, error: Busy) -> TooBusy:
    log.warning("the picture %s is measured later: %s", url, error)
    return TooBusy(max(error.retry_after, LATER_SECONDS))


def _measured(found: Placeholder) -> MeasuredPicture:
    info = found.info
    return MeasuredPicture(
        info.width, info.height, found.content_type, found.length, found.colour, found.blurhash, found.thumbhash
    )
