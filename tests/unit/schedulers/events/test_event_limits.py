"""An event with too many links or too long a text is refused by name; nothing of it is dropped in silence."""

import json
import time

import pytest

from schedulers.errors import EventTooLarge, NothingShared
from schedulers.events import EventLimits, read_event, read_events
from schedulers.urls import extract_urls


def body(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def links(count: int) -> list[str]:
    return [f"https://example.com/{number}" for number in range(count)]


def test_a_thousand_urls_are_taken() -> None:
    assert len(read_event(body(urls=links(1000))).urls) == 1000
    assert len(read_event(body(text="\n".join(links(1000)))).urls) == 1000


@pytest.mark.parametrize("name", ["urls", "text"])
def test_one_more_is_refused_with_its_number(name: str) -> None:
    urls = links(1001)
    with pytest.raises(EventTooLarge, match="1,001 URLs; at most 1,000"):
        read_event(body(**{name: urls if name == "urls" else " ".join(urls)}))


def test_the_same_url_counts_once() -> None:
    assert len(read_event(body(urls=links(10) * 500)).urls) == 10


@pytest.mark.parametrize(
    "event",
    [
        {"text": "x" * 1001},
        {"text": "\u00e9" * 501},
        {"text": "\U0001f600" * 251},
        {"id_str": "1", "full_text": "x" * 1001},
        {"id_str": "1", "text": "", "extended_tweet": {"full_text": "x" * 1001}},
        {"content": f"<p>{'x' * 1000}", "uri": "u"},
        {"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data": "x" * 1001},
        {"urls": ["https://example.com/" + "x" * 1000]},
        {"did": "d", "kind": "commit", "commit": {"record": {"text": "x" * 1001}}},
    ],
)
def test_a_text_beyond_its_limit_is_refused_in_every_shape(event: dict[str, object]) -> None:
    with pytest.raises(EventTooLarge, match="at most 1,000 are accepted"):
        read_event(json.dumps(event, ensure_ascii=False).encode(), EventLimits(most_text_bytes=1000))


def test_texts_within_the_limit_are_taken_however_many_they_are() -> None:
    event = {"text": "x" * 1000, "urls": [f"https://example.com/{'y' * 900}/{number}" for number in range(20)]}
    assert len(read_event(json.dumps(event).encode(), EventLimits(most_text_bytes=1000)).urls) == 20


@pytest.mark.parametrize("event", [{"text": None}, {"urls": []}, {"urls": None}, {"text": None, "urls": [" "]}])
def test_an_event_that_shares_nothing_is_told_so(event: dict[str, object]) -> None:
    with pytest.raises(NothingShared):
        read_event(json.dumps(event).encode())


@pytest.mark.parametrize("text", ["", "no link here"])
def test_a_text_without_links_is_an_event(text: str) -> None:
    assert read_event(body(text=text)).urls == ()


@pytest.mark.parametrize("kind", ["array", "lines"])
def test_the_item_is_named_and_the_error_keeps_its_kind(kind: str) -> None:
    events = [{"urls": links(1)}, {"urls": links(1001)}]
    sent = json.dumps(events) if kind == "array" else "\n".join(json.dumps(one) for one in events)
    with pytest.raises(EventTooLarge, match=r"(item 1 \(counted from 0\)|line 2): .*nothing was accepted"):
        read_events(sent.encode())


@pytest.mark.parametrize("number", [b"1" * 5000, b"-" + b"9" * 400, b"1e308", b"123456789012345678901234567890"])
@pytest.mark.parametrize("name", ["id", "created_at"])
def test_numbers_of_any_size_raise_nothing_but_our_error(name: str, number: bytes) -> None:
    event = b'{"%b": %b, "text": "a"}' % (name.encode(), number)
    try:
        read_event(event)
    except ValueError as error:
        assert getattr(error, "code", "") == "unreadable_event"


def test_many_surrogates_in_a_text_without_links() -> None:
    assert read_event(b'{"text": "' + rb"\ud83d" * 500 + b'"}').urls == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see http://203.0.113.7/login now", ["http://203.0.113.7/login"]),
        ("http://203.0.113.7.", ["http://203.0.113.7"]),
        ("(https://203.0.113.7:8443/a?b=c)", ["https://203.0.113.7:8443/a?b=c"]),
        ("HTTP://203.0.113.7/x, http://198.51.100.2", ["HTTP://203.0.113.7/x", "http://198.51.100.2"]),
        ("http://203.0.113.7?next=a.example.com", ["http://203.0.113.7?next=a.example.com"]),
        ("http://203.0.113.7/\u2026", ["http://203.0.113.7/"]),
        ("to http://[2001:db8::1]/login, please", ["http://[2001:db8::1]/login"]),
        (
            "http://[::1]:8080/a.example.com/b next.example.org",
            ["http://[::1]:8080/a.example.com/b", "next.example.org"],
        ),
        ("https://[::ffff:203.0.113.7]/", ["https://[::ffff:203.0.113.7]/"]),
        ("a.com http://[2001:db8::1] b.com http://203.0.113.7", None),
        ("203.0.113.7/login and version 1.2.3.4", []),
        ("http://256.1.1.1/ http://1.2.3/ http://[::g]/ http://[1:2]/", []),
        ("http://1.2.3.4.5/", []),
        ("xhttp://203.0.113.7/ @http://203.0.113.7/", []),
        ("http://192.0.2.1.example.com/", ["http://192.0.2.1.example.com/"]),
        ("http://192.0.2.1-x.example.com/", ["http://192.0.2.1-x.example.com/"]),
    ],
)
def test_addresses_behind_a_scheme_are_links(text: str, found: list[str] | None) -> None:
    extracted = extract_urls(text)
    assert all(text[one.start : one.end] == one.url for one in extracted)
    expected = ["a.com", "http://[2001:db8::1]", "b.com", "http://203.0.113.7"] if found is None else found
    assert [one.url for one in extracted] == expected


@pytest.mark.parametrize("piece", ["http://[", "http://[::1]", "http://1.2.3.4", "1.2.3.4.", "http://1.1.1.1@", "://["])
def test_addresses_are_found_in_linear_time(piece: str) -> None:
    """Sixteen times the text takes at most forty times as long, and not 256 times."""

    def seconds(text: str) -> float:
        least = 60.0
        for _ in range(3):
            started = time.process_time()
            extract_urls(text)
            least = min(least, time.process_time() - started)
        return least

    assert seconds(piece * 16_000) < 40 * max(seconds(piece * 1_000), 0.0005)
