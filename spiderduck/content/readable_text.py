"""A page's readable text, without its navigation, by trafilatura (an extra: `pip install 'spiderduck[text]'`).

It takes seconds for the worst of pages, so it runs in a process with limits (`groundwork.workers`), and only when
somebody asks.
"""

from functools import partial
from typing import ClassVar

from groundwork.workers.interface import WorkError, Workers
from spiderduck.errors import SpiderDuckError

LARGEST_BODY = 4 * 1024 * 1024
"""Bytes. No article comes near; what is larger is cut."""


class NotInstalled(SpiderDuckError):
    """The library that this needs is an extra and is not there."""

    code: ClassVar[str] = "not_installed"


class Unreadable(SpiderDuckError):
    """The page could not be read within the limits of time and memory."""

    code: ClassVar[str] = "unreadable"


class Reader:
    """Over workers that may crash."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    async def text(self, body: bytes, url: str) -> str | None:
        """The text of an HTML page, paragraphs parted by line feeds; None where it has none.

        Raises `NotInstalled`, `Unreadable`, and `WorkError`s that may be retried.
        """
        try:
            return await self._workers.run(partial(extract, body[:LARGEST_BODY], url))
        except WorkError as error:
            if error.retryable and error.code == "busy":
                raise
            raise Unreadable(f"the page could not be read within its limits ({error.code})") from error


def extract(body: bytes, url: str) -> str | None:
    """As `Reader.text`, here and now."""
    try:
        from trafilatura import extract as readable
    except ModuleNotFoundError as error:
        raise NotInstalled("the text of pages needs trafilatura: pip install 'spiderduck[text]'") from error
    text = readable(body, url=url, include_comments=False, include_tables=True, deduplicate=False)
    return text or None
