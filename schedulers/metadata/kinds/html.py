"""An HTML page: decoded as browsers do, parsed once, every field's ladder climbed."""

import re
from functools import cache
from html import escape

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser

from schedulers.metadata import guard, interstitials, reading
from schedulers.metadata.charset import as_utf_8, rule_of
from schedulers.metadata.fields import (
    adult,
    app_links,
    author,
    canonical,
    description,
    fediverse,
    feeds,
    icon,
    image,
    kind,
    language,
    media,
    oembed,
    price,
    published,
    site_name,
    tags,
    theme_color,
    title,
    usage,
)
from schedulers.metadata.kinds.answer import ReaderInput
from schedulers.metadata.model import Metadata, Provenance
from schedulers.metadata.page import HtmlPage

_SELF_CLOSED = re.compile(rb"<([a-zA-Z][a-zA-Z0-9]{0,20})((?:\s[^<>]{0,4000})?)/>")
_CDATA_TITLE = re.compile(rb"(<title>\s{0,20})<!\[CDATA\[([^\]]{0,1000})\]\]>")
_VOID = frozenset(b"area base br col embed hr img input link meta param source track wbr".split())
# Elements that mirror others (`<selectedcontent>`) stay empty; nothing here reads them.
_WITHOUT_EVENTS = int(LexborDocumentOptions.WO_EVENTS)
_OF_THE_TEXT = dict.fromkeys(("word_count", "reading_time", "content_hash"), Provenance("text"))


def read(answer: ReaderInput) -> Metadata:
    source, encoding = as_utf_8(answer.body, answer.content_type)
    if "xhtml" in answer.media_type:
        source = _closed(source)
    counted = answer.tags if source is answer.body else None
    tree = LexborHTMLParser(guard.bounded(source, counted), scripting=True, options=_WITHOUT_EVENTS)
    page = HtmlPage(answer.url, tree, answer.headers)
    name, said = author.read(page), usage.read(page, answer.options)
    pictures = image.read(page, answer.generic_pictures, thorough=answer.options.thorough)
    read_by = reading.measure(page.title, page.body.text)
    page.provenance |= _OF_THE_TEXT
    page.provenance["encoding"] = _encoded_by(rule_of(answer.body, answer.content_type, encoding))
    if said is not None:
        page.provenance["usage"] = usage.provenance_of(said)
    return Metadata(
        title=title.read(page, name),
        description=description.read(page),
        image=pictures[0] if pictures else None,
        other_images=pictures[1:],
        site_name=site_name.read(page),
        type=kind.read(page),
        author=name,
        authors=author.read_all(page, name),
        published_at=published.read(page),
        modified_at=published.read_modified(page),
        language=language.read(page),
        icon=icon.read(page),
        touch_icon=icon.read_touch(page),
        section=tags.read_section(page),
        tags=tags.read(page),
        theme_color=theme_color.read(page),
        video=media.read_video(page),
        audio=media.read_audio(page),
        player=media.read_player(page),
        oembed=oembed.read(page),
        feeds=feeds.read(page),
        canonical_url=canonical.read(page),
        amp_url=feeds.read_amp(page),
        alternates=feeds.read_languages(page),
        price=price.read(page),
        app_links=app_links.read(page),
        fediverse_creator=fediverse.read(page),
        activity_pub_url=feeds.read_activity_pub(page),
        adult=adult.read(page),
        robots=usage.robots_of(said),
        usage=said,
        word_count=read_by.words,
        reading_time=read_by.minutes,
        content_hash=read_by.digest,
        encoding=encoding,
        interstitial=interstitials.recognise(page, answer.status_code, read_by.words or 0),
        provenance=page.provenance,
    )


@cache
def _encoded_by(rule: str) -> Provenance:
    return Provenance(rule)


def _closed(source: bytes) -> bytes:
    """In XML `<script src="x"/>` is closed; to the HTML parser the rest of the page would be script."""
    return _SELF_CLOSED.sub(_open_and_close, _CDATA_TITLE.sub(_escaped, source))


def _escaped(match: re.Match[bytes]) -> bytes:
    return match[1] + escape(match[2].decode("utf-8", "replace"), quote=False).encode()


def _open_and_close(match: re.Match[bytes]) -> bytes:
    name = match[1]
    return match.group() if name.lower() in _VOID else b"<%s%s></%s>" % (name, match[2], name)
