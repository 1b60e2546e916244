"""What the body shows, read only when a rule asks: first heading, first real paragraph, byline, date, words.

Reached through `HtmlPage.body`. Bounded work. Each question is one query, and only the first few hundred of its
answers are looked at.
"""

import re
from collections.abc import Iterator
from functools import cached_property
from itertools import islice

from selectolax.lexbor import LexborHTMLParser, LexborNode

from schedulers.metadata import clean, dates

CANDIDATES = 200
NODES = 50_000
HOME_LINKS = 5
_AUTHORS_LINKED = 20
# Characters that are read of all paragraphs together: where they lie in one another, each holds the text of the inner.
TEXT_LIMIT = 2_000_000
_FEW_PARAGRAPHS = 100
# Fewer characters in paragraphs than in one: the page has its text elsewhere.
ENOUGH_TEXT = 200
# A sentence; below it stand captions, dates and bylines.
REAL_PARAGRAPH = 80
SENTENCE = 25
SHORTEST_PARAGRAPH = 12
_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？", "؟", "।")
_BLOCKS = "article,main,section,div,td,blockquote,pre,body"

_OUTSIDE = frozenset(("nav", "footer", "aside", "form", "figure", "noscript", "template", "dialog", "button", "select"))
_UNREAD = frozenset(("script", "style", "noscript", "template", "svg", "iframe", "textarea", "select", "-comment"))
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_CONSENT = re.compile(
    r"\b(?:cookies?|javascript|your browser|subscribe|sign up|newsletter|advertisement)\b", re.IGNORECASE
)
_NAMES_IN_BYLINE = 'a[rel~="author"],a[href*="/author/"],[class*="author-name" i],[class*="author__name" i]'
_DATED = (
    '[class*="publish" i],[class*="pub-date" i],[class*="pubdate" i],[class*="article-date" i],[class*="post-date" i],'
    '[class*="entry-date" i],[class*="timestamp" i],[class*="article-time" i],[class*="dateline" i],[class~="date" i],'
    '[class~="posted" i],[class~="published" i],[id*="pubdate" i]'
)
# A date in a line of text, as it is written beside a headline: the day, the month and the year, then the clock.
_YEAR = r"(?:19|20)\d\d"
_YEAR_IN = re.compile(_YEAR)
_CLOCK = r"(?:,?\s+(?:(?:at|um|à|-|–|\|)\s+)?\d{1,2}:\d\d(?::\d\d)?(?:\s?[ap]\.?m\b\.?)?)?"
DATE_IN_LINE = re.compile(
    rf"(?:\b\d{{1,2}}(?:st|nd|rd|th|\.|º)?\s+(?:of\s+|de\s+)?[^\W\d_]{{3,12}}\.?,?\s+(?:de\s+)?{_YEAR}"
    rf"|\b[^\W\d_]{{3,12}}\.?\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+{_YEAR}"
    rf"|(?<!\d){_YEAR}(?:[-/.]\d{{1,2}}[-/.]\d{{1,2}}|年\s?\d{{1,2}}月\s?\d{{1,2}}日)(?!\d)){_CLOCK}",
    re.IGNORECASE,
)
# Text nodes around the headline in which its date is looked for; a longer one is no line of facts.
_AROUND, _LINE = 40, 160
_TIMES = 20
_LONGEST_DATE = 64
_AUTHOR_LINKS = (
    'a[href*="/author/"],a[href*="/authors/"],a[href*="/auteur/"],a[href*="/autor/"],a[href*="/editors/"],'
    'a[href*="/contributors/"],a[href*="/staff/"],a[href*="/writers/"],a[href*="/journalist"]'
)
# `By` and a link to a person, whatever the elements around them are called; not `Powered by` or `Photo by`.
_BY_LINK = re.compile(
    r">\s{0,50}(?:(?:written|posted|published|reported|submitted|story|words|text|article)\s{1,5})?"
    r"(?:by|von|par|por|door)\s{0,5}:?\s{0,50}(?:</?(?:span|div|p|em|strong)\b[^<>]{0,200}>\s{0,50}){0,3}"
    r"<a\b[^<>]{0,500}>\s{0,50}(?:<span\b[^<>]{0,200}>\s{0,50})?([^<>]{3,60}?)\s{0,50}<",
    re.IGNORECASE,
)
# Bytes behind the headline in which it is looked for.
_SEARCHED = 20_000
_BYLINE = (
    'a[rel~="author"],[itemprop~="author"],[class*="byline" i],[id*="byline" i],'
    '[class*="author-name" i],[class*="author__name" i],[class*="authorname" i],[class*="writer-name" i],'
    '[class*="meta__author" i],[class*="__author" i],[class*="p-author" i],[class~="author" i],[class*="writtenby" i]'
)


class Body:
    def __init__(self, tree: LexborHTMLParser) -> None:
        self._tree = tree
        # Filled by the page's one query of the body.
        self.paragraphs: list[LexborNode] = []

    @cached_property
    def h1(self) -> str | None:
        for node in self._tree.css("h1")[:5]:
            if (text := clean.text(node.text())) and not is_hidden(node):
                return text
        return None

    @cached_property
    def home(self) -> list[str]:
        """What the page calls the links to its site's first page: their text, or their picture's."""
        names: list[str] = []
        for node in self._tree.css('a[href="/"],a[rel~="home"]')[:HOME_LINKS]:
            pictures = node.css("img[alt]")[:1]
            alt = pictures[0].attributes.get("alt") if pictures else None
            names += [name for text in (node.text(), alt) if text and (name := clean.text(text, 100))]
        return names

    @cached_property
    def first_paragraph(self) -> str | None:
        """The first paragraph that is read as part of the page and says something; else the first text in a block."""
        short: str | None = None
        read = 0
        for node in self.paragraphs[:CANDIDATES]:
            whole = node.text()
            if (read := read + len(whole)) > TEXT_LIMIT:
                break
            text = clean.text(whole, clean.DESCRIPTION_LIMIT)
            if text is None or len(text) < SHORTEST_PARAGRAPH or (short and len(text) < REAL_PARAGRAPH):
                continue
            if is_outside(node) or (len(text) < 300 and _CONSENT.search(text)):
                continue
            if len(text) >= REAL_PARAGRAPH or (len(text) >= SENTENCE and text.endswith(_SENTENCE_ENDS)):
                return text
            short = text
        return self._first_block or short

    @cached_property
    def _first_block(self) -> str | None:
        """Pages of old part their text by line breaks; the block's own text then is the paragraph."""
        for node in self._tree.css(_BLOCKS)[:CANDIDATES]:
            own = clean.text(node.text(deep=False, separator=" "), clean.DESCRIPTION_LIMIT)
            if own and len(own) >= REAL_PARAGRAPH and not is_outside(node) and not _CONSENT.search(own):
                return own
        return None

    @cached_property
    def byline(self) -> str | None:
        for node in self._tree.css(_BYLINE)[:10]:
            names = node.css(_NAMES_IN_BYLINE)[:1]  # beside the name a byline holds dates, roles and links to share
            text = clean.text((names[0] if names else node).text(separator=" "), 200)
            if text and 2 < len(text) < 100 and not is_hidden(node):
                return text
        return None

    @cached_property
    def linked_author(self) -> str | None:
        """What the links to the page of an author show, where all of them show one name."""
        texts = [clean.text(node.text(separator=" "), 200) for node in self._tree.css(_AUTHOR_LINKS)[:_AUTHORS_LINKED]]
        names = {text for text in texts if text and 2 < len(text) < 100}
        return names.pop() if len(names) == 1 else None

    @cached_property
    def by_link(self) -> str | None:
        """The name of the first link behind the headline that stands right behind the word `by`."""
        source = self._tree.raw_html
        start = source.find(b"<h1")
        if start < 0:
            return None
        found = _BY_LINK.search(source[start : start + _SEARCHED].decode("utf-8", "replace"))
        return clean.text(found[1], 100) if found else None

    @cached_property
    def published_time(self) -> str | None:
        """The first `<time>` of the page's one article; a list of articles has no date of its own."""
        if len(self._tree.css("article")[:2]) > 1:
            return None
        for node in self._tree.css("time[pubdate],article time[datetime],main time[datetime],header time[datetime]")[
            :1
        ]:
            return node.attributes.get("datetime") or node.text()
        return None

    @cached_property
    def only_time(self) -> str | None:
        """The moment that every `<time>` of the page shows, where they show one day."""
        moments = [
            one for node in self._tree.css("time[datetime]")[:_TIMES] if (one := node.attributes.get("datetime"))
        ]
        return moments[0] if moments and len({moment[:10] for moment in moments}) == 1 else None

    @cached_property
    def dated_element(self) -> str | None:
        """The first date behind the headline, else the first of all, of an element that is there for dates or whose
        class says so."""
        first: str | None = None
        seen_headline = False
        for node in self._tree.css(f"h1,time,{_DATED}")[:_TIMES]:
            seen_headline = seen_headline or node.tag == "h1"
            if is_hidden(node):
                continue  # a fact for machines, of whatever the page is about
            attributes = node.attributes
            for text in (attributes.get("datetime"), attributes.get("data-published"), clean.text(node.text(), 200)):
                if text and len(text) <= _LONGEST_DATE and dates.iso(text) is not None:
                    first = first or text
                    if seen_headline:
                        return text
        return first

    @cached_property
    def dated_line(self) -> str | None:
        """The date in the short lines behind the headline, else in those before it."""
        before: list[str] = []
        behind: list[str] = []
        seen_headline = False
        body = self._tree.body
        for node in islice(body.traverse(include_text=True), NODES) if body is not None else ():
            tag = node.tag
            if tag == "h1" and not seen_headline:
                seen_headline = True
            elif tag == "-text" and (text := node.text()) and not text.isspace():
                if _YEAR_IN.search(text) and (is_hidden(node) or _is_of_the_subject(node)):
                    continue
                (behind if seen_headline else before).append(text)
                if len(behind) >= _AROUND:
                    break
        if not seen_headline:
            return None
        for text in (*behind, *reversed(before[-_AROUND:])):
            if len(text) <= _LINE and (found := DATE_IN_LINE.search(text)) and dates.iso(found.group()) is not None:
                return found.group()
        return None

    @cached_property
    def language(self) -> str | None:
        body = self._tree.body
        return body.attributes.get("lang") if body is not None else None

    @cached_property
    def text(self) -> str:
        """The words that a reader reads: the paragraphs, or where there are hardly any, all text that is shown."""
        text = "\n".join(self._paragraph_texts())
        return text if len(text) >= ENOUGH_TEXT else self._shown_text()

    def _paragraph_texts(self) -> Iterator[str]:
        if len(self.paragraphs) <= _FEW_PARAGRAPHS:  # a generator would take as long as the texts
            return iter([node.text_lexbor() for node in self.paragraphs])
        return self._bounded_texts()

    def _bounded_texts(self) -> Iterator[str]:
        read = 0
        for node in self.paragraphs:
            text = node.text_lexbor()
            yield text
            if (read := read + len(text)) > TEXT_LIMIT:
                return

    def _shown_text(self) -> str:
        body = self._tree.body
        if body is None:
            return ""
        if not body.css("script,style,noscript,textarea,select,iframe")[:1]:
            return body.text()
        parts: list[str] = []
        for seen, node in enumerate(body.traverse(include_text=True)):
            if seen >= NODES:
                break
            if node.tag == "-text" and (parent := node.parent) is not None and parent.tag not in _UNREAD:
                parts.append(node.text())
        return "\n".join(parts)


def is_hidden(node: LexborNode, levels: int = 6) -> bool:
    """Whether the element, or one it lies in, says that it is not shown."""
    one: LexborNode | None = node
    for _ in range(levels):
        if one is None or one.tag in ("body", "html", None):
            return False
        if _says_hidden(one):
            return True
        one = one.parent
    return False


def is_outside(node: LexborNode, levels: int = 10) -> bool:
    """Whether the element lies outside what the page is about: navigation, footer, a form, or hidden."""
    one = node.parent
    for _ in range(levels):
        if one is None or one.tag == "body":
            break
        if one.tag in _OUTSIDE:
            return True
        one = one.parent
    return is_hidden(node)


def _is_of_the_subject(node: LexborNode, levels: int = 8) -> bool:
    """Whether a fact stands in a box of facts: when something was founded says nothing of the page."""
    one = node.parent
    for _ in range(levels):
        if one is None or one.tag == "body":
            return False
        if "infobox" in (one.attributes.get("class") or ""):
            return True
        one = one.parent
    return False


def _says_hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    if "hidden" in attributes or attributes.get("aria-hidden") == "true":
        return True
    style = attributes.get("style")
    return bool(style and _HIDDEN_STYLE.search(style[:500]))
