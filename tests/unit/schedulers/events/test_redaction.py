"""Bodies are kept without user information, however a sender wrote it, and are read as the same links again."""

import base64
import json
from itertools import product

import pytest

from fetchers.errors import InvalidUrl
from fetchers.urls import parse, redacted_url
from schedulers.events import read_event, redact_body
from schedulers.links import LONGEST_URL, MOST_SHOWN, identify

SECRET = "hunter2"
PASSWORDS = [f"{SECRET}{mark}x" for mark in (" ", "\u00a0", "<", ">", '"', "\\", "\x01", "\x7f", "\t", "\n", "|", "'")]
HOSTS = ["h.test/", "h .test/", "h.test:99999/", "[bad/", "/"]
BEGINNINGS = ["http://u:", "https:\\\\u:", "http:u:", "//u:", "ssh://u:", "u:", " http://u%3a"]
LINKS = [begin + password + "@" + host for begin, password, host in product(BEGINNINGS, PASSWORDS, HOSTS)]


def written(link: str) -> list[bytes]:
    """The spellings of one event."""
    plain = json.dumps({"urls": [link]}).encode()
    packed = {"specversion": "1.0", "id": "1", "source": "s", "type": "t"}
    return [
        plain,
        json.dumps({"urls": [link]}, ensure_ascii=False).encode(),
        plain.replace(b"@", b"\\u0040").replace(b"/", b"\\u002f"),
        plain.replace(b"/", b"\\/"),
        json.dumps({**packed, "data": {"urls": [link]}}).encode(),
        json.dumps({**packed, "data": plain.decode()}).encode(),
        json.dumps({**packed, "data_base64": base64.b64encode(plain).decode()}).encode(),
    ]


@pytest.mark.parametrize("link", LINKS)
def test_nothing_of_it_is_left(link: str) -> None:
    known = identify(link)
    assert SECRET not in f"{known.url}{known.key}{known.invalid}"
    for body in written(link):
        event = read_event(body)
        bare = redact_body(body, event.urls)
        assert SECRET.encode() not in bare
        assert SECRET.encode() not in base64.b64decode(json.loads(bare).get("data_base64", ""))
        assert redact_body(bare, read_event(bare).urls) == bare
        assert [identify(url).key for url in read_event(bare).urls] == [known.key]
    try:
        parse(link)
    except InvalidUrl as error:
        assert SECRET not in str(error)


@pytest.mark.parametrize(
    "link", ["mailto:me@a.test", "https://social.test/@me", "http://a.test/?m=a@b#c@d", "news:1@a.test", "//a.test/@me"]
)
def test_other_links_stay_what_they_are(link: str) -> None:
    for body in written(link):
        assert read_event(redact_body(body, (link,))).urls == (link,)


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        (f"go http://u:{SECRET}@a.test/ now", "go http://a.test/ now"),
        (f"go http://u:{SECRET}<x>@a.test/ now", "go http://a.test/ now"),
        ('<a href="http://a.test:80">me:x@b.test</a>', '<a href="http://a.test:80">me:x@b.test</a>'),
        ("http://a.test and me@b.test", "http://a.test and me@b.test"),
    ],
)
def test_texts_lose_it_and_nothing_else(text: str, bare: str) -> None:
    assert json.loads(redact_body(json.dumps({"text": text}).encode())) == {"text": bare}


def test_what_is_hidden_behind_an_equal_name_is_gone() -> None:
    body = b'{"text": "http://u:hunter2 x@ h/", "text": "me@a.test"}'
    assert json.loads(redact_body(body)) == {"text": "me@a.test"}


@pytest.mark.parametrize("body", [b"{", b"\xff@", b'{"a": "@' + b"[" * 5_000, b"[" * 500 + b'"@"' + b"]" * 500, b"@"])
def test_any_bytes_are_taken(body: bytes) -> None:
    assert redact_body(body)


def test_large_numbers_are_kept() -> None:
    assert json.loads(redact_body(b'{"n": 1%s, "t": "http://u:p@a.test/"}' % (b"0" * 50)))["n"] == 10**50


@pytest.mark.parametrize("length", [LONGEST_URL + 1, LONGEST_URL * 2])
def test_long_links_that_begin_alike_are_different(length: int) -> None:
    """Short as they are shown, the same whoever asks, and without user information."""
    links = [f"http://u:{SECRET}@long.test/{'a' * length}{number}" for number in range(3)]
    keys = {identify(link).key for link in links}
    assert len(keys) == 3
    assert all(len(key) < MOST_SHOWN + 100 and SECRET not in key for key in keys)
    assert {identify(redacted_url(link)).key for link in links} == keys
