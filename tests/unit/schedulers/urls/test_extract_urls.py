"""`schedulers.urls.extract_urls`: what is found, what is not, and how long it takes at worst."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedulers.urls import extract_urls

WORDS = 'http:// https:// HTTPS:// example .com . .. - _ / ? # @ $ ( ) 日本 .中国 é ! % & = xn-- t.co a=1 : 80 " 😀 Ж İ'
PIECES = st.sampled_from([*WORDS.split(), " ", "\u2066", "\x00"])
TEXTS = st.lists(PIECES, max_size=40).map("".join) | st.text()


def urls(text: str) -> list[str]:
    return [one.url for one in extract_urls(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see https://example.com/a_(b), or example.org.", ["https://example.com/a_(b)", "example.org"]),
        ("(see https://example.com/a)", ["https://example.com/a"]),
        ("mail me@example.com, @example.com, #example.com, $example.com", []),
        ("version 1.2.3 of file.txt, e.g. this.Then", []),
        ("example.com:8080/x?y=1", ["example.com:8080/x?y=1"]),
        ("example.com?y=1", ["example.com"]),  # twitter-text gives a query only to a path
        ("http://user.example.com?y=1#z", ["http://user.example.com?y=1#z"]),
        ("これは長い文章です" * 20 + "example.com/a です", ["example.com/a"]),
        ("élysée.fr", ["élysée.fr"]),
        ("a.みんな http://b.中国/x", ["a.みんな", "http://b.中国/x"]),
        ("https://t.co/abc/def https://t.co/x?amp=1", ["https://t.co/abc", "https://t.co/x?amp=1"]),
        ("http://news.test/a, http://a.example:81/ news.test", ["http://news.test/a", "http://a.example:81/"]),
        ("http://news.com.test/ http://news.testing/", ["http://news.com.test/"]),
        ("http://-a.com http://a_.com http://a..com http://_a.com", []),
        ("http://" + "a" * 64 + ".com", []),
        ("http://example.com/" + "a" * 5000, []),
        ("", []),
    ],
)
def test_what_is_found(text: str, expected: list[str]) -> None:
    """Punctuation of the sentence is left out, and so is what only looks like a URL."""
    assert urls(text) == expected


def test_a_top_level_domain_that_has_been_given_back_still_counts() -> None:
    """twitter-text has them, and so have old texts; one that never was does not."""
    assert urls("http://example.volkswagen http://example.xperia http://example.nosuchname") == [
        "http://example.volkswagen",
        "http://example.xperia",
    ]


@settings(deadline=None)
@given(TEXTS)
def test_every_url_is_a_piece_of_the_text_and_none_touches_another(text: str) -> None:
    """In order, by code points."""
    rest = 0
    for one in extract_urls(text):
        assert rest <= one.start < one.end
        assert text[one.start : one.end] == one.url
        rest = one.end


@settings(deadline=None)
@given(TEXTS, st.sampled_from([" ", "\n", "\u3000"]))
def test_a_url_between_spaces_is_found_whatever_else_the_text_holds(text: str, space: str) -> None:
    """Nothing before or behind it changes it."""
    assert "https://example.com/a?b=1" in urls(f"{text}{space}https://example.com/a?b=1{space}{text}")


REPEATED: dict[str, Callable[[int], str]] = {
    "http://": lambda size: "http://" * (size // 7),
    "dots": lambda size: "." * size,
    "parentheses": lambda size: "(" * size,
    "emoji": lambda size: "😀" * size,
    "labels": lambda size: "a." * (size // 2),
    "hosts": lambda size: "a.com" * (size // 5),
    "open parenthesis": lambda size: "http://a.com/" + "(a" * (size // 2),
    "punctuation": lambda size: "http://a.com/" + "!" * size,
    "japanese": lambda size: "あ.com" * (size // 5),
}


@pytest.mark.parametrize("kind", REPEATED)
def test_the_time_grows_with_the_length_and_not_faster(kind: str) -> None:
    """CPU time, so that a busy machine does not count; quadratic time would make the factor 64."""
    make = REPEATED[kind]
    small, large = _cpu_seconds(make(20_000)), _cpu_seconds(make(160_000))
    assert large < 25 * small + 0.05


def _cpu_seconds(text: str) -> float:
    times = []
    for _ in range(3):
        start = time.process_time()
        extract_urls(text)
        times.append(time.process_time() - start)
    return min(times)
