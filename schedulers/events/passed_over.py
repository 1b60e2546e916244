"""What looks like a link in a text and is not handled as one, for the answer to whoever shared the text.

Texts are read generously: what twitter-text takes for no link is passed over in silence. That is right for prose, and
baffling for somebody whose link does not appear. Told are links of other schemes (`ftp://`, `mailto:`) and what begins
with `http://` or `https://` and was not taken.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from fetchers.urls import redacted_url
from schedulers.links import MOST_SHOWN, identify, unsupported

MOST_TOLD = 100
"""Of one text."""
_WITHOUT_SLASHES = (
    "mailto|tel|sms|data|javascript|vbscript|magnet|geo|xmpp|sips?|news|urn|about|blob|file|view-source|bitcoin|ethereum|"
    "callto|skype|facetime|whatsapp|acct|matrix|doi|cid|im"
)
"""Schemes that people write and whose links have no `//`. Others would take each `note:this` for a link."""
_LOOKS_LIKE_A_LINK = re.compile(
    rf"(?<![A-Za-z0-9+.-])(?:[a-z][a-z0-9+.-]{{1,30}}://|(?:{_WITHOUT_SLASHES}):(?=[^\s<>\"]))[^\s<>\"]{{0,2048}}",
    re.IGNORECASE,
)
_AFTERWARDS = ".,;:!?'`*_~|\\"
"""What ends a sentence or its markup, and no link; so does a bracket that is not opened in it (`_BRACKETS`)."""
_BRACKETS = {")": "(", "]": "[", "}": "{"}
_HOST = re.compile(r"https?://(?:[^/?#\\]{0,1000}@)?([^/?#\\@,]*)", re.IGNORECASE)
_NO_NAME = (
    "in a text it is not taken for a link, for its host has no top-level domain that exists, or characters that no "
    "name has; `urls` takes it"
)
_NAMES_A_USER = "in a text a URL that names a user is not taken for a link; `urls` takes it"


class PassedOver(NamedTuple):
    """A text, without user information and cut where it is long, and why it is no link."""

    text: str
    reason: str


def passed_over(text: str, taken: Iterable[str]) -> list[PassedOver]:
    """Each once, in order, `MOST_TOLD` at most. `taken`: the links that were found in the text."""
    if ":" not in text:
        return []
    hosts = {_host(url) for url in taken}
    told: dict[str, str] = {}
    for written, reason in _not_taken(text, hosts):
        told.setdefault(_shown(written), reason)
        if len(told) == MOST_TOLD:
            break
    return [PassedOver(*one) for one in told.items()]


def _not_taken(text: str, hosts: set[str]) -> Iterator[tuple[str, str]]:
    for match in _LOOKS_LIKE_A_LINK.finditer(text):
        written = _trimmed(match[0])
        if written[:8].lower().startswith(("http:", "https:")):
            if _host(written) in hosts:
                continue
            invalid = identify(written).invalid
            yield written, _valid(written) if invalid is None else invalid.reason
        elif (ending := unsupported(written.lower())) is not None:
            yield written, ending.reason


def _valid(written: str) -> str:
    """Why a URL is passed over that `urls` would take."""
    return _NO_NAME if redacted_url(written) == written else _NAMES_A_USER


def _trimmed(written: str) -> str:
    while True:
        shorter = written.rstrip(_AFTERWARDS)
        opening = _BRACKETS.get(shorter[-1:])
        if opening is not None and shorter.count(opening) < shorter.count(shorter[-1]):
            shorter = shorter[:-1]
        if shorter == written:
            return written
        written = shorter


def _host(url: str) -> str:
    found = _HOST.match(url)
    return "" if found is None else found[1].lower()


def _shown(written: str) -> str:
    bare = redacted_url(written) if "://" in written else written
    return bare if len(bare) <= MOST_SHOWN else f"{bare[:MOST_SHOWN]}…"
