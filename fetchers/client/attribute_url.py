"""The text of an attribute that holds a URL, from the bytes of its page. Pure; asked by `redirects.py`.

In the page's encoding, with character references replaced. The query of a URL is sent in the page's encoding, as
browsers do (URL Standard, "percent-encode after encoding").
"""

import codecs
import re
from html.entities import html5

import webencodings

from fetchers.media_type import charset_of

_WINDOWS_1252 = webencodings.Encoding("windows-1252", codecs.lookup("cp1252"))
_DECLARED = re.compile(rb"<meta[^>]{0,400}?charset\s*=\s*[\"']?\s*([^\s\"'/>;]{1,40})", re.IGNORECASE)
DECLARED_WITHIN = 1024
"""Bytes in which a page says its encoding (HTML, "prescan a byte stream")."""

MOST_UTF_16 = 128 * 1024

_REFERENCE = re.compile(
    r"&(?:#(\d{1,7})(?!\d);?|#[xX]([0-9a-fA-F]{1,6})(?![0-9a-fA-F]);?|([a-zA-Z][a-zA-Z0-9]{1,31})(;?))"
)


def as_utf_8(body: bytes) -> bytes:
    """The beginning of a page in UTF-16, which a byte order mark tells, in UTF-8; every other one as it is."""
    if not body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body
    return codecs.BOM_UTF8 + body[:MOST_UTF_16].decode("utf-16", "replace").encode("utf-8", "replace")


def attribute_url(value: bytes, body: bytes, content_type: str) -> str:
    """`value`, as it stands in `body`, which came with that type."""
    encoding = _encoding_of(body, content_type)
    text = _unescaped(encoding.codec_info.decode(value, "replace")[0])
    return text if text.isascii() or encoding.name.startswith("utf") else _with_query_in(text, encoding)


def _encoding_of(body: bytes, content_type: str) -> webencodings.Encoding:
    if body.startswith(b"\xef\xbb\xbf"):
        return webencodings.UTF8
    declared = _DECLARED.search(body[:DECLARED_WITHIN])
    for label in (charset_of(content_type), None if declared is None else declared[1].decode("latin-1")):
        if label and (found := webencodings.lookup(label)) is not None:
            return webencodings.UTF8 if found.name.startswith("utf-16") else found  # it was read as ASCII
    try:
        body[:65_536].decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason != "unexpected end of data":
            return _WINDOWS_1252
    return webencodings.UTF8


def _unescaped(text: str) -> str:
    """Character references as in an attribute: `&copy=` is no copyright sign (HTML, section 13.2.5.73)."""
    return _REFERENCE.sub(_character, text) if "&" in text else text


def _character(match: re.Match[str]) -> str:
    decimal, hexadecimal, name, end = match.groups()
    if name is None:
        number = int(decimal) if decimal else int(hexadecimal, 16)
        return chr(number) if 0 < number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"
    if end:
        return html5.get(f"{name};", match[0])
    following = match.string[match.end() : match.end() + 1]
    return match[0] if following == "=" else html5.get(name, match[0])


def _with_query_in(text: str, encoding: webencodings.Encoding) -> str:
    before, question, rest = text.partition("?")
    query, hash_sign, fragment = rest.partition("#")
    if not question or query.isascii() or "#" in before:
        return text
    encoded = []
    for character in query:
        if character.isascii():
            encoded.append(character)
            continue
        try:
            raw = encoding.codec_info.encode(character, "strict")[0]
        except UnicodeEncodeError:
            raw = f"&#{ord(character)};".encode()
        encoded.append("".join(f"%{byte:02X}" for byte in raw))
    return f"{before}?{''.join(encoded)}{hash_sign}{fragment}"
