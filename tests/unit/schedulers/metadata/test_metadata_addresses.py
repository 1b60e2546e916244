"""Addresses that skip the parser come out as the parser would write them."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fetchers import urls
from schedulers.metadata.addresses import absolute

BASES = (
    "https://www.news.example/2026/a?b#c",
    "http://host.test:8080/",
    "https://xn--bcher-kva.example",
    "https://me:word@h.test/x",
)
PIECES = st.sampled_from(
    "a b co uk com example xn-- 0x1 127 . .. ./ / // ? # % %2e %41 : @ - _ ~ ' ( ! [ | ^ { \\ * & = A Z é".split()  # noqa: SIM905
)
STARTS = st.sampled_from(["", "/", "http://", "https://", "https://example.com", "https://www.example.com/", "//"])


@given(STARTS, st.lists(PIECES, max_size=8), st.sampled_from(BASES))
@settings(max_examples=500, deadline=None)
@example("https://example.com", ["/", ".", "/", "a"], BASES[0])
@example("https://example", [".", "xn--", "a", "/"], BASES[0])
@example("https://a.", ["0x1", "/"], BASES[0])
@example("/", ["/", "example", ".", "com"], BASES[0])
@example("/", ["a", "/", "%2e", "%2e"], BASES[1])
def test_what_skips_the_parser_is_what_it_would_have_given(start: str, pieces: list[str], base: str) -> None:
    """The short way is taken only where both ways lead to the same address."""
    value = start + "".join(pieces)
    found = absolute(value, base)
    if found is not None:
        assert found == urls.without_user(urls.parse(value, base))


@pytest.mark.parametrize("value", ["/a.png", "/wp-content/uploads/a-1.jpg?w=1200&h=630", "/a/b/"])
def test_a_plain_path_is_on_the_host_of_its_base(value: str) -> None:
    """Port and host come from the base, its path and query do not."""
    assert absolute(value, "https://www.news.example:81/x/y?z") == f"https://www.news.example:81{value}"


@pytest.mark.parametrize(
    "value", ["", "#", " null ", "javascript:alert(1)", "data:image/png;base64,AA", "{{ url }}", "<a>"]
)
def test_what_is_no_address_is_none(value: str) -> None:
    """Template slips and other schemes do not become pages of the site."""
    assert absolute(value, BASES[0]) is None
