"""Finds the `<meta http-equiv=refresh>` of a page by one scan from left to right. Pure; asked by `redirects.py`.

The scan never looks at a byte twice for the same question: what is not closed (a comment, a text, a quote) reaches to
the end of the bytes and ends the search. So a page costs time in proportion to its size, whatever it holds.
"""

import re
from typing import NamedTuple

SEARCHED_BYTES = 64 * 1024

_RAW = (b"noscript", b"script", b"textarea", b"title", b"style", b"xmp", b"iframe", b"noframes", b"template")
"""Where a tag is no tag, or not of this page. In `<noscript>` too: its refresh is for browsers without scripts."""
_MARKUP = re.compile(rb"<(?:(!--)|([!?])|(meta|base|" + b"|".join(_RAW) + rb")(?=[\s/>]))", re.IGNORECASE)
_END_OF_COMMENT = re.compile(rb"--!?>")
_ATTRIBUTE = re.compile(rb"[\s/]*+([^\s/>][^\s/>=]*+)(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([\"'])|([^\s>]*+)))?+")
"""A name, and a value in quotes (2, 3), in quotes that never close (4), or bare (5). Possessive: it never goes back."""
_EQUIV = re.compile(rb"http-equiv\s*+=\s*+(?:[\"']\s*+)?+refresh")
_END_OF = {name: re.compile(rb"</" + name + rb"(?=[\s/>])", re.IGNORECASE) for name in _RAW}


class Refresh(NamedTuple):
    """The `content` of a meta refresh, and the `href` of the page's `<base>` before it."""

    content: bytes
    base: bytes | None


def find_refresh(body: bytes) -> Refresh | None:
    """The first meta refresh in the first `SEARCHED_BYTES` of `body`, None where there is none."""
    head = body[:SEARCHED_BYTES]
    return _search(head) if _may_refresh(head) else None


def _may_refresh(head: bytes) -> bool:
    """Whether there is an `http-equiv` of that kind. Lowering the bytes once and looking for the word takes a fifth of
    what a pattern that ignores case does, and every page is asked."""
    lowered, at = head.lower(), -1
    while (at := lowered.find(b"http-equiv", at + 1)) >= 0:
        if _EQUIV.match(lowered, at):
            return True
    return False


def _search(head: bytes) -> Refresh | None:
    at, base = 0, None
    while found := _MARKUP.search(head, at):
        if found[3] is None or (name := found[3].lower()) in _END_OF:
            at = _behind(head, found)
            if at < 0:
                return None
            continue
        values, at = _attributes(head, found.end())
        if name == b"base":
            base = values.get(b"href") if base is None else base
        elif values.get(b"http-equiv", b"").lower() == b"refresh" and b"content" in values:
            return Refresh(values[b"content"], base)
    return None


def _behind(head: bytes, found: re.Match[bytes]) -> int:
    """Where what is no tag of the page ends; -1 where it does not."""
    if found[1]:
        end = _END_OF_COMMENT.search(head, found.start() + 2)  # `<!-->` is a whole comment
    elif found[2]:
        return head.find(b">", found.end())
    else:
        end = _END_OF[found[3].lower()].search(head, found.end())
    return -1 if end is None else end.end()


def _attributes(head: bytes, start: int) -> tuple[dict[bytes, bytes], int]:
    """Values by name, of equal names the first, and where they end. What the end of the bytes cuts off is no tag."""
    values: dict[bytes, bytes] = {}
    at = start
    while found := _ATTRIBUTE.match(head, at):
        at = found.end()
        if found[4] is not None or at == len(head):
            return {}, len(head)
        values.setdefault(found[1].lower(), found[2] or found[3] or found[5] or b"")
    return values, at
