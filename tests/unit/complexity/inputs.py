"""Makers of hostile inputs, and the cases of `table.py` that many functions share."""

from collections.abc import Callable
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from fetchers.model import Response
from schedulers.metadata import guard
from schedulers.metadata.headers import Headers
from schedulers.metadata.kinds.answer import ReaderInput
from schedulers.metadata.page import HtmlPage
from tests.unit.complexity.measuring import Case

URL = "https://news.example.com/a/b.html"


def rows(fragment: str, before: str = "", behind: str = "") -> Callable[[int], str]:
    """`fragment` again and again, up to `n` characters."""
    return lambda n: before + fragment * (n // len(fragment) + 1) + behind


def raw(fragment: bytes, before: bytes = b"", behind: bytes = b"") -> Callable[[int], bytes]:
    """The same of bytes."""
    return lambda n: before + fragment * (n // len(fragment) + 1) + behind


def numbered(pattern: str, before: str = "", behind: str = "") -> Callable[[int], bytes]:
    """`pattern` with a number in each, as many as `n` bytes hold."""
    return lambda n: (before + "".join(pattern % i for i in range(n // len(pattern) + 1)) + behind).encode()


def cases(call: Callable[[Any], object], *makers: Callable[[int], Any]) -> list[Case]:
    """One case for each input."""
    return [Case(make, call) for make in makers]


def items(make: Callable[[int], Any]) -> Callable[[int], Any]:
    """For inputs of small objects: a twentieth as many as the size says."""
    return lambda n: make(n // 20 + 1)


def response(body: bytes = b"", content_type: str = "text/html", status: int = 200, **headers: str) -> Response:
    named = (("content-type", content_type), *((name.replace("_", "-"), value) for name, value in headers.items()))
    return Response(url=URL, status_code=status, headers=named, body=body, fetched_at=0.0)


def answer(body: bytes, content_type: str | None = None) -> ReaderInput:
    return ReaderInput(body, URL, content_type)


HEAD = (
    '<meta name=author content="a, b"><meta property=og:image content=//x.example/y><meta name=keywords content="a,b">'
    '<meta property=og:title content="a | b"><meta name=date content="5 May 2015"><meta property=og:video content=/v>'
    "<link rel=alternate type=application/rss+xml href=/f><link rel=alternate hreflang=en href=/e>"
    "<link rel=icon href=/i>"
    "<link rel=alternate type=application/json+oembed href=/o><link rel=canonical href=/c>"
    "<meta name=al:ios:url content=x:y>"
)
GRAPH = '{"@type":"Article","author":[{"name":"a"}],"offers":{"price":1},"image":"/x","keywords":["a"],"url":"/y"},'
BODY = (
    "<div itemscope itemtype=https://schema.org/Article><p itemprop=description property=schema:description>words "
    "<span itemprop=author class=byline rel=author>a<img src=/x.png srcset='/a 1x, /b 2x'><time datetime=2015>"
    "<a href=/ rel=home>h</a><h1>a - b</h1><iframe src=https://ted.com/x></iframe><noscript><img src=y></noscript>"
)
PAGES = (
    raw(HEAD.encode(), b"<title>", b"</title>" + HEAD.encode() * 5),
    raw(HEAD.encode()),
    raw(GRAPH.encode(), b"<script type=application/ld+json>[", b"{}]</script>"),
    raw(BODY.encode()),
    raw(b"a | b ", b"<title>", b"</title>"),
)


def page_of(html: bytes, headers: Headers | None = None) -> HtmlPage:
    return HtmlPage(URL, LexborHTMLParser(guard.bounded(html)), headers or {})


def page_cases(read: Callable[[HtmlPage], object], *more: Callable[[int], bytes]) -> list[Case]:
    """For a field's reader: the page is made outside of the measured time."""
    return [Case(lambda n, make=make: page_of(make(n)), read) for make in (PAGES[0], PAGES[2], *more)]  # type: ignore[misc]


MARKUP = (
    raw(b"<!--"),
    raw(b"<style "),
    raw(b"<title>"),
    raw(b"<meta charset"),
    raw(b'<meta a="'),
    raw(b"<a b=c ", b"<a "),
    raw(b"<a b='<a b=\"", b"<a "),
    raw(b'b c=">" ', b"<a "),
    raw(b"<body a><HTML b>"),
    raw(b"<li><dd>"),
    raw(b"&#x1", b"<p>"),
    raw(b"</b>", b"<i>"),
    raw(b"<b></div>"),
    raw(b"<div><span></div></b>"),
    raw(b"<time><div></time></div>"),
    numbered("<div><b id=%d></div>"),
    numbered("<p><font a=%d>"),
    raw(b"<p>x", b"<p>" + b"".join(b"<%s>" % name * 3 for name in (b"b", b"em", b"font", b"i", b"tt", b"u"))),
    raw(b"<table><tr><td>"),
    raw(b"<svg><![CDATA["),
    raw(b"<rt><rp>"),
    raw(b"\xc3\xa9\xff", b"<p>"),
    raw(b"\x1b$B"),
    raw(b"word ", b"<p><object>" * 100),
    raw(b"<template>"),
    raw(b"<a><p>"),
)
TEXTS = (
    rows("."),
    rows("a."),
    rows("a.com"),
    rows("http://"),
    rows("http://a.com/(a("),
    rows("<http://" + "a" * 5090),
    rows("[a]("),
    rows("["),
    rows("![[a]"),
    rows("(", "[a](b"),
    rows("\n[a]: "),
    rows("xn--a."),
    rows("http://t.co/a?"),
    rows("中.", "http://"),
    rows("_-.a"),
    rows("&"),
    rows("<p "),
    rows("a?a=b&", "http://a.com/"),
)
URLS = (
    rows("a=b&", "http://a.example/?"),
    rows("//a/../", "http://a.example/"),
    rows("%41[", "http://a.example/"),
    rows("a.", "http://"),
    rows("xn--a.", "http://"),
    rows("é", "http://"),
    rows("1.", "http://"),
    rows("a@", "http://"),
    rows("a:", "a"),
    rows("\t\n"),
    rows("<{ ", "http://a.example/#"),
)
