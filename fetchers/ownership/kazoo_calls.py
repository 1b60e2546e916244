"""kazoo's calls as awaitables. kazoo keeps its own threads; what they hand back is carried over to the event loop.

Kazoo's errors end here. What is expected by a caller has a class of its own, the rest is `CoordinatorUnavailable`.
"""

import asyncio
import logging
import math
from collections.abc import Sequence
from typing import Any

from kazoo.client import KazooClient  # type: ignore[import-untyped]
from kazoo.exceptions import BadVersionError, KazooException, NodeExistsError, NoNodeError  # type: ignore[import-untyped]
from kazoo.handlers.threading import KazooTimeoutError  # type: ignore[import-untyped]
from kazoo.interfaces import IAsyncResult  # type: ignore[import-untyped]
from kazoo.retry import KazooRetry  # type: ignore[import-untyped]
from kazoo.security import make_digest_acl  # type: ignore[import-untyped]

from fetchers.errors import CoordinatorUnavailable

log = logging.getLogger(__name__)

START_SECONDS = 5.0

EXPECTED = (NodeExistsError, NoNodeError, BadVersionError)
"""Left as they are: each is an answer."""


def make_client(hosts: str, chroot: str, auth: str, session_seconds: float) -> KazooClient:
    """`auth` is `user:password` for digest; with it, what is made here can be read and written by that user only."""
    user, _, password = auth.partition(":")
    client = KazooClient(
        hosts=hosts + chroot,
        timeout=session_seconds,
        connection_retry=KazooRetry(max_tries=-1, delay=0.1, max_delay=1.0),
        command_retry=KazooRetry(max_tries=0),
        auth_data=[("digest", auth)] if auth else None,
        default_acl=[make_digest_acl(user, password, all=True)] if auth else None,
    )
    _note_granted(client)
    return client


def _note_granted(client: KazooClient) -> None:
    """kazoo tells nobody which time-out the server granted; its connection's read time-out is two thirds of it."""
    connect = client._connection._connect

    def noting(*args: Any) -> Any:
        read_milliseconds, other = connect(*args)
        client.granted_seconds = read_milliseconds * 1.5 / 1000
        return read_milliseconds, other

    client._connection._connect = noting
    client.granted_seconds = math.inf


def granted_seconds(client: KazooClient) -> float:
    """The time-out of the session as the server granted it last; infinite before the first connection."""
    return float(client.granted_seconds)


async def start(client: KazooClient, seconds: float = START_SECONDS) -> None:
    """Begin to connect. Returns when connected, or after `seconds`; kazoo goes on trying until it is stopped."""
    await asyncio.to_thread(client.start_async().wait, seconds)


async def make_chroot(client: KazooClient) -> None:
    """Make the path below which everything of this client lies: kazoo itself makes no more than its last part."""
    await asyncio.to_thread(_make_chroot, client)


def _make_chroot(client: KazooClient) -> None:
    hosts = ",".join(f"{host}:{port}" for host, port in client.hosts)
    above = KazooClient(hosts=hosts, auth_data=client.auth_data, default_acl=client.default_acl)
    try:
        above.start(START_SECONDS)
        above.ensure_path(client.chroot)
    except (KazooException, KazooTimeoutError) as error:
        raise CoordinatorUnavailable(f"the coordinator does not make {client.chroot}: {error!r}") from error
    finally:
        _stop(above)


async def stop(client: KazooClient) -> None:
    """End the session, which frees what was held under it at once."""
    await asyncio.to_thread(_stop, client)


async def begin_anew(client: KazooClient) -> None:
    """End the session, as far as the server can be told, and begin another."""
    await asyncio.to_thread(_stop, client)
    await start(client, 0.5)


def _stop(client: KazooClient) -> None:
    try:
        client.stop()
        client.close()
    except KazooException as error:
        # Its thread still waits for the network; the server ends the session when its time is over.
        log.warning("the session could not be ended in good order: %r", error)


async def done(result: IAsyncResult) -> Any:
    """What the call gives. Raises one of `EXPECTED`, or `CoordinatorUnavailable`."""
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
    except EXPECTED:
        raise
    except (KazooException, KazooTimeoutError, OSError) as error:
        raise CoordinatorUnavailable(f"the coordinator does not answer: {type(error).__name__} {error}") from error


async def all_done(results: Sequence[IAsyncResult]) -> list[Any]:
    """Of each call its value or its error."""
    return await asyncio.gather(*(done(result) for result in results), return_exceptions=True)
