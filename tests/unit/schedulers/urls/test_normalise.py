"""`schedulers.urls.dedup_key` and `parse_url`: what is the same page, and what is not."""

import contextlib
from importlib import resources

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedulers.errors import InvalidUrl
from schedulers.urls import dedup_key, parse_url

PARTS = st.sampled_from(
    [
        "/",
        "//",
        "a",
        "%41",
        "%2f",
        "%",
        "%zz",
        "..",
        ".",
        "?",
        "&",
        "=",
        "b=1",
        "utm_source=x",
        "#",
        "#!x",
        "[",
        "|",
        "é",
    ]
)
URLS = st.tuples(
    st.sampled_from(["http://", "https://", "HTTP://", "ftp://", "file:///"]),
    st.sampled_from(["example.com", "Example.COM.", "example.com:80", "example.com.:81", "[::1]", "u:p@example.com"]),
    st.lists(PARTS, max_size=12).map("".join),
).map("".join)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("HTTP://Example.COM:80/", "http://example.com/"),
        ("https://example.com./a", "https://example.com/a"),
        ("https://example.com.:444/a", "https://example.com:444/a"),
        ("https://example.com/a#part", "https://example.com/a"),
        ("https://example.com/a#!/route", "https://example.com/a#!/route"),
        ("https://example.com/a/./b/../c?", "https://example.com/a/c"),
        ("https://example.com/%7Eme/%e4%bd%a0%2f", "https://example.com/~me/%E4%BD%A0%2F"),
        ("https://example.com/你", "https://example.com/%E4%BD%A0"),
        ("https://example.com/?b=2&a=1&b=1&a=", "https://example.com/?a=1&a&b=2&b=1"),
        ("https://example.com/?utm_Source=x&UTM%5Fmedium=y&fbclid=1&id=7&gclid=z", "https://example.com/?id=7"),
        ("https://example.com/?mc_eid=1", "https://example.com/"),
        ("https://example.com//a///b", "https://example.com/a/b"),
        ("https://web.example.org/2026/https://example.com/", "https://web.example.org/2026/https://example.com/"),
        ("https://www.youtube.com/watch?v=x&si=secret", "https://www.youtube.com/watch?v=x"),
        ("https://example.com/watch?v=x&si=kept", "https://example.com/watch?si=kept&v=x"),
        ("https://x.com/a/status/1?s=20&t=abc", "https://x.com/a/status/1"),
        ("https://user:word@example.com/", "https://example.com/"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://[0:0::1]:80/", "http://[::1]/"),
        ("mailto:me@example.com", "mailto:me@example.com"),
        ("data:text/plain,a%41#x", "data:text/plain,a%41#x"),
        ("example.com/a", "http://example.com/a"),
    ],
)
def test_what_the_key_is(url: str, key: str) -> None:
    """What cannot change the page is gone; what can has stayed."""
    assert dedup_key(url) == key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://example.com/a", "http://example.com/a"),
        ("https://example.com/a", "https://example.com/a/"),
        ("https://example.com/a", "https://example.com/A"),
        ("https://example.com/?a=1&a=2", "https://example.com/?a=2&a=1"),
        ("https://example.com/a%2Fb", "https://example.com/a/b"),
        ("https://example.com/?q=a+b", "https://example.com/?q=ab"),
        ("https://example.com/?ref=a", "https://example.com/"),
    ],
)
def test_what_may_be_different_pages_have_different_keys(one: str, other: str) -> None:
    """In doubt a page is fetched twice rather than taken for another."""
    assert dedup_key(one) != dedup_key(other)


@settings(deadline=None)
@given(URLS)
def test_the_key_of_a_key_is_itself(url: str) -> None:
    """And where the URL is none, the error is ours."""
    try:
        key = dedup_key(url)
    except InvalidUrl:
        return
    assert dedup_key(key) == key
    assert dedup_key(parse_url(url)) == key


@settings(deadline=None)
@given(st.text())
def test_no_text_raises_anything_but_our_error(text: str) -> None:
    """Whatever people write."""
    with contextlib.suppress(InvalidUrl):
        dedup_key(text)
    with contextlib.suppress(InvalidUrl):
        parse_url(text)
    with contextlib.suppress(InvalidUrl):
        parse_url(text, "https://example.com/")


def test_relative_urls_need_a_base() -> None:
    """With one they are resolved, without one they are refused."""
    assert parse_url("../b?c", "https://example.com/x/y/z") == "https://example.com/x/b?c"
    with pytest.raises(InvalidUrl):
        parse_url("../b?c")


def test_every_group_of_tracking_parameters_names_its_source() -> None:
    """A name without a source would be a guess."""
    groups = msgspec.toml.decode(resources.files("schedulers.urls").joinpath("tracking.toml").read_bytes())["group"]
    assert groups
    for group in groups:
        assert group["source"]
        assert len(set(group["names"])) == len(group["names"]) > 0
