"""Whoever shared is hashed with a key before anything is kept, however the event is written."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from schedulers.errors import UnreadableEvent
from schedulers.events import Sharers, is_hash, read_event
from schedulers.events.limits import LARGEST_EVENT
from schedulers.model import Message
from schedulers.stages.read_event import EventLimits, ReadEvent

NAME = "mallard@pond.example"
SHARERS = Sharers(b"one key")
ENVELOPE = {"specversion": "1.0", "id": "1", "source": "/chat", "type": "message"}
SHAPES: dict[str, dict[str, Any]] = {
    "plain": {"text": "https://a.example/"},
    "tweet": {"id_str": "1", "text": "https://a.example/"},
    "tweet of version 2": {"data": {"id": "1", "text": "https://a.example/"}},
    "mastodon": {"id": "1", "content": "<p>https://a.example/</p>"},
    "bluesky": {"did": "did:plc:a", "kind": "commit", "time_us": 1, "commit": {}},
    "slack": {"type": "link_shared", "links": [{"url": "https://a.example/"}]},
}


def spellings() -> Iterator[tuple[str, bytes]]:
    for shape, value in SHAPES.items():
        yield shape, json.dumps({**value, "sharer": NAME}).encode()
    plain = json.dumps({**SHAPES["plain"], "sharer": NAME})
    yield "envelope", json.dumps({**ENVELOPE, "data": SHAPES["plain"], "sharer": NAME}).encode()
    yield "inside an envelope", json.dumps({**ENVELOPE, "data": json.loads(plain)}).encode()
    yield "text in an envelope", json.dumps({**ENVELOPE, "data": plain}).encode()
    yield "base64", json.dumps({**ENVELOPE, "data_base64": base64.b64encode(plain.encode()).decode()}).encode()
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in NAME)
    yield "escaped value", plain.replace(NAME, escaped).encode()
    yield "escaped name", plain.replace('"sharer"', '"sh\\u0061rer"').encode()
    yield "escaped twice", json.dumps({**ENVELOPE, "data": plain.replace('"sharer"', '"\\u0073harer"')}).encode()
    yield "spaces around", json.dumps({**SHAPES["plain"], "sharer": f" {NAME}\n"}).encode()
    yield "twice", b'{"sharer": "%s", "text": "", "sharer": "%s"}' % (NAME.encode(), NAME.encode())


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in spellings()])
def test_only_the_hash_is_left(body: bytes) -> None:
    hidden = SHARERS.hide(body)
    opened = base64.b64decode(json.loads(hidden).get("data_base64", ""))
    assert NAME not in hidden.decode().replace("\\u0040", "@")
    assert NAME.encode() not in opened
    event = read_event(hidden)
    assert event.sharer == SHARERS.hash_of(NAME)
    assert is_hash(event.sharer)
    assert event.urls == read_event(body).urls
    assert event.identity == read_event(body).identity


@pytest.mark.parametrize(
    "body",
    [
        b'{"sharer": "%s", "text": ',
        b'{"sharer": "%s"',
        b'{"sharer":"%s","text":"' + b"x" * LARGEST_EVENT + b'"}',
        b"[" * 5_000 + b'{"sharer": "%s"}',
        b'{"data": "{\\"sharer\\": \\"%s\\"" ',
        b'{"sharer": "%s',
    ],
    ids=["cut", "no end", "too large", "too deep", "inside a string", "cut in the name"],
)
def test_what_cannot_be_read_loses_it(body: bytes) -> None:
    """It is kept with the dead letters."""
    assert NAME.encode() not in SHARERS.hide(body.replace(b"%s", NAME.encode()))


@pytest.mark.parametrize("value", [True, 1.5, [NAME], {"name": NAME}, "x" * 1025, 10**101])
@pytest.mark.parametrize("shape", [*SHAPES, "envelope"])
def test_what_is_no_name_is_refused(shape: str, value: object) -> None:
    event = {**ENVELOPE, "data": SHAPES["plain"]} if shape == "envelope" else SHAPES[shape]
    with pytest.raises(UnreadableEvent, match="sharer"):
        read_event(json.dumps({**event, "sharer": value}).encode())


@pytest.mark.parametrize("value", [None, "", "  "])
def test_nobody_is_nobody(value: object) -> None:
    body = json.dumps({"text": "https://a.example/", "sharer": value}).encode()
    assert read_event(SHARERS.hide(body)).sharer is None


@pytest.mark.parametrize("body", [b'{"text": "https://a.example/?who=me"}', b"{", b"", b"\xff"])
def test_other_bodies_stay_the_same(body: bytes) -> None:
    assert SHARERS.hide(body) is body


def test_numbers_and_texts_name_the_same_people() -> None:
    bodies = [json.dumps({"text": "x", "sharer": value}).encode() for value in (42, "42", " 42 ")]
    assert len({read_event(SHARERS.hide(body)).sharer for body in bodies}) == 1


def test_the_key_and_the_name_make_the_hash() -> None:
    names = [NAME, NAME.upper(), "\ud800", "Ünder", "x" * 1024]
    assert len({SHARERS.hash_of(name) for name in names}) == len(names)
    assert SHARERS.hash_of(NAME) == Sharers(b"one key").hash_of(NAME)
    assert SHARERS.hash_of(NAME) != Sharers(b"another").hash_of(NAME)


def test_a_hash_that_is_sent_is_a_name_like_any_other() -> None:
    """Nobody can speak for a sharer whose hash was in a notice."""
    sent = json.dumps({"text": "x", "sharer": SHARERS.hash_of(NAME)}).encode()
    assert read_event(SHARERS.hide(sent)).sharer != SHARERS.hash_of(NAME)


async def test_the_flow_forgets_a_plain_one() -> None:
    """A queue that an earlier version filled holds bodies as they came."""
    read = ReadEvent(EventLimits())
    body = json.dumps({"text": "x", "sharer": NAME}).encode()
    assert (await read(Message(body, "share:1"))).sharer is None
    assert (await read(Message(SHARERS.hide(body), "share:1"))).sharer == SHARERS.hash_of(NAME)
