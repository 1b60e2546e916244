"""A page's picture is measured in the end, however many come at once."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from fetchers.model import Response
from imagepipe.config import ImagesConfig, default_config
from imagepipe.errors import Busy
from imagepipe.registry import Registry
from schedulers.ports import TooBusy
from spiderduck.pictures.measuring import CARDS, LATER_SECONDS, CardPictures, HandedOver, MeasuredPicture
from tests.clock import FakeClock
from tests.integration.imagepipe.fakes import FakeSource
from tests.unit.imagepipe.pictures import encode, quarters

_BODY = encode(quarters(), "PNG")


def _answer(number: int, body: bytes = _BODY) -> Response:
    return Response(_url(number), 200, (("content-type", "image/png"),), body, 1_000_000.0)


def _url(number: int) -> str:
    return f"http://pics.test/{number}.png"


def _registry(config: ImagesConfig) -> Registry:
    return Registry(FakeSource(), config, workers=1, clock=FakeClock())


async def test_a_burst_is_measured_whole() -> None:
    """Five hundred at one moment, and workers that take nine: they wait, and none is lost."""
    async with _registry(replace(default_config(), queue=8)) as registry:
        pictures = CardPictures(registry)
        found = await asyncio.gather(*(pictures.take(_url(number), _answer(number)) for number in range(500)))
        assert all(isinstance(each, MeasuredPicture) and (each.width, each.height) == (80, 60) for each in found)
        assert not registry[CARDS].events.problems


@pytest.mark.parametrize("retry_after", [0.5, 60.0])
async def test_busy_workers_put_it_off(retry_after: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted, on the list of problems, and to be asked again no sooner than they say."""

    async def busy(*_: object, **__: object) -> None:
        raise Busy("400 renders wait", retry_after)

    async with _registry(default_config()) as registry:
        cards = registry[CARDS]
        monkeypatch.setattr(cards, "measure", busy)
        assert await CardPictures(registry).take(_url(1), _answer(1)) == TooBusy(max(retry_after, LATER_SECONDS))
        assert cards.events.counts["measured_later"] == 1
        assert "measured_later" in cards.events.problems[-1][2]


@pytest.mark.parametrize("said", ["private", "no-store"])
async def test_what_its_origin_lets_nobody_keep_is_measured_and_not_kept(said: str) -> None:
    """And asked for once."""
    answer = Response(_url(1), 200, (("content-type", "image/png"), ("cache-control", said)), _BODY, 1_000_000.0)
    async with _registry(default_config()) as registry:
        found = await CardPictures(registry).take(_url(1), answer)
        assert isinstance(found, MeasuredPicture)
        assert await registry[CARDS].originals.store.get(_url(1)) is None
        assert registry[CARDS].originals.loader.fetches == 0


async def test_what_is_no_picture_is_counted_too() -> None:
    async with _registry(default_config()) as registry:
        assert await CardPictures(registry).take(_url(1), _answer(1, b"<html>")) is None
        assert registry[CARDS].events.counts["not_measured"] == 1
        assert "unsupported_format" in registry[CARDS].events.problems[-1][2]


async def test_without_pipelines_it_is_the_same() -> None:
    class Full:
        small = 1_000_000
        active = 0

        async def run(self, work: object, *, memory: int = 0) -> object:
            raise Busy("full", 1.0)

        async def close(self) -> None:
            """Nothing."""

    workers: Any = Full()
    http: Any = None
    pictures = HandedOver("", http, workers, default_config().limits)
    assert await pictures.take(_url(1), _answer(1)) == TooBusy(LATER_SECONDS)
