"""Every public function that reads bytes or text from outside, with its worst inputs. Its test is `test_complexity.py`.

A function is found by its module and name; a class's method counts where the module has no function for the work
(`RobotsTxt.verdict`). `NOTHING_FROM_OUTSIDE` tells of public functions that read none, `EXEMPT` of whole modules.
"""

import gzip
import struct
from typing import Any

from fetchers import media_type, urls
from fetchers import redirect_target as targets
from fetchers import wire as hops_wire
from fetchers.body import decoding, inflate, labelled, limits
from fetchers.body.decoding import BodyDecoder
from fetchers.client import redirects, refresh_element
from fetchers.client.attribute_url import as_utf_8, attribute_url
from fetchers.model import HopRequest
from fetchers.politeness.back_off import parse_retry_after, pause_asked
from fetchers.redirect_target import redirect_target, refresh_target, resolve
from fetchers.robots import lines, loading, matching, parsing
from fetchers.robots.rules import copy_from_bytes, copy_to_bytes
from groundwork import address_guard, trace
from imagepipe import signing
from imagepipe.codecs import (
    apng,
    av1,
    avif,
    bmp,
    boxes,
    exif,
    gif,
    gif_blocks,
    ico,
    jpeg,
    jpeg2000,
    jpeg_scans,
    png,
    png_colour,
    stripping,
    webp,
)  # fmt: skip
from imagepipe.config import PictureLimits
from imagepipe.originals import freshness
from imagepipe.variants import negotiation
from schedulers.events import (
    batch,
    bluesky,
    body_links,
    cloudevent,
    generic,
    mastodon,
    reading,
    redaction,
    sharers,
    slack,
    tweet,
    tweet_v2,
    values,
)
from schedulers.events.passed_over import passed_over
from schedulers.metadata import (
    addresses,
    article_pictures,
    body,
    charset,
    charset_decoders,
    charset_names,
    charset_prescan,
    clean,
    dates,
    endless_tags,
    extract,
    guard,
    headers,
    interstitials,
    json_ld,
    json_ld_text,
    model,
    open_graph,
    tdmrep,
)
from schedulers.metadata import items as item_values
from schedulers.metadata import reading as reading_time
from schedulers.metadata.fields import (
    adult,
    app_links,
    author,
    canonical,
    description,
    fediverse,
    feeds,
    icon,
    image,
    kind,
    language,
    media,
    oembed,
    price,
    published,
    site_name,
    tags,
    theme_color,
    title,
    usage,
)
from schedulers.metadata.kinds import (
    containers,
    document,
    feed,
    html,
    image_header,
    oembed_answer,
    pdf,
    picture,
    playable,
    sniff,
    svg,
)
from schedulers.metadata.model import OEmbed
from schedulers.metadata.options import ReadingOptions
from schedulers.urls import canonical as canonical_urls
from schedulers.urls import clean as clean_urls
from schedulers.urls import extract as extract_urls
from schedulers.urls import normalise, one_time, parse, top_level, tracking
from snowflake import auditor, layout, text
from tests.unit.complexity.inputs import (
    GRAPH,
    MARKUP,
    PAGES,
    TEXTS,
    URL,
    URLS,
    answer,
    cases,
    items,
    numbered,
    page_cases,
    page_of,
    raw,
    response,
    rows,
)
from tests.unit.complexity.measuring import Case

LIMITS = PictureLimits()
BIG_DICT = items(lambda n: {"id": "1", "text": "a.com " * n, **{str(i): i for i in range(n)}})
URL_LIST = items(lambda n: {"urls": [f"http://a{i}.example/" for i in range(n)]})
ENTITIES = items(
    lambda n: {
        "id": "1",
        "id_str": "1",
        "text": "a",
        "entities": {"urls": [{"url": f"http://a.example/{i}", "expanded_url": "x"} for i in range(n)]},
        "referenced_tweets": [{"type": "quoted", "id": "2"}] * n,
        "data": {"id": "1", "text": "a", "referenced_tweets": [{"type": "quoted", "id": "2"}] * n},
        "includes": {"tweets": [{"id": str(i), "text": "a"} for i in range(n)]},
    }
)
STATUS = items(
    lambda n: {
        "content": "<a href=http://a.example/ class=x>" * n,
        "mentions": [{"url": f"http://b.example/{i}"} for i in range(n)],
    }
)
FACETS = items(
    lambda n: {
        "did": "a",
        "kind": "commit",
        "commit": {
            "record": {
                "facets": [
                    {
                        "index": {"byteStart": i},
                        "features": [{"$type": "app.bsky.richtext.facet#link", "uri": f"http://a.example/{i}"}],
                    }
                    for i in range(n, 0, -1)
                ]
            }
        },
    }
)
LINKS = items(lambda n: {"type": "link_shared", "links": [{"url": f"http://a.example/{i}"} for i in range(n)]})
ENVELOPE = items(
    lambda n: {"specversion": "1.0", "id": "1", "source": "a", "type": "b", "data": '{"text": "' + "a.com " * n + '"}'}
)
JSON = (
    raw(b"["),
    raw(b'{"a":'),
    raw(b'"\\ud800', b"", b'"'),
    raw(b"\\u", b'"', b'"'),
    raw(b'{"text":"a"}\n'),
    raw(b'{"text":"a.com"},', b"[", b'{"text":"a"}]'),
    raw(b"9"),
    raw(b"\\ud800", b'{"text":"', b'"}'),
)
ROBOTS = (
    numbered("Disallow: /*a*%d*b\n", "User-agent: *\n"),
    raw(b"Disallow: /*" + b"a" * 45 + b"b" + b"a" * 45 + b"\n", b"User-agent: *\n"),
    raw(b"*a", b"User-agent: *\nDisallow: /"),
    numbered("User-agent: a%d\n", "", "Crawl-delay: 1\n" * 1000),
    raw(b"User-agent: x\n" + b"Crawl-delay: 1\n"),
    lambda n: (
        b"".join(b"User-agent: a%s\n" % (b"b" * (i % 90)) for i in range(n // 50)) + b"Crawl-delay: 1\n" * (n // 15)
    ),
    raw(b"a\n"),
    raw(b"\xff", b"User-agent: *\nDisallow: /"),
    raw(b"a b ", b"User-agent: *\n"),
    raw(b"User-agent: *\nDisallow: /a\n"),
    numbered("Disallow: /aaaa%d\n", "User-agent: *\n"),
)
LONG_PATH = "https://a.example/" + "a" * 8_000
PDFS = (
    raw(b"x\n", b"%PDF-1.4\n"),
    raw(b"1 0 obj\n", b"%PDF-1.4\n"),
    raw(b"trailer<<>>\n", b"%PDF-1.4\n"),
    raw(b"<<", b"%PDF-1.4\n1 0 obj"),
    raw(b"[", b"%PDF-1.4\ntrailer<</Root "),
    numbered("%d 0 obj<<>>endobj\n", "%PDF-1.4\n"),
    raw(b"x\n", b"%PDF-1.4\n", b"startxref\n0\n%%EOF\n"),
)
BOXES = (
    raw(struct.pack(">I4s", 8, b"moov"), b"\0\0\0\x18ftypavif" + b"\0" * 12),
    raw(struct.pack(">I4s", 8, b"free"), b"\0\0\0\x18ftypmp42" + b"\0" * 12),
    raw(b"\0\0\0\0meta\0\0\0\0", b"\0\0\0\x18ftypavif" + b"\0" * 12),
    raw(b"\0", b"\0\0\0\x18ftypavif" + b"\0" * 12),
    lambda n: b"\0\0\0\x18ftypavif" + b"\0" * 12 + _sample_table(n),
)
_PNG_HEAD = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0\0\0\1" * 2 + b"\0" * 9
PICTURES = (
    raw(b"\xff\xe0\0\2", b"\xff\xd8"),
    raw(b"\xff", b"\xff\xd8"),
    raw(b"\0", b"\xff\xd8\xff"),
    raw(b"\xff\xda\0\2", b"\xff\xd8\xff\xc2\0\x0b\x08\0\x10\0\x10\1\1\x11\0"),
    raw(b"\0\0\0\0IDAT\0\0\0\0", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0\0\0\1" * 2 + b"\0" * 9),
    raw(b"\0\0\0\0tEXt\0\0\0\0", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0\0\0\1" * 2 + b"\0" * 9),
    raw(b"!\xfe\0", b"GIF89a\1\0\1\0\0\0\0"),
    raw(b"\1\0", b"GIF89a\1\0\1\0\0\0\0!\xfe"),
    raw(b"ANMF\0\0\0\0", b"RIFF\xff\xff\xff\x7fWEBP"),
    raw(b"EXIF\0\0\0\0", b"RIFF\xff\xff\xff\x7fWEBP"),
    raw(b"\0\0\1\0\xff\xff"),
    raw(b"\0", b"BM"),
    *BOXES,
)


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


def _sample_table(n: int) -> bytes:
    """A track whose samples are more than there are bytes: `n` chunks of four thousand million samples each."""
    sizes = _box(b"stsz", struct.pack(">III", 0, 1, 0xFFFFFFFF))
    counts = _box(b"stsc", struct.pack(">IIIII", 0, 1, 1, 0xFFFFFFFF, 1))
    chunks = _box(b"stco", struct.pack(">II", 0, n) + b"\0\xff\xff\xff" * (n // 4))
    table = _box(b"stbl", sizes + counts + chunks)
    for name in (b"minf", b"mdia", b"trak", b"moov"):
        table = _box(name, table)
    return table


def _all(iterable: Any) -> int:
    return sum(1 for _ in iterable)


def _verdict(given: bytes) -> None:
    rules = parsing.parse(given)
    rules.verdict("spiderduck", LONG_PATH)
    rules.allows("spiderduck", LONG_PATH)
    rules.crawl_delay("spiderduck")


def _decode(encoding: str) -> Any:
    def call(data: bytes) -> None:
        decoder = BodyDecoder(encoding, 10_000_000)
        for at in range(0, len(data), 65_536):
            sum(map(len, decoder.steps(data[at : at + 65_536])))
        sum(map(len, decoder.finish()))

    return call


def _read_frames(data: bytes) -> None:
    for _ in hops_wire.FrameReader().feed(data, 0.0):
        pass


def _inspect(codec: Any) -> Any:
    return lambda data: codec.inspect(data, LIMITS)


def _gzip_members(n: int) -> bytes:
    return gzip.compress(b"") * (n // 20 + 1)


ASK = hops_wire.pack_request(HopRequest(URL, 0.0, 1.0), 0.0)
HEADERS = items(lambda n: [("link", f"<{'a' * 50}>; rel=next")] * n)
METADATA = model.encode_metadata(extract.extract_metadata(b"<title>a</title>", url=URL))

TABLE: dict[str, list[Case]] = {
    # fetchers
    "fetchers.urls.parse": cases(urls.parse, *URLS),
    "fetchers.urls.without_user": cases(urls.without_user, *URLS),
    "fetchers.urls.redacted": cases(urls.redacted, *URLS, rows("http://a@")),
    "fetchers.urls.redacted_url": cases(urls.redacted_url, *URLS, rows("http://a:b@"), rows("a:/@")),
    "fetchers.urls.without_query": cases(urls.without_query, *URLS, rows("?"), rows("#")),
    "fetchers.urls.split": cases(urls._split.__wrapped__, *URLS),
    "fetchers.urls.registrable_domain": cases(
        urls._registrable_domain.__wrapped__, rows("a."), rows("."), rows("co.uk")
    ),
    "fetchers.redirect_target.redirect_target": cases(
        redirect_target, lambda n: response(status=301, location="../" * (n // 3))
    ),
    "fetchers.redirect_target.target_in_head": cases(
        lambda given: targets.target_in_head(301, (("location", given),), URL), *URLS
    ),
    "fetchers.urls.url_text": cases(urls.url_text, rows("a"), rows("\u00fc"), *URLS),
    "fetchers.redirect_target.is_same_page": cases(lambda given: targets.is_same_page(given, given), *URLS),
    "fetchers.redirect_target.as_sent": cases(targets.as_sent, rows("#"), *URLS),
    "fetchers.redirect_target.location_of": cases(targets.location_of, lambda n: response(location="\xfc " * (n // 2))),
    "fetchers.redirect_target.refresh_in_head": cases(
        targets.refresh_in_head, lambda n: response(refresh="0;url=" + "../" * (n // 3))
    ),
    "fetchers.client.attribute_url.as_utf_8": cases(as_utf_8, raw(b"\xff\xfe"), raw(b"\xfe\xff\xd8\x00"), raw(b"a")),
    "fetchers.client.attribute_url.attribute_url": cases(
        lambda given: attribute_url(given, given, "text/html"), raw(b"&amp"), raw(b"&#x"), raw(b"?"), raw(b"<meta ")
    ),
    "fetchers.body.labelled.coding_by_mark": cases(labelled.coding_by_mark, raw(b"\x1f\x8b"), raw(b"\x28")),
    "fetchers.body.labelled.coding_of": cases(
        lambda given: labelled.coding_of(given, "gzip", is_all=True), raw(b"\x1f\x8b"), raw(b"a"), raw(b"\x78\x9c")
    ),
    "fetchers.media_type.said_type": cases(
        lambda given: media_type.said_type((("content-type", given),)), rows("a/b,"), rows(";x="), rows('"')
    ),
    "fetchers.media_type.essence_of": cases(media_type.essence_of, rows("a/b;"), rows(" ")),
    "fetchers.media_type.charset_of": cases(media_type.charset_of, rows("charset="), rows(";"), rows('"')),
    "fetchers.media_type.sniffed_type": cases(media_type.sniffed_type, raw(b"<"), raw(b"\0"), raw(b" ")),
    "fetchers.media_type.is_binary": cases(media_type.is_binary, raw(b"a"), raw(b"\0")),
    "fetchers.media_type.is_garbled": cases(media_type.is_garbled, raw(b"a"), raw(b"\0")),
    "fetchers.redirect_target.resolve": cases(lambda text: resolve(text, URL), *URLS),
    "fetchers.redirect_target.refresh_target": cases(
        lambda text: refresh_target(text, URL),
        rows(" "),
        rows("9"),
        rows(" ", "0;url"),
        rows("0;url="),
        rows("'", "0; '"),
    ),
    "fetchers.politeness.back_off.parse_retry_after": cases(
        lambda text: parse_retry_after(text, 0.0), rows("9"), rows("Mon, "), rows(" ")
    ),
    "fetchers.politeness.back_off.pause_asked": cases(
        lambda text: pause_asked(
            [("ratelimit", text), ("x-ratelimit-reset", text), ("x-ratelimit-remaining", text)], 0.0
        ),
        rows(";r=0;t=1"),
        rows(",r "),
        rows(" ", "r"),
        rows("9", "1."),
        rows("remaining=0,"),
    ),
    "groundwork.trace.read": cases(lambda text: trace.read(text, text), rows("0"), rows("00-"), rows(" ")),
    "fetchers.robots.loading.life": cases(
        lambda text: loading.life([("cache-control", text)]), rows("max-age "), rows("max-age=x")
    ),
    "groundwork.address_guard.is_allowed": cases(address_guard.is_allowed, rows("1."), rows("1:"), rows("::")),
    "fetchers.body.inflate.is_zlib": cases(inflate.is_zlib, raw(b"\x78\x9c")),
    "fetchers.body.inflate.gzip_wrapping": cases(inflate.gzip_wrapping, raw(b"a", b"\x1f\x8b\x08\xff" + b"\xff" * 8)),
    "fetchers.body.inflate.deflate_wrapping": cases(inflate.deflate_wrapping, raw(b"x")),
    "fetchers.body.decoding.BodyDecoder": [
        *cases(_decode("gzip"), _gzip_members, raw(b"a", b"\x1f\x8b\x08\xff" + b"\xff" * 8)),
        *cases(_decode("gzip, deflate, zstd, gzip"), _gzip_members),
        *cases(_decode("deflate"), raw(b"\x00\x00\x00\xff\xff"), raw(b"\x02\x08\x20\x80\x00")),
        *cases(_decode("br"), raw(b"\0")),
        *cases(_decode("zstd"), raw(b"\x28\xb5\x2f\xfd\x20\x00\x01\x00\x00"), raw(b"\x50\x2a\x4d\x18\x00\x00\x00\x00")),
    ],
    "fetchers.client.refresh_element.find_refresh": cases(
        refresh_element.find_refresh,
        raw(b"<!x", b"http-equiv=refresh "),
        raw(b"<base href=x ", b"http-equiv=refresh "),
        raw(b"<!--", b"http-equiv=refresh "),
        raw(b"<style ", b"http-equiv=refresh "),
        raw(b"<meta http-equiv", b"http-equiv=refresh "),
        raw(b" ", b"http-equiv="),
        raw(b"<meta a='", b"http-equiv=refresh "),
    ),
    "fetchers.client.redirects.meta_refresh": cases(
        lambda data: redirects.meta_refresh(response(data)), raw(b"<!--", b"http-equiv=refresh "), raw(b"q"), *MARKUP
    ),
    "fetchers.client.redirects.next_hop": cases(
        lambda data: redirects.next_hop(response(data)), raw(b"<title", b"http-equiv=refresh ")
    ),
    "fetchers.client.redirects.may_lead_on": cases(
        lambda text: redirects.may_lead_on(response(content_type=text)), rows("html")
    ),
    "fetchers.body.decoding.can_undo": cases(decoding.can_undo, rows("gzip,"), rows("x,")),
    "fetchers.body.limits.encodings_of": cases(
        lambda text: limits.encodings_of((("content-encoding", text), ("transfer-encoding", text))), rows("gzip,")
    ),
    "fetchers.body.limits.announced_length": cases(
        lambda text: limits.announced_length(response(content_length=text)), rows("9")
    ),
    "fetchers.robots.lines.text_of": cases(lines.text_of, *ROBOTS, raw(b"\r"), raw(b"\xd8", b"\xff\xfe")),
    "fetchers.robots.lines.directives": cases(
        lambda data: _all(lines.directives(data.decode("latin-1"))), *ROBOTS, raw(b"a:\n"), raw(b":")
    ),
    "fetchers.robots.matching.path_of": cases(matching.path_of, *URLS, rows("%a"), rows("?")),
    "fetchers.robots.parsing.parse": cases(parsing.parse, *ROBOTS),
    "fetchers.robots.rules.RobotsTxt": cases(_verdict, *ROBOTS),
    "fetchers.robots.rules.copy_to_bytes": cases(lambda data: copy_to_bytes(parsing.parse(data), 0.0, 1.0), ROBOTS[0]),
    "fetchers.robots.rules.copy_from_bytes": cases(
        copy_from_bytes,
        lambda n: copy_to_bytes(parsing.parse(ROBOTS[0](n)), 0.0, 1.0),
        raw(b"\x91"),
    ),
    "fetchers.wire.FrameReader": cases(
        _read_frames, raw(b"p\0\0\0\0"), raw(b"p\0\0\0\1a"), raw(b"\0", b"h\0\x3f\xff\xff")
    ),
    "fetchers.wire.unpack_request": cases(
        lambda data: hops_wire.unpack_request(data, 0.0), raw(b"\x91"), raw(b"\0", ASK)
    ),
    # snowflake
    "snowflake.text.TextForm": cases(lambda digits: text.CROCKFORD.read(digits), rows("-"), rows("0"), rows("z")),
    "snowflake.auditor.read_line": cases(auditor.read_line, rows("9"), rows(" "), rows('{"a":')),
    "snowflake.layout.parse_decimal": cases(layout.parse_decimal, rows("9"), rows("0")),
    # events
    "schedulers.events.batch.read_events": cases(batch.read_events, *JSON, raw(b"\n", b"{}\n"), raw(b"{}\n")),
    "schedulers.events.batch.items_of": cases(lambda given: batch.items_of(given, None), *JSON, raw(b"{}\n")),
    "schedulers.events.reading.read_event": cases(reading.read_event, *JSON),
    "schedulers.events.reading.read_object": cases(reading.read_object, BIG_DICT, STATUS, FACETS, ENTITIES),
    "schedulers.events.redaction.redact_body": cases(redaction.redact_body, *JSON, raw(b'"a:b@c",', b"[", b'"@"]')),
    "schedulers.events.sharers.Sharers": cases(
        sharers.Sharers(b"key").hide,
        *JSON,
        raw(b'{"sharer": "'),
        raw(b"\\", b'{"sharer": "'),
        raw(b" ", b'"sharer":'),
        raw(b'"sharer\\\\":'),
    ),
    "schedulers.events.sharers.sharer_in": cases(lambda given: sharers.sharer_in({"sharer": given[:9]}), rows(" ")),
    "schedulers.events.sharers.is_hash": cases(sharers.is_hash, rows("a")),
    "schedulers.events.values.decode": cases(values.decode, *JSON),
    "schedulers.events.body_links.links_in_text": cases(body_links.links_in_text, *TEXTS, rows("<p>a.com")),
    "schedulers.events.body_links.links_in_markdown": cases(body_links.links_in_markdown, *TEXTS),
    "schedulers.events.body_links.links_in_html": cases(
        body_links.links_in_html, rows("<http://" + "a" * 5090, "<p>"), rows("<a href=http://a.com>"), rows("<div> ")
    ),
    "schedulers.events.body_links.links_of_anchors": cases(
        lambda given: body_links.links_of_anchors(given, lambda _: True),
        rows("<a href=http://a.com>"),
        rows("<b></div>"),
    ),
    "schedulers.events.body_links.urls_with_scheme": cases(body_links.urls_with_scheme, *TEXTS),
    "schedulers.events.bluesky.recognises": cases(bluesky.recognises, BIG_DICT),
    "schedulers.events.bluesky.read": cases(bluesky.read, FACETS),
    "schedulers.events.cloudevent.recognises": cases(cloudevent.recognises, BIG_DICT),
    "schedulers.events.cloudevent.read": cases(lambda given: cloudevent.read(given, generic.read), ENVELOPE),
    "schedulers.events.generic.recognises": cases(generic.recognises, BIG_DICT),
    "schedulers.events.generic.read": cases(generic.read, BIG_DICT, URL_LIST),
    "schedulers.events.passed_over.passed_over": cases(
        lambda text: passed_over(text, ()),
        *TEXTS,
        rows("ftp://a "),
        rows("http://[ "),
        rows("http://a@"),
        rows("a+"),
        rows("ftp://a]"),
    ),
    "schedulers.events.mastodon.recognises": cases(mastodon.recognises, BIG_DICT),
    "schedulers.events.mastodon.read": cases(mastodon.read, STATUS),
    "schedulers.events.slack.recognises": cases(slack.recognises, BIG_DICT),
    "schedulers.events.slack.read": cases(slack.read, LINKS),
    "schedulers.events.tweet.recognises": cases(tweet.recognises, BIG_DICT),
    "schedulers.events.tweet.read": cases(tweet.read, ENTITIES),
    "schedulers.events.tweet.entity_links": cases(lambda given: _all(tweet.entity_links(given["entities"])), ENTITIES),
    "schedulers.events.tweet.is_picture": cases(tweet.is_picture, BIG_DICT),
    "schedulers.events.tweet_v2.recognises": cases(tweet_v2.recognises, BIG_DICT),
    "schedulers.events.tweet_v2.read": cases(tweet_v2.read, ENTITIES),
    "schedulers.events.values.object_in": cases(lambda given: values.object_in(given, "a"), BIG_DICT),
    "schedulers.events.values.objects_in": cases(lambda given: values.objects_in(given, "links"), LINKS),
    "schedulers.events.values.text_in": cases(lambda given: values.text_in({"a": given}, "a"), rows(" ")),
    "schedulers.events.values.id_in": cases(lambda given: values.id_in({"a": given}, "a"), rows(" ")),
    "schedulers.events.values.different": cases(lambda given: values.different(given["urls"]), URL_LIST),
    "schedulers.events.values.unescaped": cases(values.unescaped, rows("&amp;"), rows("&")),
    "schedulers.events.values.is_web_url": cases(values.is_web_url, *URLS),
    "schedulers.events.values.moment": cases(values.moment, rows("9"), rows("a "), rows("Jan ")),
    # urls
    "schedulers.urls.canonical.accepted_canonical": cases(
        lambda given: canonical_urls.accepted_canonical(given, URL), *URLS, rows("#"), rows(" ")
    ),
    "schedulers.urls.canonical.is_home": cases(
        canonical_urls.is_home, rows("/a%41", "http://a.example"), rows("a=b&", "http://a.example/?")
    ),
    "schedulers.urls.extract.extract_urls": cases(extract_urls.extract_urls, *TEXTS),
    "schedulers.urls.normalise.dedup_key": cases(normalise.dedup_key, *URLS),
    "schedulers.urls.one_time.is_one_time": cases(
        one_time.is_one_time,
        *URLS,
        rows("reset/", "https://a.test/"),
        rows("reset=aA1&", "https://a.test/?"),
        rows("state=1&", "https://a.test/oauth?"),
        rows("/auth", "https://a.test", "?code=1"),
    ),
    "schedulers.urls.clean.clean_url": cases(
        clean_urls.clean_url, *URLS, rows("utm_a=1&", "https://a.test/?"), rows("=&", "https://a.test/#")
    ),
    "schedulers.urls.parse.parse_url": cases(parse.parse_url, *URLS),
    "schedulers.urls.parse.parse_shared": cases(parse.parse_shared, *URLS, rows("a."), rows("a", "", ".")),
    "schedulers.urls.top_level.top_level_end": cases(
        lambda given: top_level.top_level_end(given, 0), rows("a"), rows("-", "xn--"), rows("中")
    ),
    "schedulers.urls.top_level.special_use_end": cases(
        lambda given: top_level.special_use_end(given, 0), rows("a"), rows("-", "xn--")
    ),
    "schedulers.urls.tracking.tracking_of": cases(tracking.tracking_of, rows("a.", "http://"), rows("@")),
    # metadata: the whole
    "schedulers.metadata.extract.examine": cases(lambda body: extract.examine(body, url=URL), *PAGES, *PDFS),
    "schedulers.metadata.extract.kind_of": cases(lambda body: extract.kind_of(body, url=URL), *PAGES, *PDFS, *PICTURES),
    "schedulers.metadata.extract.extract_metadata": [
        *cases(lambda given: extract.extract_metadata(given, url=URL, content_type="text/html"), *MARKUP, *PAGES),
        *cases(lambda given: extract.extract_metadata(given, url=URL), *PDFS, *PICTURES),
    ],
    "schedulers.metadata.guard.bounded": cases(guard.bounded, *MARKUP),
    "schedulers.metadata.guard.tags_of": cases(guard.tags_of, *MARKUP),
    "schedulers.metadata.endless_tags.without_endless_tags": cases(endless_tags.without_endless_tags, *MARKUP),
    "schedulers.metadata.charset.sniff_encoding": cases(
        charset.sniff_encoding, *MARKUP, raw(b"\xa4\xa2"), raw(b"\xe9")
    ),
    "schedulers.metadata.charset.decode": cases(charset.decode, *MARKUP, raw(b"\0<"), raw(b"\t\0", b"", b"<")),
    "schedulers.metadata.charset.rule_of": cases(lambda given: charset.rule_of(given, None, "UTF-8"), *MARKUP),
    "schedulers.metadata.charset.as_utf_8": cases(charset.as_utf_8, *MARKUP, raw(b"\xff\xc3\xa9")),
    "schedulers.metadata.charset_decoders.is_utf_8": cases(
        charset_decoders.is_utf_8, raw(b"\xc3\xa9"), raw(b"\xe2\x82")
    ),
    "schedulers.metadata.charset_decoders.strictly": cases(
        lambda given: charset_decoders.strictly(given, "ISO-2022-JP"), raw(b"\x1b$B"), raw(b"\x1b$B!!\x1b(B")
    ),
    "schedulers.metadata.charset_decoders.leniently": cases(
        lambda given: charset_decoders.leniently(given, "gb18030"), raw(b"\xff"), raw(b"\x81")
    ),
    "schedulers.metadata.charset_names.name_of": cases(charset_names.name_of, rows(" "), rows("utf-8")),
    "schedulers.metadata.charset_prescan.declared_first": cases(
        charset_prescan.declared_first, *MARKUP, raw(b"<?xml ")
    ),
    "schedulers.metadata.charset_prescan.declared_later": cases(
        charset_prescan.declared_later, *MARKUP, raw(b"<meta content='charset"), raw(b"<script></script>")
    ),
    "schedulers.metadata.charset_prescan.in_content_type": cases(
        charset_prescan.in_content_type, rows("charset"), rows('charset="'), rows(" ", "charset")
    ),
    "schedulers.metadata.addresses.absolute": cases(lambda given: addresses.absolute(given, URL), *URLS),
    "schedulers.metadata.addresses.host": cases(addresses.host, *URLS),
    "schedulers.metadata.addresses.site_of": cases(addresses.site_of, *URLS),
    "schedulers.metadata.headers.read": cases(headers.read, HEADERS),
    "schedulers.metadata.headers.typed_link": cases(
        lambda given: headers.typed_link({"link": [given] * 20}, "license", "application/rsl+xml"),
        rows("<a>;rel=b,"),
        rows("<"),
        rows(";", "<a>"),
    ),
    "schedulers.metadata.headers.links_of": cases(
        lambda given: headers.links_of({"link": [given] * 20}),
        rows("<a>;"),
        rows(" ", "<a>"),
        rows(";rel=a", "<a>"),
        rows("<"),
    ),
    "schedulers.metadata.clean.text": cases(clean.text, rows("&amp;"), rows(" "), rows("a\u0301"), rows("\u202e")),
    "schedulers.metadata.clean.title": cases(clean.title, rows("<a "), rows("<a>"), rows("&lt;")),
    "schedulers.metadata.clean.description": cases(clean.description, rows("<a "), rows("<a>"), rows("&lt;")),
    "schedulers.metadata.clean.name": cases(clean.name, rows("<a "), rows("\u0301", "a")),
    "schedulers.metadata.clean.unescape_again": cases(clean.unescape_again, rows("&"), rows("&amp;"), rows("&#1")),
    "schedulers.metadata.clean.filled": cases(
        clean.filled, rows("{{ "), rows("%a"), rows("{{{a}}} "), rows("%%a%% "), rows(" ")
    ),
    "schedulers.metadata.clean.without_markup": cases(clean.without_markup, rows("<a "), rows("<"), rows("<a>")),
    "schedulers.metadata.clean.first_tag": cases(clean.first_tag, rows("<a "), rows("<")),
    "schedulers.metadata.clean.media_type": cases(clean.media_type, rows("a/"), rows(";")),
    "schedulers.metadata.clean.shorten": cases(
        lambda given: clean.shorten(given, 300), rows("\u0301", "a"), rows("👨\u200d"), rows(" ")
    ),
    "schedulers.metadata.clean.fold": cases(clean.fold, rows("_ "), rows("ß")),
    "schedulers.metadata.dates.iso": cases(dates.iso, rows("1"), rows("1:"), rows(" "), rows("may ")),
    "schedulers.metadata.dates.moment": cases(dates.moment, rows("1"), rows("2015-01-01")),
    "schedulers.metadata.json_ld.read": cases(
        lambda given: json_ld.read([given], json_ld.Own(URL, (), ())),
        rows(GRAPH, "[", "{}]"),
        rows('{"@graph":['),
        rows('{"author":', "", "1"),
    ),
    "schedulers.metadata.json_ld.types_of": cases(
        json_ld.types_of, items(lambda n: {"@type": ["a"] * n}), lambda n: {"@type": "a/" * n}
    ),
    "schedulers.metadata.json_ld_text.values": cases(
        lambda given: _all(json_ld_text.values(given)),
        rows("<!--"),
        rows("/*"),
        rows('"\\'),
        rows("{a,", "{"),
        rows(", ", "{", "}"),
        rows("1 "),
        rows('\\"', '{"'),
        rows("<b>"),
        rows("var a = "),
        rows("\\u{", '{"', '"}'),
        rows("{undefined"),
        rows("[]", '{"a":1'),
        rows("&quot;"),
        rows("; "),
        rows("["),
        rows('{"a":'),
    ),
    "schedulers.metadata.open_graph.objects": page_cases(lambda page: _all(open_graph.objects(page, "og:image"))),
    "schedulers.metadata.reading.measure": cases(
        lambda given: reading_time.measure(given, given), rows("a "), rows("中"), rows(" "), rows("a  b\n")
    ),
    "schedulers.metadata.model.decode_metadata": cases(model.decode_metadata, raw(b"["), raw(b" ", METADATA)),
    "schedulers.metadata.interstitials.recognise": page_cases(lambda page: interstitials.recognise(page, 403, 10)),
    "schedulers.metadata.article_pictures.is_decoration": cases(
        article_pictures.is_decoration, rows("ads/"), rows("/pixel-"), rows("-")
    ),
    "schedulers.metadata.article_pictures.best_picture": page_cases(
        lambda page: article_pictures.best_picture(page.tree, URL),
        raw(b"<img srcset='a 1x, "),
        raw(b"<picture><source>"),
    ),
    "schedulers.metadata.body.is_hidden": page_cases(
        lambda page: [body.is_hidden(one) for one in page.body.paragraphs]
    ),
    "schedulers.metadata.body.is_outside": page_cases(
        lambda page: [body.is_outside(one) for one in page.body.paragraphs]
    ),
    "schedulers.metadata.body.Body": page_cases(
        lambda page: (
            page.body.text,
            page.body.first_paragraph,
            page.body.h1,
            page.body.byline,
            page.body.published_time,
        ),
        *MARKUP,
    ),
    "schedulers.metadata.items.value": page_cases(
        lambda page: [item_values.value(one) for one in page.tree.css("[itemprop]")[: item_values.CANDIDATES]]
    ),
    # metadata: the kinds
    "schedulers.metadata.kinds.sniff.kind": cases(lambda given: sniff.kind(answer(given)), *MARKUP, *PICTURES),
    "schedulers.metadata.kinds.html.read": cases(lambda given: html.read(answer(given, "text/html")), *MARKUP, *PAGES),
    "schedulers.metadata.kinds.pdf.read": cases(lambda given: pdf.read(answer(given)), *PDFS),
    "schedulers.metadata.kinds.svg.read": cases(
        lambda given: svg.read(answer(given)),
        raw(b"<title"),
        raw(b"<title>"),
        raw(b"<desc>" + b"a" * 5_000),
        raw(b"<title" + b" " * 200),
    ),
    "schedulers.metadata.kinds.feed.read": cases(
        lambda given: feed.read(answer(given)),
        raw(b"<a>", b"<rss><channel>"),
        raw(b"<title>&amp;</title>", b"<rss><channel>"),
        raw(b"&amp;", b"<rss><channel><title>"),
        raw(b"a='b' ", b"<rss "),
        raw(b"["),
        numbered("<x%d>a", "<rss>"),
    ),
    "schedulers.metadata.kinds.document.read_text": cases(
        lambda given: document.read_text(answer(given)), raw(b"\n"), raw(b"#= "), raw(b"\xff\xc3\xa9")
    ),
    "schedulers.metadata.kinds.document.read_json": cases(lambda given: document.read_json(answer(given)), *JSON),
    "schedulers.metadata.kinds.oembed_answer.read_oembed": cases(
        lambda given: oembed_answer.read_oembed(given, OEmbed("https://a.test/oembed")),
        *JSON,
        raw(b"<div>", b'{"type":"rich","title":"a","html":"', b'"}'),
        raw(b"<b>", b'{"type":"rich","title":"a","html":"', b'"}'),
    ),
    "schedulers.metadata.kinds.document.read_other": cases(lambda given: document.read_other(answer(given)), raw(b"a")),
    "schedulers.metadata.kinds.picture.read": cases(lambda given: picture.read(answer(given)), *PICTURES),
    "schedulers.metadata.kinds.image_header.read": cases(image_header.read, *PICTURES),
    "schedulers.metadata.kinds.containers.read": cases(
        containers.read,
        *BOXES,
        raw(b"\xa0\x80", b"\x1a\x45\xdf\xa3"),
        raw(b"\x18\x53\x80\x67\x80", b"\x1a\x45\xdf\xa3\x80"),
    ),
    "schedulers.metadata.kinds.playable.read_video": cases(lambda given: playable.read_video(answer(given)), *BOXES),
    "schedulers.metadata.kinds.playable.read_audio": cases(
        lambda given: playable.read_audio(answer(given)),
        raw(b"TIT2\0\0\0\1\0\0a", b"ID3\3\0\0\x7f\x7f\x7f\x7f"),
        raw(b"\0", b"RIFF\xff\xff\xff\x7fWAVE"),
        raw(b"\xff"),
        raw(b"OggS\0"),
        raw(b"\0\0\0\4", b"fLaC"),
        raw(struct.pack(">I4s", 8, b"moov"), b"\0\0\0\x18ftypM4A "),
    ),
    # metadata: the fields
    "schedulers.metadata.fields.adult.read": page_cases(adult.read, raw(b"<meta name=rating content=", b"a")),
    "schedulers.metadata.fields.app_links.read": page_cases(
        app_links.read, numbered("<meta name=al:ios:x%d content=a>")
    ),
    "schedulers.metadata.fields.author.read": page_cases(author.read, raw(b"by ", b"<meta name=author content='")),
    "schedulers.metadata.fields.author.read_all": page_cases(lambda page: author.read_all(page, author.read(page))),
    "schedulers.metadata.fields.canonical.read": page_cases(canonical.read),
    "schedulers.metadata.fields.description.read": page_cases(description.read, raw(b"word ", b"<p><object>" * 100)),
    "schedulers.metadata.fields.fediverse.read": page_cases(fediverse.read),
    "schedulers.metadata.fields.feeds.read": page_cases(feeds.read),
    "schedulers.metadata.fields.feeds.read_languages": page_cases(feeds.read_languages),
    "schedulers.metadata.fields.feeds.read_activity_pub": page_cases(feeds.read_activity_pub),
    "schedulers.metadata.fields.feeds.read_amp": page_cases(feeds.read_amp),
    "schedulers.metadata.fields.icon.read": page_cases(icon.read),
    "schedulers.metadata.fields.icon.read_touch": page_cases(icon.read_touch),
    "schedulers.metadata.fields.image.read": page_cases(image.read),
    "schedulers.metadata.fields.image.pixels": cases(image.pixels, rows("9"), rows(" "), rows("px")),
    "schedulers.metadata.fields.image.picture": cases(lambda given: image.picture(page_of(b""), given, given), *URLS),
    "schedulers.metadata.fields.kind.read": page_cases(kind.read),
    "schedulers.metadata.fields.language.read": page_cases(language.read),
    "schedulers.metadata.fields.language.tag": cases(language.tag, rows("a-"), rows("en-abcde-")),
    "schedulers.metadata.fields.media.read_video": page_cases(media.read_video),
    "schedulers.metadata.fields.media.read_audio": page_cases(media.read_audio),
    "schedulers.metadata.fields.media.read_player": page_cases(media.read_player),
    "schedulers.metadata.fields.media.seconds": cases(media.seconds, rows("1H", "PT"), rows("9", "PT")),
    "schedulers.metadata.fields.oembed.read": page_cases(oembed.read),
    "schedulers.metadata.fields.oembed.endpoint_of": cases(
        oembed.endpoint_of, *URLS, rows("a", "https://youtube.com/watch?v=")
    ),
    "schedulers.metadata.fields.price.read": page_cases(
        price.read,
        raw(b"1,", b"<meta property=product:price:amount content='"),
        raw(b"1.", b"<meta property=og:price:amount content="),
    ),
    "schedulers.metadata.fields.published.read": page_cases(published.read, raw(b"<time datetime=x>")),
    "schedulers.metadata.fields.published.read_modified": page_cases(published.read_modified),
    "schedulers.metadata.fields.usage.read": page_cases(
        lambda page: usage.read(page, ReadingOptions()),
        raw(b"noindex,", b"<meta name=robots content='"),
        raw(b"unavailable_after:1,", b"<meta name=robots content='"),
        raw(b"<prohibits usage ", b"<head><script type='application/rsl+xml'>"),
        raw(b"<link rel=license type='application/rsl+xml' href=/a>"),
    ),
    "schedulers.metadata.fields.site_name.read": page_cases(site_name.read),
    "schedulers.metadata.fields.site_name.own": page_cases(
        site_name.own, raw(b" - a", b'<meta property="og:site_name" content="')
    ),
    "schedulers.metadata.fields.site_name.is_own": page_cases(lambda page: site_name.is_own(page, "x" * 300)),
    "schedulers.metadata.fields.site_name.folded": cases(site_name.folded, rows(" "), rows("."), rows("the ")),
    "schedulers.metadata.tdmrep.read": cases(
        lambda given: tdmrep.read(given.encode(), URL),
        rows("["),
        rows('{"location":"/"},', "["),
        rows("*", '[{"location":"'),
    ),
    "schedulers.metadata.tdmrep.said": cases(
        lambda given: tdmrep.said((tdmrep.Rule("/*a*a*a*b$", True, None),), given), rows("a", "/"), rows("ab", "/")
    ),
    "schedulers.metadata.fields.site_name.known": page_cases(site_name.known),
    "schedulers.metadata.fields.site_name.likely": page_cases(lambda page: site_name.likely(page, "a")),
    "schedulers.metadata.fields.site_name.hosts": page_cases(site_name.hosts),
    "schedulers.metadata.fields.tags.read": page_cases(tags.read),
    "schedulers.metadata.fields.tags.read_section": page_cases(tags.read_section),
    "schedulers.metadata.fields.theme_color.read": page_cases(theme_color.read),
    "schedulers.metadata.fields.theme_color.colour": cases(theme_color.colour, rows("rgb("), rows("a")),
    "schedulers.metadata.fields.title.read": page_cases(
        title.read, raw(b" : ", b"<title>"), raw(b" |", b"<title>a"), raw("é_—".encode(), b"<title>")
    ),
    "schedulers.metadata.fields.title.without_site": cases(
        lambda given: title.without_site(given[:20_000], frozenset(), ("a.b.c",)), rows(" - "), rows("| ")
    ),
    # pictures: headers alone, no pixel is decoded
    "imagepipe.codecs.av1.read_streams": cases(av1.read_streams, *BOXES),
    "imagepipe.codecs.boxes.boxes": cases(lambda given: _all(boxes.boxes(given)), *BOXES),
    "imagepipe.codecs.boxes.payloads": cases(lambda given: _all(boxes.payloads(given)), *BOXES),
    "imagepipe.codecs.avif.Avif": cases(_inspect(avif.Avif()), *BOXES),
    "imagepipe.codecs.bmp.dib_size": cases(bmp.dib_size, raw(b"\0")),
    "imagepipe.codecs.bmp.Bmp": cases(_inspect(bmp.Bmp()), *PICTURES),
    "imagepipe.codecs.exif.read_exif": cases(
        exif.read_exif,
        raw(b"\0", b"Exif\0\0II*\0\x08\0\0\0\xff\xff"),
        raw(b"\x25\x88\4\0\1\0\0\0\x08\0\0\0", b"Exif\0\0II*\0\x08\0\0\0\xff\xff"),
    ),
    "imagepipe.codecs.gif.Gif": cases(_inspect(gif.Gif()), *PICTURES),
    "imagepipe.codecs.gif_blocks.read_screen": cases(gif_blocks.read_screen, raw(b"\xff", b"GIF89a")),
    "imagepipe.codecs.gif_blocks.read_plays": cases(gif_blocks.read_plays, raw(b"\x21\xff\x0bNETSCAPE2.0\x03")),
    "imagepipe.codecs.gif_blocks.walk_frames": cases(lambda given: _all(gif_blocks.walk_frames(given)), *PICTURES),
    "imagepipe.codecs.ico.Ico": cases(_inspect(ico.Ico()), *PICTURES),
    "imagepipe.codecs.jpeg.read_header": cases(jpeg.read_header, *PICTURES),
    "imagepipe.codecs.jpeg.scan_ends": cases(lambda given: jpeg.scan_ends(given, 2, 100), *PICTURES),
    "imagepipe.codecs.jpeg.Jpeg": cases(_inspect(jpeg.Jpeg()), *PICTURES),
    "imagepipe.codecs.jpeg2000.Jpeg2000": cases(_inspect(jpeg2000.Jpeg2000()), *PICTURES, raw(b"\xff\x4f")),
    "imagepipe.codecs.gif_blocks.mended": cases(
        lambda given: gif_blocks.mended(given, 0), raw(b"\x01\x00"), raw(b"\xff"), *PICTURES
    ),
    "imagepipe.codecs.png_colour.read_key": cases(lambda given: png_colour.read_key(2, 16, given), raw(b"\x01")),
    "imagepipe.codecs.png_colour.read_profile": cases(
        lambda given: png_colour.read_profile({b"cICP": given, b"gAMA": given, b"cHRM": given}), raw(b"\x01")
    ),
    "imagepipe.codecs.apng.read_animation": cases(
        lambda given: apng.read_animation(given, png.chunks(given)),
        raw(b"\0\0\0\0PLTE\0\0\0\0", _PNG_HEAD),
        raw(b"\0\0\0\4fdAT\0\0\0\0\0\0\0\0", _PNG_HEAD),
        *PICTURES,
    ),
    "imagepipe.codecs.stripping.stripped": cases(
        lambda given: [stripping.stripped(name, given) for name in ("jpeg", "png", "webp", "gif", "avif")], *PICTURES
    ),
    "imagepipe.codecs.png.chunks": cases(lambda given: _all(png.chunks(given)), *PICTURES),
    "imagepipe.codecs.png.Png": cases(_inspect(png.Png()), *PICTURES),
    "imagepipe.codecs.webp.chunks": cases(lambda given: _all(webp.chunks(given)), *PICTURES),
    "imagepipe.codecs.webp.WebP": cases(_inspect(webp.WebP()), *PICTURES),
    "imagepipe.codecs.jpeg_scans.closed": cases(lambda given: jpeg_scans.closed(given, len(given)), *PICTURES),
    "imagepipe.variants.negotiation.accepted_formats": cases(
        negotiation.accepted_formats, rows("a;q=1,"), rows(";"), rows(",")
    ),
    "imagepipe.originals.freshness.fresh_seconds": cases(
        lambda given: freshness.fresh_seconds(given, given, 0.0), rows("a,"), rows("9"), rows("Mon, ")
    ),
    "imagepipe.originals.freshness.storage": cases(freshness.storage, rows("a,"), rows("private="), rows(",")),
    "imagepipe.originals.freshness.retry_after": cases(
        lambda given: freshness.retry_after(given, 0.0), rows("9"), rows("Mon, ")
    ),
    "imagepipe.signing.canonical": cases(lambda given: signing.canonical(given, {given: given}), rows("%"), rows("/")),
    "imagepipe.signing.sign": cases(lambda given: signing.sign(given, {given: given}, "a" * 64), rows("%")),
    "imagepipe.signing.verify": cases(lambda given: signing.verify(given, {"sig": given}, ["a" * 64]), rows("%")),
}

SEARCHED = ("schedulers.events", "schedulers.urls", "schedulers.metadata", "fetchers", "imagepipe.codecs", "snowflake")
"""Packages in which every module with a public function of text or bytes is in the table, or in `EXEMPT`."""

_PAGE = "reads what other functions of the table made of the bytes"
_OURS = "reads what our own processes and engines write"
_MAKES = "makes text from our own values"
NOTHING_FROM_OUTSIDE = {
    "groundwork.address_guard.ipv4_within": "takes an address that was parsed",
    "imagepipe.codecs.apng.frames": "decodes within the limits that `inspect` checked; the memory budget holds it",
    "imagepipe.codecs.png_colour.high_bytes": "works on pixels that were decoded within the limits",
    "imagepipe.codecs.png_colour.has_code": "looks at one length",
    "imagepipe.codecs.webp.container": "joins chunks",
    "fetchers.client.redirects.fetch": "follows hops by the functions of the table",
    "fetchers.robots.loading.may_be_used": "compares two numbers",
    "fetchers.client.redirects.open_fetch": "follows hops by the functions of the table",
    "fetchers.body.limits.is_text": "compares the type with a list of endings",
    "fetchers.body.limits.plan_body": "compares the type with a list of beginnings",
    "fetchers.wire.pack_request": _MAKES,
    "fetchers.wire.pack_head": _MAKES,
    "fetchers.wire.pack_end": _MAKES,
    "fetchers.wire.pack_frame": _MAKES,
    "fetchers.wire.pack_prefix": _MAKES,
    "schedulers.events.batch.read_item": "asks `read_event`",
    "schedulers.metadata.fields.image.declared": _PAGE,
    "schedulers.metadata.interstitials.kind_of": "looks a name of our own up",
    "schedulers.metadata.interstitials.entries": "reads our own data file",
    "schedulers.metadata.fields.title.explained": _PAGE,
    "schedulers.metadata.ladder.shown": _PAGE,
    "schedulers.metadata.fields.usage.robots_of": _PAGE,
    "schedulers.metadata.fields.usage.provenance_of": _PAGE,
    "schedulers.metadata.picture_counter.note_in": _OURS,
    "schedulers.metadata.usage.refusal": _PAGE,
    "schedulers.metadata.usage.unavailable_from": _PAGE,
    "schedulers.metadata.model.decode_usage": _OURS,
    "schedulers.metadata.model.encode_metadata": _MAKES,
    "schedulers.metadata.model.encode_usage": _MAKES,
    "schedulers.metadata.model.encode_provenance": _MAKES,
    "snowflake.layout.unix_ms_of": "reads a number",
    "snowflake.layout.datetime_of": "reads a number",
    "snowflake.layout.check_below": "reads a number",
    "imagepipe.codecs.exif.write_copyright": _MAKES,
    "imagepipe.codecs.gif_blocks.table_bytes": "reads a number",
    "imagepipe.codecs.webp.reduced": "reckons with sizes",
    "imagepipe.codecs.png_colour.with_key": "decodes within the limits that `inspect` checked",
    "imagepipe.signing.check_expiry": "reads a number of fixed length",
    "imagepipe.variants.negotiation.resolve": "asks `accepted_formats`",
}
EXEMPT = {
    "snowflake.service.server": "hands texts on to `decode` and `parse_moment`, which are in the table or take digits",
    "fetchers.cluster": _OURS,
    "fetchers.config": "reads settings",
    "fetchers.exchange": "moves chunks; what it reads of them is in the table",
    "fetchers.body.budget": "counts",
    "fetchers.body.turns": "moves pieces; `BodyDecoder` is in the table",
    "fetchers.body.reading": "moves chunks; `BodyDecoder` is in the table",
    "fetchers.hop_log": "tells what was read; cuts a URL at its first mark",
    "fetchers.report": "prints for the command line",
    "fetchers.client.running": "reads settings",
    "fetchers.body.limits": "compares the type with a list of beginnings",
    "fetchers.ownership.assignment": _OURS,
    "fetchers.ownership.kazoo_calls": _OURS,
    "fetchers.ownership.nodes": _OURS,
    "fetchers.ownership.silence": _OURS,
    "fetchers.service.server": "reads settings",
    "fetchers.standalone": "reads settings",
    "imagepipe.codecs.blocks": "counts what others read",
    "imagepipe.codecs.quality": "looks a name up",
    "imagepipe.codecs.libwebp": "decodes within the limits that `inspect` checked; the memory budget holds it",
    "imagepipe.codecs.pillow": "decodes within the limits that `inspect` checked; the memory budget holds it",
    "schedulers.metadata.ladder": "builds the ladders when it is imported",
    "schedulers.metadata.picture_counter": _PAGE,
    "fetchers.blocked_domains": "asks `registrable_domain` and sets",
    "snowflake.leases.ordinal": "reads the name of our own host",
    "snowflake.leases.static": "reads settings",
    "snowflake.moments": "reads the command line",
    "snowflake.service.neighbourhood": _OURS,
    "snowflake.cli.commands": "reads the command line",
    "snowflake.cli.leasing": "reads the command line",
    "snowflake.config": "reads settings",
}
