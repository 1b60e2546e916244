"""kazoo's calls as awaitables. kazoo keeps its own threads; what they hand back is carried over to the event loop.

Kazoo's errors end here. What is expected by a caller has a class of its own, the rest is `CoordinatorUnavailable`.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from kazoo.client import KazooClient  # type: ignore[import-untyped]
from kazoo.interfaces import IAsyncResult  # type: ignore[import-untyped]

from fetchers.errors import CoordinatorUnavailable
from groundwork import zookeeper


async def start(client: KazooClient, seconds: float = zookeeper.START_SECONDS) -> None:
    """Begin to connect. Returns when connected, or after `seconds`; kazoo goes on trying until it is stopped."""
    await asyncio.to_thread(client.start_async().wait, seconds)


async def make_chroot(client: KazooClient) -> None:
    """Make the path below which everything of this client lies. Raises `CoordinatorUnavailable`."""
    try:
        await asyncio.to_thread(zookeeper.make_chroot, client)
    except zookeeper.UNAVAILABLE as error:
        raise CoordinatorUnavailable(f"the coordinator does not make {client.chroot}: {error!r}") from error


async def stop(client: KazooClient) -> None:
    """End the session, which frees what was held under it at once."""
    await asyncio.to_thread(zookeeper.stop, client)


async def begin_anew(client: KazooClient) -> None:
    """End the session, as far as the server can be told, and begin another."""
    await stop(client)
    await start(client, 0.5)


async def done(result: IAsyncResult) -> Any:
    """What the call gives. Raises one of `zookeeper.ANSWERS`, or `CoordinatorUnavailable`."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def finish() -> None:
        if future.done():
            return
        error = result.exception
        if error is None:
            future.set_result(result.value)
        else:
            future.set_exception(error)

    def in_kazoos_thread(_: IAsyncResult) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(finish)

    result.rawlink(in_kazoos_thread)
    try:
        return await future
    except zookeeper.ANSWERS:
        raise
    except zookeeper.UNAVAILABLE as error:
        raise CoordinatorUnavailable(f"the coordinator does not answer: {type(error).__name__} {error}") from error


async def all_done(results: Sequence[IAsyncResult]) -> list[Any]:
    """Of each call its value or its error."""
    return await asyncio.gather(*(done(result) for result in results), return_exceptions=True)
