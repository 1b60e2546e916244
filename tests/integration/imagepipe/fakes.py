"""A source and an observer that a test is the master of."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from imagepipe.errors import SourceFailed
from imagepipe.model import Storage
from imagepipe.ports import Event, SourceEnded, SourceResponse, Wanted


@dataclass
class Picture:
    """What the fake origin holds at one address. `pause_after` bytes it waits for `go`; `break_after` it breaks off."""

    body: bytes
    etag: str | None = '"1"'
    last_modified: str | None = None
    accept_ranges: bool = True
    fresh_seconds: float | None = None
    storage: Storage = "anybody"
    total: bool = True
    chunk: int = 4096
    break_after: int | None = None
    pause_after: int | None = None
    go: asyncio.Event = field(default_factory=asyncio.Event)
    lie_about_total: int = 0
    wrong_range: bool = False


class FakeSource:
    """A `Source` out of a dictionary, which remembers what it was asked."""

    def __init__(self, **pictures: Picture) -> None:
        self.pictures = {f"http://o.test/{name}": picture for name, picture in pictures.items()}
        self.asked: list[Wanted] = []
        self.endings: dict[str, SourceEnded] = {}
        self.open = 0

    async def fetch(self, wanted: Wanted) -> SourceResponse | SourceEnded:
        self.asked.append(wanted)
        if wanted.url in self.endings:
            return self.endings[wanted.url]
        picture = self.pictures.get(wanted.url)
        if picture is None:
            return SourceEnded("http_error", "answered 404", status=404)
        validator = wanted.etag or wanted.last_modified
        same = validator is not None and validator in (picture.etag, picture.last_modified)
        if same and not wanted.resume_from:
            return self._answer(picture, 304, len(picture.body))
        resumed = same and picture.accept_ranges and 0 < wanted.resume_from < len(picture.body)
        start = wanted.resume_from if resumed else 0
        if picture.wrong_range and resumed:
            start += 1
        return self._answer(picture, 206 if resumed else 200, start)

    def _answer(self, picture: Picture, status: int, start: int) -> SourceResponse:
        return SourceResponse(
            status,
            self._chunks(picture, start),
            "image/jpeg",
            start if status == 206 else 0,
            len(picture.body) + picture.lie_about_total if status != 304 and picture.total else None,
            picture.etag,
            picture.last_modified,
            picture.accept_ranges,
            picture.fresh_seconds,
            picture.storage,
        )

    async def _chunks(self, picture: Picture, start: int) -> AsyncIterator[bytes]:
        self.open += 1
        try:
            for at in range(start, len(picture.body), picture.chunk):
                if picture.break_after is not None and at >= picture.break_after:
                    raise SourceFailed("the download broke off", "protocol_error")
                if picture.pause_after is not None and at >= picture.pause_after:
                    await picture.go.wait()
                yield picture.body[at : at + picture.chunk]
                await asyncio.sleep(0)
        finally:
            self.open -= 1


class Watcher:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]

    def problems(self) -> list[str]:
        return [event.detail for event in self.events if event.kind == "problem"]


async def until(condition: Callable[[], bool]) -> None:
    """Give the loop turns until something is so; a test that waits in vain fails by count, not by time."""
    for _ in range(20_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to be")
