"""What looks like a link in a text and is none that is handled: told with the reason, and nothing else is."""

import msgspec
import pytest

from schedulers.events import passed_over, read_event
from schedulers.events.passed_over import MOST_TOLD
from schedulers.links import MOST_SHOWN

SCHEME = "only http and https are fetched, and this is"
NO_NAME = "no top-level domain"
NO_URL = "is no URL"


def told(text: str) -> list[tuple[str, str]]:
    """As the intake asks: the event is read first."""
    event = read_event(msgspec.json.encode({"text": text}))
    return [(one.text, one.reason) for one in passed_over(event.text, event.urls)]


@pytest.mark.parametrize(
    ("text", "link", "reason"),
    [
        ("get ftp://files.test/a.zip, now", "ftp://files.test/a.zip", f"{SCHEME} ftp:"),
        ("write to mailto:ann@pond.test.", "mailto:ann@pond.test", f"{SCHEME} mailto:"),
        ("MAILTO:Ann@pond.test", "MAILTO:Ann@pond.test", f"{SCHEME} mailto:"),
        ('<p><a href="tel:+49123">call</a></p>', "tel:+49123", f"{SCHEME} tel:"),
        ("[code](ssh://git@pond.test/duck.git)", "ssh://pond.test/duck.git", f"{SCHEME} ssh:"),
        ("(magnet:?xt=urn:btih:abc)", "magnet:?xt=urn:btih:abc", f"{SCHEME} magnet:"),
        ("javascript:alert(1)", "javascript:alert(1)", f"{SCHEME} javascript:"),
        ("file:///etc/hosts", "file:///etc/hosts", f"{SCHEME} file:"),
        ("look: http://[ is broken", "http://[", NO_URL),
        ("[x](http://[zz]/)", "http://[zz]/", NO_URL),
        ("http://256.256.256.256/", "http://256.256.256.256/", NO_URL),
        ("https:// is missing the rest", "https://", NO_URL),
        ("http://localhost:8080/status", "http://localhost:8080/status", NO_NAME),
        ("http://du ck.test/", "http://du", NO_NAME),
        ("http://two_words.example.invalidtld/", "http://two_words.example.invalidtld/", NO_NAME),
        ("https://ann:hunter2@duck.test/b", "https://duck.test/b", "names a user"),
        ("ftp://ann:hunter2@files.test/", "ftp://files.test/", f"{SCHEME} ftp:"),
    ],
)
def test_what_is_passed_over_is_told_with_its_reason(text: str, link: str, reason: str) -> None:
    """Without the sentence's end, its markup and any password."""
    ((found, because),) = told(text)
    assert (found, reason in because) == (link, True), because


@pytest.mark.parametrize(
    "text",
    [
        "",
        "at 12:30, note:this, std::vector, C:\\duck, a ratio of 1:2, ducks://",
        "data: the figures; tel: none",
        "http://duck.test/a, (http://duck.test/b_(c)) https://duck.test:8080/?q=ftp:1",
        "duck.com/a and ann@duck.com",
        "[a duck](https://duck.test/a) <https://duck.test/b|b>",
        "https://duck.test/a,https://pond.test/b",
        "http://[::1]/ and http://203.0.113.7/",
    ],
)
def test_links_and_prose_are_not(text: str) -> None:
    assert [one for one in told(text) if "ducks" not in one[0]] == []


def test_each_is_told_once_and_many_are_cut() -> None:
    assert len(told("ftp://a.test/ and ftp://a.test/ and http://[ and http://[")) == 2
    many = " ".join(f"ftp://a.test/{number}" for number in range(5 * MOST_TOLD))
    assert len(told(many)) == MOST_TOLD
    ((long, _),) = told("ftp://a.test/" + "a" * 5000)
    assert len(long) == MOST_SHOWN + 1
