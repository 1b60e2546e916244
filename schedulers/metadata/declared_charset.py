"""Interim: the charset that the transport or the page declares, until `charset` offers the whole algorithm."""

import re

_META = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)


def sniff_encoding(body: bytes, content_type: str | None = None) -> str:
    match = re.search(r"charset\s*=\s*\"?([\w-]+)", content_type or "", re.IGNORECASE)
    found = match[1] if match else None
    if found is None and (declared := _META.search(body[:4096])):
        found = declared[1].decode()
    try:
        "".encode(found or "utf-8")
    except LookupError:
        return "utf-8"
    return (found or "utf-8").lower()


def decode(body: bytes, content_type: str | None = None) -> tuple[str, str]:
    encoding = sniff_encoding(body, content_type)
    return body.decode(encoding, "replace"), encoding
