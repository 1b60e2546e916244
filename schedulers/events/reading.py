"""One event: bytes in, `Event` out. READ FIRST: the shapes that are understood, in the order they are tried.

Before it: the queue, or `batch.py` for HTTP. After it: the pipeline's first stage. The first shape that recognises the
object reads it, and nobody else is asked.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from schedulers.errors import NothingShared, UnreadableEvent
from schedulers.events import bluesky, cloudevent, generic, mastodon, slack, tweet, tweet_v2
from schedulers.events.limits import DEFAULT_LIMITS, EventLimits
from schedulers.events.sharers import SHARER, sharer_in
from schedulers.events.values import JsonObject, decode
from schedulers.identity import identity_of
from schedulers.model import Event

LONGEST_ID = 1024
"""Characters. Ids are keys in the queue and the store; the longest that the known senders make is under 200."""

BESIDE = frozenset({"id", "created_at", "refresh", SHARER})
"""Names of a plain event that say something about what is shared; with nothing else in it, nothing is."""

INLINE_BYTES = 8 * 1024
"""Searching a text costs up to 1.4 microseconds a byte; what is longer is read beside the loop."""

ACCEPTED = (
    'accepted are {"text": "…"} or {"urls": ["…"]}, CloudEvents 1.0, tweets (v1.1, v2), Mastodon statuses, '
    "Bluesky Jetstream lines and Slack link_shared"
)


class Shape(NamedTuple):
    """`recognises` looks at names only and is quick; `read` may raise `UnreadableEvent`. `kind` is whose ids these
    are: one tweet is one event in whichever version."""

    kind: str
    recognises: Callable[[JsonObject], bool]
    read: Callable[[JsonObject], Event]


SHAPES = (
    Shape("slack", slack.recognises, slack.read),  # an envelope nobody else uses: `event.type` is `link_shared`
    Shape("bluesky", bluesky.recognises, bluesky.read),  # `did` with `kind`: likewise its own
    Shape("mastodon", mastodon.recognises, mastodon.read),  # `content`; before tweets, with whom it shares `id`
    Shape("tweet", tweet.recognises, tweet.read),  # `id_str`: version 1.1; before v2, whose names it could carry too
    Shape("tweet", tweet_v2.recognises, tweet_v2.read),  # `data`, or names that no plain event has
    Shape("generic", generic.recognises, generic.read),  # last: `text` and `urls` are names that others use as well
)
"""A CloudEvent is tried before all of them: it is an envelope around any of them (`_read`)."""


def read_event(body: bytes, limits: EventLimits = DEFAULT_LIMITS) -> Event:
    """The event in `body` (JSON), if it is within `limits`. Raises `UnreadableEvent`, which says what is wrong and what
    would be accepted.

    Its `id` is "" where the sender gave none: such an event is a share of its own each time, named by who takes it in.
    Its `sharer` is what the body says: the hash, where the body was hidden (`sharers.py`).
    """
    limits.check_size(body)
    value = decode(body)
    if len(body) > limits.most_text_bytes:
        limits.check_texts(value)
    event = read_object(value)
    limits.check_urls(event)
    return event


def read_object(value: object) -> Event:
    """As `read_event`, for JSON that is decoded already, of any size. Raises `UnreadableEvent`."""
    if not isinstance(value, dict):
        raise UnreadableEvent(f"an event is a JSON object, this is {_kind(value)}; {ACCEPTED}")
    if cloudevent.recognises(value):
        event, kind = cloudevent.read(value, lambda data: _read_shape(data)[0]), cloudevent.KIND
        event = replace(event, sharer=sharer_in(value) or event.sharer)
    else:
        event, kind = _read_shape(value)
    if len(event.id) > LONGEST_ID:
        raise UnreadableEvent(f"its id has {len(event.id):,} characters; at most {LONGEST_ID:,} are accepted")
    return replace(event, identity=identity_of(kind, event.id))


def _read_shape(value: JsonObject) -> tuple[Event, str]:
    """The event, and the kind of its id."""
    for shape in SHAPES:
        if shape.recognises(value):
            event = shape.read(value)
            if SHARER in value:  # beside the shape's own names, whichever it is
                event = replace(event, sharer=sharer_in(value))
            return event, shape.kind
    names = ", ".join(repr(name[:40]) for name in list(value)[:8]) or "nothing"
    if value.keys() <= BESIDE:
        raise NothingShared(f'there is neither a "text" nor a URL in "urls" (it holds {names}); {ACCEPTED}')
    raise UnreadableEvent(f"no known shape of event (it holds {names}); {ACCEPTED}")


def _kind(value: object) -> str:
    if isinstance(value, list):
        return "an array"
    if isinstance(value, str):
        return "a string"
    return "null" if value is None else "a number or a truth value"
