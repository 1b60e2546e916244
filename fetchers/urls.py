"""URLs by the WHATWG standard, through one parser (ada), and the registrable domain of a host. Pure.

Read by everything that holds a URL: the fetcher, its gates, the client library, and the schedulers, which re-export it.
No second parser. What `parse` returns is what is stored, compared and sent.
"""

import re
from functools import cache, lru_cache
from typing import NamedTuple

import ada_url
from publicsuffixlist import PublicSuffixList

from fetchers.errors import InvalidUrl

LONGEST_NAME = 255
LONGEST_CACHED = 2048
"""Characters. A page may hold an address of a megabyte, and a thousand of these must not stay in memory."""

_ABSOLUTE = ("http://", "https://")
"""With both slashes written out, a base has no say: the standard's "special authority slashes" state forgets it."""

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}


_PIECE = re.compile(r"[^\s/?#\\\"<>]+")
"""Each character belongs to one piece, so that the time is linear in the text."""
_SCHEME = re.compile(r"https?:", re.IGNORECASE)
_BEFORE = 12
_BEHIND_SCHEME = re.compile(r":[/\\]+$|(?:\\?/){2}$")
"""Behind one slash, an `@` is a name in a path (`https://social.example/@name`). JSON may write a slash as `\\/`."""


_PASSWORD = re.compile(r"(?<=//)[^\s/?#@:<>\"\\]*:(?!\d{0,5}[<>\"\\])[^\s/?#]*@")
"""In a text, with the quotes and brackets that a password may hold; `http://a.test:80">` is a host's end."""

_IGNORED = re.compile(r"[\t\r\n]")
_STRIPPED = "".join(map(chr, range(0x21)))
"""What the URL standard takes out of a URL, and off its ends."""
_BEGIN = re.compile(r"[a-z][a-z0-9+.\-]*:[/\\]+|https?:|[/\\]{2,}", re.IGNORECASE)
_MARK = re.compile(r"[/?#]")
_PORT = re.compile(r":\d{0,5}$")
WITH_ADDRESSES = frozenset(
    (
        *("about", "acct", "blob", "cid", "data", "im", "javascript", "magnet", "mailto", "mid", "news", "nntp"),
        *("pres", "sip", "sips", "sms", "tel", "urn", "view-source", "xmpp"),
    )
)
"""Schemes whose URLs hold mail addresses, or anything, behind a colon."""


class UrlParts(NamedTuple):
    """What a request needs to know of a URL.

    `host` is as ada serialises it: lower case, punycode, addresses normalised, an IPv6 address in its brackets, ""
    where the scheme has none. `port` is the effective one (0 where the scheme has none). `authority` is `host` with the
    port unless that is the scheme's default, hence the `Host` header. `origin` is `scheme://authority`. `target` is
    path and query byte for byte as they go on the wire, without the fragment.
    """

    scheme: str
    host: str
    port: int
    origin: str
    authority: str
    target: str


def parse(text: str, base: str | None = None) -> str:
    """The WHATWG serialisation of `text`, relative to `base` where that is given. Raises `InvalidUrl`."""
    if base is None:
        return _absolute(text) if len(text) <= LONGEST_CACHED else _absolute.__wrapped__(text)
    if text.startswith(_ABSOLUTE):
        parse(base)  # only to know that it is one
        return parse(text)
    try:
        return ada_url.join_url(base, text)
    except ValueError as error:
        return _of_scalar_values(text, base, error)


@lru_cache(maxsize=4096)
def _absolute(text: str) -> str:
    """Cached: the URL of a page in flight is parsed six times, its canonical form included, and each parse lets the
    interpreter's lock go, which costs far more than the parse while other threads wait for it (profiled: 0.13 ms of CPU
    a page)."""
    try:
        return ada_url.normalize_url(text)
    except ValueError as error:
        return _of_scalar_values(text, None, error)


def split(url: str) -> UrlParts:
    """The parts of `url`, which need not be serialised yet. Raises `InvalidUrl`. Cached: a URL in flight is split five
    times.

    Slices the serialisation instead of asking the parser part by part: the standard percent-encodes `/`, `?`, `#` and
    `@` wherever they do not delimit, so that the first of each is the delimiter, and one call costs 3 µs.
    """
    return _split(url) if len(url) <= LONGEST_CACHED else _split.__wrapped__(url)


@lru_cache(maxsize=4096)
def _split(url: str) -> UrlParts:
    href = parse(url).partition("#")[0]
    scheme, _, rest = href.partition(":")
    if not rest.startswith("//"):
        return UrlParts(scheme, "", DEFAULT_PORTS.get(scheme, 0), "null", "", rest)
    end = _end_of_authority(rest)
    authority = rest[2:end]
    if "@" in authority:
        authority = authority.rpartition("@")[2]
    host, port = authority, DEFAULT_PORTS.get(scheme, 0)
    if ":" in authority and not authority.endswith("]"):
        host, _, digits = authority.rpartition(":")
        port = int(digits)
    return UrlParts(scheme, host, port, f"{scheme}://{authority}", authority, rest[end:])


def without_user(url: str) -> str:
    """A serialised URL without the name and the password that it may hold before its host. They are never sent, so they
    do not belong to what is stored, told or logged either."""
    if "@" not in url:
        return url
    head, hash_mark, fragment = url.partition("#")
    scheme, _, rest = head.partition(":")
    if not rest.startswith("//"):
        return _opaque_without_user(url)
    end = _end_of_authority(rest)
    return f"{scheme}://{rest[2:end].rpartition('@')[2]}{rest[end:]}{hash_mark}{fragment}"


def redacted(text: str) -> str:
    """Any text (a sentence, an event's string) without the user information of the URLs in it."""
    if "@" not in text:
        return text
    return _PIECE.sub(_without_user_in_piece, _PASSWORD.sub("", text))


def redacted_url(text: str) -> str:
    """The same of a text that is one URL as a whole, which need not be valid: whatever a URL cannot hold (spaces,
    quotes, control characters) belongs to the user information that it stands in. What the URL standard ignores is
    gone too, where something was taken out."""
    if "@" not in text:
        return text
    bare = _IGNORED.sub("", text).strip(_STRIPPED)
    begin = _BEGIN.match(bare)
    start = 0 if begin is None else begin.end()
    mark = _MARK.search(bare, start)
    end = len(bare) if mark is None else mark.start()
    at = bare.rfind("@", start, end)
    if at < 0 and ":" in bare[start:end] and not _PORT.search(bare, start, end):
        at = bare.rfind("@", end)  # no port: a password that holds a slash
    if at < 0:
        return redacted(text)
    return bare[:start] + redacted(bare[at + 1 :])


def without_query(url: str) -> str:
    """A URL up to its query or fragment, which often hold what identifies a person."""
    bare = url.partition("#")[0]
    path, mark, _ = bare.partition("?")
    return f"{path}?…" if mark else path


def _opaque_without_user(url: str) -> str:
    """Of a URL without slashes behind its scheme. Where its kind holds addresses, `@` is no sign of a user."""
    scheme, _, rest = url.partition(":")
    if scheme in WITH_ADDRESSES:
        return redacted(url)
    mark = _MARK.search(rest)
    end = len(rest) if mark is None else mark.start()
    at = rest.rfind("@", 0, end)
    return redacted(url if at < 0 else f"{scheme}:{rest[at + 1 :]}")


def _without_user_in_piece(piece: re.Match[str]) -> str:
    found, start = piece[0], piece.start()
    if "@" not in found:
        return found
    scheme = _SCHEME.match(found)
    before = piece.string[max(0, start - _BEFORE) : start]
    if scheme is None and not _BEHIND_SCHEME.search(before):
        return found
    return f"{scheme[0] if scheme else ''}{found.rpartition('@')[2]}"


def registrable_domain(host: str) -> str:
    """The domain that somebody registered: `news.example.co.uk` → `example.co.uk`, by the public suffix list.

    An address literal, a public suffix and a name of one label are their own domain. Case, empty labels and a trailing
    dot make no difference, so that no spelling of a name gets a rate limit of its own. Cached where it can be a name of
    the DNS: the URL standard bounds none.
    """
    return _registrable_domain(host) if len(host) <= LONGEST_NAME else _registrable_domain.__wrapped__(host)


@lru_cache(maxsize=16_384)
def _registrable_domain(host: str) -> str:
    name = host.lower()
    if name.startswith("[") or ":" in name:
        return name
    labels = [label for label in name.split(".") if label]
    name = ".".join(labels)
    # The URL standard takes every host whose last label is a number for an IPv4 address.
    if not labels or labels[-1].isdigit():
        return name
    return _suffix_list().privatesuffix(name) or name


@cache
def _suffix_list() -> PublicSuffixList:
    """Read from the package's own copy when it is first asked for (30 ms); never downloaded."""
    return PublicSuffixList()


def _end_of_authority(rest: str) -> int:
    """Where path or query begin in `//authority/path?query`. Only schemes other than http(s) can have no path."""
    slash = rest.find("/", 2)
    mark = rest.find("?", 2, slash if slash >= 0 else len(rest))
    if mark >= 0:
        return mark
    return slash if slash >= 0 else len(rest)


def _of_scalar_values(text: str, base: str | None, error: ValueError) -> str:
    """A second try for a text with lone surrogates, which the parser cannot take."""
    if (scalar := _scalar_values(text)) != text:
        return parse(scalar, base)
    beside = "" if base is None else f" beside {_shortened(base)}"
    raise InvalidUrl(f"{_shortened(text)} is no URL{beside}") from error


def _scalar_values(text: str) -> str:
    """`text` with surrogate pairs joined and lone surrogates replaced, as the standard's USVString conversion does."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _shortened(text: str) -> str:
    text = redacted_url(text)[:LONGEST_CACHED]
    return repr(text if len(text) <= 200 else text[:200] + "…")


def url_text(value: str) -> str:
    """The text of a URL in a header, whose bytes are one character each: UTF-8 where they are that, else as they stand,
    percent-encoded."""
    if value.isascii():
        return value
    try:
        raw = value.encode("latin-1")
    except UnicodeEncodeError:
        return value  # it was decoded before
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in raw)
