"""A line of Bluesky's Jetstream (github.com/bluesky-social/jetstream): a commit, or news of an account.

Links are the facets' link features and the card (`embed.external`), of a post and of any other record that has them
(a status "live at …"). Everything else (likes, follows, reposts, deletions, identities) is a good event without a URL.
Facets hold the whole address where the text is cut (`youtube.com/watch?v=V5l…`), so the text that a facet covers is not
searched. Beside facets only an address with its scheme counts; where neither facets nor a card gave a link, a bare host
does too.
"""

from collections.abc import Iterator

from schedulers.events.body_links import links_in_text, urls_with_scheme
from schedulers.events.values import JsonObject, different, id_in, moment, object_in, objects_in, text_in
from schedulers.model import Event

POST = "app.bsky.feed.post"
_LINK = "app.bsky.richtext.facet#link"


def recognises(value: JsonObject) -> bool:
    return "did" in value and "kind" in value


def read(value: JsonObject) -> Event:
    commit = object_in(value, "commit")
    record = object_in(commit, "record")
    return Event(
        id=_id(value, commit),
        urls=_urls(record, commit.get("collection") == POST),
        created_at=moment(record.get("createdAt")) or moment(value.get("time_us")),
    )


def _id(value: JsonObject, commit: JsonObject) -> str:
    """The record's address with its revision: the same from every Jetstream server, and new when a post is edited. ""
    where the line names no revision, no moment or not its record: two of these need not be the same."""
    did, moment_of_it = text_in(value, "did"), id_in(value, "time_us")
    if not commit:
        return f"at://{did}#{text_in(value, 'kind')}-{moment_of_it}" if did and moment_of_it else ""
    collection, key = id_in(commit, "collection"), id_in(commit, "rkey")
    version = id_in(commit, "rev", "cid") or moment_of_it
    return f"at://{did}/{collection}/{key}#{version}" if did and version and (key or moment_of_it) else ""


def _urls(record: JsonObject, is_post: bool) -> tuple[str, ...]:
    marked = (*_facets(record), *_cards(record))
    if not any(marked):
        return different(links_in_text(text_in(record, "text")) if is_post else ())
    return different((*marked, *(urls_with_scheme(_unmarked_text(record)) if is_post else ())))


def _unmarked_text(record: JsonObject) -> str:
    """The post's text with a space for each part that a facet covers (byte positions in UTF-8)."""
    text = text_in(record, "text").encode("utf-8", "replace")
    pieces, rest = [], 0
    for facet in sorted(objects_in(record, "facets"), key=_start):
        start, end = _start(facet), object_in(facet, "index").get("byteEnd")
        if isinstance(end, int) and rest <= start < end:
            pieces.append(text[rest:start])
            rest = end
    return b" ".join((*pieces, text[rest:])).decode("utf-8", "replace")


def _facets(record: JsonObject) -> Iterator[str]:
    """In the order of the text; clients write facets in any order."""
    for facet in sorted(objects_in(record, "facets"), key=_start):
        for feature in objects_in(facet, "features"):
            if feature.get("$type") == _LINK:
                yield text_in(feature, "uri")


def _start(facet: JsonObject) -> int:
    start = object_in(facet, "index").get("byteStart")
    return start if isinstance(start, int) else 0


def _cards(record: JsonObject) -> Iterator[str]:
    """A card beside a quoted post lies one level deeper, under `media`."""
    embed = object_in(record, "embed")
    for holder in (embed, object_in(embed, "media")):
        yield text_in(object_in(holder, "external"), "uri")
