"""Reading archived bytes back, and what there is to say where they cannot be had yet."""

from dataclasses import dataclass
from typing import Protocol

from fetchers.model import Headers
from schedulers.model import ArchiveLocation


@dataclass(frozen=True, slots=True)
class NotUploadedYet:
    """The bytes lie in another process's spool. Ask again after so many seconds (HTTP: 503 with `Retry-After`)."""

    retry_after: int


@dataclass(frozen=True, slots=True)
class Damaged:
    """What lies there is not what was archived: a power cut or a full disk took it. `reason` is for a person."""

    reason: str


Archived = tuple[int, Headers, bytes]
"""Status, headers and body."""


class ArchiveReader(Protocol):
    """Where the bytes of pages are read."""

    async def read(self, location: ArchiveLocation) -> Archived | NotUploadedYet | Damaged | None:
        """None where they are gone (retention). Raises `StoreUnavailable` where the store does not answer."""
