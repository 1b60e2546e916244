"""A page's readable text, without its navigation, by trafilatura (an extra: `pip install 'spiderduck[text]'`).

It takes seconds for the worst of pages, so it runs in a process with limits (`groundwork.workers`), and only when
somebody asks.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import ClassVar

import regex
from selectolax.lexbor import LexborHTMLParser, LexborNode

from groundwork.workers.interface import WorkError, Workers
from schedulers.metadata.charset import as_utf_8
from spiderduck.content.hidden_styles import hidden_selectors, hides, is_white
from spiderduck.errors import NotInstalled, SpiderDuckError

LARGEST_BODY = 4 * 1024 * 1024
"""Bytes. No article comes near; what is larger is cut."""


class Unreadable(SpiderDuckError):
    """The page could not be read within the limits of time and memory."""

    code: ClassVar[str] = "unreadable"


class Reader:
    """Over workers that may crash."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    async def text(self, body: bytes, url: str, content_type: str | None) -> str | None:
        """The text of an HTML page, paragraphs parted by line feeds; None where it has none. `content_type` is the
        header it came with.

        Raises `NotInstalled`, `Unreadable`, and `WorkError`s that may be retried.
        """
        try:
            return await self._workers.run(partial(extract, body[:LARGEST_BODY], url, content_type))
        except WorkError as error:
            if error.retryable and error.code == "busy":
                raise
            raise Unreadable(f"the page could not be read within its limits ({error.code})") from error


def extract(body: bytes, url: str, content_type: str | None = None) -> str | None:
    """As `Reader.text`, here and now."""
    try:
        from trafilatura import extract as readable
    except ModuleNotFoundError as error:
        raise NotInstalled("the text of pages needs trafilatura: pip install 'spiderduck[text]'") from error
    text = readable(
        visible(as_utf_8(body, content_type)[0]).decode("utf-8", "replace"),
        url=url,
        include_comments=False,
        include_tables=True,
        deduplicate=False,
    )
    return None if text is None else shown(text) or None


HIDDEN = frozenset({"template", "script", "style", "noscript", "iframe", "object", "nav"})
"""Elements that are no text of the page; where nothing else is left, trafilatura would take a `nav` for it."""
_UNSEEN = regex.compile(
    r"[\p{Default_Ignorable_Code_Point}--[\u200d\ufe0e\ufe0f]]|(?<=([\u200d\ufe0e\ufe0f]))\1", regex.VERSION1
)
"""Characters without a shape: those that turn text round, tags, selectors of variants, fillers. Text can be hidden in
them from people. What makes emoji what they are stays, once at a time."""
MOST_BY_SHEETS = 0.5
"""Of the text. A page whose style sheets hide more is brought to light by a script as it loads."""


def visible(body: bytes) -> bytes:
    """A page in UTF-8 without the elements that its reader does not see: text hidden there is written for machines."""
    tree = LexborHTMLParser(body)
    by_sheets = _hidden_by_sheets(tree)
    marked = tree.css(f"[hidden],[aria-hidden],[style],font[color],{','.join(HIDDEN)}")
    on_white = _says_nothing_of_backgrounds(tree)
    _remove(element for element in marked if _is_hidden(element) or (on_white and is_white(_style_of(element))))
    if by_sheets:
        _remove(tree.css(by_sheets))
    return (tree.html or "").encode()


def _says_nothing_of_backgrounds(tree: LexborHTMLParser) -> bool:
    """So that its background is white. A linked style sheet may say anything."""
    if tree.css_first(
        'link[rel~="stylesheet" i],[bgcolor],[background],[style*="background" i],meta[name="color-scheme" i]'
    ):
        return False
    sheets = "".join(element.text() for element in tree.css("style")).lower()
    return "background" not in sheets and "color-scheme" not in sheets and "@import" not in sheets


def _style_of(element: LexborNode) -> str:
    """Its `style`, behind what older HTML says of its colour."""
    colour, style = element.attributes.get("color"), element.attributes.get("style") or ""
    return f"color:{colour};{style}" if colour else style


def _remove(elements: Iterable[LexborNode]) -> None:
    """What lies inside another goes first, for it goes with the other."""
    for element in reversed({element.mem_id: element for element in elements}.values()):
        element.decompose()


def _hidden_by_sheets(tree: LexborHTMLParser) -> str:
    """One selector for all that the page's own style sheets hide; empty where that is nothing, or most of the page."""
    sheets = "".join(
        element.text() for element in tree.css("style") if "print" not in (element.attributes.get("media") or "")
    )
    selector = ",".join(hidden_selectors(sheets))
    if not selector or tree.body is None:
        return ""
    outer = {element.mem_id: element for element in tree.css(selector)}
    length = sum(len(element.text()) for element in outer.values() if not _has_one_of(element, outer))
    return selector if length <= MOST_BY_SHEETS * len(tree.body.text()) else ""


def _has_one_of(element: LexborNode, others: Mapping[int, LexborNode]) -> bool:
    """Whether it lies inside another one of them, within a few levels."""
    for _ in range(20):
        parent = element.parent
        if parent is None:
            return False
        if parent.mem_id in others:
            return True
        element = parent
    return False


def _is_hidden(element: LexborNode) -> bool:
    attributes = element.attributes
    if element.tag in HIDDEN or "hidden" in attributes or attributes.get("aria-hidden") == "true":
        return True
    return hides(attributes.get("style") or "")


def shown(text: str) -> str:
    """The text without characters that nobody sees."""
    return _UNSEEN.sub("", text).strip()
