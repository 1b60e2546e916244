"""Which fetcher is to hold which bucket of domains. Pure; `zookeeper.py` keeps the outcome in the coordinator.

As few moves as there can be. When a fetcher leaves, only its buckets move; when one joins, it gets its share and nobody
else gets any. Among those with room a bucket goes where rendezvous hashing likes it best.
"""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b

import msgspec

BUCKETS = 1024
NOBODY = -1


class Assignment(msgspec.Struct, frozen=True):
    """`owners[bucket]` is an index into `members`, `NOBODY` where there is none."""

    members: tuple[str, ...] = ()
    owners: tuple[int, ...] = (NOBODY,) * BUCKETS

    def owner(self, bucket: int) -> str | None:
        index = self.owners[bucket]
        return None if index == NOBODY else self.members[index]

    def of(self, member: str) -> list[int]:
        """The buckets of `member`."""
        if member not in self.members:
            return []
        index = self.members.index(member)
        return [bucket for bucket, owner in enumerate(self.owners) if owner == index]

    def to_bytes(self) -> bytes:
        return msgspec.json.encode(self)


def read(data: bytes) -> Assignment:
    """What `to_bytes` gave; the empty one for anything else."""
    try:
        found = msgspec.json.decode(data, type=Assignment)
    except ValueError:
        return Assignment()
    fits = len(found.owners) == BUCKETS and all(NOBODY <= owner < len(found.members) for owner in found.owners)
    return found if fits else Assignment()


@lru_cache(maxsize=16_384)
def bucket_of(domain: str) -> int:
    """The same on every machine and in every release."""
    return int.from_bytes(blake2b(domain.encode(), digest_size=8).digest()) % BUCKETS


def rebalanced(old: Assignment, live: Iterable[str]) -> Assignment:
    """The buckets among the `live` members, each with its share (±1), with as few moves from `old` as that takes."""
    members = tuple(sorted(set(live)))
    if not members:
        return Assignment()
    owners: list[str | None] = [name if (name := old.owner(bucket)) in members else None for bucket in range(BUCKETS)]
    room = _shares(members, owners)
    for bucket, owner in enumerate(owners):
        if owner is None:
            continue
        if room[owner] > 0:
            room[owner] -= 1
        else:
            owners[bucket] = None
    for bucket, owner in enumerate(owners):
        if owner is None:
            chosen = max((name for name in members if room[name]), key=lambda name: _liking(name, bucket))
            room[chosen] -= 1
            owners[bucket] = chosen
    places = {name: index for index, name in enumerate(members)}
    return Assignment(members, tuple(places[owner] for owner in owners if owner is not None))


def _shares(members: tuple[str, ...], owners: list[str | None]) -> dict[str, int]:
    """How many buckets each may hold. What does not divide goes to those that hold most already."""
    share, rest = divmod(BUCKETS, len(members))
    holds = Counter(owner for owner in owners if owner is not None)
    ranked = sorted(members, key=lambda name: (-holds[name], name))
    return {name: share + (place < rest) for place, name in enumerate(ranked)}


def _liking(member: str, bucket: int) -> bytes:
    return blake2b(b"%d" % bucket, key=blake2b(member.encode(), digest_size=16).digest(), digest_size=8).digest()
