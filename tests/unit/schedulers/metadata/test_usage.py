"""What a site lets others do with a page, from every signal that it can give, and what then may leave us."""

from typing import Any

import msgspec
import pytest

from schedulers.metadata import (
    Image,
    Metadata,
    Purpose,
    ReadingOptions,
    Signal,
    Usage,
    decode_metadata,
    decode_usage,
    encode_metadata,
    encode_usage,
    extract_metadata,
    shown,
    tdmrep,
    usage_refusal,
    withheld,
)

URL = "https://pond.test/duck"
OPTIONS = ReadingOptions("pondbot")
NOW = 1_800_000_000.0  # 15 January 2027, 08:00 UTC


def usage(head: str = "", options: ReadingOptions = OPTIONS, **headers: str | list[str]) -> dict[str, tuple[Any, str]]:
    """Field → value and source. Names of headers with `_` for `-`."""
    pairs = [
        (name.replace("_", "-"), one)
        for name, values in headers.items()
        for one in ([values] if isinstance(values, str) else values)
    ]
    body = f"<head><title>Duck</title>{head}</head><p>Quack".encode()
    found = extract_metadata(body, url=URL, content_type="text/html", headers=pairs, options=options).usage
    return {} if found is None else {k: (v.value, v.source) for k, v in msgspec.structs.asdict(found).items() if v}


def meta(name: str, content: str) -> str:
    return f'<meta name="{name}" content="{content}">'


def test_a_page_that_says_nothing_has_none() -> None:
    assert usage() == {}
    assert usage(meta("robots", "index, follow, max-snippet:-1, max-image-preview:nonsense")) == {}


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        ("noindex", {"index": False}),
        ("NoIndex , NOFOLLOW", {"index": False, "follow": False}),
        ("none", {"index": False, "follow": False}),
        ("noarchive", {"archive": False}),
        ("nosnippet, notranslate", {"snippet": False, "translate": False}),
        ("noimageindex", {"image_index": False}),
        ("max-snippet:20, max-image-preview:standard", {"max_snippet": 20, "max_image_preview": "standard"}),
        ("max-snippet: 0", {"max_snippet": 0}),
        ("max-video-preview:5", {"max_video_preview": 5}),
        ("noai, noimageai", {"ai_input": False, "ai_train": False, "ai_images": False}),
        ("noimageai", {"ai_images": False}),
        ("unavailable_after: 2027-06-25", {"unavailable_after": "2027-06-25"}),
        ("noindex, unavailable_after: Fri, 25 Jun 2027 15:00:00 GMT", {"index": False}),
    ],
)
def test_directives_of_the_element_and_of_the_header(content: str, fields: dict[str, object]) -> None:
    for source, found in (
        ("meta:robots", usage(meta("robots", content))),
        ("meta:pondbot", usage(meta("PondBot", content))),
        ("header:x-robots-tag", usage(x_robots_tag=content)),
        ("header:x-robots-tag", usage(x_robots_tag=f"pondbot: {content}")),
    ):
        assert {name: found[name] for name in fields} == {name: (value, source) for name, value in fields.items()}
        assert set(found) <= {*fields, "unavailable_after"}
    assert usage(meta("otherbot", content)) == {}
    assert usage(x_robots_tag=f"otherbot: {content}") == {}


def test_a_date_with_a_comma_is_read_whole() -> None:
    found = usage(x_robots_tag="unavailable_after: Fri, 25 Jun 2027 15:00:00 GMT, nosnippet")
    assert found["unavailable_after"][0].startswith("2027-06-25T15:00:00")
    assert found["snippet"] == (False, "header:x-robots-tag")


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        ("otherbot: noindex, nofollow", set()),
        ("otherbot: noindex, pondbot: nosnippet, noarchive", {"snippet", "archive"}),
        ("nosnippet, otherbot: noindex", {"snippet"}),
        ("*: noindex", {"index"}),
        ("otherbot: noindex, max-snippet:5", set()),
        ("pondbot: max-snippet:5, noai", {"max_snippet", "ai_input", "ai_train", "ai_images"}),
    ],
)
def test_a_crawlers_name_in_the_header_holds_for_what_follows_it(value: str, fields: set[str]) -> None:
    assert set(usage(x_robots_tag=value)) == fields


def test_each_header_line_begins_anew() -> None:
    assert set(usage(x_robots_tag=["otherbot: noindex", "nosnippet"])) == {"snippet"}


def test_the_strictest_of_several_counts_and_says_where_it_stands() -> None:
    head = meta("robots", "max-snippet:90, max-image-preview:large") + meta("pondbot", "max-snippet:40")
    found = usage(head, x_robots_tag="max-image-preview:none, max-snippet:60")
    assert found == {
        "max_snippet": (40, "meta:pondbot"),
        "max_image_preview": ("none", "header:x-robots-tag"),
    }


@pytest.mark.parametrize("name", ["content_signal", "content_usage"])
@pytest.mark.parametrize(
    ("value", "fields"),
    [
        ("search=yes, ai-train=no", {"search": True, "ai_train": False}),
        ("search=y,ai-input=n", {"search": True, "ai_input": False}),
        ("train-ai=n", {"ai_train": False}),
        ("train-ai=n;exp=1, search=?0", {"ai_train": False, "search": False}),
        ("tdm=n", {"tdm": False}),
        ("train-ai=maybe, fly=no, =no, search", {}),
    ],
)
def test_content_signal_and_content_usage(name: str, value: str, fields: dict[str, bool]) -> None:
    found = usage(**{name: value})
    source = f"header:{name.replace('_', '-')}"
    assert found == {field: (said, source) for field, said in fields.items()}


def test_what_robots_txt_says_of_the_longer_path_counts_there_and_the_stricter_elsewhere() -> None:
    said = ("usage: train-ai=y", "usage: train-ai=n, search=y")
    assert usage(options=ReadingOptions("pondbot", said)) == {
        "ai_train": (True, "robots.txt"),
        "search": (True, "robots.txt"),
    }
    found = usage(options=ReadingOptions("pondbot", said), content_usage="train-ai=n")
    assert found["ai_train"] == (False, "header:content-usage")


@pytest.mark.parametrize(("value", "allowed"), [("1", False), ("0", True), (" 1 ", False)])
def test_a_reservation_against_text_and_data_mining(value: str, allowed: bool) -> None:
    policy = "/policy.json"
    assert usage(tdm_reservation=value, tdm_policy=policy) == {
        "tdm": (allowed, "header:tdm-reservation"),
        "tdm_policy": ("https://pond.test/policy.json", "header:tdm-policy"),
    }
    found = usage(meta("tdm-reservation", value) + meta("tdm-policy", policy))
    assert found["tdm"] == (allowed, "meta:tdm-reservation")
    assert found["tdm_policy"][0] == "https://pond.test/policy.json"


def test_licences_of_rsl() -> None:
    rsl = "https://pond.test/license.xml"
    link = '<link rel="license" type="application/rsl+xml" href="/license.xml">'
    assert usage(link) == {"license": (rsl, "link:license")}
    header = f'<https://cc.test/by>; rel="license", <{rsl}>; rel="license"; type="application/rsl+xml"'
    assert usage(link=header) == {"license": (rsl, "header:link")}
    assert usage(options=ReadingOptions("pondbot", (f"license: {rsl}",))) == {"license": (rsl, "robots.txt")}
    assert usage('<link rel="license" href="https://cc.test/by">') == {}
    written = '<script type="application/rsl+xml"><rsl><content url="/"><license>'
    written += '<prohibits type="usage">ai-train, search</prohibits></license></content></rsl></script>'
    assert usage(written) == {"ai_train": (False, "rsl"), "search": (False, "rsl")}


def test_a_picture_or_a_document_has_headers_too() -> None:
    found = extract_metadata(b"%PDF-1.4", url=URL, content_type="application/pdf", headers={"X-Robots-Tag": "noai"})
    assert found.usage is not None
    assert found.usage.ai_train == Signal(False, "header:x-robots-tag")


def test_it_lies_beside_the_metadata() -> None:
    metadata = Metadata(title="Duck", usage=Usage(index=Signal(False, "meta:robots")))
    assert decode_metadata(encode_metadata(metadata)) == Metadata(title="Duck")
    assert decode_usage(encode_usage(metadata)) == metadata.usage
    assert encode_usage(Metadata()) is None


PAGE = Metadata(title="Duck", description="Ducks float on ponds and lakes.", image=Image("https://pond.test/d.jpg"))


def said(**signals: bool | int | str) -> Usage:
    return Usage(**{name: Signal(value, "meta:robots") for name, value in signals.items()})


@pytest.mark.parametrize(
    ("signals", "description", "has_image"),
    [
        ({}, PAGE.description, True),
        ({"index": False, "ai_train": False, "archive": False}, PAGE.description, True),
        ({"snippet": False}, None, True),
        ({"max_snippet": 0}, None, True),
        ({"max_snippet": 15}, "Ducks float…", True),
        ({"max_snippet": 500}, PAGE.description, True),
        ({"max_image_preview": "none"}, PAGE.description, False),
        ({"max_image_preview": "standard"}, PAGE.description, True),
    ],
)
def test_what_is_shown(signals: dict[str, Any], description: str | None, has_image: bool) -> None:
    found = shown(msgspec.structs.replace(PAGE, usage=said(**signals)), NOW)
    assert (found.title, found.description, found.image is not None) == ("Duck", description, has_image)


def test_what_is_withheld_is_not_told_by_the_provenance_either() -> None:
    head = meta("robots", "nosnippet, max-image-preview:none") + meta("description", "SECRET words of the page")
    head += '<meta property="og:image" content="/secret.jpg"><meta name="twitter:description" content="SECRET again">'
    found = shown(extract_metadata(f"<head>{head}".encode(), url=URL, content_type="text/html"), NOW)
    assert found.provenance["description"].rule == "withheld:meta:robots"
    assert "secret" not in str(found).lower()


@pytest.mark.parametrize(
    ("signals", "refused"),
    [
        ({}, set()),
        ({"index": False}, {"index"}),
        ({"search": False}, {"index"}),
        ({"search": True, "ai_train": True, "ai_input": True, "tdm": True}, set()),
        ({"archive": False}, {"any", "display"}),
        ({"snippet": False}, {"any", "display"}),
        ({"max_snippet": 100}, {"any", "display"}),
        ({"ai_input": False}, {"any", "ai-input"}),
        ({"ai_train": False}, {"any", "ai-train"}),
        ({"tdm": False}, {"any", "ai-input", "ai-train"}),
        ({"translate": False, "follow": False, "max_image_preview": "none"}, set()),
    ],
)
def test_the_whole_page_leaves_for_purposes_that_are_not_forbidden(signals: dict[str, Any], refused: set[str]) -> None:
    found = {purpose.value: usage_refusal(said(**signals), purpose, NOW) for purpose in Purpose}
    assert {name for name, why in found.items() if why is not None} == refused
    assert all("meta:robots says" in why for why in found.values() if why)


def test_without_signals_everything_may_leave() -> None:
    assert [usage_refusal(None, purpose, NOW) for purpose in Purpose] == [None] * len(Purpose)


@pytest.mark.parametrize(
    ("written", "is_over"),
    [
        ("2027-01-15T07:59:59Z", True),
        ("2027-01-15T08:00:01Z", False),
        ("2027-01-15T02:00:00-07:00", False),
        ("2027-01-14", True),
        ("2027-01-15", False),  # the day itself counts
        ("0000-nonsense", False),
    ],
)
def test_from_its_end_on_a_page_is_neither_handed_out_nor_described(written: str, is_over: bool) -> None:
    """For no purpose; the title stays, for who shared the link knows the page."""
    ends = said(unavailable_after=written)
    assert all((usage_refusal(ends, purpose, NOW) is not None) is is_over for purpose in Purpose)
    found = shown(msgspec.structs.replace(PAGE, usage=ends), NOW)
    assert (found.title, found.description is None, found.image is None) == (PAGE.title, is_over, is_over)
    assert len(withheld(found)) == 2 * is_over


RESERVED = b"""[{"location": "/open/*.html$", "tdm-reservation": 0},
 {"location": "/books/*/text", "tdm-reservation": 1, "tdm-policy": "/policy.json"},
 "nonsense", {"location": 7}, {"location": "/", "tdm-reservation": "1"}]"""


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("/open/a/b.html", ("tdm-reservation: 0",)),
        ("/open/a.html?x=1", ("tdm-reservation: 1",)),
        ("/books/7/text/2", ("tdm-reservation: 1", "tdm-policy: https://pond.test/policy.json")),
        ("/books/7", ("tdm-reservation: 1",)),
    ],
)
def test_a_hosts_file_reserves_by_path(target: str, words: tuple[str, ...]) -> None:
    """The first entry that fits; what is no entry says nothing."""
    rules = tdmrep.read(RESERVED, "https://pond.test/.well-known/tdmrep.json")
    assert tdmrep.said(rules, target) == words
    found = usage(options=OPTIONS._replace(preferences=words))
    assert found["tdm"] == (words[0].endswith("0"), "tdmrep.json")


@pytest.mark.parametrize("body", [b"", b"{}", b"[[[", b"null", b"<html>", b"[1]"])
def test_a_file_that_is_none_reserves_nothing(body: bytes) -> None:
    assert tdmrep.read(body, URL) == ()
