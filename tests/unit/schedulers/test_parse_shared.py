"""What people type and share is a URL also without its scheme."""

import pytest

from schedulers.errors import InvalidUrl
from schedulers.urls import parse_shared


@pytest.mark.parametrize(
    ("shared", "url"),
    [
        ("example.com", "http://example.com/"),
        ("Example.com/A?b=c#d", "http://example.com/A?b=c#d"),
        ("  news.test:8080/x ", "http://news.test:8080/x"),
        ("localhost:8080/x", "http://localhost:8080/x"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080/"),
        ("bücher.example?q", "http://xn--bcher-kva.example/?q"),
        ("https://example.com/a.b", "https://example.com/a.b"),
        ("HTTP://EXAMPLE.com", "http://example.com/"),
        ("mailto:a@b.example", "mailto:a@b.example"),
        ("javascript:alert(1.5)", "javascript:alert(1.5)"),
        ("data:text/plain,a.b", "data:text/plain,a.b"),
    ],
)
def test_a_host_without_a_scheme_gets_http(shared: str, url: str) -> None:
    assert parse_shared(shared) == url


@pytest.mark.parametrize("text", ["", "no url", "/path/a.html", "./a.b", "word", "?a.b", "example.com:99999999"])
def test_what_names_no_host_is_no_url(text: str) -> None:
    try:
        found = parse_shared(text)
    except InvalidUrl:
        return
    assert not found.startswith("http")
