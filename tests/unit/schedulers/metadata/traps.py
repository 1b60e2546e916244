"""Bodies made to cost much: what a careless reader would spend minutes or gigabytes on. Each begins with a title.

`python -m tests.unit.schedulers.metadata.traps` reads each in a process of its own and prints what that took.
"""

import json
import os
import random
import sys
from collections.abc import Callable

from schedulers.metadata import extract_metadata

TITLE = b"<title>T</title>"
URL = "https://news.example/a"
SCRIPT = b'<script type="application/ld+json">'


TRAPS: dict[str, Callable[[], bytes]] = {
    "deep blocks": lambda: b"<div>" * 100_000,
    "deep blocks closed again": lambda: b"<div>" * 50_000 + b"</div>" * 50_000,
    "deep lists": lambda: b"<ul><li>" * 50_000,
    "deep tables": lambda: b"<table><tr><td>" * 50_000,
    "formatting elements": lambda: b"".join(b"<font size=%d>" % size for size in range(20_000)),
    "misnested": lambda: b"<a><b><p>" * 30_000,
    "one endless attribute": lambda: b'<meta property="og:description" content="' + b"x" * 1_000_000 + b'">',
    "an endless title": lambda: b'<meta property="og:title" content="' + "é̂".encode() * 200_000 + b'">',
    "endless attributes": lambda: b"<div " + b" ".join(b"a%d=1" % number for number in range(50_000)) + b">",
    "endless bare attributes": lambda: b"<div " + b" ".join(b"a%d" % number for number in range(50_000)) + b">",
    "endless attributes around values that hold a bracket": lambda: (
        b"<div " + _names(50_000, b'=">"', every=500) + b">"
    ),
    "endless attributes behind a quote in a script": lambda: (
        b"<script>x<a y='</script><div " + _names(50_000, b'=">"', every=500) + b">"
    ),
    "bodies that add up": lambda: b"".join(b"<bOdy a%d b%d c%d>" % (n, n, n) for n in range(20_000)),
    "items in one another": lambda: b"<li><dd>" * 20_000,
    "ten megabytes of meta": lambda: b"<meta name=a content=b>" * 450_000,
    "metas of many names": lambda: b"".join(b"<meta name=n%d content=b>" % number for number in range(200_000)),
    "fifty thousand nodes": lambda: SCRIPT + json.dumps([{"@type": "Person"}] * 50_000).encode() + b"</script>",
    "nodes that name one another": lambda: SCRIPT + _references() + b"</script>",
    "fifty thousand blocks": lambda: (SCRIPT + b"{}</script>") * 50_000,
    "deep json": lambda: SCRIPT + b"[" * 500_000 + b"</script>",
    "deep json with nodes": lambda: SCRIPT + b'{"@graph":[' * 100_000 + b"</script>",
    "quotes in json": lambda: SCRIPT + b'{"a":1,' + b'\\"' * 300_000 + b"</script>",
    "comments in json": lambda: SCRIPT + b"{" + b"/*" * 300_000 + b"</script>",
    "unclosed comments": lambda: b"<!--" * 200_000,
    "pictures": lambda: b"<img src=a.png>" * 100_000,
    "pictures in noscripts": lambda: b"<body>" + b"<noscript><img src=a.png><noscript>" * 50_000,
    "a source set": lambda: b'<body><img srcset="' + b"a.png 1x, " * 100_000 + b'">',
    "rel tokens": lambda: b'<link href=/x rel="' + b"a " * 300_000 + b'">',
    "properties": lambda: (
        b"<body>" + b'<b itemprop="author name" property="schema:author dc:description">x</b>' * 50_000
    ),
    "a property in many": lambda: b"<body>" + b"<i itemscope><b itemprop=author>" * 240 + b"x" * 500_000,
    "paragraphs": lambda: b"<p>a" * 1_000_000,
    "ten megabytes of words": lambda: b"<p>" + b"word " * 2_000_000,
    "ten megabytes of bytes": lambda: random.Random(1).randbytes(10_000_000),
    "utf-16 in pieces": lambda: b"\xff\xfe" + b"<\0p\0>\0a\xd8" * 1_000_000,
    "shift_jis in pieces": lambda: b"<meta charset=shift_jis>" + b"\x81\x40\x81\xff" * 1_000_000,
    "entities": lambda: b"<p>" + b"&amp;#8217;" * 500_000,
    "links home": lambda: b"<title>A | B</title><body>" + b'<a href="/">home</a>' * 100_000,
}


def _names(number: int, value: bytes, *, every: int) -> bytes:
    """So many attributes, some of them with a value."""
    return b" ".join(b"a%d%b" % (n, value if n % every == every - 1 else b"") for n in range(number))


def body_of(name: str) -> bytes:
    made = TRAPS[name]()
    return made if name.startswith(("utf-16", "ten megabytes of bytes")) else TITLE + made


def _references() -> bytes:
    nodes = [
        {"@id": f"#{n}", "@type": "Article", "author": [{"@id": f"#{m}"} for m in range(50)]} for n in range(2_000)
    ]
    return json.dumps({"@graph": nodes}).encode()


def peak_of(name: str | None) -> tuple[int, float]:
    """KiB that a child held at most and its seconds of processor time, for one trap, or for nothing."""
    body = b"" if name is None else body_of(name)
    child = os.fork()
    if child == 0:
        extract_metadata(body, url=URL, content_type="text/html")
        os._exit(0)
    _, status, used = os.wait4(child, 0)
    assert status == 0, name
    return used.ru_maxrss - len(body) // 1024, used.ru_utime + used.ru_stime


def main() -> None:
    extract_metadata(TITLE, url=URL, content_type="text/html")  # the data files are read before the first fork
    least = peak_of(None)[0]
    used = {name: peak_of(name) for name in sys.argv[1:] or TRAPS}
    print(json.dumps({name: (peak - least, round(seconds, 3)) for name, (peak, seconds) in used.items()}))


if __name__ == "__main__":
    main()
