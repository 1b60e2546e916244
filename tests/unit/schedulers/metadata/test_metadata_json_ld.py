"""JSON-LD as pages have it: wrapped, nested, in graphs, with slips."""

import json

import pytest

from schedulers.metadata import encode_metadata, extract_metadata, json_ld

URL = "https://news.example/a"


def title_of(*blocks: str) -> str | None:
    scripts = "".join(f'<script type="application/ld+json">{block}</script>' for block in blocks)
    return extract_metadata(scripts.encode(), url=URL, content_type="text/html").title


ARTICLE = '{"@context": "https://schema.org", "@type": "NewsArticle", "headline": "A story"}'


@pytest.mark.parametrize(
    "block",
    [
        ARTICLE,
        f"<!-- {ARTICLE} -->",
        f"<![CDATA[ {ARTICLE} ]]>",
        f"//<![CDATA[\n{ARTICLE}\n//]]>",
        f"/*<![CDATA[*/ {ARTICLE} /*]]>*/",
        f"{ARTICLE};",
        f"[{ARTICLE}]",
        f'{{"@graph": [{{"@type": "WebPage", "name": "No"}}, {ARTICLE}]}}',
        f'{{"@type": "WebPage", "name": "No", "mainEntity": {ARTICLE}}}',
        '{"@type": ["Thing", "http://schema.org/BlogPosting"], "headline": "A story",}',
        '{"@type": "Article", "headline": "A\nstory"}',
        '{"@type": "Article", /* the title */ "headline": "A story"} // end',
        f'{{"@type": "Organization", "name": "No"}} {ARTICLE}',
        ARTICLE.replace('"', "&quot;"),
    ],
)
def test_a_headline_is_found_through_wrappers_and_safe_repairs(block: str) -> None:
    """Comment and CDATA marks, graphs, arrays, trailing commas, comments, raw line ends, several values."""
    assert title_of(block) == "A story"


@pytest.mark.parametrize("block", ['{"@type" "Article", "headline": "A"}', "{'headline': 'A'}", "", "null", "[[["])
def test_what_could_mean_two_things_is_not_repaired(block: str) -> None:
    """No guess: the block is left out, and the page's other words stand."""
    assert title_of(block) is None


def test_a_comma_or_a_comment_inside_a_string_stays() -> None:
    """Repairs know strings."""
    assert title_of('{"@type": "Article", "headline": "a, ] // b /* c */",}') == "a, ] // b /* c */"


@pytest.mark.parametrize(
    "form", ['"{}"', '["{}"]', '{{"@list": ["{}"]}}', '[{{"@list": [{{"@type": "ImageObject", "url": "{}"}}]}}]']
)
def test_lists_are_opened_in_all_their_forms(form: str) -> None:
    """A value, an array, `@list`, and a node in each."""
    block = '{"@type": "Article", "image": ' + form.format("https://cdn.example/a.jpg") + "}"
    html = f'<script type="application/ld+json">{block}</script>'.encode()
    image = extract_metadata(html, url=URL, content_type="text/html").image
    assert image is not None
    assert image.url == "https://cdn.example/a.jpg"


def test_a_lone_surrogate_in_any_value_is_no_reason_to_lose_the_page() -> None:
    """JSON may escape half a character; nothing of it reaches the store."""
    bad = "\\ud800"
    block = (
        f'{{"@type": "VideoObject", "name": "A {bad}film", "embedUrl": "https://e.example/{bad}", "encodingFormat": '
        f'"video/{bad}", "contentUrl": "https://e.example/{bad}.mp4", "keywords": ["{bad}a"], "duration": "PT{bad}S",'
        f' "image": {{"url": "/{bad}.png", "caption": "{bad}"}}, "offers": {{"price": "1", "availability": "{bad}"}},}}'
    )
    html = f'<script type="application/ld+json">{block}</script>'.encode()
    metadata = extract_metadata(html, url=URL, content_type="text/html")
    encode_metadata(metadata)
    assert (metadata.title, metadata.tags) == ("A film", ("a",))


def test_references_are_resolved_across_blocks() -> None:
    """An author given by `@id` is the node of that name."""
    article = '{"@type": "Article", "headline": "A story", "author": {"@id": "#jane"}}'
    person = '{"@type": "Person", "@id": "#jane", "name": "Jane Doe"}'
    scripts = "".join(f'<script type="application/ld+json">{one}</script>' for one in (article, person))
    assert extract_metadata(scripts.encode(), url=URL, content_type="text/html").author == "Jane Doe"


def test_of_several_articles_the_one_that_names_this_page_counts() -> None:
    """A page that lists others is not about the first of them."""
    nodes = [{"@type": "Article", "headline": f"Story {path}", "url": f"https://news.example/{path}"} for path in "bac"]
    assert title_of(json.dumps(nodes)) == "Story a"


def test_fifty_thousand_nodes_end_in_bounded_work() -> None:
    """What was found before the limit stands."""
    nodes = [{"@type": "Article", "headline": f"Story {number}"} for number in range(50_000)]
    graph = json_ld.read([json.dumps({"@graph": nodes})], json_ld.Own(URL, (), ("Story 0",)))
    assert graph.text(graph.article, "headline") == "Story 0"
    assert not graph.empty


@pytest.mark.parametrize("text", ["[" * 99_999, '{"a":' * 99_999, '{"mainEntity":' * 900 + "1" + "}" * 900, '{"\\' * 9])
def test_deep_json_is_left_out(text: str) -> None:
    """A recursion limit is an answer, not an error."""
    assert json_ld.read([text], json_ld.Own(URL, (), ())).article is None
