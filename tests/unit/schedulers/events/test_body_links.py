"""`schedulers.events.body_links`: links from markup, in bounded time."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedulers.events.body_links import links_in_html, links_in_markdown, links_in_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[label](https://a.example/b_(c)_d) rest", ["https://a.example/b_(c)_d"]),
        ("[label](<https://a.example/b c> 'title')", ["https://a.example/b c"]),
        ('[![badge](https://p.example/x.png)](https://a.example/ "title")', ["https://a.example/"]),
        ("![picture](https://p.example/x.png)", []),
        ("[example.com](https://a.example/) and example.org", ["https://a.example/", "http://example.org"]),
        ("[relative](/a) [mail](mailto:me@example.com) [script](javascript:alert(1))", []),
        (
            "see [1].\n\n[1]: https://a.example/\n [two]: <https://b.example/> 'x'",
            ["https://a.example/", "https://b.example/"],
        ),
        ("<https://a.example/日本>", ["https://a.example/日本"]),
        ("[not a link] (https://example.com/a)", ["https://example.com/a"]),
        ("see <https://a.example/x|the page, b.com> now", ["https://a.example/x"]),
    ],
)
def test_links_are_found_in_markdown(text: str, expected: list[str]) -> None:
    """A label is not searched, a picture is no link, and what stands bare is found as in any text."""
    assert links_in_markdown(text) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<a href=" https://a.example/?x=1&amp;y=2 ">x</a>', ["https://a.example/?x=1&y=2"]),
        ('<A HREF="HTTPS://a.example/">x</A><a name="b">y</a>', ["HTTPS://a.example/"]),
        ('<a href="/relative">x</a><a href="mailto:me@example.com">y</a><a href="https://">z</a>', []),
        ("<p>see&nbsp;https://example.com/a<br>example.org</p>", ["https://example.com/a", "http://example.org"]),
        (
            '<p>https://a.com/ <a href="https://b.com/">c.com</a> d.com https://e.com</p>',
            ["https://a.com/", "https://b.com/", "https://e.com"],
        ),
        ("<p>[c.com](https://a.com/)<br><https://b.com/></p>", ["https://a.com/", "https://b.com/"]),
        ("<p>0</p><script>x='https://a.com/'</script><style>@import 'https://b.com'</style>", []),
        (
            '<svg><a href="https://a.com/"><a href="https://b.com/">x</a></a></svg> http://c.com',
            ["https://a.com/", "http://c.com"],
        ),
        ("<p>1 &#0; &#xE000; \0 2 a.com</p>", ["http://a.com"]),
        ("", []),
    ],
)
def test_links_are_found_in_html(html: str, expected: list[str]) -> None:
    """Absolute web links of anchors, with the URLs between them; without any anchor all that a text yields."""
    assert links_in_html(html) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 < 2 and https://example.com/a > b", ["https://example.com/a"]),
        ("if a<b.com and c>d", ["http://b.com"]),
        ("HTTPS://Example.com/A", ["HTTPS://Example.com/A"]),
    ],
)
def test_plain_text_is_not_taken_for_markup(text: str, expected: list[str]) -> None:
    """An angle bracket alone makes no HTML."""
    assert links_in_text(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "<div>" * 40_000,
        "[" * 200_000 + "](",
        "[x](" * 50_000,
        '[x](a "' * 30_000,
        "<a " + "x=y " * 50_000 + ">",
        "<http" * 40_000,
        "<p>" + "<https://a|" * 20_000,
        "<a href='https://a.example/'>b.com</a> c " * 10_000,
    ],
    ids=["nested tags", "brackets", "targets", "titles", "attributes", "autolinks", "labels", "anchors"],
)
def test_hostile_markup_costs_little(text: str) -> None:
    """CPU time; what grows with the square of the length took seconds here."""
    start = time.process_time()
    links_in_text(text)
    assert time.process_time() - start < 1.0


LINK = "<a href='https://a.com/'>"
MARKUP = [LINK, "</a>", "<p>", "</p>", "<svg>", "<table>", "<title>", "<plaintext>", "<!--", "-->", "&#0;", "\0", "1"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(MARKUP) | st.text(max_size=5), max_size=30).map("".join))
def test_no_markup_raises_anything(html: str) -> None:
    """Tags in any order, cut or nested where they must not be; and what is found is a web URL."""
    assert all(url.lower().startswith(("http://", "https://")) for url in links_in_html(html))
