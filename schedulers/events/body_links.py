"""The links of a body of text: from its markup where it is HTML or Markdown, else by twitter-text's rules.

Read by the shapes that carry text. Its one rule: a link that has a label counts by where it leads, and the label is not
searched: `[example.com](https://other.org/)` leads to other.org alone.
"""

import re
from collections.abc import Callable, Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from schedulers.events.values import is_web_url
from schedulers.metadata.guard import bounded
from schedulers.urls import extract_urls

_HTML = re.compile(r"<(?:a|p|br|div|span|html|body|blockquote|ul|ol)(?:\s[^<>]*)?/?>", re.IGNORECASE)
"""A tag that bodies of HTML open with; `a < b` and `<https://…>` are none."""

_MARKDOWN = re.compile(
    r"!?\[(?:[^\[\]\n]|\[[^\[\]\n]*\]){0,999}\]\(\s*"  # a label, with brackets one level deep (badges: [![x](y)](z))
    r"(?:<([^<>\n]{1,4096})>|((?:[^\s()<>]|\([^\s()]{0,999}\)){1,4096}))"  # where it leads, parentheses balanced
    r"(?:\s+(?:\"[^\"\n]{0,999}\"|'[^'\n]{0,999}'))?\s*\)"  # a title
    r"|^[ ]{0,3}\[[^\[\]\n]{1,999}\]:[ \t]*<?([^\s<>]{1,4096})>?"  # a reference: `[1]: https://…`
    r"|<(https?://[^\s<>]{1,4096})>",  # an autolink
    re.MULTILINE,
)

_Accepts = Callable[[LexborNode], bool]


def links_in_text(text: str) -> list[str]:
    """The links of a text whose kind nobody named."""
    if "<" in text and _HTML.search(text):
        return links_in_html(text)
    if "](" in text or "]:" in text or "<http" in text:
        return links_in_markdown(text)
    return _bare_links(text)


def links_in_markdown(text: str) -> list[str]:
    """Links, references and autolinks, and what stands bare between them, in order. A picture is no link."""
    found: list[str] = []
    rest = 0
    for match in _MARKDOWN.finditer(text):
        found += _bare_links(text[rest : match.start()])
        rest = match.end()
        target = next(group for group in match.groups() if group is not None)
        if not match[0].startswith("!") and is_web_url(target):
            found.append(target)
    return found + _bare_links(text[rest:])


def links_in_html(html: str, accepts: _Accepts = lambda anchor: True) -> list[str]:
    """Where the accepted anchors lead, in order; where there is no anchor at all, what stands in the text."""
    tree = LexborHTMLParser(bounded(html.encode("utf-8", "replace")))
    anchors = tree.css("a[href]")
    if anchors:
        return list(_targets(anchors, accepts))
    return _bare_links(tree.text(separator=" "))


def _bare_links(text: str) -> list[str]:
    """A host without a scheme gets http, as twitter-text links it and browsers complete it."""
    urls = (found.url for found in extract_urls(text))
    return [url if "://" in url[:9] else f"http://{url}" for url in urls]


def _targets(anchors: list[LexborNode], accepts: _Accepts) -> Iterator[str]:
    for anchor in anchors:
        href = (anchor.attributes.get("href") or "").strip()
        if is_web_url(href) and accepts(anchor):
            yield href
