"""What can be played: a video or audio file, and a player page that may be put into an `<iframe>`.

A player is https, and where the page embeds it itself, from a known host; scripts and Flash never pass.
"""

from collections.abc import Iterator

from schedulers.metadata import clean, open_graph
from schedulers.metadata.addresses import host
from schedulers.metadata.fields.image import pixels
from schedulers.metadata.model import Media, Player, Provenance
from schedulers.metadata.page import HtmlPage

_FRAMED = ("youtube.com", "youtube-nocookie.com", "player.vimeo.com", "dailymotion.com", "w.soundcloud.com", "ted.com")
_HTML = ("text/html", "application/xhtml+xml")
_SUFFIXES = (".mp4", ".webm", ".ogv", ".mov", ".m3u8", ".mp3", ".ogg", ".m4a", ".wav")
_FLASH = "application/x-shockwave-flash"


def read_video(page: HtmlPage) -> Media | None:
    return _file(page, "video")


def read_audio(page: HtmlPage) -> Media | None:
    return _file(page, "audio")


def read_player(page: HtmlPage) -> Player | None:
    """The first safe embed: Twitter's player card, OpenGraph's HTML video, `embedUrl`, the page's own frame."""
    for rule, offered in PLAYERS:
        for player in offered(page):
            page.provenance["player"] = Provenance(rule)
            return player
    return None


def _file(page: HtmlPage, kind: str) -> Media | None:
    root = f"og:{kind}"
    for one in open_graph.objects(page, root) if root in page.media else ():
        media_type = clean.media_type(one.get("type"))
        url = page.absolute(one.get("secure_url")) or page.absolute(one.get("url"))
        if url is None or media_type in _HTML or media_type == _FLASH or not (media_type or _named_like_file(url)):
            continue
        page.provenance[kind] = Provenance(root)
        sides = pixels(one.get("width")), pixels(one.get("height"))
        return Media(url, media_type, *sides, _number(one.get("duration")))
    return _stream(page, kind) or _json_ld_file(page, kind)


def _stream(page: HtmlPage, kind: str) -> Media | None:
    values = page.meta.get("twitter:player:stream")
    if not values:
        return None
    media_type = clean.media_type((page.meta.get("twitter:player:stream:content_type") or [""])[0])
    if (media_type or "").startswith("audio") != (kind == "audio") or (url := page.absolute(values[0])) is None:
        return None
    page.provenance[kind] = Provenance("twitter:player:stream")
    return Media(url, media_type)


def _json_ld_file(page: HtmlPage, kind: str) -> Media | None:
    graph = page.graph
    node = graph.of("VideoObject" if kind == "video" else "AudioObject") if graph is not None else None
    if graph is None or node is None:
        return None
    url = page.absolute(graph.text(node, "contentUrl"))
    if url is None:
        return None
    page.provenance[kind] = Provenance("json-ld:contentUrl")
    return Media(
        url,
        clean.media_type(graph.text(node, "encodingFormat")),
        pixels(graph.text(node, "width")),
        pixels(graph.text(node, "height")),
        seconds(graph.text(node, "duration")),
    )


def _twitter_player(page: HtmlPage) -> Iterator[Player]:
    for address in page.meta.get("twitter:player", ())[:3]:
        sides = [page.meta.get(f"twitter:player:{side}", [None])[0] for side in ("width", "height")]
        yield from _safe(page, address, *sides)


def _open_graph_player(page: HtmlPage) -> Iterator[Player]:
    for one in open_graph.objects(page, "og:video"):
        if (one.get("type") or "").lower() in _HTML:
            yield from _safe(page, one.get("secure_url") or one.get("url"), one.get("width"), one.get("height"))


def _json_ld_player(page: HtmlPage) -> Iterator[Player]:
    graph = page.graph
    node = graph.of("VideoObject", "AudioObject", "PodcastEpisode", "MusicRecording") if graph is not None else None
    if graph is not None and node is not None:
        yield from _safe(page, graph.text(node, "embedUrl"), graph.text(node, "width"), graph.text(node, "height"))


def _framed_player(page: HtmlPage) -> Iterator[Player]:
    """A frame of a well-known player, on pages that say they are about a video or audio."""
    if "video" not in (page.meta.get("og:type") or [""])[0] and (
        page.graph is None or page.graph.of("VideoObject") is None
    ):
        return
    for node in page.tree.css("iframe[src]")[:5]:
        attributes = node.attributes
        url = page.absolute(attributes.get("src"))
        if url and host(url).removeprefix("www.") in _FRAMED:
            yield from _safe(page, url, attributes.get("width"), attributes.get("height"))


def _safe(page: HtmlPage, address: str | None, width: str | None, height: str | None) -> Iterator[Player]:
    url = page.absolute(address)
    if url is not None and url.startswith("https://") and not url.split("?", 1)[0].endswith((".swf", ".js")):
        yield Player(url, pixels(width), pixels(height))


def _named_like_file(url: str) -> bool:
    return url.split("?", 1)[0].lower().endswith(_SUFFIXES)


def _number(value: str | None) -> float | None:
    return float(value) if value and value.strip().isdecimal() and len(value) < 8 else None


def seconds(duration: str | None) -> float | None:
    """An ISO 8601 duration (`PT1H2M3S`) in seconds."""
    if not duration or not duration.upper().startswith("P") or len(duration) > 40:
        return None
    total, number = 0.0, ""
    for character in duration.upper().partition("T")[2]:
        if character.isdecimal() or character == ".":
            number += character
        elif character in "HMS" and number.replace(".", "", 1).isdecimal():
            total += float(number) * {"H": 3600, "M": 60, "S": 1}[character]
            number = ""
        else:
            return None
    return total or None


PLAYERS = (
    ("twitter:player", _twitter_player),
    ("og:video", _open_graph_player),
    ("json-ld:embedUrl", _json_ld_player),
    ("iframe", _framed_player),
)
