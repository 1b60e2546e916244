"""An HTML page: decoded as browsers do, parsed once, every field's ladder climbed."""

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser

from schedulers.metadata import guard, interstitials, reading
from schedulers.metadata.charset import as_utf_8
from schedulers.metadata.fields import (
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
    robots,
    site_name,
    tags,
    theme_color,
    title,
)
from schedulers.metadata.kinds.answer import Answer
from schedulers.metadata.model import Metadata
from schedulers.metadata.page import Page

# Elements that mirror others (`<selectedcontent>`) stay empty; nothing here reads them.
_WITHOUT_EVENTS = int(LexborDocumentOptions.WO_EVENTS)


def read(answer: Answer) -> Metadata:
    source, encoding = as_utf_8(answer.body, answer.content_type)
    tree = LexborHTMLParser(guard.bounded(source), scripting=True, options=_WITHOUT_EVENTS)
    page = Page(answer.url, tree, answer.headers)
    name = author.read(page)
    read_by = reading.measure(page.title, page.body.text)
    return Metadata(
        title=title.read(page, name),
        description=description.read(page),
        image=image.read(page, answer.generic_pictures),
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
        robots=robots.read(page),
        word_count=read_by.words,
        reading_time=read_by.minutes,
        content_hash=read_by.digest,
        encoding=encoding,
        interstitial=interstitials.recognise(page, answer.status_code, read_by.words or 0),
        provenance=page.provenance,
    )
