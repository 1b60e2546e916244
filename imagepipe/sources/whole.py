"""For a source that has the whole body at once: a stream of one piece."""

from collections.abc import AsyncIterator


async def whole(body: bytes) -> AsyncIterator[bytes]:
    """The body, if there is any."""
    if body:
        yield body
