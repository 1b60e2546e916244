"""A feed: its title, description, language and last change, up to its first item.

The XML parser knows no entities of the document's own, so nothing in it can grow.
"""

from xml.parsers import expat

import msgspec

from schedulers.metadata import clean, dates
from schedulers.metadata.fields.language import tag
from schedulers.metadata.kinds.answer import ReaderInput
from schedulers.metadata.model import Feed, Metadata

READ = 500_000
_TEXT = 5_000
_ITEMS = frozenset(("item", "entry"))
_DEPTH = 64


class _Done(Exception):
    """The first item begins, or the document is up to something."""


def read(answer: ReaderInput) -> Metadata:
    if answer.body[:100].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _json_feed(answer)
    texts = _channel(answer.body[:READ])
    title = clean.title(texts.get("title", ""))
    kind = answer.media_type or "application/xml"
    return answer.described(
        type="feed",
        title=title,
        description=clean.description(texts.get("description") or texts.get("subtitle") or texts.get("tagline") or ""),
        language=tag(texts.get("language", "")),
        author=clean.name(texts.get("author/name", "")),
        modified_at=dates.iso(texts.get("updated") or texts.get("lastBuildDate") or texts.get("pubDate") or ""),
        feeds=(Feed(answer.url, kind, title),),
    )


def _channel(body: bytes) -> dict[str, str]:
    """The texts of the channel's own elements by local name, of `author` one level deeper."""
    texts: dict[str, str] = {}
    path: list[str] = []

    def begin(name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local in _ITEMS or len(path) > _DEPTH:
            raise _Done
        path.append(local)
        if local == "feed" and "xml:lang" in attributes:
            texts["language"] = attributes["xml:lang"]

    def end(_: str) -> None:
        path.pop()

    def text(data: str) -> None:
        own = path[1:] if path and path[0] == "feed" else path[2:]
        key = "/".join(own)
        if own and len(own) <= 2 and len(texts.get(key, "")) < _TEXT:
            texts[key] = texts.get(key, "") + data

    def refuse(*_: object) -> None:
        raise _Done

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = begin, end, text
    # A feed declares nothing of its own: entities grow, and defaults of attributes are added to every element.
    parser.EntityDeclHandler = parser.AttlistDeclHandler = parser.ElementDeclHandler = refuse
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, _Done, ValueError, LookupError):
        return texts
    return texts


def _json_feed(answer: ReaderInput) -> Metadata:
    """jsonfeed.org, version 1.1."""
    try:
        feed = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        feed = None
    values = feed if isinstance(feed, dict) else {}
    texts = {key: value for key, value in values.items() if isinstance(value, str)}
    title = clean.title(texts.get("title", ""))
    return answer.described(
        type="feed",
        title=title,
        description=clean.description(texts.get("description", "")),
        language=tag(texts.get("language", "")),
        feeds=(Feed(answer.url, "application/feed+json", title),),
    )
