"""What kind of body an answer has: by the Fetch Standard where it is said, by the MIME Sniffing Standard where not."""

import pytest

from fetchers.media_type import charset_of, essence_of, said_type, sniffed_type


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([], ""),
        ([""], ""),
        (["html"], ""),
        (["*/*"], ""),
        (["application/unknown", "unknown/unknown"], ""),
        (["text/html;"], "text/html;"),
        (["Text/HTML; charset=UTF-8"], "Text/HTML; charset=UTF-8"),
        (["text/plain", "text/html"], "text/html"),
        (["text/html, text/plain;charset=gbk"], "text/plain;charset=gbk"),
        (["text/html;charset=gbk", "text/html"], "text/html;charset=gbk"),
        (["text/html;charset=gbk", "text/html;x=y"], "text/html;x=y;charset=gbk"),
        (["text/html;charset=gbk", "text/plain", "text/html"], "text/html"),
        (["text/html", "nonsense", "*/*"], "text/html"),
        (['text/html;x="a,b";charset=gbk'], 'text/html;x="a,b";charset=gbk'),
        (["text/html" + ";" * 5000], "text/html" + ";" * 991),
    ],
)
def test_the_last_type_that_is_one_counts(values: list[str], said: str) -> None:
    """A charset is taken over from an equal one before it."""
    assert said_type([("x", "y"), *(("content-type", value) for value in values)]) == said


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b" \n<!doctype HTML>", "text/html"),
        (b"<a href=x>", "text/html"),
        (b"<!--x-->", "text/html"),
        (b"<title>x", "text/html"),
        (b"<animal>", "text/plain"),
        (b"<?xml version='1.0'?>", "text/xml"),
        (b"%PDF-1.7", "application/pdf"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wave"),
        (b"\0\0\0\x20ftypavif", "image/avif"),
        (b"\0\0\0\x20ftypisom", "video/mp4"),
        (b"PK\x03\x04", "application/zip"),
        (b"just words", "text/plain"),
        (b"", "text/plain"),
        (b"words\0", "application/octet-stream"),
        (b"x" * 1445 + b"\0", "text/plain"),
    ],
)
def test_the_first_bytes_say_what_no_header_says(body: bytes, kind: str) -> None:
    assert sniffed_type(body) == kind


def test_parts_of_a_type() -> None:
    assert essence_of(" Text/HTML ; charset=x") == "text/html"
    assert charset_of('text/html; Charset="windows-1251"') == "windows-1251"
    assert charset_of("text/html") is None
