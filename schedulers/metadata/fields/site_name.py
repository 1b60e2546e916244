"""What the site calls itself, and every name it is known by (for taking it off a `<title>`)."""

import re
from collections.abc import Iterable

from schedulers.metadata import clean
from schedulers.metadata.addresses import host
from schedulers.metadata.ladder import Ladder, in_graph, in_page, meta
from schedulers.metadata.page import HtmlPage
from schedulers.urls.canonical import is_home

_LINKS, _LENGTH = 20, 200
# Hosts of other people's publications that put their own name into og:site_name.
_PLATFORMS = frozenset(
    """
    medium blogger blogspot wordpress wordpresscom substack tumblr ghost livejournal typepad hatenablog note qiita
    wix wixcom squarespace weebly sites googlesites github githubpages gitlab notion steemit hashnode devto velog
    """.split()  # noqa: SIM905  a list would be a word a line
)
# What feeds add to the name of their site.
_FEED = re.compile(
    r"[\s|\-–—·•»:]*\b(?:rss(?: ?2\.0)?|atom(?: ?1\.0)?|json|(?:main |news )?feed|search|latest)\b[\s|\-–—·•»:]*", re.I
)


_ARTICLE = re.compile(r"^(?:the|die|der|das|le|la|les|el)\s+", re.IGNORECASE)
# Longer ones are looked at twice.
_LONGEST_NAME = 25
_SLOGAN = re.compile(r"\s[-–—|·:]\s|:\s")
_SLOGAN_WORDS = 3
_FOLDED_OFF = 8
_OWN = ("og:site_name", "application-name", "apple-mobile-web-app-title", "al:ios:app_name", "al:android:app_name")
_DOMAIN_END = re.compile(r"(?<=\w)\.(?:com|org|net|info|tv|[a-z]{2}|co\.[a-z]{2})$", re.IGNORECASE)
# Names that no rule offers and that the host does not spell.
_IN_OTHER_SCRIPTS = {
    "wikipedia.org": frozenset(
        """
        wikipedia википедия вікіпедія вікіпэдыя уикипедия википедија βικιπαίδεια ვიკიპედია վիքիպեդիա ויקיפדיה ويكيبيديا
        ویکیپدیا विकिपीडिया উইকিপিডিয়া விக்கிப்பீடியா వికీపీడియా วิกิพีเดีย 维基百科 維基百科 위키백과 ウィキペディア
        vikipedi vikipeedia vikipedija vikipēdija wikipedie wikipédia wikipedija viquipèdia vikipedio
        vicipaedia
        """.split()  # noqa: SIM905  a list would be a word a line
    )
}


def read(page: HtmlPage) -> str | None:
    return LADDER.climb(page, lambda value: _cleaned(page, value), "site_name")


def _cleaned(page: HtmlPage, value: str) -> str | None:
    """Without the slogan behind it; below the first page not the title, which templates write there."""
    name = clean.name(value)
    if name is None:
        return None
    name = _without_slogan(name)
    if len(name) < _LONGEST_NAME or is_home(page.url):
        return name
    return None if clean.fold(name) == clean.fold(page.title or "") else name


def _without_slogan(name: str) -> str:
    """`Reed Herald - All about reeds` is the Reed Herald."""
    if name.count(" ") < _SLOGAN_WORDS or (parted := _SLOGAN.search(name)) is None:
        return name
    return name[: parted.start()] if len(name[parted.end() :].split()) >= _SLOGAN_WORDS else name


def known(page: HtmlPage) -> frozenset[str]:
    """The folded names of the site, from every rule that offers one."""
    return own(page) | _folded(value for rule in _NAMES if (value := rule.offer(page)))


def own(page: HtmlPage) -> frozenset[str]:
    """The folded names that are the site's for certain."""
    names = _folded(value for rule in LADDER if (value := rule.offer(page)))
    return names | _IN_OTHER_SCRIPTS.get(page.site, frozenset())


def is_own(page: HtmlPage, title: str) -> bool:
    """Whether `title` is a name that the site's own elements give it."""
    meta, graph = page.meta, page.graph
    names = [meta[key][0] for key in _OWN if key in meta]
    if graph is not None and "og:site_name" not in meta:
        names += [name for name in (_publisher(page), graph.text(graph.site, "name")) if name is not None]
    names.append(host(page.url).removeprefix("www."))
    near = [name for name in names if _is_near(name, title)]
    return bool(near) and not {folded(title), clean.fold(title)}.isdisjoint(_folded(near))


def _is_near(name: str, title: str) -> bool:
    """Folding takes off a few characters at one end: most titles are seen to be no name at once."""
    if abs(len(name) - len(title)) > _FOLDED_OFF:
        return False
    return name[:2].lower() == title[:2].lower() or name[-2:].lower() == title[-2:].lower()


def folded(name: str) -> str:
    """A name without its article and the end of its domain: `The Pond Post`, `PondPost.com`."""
    return clean.fold(_ARTICLE.sub("", _DOMAIN_END.sub("", name.strip())))


def likely(page: HtmlPage, author: str | None) -> frozenset[str]:
    """Folded names that are the site's where a title ends in one: of its feeds, of its search, of the link home, and
    the author's, whose site it may be."""
    titles = [link.get("title") for rel in ("alternate", "search") for link in page.links.get(rel, ())[:_LINKS]]
    return _folded(_FEED.sub("", name[:_LENGTH]) for name in (author, *titles, *page.body.home) if name)


def hosts(page: HtmlPage) -> tuple[str, ...]:
    """The hosts that the page says are its own, whoever served it."""
    links = page.links.get("canonical", ())[:1]
    addresses = [*(link.get("href") for link in links), *page.meta.get("og:url", ())[:1]]
    return tuple(host(url) for address in addresses if (url := page.absolute(address)))


def _publisher(page: HtmlPage) -> str | None:
    return None if page.graph is None else page.graph.text(page.graph.article, "publisher")


def _is_of_platform(page: HtmlPage) -> bool:
    """Whether `og:site_name` names the platform that hosts many sites, and not this one."""
    return any(clean.fold(name) in _PLATFORMS for name in page.meta.get("og:site_name", ())[:1])


def _folded(names: Iterable[str]) -> frozenset[str]:
    return frozenset(
        one for name in names for one in (clean.fold(name), folded(name), folded(_without_slogan(name))) if one
    )


LADDER = Ladder(
    # On a hosting platform og:site_name names the platform, the article's publisher the publication.
    in_page("json-ld:publication", lambda page: _publisher(page) if _is_of_platform(page) else None),
    *meta("og:site_name"),  # before `publisher`, which elsewhere is often the legal entity
    in_page("json-ld:publisher", lambda page: _publisher(page)),
    in_graph("json-ld:page-publisher", lambda graph: graph.text(graph.page, "publisher")),
    in_graph("json-ld:website", lambda graph: graph.text(graph.of("WebSite"), "name")),
    *meta("dc:publisher", "citation_publisher", "citation_journal_title", "parsely-site", "sailthru:site"),
    *meta("application-name", "apple-mobile-web-app-title", "al:ios:app_name", "al:android:app_name"),
    in_graph("json-ld:organization", lambda graph: graph.text(graph.site, "name")),
)

# Names good enough to recognise the site in a title, not good enough to be shown.
_NAMES = Ladder(
    *meta("twitter:site", "publisher", "author", "copyright"),
    in_page("host", lambda page: host(page.url).removeprefix("www.")),
)
