"""Microdata and RDFa: the properties of the page's item, not of what lies in it."""

import pytest

from schedulers.metadata import Metadata, extract_metadata

URL = "https://news.example/2026/a"

RDFA = """<div vocab="http://schema.org/" typeof="NewsArticle" resource="#a">
<h1 property="headline">A fox jumps over a dog</h1>
<div property="publisher" typeof="Organization"><span property="name">The Daily</span></div>
By <div property="author" typeof="Person"><b property="name">Jane Doe</b>, <b property="jobTitle">fox</b></div>
<time property="datePublished" datetime="2026-05-04T03:02:01Z">4 May</time>
<p property="description">What the fox did next is told here.</p>
<figure><img property="image" src="/fox.jpg" width="800"></figure></div>"""

MICRODATA = """<div itemscope itemtype="https://schema.org/NewsArticle">
<h1 itemprop="headline">A fox jumps over a dog</h1>
<div itemprop="publisher" itemscope itemtype="https://schema.org/Organization"><b itemprop="name">The Daily</b></div>
By <div itemprop="author" itemscope itemtype="https://schema.org/Person"><b itemprop="name">Jane Doe</b>, fox</div>
<time itemprop="datePublished" datetime="2026-05-04T03:02:01Z">4 May</time>
<meta itemprop="description" content="What the fox did next is told here.">
<img itemprop="image" src="/fox.jpg"></div>"""

# As Drupal 7 writes it.
DRUPAL = """<div about="/a" typeof="sioc:Item foaf:Document">
<span property="dc:title" content="A fox jumps over a dog"></span>
<span property="dc:date dc:created" content="2026-05-04T03:02:01+00:00" datatype="xsd:dateTime" rel="sioc:has_creator">
by <span typeof="sioc:UserAccount" property="foaf:name">jane</span></span></div>"""


def page(html: str) -> Metadata:
    return extract_metadata(f"<body>{html}".encode(), url=URL, content_type="text/html; charset=utf-8")


@pytest.mark.parametrize(("html", "syntax"), [(RDFA, "rdfa"), (MICRODATA, "microdata")])
def test_an_item_gives_what_the_head_did_not(html: str, syntax: str) -> None:
    """Both ways of writing it say the same, and the publisher's name is not the author's."""
    found = page(html)
    assert found.title == "A fox jumps over a dog"
    assert found.author == "Jane Doe"
    assert found.published_at == "2026-05-04T03:02:01Z"
    assert found.description == "What the fox did next is told here."
    assert found.image is not None
    assert found.image.url == "https://news.example/fox.jpg"
    assert {found.provenance[field].rule for field in ("title", "author", "published_at", "description", "image")} == {
        f"{syntax}:headline",
        f"{syntax}:author",
        f"{syntax}:datePublished",
        f"{syntax}:description",
        "microdata:image" if syntax == "microdata" else "article-picture",
    }


def test_dublin_core_in_rdfa_is_read_in_the_words_of_schema_org() -> None:
    """A content system that millions of pages came from writes it so."""
    found = page(DRUPAL)
    assert found.title == "A fox jumps over a dog"
    assert found.provenance["title"].rule == "rdfa:headline"
    assert found.published_at == "2026-05-04T03:02:01+00:00"


def test_what_another_item_says_is_not_the_pages() -> None:
    """A related article's headline, a comment's author, another vocabulary's title."""
    html = (
        '<div typeof="WebPage"><div property="mainEntity" typeof="Person"><b property="author">Not me</b></div></div>'
        '<div typeof="Comment"><b property="author">A reader</b></div><b property="og:headline">No</b>'
    )
    assert page(html).author is None
    assert page(html).title is None
