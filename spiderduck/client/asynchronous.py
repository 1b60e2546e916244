"""`AsyncClient`: the calls for asyncio."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from schedulers.card import Card
from spiderduck.api.sharing.accepted import Accepted
from spiderduck.api.urls.resolved import Resolved
from spiderduck.client import calls
from spiderduck.client.calls import Call, Event
from spiderduck.client.connection import STREAM_TIMEOUT, options, pause_after, timeout, translating
from spiderduck.client.errors import ApiError, ClientError, api_error
from spiderduck.client.events import NoticeReader
from spiderduck.client.model import Notice, UrlRecord

T = TypeVar("T")


class AsyncClient:
    """Calls of one server. Every call raises `ApiError` for a refusal and `Unreachable` where nothing answers.

    `server` is its address, `key` a bearer key with the scopes that the calls need (none on loopback).
    """

    def __init__(self, server: str = "http://127.0.0.1:8080", key: str | None = None) -> None:
        self.http = httpx.AsyncClient(**options(server, key))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Give the connections back."""
        await self.http.aclose()

    async def unfurl(self, url: str, *, wait: float = 3.0, refresh: bool = False, lang: str | None = None) -> Card:
        """The card of a link, fetched first where nobody shared it (scope `fetch`). `wait`: seconds, at the most; what
        takes longer has the status `pending`. `refresh` fetches it in any case. `lang` prefers a version."""
        return await self._call(calls.unfurl(url, wait=wait, refresh=refresh, lang=lang))

    async def send_events(self, *events: Event) -> Accepted:
        """Share what is in these events (scope `write`). Durable when this returns."""
        return await self._call(calls.send_events(events))

    async def look_up(self, *urls: str, wait: float = 0.0, schedule: bool = False) -> Sequence[UrlRecord]:
        """What is known of up to 1,000 URLs, in the order asked (scope `read`). `wait`: seconds for those that are on
        their way. `schedule` has the unknown ones fetched (scope `write`)."""
        return (await self._call(calls.look_up(urls, wait=wait, schedule=schedule))).results

    async def resolve(self, *urls: str, wait: float = 0.0, schedule: bool = False) -> Sequence[Resolved]:
        """Where up to 1,000 URLs lead, in the order asked (scope `read`). `wait` and `schedule` as in `look_up`."""
        return (await self._call(calls.resolve(urls, wait=wait, schedule=schedule))).results

    async def page(self, page_id: str) -> UrlRecord:
        """One fetched version of a page (scope `read`)."""
        return await self._call(calls.page(page_id))

    async def history(self, page_id: str) -> Sequence[UrlRecord]:
        """All versions of a page, the newest first (scope `read`)."""
        versions: list[UrlRecord] = []
        cursor = None
        while True:
            found = await self._call(calls.history(page_id, cursor))
            versions += found.versions
            cursor = found.next_cursor
            if cursor is None:
                return versions

    async def notices(self, *, after: str | None = None, **filters: str) -> AsyncIterator[Notice]:
        """Notices as they happen, for as long as you iterate (scope `read`). A connection that breaks is resumed where
        it was, so that nothing is missed while the server keeps it. `after`: begin behind this position; "0" is the
        beginning. `filters`: `domain`, `type`, `status`, `verdict`."""
        reader, failures = NoticeReader(after), 0
        while True:
            try:
                async for notice in self._stream(reader, filters):
                    failures = 0
                    yield notice
            except ClientError as error:
                if not error.retryable or not reader.has_begun:
                    raise
            await asyncio.sleep(pause_after(failures))
            failures += 1

    async def queue(self, name: str, *, wait: float = 20.0, most: int = 100) -> AsyncIterator[Notice]:
        """Notices of a durable queue, which collects while you are away; it is made where there is none (scopes `read`,
        and `write` to make it). They come in batches of `most`; a batch is acknowledged when you ask for the notice
        behind it, so that what your code did not finish comes again. `wait`: seconds of one request."""
        try:
            await self._call(calls.create_queue(name))
        except ApiError as error:
            if error.status != 403:  # a key that may only read can use one that is there
                raise
        while True:
            pulled = await self._call(calls.pull(name, most=most, wait=wait))
            for notice in pulled.notices:
                yield notice
            if pulled.position is not None:
                await self._call(calls.acknowledge(name, pulled.position))

    async def _stream(self, reader: NoticeReader, filters: Mapping[str, str]) -> AsyncIterator[Notice]:
        """One connection, until it ends. Raises `Unreachable` where it broke."""
        reader.begin()
        params, headers = calls.stream(reader.position, filters)
        with translating(self.http.base_url):
            async with self.http.stream(
                "GET", calls.STREAM, params=params, headers=headers, timeout=STREAM_TIMEOUT
            ) as answer:
                if answer.is_error:
                    await answer.aread()
                    raise api_error(answer)
                async for chunk in answer.aiter_bytes():
                    for notice in reader.feed(chunk):
                        yield notice

    async def request(self, method: str, path: str, **given: Any) -> httpx.Response:
        """Any call of the API, its answer as it came. `given` as for `httpx.AsyncClient.request`."""
        with translating(self.http.base_url):
            answer = await self.http.request(method, path, **given)
        if answer.is_error:
            raise api_error(answer)
        return answer

    async def _call(self, call: Call[T]) -> T:
        headers = {"Content-Type": "application/json"} if call.body is not None else {}
        with translating(self.http.base_url):
            answer = await self.http.request(
                call.method,
                call.path,
                params=dict(call.params),
                content=call.body,
                headers=headers,
                timeout=timeout(call.wait),
            )
        return call.read(answer)
