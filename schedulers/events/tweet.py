"""A tweet of version 1.1 of the API (developer.x.com, "Tweet object"), plain or in extended mode.

The entities say where the links are, in the longest form of the text that came along (`extended_tweet`). A retweet's
own text is cut, so the retweeted tweet is read in its place; the links of a quoted one were shared too. The text is
searched only where a tweet came without entities. Entities are the same in both versions (`tweet_v2.py`).
"""

from collections.abc import Iterator

from schedulers.events.body_links import links_in_text
from schedulers.events.values import JsonObject, different, id_in, is_web_url, moment, object_in, objects_in, text_in
from schedulers.model import Event

_PICTURES = ("pic.twitter.com/", "pic.x.com/")


def recognises(value: JsonObject) -> bool:
    return "id_str" in value or ("entities" in value and "full_text" in value)


def read(value: JsonObject) -> Event:
    return Event(
        id=id_in(value, "id_str", "id"),
        urls=different(_links(value)),
        created_at=moment(value.get("created_at")),
    )


def _links(tweet: JsonObject) -> Iterator[str]:
    """Of the tweet, the one it repeats, and the ones that these quote."""
    shown = object_in(tweet, "retweeted_status") or tweet
    for one in (shown, object_in(tweet, "quoted_status"), object_in(shown, "quoted_status")):
        yield from _own_links(one)


def _own_links(tweet: JsonObject) -> Iterator[str]:
    longest = object_in(tweet, "extended_tweet") or tweet
    entities = object_in(longest, "entities")
    if isinstance(entities.get("urls"), list):
        return entity_links(entities)
    return iter(links_in_text(text_in(longest, "full_text") or text_in(longest, "text")))


def entity_links(entities: JsonObject) -> Iterator[str]:
    """Every link of `entities.urls`, in order. Version 1.1 keeps the tweet's own pictures apart, in `media`.

    `expanded_url` is taken where it is valid: it is the link as the author wrote it, while `url` is the t.co wrapper
    that was put around it, the same page one more fetch away on a domain that everybody shares.
    """
    for entity in objects_in(entities, "urls"):
        expanded = text_in(entity, "expanded_url")
        yield expanded if is_web_url(expanded) else text_in(entity, "url")


def is_picture(entity: JsonObject) -> bool:
    """Is this a picture or video of the tweet itself, and no link to a page? Version 2 puts them among the links."""
    return "media_key" in entity or text_in(entity, "display_url").startswith(_PICTURES)
