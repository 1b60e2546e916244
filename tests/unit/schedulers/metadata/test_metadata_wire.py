"""The JSON of metadata: values and provenance apart, nothing that a page does not give."""

import json

from schedulers.metadata import decode_metadata, encode_metadata, encode_provenance, extract_metadata

PAGE = (
    b'<html lang="en"><title>A story | News</title><meta property="og:title" content="A story">'
    b'<meta property="og:image" content="https://cdn.example/a.jpg"><meta property="og:image:width" content="1200">'
)


def test_values_and_provenance_are_two_objects_without_empty_fields() -> None:
    """The shape that look-ups give to the world."""
    metadata = extract_metadata(PAGE, url="https://news.example/a", content_type="text/html")
    values = json.loads(encode_metadata(metadata))
    assert values["title"] == "A story"
    assert values["image"] == {"url": "https://cdn.example/a.jpg", "width": 1200}
    assert values["icon"] == {"url": "https://news.example/favicon.ico"}
    assert not values.keys() & {"provenance", "description", "authors", "interstitial"}
    provenance = json.loads(encode_provenance(metadata))
    assert provenance["title"] == {
        "rule": "og:title",
        "alternatives": [{"rule": "title", "value": "A story | News"}],
    }
    assert provenance["language"] == {"rule": "html:lang"}


def test_what_was_written_is_read_back() -> None:
    """The store keeps bytes and gives metadata."""
    metadata = extract_metadata(PAGE, url="https://news.example/a", content_type="text/html")
    assert decode_metadata(encode_metadata(metadata), encode_provenance(metadata)) == metadata


def test_what_the_losing_rules_offered_can_be_stored_too() -> None:
    """A lone surrogate or a bidi mark in an alternative is no reason to lose the page."""
    site = '<script type="application/ld+json">{"@type": "WebSite", "name": "a\\ud800\\u202eb", /**/}</script>'
    page = f'<meta property="og:site_name" content="News">{site}'.encode()
    metadata = extract_metadata(page, url="https://news.example/a", content_type="text/html")
    assert metadata.site_name == "News"
    assert json.loads(encode_provenance(metadata))["site_name"]["alternatives"][0]["value"] == "ab"


def test_headers_come_as_mapping_or_pairs_of_text_or_bytes() -> None:
    """Whatever the transport holds; names in any case."""
    forms = [{"X-Robots-Tag": "noindex"}, [("x-robots-tag", "noindex")], [(b"X-Robots-Tag", b"noindex")]]
    for headers in forms:
        robots = extract_metadata(b"x", url="https://news.example/a", headers=headers).robots  # type: ignore[arg-type]
        assert robots is not None
        assert robots.noindex


def test_the_content_type_may_come_among_the_headers() -> None:
    """An argument of its own is for those who have it apart."""
    metadata = extract_metadata(b"# Notes", url="https://news.example/a", headers={"Content-Type": "text/plain"})
    assert (metadata.type, metadata.title) == ("text", "Notes")
