"""A limit on how many originals are on their way at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

from imagepipe.errors import Busy


class Room:
    """How many originals may be on their way at a time, over all pipelines: each may grow as large as one may be."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Raises `Busy` where there is none."""
        if self._taken >= self._most:
            raise Busy(f"{self._taken} pictures are being fetched", retry_after=1.0)
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1
