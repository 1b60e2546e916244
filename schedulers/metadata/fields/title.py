"""The page's title. What the publisher wrote for sharing (`og:title`, then `twitter:title`) is the authority.

Another title of the page may only shorten it (by the site's name), complete it (where it was cut) or replace it (where
it is the site's name or an unfilled template). A page without one is read by `LADDER`: an article's headline first,
`<title>` late, which loses the site's name only when that is known to be one.
"""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import islice
from unicodedata import normalize

from schedulers.metadata import clean
from schedulers.metadata.addresses import host
from schedulers.metadata.fields import site_name
from schedulers.metadata.items import RDFA
from schedulers.metadata.json_ld import Graph
from schedulers.metadata.ladder import Ladder, Source, in_body, in_graph, in_page, meta, shown
from schedulers.metadata.model import Alternative, Metadata, Provenance
from schedulers.metadata.page import HtmlPage
from schedulers.urls.canonical import is_home

# Chinese and Japanese titles need no space around theirs.
_WIDE = r"\s*[｜￨]\s*|\s*—\s*|(?<=[^\x00-\x7f])[-_–]|_(?=[^\x00-\x7f])"
# A colon joins a subject and what is said of it; the others part a title from the name of its site.
_PARTED = re.compile(rf"\s+[|\-–—·•»«›‹\\/~⋅]+\s+|\s*\|\s*|\s*::\s*|(?<=\w)[-–]\s+|{_WIDE}")
_SEPARATOR = re.compile(rf"\s+[|\-–—·•»«›‹\\/:~⋅]+\s+|\s*\|\s*|:\s+|\s*::\s*|：|(?<=\w)[-–]\s+|{_WIDE}")
# What no separator lacks: most titles have none of them, which is seen at once.
_MARK = re.compile(r"[|\-–—·•»«›‹\\/:~⋅｜￨：_]")
_MOST_PARTS = 12
_COMMA = re.compile(r"[,，、،]")
_ELLIPSIS = re.compile(r"\s*(?:…|\.\.\.|[\[(](?:…|\.\.\.)[\])])\s*$")
# `headline` and `name` of one article seldom differ; where they do, the one that `<title>` repeats is meant.
_SAME = 0.75
_FEW_WORDS = 5
_BEFORE_BAR = 3
# Google's old limit for `headline`, at which plug-ins cut it.
_CUT_AT = 100
_LONG = 300
# A key of the publisher's system: `why-ducks-float-v3`, `POND_2024_11`.
_SLUG = re.compile(r"[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+){2,}")
# A site's name has no more words; so most titles need not be compared.
_NAME_WORDS = 6
# Words that stand where nobody wrote a title, folded. A page may be called so too, and then says so twice.
_GENERIC = frozenset(
    """
    home homepage index untitled untitleddocument untitledpage title pagetitle defaulttitle sitetitle posttitle
    nodetitle document newpage notitle reactapp viteapp vitereact vitereactts createnextapp nuxtapp
    vueapp svelteapp angularapp loading pleasewait inserttitlehere yourtitlehere titlegoeshere loremipsum
    ogtitle samplepage mysite mywebsite mywordpresswebsite
    undefined null none nan na objectobject startseite accueil inicio главная 首页 首頁 ホーム
    """.split()  # noqa: SIM905  a list would be a word a line
)
_LONGEST_GENERIC = 24
_ONLY_MARKS = re.compile(r"[\s|\-–—·•:»«/.,_]+")
TITLE_ELEMENT = "title"
_SHARED = ("og:title", "weibo:article:title", "weibo:webpage:title", "twitter:title")

Offer = tuple[str, str]
"""The name of a rule, and its title."""


def read(page: HtmlPage, author: str | None = None) -> str | None:
    """The title; `author` is the page's author, whose name a personal site may bear."""
    title = LADDER.climb(page, lambda value: _cleaned(page, value), "title")
    if title is None:  # the site's name, or a word like `Home`, is better than nothing
        return LADDER.climb(page, page.shown, "title")
    offered = (page.provenance["title"].rule, title)
    if (shared := _shared(page)) is not None:
        chosen = _by_authority(page, shared, author)
    elif offered[0] == TITLE_ELEMENT:
        chosen = (TITLE_ELEMENT, _without_site_name(page, title, author))
    else:
        chosen = _completed(page, offered)
    _note(page, offered, chosen[0])
    if chosen[0] != _SHARED[0] and _SHARED[0] in page.meta:
        _note_unusable(page, page.meta[_SHARED[0]][0])
    return chosen[1]


def explained(metadata: Metadata) -> str:
    """Why the page has its title: sentences for a person, from the title's provenance."""
    said = metadata.provenance.get("title")
    if said is None or metadata.title is None:
        return "No rule offered a title."
    shared = next((one for rule in _SHARED for one in said.alternatives if one.rule == rule), None)
    if said.rule in _SHARED:
        first = f"{said.rule} is what the publisher wrote for sharing, which is the authority"
        if shared is not None and _SHARED.index(shared.rule) < _SHARED.index(said.rule):
            return f"{_unusable(shared)} {first}."
        return f"{first}; no other title of the page shortens, completes or replaces it."
    if shared is not None:
        if _relates(shared.value, metadata.title):
            return _relation(said.rule, shared)
        return f"{_unusable(shared)} The title is that of the next rule, {_shown_rule(said.rule)}."
    if said.rule == TITLE_ELEMENT:
        return "There is no title for sharing and no headline: it is <title>, without a part that names the site."
    return f"There is no title for sharing: {said.rule} is the first rule of the ladder that offers one."


def _shown_rule(rule: str) -> str:
    return "<title>" if rule == TITLE_ELEMENT else rule


def _relates(shared: str, title: str) -> bool:
    return clean.fold(title) in clean.fold(shared) or _goes_on(title, shared)


def _relation(rule: str, shared: Alternative) -> str:
    if _ELLIPSIS.search(shared.value):
        return f"{shared.rule} ({shared.value!r}) was cut: {rule} begins with it and goes on."
    return f"{rule} is {shared.rule} ({shared.value!r}) without the part that names the site or its section."


def _unusable(shared: Alternative) -> str:
    return (
        f"{shared.rule} ({shared.value!r}) is the site's own name, a placeholder or a template that was not filled in, "
        "so it does not count."
    )


def _cleaned(page: HtmlPage, value: str) -> str | None:
    """No unfilled template, no word that stands where a title is missing, and below the site's first page not the
    site's name. Asked several times for the few titles of a page."""
    if value not in page.titles:
        title = page.shown(value)
        if title is not None and (_is_own_name(page, title) or _is_generic(page, title)):
            title = None
        page.titles[value] = title
    return page.titles[value]


def _is_own_name(page: HtmlPage, title: str) -> bool:
    if title.count(" ") >= _NAME_WORDS or is_home(page.url):
        return False
    return site_name.is_own(page, title)


def _is_generic(page: HtmlPage, title: str) -> bool:
    """`Home`, `null | Site`, `|`: no title unless another title of the page says the same."""
    if not title[0].isalnum() and not any(map(str.isalnum, title)):
        return _ONLY_MARKS.fullmatch(title) is not None
    is_one = _MARK.search(title) is None
    first = title if is_one else _PARTED.split(title[: 3 * _LONGEST_GENERIC], 1)[0]
    if len(first) > _LONGEST_GENERIC or (folded := clean.fold(first)) not in _GENERIC:
        return False
    said = [*page.meta.get("twitter:title", ())[:1], *page.meta.get("og:title", ())[:1], page.title or ""]
    return [clean.fold(_PARTED.split(one[:_LONG].strip(), 1)[0]) for one in said].count(folded) < 2


def _shared(page: HtmlPage) -> Offer | None:
    """What the publisher wrote for sharing."""
    for rule in _SHARED:
        for raw in page.meta.get(rule, ())[:2]:
            if (title := _cleaned(page, raw)) is not None:
                return rule, title
    return None


def _by_authority(page: HtmlPage, shared: Offer, author: str | None) -> Offer:
    """`shared`, or the other title of the page that completes or shortens it."""
    title = shared[1]
    parted = _MARK.search(title) is not None and _SEPARATOR.search(title) is not None
    cut = _cut(page, title)
    if not cut and not parted:
        return shared  # there is nothing to complete and nothing to take off
    others = [other for other in _others(page) if other[0] != shared[0]]
    if cut:
        for rule, other in (
            *others,
            (TITLE_ELEMENT, _cleaned(page, page.title or "") or ""),
            ("h1", page.body.h1 or ""),
        ):
            whole = without_site(other, site_name.known(page), (host(page.url),))
            if not _ELLIPSIS.search(whole) and _goes_on(whole, cut):
                return rule, whole
        return shared
    for rule, other in others:
        if (shorter := _shortened(other, title, page, author)) is not None:
            return rule, shorter
    return shared


def _cut(page: HtmlPage, title: str) -> str | None:
    """`title` where it ends in an ellipsis, the site's name behind that taken off."""
    if "…" not in title and "..." not in title:
        return None
    if not _ELLIPSIS.search(title):
        title = without_site(title, site_name.known(page), (host(page.url),))
    return title if _ELLIPSIS.search(title) else None


def _others(page: HtmlPage) -> Iterator[Offer]:
    """The titles that the head gives, in the order of the ladder, without `<title>`."""
    for one in LADDER:
        if one.source is not Source.BODY and one.name != TITLE_ELEMENT:  # a walk of the body costs more than it tells
            raw = one.offer(page)
            if raw is not None and (other := _cleaned(page, raw)) is not None:
                yield one.name, other


def _shortened(other: str, title: str, page: HtmlPage, author: str | None) -> str | None:
    """`title`, as the publisher spells it, without the parts that `other` leaves out, where separators part them from
    it and they name the site or its section."""
    wanted = clean.fold(other)
    if len(other) >= len(title) or wanted not in clean.fold(title):
        return None
    for parted in islice(_SEPARATOR.finditer(title), _MOST_PARTS):
        before, behind = title[: parted.start()].rstrip(), title[parted.end() :].lstrip()
        for kept, rest in ((before, behind), (behind, before)):
            if clean.fold(kept) == wanted and _names_site(rest, page, author):
                return kept
    return None


def _names_site(rest: str, page: HtmlPage, author: str | None) -> bool:
    """Whether each part of `rest` names the site or the page's section."""
    names = site_name.known(page) | site_name.likely(page, author)
    names |= {clean.fold(section) for section in page.meta.get("article:section", ())[:2]}
    hosts = (host(page.url), *site_name.hosts(page))
    parts = [part for part in _PARTED.split(rest) if part]
    return bool(parts) and (_is_site(rest, names, hosts) or all(_is_site(part, names, hosts) for part in parts))


def _completed(page: HtmlPage, offered: Offer) -> Offer:
    """`offered`, or `<title>` where that goes on where `offered` was cut."""
    title, whole = offered[1], _cleaned(page, page.title or "")
    cut = _ELLIPSIS.search(title) is not None or len(title) >= _CUT_AT
    if whole is None or not cut or not _goes_on(whole, title):
        return offered
    whole = without_site(whole, site_name.known(page), (host(page.url),))
    return (TITLE_ELEMENT, whole) if len(whole) > len(title) else offered


def _goes_on(whole: str, cut: str) -> bool:
    """Whether `whole` begins with what is left of `cut`, and has more."""
    begun, folded = clean.fold(_ELLIPSIS.sub("", cut)), clean.fold(whole)
    return len(folded) > len(begun) and folded.startswith(begun)


def _note(page: HtmlPage, offered: Offer, rule: str) -> None:
    """Writes the provenance of a title that is not the ladder's own choice."""
    if rule == offered[0]:
        return
    others = [one for one in page.provenance["title"].alternatives if one.rule != rule]
    page.provenance["title"] = Provenance(rule, (Alternative(*offered), *others))


def _note_unusable(page: HtmlPage, value: str) -> None:
    """`og:title` is an alternative too where it could not be used: who asks wants to know why it was passed over."""
    said = page.provenance["title"]
    if all(one.rule != _SHARED[0] for one in said.alternatives):
        page.provenance["title"] = Provenance(said.rule, (Alternative(_SHARED[0], shown(value)), *said.alternatives))


def _without_site_name(page: HtmlPage, title: str, author: str | None) -> str:
    if not _SEPARATOR.search(title) or _is_heading(title, page):
        return title
    without = without_site(title, site_name.known(page), (host(page.url),))
    return without if without != title else _without_likely(title, page, author)


def _is_heading(title: str, page: HtmlPage) -> bool:
    """A colon joins a subject and what is said of it, where `<h1>` repeats both."""
    return not _PARTED.search(title) and clean.fold(page.body.h1 or "") == clean.fold(title)


def _headline(page: HtmlPage) -> str | None:
    graph = page.graph
    if graph is None:
        return None
    headline, name = graph.text(graph.article, "headline"), graph.text(graph.article, "name")
    if headline and page.title and _SLUG.fullmatch(headline) and headline not in page.title:
        headline = None
    if headline and name and headline != name and page.title and _means_name(headline, name, page.title):
        return name
    return headline or name


def _means_name(headline: str, name: str, title: str) -> bool:
    """Whether `<title>` repeats the name and not the headline, which then is a description (Wikipedia)."""
    folded = clean.fold(headline)
    if clean.fold(name) in {clean.fold(part) for part in _SEPARATOR.split(title[:_LONG])}:
        return folded not in clean.fold(title)
    words, shown = _words(title), _words(name)
    if shown & words and not _words(headline) & words:
        return True
    return _alike(name, title) > _SAME >= _alike(headline, title)


def _words(text: str) -> frozenset[str]:
    return frozenset(word for part in text[:_LONG].split() if (word := clean.fold(part)))


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, one[:_LONG].lower(), other.strip()[:_LONG].lower()).ratio()


def _subject(graph: Graph) -> str | None:
    return graph.text(graph.subject, "name") if graph.subject is not graph.article else None


def without_site(title: str, names: frozenset[str], hosts: tuple[str, ...]) -> str:
    """`title` without its first or last part where that part is a name of the site, or spells out a host."""
    parts = list(_SEPARATOR.finditer(title))
    if not parts:
        return title
    head, tail = title[: parts[0].start()], title[parts[-1].end() :]
    if _is_site(tail, names, hosts):
        return title[: parts[-1].start()].rstrip() or title
    if _is_site(head, names, hosts):
        return title[parts[0].end() :].lstrip() or title
    return title


def _without_likely(title: str, page: HtmlPage, author: str | None) -> str:
    """`title` without a part that is likely the site's name, or that `<h1>` leaves out: it is no part of the headline.

    Not for a rest of a few words, which says little about its page (`Mozilla - Wikipedia`).
    """
    parts = list(_SEPARATOR.finditer(title))
    for rest in (title[: parts[-1].start()].rstrip(), title[parts[0].end() :].lstrip()):
        if len(rest.split()) >= _FEW_WORDS and clean.fold(rest) == clean.fold(page.body.h1 or ""):
            return rest
    without = without_site(title, site_name.likely(page, author), site_name.hosts(page))
    taken_off = without != title and len(without.split()) >= _FEW_WORDS
    return without if taken_off else _without_behind_bar(title)


def _without_behind_bar(title: str) -> str:
    """`title` without the name behind its one bar. One word there may be a section (`A story | Sports`)."""
    rest, bar, tail = title.partition(" | ")
    words = tail.split()
    is_name = 1 < len(words) < _FEW_WORDS and "|" not in tail and all(word[:1].isupper() for word in words)
    return rest.rstrip() if bar and is_name and len(rest.split()) >= _BEFORE_BAR and not _PARTED.search(rest) else title


def _is_site(part: str, names: frozenset[str], hosts: tuple[str, ...]) -> bool:
    """Whether a part of a title is a known name, or a host's labels run together (`nicolas.perriault.net`). Behind a
    comma stands what the site says of itself (`Wikipedia, the free encyclopedia`)."""
    folded = clean.fold(part)
    if len(folded) < 2:
        return False
    bare = {folded, site_name.folded(part), site_name.folded(_COMMA.split(part, 1)[0])}
    return not names.isdisjoint(bare) or any(_spells(one, name) for name in hosts for one in bare)


def _spells(folded: str, one_host: str) -> bool:
    if not folded.isascii():  # a host has no accents
        folded = normalize("NFKD", folded).encode("ascii", "ignore").decode()
    labels = one_host.removeprefix("www.").replace("-", "").split(".")
    if not folded:
        return False
    if folded not in "".join(labels):
        return False
    runs = range(len(labels))
    spelled = {"".join(labels[start : end + 1]) for start in runs for end in runs[start:]}
    # A short single label (`en`, `m`, `blog`) is a section of the site at most.
    return folded in spelled and (len(folded) > 4 or folded == labels[max(0, len(labels) - 2)])


LADDER = Ladder(
    in_page("json-ld:headline", _headline),
    *meta("dc:title", "dcterms:title", "dcterm:title", "citation_title"),
    *meta("og:title", "weibo:article:title", "weibo:webpage:title"),
    in_graph("json-ld:name", _subject),
    *meta("twitter:title", "parsely-title", "sailthru:title", "title", "headline"),
    in_body("microdata:headline", lambda page: page.items.text("headline")),
    in_body("rdfa:headline", lambda page: page.items.text("headline", RDFA)),
    in_page(TITLE_ELEMENT, lambda page: page.title),
    in_graph("json-ld:page", lambda graph: graph.text(graph.page, "name")),
    in_body("h1", lambda page: page.body.h1),
)
