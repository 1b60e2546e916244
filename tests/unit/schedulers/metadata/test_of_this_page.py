"""JSON-LD, canonical claims, walls and pictures count only where they are of this page."""

import json
from typing import Any

import pytest

from schedulers.metadata import Metadata, extract_metadata

URL = "https://heron.example/rivers/wait?utm_source=chat#comments"
WORDS = "<p>" + "word " * 30 + "</p>"


def page(head: str, body: str = "<p>Text.</p>", url: str = URL, status: int = 200) -> Metadata:
    source = f'<!doctype html><html lang="en"><head><meta charset="utf-8">{head}</head><body>{body}</body></html>'
    return extract_metadata(source.encode(), url=url, content_type="text/html; charset=utf-8", status_code=status)


def json_ld(*nodes: dict[str, Any]) -> str:
    return f'<script type="application/ld+json">{json.dumps(list(nodes))}</script>'


def story(headline: str, **more: object) -> dict[str, Any]:
    return {"@type": "NewsArticle", "headline": headline, "author": {"name": "Ann Otter"}, **more}


@pytest.mark.parametrize(
    "named",
    [
        {"url": "https://heron.example/rivers/wait"},
        {"url": "http://heron.example/rivers/wait/"},
        {"mainEntityOfPage": {"@type": "WebPage", "@id": "https://heron.example/rivers/wait"}},
        {"mainEntityOfPage": "/rivers/wait"},
        {"@id": "https://heron.example/rivers/wait#article"},
    ],
)
def test_of_several_articles_the_one_that_names_this_page_is_its_own(named: dict[str, Any]) -> None:
    """Whatever the spelling of its address: scheme, slash, fragment, tracking parameters."""
    other = story("Otters at play", url="https://heron.example/otters")
    assert page(json_ld(other, story("Why herons wait", **named))).title == "Why herons wait"


def test_the_canonical_address_and_the_shared_one_are_this_pages_too() -> None:
    """A page is fetched by many addresses."""
    own = json_ld(story("Otters"), story("Why herons wait", url="https://heron.example/wait"))
    for head in (
        '<link rel="canonical" href="https://heron.example/wait">',
        '<meta property="og:url" content="https://heron.example/wait">',
    ):
        assert page(head + own, url="https://heron.example/?p=7").title == "Why herons wait"


@pytest.mark.parametrize(
    "nodes",
    [
        [story("Otters at play", url="https://heron.example/otters")],
        [story("Otters at play"), story("Fish are quick")],  # a list; neither says which page it is of
        [{"@type": "ImageObject", "name": "IMG_1.JPG", "author": "Agency"}],
        [{"@type": "Review", "name": "Great!", "author": {"name": "Bob Buyer"}}],
    ],
)
def test_nodes_of_other_pages_and_parts_of_this_one_give_nothing(nodes: list[dict[str, Any]]) -> None:
    """Neither title, author nor description."""
    found = page("<title>Why herons wait</title>" + json_ld(*nodes))
    assert found.title == "Why herons wait"
    assert found.author is None


@pytest.mark.parametrize(
    "script",
    [
        '// data of the article\n{"@type":"Article","headline":"Why herons wait"}',
        '/* data {of} it */ {"@type":"Article","headline":"Why herons wait"}',
        '<!-- data -->{"@type":"Article","headline":"Why herons wait"}',
        '//<![CDATA[\n{"@type":"Article","headline":"Why herons wait"}\n//]]>',
        '\ufeff{"@type":"Article","headline":"Why herons wait"}',
        r"""{"@type":"Article","headline":"Why herons \x77ait"}""",
        r"""{"@type":"Article","headline":"Why herons w\ait"}""",
        '{"@type":"Article","headline":"Why herons wait",}',
    ],
)
def test_json_ld_is_read_as_templates_write_it(script: str) -> None:
    """Comments before the JSON, JavaScript's escapes, a comma too many."""
    assert page(f'<script type="application/ld+json">{script}</script><title>x</title>').title == "Why herons wait"


@pytest.mark.parametrize(
    "claim",
    [
        "https://heron.example/",
        "https://heron.example/en/",
        "https://heron.example/rivers/",
        "https://heron.example/https://heron.example/rivers/wait",
        "https://heron.example/rivers/wait%3Fid=8",
    ],
)
def test_a_canonical_claim_that_leads_to_a_list_or_nowhere_is_not_believed(claim: str) -> None:
    """Templates slip: home pages, languages' home pages, folders, an address written twice or escaped."""
    assert page(f'<link rel="canonical" href="{claim}">').canonical_url is None


@pytest.mark.parametrize(
    ("title", "shared", "kind"),
    [
        ("Robot check: can herons pass it? | Heron", "Robot check", "article"),
        ("404 - a song", "404", "music.song"),
        ("Coming soon", "The herons come soon", "video.movie"),
    ],
)
def test_a_page_that_describes_itself_is_no_wall(title: str, shared: str, kind: str) -> None:
    """Whatever the first words of its title."""
    facts = {"og:title": shared, "og:type": kind, "og:image": "/heron.jpg"}
    head = "".join(f'<meta property="{name}" content="{value}">' for name, value in facts.items())
    assert page(f"<title>{title}</title>{head}", WORDS).interstitial is None


@pytest.mark.parametrize(
    ("source", "url", "status"),
    [
        ("<title>Heron - Page not found</title><h1>Oops</h1>", URL, 200),
        ("<title>Heron | 404</title>", URL, 200),
        ("<title>Heron - Are you a robot?</title><p>Unusual activity.</p>", URL, 403),
        ('<title>Bevor Sie fortfahren</title><form action="https://consent.youtube.com/save">', URL, 200),
        ("<title>Blocked</title><p>whoa there, pardner!</p>", "https://www.reddit.com/r/herons/", 403),
    ],
)
def test_a_wall_may_name_its_site_first(source: str, url: str, status: int) -> None:
    """In any language, where its form gives it away."""
    assert extract_metadata(source.encode(), url=url, content_type="text/html", status_code=status).interstitial


def test_an_application_that_asks_for_javascript_is_no_wall() -> None:
    """Its head is all that a reader without scripts gets, and it is enough."""
    assert (
        page("<title>Heron</title>", "<noscript>You need to enable JavaScript to run this app.</noscript>").interstitial
        is None
    )


@pytest.mark.parametrize(
    "first", ["/logo.svg", "/logo.svg?v=2", "https://heron.example/", "https://heron.example/rivers/wait", "${image}"]
)
def test_a_picture_that_cannot_be_one_is_passed_over(first: str) -> None:
    """Vectors, a site's first page, the page itself, an unfilled template: the next candidate is taken."""
    head = f'<meta property="og:image" content="{first}"><meta name="twitter:image" content="/heron.jpg">'
    found = page(head).image
    assert found is not None
    assert found.url == "https://heron.example/heron.jpg"


def test_addresses_that_were_escaped_twice_are_decoded() -> None:
    """A signed address answers 401 otherwise."""
    found = page('<meta property="og:image" content="https://cdn.example/h.jpg?a=1&amp;amp;s=2">').image
    assert found is not None
    assert found.url == "https://cdn.example/h.jpg?a=1&s=2"


@pytest.mark.parametrize(
    ("byline", "author"),
    [
        ("By Ann Otter | March 3, 2024", "Ann Otter"),
        ("Ann Otter • 5 min read", "Ann Otter"),
        ("Updated 12 June 2024", None),
        ("Ann Otter, 12 June 2024 at 10:30", "Ann Otter"),
    ],
)
def test_a_byline_loses_its_date(byline: str, author: str | None) -> None:
    """A date is no author."""
    assert (
        page("<title>x</title>", f'<article><div class="byline">{byline}</div><p>Text.</p></article>').author == author
    )


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("Tue, 07/11/2023 - 17:57", "2023-07-11T17:57"),
        ("07/14/2023 10:30 PM", "2023-07-14T22:30"),
        ("14.07.2023, 10:30 Uhr", "2023-07-14T10:30"),
        ("14 июля 2023", "2023-07-14"),
        ("14 lipca 2023", "2023-07-14"),
        ("14 Temmuz 2023", "2023-07-14"),
        ("2023년 7월 14일", "2023-07-14"),
        ("2023-07-14T10:30:00-5:00", "2023-07-14T10:30:00-05:00"),
        ("2023-07-14T10:30:00+00:00Z", "2023-07-14T10:30:00Z"),
        ("1970-01-01T00:00:00Z", None),
        ("03/04/2023", None),
    ],
)
def test_dates_as_sites_write_them(written: str, iso: str | None) -> None:
    """Never one that can be read in two ways."""
    assert page(f'<meta property="article:published_time" content="{written}">').published_at == iso


def test_one_broken_byte_leaves_a_page_utf_8() -> None:
    """Of a character that was cut in two the rest stays readable; a page of another encoding is still told."""
    broken = '<meta charset="utf-8"><title>Reiher am Fluß</title><p>H'.encode() + b"\xc3" + b"her</p>"
    found = extract_metadata(broken, url=URL, content_type="text/html; charset=utf-8")
    assert (found.title, found.encoding) == ("Reiher am Fluß", "UTF-8")
    latin = '<meta charset="utf-8"><title>Reiher am Fluß</title><p>Höher, größer</p>'.encode("windows-1252")
    assert extract_metadata(latin, url=URL, content_type="text/html").title == "Reiher am Fluß"


def test_xhtml_closes_its_empty_elements() -> None:
    """`<script/>` and `<title/>` are whole elements there."""
    head = b'<head><title/><script src="x.js"/><meta name="description" content="Waiting"/></head>'
    source = b'<?xml version="1.0"?><html>' + head + b"<body><h1>Herons</h1></body></html>"
    found = extract_metadata(source, url=URL, content_type="application/xhtml+xml")
    assert (found.title, found.description) == ("Herons", "Waiting")
