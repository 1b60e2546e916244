"""Nobody may claim another's page; the strictest word about showing it holds."""

import pytest

from schedulers.metadata import Robots, extract_metadata

URL = "https://news.example.co.uk/2026/a?utm_source=x"


def canonical_of(head: str, url: str = URL, **answer: object) -> str | None:
    return extract_metadata(head.encode(), url=url, content_type="text/html", **answer).canonical_url  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("href", "canonical"),
    [
        ("/2026/a", "https://news.example.co.uk/2026/a"),
        ("https://www.example.co.uk/2026/a#top", "https://www.example.co.uk/2026/a"),
        ("https://other.co.uk/2026/a", None),
        ("https://evil.example/", None),
        ("https://example.co.uk/", None),
        ("/", None),
        ("#", None),
        ("undefined", None),
        ("{{url}}", None),
        ("javascript:void(0)", None),
        ("ftp://news.example.co.uk/x", None),
    ],
)
def test_a_canonical_url_counts_only_on_the_pages_own_site(href: str, canonical: str | None) -> None:
    """Same registrable domain, no junk, and never the home page of a deep link."""
    assert canonical_of(f'<link rel="canonical" href="{href}">') == canonical


def test_a_refused_canonical_leaves_the_next_rule_its_turn() -> None:
    """`og:url` is asked where the link is worthless; the header where there is no link."""
    head = '<link rel="canonical" href="/"><meta property="og:url" content="/2026/a">'
    assert canonical_of(head) == "https://news.example.co.uk/2026/a"
    assert canonical_of("", headers=[("Link", '</b>; rel="canonical"')]) == "https://news.example.co.uk/b"


def test_a_home_page_may_name_itself() -> None:
    """The rule is about deep links."""
    assert canonical_of('<link rel="canonical" href="/">', "https://example.com/") == "https://example.com/"


def robots_of(head: str, **answer: object) -> Robots | None:
    return extract_metadata(head.encode(), url=URL, content_type="text/html", **answer).robots  # type: ignore[arg-type]


def test_directives_of_page_and_header_are_joined_and_the_strictest_holds() -> None:
    """A limit is the smaller one, a preview the lesser."""
    found = robots_of(
        '<meta name="robots" content="NOINDEX, max-snippet:50, max-image-preview:large">',
        headers={"X-Robots-Tag": "nosnippet, max-snippet:20, max-image-preview:none, noimageindex"},
    )
    assert found == Robots(noindex=True, nosnippet=True, noimageindex=True, max_snippet=20, max_image_preview="none")


def test_directives_for_another_crawler_do_not_hold() -> None:
    """A header may name whom it means."""
    assert robots_of("", headers=[("x-robots-tag", "googlebot: noindex")]) is None
    assert robots_of("", headers=[("x-robots-tag", "spiderduck: noindex")]) == Robots(noindex=True)


def test_none_means_two_directives_and_a_date_may_hold_commas() -> None:
    """As documented for `none` and `unavailable_after`."""
    assert robots_of('<meta name="robots" content="none">') == Robots(noindex=True, nofollow=True)
    found = robots_of("", headers=[("x-robots-tag", "unavailable_after: Fri, 13 Jan 2017 00:00:04 GMT")])
    assert found == Robots(unavailable_after="2017-01-13T00:00:04Z")


def test_a_page_that_allows_everything_has_no_directives() -> None:
    """`index, follow` and unlimited previews restrict nothing."""
    assert robots_of('<meta name="robots" content="index, follow, max-snippet:-1">') is None


def test_a_link_header_keeps_the_bytes_of_its_url() -> None:
    """UTF-8 as it stands, once encoded; what is no UTF-8 keeps its bytes."""
    for raw, canonical in (("/grün", "/gr%C3%BCn"), (b"/gr\xfcn", "/gr%FCn"), (b"/%c3%bc", "/%c3%bc")):
        target = raw.encode() if isinstance(raw, str) else raw
        header = (b"<" + target + b'>; rel="canonical"').decode("latin-1")
        found = extract_metadata(b"<title>x</title>", url="http://a.test/x", headers=[("link", header)])
        assert found.canonical_url == f"http://a.test{canonical}"
