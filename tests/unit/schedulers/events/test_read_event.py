"""`schedulers.events.read_event`: every shape, its links, its id, and what is said about the unreadable."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedulers.errors import NothingShared, UnreadableEvent
from schedulers.events import read_event
from schedulers.identity import sent_id
from schedulers.model import Event

A, B, C = "https://a.example/1", "https://b.example/2", "https://c.example/3"


def read(value: Any) -> Event:
    return read_event(json.dumps(value).encode())


def entity(url: str, **more: Any) -> dict[str, Any]:
    return {"url": "https://t.co/x", "expanded_url": url, **more}


SHAPES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "plain urls": ({"urls": [A, B, A, " "], "text": f"{C} {A}"}, (A, B, C)),
    "plain text": ({"text": f"see {A}, {B} and example.com"}, (A, B, "http://example.com")),
    "plain empty urls": ({"urls": [], "text": A}, (A,)),
    "markdown": ({"text": f"[a.com]({A}) ![p]({B} 'x') <{C}> [r]: x"}, (A, C)),
    "html": ({"text": f'<p>b.com <a href="{A}?x=1&amp;y=2">c.com</a> <a href="/no">d.com</a></p>'}, (f"{A}?x=1&y=2",)),
    "html without links": ({"text": "<p>see <b>https://example.com/a</b></p>"}, ("https://example.com/a",)),
    "cloudevent": ({"specversion": "1.0", "id": "7", "source": "/s", "type": "t", "data": {"urls": [A]}}, (A,)),
    "cloudevent of text": ({"specversion": "1.0", "id": "7", "source": "/s", "type": "t", "data": f"x {A}"}, (A,)),
    "cloudevent of json in a string": (
        {"specversion": "1.0", "id": "7", "source": "/s", "type": "t", "data": json.dumps({"text": A})},
        (A,),
    ),
    "cloudevent of base64": (
        {
            "specversion": "1.0",
            "id": "7",
            "source": "/s",
            "type": "t",
            "data_base64": "eyJ1cmxzIjpbImh0dHA6Ly9hLyJdfQ==",
        },
        ("http://a/",),
    ),
    "tweet": ({"id_str": "7", "text": C, "entities": {"urls": [entity(A), entity("junk")]}}, (A, "https://t.co/x")),
    "tweet without links": ({"id_str": "7", "text": C, "entities": {"urls": []}}, ()),
    "tweet without entities": ({"id_str": "7", "full_text": f"see {A}"}, (A,)),
    "extended tweet": (
        {
            "id_str": "7",
            "text": "cut",
            "entities": {"urls": [entity(C)]},
            "extended_tweet": {"full_text": "whole", "entities": {"urls": [entity(A)], "media": [entity(B)]}},
        },
        (A,),
    ),
    "retweet of a quote": (
        {
            "id_str": "7",
            "text": "RT cut",
            "entities": {"urls": [entity(C)]},
            "retweeted_status": {
                "text": "x",
                "entities": {"urls": [entity(A)]},
                "quoted_status": {"text": "y", "entities": {"urls": [entity(B)]}},
            },
        },
        (A, B),
    ),
    "tweet v2": (
        {
            "data": {
                "id": "7",
                "text": C,
                "entities": {"urls": [entity(A), entity(B, media_key="3_1"), entity(B, display_url="pic.x.com/z")]},
            }
        },
        (A,),
    ),
    "tweet v2 bare": ({"id": "7", "text": C, "author_id": "1", "entities": {"urls": [entity(A)]}}, (A,)),
    "tweet v2 note": (
        {"data": {"id": "7", "text": "cut", "note_tweet": {"text": "whole", "entities": {"urls": [entity(A)]}}}},
        (A,),
    ),
    "tweet v2 retweet": (
        {
            "data": {"id": "7", "text": "RT", "referenced_tweets": [{"type": "retweeted", "id": "8"}]},
            "includes": {
                "tweets": [{"id": "8", "text": "x", "entities": {"urls": [entity(A)]}}, {"id": "9", "text": B}]
            },
        },
        (A,),
    ),
    "mastodon": (
        {
            "id": "7",
            "content": f'<p><a href="{A}">a</a> <a href="{B}" class="u-url mention">@b</a>'
            f'<a href="{C}" rel="tag">#c</a> <a href="https://d.example/tag">#d</a></p>',
            "tags": [{"name": "d", "url": "https://d.example/tag"}],
            "card": {"url": B},
        },
        (A, B),
    ),
    "mastodon warning": ({"id": "7", "content": f'<p><a href="{B}">b</a></p>', "spoiler_text": f"on {A}"}, (A, B)),
    "mastodon boost": ({"id": "7", "content": "", "reblog": {"content": f'<a href="{A}">a</a>'}}, (A,)),
    "mastodon stream": (
        {"event": "update", "payload": json.dumps({"id": "7", "content": f'<p><a href="{A}">a</a></p>'})},
        (A,),
    ),
    "mastodon beside a mention": (
        {"id": "7", "content": f'<p><a class="u-url mention" href="https://m.example/@x">@x</a> see {A}</p>'},
        (A,),
    ),
    "mastodon deletion": ({"event": "delete", "payload": "123"}, ()),
    "bluesky post": (
        {
            "did": "did:plc:x",
            "kind": "commit",
            "commit": {
                "rev": "r",
                "collection": "app.bsky.feed.post",
                "rkey": "k",
                "record": {
                    "text": "a.example/… b",
                    "createdAt": "2026-07-04T14:38:06.240Z",
                    "embed": {"media": {"external": {"uri": C}}},
                    "facets": [
                        {"index": {"byteStart": 9}, "features": [{"$type": "app.bsky.richtext.facet#link", "uri": B}]},
                        {"index": {"byteStart": 0}, "features": [{"$type": "app.bsky.richtext.facet#link", "uri": A}]},
                        {"features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "x"}]},
                    ],
                },
            },
        },
        (A, B, C),
    ),
    "bluesky like": (
        {"did": "d", "kind": "commit", "commit": {"collection": "app.bsky.feed.like", "record": {"text": A}}},
        (),
    ),
    "bluesky deletion": ({"did": "d", "kind": "commit", "commit": {"operation": "delete", "rkey": "k"}}, ()),
    "bluesky identity": ({"did": "d", "kind": "identity", "time_us": 5}, ()),
    "slack": (
        {
            "event_id": "Ev7",
            "event_time": 1,
            "event": {"type": "link_shared", "links": [{"domain": "a", "url": A}, {}]},
        },
        (A,),
    ),
    "slack inner": ({"type": "link_shared", "links": [{"url": A}], "event_ts": "1503435956.000247"}, (A,)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_the_links_of_every_shape(name: str) -> None:
    """Entities, facets and link lists first, then markup, then text."""
    value, expected = SHAPES[name]
    assert read(value).urls == expected


@pytest.mark.parametrize("name", SHAPES)
def test_what_is_read_twice_is_the_same_event(name: str) -> None:
    """Whatever the order of its names and the white space between them."""
    value, _ = SHAPES[name]
    turned = dict(reversed(value.items()))
    assert read_event(json.dumps(turned, indent=2).encode()) == read(value)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cloudevent", "/s 7"),
        ("tweet", "7"),
        ("tweet v2", "7"),
        ("mastodon", "7"),
        ("bluesky post", "at://did:plc:x/app.bsky.feed.post/k#r"),
        ("slack", "Ev7"),
    ],
)
def test_the_senders_id_is_kept(name: str, expected: str) -> None:
    """Source and id of a CloudEvent together, for ids are unique within their source only."""
    assert read(SHAPES[name][0]).id == expected


def test_an_event_without_an_id_has_none() -> None:
    """Whoever takes it in names it: two people who share the same link are two shares."""
    assert read({"text": "a"}).id == read({"text": "a", "id": ""}).id == ""
    assert read({"text": "a", "id": 5}).id == "5"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-11-22T10:47:34Z", datetime(2026, 11, 22, 10, 47, 34, tzinfo=UTC)),
        ("2026-11-22T10:47:34+02:00", datetime(2026, 11, 22, 8, 47, 34, tzinfo=UTC)),
        ("2026-11-22", datetime(2026, 11, 22, tzinfo=UTC)),
        (1_700_000_000, datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        (1_700_000_000_000, datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ("Fri Jan 08 00:38:31 +0000 2016", datetime(2016, 1, 8, 0, 38, 31, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_senders_write_them(written: object, expected: datetime) -> None:
    """Always in UTC."""
    assert read({"text": "a", "created_at": written}).created_at == expected


def test_refresh_is_passed_on() -> None:
    """From the plain event, inside a CloudEvent too, and as an extension attribute of one."""
    envelope = {"specversion": "1.0", "id": "7", "source": "/s", "type": "t"}
    assert read({"urls": [A], "refresh": True}).refresh
    assert read({**envelope, "data": {"urls": [A], "refresh": True}}).refresh
    assert read({**envelope, "data": {"urls": [A]}, "refresh": True}).refresh
    assert not read({"urls": [A]}).refresh


def test_half_an_emoji_does_not_make_an_event_unreadable() -> None:
    """Senders cut texts inside a surrogate pair; a whole one and an escaped backslash stay what they are."""
    event = read_event(rb'{"text":"\ud83d https://example.com/a \ud83d\ude00 \\ud83d"}')
    assert event.urls == ("https://example.com/a",)
    assert read_event(rb'{"urls":["https://example.com/\ud83d\ude00\\ud83d"]}').urls == (
        "https://example.com/😀\\ud83d",
    )


ENVELOPE = {"specversion": "1.0", "id": "7", "source": "/s", "type": "t"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not JSON"),
        (b"hello", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"[]", "this is an array"),
        (b"null", "this is null"),
        (b"{}", "it holds nothing"),
        (b'{"url": "https://a.example/"}', "it holds 'url'"),
        (b'{"text": 5}', '"text" must be a string'),
        (b'{"urls": "https://a.example/"}', '"urls" must be an array'),
        (b'{"urls": [5]}', '"urls"[0] must be a string'),
        (b'{"text": "a", "id": {}}', '"id" must be'),
        (b'{"text": "a", "id": true}', '"id" must be'),
        (b'{"text": "a", "created_at": "yesterday"}', "ISO 8601"),
        (b'{"text": "a", "refresh": "yes"}', '"refresh" must be true or false'),
        (b'{"text": "a", "id": "' + b"x" * 2000 + b'"}', "at most 1,024"),
        (b'{"specversion": "0.3"}', 'accepted is "1.0"'),
        (b'{"specversion": "1.0", "id": "7", "type": "t", "data": {}}', 'needs "source"'),
        (json.dumps(ENVELOPE).encode(), 'the "data" of a CloudEvent'),
        (json.dumps({**ENVELOPE, "data": {"x": 1}}).encode(), 'in "data" of a CloudEvent'),
        (json.dumps({**ENVELOPE, "data": ENVELOPE}).encode(), "inside a CloudEvent"),
        (json.dumps({**ENVELOPE, "data_base64": "%"}).encode(), "data_base64"),
        (b'{"data": [{"id": "1", "text": "a"}]}', "several tweets"),
        (b'{"data": {"id": "1"}}', '"data" must be a tweet'),
        (b'{"event": "update", "payload": "[]"}', '"payload"'),
    ],
)
def test_the_unreadable_is_explained(body: bytes, said: str) -> None:
    """What is wrong, and what would be accepted."""
    with pytest.raises(UnreadableEvent) as caught:
        read_event(body)
    assert said in str(caught.value)


@pytest.mark.parametrize("body", [b"{}", b'{"id": "7"}', b'{"sharer": "a", "refresh": true}', b'{"text": null}'])
def test_neither_text_nor_urls_is_nothing_shared(body: bytes) -> None:
    """And not an event of another shape, which a caller would look for in vain."""
    with pytest.raises(NothingShared, match="neither"):
        read_event(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)
WORDS = (
    "id id_str text full_text urls entities extended_tweet retweeted_status quoted_status data includes tweets content "
    "card reblog quote mentions tags uri url did kind commit record facets features embed external index byteStart "
    "collection rkey rev event type links payload specversion source created_at createdAt time_us event_time"
)
NAMES = st.sampled_from(WORDS.split())
SLOPPY = st.recursive(
    JSON | st.sampled_from(["link_shared", "commit", "app.bsky.feed.post", "1.0", "https://a.example/"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=8),
    max_leaves=40,
)


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(NAMES, SLOPPY, max_size=8))
def test_wrong_types_anywhere_raise_nothing_but_our_error(value: dict[str, Any]) -> None:
    """Whatever stands where a shape expects something else; and what is read is well-formed."""
    try:
        event = read_event(json.dumps(value).encode())
    except UnreadableEvent:
        return
    assert len(event.id) <= 1024
    assert all(url == url.strip() != "" for url in event.urls)
    assert len(set(event.urls)) == len(event.urls)
    assert event.created_at is None or event.created_at.tzinfo is UTC


@settings(deadline=None)
@given(st.binary() | st.text().map(str.encode))
def test_no_bytes_raise_anything_but_our_error(body: bytes) -> None:
    """As from any queue."""
    try:
        read_event(body)
    except UnreadableEvent as error:
        assert error.code == "unreadable_event"


def id_of(**value: Any) -> str:
    return read_event(json.dumps(value).encode()).id


def test_different_senders_never_make_one_id() -> None:
    names = [("a", "b c"), ("a b", "c"), ("a%20b", "c"), ("a", "b%20c"), ("a%2520b", "c")]
    ids = {id_of(specversion="1.0", source=source, id=name, type="t", data="x") for source, name in names}
    assert len(ids) == len(names)
    assert id_of(specversion="1.0", source="/s", id="7", type="t", data="x") == "/s 7"


@pytest.mark.parametrize(
    "line",
    [
        {"commit": {"collection": "app.bsky.feed.post", "record": {"text": "x"}}},
        {"commit": {"collection": "app.bsky.feed.post", "rkey": "k", "record": {"text": "x"}}},
        {"commit": {"collection": "app.bsky.feed.post", "rev": "r", "record": {"text": "x"}}},
        {},
    ],
)
def test_a_line_that_does_not_name_its_record_has_no_id(line: dict[str, Any]) -> None:
    assert id_of(did="did:plc:x", kind="commit", **line) == ""
    assert id_of(did="did:plc:x", kind="commit", time_us=5, **line) != ""


@pytest.mark.parametrize("number", [10**100, -(10**150), 10**101])
def test_a_number_too_long_for_an_id_is_refused(number: int) -> None:
    with pytest.raises(UnreadableEvent, match="100 digits"):
        id_of(id=number, text="x")
    assert id_of(id=10**99, text="x") == str(10**99)


ENVELOPE = {"specversion": "1.0", "source": "/s", "type": "t"}
IDENTITIES: dict[str, dict[str, Any]] = {
    "generic 42": {"id": 42, "text": A},
    "generic tweet 42": {"id": "tweet 42", "text": A},
    "tweet 42": {"id_str": "42", "text": A},
    "mastodon 42": {"id": "42", "content": A},
    "slack 42": {"event_id": "42", "type": "link_shared"},
    "cloudevent /s 42": {**ENVELOPE, "id": "42", "data": {"id_str": "42", "text": A}},
    "": {"text": A},
}


@pytest.mark.parametrize("identity", IDENTITIES)
def test_an_id_is_one_among_those_of_its_kind(identity: str) -> None:
    """`id` stays as it was sent."""
    event = read(IDENTITIES[identity])
    assert event.identity == identity
    assert sent_id(event.identity) == event.id


def test_a_tweet_is_the_same_event_in_both_versions() -> None:
    both = read({"id_str": "42", "text": A}), read({"data": {"id": "42", "text": A}})
    assert {event.identity for event in both} == {"tweet 42"}


def test_what_has_no_kind_is_shown_whole() -> None:
    for identity in ("share:ab.0", "42", "my tweet 42", "tweet", "tweet "):
        assert sent_id(identity) == identity
