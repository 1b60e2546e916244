"""What fetchers write into ZooKeeper to share the domains.

    /members/<address>~<id>   one per living fetcher, ephemeral; its version counts the fetcher's beats
    /assignment               which member is to hold which bucket; changed by whoever sees first that members changed
    /buckets/0000 … 1023      one per bucket that is held, ephemeral; its creation number (czxid) is the fencing number

Used by `zookeeper.py` alone, which decides. An answer that was lost is asked for again, never guessed.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

from kazoo.client import KazooClient  # type: ignore[import-untyped]
from kazoo.exceptions import BadVersionError, NodeExistsError, NoNodeError  # type: ignore[import-untyped]

from fetchers.ownership.assignment import Assignment, read
from fetchers.ownership.kazoo_calls import all_done, done, make_chroot

ROOTS = ("/members", "/buckets")
BEATS = "~beats-"
"""In the name of a member that renews its node. Releases before that did not, and are gone with their session only."""
AT_ONCE = 64
"""So many buckets are cleared in one transaction."""


class Nodes:
    """The nodes of the fetcher at `address`; `token` tells its memberships apart. Every call raises
    `CoordinatorUnavailable` where nobody answers."""

    def __init__(self, client: KazooClient, address: str, token: Callable[[], str]) -> None:
        self._client = client
        self._address = address
        self._token = token

    async def join(self) -> str:
        """Be a member from now on, for as long as the session lives; returns the member's name."""
        try:
            await self._make(ROOTS[0])
        except NoNodeError:
            await make_chroot(self._client)
        for root in ROOTS:
            await self._make(root)
        await self._make("/assignment", Assignment().to_bytes())
        name = f"{quote(self._address, safe='')}{BEATS}{self._token()}"
        await done(self._client.create_async(f"/members/{name}", b"", ephemeral=True, makepath=True))
        return name

    @property
    def session(self) -> int | None:
        """The number of the session in which calls are made now."""
        return self._client.client_id[0] if self._client.client_id else None

    async def beat(self, member: str) -> bool:
        """Say that `member` lives; False where it is no member any more."""
        try:
            await done(self._client.set_async(f"/members/{member}", b""))
        except NoNodeError:
            return False
        return True

    async def beats_of(self, members: Iterable[str]) -> Mapping[str, int]:
        """How often each has said that it lives, of those that say it and are there."""
        asked = [member for member in members if BEATS in member]
        stats = await all_done([self._client.exists_async(f"/members/{member}") for member in asked])
        _raise_unless(stats, NoNodeError)
        return {member: stat.version for member, stat in zip(asked, stats, strict=True) if stat is not None}

    async def expel(self, member: str, beats: int) -> bool:
        """End a membership, unless it was renewed since; whether that was done here."""
        try:
            await done(self._client.delete_async(f"/members/{member}", version=beats))
        except (BadVersionError, NoNodeError):
            return False
        return True

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
        session = self.session
        stats = await all_done([self._client.exists_async(_path(bucket)) for bucket in buckets])
        return {
            bucket: stat.czxid
            for bucket, stat in zip(buckets, stats, strict=True)
            if not isinstance(stat, BaseException) and stat is not None and stat.ephemeralOwner == session
        }

    async def clear(self, buckets: Sequence[int], members: Collection[str], version: int) -> None:
        """Free those whose holder is none of the `members`, all of that version of the assignment, any more.

        A session outlives the membership that was ended in it. Nothing is freed once the assignment is another one: who
        took the bucket since may be a member that `members` does not know.
        """
        holders = await all_done([self._client.get_async(_path(bucket)) for bucket in buckets])
        _raise_unless(holders, NoNodeError)
        names = [
            (one, found[0].decode()) for one, found in zip(buckets, holders, strict=True) if isinstance(found, tuple)
        ]
        left = [bucket for bucket, name in names if BEATS in name and name not in members]
        for start in range(0, len(left), AT_ONCE):
            change = self._client.transaction()
            change.check("/assignment", version)
            for bucket in left[start : start + AT_ONCE]:
                change.delete(_path(bucket))
            await done(change.commit_async())  # all or nothing; what was not done is looked at in the next round

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
