"""Recognises what stands in front of a page: consent walls, bot challenges, log-ins, parked domains, soft 404s.

Asked by `html` last; the flow never lets such an answer replace good metadata. The signatures are data
(`interstitials.toml`, each with source and date). Its one rule: a page that says much is no wall, so markup is searched
only in pages with little text.
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from schedulers.metadata.addresses import host
from schedulers.metadata.page import Page

# Of the source that is searched; a wall's marks stand at its beginning or in a page of this size.
SEARCHED = 200_000
WORDS = 150


class Signature(NamedTuple):
    """One entry of the data file; an empty condition holds."""

    name: str
    kind: str
    words: int
    status: frozenset[int]
    hosts: tuple[str, ...]
    paths: tuple[str, ...]
    titles: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]
    cookies: tuple[str, ...]
    markup: tuple[bytes, ...]


def recognise(page: Page, status_code: int, words: int) -> str | None:
    """The name of the first signature that fits."""
    seen = _Seen(page, status_code, words)
    return next((signature.name for signature in signatures() if seen.fits(signature)), None)


@cache
def signatures() -> tuple[Signature, ...]:
    """The data file, read when the first page asks."""
    entries = tomllib.loads(files(__package__).joinpath("interstitials.toml").read_text("utf-8"))["signature"]
    return tuple(_signature(entry) for entry in entries)


def _signature(entry: dict[str, Any]) -> Signature:
    return Signature(
        entry["name"],
        entry["kind"],
        entry.get("words", WORDS),
        frozenset(entry.get("status", ())),
        tuple(entry.get("host", ())),
        tuple(entry.get("path", ())),
        tuple(entry.get("title", ())),
        tuple(entry.get("headers", {}).items()),
        tuple(entry.get("cookies", ())),
        tuple(text.encode() for text in entry.get("markup", ())),
    )


class _Seen:
    """What is compared, computed once for all signatures."""

    def __init__(self, page: Page, status_code: int, words: int) -> None:
        self._page = page
        self._status = status_code
        self._words = words
        self._host = host(page.url)
        self._path = "/" + page.url.partition("://")[2].partition("/")[2].lower()
        self._title = " ".join((page.title or "").lower().split())
        self._source: bytes | None = None

    def fits(self, signature: Signature) -> bool:
        if signature.headers:
            return self._headers_fit(signature) and self._status_fits(signature)
        return (
            (not signature.titles or self._title_fits(signature.titles))
            and (not signature.hosts or self._host_fits(signature.hosts))
            and (not signature.paths or self._path.startswith(signature.paths))
            and self._status_fits(signature)
            and (self._words <= signature.words or bool(signature.hosts))
            and (not signature.cookies or self._cookies_fit(signature.cookies))
            and (not signature.markup or self._markup_fits(signature.markup))
        )

    def _status_fits(self, signature: Signature) -> bool:
        return not signature.status or self._status in signature.status

    def _headers_fit(self, signature: Signature) -> bool:
        headers = self._page.headers
        return all(name in headers and part in headers[name][0].lower() for name, part in signature.headers)

    def _title_fits(self, titles: tuple[str, ...]) -> bool:
        title = self._title
        return bool(title) and any(title == one[1:] if one[0] == "=" else title.startswith(one) for one in titles)

    def _host_fits(self, hosts: tuple[str, ...]) -> bool:
        return any(self._host == one or self._host.endswith("." + one) for one in hosts)

    def _cookies_fit(self, cookies: tuple[str, ...]) -> bool:
        return any(value.lower().startswith(cookies) for value in self._page.headers.get("set-cookie", ()))

    def _markup_fits(self, markup: tuple[bytes, ...]) -> bool:
        if self._source is None:
            self._source = self._page.tree.raw_html[:SEARCHED].lower()
        return any(mark in self._source for mark in markup)
