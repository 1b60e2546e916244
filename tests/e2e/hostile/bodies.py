"""Bodies that strangers might serve: each is small on the wire and dear for a careless reader."""

import gzip
import json
import struct
import zlib
from collections.abc import Mapping

from tests.origin import Answer, http

PAGE_BYTES = 64 * 1024
LARGE_BYTES = 1024 * 1024


def repeated(fragment: str, before: str = "", after: str = "", size: int = PAGE_BYTES) -> bytes:
    """`fragment` again and again, up to `size` bytes."""
    return (before + fragment * (size // len(fragment.encode())) + after).encode()


def html_pages() -> Mapping[str, bytes]:
    """Pages whose markup invites a parser to look again at what it has read."""
    refresh = '<meta http-equiv=refresh content="0;url='
    return {
        "comments": repeated("<!--", "http-equiv=refresh "),
        "comments-large": repeated("<!--", "http-equiv=refresh ", size=LARGE_BYTES),
        "styles": repeated("<style", "http-equiv=refresh "),
        "titles": repeated("<title", "http-equiv=refresh "),
        "scripts": repeated("<script>", "http-equiv=refresh "),
        "refreshes": repeated(refresh, size=LARGE_BYTES),
        "refresh-spaces": (refresh + " " * LARGE_BYTES).encode(),
        "nested": repeated("<div>", size=LARGE_BYTES),
        "tables": repeated("<table><tr><td>", size=LARGE_BYTES),
        "formatting": repeated("<b><i><a href=x>", size=PAGE_BYTES),
        "entities": repeated("&", "<title>", "</title>", size=LARGE_BYTES),
        "attributes": ("<meta " + " ".join(f"a{n}=1" for n in range(60_000)) + ">").encode(),
        "metas": repeated('<meta property="og:image" content="/x.png">', size=LARGE_BYTES),
        "json-depth": repeated("[", '<script type="application/ld+json">', "</script>", size=LARGE_BYTES),
        "json-blocks": repeated('<script type="application/ld+json">{"@type":"Article"}</script>', size=LARGE_BYTES),
        "charset": repeated("<meta charset=", size=PAGE_BYTES),
        "title": f"<title>{'a ' * (LARGE_BYTES // 2)}</title>".encode(),
        "formatting-aligned": b"".join((b" <b id=%05d><p>" % number).ljust(31) for number in range(4_200)),
        "formatting-long": b"".join(b"<div><b id=%b%05d></div>" % (b"a" * 300, number) for number in range(2_000)),
        "date": f'<meta property="article:published_time" content="{"1-" * 30_000}">'.encode(),
    }


def other_bodies() -> Mapping[str, tuple[str, bytes]]:
    """Bodies of other types: media type and bytes."""
    return {
        "lines.pdf": ("application/pdf", b"%PDF-1.4\n" + b"x\n" * 2_000_000),
        "objects.pdf": ("application/pdf", b"%PDF-1.4\n" + b"1 0 obj<<" * 100_000),
        "unfolding.pdf": ("application/pdf", unfolding_pdf()),
        "attributes.xml": ("application/rss+xml", feed_of_defaults()),
        "undefined.html": ("text/html; charset=windows-1253", b"\xd2" * 4_000_000),
        "feed.xml": ("application/rss+xml", b"<rss><channel>" + b"<item><title>" * 80_000),
        "deep.json": ("application/json", b"[" * LARGE_BYTES),
        "text.txt": ("text/plain", b"http://" * 140_000),
        "bomb.svg": ("image/svg+xml", b"<svg>" + b"<g>" * 300_000),
        "huge.webp": ("image/webp", webp_header(7_700, 7_700)),
        "huge.png": ("image/png", png(30_000, 30_000)),
        "frames.gif": ("image/gif", b"GIF89a\xff\x7f\xff\x7f\x00\x00\x00" + b"\x2c\0\0\0\0\1\0\1\0\0\2\1\0\0" * 60_000),
        "boxes.mp4": ("video/mp4", b"\0\0\0\x18ftypisom\0\0\0\0isomiso2" + b"\0\0\0\x08free" * 30_000),
    }


def webp_header(width: int, height: int) -> bytes:
    """The first bytes of a lossless WebP of that size."""
    bits = (width - 1) | (height - 1) << 14
    data = b"\x2f" + struct.pack("<I", bits) + bytes(15)
    chunk = b"VP8L" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


def png(width: int, height: int) -> bytes:
    """A PNG of one bit a pixel; its rows compress to almost nothing."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    packer = zlib.compressobj(9)
    row = bytes(1 + width // 8 + 1)
    rows = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def unfolding_pdf() -> bytes:
    """A cross-reference stream whose two filters make tens of megabytes of a few kilobytes."""
    packed = zlib.compress(b"\x80\0\0" * 5_000_000, 9)
    head, filters = b"%PDF-1.5\n", b"/Filter[/FlateDecode/LZWDecode]"
    entry = b"<</Type/XRef/Size 10/Index[0 10]/W[1 2 1]/Root 1 0 R%b/Length %d>>" % (filters, len(packed))
    body = b"5 0 obj\n" + entry + b"\nstream\n" + packed + b"\nendstream\nendobj\n"
    return head + body + b"startxref\n%d\n%%%%EOF\n" % len(head)


def feed_of_defaults() -> bytes:
    """8,000 defaults that the parser adds to each of 25,000 elements."""
    defaults = b" ".join(b'x%d CDATA ""' % number for number in range(8_000))
    return b"<!DOCTYPE rss [<!ATTLIST a " + defaults + b">]><rss><channel>" + b"<a/>" * 25_000


def frames() -> bytes:
    """Ten megabytes of empty zstd frames in 14 KB of gzip: they come to nothing, and each is a frame of its own."""
    return http(gzip.compress(b"\x50\x2a\x4d\x18\0\0\0\0" * 1_200_000, 9), Content_Encoding="zstd, gzip")


def robots() -> bytes:
    """25,000 rules, each with as many wildcards as fit."""
    return b"User-agent: *\n" + b"".join(b"Disallow: /*a*%d*b\n" % n for n in range(25_000))


def bomb() -> bytes:
    """An answer of 100 MB that is 100 KB on the wire."""
    packed = gzip.compress(bytes(100 * 1024 * 1024), 6)
    return http(packed, Content_Encoding="gzip")


UNFOLDING_BYTES = 10_000_000
UNFOLDING_HOSTS = [f"unfolding{number}.test" for number in range(200)]


def unfolding_pages() -> dict[str, Answer]:
    """Two hundred pages of ten megabytes that are ten kilobytes on the wire: of words, of tags, and of one script."""
    bodies = (
        repeated("words and words ", "<title>A page</title><p>", size=UNFOLDING_BYTES),
        repeated("<p>a paragraph of some words</p>", "<title>A page</title>", size=UNFOLDING_BYTES),
        repeated("a = 1; ", "<title>A page</title><script>", "</script>", size=UNFOLDING_BYTES),
    )
    packed = [http(gzip.compress(body, 9), Content_Encoding="gzip") for body in bodies]
    return {f"{host}/page": packed[number % len(packed)] for number, host in enumerate(UNFOLDING_HOSTS)}


def answers() -> dict[str, Answer]:
    """Everything above under `hostile.test`, and a robots.txt under `rules.test`."""
    found: dict[str, Answer] = {f"hostile.test/{name}": http(body) for name, body in html_pages().items()}
    found |= {f"hostile.test/{name}": http(body, content_type=kind) for name, (kind, body) in other_bodies().items()}
    found["hostile.test/bomb"] = bomb()
    found["hostile.test/frames"] = frames()
    found["hostile.test/head"] = http("x", **{f"X-{n}": "y" * 100 for n in range(5_000)})
    found["rules.test/robots.txt"] = http(robots(), content_type="text/plain")
    return found


def event_texts() -> Mapping[str, str]:
    """Texts of events that invite a scanner to look again."""
    return {
        "autolinks": "<p>" + ("<http://" + "a" * 5_090) * 15,
        "hosts": "a.com " * 12_000,
        "dots": "a." * 40_000,
        "slashes": "http://" * 10_000,
        "brackets": "http://a.test/(" * 5_000,
        "ats": "@" * 90_000,
        "tags": "<a href=" * 10_000,
        "entities": "&#x" * 25_000,
        "nested": json.dumps("\\" * 40_000),
    }
