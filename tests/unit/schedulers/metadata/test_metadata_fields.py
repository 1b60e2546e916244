"""Each field's ladder: which rule wins, what the others offered, and what is refused."""

import pytest

from schedulers.metadata import AppLink, Feed, Metadata, Player, Price, extract_metadata

URL = "https://news.example/2026/a-story?id=7"


def page(head: str, body: str = "", url: str = URL, **answer: object) -> Metadata:
    source = f"<!doctype html><html><head>{head}</head><body>{body}</body></html>".encode()
    metadata = extract_metadata(source, url=url, content_type="text/html; charset=utf-8", **answer)  # type: ignore[arg-type]
    assert "failure" not in metadata.provenance
    return metadata


def meta(name: str, content: str) -> str:
    return f'<meta property="{name}" content="{content}">'


def json_ld(text: str) -> str:
    return f'<script type="application/ld+json">{text}</script>'


def test_open_graph_wins_over_the_title_element_and_names_it_as_an_alternative() -> None:
    """The provenance of a title says which rule gave it and what `<title>` had."""
    found = page(meta("og:title", "A story") + "<title>A story | News</title>")
    assert found.title == "A story"
    assert found.provenance["title"].rule == "og:title"
    assert [(one.rule, one.value) for one in found.provenance["title"].alternatives] == [("title", "A story | News")]


@pytest.mark.parametrize(
    ("title", "head", "url", "expected"),
    [
        ("A story | The Daily", meta("og:site_name", "The Daily"), URL, "A story"),
        ("The Daily: A story", meta("og:site_name", "The Daily"), URL, "A story"),
        ("A story - News", "", URL, "A story"),
        ("Code covered | Code | Nicolas Perriault", "", "https://nicolas.perriault.net/code", "Code covered | Code"),
        ("A story | Sports", "", URL, "A story | Sports"),
        ("Rust vs. C++: a story", "", URL, "Rust vs. C++: a story"),
        ("News", "", URL, "News"),
    ],
)
def test_the_sites_name_leaves_the_title_only_when_it_is_known(title: str, head: str, url: str, expected: str) -> None:
    """Known from OpenGraph or from the host; any other part of a title stays."""
    assert page(f"<title>{title}</title>{head}", url=url).title == expected


def test_a_heading_that_is_the_rest_of_the_title_takes_its_last_part_off() -> None:
    """`<h1>` says where the headline ends; a heading of a few words says too little."""
    long = "A long story about many things"
    assert page(f"<title>{long} - Somewhere</title>", f"<h1>{long}</h1>").title == long
    assert page(f"<title>Somewhere: {long}</title>", f"<h1>{long}</h1>").title == long
    assert page("<title>Mozilla - Wikipedia</title>", "<h1>Mozilla</h1>").title == "Mozilla - Wikipedia"


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ('<link rel="alternate" type="application/rss+xml" title="The Daily » Feed" href="/feed">', ""),
        ('<link rel="search" title="The Daily" href="/opensearch.xml">', ""),
        ('<link rel="canonical" href="https://www.the-daily.example/a">', ""),
        ("", '<header><a href="/"><img src="/l.svg" alt="The Daily"></a></header>'),
        ("", '<header><a href="/">The Daily</a></header>'),
        ('<meta name="dcterms.creator" content="The Daily">', ""),
    ],
)
def test_the_sites_name_is_known_from_its_feeds_its_search_its_own_host_and_the_link_home(head: str, body: str) -> None:
    """Where the rest of the title says enough; `Contact | The Daily` stays as it is."""
    long = "A long story about many things"
    assert page(f"<title>{long} | The Daily</title>{head}", body).title == long
    assert page(f"<title>The Daily – {long}</title>{head}", body).title == long
    assert page(f"<title>Contact | The Daily</title>{head}", body).title == "Contact | The Daily"
    assert page(f"<title>{long} | Sports</title>{head}", body).title == f"{long} | Sports"


def test_a_title_inside_an_svg_is_not_the_pages() -> None:
    """Icons carry titles too."""
    assert page("", "<svg><title>Share</title></svg><h1>A story</h1>").title == "A story"


def test_a_page_without_any_title_has_none() -> None:
    """Absent is `None`, and no provenance."""
    found = page("")
    assert found.title is None
    assert "title" not in found.provenance


def test_a_description_falls_back_to_the_first_paragraph_that_says_something() -> None:
    """Navigation, hidden text and notices about cookies are passed over."""
    sentence = "The quick brown fox jumps over the lazy dog, as it has done in every such story since 1885."
    body = (
        f"<nav><p>{sentence} Not this.</p></nav><p style='display: none'>{sentence} Nor this.</p>"
        f"<p>We use cookies to improve your experience; by going on you accept them, as all do.</p><p>{sentence}</p>"
    )
    found = page("", body)
    assert found.description == sentence
    assert found.provenance["description"].rule == "first-paragraph"


def test_old_pages_part_their_text_by_line_breaks() -> None:
    """Without paragraphs the text of a block itself is the description."""
    text = "In December I tried to install some software on my computer, and the experience was less than pleasant."
    assert page("", f"<div>{text}<br><br>More.</div>").description == f"{text} More."


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (meta("article:author", "https://facebook.com/jane") + meta("author", "Jane Doe"), "Jane Doe"),
        (meta("author", "By Jane Doe"), "Jane Doe"),
        (meta("author", "jane@example.com"), None),
        (json_ld('{"@type": "Article", "author": [{"name": "Jane Doe"}, {"name": "Joe Roe"}]}'), "Jane Doe"),
        (json_ld('{"@type": "Article", "author": {"name": ["Jane Doe"]}}'), "Jane Doe"),
        (json_ld('{"@type": "Article", "author": {"name": {"@value": "Jane Doe", "@language": "en"}}}'), "Jane Doe"),
        (json_ld('{"@type": "Article", "author": {"givenName": "Jane", "familyName": "Doe"}}'), "Jane Doe"),
        (json_ld('{"@type": "Article", "author": {"@type": "Person", "url": "/jane"}}'), None),
        (meta("DC.Creator", "Doe, Jane"), "Doe, Jane"),
    ],
)
def test_the_author_is_a_name(head: str, expected: str | None) -> None:
    """Addresses and numbers are no names, a leading "By" is no part of one."""
    assert page(head).author == expected


def test_every_author_is_kept() -> None:
    """`authors` holds all that the winning source names."""
    found = page(json_ld('{"@type": "Article", "author": [{"name": "Jane Doe"}, {"name": "Joe Roe"}]}'))
    assert found.authors == ("Jane Doe", "Joe Roe")


def test_microdata_gives_the_articles_author_and_not_the_publishers_name() -> None:
    """A property counts for the innermost item around it."""
    found = page(
        "",
        '<div itemscope itemtype="http://schema.org/Article"><div itemprop="publisher" itemscope itemtype='
        '"http://schema.org/Organization"><span itemprop="name">The Daily</span><b itemprop="headline">No</b></div>'
        '<h2 itemprop="headline">A story</h2><div itemprop="author" itemscope><i itemprop="name">Jane Doe</i></div>'
        '<time itemprop="datePublished" datetime="2026-05-04T03:02:01Z"></time></div>',
    )
    assert (found.title, found.author, found.published_at) == ("A story", "Jane Doe", "2026-05-04T03:02:01Z")


def test_dates_are_iso_8601_and_say_where_they_come_from() -> None:
    """An offset is kept, and none is invented."""
    published = meta("article:published_time", "2026-05-04T03:02:01+0200")
    found = page(published + meta("article:modified_time", "2026-05-05 06:07:08"))
    assert found.published_at == "2026-05-04T03:02:01+02:00"
    assert found.modified_at == "2026-05-05T06:07:08"
    assert found.provenance["published_at"].rule == "article:published_time"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<html lang="en-us">', "en-US"),
        ('<html lang="zh_hant_TW">', "zh-Hant-TW"),
        ('<html lang="und"><meta property="og:locale" content="de_AT">', "de-AT"),
        ('<html><meta http-equiv="content-language" content="fr, en">', "fr"),
        ('<html lang="{{lang}}">', None),
    ],
)
def test_the_language_is_a_tag_in_its_usual_case(html: str, expected: str | None) -> None:
    """What is no language tag is no language."""
    assert extract_metadata(html.encode(), url=URL, content_type="text/html").language == expected


def test_section_and_tags_come_without_repetition() -> None:
    """`article:tag` is an array; a list of keywords is parted at its commas."""
    found = page(
        meta("article:section", "Sport") + meta("article:tag", "a") + meta("article:tag", "A") + meta("keywords", "x")
    )
    assert (found.section, found.tags) == ("Sport", ("a",))
    assert page(meta("keywords", ",foo,, bar,, baz quix,foo")).tags == ("foo", "bar", "baz quix")


def test_the_icon_is_the_smallest_that_is_large_enough() -> None:
    """A tab needs little, a home screen 180 pixels; without a word the well-known place stands."""
    found = page(
        '<link rel="shortcut icon" href="/f.ico"><link rel="icon" sizes="32x32" href="/32.png">'
        '<link rel="icon" sizes="96x96" href="/96.png"><link rel="icon" sizes="512x512" href="/512.png">'
        '<link rel="apple-touch-icon" sizes="180x180" href="/t.png">'
    )
    assert found.icon is not None
    assert (found.icon.url, found.icon.size) == ("https://news.example/96.png", 96)
    assert found.touch_icon is not None
    assert found.touch_icon.url == "https://news.example/t.png"
    bare = page("").icon
    assert bare is not None
    assert bare.url == "https://news.example/favicon.ico"


def test_a_player_is_https_and_no_flash() -> None:
    """Only what can be put into a frame without harm passes."""
    safe = meta("twitter:player", "https://tube.example/embed/1") + meta("twitter:player:width", "1280")
    assert page(safe).player == Player("https://tube.example/embed/1", 1280)
    assert page(meta("twitter:player", "http://tube.example/embed/1")).player is None
    assert page(meta("twitter:player", "javascript:alert(1)")).player is None
    assert page(meta("og:video", "https://tube.example/v.swf") + meta("og:video:type", "text/html")).player is None


def test_a_video_file_is_told_from_a_player_page() -> None:
    """OpenGraph has both under one name; the type decides."""
    found = page(
        meta("og:video", "https://tube.example/embed/1")
        + meta("og:video:type", "text/html")
        + meta("og:video", "https://tube.example/v.mp4")
        + meta("og:video:type", "video/mp4")
        + meta("og:video:width", "640")
    )
    assert found.player == Player("https://tube.example/embed/1")
    assert found.video is not None
    assert (found.video.url, found.video.type, found.video.width) == ("https://tube.example/v.mp4", "video/mp4", 640)


def test_oembed_is_discovered_or_known_from_the_providers_list() -> None:
    """An announcement counts on the page's own site or at a listed provider."""
    link = '<link rel="alternate" type="application/json+oembed" href="{}">'
    announced = page(link.format("/oembed?u=1")).oembed
    assert announced is not None
    assert announced.url == "https://news.example/oembed?u=1"
    assert page(link.format("https://evil.example.org/oembed")).oembed is None
    known = page("", url="https://www.youtube.com/watch?v=1").oembed
    assert known is not None
    assert (known.provider, known.url) == (
        "YouTube",
        "https://www.youtube.com/oembed?format=json&url=https%3A%2F%2Fwww.youtube.com%2Fwatch%3Fv%3D1",
    )


def test_alternates_are_told_apart() -> None:
    """Feeds, AMP and other languages are all `rel=alternate` or the like."""
    found = page(
        '<link rel="alternate" type="application/rss+xml" title="All" href="/feed">'
        '<link rel="alternate" hreflang="de-at" href="/de"><link rel="alternate" hreflang="x-default" href="/x">'
        '<link rel="amphtml" href="/amp">'
    )
    assert found.feeds == (Feed("https://news.example/feed", "application/rss+xml", "All"),)
    assert [(one.language, one.url) for one in found.alternates] == [
        ("de-AT", "https://news.example/de"),
        ("x-default", "https://news.example/x"),
    ]
    assert found.amp_url == "https://news.example/amp"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (
            json_ld(
                '{"@type": "Product", "name": "Shoe", "offers": {"price": 12.5, "priceCurrency": "eur",'
                ' "availability": "https://schema.org/InStock"}}'
            ),
            Price("12.5", "EUR", "in_stock"),
        ),
        (meta("product:price:amount", "1.234,50") + meta("product:price:currency", "EUR"), Price("1234.50", "EUR")),
        (meta("product:price:amount", "free"), None),
    ],
)
def test_a_products_price(head: str, expected: Price | None) -> None:
    """Amount and currency in one form, whatever the shop's."""
    assert page(head).price == expected


def test_app_links_open_apps_and_run_nothing() -> None:
    """App Links, Twitter's cards and Apple's banner are read together; a script is no address."""
    found = page(
        meta("al:ios:url", "app://x")
        + meta("al:ios:app_store_id", "1")
        + meta("twitter:app:id:googleplay", "com.x")
        + meta("al:web:url", "javascript:alert(1)")
    )
    assert set(found.app_links) == {AppLink("ios", "app://x", "1"), AppLink("android", None, "com.x")}


def test_the_fediverse_creator_is_an_account() -> None:
    """With its @ and its host in lower case; anything else is refused."""
    assert page(meta("fediverse:creator", "jane@Social.example")).fediverse_creator == "@jane@social.example"
    assert page(meta("fediverse:creator", "jane")).fediverse_creator is None


@pytest.mark.parametrize(
    ("head", "headers", "rule"),
    [
        (meta("rating", "Adult "), {}, "rating"),
        (meta("RATING", "RTA-5042-1996-1400-1577-RTA"), {}, "rating"),
        (meta("rating", "general") + meta("rating", "mature"), {}, "rating"),
        (meta("mixi:content-rating", "1"), {}, "mixi:content-rating"),
        ("", {"Rating": "RTA-5042-1996-1400-1577-RTA"}, "header:rating"),
        (json_ld('{"@type": "VideoObject", "isFamilyFriendly": false}'), {}, "json-ld:isFamilyFriendly"),
        (
            json_ld('{"@type": "Article", "isFamilyFriendly": "https://schema.org/False"}'),
            {},
            "json-ld:isFamilyFriendly",
        ),
        (meta("rating", "general"), {"Rating": "general"}, None),
        (meta("mixi:content-rating", "0"), {}, None),
        (json_ld('{"@type": "Article", "isFamilyFriendly": true}'), {}, None),
        (json_ld('{"@type": "Article", "isFamilyFriendly": [false, {"a": 1}]}'), {}, None),
        (json_ld('{"@type": "Article"}'), {}, None),
    ],
)
def test_a_page_that_says_it_is_for_adults_is(head: str, headers: dict[str, str], rule: str | None) -> None:
    found = page(head, headers=headers)
    assert found.adult is (None if rule is None else True)
    assert rule is None or found.provenance["adult"].rule == rule


def test_a_pages_object_in_the_fediverse_is_an_address() -> None:
    activity = '<link rel="alternate" type="application/%s" href="%s">'
    feed = activity % ("rss+xml", "/feed")
    assert page(feed + activity % ("activity+json", "/notes/1")).activity_pub_url == "https://news.example/notes/1"
    typed = activity % ("ld+json; profile=&quot;https://www.w3.org/ns/activitystreams&quot;", "https://a.example/1")
    assert page(typed).activity_pub_url == "https://a.example/1"
    assert page(feed + activity % ("activity+json", "javascript:x")).activity_pub_url is None


def test_theme_colours_are_colours() -> None:
    """An expression that a browser would have to work out is none."""
    assert page('<meta name="theme-color" content="#FF00ff">').theme_color == "#ff00ff"
    assert page('<meta name="theme-color" content="url(x)">').theme_color is None


def test_words_are_counted_and_the_hash_is_that_of_the_text() -> None:
    """Markup may change, the text is the same; reading time is in minutes, at least one."""
    body = "<p>" + "word " * 500 + "</p>"
    one, other = page("<title>T</title>", body), page('<title>T</title><meta name="csrf" content="x">', body)
    assert (one.word_count, one.reading_time) == (500, 3)
    assert one.content_hash == other.content_hash
    assert one.content_hash != page("<title>U</title>", body).content_hash


def test_several_names_in_one_property_and_repeated_properties() -> None:
    """`property` may hold several names (RDFa), and the first good value of a repeated one counts."""
    assert page(meta("x:title dc:title", "Preferred") + meta("title", "Other")).title == "Preferred"
    assert page(meta("og:title", " ") + meta("og:title", "Second")).title == "Second"


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Why ducks float | Pond Post", "Why ducks float"),
        ("Why ducks float | The Daily Pond Post", "Why ducks float"),
        ("Why ducks float | Sports", "Why ducks float | Sports"),
        ("Why ducks float | and how they dive", "Why ducks float | and how they dive"),
        ("Why ducks | Pond Post", "Why ducks | Pond Post"),
        ("Why ducks float | Water | Pond Post", "Why ducks float | Water | Pond Post"),
    ],
)
def test_a_name_of_several_words_behind_the_one_bar_is_the_sites(title: str, expected: str) -> None:
    assert page(f"<title>{title}</title>").title == expected


H1 = "<h1>Why ducks float</h1>"


@pytest.mark.parametrize(
    "body",
    [
        f'{H1}<span>By </span><a href="/profile/anas-1">Anas Platt</a>',
        f'{H1}<p>Written by <a href="/x"><span>Anas Platt</span></a></p>',
        f'{H1}<div>Von: <strong><a href="/autor">Anas Platt</a></strong></div>',
        f'{H1}<cite>\n By <a title="More" href="/anas">\n Anas Platt</a>, <time>today</time></cite>',
    ],
)
def test_the_author_is_who_is_linked_behind_by(body: str) -> None:
    assert page("", body).author == "Anas Platt"


@pytest.mark.parametrize(
    "body",
    [
        f'{H1}<footer>Powered by <a href="https://press.example">Some Press</a></footer>',
        f'{H1}<p>Photo by <a href="/x">Mallard Images</a></p>',
        f'<p>By <a href="/x">Anas Platt</a></p>{H1}',
        '<p>By <a href="/x">Anas Platt</a></p>',
        f'{H1}<p>Stand by <a href="/x">your ducks</a></p>',
    ],
)
def test_who_made_something_else_is_not_the_author(body: str) -> None:
    assert page("", body).author is None


def test_a_publisher_that_names_itself_as_the_author_goes_behind_who_names_a_person() -> None:
    ours = '{"@type":"Article","headline":"A","author":{"name":"Pond Post"},"publisher":{"name":"Pond Post"}}'
    found = page(json_ld(ours) + '<meta name="author" content="Anas Platt">')
    assert found.author == "Anas Platt"
    assert page(json_ld(ours)).author == "Pond Post"


@pytest.mark.parametrize(
    ("body", "url", "day", "rule"),
    [
        (f"{H1}<time>Dec 9, 2016</time>", URL, "2016-12-09", "dated-element"),
        (f'{H1}<time data-published="2016-12-09 09:13:00Z">x</time>', URL, "2016-12-09", "dated-element"),
        (f'{H1}<div class="date">Apr 27th, 2020</div>', URL, "2020-04-27", "dated-element"),
        (
            f'<div class="date">May 1, 2015</div>{H1}<div class="date">May 3, 2015</div>',
            URL,
            "2015-05-03",
            "dated-element",
        ),
        (f"{H1}<span>Published in</span> <span>December 14, 2016</span>", URL, "2016-12-14", "dated-line"),
        (f"{H1}<p>Anas in Ponds on 1 June 2019 at 08:34 PM EDT.</p>", URL, "2019-06-01", "dated-line"),
        (f"<p>2019年4月4日</p>{H1}<p>Quack</p>", URL, "2019-04-04", "dated-line"),
        (H1, "https://news.example/2019/03/05/a.html", "2019-03-05", "url"),
        (H1, "https://news.example/a/2019-3-5/story", "2019-03-05", "url"),
    ],
)
def test_a_date_that_only_people_are_shown(body: str, url: str, day: str, rule: str) -> None:
    found = page("", body, url)
    assert (found.published_at or "")[:10] == day
    assert found.provenance["published_at"].rule == rule


@pytest.mark.parametrize(
    ("body", "url"),
    [
        ("<p>On 1 June 2019 they flew.</p>", URL),
        (f"{H1}<p>{'They swim and dive. ' * 10} On 1 June 2019 they flew.</p>", URL),
        (f"{H1}<p>June 2019</p><p>1 June</p>", URL),
        (f"{H1}<p>1 June 2019</p>", "https://news.example/"),
        (H1, "https://news.example/2019/13/05/a"),
        (H1, "https://news.example/v/2019/3/507"),
    ],
)
def test_what_is_no_date_of_the_page(body: str, url: str) -> None:
    assert page("", body, url).published_at is None
