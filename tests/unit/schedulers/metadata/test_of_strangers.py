"""Families of slips that pages on the open web make, each read as a person would read it."""

import json
from typing import Any

import pytest

from schedulers.metadata import Image, Metadata, extract_metadata

URL = "https://www.reed.example/news/how-otters-sleep"
TITLE = "How otters sleep"
SITE = '<meta property="og:site_name" content="Reed Herald">'
NAMED = f"<title>{TITLE} | Reed Herald</title>{SITE}"


def page(head: str, body: str = "<p>Text.</p>", url: str = URL, **answer: Any) -> Metadata:
    source = f'<!doctype html><html lang="en"><head><meta charset="utf-8">{head}</head><body>{body}</body></html>'
    found = extract_metadata(source.encode(), url=url, content_type="text/html; charset=utf-8", **answer)
    assert "failure" not in found.provenance
    return found


def og(name: str, content: str) -> str:
    return '<meta property="og:{}" content="{}">'.format(name, content.replace('"', "&quot;").replace("<", "&lt;"))


def json_ld(data: object) -> str:
    return f'<script type="application/ld+json">{data if isinstance(data, str) else json.dumps(data)}</script>'


def article(headline: str = TITLE, **more: object) -> dict[str, Any]:
    return {"@type": "NewsArticle", "headline": headline, **more}


# --- titles -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "placeholder",
    [
        *(
            "Home",
            "Untitled Document",
            "Page title",
            "React App",
            "Loading…",
            "[title]",
            "{$title}",
            "#title#",
            "og:title",
        ),
        *("%%title%% %%sep%% %%sitename%%", "{{{title}}}", '{{ "title" | translate }}', "<?php echo $title; ?>", "%s"),
        *("@ViewBag.Title", "null | Reed Herald", "undefined - Reed Herald", "|", "Reed Herald", "The Reed Herald"),
        *("reed.example", "ReedHerald.com"),
    ],
)
def test_what_no_person_wrote_as_the_title_is_replaced(placeholder: str) -> None:
    """Words of site builders, variables of templates, the site's own name."""
    assert page(og("title", placeholder) + NAMED).title == TITLE


@pytest.mark.parametrize("name", ["Home alone", "Null Island", "Undefined behaviour in C", "Document of the week"])
def test_a_title_may_begin_with_such_a_word(name: str) -> None:
    assert page(og("title", name) + NAMED).title == name


def test_a_page_may_be_called_home_where_it_says_so_twice() -> None:
    assert page(og("title", "Index") + "<title>Index | Reference</title>").title == "Index"
    assert page("<title>Home</title>", "<p>Nothing else.</p>").title == "Home"


@pytest.mark.parametrize(
    "head",
    [
        '<meta name="application-name" content="Reed Herald">',
        json_ld(article(publisher={"@type": "Organization", "name": "Reed Herald"})),
        SITE + '<meta name="twitter:title" content="How otters sleep">',
    ],
)
def test_the_sites_name_is_known_from_every_certain_source(head: str) -> None:
    found = page(og("title", "Reed Herald") + "<title>Reed Herald</title>" + head, f"<h1>{TITLE}</h1>")
    assert found.title == TITLE


@pytest.mark.parametrize(
    "shared",
    [
        *("How otters sleep｜Reed Herald", "How otters sleep—Reed Herald", "How otters sleep- Reed Herald"),
        *("Reed Herald: How otters sleep", "How otters sleep | The Reed Herald", "How otters sleep - ReedHerald.com"),
        *("How otters sleep | Reed Herald, the daily", "How Otters Sleep | Reed Herald"),
    ],
)
def test_the_sites_name_is_taken_off_however_it_is_joined(shared: str) -> None:
    """What is left is as the publisher spells it."""
    found = page(og("title", shared) + SITE + json_ld(article())).title
    assert found is not None
    assert found.lower() == TITLE.lower()
    assert found in shared


def test_titles_without_spaces_are_parted_too() -> None:
    assert page('<title>水獺怎麼睡_蘆葦報</title><meta property="og:site_name" content="蘆葦報">').title == "水獺怎麼睡"


@pytest.mark.parametrize("site", ["Википедия", "Wikipedia, la enciclopedia libre", "위키백과, 우리 모두의 백과사전"])
def test_an_encyclopedia_is_known_by_its_name_in_every_language(site: str) -> None:
    data = json_ld({"@type": "Article", "name": "Lutra", "headline": "a family"})
    url = "https://xx.wikipedia.org/wiki/Lutra"
    assert page(og("title", f"Lutra — {site}") + f"<title>Lutra — {site}</title>", data, url).title == "Lutra"


@pytest.mark.parametrize("cut", ["How otters […]", "How otters [...]", "How otters… | Reed Herald"])
def test_a_cut_title_is_completed_by_any_whole_one(cut: str) -> None:
    assert page(og("title", cut) + SITE, f"<h1>{TITLE}</h1>").title == TITLE
    assert page(og("title", cut) + SITE + json_ld(article())).title == TITLE


def test_a_title_that_ends_in_dots_is_not_cut() -> None:
    head = og("title", "Waiting for otters…") + "<title>Waiting for otters | Reed Herald</title>" + SITE
    assert page(head).title == "Waiting for otters…"


def test_only_markup_is_taken_off() -> None:
    assert page("<title>Sorting a List<Otter> by weight</title>").title == "Sorting a List<Otter> by weight"
    assert page("<title>Otters <i>sleep</i></title>").title == "Otters sleep"


@pytest.mark.parametrize("key", ["how-otters-sleep", "REED_2026_11", "otters_sleep_v2"])
def test_a_key_of_the_publishers_system_is_no_headline(key: str) -> None:
    assert page(NAMED + json_ld(article(key))).title == TITLE


# --- JSON-LD ----------------------------------------------------------------------------------------------------------

ANN, BOB = {"@type": "Person", "name": "Ann"}, {"@type": "Person", "name": "Bob"}


@pytest.mark.parametrize(
    "own",
    [
        *({"mainEntityOfPage": [URL]}, {"url": {"@id": URL}}, {"url": [URL]}, {"@id": "/news/how-otters-sleep#a"}),
        *(
            {"url": "https://reed.example/news/how-otters-sleep"},
            {"url": "https://m.reed.example/news/how-otters-sleep"},
        ),
        *({"isPartOf": {"@id": URL}}, {"url": "http://localhost:3000/news/how-otters-sleep", "name": TITLE}),
    ],
)
def test_a_node_names_its_page_in_many_forms(own: dict[str, Any]) -> None:
    other = article("Another", author=BOB, url="https://www.reed.example/news/another")
    found = page(NAMED + json_ld([other, article("Otters asleep", author=ANN, **own)]))
    assert found.author == "Ann"


@pytest.mark.parametrize(
    "vague",
    [
        *({"mainEntityOfPage": {"@id": "https://www.reed.example/"}}, {"mainEntityOfPage": True}, {"@id": "12345"}),
        *(
            {"url": "https://staging.reed.example/news/how-otters-sleep"},
            {"@id": "urn:uuid:1"},
            {"mainEntityOfPage": "true"},
        ),
    ],
)
def test_a_template_that_names_no_page_contradicts_none(vague: dict[str, Any]) -> None:
    assert page(NAMED + json_ld(article("Otters asleep", author=ANN, **vague))).author == "Ann"


@pytest.mark.parametrize(
    ("node", "url"),
    [
        (article("Another", author=BOB, **{"@id": "https://www.reed.example/news/another#article"}), URL),
        (article("Another", author=BOB, isPartOf={"@id": "https://www.reed.example/ad"}), URL),
        (article("The latest post", author=BOB), "https://www.reed.example/"),
        ({"@type": "VideoObject", "name": "Clip 4", "author": BOB, "description": "clip"}, URL),
    ],
)
def test_a_node_of_something_else_gives_nothing(node: dict[str, Any], url: str) -> None:
    found = page(NAMED + json_ld(node), url=url)
    assert (found.title, found.author) == (TITLE, None)


def test_of_two_nodes_of_one_article_the_fuller_counts() -> None:
    assert page(NAMED + json_ld([article(), article(author=ANN)])).author == "Ann"


BEGUN = '{"@type":"NewsArticle","headline":"Otters asleep"'


@pytest.mark.parametrize(
    "block",
    [
        *(
            BEGUN + ',,"a":1}',
            "{," + BEGUN[1:] + "}",
            "window.data = " + BEGUN + "};",
            "var a=" + BEGUN + "}",
            BEGUN,
            BEGUN + ',"b":[1',
        ),
        *(
            BEGUN + ',"b":undefined}',
            BEGUN + ',"b":"\\u12"}',
            '{"@type":"NewsArticle","headline":"Otters\\u{20}asleep"}',
            "# a\n" + BEGUN + "}",
        ),
        *(
            "<br /><b>Warning</b>: x in y<br />" + BEGUN + "}",
            BEGUN.replace('"', "&#34;") + "}",
            '{"@type":"NewsArticle","headline":"Otters \\\nasleep"}',
        ),
    ],
)
def test_more_slips_of_templates_are_survived(block: str) -> None:
    assert page(NAMED + json_ld(block)).title == "Otters asleep"


# --- walls ------------------------------------------------------------------------------------------------------------

WORDS = "<p>" + "word " * 90 + "</p>"


@pytest.mark.parametrize(
    ("head", "body", "answer"),
    [
        ("<title>Un instant…</title>", "<script>window._cf_chl_opt={}</script>", {"status_code": 403}),
        ("<title>Access denied</title>", "<div id='cf-error-details'>Error 1020</div>", {"status_code": 403}),
        ("", "<script src='/TSPD/0a?type=10'></script>", {}),
        ("<title>Request Rejected</title>", "Your support ID is: 1", {}),
        ("<title>Vercel Security Checkpoint</title>", "", {"status_code": 429}),
        ("", "<form action='/checkcaptcha?key=x'>Вы не робот?</form>", {}),
        ("", "<script>window.rbzns={}</script>", {}),
        ("", "<script src='/.bunny-shield/assets/challenge.js'></script>", {"status_code": 403}),
        ("<title>Reed - Sign in</title>", "<input type=password>", {}),
        ("<title>Anmelden | Reed</title>", "<input type=password>", {}),
        ("<title>Reed</title>", "<input type=password>", {"url": "https://www.reed.example/login?next=/x"}),
        ("<title>404 Error Page | Reed</title>", "<h1>404</h1>", {}),
        ("<title>404: This page could not be found</title>", "", {}),
        ("<title>Oops! Page Not Found.</title>", "", {}),
        ("<title>Sidan hittades inte - Reed</title>", "", {}),
        (
            "<title>Page not found | Reed</title>"
            + og("title", "Page not found")
            + og("type", "article")
            + og("image", "/a.png"),
            "",
            {},
        ),
        ("", '<script>window.onload=function(){window.location.href="/lander"}</script>', {}),
    ],
)
def test_a_wall_is_seen_by_its_form(head: str, body: str, answer: dict[str, Any]) -> None:
    """In any language, and where a template fills the head of its error pages too."""
    assert page(head, body, **answer).interstitial


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("Security check at the airport takes hours", WORDS),
        ("Are you human? A quiz", WORDS),
        ("Cookie consent explained: what changes", WORDS),
        ("404 Not Found: what it means", WORDS),
        ("Reed Motors | 404", WORDS),
        ("Privacy settings - Help", WORDS),
        ("Sign in to vote: a history", "<form><input type=password></form>" + WORDS),
        ("Reed", "<noscript>This page requires JavaScript.</noscript><div id=app></div>"),
        ("Reed", "<noscript>Please enable JavaScript to continue using this application.</noscript>"),
        ("Reed shop", "<p>Hello</p><script>window._pxAppId='P'</script>"),
        ("Reed shop", "<p>Hello to you all</p><script src='/_Incapsula_Resource?SWJIYLWA=7'></script>"),
        ("Reed shop", "<p>Hello</p><script src='/cdn-cgi/challenge-platform/scripts/jsd/main.js'></script>"),
    ],
)
def test_a_page_is_no_wall_for_its_words_or_its_scripts(title: str, body: str) -> None:
    assert page(f"<title>{title}</title>", body).interstitial is None


# --- pictures ---------------------------------------------------------------------------------------------------------

GOOD = "https://cdn.reed.example/otter.png"


@pytest.mark.parametrize(
    "picture",
    [
        *(
            URL + "/",
            URL.replace("https", "http"),
            "https://www.reed.example/gallery/1.html",
            "%image%",
            "{image}",
            "0",
            "nan",
        ),
        *(
            "__OG_IMAGE__",
            "https://cdn.reed.example/undefined",
            "https://cdn.reed.example/%7B%7Bimage%7D%7D",
            "[[*image]]",
        ),
        *(
            "https://www.reed.example/https://cdn.reed.example/a.jpg",
            "https://www.facebook.com/tr?id=1",
            "http://localhost:3000/a.jpg",
        ),
        *(
            "https://www.reed.example/no-image.png",
            "https://stats.reed.example/piwik.php?idsite=1",
            "['https://cdn.reed.example/a.jpg']",
        ),
    ],
)
def test_what_is_no_picture_is_passed_over(picture: str) -> None:
    head = og("image", picture) + f'<meta name="twitter:image" content="{GOOD}">'
    assert (page(head).image or Image("")).url == GOOD


@pytest.mark.parametrize(
    "name", ["pixel-phone", "loading-dock", "ads-of-the-year", "spinner-dolphins", "transparent-otter", "sprite-can"]
)
def test_a_name_that_only_sounds_like_decoration_is_a_picture(name: str) -> None:
    url = f"https://cdn.reed.example/{name}.jpg"
    assert (page(og("image", url) + f'<meta name="twitter:image" content="{GOOD}">').image or Image("")).url == url


def test_a_picture_takes_its_text_from_whoever_gives_one() -> None:
    head = (
        og("image", GOOD)
        + f'<meta name="twitter:image" content="{GOOD}"><meta name="twitter:image:alt" content="An otter">'
    )
    assert (page(head).image or Image("")).alt == "An otter"
    assert (page(og("image", GOOD) + og("image:alt", "IMG_4432.JPG")).image or Image("")).alt is None


# --- authors, sites, canonical claims ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("byline", "author"),
    [
        ("Ann Lutra is Opinion Editor of the Herald.", "Ann Lutra"),
        ("Ann Lutra is a biologist", "Ann Lutra"),
        ("Ann Lutra @annlutra", "Ann Lutra"),
        ("Ann Lutra 12", "Ann Lutra"),
        ("Ann Lutra in Rivers", "Ann Lutra"),
        ("[ Ann Lutra ]", "Ann Lutra"),
        ("Photograph by Bob Vole, Agency", None),
        ("Foto: Bob Vole", None),
        ("Photo Ann", "Photo Ann"),
        ("Ann Lutra, March 3, 2024", "Ann Lutra"),
        ("March 3, 2024 by Ann Lutra", "Ann Lutra"),
        ("Ann Lutra (3 March 2024)", "Ann Lutra"),
        ("Words by Ann Lutra", "Ann Lutra"),
        ("Author: Ann Lutra", "Ann Lutra"),
        ("Ann Lutra 12.06.2024", "Ann Lutra"),
        ("Aktualisiert am 12.06.2024", None),
        ("Mis à jour le 12 juin 2024", None),
        ("2024年6月12日", None),
        ("Yesterday", None),
        ("Comments (3)", None),
    ],
)
def test_a_byline_gives_the_name_in_it(byline: str, author: str | None) -> None:
    assert page("<title>T</title>", f'<h1>T</h1><p class="byline">{byline}</p><p>Text.</p>').author == author


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Reed Herald - All about the reeds", "Reed Herald"),
        ("Reed Herald: news for otters", "Reed Herald"),
        ("Reed - Herald", "Reed - Herald"),
        ("How otters sleep, and five more things", None),  # the page's own title
    ],
)
def test_the_name_of_a_site_is_no_slogan_and_no_title(written: str, shown: str | None) -> None:
    head = "<title>How otters sleep, and five more things</title>" + og("site_name", written)
    assert page(head).site_name == shown


def test_a_number_of_a_series_and_a_missing_value_are_no_address() -> None:
    assert page('<meta name="DC.identifier" content="ISSN 1950-6244">').canonical_url is None
    assert page('<link rel="canonical" href="/news/undefined">').canonical_url is None
    assert page('<meta name="DC.identifier" content="https://www.reed.example/n/1">').canonical_url is not None


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2023. 7. 14.", "2023-07-14"),
        ("14 Ιουλίου 2023", "2023-07-14"),
        ("14 يوليو 2023", "2023-07-14"),
        ("14 ביולי 2023", "2023-07-14"),
        ("Published: 2023-07-14", "2023-07-14"),
        ("Jul 14, 2023 10:30 PM EDT", "2023-07-14T22:30-04:00"),
        ("1970-01-01", None),
        ("1969-12-31T19:00:00-05:00", None),
    ],
)
def test_dates_as_people_and_templates_write_them(written: str, moment: str | None) -> None:
    assert page(f'<meta property="article:published_time" content="{written}">').published_at == moment


@pytest.mark.parametrize("claim", ["/en/index.html", "/www.reed.example/news/x", "/news/x%23top", "/404"])
def test_more_slips_of_canonical_claims(claim: str) -> None:
    assert page(f'<link rel="canonical" href="{claim}">').canonical_url is None


def test_a_title_of_xhtml_may_be_character_data() -> None:
    source = b"<html><head><title><![CDATA[Reeds & rushes]]></title></head></html>"
    assert extract_metadata(source, url=URL, content_type="application/xhtml+xml").title == "Reeds & rushes"


def test_a_date_for_machines_is_not_the_pages() -> None:
    body = '<h1>T</h1><p>Founded <span style="display:none">(<span class="published">1998-02-28</span>)</span></p>'
    assert page("<title>T</title>", body).published_at is None
    box = '<h1>T</h1><table class="infobox vcard"><tr><td>Founded</td><td>28 February 1998</td></tr></table>'
    assert page("<title>T</title>", box).published_at is None
    assert page("<title>T</title>", box.replace("infobox ", "")).published_at == "1998-02-28"


# --- usage ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("25 Jun 2010 15:00:00 PST", "2010-06-25T15:00:00-08:00"),
        ("Saturday, 25-Jun-10 15:00:00 GMT", "2010-06-25T15:00:00Z"),
        ("25-Aug-2007 15:00:00 EST", "2007-08-25T15:00:00-05:00"),
    ],
)
def test_the_end_of_a_pages_life_is_read_in_the_forms_of_the_documentation(written: str, moment: str) -> None:
    found = page("", headers=[("X-Robots-Tag", f"unavailable_after: {written}")])
    assert found.usage is not None
    assert found.usage.unavailable_after is not None
    assert found.usage.unavailable_after.value == moment


@pytest.mark.parametrize("content", ["noindex nofollow", "noindex; nofollow", "NOINDEX,NOFOLLOW"])
def test_directives_are_parted_as_templates_part_them(content: str) -> None:
    found = page(f'<meta name="robots" content="{content}">').robots
    assert found is not None
    assert (found.noindex, found.nofollow) == (True, True)


# --- encodings --------------------------------------------------------------------------------------------------------


def read(body: bytes, charset: str = "") -> Metadata:
    return extract_metadata(body, url=URL, content_type="text/html" + (f"; charset={charset}" if charset else ""))


@pytest.mark.parametrize(
    ("tail", "charset"),
    [(b"\x93quoted\x94", "utf-8"), (b"\xff", ""), (b"", "iso-8859-1"), (b"\xed\xa0\xbd\xed\xb8\x80", "utf-8")],
)
def test_few_bytes_do_not_outweigh_a_character_of_utf_8(tail: bytes, charset: str) -> None:
    """Pasted quotes, one broken byte, another declaration, an emoji as two surrogates."""
    found = read("<title>Café</title><p>x</p>".encode() + tail, charset)
    assert (found.title, found.encoding) == ("Café", "UTF-8")
