"""What the page is: OpenGraph's type, or the schema.org type in OpenGraph's words."""

from schedulers.metadata import clean
from schedulers.metadata.json_ld import Graph, types_of
from schedulers.metadata.ladder import Ladder, in_graph, in_page, meta
from schedulers.metadata.page import HtmlPage

_WORDS = {
    "Product": "product",
    "VideoObject": "video.other",
    "Movie": "video.movie",
    "TVSeries": "video.tv_show",
    "TVEpisode": "video.episode",
    "Book": "book",
    "ProfilePage": "profile",
    "MusicRecording": "music.song",
    "MusicAlbum": "music.album",
}


def read(page: HtmlPage) -> str | None:
    return LADDER.climb(page, _clean, "type")


def _clean(value: str) -> str | None:
    value = (clean.name(value) or "").lower()
    return value if 0 < len(value) <= 60 and not value.startswith("http") else None


def _json_ld(graph: Graph) -> str | None:
    if graph.article is not None:
        return "article"
    for node in (graph.subject, graph.page):
        for name in sorted(types_of(node)) if node is not None else ():
            return _WORDS.get(name, "website" if name.endswith("Page") else name.lower())
    return None


def _dated(page: HtmlPage) -> str | None:
    """Article properties are only given for articles."""
    return "article" if "article:published_time" in page.meta or "citation_title" in page.meta else None


LADDER = Ladder(
    *meta("og:type"),
    in_graph("json-ld:type", _json_ld),
    in_page("article-properties", _dated),
    *meta("dc:type", "parsely-type"),
)
