"""Recognises what stands in front of a page: consent walls, bot challenges, log-ins, parked domains, soft 404s.

Asked by `html` last; the flow never lets such an answer replace good metadata. The signatures are data
(`interstitials.toml`, each with source and date). A page that says much is no wall, nor is one whose head describes it.
"""

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from fetchers.urls import registrable_domain
from schedulers.metadata.addresses import host
from schedulers.metadata.page import HtmlPage

# Of the source that is searched; a wall's marks stand at its beginning or in a page of this size.
SEARCHED = 100_000
WORDS = 150
TITLE_LIMIT = 500
_SEGMENTS = 40
_LANGUAGE = re.compile(r"[a-z]{2}(?:[-_][a-z]{2,4})?", re.IGNORECASE)
_SEPARATOR = re.compile(r"\s+[-–—·•»«‹›⋅/:]\s+|\s*[|｜]\s*")
# Words and marks around what a wall says: `Oops! Page not found.`
_AROUND = re.compile(r"^(?:(?:oops|ooops|whoops|uh[ -]oh|hmm+|sorry|error)\b)?[\W_]+|[\W_]+$")
# Kinds that put the site's name before or behind their own; `Ducks - Coming soon` is a page about ducks.
_NAMED_IN_PARTS = frozenset(("challenge", "soft-404", "consent", "login"))
_FACTS = ("og:image", "og:description", "article:published_time", "og:video", "og:audio", "twitter:image")
_CITED = ("citation_author", "citation_authors", "citation_doi", "citation_publication_date", "citation_date")
# What templates write into `og:type` of all their pages, error pages too.
_ANY_TYPE = frozenset(("", "website", "article", "object"))


class Signature(NamedTuple):
    """One entry of the data file; an empty condition holds."""

    name: str
    kind: str
    words: int
    status: frozenset[int]
    hosts: tuple[str, ...]
    paths: tuple[str, ...]
    segments: frozenset[str]
    titles: frozenset[str]
    beginnings: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]
    cookies: tuple[str, ...]
    markup: tuple[bytes, ...]

    @property
    def titled(self) -> bool:
        return bool(self.titles or self.beginnings)


class _Index(NamedTuple):
    """The signatures' numbers by their rarest condition, so that an ordinary page costs a few look-ups."""

    signatures: tuple[Signature, ...]
    by_header: dict[str, list[int]]
    by_domain: dict[str, list[int]]
    titled: list[int]
    titles: frozenset[str]
    beginnings: tuple[str, ...]
    unmistakable: frozenset[str]
    others: list[int]
    most_words: int


def recognise(page: HtmlPage, status_code: int, words: int) -> str | None:
    """The name of the first signature that fits."""
    index = _index()
    numbers = [*index.by_domain.get(page.site, ())]
    for name in index.by_header.keys() & page.headers.keys():
        numbers += index.by_header[name]
    titles: tuple[str, ...] | None = None
    if words <= index.most_words and not _is_described(page, index):
        titles = _titles(page.title or "")
        if any(one in index.titles or one.startswith(index.beginnings) for one in titles):
            numbers += index.titled
        numbers += [number for number in index.others if words <= index.signatures[number].words]
    if not numbers:
        return None
    seen = _Seen(page, status_code, words, _titles(page.title or "") if titles is None else titles)
    return next((index.signatures[n].name for n in sorted(numbers) if seen.fits(index.signatures[n])), None)


def _titles(title: str) -> tuple[str, ...]:
    """The title as signatures write it, then what stands before and behind its separators: a wall may name its site
    first or last."""
    title = " ".join(title[:TITLE_LIMIT].lower().split())
    return tuple(_AROUND.sub("", one) for one in (title, *_SEPARATOR.split(title)))


def _is_described(page: HtmlPage, index: _Index) -> bool:
    """Whether the head describes one page: a title for sharing or for citing, and two more facts about it.

    A template that fills its head on error pages too describes none: there the shared title names the error.
    """
    meta = page.meta
    if "citation_title" in meta:
        return any(key in meta for key in _CITED)
    if "og:title" not in meta:
        return False
    facts = [key for key in _FACTS if key in meta]
    kind = meta.get("og:type", [""])[0].lower()
    if len(facts) + (kind not in ("", "website")) < 2:
        return False
    return kind not in _ANY_TYPE or index.unmistakable.isdisjoint(_titles(meta["og:title"][0]))


def kind_of(name: str) -> str | None:
    """The kind of the signature of that name: challenge, consent, login, javascript, parked, soft-404."""
    return _kinds().get(name)


@cache
def _kinds() -> dict[str, str]:
    return {entry["name"]: entry["kind"] for entry in entries()}


def entries() -> list[dict[str, Any]]:
    """The data file from top to bottom, with source and date of each entry."""
    text = files(__package__).joinpath("interstitials.toml").read_text("utf-8")
    found: list[dict[str, Any]] = tomllib.loads(text)["signature"]
    return found


@cache
def _index() -> _Index:
    """Read when the first page asks."""
    listed = tuple(map(_signature, entries()))
    by_header: dict[str, list[int]] = {}
    by_domain: dict[str, list[int]] = {}
    titled: list[int] = []
    others: list[int] = []
    for number, signature in enumerate(listed):
        if signature.headers:
            by_header.setdefault(signature.headers[0][0], []).append(number)
        elif signature.hosts:
            for domain in {registrable_domain(name) for name in signature.hosts}:
                by_domain.setdefault(domain, []).append(number)
        else:
            (titled if signature.titled else others).append(number)
    return _Index(
        listed,
        by_header,
        by_domain,
        titled,
        frozenset[str]().union(*(listed[n].titles for n in titled)),
        tuple(one for n in titled for one in listed[n].beginnings),
        frozenset(one for entry in entries() if entry.get("unmistakable") for one in entry["title"]),
        others,
        max(listed[n].words for n in (*titled, *others)),
    )


def _signature(entry: dict[str, Any]) -> Signature:
    return Signature(
        entry["name"],
        entry["kind"],
        entry.get("words", WORDS),
        frozenset(entry.get("status", ())),
        tuple(entry.get("host", ())),
        tuple(entry.get("path", ())),
        frozenset(entry.get("segment", ())),
        frozenset(entry.get("title", ())),
        tuple(entry.get("title_begins", ())),
        tuple(entry.get("headers", {}).items()),
        tuple(entry.get("cookies", ())),
        tuple(text.encode() for text in entry.get("markup", ())),
    )


class _Seen:
    """What is compared, computed once for all signatures."""

    def __init__(self, page: HtmlPage, status_code: int, words: int, titles: tuple[str, ...]) -> None:
        self._page = page
        self._status = status_code
        self._words = words
        self._host = host(page.url)
        self._path = "/" + page.url.partition("://")[2].partition("/")[2].lower()
        self._titles = titles
        self._source: bytes | None = None

    def fits(self, signature: Signature) -> bool:
        if signature.headers:
            return self._headers_fit(signature) and self._status_fits(signature)
        return (
            (not signature.titled or self._title_fits(signature))
            and (not signature.hosts or self._host_fits(signature.hosts))
            and (not signature.paths or self._path.startswith(signature.paths))
            and (not signature.segments or not signature.segments.isdisjoint(self._segments()))
            and self._status_fits(signature)
            and (self._words <= signature.words or bool(signature.hosts))
            and (not signature.cookies or self._cookies_fit(signature.cookies))
            and (not signature.markup or self._markup_fits(signature.markup))
        )

    def _segments(self) -> Iterable[str]:
        """Without numbers that count things, as in `/products/404`; a language may stand before an error's number."""
        segments = self._path.partition("?")[0].split("/")[:_SEGMENTS]
        for before, segment in zip(["", *segments], segments, strict=False):
            if not segment.isdigit() or not before or _LANGUAGE.fullmatch(before):
                yield segment

    def _status_fits(self, signature: Signature) -> bool:
        return not signature.status or self._status in signature.status

    def _headers_fit(self, signature: Signature) -> bool:
        headers = self._page.headers
        return all(name in headers and part in headers[name][0].lower() for name, part in signature.headers)

    def _title_fits(self, signature: Signature) -> bool:
        titles = self._titles if signature.kind in _NAMED_IN_PARTS else self._titles[:1]
        return any(one in signature.titles or one.startswith(signature.beginnings) for one in titles)

    def _host_fits(self, hosts: tuple[str, ...]) -> bool:
        return any(self._host == one or self._host.endswith("." + one) for one in hosts)

    def _cookies_fit(self, cookies: tuple[str, ...]) -> bool:
        return any(value.lower().startswith(cookies) for value in self._page.headers.get("set-cookie", ()))

    def _markup_fits(self, markup: tuple[bytes, ...]) -> bool:
        if self._source is None:
            self._source = self._page.tree.raw_html[:SEARCHED].lower()
        return any(mark in self._source for mark in markup)
