"""`schedulers.events.read_events`: one, an array, or lines; all or nothing."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedulers.errors import UnreadableEvent
from schedulers.events import read_event, read_events

ONE, TWO = b'{"id":"1","text":"a"}', b'{ "id": "2", "urls": ["https://example.com/"] }'


@pytest.mark.parametrize(
    ("body", "content_type", "raw"),
    [
        (ONE, None, [ONE]),
        (b"\xef\xbb\xbf \n" + ONE + b"\n", "application/json", [ONE]),
        (b"[" + ONE + b",\n " + TWO + b"]", "application/json", [ONE, TWO]),
        (b"[" + ONE + b"]", "application/cloudevents-batch+json", [ONE]),
        (ONE + b"\n" + TWO, None, [ONE, TWO]),
        (ONE + b"\r\n\r\n" + TWO + b"\r\n", "application/json", [ONE, TWO]),
        (TWO + b"\n" + ONE, "application/x-ndjson; charset=utf-8", [TWO, ONE]),
        (ONE, "application/jsonl", [ONE]),
        (b"\x1e" + ONE + b"\n\x1e" + TWO + b"\n", "application/json-seq", [ONE, TWO]),
        (b'{\n "id": "1",\n "text": "a"\n}', None, [b'{\n "id": "1",\n "text": "a"\n}']),
        (b"[]", None, []),
        (b" \n", "application/x-ndjson", []),
        (b"", None, []),
    ],
)
def test_each_form_gives_the_events_with_their_raw_bytes(
    body: bytes, content_type: str | None, raw: list[bytes]
) -> None:
    """The bytes are what goes into the queue, so reading them again gives the same event."""
    events = read_events(body, content_type)
    assert [item for _, item in events] == raw
    assert [event for event, _ in events] == [read_event(item) for item in raw]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"[" + ONE + b', {"x": 1}]', "item 1 (counted from 0): "),
        (b"[" + ONE + b", [" + TWO + b"]]", "item 1 (counted from 0): "),
        (ONE + b"\n\n{", "line 3: "),
        (ONE + b'\n{"x": 1}\n' + TWO, "line 2: "),
        (b"[" + ONE, "not a JSON array"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"x": 1}', "it holds 'x'"),
        (b"https://example.com/", "not JSON"),
    ],
)
def test_one_bad_item_refuses_all_and_is_named(body: bytes, place: str) -> None:
    """Items by their index, lines by their number, empty lines counted."""
    with pytest.raises(UnreadableEvent) as caught:
        read_events(body)
    assert place in str(caught.value)


@settings(deadline=None)
@given(st.lists(st.text(), max_size=5), st.sampled_from(["array", "lines", "indented"]))
def test_every_way_of_writing_gives_the_same_events(texts: list[str], way: str) -> None:
    """An array, one object a line, an array printed over many lines."""
    objects = [{"id": str(number), "text": text} for number, text in enumerate(texts)]
    if way == "lines":
        body = "\n".join(json.dumps(one) for one in objects)
    else:
        body = json.dumps(objects, indent=2 if way == "indented" else None)
    assert [event.id for event, _ in read_events(body.encode())] == [one["id"] for one in objects]


@settings(deadline=None)
@given(st.binary(), st.none() | st.text())
def test_no_body_raises_anything_but_our_error(body: bytes, content_type: str | None) -> None:
    """Whatever is posted, under whatever type."""
    try:
        events = read_events(body, content_type)
    except UnreadableEvent:
        return
    assert all(event.id for event, _ in events)
