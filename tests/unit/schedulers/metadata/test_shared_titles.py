"""What the publisher wrote for sharing is the title; another title may only shorten, complete or replace it."""

import msgspec
import pytest

from schedulers.metadata import Metadata, extract_metadata, title_explained

URL = "https://heron.example/rivers/why-herons-wait"


def page(head: str, body: str = "", url: str = URL) -> Metadata:
    source = f'<!doctype html><html lang="en"><head><meta charset="utf-8">{head}</head><body>{body}</body></html>'
    metadata = extract_metadata(source.encode(), url=url, content_type="text/html; charset=utf-8")
    assert "failure" not in metadata.provenance
    return metadata


def og(name: str, content: str) -> str:
    return f'<meta property="og:{name}" content="{content}">'


def article(headline: str, name: str = "") -> str:
    named = f', "name": "{name}"' if name else ""
    return f'<script type="application/ld+json">{{"@type": "Article", "headline": "{headline}"{named}}}</script>'


@pytest.mark.parametrize("headline", ["Patience pays, says bird", "why-herons-wait-v2-final", "The Heron"])
def test_a_headline_that_says_something_else_does_not_replace_the_shared_title(headline: str) -> None:
    """A slug, a tagline and another wording stay alternatives."""
    found = page(og("title", "Why herons wait") + article(headline))
    assert found.title == "Why herons wait"
    assert found.provenance["title"].rule == "og:title"
    assert headline in [one.value for one in found.provenance["title"].alternatives]


@pytest.mark.parametrize(
    ("shared", "head"),
    [
        ("Why herons wait | The Heron", og("site_name", "The Heron")),
        ("The Heron – Why herons wait", og("site_name", "The Heron")),
        ("Why herons wait - Heron", ""),  # the host spells it
        ("Why herons wait | Rivers", '<meta property="article:section" content="Rivers">'),
        ("Why herons wait | Héron", ""),  # the host has no accents
    ],
)
def test_a_shorter_title_takes_the_sites_name_or_its_section_off(shared: str, head: str) -> None:
    """What falls away is parted by a separator and is known."""
    assert page(og("title", shared) + head + article("Why herons wait")).title == "Why herons wait"


@pytest.mark.parametrize(
    "shared", ["Why herons wait | Part two", "Why herons wait: a study", "Why herons wait in rain"]
)
def test_what_names_neither_site_nor_section_stays(shared: str) -> None:
    """A part of the title is no site because a headline leaves it out."""
    assert page(og("title", shared) + article("Why herons wait")).title == shared


@pytest.mark.parametrize("cut", ["Why herons wait for hours …", "Why herons wait for hours..."])
def test_a_title_that_was_cut_is_completed(cut: str) -> None:
    """By the headline or by `<title>`, whichever begins with it."""
    whole = "Why herons wait for hours without a move"
    assert page(og("title", cut) + article(whole)).title == whole
    assert page(og("title", cut) + f"<title>{whole} | Heron</title>").title == whole


def test_a_cut_headline_does_not_win() -> None:
    """Plug-ins cut `headline` to 110 characters."""
    whole = "Why herons wait for hours without a move and what it tells anglers about the patience of fish today"
    assert page(og("title", whole) + article(whole[:100])).title == whole
    assert page(f"<title>{whole}</title>" + article(whole[:105])).title == whole


@pytest.mark.parametrize(
    "template",
    [
        "{{ post.title }}",
        "${headline}",
        "#{title}",
        "__PAGE_TITLE__",
        "%TITLE%",
        "<%= @title %>",
        "{{ title }} | The Heron",
        "The Heron - ${name}",
    ],
)
def test_an_unfilled_template_is_no_title(template: str) -> None:
    """The clean title beside it is the page's."""
    escaped = template.replace("<", "&lt;").replace(">", "&gt;")
    assert page(og("title", escaped) + "<title>Why herons wait</title>").title == "Why herons wait"


def test_a_title_may_speak_of_a_template() -> None:
    """Only a variable that stands alone between separators was left unfilled."""
    title = "How to print {{ post.title }} in Jekyll"
    assert page(og("title", title)).title == title


def test_the_sites_own_name_is_no_title_of_a_page_below_the_first() -> None:
    """On the first page it is."""
    head = og("title", "The Heron") + og("site_name", "The Heron") + "<title>Why herons wait</title>"
    assert page(head).title == "Why herons wait"
    assert page(head, url="https://heron.example/").title == "The Heron"


@pytest.mark.parametrize(
    ("name", "headline", "title"),
    [
        ("Heron", "family of wading birds", "Heron - Encyclopedia"),
        ("Reiher", "Familie der Schreitvögel", "Reiher – Enzyklopädie"),
        ("サギ", "サギ科の鳥の総称", "サギ - 百科事典"),
        ("Bank of the River", "a bank in the river", "Bank of the River - Encyclopedia"),
    ],
)
def test_a_name_that_the_title_repeats_wins_over_a_headline_that_describes(
    name: str, headline: str, title: str
) -> None:
    """Encyclopedias write the subject into `name`; with and without a title for sharing."""
    url = "https://encyclopedia.example/heron"
    site = og("site_name", title.rpartition(" ")[2])
    assert page(f"<title>{title}</title>" + article(headline, name), url=url).title == name
    assert page(og("title", title) + site + f"<title>{title}</title>" + article(headline, name), url=url).title == name


def test_a_headline_with_a_name_beside_it_stays() -> None:
    """`name` of one word is not the title because the title holds that word."""
    found = page("<title>Why herons wait | The Heron</title>" + article("Why herons wait", "herons"))
    assert found.title == "Why herons wait"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("The &lt;dialog&gt; element", "The <dialog> element"),
        ("Sorting a List&lt;Heron&gt; in Java", "Sorting a List<Heron> in Java"),
        ("What &lt;em&gt;emphasis&lt;/em&gt; means", "What <em>emphasis</em> means"),
        ("Herons <em>always</em> wait", "Herons always wait"),
        ("Herons &amp;#8217;wait&amp;#8217;", "Herons ’wait’"),
        ("GET /x?a=1&amp;copy=2&amp;reg=3", "GET /x?a=1&copy=2&reg=3"),
    ],
)
def test_what_was_escaped_in_the_source_is_text(written: str, shown: str) -> None:
    """Markup of the source is taken off; entities count a second time only with their semicolon."""
    found = page(og("title", written) + og("description", f"{written}, a description"))
    assert found.title == shown
    assert found.description == f"{shown}, a description"
    if "<em>a" not in written:
        assert page(f"<title>{written}</title>").title == shown


@pytest.mark.parametrize(
    "place", ["<svg><a><title>icon</title></a></svg>", "<svg><path><title>icon</title></path></svg>"]
)
def test_a_title_anywhere_inside_an_svg_is_not_the_pages(place: str) -> None:
    """Whatever element it is in."""
    source = f"<!doctype html><html><head></head><body>{place}<title>Why herons wait</title></body></html>".encode()
    assert extract_metadata(source, url=URL, content_type="text/html").title == "Why herons wait"


def test_a_subject_with_a_colon_is_no_site() -> None:
    """Where `<h1>` repeats both parts, the site's name is the subject."""
    head = og("site_name", "Heron") + "<title>Heron: a history</title>"
    assert page(head, "<h1>Heron: a history</h1>").title == "Heron: a history"


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (og("title", "Why herons wait"), "og:title is what the publisher wrote for sharing"),
        (
            og("title", "Why herons wait | Heron") + og("site_name", "Heron") + article("Why herons wait"),
            "json-ld:headline is og:title ('Why herons wait | Heron') without the part that names the site",
        ),
        (
            og("title", "Why herons wait for the …") + article("Why herons wait for the fish"),
            "og:title ('Why herons wait for the …') was cut: json-ld:headline begins with it and goes on.",
        ),
        (
            og("title", "{{ page.title }}") + '<meta name="twitter:title" content="Why herons wait">',
            "og:title ('{{ page.title }}') is the site's own name, a placeholder or a template",
        ),
        (
            og("title", "{{ page.title }}") + article("Why herons wait"),
            "og:title ('{{ page.title }}') is the site's own name, a placeholder or a template",
        ),
        ("<title>Why herons wait</title>", "There is no title for sharing and no headline: it is <title>"),
        (article("Why herons wait"), "There is no title for sharing: json-ld:headline is the first rule"),
        ("", "No rule offered a title."),
    ],
)
def test_the_decision_is_told_in_words(head: str, said: str) -> None:
    assert said in title_explained(page(head))


def test_every_value_says_where_it_comes_from() -> None:
    """The candidates for the picture stand with the picture, what robots directives say with the usage."""
    head = og("title", "Why herons wait") + og("image", "/a.jpg") + og("image", "/b.jpg") + og("locale", "en")
    head += '<meta name="robots" content="noarchive"><meta name="author" content="Ardea Grey"><title>A</title>'
    found = page(head, "<p>They wait.</p>")
    named = {name for name, value in msgspec.structs.asdict(found).items() if value not in (None, (), {})}
    assert named - set(found.provenance) == {"provenance", "robots", "other_images"}
    assert found.provenance["encoding"].rule == "header:content-type"
    assert found.provenance["usage"].rule == "meta:robots"
