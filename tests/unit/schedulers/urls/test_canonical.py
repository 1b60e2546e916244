"""`schedulers.urls.accepted_canonical`: which claims are believed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedulers.urls import accepted_canonical

PAGE = "https://www.example.co.uk/2026/article?id=7"


@pytest.mark.parametrize(
    ("claimed", "canonical"),
    [
        ("https://www.example.co.uk/article", "https://www.example.co.uk/article"),
        ("http://example.co.uk/article#part", "http://example.co.uk/article"),
        ("/article", "https://www.example.co.uk/article"),
        ("//m.example.co.uk/article", "https://m.example.co.uk/article"),
        ("https://other.co.uk/article", None),
        ("https://example.co.uk.evil.com/article", None),
        ("https://www.example.co.uk@evil.com/", None),
        ("https://me@www.example.co.uk/article", None),
        ("https://www.example.co.uk/", None),
        ("https://www.example.co.uk/index.html", None),
        ("/?utm_source=feed", None),
        ("", None),
        ("#", None),
        ("null", None),
        ("undefined", None),
        ("{{ page.url }}", None),
        ("<link>", None),
        ("javascript:void(0)", None),
        ("ftp://www.example.co.uk/article", None),
        ("https://", None),
    ],
)
def test_claims_of_an_article(claimed: str, canonical: str | None) -> None:
    """Only its own site, only real addresses, and never the home page."""
    assert accepted_canonical(claimed, PAGE) == canonical


@pytest.mark.parametrize(
    "page", ["https://example.com/", "https://example.com/?utm_source=x", "https://example.com/index.php"]
)
def test_a_home_page_may_be_the_home_page(page: str) -> None:
    """However it was reached."""
    assert accepted_canonical("https://example.com/", page) == "https://example.com/"


def test_a_query_makes_a_deep_link() -> None:
    """`/?p=123` is an article of many blogs, and not the home page."""
    assert accepted_canonical("/", "https://example.com/?p=123") is None


def test_neighbours_on_a_shared_host_are_strangers() -> None:
    """By the private part of the public suffix list; an address is its own site."""
    assert accepted_canonical("https://b.github.io/x", "https://a.github.io/y") is None
    assert accepted_canonical("http://127.0.0.2/x", "http://127.0.0.1/y") is None
    assert accepted_canonical("http://127.0.0.1/x", "http://127.0.0.1/y") == "http://127.0.0.1/x"


@settings(deadline=None)
@given(st.text(), st.text() | st.just(PAGE))
def test_no_claim_raises(claimed: str, page: str) -> None:
    """And what is accepted is a web URL."""
    found = accepted_canonical(claimed, page)
    assert found is None or found.startswith(("http://", "https://"))
