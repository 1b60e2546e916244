"""Takes the rows of what was taken down out of the files: each file that has such rows is written anew without them."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol

from spiderduck.analytics.files import Unreadable

log = logging.getLogger(__name__)

IsGone = Callable[[str], bool]
NAMING = {
    "fetches": ("url", "fetch_redirect"),
    "shares": ("url", "destination"),
}
"""The columns that say what a row is about. `id` is the page's."""


class Rewritable(Protocol):
    """As `spiderduck.analytics.files.ParquetFiles`. All methods block."""

    def paths_of(self, table: str) -> list[str]:
        """Every file of a table."""

    def columns(self, path: str, names: Sequence[str]) -> dict[str, list[Any]]:
        """Those of a file. Raises `Unreadable` where it is damaged, `StoreUnavailable`."""

    def keep(self, path: str, wanted: Sequence[bool]) -> None:
        """Only these rows of the file, whole at every moment; without any it goes."""


class ForgettingRows:
    """The `Rows` port of takedowns."""

    def __init__(self, files: Rewritable) -> None:
        self._files = files

    async def forget(self, is_gone: IsGone, pages: Collection[int]) -> int:
        """See `spiderduck.takedowns.ports.Rows`."""
        return await asyncio.to_thread(self._forget, is_gone, pages)

    def _forget(self, is_gone: IsGone, pages: Collection[int]) -> int:
        judged: dict[str, bool] = {}

        def is_known_gone(url: str) -> bool:
            if url not in judged:
                judged[url] = is_gone(url)
            return judged[url]

        count = 0
        for table, columns in NAMING.items():
            for path in self._files.paths_of(table):
                try:
                    named = self._files.columns(path, (*columns, "id"))
                except Unreadable as error:
                    log.error("%s is damaged; what it holds of what was taken down stays: %s", path, error)
                    continue
                wanted = list(_wanted(named, columns, is_known_gone, pages))
                if not all(wanted):
                    self._files.keep(path, wanted)
                    count += wanted.count(False)
        return count


def names_gone(row: dict[str, Any], is_gone: IsGone) -> bool:
    """Whether a row that is not written yet is about such a URL."""
    urls = (row.get(name) for columns in NAMING.values() for name in columns)
    return any(url is not None and is_gone(url) for url in urls)


def _wanted(
    named: Mapping[str, list[Any]], columns: tuple[str, ...], is_gone: IsGone, pages: Collection[int]
) -> Iterator[bool]:
    for identity, *urls in zip(named["id"], *(named[name] for name in columns), strict=True):
        yield identity not in pages and not any(url is not None and is_gone(url) for url in urls)
