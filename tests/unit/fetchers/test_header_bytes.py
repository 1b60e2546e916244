"""Bytes of headers and attributes: URLs go on as browsers send them, dates are read in every form, nothing raises."""

import calendar
import os
import time
from collections.abc import Iterator

import pytest

from fetchers.client.redirects import meta_refresh
from fetchers.exchange import request_headers
from fetchers.model import HopRequest, Response
from fetchers.politeness.back_off import parse_retry_after
from fetchers.redirect_target import redirect_target, refresh_target, target_in_head
from fetchers.urls import split, url_text

BASE = "http://a.test/dir/page?q"


def header(raw: bytes) -> str:
    """As the transport hands it on."""
    return raw.decode("latin-1")


def page(body: bytes, content_type: str = "text/html") -> Response:
    return Response(BASE, 200, (("content-type", content_type),), body, 0.0)


@pytest.mark.parametrize(
    ("raw", "target"),
    [
        ("/grün".encode(), "http://a.test/gr%C3%BCn"),
        ("/à".encode(), "http://a.test/%C3%A0"),  # its second byte is a space in Latin-1
        ("/x?w=ö&z".encode(), "http://a.test/x?w=%C3%B6&z"),
        (b"/%c3%bc/" + "ü".encode(), "http://a.test/%c3%bc/%C3%BC"),
        ("/x#ü".encode(), "http://a.test/x#%C3%BC"),
        ("//bücher.test/".encode(), "http://xn--bcher-kva.test/"),
        ("  /дом \t".encode(), "http://a.test/%D0%B4%D0%BE%D0%BC"),
        (b"/gr\xfcn", "http://a.test/gr%FCn"),
        (b"/gr\xfcn/" + "ü".encode(), "http://a.test/gr%FCn/%C3%BC"),
        (b"/a b", "http://a.test/a%20b"),
        (b"//b\xfccher.test/", None),
    ],
)
def test_the_bytes_of_a_url_go_on_as_they_stand(raw: bytes, target: str | None) -> None:
    """In `Location` and in `Refresh`."""
    location = Response(BASE, 302, (("location", header(raw)),), b"", 0.0)
    assert redirect_target(location) == target
    assert refresh_target(url_text(header(b"0; url=" + raw)), BASE) == target


def test_what_a_head_says_is_known_without_its_body() -> None:
    """A page that only reloads itself leads nowhere."""
    for status, headers, target in (
        (302, (("location", "/x"),), "http://a.test/x"),
        (302, (), None),
        (200, (("location", "/x"),), None),
        (200, (("refresh", "0;url=/x"),), "http://a.test/x"),
        (200, (("refresh", f"0;url={BASE}#top"),), None),
        (200, (("refresh", "90;url=/x"),), None),
        (404, (("refresh", "0;url=/x"),), None),
    ):
        assert target_in_head(status, headers, BASE) == target


@pytest.mark.parametrize(
    ("value", "target"),
    [
        (".5; url=/x", "http://a.test/x"),
        ("0.9.9;/x", "http://a.test/x"),
        ("5;url='/x' y", "http://a.test/x"),
        ("9" * 5000 + ";url=/x", None),
        ("٣;url=/x", None),
        ("0;", None),
    ],
)
def test_odd_delays_of_a_refresh_are_read_as_browsers_do(value: str, target: str | None) -> None:
    assert refresh_target(value, BASE) == target


CYRILLIC = "/дом?где=тут&x"


@pytest.mark.parametrize(
    ("codec", "content_type", "declared", "query"),
    [
        ("cp1251", "text/html; charset=windows-1251", b"", "?%E3%E4%E5=%F2%F3%F2&x"),
        ("cp1251", "text/html", b"<meta charset='windows-1251'>", "?%E3%E4%E5=%F2%F3%F2&x"),
        ("koi8_r", "text/html", b'<meta http-equiv=x content="y; charset=koi8-r">', "?%C7%C4%C5=%D4%D5%D4&x"),
        ("utf-8", "text/html", b"", "?%D0%B3%D0%B4%D0%B5=%D1%82%D1%83%D1%82&x"),
        ("utf-8", "text/html; charset=windows-1251", b"\xef\xbb\xbf", "?%D0%B3%D0%B4%D0%B5=%D1%82%D1%83%D1%82&x"),
    ],
)  # fmt: skip
def test_a_meta_refresh_is_read_in_the_pages_encoding(
    codec: str, content_type: str, declared: bytes, query: str
) -> None:
    """Its path is UTF-8 on the wire, its query is in the page's encoding, as browsers send them."""
    body = declared + b'<meta http-equiv="refresh" content="0; url=' + CYRILLIC.encode(codec) + b'">'
    assert meta_refresh(page(body, content_type)) == "http://a.test/%D0%B4%D0%BE%D0%BC" + query


@pytest.mark.parametrize(
    ("content", "target"),
    [
        ("0;url=/x?a=1&amp;b=2", "http://a.test/x?a=1&b=2"),
        ("0;url=/x?a=1&copy=2", "http://a.test/x?a=1&copy=2"),
        ("0;url=/x?a=1&copy;2", "http://a.test/x?a=1%C2%A92"),
        ("0;url=&#x2F;x&#47;y", "http://a.test/x/y"),
        ("0;url=&#39;/x&#39;", "http://a.test/x"),
        ("0;url=/x&#0;&#xD800;&#9999999;", "http://a.test/x%EF%BF%BD%EF%BF%BD%EF%BF%BD"),
        ("0&#59;url&#61;/x", "http://a.test/x"),
        ("0;url=/x?a&b&unknown;", "http://a.test/x?a&b&unknown;"),
    ],
)
def test_character_references_are_replaced(content: str, target: str) -> None:
    """As in any attribute: `&copy=` is no copyright sign."""
    assert meta_refresh(page(f'<meta http-equiv=refresh content="{content}">'.encode())) == target


NOON = float(calendar.timegm((2026, 11, 27, 12, 0, 0)))


@pytest.fixture(params=["UTC", "America/New_York", "Asia/Tokyo"])
def elsewhere(request: pytest.FixtureRequest) -> Iterator[None]:
    """The machine's own zone."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield
    os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
    time.tzset()


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("Fri, 27 Nov 2026 12:10:00 GMT", 600.0),
        ("Friday, 27-Nov-26 12:10:00 GMT", 600.0),
        ("Fri Nov 27 12:10:00 2026", 600.0),
        ("Fri, 27 Nov 2026 12:10:00", 600.0),
        ("Fri, 27 Nov 2026 12:10:00 +0100", 0.0),
        ("Fri, 27 Nov 2026 11:10:00 -0100", 600.0),
        ("120", 120.0),
        ("120.5", 120.0),
        ("120, 120", 120.0),
        (str(int(NOON) + 90), 90.0),
        (str(int(NOON) - 90), 0.0),
        ("9" * 60, 999_999_999_999.999 - NOON),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Mon, 01 Jan 1900 00:00:00 GMT", 0.0),
        ("Mon, 99 Jan 2026 99:99:99 GMT", None),
        ("Fri, 27 Nov 2026 12:10:00 +99999999999999999999", None),
        ("-5", None),
        ("1_0", None),
        ("", None),
        ("soon", None),
        ("١٢", None),
    ],
)
def test_retry_after_in_every_form(value: str, seconds: float | None) -> None:
    """An HTTP date is UTC whatever the machine's zone, and what is no date says nothing."""
    assert parse_retry_after(value, NOON) == seconds


@pytest.mark.parametrize(
    ("markup", "target"),
    [
        (b"<base href=//b.test/c/>%s", "http://b.test/c/x"),
        (b"<base target=_top><base href=/c/><base href=/d/>%s", "http://a.test/c/x"),
        (b"%s<base href=/c/>", "http://a.test/dir/x"),
        (b"<base href='http://[/'>%s", "http://a.test/dir/x"),
        (b"<!-- a --!>%s", "http://a.test/dir/x"),
        (b"<!doctype html>%s", "http://a.test/dir/x"),
        (b"<![if !IE]>%s<![endif]>", "http://a.test/dir/x"),
        (b"<?php %s", None),
        (b"<template>%s</template>", None),
        (b"<iframe>%s</iframe>", None),
        (b"<noframes>%s</noframes>", None),
    ],
)
def test_a_meta_refresh_is_one_of_the_pages_own_tags(markup: bytes, target: str | None) -> None:
    """Relative to the base that stands before it."""
    meta = b"<meta http-equiv=refresh content='0;url=x'>"
    assert meta_refresh(page(markup % meta)) == target


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_a_meta_refresh_in_utf_16_is_read(codec: str) -> None:
    text = "\ufeff<meta http-equiv=refresh content='0;url=/\u0434?\u0434'>"
    assert meta_refresh(page(text.encode(codec))) == "http://a.test/%D0%B4?%D0%B4"


@pytest.mark.parametrize("etag", ['"caf\xe9"', 'W/"\xc3\xa9"', '"plain"', '"tab\there"'])
def test_validators_go_back_as_they_came(etag: str) -> None:
    """One character is one byte (RFC 9110, section 8.8.3: obs-text)."""
    asked = HopRequest(BASE, 1.0, 1.0, etag=etag, last_modified="gestern, \xfcbrigens")
    sent = dict(request_headers(asked, split(BASE), "TestBot/1.0"))
    assert (sent["If-None-Match"], sent["If-Modified-Since"]) == (etag, "gestern, \xfcbrigens")


@pytest.mark.parametrize("etag", ['"a\x01b"', '"a\x7f"', '"a\nb"', '"\u20ac"'])
def test_a_validator_that_no_header_may_hold_is_left_out(etag: str) -> None:
    """The page is fetched anew, rather than never again."""
    sent = dict(request_headers(HopRequest(BASE, 1.0, 1.0, etag=etag), split(BASE), "TestBot/1.0"))
    assert "If-None-Match" not in sent
