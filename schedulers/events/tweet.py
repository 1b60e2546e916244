"""A tweet of version 1.1 of the API (developer.x.com, "Tweet object"), plain or in extended mode.

The entities say where the links are, in the longest form of the text that came along (`extended_tweet`). A retweet's
own text is cut, so the retweeted tweet is read in its place; the links of a quoted one were shared too. The text is
searched only where a tweet came without entities.
"""

from collections.abc import Iterator

from schedulers.events.body_links import links_in_text
from schedulers.events.json_text import JsonObject
from schedulers.events.tweet_links import entity_links
from schedulers.events.values import different, id_in, moment, object_in, text_in
from schedulers.model import Event


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
