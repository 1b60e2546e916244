"""Recognises what stands in front of a page: consent walls, bot challenges, log-ins, parked domains, soft 404s.

Asker by `html` last; the flow never lets such an answer replace good metadata. The signatures are data
(`interstitials.toml`, each with source and date). A page that says much is no wall, so markup is searched only in pages
with little text.
"""

import re
import tomllib
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
_SEPARATOR = re.compile(r" [-–—·•»«:] | ?[|] ?")
# Kinds that put the site's name before or behind their own; `Ducks - Coming soon` is a page about ducks.
_NAMED_IN_PARTS = frozenset(("challenge", "soft-404", "consent"))
_FACTS = ("og:image", "og:description", "article:published_time", "og:video", "og:audio", "twitter:image")
_CITED = ("citation_author", "citation_authors", "citation_doi", "citation_publication_date", "citation_date")


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


class _Index(NamedTuple):
    """The signatures' numbers by their rarest condition, so that an ordinary page costs a few look-ups."""

    signatures: tuple[Signature, ...]
    by_header: dict[str, list[int]]
    by_domain: dict[str, list[int]]
    titled: list[int]
    any_title: re.Pattern[str]
    others: list[int]
    most_words: int


def recognise(page: HtmlPage, status_code: int, words: int) -> str | None:
    """The name of the first signature that fits."""
    index = _index()
    title = " ".join((page.title or "")[:TITLE_LIMIT].lower().split())
    titles = (title, *_parts(title))
    numbers = [*index.by_domain.get(page.site, ())]
    for name in index.by_header.keys() & page.headers.keys():
        numbers += index.by_header[name]
    if not _is_described(page):
        if any(map(index.any_title.match, titles)):
            numbers += index.titled
        if words <= index.most_words:
            numbers += [number for number in index.others if words <= index.signatures[number].words]
    if not numbers:
        return None
    seen = _Seen(page, status_code, words, titles)
    return next((index.signatures[n].name for n in sorted(numbers) if seen.fits(index.signatures[n])), None)


def _parts(title: str) -> list[str]:
    """What stands before and behind the separators of a title: a wall may name its site first or last."""
    parts = [part.strip() for part in _SEPARATOR.split(title)]
    return [part for part in parts if part] if len(parts) > 1 else []


def _is_described(page: HtmlPage) -> bool:
    """Whether the head describes one page: a title for sharing or for citing, and two more facts about it."""
    meta = page.meta
    if "citation_title" in meta:
        return any(key in meta for key in _CITED)
    if "og:title" not in meta:
        return False
    facts = [key for key in _FACTS if key in meta]
    kind = meta.get("og:type", [""])[0].lower()
    return len(facts) + (kind not in ("", "website")) >= 2


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
    listed = tuple(_signature(entry) for entry in entries())
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
            (titled if signature.titles else others).append(number)
    beginnings = "|".join(re.escape(one.removeprefix("=")) for n in titled for one in listed[n].titles)
    most = max(listed[n].words for n in others)
    return _Index(listed, by_header, by_domain, titled, re.compile(beginnings), others, most)


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
            (not signature.titles or self._title_fits(signature))
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

    def _title_fits(self, signature: Signature) -> bool:
        titles = self._titles if signature.kind in _NAMED_IN_PARTS else self._titles[:1]
        return any(
            one == wanted[1:] if wanted[0] == "=" else one.startswith(wanted)
            for one in titles
            for wanted in signature.titles
        )

    def _host_fits(self, hosts: tuple[str, ...]) -> bool:
        return any(self._host == one or self._host.endswith("." + one) for one in hosts)

    def _cookies_fit(self, cookies: tuple[str, ...]) -> bool:
        return any(value.lower().startswith(cookies) for value in self._page.headers.get("set-cookie", ()))

    def _markup_fits(self, markup: tuple[bytes, ...]) -> bool:
        if self._source is None:
            self._source = self._page.tree.raw_html[:SEARCHED].lower()
        return any(mark in self._source for mark in markup)
