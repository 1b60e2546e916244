"""What fetchers write into ZooKeeper to share the domains.

    /members/<address>~<id>   one per living fetcher, ephemeral
    /assignment               which member is to hold which bucket; changed by whoever sees first that members changed
    /buckets/0000 … 1023      one per bucket that is held, ephemeral; its creation number (czxid) is the fencing number

Used by `zookeeper.py` alone, which decides. An answer that was lost is asked for again, never guessed.
"""

import asyncio
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

from kazoo.client import KazooClient  # type: ignore[import-untyped]
from kazoo.exceptions import BadVersionError, NodeExistsError, NoNodeError  # type: ignore[import-untyped]

from fetchers.ownership.assignment import Assignment, read
from fetchers.ownership.kazoo_calls import all_done, done, make_chroot

ROOTS = ("/members", "/buckets")


class Nodes:
    """The nodes of the fetcher at `address`. Every call raises `CoordinatorUnavailable` where nobody answers."""

    def __init__(self, client: KazooClient, address: str) -> None:
        self._client = client
        self._address = address

    async def join(self) -> str:
        """Be a member from now on, for as long as the session lives; returns the member's name."""
        try:
            await self._make(ROOTS[0])
        except NoNodeError:
            await make_chroot(self._client)
        for root in ROOTS:
            await self._make(root)
        await self._make("/assignment", Assignment().to_bytes())
        name = f"{quote(self._address, safe='')}~{secrets.token_hex(4)}"
        await done(self._client.create_async(f"/members/{name}", b"", ephemeral=True, makepath=True))
        return name

    async def look(self) -> tuple[list[str], Assignment, int]:
        """Who lives, who is to hold what, and the version of that."""
        members, (data, stat) = await asyncio.gather(
            done(self._client.get_children_async("/members")), done(self._client.get_async("/assignment"))
        )
        return members, read(data), stat.version

    async def assign(self, assignment: Assignment, version: int) -> bool:
        """Write who is to hold what, in place of that version; False where somebody else was first."""
        try:
            await done(self._client.set_async("/assignment", assignment.to_bytes(), version=version))
        except BadVersionError:
            return False
        return True

    async def take(self, buckets: Sequence[int], member: str) -> tuple[Mapping[int, int], Sequence[int]]:
        """Hold those that are free: their fencing numbers, and which are held already."""
        name = member.encode()
        calls = [self._client.create_async(_path(one), name, ephemeral=True, include_data=True) for one in buckets]
        results = dict(zip(buckets, await all_done(calls), strict=True))
        _raise_unless(results.values(), NodeExistsError)
        busy = [bucket for bucket, result in results.items() if isinstance(result, NodeExistsError)]
        taken = {one: result[1].czxid for one, result in results.items() if not isinstance(result, NodeExistsError)}
        return taken, busy

    async def ours_among(self, buckets: Sequence[int]) -> Mapping[int, int]:
        """Of those that are held, the ones that we hold without knowing (the answer to their creation was lost): their
        fencing numbers.
        """
        session = self._client.client_id[0] if self._client.client_id else None
        stats = await all_done([self._client.exists_async(_path(bucket)) for bucket in buckets])
        return {
            bucket: stat.czxid
            for bucket, stat in zip(buckets, stats, strict=True)
            if not isinstance(stat, BaseException) and stat is not None and stat.ephemeralOwner == session
        }

    async def let_go(self, buckets: Sequence[int]) -> None:
        results = await all_done([self._client.delete_async(_path(bucket)) for bucket in buckets])
        _raise_unless(results, NoNodeError)

    async def _make(self, path: str, data: bytes = b"") -> None:
        try:
            await done(self._client.create_async(path, data, makepath=True))
        except NodeExistsError:
            return


def address_of(member: str) -> str:
    """Where a member is reached."""
    return unquote(member.rpartition("~")[0])


def _path(bucket: int) -> str:
    return f"/buckets/{bucket:04d}"


def _raise_unless(results: Iterable[Any], expected: type[Exception]) -> None:
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, expected):
            raise result
