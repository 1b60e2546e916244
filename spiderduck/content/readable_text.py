"""A page's readable text, without its navigation, by trafilatura (an extra: `pip install 'spiderduck[text]'`).

It takes seconds for the worst of pages, so it runs in a process with limits (`groundwork.workers`), and only when
somebody asks.
"""

import re
from functools import partial
from typing import ClassVar

from selectolax.lexbor import LexborHTMLParser, LexborNode

from groundwork.workers.interface import WorkError, Workers
from schedulers.metadata.charset import as_utf_8
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
_INVISIBLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*0(?:\.0*)?\s*(?:;|$|!)"
    r"|font-size\s*:\s*0(?:\.0*)?\s*(?:px|em|rem|pt|%)?\s*(?:;|$|!)|text-indent\s*:\s*-\d{3,}"
    r"|(?:left|top)\s*:\s*-\d{3,}|clip-path\s*:\s*inset\(\s*(?:50|100)%",
    re.IGNORECASE,
)
"""Of a `style` attribute: what a reader of the page does not see. Style sheets are not looked at."""
_UNSEEN = re.compile("[\u200b\u200c\u2060\ufeff\u00ad\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
"""Characters without a shape, those that turn text round, and tags, in which text can be hidden from people."""
_STYLE_LENGTH = 4096


def visible(body: bytes) -> bytes:
    """A page in UTF-8 without the elements that its reader does not see: text hidden there is written for machines."""
    tree = LexborHTMLParser(body)
    marked = tree.css(f"[hidden],[aria-hidden],[style],{','.join(HIDDEN)}")
    hidden = {element.mem_id: element for element in marked if _is_hidden(element)}
    for element in reversed(hidden.values()):  # what lies inside another goes first, for it goes with the other
        element.decompose()
    return (tree.html or "").encode()


def _is_hidden(element: LexborNode) -> bool:
    attributes = element.attributes
    if element.tag in HIDDEN or "hidden" in attributes or attributes.get("aria-hidden") == "true":
        return True
    return _INVISIBLE.search((attributes.get("style") or "")[:_STYLE_LENGTH]) is not None


def shown(text: str) -> str:
    """The text without characters that nobody sees."""
    return _UNSEEN.sub("", text).strip()
