"""The URL parser and the registrable domain."""

import ada_url
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetchers.errors import InvalidUrl
from fetchers.urls import UrlParts, parse, registrable_domain, split


def test_parse_gives_the_whatwg_serialisation() -> None:
    """Case, default port, dot segments, obfuscated addresses, punycode; nothing that is quoted is quoted again."""
    assert parse("HTTP://Example.COM:80/a/../b?x=|'%2F#f") == "http://example.com/b?x=|%27%2F#f"
    assert parse("http://0x7f.1/") == "http://127.0.0.1/"
    assert parse("https://☕.example") == "https://xn--53h.example/"
    assert parse("../x", "https://a.test/b/c") == "https://a.test/x"


def test_parse_replaces_lone_surrogates_and_joins_pairs() -> None:
    """The standard's input is a string of scalar values, and JSON may bring anything."""
    assert parse("http://a.test/\ud800") == "http://a.test/%EF%BF%BD"
    assert parse("http://a.test/\ud83d\ude00") == parse("http://a.test/😀")


@pytest.mark.parametrize(
    "text", ["", "nonsense", "http://", "http://a b/", "http://[::1", "http://1.2.3.4.5/", "\ud800"]
)
def test_parse_refuses_what_the_standard_refuses(text: str) -> None:
    """One error, with a message that a log can take."""
    with pytest.raises(InvalidUrl) as caught:
        parse(text)
    assert caught.value.code == "invalid_url"
    assert str(caught.value).isprintable()


def test_a_long_wrong_text_makes_a_short_message() -> None:
    """A megabyte of input does not become a megabyte of log."""
    with pytest.raises(InvalidUrl) as caught:
        parse("x" * 1_000_000)
    assert len(str(caught.value)) < 300


def test_split_gives_what_a_request_needs() -> None:
    """User, fragment and default port are left out, everything else stays as it is."""
    assert split("https://u:p@Example.com:444/a b?q=%7c|#f") == UrlParts(
        "https", "example.com", 444, "https://example.com:444", "example.com:444", "/a%20b?q=%7c|"
    )
    assert split("http://[2001:db8::1]:80") == UrlParts(
        "http", "[2001:db8::1]", 80, "http://[2001:db8::1]", "[2001:db8::1]", "/"
    )
    assert split("http://[::1]:8080/x").port == 8080
    assert split("http://a.test/?").target == "/?"


def test_split_takes_schemes_that_are_never_fetched() -> None:
    """The scheme gate names them; the parser does not raise for them."""
    assert split("mailto:a@b.test") == UrlParts("mailto", "", 0, "null", "", "a@b.test")
    assert split("ftp://a.test").port == 21
    assert split("data:text/html,//x").host == ""
    assert split("git://h.test?a/b") == UrlParts("git", "h.test", 0, "git://h.test", "h.test", "?a/b")


def test_split_refuses_what_is_no_url() -> None:
    """The same error as `parse`."""
    with pytest.raises(InvalidUrl):
        split("no url")


@given(st.from_regex(r"https?://[a-z@:/?#\[\].\\%0-9 é☕-]{1,40}", fullmatch=True))
def test_split_agrees_with_the_parser(text: str) -> None:
    """Slices of the serialisation are the parts that the parser itself gives."""
    try:
        parts = split(text)
    except InvalidUrl:
        return
    url = ada_url.URL(text)
    assert (parts.host, parts.authority, parts.origin) == (url.hostname, url.host, url.origin)
    assert parts.scheme + ":" == url.protocol
    assert parts.port == int(url.port or {"http": 80, "https": 443}[parts.scheme])
    # `?` with nothing behind it belongs to the target, and `search` does not show it.
    assert parts.target.removesuffix("?") == (url.pathname + url.search).removesuffix("?")


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("www.example.com", "example.com"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("alice.github.io", "alice.github.io"),
        ("x.alice.github.io", "alice.github.io"),
        ("github.io", "github.io"),
        ("co.uk", "co.uk"),
        ("localhost", "localhost"),
        ("site.test", "site.test"),
        ("www.site.test", "site.test"),
        ("www.ck", "www.ck"),
        ("a.b.c.ck", "b.c.ck"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]", "[::1]"),
        ("2001:DB8::1", "2001:db8::1"),
        ("www.xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("", ""),
        (".", ""),
    ],
)
def test_the_registrable_domain_is_by_the_public_suffix_list(host: str, domain: str) -> None:
    """The public suffix list decides; addresses, suffixes and single labels stand for themselves."""
    assert registrable_domain(host) == domain


def test_no_spelling_of_a_name_makes_another_domain() -> None:
    """Case, a trailing dot and empty labels would otherwise buy a rate limit of one's own."""
    spellings = ["www.example.com", "WWW.Example.COM", "www.example.com.", "x..example.com", "example.com.."]
    assert {registrable_domain(host) for host in spellings} == {"example.com"}


def test_every_host_has_a_domain_that_is_a_part_of_it() -> None:
    """Even a host of nothing but dots and digits."""
    for host in ["...", "1.2.3.4", "a.1", "xn--", "*", "-.-"]:
        assert registrable_domain(host) in host
