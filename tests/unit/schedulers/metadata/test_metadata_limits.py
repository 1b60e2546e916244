"""Traps end in bounded time with what was found so far, and no bytes raise."""

import json
import subprocess
import sys
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schedulers.metadata import encode_metadata, encode_provenance, extract_metadata
from schedulers.metadata.guard import bounded
from spiderduck.config import ExtractConfig
from tests.unit.schedulers.metadata.traps import TITLE, TRAPS, URL, body_of

# The others take less than 30 MiB (`python -m tests.unit.schedulers.metadata.traps` measures all).
GREEDY = [
    "ten megabytes of meta",
    "metas of many names",
    "ten megabytes of words",
    "properties",
    "pictures",
    "paragraphs",
    "nodes that name one another",
    "fifty thousand blocks",
    "deep json",
    "one endless attribute",
    "deep blocks",
]


@pytest.mark.parametrize("name", TRAPS)
def test_a_trap_ends_soon_with_what_was_found(name: str) -> None:
    """Within a few seconds of processor time each (a tenth is usual), and the title before it is there."""
    body = body_of(name)
    begun = time.process_time()
    metadata = extract_metadata(body, url=URL, content_type="text/html")
    assert time.process_time() - begun < 3
    assert metadata.title == "T" or not body.startswith(TITLE)
    assert "failure" not in metadata.provenance


@pytest.mark.parametrize("name", TRAPS)
def test_what_is_read_on_the_loop_does_not_hold_it(name: str) -> None:
    """Of the size up to which no thread is used the worst takes some 80 ms."""
    body = body_of(name)[: ExtractConfig().inline_bytes]
    extract_metadata(b"<title>T</title>", url=URL)  # tables are loaded with the first page, which no loop waits for
    begun = time.process_time()
    extract_metadata(body, url=URL, content_type="text/html")
    assert time.process_time() - begun < 0.5


def test_no_trap_takes_much_memory() -> None:
    """In a process of its own for each of the worst: the first takes some 80 MiB beyond its own bytes."""
    command = [sys.executable, "-m", "tests.unit.schedulers.metadata.traps", *GREEDY]
    ended = subprocess.run(command, capture_output=True, check=True, timeout=60)
    used = json.loads(ended.stdout)
    assert list(used) == GREEDY
    assert {name: peak // 1024 for name, (peak, _) in used.items() if peak > 120 * 1024} == {}


def test_the_guard_leaves_ordinary_pages_alone() -> None:
    """Long scripts, inline pictures and five hundred paragraphs are no trap."""
    page = (
        b"<html><head><script>"
        + b"var a = 1 & 2 < 3;" * 5_000
        + b'</script></head><body><img src="data:,'
        + b"A" * 100_000
        + b'">'
        + b"<div><p>Text <b>bold</b></p></div>" * 3_000
    )
    assert bounded(page) == page


def test_the_guard_takes_out_only_the_endless_tag() -> None:
    """What stands before and behind it is read."""
    page = b"<p>before</p><div " + b" ".join(b"a%d=1" % number for number in range(9_000)) + b"><p>behind</p>"
    assert bounded(page) == b"<p>before</p> <p>behind</p>"


FRAGMENTS = st.sampled_from(
    [
        b"<title>",
        b"</title>",
        b"<meta property=og:title content='",
        b"<meta name=robots content='",
        b"'>",
        b'">',
        b'<link rel=canonical href="',
        b"<base href='",
        b"<script type='application/ld+json'>",
        b"</script>",
        b'{"@type":"Article","headline":"',
        b'"}',
        b'{"@graph":[',
        b"]}",
        b"<p>",
        b"<img srcset='",
        b"<time datetime='",
        b"<div itemscope itemprop=author>",
        b"&#x110000;",
        b"&amp;#",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\x00",
        b"\xed\xa0\x80",
        b"http://[",
        b"//",
        b"javascript:",
        b"1e999",
        b"-1",
        b"2021-13-40T99:99",
        b"<svg>",
        b"<template>",
        b"<!--",
        b"]]>",
        b"<html lang='",
        b"<meta charset=utf-16>",
        b"<meta charset=x-user-defined>",
        b"og:image:width",
        b"100%",
        b"\\ud800",
    ]
)
BEGINNINGS = st.sampled_from(
    [
        b"",
        b"<!doctype html>",
        b"%PDF-1.7\n",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"\xff\xd8\xff",
        b"GIF89a",
        b"RIFF\0\0\0\0WEBPVP8X",
        b"RIFF\0\0\0\0WAVE",
        b"\0\0\0\x18ftypavif",
        b"\0\0\0\x18ftypisom",
        b"ID3\x04\0\0\0\0\0\x20",
        b"OggS",
        b"fLaC",
        b"\x1a\x45\xdf\xa3",
        b"<svg",
        b"<rss><channel>",
        b"{",
        b"BM",
        b"\0\0\x01\0",
    ]
)
TYPES = st.none() | st.sampled_from(
    [
        "text/html",
        "text/html; charset=utf-16le",
        "application/json",
        "text/plain",
        "image/png",
        "image/svg+xml",
        "application/rss+xml",
        "application/pdf",
        "audio/mpeg",
        "video/mp4",
        "",
        ";",
        "text/html; charset=nonsense",
    ]
)
BODIES = st.builds(
    lambda start, parts: start + b"".join(parts), BEGINNINGS, st.lists(FRAGMENTS | st.binary(max_size=40), max_size=30)
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(body=BODIES, content_type=TYPES, status=st.integers(100, 999), header=st.text(max_size=40))
def test_no_bytes_raise(body: bytes, content_type: str | None, status: int, header: str) -> None:
    """Not even the last fence is needed, and whatever comes out can be stored as JSON."""
    headers = [("X-Robots-Tag", header), ("Link", f"<{header}>; rel=canonical"), ("Content-Language", header)]
    metadata = extract_metadata(body, url=URL, content_type=content_type, status_code=status, headers=headers)
    assert "failure" not in metadata.provenance
    encode_metadata(metadata)
    encode_provenance(metadata)
