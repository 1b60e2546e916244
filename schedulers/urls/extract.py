"""Which URLs stand in a text? twitter-text's rules, found by one pass in linear time.

Read by `schedulers.events`, where an event brings no list of links. In twitter-text the rules are one regular
expression, which backtracks for minutes over a long run of dots; here the same choices are made looking at each label
once: a URL begins as far left as it may, its host ends with the last top-level domain that it can, and then come port,
path and query. A URL is a piece of the text, `text[start:end] == url`.

It departs from twitter-text in six points: a path and a query may hold letters of every script; a comma before a scheme
parts two URLs; a host without a scheme is found
behind any length of Japanese or Chinese text; a text may begin with the accented letter of a host; behind a scheme the
names that RFC 2606 sets aside for tests and documentation (`http://news.test/`) count as well, and so do addresses
(`http://203.0.113.7/login`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from schedulers.errors import InvalidUrl
from schedulers.urls.characters import ASCII_LABELS, HOST_RUN, NEXT, PATH, PORT, QUERY, SEGMENT, START, TCO
from schedulers.urls.labels import Labels
from schedulers.urls.parse import parse_url
from schedulers.urls.top_level import top_level_end

LONGEST_URL = 4096
LONGEST_SCHEME = 8
LONGEST_LABEL = 63
LONGEST_SLUG = 40
"""Of a t.co link. The limits are twitter-text's; that of a label is the DNS's (RFC 1035, section 2.3.4)."""

_IPV4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9A-Za-z_@-]|\.[0-9A-Za-z])")
"""Not behind it: what makes it the beginning of a name. A dot that ends the sentence may follow."""

_IPV6 = re.compile(r"https?://(\[[0-9a-f:.]{2,45}\])", re.IGNORECASE)
"""With its scheme: the characters of such an address are no run of host characters."""


@dataclass(frozen=True, slots=True)
class ExtractedUrl:
    """`url` as written; `start` and `end` count code points."""

    url: str
    start: int
    end: int


class _Found(NamedTuple):
    """Something of a URL's form: where it starts, where its host does, where that ends, and where all ends."""

    start: int
    host: int
    host_end: int
    has_path: bool
    end: int


def extract_urls(text: str) -> list[ExtractedUrl]:
    """Every URL of `text`, in order; hosts without a scheme too, if they are of Latin letters and have a top-level
    domain that exists."""
    found: list[ExtractedUrl] = []
    if "." not in text and "://[" not in text:
        return found
    for one in _candidates(text):
        found.extend(_with_scheme(text, one) if one.host > one.start else _without_scheme(text, one))
    return found


def _candidates(text: str) -> Iterator[_Found]:
    """What has the form of a URL, from left to right, without overlap."""
    rest = 0
    bracketed = _bracketed(text)
    upcoming = next(bracketed, None)
    for run in HOST_RUN.finditer(text):
        start, end = run.span()
        while upcoming is not None and upcoming.start < start:
            if upcoming.start >= rest:
                yield upcoming
                rest = upcoming.end
            upcoming = next(bracketed, None)
        if end <= rest or text.find(".", start, end) < 0:
            continue
        scheme = _scheme_before(text, start)
        if scheme and (address := _IPV4.match(text, start)) and _may_begin(text, start - scheme, rest):
            one = _completed(text, start - scheme, start, address.end())
            yield one
            rest = one.end
            continue
        labels = Labels(text, start, end, special_use=scheme > 0)
        if not labels.any_end:
            continue
        for one in _in_run(text, labels, scheme, rest):
            yield one
            rest = one.end


def _bracketed(text: str) -> Iterator[_Found]:
    """What has the form of a URL whose host is an IPv6 address."""
    if "://[" not in text:
        return
    for match in _IPV6.finditer(text):
        if _may_begin(text, match.start(), 0):
            yield _completed(text, match.start(), match.start(1), match.end(1))


def _may_begin(text: str, begins: int, rest: int) -> bool:
    return (begins == 0 or begins > rest or rest == 0) and START.match(text, begins) is not None


def _in_run(text: str, labels: Labels, scheme: int, rest: int) -> Iterator[_Found]:
    """In one run of host characters behind a scheme of that length; no URL touches `rest`, where the last one ended."""
    begins = labels.start - scheme
    if scheme and (begins == 0 or begins > rest) and START.match(text, begins):
        host_end = labels.host_end(labels.start)
        if host_end >= 0:
            one = _completed(text, begins, labels.start, host_end)
            yield one
            rest = one.end
    while (host := labels.next_host(rest)) is not None:
        one = _completed(text, host[0], host[0], host[1])
        yield one
        rest = one.end


def _scheme_before(text: str, end: int) -> int:
    """The length of `http://` or `https://` that ends at `end`; else 0."""
    for scheme in ("https://", "http://"):
        length = len(scheme)
        if end >= length and text[end - length : end].lower() == scheme:
            return length
    return 0


def _completed(text: str, start: int, host: int, host_end: int) -> _Found:
    end = host_end
    if port := PORT.match(text, end):
        end = port.end()
    path = PATH.match(text, end)
    if path:
        start_of_path, end = path.span()
        if end - 1 > start_of_path and text[end - 1] == "/" and (segment := SEGMENT.match(text, end)):
            end = segment.end()
        if another := NEXT.search(text, start_of_path, end):
            return _Found(start, host, host_end, True, another.start())
    if query := QUERY.match(text, end):
        end = query.end()
    return _Found(start, host, host_end, path is not None, end)


def _with_scheme(text: str, one: _Found) -> Iterator[ExtractedUrl]:
    url = text[one.start : one.end]
    if len(url) + LONGEST_SCHEME > LONGEST_URL or not _is_host(text[one.host : one.host_end]):
        return
    if tco := TCO.match(url):
        if len(tco[1]) > LONGEST_SLUG:
            return
        url = tco[0]
    yield ExtractedUrl(url, one.start, one.start + len(url))


def _without_scheme(text: str, one: _Found) -> Iterator[ExtractedUrl]:
    """The Latin hosts in it; a path belongs to the last, and a query only to a path."""
    if one.start and text[one.start - 1] in "-_./":
        return
    for start, end in _latin_hosts(text, one.host, one.host_end):
        if end == one.host_end and one.has_path:
            end = one.end
        if end - start + LONGEST_SCHEME <= LONGEST_URL and _is_host(text[start : min(end, one.host_end)]):
            yield ExtractedUrl(text[start:end], start, end)


def _latin_hosts(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Each as long as it can be: up to its last top-level domain."""
    while labels := ASCII_LABELS.search(text, start, end):
        start = labels.end()
        dot = start
        while dot > labels.start():
            host_end = top_level_end(text, dot)
            if 0 <= host_end <= end:
                yield labels.start(), host_end
                start = host_end
                break
            dot = text.rfind(".", labels.start(), dot - 1) + 1


def _is_host(host: str) -> bool:
    """Would the parser take it, with labels that the DNS can hold?"""
    if len(host) > LONGEST_URL:
        return False
    if not host.isascii() or "xn--" in host.lower() or host[-1:] in "]0123456789":
        try:
            host = parse_url(f"http://{host}/")[7:-1]
        except InvalidUrl:
            return False
    return all(0 < len(label) <= LONGEST_LABEL for label in host.split("."))
