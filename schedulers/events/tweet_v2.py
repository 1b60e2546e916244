"""A tweet of version 2 of the API (docs.x.com, "Tweet"): `{"data": {…}, "includes": {…}}`, or what is in `data` alone.

As in version 1.1 (`tweet.py`), of a retweet the repeated tweet counts, and a quoted one too; both are in
`includes.tweets`, where the request asked for them. A bare tweet without any of its own names is a plain event.
"""

from collections.abc import Iterator

from schedulers.errors import UnreadableEvent
from schedulers.events.body_links import links_in_text
from schedulers.events.tweet import entity_links, is_picture
from schedulers.events.values import JsonObject, different, id_in, moment, object_in, objects_in, text_in
from schedulers.model import Event

_OWN_NAMES = frozenset(
    (
        "author_id",
        "conversation_id",
        "edit_history_tweet_ids",
        "entities",
        "note_tweet",
        "public_metrics",
        "referenced_tweets",
    )
)


def recognises(value: JsonObject) -> bool:
    return "data" in value or ("text" in value and not _OWN_NAMES.isdisjoint(value))


def read(value: JsonObject) -> Event:
    tweet = _tweet(value)
    return Event(
        id=id_in(tweet, "id"),
        urls=different(_links(tweet, _included(value))),
        created_at=moment(tweet.get("created_at")),
    )


def _tweet(value: JsonObject) -> JsonObject:
    tweet = value.get("data", value)
    if isinstance(tweet, list):
        raise UnreadableEvent('"data" holds several tweets; send each as {"data": {…}}, together as an array')
    if not isinstance(tweet, dict) or not id_in(tweet, "id") or not isinstance(tweet.get("text"), str):
        raise UnreadableEvent('"data" must be a tweet of version 2, with "id" and "text"')
    return tweet


def _included(value: JsonObject) -> dict[str, JsonObject]:
    return {id_in(tweet, "id"): tweet for tweet in objects_in(object_in(value, "includes"), "tweets")}


def _links(tweet: JsonObject, included: dict[str, JsonObject]) -> Iterator[str]:
    """Of the tweet or the one it repeats, then of the ones that these quote."""
    shown = next(_referenced(tweet, "retweeted", included), tweet)
    yield from _own_links(shown)
    for quoted in (*_referenced(tweet, "quoted", included), *_referenced(shown, "quoted", included)):
        yield from _own_links(quoted)


def _referenced(tweet: JsonObject, kind: str, included: dict[str, JsonObject]) -> Iterator[JsonObject]:
    for reference in objects_in(tweet, "referenced_tweets"):
        if reference.get("type") == kind and (found := included.get(id_in(reference, "id"))):
            yield found


def _own_links(tweet: JsonObject) -> Iterator[str]:
    """`note_tweet` holds the whole of a long text. `entities` is left out where there are none, or nobody asked."""
    longest = object_in(tweet, "note_tweet") or tweet
    entities = object_in(longest, "entities")
    if isinstance(entities.get("urls"), list):
        return entity_links({"urls": [one for one in objects_in(entities, "urls") if not is_picture(one)]})
    return iter(links_in_text(text_in(longest, "text")))
