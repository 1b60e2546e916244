"""Addresses as browsers copy them from their bar, and links as chat services and Bluesky write them into texts."""

import json

import pytest

from schedulers.events import read_event
from schedulers.urls import extract_urls


@pytest.mark.parametrize(
    "word", ["بلشون", "אנפה", "बगुला", "นกกระสา", "Ερωδιός", "Հերոն", "ყანჩა", "Цапля", "サギ", "왜가리", "鹭"]
)
def test_a_path_may_be_of_any_script(word: str) -> None:
    """Where it begins a segment behind another one; what follows a blank is text again."""
    url = f"https://wiki.example.org/wiki/{word}"
    assert [found.url for found in extract_urls(f"{url} {word}")] == [url]
    assert [found.url for found in extract_urls(f"({url}/x)")] == [f"{url}/x"]


@pytest.mark.parametrize("text", ["https://example.org/を見て", "https://example.orgは鳥", "example.com/サギ"])
def test_text_that_goes_on_right_behind_an_address_is_no_path(text: str) -> None:
    """Chinese and Japanese part no words by blanks."""
    (found,) = extract_urls(text)
    assert found.url in ("https://example.org/", "https://example.org", "example.com/")


@pytest.mark.parametrize("label", ["", "|a label", "|https://a.example/x?a=1&amp;b=2"])
def test_chat_services_escape_ampersands_in_links(label: str) -> None:
    """`&amp;` in `<https://…|label>` is `&`; a label is not searched."""
    event = read_event(json.dumps({"text": f"see <https://a.example/x?a=1&amp;b=2{label}>"}).encode())
    assert event.urls == ("https://a.example/x?a=1&b=2",)


def test_a_post_may_hold_links_beside_those_that_are_marked() -> None:
    """Facets count in bytes; what they cover is not searched, cut as it is shown there."""
    text = "ä a.example/long… and https://b.example/y"
    start = len("ä ".encode())
    facet = {
        "index": {"byteStart": start, "byteEnd": start + len("a.example/long…".encode())},
        "features": [{"$type": "app.bsky.richtext.facet#link", "uri": "https://a.example/long/way"}],
    }
    record = {"text": text, "facets": [facet]}
    commit = {"collection": "app.bsky.feed.post", "rkey": "a", "record": record}
    event = read_event(json.dumps({"did": "d:1", "time_us": 1, "kind": "commit", "commit": commit}).encode())
    assert event.urls == ("https://a.example/long/way", "https://b.example/y")


@pytest.mark.parametrize(
    "url",
    [
        "https://wiki.example.org/wiki/می\u200cشود",
        "https://example.org/x?q=цапля&page=2",
        "https://example.org/x?q=サギ&page=2",
        "https://example.org/x?q=بلشون",
    ],
)
def test_a_query_and_joined_words_may_be_of_any_script(url: str) -> None:
    """Persian joins its words with an invisible character; text behind a Latin value is text."""
    assert [found.url for found in extract_urls(f"{url} and more")] == [url]
    assert [found.url for found in extract_urls("https://example.org/?x=1を見て")] == ["https://example.org/?x=1"]


def test_a_list_of_addresses_needs_no_blanks() -> None:
    """A comma before a scheme parts two."""
    assert [one.url for one in extract_urls("https://a.example/x,https://b.example/y.")] == [
        "https://a.example/x",
        "https://b.example/y",
    ]


def test_links_that_slack_names_are_escaped_too() -> None:
    """`link_shared` holds them as the message does."""
    event = {"type": "link_shared", "links": [{"url": "https://a.example/x?a=1&amp;b=&lt;2&gt;"}]}
    assert read_event(json.dumps(event).encode()).urls == ("https://a.example/x?a=1&b=<2>",)
