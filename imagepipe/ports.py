"""What the image pipeline needs from outside. Each port has one contract suite in `tests/contract/imagepipe`."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

from imagepipe.model import Original, Storage


@dataclass(frozen=True, slots=True)
class Wanted:
    """One question to a source. `resume_from` > 0 asks for the rest behind that many bytes, if the validator holds.

    `deadline` is in epoch seconds; a body of more than `max_bytes` is not wanted. `etag` and `last_modified` came with
    the bytes at hand: with `resume_from` the first there is becomes `If-Range`, else `If-None-Match` or
    `If-Modified-Since`. A redirect may only lead to what `source_rules.admits` with `hosts`; else the source ends with
    `source_not_allowed` and asks nobody.
    """

    url: str
    max_bytes: int
    deadline: float
    resume_from: int = 0
    etag: str | None = None
    last_modified: str | None = None
    hosts: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class SourceResponse:
    """A source's answer. `chunks` may be read once; leaving it early must be followed by its `aclose`.

    `status` is 200 (the whole), 206 (the rest, from `start`) or 304 (what the validator names is still right).
    `total` is the length of the whole picture where the origin said it. `fresh_seconds` is from `Cache-Control` or
    `Expires`, None where the origin said nothing; `storage` from `private` and `no-store`.
    """

    status: int
    chunks: AsyncIterator[bytes]
    content_type: str = ""
    start: int = 0
    total: int | None = None
    etag: str | None = None
    last_modified: str | None = None
    accept_ranges: bool = False
    fresh_seconds: float | None = None
    storage: Storage = "anybody"


@dataclass(frozen=True, slots=True)
class SourceEnded:
    """A source that has no picture to give: `ending` is its stable name for why, `reason` a sentence for a person.

    `status` is the origin's answer, where it answered, `retry_at` when it wants to be asked again (epoch seconds).
    """

    ending: str
    reason: str
    retry_at: float | None = None
    status: int | None = None


class Source(Protocol):
    """Where originals come from: in the product the polite fetcher, alone a folder or plain HTTP."""

    async def fetch(self, wanted: Wanted) -> SourceResponse | SourceEnded:
        """Ask once. Absence, refusal and trouble are a `SourceEnded`; a break in mid-stream raises `SourceFailed`
        from `chunks`. Cancellation stops the transfer."""


class AdditionalCache(Protocol):
    """A read-only store asked after the own tiers and before the network: a legacy folder, an archive."""

    name: str

    async def get(self, url: str) -> bytes | None:
        """The original bytes; None for absence. An error raises `ImageError` and is passed over and counted."""

    async def close(self) -> None:
        """Let go of what this object itself opened. Called once, by the registry that it was given to."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a pipeline: `started`, `loaded`, `progress`, `finished`, `problem`.

    `detail` holds where it was loaded from, how far it is, or the problem's name.
    """

    kind: str
    pipeline: str
    identifier: str
    detail: str = ""


Observer = Callable[[Event], None]
"""Told of every event, in order, on the loop's thread. Must return at once; what it raises is logged and dropped."""


class OriginalTier(Protocol):
    """A tier that keeps originals: the memory and the disk one."""

    @property
    def on(self) -> bool:
        """Whether it keeps anything at all; 0 bytes means off."""

    async def get(self, identifier: str) -> Original | None:
        """The original; None for absence, expiry or a torn entry (which is dropped)."""

    def knows(self, identifier: str) -> bool:
        """Whether it is surely there, without looking. Not a use."""

    async def put(self, identifier: str, original: Original) -> bool:
        """Keep it, replacing what was there. False where it is larger than the tier takes."""

    async def remove(self, identifier: str) -> bool:
        """Forget it; False where it was not there."""

    def identifiers(self, tag: str | None = None) -> list[str]:
        """Every picture it knows of, or those with that tag."""


class PartialTier(OriginalTier, Protocol):
    """A tier that keeps beginnings of originals, which grow."""

    async def extend(self, identifier: str, at: int, piece: Original) -> bool:
        """Put the bytes of `piece` behind the first `at` that are kept; with 0 it begins anew.

        False where something else is kept (another length, another validator) or it has no room: then call again
        with 0 and the whole. Calls for one picture are done in their order.
        """
