"""What processes of two versions tell one another, and what one finds that the other has stored: fields that one does
not know are passed over, and those that are not there have their defaults. Both ways."""

from typing import Any

import msgspec
import pytest

from fetchers import wire
from fetchers.body.chunks import BodyEnd
from fetchers.model import DomainState, Ended, Ending, HopRequest, KeptPoliteness, NotMine, NotNow, Response
from groundwork.process import ProcessStatus
from schedulers.model import Message, Status, UrlState
from spiderduck.queues.kombu_headers import Envelope, from_headers, to_headers
from spiderduck.stores.rows import state_from_json, state_to_json
from spiderduck.webhooks.model import Delivery, Webhook

NOW = 1_700_000_000.0
REQUEST = HopRequest("http://a.test/", NOW, NOW + 5)
ANSWER = Response("http://a.test/", 200, (("content-type", "text/html"),), b"", fetched_at=NOW)


def longer(packed: bytes, *place: int) -> bytes:
    """The array in a message, or the one at `place` in it, with a field more at its end, as newer versions send it."""
    whole = msgspec.msgpack.decode(packed)
    inner = whole
    for index in place:
        inner = inner[index]
    inner.append({"what": "nobody knows yet"})
    return msgspec.msgpack.encode(whole)


def shorter(packed: bytes, fields: int, *place: int) -> bytes:
    """The same with `fields` fields less, as an older version sends it."""
    whole = msgspec.msgpack.decode(packed)
    inner = whole
    for index in place:
        inner = inner[index]
    del inner[-fields:]
    return msgspec.msgpack.encode(whole)


def test_a_request_for_a_hop_is_read_by_both_versions() -> None:
    packed = wire.pack_request(REQUEST, NOW)
    assert wire.unpack_request(longer(packed, 1), NOW) == REQUEST
    assert wire.unpack_request(longer(packed), NOW) == REQUEST
    optional = len(HopRequest.__struct_defaults__)
    assert wire.unpack_request(shorter(packed, optional, 1), NOW) == REQUEST, "only what has no default must be there"


@pytest.mark.parametrize(
    "head", [ANSWER, Ended(Ending.TIMED_OUT, "too slow"), NotNow(NOW + 9, "later"), NotMine("http://b", "not mine")]
)
def test_an_answer_is_read_by_both_versions(head: Any) -> None:
    frame = wire.pack_head(head, NOW)
    content = longer(frame[wire.PREFIX_BYTES :], 1)
    (read,) = wire.FrameReader().feed(wire.pack_frame(wire.HEAD, content), NOW)
    (plain,) = wire.FrameReader().feed(frame, NOW)
    assert read == plain
    (end,) = wire.FrameReader().feed(
        wire.pack_frame(wire.END, longer(wire.pack_end(BodyEnd())[wire.PREFIX_BYTES :])), NOW
    )
    assert end == BodyEnd()


FIRST = {
    HopRequest: "url start_by deadline accept etag last_modified byte_range if_range max_bytes purpose priority "
    "promised streamed",
    NotNow: "until reason",
    NotMine: "owner reason",
}
"""The order in which fields of the wire have been since they are there. New ones come behind, with a default."""


@pytest.mark.parametrize("kind", FIRST, ids=lambda kind: kind.__name__)
def test_fields_of_the_wire_keep_their_places(kind: Any) -> None:
    names = FIRST[kind].split()
    assert list(kind.__struct_fields__[: len(names)]) == names
    added = len(kind.__struct_fields__) - len(names)
    assert len(kind.__struct_defaults__) >= added


@pytest.mark.parametrize(
    "value",
    [
        ProcessStatus(name="a", parts=["api"], version="1", started_at=NOW),
        DomainState(1.0, 4, 4),
        KeptPoliteness(),
        Webhook(id="wh_1", url="http://a.test/", secrets=(), created_at=NOW),
        Delivery(id="1", type="x", created_at=NOW, body=b"{}"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_objects_pass_over_what_they_do_not_know(value: Any) -> None:
    """In JSON and in msgpack: what processes tell of themselves, politeness that is kept, webhooks and deliveries."""
    for codec in (msgspec.json, msgspec.msgpack):
        known = codec.decode(codec.encode(value))
        if isinstance(known, dict):
            assert codec.decode(codec.encode({**known, "tomorrow": [1, 2]}), type=type(value)) == value


def test_a_state_of_another_version_is_read() -> None:
    state = UrlState("http://a.test/", "http://a.test/", Status.FETCHED)
    stored = msgspec.json.decode(state_to_json(state))
    assert state_from_json(msgspec.json.encode({**stored, "tomorrow": {"a": 1}})) == state
    first = {name: stored[name] for name in ("key", "url", "status")}
    assert state_from_json(msgspec.json.encode(first)) == state


def test_a_message_of_another_version_is_read() -> None:
    """Headers that nobody knows are passed over; one that is not there is as before it was invented."""
    message = Message(b"{}", "generic e1")
    headers = to_headers(Envelope(message, errors=1, deliveries=3, due=NOW, queued_at=NOW - 5))
    assert from_headers(b"{}", {**headers, "tomorrow": 1}) == from_headers(b"{}", headers)
    del headers["queued_at"]
    assert from_headers(b"{}", headers) == Envelope(message, errors=1, deliveries=3, due=NOW)
    assert from_headers(b"{}", {**headers, "queued_at": "yesterday"}).queued_at == 0.0
