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
from imagepipe.errors import ImageError
from imagepipe.pipeline import FromOrigin
from imagepipe.registry import Registry
from imagepipe.rendering.placeholder import Placeholder
from imagepipe.workers import PLACEHOLDER, run_measured
from spiderduck.pictures.source import freshness

log = logging.getLogger(__name__)

CARDS = "cards"
MEASURED_AT_A_TIME = 8


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
    """The schedulers' `Pictures` port: the bytes go where `/images/cards` finds them."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def take(self, url: str, response: Response) -> MeasuredPicture | None:
        cards = self._registry[CARDS]
        try:
            await cards.put(
                url,
                response.body,
                response.header("content-type") or "",
                origin=FromOrigin(
                    response.header("etag"),
                    response.header("last-modified"),
                    freshness(response, response.fetched_at),
                ),
            )
            return _measured(await cards.placeholder(url))
        except ImageError:
            return None  # what is no picture has no size; the card goes without


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

    async def take(self, url: str, response: Response) -> MeasuredPicture | None:
        body = response.body
        try:
            async with self._at_a_time:  # the others wait here, where none is refused
                found = await run_measured(self._workers, PLACEHOLDER, body, limits=self._limits)
        except ImageError:
            return None
        if self._url is not None:
            await self._hand_over(self._url, url, body, found.content_type)
        return _measured(found)

    async def _hand_over(self, to: str, url: str, body: bytes, content_type: str) -> None:
        try:
            answer = await self._http.put(to, params={"src": url}, content=body, headers={"content-type": content_type})
            answer.raise_for_status()
        except httpx.HTTPError as error:
            log.info("the image service did not take %s: %s", url, error)


def _measured(found: Placeholder) -> MeasuredPicture:
    info = found.info
    return MeasuredPicture(
        info.width, info.height, found.content_type, found.length, found.colour, found.blurhash, found.thumbhash
    )
