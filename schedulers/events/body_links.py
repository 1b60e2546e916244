"""The links of a body of text: from its markup where it is HTML or Markdown, else by twitter-text's rules.

Read by the shapes that carry text. A link that has a label counts by where it leads, and the label is not searched:
`[example.com](https://other.org/)` leads to other.org alone.
"""

import re
from collections.abc import Callable

from selectolax.lexbor import LexborHTMLParser, LexborNode

from schedulers.events.values import is_web_url, unescaped
from schedulers.metadata.guard import bounded
from schedulers.urls import extract_urls

_HTML = re.compile(r"<(?:a|p|br|div|span|html|body|blockquote|ul|ol)(?:\s[^<>]*)?/?>", re.IGNORECASE)
"""A tag that bodies of HTML open with; `a < b` and `<https://…>` are none."""

_MARKDOWN = re.compile(
    r"!?\[(?:[^\[\]\n]|\[[^\[\]\n]*\]){0,999}\]\(\s*"  # a label, with brackets one level deep (badges: [![x](y)](z))
    r"(?:<([^<>\n]{1,4096})>|((?:[^\s()<>]|\([^\s()]{0,999}\)){1,4096}))"  # where it leads, parentheses balanced
    r"(?:\s+(?:\"[^\"\n]{0,999}\"|'[^'\n]{0,999}'))?\s*\)"  # a title
    r"|^[ ]{0,3}\[[^\[\]\n]{1,999}\]:[ \t]*<?([^\s<>]{1,4096})>?"  # a reference: `[1]: https://…`
    r"|<(https?://[^\s<>|]{1,4096})(?:\|[^<>\n]{0,999})?>",  # an autolink; chat services add a label: `<https://…|label>`
    re.MULTILINE,
)

_AUTOLINK = re.compile(r"<(https?://[^\s<>]{1,4096}+[^<>\n]{0,999}+)>", re.IGNORECASE)
"""Beside tags: an HTML parser would take it for one itself. Possessive: shorter pieces could not end at a `>`
either, and trying them all would take four million steps for each `<http://` that is not closed."""

_PLACE = "\0"
"""Stands around the number of an anchor that was taken out. No other text holds it: raw ones are taken
out before, and HTML makes U+FFFD of `&#0;`."""

_Accepts = Callable[[LexborNode], bool]


def links_in_text(text: str) -> list[str]:
    """The links of a text whose kind nobody named."""
    if "<" in text and _HTML.search(text):
        return links_in_html(text)
    return _links_without_tags(text)


def links_in_markdown(text: str) -> list[str]:
    """Links, references and autolinks, and what stands bare between them, in order. A picture is no link."""
    found: list[str] = []
    rest = 0
    for match in _MARKDOWN.finditer(text):
        found += _bare_links(text[rest : match.start()])
        rest = match.end()
        target = next(group for group in match.groups() if group is not None)
        if match[4] is not None:
            target = unescaped(target)  # chat services escape it there
        if not match[0].startswith("!") and is_web_url(target):
            found.append(target)
    return found + _bare_links(text[rest:])


def links_in_html(html: str) -> list[str]:
    """Where the anchors lead, in order, with the URLs that stand bare between them; what an anchor shows is not
    searched. Whoever marks links leaves a host without a scheme a name; where no anchor is, it is a link as in texts.
    """
    if "<http" in html:
        html = _AUTOLINK.sub(r"&lt;\1&gt;", html)
    tree = _parsed(html)
    anchors = tree.css("a[href]")
    if not anchors:
        return _links_without_tags(tree.text(separator=" "))
    return _links_of(tree, anchors, [_target(anchor) for anchor in anchors])


def _links_of(tree: LexborHTMLParser, anchors: list[LexborNode], targets: list[str]) -> list[str]:
    """Where the anchors lead ("" for one that does not count), with the URLs that stand bare between them."""
    for number, anchor in enumerate(anchors):
        anchor.replace_with(f"{_PLACE}{number}{_PLACE}")
    found: list[str] = []
    for number, piece in enumerate(tree.text(separator=" ").split(_PLACE)):
        found += [targets[int(piece)]] if number % 2 else urls_with_scheme(piece)
    return [url for url in found if url]


def links_of_anchors(html: str, accepts: _Accepts) -> list[str]:
    """For HTML whose maker marks links, hashtags and mentions by anchors (a Fediverse server): where the accepted ones
    lead, in order. Not every server marks every link, so that URLs beside them count too."""
    tree = _parsed(html)
    anchors = tree.css("a[href]")
    if not anchors:
        return _bare_links(tree.text(separator=" "))
    return _links_of(tree, anchors, [_target(anchor) if accepts(anchor) else "" for anchor in anchors])


def _parsed(html: str) -> LexborHTMLParser:
    tree = LexborHTMLParser(bounded(html.replace(_PLACE, "").encode("utf-8", "replace")))
    tree.strip_tags(["script", "style", "template"])
    return tree


def _target(anchor: LexborNode) -> str:
    """An absolute web link; "" for any other."""
    href = (anchor.attributes.get("href") or "").strip()
    return href if is_web_url(href) else ""


def _links_without_tags(text: str) -> list[str]:
    if "](" in text or "]:" in text or "<http" in text:
        return links_in_markdown(text)
    return _bare_links(text)


def urls_with_scheme(text: str) -> list[str]:
    """The URLs of a text that are written with `http://` or `https://`."""
    return [found.url for found in extract_urls(text) if "://" in found.url[:9]]


def _bare_links(text: str) -> list[str]:
    """A host without a scheme gets http, as twitter-text links it and browsers complete it."""
    urls = (found.url for found in extract_urls(text))
    return [url if "://" in url[:9] else f"http://{url}" for url in urls]
