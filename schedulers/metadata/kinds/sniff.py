"""Which kind of answer some bytes are: their first bytes decide where they are unmistakable, else the content type.

Called by `extract`. Text never becomes HTML because it looks so, unless the server said nothing.
"""

from schedulers.metadata.kinds.answer import ReaderInput

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF87a", "image"),
    (b"GIF89a", "image"),
    (b"%PDF-", "pdf"),
    (b"ID3", "audio"),
    (b"fLaC", "audio"),
    (b"OggS", "audio"),
    (b"\x1a\x45\xdf\xa3", "video"),
)
_HTML_TYPES = frozenset(("text/html", "application/xhtml+xml", "application/vnd.wap.xhtml+xml"))
_FEED_TYPES = frozenset(("application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json"))
_HTML_BEGINNINGS = (
    b"<!doctype html",
    b"<html",
    b"<head",
    b"<body",
    b"<title",
    b"<meta",
    b"<script",
    b"<div",
    b"<p",
    b"<h1",
)
_UNKNOWN = frozenset(("", "application/octet-stream", "binary/octet-stream", "application/unknown", "*/*"))


def kind(answer: ReaderInput) -> str:
    """html, image, svg, pdf, video, audio, feed, json, text or other."""
    head, said = answer.body[:1024], answer.media_type
    if said in _HTML_TYPES and head[:1] == b"<":
        return "html"
    if (found := _by_magic(head)) is not None:
        return found
    if said in _HTML_TYPES:
        return "html"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if said == "image/svg+xml" or (said not in _HTML_TYPES and start.startswith(b"<svg")):
        return "svg"
    if said in _FEED_TYPES or _is_feed(start, said):
        return "feed"
    if said.endswith(("/json", "+json")):
        return "json"
    if said.endswith(("/xml", "+xml")):
        return "svg" if b"<svg" in start else "html" if b"<html" in start else "text"
    if said.startswith("text/"):
        return "text"
    if said in _UNKNOWN:
        return _unsaid(start)
    return said.partition("/")[0] if said.startswith(("image/", "video/", "audio/")) else "other"


def _by_magic(head: bytes) -> str | None:
    for beginning, found in _MAGIC:
        if head.startswith(beginning):
            return found
    container = head[8:12]
    if head[:4] == b"RIFF":
        return {b"WEBP": "image", b"WAVE": "audio", b"AVI ": "video"}.get(container)
    if head[4:8] == b"ftyp":
        if container in (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1", b"hevc"):
            return "image"
        return "audio" if container in (b"M4A ", b"M4B ") else "video"
    return None


def _is_feed(start: bytes, said: str) -> bool:
    if said in _UNKNOWN or said.endswith(("/xml", "+xml")) or said == "text/plain":
        return any(mark in start for mark in (b"<rss", b"<feed", b"<rdf:rdf")) and start.startswith(b"<")
    return False


def _unsaid(start: bytes) -> str:
    if start.startswith((b"{", b"[")):
        return "json"
    if start.startswith(_HTML_BEGINNINGS) or b"<html" in start or (start.startswith(b"<") and b"\0" not in start):
        return "html"
    if any(byte < 9 or 13 < byte < 27 for byte in start[:512]):
        return "other"
    return "text"
