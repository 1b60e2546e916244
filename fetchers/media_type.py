"""What kind of body an answer has: what its headers say, by the Fetch Standard ("extract a MIME type"), and where they
say nothing what its first bytes are, by the MIME Sniffing Standard (section 7, unknown types). Pure.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

SNIFFED_BYTES = 1445
"""The standard's length of the resource header."""
UNKNOWN = frozenset({"unknown/unknown", "application/unknown", "*/*"})
BINARY = "application/octet-stream"

_TYPE = re.compile(
    r"[\t\n\r ]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)/([!#$%&'*+.^_`|~0-9A-Za-z-]+)[\t\n\r ]*(?:;(.*))?", re.DOTALL
)
_CHARSET = re.compile(r"(?:^|;)[\t\n\r ]*charset=(\"(?:[^\"\\]|\\.)*\"|[^;]+)", re.IGNORECASE | re.DOTALL)
_LIST = re.compile(r"(?:[^,\"]|\"(?:[^\"\\]|\\.)*\"?)+")
LONGEST = 1000


def said_type(headers: Iterable[tuple[str, str]]) -> str:
    """The media type that the headers (names in lower case) say, with its parameters; empty where they say none.

    Of several the last counts, and takes over the charset of an equal one before it.
    """
    values = [value for name, value in headers if name == "content-type"]
    if not values:
        return ""
    return _extracted(values[0][:LONGEST] if len(values) == 1 else ",".join(values)[:LONGEST])


@lru_cache(maxsize=512)
def _extracted(value: str) -> str:
    found, essence, charset = "", "", None
    for one in _LIST.findall(value):
        match = _TYPE.fullmatch(one)
        if match is None or (name := f"{match[1]}/{match[2]}".lower()) in UNKNOWN:
            continue
        own = _CHARSET.search(match[3] or "")
        if name != essence or own is not None:
            essence, charset = name, own and own[1]
        found = one.strip() if own is not None or charset is None else f"{one.strip()};charset={charset}"
    return found


def essence_of(value: str) -> str:
    """`text/html` of `Text/HTML; charset=utf-8`."""
    return value.partition(";")[0].strip().lower()


def charset_of(value: str) -> str | None:
    """Its `charset`, as it is said."""
    match = _CHARSET.search(value.partition(";")[2])
    return match and match[1].strip("\t\n\r \"'")


_SPACE = b"\t\n\x0c\r "
_TAGS = (
    b"<!DOCTYPE HTML",
    b"<HTML",
    b"<HEAD",
    b"<SCRIPT",
    b"<IFRAME",
    b"<H1",
    b"<DIV",
    b"<FONT",
    b"<TABLE",
    b"<A",
    b"<STYLE",
    b"<TITLE",
    b"<B",
    b"<BODY",
    b"<BR",
    b"<P",
    b"<!--",
    b"<META",  # not of the standard, and nothing else
    b"<LINK",
)
_STARTS = (
    (b"%PDF-", "application/pdf"),
    (b"%!PS-Adobe-", "application/postscript"),
    (b"\xfe\xff", "text/plain"),
    (b"\xff\xfe", "text/plain"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"\x00\x00\x02\x00", "image/x-icon"),
    (b"BM", "image/bmp"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"ID3", "audio/mpeg"),
    (b"OggS\x00", "application/ogg"),
    (b"MThd\x00\x00\x00\x06", "audio/midi"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
    (b"fLaC", "audio/flac"),
    (b"\x1f\x8b\x08", "application/x-gzip"),
    (b"PK\x03\x04", "application/zip"),
    (b"Rar!\x1a\x07\x00", "application/x-rar-compressed"),
)
_RIFF = {b"WEBPVP": "image/webp", b"WAVE": "audio/wave", b"AVI ": "video/avi"}
GARBLED_SHARE = 32
_BINARY_BYTES = bytes([*range(9), 0x0B, *range(0x0E, 0x1B), *range(0x1C, 0x20)])


def sniffed_type(body: bytes) -> str:
    """The type of a body that came without one."""
    head = body[:SNIFFED_BYTES]
    start = head.lstrip(_SPACE)
    for tag in _TAGS:
        if start[: len(tag)].upper() == tag and (tag == b"<!--" or start[len(tag) : len(tag) + 1] in (b" ", b">")):
            return "text/html"
    if start.startswith(b"<?xml"):
        return "text/xml"
    for beginning, name in _STARTS:
        if head.startswith(beginning):
            return name
    if head[:4] == b"RIFF":
        for form, name in _RIFF.items():
            if head[8:].startswith(form):
                return name
    if head[4:8] == b"ftyp":
        return "image/avif" if head[8:12] in (b"avif", b"avis") else "video/mp4"
    return BINARY if is_binary(head) else "text/plain"


def is_garbled(head: bytes) -> bool:
    """Whether what should be text is none of any encoding. A page may hold a stray control character; of compressed
    data every tenth byte is one."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"<\0" in head or b"\0<" in head:
        return False
    return (len(head) - len(head.translate(None, _BINARY_BYTES))) * GARBLED_SHARE > len(head)


def is_binary(head: bytes) -> bool:
    """Whether it holds a binary data byte (section 3), which no text has."""
    return len(head.translate(None, _BINARY_BYTES)) != len(head)
